"""Choice stages: shares of exits under levers, satisfaction, frailty and waiting, against sums over the normal."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

FOUR = "{ b = 0.4, c = 0.3, d = 0.2, e = 0.1 }"
ENDS = "".join(f"[stages.{name}]\nend = true\n" for name in "bcde")


def softmax(shares: Any, shifts: Any) -> Any:
    weights = np.asarray(shares) * np.exp(shifts)
    return weights / weights.sum(axis=-1, keepdims=True)


def normals(shares: Any, shifts: Any) -> Any:
    """Shares averaged over a standard normal z: `shifts(z)` per exit (Gauss and Hermite, 61 nodes)."""
    values, weights = np.polynomial.hermite_e.hermegauss(61)
    return sum(w * softmax(shares, shifts(z)) for z, w in zip(values, weights, strict=True)) / math.sqrt(2.0 * math.pi)


def counts(stays: Any, journeys: Any, exits: Any = "bcde") -> Any:
    found = stays(journeys, "a").to
    return np.array([int((found == name).sum()) for name in exits])


def agrees(seen: Any, shares: Any) -> Any:
    """Chi-square at a false-alarm rate of 1e-4."""
    return stats.chisquare(seen, shares * seen.sum()).pvalue > 1e-4


def stage(exits: Any = FOUR, more: Any = "") -> Any:
    return f'[stages.a]\ndwell = {{ law = "exponential", mean = 5 }}\nexits = {exits}\n{more}\n{ENDS}'


@pytest.mark.parametrize(
    ("exits", "names"), [(FOUR, "bcde"), ("{ b = 0.8, c = 0.2 }", "bc"), ("{ b = 0.5, c = 0.2, d = 0.3 }", "bcd")]
)
def test_stated_probabilities(scenario: Any, live: Any, stays: Any, exits: Any, names: Any) -> None:
    text = stage(exits).replace(ENDS, "".join(f"[stages.{name}]\nend = true\n" for name in names))
    journeys = live(scenario(text, arrivals="cohort = 3000"), seed=1)
    shares = [float(part.split("=")[1]) for part in exits.strip("{ }").split(",")]
    assert agrees(counts(stays, journeys, names), np.array(shares))


@pytest.mark.parametrize("level", [0.5, 1.0])
def test_log_odds_of_levers_add_up(scenario: Any, live: Any, stays: Any, level: Any) -> None:
    """Two levers on one exit and one on another, at a level with and without a response curve."""
    more = f"""
[levers.one]
effects = [{{ exit = "a -> c", log_odds = 0.8 }}, {{ exit = "a -> e", log_odds = -1.0 }}]
[levers.two]
response = {{ half = 0.5, slope = 2.0 }}
effects = [{{ exit = "a -> c", log_odds = 0.6 }}]
[strategies.pulled]
one = {level}
two = {level}
"""
    journeys = live(scenario(stage() + more, arrivals="cohort = 3000"), seed=2)
    curve = 1.25 / (1.0 + (0.5 / level) ** 2)
    shifts = [0.0, 0.8 * level + 0.6 * curve, 0.0, -1.0 * level]
    assert agrees(counts(stays, journeys), softmax([0.4, 0.3, 0.2, 0.1], shifts))


@pytest.mark.parametrize(
    ("exits", "names", "shares"), [(FOUR, "bcde", [0.4, 0.3, 0.2, 0.1]), ("{ b = 0.7, c = 0.3 }", "bc", [0.7, 0.3])]
)
def test_frailty_is_averaged_over_customers(
    scenario: Any, live: Any, stays: Any, exits: Any, names: Any, shares: Any
) -> None:
    text = stage(exits).replace(ENDS, "".join(f"[stages.{name}]\nend = true\n" for name in names))
    journeys = live(
        scenario(text + '[frailty]\nloads = { "a -> b" = 1.2, "a -> c" = -0.5 }', arrivals="cohort = 3000"), seed=3
    )
    loads = np.array([1.2, -0.5, 0.0, 0.0][: len(names)])
    assert agrees(counts(stays, journeys, names), normals(shares, lambda z: loads * z))


def test_satisfaction_shifts_odds_per_ten_points(scenario: Any, live: Any, stays: Any) -> None:
    """Clamped normal satisfaction, by quadrature over its normal."""
    more = """
[satisfaction]
start = { mean = 75, sd = 20 }
expectation = { mean = 70 }
gain = 0.0
learning = 0.0
recovery = 0.0
effects = [{ exit = "a -> b", log_odds = 0.4 }, { exit = "a -> d", log_odds = -0.3 }]
"""
    journeys = live(scenario(stage() + more, arrivals="cohort = 3000"), seed=4)
    z = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    above = np.clip(75.0 + 20.0 * z, 0.0, 100.0) - 75.0
    shifts = above[:, None] / 10.0 * np.array([0.4, 0.0, -0.3, 0.0])
    assert agrees(counts(stays, journeys), softmax([0.4, 0.3, 0.2, 0.1], shifts).mean(axis=0))


def test_waiting_shifts_odds_beyond_the_tolerance(scenario: Any, live: Any, stays: Any) -> None:
    """Exponential patience at an unmanned desk: the wait W has a known law, (W - tolerance)+ counts."""
    more = """
[desks.help]
agents = 0
handle = { law = "exponential", mean = 1 }
patience = { law = "exponential", mean = 2 }
tolerance = 0.5
effects = [{ exit = "a -> b", log_odds_per_day_waited = -0.7 }]
"""
    journeys = live(scenario(stage(more='desk = { name = "help" }') + more, arrivals="cohort = 3000"), seed=5)
    waits = -2.0 * np.log((np.arange(20_000) + 0.5) / 20_000)
    shifts = np.maximum(waits - 0.5, 0.0)[:, None] * np.array([-0.7, 0.0, 0.0, 0.0])
    assert agrees(counts(stays, journeys), softmax([0.4, 0.3, 0.2, 0.1], shifts).mean(axis=0))


def test_the_dwell_follows_the_exit_taken(scenario: Any, live: Any, stays: Any) -> None:
    """Each exit's own law; independent of which exit (false-alarm rate 1e-4 for each of two)."""
    body = """
[stages.a]
dwell = { law = "exponential", mean = 5 }
exits.b = { probability = 0.6, dwell = { law = "gamma", mean = 9, shape = 3 } }
exits.c = 0.4
[stages.b]
end = true
[stages.c]
end = true
"""
    found = stays(live(scenario(body, arrivals="cohort = 2000")), "a")
    assert stats.kstest(found.days[found.to == "b"], stats.gamma(3, scale=3).cdf).pvalue > 1e-4
    assert stats.kstest(found.days[found.to == "c"], stats.expon(scale=5).cdf).pvalue > 1e-4


@pytest.mark.parametrize("target", ["b", "c", "d", "e"])
@pytest.mark.parametrize("push", [1.5, -1.5])
def test_a_push_on_one_exit_moves_nobody_between_others(
    scenario: Any, live: Any, stays: Any, target: Any, push: Any
) -> None:
    more = f"""
[levers.one]
effects = [{{ exit = "a -> {target}", log_odds = {push} }}]
[strategies]
plain = {{}}
pushed = {{ one = 1.0 }}
"""
    built = scenario(stage() + more, arrivals="cohort = 400")
    one, other = (stays(live(built, name), "a").to for name in ("plain", "pushed"))
    moved = one != other
    assert moved.any()
    gone = other if push > 0 else one
    assert (gone[moved] == target).all()


def test_changing_a_stated_probability_moves_nobody_between_others(scenario: Any, live: Any, stays: Any) -> None:
    """The file's own numbers: b from .4 to .1, the others in proportion."""
    rest = "{ b = 0.1, c = 0.45, d = 0.3, e = 0.15 }"
    one, other = (stays(live(scenario(stage(exits), arrivals="cohort = 500")), "a").to for exits in (FOUR, rest))
    moved = one != other
    assert moved.sum() > 100
    assert (one[moved] == "b").all()


@pytest.mark.parametrize(
    ("shares", "never"), [((0.0, 0.5, 0.5), "b"), ((0.0, 1.0), "b"), ((1.0, 0.0), "c"), ((0.5, 0.5, 0.0), "d")]
)
def test_an_exit_that_is_never_taken(scenario: Any, live: Any, stays: Any, shares: Any, never: Any) -> None:
    exits = ", ".join(f"{name} = {share}" for name, share in zip("bcd", shares, strict=False))
    body = f"""
[stages.start]
dwell = {{ law = "exponential", mean = 1 }}
exits = {{ a = 0.9, {never} = 0.1 }}
[stages.a]
dwell = {{ law = "exponential", mean = 1 }}
exits = {{ {exits} }}
"""
    body += "".join(f"[stages.{name}]\nend = true\n" for name in "bcd"[: len(shares)])
    found = stays(live(scenario(body, start="start", arrivals="cohort = 300")), "a").to
    assert len(found) > 200
    assert never not in set(found)


SEGMENTED = """
[segments.regular]
share = 0.5
[segments.premium]
share = 0.5
[segments.premium.override]
"levers.push.response.half" = 0.1
"levers.push.cost.per_customer" = 9.0
"levers.push.effects" = [{ exit = "a -> b", log_odds = 3.0 }, { exit = "s -> a", hazard_ratio = 4.0 }]
[stages.s]
race.a = { law = "exponential", mean = 10 }
[levers.idle]
response = { half = 0.9, slope = 1.0 }
cost = { per_customer = 100.0 }
[levers.push]
response = { half = 0.5, slope = 2.0 }
cost = { per_customer = 1.0 }
effects = [{ exit = "a -> b", log_odds = 2.0 }, { exit = "s -> a", hazard_ratio = 2.0 }]
[strategies.pulled]
push = 0.2
"""


def test_a_lever_may_differ_by_segment(scenario: Any, live: Any, stays: Any) -> None:
    """Response, cost and effects of a lever as each segment's override has them: odds, and hazards by their mean times.

    False-alarm rate 1e-4 for each of four.
    """
    journeys = live(scenario(SEGMENTED + stage("{ b = 0.5, c = 0.5 }").replace(ENDS, ENDS[: ENDS.index("[stages.d]")]),
                             start="s", arrivals="cohort = 3000"), seed=3)  # fmt: skip
    premium = journeys.customers.segment == 1
    first = journeys.first[:-1]
    assert np.unique(journeys.events.cost[first[~premium]]) == pytest.approx([0.2])
    assert np.unique(journeys.events.cost[first[premium]]) == pytest.approx([1.8])
    moved = {False: (2.0, 0.5), True: (3.0, 0.1)}
    for of, who in ((False, ~premium), (True, premium)):
        beta, half = moved[of]
        pulled = (1.0 + half**2) / (1.0 + (half / 0.2) ** 2)
        found, waits = stays(journeys, "a"), stays(journeys, "s")
        taken = found.to[who[journeys.who[found.rows]]]
        odds = math.exp(beta * pulled)
        assert stats.binomtest(int((taken == "b").sum()), len(taken), odds / (1.0 + odds)).pvalue > 1e-4
        days = waits.days[who[journeys.who[waits.rows]]]
        ratio = (4.0 if of else 2.0) ** pulled
        assert stats.kstest(days, stats.expon(scale=10.0 / ratio).cdf).pvalue > 1e-4

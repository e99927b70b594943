"""Speeds of customers' own at exits of races: time goes faster or slower for them, against closed forms."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from sojourn.scenarios.files import loads
from sojourn.sim.network import build
from sojourn.sim.openers import openers, with_openers
from sojourn.sim.outlook import averaged
from sojourn.sim.run import simulate

MANY = 20_000
RARE = 1e-4  # false alarms of each test of a law: with fixed seeds, one edit of the draws in ten thousand
ONCE = """
[stages.a]
race.b = { LAW }
[stages.b]
end = true
[frailty]
speed = { "a -> b" = 0.7 }
"""
AGAIN = """
[stages.a]
race.b = { law = "gamma", mean = 20, shape = 3 }
[stages.b]
dwell = { law = "deterministic", value = 0 }
exits = { a = 1.0 }
[frailty]
speed = { "a -> b" = 0.7 }
"""


def left(journeys: Any) -> Any:
    """Days until each customer leaves a, inf for those who do not by the horizon."""
    rows = journeys.first[:-1]
    return np.where(journeys.next_stage[rows] >= 0, journeys.until[rows] - journeys.events.time[rows], math.inf)


def mixed(survival: Any, shape: float, days: Any) -> Any:
    """E S(V t) for a gamma speed of mean 1: by even steps of its quantiles, fine enough for a thousandth."""
    speeds = stats.gamma.ppf((np.arange(20_000) + 0.5) / 20_000, shape, scale=1.0 / shape)
    return np.mean(survival(np.outer(np.atleast_1d(days), speeds)), axis=1)


def test_exponential_speeds_are_exponential_hazards(scenario: Any) -> None:
    """With a constant hazard both are one thing, draw for draw."""
    law = ONCE.replace("LAW", 'law = "exponential", mean = 20')
    one, other = (
        simulate(build(scenario(text, arrivals="cohort = 2000"), "baseline"), seed=3)
        for text in (law, law.replace("speed", "gamma"))
    )
    assert one.until == pytest.approx(other.until, rel=1e-12)


def test_a_single_value_is_stretched(scenario: Any, live: Any) -> None:
    """A stay of 5 days at speed V lasts 5 / V: inverse gamma."""
    days = left(
        live(scenario(ONCE.replace("LAW", 'law = "deterministic", value = 5'), arrivals=f"cohort = {MANY}"), seed=2)
    )
    finite = np.minimum(days, 1e5)
    assert (
        stats.kstest(finite, lambda t: np.where(t < 1e5, stats.gamma.sf(5.0 / t, 0.7, scale=1 / 0.7), 1.0)).pvalue
        > RARE
    )


@pytest.mark.parametrize("until", [15.0, 90.0])
def test_a_speed_is_the_customers_own_at_every_visit(scenario: Any, live: Any, until: float) -> None:
    """Three steps a purchase, at gamma rates: P(n purchases or more) = I(3 n, r; t / (alpha / 3 + t)) (negative binomial)."""
    journeys = live(scenario(AGAIN, horizon=until + 1, arrivals=f"cohort = {MANY}"), seed=7)
    events = journeys.events
    bought = np.bincount(
        events.customer[(events.stage == journeys.stages.index("b")) & (events.time <= until)], minlength=MANY
    )
    n = np.arange(13)
    more = special.betainc(np.maximum(3 * n, 1e-9), 0.7, until / (0.7 * 20 / 3 + until))
    more[0] = 1.0
    expected = MANY * np.append(more[:-1] - more[1:], more[-1])
    assert stats.chisquare(np.bincount(np.minimum(bought, 12), minlength=13), expected).pvalue > RARE


LEVERS = """
[levers.push]
effects = [{ exit = "a -> b", hazard_ratio = 3.0 }]
[levers.ease]
effects = [{ dwell = "a -> b", time_ratio = 0.5 }]
[strategies.plain]
[strategies.push]
push = [{ day = 10, level = 1.0 }]
[strategies.ease]
ease = [{ day = 10, level = 1.0 }]
"""


def test_levers_act_on_the_day_and_not_on_the_age(scenario: Any, live: Any) -> None:
    """A campaign from day 10 works from day 10 for the quick and the slow: Weibull H(t) = (t / 20)^2, at speed V."""
    made = scenario(
        ONCE.replace("LAW", 'law = "weibull", shape = 2, mean = 17.724538509055159') + LEVERS,
        arrivals=f"cohort = {MANY}",
    )

    for strategy, survival in (
        ("plain", lambda age: np.exp(-((age / 20) ** 2))),
        ("push", lambda age: np.exp(-3 * (age / 20) ** 2 + 2 * (age / 60) ** 2)),  # 3 H(30 V) - 2 H(10 V)
        ("ease", lambda age: np.exp(-((age * 50 / 30 / 20) ** 2))),  # 10 V + 20 V / 0.5
    ):
        days = left(live(made, strategy, seed=5))
        expected = float(mixed(survival, 0.7, 30.0)[0])
        assert stats.binomtest(int(np.sum(days > 30.0)), MANY, expected).pvalue > RARE, strategy


def test_who_is_under_way_is_as_old_as_their_speed_makes_them() -> None:
    """The rest of a gamma law at a known speed, conditional on the age; and a single value that is nearly over."""
    text = """format = 1
[scenario]
name = "way"
start = "a"
horizon_days = 1e5
[arrivals]
rate_per_day = 0.5
"""
    law = stats.gamma(3.0, scale=20.0 / 3.0)
    for how, speed in (('law = "gamma", mean = 20, shape = 3', 2.5), ('law = "gamma", mean = 20, shape = 3', 0.3)):
        net = build(loads(text + ONCE.replace("LAW", how)), "baseline")
        known = openers(net, ["a"] * MANY, [12.0] * MANY, own={"a -> b": [speed] * MANY})
        journeys = simulate(with_openers(net, known), customers=0)
        rest = journeys.until[journeys.first[:-1]]

        def gone(t: Any, speed: float = speed) -> Any:
            return 1.0 - law.sf(speed * (12.0 + t)) / law.sf(speed * 12.0)

        assert stats.kstest(rest, gone).pvalue > RARE
    net = build(loads(text + ONCE.replace("LAW", 'law = "deterministic", value = 30')), "baseline")
    known = openers(net, ["a"] * 3, [12.0] * 3, own={"a -> b": [2.0, 2.5, 4.0]})
    journeys = simulate(with_openers(net, known), customers=0)
    assert journeys.until[journeys.first[:-1]] == pytest.approx([3.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("law", "survival"),
    [
        ('law = "gamma", mean = 20, shape = 3', stats.gamma(3.0, scale=20.0 / 3.0).sf),
        ('law = "lognormal", median = 20, sigma = 1.2', stats.lognorm(1.2, scale=20).sf),
        ('law = "deterministic", value = 20', lambda age: (age < 20.0).astype(float)),
    ],
)
def test_shares_averaged_over_speeds(scenario: Any, law: str, survival: Any) -> None:
    (row,) = averaged(scenario(ONCE.replace("LAW", law), horizon=50))
    assert row.own
    assert row.stated == pytest.approx(1.0 - float(survival(np.array([50.0]))[0]), abs=2e-3)
    assert row.average == pytest.approx(1.0 - float(mixed(survival, 0.7, 50.0)[0]), abs=2e-3)

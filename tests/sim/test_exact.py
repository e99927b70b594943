"""Exact solutions against closed forms by hand, against what must hold for every chain, and against simulation."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import load
from sojourn.sim import exact
from sojourn.sim.money import book
from sojourn.sim.network import build

ENDS = "[stages.won]\nend = true\n[stages.lost]\nend = true\n"


def network(scenario: Any, body: str, strategy: str | None = None, **how: Any) -> Any:
    built = scenario(body, **how)
    return build(built, strategy or next(iter(built.strategies)))


def exponential(mean: float) -> str:
    return f'{{ law = "exponential", mean = {mean!r} }}'


# --- by hand ------------------------------------------------------------------------------------------------------------


def test_two_stages(scenario: Any) -> None:
    """a goes to b or leaves, b goes back or leaves: 1 / (1 - .6 x .5) visits to a."""
    body = f"""
[stages.a]
dwell = {exponential(3)}
exits = {{ b = 0.6, won = 0.4 }}
[stages.b]
dwell = {{ law = "gamma", mean = 5, shape = 2 }}
exits = {{ a = 0.5, lost = 0.5 }}
{ENDS}"""
    chain = network(scenario, body)
    found = exact.visits(chain)
    assert found.visits[0, 0] == pytest.approx([1 / 0.7, 0.6 / 0.7, 0.4 / 0.7, 0.3 / 0.7])
    assert found.ends[0, 1] == pytest.approx([0, 0, 0.2 / 0.7, 0.5 / 0.7])
    assert found.endless[0] == pytest.approx([0, 0, 0, 0])
    times = exact.times(chain)
    assert times.days[0, 0, :2] == pytest.approx([3 / 0.7, 3 / 0.7])
    assert times.to_end[0] == pytest.approx([6 / 0.7, 6.5 / 0.7, 0, 0])
    assert np.isinf(times.days[0, 0, 2])
    assert exact.ever(chain, ["won"])["all"] == pytest.approx([0.4 / 0.7, 0.2 / 0.7, 1, 0])
    assert exact.ever(chain, ["b"], ["lost"])["all"] == pytest.approx([0.6, 1, 0, 0])


def test_markov_value_of_a_customer(scenario: Any) -> None:
    """V = (I - P / (1 + d))^-1 R of Pfeifer and Carraway 2000, whose model 4 is worth these sums over endless years."""
    chances, year = (0.3, 0.2, 0.15, 0.05), '{ law = "deterministic", value = 365.0 }'
    lines = []
    for k, chance in enumerate(chances):
        later = f"r{k + 2}" if k < 3 else "former"
        lines += [f"[stages.r{k + 1}]", f"dwell = {year}", "cost = 4.0"]
        lines += [f"exits = {{ r1 = {chance}, {later} = {1.0 - chance!r} }}", "revenue = 40.0" if k == 0 else ""]
    body = "\n".join([*lines, "[stages.former]", "end = true"])
    value = exact.value(network(scenario, body, start="r1", about="annual_discount_rate = 0.2"))
    moves = np.diag([0.7, 0.8, 0.85, 0.95], 1)
    moves[:4, 0], moves[4, 4] = chances, 1.0
    gain = np.array([36.0, -4.0, -4.0, -4.0, 0.0])
    assert value.clv[0] == pytest.approx(np.linalg.solve(np.eye(5) - moves / 1.2, gain))
    assert value.clv[0, :4] == pytest.approx([52.320, 5.554, 1.251, -1.820], abs=6e-4)
    moves[4, 4] = 0.0
    assert value.margin[0] == pytest.approx(np.linalg.solve(np.eye(5) - moves, gain))


def test_competing_exponentials(scenario: Any) -> None:
    body = f"[stages.a]\nrace.won = {exponential(4)}\nrace.lost = {exponential(12)}\n{ENDS}"
    chain = network(scenario, body)
    assert exact.ever(chain, ["won"])["all"][0] == pytest.approx(0.75, rel=1e-14)
    assert exact.times(chain).to_end[0, 0] == pytest.approx(3.0, rel=1e-12)
    for days in (0.0, 0.5, 3.0, 20.0):
        reached = 0.75 * -math.expm1(-days / 3.0)
        assert exact.within(chain, ["won"], ["lost"], days)["all"] == pytest.approx([reached, 1, 0], abs=1e-12)
        there = exact.occupancy_at(chain, days)["all"][0]
        assert there == pytest.approx([math.exp(-days / 3.0), reached, reached / 3], abs=1e-12)


@pytest.mark.parametrize("chance", [0.3, 0.5, 0.6])
def test_the_gamblers_ruin(scenario: Any, chance: float) -> None:
    """(1 - r^i) / (1 - r^n) with r = q / p, or i / n where the game is fair."""
    names = ["ruined", *(f"s{i}" for i in range(1, 6)), "rich"]
    body = "[stages.ruined]\nend = true\n[stages.rich]\nend = true\n"
    for i in range(1, 6):
        exits = f"{{ {names[i + 1]} = {chance}, {names[i - 1]} = {1 - chance!r} }}"
        body += f'[stages.s{i}]\ndwell = {{ law = "lognormal", median = 1, sigma = 0.5 }}\nexits = {exits}\n'
    chain = network(scenario, body, start="s3")
    found = exact.ever(chain, ["rich"], ["ruined"])["all"]
    r = (1 - chance) / chance
    for i in range(7):
        wins = i / 6 if r == 1 else (1 - r**i) / (1 - r**6)
        assert found[chain.stages.index(names[i])] == pytest.approx(wins)


def test_a_choice_with_two_speeds_is_two_phases(scenario: Any) -> None:
    """won after mean 2 with chance .3, lost after mean 50: just entered, .3 (1 - exp(-t / 2))."""
    body = f"""
[stages.a]
exits.won = {{ probability = 0.3, dwell = {exponential(2)} }}
exits.lost = {{ probability = 0.7, dwell = {exponential(50)} }}
{ENDS}"""
    found = exact.within(network(scenario, body), ["won"], ["lost"], 1.5)["all"][0]
    assert found == pytest.approx(0.3 * -math.expm1(-0.75), rel=1e-12)


def test_money_by_hand(scenario: Any) -> None:
    """An exponential stay of mean m under the rate delta: a day's cost counts 1 / (1 / m + delta)."""
    body = f"""
[segments.plain]
share = 0.75
[segments.rich]
share = 0.25
spend_ratio = 2.0
[stages.a]
dwell = {exponential(10)}
exits = {{ b = 0.5, lost = 0.5 }}
revenue = {{ law = "gamma", mean = 30, shape = 2 }}
cost = 4
acquisition_cost = 1
cost_per_day = 0.2
[stages.b]
dwell = {{ law = "deterministic", value = 100 }}
exits = {{ won = 1.0 }}
revenue = 80
{ENDS}
[levers.care]
cost = {{ per_customer = 3, per_customer_day = 0.1, per_day = 1000 }}
effects = [{{ spend = "b", rate_ratio = 4.0 }}, {{ exit = "a -> b", log_odds = 2.0 }}]
[strategies.half]
care = 0.5
"""
    found = exact.value(network(scenario, body, about="annual_discount_rate = 0.1"))
    delta = math.log(1.1) / 365
    chance = math.e / (1 + math.e)
    passed = 0.1 / (0.1 + delta) * chance
    for g, ratio in enumerate((1.0, 2.0)):
        revenue = ratio * (30 + passed * 80 * 2)
        cost = 5 + 1.5 + 0.25 / (0.1 + delta) + passed * 0.05 * -math.expm1(-100 * delta) / delta
        assert found.discounted_revenue[g, 0] == pytest.approx(revenue)
        assert found.discounted_cost[g, 0] == pytest.approx(cost)
        assert found.margin[g, 0] == pytest.approx(ratio * (30 + chance * 160) - (6.5 + 2.5 + chance * 5))
    assert found.of_arrivals(found.clv) == pytest.approx(0.75 * found.clv[0, 0] + 0.25 * found.clv[1, 0])


def test_for_whom_a_lever_is_pulled(scenario: Any) -> None:
    body = f"""
[segments.x]
share = 0.5
[segments.y]
share = 0.5
[stages.a]
dwell = {exponential(1)}
exits = {{ won = 0.5, lost = 0.5 }}
{ENDS}
[levers.push]
effects = [{{ exit = "a -> won", log_odds = 1.0 }}]
[strategies]
for_x = {{ push = {{ level = 1.0, when = "segment == x" }} }}
elsewhere = {{ push = {{ level = 1.0, when = "stage != a" }} }}
friends = {{ push = {{ level = 1.0, when = "source == referral" }} }}
all = {{ push = {{ level = 1.0, when = "source == arrival or purchases > 3" }} }}
"""
    pushed = math.e / (1 + math.e)
    for strategy, x, y in (
        ("for_x", pushed, 0.5),
        ("elsewhere", 0.5, 0.5),
        ("friends", 0.5, 0.5),
        ("all", pushed, pushed),
    ):
        found = exact.ever(network(scenario, body, strategy), ["won"])
        assert (found["x"][0], found["y"][0]) == pytest.approx((x, y)), strategy


def test_stretched_stays(scenario: Any) -> None:
    """Ratios of a stage and of one of its exits multiply; in a choice they move no chance, in a race they do."""
    body = f"""
[stages.a]
exits.b = {{ probability = 0.5, dwell = {exponential(4)} }}
exits.lost = {{ probability = 0.5, dwell = {exponential(10)} }}
[stages.b]
race.won = {exponential(6)}
race.lost = {exponential(12)}
{ENDS}
[levers.slow]
effects = [
  {{ dwell = "a", time_ratio = 2.0 }},
  {{ dwell = "a -> b", time_ratio = 1.5 }},
  {{ dwell = "b -> won", time_ratio = 4.0 }},
]
[strategies.on]
slow = 1.0
"""
    chain = network(scenario, body)
    assert exact.times(chain).days[0, 0, :2] == pytest.approx([0.5 * 12 + 0.5 * 20, 0.5 * 8])
    assert exact.ever(chain, ["won"])["all"][:2] == pytest.approx([0.5 / 3, 1 / 3])
    by_day = exact.within(chain, ["b"], ["lost"], 6.0)["all"][0]
    assert by_day == pytest.approx(0.5 * -math.expm1(-0.5))


# --- journeys without an end --------------------------------------------------------------------------------------------


def test_a_circle_is_walked_for_ever(scenario: Any) -> None:
    """From a into a circle with chance .6: visits there are infinite, an end is reached with .4, and nothing crashes."""
    body = f"""
[stages.a]
dwell = {exponential(2)}
exits = {{ b = 0.6, won = 0.4 }}
[stages.b]
dwell = {exponential(1)}
exits = {{ c = 1.0 }}
[stages.c]
dwell = {exponential(1)}
exits = {{ b = 1.0 }}
revenue = 1
[stages.won]
end = true
"""
    chain = network(scenario, body, about="annual_discount_rate = 0.1")
    found = exact.visits(chain)
    assert found.visits[0, 0] == pytest.approx([1, math.inf, math.inf, 0.4])
    assert found.visits[0, 1] == pytest.approx([0, math.inf, math.inf, 0])
    assert found.endless[0] == pytest.approx([0.6, 1, 1, 0])
    assert exact.times(chain).to_end[0] == pytest.approx([math.inf, math.inf, math.inf, 0])
    value = exact.value(chain)
    assert value.revenue[0] == pytest.approx([math.inf, math.inf, math.inf, 0])
    delta = math.log(1.1) / 365
    step = 1 / (1 + delta)
    assert value.clv[0, 2] == pytest.approx(1 / (1 - step**2))
    assert exact.ever(chain, ["won"])["all"] == pytest.approx([0.4, 0, 0, 1])
    assert exact.ever(chain, ["c"], ["won"])["all"] == pytest.approx([0.6, 1, 1, 0])


def test_a_share_never_leaves(scenario: Any) -> None:
    body = """
[stages.a]
race.won = { law = "empirical", share = [0, 0.8], days = [0, 10], never = 0.2 }
[stages.won]
end = true
"""
    chain = network(scenario, body, about="annual_discount_rate = 0.1")
    assert exact.visits(chain).endless[0, 0] == pytest.approx(0.2)
    assert exact.visits(chain).visits[0, 0] == pytest.approx([1, 0.8])
    assert exact.times(chain).days[0, 0, 0] == math.inf


# --- what must hold for every chain -------------------------------------------------------------------------------------

LAWS = [
    exponential(7),
    '{ law = "weibull", mean = 5, shape = 0.7 }',
    '{ law = "lognormal", median = 3, sigma = 1.1 }',
    '{ law = "gamma", mean = 6, shape = 3 }',
    '{ law = "loglogistic", median = 4, shape = 2.5 }',
    '{ law = "deterministic", value = 4 }',
    '{ law = "empirical", share = [0, 0.4, 0.6, 1.0], days = [1, 4, 4, 30] }',
    '{ law = "deadline", day = 4, share = 0.5, otherwise = { law = "gamma", mean = 9, shape = 2 } }',
]


@st.composite
def journeys(draw: Any, laws: Any = LAWS) -> tuple[str, dict[str, float]]:
    """A journey of up to four stages, choices and races, each with a way to an end; arrivals begin in any of them."""
    names = ["a", "b", "c", "d"][: draw(st.integers(1, 4))]
    body = ENDS
    for name in names:
        ways = draw(st.lists(st.sampled_from([*names, "won", "lost"]), min_size=1, max_size=4, unique=True))
        needed = {"won", "lost"} if name == names[-1] else {draw(st.sampled_from(["won", "lost"]))}
        ways += sorted(needed - set(ways))
        body += f"[stages.{name}]\n"
        if draw(st.booleans()):
            raw = [draw(st.integers(1, 9)) for _ in ways]
            shares = ", ".join(f"{to} = {part / sum(raw)!r}" for to, part in zip(ways, raw, strict=True))
            body += f"dwell = {draw(st.sampled_from(laws))}\nexits = {{ {shares} }}\n"
        else:
            body += "".join(f"race.{to} = {draw(st.sampled_from(laws))}\n" for to in ways)
    return body, {name: 1.0 / len(names) for name in names}


@settings(max_examples=60)
@given(journeys())
def test_visits_follow_from_one_another(scenario: Any, journey: Any) -> None:
    chain = network(scenario, journey[0], start=journey[1])
    found, times = exact.visits(chain), exact.times(chain)
    n, ends = found.visits[0], found.ends[0]
    assert ends.sum(axis=1) + found.endless[0] == pytest.approx(1.0)
    assert times.to_end[0] == pytest.approx(
        times.days[0][:, [not s.end for s in chain.scenario.stages.values()]].sum(axis=1)
    )
    finite = np.isfinite(n).all(axis=1)
    moves = np.array([exact_step(chain, s) for s in range(len(n))])
    assert n[finite] == pytest.approx((np.eye(len(n)) + moves @ np.where(np.isfinite(n), n, 0.0))[finite], abs=1e-8)
    for name in ("won", "lost"):
        assert exact.ever(chain, [name])["all"] == pytest.approx(ends[:, chain.stages.index(name)], abs=1e-9)
    both = [exact.ever(chain, [one], [other])["all"] for one, other in (("won", "lost"), ("lost", "won"))]
    assert both[0] + both[1] == pytest.approx(1.0 - found.endless[0])


def exact_step(chain: Any, s: int) -> Any:
    """Shares of the exits of one stage by the stage that they lead to."""
    from sojourn.sim.passage import Passage

    row = np.zeros(len(chain.stages))
    passage = Passage(chain, 0, s, "arrival")
    for to, share in zip(passage.exits, passage.stay().shares, strict=True):
        row[chain.stages.index(to)] += share
    return row


@settings(max_examples=40)
@given(journeys([exponential(2), exponential(7), exponential(30)]), st.floats(0.0, 60.0))
def test_chances_by_a_day_grow_into_those_for_ever(scenario: Any, journey: Any, days: float) -> None:
    chain = network(scenario, journey[0], start=journey[1])
    soon, later = (exact.within(chain, ["won"], ["lost"], d)["all"] for d in (days, days + 5.0))
    ever = exact.ever(chain, ["won"], ["lost"])["all"]
    assert np.all(soon <= later + 1e-9)
    assert np.all(later <= ever + 1e-9)
    assert exact.within(chain, ["won"], ["lost"], 1e5)["all"] == pytest.approx(ever, abs=1e-7)
    assert exact.within(chain, ["won"], ["lost"], math.inf)["all"] == pytest.approx(ever)
    there = exact.occupancy_at(chain, days)["all"]
    assert there.sum(axis=1) == pytest.approx(1.0)
    assert there[:, chain.stages.index("won")] == pytest.approx(soon, abs=1e-9)


# --- what is refused ----------------------------------------------------------------------------------------------------

OPEN = f"""
[stages.a]
race.won = {exponential(4)}
race.b = {exponential(12)}
[stages.b]
dwell = {exponential(4)}
exits = {{ won = 0.5, lost = 0.5 }}
revenue = 10
{ENDS}
"""
LEVER = '[levers.push]\neffects = [{ exit = "a -> won", hazard_ratio = 2.0 }]\n[strategies.s]\n'
MOODS = """[satisfaction]
start = { mean = 70, sd = 10 }
expectation = { mean = 70, sd = 5 }
gain = 0.3
learning = 0.3
recovery = 0.3
"""
DESK = '[desks.care]\nagents = 1\nhandle = { law = "exponential", mean = 0.1 }\nfailure_days = 9\nunresolved = 0.1\n'
REFUSED = [
    ('[frailty]\nloads = { "a -> won" = 0.5 }\n', 'frailty.loads."a -> won"'),
    (f'{MOODS}effects = [{{ exit = "b -> won", log_odds = 0.4 }}]\n', "satisfaction.effects[0]"),
    (LEVER + "push = [{ day = 30, level = 1.0 }]\n", "strategies.s.push"),
    (LEVER + 'push = { level = 1.0, when = "purchases >= 2" }\n', "strategies.s.push.when"),
    (
        LEVER.replace("hazard_ratio = 2.0", 'hazard_ratio = 2.0, since = "a", days = [0, 7]') + "push = 1.0\n",
        "levers.push.effects[0].since",
    ),
    ('[frailty]\ngamma = { "a -> won" = 0.5 }\n', 'frailty.gamma."a -> won"'),
    ('[frailty]\nspeed = { "a -> won" = 0.5 }\n', 'frailty.speed."a -> won"'),
    ('[frailty]\nbeta = { "b -> won" = 2.0 }\n', 'frailty.beta."b -> won"'),
]


@pytest.mark.parametrize(("more", "path"), REFUSED)
def test_what_the_stage_does_not_tell_is_refused(scenario: Any, more: str, path: str) -> None:
    chain = network(scenario, OPEN + more)
    for solve in (exact.visits, exact.times, exact.value, lambda net: exact.ever(net, ["won"], ["lost"])):
        with pytest.raises(Faults) as caught:
            solve(chain)
        assert path in [fault.path for fault in caught.value.faults]
        assert all(fault.remedy and fault.file == "test" for fault in caught.value.faults)


def test_all_reasons_come_at_once(scenario: Any) -> None:
    chain = network(scenario, OPEN + REFUSED[0][0] + REFUSED[1][0] + REFUSED[2][0])
    with pytest.raises(Faults) as caught:
        exact.visits(chain)
    assert [fault.path for fault in caught.value.faults] == [REFUSED[k][1] for k in (0, 2, 1)]


def test_a_desk_without_effects_hides_times_but_not_chances(scenario: Any) -> None:
    asked = OPEN.replace("revenue = 10", 'revenue = 10\ndesk = { name = "care" }')
    chain = network(scenario, asked + DESK)
    assert exact.visits(chain).ends[0, 0].sum() == pytest.approx(1.0)
    for solve in (exact.times, exact.value, lambda net: exact.within(net, ["won"], ["lost"], 9.0)):
        with pytest.raises(Faults, match=r"stages\.b\.desk"):
            solve(chain)
    felt = DESK + 'effects = [{ exit = "b -> won", log_odds_per_failure = -1.0 }]\n'
    with pytest.raises(Faults, match=r"desks\.care\.effects"):
        exact.visits(network(scenario, asked + felt))


def test_what_moves_no_exit_is_no_obstacle(scenario: Any) -> None:
    more = MOODS + '[levers.push]\ncost = { per_customer_day = 1 }\neffects = [{ touchpoint = "b", points = 5 }]\n'
    more += "[strategies.s]\npush = [{ day = 30, level = 1.0 }]\n"
    touched = OPEN.replace("revenue = 10", "revenue = 10\ntouchpoint = { performance = 80 }")
    chain = network(scenario, touched + more)
    assert exact.times(chain).to_end[0, 0] == pytest.approx(3.0 + 0.25 * 4)
    with pytest.raises(Faults, match=r"strategies\.s\.push"):  # but it costs money
        exact.value(chain)


def test_a_law_with_a_memory_has_no_chance_by_a_day(scenario: Any) -> None:
    chain = network(scenario, OPEN.replace(f"dwell = {exponential(4)}", f"dwell = {LAWS[3]}"))
    with pytest.raises(Faults, match=r"stages\.b\.dwell.*exponential"):
        exact.within(chain, ["won"], ["lost"], 10.0)
    assert exact.within(chain, ["b"], ["won"], 1e4)["all"][0] == pytest.approx(0.25)  # b itself no longer matters


def test_names_days_and_rates_are_checked(scenario: Any) -> None:
    chain = network(scenario, OPEN)
    with pytest.raises(Faults, match='did you mean "won"'):
        exact.ever(chain, ["wonn"])
    with pytest.raises(Faults, match="before itself"):
        exact.ever(chain, ["won"], ["won"])
    with pytest.raises(Faults, match="at least one"):
        exact.ever(chain, [])
    for days in (-1.0, math.nan):
        with pytest.raises(Faults, match="days are 0 or more"):
            exact.within(chain, ["won"], ["lost"], days)
        with pytest.raises(Faults, match="days are finite"):
            exact.occupancy_at(chain, days)
    with pytest.raises(Faults, match="annual_discount_rate"):
        exact.value(network(scenario, OPEN, about="annual_discount_rate = -0.5"))


def test_only_the_way_to_what_is_asked_for_matters() -> None:
    """The shipped journey is full of history after a purchase, and has none before it."""
    chain = build(load("point-of-no-return"), "today")
    assert exact.conversion(chain) == pytest.approx(0.35 * (0.75 * 0.26 + 0.25 * 0.20))
    found = exact.ever(chain, ["purchase"])["regulars"]
    assert found[:3] == pytest.approx([0.35 * 0.26, 0.26, 1.0])
    assert np.isnan(found[chain.stages.index("post_purchase")])


def test_where_only_invitees_begin_may_stay_unsolved(scenario: Any) -> None:
    """Friends enter at c, where frailty acts: no arrival ever gets there, so all but c is solved."""
    body = OPEN.replace("revenue = 10", 'revenue = 10\nreferrals = { rate_per_day = 0.01, enters = "c" }')
    body += f"[stages.c]\nrace.won = {exponential(1)}\nrace.lost = {exponential(1)}\n"
    chain = network(scenario, body + '[frailty]\nloads = { "c -> won" = 0.5 }\n', about="annual_discount_rate = 0.1")
    c = chain.stages.index("c")
    value = exact.value(chain)
    for figure in (
        exact.visits(chain).visits[0, :, 0],
        exact.times(chain).days[0, :, 0],
        exact.times(chain).to_end[0],
        value.clv[0],
        value.margin[0],
        exact.ever(chain, ["won"], ["lost"])["all"],
        exact.within(chain, ["won"], ["lost"], 3.0)["all"],
        exact.occupancy_at(chain, 3.0)["all"][:, 0],
    ):
        assert np.isnan(figure).tolist() == [s == c for s in range(5)]
    assert value.of_arrivals(value.clv) > 0.0


# --- simulation ---------------------------------------------------------------------------------------------------------

RICH = """
[segments.plain]
share = 0.7
[segments.rich]
share = 0.3
spend_ratio = 1.8
[segments.rich.override]
"stages.b.race.lost.mean" = 80
[stages.a]
dwell = { law = "lognormal", median = 6, sigma = 0.7 }
exits = { b = 0.6, c = 0.1, lost = 0.3 }
cost = 2
[stages.b]
role = "purchase"
race.c = { law = "weibull", mean = 25, shape = 1.5 }
race.lost = { law = "gamma", mean = 50, shape = 2 }
race.won = { law = "deadline", day = 30, share = 0.3, otherwise = { law = "exponential", mean = 90 } }
revenue = { law = "gamma", mean = 60, shape = 2 }
cost_per_day = 0.3
[stages.c]
exits.b = { probability = 0.7, dwell = { law = "deterministic", value = 4 } }
exits.lost = { probability = 0.3, dwell = { law = "empirical", share = [0, 0.5, 0.5001, 1.0], days = [0, 3, 9, 20] } }
[stages.won]
end = true
[stages.lost]
end = true
[levers.keep]
cost = { per_customer = 1, per_customer_day = 0.05 }
effects = [{ exit = "b -> lost", hazard_ratio = 0.6 }, { dwell = "b -> c", time_ratio = 1.3 }, { spend = "b", rate_ratio = 1.2 }]
[levers.win]
cost = { per_customer_day = 0.2 }
response = { half = 0.4, slope = 2.0 }
effects = [{ exit = "a -> b", log_odds = 0.8 }, { dwell = "a", time_ratio = 0.5 }]
[strategies.plain]
[strategies.pushed]
keep = 0.7
win = { level = 0.5, when = "segment == rich and stage == a" }
"""


@pytest.mark.parametrize("strategy", ["plain", "pushed"])
def test_simulated_journeys_agree(scenario: Any, live: Any, strategy: str) -> None:
    """Visits to five stages, chances, days and value of 20,000 customers: ten figures, each within 4.9 standard errors:
    false-alarm rate 1e-5 a strategy (twice 4.8e-7 a figure) by the normal law.
    """
    built = scenario(RICH, arrivals="cohort = 20000", about="annual_discount_rate = 0.3", horizon=5000)
    chain = build(built, strategy)
    journeys = live(built, strategy, seed=5)
    count = journeys.customers.customer.size
    entries = np.zeros((count, 5))
    np.add.at(entries, (journeys.who, journeys.events.stage), 1.0)
    spent = np.bincount(journeys.who, np.where(journeys.last, 0.0, journeys.until - journeys.events.time), count)
    worth = [book(journeys, chain, discounted=flag) for flag in (True, False)]
    margins = [np.bincount(journeys.who, one.revenue - one.cost, count) for one in worth]
    visits, times, value = exact.visits(chain), exact.times(chain), exact.value(chain)
    c_before_b = first_of(journeys, chain.stages.index("c"), chain.stages.index("b"))
    figures = [
        *((entries[:, s], visits.of_arrivals(visits.visits)[s]) for s in range(5)),
        (c_before_b, exact.of_arrivals(chain, exact.ever(chain, ["c"], ["b"]))),
        (entries[:, 3], visits.of_arrivals(visits.ends)[3]),
        (spent, times.of_arrivals(times.to_end)),
        (margins[0], value.of_arrivals(value.clv)),
        (margins[1], value.of_arrivals(value.margin)),
    ]
    assert count == 20_000
    assert journeys.until[~journeys.last].max() < 5000
    for sample, expected in figures:
        assert abs(sample.mean() - expected) <= 4.9 * sample.std() / math.sqrt(count) + 1e-12


def first_of(journeys: Any, one: int, other: int) -> Any:
    """Whether each customer enters stage `one` before stage `other`."""
    found = np.zeros(journeys.customers.customer.size)
    rows = np.flatnonzero(np.isin(journeys.events.stage, (one, other)))
    who, first = np.unique(journeys.who[rows], return_index=True)
    found[who] = journeys.events.stage[rows[first]] == one
    return found


MEMORYLESS = f"""
[stages.a]
exits.b = {{ probability = 0.5, dwell = {exponential(5)} }}
exits.lost = {{ probability = 0.5, dwell = {exponential(40)} }}
[stages.b]
race.c = {exponential(20)}
race.lost = {exponential(60)}
[stages.c]
dwell = {exponential(30)}
exits = {{ b = 0.6, won = 0.4 }}
{ENDS}"""


def test_simulated_days_agree(scenario: Any, live: Any) -> None:
    """Where 20,000 customers are on day 45, and who has won by then, stage by stage: six figures within 4.9 standard
    errors: false-alarm rate 6e-6.
    """
    built = scenario(MEMORYLESS, arrivals="cohort = 20000", horizon=45)
    chain = build(built, "baseline")
    journeys = live(built, seed=6)
    here = journeys.events.stage[journeys.last]
    count = here.size
    shares = np.bincount(here, minlength=5) / count
    expected = exact.occupancy_at(chain, 45.0)["all"][0]
    by_day = exact.within(chain, ["won"], ["lost"], 45.0)["all"][0]
    for share, chance in [*zip(shares, expected, strict=True), (shares[chain.stages.index("won")], by_day)]:
        assert abs(share - chance) <= 4.9 * math.sqrt(chance * (1 - chance) / count)

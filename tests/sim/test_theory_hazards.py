"""Races whose hazards change on the way, against the integrated hazard H(T) = integral of exp(eta(u)) h0(A(u)) dA(u).

A stay ends when H reaches the customer's own threshold, -log of a known uniform: so H(T), worked out here piece by piece from
the file's own words, must give back that uniform for every customer; and over customers it is a unit exponential.
"""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.scenarios import laws as arithmetic
from sojourn.scenarios import lawtable
from sojourn.scenarios.lawtable import LawTable
from sojourn.sim.journeys import RENEGED
from sojourn.sim.streams import RACING, uniform
from sojourn.sim.tables import HEADER, seeded

LAWS = {
    "exponential": '{ law = "exponential", mean = 60 }',
    "weibull": '{ law = "weibull", mean = 60, shape = 1.7 }',
    "falling": '{ law = "weibull", mean = 60, shape = 0.6 }',
    "lognormal": '{ law = "lognormal", median = 45, sigma = 0.8 }',
    "loglogistic": '{ law = "loglogistic", median = 45, shape = 2.2 }',
    "gamma": '{ law = "gamma", mean = 60, shape = 2.5 }',
}
STEPS = "[{ day = 30, level = 0.5 }, { day = 60, level = 1.0 }, { day = 90, level = 0.0 }]"
RAMPS = "[{ day = 20, level = 1.0, ramp_days = 40 }, { day = 80, level = 0.2, ramp_days = 10 }]"
CUSTOMERS = 400


def race(law: Any, effects: Any, plan: Any, more: Any = "") -> Any:
    return f"""
[stages.a]
race.b = {law}
[stages.b]
end = true
[levers.push]
effects = [{effects}]
{more}
[strategies.pushed]
push = {plan}
"""


def level(plan: Any, day: Any) -> Any:
    """The level of a stepped or ramped plan, from its list of (day, level, ramp)."""
    now = 0.0
    for start, after, ramp in plan:
        if day < start:
            break
        now += (after - now) * (min((day - start) / ramp, 1.0) if ramp > 0 else 1.0)
    return now


def integrated(
    law: Any, entry: Any, leave: Any, edges: Any, log_rate: Any = lambda t: 0.0, log_pace: Any = lambda t: 0.0
) -> Any:
    """H between `entry` and `leave`, with rate and pace constant between the edges."""
    table = LawTable()
    row = table.add(law)
    made = table.done()
    days = [entry, *sorted(edge for edge in edges if entry < edge < leave), leave]
    age = used = total = 0.0
    for start, end in itertools.pairwise(days):
        middle = (start + end) / 2.0
        age += (end - start) / math.exp(log_pace(middle))
        reached = arithmetic.exposure_by(*made, row, age)
        total += math.exp(log_rate(middle)) * (reached - used)
        used = reached
    return total


def thresholds(journeys: Any, stage: Any, rows: Any, seed: Any, exit: Any = 0) -> Any:
    """-log of the uniform that each stay's exit was given."""
    index, net = journeys.stages.index(stage), seeded(np.zeros(HEADER), seed, journeys.replication)
    found = []
    for row in rows:
        customer = journeys.events.customer[row]
        before = (journeys.events.customer == customer) & (journeys.events.stage == index)
        visit = int(before[: row + 1].sum())
        found.append(-math.log(uniform(net, int(customer), index, RACING, visit, exit)))
    return np.array(found)


def exposures(journeys: Any, stays: Any, stage: Any, law: Any, edges: Any, **how: Any) -> Any:
    found = stays(journeys, stage)
    times = zip(journeys.events.time[found.rows], journeys.until[found.rows], strict=True)
    return found, np.array([integrated(law, entry, leave, edges, **how) for entry, leave in times])


def is_unit_exponential(values: Any) -> Any:
    """Kolmogorov and Smirnov, at a false-alarm rate of 1e-4."""
    return stats.kstest(values, stats.expon().cdf).pvalue > 1e-4


SCHEDULES = {
    "hazard": ("{ exit = 'a -> b', hazard_ratio = 2.5 }", STEPS, math.log(2.5), 0.0),
    "slowed": ("{ exit = 'a -> b', hazard_ratio = 0.3 }", STEPS, math.log(0.3), 0.0),
    "stretched": ("{ dwell = 'a', time_ratio = 1.8 }", STEPS, 0.0, math.log(1.8)),
    "shrunk": ("{ dwell = 'a -> b', time_ratio = 0.5 }", STEPS, 0.0, math.log(0.5)),
    "both": (
        "{ exit = 'a -> b', hazard_ratio = 2.0 }, { dwell = 'a', time_ratio = 0.7 }", STEPS, math.log(2.0), math.log(0.7)
    ),
}  # fmt: skip
NODES = [(30.0, 0.5, 0.0), (60.0, 1.0, 0.0), (90.0, 0.0, 0.0)]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_steps_integrate_to_the_customers_own_threshold(
    scenario: Any, live: Any, stays: Any, law: Any, schedule: Any
) -> None:
    """Exact for every customer; and the thresholds of all are unit exponential (false-alarm rate 1e-4, 30 times)."""
    effects, plan, rate, pace = SCHEDULES[schedule]
    built = scenario(race(LAWS[law], effects, plan), arrivals="rate_per_day = 5\nuntil_day = 100")
    journeys = live(built, seed=8, customers=CUSTOMERS)
    found, total = exposures(
        journeys, stays, "a", built.stages["a"].race["b"], [30.0, 60.0, 90.0],
        log_rate=lambda t: rate * level(NODES, t), log_pace=lambda t: pace * level(NODES, t),
    )  # fmt: skip
    assert len(total) == CUSTOMERS
    assert total == pytest.approx(thresholds(journeys, "a", found.rows, 8), rel=1e-8, abs=1e-9)
    assert is_unit_exponential(total)


@pytest.mark.parametrize("response", ["", "response = { half = 0.4, slope = 3.0 }"])
@pytest.mark.parametrize("schedule", ["hazard", "stretched", "both"])
def test_ramps_integrate_within_a_thousandth(
    scenario: Any, live: Any, stays: Any, schedule: Any, response: Any
) -> None:
    """The engine's 16 nodes a ramp against 4,000."""
    effects, _, rate, pace = SCHEDULES[schedule]
    built = scenario(race(LAWS["weibull"], effects, RAMPS, response), arrivals="rate_per_day = 5\nuntil_day = 100")
    journeys = live(built, seed=9, customers=100)
    nodes = [(20.0, 1.0, 40.0), (80.0, 0.2, 10.0)]

    def pulled(t: Any) -> Any:
        x = level(nodes, t)
        return x if not response else 0.0 if x == 0 else (1 + 0.4**3) / (1 + (0.4 / x) ** 3)

    edges = np.concatenate([np.linspace(20, 60, 4001), np.linspace(80, 90, 1001)])
    found, total = exposures(
        journeys, stays, "a", built.stages["a"].race["b"], edges,
        log_rate=lambda t: rate * pulled(t), log_pace=lambda t: pace * pulled(t),
    )  # fmt: skip
    assert total == pytest.approx(thresholds(journeys, "a", found.rows, 9), rel=2e-3, abs=1e-3)


@pytest.mark.parametrize("law", ["exponential", "weibull"])
def test_the_survival_curve_under_steps(scenario: Any, live: Any, stays: Any, law: Any) -> None:
    """Share still there on five days, closed form, a cohort of 1,500. False-alarm rate 1e-4 two-sided for each of ten."""
    built = scenario(race(LAWS[law], SCHEDULES["hazard"][0], STEPS), arrivals="cohort = 1500")
    days = stays(live(built, seed=3), "a").days
    scale, shape = lawtable.scale_and_shape(built.stages["a"].race["b"])

    def exposed(t: Any) -> Any:
        pieces = [(0, 30, 1.0), (30, 60, 2.5**0.5), (60, 90, 2.5), (90, math.inf, 1.0)]
        return sum(ratio * ((min(t, b) / scale) ** shape - (a / scale) ** shape) for a, b, ratio in pieces if t > a)

    for day in (20.0, 45.0, 60.0, 80.0, 120.0):
        assert stats.binomtest(int((days > day).sum()), 1500, math.exp(-exposed(day))).pvalue > 1e-4


@pytest.mark.parametrize(("start", "end"), [(0, 7), (0.1, 7.3), (2.7, 30.9), (0.3, 1e6)])
def test_a_window_after_the_last_entry_to_a_stage(scenario: Any, live: Any, stays: Any, start: Any, end: Any) -> None:
    """Exact for every stay, whichever way since + edge is rounded; customers come back, so the last entry counts."""
    body = f"""
[stages.a]
race.b = {{ law = "exponential", mean = 3.3 }}
[stages.b]
race.a = {{ law = "weibull", mean = 25, shape = 1.3 }}
race.over = {{ law = "exponential", mean = 60 }}
[stages.over]
end = true
[levers.push]
effects = [{{ exit = "b -> a", hazard_ratio = 4.0, since = "a", days = [{start}, {end}] }}]
[strategies.pushed]
push = [{{ day = 50, level = 1.0 }}]
"""
    built = scenario(body, arrivals="rate_per_day = 5\nuntil_day = 100")
    journeys = live(built, seed=2, customers=150)
    entry = journeys.events.time
    found = stays(journeys, "b")
    law = built.stages["b"].race["a"]
    table, left = thresholds(journeys, "b", found.rows, 2), 0
    for row, to, threshold in zip(found.rows, found.to, table, strict=True):
        since = entry[row - 1]
        assert journeys.stages[journeys.events.stage[row - 1]] == "a"

        def pulled(t: Any, since: Any = since) -> Any:
            return math.log(4.0) if t >= 50.0 and start <= t - since < end else 0.0

        total = integrated(law, entry[row], journeys.until[row], [50.0, since + start, since + end], log_rate=pulled)
        if to == "a":
            assert total == pytest.approx(threshold, rel=1e-7, abs=1e-8)
        else:
            assert total <= threshold * (1 + 1e-7)
        left += to == "a"
    assert left > 100


def test_a_window_after_a_stage_never_entered_does_nothing(scenario: Any, live: Any, same: Any) -> None:
    body = """
[stages.a]
race.b = { law = "weibull", mean = 25, shape = 1.3 }
race.c = { law = "exponential", mean = 60 }
[stages.b]
end = true
[stages.c]
end = true
[levers.push]
effects = [{ exit = "a -> b", hazard_ratio = 4.0, since = "c", days = [0, 7] }]
[strategies]
plain = {}
pushed = { push = 1.0 }
"""
    built = scenario(body, arrivals="cohort = 100")
    plain, pushed = live(built, "plain"), live(built, "pushed")
    assert np.array_equal(plain.events.time, pushed.events.time)


def test_failures_fade(scenario: Any, live: Any, stays: Any) -> None:
    """Everybody gives up at the desk after half a day, up to four times; each failure is felt for 20 days. Exact."""
    body = """
[stages.a]
dwell = { law = "exponential", mean = 2 }
exits = { a = 0.6, b = 0.4 }
desk = { name = "help", probability = 0.7 }
[stages.b]
race.over = { law = "weibull", mean = 40, shape = 0.8 }
[stages.over]
end = true
[desks.help]
agents = 0
handle = { law = "exponential", mean = 1 }
patience = { law = "deterministic", value = 0.5 }
failure_days = 20
effects = [{ exit = "b -> over", hazard_ratio_per_failure = 2.0 }]
"""
    built = scenario(body, arrivals="cohort = 300")
    journeys = live(built, seed=6)
    events = journeys.events
    failed = events.contact == RENEGED
    assert np.array_equal(events.waited[failed], np.full(failed.sum(), 0.5)) or events.waited[failed] == pytest.approx(
        0.5
    )
    found = stays(journeys, "b")
    table = thresholds(journeys, "b", found.rows, 6)
    most = 0
    for row, threshold in zip(found.rows, table, strict=True):
        mine = failed & (events.customer == events.customer[row])
        until = events.time[mine] + events.waited[mine] + 20.0
        most = max(most, mine.sum())

        def felt(t: Any, until: Any = until) -> Any:
            return math.log(2.0) * (until > t).sum()

        total = integrated(built.stages["b"].race["over"], events.time[row], journeys.until[row], until, log_rate=felt)
        assert total == pytest.approx(threshold, rel=1e-7, abs=1e-8)
    assert most >= 3


def test_a_desks_harm_is_its_own(scenario: Any, live: Any, stays: Any) -> None:
    """Two unmanned desks; what fails at one is no failure of the other. Exact: two failures of `one`, one of `two`."""
    body = """
[stages.a]
dwell = { law = "deterministic", value = 1 }
exits = { a2 = 1.0 }
desk = { name = "one" }
[stages.a2]
dwell = { law = "deterministic", value = 1 }
exits = { b = 1.0 }
desk = { name = "one" }
[stages.b]
race.c = { law = "weibull", mean = 20, shape = 1.5 }
desk = { name = "two" }
[stages.c]
race.over = { law = "weibull", mean = 20, shape = 1.5 }
[stages.over]
end = true
[desks.one]
agents = 0
handle = { law = "exponential", mean = 1 }
patience = { law = "deterministic", value = 2 }
failure_days = 1000
effects = [{ exit = "b -> c", hazard_ratio_per_failure = 1.5 }]
[desks.two]
agents = 0
handle = { law = "exponential", mean = 1 }
patience = { law = "deterministic", value = 3 }
failure_days = 1000
effects = [{ exit = "c -> over", hazard_ratio_per_failure = 0.5 }, { exit = "b -> c", hazard_ratio_per_day_waited = 1.2 }]
"""
    built = scenario(body, arrivals="cohort = 60", horizon=900)
    journeys = live(built, seed=6)
    shifts = {"b": 2 * math.log(1.5) + 3 * math.log(1.2), "c": math.log(0.5)}
    for stage, waited in (("b", 3.0), ("c", 0.0)):
        found = stays(journeys, stage)
        law = next(iter(built.stages[stage].race.values()))
        total = [integrated(law, 0.0, day - waited, [], log_rate=lambda t, s=stage: shifts[s]) for day in found.days]
        assert total == pytest.approx(thresholds(journeys, stage, found.rows, 6), rel=1e-8)


def test_waiting_acts_on_this_stay_only(scenario: Any, live: Any, stays: Any) -> None:
    """Patience of 3 days, a tolerance of 1: two days count, at the desk's own stage; a later stay is free of it. Exact."""
    body = """
[stages.a]
race.b = { law = "weibull", mean = 40, shape = 0.8 }
desk = { name = "help", probability = 0.5 }
[stages.b]
race.a = { law = "exponential", mean = 5 }
race.over = { law = "exponential", mean = 5 }
[stages.over]
end = true
[desks.help]
agents = 0
handle = { law = "exponential", mean = 1 }
patience = { law = "deterministic", value = 3 }
tolerance = 1
effects = [{ exit = "a -> b", hazard_ratio_per_day_waited = 1.5 }]
"""
    built = scenario(body, arrivals="cohort = 200")
    journeys = live(built, seed=6)
    events, found = journeys.events, stays(journeys, "a")
    asked = events.contact[found.rows] == RENEGED
    assert 0.3 < asked.mean() < 0.7
    assert events.waited[found.rows] == pytest.approx(np.where(asked, 3.0, 0.0))
    for row, threshold, waited in zip(found.rows, thresholds(journeys, "a", found.rows, 6), asked, strict=True):
        begins = events.time[row] + (3.0 if waited else 0.0)
        shift = 2.0 * math.log(1.5) if waited else 0.0
        total = integrated(built.stages["a"].race["b"], begins, journeys.until[row], [], log_rate=lambda t, s=shift: s)
        assert total == pytest.approx(threshold, rel=1e-7, abs=1e-8)


def test_a_lever_for_some_customers_only(scenario: Any, live: Any, stays: Any) -> None:
    """`when`: those it holds for feel the ratio, the others do not. Exact."""
    body = race(
        LAWS["gamma"], SCHEDULES["hazard"][0], "{ steps = [{ day = 10, level = 1.0 }], when = 'segment == premium' }"
    )
    body += "[segments.regular]\nshare = 0.5\n[segments.premium]\nshare = 0.5\n"
    built = scenario(body, arrivals="cohort = 200")
    journeys = live(built, seed=6)
    found = stays(journeys, "a")
    premium = journeys.customers.segment[journeys.who[found.rows]] == journeys.segments.index("premium")
    for leave, threshold, held in zip(found.days, thresholds(journeys, "a", found.rows, 6), premium, strict=True):
        how = {"log_rate": lambda t: math.log(2.5) if t > 10 else 0.0} if held else {}
        total = integrated(built.stages["a"].race["b"], 0.0, leave, [10.0], **how)
        assert total == pytest.approx(threshold, rel=1e-7, abs=1e-8)
    assert np.array_equal(journeys.events.held[found.rows] & 1, premium.astype(int))


def test_frailty_and_satisfaction_shift_a_race(scenario: Any, live: Any, stays: Any) -> None:
    """log h += gamma Z + log(ratio) (S - start mean) / 10. Exact; Z itself is standard normal (false-alarm rate 1e-4)."""
    body = """
[frailty]
loads = { "a -> b" = 0.7 }
[satisfaction]
start = { mean = 60, sd = 15 }
expectation = { mean = 60, sd = 10 }
gain = 0.0
learning = 0.0
recovery = 0.0
effects = [{ exit = "a -> b", hazard_ratio = 0.8 }]
[stages.a]
touchpoint = { performance = 60 }
race.b = { law = "weibull", mean = 30, shape = 1.5 }
[stages.b]
end = true
"""
    built = scenario(body, arrivals="cohort = 600")
    journeys = live(built, seed=6)
    found = stays(journeys, "a")
    z, s = journeys.customers.frailty, journeys.events.satisfaction[found.rows]
    plain = np.array([integrated(built.stages["a"].race["b"], 0.0, day, []) for day in found.days])
    total = plain * np.exp(0.7 * z + math.log(0.8) * (s - 60.0) / 10.0)
    assert total == pytest.approx(thresholds(journeys, "a", found.rows, 6), rel=1e-8)
    assert stats.kstest(z, stats.norm().cdf).pvalue > 1e-4
    inside = (s > 0.0) & (s < 100.0)
    assert stats.kstest(s[inside], stats.truncnorm(-4.0, 40 / 15, 60.0, 15.0).cdf).pvalue > 1e-4


def test_levels_change_for_those_already_there(scenario: Any, live: Any, stays: Any) -> None:
    """A campaign from day 90 moves nobody who left before; of those still there, nobody leaves later than without it."""
    body = race(LAWS["weibull"], SCHEDULES["hazard"][0], "[{ day = 90, level = 1.0 }]") + "\n[strategies.plain]\n"
    built = scenario(body, arrivals="rate_per_day = 5\nuntil_day = 100")
    pushed, plain = (stays(live(built, name, customers=300), "a").days for name in ("pushed", "plain"))
    entered = live(built, "plain", customers=300).customers.arrived
    before = entered + plain <= 90.0
    assert np.array_equal(pushed[before], plain[before])
    assert (pushed[~before] < plain[~before]).all()


def test_a_dwell_law_of_a_choice_is_stretched_from_its_start(scenario: Any, live: Any, stays: Any) -> None:
    """In a choice stage the level of the moment at which the dwell starts decides."""
    body = """
[stages.a]
dwell = { law = "exponential", mean = 10 }
exits = { b = 0.5, c = 0.5 }
[stages.b]
end = true
[stages.c]
end = true
[levers.push]
effects = [{ dwell = "a -> b", time_ratio = 2.0 }, { dwell = "a", time_ratio = 1.5 }]
[strategies]
plain = {}
pushed = { push = [{ day = 50, level = 1.0 }] }
"""
    built = scenario(body, arrivals="rate_per_day = 5\nuntil_day = 100")
    plain, pushed = (live(built, name, customers=300) for name in ("plain", "pushed"))
    one, other = stays(plain, "a"), stays(pushed, "a")
    assert np.array_equal(one.to, other.to)
    late = plain.events.time[one.rows] >= 50.0
    ratio = np.where(late, np.where(one.to == "b", 3.0, 1.5), 1.0)
    assert other.days == pytest.approx(one.days * ratio, abs=1e-10)

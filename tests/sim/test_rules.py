"""What happens to one customer: satisfaction by hand, conditions, money on entry, time's edges."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sojourn.sim.journeys import NOT_ASKED, REFERRAL, RENEGED

MIND = """
[satisfaction]
start = {{ mean = {start}, sd = 0 }}
expectation = {{ mean = {expects}, sd = 0 }}
gain = {gain}
loss_aversion = 2.0
learning = 0.3
recovery = 0.2
"""
ROUND = """
[stages.a]
dwell = {{ law = "deterministic", value = 1 }}
exits = {{ a = 1.0 }}
touchpoint = {{ performance = {performance} }}
"""


def touched(
    scenario: Any, live: Any, performance: Any, start: Any = 70, expects: Any = 60, gain: Any = 0.3, touches: Any = 4
) -> Any:
    body = MIND.format(start=start, expects=expects, gain=gain) + ROUND.format(performance=performance)
    journeys = live(scenario(body, arrivals="cohort = 1", horizon=touches - 1))
    return journeys.events.satisfaction, float(journeys.customers.expectation[0])


def test_satisfaction_rises_step_by_step(scenario: Any, live: Any) -> None:
    # P 80, E 60: S = 70 + 6; then E 66: 76 - 1.2 + 4.2; then E 70.2: 79 - 1.8 + 2.94; then E 73.14: 80.14 - 2.028 + 2.058.
    found, expects = touched(scenario, live, 80)
    assert found == pytest.approx([76.0, 79.0, 80.14, 80.17], abs=1e-12)
    assert expects == pytest.approx(73.14 + 0.3 * 6.86, abs=1e-12)


def test_losses_loom_larger(scenario: Any, live: Any) -> None:
    # P 50, E 60: S = 70 - 6; then E 57: 64 + 1.2 - 4.2; then E 54.9: 61 + 1.8 - 2.94; then E 53.43.
    found, expects = touched(scenario, live, 50)
    assert found == pytest.approx([64.0, 61.0, 59.86, 59.86 + 2.028 - 2.058], abs=1e-12)
    assert expects == pytest.approx(53.43 + 0.3 * -3.43, abs=1e-12)


@pytest.mark.parametrize(("performance", "expects", "limit"), [(100, 0, 100.0), (0, 100, 0.0)])
def test_satisfaction_stays_between_its_limits(
    scenario: Any, live: Any, performance: Any, expects: Any, limit: Any
) -> None:
    found, _ = touched(scenario, live, performance, expects=expects, gain=5.0, touches=2)
    assert found[0] == limit


def test_starts_are_clamped(scenario: Any, live: Any) -> None:
    body = MIND.format(start=95, expects=5, gain=0.3).replace("sd = 0", "sd = 40") + ROUND.format(performance=50)
    journeys = live(scenario(body, arrivals="cohort = 400", horizon=0.5))
    # One touch: S = S0 + .3 (P - E)+ - .6 (E - P)+; bounds hold, and both clamps were met.
    s = journeys.events.satisfaction
    assert s.min() >= 0.0
    assert s.max() == 100.0


def test_the_long_run_mean(scenario: Any, live: Any) -> None:
    """With E following P, the gap is normal with variance sd^2 2/(2 - k): S settles at S0 - a/w (lambda - 1) sigma/sqrt(2 pi).

    200 customers, touches 40 to 100, customers independent. False-alarm rate 1e-4 two-sided.
    """
    body = MIND.format(start=60, expects=60, gain=0.2) + ROUND.format(performance=60).replace("60 }", "60, sd = 8 }")
    journeys = live(scenario(body, arrivals="cohort = 200", horizon=100))
    own = journeys.events.satisfaction.reshape(200, 101)[:, 40:].mean(axis=1)
    sigma = 8.0 * math.sqrt(2.0 / 1.7)
    expected = 60.0 - 1.0 * 1.0 * sigma / math.sqrt(2.0 * math.pi)
    assert abs(own.mean() - expected) < 3.97 * own.std(ddof=1) / math.sqrt(200)


def test_levers_and_failures_move_performance(scenario: Any, live: Any) -> None:
    """P = 80 + 8 f(.5) - 10 (3 - 1 days) - 5 = 59.6 with f(.5) = .575; E 60: a loss of .4, twice felt."""
    body = (
        MIND.format(start=70, expects=60, gain=0.3)
        + """
[stages.a]
dwell = { law = "exponential", mean = 100 }
exits = { b = 1.0 }
touchpoint = { performance = 80 }
desk = { name = "help" }
[stages.b]
end = true
[desks.help]
agents = 0
handle = { law = "exponential", mean = 1 }
patience = { law = "deterministic", value = 3 }
tolerance = 1
points_per_day_waited = 10
failure_points = 5
[levers.quality]
response = { half = 0.6, slope = 2.0 }
effects = [{ touchpoint = "a", points = 8 }]
[strategies.half]
quality = 0.5
"""
    )
    journeys = live(scenario(body, arrivals="cohort = 3", horizon=1000))
    response = (1 + 0.36) / (1 + 0.36 / 0.25)
    performance = 80 + 8 * response - 20 - 5
    asked = journeys.events.contact == RENEGED
    assert asked.sum() == 3
    gap = performance - 60.0
    assert journeys.events.satisfaction[asked] == pytest.approx(70 + 0.3 * (gap if gap > 0 else 2 * gap), abs=1e-12)


CONDITIONS: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "who": ("segment == premium", lambda x: x["premium"]),
    "not_who": ("not segment == premium", lambda x: not x["premium"]),
    "where": ("stage == b or stage == c", lambda x: x["stage"] in "bc"),
    "whence": ("source != arrival", lambda x: x["referral"]),
    "pleased": ("satisfaction > 71.5", lambda x: x["satisfaction"] > 71.5),
    "buyers": ("purchases >= 2", lambda x: x["purchases"] >= 2),
    "spenders": ("150 < spend", lambda x: x["spend"] > 150),
    "failed": ("failures > 0 and failures != 2", lambda x: x["failures"] > 0 and x["failures"] != 2),
    "mixed": (
        "(segment == premium and purchases == 1) or not (satisfaction <= 70 or failures >= 1)",
        lambda x: (x["premium"] and x["purchases"] == 1) or not (x["satisfaction"] <= 70 or x["failures"] >= 1),
    ),
    "deep": (
        "not (not (purchases < 3 and (spend >= 10 or stage == a)) and not (source == referral))",
        lambda x: (x["purchases"] < 3 and (x["spend"] >= 10 or x["stage"] == "a")) or x["referral"],
    ),
}


def test_conditions_hold_for_whom_they_say(scenario: Any, live: Any) -> None:
    """The `held` bits of every stay against the same conditions on a life told by the log."""
    body = """
[segments.regular]
share = 0.6
[segments.premium]
share = 0.4
[satisfaction]
start = { mean = 70, sd = 10 }
expectation = { mean = 70, sd = 8 }
gain = 0.3
learning = 0.3
recovery = 0.2
[stages.a]
dwell = { law = "exponential", mean = 4 }
exits = { b = 0.7, a = 0.3 }
touchpoint = { performance = 72, sd = 12 }
desk = { name = "help", probability = 0.5 }
[stages.b]
role = "purchase"
dwell = { law = "exponential", mean = 4 }
exits = { a = 0.5, c = 0.4, over = 0.1 }
revenue = { law = "gamma", mean = 80, shape = 2 }
[stages.c]
dwell = { law = "exponential", mean = 30 }
exits = { a = 0.7, over = 0.3 }
referrals = { rate_per_day = 0.005, enters = "b" }
[stages.over]
end = true
[desks.help]
agents = 0
handle = { law = "exponential", mean = 1 }
patience = { law = "exponential", mean = 1 }
failure_days = 15
"""
    for name in CONDITIONS:
        body += f"[levers.{name}]\ncost = {{ per_day = 1 }}\n"
    body += "[strategies.all]\n" + "\n".join(f"{k} = {{ level = 1.0, when = '{v[0]}' }}" for k, v in CONDITIONS.items())
    journeys = live(scenario(body, arrivals="rate_per_day = 3\nuntil_day = 60", horizon=150), seed=4)
    events, seen = journeys.events, dict.fromkeys(CONDITIONS, 0)
    life: dict[str, Any] = {}
    for row in range(events.customer.size):
        who = journeys.who[row]
        if events.sequence[row] == 0:
            life = {"purchases": 0, "spend": 0.0, "felt": [], "satisfaction": None}
        settled = events.time[row] + events.waited[row]
        stage = journeys.stages[events.stage[row]]
        life["purchases"] += stage == "b"
        life["spend"] += events.revenue[row]
        if events.contact[row] == RENEGED:
            life["felt"].append(settled + 15.0)
        if settled >= journeys.horizon:
            continue
        facts = {
            "premium": journeys.segments[journeys.customers.segment[who]] == "premium",
            "stage": stage,
            "referral": journeys.customers.source[who] == REFERRAL,
            "satisfaction": events.satisfaction[row],
            "purchases": life["purchases"],
            "spend": life["spend"],
            "failures": sum(until > settled for until in life["felt"]),
        }
        for bit, (name, (_, holds)) in enumerate(CONDITIONS.items()):
            assert bool(events.held[row] >> bit & 1) == bool(holds(facts)), (name, facts)
            seen[name] += bool(holds(facts))
    assert all(20 < count < events.customer.size - 20 for count in seen.values()), seen


def test_money_on_entry(scenario: Any, live: Any) -> None:
    """Revenue by segment and lever, cost by law, acquisition, levers per customer and per referral."""
    body = """
[segments.regular]
share = 0.5
[segments.premium]
share = 0.5
spend_ratio = 2.5
[stages.a]
dwell = { law = "deterministic", value = 10 }
exits = { b = 1.0 }
revenue = 100
cost = 7
acquisition_cost = 5
referrals = { rate_per_day = 0.05, enters = "b" }
[stages.b]
dwell = { law = "deterministic", value = 0 }
exits = { over = 1.0 }
revenue = 10
[stages.over]
end = true
[levers.price]
cost = { per_customer = 2.0, per_referral = 3.0 }
effects = [{ spend = "a", rate_ratio = 1.44 }]
[strategies.half]
price = 0.5
"""
    journeys = live(scenario(body, arrivals="cohort = 200", horizon=50))
    events, premium = journeys.events, journeys.customers.segment[journeys.who] == 1
    at_a, at_b = events.stage == 0, events.stage == 1
    assert events.revenue[at_a] == pytest.approx(np.where(premium[at_a], 2.5, 1.0) * 100 * 1.2, rel=1e-12)
    assert events.revenue[at_b] == pytest.approx(np.where(premium[at_b], 2.5, 1.0) * 10, rel=1e-12)
    assert events.cost[at_a] == pytest.approx(7 + 5 + 2.0 * 0.5)
    invited = journeys.customers.source[journeys.who] == REFERRAL
    assert invited.any()
    # An invitee costs what every customer costs, and what the referral cost, at half the level.
    assert events.cost[at_b] == pytest.approx(np.where(invited[at_b], 0.5 * 2.0 + 0.5 * 3.0, 0.0))


def test_the_horizon_is_inclusive_and_nothing_happens_after(scenario: Any, live: Any) -> None:
    body = '[stages.a]\ndwell = { law = "deterministic", value = 10 }\nexits = { a = 1.0 }\n'
    for horizon, entries in ((30.0, 4), (math.nextafter(30.0, 0.0), 3), (math.nextafter(30.0, 40.0), 4)):
        journeys = live(scenario(body, arrivals="cohort = 2", horizon=horizon))
        assert journeys.events.time.tolist() == [10.0 * k for k in range(entries)] * 2
    assert journeys.events.time.max() <= journeys.horizon


def test_many_events_at_one_time_keep_their_order(scenario: Any, live: Any) -> None:
    names = [f"s{k}" for k in range(30)]
    body = "".join(
        f'[stages.{a}]\ndwell = {{ law = "deterministic", value = 0 }}\nexits = {{ {b} = 1.0 }}\n'
        for a, b in zip(names, [*names[1:], "over"], strict=True)
    )
    journeys = live(scenario(body + "[stages.over]\nend = true\n", start="s0", arrivals="cohort = 20", horizon=1))
    assert (journeys.events.time == 0.0).all()
    assert journeys.events.stage.reshape(20, 31).tolist() == [list(range(31))] * 20
    assert journeys.events.sequence.reshape(20, 31).tolist() == [list(range(31))] * 20
    assert journeys.by_time().tolist() == list(range(20 * 31))


def test_equal_latent_times_go_to_the_first_in_the_file(scenario: Any, live: Any, stays: Any) -> None:
    for first, second in (("b", "c"), ("c", "b")):
        body = "[stages.a]\n" + "".join(f'race.{n} = {{ law = "deterministic", value = 3 }}\n' for n in (first, second))
        body += 'race.d = { law = "deterministic", value = 4 }\n' + "".join(
            f"[stages.{n}]\nend = true\n" for n in "bcd"
        )
        assert set(stays(live(scenario(body)), "a").to) == {first}


def test_a_stage_entered_thousands_of_times(scenario: Any, live: Any, stays: Any) -> None:
    """Each visit draws anew: 3,000 stays of one customer are exponential, and follow one another without correlation.

    False-alarm rate 1e-4 for each of two.
    """
    from scipy import stats

    body = '[stages.a]\nrace.b = { law = "exponential", mean = 1 }\nrace.over = { law = "exponential", mean = 1e9 }\n'
    body += '[stages.b]\ndwell = { law = "deterministic", value = 0 }\nexits = { a = 1.0 }\n[stages.over]\nend = true\n'
    days = stays(live(scenario(body, arrivals="cohort = 1", horizon=3000)), "a").days[:-1]
    assert len(days) > 2500
    assert stats.kstest(days, stats.expon().cdf).pvalue > 1e-4
    assert stats.spearmanr(days[:-1], days[1:]).pvalue > 1e-4


def test_no_contact_without_a_desk(scenario: Any, live: Any) -> None:
    body = '[stages.a]\ndwell = { law = "exponential", mean = 1 }\nexits = { b = 1.0 }\n[stages.b]\nend = true\n'
    events = live(scenario(body)).events
    assert (events.contact == NOT_ASKED).all()
    assert not events.waited.any()
    assert np.isnan(events.satisfaction).all()


def test_failures_beyond_sixteen_drop_the_oldest(scenario: Any, live: Any) -> None:
    """Twenty failures in a row: at most 16 are felt, and a condition sees so many."""
    body = """
[stages.a]
dwell = { law = "deterministic", value = 0.5 }
exits = { a = 1.0 }
desk = { name = "help" }
[desks.help]
agents = 0
handle = { law = "exponential", mean = 1 }
patience = { law = "deterministic", value = 0.5 }
failure_days = 1000
[levers.many]
cost = { per_day = 1 }
[strategies.all]
many = { level = 1.0, when = "failures >= 16" }
"""
    events = live(scenario(body, arrivals="cohort = 1", horizon=20.7)).events
    assert (events.held[:20] & 1).tolist() == [0] * 15 + [1] * 5

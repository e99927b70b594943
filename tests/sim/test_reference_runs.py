"""Runs as a whole: the same whoever works, however often, and whatever extremes the file asks for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.scenarios.files import load
from sojourn.sim.run import run

FIRST = Path(__file__).parents[1] / "scenarios" / "first.toml"
SMALL = """
[stages.a]
race.b = { law = "weibull", mean = 20, shape = 1.4 }
race.over = { law = "exponential", mean = 60 }
referrals = { rate_per_day = 0.01, enters = "a" }
[stages.b]
role = "purchase"
dwell = { law = "gamma", mean = 5, shape = 2 }
exits = { a = 0.6, over = 0.4 }
revenue = 30
desk = { name = "help", probability = 0.5 }
[stages.over]
end = true
role = "lost"
[desks.help]
agents = 2
handle = { law = "exponential", mean = 1 }
patience = { law = "exponential", mean = 1 }
[strategies]
one = {}
two = {}
"""


@pytest.fixture(scope="module")
def small(scenario: Any) -> Any:
    return scenario(SMALL, arrivals="rate_per_day = 2\nuntil_day = 50", horizon=100)


def test_the_same_strategy_differs_by_exactly_nothing_where_customers_compete(small: Any, live: Any, same: Any) -> None:
    """A desk and referrals couple customers; two strategies with one content give one log, bit for bit."""
    one, two = live(small, "one"), live(small, "two")
    assert same(one, two)
    outcomes = run(small, replications=2).outcomes
    assert outcomes["one"].measures == outcomes["two"].measures
    assert outcomes["one"].parts == outcomes["two"].parts or repr(outcomes["one"].parts) == repr(outcomes["two"].parts)


def test_workers_change_nothing(small: Any) -> None:
    assert run(small, "one", replications=2, workers=2).document() == run(small, "one", replications=2).document()


def test_a_log_that_outgrows_its_room(scenario: Any, live: Any) -> None:
    """Few customers and many rows, then few arrivals and many invitees: both engines make room as they go."""
    body = '[stages.a]\ndwell = { law = "exponential", mean = 1 }\nexits = { a = 1.0 }\n'
    events = live(scenario(body, arrivals="cohort = 2", horizon=400)).events
    assert 700 < events.time.size < 900
    assert events.sequence.tolist() == [k for size in np.bincount(events.customer) for k in range(size)]
    body = '[market]\nsize = 600\n[stages.a]\nrace.b = { law = "exponential", mean = 20 }\n'
    body += 'referrals = { rate_per_day = 0.4, enters = "a" }\n[stages.b]\nend = true\n'
    assert live(scenario(body, arrivals="cohort = 2", horizon=60)).customers.customer.size > 300


def test_replications_are_told_apart_and_in_order(small: Any, same: Any) -> None:
    kept = run(small, ["two", "one"], replications=3, keep=True).outcomes
    assert list(kept) == ["two", "one"]
    for outcome in kept.values():
        assert [journeys.replication for journeys in outcome.journeys] == [0, 1, 2]
        assert not same(outcome.journeys[0], outcome.journeys[1])


def test_progress_and_sink_see_every_replication_and_change_nothing(small: Any) -> None:
    seen, done = [], []
    watched = run(
        small,
        replications=2,
        sink=lambda j: seen.append((j.strategy, j.replication)),
        progress=lambda *n: done.append(n),
    )
    assert seen == [("one", 0), ("one", 1), ("two", 0), ("two", 1)]
    assert done == [(k, 4) for k in range(1, 5)]
    assert watched.document() == run(small, replications=2).document()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_single_replication_is_taken_once_and_measured_alike(small: Any, same: Any, workers: int) -> None:
    """With two workers the sink has the journeys while they are measured."""
    seen: list[Any] = []
    found = run(small, "two", replications=1, workers=workers, sink=seen.append, keep=True)
    (kept,) = found.outcomes["two"].journeys
    assert len(seen) == 1
    assert same(seen[0], kept)
    assert found.document() == run(small, "two", replications=1, workers=1).document()


@pytest.mark.parametrize("workers", [1, 2])
def test_what_goes_wrong_in_a_sink_is_not_lost(small: Any, workers: int) -> None:
    def full(_: Any) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        run(small, "two", replications=1, workers=workers, sink=full)


def test_the_example_of_the_format_is_sound(live: Any, same: Any) -> None:
    """Invariants of the log of a scenario that uses nearly everything."""
    scenario = load(FIRST)
    for strategy in scenario.strategies:
        journeys = live(scenario, strategy, customers=400)
        events, people = journeys.events, journeys.customers
        assert np.array_equal(events.customer[journeys.first[:-1]], people.customer)
        assert (np.diff(people.customer) > 0).all()
        inside = events.sequence > 0
        assert (events.sequence[1:][inside[1:]] == events.sequence[:-1][inside[1:]] + 1).all()
        assert (journeys.until >= events.time).all()
        assert (events.time >= people.arrived[journeys.who]).all()
        assert events.time.max() <= journeys.horizon
        for name, stage in scenario.stages.items():
            here = events.stage == journeys.stages.index(name)
            followers = {journeys.stages[s] for s in np.unique(journeys.next_stage[here]) if s >= 0}
            assert followers <= set(stage.exit_names)
        for column in ("time", "revenue", "cost", "waited", "handled", "satisfaction"):
            assert np.isfinite(getattr(events, column)).all()
        assert (people.satisfaction >= 0).all()
        assert (people.satisfaction <= 100).all()
        assert same(journeys, live(scenario, strategy, customers=400))


RATIO = st.sampled_from([1e-6, 1e-3, 0.5, 1.0, 30.0, 1e6])
LAW = st.sampled_from([
    '{ law = "exponential", mean = 1e-6 }',
    '{ law = "exponential", mean = 1e12 }',
    '{ law = "weibull", median = 10, shape = 0.05 }',
    '{ law = "weibull", median = 10, shape = 1000 }',
    '{ law = "lognormal", median = 10, sigma = 10 }',
    '{ law = "loglogistic", median = 10, shape = 0.05 }',
    '{ law = "loglogistic", median = 10, shape = 1000 }',
    '{ law = "gamma", median = 10, shape = 0.05 }',
    '{ law = "gamma", mean = 10, shape = 1000 }',
    '{ law = "empirical", share = [0, 0.5, 0.9], days = [0, 0, 30], never = 0.1 }',
    '{ law = "deadline", day = 3, share = 0.9, otherwise = { law = "gamma", mean = 1e6, shape = 0.05 } }',
])  # fmt: skip


@settings(max_examples=60)
@given(LAW, LAW, RATIO, RATIO, st.sampled_from([-10.0, 0.0, 10.0]), st.integers(0, 2**32 - 1))
def test_extremes_of_the_format_give_sound_logs(
    scenario: Any, live: Any, one: Any, other: Any, hazard: Any, time: Any, load: Any, seed: Any
) -> None:
    body = f"""
[frailty]
loads = {{ "a -> b" = {load}, "a -> c" = {-load} }}
[stages.a]
race.b = {one}
race.c = {other}
[stages.b]
dwell = {{ law = "deterministic", value = 5 }}
exits.a = 0.5
exits.c = {{ probability = 0.5, dwell = {other} }}
[stages.c]
end = true
[levers.push]
effects = [
  {{ exit = "a -> b", hazard_ratio = {hazard} }}, {{ dwell = "a -> b", time_ratio = {time} }},
  {{ exit = "a -> c", hazard_ratio = {time}, since = "b", days = [0.1, 20.3] }}, {{ dwell = "b", time_ratio = {hazard} }},
]
[strategies.pushed]
push = [{{ day = 3, level = 1.0 }}, {{ day = 9, level = 0.3, ramp_days = 11 }}]
"""
    journeys = live(scenario(body, arrivals="cohort = 12", horizon=60), seed=seed)
    events = journeys.events
    assert np.isfinite(events.time).all()
    assert (journeys.until >= events.time).all()
    assert (journeys.last.sum(), events.sequence.min()) == (12, 0)


WHOLE = st.integers(0, 3)


@settings(max_examples=60)
@given(
    WHOLE,
    WHOLE,
    st.integers(1, 3),
    WHOLE,
    WHOLE,
    st.integers(0, 4),
    st.sampled_from(["", "size = 9"]),
    st.integers(0, 999),
)
def test_engines_agree_where_everything_happens_at_once(
    scenario: Any,
    live: Any,
    ask: Any,
    back: Any,
    handle: Any,
    patience: Any,
    more: Any,
    agents: Any,
    market: Any,
    seed: Any,
) -> None:
    """Whole days throughout, so that requests, services, steps of agents, moves and giving up meet; `live` compares engines."""
    body = f"""
[market]
{market}
[segments.regular]
share = 0.5
[segments.premium]
share = 0.5
[stages.a]
dwell = {{ law = "deterministic", value = {ask} }}
exits = {{ a = 0.3, b = 0.3, c = 0.2, over = 0.2 }}
desk = {{ name = "help", probability = 0.7 }}
[stages.b]
dwell = {{ law = "deterministic", value = {back} }}
exits = {{ a = 0.6, over = 0.4 }}
desk = {{ name = "other" }}
[stages.c]
race.a = {{ law = "deterministic", value = 3 }}
race.over = {{ law = "empirical", share = [0, 0.5, 1.0], days = [2, 3, 3] }}
referrals = {{ rate_per_day = 0.2, enters = "b" }}
[stages.over]
end = true
[desks.help]
agents = {agents}
handle = {{ law = "deterministic", value = {handle} }}
patience = {{ law = "deterministic", value = {patience} }}
priority = ["failures >= 1", "segment == premium"]
failure_days = 4
unresolved = 0.3
effects = [{{ exit = "a -> over", log_odds_per_failure = 0.5 }}]
[desks.other]
agents = 1
handle = {{ law = "deterministic", value = 1 }}
[levers.staff]
effects = [{{ desk = "help", agents = 3 }}, {{ desk = "other", agents = 1 }}]
[strategies.more]
staff = [{{ day = 2, level = 1.0 }}, {{ day = 5, level = 0.0 }}, {{ day = 7, level = 0.4, ramp_days = {more} }}]
"""
    journeys = live(scenario(body, arrivals="cohort = 8", horizon=12), seed=seed)
    assert journeys.events.time.max() <= 12.0

"""A customer's draws are the customer's own: nothing that others, strategies or desks do changes them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.sim.journeys import ARRIVAL
from sojourn.sim.tables import BAND

BASE = """
[segments.regular]
share = 0.7
[segments.premium]
share = 0.3
[frailty]
loads = { "b -> c" = 0.5 }
[satisfaction]
start = { mean = 70, sd = 10 }
expectation = { mean = 70, sd = 8 }
gain = 0.3
learning = 0.3
recovery = 0.2
effects = [{ exit = "b -> a", hazard_ratio = 1.2 }]
[stages.a]
dwell = { law = "lognormal", median = 6, sigma = 0.9 }
exits = { b = 0.5, c = 0.2, d = 0.2, a = 0.1 }
touchpoint = { performance = 72, sd = 12 }
revenue = { law = "gamma", mean = 80, shape = 2 }
[stages.b]
race.a = { law = "weibull", mean = 20, shape = 1.4 }
race.c = { law = "exponential", mean = 60 }
referrals = { rate_per_day = 0.01, enters = "a" }
[stages.c]
end = true
[stages.d]
end = true
"""
LEVERS = """
[levers.reach]
effects = [{ arrivals = true, rate_ratio = RATIO }]
[levers.push]
effects = [{ exit = "a -> d", log_odds = 0.7 }, { exit = "b -> c", hazard_ratio = 1.6 }, { spend = "a", rate_ratio = 1.1 }]
[strategies]
plain = {}
wide = { reach = 1.0 }
late = { push = [{ day = 90, level = 1.0 }] }
again = {}
later = { reach = [{ day = 90, level = 0.4, ramp_days = 20 }], push = [{ day = 120, level = 1.0 }] }
"""
RATE = "rate_per_day = 1.0\nuntil_day = 200"


def unheld(journeys: Any) -> Any:
    """Columns of the events, without the one that holds which levers are pulled."""
    return [column for name, column in journeys.events.columns().items() if name != "held"]


def rows_of(journeys: Any, ids: Any) -> Any:
    """The rows of some customers, without columns that hold which levers are pulled."""
    chosen = np.isin(journeys.events.customer, ids)
    return [column[chosen] for column in unheld(journeys)]


def lives_of(journeys: Any, ids: Any) -> Any:
    chosen = np.isin(journeys.customers.customer, ids)
    return [column[chosen] for column in journeys.customers]


def agree(one: Any, other: Any) -> Any:
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def built(scenario: Any) -> Any:
    return scenario(BASE + LEVERS.replace("RATIO", "2.5"), horizon=300, arrivals=RATE)


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), replication=st.integers(0, 50))
def test_more_arrivals_change_nobody(built: Any, live: Any, seed: Any, replication: Any) -> None:
    plain = live(built, "plain", seed=seed, replication=replication)
    wide = live(built, "wide", seed=seed, replication=replication)
    ids = plain.customers.customer
    assert np.isin(ids, wide.customers.customer).all()
    assert wide.customers.customer.size > ids.size
    assert agree(rows_of(plain, ids), rows_of(wide, ids))
    assert agree(lives_of(plain, ids), lives_of(wide, ids))


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_same_strategy_twice_differs_by_exactly_nothing(built: Any, live: Any, same: Any, seed: Any) -> None:
    plain, again = live(built, "plain", seed=seed), live(built, "again", seed=seed)
    assert same(plain, again)
    assert same(plain, live(built, "plain", seed=seed))


def test_replications_and_seeds_differ(built: Any, live: Any, same: Any) -> None:
    plain = live(built, "plain", seed=1)
    assert not same(plain, live(built, "plain", seed=2))
    assert not same(plain, live(built, "plain", seed=1, replication=1))


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_strategies_that_differ_later_are_the_same_before(built: Any, live: Any, seed: Any) -> None:
    plain, late, later = (live(built, name, seed=seed) for name in ("plain", "late", "later"))
    for other in (late, later):
        before, after = plain.events.time < 90.0, other.events.time < 90.0
        columns = [column[before] for column in unheld(plain)]
        assert agree(columns, [column[after] for column in unheld(other)])
    assert not np.array_equal(plain.events.time, late.events.time)


def test_a_stage_at_the_end_of_the_file_changes_nobody(scenario: Any, live: Any) -> None:
    more = '[stages.e]\ndwell = { law = "exponential", mean = 3 }\nexits = { c = 1.0 }\n'
    one = live(scenario(BASE, arrivals=RATE, horizon=300))
    other = live(scenario(BASE + more, arrivals=RATE, horizon=300, start={"a": 1.0 - 1e-12, "e": 1e-12}))
    assert agree(rows_of(one, one.customers.customer), rows_of(other, one.customers.customer))


def test_a_desk_elsewhere_changes_nobody_before_it(scenario: Any, live: Any) -> None:
    """A desk at stage b delays what follows b and nothing before it."""
    desk = """
[desks.help]
agents = 1
handle = { law = "exponential", mean = 2 }
"""
    with_desk = BASE.replace("[stages.b]\n", '[stages.b]\ndesk = { name = "help", probability = 0.5 }\n') + desk
    lived = [live(scenario(text, arrivals=RATE, horizon=300)) for text in (BASE, with_desk)]
    arrived = [journeys.customers.customer[journeys.customers.source == ARRIVAL] for journeys in lived]
    assert np.array_equal(*arrived)
    for customer in arrived[0]:
        stages, times = zip(
            *((e.stage[rows], e.time[rows]) for e, rows in ((j.events, j.events.customer == customer) for j in lived)),
            strict=True,
        )
        until = int(np.argmax(stages[0] == 1)) + 1 if (stages[0] == 1).any() else len(stages[0])
        assert np.array_equal(stages[0][:until], stages[1][:until])
        assert np.array_equal(times[0][:until], times[1][:until])
    assert not np.array_equal(lived[0].events.time, lived[1].events.time)


def test_a_desk_used_by_others_changes_only_those_who_use_it(scenario: Any, live: Any) -> None:
    """Premium customers ask a desk; regular ones never meet it, so the number of agents is nothing to them."""
    desk = """
[desks.help]
agents = AGENTS
handle = { law = "exponential", mean = 5 }
[segments.premium.override]
"stages.b.desk" = { name = "help", probability = 1.0 }
"""
    text = BASE.replace("[stages.b]\n", '[stages.b]\ndesk = { name = "help", probability = 0.0 }\n')
    lived = [live(scenario(text + desk.replace("AGENTS", n), arrivals=RATE, horizon=300)) for n in ("1", "20")]
    base = [j.customers.customer[(j.customers.segment == 0) & (j.customers.source == 0)] for j in lived]
    assert np.array_equal(*base)
    assert agree(rows_of(lived[0], base[0]), rows_of(lived[1], base[1]))
    premium = lived[0].customers.customer[(lived[0].customers.segment == 1) & (lived[0].customers.source == 0)]
    assert not agree(rows_of(lived[0], premium), rows_of(lived[1], premium))


def test_a_narrower_reach_takes_some_away_and_changes_nobody_else(scenario: Any, live: Any) -> None:
    built = scenario(BASE + LEVERS.replace("RATIO", "0.4"), horizon=300, arrivals=RATE)
    plain, thin = live(built, "plain"), live(built, "wide")
    left = thin.customers.customer
    assert np.isin(left, plain.customers.customer).all()
    assert left.size < 0.7 * plain.customers.customer.size
    assert agree(rows_of(plain, left), rows_of(thin, left))


def test_a_segments_override_changes_that_segment_alone(scenario: Any, live: Any) -> None:
    more = '[segments.premium.override]\n"stages.a.exits" = { b = 0.9, c = 0.05, d = 0.04, a = 0.01 }\n'
    one, other = (live(scenario(BASE + text, arrivals=RATE, horizon=300)) for text in ("", more))
    regular = one.customers.customer[(one.customers.segment == 0) & (one.customers.root < BAND)]
    roots = one.customers.root[(one.customers.segment == 1)]
    regular = regular[~np.isin(one.customers.root[np.isin(one.customers.customer, regular)], roots)]
    assert agree(rows_of(one, regular), rows_of(other, regular))
    premium = one.customers.customer[one.customers.segment == 1]
    assert not agree(rows_of(one, premium), rows_of(other, premium))

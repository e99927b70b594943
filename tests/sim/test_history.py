"""What a customer's past and traits do to exits: against closed forms, in both engines."""

import math
import tomllib
from typing import Any, Literal

import numpy as np
import pytest

from sojourn.scenarios.checks import examine
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import loads
from sojourn.sim import exact
from sojourn.sim.journeys import Journeys
from sojourn.sim.network import build
from sojourn.sim.run import simulate

ENGINES: tuple[Literal["compiled", "simpy"], ...] = ("compiled", "simpy")
TEXT = """
format = 1
[scenario]
name = "loop"
start = "a"
horizon_days = 20000
[arrivals]
cohort = {cohort}
{tables}
[history]
effects = [{effects}]
[stages.a]
race = {{ b = {{ law = "exponential", mean = 10 }} }}
[stages.b]
role = "purchase"
dwell = {{ law = "deterministic", value = 1 }}
exits = {{ a = 0.5, gone = 0.5 }}
[stages.gone]
end = true
"""


def lived(
    effects: str,
    tables: str = "",
    cohort: int = 20_000,
    seed: int = 1,
    engine: Literal["compiled", "simpy"] = "compiled",
) -> Journeys:
    scenario = loads(TEXT.format(effects=effects, tables=tables, cohort=cohort))
    return simulate(build(scenario, "baseline"), seed=seed, engine=engine)


def stays(journeys: Journeys, stage: str) -> tuple[Any, Any, Any]:
    """Of each stay in a stage: days, how often its customer was there before, and the next stage."""
    rows = np.flatnonzero(journeys.events.stage == journeys.stages.index(stage))
    who = journeys.who[rows]
    first = np.r_[True, who[1:] != who[:-1]]
    begins = np.maximum.accumulate(np.where(first, np.arange(rows.size), 0))
    return (journeys.until - journeys.events.time)[rows], np.arange(rows.size) - begins, journeys.next_stage[rows]


def test_a_hazard_per_visit_up_to_a_limit() -> None:
    """Mean stays by visit, each within 3.9 standard errors of 10 days over 2 to the visits (at most 2): .01 % of false alarm."""
    days, visit, _ = stays(lived('{ exit = "a -> b", per = "visits", hazard_ratio = 2, up_to = 2 }'), "a")
    for k in range(5):
        mine = days[visit == k]
        mean = 10.0 / 2.0 ** min(k, 2)
        assert abs(mine.mean() - mean) < 3.9 * mean / math.sqrt(mine.size)


def test_log_odds_per_purchase_count_this_one_and_from_around() -> None:
    """Shares that go back after the first, second, third purchase: .5 at one, as `around` says; 3.9 standard errors."""
    journeys = lived('{ exit = "b -> a", per = "purchases", log_odds = 0.4, around = 1 }')
    _, visit, following = stays(journeys, "b")
    back = following == journeys.stages.index("a")
    for k in range(4):
        share, mine = 1.0 / (1.0 + math.exp(-0.4 * k)), back[visit == k]
        assert abs(mine.mean() - share) < 3.9 * math.sqrt(share * (1.0 - share) / mine.size)


def test_days_since_the_first_count_from_the_arrival_to_the_entry() -> None:
    """A hazard times exp(-d / 50), d days since the arrival: stay over its own mean is a unit exponential (3.9 errors)."""
    effect = f'{{ exit = "a -> b", per = "days_since_first", hazard_ratio = {math.exp(-1 / 50)!r}, up_to = 100 }}'
    journeys = lived(effect)
    rows = np.flatnonzero(journeys.events.stage == journeys.stages.index("a"))
    since = journeys.events.time[rows] - journeys.customers.arrived[journeys.who[rows]]
    ratio = (journeys.until - journeys.events.time)[rows] / (10.0 * np.exp(np.minimum(since, 100.0) / 50.0))
    again = since > 0.0
    assert abs(ratio[again].mean() - 1.0) < 3.9 / math.sqrt(int(again.sum()))


def test_a_trait_is_one_draw_a_customer() -> None:
    """Hazard times e^(.2 (x - 3)), x gamma (3, shape 4): the mean first stay is 10 e^.6 (1 + .2 * .75)^-4 (3.9 errors)."""
    effects = f'{{ exit = "a -> b", per = "size", hazard_ratio = {math.exp(0.2)!r}, around = 3 }}'
    journeys = lived(effects, '[traits]\nsize = { law = "gamma", mean = 3, shape = 4 }')
    days, visit, _ = stays(journeys, "a")
    first = days[visit == 0]
    mean = 10.0 * math.exp(0.6) * (1.0 + 0.2 * 0.75) ** -4.0
    assert abs(first.mean() - mean) < 3.9 * first.std() / math.sqrt(first.size)
    # The same x at every visit: first and second stays of a customer go together.
    second = np.flatnonzero(visit == 1)
    assert np.corrcoef(np.log(days[second]), np.log(days[second - 1]))[0, 1] > 0.02


def test_both_engines_are_one(same: Any) -> None:
    effects = (
        '{ exit = "a -> b", per = "visits", hazard_ratio = 1.3, up_to = 3 }, '
        '{ exit = "a -> b", per = "size", hazard_ratio = 0.8 }, { exit = "b -> a", per = "days_since_first", log_odds = -0.01 }'
    )
    tables = (
        '[traits]\nsize = { law = "gamma", mean = 3, shape = 4 }\n[segments]\nkeen = { share = 0.5 }\n'
        'other = { share = 0.5, override = { "traits.size" = { law = "deterministic", value = 1 } } }'
    )
    one, other = (lived(effects, tables, 300, engine=engine) for engine in ENGINES)
    assert same(one, other)
    first = [(one.until - one.events.time)[one.first[:-1]][one.customers.segment == k].mean() for k in (0, 1)]
    assert first[0] > first[1]  # .8 to the third on average, and .8


def test_theory_refuses_a_stage_with_a_past() -> None:
    scenario = loads(TEXT.format(effects='{ exit = "b -> a", per = "visits", log_odds = 0.2 }', tables="", cohort=10))
    with pytest.raises(Faults, match="has lived through"):
        exact.visits(build(scenario, "baseline"))


@pytest.mark.parametrize(
    ("effects", "tables", "said"),
    [
        ('{ exit = "a -> b", per = "vists", hazard_ratio = 2 }', "", "is nothing that a customer has"),
        ('{ exit = "a -> b", per = "visits", log_odds = 2 }', "", "log_odds does not act on"),
        ('{ exit = "b -> a", per = "visits", hazard_ratio = 2 }', "", "hazard_ratio does not act on"),
        ('{ exit = "a -> b", per = "visits", hazard_ratio = 2 }', "", "grows without end"),
        ('{ exit = "a -> b", per = "days_since_first", hazard_ratio = 2 }', "", "by more than a million"),
        ('{ exit = "a -> b", per = "visits" }', "", "says nothing about what it does"),
        ('{ exit = "a -> b", per = "visits", hazard_ratio = 2, log_odds = 1 }', "", "at once"),
        ('{ exit = "a -> c", per = "visits", hazard_ratio = 0.5 }', "", "c"),
        (
            '{ exit = "a -> b", per = "size", hazard_ratio = 0.5 }',
            '[traits]\nsize = { law = "empirical", share = [0, 0.9], days = [0, 4], never = 0.1 }',
            "cannot be endless",
        ),
        (
            '{ exit = "a -> b", per = "visits", hazard_ratio = 0.5 }',
            '[traits]\nvisits = { law = "exponential", mean = 1 }',
            "every customer has",
        ),
    ],
)
def test_mistakes_are_told(effects: str, tables: str, said: str) -> None:
    found = examine(tomllib.loads(TEXT.format(effects=effects, tables=tables, cohort=10)))
    assert found.scenario is None
    assert any(said in fault.message for fault in found.faults), found.faults

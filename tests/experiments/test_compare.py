import json
from typing import Any

import numpy as np
import pytest

from sojourn.experiments.compare import compare, customer_differences
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import loads

# A desk that queues, referrals, satisfaction, ramps and conditions: everything that could make twins drift apart.
CLUB = """
format = 1
[scenario]
name = "club"
start = "visit"
horizon_days = 120
annual_discount_rate = 0.1
[arrivals]
rate_per_day = 3
[segments.plain]
share = 0.7
[segments.gold]
share = 0.3
spend_ratio = 2.0
[stages.visit]
dwell = { law = "lognormal", median = 5, sigma = 0.8 }
exits = { buy = 0.4, lapsed = 0.6 }
[stages.buy]
role = "purchase"
dwell = { law = "gamma", mean = 3, shape = 2 }
exits = { use = 0.9, churned = 0.1 }
revenue = { law = "gamma", mean = 50, shape = 2 }
cost = 20.0
touchpoint = { performance = 72, sd = 12 }
desk = { name = "help", probability = 0.6 }
[stages.use]
role = "loyal"
race.buy = { law = "weibull", mean = 30, shape = 1.2 }
race.churned = { law = "exponential", mean = 60 }
referrals = { rate_per_day = 0.01, enters = "visit" }
cost_per_day = 0.02
[stages.lapsed]
end = true
role = "lost"
[stages.churned]
end = true
role = "lost"
[satisfaction]
start = { mean = 70, sd = 10 }
expectation = { mean = 70, sd = 8 }
gain = 0.3
learning = 0.3
recovery = 0.2
nps = { mean = 8, per_10_points = 0.6, sd = 1.8 }
effects = [{ exit = "use -> churned", hazard_ratio = 0.8 }]
[desks.help]
agents = 1
handle = { law = "exponential", mean = 0.5 }
patience = { law = "exponential", mean = 1 }
points_per_day_waited = 5
cost_per_contact = 4
[levers.nudge]
cost = { per_day = 1.0, per_customer = 0.1, per_customer_day = 0.001, per_referral = 2.0 }
[[levers.nudge.effects]]
exit = "visit -> buy"
log_odds = 0.8
[[levers.nudge.effects]]
exit = "use -> churned"
hazard_ratio = 0.9
[levers.giveaway]
cost = { per_day = 500.0 }
[strategies]
today = { nudge = 0.2 }
copy = { nudge = [{ day = 0, level = 0.2 }] }
push = { nudge = { level = 1.0, when = "segment == gold or satisfaction < 75" } }
waste = { nudge = 0.2, giveaway = 1.0 }
"""


@pytest.fixture(scope="module")
def scenario() -> Any:
    return loads(CLUB)


@pytest.fixture(scope="module")
def comparison(scenario: Any) -> Any:
    return compare(scenario, replications=6, seed=3, keep=True)


def test_equal_strategies_differ_by_exactly_nothing(comparison: Any) -> None:
    assert all(one in [(0.0, 0.0, 0.0), (None, None, None)] for one in comparison.differences["copy - today"].values())
    measures = comparison.result.outcomes["today"].measures
    undefined = {name for name, one in measures.items() if one.mean is None}
    null = {name for name, one in comparison.differences["copy - today"].items() if one.mean is None}
    assert null == undefined
    assert "copy makes no difference to today" in comparison.verdict.sentence


def test_equal_strategies_differ_by_nothing_for_every_customer(comparison: Any) -> None:
    a, b = comparison.result.outcomes["today"], comparison.result.outcomes["copy"]
    for first, second in zip(a.journeys, b.journeys, strict=True):
        found = customer_differences((first, a.network), (second, b.network))
        assert found.both.all()
        assert found.customer.size > 250
        assert not found.margin.any()
        assert not found.purchases.any()


def test_customers_add_up_to_the_replication(comparison: Any) -> None:
    a, b = comparison.result.outcomes["today"], comparison.result.outcomes["push"]
    found = customer_differences((a.journeys[0], a.network), (b.journeys[0], b.network))
    assert found.purchases.sum() == b.parts[0]["purchases"].value - a.parts[0]["purchases"].value
    fixed = 0.8 * sum(1.1 ** (-(day + 0.5) / 365) for day in range(120))  # the lever's cost a day, day by day
    profit = b.parts[0]["profit"].value - a.parts[0]["profit"].value
    assert found.margin.sum() == pytest.approx(profit + fixed, abs=0.01)
    assert (np.diff(found.customer) > 0).all()


def test_a_known_difference_is_found_to_the_cent(comparison: Any) -> None:
    """The giveaway does nothing but cost 500 a day: pairing leaves no noise at all."""
    found = comparison.differences["waste - today"]
    assert found["cost"] == pytest.approx((60_000.0, 60_000.0, 60_000.0), abs=1e-6)
    assert found["conversion"] == (0.0, 0.0, 0.0)
    assert found["clv"] == (0.0, 0.0, 0.0)
    assert "waste falls short of today by USD 59," in comparison.verdict.sentence


def test_pairing_tells_what_one_strategy_alone_cannot(comparison: Any) -> None:
    levels = [comparison.result.outcomes[name].measures["conversion"] for name in ("today", "push")]
    difference = comparison.differences["push - today"]["conversion"]
    assert difference.mean == pytest.approx(levels[1].mean - levels[0].mean, abs=1e-12)
    assert difference.low > 0.0
    assert difference.high - difference.low < sum(one.high - one.low for one in levels)


def test_the_document_has_the_shape_of_the_design(comparison: Any) -> None:
    document = json.loads(json.dumps(comparison.document(), allow_nan=False))
    assert set(document) == {"scenario", "strategies", "differences", "verdict", "why", "payback"}
    assert list(document["differences"]) == ["copy - today", "push - today", "waste - today"]
    assert set(document["differences"]["push - today"]) == set(document["strategies"]["push"]["measures"])
    assert set(document["differences"]["push - today"]["profit"]) == {"mean", "low", "high"}
    verdict = document["verdict"]
    assert set(verdict) == {
        "sentence", "winner", "measure", "error_rate", "chosen", "simultaneous", "against_best", "replications", "stopped",
    }  # fmt: skip
    assert list(verdict["simultaneous"]) == list(document["differences"])
    assert list(verdict["against_best"]) == list(document["strategies"])
    assert (verdict["replications"], verdict["stopped"]) == (6, None)
    assert list(document["payback"]) == ["push - today", "waste - today"]


def test_the_first_strategy_listed_is_the_baseline(scenario: Any) -> None:
    found = compare(scenario, ["push", "today"], replications=2, measure="conversion")
    assert found.baseline == "push"
    assert list(found.differences) == ["today - push"]
    assert found.verdict.measure == "conversion"


@pytest.mark.parametrize(
    ("strategies", "measure", "said"),
    [
        (["today", "pusj"], "profit", 'no strategy named "pusj"; did you mean "push"?'),
        (["today"], "profit", "at least two strategies; name two of: today, copy, push, waste"),
        (["today", "today", "push"], "profit", '"today" is listed twice'),
        (["today", "push"], "conversions", 'no measure named "conversions"; did you mean "conversion"?'),
        (["today", "push"], "xyz", 'no measure named "xyz"; use one of: profit'),
    ],
)
def test_mistakes_are_told_before_anything_runs(scenario: Any, strategies: Any, measure: Any, said: Any) -> None:
    with pytest.raises(Faults) as caught:
        compare(scenario, strategies, measure=measure, replications=1_000_000)
    assert said in str(caught.value)


def test_one_replication_of_customers_at_a_desk(scenario: Any) -> None:
    found = compare(scenario, ["today", "push", "copy"], replications=1)
    assert found.differences["push - today"]["conversion"].low is None
    assert found.verdict.winner is None
    assert found.verdict.sentence.startswith("one replication cannot show that push differs from today")
    assert found.verdict.sentence.endswith("copy makes no difference to today.")


def test_one_replication_without_a_desk() -> None:
    text = CLUB.replace('desk = { name = "help", probability = 0.6 }\n', "")
    text = text[: text.index("[desks.help]")] + text[text.index("[levers.nudge]") :]
    found = compare(loads(text), ["today", "push", "copy"], replications=1, customers=2000, measure="conversion")
    assert found.verdict.winner == "push"
    difference = found.differences["push - today"]["conversion"]
    assert difference.mean is not None
    assert difference.low is not None
    assert difference.high is not None
    assert 0.0 < difference.low < difference.mean < difference.high
    assert found.differences["copy - today"]["conversion"] == (0.0, 0.0, 0.0)

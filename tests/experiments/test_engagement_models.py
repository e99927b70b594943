"""What the page of the scenario engagement-models claims.

Seeds are fixed. Each claim about a sign is checked at 90 %; in truth it holds by five standard errors or more.
"""

from typing import Any

import numpy as np
import pytest

from sojourn.experiments.compare import compare
from sojourn.scenarios.files import load
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.journeys import NOT_ASKED
from sojourn.sim.run import run

MODELS = ("high_touch", "low_touch", "success_manager", "automated_retention", "hybrid")
LEFT = ("cancelled", "payment_failed")


@pytest.fixture(scope="module")
def scenario() -> Any:
    return load("engagement-models")


@pytest.fixture(scope="module")
def result(scenario: Any) -> Any:
    return run(scenario, replications=3, workers=1, keep=True)


def bounds(estimate: Estimate) -> tuple[float, float]:
    """The ends of an interval, which must be there."""
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low, estimate.high


def test_five_models_against_today(scenario: Any) -> None:
    assert tuple(scenario.strategies) == ("today", *MODELS)


def test_the_article_s_metrics_are_all_there(result: Any) -> None:
    wanted = [
        "impressions",
        "click_through",
        "conversion",
        "repeat_rate",
        "churn_rate",
        "clv",
        "nps",
        "satisfaction",
        "referrals",
    ]
    wanted += ["cac", "revenue", "profit", "desk.managers.wait"]
    for outcome in result.outcomes.values():
        wanted += [name for name in outcome.measures if name.startswith("step.")]
        for name in wanted:
            assert outcome.measures[name].mean is not None, name


def test_churn_today_is_that_of_the_source(scenario: Any) -> None:
    """Recurly: 4.91 % a month, 26 % of it involuntary. Standard errors are 0.07 and 0.8 points: false alarms below 1 in 1,000."""
    today = run(scenario, "today", replications=20, workers=1, keep=True).outcomes["today"]
    stages = list(today.network.stages)
    left = [sum(int((one.events.stage == stages.index(to)).sum()) for one in today.journeys) for to in LEFT]
    assert today.measures["churn_rate"].mean == pytest.approx(0.0491, abs=0.0025)
    assert left[1] / sum(left) == pytest.approx(0.26, abs=0.03)


def test_models_have_no_effect_of_their_own(scenario: Any) -> None:
    document = scenario.document()
    for lever in document["levers"].values():
        del lever["effects"]
        lever.pop("cost", None)
    found = compare(Scenario.model_validate(document), replications=2, workers=1)
    for differences in found.differences.values():
        assert all(one.mean == 0.0 for one in differences.values())


def test_the_hybrid_s_manager_sees_about_a_tenth(result: Any) -> None:
    def seen(strategy: str) -> float:
        asked = reviews = 0
        for one in result.outcomes[strategy].journeys:
            review = one.events.stage == one.stages.index("review")
            asked += int((one.events.contact[review] != NOT_ASKED).sum())
            reviews += int(review.sum())
        return asked / reviews

    assert seen("success_manager") > 0.93
    assert 0.08 < seen("hybrid") < 0.15
    bit = list(result.outcomes["hybrid"].network.levers).index("manager")
    for one in result.outcomes["hybrid"].journeys:
        review = one.events.stage == one.stages.index("review")
        value = one.customers.value[one.who[review]]
        assert np.array_equal((one.events.held[review] >> bit & 1).astype(bool), value >= 0.9)


def test_large_high_touch_loses_to_automation_at_an_overwhelmed_desk() -> None:
    large = load("engagement-models", variant="large")
    found = compare(large, ["automated_retention", "high_touch"], replications=4, workers=1)
    assert bounds(found.differences["high_touch - automated_retention"]["profit"])[1] < 0.0
    desk = found.result.outcomes["high_touch"].measures
    assert bounds(desk["desk.managers.abandoned"])[0] > 0.5
    assert bounds(desk["desk.managers.utilisation"])[0] > 0.85
    reason = found.why["high_touch"]
    assert bounds(reason.queue["profit"])[1] < 0.0
    assert bounds(reason.queue["churn_rate"])[0] > 0.0


def test_small_the_managers_there_can_look_after_everybody() -> None:
    small = load("engagement-models", variant="small")
    found = compare(small, ["today", "success_manager", "hybrid"], replications=60, workers=1)
    assert bounds(found.differences["success_manager - today"]["profit"])[0] > 0.0
    assert bounds(found.differences["hybrid - today"]["profit"])[1] < 0.0
    assert bounds(found.result.outcomes["success_manager"].measures["desk.managers.abandoned"])[1] < 0.1


def test_at_the_middle_size_the_hybrid_has_overtaken_the_success_manager(scenario: Any) -> None:
    found = compare(scenario, ["success_manager", "hybrid"], replications=6, workers=1)
    assert bounds(found.differences["hybrid - success_manager"]["profit"])[0] > 0.0

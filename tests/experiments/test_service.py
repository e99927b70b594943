"""A promise without agents does harm, and the comparison says by how much the queue is to blame.

Seeds are fixed. Each claim about a sign holds at 90 %, in truth beyond 99.9 % (six to thirty standard errors).
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sojourn.experiments import service
from sojourn.experiments.compare import compare
from sojourn.experiments.service import COSTS, at_once
from sojourn.scenarios.files import load, loads
from sojourn.sim.run import run

ADVICE = Path(__file__).with_name("advice.toml")
HOW: dict[str, Any] = {"replications": 8, "seed": 2, "workers": 1}
HORIZON, PAY, AGENTS = 240.0, 6.0, 1


@pytest.fixture(scope="module")
def comparison() -> Any:
    return compare(load(str(ADVICE)), **HOW)


def test_the_promise_without_agents_does_harm_and_with_enough_it_pays(comparison: Any) -> None:
    alone, staffed = (comparison.differences[f"{name} - today"] for name in ("promise", "promise_with_agents"))
    assert alone["profit"].high < 0.0 < staffed["profit"].low
    assert alone["retention.180"].high < 0.0 < staffed["retention.180"].low
    for what in ("wait", "abandoned", "failures", "failures_per_customer", "requests"):
        assert alone[f"desk.advice.{what}"].low > 0.0
    assert staffed["desk.advice.requests"].low > 0.0
    assert staffed["desk.advice.wait"].high < 0.0


def test_the_queue_is_to_blame(comparison: Any) -> None:
    reason = comparison.why["promise"]
    assert reason.desks == ("advice",)
    assert reason.queue["profit"].high < 0.0
    assert reason.queue["satisfaction"].high < 0.0
    assert reason.queue["churn_rate"].low > 0.0
    assert reason.change["profit"].high < 0.0
    assert reason.without_queue["profit"].low > 0.0  # what was promised is worth something
    eased = comparison.why["promise_with_agents"]
    assert eased.change["profit"].low > 0.0


def test_the_parts_add_up(comparison: Any) -> None:
    """Strategy minus baseline is what the queue costs, and what the strategy would be worth without it."""
    for name, reason in comparison.why.items():
        for one in reason.queue:
            whole = comparison.differences[f"{name} - today"][one].mean
            assert reason.queue[one].mean + reason.without_queue[one].mean == pytest.approx(whole, rel=1e-9), one
            assert reason.queue[one].mean - reason.baseline_queue[one].mean == pytest.approx(reason.change[one].mean)


def test_without_a_queue_is_the_same_strategy_with_agents_for_everybody(comparison: Any) -> None:
    """Two hundred agents in the file, paid for, against the counterfactual at the old pay."""
    crowd = ADVICE.read_text().replace("agents = 1\n", "agents = 200\n", 1)
    found = run(loads(crowd), "promise", **HOW).outcomes["promise"].measures
    assert found["desk.advice.wait"].mean == 0.0
    told = comparison.result.outcomes["promise"].measures
    assert found["profit"].mean is not None
    queue = comparison.why["promise"].queue
    pay = PAY * HORIZON * (200 - AGENTS)
    assert told["profit"].mean - queue["profit"].mean == pytest.approx(found["profit"].mean + pay, rel=1e-9)
    for name in ("revenue", "satisfaction", "churn_rate"):
        assert told[name].mean - queue[name].mean == pytest.approx(found[name].mean, rel=1e-9)


def test_nobody_waits_and_no_agent_is_paid_in_the_counterfactual() -> None:
    scenario = at_once(load(str(ADVICE)))
    assert scenario.desks["advice"].agents >= 1000
    assert scenario.desks["advice"].cost_per_agent_day == 0.0


def test_what_leaves_the_desk_alone_has_no_reason(comparison: Any) -> None:
    assert list(comparison.why) == ["promise", "promise_with_agents"]
    document = json.loads(json.dumps(comparison.document(), allow_nan=False))["why"]
    assert list(document) == ["promise - today", "promise_with_agents - today"]
    told = document["promise - today"]
    assert told["desks"] == ["advice"]
    for key in ("queue", "baseline_queue", "change", "without_queue"):
        assert set(told[key]) == set(COSTS) - {"nps"}
        assert set(told[key]["profit"]) == {"mean", "low", "high"}


def test_where_nothing_queues_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "run", _never)
    many = ADVICE.read_text().replace("agents = 1\n", "agents = 500\n", 1)
    assert compare(loads(many), ["today", "promise"], **HOW).why == {}
    assert compare(load(str(ADVICE)), ["today", "giveaway"], **HOW).why == {}


def test_one_replication_cannot_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "run", _never)
    assert compare(load(str(ADVICE)), ["today", "promise"], **HOW | {"replications": 1}).why == {}


def _never(*_: Any, **__: Any) -> None:
    raise AssertionError("nothing waits, so nothing has to be run again")


def test_the_counterfactual_is_bounded_and_leaves_no_journeys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST", 3)
    seen: list[tuple[str, int]] = []
    scenario = load(str(ADVICE))
    more = compare(scenario, ["today", "promise"], **HOW, sink=lambda one: seen.append((one.strategy, one.replication)))
    assert seen == [(name, r) for name in ("promise", "today") for r in range(8)]
    fewer = compare(scenario, ["today", "promise"], **HOW | {"replications": 3})
    assert more.why["promise"].queue == fewer.why["promise"].queue

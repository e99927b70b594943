"""The difference between two strategies, by lever and by stage: it adds up, and nothing is counted twice."""

from typing import Any

import numpy as np
import pytest

from sojourn.experiments.coalitions import between, differing, unpriced
from sojourn.experiments.compare import compare
from sojourn.experiments.decomposition import Decomposition, Luck, decompose
from sojourn.experiments.pieces import Help
from sojourn.experiments.stage_money import booked
from sojourn.scenarios.files import loads
from sojourn.scenarios.model import Scenario
from sojourn.sim.network import build
from sojourn.sim.run import simulate

# A desk that queues, referrals, segments with prices of their own, satisfaction, ramps and conditions.
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
[segments.gold.override]
"levers.nudge.cost.per_customer" = 0.4
"levers.nudge.cost.per_referral" = 3.0
[stages.visit]
dwell = { law = "lognormal", median = 5, sigma = 0.8 }
exits = { buy = 0.4, lapsed = 0.6 }
acquisition_cost = 0.5
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
effects = [{ exit = "use -> churned", hazard_ratio = 0.8 }]
[desks.help]
agents = 1
handle = { law = "exponential", mean = 0.5 }
patience = { law = "exponential", mean = 1 }
points_per_day_waited = 5
cost_per_contact = 4
cost_per_agent_day = 2.0
[levers.nudge]
cost = { per_day = 1.0, per_customer = 0.1, per_customer_day = 0.001, per_referral = 2.0 }
[[levers.nudge.effects]]
exit = "visit -> buy"
log_odds = 0.8
[levers.staff]
cost = { per_day = 9.0 }
effects = [{ desk = "help", agents = 1 }]
[levers.poster]
cost = { per_day = 7.0, per_customer_day = 0.01 }
[levers.care]
effects = [{ exit = "use -> churned", hazard_ratio = 0.7 }]
[strategies]
today = { nudge = 0.2, staff = 0.0 }
copy = { nudge = [{ day = 0, level = 0.2 }] }
[strategies.all]
nudge = { level = 1.0, when = "segment == gold or satisfaction < 75" }
staff = [{ day = 30, level = 1.0 }]
poster = 1.0
care = 0.5
[strategies.poster]
nudge = 0.2
poster = [{ day = 0, level = 0.5 }, { day = 40, level = 1.0, ramp_days = 20 }]
"""
LUCK = Luck(replications=5, seed=3)


@pytest.fixture(scope="module")
def club() -> Scenario:
    return loads(CLUB)


@pytest.fixture(scope="module")
def whole(club: Scenario) -> Decomposition:
    return decompose(club, "today", "all", LUCK)


def mean(estimate: Any) -> float:
    assert estimate.mean is not None
    return float(estimate.mean)


def test_parts_by_lever_add_up_to_the_difference(club: Scenario, whole: Decomposition) -> None:
    found = compare(club, ["today", "all"], replications=5, seed=3)
    profit = found.differences["all - today"]["profit"]
    total = mean(whole.total)
    assert total == pytest.approx(mean(profit), rel=1e-9)
    assert whole.total.low == pytest.approx(profit.low, rel=1e-9)
    assert sum(mean(one.total) for one in whole.levers.values()) == pytest.approx(total, rel=1e-9)
    assert list(whole.levers) == ["nudge", "staff", "poster", "care"]
    assert whole.exact
    assert whole.coalitions == 16
    for one in whole.levers.values():
        assert mean(one.total) == pytest.approx(mean(one.outcome) - mean(one.cost), rel=1e-9)
        lines = sum(map(mean, one.stages.values())) + mean(one.running)
        assert lines == pytest.approx(mean(one.outcome), abs=1e-9 * abs(total))


def test_parts_by_stage_add_up_to_the_difference(whole: Decomposition) -> None:
    lines = sum(mean(one.total) for one in whole.stages.values()) + mean(whole.running)
    costs = sum(mean(one.cost) for one in whole.levers.values())
    assert lines - costs == pytest.approx(mean(whole.total), rel=1e-9)
    for name, stage in whole.stages.items():
        three = mean(stage.entries) + mean(stage.days) + mean(stage.contacts)
        assert three == pytest.approx(mean(stage.total), abs=1e-9)
        levers = sum(mean(one.stages[name]) for one in whole.levers.values())
        assert levers == pytest.approx(mean(stage.total), abs=1e-9 * abs(mean(whole.total)))
    # One more agent at 2 a day from day 30 on, discounted at 10 % a year: 90 days on average at day 75.
    assert mean(whole.running) == pytest.approx(-180 * 1.1 ** (-75 / 365), rel=1e-3)
    assert mean(whole.levers["staff"].running) == pytest.approx(mean(whole.running), rel=1e-9)


def test_a_lever_without_effect_gets_nothing_and_its_cost(club: Scenario, whole: Decomposition) -> None:
    poster = whole.levers["poster"]
    assert poster.outcome == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)
    assert mean(poster.cost) > 7.0 * 120 * 1.1 ** (-60 / 365)
    alone = decompose(club, "today", "poster", LUCK)
    assert list(alone.levers) == ["poster"]
    assert alone.levers["poster"].outcome == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
    assert mean(alone.total) == pytest.approx(-mean(alone.levers["poster"].cost), rel=1e-9)


def test_what_a_lever_costs_is_its_own_line_of_the_ledger(club: Scenario, whole: Decomposition) -> None:
    """Against the same run with the prices of one lever struck out: the difference in costs is what it costs."""
    priced = {name: build(club, name) for name in ("today", "all")}
    free = Scenario.model_validate(unpriced(club.document(), ["nudge"]))
    spent = []
    for r in range(LUCK.replications):
        each = {}
        for name, network in priced.items():
            with_cost = booked(simulate(network, seed=3, replication=r), network)
            without = booked(simulate(build(free, name), seed=3, replication=r), build(free, name))
            each[name] = without.stages.sum() + without.running - with_cost.stages.sum() - with_cost.running
        spent.append(each["all"] - each["today"])
    assert mean(whole.levers["nudge"].cost) == pytest.approx(np.mean(spent), rel=1e-9)
    assert mean(whole.levers["care"].cost) == 0.0


def test_the_ledger_by_stage_is_profit(club: Scenario) -> None:
    from sojourn.sim.measures import measure

    for name in ("today", "all"):
        network = build(club, name)
        lived = simulate(network, seed=5)
        found = booked(lived, network)
        profit = measure(lived, network)["profit"].value
        assert found.stages.sum() + found.running == pytest.approx(profit, rel=1e-12)
        asked = found.stages[network.stages.index("buy")]
        assert asked[2] < 0.0  # contacts cost 4 each
        assert found.stages[network.stages.index("use")][1] < 0.0  # days cost .02 each
        assert found.stages[network.stages.index("lapsed")].tolist() == [0.0, 0.0, 0.0]


def test_levers_pulled_alike_do_not_differ(club: Scenario) -> None:
    assert differing(club, "today", "copy") == ()
    assert differing(club, "today", "all") == ("nudge", "staff", "poster", "care")
    found = decompose(club, "today", "copy", LUCK)
    assert found.total == (0.0, 0.0, 0.0)
    assert found.levers == {}


def test_coalitions_are_strategies_between_the_two(club: Scenario) -> None:
    version = Scenario.model_validate(between(club, "today", "all", ("nudge", "care"), range(4)))
    assert version.strategies["levers-0"] == {
        "nudge": club.strategies["today"]["nudge"],
        "staff": club.strategies["today"]["staff"],
    }
    assert version.strategies["levers-2"]["care"] == club.strategies["all"]["care"]
    assert version.strategies["levers-3"]["nudge"] == club.strategies["all"]["nudge"]
    assert "poster" not in version.strategies["levers-3"]


def test_prices_are_struck_out_in_every_segment(club: Scenario) -> None:
    free = Scenario.model_validate(unpriced(club.document(), ["nudge"]))
    for name in ("plain", "gold"):
        assert not any(free.for_segment(name).levers["nudge"].cost.model_dump().values())
        assert free.for_segment(name).levers["poster"].cost.per_day == 7.0


def test_the_number_of_workers_changes_nothing(club: Scenario, whole: Decomposition) -> None:
    assert decompose(club, "today", "all", LUCK, Help(workers=1)) == whole


def test_more_than_seven_levers_are_sampled() -> None:
    """Eight levers, of which two do the same to one exit; parts add up exactly, and the error of sampling orders is stated."""
    extra = "\n".join(
        f'[levers.l{k}]\ncost = {{ per_day = {k}.0 }}\neffects = [{{ exit = "visit -> buy", log_odds = 0.1 }}]'
        for k in range(6)
    )
    pulled = ", ".join(f"l{k} = 1.0" for k in range(6))
    text = CLUB.replace("[strategies]", f"{extra}\n[strategies]\nmany = {{ nudge = 1.0, care = 1.0, {pulled} }}")
    found = decompose(loads(text), "today", "many", Luck(replications=1, seed=3))
    assert not found.exact
    assert 8 < found.coalitions < 256
    assert sum(mean(one.total) for one in found.levers.values()) == pytest.approx(mean(found.total), rel=1e-9)
    assert max(one.sampling for one in found.levers.values()) > 0.0
    assert mean(found.levers["l0"].cost) == 0.0
    assert mean(found.levers["l5"].cost) == pytest.approx(5 * 120 * 1.1 ** (-60 / 365), rel=1e-3)


def test_two_levers_that_multiply_share_their_product() -> None:
    """Both multiply what everybody spends, by 1.2 and 1.5: of 20 times 10 (1.8 - 1) the first gets 10 (.2 + 1.8 - 1.5) / 2 each,
    the second 10 (.5 + 1.8 - 1.2) / 2; there is no luck, and each lever's cost a day is its own.
    """
    text = """
format = 1
[scenario]
name = "product"
start = "a"
horizon_days = 50
[arrivals]
cohort = 20
[stages.a]
revenue = 10.0
dwell = { law = "deterministic", value = 1 }
exits = { c = 1.0 }
[stages.c]
end = true
[levers.one]
cost = { per_day = 1.0, per_customer = 0.5 }
effects = [{ spend = "a", rate_ratio = 1.2 }]
[levers.two]
cost = { per_day = 0.1 }
effects = [{ spend = "a", rate_ratio = 1.5 }]
[strategies]
today = {}
both = { one = 1.0, two = 1.0 }
"""
    found = decompose(loads(text), "today", "both", Luck(replications=2))
    one, two = found.levers["one"], found.levers["two"]
    assert one.outcome == pytest.approx((50.0, 50.0, 50.0), abs=1e-9)
    assert two.outcome == pytest.approx((110.0, 110.0, 110.0), abs=1e-9)
    assert (mean(one.cost), mean(two.cost)) == pytest.approx((60.0, 5.0), abs=1e-9)
    assert mean(found.total) == pytest.approx(160.0 - 65.0, abs=1e-9)
    assert mean(found.stages["a"].entries) == pytest.approx(160.0, abs=1e-9)

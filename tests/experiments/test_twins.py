"""Single customers under two strategies: who is shown, where lives part, and why."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sojourn.experiments.lives_apart import apart
from sojourn.experiments.twins import Twins, twins
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import load, loads
from sojourn.sim.network import build
from sojourn.sim.run import simulate

FIRST = Path(__file__).parents[1] / "scenarios" / "first.toml"
SHOP = """
format = 1
[scenario]
name = "shop"
start = "visit"
horizon_days = 100
[arrivals]
cohort = 400
[stages.visit]
dwell = { law = "exponential", mean = 5 }
exits = { buy = 0.4, lapsed = 0.6 }
[stages.buy]
role = "purchase"
dwell = { law = "deterministic", value = 2 }
exits = { use = 1.0 }
revenue = 50.0
[stages.use]
race.buy = { law = "weibull", mean = 30, shape = 1.2 }
race.churned = { law = "exponential", mean = 60 }
[stages.lapsed]
end = true
role = "lost"
[stages.churned]
end = true
role = "lost"
[levers.nudge]
effects = [{ exit = "visit -> buy", log_odds = 0.4 }]
[levers.care]
cost = { per_customer = 0.25 }
effects = [{ exit = "use -> churned", hazard_ratio = 0.6 }]
[levers.reach]
effects = [{ arrivals = true, rate_ratio = 1.1 }]
[strategies]
today = {}
push = { nudge = 1.0 }
both = { nudge = 1.0, care = 1.0 }
grow = { reach = 1.0 }
"""


@pytest.fixture(scope="module")
def shop() -> Any:
    return loads(SHOP)


@pytest.fixture(scope="module")
def pushed(shop: Any) -> Twins:
    return twins(shop, ["today", "push"], replications=2, show=8)


def test_groups_are_a_partition_and_their_money_is_the_difference(shop: Any, pushed: Twins) -> None:
    assert sum(group.customers for group in pushed.groups.values()) == 400
    networks = [build(shop, name) for name in ("today", "push")]
    lived = [simulate(network) for network in networks]
    bought = [float(one.events.revenue.sum()) for one in lived]
    assert sum(group.margin for group in pushed.groups.values()) == pytest.approx(bought[1] - bought[0], abs=1e-9)
    assert pushed.groups["same"].margin == 0.0
    assert pushed.groups["more"].margin > 0.0
    assert pushed.groups["only_baseline"].customers == 0


def test_shares_lie_within_what_every_coupling_allows(pushed: Twins) -> None:
    """Who buys is all that differs: with shared draws nobody loses, and as many gain as must whatever the coupling."""
    more, less = pushed.coupled["more"], pushed.coupled["less"]
    assert less.share == 0.0
    assert less.low == 0.0
    assert less.high > 0.3
    assert more.share == (pushed.groups["more"].customers) / 400
    assert 0.0 < more.low <= more.share < more.high


def test_a_nudge_moves_customers_one_way_only(pushed: Twins) -> None:
    """A higher chance of one of two exits takes it for whoever took it before: nobody loses, and the draw lies in between."""
    assert pushed.groups["less"].customers == 0
    moved = [one for one in pushed.shown if one.parting is not None]
    assert moved
    chance = 1 / (1 + np.exp(-(np.log(0.4 / 0.6) + 0.4)))
    for one in moved:
        way = one.parting
        assert way is not None
        assert way.stage == "visit"
        assert way.first.stage == "lapsed"
        assert way.second.stage == "buy"
        assert way.levers == ("nudge",)
        assert 0.4 < way.draws["buy"] < chance
        assert way.reasons == (
            "nudge acts on visit -> buy (log_odds 0.4 at full level): level 0 under today, 1 under push",
        )


def test_the_interesting_ones_are_shown(pushed: Twins) -> None:
    kinds = [one.kind for one in pushed.shown]
    assert kinds[0] == "most gained"
    assert "unchanged" in kinds
    assert "typical" in kinds
    gains = [one.gain for one in pushed.shown if one.kind == "most gained"]
    assert gains == sorted(gains, reverse=True)
    assert len({one.customer for one in pushed.shown}) == 8
    for one in pushed.shown:
        if one.kind == "unchanged":
            assert one.first == one.second
            assert one.parting is None


def test_which_lever_does_it(shop: Any) -> None:
    """Under both levers, lives part by the nudge at the visit, or by care in use; each alone does its own."""
    found = twins(shop, ["today", "both"], replications=2, show=40)
    seen = set()
    for one in found.shown:
        if one.parting is not None:
            seen.add((one.parting.stage, one.parting.levers))
    assert seen == {("visit", ("nudge",)), ("use", ("care",))}
    way = next(one.parting for one in found.shown if one.parting is not None and one.parting.stage == "use")
    assert set(way.draws) == {"buy", "churned"}
    assert all(0.0 < draw < 1.0 for draw in way.draws.values())


def test_a_race_draw_is_the_share_that_would_leave_sooner(shop: Any) -> None:
    found = twins(shop, ["today", "both"], replications=1, show=40)
    for one in found.shown:
        way = one.parting
        if way is not None and way.stage == "use" and way.first.stage == "churned" and way.first.day is not None:
            assert way.draws["churned"] == pytest.approx(1.0 - np.exp(-(way.first.day - way.entered) / 60.0), abs=1e-6)
            break
    else:
        raise AssertionError("nobody churns where care would have kept them")


def test_customers_of_one_strategy_only(shop: Any) -> None:
    found = twins(shop, ["today", "grow"], replications=1)
    assert found.groups["same"].customers == 400
    assert found.groups["only_strategy"].customers > 0
    lone = next(one for one in found.shown if one.kind == "only one")
    assert lone.first is None
    assert lone.second is not None
    assert lone.gain == lone.second.margin


def test_one_customer_by_id(shop: Any, pushed: Twins) -> None:
    wanted = pushed.shown[0].customer
    found = twins(shop, ["today", "push"], replications=2, customer=wanted)
    assert [one.customer for one in found.shown] == [wanted]
    assert found.shown[0].kind == "asked for"
    assert found.shown[0].first == pushed.shown[0].first
    with pytest.raises(
        Faults, match="no such customer comes under either strategy in this replication; ids of arrivals"
    ):
        twins(shop, ["today", "push"], replications=1, customer=4000)


def test_the_same_strategy_twice_over(shop: Any) -> None:
    network = build(shop, "push")
    lived = simulate(network)
    assert (apart(lived, lived).row == -1).all()


def test_where_lives_part_row_by_row(shop: Any) -> None:
    """Against a plain comparison of the two logs."""
    lived = [simulate(build(shop, name), replication=1) for name in ("today", "both")]
    found = apart(*lived)
    assert found.customer.size == 400
    for k in range(400):
        rows = [range(one.first[k], one.first[k + 1]) for one in lived]
        each = [
            [(int(one.events.stage[r]), float(one.events.time[r])) for r in own]
            for one, own in zip(lived, rows, strict=True)
        ]
        expected = -1
        if each[0] != each[1]:
            expected = next((i for i, (x, y) in enumerate(zip(*each, strict=False)) if x != y), min(map(len, each)))
        assert found.row[k] == expected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strategies": ["today"]}, "two different strategies are laid side by side; name two of: today, push"),
        ({"strategies": ["today", "today"]}, "two different strategies"),
        ({"strategies": ["today", "pusj"]}, 'no strategy named "pusj"; did you mean "push"?'),
        ({"show": 0}, "0 customers cannot be shown"),
        ({"replication": -1}, "there is no replication -1"),
        ({"replications": 0}, "no replication, no result"),
    ],
)
def test_mistakes(shop: Any, options: Any, said: str) -> None:
    with pytest.raises(Faults) as caught:
        twins(shop, **options)
    assert said in str(caught.value)


def test_the_document_is_json(pushed: Twins) -> None:
    document = json.loads(json.dumps(pushed.document(), allow_nan=False))
    assert list(document) == [
        "scenario", "baseline", "strategy", "sentence", "replication", "groups", "coupled", "decomposition", "twins",
    ]  # fmt: skip
    assert document["sentence"].startswith("push beats today by USD ")
    assert document["sentence"].endswith("and costs nothing.")


@pytest.mark.parametrize(
    ("strategy", "kinds"),
    [
        ("service_first", ("queue at support: ", "satisfaction: ", "service_quality acts on ")),
        (
            "perks_for_premium",
            ("queue at support: ", "is invited by customer ", "loyalty_perks acts on loyalty -> churned"),
        ),
    ],
)
def test_reasons_are_what_differs_in_the_last_stay_that_both_share(strategy: str, kinds: tuple[str, ...]) -> None:
    found = twins(load(FIRST), ["today", strategy], replications=1, show=80)
    seen: set[str] = set()
    for one in found.shown:
        way = one.parting
        if way is None:
            continue
        assert one.first is not None
        assert one.second is not None
        assert way.reasons
        seen.update(kind for kind in kinds for reason in way.reasons if reason.startswith(kind))
        if way.at_once:
            assert one.first.stays[0].entered != one.second.stays[0].entered
            continue
        shared = [
            k for k, (a, b) in enumerate(zip(one.first.stays, one.second.stays, strict=False)) if a.stage == b.stage
        ]
        last = next(k for k in reversed(shared) if one.first.stays[k].entered == way.entered)
        a, b = one.first.stays[last], one.second.stays[last]
        assert a.stage == b.stage == way.stage
        assert a.entered == b.entered
        queue = [reason for reason in way.reasons if reason.startswith("queue")]
        assert bool(queue) == (a.contact != "" and b.contact != "" and (a.contact, a.waited) != (b.contact, b.waited))
        for reason in way.reasons:
            if reason.startswith("satisfaction"):
                assert f"{a.satisfaction:.1f} under today, {b.satisfaction:.1f} under {strategy}" in reason
            if reason.startswith("loyalty_perks"):
                assert one.segment == "premium"
    assert seen == set(kinds)


def test_a_journey_without_money_has_lives_all_the_same() -> None:
    text = SHOP.replace("revenue = 50.0\n", "").replace("cost = { per_customer = 0.25 }\n", "")
    found = twins(loads(text), ["today", "both"], replications=2)
    assert found.sentence.startswith("profit is not measured, for the scenario states no money")
    assert found.groups["same"].customers < 400
    assert found.groups["even"].customers == 400 - found.groups["same"].customers
    assert {"typical", "unchanged"} == {one.kind for one in found.shown}

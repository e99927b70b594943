"""Which numbers may move, on which scale, and how the others follow."""

import math

import pytest

from sojourn.calibration.free import changes, free_numbers, moved, numbers, tidy
from sojourn.calibration.scales import scale_of
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import load, loads
from sojourn.scenarios.overrides import place_of

from .chains import CHAIN, CONVERSION, MOOD, PRODUCT

RANGED = """
[levers.push]
[[levers.push.effects]]
exit = "visit -> buy"
log_odds = { central = 0.2, low = 0.1, high = 0.4 }
[[levers.push.effects]]
spend = "buy"
rate_ratio = { central = 1.2, low = 1.1, high = 1.4 }
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("stages.cart.exits.checkout", "log-odds"),
        ("stages.consideration.exits.purchase.probability", "log-odds"),
        ("segments.regulars.share", "log-odds"),
        ("stages.post_purchase.desk.probability", "log-odds"),
        ("arrivals.click_through", "log-odds"),
        ("satisfaction.effects[0].hazard_ratio", "logarithm"),
        ("levers.push.effects[1].rate_ratio.central", "logarithm"),
        ("stages.purchase.dwell.mean", "logarithm"),
        ("stages.purchase.dwell.shape", "logarithm"),
        ("stages.purchase.revenue.mean", "logarithm"),
        ("arrivals.rate_per_day", "logarithm"),
        ("levers.push.effects[0].log_odds.central", "plain"),
        ("desks.care.effects[0].log_odds_per_failure", "plain"),
        ("satisfaction.start.mean", "plain"),
        ("stages.post_purchase.touchpoint.performance", "plain"),
        ("satisfaction.nps.mean", "plain"),
    ],
)
def test_the_scale_follows_from_the_kind(path: str, kind: str) -> None:
    place = place_of(path)
    assert place is not None
    scale = scale_of(place)
    assert scale.kind == kind
    for value in (0.2, 0.9):
        assert scale.outer(scale.inner(value)) == pytest.approx(value)
        low, high = scale.around(value)
        assert low < value < high
        assert scale.least <= low
        assert high <= scale.most


def test_what_is_tuned_is_free_by_default() -> None:
    found = free_numbers(load("point-of-no-return"))
    assert [one.path for one in found] == [f"satisfaction.effects[{i}].hazard_ratio" for i in range(5)]
    assert found[0].about == "post_purchase -> purchase"
    assert found[0].low == pytest.approx(1.03 / 4)
    assert found[0].high == pytest.approx(1.03 * 4)


def test_the_table_of_the_file_comes_before_what_is_tuned() -> None:
    text = CHAIN + CONVERSION + '\n[free]\n"stages.cart.exits.checkout" = [0.3, 0.6]\n'
    (one,) = free_numbers(loads(text))
    assert (one.path, one.low, one.high) == ("stages.cart.exits.checkout", 0.3, 0.6)
    (one,) = free_numbers(loads(text), {PRODUCT: None})
    assert one.path == PRODUCT


def test_exits_mean_their_probabilities_and_the_last_one_follows() -> None:
    scenario = load("point-of-no-return")
    found = free_numbers(
        scenario, {"stages.consideration.exits": None, "stages.awareness.exits.consideration": (0.1, 0.9)}
    )
    assert [one.path for one in found] == [
        "stages.consideration.exits.purchase.probability",
        "stages.awareness.exits.consideration",
    ]
    assert (found[1].low, found[1].high) == (0.1, 0.9)


def test_shares_that_move_leave_the_others_in_proportion() -> None:
    scenario = load("point-of-no-return")
    free = free_numbers(scenario, {"segments.regulars.share": None})
    told = changes(scenario.document(), free, [0.1])
    assert math.fsum(told.values()) == pytest.approx(1.0, abs=1e-12)
    assert told["segments", "bargain_hunters", "share"] == pytest.approx(0.5)
    assert moved(scenario, told).segments["enthusiasts"].share == pytest.approx(0.4)


WORDS = """
[traits]
plan = { free = 0.5, basic = 0.3, pro = 0.2 }
size = { law = "gamma", mean = 3, shape = 2 }
device = { in_stage = { site = { phone = 0.6, desktop = 0.4 } } }
"""


def test_shares_of_words_leave_the_others_in_proportion_and_laws_have_none() -> None:
    scenario = loads(CHAIN + CONVERSION + WORDS)
    free = free_numbers(
        scenario, {"traits.plan.pro": None, "traits.device.in_stage.site.phone": None, "traits.size.mean": None}
    )
    told = changes(scenario.document(), free, [0.6, 0.1, 7.0])
    changed = moved(scenario, told).document()["traits"]
    assert changed["plan"] == pytest.approx({"free": 0.25, "basic": 0.15, "pro": 0.6})
    assert changed["device"]["in_stage"]["site"] == pytest.approx({"phone": 0.1, "desktop": 0.9})
    assert changed["size"] == {"law": "gamma", "mean": 7.0, "shape": 2}


def test_several_free_shares_never_take_all() -> None:
    scenario = loads(CHAIN + CONVERSION)
    free = free_numbers(scenario, {PRODUCT: None, "stages.product.exits.leave": None})
    told = changes(scenario.document(), free, [0.8, 0.7])
    assert math.fsum(told.values()) == pytest.approx(1.0, abs=1e-12)
    assert told["stages", "product", "exits", "later"] == pytest.approx(1e-4)
    moved(scenario, told)
    assert changes(scenario.document(), free, [0.25, 0.5])["stages", "product", "exits", "later"] == 0.25


def test_shares_that_an_override_states_in_part_keep_their_sum() -> None:
    """A segment that states two of three exits takes the third from the file, and its own must still add up to 1."""
    part = """
[segments.some]
share = 0.5
[segments.others]
share = 0.5
[segments.some.override]
"stages.product.exits.cart" = 0.4
"stages.product.exits.leave" = 0.32
"""
    scenario = loads(CHAIN + CONVERSION + part)
    free = free_numbers(scenario, {PRODUCT: None})
    after = moved(scenario, changes(scenario.document(), free, [0.2])).stages["product"].exits
    assert after == {"cart": 0.2, "leave": 0.52, "later": 0.28}
    with pytest.raises(Faults, match="no other share can follow it"):
        free_numbers(scenario, {"stages.product.exits.later": None})


OWN = """
[segments.some]
share = 0.5
[segments.others]
share = 0.5
[segments.some.override]
"stages.product.exits" = { cart = 0.4, leave = 0.32, later = 0.28 }
"stages.cart.dwell.mean" = 0.7
[variants.better.override]
"stages.product.exits.cart" = 0.36
"stages.product.exits.leave" = 0.36
stages.cart.dwell.mean = 0.4
"""


def test_numbers_of_overrides_move_by_the_scale_of_what_they_mean_and_keep_their_own_sum() -> None:
    scenario = loads(CHAIN + CONVERSION + OWN)
    own, dwell = "segments.some.override.stages.product.exits.cart", "segments.some.override.stages.cart.dwell.mean"
    better = "variants.better.override.stages.product.exits.leave"
    free = free_numbers(
        scenario, {own: None, dwell: (0.1, 2.0), better: None, "variants.better.override.stages.cart": None}
    )
    assert [one.path for one in free] == [own, dwell, better, "variants.better.override.stages.cart.dwell.mean"]
    assert [one.scale.kind for one in free] == ["log-odds", "logarithm", "log-odds", "logarithm"]
    after = moved(scenario, changes(scenario.document(), free, [0.2, 0.9, 0.3, 0.5])).document()
    exits = after["segments"]["some"]["override"]["stages.product.exits"]
    assert exits["cart"] == 0.2
    assert sum(exits.values()) == pytest.approx(1.0, abs=1e-12)
    assert exits["leave"] / exits["later"] == pytest.approx(0.32 / 0.28, rel=1e-5)
    # The variant states two of three exits: these keep their sum, and the third stays with the file.
    told = after["variants"]["better"]["override"]
    assert told["stages.product.exits.leave"] == 0.3
    assert told["stages.product.exits.cart"] == pytest.approx(0.42)
    assert told["stages"]["cart"]["dwell"]["mean"] == 0.5
    assert after["stages"] == scenario.document()["stages"]


def test_a_table_of_free_numbers_may_name_those_of_overrides() -> None:
    table = """
[free]
"segments.some.override.stages.product.exits.cart" = [0.1, 0.6]
"""
    (one,) = free_numbers(loads(CHAIN + CONVERSION + OWN + table))
    assert (one.low, one.high, one.value) == (0.1, 0.6, 0.4)
    with pytest.raises(Faults, match="names nothing in this file"):
        loads(CHAIN + CONVERSION + OWN + table.replace("cart", "card"))


def test_an_interval_moves_along_with_its_number() -> None:
    scenario = loads(MOOD + RANGED)
    plain, ratio = "levers.push.effects[0].log_odds.central", "levers.push.effects[1].rate_ratio.central"
    free = free_numbers(scenario, {"levers": None})
    assert [one.path for one in free] == [plain, ratio]
    after = moved(scenario, changes(scenario.document(), free, [0.5, 2.4])).levers["push"].effects
    assert after[0].range.model_dump() == pytest.approx({"central": 0.5, "low": 0.4, "high": 0.7})
    assert after[1].range.model_dump() == pytest.approx({"central": 2.4, "low": 2.2, "high": 2.8})


def test_numbers_that_cannot_move_are_passed_over_in_a_table_and_refused_by_name() -> None:
    scenario = load("point-of-no-return")
    found = [one.path for one in free_numbers(scenario, {"desks.care": None})]
    assert "desks.care.agents" not in found
    assert "desks.care.handle.mean" in found
    segments = [one.path for one in free_numbers(scenario, {"segments": None})]
    assert {"segments.regulars.share", "segments.enthusiasts.spend_ratio"} < set(segments)
    assert "segments.enthusiasts.share" not in segments  # the others leave it what is left
    assert "segments.bargain_hunters.override.stages.consideration.exits.purchase.probability" in segments
    for path in (
        "desks.care.agents",
        "levers.empowered_service.effects[0].agents",
        "strategies",
        "market.invitee_cap",
        "market.size",
    ):
        with pytest.raises(Faults):
            free_numbers(scenario, {path: None})


def test_every_number_of_the_library_has_a_scale_that_holds_it() -> None:
    for name in ("point-of-no-return", "relationship"):
        scenario = load(name)
        for path in ("stages", "segments", "satisfaction", "desks", "levers", "frailty", "arrivals"):
            if not any(place[0] == path for place, _ in numbers(scenario.document())):
                continue
            found = free_numbers(scenario, {path: None})
            assert all(one.low <= one.value <= one.high for one in found)
            moved(scenario, changes(scenario.document(), found, [tidy(one, one.value) for one in found]))


def test_written_numbers_have_few_digits_and_keep_the_bounds() -> None:
    (one,) = free_numbers(loads(CHAIN + CONVERSION), {PRODUCT: (0.1, 0.333333333)})
    assert tidy(one, 0.204264870) == 0.2043
    assert tidy(one, 0.4) == 0.3333
    assert one.low <= tidy(one, 0.05) <= one.high

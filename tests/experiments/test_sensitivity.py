"""Sensitivity of differences whose dependence on numbers follows from a closed form."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from sojourn.experiments.breakeven import BreakEven
from sojourn.experiments.decomposition import Luck
from sojourn.experiments.numbers import Number, chosen, complements, in_doubt, moved
from sojourn.experiments.probe import at, part_of
from sojourn.experiments.sensitivity import sensitivity
from sojourn.experiments.sensitivity_found import Sensitivity
from sojourn.experiments.sensitivity_words import condition, pays
from sojourn.scenarios.companion import Companion
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import loads
from sojourn.sim.estimates import Estimate
from sojourn.sim.exact import value
from sojourn.sim.lives import Lives
from sojourn.sim.measures import measure
from sojourn.sim.network import build
from sojourn.sim.run import simulate

# Nothing couples customers and nothing has a memory, so that `sim.exact` knows what a customer brings.
SHOP = """
format = 1
[scenario]
name = "shop"
start = "visit"
horizon_days = 3000
[arrivals]
cohort = 2000
[stages.visit]
dwell = { law = "exponential", mean = 2 }
exits = { member = 0.2, lapsed = 0.8 }
[stages.member]
role = "purchase"
revenue = 10.0
race.renewed = { law = "exponential", mean = 30 }
race.churned = { law = "exponential", mean = 60 }
[stages.renewed]
role = "purchase"
revenue = 10.0
dwell = { law = "exponential", mean = 1 }
exits = { member = 1.0 }
[stages.lapsed]
end = true
role = "lost"
[stages.churned]
end = true
role = "lost"
[levers.nudge]
cost = { per_customer = 2.0 }
[[levers.nudge.effects]]
exit = "visit -> member"
log_odds = { central = 0.3, low = 0.1, high = 0.6 }
[levers.care]
cost = { per_customer = 1.5 }
[[levers.care.effects]]
exit = "member -> churned"
hazard_ratio = { central = 0.85, low = 0.65, high = 1.0 }
[levers.idle]
effects = [{ exit = "member -> churned", hazard_ratio = { central = 0.9, low = 0.8, high = 1.0 } }]
[strategies]
today = {}
push = { nudge = 1.0 }
keep = { care = 1.0 }
both = { nudge = 1.0, care = 1.0 }
"""


@pytest.fixture(scope="module")
def shop() -> Any:
    return loads(SHOP)


@pytest.fixture(scope="module")
def pushed(shop: Any) -> Sensitivity:
    return sensitivity(shop, ["today", "push"], seed=2)


def worth(scenario: Any, strategy: str) -> float:
    """What a customer brings, by theory; the horizon is long enough for all of it but a part in 10^12."""
    return float(value(build(scenario, strategy)).clv[0, list(scenario.stages).index("visit")])


def zero_of(scenario: Any, strategy: str, place: Any, low: float, high: float) -> float:
    """Where theory's difference to today is zero, by bisection."""

    def gain(x: float) -> float:
        version = at(scenario, {place: x})
        return worth(version, strategy) - worth(version, "today")

    below = gain(low)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if gain(middle) * below > 0 else (low, middle)
    return (low + high) / 2


def test_break_even_on_log_odds_is_that_of_theory(shop: Any, pushed: Sensitivity) -> None:
    (number,), (swing,) = pushed.numbers, pushed.swings
    exact = zero_of(shop, "push", number.place, 0.1, 1.5)
    # By hand: a member brings V = 10 + 2/3 (10 + V) = 50, and the nudge costs 2, so that 2 / 50 more must join.
    p = 0.2 + 2.0 / 50.0
    assert exact == pytest.approx(math.log(p / (1 - p)) - math.log(0.25), abs=1e-6)
    even = swing.break_even
    assert even.value is not None
    assert even.low is not None
    assert even.high is not None
    assert even.low < exact < even.high
    error = (even.high - even.low) / 2 / 1.73
    assert abs(even.value - exact) < 3.3 * error
    assert abs(even.value - exact) < 0.03
    assert even.rising is True


def test_break_even_on_a_hazard_ratio_is_that_of_theory(shop: Any) -> None:
    found = sensitivity(shop, ["today", "keep"], seed=2)
    (number,), (swing,) = found.numbers, found.swings
    exact = zero_of(shop, "keep", number.place, 0.3, 1.0)
    even = swing.break_even
    assert even.value is not None
    assert even.low is not None
    assert even.high is not None
    assert even.low < exact < even.high
    assert abs(even.value - exact) < 3.3 * (even.high - even.low) / 2 / 1.73
    assert abs(even.value - exact) < 0.03
    assert even.rising is False
    told = pays(found, number, swing)
    assert told.startswith("keep pays only if care cuts member -> churned by at least ")
    assert "(hazard ratio below 0." in told


def test_swings_are_those_of_theory(shop: Any, pushed: Sensitivity) -> None:
    """Both ends lie within 3.3 standard errors of theory (.1 % false alarm each; the seed is fixed)."""
    (number,), (swing,) = pushed.numbers, pushed.swings
    for end, figure in ((number.low, swing.at_low), (number.high, swing.at_high)):
        version = at(shop, {number.place: end})
        exact = 2000 * (worth(version, "push") - worth(version, "today"))
        assert figure.mean is not None
        assert figure.low is not None
        assert figure.high is not None
        assert abs(figure.mean - exact) < 3.3 * (figure.high - figure.low) / 2 / 1.73
    assert swing.change_low.high is not None
    assert swing.change_low.high < 0.0
    assert swing.change_high.low is not None
    assert swing.change_high.low > 0.0


def test_numbers_that_nobody_can_notice_are_left_out(pushed: Sensitivity) -> None:
    assert [one.label for one in pushed.numbers] == ["the effect of nudge on visit -> member"]
    assert pushed.left_out == 2


def test_the_sentence_says_what_must_be_true(pushed: Sensitivity) -> None:
    assert (
        "push pays only if nudge raises the odds of visit -> member by at least 26 % (log odds above 0.23"
        in pushed.sentence
    )


@pytest.mark.parametrize(
    ("scale", "value", "above", "said"),
    [
        ("hazard_ratio", 0.89, False, "perks cuts use -> churned by at least 11 % (hazard ratio below HERE)"),
        ("hazard_ratio", 0.89, True, "perks cuts use -> churned by no more than 11 % (hazard ratio above HERE)"),
        ("hazard_ratio", 1.2, True, "perks raises use -> churned by at least 20 % (hazard ratio above HERE)"),
        ("hazard_ratio", 1.0, False, "the effect is below HERE (hazard ratio)"),
        ("log_odds", -0.304, False, "perks cuts the odds of use -> churned by at least 26 % (log odds below HERE)"),
        ("log_odds", 0.0, True, "the effect is above HERE (log odds)"),
        ("points", 4.5, True, "perks raises use -> churned by at least 4.5 points (points above HERE)"),
        ("points", -2.0, True, "perks lowers use -> churned by no more than 2 points (points above HERE)"),
        ("agents", 1.2, True, "the effect is above HERE (agents)"),
    ],
)
def test_conditions_in_words(scale: str, value: float, above: bool, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sojourn.experiments.sensitivity_words.acts_on", lambda *_: ("perks", "use -> churned"))
    number = Number(("levers", "perks", "effects", 0, scale), "the effect", 0.5, 0.1, 0.9, "declared")
    assert condition(cast(Any, SimpleNamespace(scenario=None)), number, value, "HERE", above=above) == said


def test_sobol_indices_of_two_levers_are_those_of_theory(shop: Any) -> None:
    """Indices of the exact difference over the same laws of the numbers, by 256 x 256 midpoints, against 64 simulated points."""
    found = sensitivity(shop, ["today", "both"], method="sobol", replications=3, customers=4000)
    first, second = found.numbers
    shifts, ratios = (np.array([one.quantile((k + 0.5) / 256) for k in range(256)]) for one in (first, second))
    p = 1 / (1 + np.exp(-(math.log(0.25) + shifts)))
    stay = (1 / 30) / (1 / 30 + ratios / 60)
    member = 10.0 * (1.0 + stay) / (1.0 - stay)
    table = p[:, None] * member[None, :]  # the rest of the difference is the same everywhere
    variance = table.var()
    main = np.array([table.mean(axis=1).var(), table.mean(axis=0).var()]) / variance
    total = 1.0 - main[::-1]
    for k, share in enumerate(found.shares):
        for index, exact in ((share.first, main[k]), (share.total, total[k])):
            assert index.mean == pytest.approx(exact, abs=0.12)
            assert index.low is not None
            assert index.high is not None
            assert index.low - 0.05 < exact < index.high + 0.05
    assert found.spread == pytest.approx(4000 * math.sqrt(variance), rel=0.15)


def test_morris_screens_what_works_together(shop: Any) -> None:
    found = sensitivity(shop, ["today", "both"], method="morris", replications=3)
    strengths = [one.strength.mean for one in found.effects]
    assert min(s for s in strengths if s is not None) > 0.0
    assert found.effects[0].mean > 0.0
    assert found.effects[1].mean < 0.0
    assert found.noise is not None


def test_any_number_by_path(shop: Any) -> None:
    found = sensitivity(
        shop, ["today", "push"], numbers=["stages.member.revenue", "stages.*.exits.member"], replications=4
    )
    assert [one.label for one in found.numbers] == ["stages.visit.exits.member", "stages.member.revenue"]
    assert [one.low for one in found.numbers] == pytest.approx([0.16, 8.0])
    assert [one.high for one in found.numbers] == pytest.approx([0.24, 12.0])
    assert {one.origin for one in found.numbers} == {"shifted"}


def test_calibrated_numbers_come_from_the_companion(shop: Any) -> None:
    renewed, effect = ("stages", "member", "race", "renewed", "mean"), ("levers", "nudge", "effects", 0, "log_odds")
    draws = tuple(30.0 + 0.1 * k for k in range(-50, 51))
    companion = Companion(
        {renewed: 30.0, effect: 0.3}, {renewed: draws, effect: tuple(0.3 + 0.001 * k for k in range(-50, 51))}
    )
    member, nudge, *_ = in_doubt(shop, companion)
    assert (member.place, member.origin, member.central) == (renewed, "calibrated", 30.0)
    assert (member.low, member.high) == pytest.approx((25.5, 34.5))
    assert member.quantile(0.25) == pytest.approx(27.5)
    assert (nudge.place, nudge.origin) == (effect, "calibrated")
    assert (nudge.low, nudge.high) == pytest.approx((0.255, 0.345))
    assert at(shop, {nudge.place: 0.31}).levers["nudge"].effects[0].range.central == 0.31
    found = sensitivity(shop, ["today", "push"], companion=companion, customers=200, replications=2)
    assert [one.origin for one in found.numbers] == ["calibrated", "calibrated"]
    assert "left_out" in found.document()


def test_what_a_declared_number_is_drawn_from(shop: Any) -> None:
    nudge, care, _ = in_doubt(shop)
    for one in (nudge, care):
        assert [one.quantile(u) for u in (0.05, 0.5, 0.95)] == pytest.approx([one.low, one.central, one.high])
        assert [one.at(u) for u in (0.0, 1.0)] == pytest.approx([one.low, one.high])
    assert care.at(0.5) == pytest.approx(math.sqrt(care.low * care.high))


def test_shares_keep_adding_up(shop: Any) -> None:
    changed = moved(shop.document(), {("stages", "visit", "exits", "member"): 0.24})
    assert changed["stages"]["visit"]["exits"]["lapsed"] == pytest.approx(0.76)
    assert shop.document()["stages"]["visit"]["exits"]["lapsed"] == 0.8
    two = SHOP.replace(
        "[stages.visit]",
        "[segments.a]\nshare = 0.5\n[segments.b]\nshare = 0.3\n[segments.c]\nshare = 0.2\n[stages.visit]",
    )
    words = shop.document() | {"traits": {"plan": {"free": 0.5, "basic": 0.3, "pro": 0.2}}}
    shares = moved(words, {("traits", "plan", "pro"): 0.6})["traits"]["plan"]
    assert shares == pytest.approx({"free": 0.25, "basic": 0.15, "pro": 0.6})
    changed = moved(loads(two).document(), {("segments", "a", "share"): 0.6})
    assert [one["share"] for one in changed["segments"].values()] == pytest.approx([0.6, 0.24, 0.16])


def test_shares_of_one_table_are_moved_together(shop: Any) -> None:
    member, lapsed = ("stages", "visit", "exits", "member"), ("stages", "visit", "exits", "lapsed")
    three = SHOP.replace("member = 0.2, lapsed = 0.8", "member = 0.2, lapsed = 0.6, churned = 0.2")
    exits = moved(loads(three).document(), {member: 0.3, lapsed: 0.5})["stages"]["visit"]["exits"]
    assert list(exits.values()) == pytest.approx([0.3, 0.5, 0.2])
    exits = moved(loads(three).document(), {member: 0.3})["stages"]["visit"]["exits"]
    assert list(exits.values()) == pytest.approx([0.3, 0.525, 0.175])
    exits = moved(shop.document(), {member: 0.3, lapsed: 0.9})["stages"]["visit"]["exits"]
    assert list(exits.values()) == pytest.approx([0.25, 0.75])
    found = sensitivity(
        shop,
        ["today", "push"],
        method="morris",
        numbers=["stages.visit.exits"],
        points=2,
        customers=200,
        replications=2,
    )
    assert [one.place for one in found.numbers] == [member]
    assert found.absorbing == ("stages.visit.exits.lapsed",)
    assert found.left_out == 0
    alone = sensitivity(shop, ["today", "push"], numbers=["stages.visit.exits"], customers=200, replications=2)
    assert [one.place for one in alone.numbers] == [member, lapsed]


def test_declared_numbers_have_places_that_lead_to_them(shop: Any) -> None:
    for number in in_doubt(shop):
        document: Any = shop.document()
        for step in number.place:
            document = document[step]
        assert document == {"central": number.central, "low": number.low, "high": number.high}
        assert at(shop, {number.place: number.low}) != shop


def test_one_measure_is_the_same_as_among_all(shop: Any) -> None:
    network = build(shop, "push")
    lived = simulate(network, customers=300)
    every = measure(lived, network)
    for name, part in every.items():
        found = part_of(Lives(lived, network), name)
        assert found == part or (math.isnan(found.value) and math.isnan(part.value)), name
    with pytest.raises(KeyError):
        part_of(Lives(lived, network), "nothing")


def test_workers_change_nothing(shop: Any) -> None:
    how: dict[str, Any] = {"replications": 2, "customers": 200, "seed": 5}
    one = sensitivity(shop, ["today", "both"], workers=1, **how)
    assert one.luck == Luck(200, 2, 5)
    assert json.dumps(one.document()) == json.dumps(sensitivity(shop, ["today", "both"], workers=3, **how).document())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"measure": "profits"}, 'no measure named "profits"; did you mean "profit"?'),
        ({"method": "tornados"}, 'no method named "tornados"; did you mean "tornado"?'),
        ({"method": "sobol", "points": 50}, "50 does not suit sobol; give a power of 2"),
        ({"replications": 0}, "no replication, no result"),
        (
            {"numbers": ["stages.membr.revenue"]},
            'no number that can be moved stands at "stages.membr.revenue"; did you mean',
        ),
        ({"numbers": ["levers.idle"]}, "no number has an interval that either strategy could notice"),
    ],
)
def test_mistakes(shop: Any, options: Any, said: str) -> None:
    with pytest.raises(Faults) as caught:
        sensitivity(shop, ["today", "push"], **options)
    assert said in str(caught.value)


def test_a_number_whose_ends_are_no_scenario_is_told(shop: Any) -> None:
    text = SHOP.replace("per_customer = 2.0", "per_customer = 9e11")
    with pytest.raises(Faults, match="per_customer"):
        sensitivity(loads(text), ["today", "push"], numbers=["levers.nudge.cost.per_customer"])
    assert chosen(shop, ["levers.nudge.cost"])[0].high == pytest.approx(2.4)


def test_the_document_is_json(pushed: Sensitivity) -> None:
    document = json.loads(json.dumps(pushed.document(), allow_nan=False))
    (number,) = document["numbers"]
    assert number["path"] == "levers.nudge.effects[0].log_odds"
    assert set(number["break_even"]) == {"value", "low", "high", "rising", "crossings", "sign", "reach"}
    assert document["method"] == "tornado"


def test_what_chance_hides_is_said(shop: Any) -> None:
    """Few customers: the band of the break-even reaches beyond the number's interval."""
    found = sensitivity(shop, ["today", "push"], customers=20, replications=3, seed=8)
    (number,), (swing,) = found.numbers, found.swings
    assert swing.break_even.value is not None
    assert number.low <= swing.break_even.value <= number.high
    assert pays(found, number, swing).startswith(
        "push pays where nudge raises the odds of visit -> member by at least "
    )
    assert pays(found, number, swing).endswith("though chance hides whether it turns within the interval at all")


def test_an_additive_difference_has_shares_in_closed_form() -> None:
    """Everybody spends 10 at a and 5 at b; levers multiply each: a difference of 10 (x - 1) + 5 (y - 1) a customer, without luck.

    x and y are lognormal, so that their variances are exp(2 m + s^2) (exp(s^2) - 1); 256 points, no noise.
    """
    text = """
format = 1
[scenario]
name = "sum"
start = "a"
horizon_days = 50
[arrivals]
cohort = 20
[stages.a]
revenue = 10.0
dwell = { law = "deterministic", value = 1 }
exits = { b = 1.0 }
[stages.b]
revenue = 5.0
dwell = { law = "deterministic", value = 1 }
exits = { c = 1.0 }
[stages.c]
end = true
[levers.one]
effects = [{ spend = "a", rate_ratio = { central = 1.1, low = 1.0, high = 1.21 } }]
[levers.two]
effects = [{ spend = "b", rate_ratio = { central = 1.2, low = 0.9, high = 1.6 } }]
[strategies]
today = {}
both = { one = 1.0, two = 1.0 }
"""
    found = sensitivity(loads(text), ["today", "both"], method="sobol", replications=2, points=256)
    variances = []
    for size, one in zip((10.0, 5.0), found.numbers, strict=True):
        m, s = math.log(one.central), math.log(one.high / one.low) / 2 / 1.6448536
        variances.append((20 * size) ** 2 * math.exp(2 * m + s * s) * (math.exp(s * s) - 1))
    expected = np.array(variances) / sum(variances)
    assert found.spread == pytest.approx(math.sqrt(sum(variances)), rel=0.03)
    assert found.noise == pytest.approx(0.0, abs=1e-9)
    for share, exact in zip(found.shares, expected, strict=True):
        assert share.first.mean == pytest.approx(exact, abs=0.02)
        assert share.total.mean == pytest.approx(exact, abs=0.02)


def test_what_is_no_more_than_chance_has_no_break_even_in_words(shop: Any) -> None:
    """A number that no strategy's conversion hangs on (days between renewals) in so few customers that all is luck."""
    found = sensitivity(
        shop, ["today", "keep"], measure="clv", numbers=["stages.visit.dwell.mean"], customers=60, replications=3
    )
    (number,), (swing,) = found.numbers, found.swings
    assert swing.still or not swing.telling
    assert "pays" not in pays(found, number, swing)


LEVEL, CHANGE = Estimate(5.0, -10.0, 20.0), Estimate(50.0, 40.0, 60.0)  # what may be luck, and what is not


@pytest.mark.parametrize(
    ("change", "even", "first", "told"),
    [
        (LEVEL, BreakEven(0.3, None, None, True, 1, 0), "It seems to hang most on", "cannot be told"),
        (LEVEL, BreakEven(None, None, None, None, 0, 0), "It seems to hang most on", "not beyond chance throughout"),
        (CHANGE, BreakEven(0.7, 0.55, 0.9, True, 1, 0), "It hangs most on", "chance hides whether push stays behind"),
        (CHANGE, BreakEven(0.05, 0.01, None, True, 1, 0), "It hangs most on", "chance hides whether push stays ahead"),
    ],
)
def test_what_cannot_be_told_is_not_told_as_a_no(
    pushed: Sensitivity, change: Estimate, even: BreakEven, first: str, told: str
) -> None:
    """The number's interval is 0.1 to 0.6: a break-even inside it that may be luck, none at all, and bands that reach into it."""
    swing = pushed.swings[0]._replace(change_low=change, change_high=change, break_even=even)
    found = replace(pushed, swings=(swing,), luck=Luck(2000, 2, 1))
    assert "no number turns it" not in found.sentence
    assert first in found.sentence
    assert found.sentence.endswith(
        "; whether a number turns it within its interval cannot be told from 2 replications: use more."
    )
    assert told in pays(found, found.numbers[0], swing)


@pytest.mark.parametrize("change", [LEVEL, CHANGE])
@pytest.mark.parametrize(
    "even",
    [
        BreakEven(None, None, None, None, 0, 1),
        BreakEven(0.05, None, 0.09, True, 1, 0),
        BreakEven(0.7, 0.61, None, False, 1, 0),
    ],
)
def test_a_band_beyond_the_interval_settles_it(pushed: Sensitivity, change: Estimate, even: BreakEven) -> None:
    swing = pushed.swings[0]._replace(change_low=change, change_high=change, break_even=even)
    found = replace(pushed, swings=(swing,))
    assert found.sentence.endswith(", but no number turns it anywhere in its interval.")
    assert pays(found, found.numbers[0], swing).startswith("push stays ahead ")


def test_no_break_even_is_settled_by_the_ends_of_the_interval(pushed: Sensitivity) -> None:
    """Nothing crosses zero as far as was looked; beyond the interval the difference may be luck, at its ends it is not."""
    none = BreakEven(None, None, None, None, 0, 0)
    swing = pushed.swings[0]._replace(break_even=none, at_low=CHANGE, at_high=CHANGE)
    found = replace(pushed, swings=(swing,))
    assert found.sentence.endswith(", but no number turns it anywhere in its interval.")
    for unknown in (swing._replace(at_low=LEVEL), swing._replace(at_high=LEVEL)):
        unsure = replace(pushed, swings=(unknown,))
        assert "cannot be told" in unsure.sentence


def test_two_shares_of_a_table_are_one_number(shop: Any) -> None:
    (pair,) = complements(shop, chosen(shop, ["stages.visit.exits"]))
    assert [one.place[-1] for one in pair] == ["member", "lapsed"]
    assert not complements(shop, chosen(shop, ["stages.visit.exits.member"]))
    three = SHOP.replace("member = 0.2, lapsed = 0.8", "member = 0.2, lapsed = 0.6, churned = 0.2")
    assert not complements(loads(three), chosen(loads(three), ["stages.visit.exits"]))

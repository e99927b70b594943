"""Targets by simulation: ratios of paired replications, when a target is met, missed or open, and what is said of it.

All seeds are fixed. Of the statistical tests each allows 5 standard errors: a false alarm in two millions, for any other seed.
"""

import math
from typing import Any

import numpy as np
import pytest

from sojourn.experiments.attained import Attained, Evaluation
from sojourn.experiments.targets import binomial, evaluate_targets, ratio
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import load, loads, overlay, varied
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.targets import Target
from sojourn.sim.estimates import Estimate
from sojourn.sim.estimating import Jackknife, Part, over_replications, student
from sojourn.sim.run import run

SHOP = """
format = 1
[scenario]
name = "shop"
start = "visit"
horizon_days = 50
[arrivals]
cohort = 400
[stages.visit]
dwell = { law = "exponential", mean = 1 }
exits = { buy = 0.3, leave = 0.7 }
[stages.buy]
role = "purchase"
end = true
revenue = 10
[stages.leave]
end = true
role = "lost"
[levers.push]
[[levers.push.effects]]
exit = "visit -> buy"
log_odds = 0.8472978603872037
[strategies]
today = {}
pushed = { push = 1.0 }
[variants.better.override]
"stages.visit.exits" = { buy = 0.6, leave = 0.4 }
[variants.worse.override]
"stages.visit.exits" = { buy = 0.2, leave = 0.8 }
"""


def target(**keys: Any) -> str:
    told = {
        "name": "t",
        "statement": "s",
        "origin": "o",
        "measure": "conversion",
        "value": 3.0,
        "tolerance": 0.05,
    } | keys
    lines = [f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in told.items()]
    return "\n".join(["\n[[targets]]", *lines, ""])


def shop(*targets: str) -> Scenario:
    return loads(SHOP + "".join(targets), "shop.toml")


THREEFOLD = target(name="threefold", variant="better", against="worse")


def attained(mean: float | None, half: float | None, value: float = 2.0, tolerance: float = 0.1) -> Attained:
    asked = Target(name="t", statement="s", origin="o", measure="m", value=value, tolerance=tolerance)
    ends = (None, None) if mean is None or half is None else (mean - half, mean + half)
    return Attained(asked, "today", Estimate(mean, *ends), None)


def test_a_ratio_of_two_variants() -> None:
    found = evaluate_targets(shop(THREEFOLD), replications=40, seed=5)
    (one,) = found.attained
    mean, low, high = one.estimate
    assert mean is not None
    assert low is not None
    assert high is not None
    error = (high - low) / 2 / student(0.9, 39)
    assert abs(mean - 3.0) < 5 * error
    assert one.met is True
    assert one.within == "tolerance"
    # The same customers in both: independent ones would spread by sqrt(.4 / (.6 n) + .8 / (.2 n)) 3, and here a little less.
    assert error < 3.0 * math.sqrt((0.4 / 0.6 + 0.8 / 0.2) / (40 * 400)) * 1.05


def test_the_interval_is_that_of_the_jackknife_over_pairs() -> None:
    scenario = shop(THREEFOLD)
    (one,) = evaluate_targets(scenario, replications=6, seed=3).attained
    sides = [
        run(varied(scenario, name), "today", replications=6, seed=3).outcomes["today"] for name in ("better", "worse")
    ]
    above, below = (np.array([part["conversion"].value for part in side.parts]) for side in sides)
    whole = above.sum() / below.sum()
    left = np.array([(above.sum() - a) / (below.sum() - b) for a, b in zip(above, below, strict=True)])
    half = student(0.9, 5) * math.sqrt(5 / 6 * ((left - left.mean()) ** 2).sum())
    assert one.estimate == pytest.approx((whole, whole - half, whole + half))


def test_pairs_are_far_more_precise_than_two_runs_where_variants_are_alike() -> None:
    """Half the error that the ratio of two conversions, .33 and .3, would have with customers who are not the same."""
    text = SHOP.replace("buy = 0.6, leave = 0.4", "buy = 0.33, leave = 0.67")
    text = text.replace("buy = 0.2, leave = 0.8", "buy = 0.3, leave = 0.7")
    (one,) = evaluate_targets(loads(text + THREEFOLD), replications=40, seed=2).attained
    assert one.error is not None
    independent = 1.1 * math.sqrt((0.67 / 0.33 + 0.7 / 0.3) / (40 * 400)) * student(0.9, 39) / 3.0
    assert one.error < independent / 2


def test_the_file_itself_a_variant_and_a_strategy() -> None:
    scenario = shop(
        target(name="file", value=0.3),
        target(name="variant", value=0.6, variant="better"),
        target(name="strategy", value=0.5, strategy="pushed"),
        target(name="money", measure="revenue", value=1200, tolerance=0.1),
    )
    found = {one.target.name: one for one in evaluate_targets(scenario, replications=30, seed=4).attained}
    assert {name: one.strategy for name, one in found.items()} == {
        "file": "today",
        "variant": "today",
        "strategy": "pushed",
        "money": "today",
    }
    result = run(scenario, replications=30, seed=4)
    asked = {"file": ("today", "conversion"), "strategy": ("pushed", "conversion"), "money": ("today", "revenue")}
    for name, (strategy, measure) in asked.items():
        assert found[name].estimate == result.outcomes[strategy].measures[measure]
    # log-odds of .8473 take .3 to exactly .5; 12,000 customers, so that five standard errors are .023 at most.
    for one, share in ((found["file"], 0.3), (found["variant"], 0.6), (found["strategy"], 0.5)):
        assert one.estimate.mean == pytest.approx(share, abs=5 * math.sqrt(0.25 / 12_000))
    assert all(one.met for one in found.values())


def test_more_customers_on_request() -> None:
    found = evaluate_targets(shop(target(measure="revenue", value=120, tolerance=0.2)), customers=40, replications=40)
    assert found.customers == 40
    assert found.attained[0].estimate.mean == pytest.approx(120, rel=0.15)


@pytest.mark.parametrize(
    ("mean", "half", "met", "within"),
    [
        (2.0, 0.1, True, "tolerance"),
        (2.19, 0.1, True, "tolerance"),
        (1.79, 0.1, True, "simulation error"),
        (2.29, 0.1, True, "simulation error"),
        (2.31, 0.1, False, None),
        (1.5, 0.1, False, None),
        (2.0, 0.3, None, "tolerance"),  # chance is larger than the tolerance: it may be a hit by luck
        (2.4, 0.3, None, "simulation error"),
        (3.0, 0.3, False, None),  # and yet far enough off to be missed
        (2.0, None, None, "tolerance"),
        (9.0, None, None, None),
        (None, None, None, None),
    ],
)
def test_met_missed_and_open(mean: float | None, half: float | None, met: bool | None, within: str | None) -> None:
    one = attained(mean, half)
    assert one.met is met
    assert one.within == within


def test_the_misfit_is_a_share_of_the_value_whatever_its_sign() -> None:
    assert attained(2.1, 0.1).misfit == pytest.approx((0.05, 0.0, 0.1))
    assert attained(-2.1, 0.1, value=-2.0).misfit == pytest.approx((-0.05, -0.1, 0.0))
    assert attained(None, None).misfit == (None, None, None)


def test_what_is_said() -> None:
    def said(*found: Attained) -> str:
        return Evaluation(shop(), tuple(found), 1, 20, None).sentence

    hit, near, miss, dim = attained(2.02, 0.1), attained(2.25, 0.1), attained(3.0, 0.1), attained(2.0, 0.5)
    assert said(hit) == "The target is met: t is off by +1.0 % [-4.0, +6.0], within 10 %."
    assert said(hit, near).startswith("Both targets are met: t is off by +1.0 %")
    assert said(near).endswith("and within 10 % only with the simulation error.")
    assert said(miss, miss, miss).startswith(
        "All 3 targets are missed: t is off by +50.0 % [+45.0, +55.0], beyond 10 %"
    )
    assert said(dim) == "The target is open: t is off by +0.0 % [-25.0, +25.0], with more chance in it than 10 %."
    mixed = said(dim, miss, hit)
    assert mixed.startswith("1 of 3 targets is met: t is off by +1.0 %")
    assert "; 1 of 3 targets is missed: " in mixed
    assert "; 1 of 3 targets is open: " in mixed
    assert said(attained(None, None)) == "The target is open: t is undefined."
    assert said(attained(9.0, None)) == "The target is open: t is off by +350.0 % without an interval."
    assert said().startswith("shop states no targets")


def test_a_scenario_without_targets_runs_nothing() -> None:
    found = evaluate_targets(shop())
    assert found.attained == ()
    assert found.document()["targets"] == []


def test_unknown_measures_are_told_before_anything_runs() -> None:
    scenario = shop(target(measure="conversoin"), target(name="u", measure="nps", variant="better"))
    with pytest.raises(Faults) as told:
        evaluate_targets(scenario, replications=10**9)
    first, second = told.value.faults
    assert (first.file, first.path) == ("shop", "targets[0].measure")
    assert first.remedy.endswith('did you mean "conversion"?')
    assert second.path == "targets[1].measure"
    assert "in variant better" in second.message


def test_a_single_replication() -> None:
    """Groups of customers stand for replications where nothing couples customers, else there is no interval."""
    (one,) = evaluate_targets(shop(THREEFOLD), replications=1, customers=20_000, seed=2).attained
    mean, low, high = one.estimate
    assert mean is not None
    assert low is not None
    assert high is not None
    error = (high - low) / 2 / student(0.9, 39)
    assert abs(mean - 3.0) < 5 * error
    assert 0 < error < 3.0 * math.sqrt((0.4 / 0.6 + 0.8 / 0.2) / 20_000) * 1.5
    coupled = SHOP.replace("[stages.buy]", "[market]\nsize = 1000\n[stages.buy]")
    (one,) = evaluate_targets(loads(coupled + THREEFOLD), replications=1).attained
    assert one.estimate.low is None
    assert one.met is None


def test_replications_without_a_figure_are_left_out_on_both_sides() -> None:
    """`time_to.buy` is undefined in a replication in which nobody buys; one buyer in fifty, 40 customers a replication."""
    text = SHOP.replace("buy = 0.2, leave = 0.8", "buy = 0.02, leave = 0.98") + target(
        measure="time_to.buy", variant="better", against="worse", value=1.0, tolerance=0.5
    )
    scenario = loads(text)
    (one,) = evaluate_targets(scenario, customers=40, replications=20, seed=1).attained
    sides = [
        run(varied(scenario, name), "today", customers=40, replications=20, seed=1).outcomes["today"].parts
        for name in ("better", "worse")
    ]
    times = np.array([[part["time_to.buy"].value for part in side] for side in sides])
    both = np.isfinite(times).all(axis=0)
    assert 0 < both.sum() < 20
    assert one.estimate.mean == pytest.approx(times[0, both].mean() / times[1, both].mean())


def test_a_ratio_to_nothing_is_undefined() -> None:
    zero = over_replications([Part("total", 0.0), Part("total", 0.0)])
    one = over_replications([Part("total", 1.0), Part("total", 2.0)])
    assert ratio(one, zero).interval() == (None, None, None)
    assert ratio(one, Jackknife(2.0, np.empty(0))).interval() == (0.75, None, None)


def test_exact_figures_stand_beside() -> None:
    asked: list[tuple[float, str, str]] = []

    def exact(scenario: Scenario, strategy: str, measure: str) -> float | None:
        share = scenario.stages["visit"].exits["buy"]
        assert isinstance(share, float)
        asked.append((share, strategy, measure))
        return share if measure == "conversion" else None

    scenario = shop(THREEFOLD, target(name="file", value=0.3), target(name="unknown", measure="revenue", value=1200))
    found = evaluate_targets(scenario, replications=2, exact=exact).attained
    assert [one.exact for one in found] == [pytest.approx(3.0), 0.3, None]
    assert asked == [
        (0.6, "today", "conversion"),
        (0.2, "today", "conversion"),
        (0.3, "today", "conversion"),
        (0.3, "today", "revenue"),
    ]
    assert evaluate_targets(scenario, replications=2, exact=None).attained[0].exact is None
    # Left out, theory says what it can: the shares of the file themselves.
    assert [one.exact for one in evaluate_targets(scenario, replications=2).attained] == [
        pytest.approx(3.0),
        pytest.approx(0.3),
        None,
    ]


def test_progress_covers_all_runs() -> None:
    news: list[tuple[int, int]] = []
    evaluate_targets(
        shop(THREEFOLD, target(name="file", value=0.3)),
        replications=3,
        workers=1,
        progress=lambda done, total: news.append((done, total)),
    )
    assert news == [(i, 9) for i in range(1, 10)]


def test_numbers_can_be_changed_and_the_targets_asked_again() -> None:
    """What a search for better numbers does: the same draws, so that the misfit moves with the numbers only."""
    scenario = shop(target(name="file", value=0.4))
    misfits = []
    for share in (0.3, 0.35, 0.4):
        exits = {"buy": share, "leave": 1 - share}
        changed = overlay(scenario.document(), {"stages.visit.exits": exits})
        misfits.append(evaluate_targets(changed, replications=10).attained[0].misfit.mean)
    assert misfits[0] is not None
    assert misfits[1] is not None
    assert misfits[2] is not None
    assert -0.3 < misfits[0] < misfits[1] < misfits[2] < 0.05


def test_the_document_tells_all() -> None:
    (told,) = evaluate_targets(shop(THREEFOLD), replications=4).document()["targets"]
    assert told["name"] == "threefold"
    assert set(told) >= {
        "statement",
        "origin",
        "measure",
        "variant",
        "against",
        "strategy",
        "value",
        "tolerance",
        "tuned",
    }
    assert set(told["estimate"]) == {"mean", "low", "high"}
    assert told["strategy"] == "today"
    assert told["exact"] == pytest.approx(3.0)


def test_the_point_of_no_return_meets_the_acsi_statement() -> None:
    """Simulated with 0.9 million customers: about .3 % of simulation error for revenue, .8 % for loyalty (90 %).

    The long-run misfits are -.6 and +.9 % (of 9.4 million customers), so that the 2 % are five and two standard errors away:
    the seed is fixed, and one in forty others would have loyalty outside of 2 % by itself, though not beyond its interval.
    """
    scenario = load("point-of-no-return")
    assert {one.name: (one.value, one.tolerance) for one in scenario.targets} == {
        "acsi_revenue": (1.10, 0.02),
        "acsi_loyalty": (1.20, 0.02),
    }
    found = evaluate_targets(scenario, replications=40, seed=20261)
    for one in found.attained:
        assert one.met is True
        assert one.within == "tolerance"
        assert one.error is not None
        assert one.error < {"acsi_revenue": 0.005, "acsi_loyalty": 0.01}[one.target.name]
    assert found.sentence.startswith("Both targets are met")


def test_the_two_companies_are_at_acsi_80_and_above_and_below_70() -> None:
    """Interval and all; and they differ in nothing else."""
    scenario = load("point-of-no-return")
    lived = {
        name: run(varied(scenario, name), "today", replications=8, seed=7).outcomes["today"]
        for name in scenario.variants
    }
    low, high = lived["delighted"].measures["satisfaction"].low, lived["disappointed"].measures["satisfaction"].high
    assert low is not None
    assert low >= 80
    assert high is not None
    assert high < 70
    one, other = (dict(variant.override) for variant in scenario.variants.values())
    differing = {key for key in one if one[key] != other.get(key)}
    assert one.keys() == other.keys()
    assert differing == {"stages.post_purchase.touchpoint.performance"}


@pytest.mark.parametrize("replications", [1, 2])
def test_that_nobody_buys_in_a_few_lives_is_no_certainty(replications: int) -> None:
    """Of ten customers none buys: the chance may be up to 1 - .05^(1/10), so a target of 2 % is open and one of 90 % missed."""
    rare = SHOP.replace("buy = 0.3, leave = 0.7", "buy = 0.0001, leave = 0.9999")
    scenario = loads(rare + target(name="few", value=0.02) + target(name="most", value=0.9))
    few, most = evaluate_targets(scenario, customers=10 // replications, replications=replications, seed=3).attained
    assert few.estimate.mean == 0.0
    assert few.estimate.low == 0.0
    assert few.estimate.high == pytest.approx(1.0 - 0.05**0.1)
    assert few.met is None
    assert few.blurred
    assert most.met is False


def test_an_exact_interval_of_a_share() -> None:
    """Clopper and Pearson: each end leaves 5 % beyond it."""
    from scipy.stats import binom

    low, high = binomial(3, 12)
    assert binom.sf(2, 12, low) == pytest.approx(0.05)
    assert binom.cdf(3, 12, high) == pytest.approx(0.05)
    assert binomial(12, 12)[0] == pytest.approx(0.05 ** (1 / 12))
    assert binomial(12, 12)[1] == 1.0


@pytest.mark.parametrize("value", [1.2, -0.1])
def test_a_share_above_one_is_no_target(value: float) -> None:
    with pytest.raises(Faults, match="conversion is a share, from 0 to 1, and never"):
        evaluate_targets(shop(target(value=value)), replications=2)
    assert evaluate_targets(shop(target(measure="revenue", value=1.2)), replications=2).attained

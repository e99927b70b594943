import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.sim.estimates import Estimate
from sojourn.sim.estimating import Jackknife, Part, bounded, difference, estimate, over_replications

FIGURES = np.array([3.1, 4.7, 2.2, 5.9, 4.4, 3.8])
OTHERS = np.array([2.9, 4.9, 1.7, 5.2, 4.6, 3.1])
SIZES = np.array([10.0, 14.0, 9.0, 16.0, 13.0, 12.0])


def of(kind: Any, values: Any, denominators: Any = None) -> Any:
    below = np.ones(len(values)) if denominators is None else denominators
    return [Part(kind, float(v), float(d)) for v, d in zip(values, below, strict=True)]


@pytest.mark.parametrize("kind", ["total", "mean"])
def test_totals_and_means_use_student(kind: Any) -> None:
    found = over_replications(of(kind, FIGURES)).interval()
    low, high = stats.t.interval(0.9, 5, FIGURES.mean(), stats.sem(FIGURES))
    assert found == pytest.approx((FIGURES.mean(), low, high), rel=1e-12)


def test_ratios_are_sums_over_sums_with_a_jackknife() -> None:
    found = over_replications(of("ratio", FIGURES, SIZES))
    left_out = [np.delete(FIGURES, k).sum() / np.delete(SIZES, k).sum() for k in range(6)]
    error = math.sqrt(5 / 6 * sum((x - np.mean(left_out)) ** 2 for x in left_out))
    assert found.value == pytest.approx(FIGURES.sum() / SIZES.sum(), rel=1e-14)
    assert found.error == pytest.approx(error, rel=1e-10)
    half = stats.t.ppf(0.95, 5) * error
    assert found.interval() == pytest.approx((found.value, found.value - half, found.value + half), rel=1e-10)


def test_the_jackknife_of_a_ratio_is_close_to_the_delta_method() -> None:
    random = np.random.default_rng(1)
    below = random.poisson(100, 400).astype(float)
    above = random.binomial(below.astype(int), 0.3).astype(float)
    delta = np.std(above - above.sum() / below.sum() * below, ddof=1) / below.mean() / math.sqrt(400)
    assert over_replications(of("ratio", above, below)).error == pytest.approx(delta, rel=0.01)


def test_paired_differences_of_totals_are_those_of_each_replication() -> None:
    found = difference(of("total", OTHERS), of("total", FIGURES)).interval()
    gaps = FIGURES - OTHERS
    assert found == pytest.approx((gaps.mean(), *stats.t.interval(0.9, 5, gaps.mean(), stats.sem(gaps))), rel=1e-10)


def test_paired_differences_of_ratios_leave_out_both() -> None:
    found = difference(of("ratio", OTHERS, SIZES), of("ratio", FIGURES, SIZES + 1.0))
    left_out = [
        np.delete(FIGURES, k).sum() / np.delete(SIZES + 1.0, k).sum()
        - np.delete(OTHERS, k).sum() / np.delete(SIZES, k).sum()
        for k in range(6)
    ]
    assert found.left_out == pytest.approx(left_out, rel=1e-10)


@pytest.mark.parametrize("kind", ["total", "ratio", "mean"])
def test_equal_parts_differ_by_exactly_nothing(kind: Any) -> None:
    parts = of(kind, FIGURES / 7.0, SIZES / 3.0)
    assert difference(parts, list(parts)).interval() == (0.0, 0.0, 0.0)


def test_undefined_replications_are_left_out() -> None:
    holes = FIGURES.copy()
    holes[[1, 4]] = np.nan
    assert over_replications(of("mean", holes)).value == pytest.approx(FIGURES[[0, 2, 3, 5]].mean())
    pairs = difference(of("mean", OTHERS), of("mean", holes))
    assert pairs.value == pytest.approx((FIGURES - OTHERS)[[0, 2, 3, 5]].mean())
    assert pairs.left_out.size == 4


def test_what_cannot_be_had_is_none() -> None:
    told = estimate(
        [{"clv": Part("ratio", 0.0, 0.0), "conversion": Part("ratio", 1.0, 4.0), "time_to.buy": Part("mean", math.nan)}]
    )
    assert told == {"clv": (None, None, None), "conversion": (0.25, None, None), "time_to.buy": (None, None, None)}
    alone = [Part("ratio", 0.0, 0.0), Part("ratio", 3.0, 4.0)]  # without the second there is nothing left
    assert over_replications(alone).interval() == (0.75, None, None)
    assert estimate([]) == {}


def test_shares_stay_within_0_and_1() -> None:
    wide = Estimate(0.01, -0.02, 1.04)
    assert bounded("retention.90", wide) == (0.01, 0.0, 1.0)
    assert bounded("desk.support.abandoned", wide) == (0.01, 0.0, 1.0)
    assert bounded("profit.undiscounted", wide) == wide
    assert bounded("desk.support.wait", wide) == wide


def covers(found: Estimate, truth: float) -> bool:
    assert found.low is not None
    assert found.high is not None
    return found.low <= truth <= found.high


@pytest.mark.parametrize("kind", ["total", "ratio"])
def test_intervals_cover_as_often_as_they_say(kind: Any) -> None:
    """20 replications, 2,000 times: 90 % within 2.6 points (binomial, sd .67; false alarms about 1e-4)."""
    random = np.random.default_rng(5)
    below = random.poisson(200, (2000, 20)).astype(float)
    above = random.binomial(below.astype(int), 0.2).astype(float)
    truth = 0.2 if kind == "ratio" else 40.0
    found = [over_replications(of(kind, a, b)).interval() for a, b in zip(above, below, strict=True)]
    covered = np.mean([covers(one, truth) for one in found])
    assert covered == pytest.approx(0.9, abs=0.026)


def test_what_only_the_order_of_sums_parts_is_the_same() -> None:
    one = Jackknife(0.3, np.array([0.1 + 0.2, 0.3]))
    apart = Jackknife(0.1 + 0.2, np.array([0.3, 0.1 + 0.2])).minus(one)
    assert apart.value == 0.0
    assert apart.left_out.tolist() == [0.0, 0.0]
    assert one.minus(Jackknife(0.3 - 1e-9, np.array([0.2, 0.2]))).value == pytest.approx(1e-9)

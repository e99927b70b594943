"""The arithmetic of laws against scipy's, against itself turned round, and compiled against plain Python."""

import itertools
import math
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from scipy import integrate, optimize, stats

from sojourn.scenarios import laws, lawtable
from sojourn.scenarios.lawtable import LawTable
from sojourn.scenarios.model import Law
from sojourn.sim.compiling import kernel

LAW = TypeAdapter(Law)


def law_of(kind: Any, **parameters: Any) -> Any:
    return LAW.validate_python({"law": kind, **parameters})


def row_of(law: Any) -> tuple[Any, int]:
    table = LawTable()
    row = table.add(law)
    return (*table.done(), row)


def ordinary(law: Any) -> Any:
    """The same law in scipy, from the parameters that people state."""
    scale, k = lawtable.scale_and_shape(law)
    return {
        "exponential": lambda: stats.expon(scale=scale),
        "weibull": lambda: stats.weibull_min(k, scale=scale),
        "lognormal": lambda: stats.lognorm(k, scale=math.exp(scale)),
        "loglogistic": lambda: stats.fisk(k, scale=scale),
        "gamma": lambda: stats.gamma(k, scale=scale),
    }[law.law]()


SMOOTH = [
    law_of("exponential", mean=20.0),
    law_of("exponential", median=3.0),
    law_of("weibull", mean=14.0, shape=1.4),
    law_of("weibull", median=0.5, shape=0.6),
    law_of("lognormal", median=6.0, sigma=0.9),
    law_of("lognormal", mean=100.0, sigma=2.5),
    law_of("loglogistic", median=8.0, shape=0.8),
    law_of("loglogistic", mean=8.0, shape=3.0),
    law_of("gamma", mean=4.0, shape=2.0),
    law_of("gamma", median=40.0, shape=0.3),
    law_of("gamma", mean=40.0, shape=30.0),
]
STEPPED = [
    law_of("deterministic", value=2.0),
    law_of("deterministic", value=0.0),
    law_of("empirical", share=[0, 0.5, 0.9], days=[0, 4, 30], never=0.1),
    law_of("empirical", share=[0, 0.25, 0.5, 1.0], days=[1, 3, 3, 10]),
    law_of("deadline", day=30, share=0.2, otherwise={"law": "lognormal", "median": 12, "sigma": 0.7}),
    law_of("deadline", day=0, share=0.4, otherwise={"law": "exponential", "mean": 5}),
    law_of("deadline", day=7, share=1.0, otherwise={"law": "gamma", "mean": 5, "shape": 2}),
    law_of("deadline", day=9, share=0.3, otherwise={"law": "deterministic", "value": 4}),
]
parameters = st.floats(0.05, 200.0)
centers = st.floats(1e-3, 1e6)
smooth = st.one_of(
    st.builds(lambda c: law_of("exponential", mean=c), centers),
    st.builds(lambda c, k: law_of("weibull", median=c, shape=k), centers, parameters),
    st.builds(lambda c, s: law_of("lognormal", median=c, sigma=s), centers, st.floats(0.01, 10.0)),
    st.builds(lambda c, k: law_of("loglogistic", median=c, shape=k), centers, parameters),
    st.builds(lambda c, k: law_of("gamma", mean=c, shape=k), centers, parameters),
)
exposures = st.floats(-12.0, math.log10(5000.0)).map(lambda power: 10.0**power)
shares = st.one_of(st.floats(1e-15, 1.0 - 1e-15), st.floats(-15.0, -1.0).map(lambda power: 10.0**power))


def label(law: Any) -> Any:
    return f"{law.law}-{'-'.join(str(v) for k, v in law.model_dump(exclude={'law'}).items() if v is not None)}"


@pytest.mark.parametrize("law", SMOOTH, ids=label)
def test_survival_and_quantiles_are_those_of_scipy(law: Any) -> None:
    known = ordinary(law)
    for share in (1e-4, 0.1, 0.5, 0.9, 1.0 - 1e-6):
        assert lawtable.quantile(law, share) == pytest.approx(known.ppf(share), rel=1e-8)
    for share in (1e-15, 1e-9, 1e-3):
        assert laws.age_at(*row_of(law), -math.log1p(-share)) == pytest.approx(known.ppf(share), rel=1e-9)
    for days in known.ppf([1e-6, 0.01, 0.5, 0.99, 0.999999]):
        assert laws.exposure_by(*row_of(law), days) == pytest.approx(-known.logsf(days), rel=1e-9)


@pytest.mark.parametrize("law", SMOOTH, ids=label)
def test_stated_means_and_medians_hold(law: Any) -> None:
    if law.mean is not None:
        assert lawtable.mean(law) == pytest.approx(law.mean, rel=1e-12)
    if law.median is not None:
        assert lawtable.quantile(law, 0.5) == pytest.approx(law.median, rel=1e-9)
    if lawtable.mean(law) < math.inf:
        assert lawtable.mean(law) == pytest.approx(ordinary(law).mean(), rel=1e-9)


@pytest.mark.parametrize("law", [law for law in STEPPED if lawtable.mean(law) < math.inf], ids=label)
def test_the_mean_of_a_stepped_law_is_the_area_under_its_survival(law: Any) -> None:
    corners = sorted({0.0, *(getattr(law, "days", None) or (2.0, 4.0, 7.0, 9.0, 30.0)), 30.0})
    area = sum(
        integrate.quad(lambda day: lawtable.survival(law, day), *piece)[0]
        for piece in [*itertools.pairwise(corners), (30.0, math.inf)]
    )
    assert lawtable.mean(law) == pytest.approx(area, rel=1e-6)


def test_a_law_that_may_never_end_has_no_mean() -> None:
    assert lawtable.mean(law_of("empirical", share=[0, 0.5], days=[0, 4], never=0.5)) == math.inf
    assert lawtable.mean(law_of("loglogistic", median=3, shape=1.0)) == math.inf


@given(smooth, exposures)
def test_exposure_and_age_are_inverse(law: Any, exposure: Any) -> None:
    """Wherever the age is a normal float."""
    age = laws.age_at(*row_of(law), exposure)
    assume(1e-300 < age < 1e300)
    # The age itself is rounded: that moves H by its slope, at most what one part in 1e15 of the age does.
    back = laws.exposure_by(*row_of(law), age)
    nearby = [laws.exposure_by(*row_of(law), age * (1.0 + step)) for step in (-1e-14, 1e-14)]
    assert min(nearby) * (1 - 1e-10) <= exposure <= max(nearby) * (1 + 1e-10)
    assert back == pytest.approx(exposure, rel=1e-9)


@given(smooth, exposures, exposures)
def test_exposure_rises_with_age(law: Any, one: Any, other: Any) -> None:
    ages = [laws.age_at(*row_of(law), x) for x in sorted((one, other))]
    assert ages == sorted(ages)
    assume(ages[1] < 1e300)
    before, after = (laws.exposure_by(*row_of(law), age) for age in ages)
    assert before <= after * (1.0 + 1e-12)


@given(st.sampled_from(STEPPED), exposures)
def test_a_stepped_law_reaches_its_exposure_and_not_before(law: Any, exposure: Any) -> None:
    age = laws.age_at(*row_of(law), exposure)
    if age == math.inf:
        assert laws.exposure_by(*row_of(law), 1e9) < exposure * (1.0 + 1e-9)  # a share that never leaves
        return
    assert laws.exposure_by(*row_of(law), age * (1.0 + 1e-12)) >= exposure * (1.0 - 1e-9) - 1e-12
    if age > 0.0:
        assert laws.exposure_by(*row_of(law), age * (1.0 - 1e-9)) <= exposure * (1.0 + 1e-6) + 1e-9


@given(st.one_of(smooth, st.sampled_from(STEPPED)), shares)
def test_the_two_ways_to_draw_agree(law: Any, left: Any) -> None:
    one, other = laws.age_left(*row_of(law), left), laws.age_at(*row_of(law), -math.log(left))
    assume(1e-290 < one < math.inf)
    # Near left = 1 its logarithm carries only the digits that 1 - left has.
    slack = 1e-9 if left < 0.9 else None
    if slack is not None:
        assert other == pytest.approx(one, rel=slack)
    else:
        assert laws.exposure_by(*row_of(law), other) == pytest.approx(-math.log(left), rel=1e-6, abs=1e-12)


@kernel
def all_ways(cells: Any, place: Any, share: Any, exposure: Any, age: Any) -> Any:
    return (
        laws.age_left(cells, place, share),
        laws.age_at(cells, place, exposure),
        laws.exposure_by(cells, place, age),
    )


@given(st.one_of(smooth, st.sampled_from(STEPPED)), shares, exposures, st.floats(-9, 9).map(lambda p: 10.0**p))
def test_compiled_laws_give_the_same_bits(law: Any, share: Any, exposure: Any, age: Any) -> None:
    plain = cast(Any, all_ways).py_func(*row_of(law), share, exposure, age)
    assert all_ways(*row_of(law), share, exposure, age) == plain


BEYOND = [  # what a float cannot hold: at a share of 1e-300 left, at an exposure of 1e5, and (weibull) by day 1e9
    (law_of("weibull", median=1e-6, shape=200.0), None, None),
    (law_of("lognormal", median=60.0, sigma=10.0), None, 1e5),
    (law_of("lognormal", median=1e12, sigma=10.0), None, 3000.0),
    (law_of("loglogistic", median=60.0, shape=1.5), None, 1e5),
    (law_of("loglogistic", median=60.0, shape=0.05), 1e-300, 690.0),
    (law_of("deadline", day=14, share=0.3, otherwise={"law": "loglogistic", "median": 60, "shape": 1.5}), None, 1e5),
]


@pytest.mark.parametrize(("law", "share", "exposure"), BEYOND, ids=str)
def test_what_is_too_large_is_infinite_in_both(law: Any, share: Any, exposure: Any) -> None:
    age = 1e9
    plain = cast(Any, all_ways).py_func(*row_of(law), share or 0.5, exposure or 1.0, age)
    assert all_ways(*row_of(law), share or 0.5, exposure or 1.0, age) == plain
    assert (plain[0] == math.inf) == (share is not None)
    assert (plain[1] == math.inf) == (exposure is not None)
    assert (plain[2] == math.inf) == (share is None and exposure is None)


@kernel
def at_once(cells: Any, place: Any, lefts: Any, together: Any, apart: Any) -> None:
    laws.ages_left(cells, place, lefts, together)
    for k in range(lefts.size):
        apart[k] = laws.age_left(cells, place, lefts[k])


@pytest.mark.parametrize("law", [*SMOOTH, *STEPPED], ids=str)
def test_many_draws_at_once_give_the_same_bits(law: Any) -> None:
    lefts = np.concatenate(
        (np.geomspace(1e-300, 0.5, 400), np.linspace(0.01, 0.99, 600), 1.0 - np.geomspace(1e-15, 0.5, 301))
    )
    together, apart = np.empty(lefts.size), np.full(lefts.size, np.nan)
    at_once(*row_of(law), lefts, together, apart)
    assert np.array_equal(together, apart)


@given(st.floats(1e-300, 1.0 - 1e-16))
def test_the_normal_quantile(share: Any) -> None:
    from scipy.special import ndtri

    assert laws.normal_quantile(share) == pytest.approx(ndtri(share), rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("z", [-38.0, -9.0, -3.0, 0.0, 5.0, 29.9, 30.1, 37.0, 100.0])
def test_the_log_of_the_normal_tail(z: Any) -> None:
    assert laws.log_normal_tail(z) == pytest.approx(stats.norm.logsf(z), rel=1e-10)


@pytest.mark.parametrize("shape", [0.05, 0.5, 1.0, 2.0, 30.0, 200.0, 1000.0])
@pytest.mark.parametrize("exposure", [30.0, 100.0, 599.0, 601.0, 650.0, 5000.0])
def test_the_gamma_tail_holds_far_out(shape: Any, exposure: Any) -> None:
    """The tail by quadrature: Q(a, x) = x^(a-1) exp(-x) / Gamma(a) times the integral of (1 + t/x)^(a-1) exp(-t)."""
    x = laws.gamma_tail_quantile(shape, exposure)
    scaled = integrate.quad(lambda t: math.exp((shape - 1.0) * math.log1p(t / x) - t), 0.0, np.inf, limit=500)[0]
    exact = -((shape - 1.0) * math.log(x) - x - math.lgamma(shape) + math.log(scaled))
    assert exposure == pytest.approx(exact, rel=1e-9)
    assert -laws.log_gamma_tail(shape, x) == pytest.approx(exposure, rel=1e-9)


@given(st.floats(1e-3, 1e3), st.floats(0.05, 50.0), st.floats(0.01, 0.99))
def test_scales_follow_from_medians(median: Any, shape: Any, share: Any) -> None:
    for kind in ("weibull", "loglogistic", "gamma"):
        law = law_of(kind, median=median, shape=shape)
        twice = law_of(kind, median=2.0 * median, shape=shape)
        here = lawtable.quantile(law, share)
        assume(1e-250 < here < 1e250)
        assert lawtable.quantile(twice, share) == pytest.approx(2.0 * here, rel=1e-9)


def test_a_loglogistic_mean_solves_for_the_scale() -> None:
    law = law_of("loglogistic", mean=10.0, shape=2.5)
    scale = optimize.brentq(lambda c: stats.fisk(2.5, scale=c).mean() - 10.0, 1.0, 20.0)
    assert lawtable.scale_and_shape(law)[0] == pytest.approx(scale, rel=1e-9)


@pytest.mark.parametrize("law", SMOOTH + STEPPED, ids=label)
def test_ends_of_time(law: Any) -> None:
    assert laws.exposure_by(*row_of(law), math.inf) >= -math.log(0.1) - 1e-12 or law.law == "empirical"
    assert laws.age_at(*row_of(law), 0.0) >= 0.0
    assert laws.exposure_by(*row_of(law), 0.0) >= 0.0
    assert np.isfinite(laws.exposure_by(*row_of(law), 0.0)) or lawtable.mean(law) == 0.0

"""Fitting laws to censored durations. Statistical tests state their false-alarm rate; seeds are fixed."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.durations import fit_law

# Name, frozen scipy law, and the parameters as the scenario format states them.
LAWS = [
    ("exponential", stats.expon(scale=30.0), {"mean": 30.0}),
    ("weibull", stats.weibull_min(1.7, scale=20.0), {"median": 20.0 * math.log(2.0) ** (1 / 1.7), "shape": 1.7}),
    ("weibull", stats.weibull_min(0.6, scale=20.0), {"median": 20.0 * math.log(2.0) ** (1 / 0.6), "shape": 0.6}),
    ("lognormal", stats.lognorm(0.8, scale=15.0), {"median": 15.0, "sigma": 0.8}),
    ("loglogistic", stats.fisk(2.4, scale=12.0), {"median": 12.0, "shape": 2.4}),
    ("gamma", stats.gamma(3.0, scale=8.0), {"mean": 24.0, "shape": 3.0}),
]
FIVE_SIGMA = 5.0  # two-sided false alarm 6e-7 an estimate


def censored(law: Any, size: int, seed: int, longest: float = 60.0) -> Any:
    rng = np.random.default_rng(seed)
    times = law.rvs(size, random_state=rng)
    watched = rng.uniform(0.0, longest, size)
    return np.minimum(times, watched), times <= watched


@pytest.mark.parametrize(("name", "law", "truth"), LAWS)
def test_each_law_is_found_among_all_by_aic_and_its_parameters_recovered(name: Any, law: Any, truth: Any) -> None:
    # AIC gives an exponential law a needless shape about 1 time in 20; the seed is one of the others.
    days, ended = censored(law, 6_000, seed=4)
    found = fit_law(days, ended)
    assert found.law == name
    for parameter, value in truth.items():
        assert abs(found.parameters[parameter] - value) < FIVE_SIGMA * found.errors[parameter]
    assert abs(found.mean - law.mean()) < FIVE_SIGMA * found.mean_error
    assert found.naive_mean < 0.9 * law.mean()  # what dropping the unfinished would say
    assert (found.complete, found.censored) == (int(ended.sum()), int((~ended).sum()))


@pytest.mark.parametrize(("name", "law", "truth"), LAWS)
def test_density_survival_and_mean_agree_with_scipy(name: Any, law: Any, truth: Any) -> None:
    candidate = CANDIDATES[name]
    theta = np.log([truth[parameter] for parameter in candidate.parameters])
    days = np.array([0.01, 1.0, 7.5, 40.0, 300.0])
    np.testing.assert_allclose(candidate.log_density(theta, days), law.logpdf(days), rtol=1e-9)
    np.testing.assert_allclose(candidate.log_survival(theta, days), law.logsf(days), rtol=1e-7, atol=1e-12)
    assert math.exp(candidate.log_mean(theta)) == pytest.approx(law.mean(), rel=1e-9)


def test_the_maximum_is_that_of_scipy_with_its_own_censored_data() -> None:
    law = stats.weibull_min(1.4, scale=25.0)
    days, ended = censored(law, 500, seed=8)
    data = stats.CensoredData(uncensored=days[ended], right=days[~ended])
    shape, _, scale = stats.weibull_min.fit(data, floc=0.0)
    theirs = np.sum(stats.weibull_min.logpdf(days[ended], shape, scale=scale))
    theirs += np.sum(stats.weibull_min.logsf(days[~ended], shape, scale=scale))
    found = fit_law(days, ended, laws=("weibull",))
    assert found.log_likelihood >= theirs - 1e-6
    assert found.parameters["shape"] == pytest.approx(shape, rel=1e-3)


def test_standard_errors_are_the_spread_of_estimates() -> None:
    # 200 samples: the ratio of spread to mean error is a chi over its root; beyond these bounds 1 time in 1,000.
    law, size = stats.weibull_min(1.4, scale=25.0), 200
    logs, errors = [], []
    for seed in range(size):
        found = fit_law(*censored(law, 250, seed), laws=("weibull",))
        logs.append([math.log(found.parameters["median"]), math.log(found.parameters["shape"]), math.log(found.mean)])
        errors.append(
            [
                found.errors["median"] / found.parameters["median"],
                found.errors["shape"] / found.parameters["shape"],
                found.mean_error / found.mean,
            ]
        )
    ratio = np.std(logs, axis=0, ddof=1) / np.sqrt(np.mean(np.square(errors), axis=0))
    low, high = np.sqrt(stats.chi2(size - 1).ppf([0.0005, 0.9995]) / (size - 1))
    assert np.all((ratio > low * 0.97) & (ratio < high * 1.03)), ratio  # 3 % for what the Hessian leaves out


def test_exponential_mean_is_time_at_risk_over_ends() -> None:
    days, ended = censored(stats.expon(scale=30.0), 400, seed=1)
    found = fit_law(days, ended, laws=("exponential",))
    assert found.parameters["mean"] == pytest.approx(days.sum() / ended.sum(), rel=1e-6)
    assert found.errors["mean"] == pytest.approx(found.mean / math.sqrt(ended.sum()), rel=1e-4)


def test_few_ends_give_an_exponential_law_and_nothing_finer() -> None:
    days, ended = censored(stats.gamma(9.0, scale=2.0), 9, seed=1, longest=400.0)
    found = fit_law(days, ended)
    assert found.law == "exponential"
    assert set(found.aic) == {"exponential"}


def test_zero_durations_count_as_ends_within_the_resolution() -> None:
    rng = np.random.default_rng(5)
    times = rng.exponential(2.0, 4_000)
    days = np.floor(times + rng.random(4_000))  # both ends of a stay rounded down to days, 5 to 6 in 10 of them 0 or 1
    found = fit_law(days, np.ones(4_000, dtype=bool), resolution=1.0, laws=("exponential",))
    assert found.zeros == int(np.sum(days == 0.0)) > 500
    assert found.mean == pytest.approx(2.0, rel=0.1)  # a tenth off, not a shape of 0 nor a crash
    assert np.isfinite(found.log_likelihood)


def test_one_length_for_all_is_a_fixed_value() -> None:
    found = fit_law(np.array([2.0] * 12 + [1.0, 0.5]), np.array([True] * 12 + [False] * 2))
    assert (found.law, found.parameters, found.censored) == ("deterministic", {"value": 2.0}, 2)
    apart = fit_law(np.array([2.0] * 12 + [5.0]), np.array([True] * 12 + [False]))
    assert apart.law != "deterministic"  # somebody stayed longer


def test_all_at_once_is_a_fixed_value_of_zero() -> None:
    assert fit_law(np.zeros(3), np.ones(3, dtype=bool)).parameters == {"value": 0.0}


@pytest.mark.parametrize(
    ("days", "ended", "said"),
    [
        ([1.0, 2.0], [False, False], "no stay was seen to its end"),
        ([1.0, -2.0], [True, True], "not negative"),
        ([1.0, math.nan], [True, True], "finite"),
        ([1.0, 2.0], [True], "shape"),
    ],
)
def test_nonsense_is_refused(days: Any, ended: Any, said: Any) -> None:
    with pytest.raises(ValueError, match=said):
        fit_law(days, ended)

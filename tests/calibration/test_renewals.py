"""Contracts that are renewed or not: the published tables, and a cohort that lives by the model."""

import numpy as np
import pytest

from sojourn.calibration.renewals import Sbg, fit_renewals, fit_tenures
from sojourn.scenarios.faults import Faults

HIGH = [1000, 869, 743, 653, 593, 551, 517, 491], [468, 445, 427, 409, 394]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241], [223, 207, 194, 183, 173]


@pytest.mark.parametrize(
    ("counts", "alpha", "beta", "log_likelihood"),
    [(HIGH[0], "0.668", "3.806", "-1611.16"), (REGULAR[0], "0.704", "1.182", "-1680.27")],
)
def test_published_tables(counts: list[int], alpha: str, beta: str, log_likelihood: str) -> None:
    """Fader and Hardie (2007), fitted to the first seven renewals, to the printed digits."""
    found = fit_renewals(counts)
    assert (f"{found.model.alpha:.3f}", f"{found.model.beta:.3f}") == (alpha, beta)
    assert f"{found.log_likelihood:.2f}" == log_likelihood


@pytest.mark.parametrize(("seen", "later", "off"), [(*HIGH, 0.05), (*REGULAR, 0.02)])
def test_forecast_of_the_five_years_after(seen: list[int], later: list[int], off: float) -> None:
    """The forecast of years 8 to 12 lies within 5 % and 2 % of what came."""
    forecast = fit_renewals(seen).forecast(12)
    assert forecast[0] == 1000.0
    assert np.abs(forecast[8:] / np.array(later) - 1.0).max() < off


def test_retention_and_survival_are_one_thing() -> None:
    model = Sbg(0.668, 3.806)
    renewals = np.arange(1, 40)
    assert model.survival(renewals) == pytest.approx(np.cumprod(model.retention(renewals)), rel=1e-12)
    assert np.exp(model.log_leaving(renewals)) == pytest.approx(-np.diff(model.survival(np.arange(40))), rel=1e-9)
    assert np.all(np.diff(model.retention(renewals)) > 0.0)  # sorting: nobody here becomes more loyal


def test_errors_cover() -> None:
    """200 cohorts: 90 % intervals on the logs hold the truth in 163 to 195 of them (binomial, alarm rate 2e-4 a parameter)."""
    draws, inside = np.random.default_rng(3), np.zeros(2)
    for _ in range(200):
        theta = draws.beta(0.7, 1.2, 1000)
        lasted = draws.geometric(np.maximum(theta, 1e-9))
        found = fit_renewals([int(np.sum(lasted > t)) for t in range(8)])
        logs = np.log([found.model.alpha / 0.7, found.model.beta / 1.2])
        errors = np.array([found.errors["alpha"] / found.model.alpha, found.errors["beta"] / found.model.beta])
        inside += np.abs(logs) < 1.645 * errors
    assert np.all((inside >= 163) & (inside <= 195)), inside


def test_customers_who_began_at_different_times() -> None:
    """Those still there are censored: alpha and beta are found again, and counts of one cohort are a special case.

    The likelihood of the truth is a chi-square of 2 below the top at most: alarm rate 1e-4.
    """
    draws = np.random.default_rng(7)
    lasted = draws.geometric(draws.beta(0.7, 1.2, 20_000))
    seen = draws.integers(0, 9, 20_000)  # renewals that have come due for each
    left, there = lasted <= seen, lasted > seen
    found = fit_tenures(np.bincount(lasted[left])[1:], np.bincount(seen[there]))
    truth = Sbg(0.7, 1.2)
    likely = truth.log_leaving(lasted[left]).sum() + truth.log_survival(seen[there]).sum()
    assert 0.0 <= found.log_likelihood - likely < 9.3
    one, other = fit_renewals(HIGH[0]), fit_tenures(-np.diff(HIGH[0]), [0] * 7 + [491])
    assert one == other
    # Leaving the censored out would take the ready leavers for everybody.
    naive = fit_tenures(np.bincount(lasted[left])[1:], [0.0])
    assert naive.model.survival(5) < 0.5 * truth.survival(5)


@pytest.mark.parametrize("counts", [[100, 90], [100, 90, 95], [100, 100, 100], [100, 0, 0]])
def test_counts_that_tell_nothing(counts: list[int]) -> None:
    with pytest.raises(Faults):
        fit_renewals(counts)

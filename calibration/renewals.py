"""Shifted beta-geometric: customers under contract renew or leave at each renewal, each with a chance of their own.

Leaving is seen (Fader and Hardie 2007). A customer leaves at every renewal with the same probability; over customers it is beta
(alpha, beta). The retention rate of a cohort rises although nobody becomes more loyal: those who leave readily have left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln

from sojourn.calibration.edges import End, covariance_of, ends_of
from sojourn.calibration.newton import hessian, lowest
from sojourn.calibration.stays import Floats
from sojourn.scenarios.faults import fault

REACH = 12.0  # how far from 1 the log of a parameter may go
LEAST_STRENGTH = (
    0.01  # alpha + beta in a scenario file: below, customers leave at once or never, as far as data can tell
)
NAMES = ("alpha", "beta")


@dataclass(frozen=True)
class Sbg:
    """Parameters of the beta law of the chance to leave at a renewal; no unit."""

    alpha: float
    beta: float

    def retention(self, renewal: ArrayLike) -> Floats:
        """Share of those there who stay at the t-th renewal: r_t = (beta + t - 1) / (alpha + beta + t - 1), t = 1, 2, ..."""
        t = np.asarray(renewal, dtype=np.float64)
        return np.asarray((self.beta + t - 1.0) / (self.alpha + self.beta + t - 1.0))

    def survival(self, renewal: ArrayLike) -> Floats:
        """Share still there after t renewals: S(t) = B(alpha, beta + t) / B(alpha, beta), t = 0, 1, ..."""
        return np.exp(self.log_survival(renewal))

    def log_survival(self, renewal: ArrayLike) -> Floats:
        """Log of S(t)."""
        t = np.asarray(renewal, dtype=np.float64)
        return np.asarray(betaln(self.alpha, self.beta + t) - betaln(self.alpha, self.beta))

    def log_leaving(self, renewal: ArrayLike) -> Floats:
        """Log of the share of all who leave at the t-th renewal: B(alpha + 1, beta + t - 1) / B(alpha, beta)."""
        t = np.asarray(renewal, dtype=np.float64)
        return np.asarray(betaln(self.alpha + 1.0, self.beta + t - 1.0) - betaln(self.alpha, self.beta))


@dataclass(frozen=True)
class SbgFit:
    """A fit: the model, standard errors of alpha and beta (nan at an end, or where the data do not bound them), log-likelihood.

    `customers` is how many were fitted to; `ends` says which parameters are at an end of what is searched.
    """

    model: Sbg
    errors: dict[str, float]
    log_likelihood: float
    customers: float
    ends: dict[str, End] = field(default_factory=dict)

    def forecast(self, renewals: int) -> Floats:
        """Expected survivors after 0, 1, ..., `renewals` renewals of as many customers, shape (renewals + 1,)."""
        return self.customers * self.model.survival(np.arange(renewals + 1))


def fit_renewals(survivors: Sequence[float]) -> SbgFit:
    """Fit to how many of a cohort are still there after 0, 1, 2, ... renewals, by maximum likelihood.

    Raises:
        Faults: for fewer than three counts, counts that rise, and a cohort of which nobody or everybody left at once.
    """
    counts = np.asarray(survivors, dtype=np.float64)
    if counts.ndim != 1 or counts.size < 3 or not np.all(np.isfinite(counts)) or counts[-1] < 0.0:
        raise fault(
            "survivors", "", "are not three counts or more", "give those there at the start and after each renewal"
        )
    if np.any(np.diff(counts) > 0.0):
        k = int(np.argmax(np.diff(counts) > 0.0)) + 1
        raise fault(
            "survivors", f"[{k}]", "more are there than before", "follow one cohort, without newcomers", counts[k]
        )
    there = np.zeros(counts.size)
    there[-1] = counts[-1]
    return fit_tenures(-np.diff(counts), there)


def fit_tenures(left: ArrayLike, there: ArrayLike, *, even_if_none: bool = False) -> SbgFit:
    """Fit to customers who began at different times: those still there are censored, at the renewals that they have made.

    Args:
        left: how many left at the first, second, ... renewal.
        there: how many are still there after 0, 1, 2, ... renewals.
        even_if_none: where nobody happened to leave, or to renew, the least chance of it that is searched, and no fault.

    Raises:
        Faults: for counts that are negative or not finite, and where nobody left, or nobody renewed.
    """
    gone, still = np.asarray(left, dtype=np.float64), np.asarray(there, dtype=np.float64)
    for name, counts in (("left", gone), ("there", still)):
        if counts.ndim != 1 or not np.all(np.isfinite(counts)) or np.any(counts < 0.0):
            raise fault(
                name, "", "are no counts", "give one number of customers, 0 or more, for each renewal", counts.tolist()
            )
    nothing = gone.sum() <= 0.0 or gone[1:].sum() + still[1:].sum() <= 0.0
    if nothing and not even_if_none:
        raise fault("left", "", "nobody left, or nobody renewed", "give customers of whom some stay and some leave")
    at, after = np.arange(1.0, gone.size + 1.0), np.arange(0.0, still.size)

    def cost(theta: Floats) -> float:
        model = Sbg(*np.exp(theta).tolist())
        return -float(gone @ model.log_leaving(at) + still @ model.log_survival(after))

    limits = np.tile([-REACH, REACH], (2, 1))
    theta = lowest(cost, np.zeros(2), limits)
    ends = ends_of(NAMES, theta, limits)
    if float(np.exp(theta).sum()) < LEAST_STRENGTH:
        odds = lowest(lambda log: cost(_at_least(log)), theta[:1] - theta[1:], limits[:1])
        theta, ends = _at_least(odds), dict.fromkeys(NAMES, "lower")
    with np.errstate(all="ignore"):
        covariance = covariance_of(hessian(cost, theta), [name in ends for name in NAMES])
    values = np.exp(theta)
    errors = dict(zip(NAMES, (values * np.sqrt(np.diag(covariance))).tolist(), strict=True))
    return SbgFit(Sbg(*values.tolist()), errors, -cost(theta), float(gone.sum() + still.sum()), ends)


def _at_least(odds: Floats) -> Floats:
    """Logs of alpha and beta at the least strength, from the log odds of leaving, shape (1,)."""
    return np.asarray(np.log(LEAST_STRENGTH) - np.logaddexp(0.0, np.array([-odds[0], odds[0]])))

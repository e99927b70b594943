"""Regression on odds: which exit of a choice a stay takes, by its covariates; a multinomial logit with open stays.

A stay that ended tells its exit, p_k(x); one that is open after t days may yet take any: the sum of p_k(x) S_k(t), the laws of
the times held as they were fitted. Log-odds count against the first exit.
"""

import math
from typing import NamedTuple

import numpy as np

from sojourn.calibration.descent import lowest_by_gradient
from sojourn.calibration.stays import Floats, Integers

STEEPEST = 12.0


class Ways(NamedTuple):
    """Stays in a choice, in columns of one length."""

    taken: Integers  # place of the exit, -1 where the stay was open
    survival: (
        Floats  # chance that a stay by each exit lasts longer than this one did, shape (exits, stays); used where open
    )
    columns: Floats  # covariates, shape (stays, p)


class Odds(NamedTuple):
    """A fit.

    Attributes:
        base: log-odds of each exit but the first against the first, where all covariates are 0; shape (exits - 1,).
        slopes: shape (exits - 1, p).
        covariance: of (base, slopes by exit, log strength if there is one), from the observed information (of the penalised
            likelihood).
        log_likelihood: of the ways taken, without the penalty.
        own: place of the exit for which each customer has a chance of their own (`mixed_odds`), beta with mean as `probabilities`
            say it; None where nobody has.
        log_strength: the log of that law's a + b.
    """

    base: Floats
    slopes: Floats
    covariance: Floats
    log_likelihood: float
    own: int | None = None
    log_strength: float | None = None

    @property
    def probabilities(self) -> Floats:
        """Of each exit where all covariates are 0, shape (exits,)."""
        odds = np.append(0.0, self.base)
        result: Floats = np.exp(odds - np.logaddexp.reduce(odds))
        return result

    @property
    def errors(self) -> Floats:
        """Standard errors of the slopes, shape (exits - 1, p)."""
        first = self.base.size
        return np.sqrt(np.diag(self.covariance))[first : first + self.slopes.size].reshape(self.slopes.shape)


def log_likelihood(ways: Ways, base: Floats, slopes: Floats) -> float:
    """Of the ways taken."""
    return _parts(ways, base, slopes)[0]


def fit_odds(ways: Ways, *, penalty: Floats | None = None) -> Odds | None:
    """Base and slopes by (penalised) maximum likelihood; None where one runs off to a limit.

    Args:
        ways: the stays; every exit must have been taken.
        penalty: half of it times the square of each slope is taken off, shape (p,), the same for all exits.
    """
    exits, p = ways.survival.shape[0], ways.columns.shape[1]
    number = exits - 1
    units = np.sqrt(np.mean(ways.columns**2, axis=0))
    units = np.where(units > 0.0, units, 1.0)
    scaled = ways._replace(columns=ways.columns / units)
    weights = np.tile((np.zeros(p) if penalty is None else penalty) / units**2, (number, 1))
    counts = np.maximum(np.bincount(ways.taken[ways.taken >= 0], minlength=exits).astype(np.float64), 0.5)
    first = np.concatenate((np.log(counts[1:] / counts[0]), np.zeros(number * p)))
    box = np.tile((-STEEPEST, STEEPEST), (first.size, 1))

    def cost(at: Floats) -> float:
        slopes = at[number:].reshape(number, p)
        return min(0.5 * float(np.sum(weights * slopes**2)) - _parts(scaled, at[:number], slopes)[0], 1e250)

    def gradient(at: Floats) -> Floats:
        slopes = at[number:].reshape(number, p)
        excess = _parts(scaled, at[:number], slopes)[1]
        return np.concatenate((-excess.sum(axis=1), (weights * slopes - excess @ scaled.columns).ravel()))

    found = lowest_by_gradient(cost, gradient, first, box)
    if found is None:
        return None
    at, covariance = found
    slopes = at[number:].reshape(number, p)
    back = np.concatenate((np.ones(number), np.tile(units, number)))
    value = _parts(scaled, at[:number], slopes)[0]
    return Odds(at[:number], slopes / units, covariance / np.outer(back, back), value)


def _parts(ways: Ways, base: Floats, slopes: Floats) -> tuple[float, Floats]:
    """The log-likelihood, and of each exit but the first how much more it was taken than expected; shape (exits - 1, stays)."""
    eta = np.vstack((np.zeros(ways.taken.size), base[:, None] + slopes @ ways.columns.T))
    logs = eta - np.logaddexp.reduce(eta, axis=0)
    open_ = ways.taken < 0
    with np.errstate(divide="ignore"):
        still = logs[:, open_] + np.log(ways.survival[:, open_])
    whole = np.logaddexp.reduce(still, axis=0)
    total = float(np.sum(whole)) + float(np.sum(logs[ways.taken[~open_], np.flatnonzero(~open_)]))
    taken = np.zeros_like(eta)
    taken[ways.taken[~open_], np.flatnonzero(~open_)] = 1.0
    taken[:, open_] = np.exp(still - np.where(np.isfinite(whole), whole, 0.0))
    return (total if math.isfinite(total) else -1e250), (taken - np.exp(logs))[1:]

"""How strongly coefficients are pulled to nought: as strongly as the data say.

Each coefficient is normal around 0 with one spread for all, on a scale on which they are alike (of columns of mean square 1, or
of segments). Few data make a small spread likely, and the coefficients are pulled together; many make the pull vanish.

Shifts of segments, which are many, take the likeliest spread (`shrink`). Its marginal likelihood is Laplace's: the penalised
maximum, less half the log determinant of the curvature (Kass and Raftery 1995; empirical Bayes after Morris 1983).

Effects of columns are few and unlike each other, and their intervals are read one by one (`pull`). So the spread is integrated
out, under a half-Cauchy prior (Gelman 2006), and the pull itself is counted as an error: no interval that holds for every single
effect is shorter than without a pull (Low 1997), a pull only makes the errors of all together smaller.
"""

import math
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from sojourn.calibration.stays import Floats, Integers

SPREADS = tuple(2.0**k for k in range(-6, 3))  # of log ratios per standard deviation: from nothing to a factor of fifty
WIDE = (
    2.0  # spread of the prior of a fit that is to be pulled: it holds back only what would run off (Gelman et al. 2008)
)
USUAL = 0.5  # scale of the half-Cauchy prior of the spread


class Fitted(Protocol):
    """What a penalised fit must tell."""

    @property
    def covariance(self) -> Floats:
        """Inverse of the curvature of the penalised likelihood."""

    @property
    def log_likelihood(self) -> float:
        """Without the penalty."""


F = TypeVar("F", bound=Fitted)


class Shrunk(NamedTuple):
    """The likeliest spread, and the log of its marginal likelihood: of all but the coefficients at their maximum."""

    spread: float
    evidence: float


def scale(columns: Floats) -> Floats:
    """Root mean square of each column, 1 for one that is 0 throughout; shape (p,)."""
    units = np.sqrt(np.mean(columns**2, axis=0))
    return np.where(units > 0.0, units, 1.0)


def shrink(
    fit: Callable[[Floats], F | None],
    units: Floats,
    pulled: Callable[[F], tuple[Floats, Integers]],
    spreads: tuple[float, ...] = SPREADS,
) -> tuple[F, Shrunk] | None:
    """The fit under the likeliest spread; None where no spread has one.

    Args:
        fit: from a penalty on each coefficient, shape (p,), to a fit.
        units: of the columns (see `scale`); ones where the coefficients are alike as they are.
        pulled: the penalised coefficients of a fit, shape (p,) or (exits, p), and their places in its covariance.
        spreads: that are tried.
    """
    best: tuple[F, Shrunk] | None = None
    for spread in spreads:
        penalty = units**2 / spread**2
        found = fit(penalty)
        if found is None:
            continue
        own, places = pulled(found)
        sign, size = np.linalg.slogdet(np.linalg.inv(found.covariance)[np.ix_(places, places)])
        if sign <= 0.0:
            continue
        prior = 0.5 * float(np.sum(np.log(np.broadcast_to(penalty, own.shape)) - penalty * own**2))
        evidence = found.log_likelihood + prior - 0.5 * float(size)
        if best is None or evidence > best[1].evidence:
            best = found, Shrunk(spread, evidence)
    return best


class Pulled(NamedTuple):
    """All numbers of a fit with some of them pulled to nought, their covariance, and the spread on (geometric) average."""

    mean: Floats
    covariance: Floats
    spread: float


def pull(at: Floats, covariance: Floats, places: Integers, units: Floats) -> Pulled:
    """The numbers of a fit with the coefficients among them pulled to nought.

    The likelihood is taken as normal around the fit, so that under each spread all is closed; spreads are averaged by what they
    explain. With d what the pull moves, dd' is added to the covariance: together with the posterior's own it is the squared error
    of pulled numbers without bias, or more than that (Stein 1981), and so it holds of every sum of coefficients.

    Args:
        at, covariance: of a fit under the spread `WIDE`, shapes (k,) and (k, k).
        places: of the coefficients to be pulled, shape (p,); the others have flat priors.
        units: of their columns (see `scale`), shape (p,).
    """
    curved = np.linalg.inv(covariance)
    spreads = np.array([spread for spread in SPREADS if spread <= WIDE])
    means, covariances, logs = [], [], []
    for spread in spreads:
        bent = curved.copy()
        bent[places, places] += units**2 * (spread**-2 - WIDE**-2)
        means.append(np.linalg.solve(bent, curved @ at))
        covariances.append(np.linalg.inv(bent))
        evidence = 0.5 * float(at @ curved @ means[-1]) - 0.5 * float(np.linalg.slogdet(bent)[1])
        # Spreads are even in their logs, which makes the prior's density one times the spread.
        logs.append(evidence - (places.size - 1) * math.log(spread) - math.log1p((spread / USUAL) ** 2))
    weights = np.exp(np.array(logs) - max(logs))
    weights /= weights.sum()
    mean = weights @ np.array(means)
    off = np.array(means) - mean
    whole = np.tensordot(weights, np.array(covariances), 1) + (weights[:, None] * off).T @ off
    return Pulled(mean, whole + np.outer(at - mean, at - mean), math.exp(float(weights @ np.log(spreads))))

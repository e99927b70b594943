"""How strongly coefficients are pulled to nought: by the spread of a normal prior under which the data are likeliest.

Each coefficient is normal around 0 with one spread for all, on a scale on which they are alike (of columns of mean square 1, or
of segments). The marginal likelihood of a spread is Laplace's: the penalised maximum, less half the log determinant of the
curvature (Kass and Raftery 1995; empirical Bayes after Morris 1983). Few data make a small spread likeliest, and the
coefficients are pulled together; many make the pull vanish.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from sojourn.calibration.stays import Floats, Integers

SPREADS = tuple(2.0**k for k in range(-6, 3))  # of log ratios per standard deviation: from nothing to a factor of fifty


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

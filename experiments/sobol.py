"""Sobol indices: what share of a result's variance each number carries, alone and with all others.

First order by the estimator of Saltelli and others (2010), total by that of Jansen (1999), on scrambled Sobol points. A simulated
result carries noise, which would count as variance. So products are taken between different replications only: the noise of two
replications is independent, and what remains is the variance that the numbers make.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BOOTSTRAPS = 1000
ENDS = (5.0, 95.0)  # per cent, of 90 % intervals


class Design(NamedTuple):
    """Points on the unit cube, each of shape (points, numbers); `mixed` is A with one column of B, by number."""

    a: Floats
    b: Floats
    mixed: Floats  # (numbers, points, numbers)


class Indices(NamedTuple):
    """Shares of the variance with 90 % intervals (bootstrap over points); estimates are not cut to 0 and 1."""

    first: Floats  # (numbers,): alone
    total: Floats  # (numbers,): alone and with the others
    first_bounds: Floats  # (2, numbers)
    total_bounds: Floats  # (2, numbers)
    variance: float  # of the result, noise taken off
    noise: float  # variance of a result's mean over replications that is simulation noise


def design(numbers: int, points: int, seed: int) -> Design:
    """Scrambled Sobol points (Joe and Kuo 2008; Owen 1995); `points` is a power of 2."""
    from scipy.stats import qmc

    both = qmc.Sobol(2 * numbers, scramble=True, rng=np.random.Generator(np.random.Philox(seed))).random(points)
    a, b = both[:, :numbers], both[:, numbers:]
    mixed = np.repeat(a[None], numbers, axis=0)
    for k in range(numbers):
        mixed[k, :, k] = b[:, k]
    return Design(a, b, mixed)


def indices(a: Floats, b: Floats, mixed: Floats, seed: int) -> Indices:
    """Indices from values at the points of a design.

    Args:
        a, b: shape (points, replications); one replication where the model has no noise.
        mixed: shape (numbers, points, replications).
        seed: of the bootstrap.
    """
    points = a.shape[0]
    centre = 0.5 * (a.mean(axis=0) + b.mean(axis=0))  # replication by replication: what all points share is no matter
    a, b, mixed = a - centre, b - centre, mixed - centre
    terms = _Terms(
        np.stack([crossed(b, one - a) for one in mixed]),
        np.stack([0.5 * crossed(a - one, a - one) for one in mixed]),
        0.5 * (crossed(a, a) + crossed(b, b)),
        0.5 * (a + b),
        0.5 * (apart(a) + apart(b)),
    )
    every = np.arange(points)
    first, total, variance = terms.over(every[None])
    chance = np.random.Generator(np.random.Philox(seed))
    picks = chance.integers(0, points, size=(BOOTSTRAPS, points))
    firsts, totals, _ = terms.over(picks)
    bounds = [_bounds(found) for found in (firsts, totals)]
    return Indices(first[0], total[0], bounds[0], bounds[1], float(variance[0]), float(terms.noise.mean()))


def _bounds(found: Floats) -> Floats:
    """Ends of 90 % intervals over bootstraps, (bootstraps, numbers) to (2, numbers); NaN where nothing varies."""
    known = np.isfinite(found).all(axis=1)
    return np.percentile(found[known], ENDS, axis=0) if known.any() else np.full((2, found.shape[1]), np.nan)


class _Terms(NamedTuple):
    """What indices are averages of, point by point."""

    alone: Floats  # (numbers, points)
    together: Floats  # (numbers, points)
    square: Floats  # (points,)
    level: Floats  # (points, replications)
    noise: Floats  # (points,)

    def over(self, picks: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
        """First and total indices, (picks, numbers), and the variance, (picks,), over points picked, (picks, points)."""
        level = self.level[picks].mean(axis=1)
        spread = self.square[picks].mean(axis=1) - crossed(level, level)
        with np.errstate(invalid="ignore", divide="ignore"):
            first = np.where(spread > 0.0, self.alone[:, picks].mean(axis=2) / spread, np.nan)
            total = np.where(spread > 0.0, self.together[:, picks].mean(axis=2) / spread, np.nan)
        return first.T, total.T, spread


def crossed(x: Floats, y: Floats) -> Floats:
    """The mean product of x in one replication and y in another, so without noise; (points, replications) to (points,)."""
    count = x.shape[1]
    if count == 1:
        return np.asarray(x[:, 0] * y[:, 0])
    return np.asarray((x.sum(axis=1) * y.sum(axis=1) - (x * y).sum(axis=1)) / (count * (count - 1)))


def apart(x: Floats) -> Floats:
    """Variance of the mean over replications that is noise, point by point; shape (points,)."""
    count = x.shape[1]
    return np.zeros(x.shape[0]) if count == 1 else np.asarray(x.var(axis=1, ddof=1) / count)

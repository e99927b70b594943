"""Critical values for several comparisons at once, and for looking at them more than once, by simulation.

The statistics of a family are Student's, one a comparison: the mean difference of paired replications over its own standard
error. Replications are taken as normal with the covariance that they show, and 20,000 histories are drawn: sums of squares as
Wishart matrices (Bartlett 1933), look after look. A boundary is such that the largest statistic of the family has crossed one by
each look with no more than the chance that is spent by then (Lan and DeMets 1983). With one look this is the quantile of a
multivariate Student's t, with the variance of each comparison estimated apart.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DRAWS = 20_000  # histories: the chance of an error is met to .2 points at 10 %
ALONE = 100_000  # of a single comparison, which costs little
NEGLIGIBLE = (
    1e-18  # of the largest variance: what rounding leaves where two strategies differ by the same in each replication
)


class Looks(NamedTuple):
    """When an answer is looked at, which is fixed before the first replication."""

    sizes: tuple[int, ...]  # replications at each look, rising
    rate: float  # chance of a false claim, over all looks

    @property
    def spent(self) -> tuple[float, ...]:
        """The chance that may be spent by each look: it grows with the root of replications (Kim and DeMets 1987, power 1/2).

        Most answers are plain at the first look; a line would make that one dear (3.16 standard errors, not 2.48, for 20 of 400
        replications) and the last a little cheaper (1.99, not 2.21).
        """
        return tuple(self.rate * math.sqrt(size / self.sizes[-1]) for size in self.sizes)


class Family(NamedTuple):
    """Comparisons whose errors are counted together, as rows of contrasts."""

    two_sided: Floats  # shape (m, d); either sign of the difference is an error
    one_sided: Floats  # shape (m, d); only a difference above the true one is

    @property
    def rows(self) -> Floats:
        """All contrasts, the two-sided first."""
        return np.vstack([self.two_sided, self.one_sided])


def boundaries(
    covariance: Floats, families: Sequence[Family], looks: Looks, used: Floats, seed: int = 0, draws: int = DRAWS
) -> Floats:
    """The critical value of each family at the next look; shape (families,), NaN where a family has no chance in it.

    Args:
        covariance: of one replication's figures, shape (d, d).
        families: of contrasts of those figures.
        looks: all looks, past and future.
        used: critical values at the looks so far, shape (families, looks so far).
        seed: of the histories.
        draws: number of histories.
    """
    root = _root(covariance)
    sized = [_scaled(family, root) for family in families]
    known = [one for one in sized if len(one.rows)]
    found = np.full(len(families), math.nan)
    if not known:
        return found
    rows = np.vstack([one.rows for one in known])
    unique, places = np.unique(rows, axis=0, return_inverse=True)
    places = places.ravel()
    crossed = np.zeros((len(known), draws), dtype=np.bool_)
    next_look = used.shape[1]
    history = _Histories(root.shape[1], draws, np.random.default_rng([seed, draws, *looks.sizes]))
    where = [k for k, one in enumerate(sized) if len(one.rows)]
    for look in range(next_look + 1):
        history.go_on(looks.sizes[look])
        statistics = history.statistics(unique)
        start = 0
        for f, family in enumerate(known):
            own = statistics[places[start : start + len(family.rows)]]
            start += len(family.rows)
            both = len(family.two_sided)
            largest = np.vstack([np.abs(own[:both]), own[both:]]).max(axis=0)
            if look < next_look:
                crossed[f] |= largest > used[where[f], look]
            else:
                found[where[f]] = _boundary(largest, crossed[f], looks.spent[look])
    return found


@lru_cache(maxsize=1024)
def alone(looks: Looks, look: int, *, sides: int = 2, draws: int = ALONE) -> float:
    """The critical value of a single comparison at a look (0 the first), of two sides or of one."""
    row, nothing = np.ones((1, 1)), np.empty((0, 1))
    family = Family(row, nothing) if sides == 2 else Family(nothing, row)
    used = np.array([[alone(looks, past, sides=sides, draws=draws) for past in range(look)]])
    return float(boundaries(np.ones((1, 1)), [family], looks, used, draws=draws)[0])


def level(critical: float, freedom: int) -> float:
    """The level at which Student's interval has this critical value."""
    from scipy.special import stdtr  # scipy only where figures are made: the command line starts without it

    return float(2.0 * stdtr(freedom, critical) - 1.0)


class _Histories:
    """Means and sums of squares of independent standard normal figures, as replications come in."""

    def __init__(self, figures: int, draws: int, random: np.random.Generator) -> None:
        self._random, self._size = random, 0
        self._mean, self._square = np.zeros((draws, figures)), np.zeros((draws, figures, figures))

    def go_on(self, size: int) -> None:
        """Go on to so many replications in all."""
        draws, figures = self._mean.shape
        more = size - self._size
        fresh = self._random.standard_normal((draws, figures)) / math.sqrt(more)
        apart = fresh - self._mean
        self._square += (more * self._size / size) * apart[:, :, None] * apart[:, None, :]
        self._square += _wishart(self._random, more - 1, figures, draws)
        self._mean += apart * (more / size)
        self._size = size

    def statistics(self, rows: Floats) -> Floats:
        """Student's statistics of contrasts (m, figures); shape (m, draws)."""
        square = np.einsum("mi,nij,mj->mn", rows, self._square, rows, optimize=True)
        scale = math.sqrt(self._size * (self._size - 1))
        return np.asarray(scale * (rows @ self._mean.T) / np.sqrt(square))


def _wishart(random: np.random.Generator, freedom: int, figures: int, draws: int) -> Floats:
    """Sums of squares and products of so many free normal vectors; shape (draws, figures, figures)."""
    if freedom < figures:
        vectors = random.standard_normal((draws, freedom, figures))
        return np.asarray(vectors.transpose(0, 2, 1) @ vectors)
    lower = np.zeros((draws, figures, figures))
    for i in range(figures):
        lower[:, i, i] = np.sqrt(random.chisquare(freedom - i, draws))
        lower[:, i, :i] = random.standard_normal((draws, i))
    return np.asarray(lower @ lower.transpose(0, 2, 1))


def _boundary(largest: Floats, crossed: NDArray[np.bool_], spent: float) -> float:
    """The value that so many more histories cross that `spent` of all have crossed one by now."""
    rising = np.sort(np.where(crossed, -math.inf, largest))
    place = rising.size - 1 - (spent * rising.size - float(crossed.sum()))  # between two histories
    low = int(np.clip(math.floor(place), 0, rising.size - 2))
    part = min(max(place - low, 0.0), 1.0)
    return float(rising[low] + part * (rising[low + 1] - rising[low]))


def _root(covariance: Floats) -> Floats:
    """Figures as sums of independent ones: a matrix whose product with its transpose is the covariance."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > NEGLIGIBLE * max(float(values.max(initial=0.0)), 0.0)
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))


def _scaled(family: Family, root: Floats) -> Family:
    """Contrasts of the independent figures, each of variance 1; without those that do not vary."""
    return Family(*(_unit(part @ root, root) for part in family))


def _unit(rows: Floats, root: Floats) -> Floats:
    size = np.sqrt((rows**2).sum(axis=1))
    kept = size > math.sqrt(NEGLIGIBLE) * math.sqrt(float((root**2).sum()))
    return np.asarray(rows[kept] / size[kept, None])

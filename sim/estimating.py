"""From replications, or from groups of customers, to a figure with its 90 % interval.

Everything is one jackknife. For totals and means over n replications the jackknife error is the usual s / sqrt(n), so
that its interval is Student's; for ratios of sums, and for curves made of such ratios, it is the delete-one jackknife
(Quenouille 1956, Tukey 1958), with n - 1 degrees of freedom. With one replication whose customers do not touch each other,
groups of referral trees are left out in turn.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim import pooling
from sojourn.sim.estimates import LEVEL, Estimate
from sojourn.sim.vocabulary import is_share

Floats = NDArray[np.float64]
Kind = Literal["total", "ratio", "mean", "survival", "incidence"]
Table = tuple[tuple[float, ...], ...]
NOTHING = Estimate(None, None, None)
ROUNDING = 1e-13  # of a figure: what the order of summing changes
OPEN = 0.05  # of an incidence: the most that may still be open where a replication is left out and no other gets so far


class Part(NamedTuple):
    """What one replication says about one measure.

    Kinds: `total` grows with the number of customers and is averaged over replications; `ratio` is the sum of
    numerators over the sum of denominators; `mean` is a figure of its own each replication (a median), averaged, with
    undefined replications (NaN) left out; `survival` and `incidence` are read at the end of the curve that tables of all
    replications give together (see `pooling`).
    """

    kind: Kind
    value: float  # the numerator of a ratio
    denominator: float = 1.0
    cells: Table = ()  # of a curve up to the day on which it is read

    @classmethod
    def restored(cls, told: Sequence[Any]) -> "Part":
        """The same again from plain lists."""
        kind, value, denominator, cells = told
        return cls(kind, value, denominator, tuple(map(tuple, cells)))

    @property
    def figure(self) -> float:
        """The replication's own figure; NaN where undefined."""
        return self.value / self.denominator if self.denominator != 0.0 else math.nan


Parts = Mapping[str, Part]


class Jackknife(NamedTuple):
    """A figure from all groups (replications, or groups of customers), and with each group left out in turn, shape
    (n,).
    """

    value: float
    left_out: Floats

    def minus(self, other: "Jackknife") -> "Jackknife":
        """The difference of two figures over the same groups; without errors where the groups are not the same."""
        value = float(_less(np.array(self.value), np.array(other.value)))
        same = self.left_out.size == other.left_out.size
        return Jackknife(value, _less(self.left_out, other.left_out) if same else np.empty(0))

    @property
    def error(self) -> float:
        """Standard error: sqrt((n - 1) / n sum (left out - their mean)^2); NaN for fewer than two groups."""
        n = self.left_out.size
        if n < 2:
            return math.nan
        # Measured from the first value, so that equal values give an error of exactly 0.
        away = self.left_out - self.left_out[0]
        return math.sqrt((n - 1) / n * float(np.sum((away - away.mean()) ** 2)))

    def interval(self, level: float = LEVEL) -> Estimate:
        """The figure with Student's interval on n - 1 degrees of freedom; None where it is undefined or cannot be
        had.
        """
        if not math.isfinite(self.value):
            return NOTHING
        error = self.error
        if not math.isfinite(error):
            return Estimate(float(self.value), None, None)
        half = student(level, self.left_out.size - 1) * error
        return Estimate(float(self.value), float(self.value - half), float(self.value + half))


def _less(a: Floats, b: Floats) -> Floats:
    """a - b, and exactly 0 where they are the same but for the rounding of sums; arrays of one shape."""
    apart = a - b
    return np.where(np.abs(apart) <= ROUNDING * np.maximum(np.abs(a), np.abs(b)), 0.0, apart)


def student(level: float, freedom: int) -> float:
    """Two-sided critical value of Student's t."""
    from scipy.special import stdtrit  # scipy only where figures are made: the command line starts without it

    return float(stdtrit(freedom, 0.5 + level / 2))


def over_replications(parts: Sequence[Part]) -> Jackknife:
    """One measure over replications."""
    if not parts:
        return Jackknife(math.nan, np.empty(0))
    if parts[0].kind == "ratio":
        numerator = np.array([part.value for part in parts])
        denominator = np.array([part.denominator for part in parts])
        total, below = float(numerator.sum()), float(denominator.sum())
        return Jackknife(divide(total, below), divide_all(total - numerator, below - denominator))
    figures = np.array([part.value for part in parts])
    if parts[0].kind == "mean":
        return _of_means(figures[np.isfinite(figures)])
    if parts[0].kind == "total":
        return _of_means(figures)
    return _of_curves(parts[0].kind, np.array([part.cells for part in parts]), figures)


def difference(a: Sequence[Part], b: Sequence[Part]) -> Jackknife:
    """B minus A over paired replications; means are taken over the replications in which both are defined."""
    if a and a[0].kind == "mean":
        first, second = np.array([part.value for part in a]), np.array([part.value for part in b])
        both = np.isfinite(first) & np.isfinite(second)
        return _of_means(second[both]).minus(_of_means(first[both]))
    return over_replications(b).minus(over_replications(a))


def estimate(parts: Sequence[Parts]) -> dict[str, Estimate]:
    """Every measure over replications, with 90 % intervals (None with a single one); names as in the first
    replication.
    """
    if not parts:
        return {}
    return {name: bounded(name, over_replications([one[name] for one in parts]).interval()) for name in parts[0]}


def bounded(name: str, estimate: Estimate) -> Estimate:
    """The estimate with its interval kept within 0 and 1 where the measure is a share."""
    if not is_share(name) or estimate.low is None or estimate.high is None:
        return estimate
    return Estimate(estimate.mean, max(estimate.low, 0.0), min(estimate.high, 1.0))


def divide(a: float, b: float) -> float:
    """a / b, NaN where b is 0."""
    return a / b if b != 0.0 else math.nan


def divide_all(a: Floats, b: Floats) -> Floats:
    """a / b, NaN where b is 0; arrays of one shape."""
    quotient: Floats = np.divide(a, b, out=np.full(a.size, np.nan), where=b != 0.0)
    return quotient


def _of_curves(kind: Kind, tables: Floats, own: Floats) -> Jackknife:
    """The end of the common curve, from tables of shape (n, rows, cells); `own` is NaN where nobody got that far."""
    if not tables.size:
        return Jackknife(math.nan, np.empty(0))
    sums = pooling.without_each(tables)
    left = pooling.survival(sums)[:, -1]
    share = left if kind == "survival" else pooling.incidence(sums)[:, -1]
    known = pooling.reached(np.isfinite(own) & (tables[:, pooling.RISK, -1] > 0.0)) | (left == 0.0)
    if kind == "incidence":  # what is open bounds by how much the share can still grow
        known[1:] |= left[1:] <= OPEN * share[1:]
    figures = np.where(known, share, np.nan)
    return Jackknife(float(figures[0]), figures[1:] if own.size > 1 else np.empty(0))


def _of_means(figures: Floats) -> Jackknife:
    if figures.size == 0:
        return Jackknife(math.nan, np.empty(0))
    total = float(figures.sum())
    n = figures.size
    left_out = (total - figures) / (n - 1) if n > 1 else np.empty(0)
    return Jackknife(total / n, left_out)

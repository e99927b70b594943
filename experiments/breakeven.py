"""Break-even: the value of one number at which a difference between two strategies crosses zero, with a confidence band.

The difference is that of a simulation whose customers and draws stay the same, so that it moves with the number and hardly with
luck. A root is found by the Illinois rule (Dowell and Jarratt 1971). The band holds all values at which the 90 % interval of the
difference spans 0 (the inversion of a test, as in Fieller 1954), with each replication's difference drawn straight between values
that were simulated.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.estimates import LEVEL
from sojourn.sim.estimating import Jackknife, student

Floats = NDArray[np.float64]
Difference = Callable[[float], Jackknife]
STEPS = 8  # simulations that a root may take beyond those of its bracket
REFINED = 2  # simulations at each end of the band
FLAT = 0.02  # of half the interval: a difference this small is zero enough


class BreakEven(NamedTuple):
    """Where the difference is zero. `value` is None where it never is between the values looked at."""

    value: float | None
    low: float | None
    """Lower end of the 90 % band; None where it lies beyond the values looked at."""
    high: float | None
    rising: bool | None
    """Whether the difference rises with the number; None where it does not cross zero, or does not move."""
    crossings: int
    """Changes of sign between the values that were simulated; more than one asks for a look at the curve."""
    sign: int
    """Of the difference over all values looked at, where none crosses zero and all are beyond noise; else 0."""


@dataclass
class Curve:
    """The difference at the values simulated so far; on the log scale where the number is a ratio."""

    difference: Difference
    log: bool
    known: dict[float, Jackknife] = field(default_factory=dict)

    def at(self, u: float) -> Jackknife:
        """The difference at a value, on the scale of work."""
        if u not in self.known:
            self.known[u] = self.difference(math.exp(u) if self.log else u)
        return self.known[u]

    def inside(self, value: float) -> float:
        """A value on the scale of work."""
        return math.log(value) if self.log else value

    def outside(self, u: float | None) -> float | None:
        """A value as the file has it."""
        return None if u is None else math.exp(u) if self.log else u

    def table(self) -> tuple[Floats, Floats]:
        """Values in order, and at each the difference and its leave-one-out values: shapes (n,) and (n, 1 + replications)."""
        places = np.array(sorted(self.known))
        return places, np.array([np.append(self.known[u].value, self.known[u].left_out) for u in places.tolist()])

    def bound(self, grid: Floats, side: int) -> Floats:
        """The end of the difference's interval above (side 1) or below (-1) on a grid, from straight lines in between."""
        places, rows = self.table()
        found = np.array([np.interp(grid, places, column) for column in rows.T])
        count = rows.shape[1] - 1
        if count < 2:
            return np.full(grid.size, np.nan)
        error = np.sqrt((count - 1) / count * ((found[1:] - found[1:].mean(axis=0)) ** 2).sum(axis=0))
        return np.asarray(found[0] + side * student(LEVEL, count - 1) * error)


def break_even(
    difference: Difference, low: float, central: float, high: float, reach: tuple[float, float], *, log: bool
) -> BreakEven:
    """Find where a difference crosses zero: between low and high if it does there, else as far as `reach`.

    Args:
        difference: of a value of the number, over paired replications that are the same at every value.
        low, central, high: where the number is thought to lie.
        reach: the furthest values to look at.
        log: whether to work on the log scale (ratios).
    """
    curve = Curve(difference, log)
    inner = [curve.inside(value) for value in (low, central, high)]
    for u in inner:
        curve.at(u)
    if not _brackets(curve):
        for value in reach:
            curve.at(curve.inside(value))
    found = _brackets(curve)
    if not found:
        return BreakEven(None, None, None, None, 0, _sign(curve))
    left, right = min(found, key=lambda one: abs(one[0] + one[1] - 2.0 * inner[1]))
    root = _root(curve, left, right)
    ends = _band(curve, root, [curve.inside(value) for value in reach])
    rising = curve.at(right).value > curve.at(left).value
    return BreakEven(
        curve.outside(root), curve.outside(ends[0]), curve.outside(ends[1]), rising, len(_brackets(curve)), 0
    )


def _brackets(curve: Curve) -> list[tuple[float, float]]:
    """Neighbours among the values simulated between which the difference changes its sign."""
    places, rows = curve.table()
    signs = np.sign(rows[:, 0])
    return [
        (float(places[k]), float(places[k + 1]))
        for k in range(places.size - 1)
        if signs[k] * signs[k + 1] < 0 or (signs[k + 1] == 0 and signs[k] != 0)
    ]


def _sign(curve: Curve) -> int:
    """The sign that the difference surely has at all values simulated."""
    ends = [one.interval() for one in curve.known.values()]
    if all(one.low is not None and one.low > 0.0 for one in ends):
        return 1
    return -1 if all(one.high is not None and one.high < 0.0 for one in ends) else 0


def _root(curve: Curve, left: float, right: float) -> float:
    """The zero between two values of different sign: false position that halves the weight of an end that stays."""
    below, above = curve.at(left).value, curve.at(right).value
    start = abs(right - left)
    for _ in range(STEPS):
        middle = right - above * (right - left) / (above - below)
        found = curve.at(middle)
        error = found.error
        if (
            found.value == 0.0
            or (error == error and abs(found.value) <= FLAT * error)
            or abs(right - left) < 1e-7 * start
        ):
            return middle
        if found.value * above < 0.0:
            left, below = right, above
        else:
            below /= 2.0
        right, above = middle, found.value
    return right - above * (right - left) / (above - below) if above != below else right


def _band(curve: Curve, root: float, reach: list[float]) -> tuple[float | None, float | None]:
    """The values on both sides of a root up to which the difference's interval spans 0; None beyond reach."""
    for end, furthest in zip(_ends(curve, root), reach, strict=True):
        if end is None:
            curve.at(furthest)
    for _ in range(REFINED):
        for end in _ends(curve, root):
            if end is not None:
                curve.at(end)
    return _ends(curve, root)


def _ends(curve: Curve, root: float) -> tuple[float | None, float | None]:
    places, _ = curve.table()
    grid = np.unique(np.concatenate([np.linspace(places[0], places[-1], 2001), places, [root]]))
    if np.isnan(curve.bound(places, 1)).any():
        return None, None
    spans = (curve.bound(grid, -1) <= 0.0) & (curve.bound(grid, 1) >= 0.0)
    at = int(np.searchsorted(grid, root))
    if not spans[at]:
        return root, root
    outside = np.flatnonzero(~spans)
    before, after = outside[outside < at], outside[outside > at]
    return (float(grid[before[-1]]) if before.size else None, float(grid[after[0]]) if after.size else None)

"""Integrals of discounted rates, in closed form.

Discounting is (1 + d)^(-t/365) = exp(-delta t), with t in days.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def discounted_length(length: ArrayLike, delta: float) -> Floats:
    """Integral of exp(-delta s) over s from 0 to `length`; any shape."""
    x = np.asarray(length, dtype=np.float64)
    return x if delta == 0.0 else -np.expm1(-delta * x) / delta


def discounted_slope(length: ArrayLike, delta: float) -> Floats:
    """Integral of s exp(-delta s) over s from 0 to `length`; any shape."""
    x = np.asarray(length, dtype=np.float64)
    y = delta * x
    # 1 - exp(-y)(1 + y) loses its digits when y is small: there the series x^2 sum (-y)^k / (k! (k + 2)) takes over.
    series = 1 / 2 + y * (-1 / 3 + y * (1 / 8 + y * (-1 / 30 + y * (1 / 144 - y / 840))))
    exact = (-np.expm1(-y) - y * np.exp(-y)) / np.where(y == 0.0, 1.0, y * y)
    value: Floats = x * x * np.where(np.abs(y) < 0.02, series, exact)
    return value


class Running:
    """Integral from day 0 to t of level(u) exp(-delta u), for a level that is piecewise linear or constant."""

    def __init__(self, days: ArrayLike, levels: ArrayLike, delta: float, *, linear: bool = True) -> None:
        """Take nodes (`days` not falling, `levels`; a jump is two nodes on one day); 0 before the first, flat after
        the last.
        """
        self.days = np.asarray(days, dtype=np.float64)
        self.levels = np.asarray(levels, dtype=np.float64)
        self.delta = delta
        width = np.diff(self.days)
        rise = np.diff(self.levels) if linear else np.zeros(width.size)
        self.slopes = np.append(np.divide(rise, width, out=np.zeros(width.size), where=width > 0.0), 0.0)
        pieces = self._piece(np.arange(width.size), self.days[1:])
        self.before = np.concatenate(([0.0], np.cumsum(pieces)))
        last = np.append(width > 0.0, True)[
            : self.days.size
        ]  # of the nodes on one day the last one tells how it goes on
        self.days, self.levels, self.slopes = self.days[last], self.levels[last], self.slopes[: last.size][last]
        self.before = self.before[: last.size][last]

    def _piece(self, index: NDArray[np.int64], until: Floats) -> Floats:
        start = self.days[index]
        span = until - start
        level = self.levels[index] * discounted_length(span, self.delta)
        if self.slopes.any():  # levels mostly change in steps
            level += self.slopes[index] * discounted_slope(span, self.delta)
        return np.exp(-self.delta * start) * level

    def __call__(self, t: ArrayLike) -> Floats:
        """The integral up to each day of `t`; any shape."""
        until = np.asarray(t, dtype=np.float64)
        if self.days.size == 0:
            return np.zeros(until.shape)
        if self.days.size == 1:  # one level from some day on, as nearly all have it
            start = self.days[0]
            length = discounted_length(np.maximum(until - start, 0.0), self.delta)
            return np.asarray(np.exp(-self.delta * start) * (self.levels[0] * length))
        index = np.searchsorted(self.days, until, side="right") - 1
        inside = np.maximum(index, 0)
        value: Floats = np.where(index < 0, 0.0, self.before[inside] + self._piece(inside, until))
        return value

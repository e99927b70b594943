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


class Running:
    """Integral from day 0 to t of level(u) exp(-delta u), for a level that is piecewise linear or constant."""

    def __init__(self, days: ArrayLike, levels: ArrayLike, delta: float, *, linear: bool = True) -> None:
        """Take nodes (`days` not falling, `levels`; a jump is two nodes on one day); 0 before the first, flat after
        the last.
        """
        from sojourn.sim import booking  # numba only where something is measured

        day, level = np.asarray(days, dtype=np.float64), np.asarray(levels, dtype=np.float64)
        width = np.diff(day)
        rise = np.diff(level) if linear else np.zeros(width.size)
        slope = np.append(np.divide(rise, width, out=np.zeros(width.size), where=width > 0.0), 0.0)[: day.size]
        last = np.append(width > 0.0, True)[: day.size]  # of the nodes on one day the last one tells how it goes on
        nodes = np.array([day, level, slope, np.zeros(day.size), np.exp(-delta * day)])[:, last]
        for n in range(1, nodes.shape[1]):
            nodes[booking.BEFORE, n] = booking.grown_by(nodes[:, :n].copy(), delta, nodes[booking.DAY, n : n + 1])[0]
        self.nodes = np.ascontiguousarray(nodes)
        """Rows `booking.DAY` (ascending), LEVEL, SLOPE from there on, BEFORE (the integral by then), WORTH exp(-delta day)."""
        self.delta = delta

    def __call__(self, t: ArrayLike) -> Floats:
        """The integral up to each day of `t`; any shape."""
        from sojourn.sim import booking

        until = np.asarray(t, dtype=np.float64)
        return booking.grown_by(self.nodes, self.delta, until.ravel()).reshape(until.shape)

"""Selection of the best by Kim and Nelson (2001), ACM TOMACS 11, 251: the yardstick for `sojourn compare --close-enough`.

The procedure permits common random numbers, and eliminates strategies as soon as they fall behind a boundary that narrows with
each replication. It promises the best strategy with the stated chance where it is ahead of all others by the indifference zone.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Selected(NamedTuple):
    """What the procedure chooses."""

    name: str | None  # None where the replications were spent before
    replications: int


def select(figures: Mapping[str, NDArray[np.float64]], zone: float, rate: float, first: int = 20) -> Selected:
    """Choose the strategy with the highest mean, from figures of paired replications, each of shape (n,); c = 1."""
    names = list(figures)
    size = len(next(iter(figures.values())))
    eta = 0.5 * ((2.0 * rate / (len(names) - 1)) ** (-2.0 / (first - 1)) - 1.0)
    h_squared = 2.0 * eta * (first - 1)
    spread = {
        (a, b): float(np.var(figures[a][:first] - figures[b][:first], ddof=1)) for a in names for b in names if a != b
    }
    longest = {a: max(math.floor(h_squared * spread[a, b] / zone**2) for b in names if b != a) for a in names}
    if first > max(longest.values()):
        return Selected(max(names, key=lambda a: float(figures[a][:first].mean())), first)
    left = set(names)
    for r in range(first, size + 1):
        means = {a: float(figures[a][:r].mean()) for a in left}
        reach = {
            (a, b): max(0.0, zone / (2.0 * r) * (h_squared * spread[a, b] / zone**2 - r))
            for a in left
            for b in left
            if a != b
        }
        left = {a for a in left if all(means[a] >= means[b] - reach[a, b] for b in left if b != a)}
        if len(left) == 1:
            return Selected(left.pop(), r)
        if r == max(longest.values()) + 1:
            return Selected(max(left, key=lambda a: means[a]), r)
    return Selected(None, size)

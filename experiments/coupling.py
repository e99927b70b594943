"""What can be said of gains without knowing how two lives are tied together: bounds that hold for every coupling.

Each strategy's distribution of what customers bring is known; how the two belong together is not. The share of customers who
bring less lies between two numbers whatever the coupling, and every value between them is that of some coupling (Makarov 1981;
Fan and Park 2010).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Coupled(NamedTuple):
    """A share of customers: with shared draws, and the least and the most that any coupling allows."""

    share: float
    low: float
    high: float


def gaining(a: Floats, b: Floats, least: float) -> Coupled:
    """Who brings at least so much more under b than under a; a and b customer by customer, shape (customers,)."""
    return losing(b, a, least)


def losing(a: Floats, b: Floats, least: float) -> Coupled:
    """Who brings at least so much less under b than under a; a and b customer by customer, shape (customers,).

    P(B <= A - least) >= P(B <= y) + P(A >= y + least) - 1 for every y, and P(B > A - least) in the same way.
    """
    if a.size == 0:
        return Coupled(0.0, 0.0, 0.0)
    before, after = np.sort(a - least), np.sort(b)
    values = np.concatenate([after, before])
    below = np.searchsorted(after, values, side="right")  # customers with B <= y
    under = np.searchsorted(before, values, side="left")  # with A - least < y
    within = np.searchsorted(before, values, side="right")  # with A - least <= y
    low, high = max(int(np.max(below - under)), 0), a.size - max(int(np.max(within - below)), 0)
    return Coupled(float(np.mean(b <= a - least)), low / a.size, high / a.size)

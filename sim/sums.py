"""A measure that is a sum over customers, or a ratio of two."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Sums(NamedTuple):
    """Per customer, what adds to the numerator and to the denominator; and what is there whoever comes."""

    numerator: Floats  # shape (customers,)
    denominator: Floats | None  # None for a total
    fixed: float = 0.0
    fixed_below: float = 0.0

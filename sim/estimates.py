"""What every measure comes as: a number with its interval, or a curve with its band."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.90  # of every interval that people see, unless they ask otherwise


class Estimate(NamedTuple):
    """A figure with its 90 % interval; None where it is undefined (0 of 0) or cannot be had."""

    mean: float | None
    low: float | None
    high: float | None


class Band(NamedTuple):
    """A curve with a pointwise 90 % interval: arrays of one shape (n,); `x` in days, NaN where undefined."""

    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

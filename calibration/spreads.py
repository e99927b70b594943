"""Intervals of what was observed (people left out in turn) and of what was simulated (where one more copy would lie)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from sojourn.calibration.names import Names
from sojourn.calibration.samples import Sample
from sojourn.calibration.stays import Floats
from sojourn.sim.estimates import LEVEL, Estimate

ROUNDING = 1e-9  # by which figures that are the same may differ
GROUPS = 20  # of people left out in turn, for the interval of what was observed
REACH = float(stdtrit(GROUPS - 1, 0.5 + LEVEL / 2))  # standard errors of these to either side


def left_out(sample: Sample, person: Names | NDArray[Any], cells: Callable[[Sample], Floats]) -> Floats:
    """Standard errors of what `cells` tells of a sample: groups of people left out in turn (delete-a-group jackknife)."""
    _, which = np.unique(person.astype(str), return_inverse=True)
    groups = which % GROUPS
    number = int(groups.max()) + 1
    left = np.array([cells(sample.without(groups == g)) for g in range(number)])
    error: Floats = np.sqrt((number - 1) * np.var(left, axis=0))
    return error


def predicted(copies: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean over copies (first axis), and the interval in which one more of them would lie."""
    number = copies.shape[0]
    middle = copies.mean(axis=0)
    reach = float(stdtrit(number - 1, 0.5 + LEVEL / 2)) * np.sqrt(1.0 + 1.0 / number) * copies.std(axis=0, ddof=1)
    return middle, middle - reach, middle + reach


def estimate(mean: float, low: float, high: float, share: bool) -> Estimate:
    """A figure with its interval; None where it has none. Shares end at 0 and 1, everything else at 0."""
    if not np.isfinite(mean):
        return Estimate(None, None, None)
    top = 1.0 if share else np.inf
    mean = float(np.clip(mean, 0.0, top))
    if not (np.isfinite(low) and np.isfinite(high)):
        return Estimate(mean, None, None)
    return Estimate(mean, float(np.clip(low, 0.0, top)), float(np.clip(high, 0.0, top)))


def within(seen: Estimate, where: Estimate) -> bool:
    """Whether a figure lies in the interval of another; a figure at its end lies in it, however sums were rounded."""
    if seen.mean is None or where.low is None or where.high is None:
        return False
    slack = ROUNDING * max(abs(seen.mean), 1.0)
    return where.low - slack <= seen.mean <= where.high + slack

"""Whether what was observed could be one more simulated copy: tests that need nothing but that.

If the model is right, the observed customers and R simulated copies of them are R + 1 draws of one kind, and nothing tells
which is the real one. So every statistic is computed for each of the R + 1 in turn, against all others, and the rank of
the observed one is its p value: right for any statistic and any number of customers (Barnard 1963; Dwass 1957). Many
figures at once share their error rate by the largest of all statistics, whose distribution the copies give as well, with
the figures' dependence in it (Westfall and Young 1993).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.stays import Floats
from sojourn.sim.estimates import LEVEL

COMMON = 0.9  # quantile by which statistics of different kinds are put on one scale


class Ranked(NamedTuple):
    """How rare each statistic of the observed sample is among the copies; shape (items,)."""

    chance: Floats  # p of each, alone
    adjusted: Floats  # p of each when all are asked at once (family-wise)


def standing(values: Floats, least: Floats) -> Floats:
    """How far each sample lies from the others, cell by cell, in standard deviations of one more sample.

    Args:
        values: shape (R + 1, cells), the observed sample first. A cell that a copy lacks (NaN) takes the mean of the others.
        least: the smallest standard deviation of each cell that counts, shape (cells,): what rounding to one customer is.

    Returns:
        Absolute distances of shape (R + 1, cells): 0 where the observed sample has no value.
    """
    filled = np.where(np.isnan(values), _mean(values), values)
    number = filled.shape[0] - 1
    total, squares = filled.sum(axis=0), (filled**2).sum(axis=0)
    mean = (total - filled) / number
    variance = np.maximum((squares - filled**2) / number - mean**2, 0.0) * number / max(number - 1, 1)
    spread = np.sqrt(variance * (1.0 + 1.0 / number) + least**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        away = np.abs(filled - mean) / spread
    result: Floats = np.where(np.isnan(values[0]) | ~np.isfinite(away), 0.0, away)
    return result


def grouped(cells: Floats, groups: Sequence[NDArray[np.int64]]) -> Floats:
    """The largest standing in each group of cells; shape (R + 1, groups)."""
    found = [cells[:, group].max(axis=1) if group.size else np.zeros(cells.shape[0]) for group in groups]
    return np.stack(found, axis=1) if found else np.zeros((cells.shape[0], 0))


def ranked(statistics: Floats) -> Ranked:
    """Ranks of the observed sample (first row) among all; `statistics` of shape (R + 1, items), large where far away."""
    number, items = statistics.shape
    if not items:
        return Ranked(np.empty(0), np.empty(0))
    chance = (1.0 + np.sum(statistics[1:] >= statistics[0], axis=0)) / number
    middle, high = np.quantile(statistics, [0.5, COMMON], axis=0)
    common = (statistics - middle) / np.where(high > middle, high - middle, 1.0)
    # Step down: the most extreme item is held against the largest of all, the next against the largest of the rest, and so on.
    order = np.argsort(-common[0], kind="stable")
    largest = np.maximum.accumulate(common[1:, order[::-1]], axis=1)[:, ::-1]
    steps = (1.0 + np.sum(largest >= common[0, order], axis=0)) / number
    adjusted = np.empty(items)
    adjusted[order] = np.maximum.accumulate(steps)
    return Ranked(chance, np.maximum(adjusted, chance))


def band(copies: Floats, statistics: Floats, least: Floats) -> tuple[Floats, Floats, Floats]:
    """A simultaneous 90 % band: nine in ten further copies lie within it everywhere.

    Args:
        copies: curves of the simulated copies, shape (R, points).
        statistics: the largest standing of each copy's curve, shape (R,).
        least: as in `standing`, shape (points,).

    Returns:
        (middle, low, high), each of shape (points,).
    """
    number = copies.shape[0]
    place = min(int(np.ceil(LEVEL * (number + 1))), number) - 1
    reach = float(np.sort(statistics)[place])
    middle = _mean(copies)
    filled = np.where(np.isnan(copies), middle, copies)
    spread = np.sqrt(filled.var(axis=0, ddof=1) * (1.0 + 1.0 / number) + least**2)
    return middle, middle - reach * spread, middle + reach * spread


def _mean(values: Floats) -> Floats:
    """Mean of each column without what is missing; NaN where all of it is."""
    present = ~np.isnan(values)
    count = present.sum(axis=0)
    total = np.where(present, values, 0.0).sum(axis=0)
    mean: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean

"""Figures read off a sample of follow-ups, and off what is left of it without each group of customers."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.journeys import Floats, Integers
from sojourn.sim.sums import NO_GROUPS, Groups

Short = NDArray[np.int16]
NOBODY = np.empty(0, dtype=np.int64)
HALF = 0.5 - 1e-12  # a hair below one half, so that rounding in sums does not push an exact half to the next step


class FollowUps(NamedTuple):
    """How long each of n was followed, and how that ended.

    Where the sample is most of another, `others` spares a copy of it: all its follow-ups but those of `owner` (each listed
    once, ascending) belong to the sample too, while the sample's own all have cause 0 and its median is what is read.
    """

    durations: Floats  # days, taken to a billionth as by `lives.since`, shape (n,)
    causes: Short  # 0 and up, -1 where censored, shape (n,)
    kinds: int  # how many causes there are
    owner: Integers | None  # index of the customer, shape (n,); None: one follow-up for each customer, in their order
    others: "FollowUps | None" = None  # with owner None


class Read(NamedTuple):
    """What the Kaplan-Meier and Aalen-Johansen curves say; NaN where undefined.

    The last curve is that of the whole sample, those before it leave one group out each.
    """

    left: Floats  # survival at the longest follow-up, shape (curves,)
    incidence: Floats  # of each cause at the longest follow-up, shape (causes, curves)
    mean: Floats  # days: area under the survival up to the longest follow-up, shape (curves,)
    left_at: Floats  # survival at each of the days asked for, shape (days, curves)
    incidence_at: Floats  # incidence of cause 0 at each of the days, shape (days, curves)
    risk_at: Floats  # how many are still followed after each of the days, shape (days, curves)
    median: Floats  # first day on which the incidence of cause 0 is half of its last, shape (curves,); if asked for


def read(
    sample: FollowUps, groups: Groups = NO_GROUPS, *, days: Sequence[float] | Floats = (), median: bool = False
) -> Read:
    """Curves of a sample, as `survival.aalen_johansen` defines them, by one walk for all.

    Args:
        sample: follow-ups.
        groups: of the customers.
        days: ascending, where to read the curves; NaN past the longest follow-up, unless nobody was left by then.
        median: whether the median of cause 0 is wanted.
    """
    curves = max(groups.number, 1) + 1  # without groups, all are one group that is left out
    by_day, risk = np.full((2, len(days), curves), np.nan), np.zeros((len(days), curves))
    left, mean, middle = np.full((3, curves), np.nan)
    found = Read(left, np.full((sample.kinds, curves), np.nan), mean, by_day[0], by_day[1], risk, middle)
    if sample.durations.size > 0 or (sample.others is not None and sample.others.durations.size > 0):
        _walk(sample, groups, np.asarray(days, dtype=np.float64), median, found)
    return found if groups.number else Read(*(figures[..., -1:] for figures in found))


def _walk(sample: FollowUps, groups: Groups, days: Floats, median: bool, found: Read) -> None:
    """Fill in what is defined."""
    from sojourn.sim import leaving_out as kernel  # numba only where something is measured
    from sojourn.sim.sorting import ascending

    size = found.left.size
    assert size - 1 <= kernel.MAX_GROUPS
    assert sample.kinds <= kernel.MAX_CAUSES
    limits = last_ticks(days)
    start = int(limits[0]) if limits.size else np.iinfo(np.int64).max
    early, ages, longest, here = np.zeros((sample.kinds, size)), np.zeros(size), np.full(size, -1.0), np.zeros(size)
    told = groups.of, start, 0 if median else -1, early, ages, longest, here
    owner = NOBODY if sample.owner is None else sample.owner
    keys = kernel.keyed(sample.durations, sample.causes, owner, NOBODY, *told)
    if sample.others is not None:
        assert median
        others = kernel.keyed(sample.others.durations, sample.others.causes, NOBODY, owner, *told)
        keys = np.concatenate((keys, others))
    keys = ascending(keys, kernel.BY_TIME)
    curves, by_day = kernel.begun(here, early, ages), np.empty((3, limits.size, size))
    kernel.walk(keys, curves, limits, np.empty(0), by_day)
    left, incidence = curves.left, curves.incidence

    last = np.full(size, longest.max())  # of the others
    if np.count_nonzero(longest == last) == 1:
        last[longest.argmax()] = np.sort(longest)[-2]
    some = last >= 0.0
    found.left[some], found.incidence[:, some] = left[some], incidence[:, some]
    area = curves.area + np.where(left > 0.0, left * (last - curves.stop), 0.0)
    found.mean[some] = area[some] / kernel.TICKS
    known = some & ((days[:, None] <= last / kernel.TICKS) | (left == 0.0))
    found.left_at[known], found.incidence_at[known] = by_day[0][known], by_day[1][known]
    found.risk_at[:] = by_day[2]
    if median:
        targets = np.where(incidence[0] > 0.0, incidence[0] * HALF, np.inf)
        again = kernel.begun(here, early, ages)
        kernel.walk(keys, again, limits[:0], targets, np.empty((3, 0, size)))
        found.median[some] = np.where(np.isfinite(again.reached), again.reached / kernel.TICKS, np.nan)[some]


def last_ticks(days: Floats) -> Integers:
    """The last billionth of a day by each of the days."""
    ticks = np.floor(days * 1e9)
    ticks += (ticks + 1.0) / 1e9 <= days
    ticks -= ticks / 1e9 > days
    return ticks.astype(np.int64)

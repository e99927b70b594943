"""Figures read off a sample of follow-ups, and off what is left of it without each group of customers."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.journeys import Floats, Integers
from sojourn.sim.sums import NO_GROUPS, Groups

Short = NDArray[np.int16]
NOBODY = np.empty(0, dtype=np.int64)
NO_DAYS, NO_CAUSES = np.empty(0), np.empty(0, dtype=np.int16)


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
    from sojourn.sim import leaving_out as kernel  # numba only where something is measured

    curves = max(groups.number, 1) + 1  # without groups, all are one group that is left out
    assert curves - 1 <= kernel.MAX_GROUPS
    assert sample.kinds <= kernel.MAX_CAUSES
    assert sample.others is None or median
    owner = NOBODY if sample.owner is None else sample.owner
    others = (NO_DAYS, NO_CAUSES) if sample.others is None else sample.others[:2]
    when = np.asarray(days, dtype=np.float64)
    found = Read(
        *kernel.read_off(
            sample.durations,
            sample.causes,
            owner,
            *others,
            groups.of,
            curves,
            sample.kinds,
            when,
            last_ticks(when),
            median,
        )
    )
    return found if groups.number else Read(*(figures[..., -1:] for figures in found))


def last_ticks(days: Floats) -> Integers:
    """The last billionth of a day by each of the days."""
    ticks = np.floor(days * 1e9)
    ticks += (ticks + 1.0) / 1e9 <= days
    ticks -= ticks / 1e9 > days
    return ticks.astype(np.int64)

"""States that no strategy saves, and states that no strategy is worth its money in.

Both compare strategies in the same state. A state that few customers get out of is no point of no return as long as a strategy
gets more than `FLOOR` of them out of it.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from sojourn.experiments.commitment_cells import FEWEST, Chances, share
from sojourn.experiments.commitment_crossings import Followed, Place, by_stage, first_moments
from sojourn.experiments.commitment_states import AGES, Flags, Moments
from sojourn.sim.estimates import LEVEL, Estimate
from sojourn.sim.estimating import student
from sojourn.sim.journeys import Floats, Integers
from sojourn.sim.lives import firsts

FLOOR = 0.05  # a chance of at most this under the best strategy is no chance


class Valued(NamedTuple):
    """What follows each moment of a run in money; arrays of shape (moments,)."""

    customer: Integers  # id
    replication: Integers
    margin: Floats  # in the goal's days after the moment, discounted to it
    active: Floats  # days until an end in that time, discounted
    joining: Floats  # what its levers cost once, per customer


class Worth(NamedTuple):
    """A strategy against the baseline in each cell; arrays of shape (cells,), NaN where there is too little to tell."""

    gain: Floats  # margin more, before what the strategy costs once and whoever comes
    cost: Floats  # per customer once, and the customer's share of costs per day
    low: Floats  # of gain minus cost, 90 %
    high: Floats


class Try(NamedTuple):
    """A strategy's second sample, laid out by cells."""

    moments: Moments
    cell: Integers  # of each moment, -1 where there is none
    valued: Valued
    chances: Chances
    fixed_a_day: float  # what it costs a day whoever comes
    active: float  # mean number of customers who are at no end


class Judged(NamedTuple):
    """What can be said of each cell under all strategies together; flags of shape (cells,)."""

    lost: Flags  # even the best of them surely leaves at most `FLOOR`
    saved: dict[str, Flags]  # by strategy: it surely saves where the baseline surely does not
    worth: dict[str, Worth]  # by strategy but the baseline
    unpaid: Flags  # surely none of them gains what it costs


class Point(NamedTuple):
    """Customers who fall into marked states, out of states that are not marked."""

    customers: int  # counted
    begin: Estimate  # share whose first moment lies in a marked state: no fall, but where they come from
    fall: Estimate
    median_day: float | None  # of the fall, since arrival
    stages: dict[str, Place]  # of the fall


def judge(tried: Mapping[str, Try], baseline: str, cells: int) -> Judged:
    """Which cells no strategy saves, which one saves, and in which none is worth its cost."""
    base = tried[baseline]
    others = {name: one for name, one in tried.items() if name != baseline}
    best: Floats = np.max([one.chances.high for one in tried.values()], axis=0)
    low = base.chances.high <= FLOOR
    found = {name: worth(base, one, cells) for name, one in others.items()}
    unpaid: Flags = np.full(cells, bool(others))
    for one in found.values():
        unpaid &= one.high <= 0.0
    return Judged(
        best <= FLOOR,
        {name: low & (one.chances.low > FLOOR) for name, one in others.items()},
        found,
        unpaid,
    )


def worth(base: Try, other: Try, cells: int) -> Worth:
    """Gain and cost of a strategy in each cell, on moments that are the same under both: same customer, stay, age and cell.

    Given the state, what follows does not depend on what went before, so the difference of two lives that stand in the same
    state is what the strategy does from here on. Of what it costs more whoever comes, each customer bears a share by days.
    """
    daily = (other.fixed_a_day - base.fixed_a_day) / max(other.active, 1e-12)
    i, j = _same(base, other)
    cell = base.cell[i]
    gain = other.valued.margin[j] - base.valued.margin[i]
    cost = np.maximum(other.valued.joining[j] - base.valued.joining[i], 0.0) + daily * other.valued.active[j]
    number, mean_gain, _ = _means(cell, gain, cells)
    _, mean_cost, _ = _means(cell, cost, cells)
    _, net, error = _means(cell, gain - cost, cells)
    # Where a strategy changes few lives, none of them may be in the sample: up to 3 / n of all may be (the rule of three),
    # each by as much as margins differ.
    _, _, scatter = _means(cell, base.valued.margin[i], cells)
    half = student(LEVEL, FEWEST - 1) * error + 3.0 / np.sqrt(np.maximum(number, 1.0)) * scatter
    few = number < FEWEST
    return Worth(*(np.where(few, np.nan, column) for column in (mean_gain, mean_cost, net - half, net + half)))


def _same(base: Try, other: Try) -> tuple[Integers, Integers]:
    """Moments of both that are the same customer, stay, age and cell: indices into each."""
    every = np.union1d(base.valued.customer, other.valued.customer)
    visits = 1 + max(int(one.moments.visit.max(initial=0)) for one in (base, other))
    stages = 1 + max(int(one.moments.stage.max(initial=0)) for one in (base, other))
    keys = []
    for moments, valued in ((base.moments, base.valued), (other.moments, other.valued)):
        key = valued.replication * np.int64(every.size) + np.searchsorted(every, valued.customer)
        keys.append(((key * stages + moments.stage) * visits + moments.visit) * len(AGES) + moments.age)
    _, i, j = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    same = (base.cell[i] >= 0) & (base.cell[i] == other.cell[j])
    return i[same], j[same]


def _means(cell: Integers, values: Floats, cells: int) -> tuple[Floats, Floats, Floats]:
    """Number, mean and standard error by cell."""
    number = np.bincount(cell, minlength=cells).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(cell, weights=values, minlength=cells) / number
        spread = np.bincount(cell, weights=(values - mean[cell]) ** 2, minlength=cells)
        return number, mean, np.sqrt(spread / (number - 1.0) / number)


def fallen(moments: Moments, cell: Integers, marked: Flags, people: Followed, stages: tuple[str, ...]) -> Point:
    """Who falls into marked cells (`marked` has one flag a cell) after a moment in a cell that is not marked."""
    known = cell >= 0
    there = known & np.append(marked, False)[cell]
    free = np.cumsum(known & ~there)
    start = np.flatnonzero(firsts(moments.who))
    before = free - np.repeat((free - (known & ~there))[start], np.diff(np.append(start, moments.who.size)))
    fall = first_moments(moments, there & (before > 0), people)
    begin = start[there[start]]
    begun = int(people.counted[moments.who[begin]].sum())
    number = int(people.counted.sum())
    day = moments.time[fall.moment] - people.arrived[fall.who]
    return Point(
        number,
        share(begun, number),
        share(fall.who.size, number),
        float(np.median(day)) if day.size else None,
        by_stage(moments.stage[fall.moment], day, stages, number),
    )

"""States that no strategy saves, and states that no strategy is worth its money in.

Both compare strategies in the same state. A state that few customers get out of is no point of no return as long as a strategy
gets more than `FLOOR` of them out of it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sojourn.experiments.commitment_cells import FEWEST, Chances, share
from sojourn.experiments.commitment_crossings import Followed, Place, by_stage, first_moments
from sojourn.experiments.commitment_states import Flags, Moments
from sojourn.sim.estimates import Estimate
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


class Point(NamedTuple):
    """Customers who fall into marked states, out of states that are not marked."""

    customers: int  # counted
    begin: Estimate  # share whose first moment lies in a marked state: no fall, but where they come from
    fall: Estimate
    median_day: float | None  # of the fall, since arrival
    stages: dict[str, Place]  # of the fall


def surely_lost(chances: Mapping[str, Chances]) -> Flags:
    """Whether even the best of the strategies surely leaves at most `FLOOR`; shape (cells,)."""
    best: Floats = np.max([one.high for one in chances.values()], axis=0)
    return best <= FLOOR


def saved(chances: Mapping[str, Chances], baseline: str) -> dict[str, Flags]:
    """By strategy, whether it surely saves customers whom the baseline surely does not; shape (cells,)."""
    low = chances[baseline].high <= FLOOR
    return {name: low & (one.low > FLOOR) for name, one in chances.items() if name != baseline}


def worth(
    base: tuple[Moments, Integers, Valued], other: tuple[Moments, Integers, Valued], cells: int, daily: float
) -> Worth:
    """Gain and cost of a strategy in each cell, on moments that are the same under both: same customer, stay, age and cell.

    Given the state, what follows does not depend on what went before, so the difference of two lives that stand in the same state
    is what the strategy does from here on. `daily` is the strategy's extra cost whoever comes, per day and active customer.
    """
    (first, first_cell, before), (second, second_cell, after) = base, other
    every = np.union1d(before.customer, after.customer)
    visits = 1 + max(int(first.visit.max(initial=0)), int(second.visit.max(initial=0)))
    shape = (every.size, 1 + int(max(first.stage.max(initial=0), second.stage.max(initial=0))), visits, 32)
    keys = []
    for moments, valued in ((first, before), (second, after)):
        key = valued.replication * np.int64(shape[0]) + np.searchsorted(every, valued.customer)
        key = key * shape[1] + moments.stage
        key = key * shape[2] + moments.visit
        key = key * shape[3] + moments.age
        keys.append(key)
    _, i, j = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    same = (first_cell[i] >= 0) & (first_cell[i] == second_cell[j])
    i, j = i[same], j[same]
    cell = first_cell[i]
    gain = after.margin[j] - before.margin[i]
    cost = np.maximum(after.joining[j] - before.joining[i], 0.0) + daily * after.active[j]
    number, mean_gain, _ = _means(cell, gain, cells)
    _, mean_cost, _ = _means(cell, cost, cells)
    _, net, error = _means(cell, gain - cost, cells)
    from sojourn.sim.estimating import student

    # Where a strategy changes few lives, none of them may be in the sample: up to 3 / n of all may be (the rule of three), each by
    # as much as margins differ.
    _, _, scatter = _means(cell, before.margin[i], cells)
    half = student(0.9, FEWEST - 1) * error + 3.0 / np.sqrt(np.maximum(number, 1.0)) * scatter
    few = number < FEWEST
    return Worth(*(np.where(few, np.nan, column) for column in (mean_gain, mean_cost, net - half, net + half)))


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


def none_pays(found: Sequence[Worth], cells: int) -> Flags:
    """Whether surely no strategy gains what it costs; shape (cells,)."""
    if not found:
        return np.zeros(cells, dtype=np.bool_)
    flags: Flags = np.all([one.high <= 0.0 for one in found], axis=0)
    return flags

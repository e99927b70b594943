"""Counting over a whole log at once: who enters and leaves a stage by when, and who moves where."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.compiling import allocating, compiled
from sojourn.sim.journeys import Flags, Floats, Integers

Short = NDArray[np.int16]
Tiny = NDArray[np.int8]


@allocating
def tally(
    stage: Short, sequence: NDArray[np.int32], time: Floats, days: Floats, stages: int
) -> "tuple[Integers, Integers]":
    """Count entries less exits by stage and day, and moves from stage to stage.

    Args:
        stage: of each row of a log, customer by customer, shape (rows,).
        sequence: 0 on a customer's first row, shape (rows,).
        time: days, shape (rows,).
        days: at even distances from 0 on, ascending, shape (d,).
        stages: how many there are.

    Returns:
        Entries less exits later than the day before and not later than the day, (stages, d + 1), the last column later than
        all; moves, (stages, stages).
    """
    change, moves = np.zeros((stages, days.size + 1), dtype=np.int64), np.zeros((stages, stages), dtype=np.int64)
    for row in range(time.size):
        here, day = stage[row], place(time[row], days)
        change[here, day] += 1
        if sequence[row] > 0:
            before = stage[row - 1]
            change[before, day] -= 1
            moves[before, here] += 1
    return change, moves


class Visits(NamedTuple):
    """All stays of a log, stage by stage, and customer by customer within each: those of stage s stand from `begin[s]` to before
    `begin[s + 1]`. First stays of each customer in each stage stand the same way, in columns of their own.
    """

    begin: Integers  # shape (stages + 1,)
    who: Integers  # index of the customer, shape (rows,)
    days: Floats  # how long the stay has lasted by its end, or by the horizon
    following: Short  # the stage that follows, -1 where the stay is open at the horizon or in an end
    first_begin: Integers  # shape (stages + 1,)
    first_who: Integers  # shape (first stays,)
    since_arrival: Floats  # days from arrival to the entry


@allocating
def visits(
    stage: Short, sequence: NDArray[np.int32], time: Floats, arrived: Floats, horizon: float, stages: int
) -> Visits:
    """A log (columns of shape (rows,), customer by customer) in the order of its stages. `arrived` has shape (customers,)."""
    begin, first_begin = np.zeros(stages + 1, dtype=np.int64), np.zeros(stages + 1, dtype=np.int64)
    seen, person = np.full(stages, -1), -1  # who entered a stage last
    for row in range(stage.size):
        here = stage[row]
        person += sequence[row] == 0
        begin[here + 1] += 1
        first_begin[here + 1] += seen[here] != person
        seen[here] = person
    for here in range(stages):
        begin[here + 1] += begin[here]
        first_begin[here + 1] += first_begin[here]
    place, first_place = begin.copy(), first_begin.copy()
    seen[:], person = -1, -1
    who, days, following = np.empty(stage.size, np.int64), np.empty(stage.size), np.empty(stage.size, np.int16)
    first_who, since_arrival = np.empty(first_begin[stages], np.int64), np.empty(first_begin[stages])
    for row in range(stage.size):
        here = stage[row]
        person += sequence[row] == 0
        to = place[here]
        place[here] += 1
        who[to] = person
        if row + 1 < stage.size and sequence[row + 1] > 0:
            days[to], following[to] = time[row + 1] - time[row], stage[row + 1]
        else:
            days[to], following[to] = horizon - time[row], -1
        if seen[here] != person:
            seen[here] = person
            to = first_place[here]
            first_place[here] += 1
            first_who[to], since_arrival[to] = person, time[row] - arrived[person]
    return Visits(begin, who, days, following, first_begin, first_who, since_arrival)


class Bought(NamedTuple):
    """Purchases, and what became of each buyer: day of the first, of the second, and of the first loss after the first; NaN for
    never.
    """

    purchasers: Integers  # index of the customer, shape (purchases,)
    buyers: Integers  # index of the customer, shape (buyers,)
    first: Floats
    second: Floats
    lost: Floats


@allocating
def bought(stage: Short, sequence: NDArray[np.int32], time: Floats, buying: Flags, losing: Flags) -> Bought:
    """Read purchases off a log (columns of shape (rows,), customer by customer); `buying` and `losing` are by stage."""
    purchases, buyers, person, last = 0, 0, -1, -1
    for row in range(stage.size):
        person += sequence[row] == 0
        if buying[stage[row]]:
            purchases += 1
            buyers += last != person
            last = person
    purchasers, who = np.empty(purchases, np.int64), np.empty(buyers, np.int64)
    first, second, lost = np.empty(buyers), np.full(buyers, np.nan), np.full(buyers, np.nan)
    purchases, buyer, person, last = 0, -1, -1, -1
    for row in range(stage.size):
        person += sequence[row] == 0
        here = stage[row]
        if buying[here]:
            purchasers[purchases] = person
            purchases += 1
            if last != person:
                buyer += 1
                who[buyer], first[buyer], last = person, time[row], person
            elif np.isnan(second[buyer]):
                second[buyer] = time[row]
        if losing[here] and last == person and np.isnan(lost[buyer]):
            lost[buyer] = time[row]
    return Bought(purchasers, who, first, second, lost)


@allocating
def by_group(of: Tiny, who: Integers, amounts: Floats, groups: int) -> Floats:
    """The sum of amounts by the group of whom they belong to, shape (groups,).

    Args:
        of: the group of each customer, shape (customers,).
        who: index of the customer, shape (n,); empty: each customer once, in their order.
        amounts: shape (n,); empty: all are 1.
        groups: how many there are.
    """
    sums = np.zeros(groups)
    for n in range(who.size if who.size else of.size):
        sums[of[who[n] if who.size else n]] += amounts[n] if amounts.size else 1.0
    return sums


@allocating
def reaching(values: Floats, days: Floats) -> Floats:
    """How many of the values are at least as large as each of the days (as in `tally`), shape (d,)."""
    reach = np.zeros(days.size)
    for value in values:
        day = place(value, days)
        if day < days.size and days[day] == value:
            day += 1
        if day > 0:
            reach[day - 1] += 1.0  # and all the days before, below
    for day in range(days.size - 1, 0, -1):
        reach[day - 1] += reach[day]
    return reach


@compiled
def place(value: float, days: Floats) -> int:
    """The first of the days that is not before the value; their number where all are."""
    day = min(int(value / days[days.size - 1] * (days.size - 1)), days.size - 1)
    while day > 0 and days[day - 1] >= value:
        day -= 1
    while day < days.size and days[day] < value:
        day += 1
    return day

"""Counting over a whole log at once: who enters and leaves a stage by when, and who moves where."""

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.compiling import allocating, compiled
from sojourn.sim.journeys import Floats, Integers

Short = NDArray[np.int16]


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


@allocating
def by_stage(stage: Short, stages: int) -> "tuple[Integers, Integers]":
    """Rows of a log in the order of their stages, as they stand within each, shape (rows,); and where those of each stage
    begin and the last end, (stages + 1,).
    """
    begin = np.zeros(stages + 1, dtype=np.int64)
    for here in stage:
        begin[here + 1] += 1
    for place in range(stages):
        begin[place + 1] += begin[place]
    rows, next_place = np.empty(stage.size, dtype=np.int64), begin.copy()
    for row in range(stage.size):
        rows[next_place[stage[row]]] = row
        next_place[stage[row]] += 1
    return rows, begin


@allocating
def stays(
    rows: Integers, stage: Short, sequence: NDArray[np.int32], time: Floats, horizon: float, cause_of: Short
) -> "tuple[Floats, Short]":
    """How long each of the stays that begin on `rows` has lasted, days, and the cause of its end by the stage that follows; -1
    where it is open at the horizon. Both of shape (rows,).
    """
    durations, causes = np.empty(rows.size), np.empty(rows.size, dtype=np.int16)
    for n in range(rows.size):
        row = rows[n]
        if row + 1 < time.size and sequence[row + 1] > 0:
            durations[n], causes[n] = time[row + 1] - time[row], cause_of[stage[row + 1]]
        else:
            durations[n], causes[n] = horizon - time[row], -1
    return durations, causes


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

"""Whom a survey asks, where they are on that day, and the two draws that decide whether and what they answer."""

import numpy as np
from numpy.typing import NDArray

from sojourn.sim import rules
from sojourn.sim import tables as at
from sojourn.sim.compiling import allocating, kernel
from sojourn.sim.journeys import Floats, Integers
from sojourn.sim.streams import SURVEYING, pair
from sojourn.sim.tables import Cells, Customer

Short = NDArray[np.int16]


@allocating
def find(
    rows: Integers,
    who: Integers,
    stage: Short,
    sequence: NDArray[np.int32],
    time: Floats,
    lag: float,
    horizon: float,
    losing: NDArray[np.bool_],
) -> "tuple[Integers, Integers]":
    """Where each of those who enter on `rows` is `lag` days later.

    Args:
        rows: of the log, at which the surveyed stage is entered, ascending.
        who: index of the customer of each, shape as `rows`.
        stage: of each row of the log, shape (n,).
        sequence: 0 on a customer's first row, shape (n,).
        time: days, shape (n,).
        lag: days from the entry to the question.
        horizon: last day.
        losing: whether customers in a stage count as lost, shape (stages,).

    Returns:
        The row of the stay of that day, -1 where nobody is asked (lost by then, or the day lies beyond the horizon); how
        often the customer had entered the stage before. Both of the shape of `rows`.
    """
    there, visits = np.empty(rows.size, dtype=np.int64), np.zeros(rows.size, dtype=np.int64)
    for n in range(rows.size):
        if n > 0 and who[n] == who[n - 1]:
            visits[n] = visits[n - 1] + 1
        row, day = rows[n], time[rows[n]] + lag
        while row + 1 < time.size and sequence[row + 1] > 0 and time[row + 1] <= day:
            row += 1
        there[n] = -1 if day > horizon or losing[stage[row]] else row
    return there, visits


@kernel
def draw(net: Cells, customers: Integers, stage: int, visits: Integers, number: int, found: Floats) -> None:
    """Two uniforms for each of n customers (ids) into `found`, shape (2, n): named by stage, visit and the survey's number."""
    for n in range(customers.size):
        found[0, n], found[1, n] = pair(net, customers[n], stage, SURVEYING, visits[n], number)


@kernel
def start(net: Cells, me: Customer, customers: Integers, found: Floats) -> None:
    """The satisfaction S0 with which each of n customers (ids) begins into `found`, shape (n,). `me` is anybody, and changes."""
    for n in range(customers.size):
        rules.born(net, me, customers[n], 0.0)
        found[n] = me.real[at.START]

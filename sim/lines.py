"""Who waits at a desk, for compiled code: one line a desk and rank, linked through the cells of those who wait.

A line stands in the order of (time of request, customer). Requests nearly always come in that order, so a newcomer finds the
place from the end at once, and whoever gives up leaves from the middle.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim import tables as at
from sojourn.sim.compiling import apart, compiled
from sojourn.sim.tables import Cells, Customer


class Lines(NamedTuple):
    """Rows of the crowd, -1 for none; shapes (desks, ranks), and counts of shape (desks,)."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    waiting: NDArray[np.int64]
    busy: NDArray[np.int64]  # agents


def lines(net: Cells) -> Lines:
    """Empty lines, and all agents free."""
    desks, segments = int(net[at.DESKS]), int(net[at.SEGMENTS])
    rows = int(net[at.DESK_ROWS]) + np.arange(desks * segments) * at.DESK_WIDTH
    ranks = 1 + int(max((net[row + at.DESK_RANKS_COUNT] for row in rows), default=0))
    nobody = np.full((desks, ranks), -1, dtype=np.int64)
    return Lines(nobody, nobody.copy(), np.zeros(desks, dtype=np.int64), np.zeros(desks, dtype=np.int64))


@apart
def join(line: Lines, crowd: Customer, desk: int, rank: int, i: int) -> None:
    """Customer i takes a place in line."""
    whole, real = crowd.whole, crowd.real
    before, after = line.last[desk, rank], -1
    while before >= 0 and (
        real[before, at.ENTERED] > real[i, at.ENTERED]
        or (real[before, at.ENTERED] == real[i, at.ENTERED] and whole[before, at.ID] > whole[i, at.ID])
    ):
        before, after = whole[before, at.BEFORE], before
    whole[i, at.BEFORE], whole[i, at.AFTER] = before, after
    if before >= 0:
        whole[before, at.AFTER] = i
    else:
        line.first[desk, rank] = i
    if after >= 0:
        whole[after, at.BEFORE] = i
    else:
        line.last[desk, rank] = i
    whole[i, at.RANK] = rank
    line.waiting[desk] += 1


@apart
def leave(line: Lines, crowd: Customer, desk: int, i: int) -> None:
    """Customer i leaves the line, called or not."""
    whole = crowd.whole
    before, after, rank = whole[i, at.BEFORE], whole[i, at.AFTER], whole[i, at.RANK]
    if before >= 0:
        whole[before, at.AFTER] = after
    else:
        line.first[desk, rank] = after
    if after >= 0:
        whole[after, at.BEFORE] = before
    else:
        line.last[desk, rank] = before
    whole[i, at.QUEUED] = 0
    line.waiting[desk] -= 1


@compiled
def next_in_line(line: Lines, desk: int) -> int:
    """Who is served next: the first of the first rank in which somebody waits; -1 for nobody."""
    for rank in range(line.first.shape[1]):
        if line.first[desk, rank] >= 0:
            return int(line.first[desk, rank])
    return -1

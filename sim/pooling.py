"""Curves of replications put together as one sample: what was at risk and what ended, cell by cell of the time since the start.

A replication's own curve ends with its last survivor, so that an average over the replications that get as far as a day is one
over those in which somebody survived. Hence sums over replications stand above and below within each cell. In cell j, from t to
t', a replication with n at risk, whose own Kaplan-Meier curve falls from S to S', adds n (1 - S' / S) to what ended and n f to
what was at risk, with f the share of the cell up to its longest follow-up where that falls inside (1 elsewhere). With the sums
E_j and N_j the survival is the product of 1 - E_j / N_j, as for grouped follow-ups. Within a replication and a cell nothing is
grouped: events at one and the same time, and all losses of an only replication, count as in the curve itself.
"""

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.follow_ups import FollowUps, Read
from sojourn.sim.journeys import Floats

WIDTH = 5.0  # days of a cell; all windows of measures are multiples
RISK, ENDED, COUNTED, ROWS = 0, 1, 2, 3  # rows of a table: at risk, ended by any cause, ended by cause 0


def cells(sample: FollowUps, days: Floats, curves: Read) -> Floats:
    """The table of one replication, shape (ROWS, days): a column for the time up to each of the days since the one before.

    Args:
        sample: follow-ups.
        days: ascending, none below 0; shape (days,).
        curves: what was read of the sample on these days.
    """
    table = np.zeros((ROWS, days.size))
    if not sample.durations.size or not days.size:
        return table
    longest, last = float(sample.durations.max()), float(curves.left[-1])
    past = np.isnan(curves.left_at[:, -1])
    left = np.where(past, last, curves.left_at[:, -1])
    came = np.where(past, curves.incidence[0, -1], curves.incidence_at[:, -1])
    before = np.concatenate(([1.0], left[:-1]))
    begins, risk = (
        np.concatenate(([0.0], days[:-1])),
        np.concatenate(([sample.durations.size], curves.risk_at[:-1, -1])),
    )
    there = np.flatnonzero((risk > 0.0) & (before > 0.0))
    risk, before, earlier = risk[there], before[there], np.concatenate(([0.0], came[:-1]))[there]
    width = (days - begins)[there]
    seen = np.divide(longest - begins[there], width, out=np.ones(there.size), where=width > 0.0)
    table[RISK, there] = risk * (np.clip(seen, 0.0, 1.0) if last > 0.0 else 1.0)
    table[ENDED, there] = risk * (1.0 - left[there] / before)
    table[COUNTED, there] = risk * ((came[there] - earlier) / before)
    return table


def survival(tables: Floats) -> Floats:
    """By the end of each cell, from sums of tables, shape (..., ROWS or fewer, cells); shape (..., cells)."""
    return np.asarray(np.cumprod(np.maximum(1.0 - _shares(tables, ENDED), 0.0), axis=-1))


def incidence(tables: Floats) -> Floats:
    """Share that cause 0 has ended by the end of each cell, from sums of tables; shapes as those of `survival`."""
    left = survival(tables)
    before = np.concatenate((np.ones((*left.shape[:-1], 1)), left[..., :-1]), axis=-1)
    return np.asarray(np.cumsum(before * _shares(tables, COUNTED), axis=-1))


def without_each(each: Floats) -> Floats:
    """Sums over all of the first axis, then without each of it in turn; shape (n, ...) in, (n + 1, ...) out."""
    total = each.sum(axis=0)
    return np.concatenate((total[None], total - each))


def reached(there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether any is there, then without each in turn; shape (n, ...) in, (n + 1, ...) out."""
    return np.asarray(without_each(there.astype(np.int64)) > 0)


def _shares(tables: Floats, row: int) -> Floats:
    risk = tables[..., RISK, :]
    return np.divide(tables[..., row, :], risk, out=np.zeros(risk.shape), where=risk > 0.0)

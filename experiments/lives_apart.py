"""Where the lives of one customer under two strategies part: the first stay that begins elsewhere or on another day."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.journeys import Journeys

Integers = NDArray[np.int64]
NEAR = 1e-6  # days, a tenth of a second: levers' steps cut integrals in other places, and sums then round otherwise


class Apart(NamedTuple):
    """Customers who came under both strategies, ids ascending; all arrays have the same shape."""

    customer: Integers  # id
    first: Integers  # index among the first strategy's customers
    second: Integers  # index among the second's
    row: Integers  # the first stay, counted from 0, that differs in stage or day; -1 for the same life throughout


def apart(a: Journeys, b: Journeys) -> Apart:
    """The same replication under two strategies, customer by customer."""
    both, first, second = np.intersect1d(a.customers.customer, b.customers.customer, return_indices=True)
    stays_a, stays_b = np.diff(a.first)[first], np.diff(b.first)[second]
    shared = np.minimum(stays_a, stays_b)
    who = np.repeat(np.arange(both.size), shared)
    number = np.arange(who.size) - np.repeat(np.cumsum(shared) - shared, shared)
    rows_a, rows_b = a.first[first][who] + number, b.first[second][who] + number
    differ = a.events.stage[rows_a] != b.events.stage[rows_b]
    differ |= np.abs(a.events.time[rows_a] - b.events.time[rows_b]) > NEAR
    row = np.where(stays_a == stays_b, -1, shared)
    where = np.flatnonzero(differ)
    parted, earliest = np.unique(who[where], return_index=True)
    row[parted] = number[where[earliest]]
    return Apart(both, first, second, row)

"""Observed and simulated journeys in one form, each customer from their own day 0 to the end of their watching."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.logs import Log
from sojourn.calibration.stays import NOTHING, Floats, Integers
from sojourn.sim.journeys import Journeys


class Sample(NamedTuple):
    """Stays of some customers, in columns of one length; times are days since each customer's start."""

    customer: Integers  # index into window, ascending
    stage: Integers  # index into the stages of the log
    entry: Floats  # days since the customer's start
    until: Floats  # when the stay or the watching ended
    following: Integers  # the next stage, -1 where the stay was open
    window: Floats  # days for which each customer was watched, shape (customers,)

    def without(self, gone: NDArray[np.bool_]) -> "Sample":
        """The sample less some customers; `gone` has shape (customers,)."""
        rows = ~gone[self.customer]
        index = np.cumsum(~gone) - 1
        return Sample(
            index[self.customer[rows]].astype(np.int64),
            self.stage[rows],
            self.entry[rows],
            self.until[rows],
            self.following[rows],
            self.window[~gone],
        )


def observed(log: Log) -> Sample:
    """The customers of a log."""
    stays = log.stays
    start = log.start[stays.customer]
    return Sample(stays.customer, stays.stage, stays.entry - start, stays.until - start, stays.following, log.window)


def simulated(journeys: Journeys, stages: tuple[str, ...], window: Floats) -> Sample:
    """Simulated customers, watched only as long as `window` says, shape (customers,); `stages` are those of the log."""
    rows = journeys.events
    index = np.array([stages.index(name) for name in journeys.stages], dtype=np.int64)
    who = journeys.who
    start = journeys.customers.arrived[who]
    entry, until = rows.time - start, journeys.until - start
    following = journeys.next_stage.astype(np.int64)
    following = np.where(following == NOTHING, NOTHING, index[following])
    seen = (entry < window[who]) | (rows.sequence == 0)
    cut = until > window[who]
    until = np.minimum(until, window[who])
    following = np.where(cut, NOTHING, following)
    return Sample(
        who[seen].astype(np.int64),
        index[rows.stage][seen],
        entry[seen],
        until[seen],
        following[seen].astype(np.int64),
        window,
    )

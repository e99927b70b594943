"""Observed and simulated journeys in one form, each customer from their own day 0 to the end of their watching."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.logs import Log
from sojourn.calibration.mapping import parts_of
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


def simulated(journeys: Journeys, stages: tuple[str, ...], window: Floats, silent: Iterable[str] = ()) -> Sample:
    """Simulated customers, watched only as long as `window` says, shape (customers,); `stages` are those of the log.

    Of the parts of a `silent` stage only purchases are events: waiting and having left are not seen.
    """
    meant = {name: name for name in stages}
    for name in silent:
        meant |= dict.fromkeys((parts_of(name)[0], parts_of(name)[2]), name)
    index = np.array([stages.index(meant[n]) if n in meant else NOTHING for n in journeys.stages], dtype=np.int64)
    stage = index[journeys.events.stage]
    visible = stage != NOTHING
    stage, who = stage[visible], journeys.who[visible]
    start = journeys.customers.arrived[who]
    entry = journeys.events.time[visible] - start
    until, following = journeys.horizon - start, np.full(who.size, NOTHING, dtype=np.int64)
    goes_on = who[1:] == who[:-1]
    until[:-1][goes_on] = entry[1:][goes_on]
    following[:-1][goes_on] = stage[1:][goes_on]
    seen = (entry < window[who]) | (journeys.events.sequence[visible] == 0)
    cut = until > window[who]
    until = np.minimum(until, window[who])
    following = np.where(cut, NOTHING, following)
    return Sample(
        who[seen].astype(np.int64),
        stage[seen],
        entry[seen],
        until[seen],
        following[seen].astype(np.int64),
        window,
    )

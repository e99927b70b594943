"""A log as it would have been read on an earlier day: what is later is not known yet."""

from dataclasses import replace

import numpy as np

from sojourn.calibration.logs import Log
from sojourn.calibration.stays import NOTHING, Stays


def as_of(log: Log, day: float) -> Log:
    """The log up to `day` (days from its first event): later customers and stays left out, open stays cut off there."""
    there = log.start <= day
    index = np.cumsum(there) - 1
    rows = there[log.stays.customer] & (log.stays.entry <= day)
    was = log.stays
    late = was.until[rows] > day
    stays = Stays(
        index[was.customer[rows]].astype(np.int64),
        was.stage[rows],
        was.entry[rows],
        np.minimum(was.until[rows], day),
        np.where(late, NOTHING, was.following[rows]).astype(np.int64),
    )
    until = np.minimum(log.until[there], day)
    open_stays = (stays.following == NOTHING) & ~log.ends[stays.stage]
    counts = {
        **log.counts,
        "customers": int(there.sum()),
        "people": int(np.unique(log.person[there].astype(str)).size),
        "stays": int(stays.stage.size),
        "stays still open": int(open_stays.sum()),
    }
    span = float(until.max()) if log.calendar else float((until - log.start[there]).max())
    return replace(
        log,
        stays=stays,
        customers=log.customers[there],
        start=log.start[there],
        until=until,
        segment=log.segment[there],
        person=log.person[there],
        arm=log.arm[there],
        horizon=span,
        counts=counts,
    )

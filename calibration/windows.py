"""The window in which customers were watched, and what lies outside it.

Who was there before the watching began is in the log only because they stayed long enough: of such a stay nothing can be
told before the age at which it was first watched (left truncation, delayed entry), and stays that were over by then are no
evidence at all.
"""

import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.mapping_form import Mapping
from sojourn.calibration.names import Names
from sojourn.calibration.rows import Rows
from sojourn.calibration.stays import NOTHING, Floats, Integers, Sorted, Stays


class Watched(NamedTuple):
    """Stays as far as they were watched, and one entry a customer or journey; times are days from the first that was."""

    stays: Stays
    which: Integers  # of each customer, the place in Rows
    customers: Names
    person: Names
    start: Floats
    until: Floats
    arrived: NDArray[np.bool_] | None  # whether the begin was seen; None: all were
    clock: str | None
    gone: int  # customers who had left before
    over: int  # stays that were over before
    unknown: int  # stays of which nobody knows when they began
    base: float = 0.0  # days from the first event of the log to day 0


def watched(rows: Rows, found: Sorted, mapping: Mapping) -> Watched:
    """Cut stays to the window of watching, and number customers anew without those who are not in it."""
    stays = found.stays
    owner = np.arange(rows.customers.size) if found.journeys is None else found.journeys
    since = rows.since[owner][stays.customer] if mapping.observed_from is not None else None
    first = np.ones(stays.customer.size, dtype=np.bool_)
    first[1:] = stays.customer[1:] != stays.customer[:-1]
    there = int(first.sum())
    over, base = 0, 0.0
    told = bool(mapping.told) and stays.seen_from is not None
    begun = None if since is None and not told else np.ones(owner.size, dtype=np.bool_)
    if stays.seen_from is not None and begun is not None:
        begun[stays.customer[np.isnan(stays.seen_from)]] = False
    if since is not None and begun is not None:
        begun[stays.customer[first & (stays.entry < since)]] = False
        ended = stays.stage >= len(mapping.stages)
        past = (stays.until <= since) & (stays.following != NOTHING)
        kept = ~past & ~(ended & (stays.entry < since))
        over = int(past.sum())
        age = np.maximum(since - stays.entry, 0.0)
        age = age if stays.seen_from is None else np.where(np.isnan(stays.seen_from), np.nan, age)
        base = float(since[kept].min()) if np.any(kept) else 0.0
        stays = Stays(
            stays.customer[kept],
            stays.stage[kept],
            stays.entry[kept] - base,
            stays.until[kept] - base,
            stays.following[kept],
            age[kept],
        )
        first = np.ones(stays.customer.size, dtype=np.bool_)
        first[1:] = stays.customer[1:] != stays.customer[:-1]
    present = stays.customer[first].astype(np.int64)
    which = owner[present]
    whole = present.size == rows.customers.size and found.journeys is None
    customers = rows.customers if whole else rows.customers[which]
    person = customers if rows.person is rows.customers else rows.person if whole else rows.person[which]
    if found.number is not None:
        if rows.person is rows.customers:
            person = customers
        numbers = found.number[present].tolist()
        customers = Names([f"{name}/{k}" for name, k in zip(customers.tolist(), numbers, strict=True)])
    return Watched(
        stays=stays._replace(customer=(np.cumsum(first, dtype=np.int32) - 1).astype(np.int32)),
        which=which,
        customers=customers,
        person=person,
        start=stays.entry[first],
        until=_until(rows, found, present, owner) - base,
        arrived=None if begun is None or np.all(begun[present]) else begun[present],
        clock=_shifted(rows.clock, base),
        gone=there - int(present.size),
        over=over,
        unknown=0 if stays.seen_from is None else int(np.isnan(stays.seen_from).sum()),
        base=base,
    )


def _until(rows: Rows, found: Sorted, present: Integers, owner: Integers) -> Floats:
    return (rows.until[owner] if found.limit is None else found.limit)[present]


def _shifted(clock: str | None, days: float) -> str | None:
    if clock is None or days == 0.0:
        return clock
    return (datetime.datetime.fromisoformat(clock) + datetime.timedelta(days=days)).isoformat(sep=" ")

"""Customers who are first seen where nobody leaves: a scenario cannot let them start there, and they tell of no way on."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.holdout import resample
from sojourn.calibration.logs import Log
from sojourn.calibration.stays import NOTHING
from sojourn.scenarios.faults import fault

TRIES = 100  # resamples drawn for one in which people move on from every start
SCARCE = 10  # people who move on from a start below which a resample may well hold none of them (e^-10: one in 20,000)


def stuck(log: Log) -> NDArray[np.bool_]:
    """Customers who would start in a stage that nobody is seen to leave and that is no end; shape (customers,).

    Who was there before the watching began starts nowhere; of silent stages and contracts leaving need not be seen.
    """
    first = log.stays.stage[log.first[:-1]]
    known = log.stays.following != NOTHING
    if log.late is not None:
        known &= ~np.isnan(log.late)  # such stays are left out of the laws
    left = np.bincount(log.stays.stage[known], minlength=len(log.stages)) > 0
    unseen = np.array([name in log.silent or name in log.contracts for name in log.stages])
    leads = left | log.ends | unseen
    found: NDArray[np.bool_] = ~leads[first]
    if log.arrived is not None and np.any(log.arrived):
        found &= log.arrived
    return found


def startable(log: Log) -> Log:
    """The log without those who are `stuck`; `unstarted` and the notes say how many there were. The log itself where none are.

    Raises:
        Faults: where nobody is left.
    """
    there = log.customers.size
    gone = dict(log.unstarted)
    while log.customers.size and np.any(
        off := stuck(log)
    ):  # again: where none who arrived is left, others count as starts
        first = log.stays.stage[log.first[:-1][off]]
        for k, number in zip(*np.unique(first, return_counts=True), strict=True):
            gone[log.stages[int(k)]] = gone.get(log.stages[int(k)], 0) + int(number)
        log = log.only(~off)
    if log.customers.size == there:
        return log
    if not np.any(log.stays.following != NOTHING):
        raise fault(log.source, "", "no customer was seen to move from one stage to another", "give a longer log")
    told = tuple(_said(name, number, there) for name, number in gone.items() if number > log.unstarted.get(name, 0))
    size = log.customers.size
    people = size if log.person is log.customers else int(np.unique(log.person.codes()).size)
    counts = {**log.counts, "people": people, "customers first seen where nobody leaves": sum(gone.values())}
    return replace(log, unstarted=gone, counts=counts, notes=(*log.notes, *told))


def _said(name: str, number: int, of: int) -> str:
    who, left_out = f"{number:,} of {of:,} customers are", "they tell nothing of how customers move and are left out"
    if number == 1:
        who, left_out = f"1 of {of:,} customers is", "this one tells nothing of how customers move and is left out"
    return (
        f"{who} first seen in {name}, which nobody is seen to leave: {left_out}. If customers do leave {name}, map the event "
        "that tells; if it ends the journey, put it under [ends]."
    )


def resampled(log: Log, rng: np.random.Generator) -> tuple[Log, int]:
    """People drawn with replacement, some of whom move on from every stage in which others start; and draws given up for that.

    In a draw without them nothing could be fitted. Given that there is somebody, the draw is one like any other.
    """
    for given_up in range(TRIES):
        found = resample(log, rng)
        if not np.any(stuck(found)):
            return found, given_up
    return found, TRIES


def scarce(log: Log) -> tuple[str, ...]:
    """Stages in which customers start and which so few people leave that resamples may be given up for it."""
    start = np.unique(log.begun.stays.stage[log.begun.first[:-1]])
    rows = log.stays.following != NOTHING
    few = []
    for k in start:
        if log.ends[k] or log.stages[k] in {*log.silent, *log.contracts}:
            continue
        if np.unique(log.people[log.stays.customer[rows & (log.stays.stage == k)]]).size < SCARCE:
            few.append(log.stages[int(k)])
    return tuple(few)

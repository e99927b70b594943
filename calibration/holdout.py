"""What a fit may see and what it is judged by: customers told apart by who they are, or by when they came.

By customer, people are split by a keyed hash of who they are, so that the split is the same every time and nobody is on
both sides. By time, the fit sees what was known at a date: the customers of before it, with their stays as they looked
then, censored at the date. It is judged by those who came later. The second question is the harder one, because it asks
whether tomorrow is like yesterday as well.
"""

import datetime
import math
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.logs import Log
from sojourn.calibration.names import Names
from sojourn.calibration.stays import NOTHING, Integers, Stays
from sojourn.scenarios.faults import Faults, fault

FEWEST = 50  # customers on either side below which a check says nothing
How = Literal["time", "customer"]


class Split(NamedTuple):
    """A log in two parts."""

    train: Log  # what the fit may see
    rest: Log  # what it is judged by
    how: How
    day: float | None  # of the log, where the split is by time
    said: str  # in a sentence


def split(log: Log, how: How, *, share: float = 0.3, at: str | float | None = None, seed: int = 1) -> Split:
    """Split a log by customer or by time.

    Args:
        log: from `logs.read`.
        how: "customer" or "time".
        share: of the customers held out, between 0 and 1; by time, the last to come.
        at: by time, the date (its end), moment or day of the log at which the fit stands, in place of `share`.
        seed: of the split by customer.

    Raises:
        Faults: where the log cannot be split so, or too few customers would be left on a side.
    """
    if not 0.0 < share < 1.0:
        raise fault("--share", "", f"{share:g} is no share of customers to hold out", "give a number between 0 and 1")
    if how == "customer":
        if at is not None:
            raise fault("--at", "", "is a date, and the split is by customer", "take --split time, or leave --at out")
        held = hold_out(log.person, share, seed)
        parts = log.only(~held), log.only(held)
        said = f"{parts[1].customers.size:,} customers held out by chance, {parts[0].customers.size:,} fitted to"
        result = Split(*parts, how, None, said)
    else:
        result = _by_time(log, share, at)
    few = [part for part in result[:2] if part.customers.size < FEWEST]
    if few:
        where = "held out" if few[0] is result.rest else "left to fit to"
        raise fault(
            log.source,
            "",
            f"{few[0].customers.size} of {log.customers.size} customers would be {where}: too few to judge by",
            f"give a longer log, or split so that each side has {FEWEST} or more",
        )
    if not np.any(result.train.stays.following != NOTHING):
        raise fault(log.source, "", "nobody was seen to move before the split", "give a later date or a longer log")
    return result


def hold_out(person: Names | NDArray[Any], share: float, seed: int) -> NDArray[np.bool_]:
    """Which customers are held out, by a hash of who they are keyed with the seed; shape of `person`."""
    salt = seed.to_bytes(8, "little")
    names = person if isinstance(person, Names) else Names(person)
    people, which = names.distinct()
    draws = [
        int.from_bytes(blake2b(name.encode("utf-8", "replace"), digest_size=7, key=salt).digest()) for name in people
    ]
    chosen: NDArray[np.bool_] = (np.array(draws, dtype=np.float64) / 2.0**56 < share)[which]
    return chosen


def large_enough(log: Log, held: NDArray[np.bool_]) -> bool:
    """Whether both sides of a split by customer can say something."""
    moved = np.isin(np.arange(log.customers.size), log.stays.customer[log.stays.following != NOTHING])
    return int(held.sum()) >= FEWEST and bool(np.any(moved & ~held)) and int(np.sum(~held)) >= FEWEST


def some(log: Log, number: int) -> Log:
    """At most so many customers, evenly from all of them: neighbours in a log tend to be alike."""
    return log.some(number)


def known_at(log: Log, day: float) -> Log:
    """The log as it looked at a day: later events are not there, and who was in a stage then is still in it."""
    log = log.only(log.start < day)
    was = log.stays
    rows = was.entry < day
    if was.seen_from is not None:  # a stay that was under way before it was watched
        rows &= ~(was.entry + was.seen_from >= day)
    later = was.until >= day
    stays = Stays(
        was.customer[rows],
        was.stage[rows],
        was.entry[rows],
        np.minimum(was.until, day)[rows],
        np.where(later, NOTHING, was.following)[rows].astype(np.int64),
        None if was.seen_from is None else was.seen_from[rows],
    )
    opened = (stays.following == NOTHING) & ~log.ends[stays.stage]
    counts = {**log.counts, "stays": int(stays.stage.size), "stays still open": int(np.sum(opened))}
    until = np.minimum(log.until, day)
    span = day if log.calendar else max(float((until - log.start).max()), log.resolution)
    told = tuple(one._replace(values=one.values[rows]) for one in log.covariates)
    return replace(log, stays=stays, until=until, counts=counts, span=span, horizon=span, covariates=told)


def day_of(log: Log, at: str | float) -> float:
    """The day of a log that a date (its end), a moment (UTC) or a number names. Raises Faults where it is none of these."""
    text = str(at).strip()
    try:
        day = float(text)
    except ValueError:
        day = math.nan
    if math.isnan(day) and log.clock is not None:
        try:
            moment = datetime.datetime.fromisoformat(text)
        except ValueError:
            raise fault("--at", "", f'"{text}" is no date', "write it as 2017-09-30 or 2017-09-30T12:00") from None
        if moment.tzinfo is not None:
            moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
        if len(text) <= 10:
            moment += datetime.timedelta(days=1)
        day = (moment - datetime.datetime.fromisoformat(log.clock)) / datetime.timedelta(days=1)
    if not math.isfinite(day):
        raise fault(
            "--at", "", f'"{text}" is no day of this log, which counts days', "give a number of days, as in 120"
        )
    last = float(log.until.max())
    if not 0.0 < day < last:
        where = {0.0: "is where the log begins; it", last: "is where the log ends; it"}
        raise fault(
            "--at",
            "",
            f"{text} {where.get(day, 'lies outside the log, which')} goes from day 0{_date(log, 0.0)} to day "
            f"{last:.0f}{_date(log, last)}",
            "give a date inside it",
        )
    return day


def _by_time(log: Log, share: float, at: str | float | None) -> Split:
    if float(np.ptp(log.start)) <= 0.0:
        raise fault(
            log.source,
            "",
            "all customers start at one moment, so nobody is new after a date",
            "split by customer: --split customer",
        )
    day = day_of(log, at) if at is not None else float(np.quantile(log.start, 1.0 - share))
    before, after = log.start < day, log.start >= day
    if not (np.any(before) and np.any(after)):
        who = "nobody came before" if not np.any(before) else "nobody is new after"
        raise Faults(fault("--at", "", f"{who} day {day:.0f}{_date(log, day)}", "give another date").faults)
    rest = log.only(after)
    said = (
        f"fitted to what was known on day {day:.0f}{_date(log, day)} of {int(before.sum()):,} customers; "
        f"{rest.customers.size:,} came later and were held out"
    )
    return Split(known_at(log, day), rest, "time", day, said)


def _date(log: Log, day: float) -> str:
    """A day of the log as a date in brackets, where the log has dates; midnight is the end of the day before."""
    if log.clock is None:
        return ""
    moment = datetime.datetime.fromisoformat(log.clock) + datetime.timedelta(days=day)
    if moment.time() == datetime.time() and day > 0.0:
        return f" (the end of {moment - datetime.timedelta(days=1):%Y-%m-%d})"
    return f" ({moment:%Y-%m-%d})"


def resample(log: Log, rng: np.random.Generator) -> Log:
    """People drawn with replacement, with all their journeys."""
    order = np.argsort(log.people, kind="stable")
    _, begins, sizes = np.unique(log.people[order], return_index=True, return_counts=True)
    drawn = rng.integers(0, begins.size, begins.size)
    lengths = sizes[drawn]
    offset = np.repeat(begins[drawn] - (np.cumsum(lengths) - lengths), lengths)
    chosen: Integers = order[offset + np.arange(int(lengths.sum()))].astype(np.int64)
    return log.take(chosen)

"""Times that lie far from all others, and those that have not come yet: most are wrong dates, and one may decide a fit."""

import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.instants import DAY, clock_text
from sojourn.calibration.intake import Intake
from sojourn.calibration.sqltext import rows_of

LEAST, MOST = 5, 10  # times at either end that may lie apart, the second where there are enough
EACH = 100  # rows for one of them
ENOUGH = 50  # rows from which it is said of any
APART = 0.5  # of the span of all others, from which a gap is wide
WIDER = 30.0  # times the mean of the gaps beside it


class Ends(NamedTuple):
    """The first and last times of a log.

    Attributes:
        last: the last event, with its data row, in words.
        doubts: what is said of times that lie apart or ahead.
    """

    last: str
    doubts: tuple[str, ...]


def ends_of(taken: Intake) -> Ends:
    """What to say of the first and the last times in the table `rows`."""
    kept = min(max(LEAST, taken.rows // EACH), MOST)
    late, early = (
        [
            (float(time), int(row))
            for time, row in rows_of(
                taken.connection, f"SELECT time, rowid + 1 FROM rows ORDER BY time {way}, rowid LIMIT {kept + 1}"
            )
        ]
        for way in ("DESC", "ASC")
    )
    doubts: list[str] = []
    if taken.rows >= ENOUGH:
        span = late[-1][0] - early[-1][0]
        for side, found in (("last", late), ("first", early)):
            number = apart(np.array([time for time, _ in found]), span)
            if number:
                doubts.append(_said(taken, side, found, number))
    if not taken.clock.numeric:
        doubts += _ahead(taken)
    time, row = late[0]
    return Ends(f"{moment(taken, time)}, data row {row:,}", tuple(doubts))


def apart(times: NDArray[np.float64], span: float) -> int:
    """How many of the times at one end of a log lie far from all others; 0 where none do.

    Args:
        times: from the end inwards, shape (k + 1,).
        span: of all times without those at both ends.
    """
    gaps = np.abs(np.diff(times))
    widest = int(np.argmax(gaps))
    others = np.delete(gaps, widest)
    beside = float(others.mean()) if others.size else 0.0
    return widest + 1 if span > 0.0 and gaps[widest] > max(APART * span, WIDER * beside) else 0


def moment(taken: Intake, time: float) -> str:
    """A time of the table in words: a date without its time of day where that is 0."""
    return f"day {time:g}" if taken.clock.numeric else clock_text(int(time)).removesuffix(" 00:00:00")


def _said(taken: Intake, side: str, found: list[tuple[float, int]], number: int) -> str:
    which = ", ".join(f"{moment(taken, time)} (data row {row:,})" for time, row in found[: min(number, 3)])
    more = f" and {number - 3} more" if number > 3 else ""
    days = abs(found[number - 1][0] - found[number][0]) / taken.clock.unit
    lie = "1 event lies" if number == 1 else f"{number} events lie"
    where = "after the last" if side == "last" else "before the first"
    told = f"{lie} {days:,.0f} days {where} of all others: {which}{more}."
    if side == "last" and taken.mapping.observed_until is None:
        return f"{told} Everybody counts as watched until then: mend or drop wrong dates, or say observed_until."
    return f"{told} The log {'ends' if side == 'last' else 'begins'} with it: mend or drop wrong dates."


def _ahead(taken: Intake) -> list[str]:
    """Events that have not come yet. A day is left for zones."""
    now = datetime.datetime.now(datetime.UTC) - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    limit = now // datetime.timedelta(microseconds=1) + DAY
    number, row, time = rows_of(
        taken.connection,
        f"SELECT count(*), min(rowid) + 1, arg_min(time, rowid) FROM rows WHERE time > {limit}",
    )[0]
    if not number:
        return []
    lie = "1 event lies" if number == 1 else f"{number:,} events lie"
    return [
        f"{lie} later than today, first in data row {row:,}: {moment(taken, time)}. If that is no plan, mend or drop them."
    ]

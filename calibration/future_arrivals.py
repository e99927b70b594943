"""Who will come: by day as given, as a scenario says, or as a log's arrivals go on, with the error of their rate."""

import csv
import datetime
import io
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sojourn.calibration.arrivals import fit_arrivals
from sojourn.calibration.logs import Log
from sojourn.calibration.scenario import number
from sojourn.scenarios.faults import Fault, Faults, fault, quoted
from sojourn.scenarios.model import Scenario

NONE = "none"  # in place of a file: nobody comes
WEEK = 7
FEWEST_WEEKS = 3  # to draw from
LARGEST = 1e6  # arrivals a day


class Arriving(NamedTuple):
    """Arrivals of one future: the scenario's table, and how many exactly (None: as many as chance will have)."""

    table: dict[str, Any]
    exactly: int | None


class Newcomers(NamedTuple):
    """How customers will come. One of: given rates by day, a rate known from so many arrivals, weeks to draw from, a table."""

    said: str
    daily: tuple[float, ...] = ()  # expected by day
    arrived: int = 0  # over `over` days: what a steady rate is known from
    over: float = 0.0
    weeks: "np.ndarray[tuple[int, int], np.dtype[np.float64]] | None" = None  # counts by day of weeks of the log
    table: dict[str, Any] | None = None  # as the scenario has it

    @property
    def of_log(self) -> bool:
        """Whether they come as in the log, so that its arrivals must not have moved."""
        return self.arrived > 0 or self.weeks is not None

    def since(self, log: Log, today: float, day: float) -> "Newcomers":
        """Those who come as in the log's part from a day on: by whole weeks of it where days are uneven, else at its rate."""
        weeks = int((today - day) // WEEK)
        if self.weeks is not None and weeks >= FEWEST_WEEKS:
            said = f"Newcomers come as unevenly as since day {day:.0f} of the log: its last {weeks} whole weeks, drawn anew."
            return self._replace(said=said, weeks=self.weeks[-weeks:])
        count = int(np.sum(log.begun.start >= day))
        if not count:
            return Newcomers(f"Nobody else comes: nobody has since day {day:.0f} of the log.")
        said = f"Newcomers come as since day {day:.0f} of the log (from {count:,})."
        return Newcomers(said, arrived=count, over=max(today - day, 1.0))

    def draw(self, days: float, rng: np.random.Generator) -> Arriving:
        """Arrivals of one future: counts are Poisson, and a rate known from n arrivals in T days is gamma (n, T)."""
        whole = max(math.ceil(days), 1)
        if self.arrived:
            return Arriving({"rate_per_day": rng.gamma(self.arrived) / self.over}, None)
        if self.weeks is not None:
            drawn = self.weeks[rng.integers(0, len(self.weeks), math.ceil(whole / WEEK))].ravel()[:whole]
            return self._by_day(drawn, days, int(drawn.sum()))
        if self.daily:
            expected = np.array([*self.daily, *[0.0] * whole])[:whole]
            return self._by_day(expected, days, None)
        if self.table is not None:
            return Arriving(self.table, None)
        return Arriving({"rate_per_day": 1.0}, 0)

    def _by_day(self, counts: "np.ndarray[Any, np.dtype[np.float64]]", days: float, exactly: int | None) -> Arriving:
        if counts.sum() <= 0.0:
            return Arriving({"rate_per_day": 1.0}, 0)
        return Arriving({"daily": counts.tolist()}, exactly)


def newcomers(
    scenario: Scenario, log: Log, today: float, given: str | Path | None = None, *, days: float = math.inf
) -> Newcomers:
    """How customers will come after `today` (day of the log).

    Args:
        scenario: whose arrivals hold where they are not the log's own.
        log: what it was calibrated from.
        today: day of the log on which the window begins.
        given: a CSV file with the columns day and count (expected newcomers; a day is a date, or 0, 1, ... from today on), "none"
            for nobody, or None: as calibrated.
        days: length of the window; what a file says of later days is left out.

    Raises:
        Faults: for a file that cannot be read so.
    """
    if given is not None and str(given) == NONE:
        return Newcomers("Nobody else comes, as asked.")
    if given is not None:
        counts = read_counts(given, log, today)
        return Newcomers(_expected(Path(given).name, counts, days), daily=counts)
    arrivals = scenario.arrivals
    log = log.begun  # who was there before the watching began is no arrival
    fitted = fit_arrivals(log)
    count = log.customers.size
    if fitted.cohort is not None and arrivals.cohort is not None:
        return Newcomers(f"Nobody else comes: {fitted.said}.")
    if arrivals.rate_per_day is not None and fitted.rate_per_day is not None:
        own = math.isclose(arrivals.rate_per_day, float(number(fitted.rate_per_day)), rel_tol=1e-9)
        if own and fitted.until_day is not None:
            return Newcomers(f"Nobody else comes: the last of {count:,} customers came on day {fitted.until_day:.0f}.")
        if own:
            rate = f"{fitted.rate_per_day:.3g} a day"
            return Newcomers(
                f"Newcomers come as in the log, {rate} (from {count:,}).",
                arrived=count,
                over=count / fitted.rate_per_day,
            )
    if arrivals.daily is not None and fitted.daily is not None and len(arrivals.daily) == len(fitted.written):
        weeks = _weeks(log, today)
        if weeks is not None:
            said = (
                f"Newcomers come as unevenly as in the log: whole weeks of it, drawn anew ({len(weeks)} to draw from)."
            )
            return Newcomers(said, weeks=weeks)
        mean = count / max(today, 1.0)
        return Newcomers(
            f"Newcomers come at the log's mean rate, {mean:.3g} a day.", arrived=count, over=max(today, 1.0)
        )
    table = arrivals.model_dump(mode="json", exclude_unset=True)
    return Newcomers("Newcomers come as the scenario says, whose arrivals are not the log's.", table=table)


def _expected(name: str, counts: tuple[float, ...], days: float) -> str:
    """How many a file expects within the window, of which the last day may be a part."""
    inside = sum(count * min(max(days - day, 0.0), 1.0) for day, count in enumerate(counts))
    later = sum(counts) - inside
    if not inside:
        return f"Nobody else comes within the window, as {name} says" + (": its days are later ones." if later else ".")
    said = f"Newcomers come as {name} expects, {inside:,.0f} within the window"
    return f"{said}; its {later:,.0f} after that are left out." if later >= 0.5 else f"{said}."


def _weeks(log: Log, today: float) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]] | None":
    """Arrivals by day of the log's last whole weeks before today, each beginning on today's day of the week; None for too few."""
    number = int(today // WEEK)
    if number < FEWEST_WEEKS:
        return None
    since = today - number * WEEK
    inside = log.start >= since
    day = np.minimum((log.start[inside] - since).astype(np.int64), number * WEEK - 1)
    return np.bincount(day, minlength=number * WEEK).astype(np.float64).reshape(number, WEEK)


def read_counts(path: str | Path, log: Log, today: float) -> tuple[float, ...]:
    """Expected newcomers by day from today on, from a CSV file with the columns day and count. Raises Faults for all mistakes."""
    name = str(path)
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or "it is not UTF-8 text"
        raise fault(name, "", f"cannot be read: {why}", "give a CSV file with the columns day and count") from None
    reader = csv.DictReader(io.StringIO(text))
    if reader.fieldnames is None or not {"day", "count"} <= set(reader.fieldnames):
        raise fault(name, "line 1", "has no columns day and count", "begin the file with the line day,count")
    begin = None
    if log.clock is not None:
        begin = (datetime.datetime.fromisoformat(log.clock) + datetime.timedelta(days=today + 1e-6)).date()
    counts: dict[int, float] = {}
    faults = []
    for row in reader:
        place = f"line {reader.line_num}"
        day, count = _day(row["day"], begin), _count(row["count"])
        if day is None:
            remedy = (
                "give a date as in 2026-12-31, or days from today on: 0, 1, 2"
                if begin
                else "give days from today on: 0, 1, 2"
            )
            faults.append(Fault(name, place, str(row["day"]), f"{quoted(str(row['day']))} is no day", remedy))
        elif day < 0:
            faults.append(
                Fault(name, place, str(row["day"]), f"{row['day']} is before the window begins", "leave it out")
            )
        elif day in counts:
            faults.append(Fault(name, place, str(row["day"]), f"{row['day']} is there twice", "give each day once"))
        elif count is None:
            faults.append(
                Fault(name, place, str(row["count"]), f"{quoted(str(row['count']))} is no number of newcomers",
                      f"give a number from 0 to {LARGEST:,.0f}")
            )  # fmt: skip
        else:
            counts[day] = count
    if not faults and not counts:
        faults.append(Fault(name, "", "", "has no line with a day", "add one, or give --arrivals none"))
    if faults:
        raise Faults(faults[:20])
    return tuple(counts.get(day, 0.0) for day in range(max(counts) + 1))


def _day(text: str | None, begin: datetime.date | None) -> int | None:
    try:
        return min(int(text or ""), 100_000)
    except ValueError:
        pass
    try:
        return None if begin is None else (datetime.date.fromisoformat(text or "") - begin).days
    except ValueError:
        return None


def _count(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0.0 <= value <= LARGEST else None

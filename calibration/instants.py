"""Times as a log writes them: numbers of days, dates, or moments with and without a zone, told apart and turned into numbers.

A moment is microseconds since 1970 (UTC). A day has 24 hours, also where clocks are moved. Dates without a time of day belong
to no zone: their days are whole.
"""

import datetime
import zoneinfo
from typing import NamedTuple

DAY = 86_400_000_000  # microseconds
SAMPLE = 10_000  # rows from which the kind of times is told; all of them tell where one of these does not fit
NUMBERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT",
                     "FLOAT", "DOUBLE"})  # fmt: skip


class Clock(NamedTuple):
    """How times are read.

    `form` is "days" (numbers of days), "dates" (dates alone, of no zone) or "moments".
    """

    form: str
    zone: str

    @property
    def numeric(self) -> bool:
        """Whether the log counts days."""
        return self.form == "days"

    @property
    def unit(self) -> float:
        """How much one day is in the numbers that times become."""
        return 1.0 if self.numeric else float(DAY)

    def number(self, text: str, kind: str = "VARCHAR") -> str:
        """SQL of a time as a number (days or microseconds); NULL where it cannot be read or is not finite."""
        if self.numeric:
            value = f"CAST({text} AS DOUBLE)" if counts(kind) else f"TRY_CAST(trim({text}) AS DOUBLE)"
            return f"(CASE WHEN isfinite({value}) THEN {value} END)"
        if dated(kind):
            value = f"CAST({text} AS TIMESTAMP)" if "ZONE" not in kind else text
            if self.form != "dates" and "ZONE" not in kind:
                value = f"CAST({value} AS TIMESTAMPTZ)"
            return f"(CASE WHEN isfinite({value}) THEN epoch_us({value}) END)"
        if self.form == "dates":
            value = f"TRY_CAST(trim({text}) AS TIMESTAMP)"
            return f"(CASE WHEN length(trim({text})) <= 10 AND isfinite({value}) THEN epoch_us({value}) END)"
        value = f"TRY_CAST(trim({text}) AS TIMESTAMPTZ)"
        return f"(CASE WHEN isfinite({value}) THEN epoch_us({value}) END)"

    def end_of_day(self, text: str) -> str:
        """SQL of the first moment of the day after a date."""
        day = f"TRY_CAST(trim({text}) AS DATE) + 1"
        kind = "TIMESTAMP" if self.form == "dates" else "TIMESTAMPTZ"
        return f"epoch_us(CAST({day} AS {kind}))"

    def moment(self, told: datetime.date, *, end: bool) -> int:
        """Microseconds of a date of the mapping, its start or its `end`, or of a time; naive ones are in the log's zone."""
        utc = self.form == "dates" or self.zone == "UTC"
        zone: datetime.tzinfo = datetime.UTC if utc else zoneinfo.ZoneInfo(self.zone)
        if isinstance(told, datetime.datetime):
            at = told if told.tzinfo else told.replace(tzinfo=zone)
        else:
            day = told + datetime.timedelta(days=1) if end else told
            at = datetime.datetime(day.year, day.month, day.day, tzinfo=zone)
        return (at - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(microseconds=1)


def repeated(zone: str, low: int, high: int) -> list[tuple[int, int]]:
    """Moments (microseconds, from and up to) at which local clocks show for the second time what they have shown before."""
    if zone == "UTC":
        return []
    place = zoneinfo.ZoneInfo(zone)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

    def offset(seconds: int) -> int:
        local = (epoch + datetime.timedelta(seconds=seconds)).astimezone(place)
        return int((local.utcoffset() or datetime.timedelta()).total_seconds())

    found = []
    day = DAY // 1_000_000
    first = low // 1_000_000 // day * day - day
    for begin in range(first, high // 1_000_000 + day, day):
        before, after = offset(begin), offset(begin + day)
        if after < before:  # clocks go back on this day: to the second
            left, right = begin, begin + day
            while right - left > 1:
                middle = (left + right) // 2
                left, right = (middle, right) if offset(middle) == before else (left, middle)
            found.append((right * 1_000_000, (right + before - after) * 1_000_000))
    return found


def counts(kind: str) -> bool:
    """Whether a type of DuckDB is a number."""
    return kind in NUMBERS or kind.startswith("DECIMAL")


def dated(kind: str) -> bool:
    """Whether a type of DuckDB is a date or a time with a date."""
    return kind == "DATE" or kind.startswith("TIMESTAMP")


def as_text(column: str, kind: str) -> str:
    """SQL of a column as text."""
    if kind == "VARCHAR":
        return column
    if kind.startswith("TIMESTAMP") and "ZONE" not in kind:
        column = f"CAST({column} AS TIMESTAMP)"  # to the microsecond, whatever the file keeps
    if kind in ("FLOAT", "DOUBLE"):  # numbers of customers that some tool has kept with a decimal point
        whole = f"{column} = floor({column}) AND abs({column}) < 1e15"
        return f"(CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE CAST({column} AS VARCHAR) END)"
    return f"CAST({column} AS VARCHAR)"


def zoned(text: str) -> str:
    """SQL of what a time says of its zone: 0 a date alone, 1 a time without a zone, 2 a time with one."""
    rest = f"substr(trim({text}), 12)"
    sign = f"contains({rest}, '+') OR contains({rest}, '-') OR right({rest}, 1) > '9'"
    return f"(CASE WHEN length(trim({text})) <= 10 THEN 0 WHEN {sign} THEN 2 ELSE 1 END)"


def clock_text(micros: int) -> str:
    """A moment as ISO text, UTC."""
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=int(micros))).isoformat(sep=" ")

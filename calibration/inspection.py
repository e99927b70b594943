"""Looks through the raw rows of a log for everything that a calibration must not swallow silently."""

import datetime

from sojourn.calibration.instants import DAY, clock_text
from sojourn.calibration.intake import Intake
from sojourn.calibration.sqltext import rows_of
from sojourn.scenarios.faults import Fault, clipped, quoted, shown

EARLIEST = -25_568 * DAY  # a day before 1900, for zones
FARTHEST = 100_000.0  # days: a log that spans more has a wrong date in it


class Inspection:
    """Looks for one kind of fault after the other, and keeps them."""

    def __init__(self, taken: Intake) -> None:
        self.taken = taken
        self.mapping = taken.mapping
        self.faults: list[Fault] = []

    def count(self, condition: str) -> int:
        """How many rows meet a condition (SQL)."""
        return int(rows_of(self.taken.connection, f"SELECT count(*) FROM rows WHERE {condition}")[0][0])

    def add(self, key: str, condition: str, said: str, remedy: str, value: str | None = None) -> int:
        """A fault for the rows that meet a condition; returns how many there are. `value` is SQL of what stands there."""
        number, row, found = rows_of(
            self.taken.connection,
            f"SELECT count(*), min(rowid) + 1, arg_min({value or key}, rowid) FROM rows WHERE {condition}",
        )[0]
        if number:
            rows = "1 row" if number == 1 else f"{number:,} rows"
            example = "" if found is None else shown(found)
            first = f"first in data row {row:,}" + (f": {example}" if example else "")
            self.faults.append(Fault(self.taken.name, self.place(key), example, f"{rows} {said}, {first}", remedy))
        return int(number)

    def place(self, key: str) -> str:
        """The column behind a key of the mapping, for messages."""
        return f"column {clipped(self.mapping.columns[key])}" if key in self.mapping.columns else key

    def present(self, key: str, remedy: str) -> None:
        """Every row must have a value."""
        blank = f"coalesce(trim({key}), '') = ''"
        if key == "time" or key.startswith("observed"):
            blank = f"{key} IS NULL AND {key}_text IS NULL"
        self.add(key, blank, f"without {_a(key)}", remedy)

    def headers(self) -> None:
        """A header in the middle of the rows: files that were put one behind the other."""
        named = {key: name for key, name in self.mapping.columns.items() if key in ("customer", "event")}
        same = " AND ".join(f"{key} = ?" for key in named)
        number, row = rows_of(
            self.taken.connection, f"SELECT count(*), min(rowid) + 1 FROM rows WHERE {same}", [*named.values()]
        )[0]
        if number:
            rows = "1 row repeats" if number == 1 else f"{number:,} rows repeat"
            said = f"{rows} the header, first in data row {row:,}"
            self.faults.append(Fault(self.taken.name, "", "", said, "take it out where files were put together"))

    def times(self) -> None:
        """Check the times."""
        numeric = self.taken.clock.numeric
        self.present("time", "give every event its time, or drop the rows before")
        never = "coalesce(NOT isfinite(TRY_CAST(trim(time_text) AS DOUBLE)), false)"
        if not numeric:
            never = f"({never} OR coalesce(NOT isfinite(TRY_CAST(trim(time_text) AS TIMESTAMPTZ)), false))"
        remedy = "write times as 2017-12-31, as 2017-12-31 14:30:00 or as a number of days"
        none_read = self.count("time IS NOT NULL") == 0
        said = (
            "with a time that is neither a date, a time nor a number of days"
            if none_read
            else f"with a time that is no {'number of days, as the others are' if numeric else 'date or time'}"
        )
        if not numeric:
            slashes = self.count("regexp_matches(time_text, '^ *[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{4}')")
            if slashes:
                remedy += ', or say how they are written, as in time_format = "%d.%m.%Y" or "%m/%d/%Y %H:%M"'
        if self.mapping.time_format is not None:
            said = f"with a time that is not written as {quoted(self.mapping.time_format)}"
            remedy = f"mend them, or time_format in {self.taken.mapping_file}"
        if self.count("regexp_matches(time_text, '^ *-?[0-9]+,[0-9]+ *$')"):
            remedy = "write numbers of days with a decimal point, as 15.4, not with a comma"
        self.add("time", f"time_text IS NOT NULL AND NOT {never}", said, remedy, "time_text")
        self.add("time", never, "with a time that is not finite", "give the time, or drop the rows before", "time_text")
        if numeric:
            days = "count days from the start of the log; write dates as 2017-12-31, not as 20171231, seconds or milliseconds"
            value = "CASE WHEN time = floor(time) THEN CAST(CAST(time AS HUGEINT) AS VARCHAR) ELSE CAST(time AS VARCHAR) END"
            self.add("time", f"time > {FARTHEST!r}", f"with a time above {FARTHEST:,.0f} days", days, value)
            self.add("time", "time < 0", "with a negative time", "count days from the start of the log")
        else:
            years = 'write years with four digits, or say how they are written, as in time_format = "%y-%m-%d"'
            value = "CAST(make_timestamp(time) AS VARCHAR)"
            self.add("time", f"time < {EARLIEST}", "with a time before the year 1900", years, value)
            self._span()
            self._zones()

    def _span(self) -> None:
        low, high = rows_of(self.taken.connection, "SELECT min(time), max(time) FROM rows")[0]
        if not self.faults and (high - low) / DAY > FARTHEST:
            self.faults.append(
                Fault(
                    self.taken.name,
                    self.place("time"),
                    shown(self.moment(high)),
                    f"times run from {self.moment(low)} to {self.moment(high)}, over {FARTHEST:,.0f} days",
                    "mend the wrong ones (often 1900 or 9999 stands for an unknown date)",
                )
            )

    def _zones(self) -> None:
        """Times with and without a zone in one column cannot be laid on one clock unless the mapping says which is meant."""
        if self.mapping.timezone is not None:
            return
        naive, aware, first, other = rows_of(
            self.taken.connection,
            "SELECT count(*) FILTER (zoned = 1), count(*) FILTER (zoned = 2), min(rowid) FILTER (zoned = 1) + 1, "
            "min(rowid) FILTER (zoned = 2) + 1 FROM rows",
        )[0]
        if naive and aware:
            rows, others = ("1 row" if n == 1 else f"{n:,} rows" for n in (naive, aware))
            self.faults.append(
                Fault(
                    self.taken.name,
                    self.place("time"),
                    "",
                    f"{rows} with a time that names no zone (first in data row {first:,}) beside {others} with one that does "
                    f"(first in data row {other:,})",
                    f'add timezone = "Europe/Berlin" or another to {self.taken.mapping_file} for those that name none',
                )
            )

    def moment(self, number: float) -> str:
        """A time of the table, for messages."""
        return f"{number:g}" if self.taken.clock.numeric else clock_text(int(number))

    def one_a_customer(self, key: str, remedy: str) -> None:
        """All rows of a customer must agree."""
        if key not in self.mapping.columns:
            return
        whose = "customer, journey" if self.mapping.journey is not None and key != "person" else "customer"
        found = rows_of(
            self.taken.connection,
            f"SELECT count(*), min(customer), arg_min(low, customer), arg_min(high, customer) FROM (SELECT customer, "
            f"min({key}) AS low, max({key}) AS high FROM rows GROUP BY {whose}) WHERE low <> high",
        )[0]
        if found[0]:
            number, customer, low, high = found
            if key.startswith("observed"):
                low, high = self.moment(low), self.moment(high)
            who = "1 customer has" if number == 1 else f"{number:,} customers have"
            message = f"{who} more than one {key}, for instance {shown(customer)}: {shown(low)} and {shown(high)}"
            self.faults.append(Fault(self.taken.name, self.place(key), shown(low), message, remedy))

    def one_arm(self) -> None:
        """All rows of a customer that name an arm must name the same; says which rows do not."""
        if "arm" not in self.mapping.columns:
            return
        found = rows_of(
            self.taken.connection,
            "SELECT count(*) OVER (), customer, low, low_row, high, high_row FROM (SELECT customer, min(arm) AS low, "
            "arg_min(rowid, arm) + 1 AS low_row, max(arm) AS high, arg_max(rowid, arm) + 1 AS high_row FROM rows "
            "WHERE trim(arm) <> '' GROUP BY customer) WHERE low <> high ORDER BY least(low_row, high_row) LIMIT 3",
        )
        if found:
            number, first = found[0][0], found[0][2]
            who = "1 customer is" if number == 1 else f"{number:,} customers are"
            told = ", ".join(
                f"{shown(one)} in {shown(low)} (data row {at:,}) and {shown(high)} (data row {other:,})"
                for _, one, low, at, high, other in found
            )
            rest = f" and {number - len(found):,} more" if number > len(found) else ""
            remedy = "give a customer the arm to which they were assigned, or drop those who were in both"
            self.faults.append(
                Fault(self.taken.name, self.place("arm"), shown(first), f"{who} in two arms: {told}{rest}", remedy)
            )

    def window(self, key: str) -> str | None:
        """SQL of a row's end (or begin) of watching, or None where the mapping says nothing; faults where there is none.

        A date means its end for `observed_until` and its start for `observed_from`; a time means itself.
        """
        told = getattr(self.mapping, key)
        numeric = self.taken.clock.numeric
        if told is None:
            return None
        if isinstance(told, str):
            what = "end" if key == "observed_until" else "begin"
            self.present(key, f"give every row the {what} of its customer's watching")
            self.add(
                key,
                f"{key}_text IS NOT NULL",
                f"whose {what} of watching is no {'number of days' if numeric else 'date or time'}",
                f"write it as {'a number of days' if numeric else '2017-12-31'}",
                f"{key}_text",
            )
            self.one_a_customer(key, "a customer is watched over one time; give all rows the same")
            return key
        if isinstance(told, float | int) != numeric:
            clock = "counts days" if numeric else "has dates"
            text = shown(int(told) if isinstance(told, float) and told.is_integer() else told)
            remedy = f"give {'a number of days' if numeric else f'a date, as in {key} = 2017-12-31'}"
            message = f"{text} does not fit a log that {clock}"
            self.faults.append(Fault(self.taken.mapping_file, key, text, message, remedy))
            return None
        if isinstance(told, float | int):
            return f"{float(told)!r}::DOUBLE"
        return str(self.taken.clock.moment(told, end=key == "observed_until"))

    def mostly_read(self) -> bool:
        """Whether most times could be read, so that the window of watching can be looked at beside what else is wrong."""
        return 2 * self.count("time IS NOT NULL") > self.taken.rows

    def watched(self) -> tuple[str | None, str]:
        """SQL of the begin and of the end of a row's watching; faults for rows that lie after it, or an end before the begin."""
        noted = len(self.faults)
        begin, last = self.window("observed_from"), self.window("observed_until")
        until = self.mapping.observed_until
        if last is None or len(self.faults) > noted:
            return begin, "(SELECT max(time) FROM rows)"
        # The first moment of the next day is not of the day that was meant.
        day = isinstance(until, datetime.date) and not isinstance(until, datetime.datetime)
        beyond = f"time > {last}" if not day else f"time >= {last}"
        if isinstance(until, str) and not self.taken.clock.numeric:
            beyond = f"time > {last} OR ({last}_day AND time = {last})"
        unit = self.taken.clock.unit
        ahead = rows_of(self.taken.connection, f"SELECT (max({last}) - min(time)) / {unit!r} FROM rows")[0][0]
        if ahead > FARTHEST and not noted:
            message = f"the watching ends {ahead:,.0f} days after the first event"
            remedy = "give the day on which the log was taken"
            self.faults.append(Fault(self.taken.mapping_file, "observed_until", "", message, remedy))
        found = rows_of(self.taken.connection, f"SELECT count(*), min(rowid) + 1, max(time) FROM rows WHERE {beyond}")[
            0
        ]
        if found[0]:
            rows = "1 row lies" if found[0] == 1 else f"{found[0]:,} rows lie"
            what = quoted(until) if isinstance(until, str) else shown(until)
            at = self.moment(found[2])
            self.faults.append(
                Fault(
                    self.taken.name,
                    self.place("time"),
                    shown(at),
                    f"{rows} after observed_until ({what}), first in data row {found[1]:,}, last at {at}",
                    "move observed_until to the real end of the watching, or cut the log there",
                )
            )
        if begin is not None:
            turned = rows_of(
                self.taken.connection, f"SELECT count(*), min(rowid) + 1 FROM rows WHERE {begin} >= {last}"
            )[0]
            if turned[0]:
                place = self.taken.name if isinstance(self.mapping.observed_from, str) else self.taken.mapping_file
                said = (
                    f"the watching begins no earlier than it ends ({turned[0]:,} rows, first in data row {turned[1]:,})"
                )
                self.faults.append(Fault(place, "observed_from", "", said, "give a begin before observed_until"))
        return begin, last


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"

"""Looks through the raw rows of a log for everything that a calibration must not swallow silently."""

import datetime

from sojourn.calibration.mapping import Mapping
from sojourn.calibration.tables import Connection, rows_of
from sojourn.scenarios.faults import Fault, clipped, nearest, quoted, shown

DAY = 86_400_000_000  # microseconds
FARTHEST = 100_000.0  # days: a log that spans more has a wrong date in it
NUMBER = "TRY_CAST(trim({0}) AS DOUBLE)"
INSTANT = "TRY_CAST(trim({0}) AS TIMESTAMPTZ)"


class Inspection:
    """Looks for one kind of fault after the other, and keeps them."""

    def __init__(self, connection: Connection, mapping: Mapping, name: str, mapping_file: str) -> None:
        self.connection = connection
        self.mapping = mapping
        self.name = name
        self.mapping_file = mapping_file
        self.faults: list[Fault] = []

    def count(self, condition: str) -> int:
        """How many rows meet a condition (SQL)."""
        return int(rows_of(self.connection, f"SELECT count(*) FROM log WHERE {condition}")[0][0])

    def add(self, key: str, condition: str, said: str, remedy: str) -> int:
        """A fault for the rows that meet a condition; returns how many there are."""
        number, row, value = rows_of(
            self.connection, f"SELECT count(*), min(row), arg_min({key}, row) FROM log WHERE {condition}"
        )[0]
        if number:
            rows = "1 row" if number == 1 else f"{number:,} rows"
            place = f"column {clipped(self.mapping.columns[key])}"
            example = "" if value is None else shown(value)
            first = f"first in data row {row:,}" + (f": {example}" if example else "")
            self.faults.append(Fault(self.name, place, example, f"{rows} {said}, {first}", remedy))
        return int(number)

    def present(self, key: str, remedy: str) -> None:
        """Every row must have a value."""
        self.add(key, f"coalesce(trim({key}), '') = ''", f"without {_a(key)}", remedy)

    def times(self) -> bool:
        """Check the times; true where they are numbers of days."""
        said = "coalesce(trim(time), '') <> ''"
        number, instant = NUMBER.format("time"), INSTANT.format("time")
        self.present("time", "give every event its time, or drop the rows before")
        no_number, no_instant = (self.count(f"{said} AND {form} IS NULL") for form in (number, instant))
        numeric = no_number < no_instant
        form = number if numeric else instant
        self.add(
            "time",
            f"{said} AND {form} IS NULL",
            "with a time that is neither a date, a time nor a number of days"
            if no_number and no_instant and min(no_number, no_instant) == self.count(said)
            else f"with a time that is no {'number of days, as the others are' if numeric else 'date or time'}",
            "write times as 2017-12-31, as 2017-12-31 14:30:00 or as a number of days",
        )
        finite = f"coalesce(isfinite({form}), true)"
        self.add("time", f"NOT {finite}", "with a time that is not finite", "give the time, or drop the rows before")
        if numeric:
            remedy = "count days from the start of the log; write dates as 2017-12-31, not as 20171231 or seconds"
            self.add("time", f"{finite} AND {form} > {FARTHEST!r}", f"with a time above {FARTHEST:,.0f} days", remedy)
            self.add("time", f"{finite} AND {form} < 0", "with a negative time", "count days from the start of the log")
        elif not self.faults:
            low, high, span = rows_of(
                self.connection,
                f"SELECT CAST(min({form}) AS VARCHAR), CAST(max({form}) AS VARCHAR), "
                f"(epoch_us(max({form})) - epoch_us(min({form}))) / {DAY} FROM log",
            )[0]
            if span > FARTHEST:
                self.faults.append(
                    Fault(
                        self.name,
                        f"column {clipped(self.mapping.time)}",
                        shown(high),
                        f"times run from {low} to {high}, over {FARTHEST:,.0f} days",
                        "mend the wrong ones (often 1900 or 9999 stands for an unknown date)",
                    )
                )
        return numeric

    def one_a_customer(self, key: str, remedy: str) -> None:
        """All rows of a customer must agree."""
        if key not in self.mapping.columns:
            return
        found = rows_of(
            self.connection,
            f"SELECT count(*), min(customer), arg_min(low, customer), arg_min(high, customer) FROM (SELECT customer, "
            f"min({key}) AS low, max({key}) AS high FROM log GROUP BY customer) WHERE low <> high",
        )[0]
        if found[0]:
            number, customer, low, high = found
            who = "1 customer has" if number == 1 else f"{number:,} customers have"
            message = f"{who} more than one {key}, for instance {shown(customer)}: {shown(low)} and {shown(high)}"
            place = f"column {clipped(self.mapping.columns[key])}"
            self.faults.append(Fault(self.name, place, shown(low), message, remedy))

    def one_arm(self) -> None:
        """All rows of a customer that name an arm must name the same; says which rows do not."""
        if "arm" not in self.mapping.columns:
            return
        found = rows_of(
            self.connection,
            "SELECT count(*) OVER (), customer, low, low_row, high, high_row FROM (SELECT customer, min(arm) AS low, "
            "arg_min(row, arm) AS low_row, max(arm) AS high, arg_max(row, arm) AS high_row FROM log "
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
            place = f"column {clipped(self.mapping.columns['arm'])}"
            remedy = "give a customer the arm to which they were assigned, or drop those who were in both"
            self.faults.append(Fault(self.name, place, shown(first), f"{who} in two arms: {told}{rest}", remedy))

    def mapped(self) -> None:
        """Make the table `meaning` of the values that mean a stage, and look for values that mean nothing."""
        values = list(dict.fromkeys(value for _, values, _ in self.mapping.rules() for value in values))
        self.connection.execute("CREATE TEMP TABLE meaning (value VARCHAR, code BIGINT)")
        self.connection.executemany("INSERT INTO meaning VALUES (?, ?)", [[v, k] for k, v in enumerate(values)])
        self.connection.execute("CREATE TEMP TABLE ignored (value VARCHAR)")
        for value in sorted(self.mapping.ignored):
            self.connection.execute("INSERT INTO ignored VALUES (?)", [value])
        strange = rows_of(
            self.connection,
            "SELECT event, count(*) AS n, min(row) FROM log WHERE event NOT IN (SELECT value FROM meaning) "
            "AND event NOT IN (SELECT value FROM ignored) AND trim(event) <> '' "
            "GROUP BY event ORDER BY n DESC, event LIMIT 13",
        )
        place = f"column {clipped(self.mapping.event)}"
        for value, number, row in strange[:12]:
            rows = "1 row" if number == 1 else f"{number:,} rows"
            remedy = nearest(value, values).removeprefix("; ")
            remedy = f"{remedy} or " if remedy.startswith("did you mean") else ""
            self.faults.append(
                Fault(
                    self.name,
                    place,
                    shown(value),
                    f"the event {shown(value)} means no stage ({rows}, first in data row {row:,})",
                    f"{remedy}add it to a stage of {self.mapping_file} or to its ignore list",
                )
            )
        if len(strange) > 12:
            self.faults.append(
                Fault(self.name, place, "", "more than 12 events mean no stage", "add them to stages or to ignore")
            )

    def watched(self, numeric: bool, moment: str) -> str:
        """SQL for the moment to which a row's customer was watched; faults where there is none, or rows after it."""
        until = self.mapping.observed_until
        if until is None:
            return f"(SELECT max({moment}) FROM log)"
        if isinstance(until, str):
            key = "observed_until"
            self.present(key, "give every row the end of its customer's watching")
            form = (NUMBER if numeric else INSTANT).format(key)
            self.add(
                key,
                f"coalesce(trim({key}), '') <> '' AND ({form} IS NULL OR NOT isfinite({form}))",
                f"whose end of watching is no {'number of days' if numeric else 'date or time'}",
                f"write it as {'a number of days' if numeric else '2017-12-31'}",
            )
            self.one_a_customer(key, "a customer is watched to one time; give all rows the last")
            # A date means its end, the first moment of the next day excluded; a time means itself.
            date = f"length(trim({key})) <= 10"
            last = form if numeric else f"epoch_us({form}) + CASE WHEN {date} THEN {DAY} ELSE 0 END"
            beyond = f"{moment} > {last}" if numeric else f"{moment} > {last} OR ({date} AND {moment} = {last})"
        elif isinstance(until, float | int) != numeric:
            clock = "counts days" if numeric else "has dates"
            told = shown(int(until) if isinstance(until, float) and until.is_integer() else until)
            self.faults.append(
                Fault(
                    self.mapping_file,
                    "observed_until",
                    told,
                    f"{told} does not fit a log that {clock}",
                    f"give {'a number of days' if numeric else 'a date, as in observed_until = 2017-12-31'}",
                )
            )
            return "NULL"
        elif isinstance(until, float | int):
            last = repr(float(until))
            beyond = f"{moment} > {last}"
        else:
            last = str(_micros(until))
            beyond = f"{moment} {'>' if isinstance(until, datetime.datetime) else '>='} {last}"
        if not self.faults:
            unit = 1.0 if numeric else float(DAY)
            ahead = rows_of(self.connection, f"SELECT (max({last}) - min({moment})) / {unit!r} FROM log")[0][0]
            if ahead > FARTHEST:
                message = f"the watching ends {ahead:,.0f} days after the first event"
                remedy = "give the day on which the log was taken"
                self.faults.append(Fault(self.mapping_file, "observed_until", "", message, remedy))
            found = rows_of(
                self.connection,
                f"SELECT count(*), min(row), CAST(arg_max(time, {moment}) AS VARCHAR) FROM log WHERE {beyond}",
            )[0]
            if found[0]:
                rows = "1 row lies" if found[0] == 1 else f"{found[0]:,} rows lie"
                what = quoted(until) if isinstance(until, str) else shown(until)
                self.faults.append(
                    Fault(
                        self.name,
                        f"column {clipped(self.mapping.time)}",
                        shown(found[2]),
                        f"{rows} after observed_until ({what}), first in data row {found[1]:,}, last at {found[2]}",
                        "move observed_until to the real end of the watching, or cut the log there",
                    )
                )
        return last


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _micros(until: datetime.date) -> int:
    """Microseconds since 1970 of the end of a date, or of a time (UTC unless it says otherwise)."""
    if isinstance(until, datetime.datetime):
        moment = until if until.tzinfo else until.replace(tzinfo=datetime.UTC)
    else:
        moment = datetime.datetime(until.year, until.month, until.day, tzinfo=datetime.UTC) + datetime.timedelta(days=1)
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(microseconds=1)

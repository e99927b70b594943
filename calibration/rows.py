"""The rows of an event log, checked: no missing customer, no unreadable time, no event without a meaning.

Everything stays in DuckDB, which sorts what is larger than memory on disk; only what belongs to a customer comes out.
"""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.inspection import Inspection
from sojourn.calibration.instants import DAY, clock_text, repeated
from sojourn.calibration.intake import Intake
from sojourn.calibration.meanings import find_meanings
from sojourn.calibration.names import Names
from sojourn.calibration.outlying import ends_of
from sojourn.calibration.pasted import pasted
from sojourn.calibration.sqltext import rows_of, table_of
from sojourn.scenarios.faults import Fault, Faults, quoted

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NAMELESS = "('null', 'none', 'nan', 'na', 'n/a', '#n/a', 'nil', 'undefined', 'unknown', 'anonymous', '-', '?')"
UNKNOWN = "unknown"  # the segment of customers for whom the log names none


class Rows(NamedTuple):
    """Events that mean something, in the table `ordered` by journey, then time, then place in the log.

    Its columns are who (index into the table `people`), time (as in `Intake`), row, stage (LOST where only history gives one),
    later, told and, where the mapping has rules by history, event. Beside it one entry a person of the table `people`.
    """

    taken: Intake
    origin: float  # time of day 0
    customers: Names  # shape (people,)
    since: Floats  # day from which each was watched; -inf where the mapping says nothing; shape (people,)
    until: Floats  # day to which each was watched; shape (people,)
    segment: Integers  # index into segments; shape (people,)
    segments: tuple[str, ...]  # names as a scenario takes them; one, "all", where the log has none
    labels: tuple[str, ...]  # the values behind the names
    person: Names  # who is behind the journey; shape (people,)
    arm: Integers  # index into arms, -1 where the log names none; shape (people,)
    arms: tuple[str, ...]  # of an experiment; none where the mapping names no such column
    clock: str | None  # the time of day 0, ISO, UTC; None where the log counts days
    daily: bool  # all times are whole days
    nameless: tuple[tuple[str, int], ...]  # customers whose name says that there is none, and their rows
    ignored: int  # rows whose event is ignored
    backwards: int  # rows that stand behind a later event of their customer
    twice: int  # times without a zone that clocks showed twice
    last: str = ""  # the last event, with its data row
    doubts: tuple[str, ...] = ()  # on times that lie apart, rows that are there twice, and names that differ by blanks


def read_rows(taken: Intake) -> Rows:
    """Check the table `rows`, and order what means something.

    Raises:
        Faults: all kinds of faults in the rows at once, each with how many rows, the first of them and what to do.
    """
    mapping, connection = taken.mapping, taken.connection
    check = Inspection(taken)
    check.present("customer", "name a customer in every row, or drop the rows before")
    check.headers()
    check.present("event", "name an event in every row, or drop the rows before")
    if mapping.journey is not None:
        check.present("journey", "name a journey in every row, or drop `journey` from the mapping")
    check.times()
    check.one_a_customer("segment", "a customer has one segment; keep the first or the last of them")
    if mapping.person is not None:
        check.present("person", "name a person in every row, or drop `person` from the mapping")
        check.one_a_customer("person", "a journey belongs to one person")
    check.one_arm()
    find_meanings(taken, check)
    if check.faults and not check.mostly_read():
        raise Faults(check.faults)
    begin, last = check.watched()
    if check.faults:
        raise Faults(check.faults)
    kept, origin = rows_of(
        connection,
        "SELECT count(*), min(time) FROM rows JOIN meaning USING (event, flags) WHERE stage >= -1",
    )[0]
    if kept == 0:
        raise Faults(
            [Fault(taken.name, "", "", "holds no event that means a stage", "name the events of the log in [stages]")]
        )
    twice = _twice(taken)
    _people(taken)
    nameless = _nameless(taken)
    backwards = _order(taken)
    ends = ends_of(taken)
    unit = taken.clock.unit
    known = _each(taken, begin, last, float(origin), unit)
    whole = rows_of(
        connection,
        f"SELECT bool_and((time - {origin!r}) / {unit!r} = round((time - {origin!r}) / {unit!r})) FROM ordered",
    )
    return known._replace(
        clock=None if taken.clock.numeric else clock_text(int(origin)),
        daily=bool(whole[0][0]) and (taken.clock.numeric or origin % DAY == 0),
        nameless=nameless,
        ignored=taken.rows - int(kept),
        backwards=backwards,
        twice=twice,
        last=ends.last,
        doubts=(*ends.doubts, *pasted(taken), *_blanks(taken)),
    )


def _twice(taken: Intake) -> int:
    """How many times name no zone and lie in an hour that the clocks of the log's zone went through twice."""
    if taken.mapping.timezone is None or taken.clock.form != "moments":
        return 0
    low, high = rows_of(taken.connection, "SELECT min(time), max(time) FROM rows")[0]
    hours = repeated(taken.clock.zone, int(low), int(high))
    within = " OR ".join(f"time >= {begin} AND time < {end}" for begin, end in hours)
    sql = f"SELECT count(*) FROM rows WHERE zoned = 1 AND ({within or 'false'})"
    return int(rows_of(taken.connection, sql)[0][0])


def _people(taken: Intake) -> None:
    """Make the table `people`: a code for every customer, or journey where a column tells them, in order of the texts."""
    who = "customer, journey" if taken.mapping.journey is not None else "customer"
    taken.connection.execute(
        f"CREATE TEMP TABLE people AS SELECT {who}, (row_number() OVER (ORDER BY {who}) - 1)::INTEGER AS code FROM "
        f"(SELECT DISTINCT {who} FROM rows JOIN meaning USING (event, flags) WHERE stage >= -1)"
    )


def _nameless(taken: Intake) -> tuple[tuple[str, int], ...]:
    """Customers whose name says that there is none, and how many rows they have."""
    found = rows_of(taken.connection, f"SELECT DISTINCT customer FROM people WHERE lower(trim(customer)) IN {NAMELESS}")
    return tuple(
        (str(name), int(rows_of(taken.connection, "SELECT count(*) FROM rows WHERE customer = ?", [name])[0][0]))
        for (name,) in sorted(found)
    )


def _blanks(taken: Intake) -> list[str]:
    """A sentence where names of customers differ by the blanks around them alone."""
    number, example, other = rows_of(
        taken.connection,
        "SELECT count(*), min(low), arg_min(high, low) FROM (SELECT min(customer) AS low, max(customer) AS high FROM people "
        "WHERE trim(customer) IN (SELECT trim(customer) FROM people WHERE customer <> trim(customer)) "
        "GROUP BY trim(customer)) WHERE low <> high",
    )[0]
    if not number:
        return []
    names = "1 customer has" if number == 1 else f"{number:,} customers have"
    return [
        f"{names} a name that others have with blanks around it ({quoted(example)}, {quoted(other)}): they count as different "
        "people. Take the blanks out if they are one."
    ]


def _order(taken: Intake) -> int:
    """Make the table `ordered`, and tell how many rows stand behind a later event of their customer."""
    who = "customer, journey" if taken.mapping.journey is not None else "customer"
    event = ", rows.event" if any(rule.after is not None for rule in taken.mapping.rules()) else ""
    taken.connection.execute(
        f"CREATE TEMP TABLE ordered AS SELECT people.code AS who, time, rows.rowid AS row, stage, later, told{event} "
        f"FROM rows JOIN meaning USING (event, flags) JOIN people USING ({who}) WHERE stage >= -1 "
        "ORDER BY people.code, time, rows.rowid"
    )
    return int(
        rows_of(
            taken.connection,
            "SELECT count(*) FROM (SELECT row < lag(row) OVER () AND who = lag(who) OVER () AS back FROM ordered) WHERE back",
        )[0][0]
    )


def _each(taken: Intake, begin: str | None, last: str, origin: float, unit: float) -> Rows:
    """What belongs to a customer: segment, person, arm, the window of watching."""
    mapping, connection = taken.mapping, taken.connection
    by_row = [name for name in ("segment", "person", "arm") if getattr(mapping, name) is not None]
    windows = [key for key in ("observed_from", "observed_until") if isinstance(getattr(mapping, key), str)]
    chosen = [
        "any_value(segment) AS segment" if name == "segment" else f"any_value({name}) AS {name}" for name in by_row
    ]
    chosen = [
        "min(CASE WHEN trim(arm) <> '' THEN arm END) AS arm" if name.startswith("any_value(arm)") else name
        for name in chosen
    ]
    chosen += [f"max({key}) AS {key}" for key in windows]
    who = "customer, journey" if mapping.journey is not None else "customer"
    name = "customer || '/' || journey" if mapping.journey is not None else "customer"
    source = "people"
    if chosen:
        source = f"(SELECT {who}, {', '.join(chosen)} FROM rows GROUP BY {who}) JOIN people USING ({who})"
    columns = [f"{name} AS name", "customer", *by_row, *windows]
    found = table_of(connection, f"SELECT {', '.join(columns)} FROM {source} ORDER BY code")
    customers = Names(found["name"])
    person = Names(found["person"]) if mapping.person is not None else customers
    if mapping.person is None and mapping.journey is not None:
        person = Names(found["customer"])
    size = customers.size

    def window(key: str, sql: str | None, missing: float) -> Floats:
        if key in windows:
            days = (found[key].to_numpy().astype(np.float64) - origin) / unit
            return np.asarray(days, dtype=np.float64)
        value = missing
        if sql is not None:
            value = (float(rows_of(connection, f"SELECT {sql}")[0][0]) - origin) / unit
        return np.full(size, value)

    labels: tuple[str, ...] = ("all",)
    segment = np.zeros(size, dtype=np.int64)
    if mapping.segment is not None:
        segment, labels = _sorted(found["segment"], UNKNOWN)
    arms: tuple[str, ...] = ()
    arm = np.full(size, -1, dtype=np.int64)
    if mapping.arm is not None:
        arm, arms = _sorted(found["arm"], None)
    return Rows(
        taken=taken,
        origin=origin,
        customers=customers,
        since=window("observed_from", begin, -np.inf),
        until=window("observed_until", last, np.inf),
        segment=segment,
        segments=names_of(labels, mapping.segment or ""),
        labels=labels,
        person=person,
        arm=arm,
        arms=arms,
        clock=None,
        daily=False,
        nameless=(),
        ignored=0,
        backwards=0,
        twice=0,
    )


def _sorted(column: "object", missing: str | None) -> tuple[Integers, tuple[str, ...]]:
    """Places in the sorted values of a column; empty cells are `missing`, or -1 without such a word."""
    import pyarrow as pa

    assert isinstance(column, pa.ChunkedArray)
    whole = column.combine_chunks()
    if missing is not None:
        whole = whole.fill_null(missing)
    encoded = whole.dictionary_encode()
    values = [str(one) for one in encoded.dictionary.to_pylist()]
    order = sorted(values)
    place = np.array([order.index(value) for value in values] or [0], dtype=np.int64)
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.where(codes >= 0, place[codes], -1).astype(np.int64), tuple(order)


def names_of(labels: tuple[str, ...], column: str) -> tuple[str, ...]:
    """Segment names that a scenario and its conditions take: lower case, letters first, no two the same."""
    names: list[str] = []
    for label in labels:
        name = re.sub(r"\W+", "_", label.lower(), flags=re.ASCII).strip("_") or "blank"
        if not name[0].isalpha():
            name = re.sub(r"\W+", "_", f"{column.lower()}_{name}", flags=re.ASCII).strip("_")
            name = name if name[0].isalpha() else f"segment_{name}"
        name = name[:60]
        while name in names:
            name += "_"
        names.append(name)
    return tuple(names)

"""The rows of an event log, checked: no missing customer, no unreadable time, no event without a meaning."""

import datetime
import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.inspection import DAY, INSTANT, NUMBER, Inspection
from sojourn.calibration.mapping import Mapping
from sojourn.calibration.tables import Connection, rows_of
from sojourn.scenarios.faults import Fault, Faults

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

UNKNOWN = "unknown"  # the segment of customers for whom the log names none


class Rows(NamedTuple):
    """Events that mean something, by customer, then time, then place in the file; and one entry a customer."""

    customer: Integers  # index into customers, ascending; shape (rows,)
    time: Floats  # days from the first event of the log; shape (rows,)
    event: Integers  # index into events; shape (rows,)
    events: tuple[str, ...]
    customers: NDArray[Any]  # texts, shape (customers,)
    until: Floats  # day to which each customer was watched; shape (customers,)
    segment: Integers  # index into segments; shape (customers,)
    segments: tuple[str, ...]  # names as a scenario takes them; one, "all", where the log has none
    labels: tuple[str, ...]  # the values behind the names
    person: NDArray[Any]  # who is behind the journey, texts; shape (customers,)
    arm: Integers  # index into arms, -1 where the log names none; shape (customers,)
    arms: tuple[str, ...]  # of an experiment; none where the mapping names no such column
    clock: str | None  # the time of day 0, ISO, UTC; None where the log counts days
    daily: bool  # all times are whole days
    read: int  # rows of the file
    ignored: int  # rows whose event is ignored
    unsegmented: int  # customers without a segment
    assumed_until: bool  # the mapping does not say how long was watched


def read_rows(connection: Connection, mapping: Mapping, name: str, mapping_file: str) -> Rows:
    """Check the table `log` that `open_log` made and fetch it as numbers.

    Raises:
        Faults: all kinds of faults in the rows at once, each with how many rows, the first of them and what to do.
    """
    check = Inspection(connection, mapping, name, mapping_file)
    total = check.count("true")
    if total == 0:
        raise Faults([Fault(name, "", "", "has a header but no rows", "give a log with one row an event")])
    check.present("customer", "name a customer in every row, or drop the rows before")
    check.present("event", "name an event in every row, or drop the rows before")
    numeric = check.times()
    check.one_a_customer("segment", "a customer has one segment; keep the first or the last of them")
    if "person" in mapping.columns:
        check.present("person", "name a person in every row, or drop `person` from the mapping")
        check.one_a_customer("person", "a journey belongs to one person")
    check.one_arm()
    check.mapped()
    if check.faults:
        raise Faults(check.faults)
    moment = NUMBER.format("time") if numeric else f"epoch_us({INSTANT.format('time')})"
    unit = 1.0 if numeric else float(DAY)
    last_word = check.watched(numeric, moment)
    if check.faults:
        raise Faults(check.faults)

    connection.execute(
        f"CREATE TEMP TABLE kept AS SELECT row, customer, event, {moment} AS moment, {last_word} AS until "
        "FROM log WHERE event IN (SELECT value FROM meaning)"
    )
    kept = rows_of(connection, "SELECT count(*), min(moment) FROM kept")[0]
    if kept[0] == 0:
        raise Faults(
            [Fault(name, "", "", "holds no event that means a stage", "name the events of the log in [stages]")]
        )
    origin = kept[1]
    connection.execute(
        "CREATE TEMP TABLE people AS SELECT customer, row_number() OVER (ORDER BY customer) - 1 AS code "
        "FROM (SELECT DISTINCT customer FROM kept)"
    )
    columns = connection.execute(
        f"SELECT people.code, (moment - ?) / {unit!r}, meaning.code FROM kept JOIN people USING (customer) "
        "JOIN meaning ON meaning.value = kept.event ORDER BY people.code, moment, row",
        [origin],
    ).fetchnumpy()
    customer, time, event = (np.ma.getdata(column) for column in columns.values())
    one = "person" if "person" in mapping.columns else "customer"
    group = f"coalesce(any_value(segment), '{UNKNOWN}')" if mapping.segment is not None else f"'{UNKNOWN}'"
    tested = "coalesce(min(CASE WHEN trim(arm) <> '' THEN arm END), '')" if mapping.arm is not None else "''"
    each = connection.execute(
        f"SELECT people.customer, any_value({one}), {group}, {tested}, (max(until) - ?) / {unit!r} FROM people "
        "JOIN (SELECT customer, max(until) AS until FROM kept GROUP BY customer) USING (customer) "
        "JOIN log USING (customer) GROUP BY people.customer, people.code ORDER BY people.code",
        [origin],
    ).fetchnumpy()
    customers, person, groups, arm, until = each.values()
    assigned = [str(value) for value in arm]
    arms = tuple(sorted({value for value in assigned if value}))
    texts = [str(value) for value in groups]
    labels = tuple(sorted(set(texts))) if mapping.segment is not None else ("all",)
    index = {label: k for k, label in enumerate(labels)}
    return Rows(
        customer=customer.astype(np.int64),
        time=time.astype(np.float64),
        event=event.astype(np.int64),
        events=tuple(row[0] for row in rows_of(connection, "SELECT value FROM meaning ORDER BY code")),
        customers=customers,
        until=np.ma.getdata(until).astype(np.float64),
        segment=np.array([index.get(text, 0) for text in texts], dtype=np.int64),
        segments=names_of(labels, mapping.segment or ""),
        labels=labels,
        person=person,
        arm=np.array([arms.index(value) if value else -1 for value in assigned], dtype=np.int64),
        arms=arms,
        clock=None if numeric else _instant(origin),
        daily=bool(np.all(time == np.round(time))) and (numeric or origin % DAY == 0),
        read=total,
        ignored=total - int(kept[0]),
        unsegmented=texts.count(UNKNOWN) if mapping.segment is not None else 0,
        assumed_until=mapping.observed_until is None,
    )


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


def _instant(micros: int) -> str:
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=int(micros))).isoformat(sep=" ")

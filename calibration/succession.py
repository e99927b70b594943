"""In which order the events of a log usually come, and after which of them nothing comes: for a first guess at stages."""

from typing import NamedTuple

from sojourn.calibration.instants import Clock, as_text, counts, dated
from sojourn.calibration.sources import Source
from sojourn.calibration.sqltext import Connection, rows_of

SAMPLE = 400_000  # rows of whole customers that are looked at


class Event(NamedTuple):
    """One value of the column of events."""

    value: str
    rows: int
    customers: int
    after: float  # share of its customers who do something else later
    first: float  # share of customers whose first event it is
    again: float  # share of its rows that come while its customer's last event was the same
    at: float  # where in the order it comes: of the other events of its customers, the share whose first time was before
    each: float = 0.0  # its rows a customer who has it


def events(connection: Connection, source: Source, customer: str, event: str | None, time: str) -> list[Event]:
    """The events of a log in the order in which they usually come first (by pairs: which of two comes first more often)."""

    def text(name: str) -> str:
        return as_text(source.columns[name], source.kinds[name])

    kind = source.kinds[time]
    column = source.columns[time]
    moment = Clock("moments", "UTC").number(column if dated(kind) else text(time), kind)
    if counts(kind):
        moment = f"CAST({column} AS DOUBLE)"
    elif not dated(kind):
        moment = f"coalesce({moment}, TRY_CAST(trim({text(time)}) AS DOUBLE))"
    what = f"trim({text(event)})" if event is not None else "'purchase'"
    total = int(rows_of(connection, f"SELECT count(*) FROM {source.relation}")[0][0])
    part = max(-(-total // SAMPLE), 1)  # whole customers, chosen by a hash, so that what they do stays together
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE looked AS SELECT who, what, row_number() OVER (PARTITION BY who ORDER BY moment, n) AS k
        FROM (SELECT {text(customer)} AS who, {what} AS what, {moment} AS moment, row_number() OVER () AS n
        FROM {source.relation}) WHERE moment IS NOT NULL AND who <> '' AND what <> '' AND hash(who) % {part} = 0"""
    )
    every = rows_of(
        connection, f"SELECT {what} AS what, count(*) FROM {source.relation} GROUP BY what HAVING what <> ''"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE firsts AS SELECT who, what, min(k) AS early, max(k) AS late FROM looked GROUP BY who, what"
    )
    counted = rows_of(
        connection,
        """SELECT what, sum(n), sum(same), count(*), avg((late < whole)::INTEGER), avg((early = 1)::INTEGER) FROM
        (SELECT who, what, count(*) AS n, count(*) FILTER (what = before) AS same FROM (SELECT *, lag(what) OVER
        (PARTITION BY who ORDER BY k) AS before FROM looked) GROUP BY who, what) JOIN firsts USING (who, what)
        JOIN (SELECT who, max(k) AS whole FROM looked GROUP BY who) USING (who) GROUP BY what""",
    )
    pairs = rows_of(
        connection,
        """SELECT a.what, avg((b.early < a.early)::INTEGER) FROM firsts a JOIN firsts b ON a.who = b.who AND a.what <> b.what
        GROUP BY a.what""",
    )
    place = {str(value): float(share) for value, share in pairs}
    customers = sum(int(row[3]) * float(row[5]) for row in counted)
    found = [
        Event(
            value=str(value),
            rows=int(rows),
            customers=int(who),
            after=float(later),
            first=int(who) * float(first) / max(customers, 1.0),
            again=float(same) / max(int(rows), 1),
            at=place.get(str(value), 0.0),
            each=int(rows) / max(int(who), 1),
        )
        for value, rows, same, who, later, first in counted
    ]
    known = {one.value for one in found}
    whole = {str(value): int(n) for value, n in every}
    found = [one._replace(rows=whole.get(one.value, one.rows)) for one in found]
    found += [Event(str(value), int(n), 0, 0.0, 0.0, 0.0, 1.0) for value, n in every if str(value) not in known]
    return sorted(found, key=lambda one: (one.at, -one.rows, one.value))

"""Turns events into stays: which stage a customer was in, from when to when, and what came next.

All of it is SQL over one sorted table, in a stream: each row is laid beside the one before and the one after.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.mapping_form import history_order
from sojourn.calibration.meanings import LOST
from sojourn.calibration.rows import Rows
from sojourn.calibration.sqltext import Connection, rows_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
NOTHING = -1
MINUTE = 1.0 / 1440.0  # days


class Stays(NamedTuple):
    """One row a stay, customer by customer, in the order in which they were lived. Columns of one length.

    `until` is when the stay ended or, where `following` is -1, when the watching did. An entry to an end stage is a
    row too (following -1): it lasts for good.
    """

    customer: Integers  # index into Log.customers
    stage: Integers  # index into Log.stages
    entry: Floats  # days
    until: Floats  # days
    following: Integers  # the next stage, -1 where the stay was still open
    seen_from: Floats | None = None  # age at which its watching began, NaN: nobody knows; None: all from entry on

    @property
    def days(self) -> Floats:
        """Length of each stay as far as it was seen."""
        return self.until - self.entry


class Sorted(NamedTuple):
    """Stays, and what became of the events that began none."""

    stays: Stays
    journeys: Integers | None  # of each journey, the place of its customer in Rows; None where each has one
    number: Integers | None  # which of its customer's journeys each is, from 1
    limit: Floats | None  # day to which each journey was watched
    repeats: int  # events that belong to a stay already under way
    doubled: int  # events at the same moment and in the same stage as the one before
    again: dict[str, int]  # by stage, most first: later events of the stage in which their customer was already
    after_end: int  # events of customers who had reached an end before
    returned: int  # customers who have such events
    only_end: int  # customers whose first event is an end: they were never seen on their way
    homeless: dict[str, int]  # events that mean a stage only after another, and came before it


def sort_stays(rows: Rows) -> Sorted:
    """Stays of all customers. Events that begin no stay are counted, not forgotten. The tables of rows are gone afterwards."""
    mapping, connection = rows.taken.mapping, rows.taken.connection
    ends = len(mapping.stages)
    _drop(connection, "rows")
    several = _journeys(rows)
    journeys, number, limit = _lived(rows)
    tables = ["ordered", *(["journeyed"] if several else []), *_histories(rows)]
    homeless: dict[str, int] = {}
    if any(rule.after is not None for rule in mapping.rules()):
        counted = rows_of(
            connection, f"SELECT event, count(*) FROM staged WHERE stage = {LOST} GROUP BY event ORDER BY event"
        )
        homeless = {str(event): int(number) for event, number in counted}
    # `ended`: the journey has been in an end before; `alone`: the event is an end and the first of its journey.
    connection.execute(
        "CREATE TEMP TABLE marked AS SELECT *, coalesce(lag(reached) OVER () = who, false) AS ended, "
        f"stage >= {ends} AND lag(who) OVER () IS DISTINCT FROM who AS alone FROM (SELECT who, time, stage, told, "
        f"max(CASE WHEN stage >= {ends} THEN who END) OVER (ROWS UNBOUNDED PRECEDING) AS reached FROM staged "
        f"WHERE stage <> {LOST})"
    )
    _drop(connection, *tables)
    behind = rows_of(
        connection,
        f"""WITH firsts AS (SELECT who, stage AS first, alone FROM marked WHERE stage >= {ends} AND NOT ended),
        later AS (SELECT who, stage = first AS same FROM marked JOIN firsts USING (who) WHERE ended AND NOT firsts.alone)
        SELECT (SELECT count(*) FROM firsts WHERE alone), (SELECT count(*) FROM later WHERE same),
        (SELECT count(*) FROM later WHERE NOT same), (SELECT count(DISTINCT who) FROM later WHERE NOT same)""",
    )[0]
    only_end, same_end, after_end, returned = (int(one) for one in behind)
    _begin(rows)
    _drop(connection, "marked")
    total, begun, doubled = rows_of(
        connection, "SELECT count(*), count(*) FILTER (begins), count(*) FILTER (doubled) FROM begun"
    )[0]
    repeated = rows_of(
        connection,
        "SELECT stage, count(*) FROM begun WHERE NOT begins AND NOT doubled GROUP BY stage ORDER BY count(*) DESC, stage",
    )
    found = connection.execute(
        f"""SELECT who, stage, (time - {rows.origin!r}) / {rows.taken.clock.unit!r} AS entry, told,
        coalesce(lead(who) OVER () = who, false) AS goes_on,
        (coalesce(lead(time) OVER (), time) - {rows.origin!r}) / {rows.taken.clock.unit!r} AS next_entry,
        coalesce(lead(stage) OVER (), {NOTHING}) AS next_stage FROM begun WHERE begins"""
    ).fetchnumpy()
    who, stage, entry, told, goes_on, next_entry, next_stage = (np.ma.getdata(column) for column in found.values())
    until = np.where(goes_on, next_entry, limit[who])
    stays = Stays(
        who,
        stage.astype(np.int32),
        entry,
        until,
        np.where(goes_on, next_stage, NOTHING).astype(np.int32),
        np.where(told & (np.diff(who, prepend=-1) != 0), np.nan, 0.0)
        if mapping.told
        else np.broadcast_to(np.float64(0.0), who.shape),  # takes no memory
    )
    return Sorted(
        stays=stays,
        journeys=journeys,
        number=number,
        limit=None if journeys is None else limit,
        repeats=int(total - begun) + same_end,
        doubled=int(doubled),
        again={mapping.names[int(stage)]: int(number) for stage, number in repeated},
        after_end=after_end,
        returned=returned,
        only_end=only_end,
        homeless=homeless,
    )


def _drop(connection: Connection, *tables: str) -> None:
    """Give memory back: each table is as long as the log."""
    for table in tables:
        connection.execute(f"DROP TABLE {table}")


def _journeys(rows: Rows) -> bool:
    """Make `journeyed`: `ordered` with journeys in place of customers in `who`; true where a customer may have several."""
    mapping, connection = rows.taken.mapping, rows.taken.connection
    breaks = []
    if mapping.new_journey_after_days is not None:
        silence = mapping.new_journey_after_days * rows.taken.clock.unit
        breaks.append(f"time - lag(time) OVER () > {silence!r}")
    if mapping.new_journey_on is not None:
        place = mapping.names.index(mapping.new_journey_on)
        breaks.append(f"(stage = {place} AND lag(stage) OVER () <> {place})")
    if not breaks:
        connection.execute("CREATE TEMP VIEW journeyed AS SELECT * FROM ordered")
        return False
    event = ", event" if any(rule.after is not None for rule in mapping.rules()) else ""
    connection.execute(
        f"""CREATE TEMP TABLE journeyed AS SELECT (sum(new::INTEGER) OVER (ROWS UNBOUNDED PRECEDING) - 1)::INTEGER AS who,
        time, row, stage, later, told{event}, customer, new FROM (SELECT *, who AS customer,
        coalesce(lag(who) OVER () IS DISTINCT FROM who OR {" OR ".join(breaks)}, false) AS new FROM ordered)"""
    )
    return True


def _histories(rows: Rows) -> list[str]:
    """Make the view `staged`: the stage that each row means, LOST where its event means one only after a stage not come yet.

    Returns the names of the tables behind it.
    """
    mapping, connection = rows.taken.mapping, rows.taken.connection
    connection.execute("CREATE TEMP VIEW staged_0 AS SELECT * FROM journeyed")
    later = history_order(mapping)
    for k, rule in enumerate(later):
        # Journeys ascend, so the last one that has been in the stage is this one, or this one has not.
        held = f"max(CASE WHEN stage = {mapping.names.index(rule.after or '')} THEN who END) OVER (ROWS UNBOUNDED PRECEDING)"
        to = mapping.names.index(rule.stage)
        connection.execute(
            f"CREATE TEMP TABLE staged_{k + 1} AS SELECT * EXCLUDE (held) REPLACE (CASE WHEN (later >> {k}) & 1 = 1 AND "
            f"coalesce(lag(held) OVER () = who, false) THEN {to}::SMALLINT ELSE stage END AS stage) "
            f"FROM (SELECT *, {held} AS held FROM staged_{k})"
        )
        if k:
            _drop(connection, f"staged_{k}")
    connection.execute(f"CREATE TEMP VIEW staged AS SELECT * FROM staged_{len(later)}")
    return [f"staged_{len(later)}"] if later else []


def _begin(rows: Rows) -> None:
    """Make the table `begun`: the events of customers on their way, and whether each begins a stay."""
    mapping = rows.taken.mapping
    unit = rows.taken.clock.unit

    def among(names: Iterable[str]) -> str:
        places = [str(mapping.names.index(name)) for name in names]
        return f"stage IN ({', '.join(places)})" if places else "false"

    every = "true" if mapping.repeats == "new stay" else f"({among(mapping.silent)} OR {among(mapping.contracts)})"
    again = every
    if mapping.silent:  # every purchase counts, but two at one moment are one
        again += f" AND (NOT {among(mapping.silent)} OR time > before)"
    if mapping.sessions is not None:
        again += f" AND time - before > {mapping.sessions.gap_minutes * MINUTE * unit!r}"
    rows.taken.connection.execute(
        f"""CREATE TEMP TABLE begun AS SELECT who, time, stage, told, doubled, moves OR ({again}) AS begins FROM
        (SELECT who, time, stage, told, lag(time) OVER () AS before,
        lag(who) OVER () IS DISTINCT FROM who OR lag(stage) OVER () <> stage AS moves,
        coalesce(lag(who) OVER () = who AND lag(stage) OVER () = stage AND lag(time) OVER () = time, false) AS doubled
        FROM marked WHERE NOT ended AND NOT alone)"""
    )


def _lived(rows: Rows) -> tuple[Integers | None, Integers | None, Floats]:
    """Of each journey its customer and its number, and the day to which it was watched: at most to the next one's begin."""
    mapping, connection = rows.taken.mapping, rows.taken.connection
    if mapping.new_journey_after_days is None and mapping.new_journey_on is None:
        return None, None, rows.until
    found = connection.execute(
        f"""SELECT customer, (lead(time) OVER () - {rows.origin!r}) / {rows.taken.clock.unit!r} AS next,
        lead(customer) OVER () = customer AS more FROM journeyed WHERE new"""
    ).fetchnumpy()
    customer = np.ma.getdata(found["customer"]).astype(np.int64)
    more = np.ma.filled(found["more"], False).astype(np.bool_)
    until = rows.until[customer]
    until[more] = np.minimum(until, np.ma.getdata(found["next"]))[more]
    first = np.searchsorted(customer, customer)
    return customer, np.arange(customer.size) - first + 1, until

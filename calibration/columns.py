"""Which column of a log is likely what: told by names and by contents, as a first guess for an analyst to mend."""

import re
from collections.abc import Callable
from typing import NamedTuple

from sojourn.calibration.instants import as_text, counts, dated
from sojourn.calibration.sources import Source
from sojourn.calibration.sqltext import Connection, rows_of

SAMPLE = 200_000  # rows that are looked at
FILLED = 0.8  # share of rows in which a customer, a time or an event must be named for a column to be one
TIMES = 0.9  # share of the cells that must be times in a column of times
FEWEST, MOST = 2, 8  # values that a column of segments has
FEW, MANY = 20, 100  # customers up to which, and different events from which, the two are likely swapped
EVENTS = 2_000  # different events from which a column is none of events

NAMES = {
    "time": r"time:timestamp|timestamp|datetime|^when$|^time$|_time$|^date$|date$|_at$|^at$|^day$|occurred|created",
    "customer": r"case:concept:name|customer|user|client|member|household|account|^who$|visitor|subscriber|person|patient|case",
    "event": r"^concept:name$|^event|activity|action|^what$|stage|status|step|event$|event_?(name|type)|^type$|state",
    "arm": r"\barm\b|^arm$|variant|treatment|experiment|test_group|bucket|^group$",
    "segment": r"segment|age|gender|region|country|plan|tier|channel|type|class|kind|income|device",
    "until": r"until|censor|end_of_|observed|watched|last_day|study_end",
    "journey": r"journey|order_?id|session_?id|trip|booking|ticket|campaign_?id",
}


class Column(NamedTuple):
    """What the first rows show of one column."""

    name: str
    kind: str
    filled: float  # share of rows with something in it
    values: int  # different ones
    moments: float  # share of filled cells that are dates or times
    numbers: float  # share that are numbers


class Guess(NamedTuple):
    """Columns by their likely meaning; None where nothing fits."""

    customer: str | None
    time: str | None
    event: str | None
    until: str | None
    journey: str | None
    segments: tuple[str, ...]  # the likeliest first
    arms: tuple[str, ...]
    rows: int  # that were looked at
    repeats: float  # rows a customer
    swapped: bool = False  # whether customer and event are taken against their names


def look(connection: Connection, source: Source) -> list[Column]:
    """Contents of every column in the first rows."""
    parts = []
    for name, column in source.columns.items():
        kind = source.kinds[name]
        text = f"trim({as_text(column, kind)})"
        moments = f"count(TRY_CAST({text} AS TIMESTAMPTZ))" if not counts(kind) and not dated(kind) else "0"
        parts.append(f"count(nullif({text}, '')), count(DISTINCT {text}), {moments}, count(TRY_CAST({text} AS DOUBLE))")
    sample = f"(SELECT * FROM {source.relation} LIMIT {SAMPLE})"
    found = rows_of(connection, f"SELECT count(*), {', '.join(parts)} FROM {sample}")[0]
    rows = max(int(found[0]), 1)
    result = []
    for k, name in enumerate(source.columns):
        filled, values, times, numbers = (int(one) for one in found[1 + 4 * k : 5 + 4 * k])
        kind = source.kinds[name]
        share = 1.0 if dated(kind) else times / max(filled, 1)
        result.append(Column(name, kind, filled / rows, values, share, numbers / max(filled, 1)))
    return result


def guess(connection: Connection, source: Source) -> Guess:
    """The likely meaning of each column."""
    columns = look(connection, source)
    rows = int(rows_of(connection, f"SELECT count(*) FROM (SELECT * FROM {source.relation} LIMIT {SAMPLE})")[0][0])
    time = _best([one for one in columns if _timely(one)], "time", lambda one: 0.5 * (one.moments >= TIMES))
    others = [one for one in columns if one is not time and one.filled > FILLED]

    def whose(one: Column) -> float:
        each = rows / max(one.values, 1)
        return 0.8 * (each > 1.3) + 0.6 * (one.values > 20) - 1.5 * (one.values < 5) - 1.0 * (one.moments >= TIMES)

    def what(one: Column) -> float:
        few = 2 <= one.values <= 100
        return 1.0 * few - 1.0 * (one.numbers > 0.9) - 2.0 * (one.values > EVENTS) - 0.5 * (one.values < 2)

    customer = _best(others, "customer", whose)
    rest = [one for one in others if one is not customer]
    event = _best([one for one in rest if one.moments < TIMES], "event", what, least=0.9)
    swapped = False
    if customer is not None and event is not None and _swapped(customer, event):
        customer, event, swapped = event, customer, True
    left = [one for one in columns if one not in (time, customer, event)]
    until = next((one for one in left if _named(one, "until") and one.moments >= TIMES and one.filled == 1.0), None)
    segments: list[Column] = []
    arms: list[Column] = []
    journey = None
    if customer is not None:
        journey = next((one for one in left if _splits(connection, source, customer, one, rows)), None)
        unit = customer if journey is None else journey
        for one in left:
            few = FEWEST <= one.values <= MOST and one.moments < TIMES
            word = one.numbers < TIMES or _named(one, "segment") or _named(one, "arm")  # amounts are no segments
            if few and word and _one_each(connection, source, unit, one):
                (arms if _named(one, "arm") else segments).append(one)
        if until is not None and not _one_each(connection, source, unit, until):
            until = None
    segments.sort(key=lambda one: (not _named(one, "segment"), one.values))
    return Guess(
        customer=None if customer is None else customer.name,
        time=None if time is None else time.name,
        event=None if event is None else event.name,
        until=None if until is None else until.name,
        journey=None if journey is None else journey.name,
        segments=tuple(one.name for one in segments),
        arms=tuple(one.name for one in arms),
        rows=rows,
        repeats=0.0 if customer is None else rows / max(customer.values, 1),
        swapped=swapped,
    )


def _swapped(customer: Column, event: Column) -> bool:
    """Whether two columns are likely called by each other's names: hardly any customers, and very many different events."""
    return customer.values <= FEW and event.values >= max(MANY, 10 * customer.values)


def _timely(one: Column) -> bool:
    if one.filled < FILLED:
        return False
    return one.moments >= TIMES or (one.numbers >= TIMES and _named(one, "time"))


def _named(one: Column, meaning: str) -> bool:
    return re.search(NAMES[meaning], one.name.lower()) is not None


def _best(columns: list[Column], meaning: str, score: Callable[[Column], float], least: float = 0.1) -> Column | None:
    """The column with the highest score, its name counting for two; the first of equals."""
    if not columns:
        return None
    best = max(columns, key=lambda one: 2.0 * _named(one, meaning) + score(one))
    return best if 2.0 * _named(best, meaning) + score(best) >= least else None


def _splits(connection: Connection, source: Source, customer: Column, one: Column, rows: int) -> bool:
    """Whether a column tells several journeys of a customer apart: by its name, and each value of one customer."""
    several = customer.values < one.values < 0.8 * rows and one.filled > FILLED
    return several and _named(one, "journey") and _one_each(connection, source, one, customer)


def _one_each(connection: Connection, source: Source, customer: Column, one: Column) -> bool:
    """Whether a customer has one value of a column."""
    who, value = (as_text(source.columns[part.name], part.kind) for part in (customer, one))
    sample = f"(SELECT * FROM {source.relation} LIMIT {SAMPLE})"
    found = rows_of(
        connection,
        f"SELECT count(*) FROM (SELECT {who} AS who FROM {sample} GROUP BY {who} HAVING count(DISTINCT {value}) > 1)",
    )
    return int(found[0][0]) == 0

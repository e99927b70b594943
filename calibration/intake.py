"""Takes the rows of a log into one table in which times are numbers and everything else is as the log has it.

What could not be read stays beside as text, so that the inspection can tell which rows and what stands there.
"""

from typing import Any, NamedTuple

from sojourn.calibration.instants import SAMPLE, Clock, as_text, counts, dated, zoned
from sojourn.calibration.mapping_form import COLUMNS, WINDOW, Every, Mapping
from sojourn.calibration.rules import conditions
from sojourn.calibration.sources import Source
from sojourn.calibration.sqltext import Connection, rows_of
from sojourn.calibration.timeformats import as_iso
from sojourn.calibration.where import Where
from sojourn.calibration.xes import no_timestamps
from sojourn.scenarios.faults import Fault, Faults, clipped, nearest, quoted

MOST = 60  # conditions and columns that they compare with numbers: each is one bit


class Intake(NamedTuple):
    """The table `rows` of a connection, one row an event in the order of the log, `rowid` from 0.

    Its columns are customer, event, time (days or microseconds), time_text (where that could not be read), what the mapping
    names beside (segment, person, arm, journey as texts, observed_from and observed_until as times with `_text`), `flags` (the
    conditions that hold, a bit each, then the columns that hold no number where one is compared) and `zoned`.
    """

    connection: Connection
    mapping: Mapping
    clock: Clock
    rows: int
    conditions: tuple[Where, ...]
    numbers: tuple[str, ...]  # columns that conditions compare with numbers
    name: str
    mapping_file: str


def take_in(connection: Connection, source: Source, mapping: Mapping, mapping_file: str) -> Intake:
    """Make the table `rows`.

    Raises:
        Faults: if the log lacks a column that the mapping names, with what it has instead, or has no rows.
    """
    _check_columns(source, mapping, mapping_file)
    asked = conditions((*mapping.rules(), *mapping.ignored))
    numbers = tuple(dict.fromkeys(column for where in asked for column in where.numbers))
    if len(asked) + len(numbers) > MOST:
        said = f"asks {len(asked)} different conditions, too many at once"
        raise Faults([Fault(mapping_file, "stages", "", said, f"keep to {MOST // 2}, or make a column of them")])
    clock = _clock(connection, source, mapping, f"LIMIT {SAMPLE}")
    _fill(connection, source, mapping, clock, asked, numbers)
    number, unread = rows_of(connection, "SELECT count(*), count(time_text) FROM rows")[0]
    if number == 0:
        raise Faults([Fault(source.name, "", "", "has a header but no rows", "give a log with one row an event")])
    if unread:  # the first rows may have been the odd ones
        again = _clock(connection, source, mapping, "")
        if again != clock:
            clock = again
            connection.execute("DROP TABLE rows")
            _fill(connection, source, mapping, clock, asked, numbers)
    return Intake(connection, mapping, clock, int(number), asked, numbers, source.name, mapping_file)


def _check_columns(source: Source, mapping: Mapping, mapping_file: str) -> None:
    """Every column that the mapping names must be there."""
    named = [*mapping.columns.items(), *((place, column) for column, place in mapping.asked.items())]
    named += [(f"covariates.{name}", column) for name, column in mapping.covariate_columns.items()]
    missing = [(key, column) for key, column in named if column not in source.columns]
    if any(column == "time:timestamp" for _, column in missing) and (
        fault := no_timestamps(source.columns, source.name)
    ):
        raise fault
    faults = []
    for key, column in missing:
        remedy = nearest(column, [one for one in source.columns if one])
        if key in WINDOW and column[:4].isdigit():
            remedy = f"write the date without quotes: {key} = {column}"
        message = f"{clipped(source.name)} has no column {quoted(column)}"
        faults.append(Fault(mapping_file, key, quoted(column), message, remedy))
    form = mapping.time_format
    if form is not None and mapping.time in source.columns and dated(source.kinds[mapping.time]):
        said = f"column {clipped(mapping.time)} of {clipped(source.name)} holds times already, not text"
        faults.append(Fault(mapping_file, "time_format", quoted(form), said, "take it out"))
    if faults:
        raise Faults(faults)


def _timed(source: Source, mapping: Mapping, column: str) -> tuple[str, str]:
    """SQL and type of a column of times: by the mapping's format, where it names one and the column is no time already."""
    sql, kind = source.columns[column], source.kinds[column]
    if mapping.time_format is None or dated(kind):
        return sql, kind
    return as_iso(sql, kind, mapping.time_format), "VARCHAR"


def _clock(connection: Connection, source: Source, mapping: Mapping, limit: str) -> Clock:
    """How times are written, told from some rows or from all."""
    zone = mapping.timezone or "UTC"
    column, kind = _timed(source, mapping, mapping.time)
    if counts(kind):
        return Clock("days", "UTC")
    if dated(kind):
        return Clock("dates" if kind == "DATE" else "moments", zone)
    text = as_text(column, kind)
    number, moment = f"TRY_CAST(trim({text}) AS DOUBLE)", f"TRY_CAST(trim({text}) AS TIMESTAMPTZ)"
    said, numbers, moments, longest = rows_of(
        connection,
        f"SELECT count(*), count({number}), count({moment}), max(length(trim({text}))) FROM "
        f"(SELECT * FROM {source.relation} {limit}) WHERE coalesce(trim({text}), '') <> ''",
    )[0]
    if said - numbers < said - moments:
        return Clock("days", "UTC")
    return Clock("dates" if mapping.timezone is not None and said and longest <= 10 else "moments", zone)


def _fill(
    connection: Connection,
    source: Source,
    mapping: Mapping,
    clock: Clock,
    asked: tuple[Where, ...],
    numbers: tuple[str, ...],
) -> None:
    chosen: list[str] = []
    values: list[Any] = []

    def text(column: str) -> str:
        return as_text(source.columns[column], source.kinds[column])

    def number(key: str, column: str) -> None:
        sql, kind = _timed(source, mapping, column)
        told, there = as_text(sql, kind), text(column)
        # A column of numbers in a log of dates, and the reverse, cannot be read: it stays as text.
        fits = clock.numeric == counts(kind) if counts(kind) or dated(kind) else True
        value = clock.number(sql if counts(kind) or dated(kind) else told, kind) if fits else "NULL"
        if key == "observed_until" and not clock.numeric:
            day = f"length(trim({told})) <= 10" if not dated(kind) else "true" if kind == "DATE" else "false"
            value = f"(CASE WHEN {day} THEN {clock.end_of_day(told)} ELSE {value} END)"
            chosen.append(f"coalesce({day}, false) AS {key}_day")
        chosen.append(f"{value} AS {key}")
        chosen.append(f"(CASE WHEN {value} IS NULL AND trim({there}) <> '' THEN {there} END) AS {key}_text")

    for key in COLUMNS:
        column = getattr(mapping, key)
        if isinstance(column, Every):
            chosen.append("? AS event")
            values.append(column.value)
        elif key == "time":
            number(key, column)
        elif column is not None:
            chosen.append(f"{text(column)} AS {key}")
    for key in WINDOW:
        if isinstance(column := getattr(mapping, key), str):
            number(key, column)
    for k, column in enumerate(mapping.covariate_columns.values()):
        chosen.append(f"{text(column)} AS covariate_{k}")
    bits: list[str] = []
    for where in asked:
        sql, given = where.sql(text)
        bits.append(sql)
        values += given
    for column in numbers:
        told = f"trim({text(column)})"
        bits.append(f"coalesce({told} <> '' AND TRY_CAST({told} AS DOUBLE) IS NULL, false)")
    flags = " + ".join(f"CASE WHEN {sql} THEN {1 << k}::BIGINT ELSE 0 END" for k, sql in enumerate(bits))
    chosen.append(f"{flags or '0::BIGINT'} AS flags")
    time, kind = _timed(source, mapping, mapping.time)
    written = clock.form == "moments" and not dated(kind)
    chosen.append(f"{zoned(as_text(time, kind)) if written else '0'}::TINYINT AS zoned")
    # Rows keep the order of the log, so that rowid counts them.
    connection.execute(f"CREATE TEMP TABLE rows AS SELECT {', '.join(chosen)} FROM {source.relation}", values)

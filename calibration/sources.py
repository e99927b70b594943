"""The one door for event logs: whatever holds a table of events, opened as one DuckDB relation.

Files are told apart by what is in them, not by their names. Names of columns and files come from outside, so they enter SQL
quoted and nothing else does; the file is all that DuckDB may open, and a query can neither read nor write another.
"""

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import duckdb

from sojourn.calibration.csvfiles import csv_relation, other_ends
from sojourn.calibration.jsonlines import broken_line, json_relation
from sojourn.calibration.sqltext import Connection, identifier, literal
from sojourn.calibration.tabled import arrow, no_periods
from sojourn.calibration.xes import xes_table
from sojourn.scenarios.faults import Faults, fault

HEAD = 1 << 16  # bytes from which the kind of a file is told
MEMORY = "2GB"  # that DuckDB may take; beyond it spills to a folder that is removed afterwards
DUCK = slice(8, 12)  # where a DuckDB file says that it is one


class Source(NamedTuple):
    """A table of events that can be read again and again, its rows in their order."""

    name: str  # of the file, for messages
    relation: str  # SQL that stands behind FROM
    columns: dict[str, str]  # SQL of each column, by the name that the log gives it
    kinds: dict[str, str]  # DuckDB's type of each


@contextmanager
def open_source(
    log: Any,
    query: str | None = None,
    wanted: frozenset[str] = frozenset(),
    mapping_file: str = "<mapping>",
    zone: str = "UTC",
) -> Iterator[tuple[Connection, Source]]:
    """A connection, and the log as a relation in it.

    Args:
        log: path of a file (CSV, Parquet, JSON lines, each of the first and last also as .gz; XES; a DuckDB database), or a table
            of pandas, polars or Arrow.
        query: what to select from a DuckDB database file.
        wanted: names of columns that will be asked for; they help to tell the delimiter of a CSV file.
        mapping_file: where `query` stands, for messages.
        zone: of times that name none.

    Raises:
        Faults: if it cannot be read as a table, also while its rows are read inside the block.
    """
    table = None if isinstance(log, str | Path) else arrow(log)
    name = "the table" if table is not None else str(log)
    head, packed = (b"", False) if table is not None else _head(Path(log), name)
    kind = "table" if table is not None else _kind(head)
    if query is not None and kind != "duckdb":
        said = f"{name} is no DuckDB database file, so there is nothing to query"
        raise fault(mapping_file, "log.query", said, "take [log] out; a query is for a file made by DuckDB", query)
    if kind == "xes":
        table = xes_table(Path(log), name, packed)
    with TemporaryDirectory(prefix="sojourn-") as spill:
        connection = _connection(spill, None if kind in ("table", "xes") else Path(log).resolve(), kind, name, zone)
        try:
            columns: dict[str, str] = {}
            if table is not None:
                connection.register("given", table)
                relation = "given"
            elif kind == "duckdb":
                relation = _query(connection, query, mapping_file)
            elif kind == "parquet":
                no_periods(Path(log), name, wanted)
                relation = f"read_parquet({literal(str(Path(log).resolve()))})"
            elif kind == "json":
                relation = json_relation(connection, Path(log).resolve(), name, head, packed, wanted)
            else:
                relation, columns = csv_relation(Path(log).resolve(), name, head, packed, wanted)
            connection.execute("SET lock_configuration = true")
            if kind != "csv":
                described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
                kinds = {str(row[0]): str(row[1]) for row in described}
                columns = {column: identifier(column) for column in kinds}
            else:
                kinds = dict.fromkeys(columns, "VARCHAR")
            yield connection, Source(name, relation, columns, kinds)
        except duckdb.Error as problem:
            told = str(problem)
            if kind == "json" and (match := re.search(r"in line (\d+)", told)):
                told = told.replace(match[0], f"in line {broken_line(Path(log), packed, int(match[1]))}")
            if kind == "csv" and "invalid state" in told and (line := other_ends(Path(log), packed)) is not None:
                said = "ends otherwise than the lines before it: some end with LF, some with CRLF"
                raise fault(name, f"line {line}", said, "save the file with one kind of line ends") from None
            raise unreadable(name, told, kind) from None
        finally:
            connection.close()


def _head(file: Path, name: str) -> tuple[bytes, bool]:
    """The first bytes, unpacked where they are packed, and whether they were."""
    try:
        if file.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        with file.open("rb") as stream:
            head = stream.read(HEAD)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "the path is not valid"
        raise fault(name, "", f"cannot be read: {reason}", "give the path of a CSV or Parquet file") from None
    if head[:4] == b"PK\x03\x04":
        raise fault(name, "", "is a zip or Excel file", "unpack it, or save the sheet as CSV in UTF-8")
    packed = head[:2] == b"\x1f\x8b"
    if packed:
        try:
            with gzip.open(file, "rb") as unpacked:
                head = unpacked.read(HEAD)
        except (OSError, EOFError, ValueError):
            raise fault(name, "", "is a gzip file that breaks off or is damaged", "pack the log anew") from None
    if not head:
        raise fault(name, "", "is empty", "give a log with a header and one row an event")
    return head, packed


def _kind(head: bytes) -> str:
    if head[:4] == b"PAR1":
        return "parquet"
    if head[DUCK] == b"DUCK":
        return "duckdb"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] == b"<":
        return "xes"
    return "json" if start[:1] in (b"{", b"[") else "csv"


def _connection(spill: str, file: Path | None, kind: str, name: str, zone: str) -> Connection:
    """A database in memory that may open one file, and write only to a folder of its own when memory is short."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "temp_directory": spill,
        "memory_limit": MEMORY,
    }
    connection = duckdb.connect(":memory:", config=settings)
    connection.execute(f"SET TimeZone = {literal(zone)}")
    if kind == "duckdb":
        try:
            connection.execute(f"ATTACH {literal(str(file))} AS source (READ_ONLY)")
            connection.execute("USE source")
        except duckdb.Error as problem:
            connection.close()
            raise unreadable(name, str(problem), kind) from None
    elif file is not None:
        connection.execute(f"SET allowed_paths = [{literal(str(file))}]")
    connection.execute("SET enable_external_access = false")
    return connection


def _query(connection: Connection, query: str | None, mapping_file: str) -> str:
    """The query as a relation: one SELECT, and nothing else."""
    remedy = 'give one SELECT, as in query = "select customer, day, what from events"'
    if query is None:
        tables = [str(row[0]) for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        there = f" (it has {', '.join(sorted(tables)[:6])})" if tables else ""
        told = f"is missing, and the log is a DuckDB database{there}"
        raise fault(mapping_file, "log.query", told, 'add [log] with query = "select ... from ..."')
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as problem:
        raise fault(mapping_file, "log.query", f"is not SQL: {_first(str(problem))}", remedy, query) from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise fault(mapping_file, "log.query", "is not one SELECT", remedy, query)
    relation = f"({query.strip().rstrip(';')}\n)"
    try:
        connection.execute(f"DESCRIBE SELECT * FROM {relation}")
    except duckdb.Error as problem:
        raise fault(mapping_file, "log.query", f"cannot be run: {_first(str(problem))}", remedy, query) from None
    return relation


def _first(problem: str) -> str:
    return next((line.strip() for line in problem.splitlines() if line.strip()), "")[:200]


def unreadable(name: str, problem: str, kind: str) -> Faults:
    """DuckDB's complaint in words of ours."""
    first = _first(problem)
    where = first.split("Line:")[-1].strip() if "Line:" in first else ""
    if match := re.search(r"in line (\d+)", problem):
        where = match[1]
    place = f"line {where}" if where.isdigit() else ""
    told = [
        ("unicode", "is not UTF-8 text", "save it as CSV in UTF-8"),
        ("Maximum line size", "has a line longer than 2 MB", "look for a missing quote or line break"),
        (
            "Expected Number of Columns",
            "has another number of cells than the header",
            "quote cells that hold delimiters",
        ),
        ("unterminated quote", "has a quote that is never closed", "close it or double the quotes inside a cell"),
        ("Malformed JSON", "is no sound JSON", "write one object a line, one line an event"),
        ("JSON transform error", "holds something else than objects", "write one object a line, one line an event"),
        ("GZIP", "is a gzip file that breaks off or is damaged", "pack the log anew"),
        ("out of memory", "does not fit into memory and the folder for temporary files", "make room, or cut the log"),
    ]
    for sign, message, remedy in told:
        if sign.lower() in problem.lower():
            return fault(name, place, message, remedy)
    words = {"parquet": "Parquet", "duckdb": "a DuckDB database", "json": "JSON lines", "csv": "CSV"}
    message = f"cannot be read as {words.get(kind, 'a table')}: {first[:160]}"
    return fault(name, place, message, "export the log anew as CSV or Parquet")

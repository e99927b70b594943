"""Opens an event log, CSV or Parquet, as one DuckDB table of texts in which nothing has been judged yet.

Names of columns and files come from outside, so they enter SQL quoted and nothing else does; the file is all that
DuckDB may open.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from sojourn.calibration.mapping import Mapping
from sojourn.scenarios.faults import Fault, Faults, clipped, fault, nearest, quoted

HEAD = 1 << 16  # bytes in which the header of a CSV file must end
DELIMITERS = (",", ";", "\t", "|")
Connection = duckdb.DuckDBPyConnection


@contextmanager
def open_log(path: str | Path, mapping: Mapping, mapping_file: str) -> Iterator[Connection]:
    """A connection with the table `log`: `row` (1 is the first data row) and a text column for each of
    `mapping.columns`.

    The columns are named as the keys of the mapping: customer, time, event and so on. Dates and times of Parquet come
    as ISO text in UTC.

    Raises:
        Faults: if the file cannot be read as a table or lacks a column, with what the file has instead.
    """
    file = Path(path)
    name = str(path)
    try:
        head = _head(file)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "the path is not valid"
        raise fault(name, "", f"cannot be read: {reason}", "give the path of a CSV or Parquet file") from None
    if not head:
        raise fault(name, "", "is empty", "give a log with a header and one row an event")
    connection = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET allowed_paths = [{_text(str(file.resolve()))}]")
        connection.execute("SET enable_external_access = false")
        source = _parquet(file) if head[:4] == b"PAR1" else _csv(file, name, head, mapping, mapping_file)
        try:
            _select(connection, source, name, mapping, mapping_file)
            yield connection
        except duckdb.Error as problem:
            raise _unreadable(name, str(problem), parquet=head[:4] == b"PAR1") from None
    finally:
        connection.close()


def identifier(name: str) -> str:
    """A name as an SQL identifier, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _head(file: Path) -> bytes:
    if file.is_dir():
        raise IsADirectoryError(21, "it is a folder")
    with file.open("rb") as stream:
        return stream.read(HEAD)


def _parquet(file: Path) -> str:
    return f"read_parquet({_text(str(file.resolve()))})"


def _csv(file: Path, name: str, head: bytes, mapping: Mapping, mapping_file: str) -> str:
    """The SQL that reads a CSV file: the delimiter is found from the header, and every column is text."""
    if b"\0" in head:
        raise fault(name, "", "is neither CSV nor Parquet: it holds binary data", "export the log as CSV in UTF-8")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise fault(name, "", "is UTF-16 text", "save it as CSV in UTF-8")
    end = min((place for place in (head.find(b"\n"), head.find(b"\r")) if place >= 0), default=len(head))
    if end >= HEAD:
        raise fault(
            name, "line 1", f"the first line is longer than {HEAD:,} characters", "give a CSV file with a header line"
        )
    try:
        header = head[:end].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise fault(name, "line 1", "is not UTF-8 text", "save it as CSV in UTF-8") from None
    wanted = set(mapping.columns.values())

    def names_with(delimiter: str) -> list[str]:
        try:
            return [cell.strip() for cell in next(csv.reader(io.StringIO(header), delimiter=delimiter), [])]
        except csv.Error:
            return []

    delimiter = max(DELIMITERS, key=lambda mark: (len(wanted & set(names_with(mark))), len(names_with(mark))))
    columns = names_with(delimiter)
    _check_columns(columns, name, mapping, mapping_file)
    # DuckDB does not tell names apart by case; these stand for the columns by position.
    types = ", ".join(f"'c{k}': 'VARCHAR'" for k in range(len(columns)))
    place = {column: f"c{k}" for k, column in reversed(list(enumerate(columns)))}
    chosen = ", ".join(f"{place[column]} AS {key}" for key, column in mapping.columns.items())
    options = f"header = true, delim = {_text(delimiter)}, quote = '\"', escape = '\"', auto_detect = false"
    return f"(SELECT {chosen} FROM read_csv({_text(str(file.resolve()))}, columns = {{{types}}}, {options}))"


def _check_columns(columns: list[str], name: str, mapping: Mapping, mapping_file: str) -> None:
    """Every column that the mapping names must be there once."""
    faults: list[Fault] = []
    for key, column in mapping.columns.items():
        if column not in columns:
            remedy = nearest(column, [one for one in columns if one])
            if key == "observed_until" and column[:4].isdigit():
                remedy = f"write the date without quotes: observed_until = {column}"
            message = f"{clipped(name)} has no column {quoted(column)}"
            faults.append(Fault(mapping_file, key, quoted(column), message, remedy))
        elif columns.count(column) > 1:
            message = f"{columns.count(column)} columns are named {quoted(column)}"
            faults.append(Fault(name, "line 1", quoted(column), message, "give each its own name"))
    if faults:
        raise Faults(faults)


def _select(connection: Connection, source: str, name: str, mapping: Mapping, mapping_file: str) -> None:
    if source.startswith("read_parquet"):
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        kinds = {str(row[0]): str(row[1]) for row in described}
        _check_columns(list(kinds), name, mapping, mapping_file)
        chosen = ", ".join(f"{_as_text(column, kinds[column])} AS {key}" for key, column in mapping.columns.items())
        source = f"(SELECT {chosen} FROM {source})"
    # Rows keep the order of the file, so that rowid counts them.
    connection.execute(f"CREATE TEMP TABLE rows AS SELECT * FROM {source}")
    connection.execute("CREATE TEMP VIEW log AS SELECT rowid + 1 AS row, * FROM rows")


def _as_text(column: str, kind: str) -> str:
    plain = identifier(column)
    if kind.startswith("TIMESTAMP") and "ZONE" not in kind:
        plain = f"CAST({plain} AS TIMESTAMP)"  # to the microsecond, whatever the file keeps
    return f"CAST({plain} AS VARCHAR)"


def _unreadable(name: str, problem: str, *, parquet: bool) -> Faults:
    """DuckDB's complaint in words of ours."""
    first = next((line.strip() for line in problem.splitlines() if line.strip()), "")
    where = first.split("Line:")[-1].strip() if "Line:" in first else ""
    place = f"line {where}" if where.isdigit() else ""
    told: Any = [
        ("unicode", "is not UTF-8 text", "save it as CSV in UTF-8"),
        ("Maximum line size", "has a line longer than 2 MB", "look for a missing quote or line break"),
        (
            "Expected Number of Columns",
            "has another number of cells than the header",
            "quote cells that hold delimiters",
        ),
        ("unterminated quote", "has a quote that is never closed", "close it or double the quotes inside a cell"),
    ]
    for sign, message, remedy in told:
        if sign.lower() in problem.lower():
            return fault(name, place, message, remedy)
    kind = "Parquet" if parquet else "CSV"
    return fault(name, place, f"cannot be read as {kind}: {first[:160]}", "export the log anew as CSV or Parquet")


def rows_of(connection: Connection, sql: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return connection.execute(sql).fetchall()

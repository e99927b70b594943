"""JSON lines: one object an event. Every column that is asked for is read as text; what an object lacks is empty."""

import codecs
import gzip
import json
import re
from itertools import islice
from pathlib import Path

from sojourn.calibration.sqltext import Connection, identifier, literal
from sojourn.scenarios.faults import fault

LINES = 200  # from which the names of columns are told, beside those that are asked for


def json_relation(
    connection: Connection, path: Path, name: str, head: bytes, packed: bool, wanted: frozenset[str]
) -> str:
    """SQL that reads a file of JSON objects, one a line or in one list.

    Raises:
        Faults: if the first lines are no JSON objects, with the line.
    """
    listed = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["
    known = dict.fromkeys(_names(head, name, listed, connection, path))
    if not known:
        raise fault(name, "", "holds no event: its objects are empty", "write one object a line, one line an event")
    columns = [*known, *(column for column in sorted(wanted) if column not in known)]
    relation = _relation(path, columns, packed, listed)
    missing = [column for column in wanted if column not in known]
    if missing:  # the first lines may lack what later ones have
        counts = ", ".join(f"count({identifier(column)})" for column in missing)
        found = connection.execute(f"SELECT {counts} FROM {relation}").fetchall()[0]
        there = {column for column, number in zip(missing, found, strict=True) if number}
        relation = _relation(path, [column for column in columns if column in known or column in there], packed, listed)
    return relation


def broken_line(path: Path, packed: bool, near: int) -> int:
    """The line that is no JSON, at `near` or beside it: DuckDB does not count every kind of line."""
    with gzip.open(path, "rb") if packed else path.open("rb") as stream:
        for number, line in enumerate(islice(stream, max(near - 3, 0), near + 2), max(near - 3, 0) + 1):
            try:
                json.loads(line or b"0")
            except (ValueError, RecursionError):
                if line.strip():
                    return number
    return near


def _relation(path: Path, columns: list[str], packed: bool, listed: bool) -> str:
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
    form = "array" if listed else "newline_delimited"
    pack = ", compression = 'gzip'" if packed else ""
    return f"read_json({literal(str(path))}, columns = {{{types}}}, format = '{form}'{pack})"


def _names(head: bytes, name: str, listed: bool, connection: Connection, path: Path) -> list[str]:
    """Names of columns in the order in which they come."""
    if listed:
        described = connection.execute(
            f"DESCRIBE SELECT * FROM read_json_auto({literal(str(path))}, format = 'array')"
        ).fetchall()
        if [row[0] for row in described] == ["json"] and re.fullmatch(
            rb"\s*\[[\s{},]*\]\s*", head.lstrip(codecs.BOM_UTF8)
        ):
            return []  # a list without a key gets a column of that name
        return [str(row[0]) for row in described]
    lines = head.decode("utf-8-sig", "replace").splitlines()
    whole = lines if len(lines) == 1 or head.endswith(b"\n") else lines[:-1]
    names: dict[str, None] = {}
    for number, line in enumerate(whole[:LINES], 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise fault(name, f"line {number}", "is no JSON object", "write one object a line, one line an event")
        names |= dict.fromkeys(str(key) for key in found)
    return list(names)

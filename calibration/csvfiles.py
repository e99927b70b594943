"""CSV files: the delimiter is found from the header, every column is text, and nothing is guessed from the rows."""

import codecs
import csv
import gzip
import io
import re
from pathlib import Path

from sojourn.calibration.sqltext import literal
from sojourn.scenarios.faults import Fault, Faults, fault, quoted

LONGEST = 1 << 16  # bytes in which the header must end
DELIMITERS = (",", ";", "\t", "|")


def csv_relation(
    path: Path, name: str, head: bytes, packed: bool, wanted: frozenset[str]
) -> tuple[str, dict[str, str]]:
    """SQL that reads a CSV file, and that of each column by its name; of several with one name the first.

    Raises:
        Faults: if it is no text in UTF-8 with a header.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise fault(name, "", "is UTF-16 text", "save it as CSV in UTF-8")
    if b"\0" in head:
        raise fault(name, "", "is neither CSV nor Parquet: it holds binary data", "export the log as CSV in UTF-8")
    end = min((place for place in (head.find(b"\n"), head.find(b"\r")) if place >= 0), default=len(head))
    if end >= LONGEST:
        raise fault(
            name,
            "line 1",
            f"the first line is longer than {LONGEST:,} characters",
            "give a CSV file with a header line",
        )
    try:
        header = head[:end].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise fault(name, "line 1", "is not UTF-8 text", "save it as CSV in UTF-8") from None
    lead = re.fullmatch(r'"?sep=(.)"?', header.strip(" "))  # what Excel takes for a word on the delimiter
    if lead:
        rest = head[end:].removeprefix(b"\r").removeprefix(b"\n")
        header = re.split(rb"[\r\n]", rest, maxsplit=1)[0].decode("utf-8", "replace")
    if not any(cells(header, ",")):
        raise fault(name, "line 1", "holds no names of columns", "give a CSV file with a header line")
    delimiter = max(DELIMITERS, key=lambda mark: (len(wanted & set(cells(header, mark))), len(cells(header, mark))))
    delimiter = lead[1] if lead else delimiter
    columns = cells(header, delimiter)
    if not wanted & set(columns):
        _no_header(name, columns, len(wanted))
    twice = [column for column in dict.fromkeys(columns) if column in wanted and columns.count(column) > 1]
    if twice:
        raise Faults(
            Fault(
                name,
                "line 1",
                quoted(column),
                f"{columns.count(column)} columns are named {quoted(column)}",
                "give each its own name",
            )
            for column in twice
        )
    # DuckDB does not tell names apart by case; these stand for the columns by position.
    types = ", ".join(f"'c{k}': 'VARCHAR'" for k in range(len(columns)))
    place = {column: f"c{k}" for k, column in reversed(list(enumerate(columns))) if column}
    options = f"header = true, delim = {literal(delimiter)}, quote = '\"', escape = '\"', auto_detect = false"
    pack = (", skip = 1" if lead else "") + (", compression = 'gzip'" if packed else "")
    relation = f"read_csv({literal(str(path))}, columns = {{{types}}}, {options}{pack})"
    return relation, dict(reversed(place.items()))


def other_ends(path: Path, packed: bool) -> int | None:
    """The first line that ends otherwise than the first line of the file (LF, CRLF); None where all end alike."""
    with gzip.open(path, "rb") if packed else path.open("rb") as stream:
        first = None
        for number, line in enumerate(stream, 1):
            if line.endswith(b"\n") and (ending := line.endswith(b"\r\n")) is not (
                first := ending if first is None else first
            ):
                return number
    return None


def _no_header(name: str, columns: list[str], wanted: int) -> None:
    """A fault where the first line is plainly no header, or its cells are told apart by something else."""
    if len(columns) == 1 and wanted > 1:
        said = f"holds one cell, {quoted(columns[0])}"
        raise fault(name, "line 1", said, "tell cells apart by a comma, a semicolon, a tab or a bar")
    if any(re.fullmatch(r"[-+]?\d+([.,:/T -]\d+)*Z?", one) for one in columns if one):
        said = f"looks like data, not like names of columns: {', '.join(quoted(one) for one in columns[:4])}"
        raise fault(name, "line 1", said, "put a line with names of columns above it")


def cells(header: str, delimiter: str) -> list[str]:
    """The names that a delimiter would give."""
    try:
        return [cell.strip() for cell in next(csv.reader(io.StringIO(header), delimiter=delimiter), [])]
    except csv.Error:
        return []

"""XES, the XML standard for event logs (IEEE 1849), read by a streaming parser into columns.

The columns are the attributes of events, as in `concept:name` and `time:timestamp`, and those of their trace with `case:` before
the name, as in `case:concept:name`. Documents that declare a type or an entity are refused, so that none can grow while read.
"""

import gzip
from pathlib import Path
from typing import Any
from xml.parsers import expat

from sojourn.scenarios.faults import Faults, fault

CHUNK = 1 << 18  # bytes that the parser is given at a time
BATCH = 1 << 17  # events after which columns are packed
VALUES = frozenset({"string", "date", "int", "float", "boolean", "id"})
SKIPPED = frozenset({"global", "extension", "classifier"})
DEEPEST = 64  # elements inside each other


class _Events:
    """Collects attributes of events in columns."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.depth = self.skipping = self.traces = self.events = self.rows = 0
        self.inside: list[str] = []
        self.trace: dict[str, str] = {}
        self.event: dict[str, str] = {}
        self.columns: dict[str, list[str | None]] = {}
        self.batches: list[Any] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rsplit(":", 1)[-1]
        self.inside.append(tag)
        if len(self.inside) > DEEPEST:
            raise fault(self.name, "", f"elements lie more than {DEEPEST} deep inside each other", "export it as XES")
        if len(self.inside) == 1 and tag != "log":
            raise fault(
                self.name, "", f"begins with <{tag[:40]}>, not with <log>", "give an XES log, or CSV or Parquet"
            )
        if self.skipping or tag in SKIPPED:
            self.skipping += 1
        elif tag == "trace":
            self.trace, self.traces = {}, self.traces + 1
        elif tag == "event":
            self.event = {}
        elif tag in VALUES and len(self.inside) > 1 and "key" in attributes:
            key, value = attributes["key"], attributes.get("value", "")
            if self.inside[-2] == "event":
                self.event.setdefault(key, value)
            elif self.inside[-2] == "trace":
                self.trace.setdefault(f"case:{key}", value)

    def end(self, tag: str) -> None:
        tag = self.inside.pop()
        if self.skipping:
            self.skipping -= 1
        elif tag == "event":
            # The attributes of a trace may stand behind its events only in broken files; they are then missing here.
            self.row({**self.trace, **self.event})

    def row(self, values: dict[str, str]) -> None:
        for key in values.keys() - self.columns.keys():
            self.columns[key] = [None] * self.rows
        for key, column in self.columns.items():
            column.append(values.get(key))
        self.rows += 1
        self.events += 1
        if self.rows >= BATCH:
            self.pack()

    def pack(self) -> None:
        import pyarrow as pa

        names = list(self.columns)
        columns = [pa.array(self.columns[name], pa.string()) for name in names]
        self.batches.append(pa.table(columns, names=names))
        self.rows = 0
        self.columns = {name: [] for name in names}

    def refuse(self, *_: Any) -> None:
        raise fault(
            self.name,
            "",
            "declares a document type or entities, which could make it grow while it is read",
            "take the <!DOCTYPE ...> out; an XES log needs none",
        )


def xes_table(path: Path, name: str, packed: bool) -> Any:
    """The events of an XES file, one row an event in the order of the file, as an Arrow table of texts.

    Raises:
        Faults: if it is no XML, no XES log, declares entities, or has no events; with the line where there is one.
    """
    import pyarrow as pa

    found = _Events(name)
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = found.start, found.end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = found.refuse
    parser.buffer_text = True
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
    except expat.ExpatError as problem:
        place = f"line {problem.lineno}"
        raise fault(name, place, f"is no sound XML: {expat.ErrorString(problem.code)}", "export the log anew") from None
    except (OSError, EOFError) as problem:
        raise fault(name, "", f"cannot be read: {problem}", "export the log anew") from None
    if not found.events:
        traces = f"{found.traces:,} traces and no events" if found.traces else "no traces"
        raise fault(name, "", f"has {traces}", "give an XES log with events")
    found.pack()
    return pa.concat_tables(found.batches, promote_options="default")


def no_timestamps(columns: dict[str, str], name: str) -> Faults | None:
    """The fault of an XES log whose events say no time, else None."""
    if "concept:name" in columns and "time:timestamp" not in columns:
        return fault(name, "", "no event has a time:timestamp", "export the log with times; a journey needs them")
    return None

"""The event log on disk: journeys go to Parquet one replication at a time, in slices, so that memory holds one of them.

Names are written as places in a short dictionary, as they stand in the log, and rows in a fixed order: the same run makes the
same bytes.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow.parquet import ParquetWriter

from sojourn.sim.journeys import SOURCES, Integers, Journeys

EVENTS = "events.parquet"
CUSTOMERS = "customers.parquet"
SLICE = (
    1 << 18
)  # rows that are laid out at a time, each slice in the room of the one before, and a row group of the file

_NAME, _ID, _NUMBER = pa.dictionary(pa.int16(), pa.string()), pa.int64(), pa.float64()
_RUN = {"strategy": _NAME, "replication": pa.int32(), "customer": _ID}
_ORIGIN = {"segment": _NAME, "source": _NAME}
# What may be null, so that the others are packed without a mark on each row.
_NULLABLE = ("from_stage", "inviter", "value", "satisfaction", "expectation", "information")


def _schema(columns: dict[str, pa.DataType]) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=name in _NULLABLE) for name, kind in columns.items()])


_EVENTS = _schema({**_RUN, "sequence": _ID, "stage": _NAME, "from_stage": _NAME, "time": _NUMBER, **_ORIGIN})
_CUSTOMERS = _schema(
    {**_RUN, "arrived": _NUMBER, **_ORIGIN, "inviter": _ID, "root": _ID}
    | dict.fromkeys(("frailty", "value", "satisfaction", "expectation", "information"), _NUMBER)
)


class EventLog:
    """A sink for journeys, in order of strategy (by name) and replication; a context manager that closes its files.

    `folder` takes the files at once and must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._files = [_file(folder / EVENTS, _EVENTS), _file(folder / CUSTOMERS, _CUSTOMERS)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __call__(self, journeys: Journeys) -> None:
        """Take one replication of one strategy."""
        with ThreadPoolExecutor(1) as pool:  # Arrow packs columns without holding Python's lock
            customers = pool.submit(self._write_customers, journeys)
            self._write_events(journeys)
            customers.result()

    def _write_events(self, journeys: Journeys) -> None:
        from sojourn.sim.sorting import in_order

        # By time, then customer, then sequence: rows stand by customer and sequence already.
        order = in_order(journeys.events.time, journeys.horizon)
        alike = _alike(_EVENTS, journeys, order.size)
        for start, stop in _slices(order.size):
            columns = _event_rows(journeys, order[start:stop])
            self._files[0].write_batch(_batch(_EVENTS, journeys, columns, alike, stop - start))

    def _write_customers(self, journeys: Journeys) -> None:
        count = journeys.customers.customer.size
        alike = _alike(_CUSTOMERS, journeys, count)
        for start, stop in _slices(count):
            columns = {name: column[start:stop] for name, column in journeys.customers._asdict().items()}
            self._files[1].write_batch(_batch(_CUSTOMERS, journeys, columns, alike, stop - start))

    def close(self) -> list[str]:
        """Finish the two files; returns their names."""
        for file in self._files:
            file.close()
        return [EVENTS, CUSTOMERS]


def _file(path: Path, schema: pa.Schema) -> ParquetWriter:
    # Dictionaries do not pay for numbers that hardly ever repeat, and ids differ little from row to row.
    # Statistics let readers skip row groups: of use for what ascends only.
    ascending = [name for name in ("customer", "time", "arrived") if name in schema.names]
    return ParquetWriter(
        path,
        schema,
        compression="snappy",
        use_dictionary=[field.name for field in schema if field.type == _NAME],
        column_encoding={field.name: "DELTA_BINARY_PACKED" for field in schema if field.type == _ID},
        write_statistics=ascending,
        store_schema=False,
    )


def _slices(count: int) -> Iterator[tuple[int, int]]:
    for start in range(0, count, SLICE):
        yield start, min(start + SLICE, count)


def _alike(schema: pa.Schema, journeys: Journeys, rows: int) -> dict[str, pa.Array]:
    """The columns in which no row differs from the next, made once: as long as the longest slice of so many rows."""
    values = {name: column[:1] for name, column in journeys.customers._asdict().items() if _constant(column)}
    values |= {"strategy": np.zeros(1), "replication": np.full(1, journeys.replication)}
    size = min(rows, SLICE)
    known = [field for field in schema if field.name in values and size]
    return {field.name: _column(field, np.broadcast_to(values[field.name], size), journeys) for field in known}


def _constant(column: NDArray[Any]) -> bool:
    return column.strides == (0,)


def _batch(
    schema: pa.Schema, journeys: Journeys, columns: dict[str, NDArray[Any]], alike: dict[str, pa.Array], rows: int
) -> pa.RecordBatch:
    made = [
        alike[field.name].slice(0, rows) if field.name in alike else _column(field, columns[field.name], journeys)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(made, schema=schema)


def _column(field: pa.Field, values: NDArray[Any], journeys: Journeys) -> pa.Array:
    """A column; what may be null is so where a number is NaN, where an id or the place of a name is below 0."""
    missing = None
    if field.nullable:
        missing = np.isnan(values) if values.dtype.kind == "f" else values < 0
    if field.type != _NAME:
        return _plain(field.type, values, missing)
    names = {
        "strategy": (journeys.strategy,),
        "stage": journeys.stages,
        "from_stage": journeys.stages,
        "segment": journeys.segments,
        "source": SOURCES,
    }
    return pa.DictionaryArray.from_arrays(
        _plain(_NAME.index_type, values, missing), _words(names[field.name]), safe=False
    )


def _plain(kind: pa.DataType, values: NDArray[Any], missing: NDArray[np.bool_] | None) -> pa.Array:
    """Numbers from their memory, null where `missing`; `pyarrow.array` would load pandas first, to ask whether this is of it."""
    values = np.ascontiguousarray(values, dtype=kind.to_pandas_dtype())
    known = None
    if missing is not None and missing.any():
        known = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(kind, values.size, [known, pa.py_buffer(values)])


@lru_cache(maxsize=16)
def _words(names: tuple[str, ...]) -> pa.Array:
    words = [name.encode() for name in names]
    ends = np.cumsum([0, *map(len, words)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(words), pa.py_buffer(ends), pa.py_buffer(b"".join(words)))


def _event_rows(journeys: Journeys, rows: Integers) -> dict[str, NDArray[Any]]:
    from sojourn.sim.sorting import laid_out

    events, customers = journeys.events, journeys.customers
    columns = laid_out(rows, events.customer, events.sequence, events.stage, events.time)
    found: dict[str, NDArray[Any]] = dict(
        zip(("customer", "sequence", "stage", "from_stage", "time"), columns, strict=True)
    )
    for name, column in (("segment", customers.segment), ("source", customers.source)):
        if not _constant(column):  # whose rows they are matters only where customers differ
            found[name] = column[journeys.who[rows]]
    return found

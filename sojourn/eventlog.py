"""The event log on disk: journeys go to Parquet one replication at a time, in slices, so that memory holds one of them.

Names are written as places in a short dictionary, as they stand in the log, and rows in a fixed order: the same run makes the
same bytes.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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
SLICE = 1 << 20  # rows that are sorted out and written at a time: a row group

_NAME = pa.dictionary(pa.int32(), pa.string())
_RUN = [("strategy", _NAME), ("replication", pa.int32()), ("customer", pa.int64())]
_EVENTS = pa.schema(
    [*_RUN, ("sequence", pa.int64()), ("stage", _NAME), ("from_stage", _NAME), ("time", pa.float64()),
     ("segment", _NAME), ("source", _NAME)]
)  # fmt: skip
_CUSTOMERS = pa.schema(
    [*_RUN, ("arrived", pa.float64()), ("segment", _NAME), ("source", _NAME), ("inviter", pa.int64()),
     ("root", pa.int64()), ("frailty", pa.float64()), ("value", pa.float64()),
     ("satisfaction", pa.float64()), ("expectation", pa.float64()), ("information", pa.float64())]
)  # fmt: skip


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
        for rows in _by_time(journeys):
            self._files[0].write_batch(_batch(_EVENTS, journeys, _event_rows(journeys, rows), rows.size))

    def _write_customers(self, journeys: Journeys) -> None:
        for start, stop in _slices(journeys.customers.customer.size):
            columns = _customer_rows(journeys, slice(start, stop))
            self._files[1].write_batch(_batch(_CUSTOMERS, journeys, columns, stop - start))

    def close(self) -> list[str]:
        """Finish the two files; returns their names."""
        for file in self._files:
            file.close()
        return [EVENTS, CUSTOMERS]


def _file(path: Path, schema: pa.Schema) -> ParquetWriter:
    names = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    # Dictionaries do not pay for numbers that hardly ever repeat.
    # Statistics let readers skip row groups: of use for what ascends only.
    ascending = [name for name in ("customer", "time", "arrived") if name in schema.names]
    return ParquetWriter(
        path,
        schema,
        compression="snappy",
        use_dictionary=[*names, "replication"],
        write_statistics=ascending,
        store_schema=False,
    )


def _slices(count: int) -> Iterator[tuple[int, int]]:
    for start in range(0, count, SLICE):
        yield start, min(start + SLICE, count)


def _by_time(journeys: Journeys) -> Iterator[Integers]:
    """Rows by time, then customer, then sequence, a slice at a time: they stand by customer and sequence already."""
    from sojourn.sim.sorting import in_order

    order = in_order(journeys.events.time, journeys.horizon)
    for start, stop in _slices(order.size):
        yield order[start:stop]


def _batch(schema: pa.Schema, journeys: Journeys, columns: dict[str, Any], rows: int) -> pa.RecordBatch:
    columns["strategy"] = _named(np.zeros(rows, dtype=np.int32), [journeys.strategy])
    columns["replication"] = _plain(np.full(rows, journeys.replication, dtype=np.int32))
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _plain(values: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """A column from its memory, null where `missing`; `pyarrow.array` would load pandas first, to ask whether this is of it."""
    values = np.ascontiguousarray(values)
    known = None
    if missing is not None and missing.any():
        known = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), values.size, [known, pa.py_buffer(values)])


def _named(places: NDArray[Any], names: Sequence[str]) -> pa.Array:
    """Names by their places, -1 for none."""
    places = np.ascontiguousarray(places, dtype=np.int32)
    words = [name.encode() for name in names]
    ends = np.cumsum([0, *map(len, words)], dtype=np.int32)
    known = pa.StringArray.from_buffers(len(words), pa.py_buffer(ends), pa.py_buffer(b"".join(words)))
    return pa.DictionaryArray.from_arrays(_plain(places, places < 0), known)


def _event_rows(journeys: Journeys, rows: Integers) -> dict[str, Any]:
    from sojourn.sim.sorting import laid_out

    events, customers = journeys.events, journeys.customers
    customer, sequence, stage, before, time = laid_out(
        rows, events.customer, events.sequence, events.stage, events.time
    )
    return {
        "customer": _plain(customer),
        "sequence": _plain(sequence),
        "stage": _named(stage, journeys.stages),
        "from_stage": _named(before, journeys.stages),
        "time": _plain(time),
        "segment": _named(_of_customers(customers.segment, journeys, rows), journeys.segments),
        "source": _named(_of_customers(customers.source, journeys, rows), SOURCES),
    }


def _of_customers(column: NDArray[Any], journeys: Journeys, rows: Integers) -> NDArray[Any]:
    """What a column says about the customers of some rows; whose they are matters only where customers differ."""
    if column.strides == (0,):
        return np.full(rows.size, column[0])
    return column[journeys.who[rows]]


def _customer_rows(journeys: Journeys, rows: slice) -> dict[str, Any]:
    customers = journeys.customers
    inviter = customers.inviter[rows]
    return {
        "customer": _plain(customers.customer[rows]),
        "arrived": _plain(customers.arrived[rows]),
        "segment": _named(customers.segment[rows], journeys.segments),
        "source": _named(customers.source[rows], SOURCES),
        "inviter": _plain(inviter, inviter < 0),
        "root": _plain(customers.root[rows]),
        "frailty": _plain(customers.frailty[rows]),
        "value": _known(customers.value[rows]),
        "satisfaction": _known(customers.satisfaction[rows]),
        "expectation": _known(customers.expectation[rows]),
        "information": _known(customers.information[rows]),
    }


def _known(values: NDArray[np.float64]) -> pa.Array:
    """Numbers, null where they are not defined."""
    return _plain(values, np.isnan(values))

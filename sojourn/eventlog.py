"""The event log on disk: journeys go to Parquet one replication at a time, in slices, so that memory holds one of them.

Rows are in a fixed order and the writer has no choices, so that the same run makes the same bytes.
"""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from sojourn.parquet import DOUBLE, INT32, INT64, TEXT, Column, Group, Ids, ParquetFile, Places, Same
from sojourn.sim.journeys import SOURCES, Integers, Journeys

EVENTS = "events.parquet"
CUSTOMERS = "customers.parquet"
SLICE = 1 << 18  # rows that are sorted out and written at a time: a row group
FEW = 1 << 16  # values that a dictionary holds at most

_RUN = {"strategy": TEXT, "replication": INT32, "customer": INT64}
_EVENTS = {
    **_RUN, "sequence": INT64, "stage": TEXT, "from_stage": TEXT, "time": DOUBLE, "segment": TEXT, "source": TEXT,
}  # fmt: skip
_CUSTOMERS = {
    **_RUN, "arrived": DOUBLE, "segment": TEXT, "source": TEXT, "inviter": INT64, "root": INT64, "frailty": DOUBLE,
    "satisfaction": DOUBLE, "expectation": DOUBLE,
}  # fmt: skip


class _Part(NamedTuple):
    strategy: str
    replication: int
    events: list[Group]
    customers: list[Group]


class EventLog:
    """A sink for journeys: call it with each replication, then `write`; a context manager that closes its files.

    `folder` takes the files at once and must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: list[_Part] = []
        self._events = ParquetFile(folder / EVENTS, _EVENTS, {"from_stage"})
        self._customers = ParquetFile(folder / CUSTOMERS, _CUSTOMERS, {"inviter", "satisfaction", "expectation"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._events.close()
        self._customers.close()

    def __call__(self, journeys: Journeys) -> None:
        """Take one replication of one strategy."""
        run: dict[str, Column] = {"strategy": Same(journeys.strategy), "replication": Same(journeys.replication)}
        events = [self._events.write(rows.size, run | _event_rows(journeys, rows)) for rows in _by_time(journeys)]
        customers = [
            self._customers.write(stop - start, run | _customer_rows(journeys, slice(start, stop)))
            for start, stop in _slices(journeys.customers.customer.size)
        ]
        self._parts.append(_Part(journeys.strategy, journeys.replication, events, customers))

    def write(self, folder: Path) -> list[str]:
        """Finish the two files, by strategy and replication, in `folder`; returns their names."""
        ordered = sorted(self._parts, key=lambda part: (part.strategy, part.replication))
        self._events.finish([group for part in ordered for group in part.events])
        self._customers.finish([group for part in ordered for group in part.customers])
        for name in (EVENTS, CUSTOMERS):
            (self._folder / name).replace(folder / name)
        return [EVENTS, CUSTOMERS]


def _slices(count: int) -> Iterator[tuple[int, int]]:
    for start in range(0, count, SLICE):
        yield start, min(start + SLICE, count)


def _by_time(journeys: Journeys) -> Iterator[Integers]:
    """Rows by time, then customer, then sequence, a slice at a time: they stand by customer and sequence already."""
    from sojourn.sim.sorting import in_order

    order = in_order(journeys.events.time, journeys.horizon)
    for start, stop in _slices(order.size):
        yield order[start:stop]


def _event_rows(journeys: Journeys, rows: Integers) -> dict[str, Column]:
    events, customers = journeys.events, journeys.customers
    sequence = events.sequence[rows]
    before = events.stage[rows - 1]
    before[sequence == 0] = -1
    highest = int(sequence.max())
    whose = {
        name: Same(names[0]) if not column.any() else Places(column[journeys.who[rows]], names)
        for name, column, names in (
            ("segment", customers.segment, journeys.segments),
            ("source", customers.source, SOURCES),
        )
    }
    return {
        "customer": Ids(events.customer[rows]),
        "sequence": Places(sequence, np.arange(highest + 1)) if highest < FEW else Ids(sequence),
        "stage": Places(events.stage[rows], journeys.stages),
        "from_stage": Places(before, journeys.stages),
        "time": events.time[rows],
        **whose,
    }


def _customer_rows(journeys: Journeys, rows: slice) -> dict[str, Column]:
    customers = journeys.customers
    return {
        "customer": Ids(customers.customer[rows]),
        "arrived": customers.arrived[rows],
        "segment": Places(customers.segment[rows], journeys.segments),
        "source": Places(customers.source[rows], SOURCES),
        "inviter": Ids(customers.inviter[rows]),
        "root": Ids(customers.root[rows]),
        "frailty": _number(customers.frailty[rows]),
        "satisfaction": _number(customers.satisfaction[rows]),
        "expectation": _number(customers.expectation[rows]),
    }


def _number(values: NDArray[np.float64]) -> Column:
    """Numbers of which many scenarios have only one."""
    return Same(float(values[0])) if (values == values[0]).all() else values

"""The event log on disk: journeys go to Parquet one replication at a time, so that memory holds one of them.

DuckDB scans the numpy columns as they stand; neither pandas nor pyarrow is needed. One thread and a fixed order of rows
make the same run the same bytes.
"""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import duckdb
from numpy.typing import NDArray

from sojourn.sim.journeys import SOURCES, Journeys

EVENTS = "events.parquet"
CUSTOMERS = "customers.parquet"

_EVENTS = """
    SELECT $strategy AS strategy, CAST($replication AS INTEGER) AS replication, customer, sequence,
        ($stages)[stage + 1] AS stage, CASE WHEN from_stage >= 0 THEN ($stages)[from_stage + 1] END AS from_stage,
        time, ($segments)[segment + 1] AS segment, ($sources)[source + 1] AS source
    FROM rows
"""
_CUSTOMERS = """
    SELECT $strategy AS strategy, CAST($replication AS INTEGER) AS replication, customer, arrived,
        ($segments)[segment + 1] AS segment, ($sources)[source + 1] AS source,
        CASE WHEN inviter >= 0 THEN inviter END AS inviter, root, frailty,
        CASE WHEN isnan(satisfaction) THEN NULL ELSE satisfaction END AS satisfaction,
        CASE WHEN isnan(expectation) THEN NULL ELSE expectation END AS expectation
    FROM rows
"""


class _Part(NamedTuple):
    strategy: str
    replication: int
    events: Path
    customers: Path


class EventLog:
    """A sink for journeys: call it with each replication, then `write`; a context manager that closes its database.

    `folder` holds the parts in the meantime and must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: list[_Part] = []
        self._database = duckdb.connect()
        self._database.execute("SET threads = 1")
        self._database.execute("SET temp_directory = $folder", {"folder": str(folder)})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._database.close()

    def __call__(self, journeys: Journeys) -> None:
        """Take one replication of one strategy."""
        number = len(self._parts)
        part = _Part(
            journeys.strategy,
            journeys.replication,
            self._folder / f"events-{number}.part",
            self._folder / f"customers-{number}.part",
        )
        values = {
            "strategy": journeys.strategy,
            "replication": journeys.replication,
            "stages": list(journeys.stages),
            "segments": list(journeys.segments),
            "sources": list(SOURCES),
        }
        self._database.register("rows", _event_rows(journeys))
        self._copy(_EVENTS, values, part.events)
        self._database.register("rows", _customer_rows(journeys))
        del values["stages"]
        self._copy(_CUSTOMERS, values, part.customers)
        self._database.unregister("rows")
        self._parts.append(part)

    def write(self, folder: Path) -> list[str]:
        """Join the parts, by strategy and replication, into two files of `folder`; returns their names."""
        ordered = sorted(self._parts, key=lambda part: (part.strategy, part.replication))
        for name, paths in ((EVENTS, [p.events for p in ordered]), (CUSTOMERS, [p.customers for p in ordered])):
            self._copy(
                "SELECT * FROM read_parquet($paths)", {"paths": [_literal(path) for path in paths]}, folder / name
            )
            for path in paths:
                path.unlink()
        return [EVENTS, CUSTOMERS]

    def _copy(self, query: str, values: Mapping[str, Any], path: Path) -> None:
        target = "'" + str(path).replace("'", "''") + "'"
        try:
            self._database.execute(f"COPY ({query}) TO {target} (FORMAT parquet)", dict(values))
        except duckdb.IOException as error:
            raise OSError(str(error)) from error


def _event_rows(journeys: Journeys) -> dict[str, NDArray[Any]]:
    order, events, customers = journeys.by_time(), journeys.events, journeys.customers
    who = journeys.who[order]
    return {
        "customer": events.customer[order],
        "sequence": events.sequence[order],
        "stage": events.stage[order],
        "from_stage": journeys.from_stage[order],
        "time": events.time[order],
        "segment": customers.segment[who],
        "source": customers.source[who],
    }


def _customer_rows(journeys: Journeys) -> dict[str, NDArray[Any]]:
    return dict(journeys.customers._asdict())


def _literal(path: Path) -> str:
    """Return a path that DuckDB reads as it is, and not as a pattern of names."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path))

"""Journeys written by hand, for measures whose answers are known."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

from sojourn.sim.journeys import ARRIVAL, COLUMNS, NOT_ASKED, Contacts, Customers, Events, Journeys, Log
from sojourn.sim.network import Network


class Life(NamedTuple):
    """One customer: rows of (stage, day) or (stage, day, {column: value})."""

    rows: Sequence[tuple[Any, ...]]
    segment: str = "all"
    source: int = ARRIVAL
    root: int | None = None
    satisfaction: float = np.nan


Write = Callable[[Network, Sequence[Life]], Journeys]


def _write(network: Network, lives: Sequence[Life]) -> Journeys:
    plain = {"revenue": 0.0, "cost": 0.0, "held": 0, "contact": NOT_ASKED, "waited": 0.0, "handled": 0.0}
    rows = [
        {**plain, "satisfaction": np.nan, "customer": i, "sequence": k, "stage": network.stages.index(row[0]),
         "time": float(row[1]), **(row[2] if len(row) > 2 else {})}
        for i, life in enumerate(lives)
        for k, row in enumerate(life.rows)
    ]  # fmt: skip
    kinds = {"customer": "i8", "sequence": "i4", "stage": "i2", "held": "i8", "contact": "i1"}
    table = {c: np.array([row[c] for row in rows], dtype=kinds.get(c, "f8")) for c in COLUMNS}
    asked = np.flatnonzero(table["contact"] != NOT_ASKED)
    contacts = Contacts(asked, *(table[c][asked] for c in Contacts._fields[1:]))
    events = Events(**{c: table[c] for c in Log._fields}, contacts=contacts)
    count = len(lives)
    customers = Customers(
        customer=np.arange(count),
        arrived=np.array([life.rows[0][1] for life in lives], dtype=float),
        segment=np.array([network.segments.index(life.segment) for life in lives], dtype=np.int16),
        source=np.array([life.source for life in lives], dtype=np.int8),
        inviter=np.full(count, -1),
        root=np.array([i if life.root is None else life.root for i, life in enumerate(lives)]),
        frailty=np.zeros(count),
        value=np.full(count, np.nan),
        satisfaction=np.array([life.satisfaction for life in lives]),
        expectation=np.full(count, np.nan),
        information=np.full(count, np.nan),
    )
    horizon = network.scenario.about.horizon_days
    return Journeys(network.strategy, 0, network.stages, network.segments, horizon, events, customers)


@pytest.fixture
def write() -> Write:
    """(network, lives) -> Journeys, ids in the order given."""
    return _write


@pytest.fixture
def life() -> type[Life]:
    return Life

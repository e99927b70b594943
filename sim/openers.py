"""Customers who are on their way when a run begins: each in a stage, for some days, with a segment and a past.

They are put behind a network's own cells, and engines follow them beside those who arrive. Day 0 is the moment up to which they
are known: a stay that lasts since day -age is conditional on not having ended before. Their ids are `tables.OPENERS` + n.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim import tables as at
from sojourn.sim.journeys import Floats, Integers, Journeys
from sojourn.sim.network import Network, widest


class Openers(NamedTuple):
    """Columns of one length, one row a customer; `visits` and `last` have a column for each stage of the network."""

    stage: Integers  # index into Network.stages
    age: Floats  # days in it
    segment: Integers  # index into Network.segments
    visits: Integers  # entries to each stage so far, the stay under way included; shape (openers, stages)
    last: Floats  # day of the last entry to each stage, at most 0; -inf for never; shape (openers, stages)
    purchases: Integers  # so far
    frailty: Floats  # Z, or NaN: drawn as for anybody
    own: dict[
        tuple[int, int], Floats
    ]  # by (stage, number of its exit): factor on the hazard, or probability; NaN: drawn
    arrived: Floats  # day of the first entry, at most 0
    information: Floats  # share known of what there is to know about the customer
    # What is known by name: a number, or the place of a word (`network.words_of_trait`, -1 for any other); of a trait that stays
    # have, that of the stay under way. NaN, and those left out: drawn as for anybody.
    traits: Mapping[str, Floats] = {}

    @property
    def size(self) -> int:
        """How many there are."""
        return int(self.stage.size)


def openers(
    network: Network,
    stage: Sequence[str],
    age: Sequence[float],
    segment: Sequence[str] | None = None,
    *,
    frailty: Sequence[float] | None = None,
    own: dict[str, Sequence[float]] | None = None,
) -> Openers:
    """Customers in `stage` for `age` days, in their first stay.

    Args:
        network: whose stages and segments are named.
        stage: names of stages, shape (openers,).
        age: days of the stay so far, shape (openers,).
        segment: names of segments; the first one if left out.
        frailty: Z of each; drawn if left out.
        own: what is a customer's own about exits, by "stage -> next stage": factor on the hazard, or probability; NaN is drawn.
    """
    count = len(stage)
    where = np.array([network.stages.index(name) for name in stage], dtype=np.int64)
    days = np.asarray(age, dtype=np.float64)
    visits = np.zeros((count, len(network.stages)), dtype=np.int64)
    visits[np.arange(count), where] = 1
    last = np.full(visits.shape, -np.inf)
    last[np.arange(count), where] = -days
    buys = np.array([network.scenario.stages[name].role == "purchase" for name in network.stages])
    return Openers(
        stage=where,
        age=days,
        segment=np.array([network.segments.index(name) for name in segment or [network.segments[0]] * count]),
        visits=visits,
        last=last,
        purchases=visits[:, buys].sum(axis=1),
        frailty=np.full(count, np.nan) if frailty is None else np.asarray(frailty, dtype=np.float64),
        own={exit_of(network, name): np.asarray(values, dtype=np.float64) for name, values in (own or {}).items()},
        arrived=-days,
        information=np.zeros(count),
    )


def exit_of(network: Network, exit: str) -> tuple[int, int]:
    """Where "stage -> next stage" stands: number of the stage, number of the exit in it."""
    name, _, to = exit.partition(" -> ")
    stage = network.scenario.stages[name]
    return network.stages.index(name), [*stage.choices, *stage.race].index(to)


def with_openers(network: Network, known: Openers) -> Network:
    """The network, beginning with these customers on their way."""
    stages, most = len(network.stages), widest(network.scenario)
    own = stages * most if network.scenario.frailty is not None else 0
    named = tuple(network.scenario.traits)
    rows = np.full((known.size, at.OPENER_HISTORY + 2 * stages + own + len(named)), np.nan)
    for k, name in enumerate(named):
        rows[:, rows.shape[1] - len(named) + k] = known.traits.get(name, np.full(known.size, np.nan))
    rows[:, at.OPENER_STAGE] = known.stage
    rows[:, at.OPENER_AGE] = known.age
    rows[:, at.OPENER_ARRIVED] = known.arrived
    rows[:, at.OPENER_SEGMENT] = known.segment
    rows[:, at.OPENER_FRAILTY] = known.frailty
    rows[:, at.OPENER_PURCHASES] = known.purchases
    rows[:, at.OPENER_SPEND] = 0.0
    rows[:, at.OPENER_INFORMATION] = known.information
    rows[:, at.OPENER_HISTORY : at.OPENER_HISTORY + stages] = known.visits
    rows[:, at.OPENER_HISTORY + stages : at.OPENER_HISTORY + 2 * stages] = known.last
    if own:
        for (stage, number), values in known.own.items():
            rows[:, at.OPENER_HISTORY + 2 * stages + stage * most + number] = values
    cells = np.concatenate((network.cells, rows.ravel()))
    cells[at.OPENERS_FIRST], cells[at.OPENERS_COUNT] = network.cells.size, known.size
    cells[at.OPENERS_WIDTH] = rows.shape[1]
    return replace(network, cells=cells)


def were_on_their_way(journeys: Journeys) -> NDArray[np.bool_]:
    """Which customers were on their way on day 0; shape (customers,)."""
    return np.asarray(journeys.customers.customer >= at.OPENERS)

"""Measures of service desks: how many ask, waiting, time at work, giving up, failures."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sojourn.sim.journeys import RENEGED
from sojourn.sim.lives import Lives
from sojourn.sim.network import Network
from sojourn.sim.sums import NOTHING, Sums, Tally

Floats = NDArray[np.float64]


def desk_of(network: Network) -> NDArray[np.int64]:
    """Index of the desk that serves a (segment, stage), -1 where none does."""
    desks = list(network.desks)
    table = np.full((len(network.segments), len(network.stages)), -1, dtype=np.int64)
    for segment in range(len(network.segments)):
        for stage in range(len(network.stages)):
            use = network.segment_stage(segment, stage).desk
            if use is not None:
                table[segment, stage] = desks.index(use.name)
    return table


def desk_figures(lives: Lives) -> Iterator[tuple[str, Sums]]:
    """`desk.NAME.requests`, `.wait`, `.utilisation`, `.abandoned`, `.failures` and `.failures_per_customer` of every desk.

    The unfinished count as far as they got.
    """
    journeys, network = lives.journeys, lives.network
    if not network.desks:
        return
    events, every = journeys.events, journeys.events.contacts
    whose = journeys.who[every.row]
    asked_of = desk_of(network)[journeys.customers.segment[whose], events.stage[every.row]]
    for index, name in enumerate(network.desks):
        here = np.flatnonzero(asked_of == index)
        who, contacts = whose[here], every.at(here)
        requests = Tally.of(who)
        failed = Tally.of(who[contacts.failed])
        yield f"desk.{name}.requests", Sums(requests, Tally(lives.count))
        yield f"desk.{name}.wait", Sums(Tally.of(who, contacts.waited), requests)
        served = np.flatnonzero(contacts.served)
        begun = events.time[contacts.row[served]] + contacts.waited[served]
        over = np.minimum(begun + contacts.handled[served], journeys.horizon)
        busy = Tally.of(who[served], np.maximum(over - begun, 0.0))
        capacity = agent_days(*network.agents(name), begun, over, journeys.horizon)
        yield f"desk.{name}.utilisation", Sums(busy, NOTHING, 0.0, capacity)
        yield f"desk.{name}.abandoned", Sums(Tally.of(who[contacts.contact == RENEGED]), requests)
        yield f"desk.{name}.failures", Sums(failed, requests)
        yield f"desk.{name}.failures_per_customer", Sums(failed, Tally(lives.count))


def agent_days(days: ArrayLike, agents: ArrayLike, begun: Floats, over: Floats, horizon: float) -> float:
    """Integral from 0 to the horizon of max(agents, contacts under way): agents who leave finish their contact first.

    Args:
        days: days from which each of `agents` holds, ascending; no agents before the first.
        agents: numbers of agents, shape as `days`.
        begun: when each contact began, shape (n,).
        over: when it ended, shape (n,).
        horizon: last day.
    """
    steps, heads = np.asarray(days, dtype=np.float64), np.asarray(agents, dtype=np.float64)
    changes = np.diff(heads, prepend=0.0)
    moments = np.concatenate((steps, begun, over))
    order = np.argsort(moments, kind="stable")
    edges = np.append(np.clip(moments[order], 0.0, horizon), horizon)
    hired = np.concatenate((changes, np.zeros(begun.size + over.size)))[order]
    contacts = np.concatenate((np.zeros(steps.size), np.ones(begun.size), -np.ones(over.size)))[order]
    level = np.maximum(np.cumsum(hired), np.cumsum(contacts))
    return float(np.sum(level * np.diff(edges)))

"""Where along the journey profit is made: entries, days and desk contacts, stage by stage, and what runs whoever comes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.journeys import Journeys
from sojourn.sim.money import TICK, book, contact_money, force_of_interest, overhead
from sojourn.sim.network import Network

Floats = NDArray[np.float64]
KINDS = ("entries", "days", "contacts")


class Booked(NamedTuple):
    """One replication's profit in parts that add up to it, discounted to day 0."""

    stages: Floats  # (stages, KINDS): margin of entries, of days spent there, of served contacts of stays there
    running: float  # what runs whoever comes, as a loss: agents, and levers per day


def booked(journeys: Journeys, network: Network) -> Booked:
    """The ledger by stage and kind. What levers cost per customer counts as an entry, per customer-day as days."""
    events, money = journeys.events, book(journeys, network, discounted=True)
    delta = force_of_interest(network)
    count = len(network.stages)

    def by_stage(stage: NDArray[np.int16], margin: Floats) -> Floats:
        return np.bincount(stage, weights=margin, minlength=count).astype(np.float64)

    every = by_stage(events.stage, money.revenue - money.cost)
    entries = by_stage(events.stage, (events.revenue - events.cost) * np.exp(-delta * events.time))
    helped = events.contacts.at(np.flatnonzero(events.contacts.served))
    served_at = np.maximum(events.time[helped.row], 0.0) + helped.waited
    gain, charge = contact_money(network)
    stage, segment = events.stage[helped.row], journeys.customers.segment[journeys.who[helped.row]]
    margin = (gain - charge)[segment, stage] * np.exp(-delta * served_at)
    contacts = by_stage(stage, np.where(served_at <= journeys.horizon + TICK, margin, 0.0))
    parts = np.column_stack([entries, every - entries - contacts, contacts])
    return Booked(parts, -overhead(network, journeys.horizon, discounted=True))

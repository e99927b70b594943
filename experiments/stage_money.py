"""Where along the journey profit is made: entries, days and desk contacts, stage by stage, and what runs whoever comes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.journeys import Journeys
from sojourn.sim.money import TICK, Ledger, contact_money, force_of_interest, overhead
from sojourn.sim.network import Network

Floats = NDArray[np.float64]
KINDS = ("entries", "days", "contacts")


class Booked(NamedTuple):
    """One replication's profit in parts that add up to it, discounted to day 0."""

    stages: Floats  # (stages, KINDS): margin of entries, of days spent there, of served contacts of stays there
    running: float  # what runs whoever comes, as a loss: agents, and levers per day


def booked(journeys: Journeys, network: Network) -> Booked:
    """The ledger by stage and kind. What levers cost per customer counts as an entry, per customer-day as days."""
    ledger = Ledger(journeys, network)
    events, rows = journeys.events, ledger.rows
    money = ledger.booked(discounted=True)
    delta = force_of_interest(network)
    stage, count = events.stage[rows].astype(np.int64), len(network.stages)

    def by_stage(margin: Floats) -> Floats:
        return np.bincount(stage, weights=margin, minlength=count).astype(np.float64)

    every = by_stage(money.revenue - money.cost)
    entries = by_stage((events.revenue[rows] - events.cost[rows]) * np.exp(-delta * events.time[rows]))
    served, waited = events.contacts.on(rows)
    served_at = events.time[rows] + waited
    served &= served_at <= journeys.horizon + TICK
    gain, charge = contact_money(network)
    segment = journeys.customers.segment[ledger.who]
    contacts = by_stage(np.where(served, (gain - charge)[segment, stage] * np.exp(-delta * served_at), 0.0))
    parts = np.column_stack([entries, every - entries - contacts, contacts])
    return Booked(parts, -overhead(network, journeys.horizon, discounted=True))

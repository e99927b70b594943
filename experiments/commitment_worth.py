"""What a customer brings from a moment on: the ledger's margin in a window that begins anywhere in a life.

The ledger (`sim.money`) books rows from arrival or from day 0. Here the margin by any day is a sum over the rows before it plus
the part of the row that is under way, so that a window is a difference of two sums.
"""

import numpy as np

from sojourn.experiments.commitment_states import Flags
from sojourn.sim.discounting import Running, discounted_length
from sojourn.sim.journeys import RESOLVED, UNRESOLVED, Floats, Integers, Journeys
from sojourn.sim.money import TICK, by_segment, contact_money, force_of_interest, per_day
from sojourn.sim.network import Network


class Purse:
    """Margin of each customer by any day, as the ledger books it, discounted to day 0."""

    def __init__(self, journeys: Journeys, network: Network) -> None:
        events, self._journeys = journeys.events, journeys
        self._delta = force_of_interest(network)
        self._segment = journeys.customers.segment[journeys.who]
        stage = events.stage
        self._open = _open_stages(network)[stage]
        rate = per_day(network)
        self._rate = rate[self._segment, stage] if rate.any() else None
        self._levers: list[tuple[Flags, Floats, Running]] = []
        for k, lever in enumerate(network.levers):
            charge = np.array([own.levers[lever].cost.per_customer_day for own in by_segment(network)])
            if charge.any() and network.path(lever)[1].any():
                held = self._open & ((events.held >> k) & 1 > 0)
                self._levers.append((held, charge, Running(*network.path(lever), self._delta)))
        gain, cost = contact_money(network)
        served = (events.contact == RESOLVED) | (events.contact == UNRESOLVED)
        self._served_at = np.where(served, events.time + events.waited, np.inf)
        worth = np.exp(-self._delta * np.where(served, self._served_at, 0.0))
        self._contact = np.where(served, worth * (gain - cost)[self._segment, stage], 0.0)
        self._entry = np.exp(-self._delta * events.time) * (events.revenue - events.cost)
        rows = np.arange(events.time.size)
        served_in_time = np.where(self._served_at <= journeys.until, self._contact, 0.0)
        whole = self._entry + served_in_time - self._running(rows, events.time, journeys.until)
        self._before = np.concatenate(([0.0], np.cumsum(whole)))

    def window(self, who: Integers, start: Floats, days: float) -> Floats:
        """Margin of customers `who` in (start, start + days], discounted to `start`; shape (moments,).

        What is booked on the very day `start` (an entry, a contact that begins then) is past, and not in it.
        """
        found: Floats = np.exp(self._delta * start) * (self._by(who, start + days) - self._by(who, start))
        return found

    def active(self, who: Integers, start: Floats, days: float) -> Floats:
        """Days, discounted to `start`, that customers spend in stages that are no end, of those `days`; shape (moments,)."""
        found: Floats = discounted_length(np.clip(self._leaves[who] - start, 0.0, days), self._delta)
        return found

    def active_days(self, until: float) -> float:
        """Customer-days in stages that are no end, of all customers, by a day."""
        arrived = self._journeys.customers.arrived
        return float(np.sum(np.maximum(np.minimum(self._leaves, until) - arrived, 0.0)))

    @property
    def _leaves(self) -> Floats:
        """When each customer enters an end, the horizon where that never happens."""
        final = self._journeys.first[1:] - 1
        ended = ~self._open[final]
        return np.where(ended, self._journeys.events.time[final], self._journeys.horizon)

    def _by(self, who: Integers, day: Floats) -> Floats:
        """Margin by a day, from arrival on."""
        journeys = self._journeys
        time = journeys.events.time
        first, last = journeys.first[who], journeys.first[who + 1] - 1
        span = 4.0 * (journeys.horizon + 1.0)  # customers' days laid end to end, so that one search serves all
        row = np.searchsorted(journeys.who * span + time, who * span + day, side="right") - 1
        row = np.clip(row, first, last)
        # Such long numbers are rounded: one row on or back, where a day falls on an entry.
        following = np.minimum(row + 1, last)
        row = np.where(time[following] <= day + TICK, following, row)
        row = np.where((time[row] > day + TICK) & (row > first), row - 1, row)
        come = time[row] <= day + TICK
        until = np.maximum(np.minimum(day, journeys.until[row]), time[row])
        part = self._entry[row] + np.where(self._served_at[row] <= day + TICK, self._contact[row], 0.0)
        total = self._before[row] - self._before[first] + part - self._running(row, time[row], until)
        return np.where(come, total, 0.0)

    def _running(self, row: Integers, start: Floats, until: Floats) -> Floats:
        """What rows cost from `start` to `until` by the day."""
        cost = np.zeros(row.size)
        if self._rate is not None:
            length = discounted_length(until - start, self._delta)
            cost += self._rate[row] * np.exp(-self._delta * start) * length
        for held, charge, integral in self._levers:
            some = np.flatnonzero(held[row])
            grown = integral(until[some]) - integral(start[some])
            cost[some] += charge[self._segment[row[some]]] * grown
        return cost


def joining(journeys: Journeys, network: Network, row: Integers) -> Floats:
    """What levers cost once a customer, of those pulled in each row: who is given a lever later pays it too; shape (rows,)."""
    segment, cost = journeys.customers.segment[journeys.who[row]], np.zeros(row.size)
    for k, lever in enumerate(network.levers):
        price = np.array([own.levers[lever].cost.per_customer for own in by_segment(network)])
        level = float(network.levels(lever, [0.0])[0])
        if price.any() and level:
            cost += level * price[segment] * ((journeys.events.held[row] >> k) & 1)
    return cost


def campaign_cost(journeys: Journeys, network: Network, until: float) -> float:
    """What the levers that depend on customers cost by a day, undiscounted: per customer, customer-day and referral."""
    total, events, people = 0.0, journeys.events, journeys.customers
    begun = events.time <= until
    days = np.where(_open_stages(network)[events.stage] & begun, np.minimum(journeys.until, until) - events.time, 0.0)
    entered, row_segment = people.arrived <= until, people.segment[journeys.who]
    for k, lever in enumerate(network.levers):
        level = float(network.levels(lever, [0.0])[0])
        if not level:
            continue
        held = (events.held >> k) & 1 > 0
        at_birth = held[journeys.first[:-1]] & entered
        for g, own in enumerate(by_segment(network)):
            cost, mine = own.levers[lever].cost, people.segment == g
            total += level * cost.per_customer * float(np.sum(at_birth & mine))
            total += level * cost.per_referral * float(np.sum(at_birth & mine & (people.source == 1)))
            if cost.per_customer_day:
                total += level * cost.per_customer_day * float(np.sum(days[held & (row_segment == g)]))
    return total


def _open_stages(network: Network) -> Flags:
    return np.array([not network.scenario.stages[name].end for name in network.stages], dtype=np.bool_)

"""The ledger: what customers bring and cost, row by row, and what the strategy costs whoever comes.

Discounting is (1 + d)^(-t/365) = exp(-delta t), with t in days. Costs that run are integrated exactly: the levels of
levers are piecewise linear in time and the capacity of desks is piecewise constant, so every integral has a closed
form.
"""

import math
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios.model import Scenario
from sojourn.sim.discounting import Running, discounted_length, discounted_slope
from sojourn.sim.journeys import Integers, Journeys
from sojourn.sim.network import Network

__all__ = ["Ledger", "Money", "Running", "book", "discounted_length", "discounted_slope", "overhead"]

Floats = NDArray[np.float64]
YEAR = 365.0
TICK = 1e-9  # days: times are sums, and what falls on the last day of a window must not hang on their rounding


class Money(NamedTuple):
    """Revenue and cost of each row, both of shape (rows,), in the scenario's currency."""

    revenue: Floats
    cost: Floats


def stated(scenario: Scenario) -> bool:
    """Whether anything in the scenario, for any segment, brings or costs money."""
    for one in [scenario, *(scenario.for_segment(name) for name in scenario.segments)]:
        stages = [(own.revenue, own.cost, own.cost_per_day, own.acquisition_cost) for own in one.stages.values()]
        desks = [(own.revenue_per_contact, own.cost_per_contact, own.cost_per_agent_day) for own in one.desks.values()]
        levers = [own.cost.model_dump().values() for own in one.levers.values()]
        if any(any(amounts) for amounts in (*stages, *desks, *levers)):
            return True
    return False


def force_of_interest(network: Network) -> float:
    """delta a day: (1 + d)^(-t/365) = exp(-delta t)."""
    return math.log1p(network.scenario.about.annual_discount_rate) / YEAR


def book(journeys: Journeys, network: Network, *, discounted: bool, window: float | None = None) -> Money:
    """What each row brings and costs by the horizon: whatever the strategy attributes to a customer.

    Entries book `revenue` and `cost` at entry. A contact that is served books its cost and revenue when service
    begins, if that is by the horizon. `cost_per_day` of the stage and `cost.per_customer_day` of the levers whose
    `when` holds (times the level of the moment; not in end stages) run from entry to the end of the stay.

    Args:
        journeys: one replication.
        network: the network that it was run on.
        discounted: to day 0, or to each customer's arrival where there is a window.
        window: days since the customer's arrival after which nothing counts; None for all until the horizon.
    """
    ledger = Ledger(journeys, network)
    lines = ledger.booked(discounted=discounted, window=window)
    revenue, cost = np.zeros(journeys.events.time.size), np.zeros(journeys.events.time.size)
    revenue[ledger.rows], cost[ledger.rows] = lines
    return Money(revenue, cost)


class Ledger:
    """The rows that can bring or cost anything, to be booked in several ways; `book` says what counts."""

    def __init__(self, journeys: Journeys, network: Network) -> None:
        events = journeys.events
        self._network = network
        self._delta = force_of_interest(network)
        self._horizon = journeys.horizon
        rate, money = per_day(network), contact_money(network)
        charges = {
            k: np.array([scenario.levers[lever].cost.per_customer_day for scenario in by_segment(network)])
            for k, lever in enumerate(network.levers)
        }
        self._charges = {k: one for k, one in charges.items() if one.any() and network.path(network.levers[k])[1].any()}
        open_stage = np.array([not network.scenario.stages[name].end for name in network.stages], dtype=np.bool_)

        moving = np.zeros(events.time.size, dtype=np.bool_)
        for column in (events.revenue, events.cost):
            if not nothing(column):
                moving |= column != 0.0
        if money[0].any() or money[1].any():
            moving[events.contacts.row[events.contacts.served]] = True
        if rate.any():
            moving |= np.any(rate, axis=0)[events.stage]
        if self._charges:
            bits = np.int64(sum(1 << k for k in self._charges))
            moving |= ((events.held & bits) != 0) & open_stage[events.stage]
        self.rows = np.flatnonzero(moving)
        """Index of each line among the events, ascending; shape (lines,)."""
        self.who = journeys.who[self.rows] if self.rows.size else self.rows
        """Index of the customer; shape (lines,)."""
        # What a stay that began before day 0 cost until then is past.
        self._time, self._until = (
            np.maximum(events.time[self.rows], 0.0),
            journeys.until[self.rows] if self.rows.size else np.empty(0),
        )
        self._arrived = journeys.customers.arrived[self.who]
        self._revenue, self._cost = events.revenue[self.rows], events.cost[self.rows]
        self._segment, stage = journeys.customers.segment[self.who], events.stage[self.rows]
        self._held = np.where(open_stage[stage], events.held[self.rows], 0)
        self._rate = rate[self._segment, stage]
        self._gain, self._charge = (table[self._segment, stage] for table in money)
        self._served, waited = events.contacts.on(self.rows)
        self._served_at = self._time + waited
        self._accrued: dict[tuple[int, float], tuple[Running, Floats]] = {}

    def booked(self, *, discounted: bool, window: float | None = None) -> Money:
        """What each line brings and costs; shape (lines,)."""
        if window is None and discounted:  # to day 0, from what they are worth on the day of arrival
            worth = np.exp(-self._delta * self._arrived)
            return Money(self._to_arrival.revenue * worth, self._to_arrival.cost * worth)
        delta = self._delta if discounted else 0.0
        if window is None:
            return self._book(slice(None), delta, np.zeros(self.rows.size), self._horizon)
        return self._book(slice(None), delta, self._arrived, np.minimum(self._arrived + window, self._horizon))

    @cached_property
    def _to_arrival(self) -> Money:
        """All lines until the horizon, discounted to each customer's arrival."""
        return self._book(slice(None), self._delta, self._arrived, self._horizon)

    def within(self, days: float) -> tuple[Integers, Floats]:
        """The margin of lines within so many days since arrival, discounted to arrival, of those followed that long.

        Returns each line's customer (index) and its revenue minus cost; both of shape (lines that count,).
        """
        counts = (self._arrived + days <= self._horizon) & (self._time <= self._arrived + days + TICK)
        lines = np.flatnonzero(counts)
        close = self._arrived[lines] + days
        margin = self._to_arrival.revenue[lines] - self._to_arrival.cost[lines]
        cut = np.flatnonzero((self._until[lines] > close) | (self._served_at[lines] > close + TICK))
        part = self._book(lines[cut], self._delta, self._arrived[lines[cut]], close[cut])
        margin[cut] = part.revenue - part.cost
        return self.who[lines], margin

    def by(self, days: Floats) -> Floats:
        """Revenue minus cost that is booked by each day, discounted to day 0.

        `days` are in even steps from 0, but for the last, the horizon; the answer has their shape.
        """
        time, delta, segment = self._time, self._delta, self._segment
        worth = np.exp(-delta * time)
        total = _by(days, time, (self._revenue - self._cost) * worth)
        served = np.flatnonzero(self._served & (self._served_at <= self._horizon + TICK))
        moment = self._served_at[served]
        total += _by(days, moment, (self._gain[served] - self._charge[served]) * np.exp(-delta * moment))
        until = np.maximum(np.minimum(self._until, self._horizon), time)
        rows = np.flatnonzero(self._rate != 0.0)
        if rows.size:
            always = partial(discounted_length, delta=delta)
            total -= _running_by(days, always, self._rate[rows], time[rows], until[rows])
        for k, charge in self._charges.items():
            rows = np.flatnonzero((self._held >> k) & 1)
            integral, _ = self._running(k, delta)
            total -= _running_by(days, integral, charge[segment[rows]], time[rows], until[rows])
        return total

    def _book(self, lines: Integers | slice, delta: float, origin: Floats, close: Floats | float) -> Money:
        time, segment = self._time[lines], self._segment[lines]
        age = time - origin
        entered = np.where(time <= close + TICK, np.exp(-delta * age), 0.0)
        revenue, cost = self._revenue[lines] * entered, self._cost[lines] * entered

        served_at = self._served_at[lines]
        rows = np.flatnonzero(self._served[lines] & (served_at <= close + TICK))
        weight = np.exp(-delta * (served_at[rows] - origin[rows]))
        revenue[rows] += weight * self._gain[lines][rows]
        cost[rows] += weight * self._charge[lines][rows]

        until = np.maximum(np.minimum(self._until[lines], close), time)  # a stay past the window costs nothing
        rate = self._rate[lines]
        rows = np.flatnonzero(rate != 0.0)
        span = discounted_length(until[rows] - time[rows], delta)
        cost[rows] += rate[rows] * np.exp(-delta * age[rows]) * span

        held = self._held[lines]
        for k, charge in self._charges.items():
            integral, accrued = self._running(k, delta)
            rows = np.flatnonzero((held >> k) & 1)
            grown = integral(until[rows]) - accrued[lines][rows]
            cost[rows] += charge[segment[rows]] * grown * np.exp(delta * origin[rows])
        return Money(revenue, cost)

    def _running(self, lever: int, delta: float) -> tuple[Running, Floats]:
        """A lever's level, discounted and added up since day 0, and how much of it there was at each line's entry."""
        if (lever, delta) not in self._accrued:
            integral = Running(*self._network.path(self._network.levers[lever]), delta)
            self._accrued[lever, delta] = integral, integral(self._time)
        return self._accrued[lever, delta]


def _by(days: Floats, moments: Floats, amounts: Floats) -> Floats:
    """What amounts have come to by each day."""
    first = _day_of(days, moments)
    return np.asarray(np.cumsum(np.bincount(first, amounts, days.size + 1))[: days.size], dtype=np.float64)


def _day_of(days: Floats, moments: Floats) -> Integers:
    """The first of the days, by number, that is not before each moment."""
    step = days[1] if days.size > 2 else days[-1]
    return np.asarray(np.clip(np.ceil((moments - TICK) / step), 0, days.size - 1), dtype=np.int64)


def _running_by(days: Floats, integral: Callable[[Floats], Floats], rate: Floats, start: Floats, end: Floats) -> Floats:
    """What rates, each from its start to its end, have come to by each day."""
    at_start, at_end = integral(start), integral(end)
    first, last = _day_of(days, start), _day_of(days, end)
    size = days.size + 1
    under_way = np.cumsum(np.bincount(first, rate, size) - np.bincount(last, rate, size))[: days.size]
    before = np.bincount(first, rate * at_start, size) - np.bincount(last, rate * at_start, size)
    done = np.cumsum(np.bincount(last, rate * (at_end - at_start), size))[: days.size]
    return np.asarray(under_way * integral(days) - np.cumsum(before)[: days.size] + done)


def nothing(column: NDArray[Any]) -> bool:
    """Whether a column says 0 for every row in one stride of nothing, as where the scenario does not use it."""
    return column.size == 0 or (column.strides == (0,) and not column[0])


def overhead(network: Network, horizon: float, *, discounted: bool) -> float:
    """What the strategy costs by the horizon whoever comes: levers per day times their level, and agents of desks."""
    return float(overhead_by(network, np.array([horizon]), discounted=discounted)[0])


def overhead_by(network: Network, days: Floats, *, discounted: bool) -> Floats:
    """The same by each of some days; of their shape."""
    delta = force_of_interest(network) if discounted else 0.0
    total = np.zeros(days.shape)
    for name in network.levers:
        charge = network.scenario.levers[name].cost.per_day
        if charge:
            total += charge * Running(*network.path(name), delta)(days)
    return total + _agents_pay_by(network, days, delta)


def agents_pay(network: Network, horizon: float, *, discounted: bool) -> float:
    """What the agents of all desks cost by the horizon."""
    delta = force_of_interest(network) if discounted else 0.0
    return float(_agents_pay_by(network, np.array([horizon]), delta)[0])


def _agents_pay_by(network: Network, days: Floats, delta: float) -> Floats:
    total = np.zeros(days.shape)
    for name in network.desks:
        charge = network.scenario.desks[name].cost_per_agent_day
        if charge:
            total += charge * Running(*network.agents(name), delta, linear=False)(days)
    return total


def by_segment(network: Network) -> list[Scenario]:
    """The scenario as each segment sees it, in the order of the network's segments."""
    return [network.segment_scenario(index) for index in range(len(network.segments))]


def per_day(network: Network) -> Floats:
    """`cost_per_day` by (segment, stage)."""
    return np.array([[scenario.stages[s].cost_per_day for s in network.stages] for scenario in by_segment(network)])


def acquisition(network: Network) -> Floats:
    """Declared acquisition cost of an entry by (segment, stage)."""
    return np.array([[scenario.stages[s].acquisition_cost for s in network.stages] for scenario in by_segment(network)])


def contact_money(network: Network) -> tuple[Floats, Floats]:
    """Revenue and cost of a served contact by (segment, stage); 0 where the stage has no desk."""
    shape = (len(network.segments), len(network.stages))
    gain, charge = np.zeros(shape), np.zeros(shape)
    for i, scenario in enumerate(by_segment(network)):
        for j, stage in enumerate(network.stages):
            use = scenario.stages[stage].desk
            if use is not None:
                gain[i, j] = scenario.desks[use.name].revenue_per_contact
                charge[i, j] = scenario.desks[use.name].cost_per_contact
    return gain, charge

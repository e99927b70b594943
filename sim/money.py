"""The ledger: what customers bring and cost, row by row, and what the strategy costs whoever comes.

Discounting is (1 + d)^(-t/365) = exp(-delta t), with t in days. Costs that run are integrated exactly: the levels of
levers are piecewise linear in time and the capacity of desks is piecewise constant, so every integral has a closed
form.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sojourn.scenarios.model import Scenario
from sojourn.sim.journeys import RESOLVED, UNRESOLVED, Journeys
from sojourn.sim.network import Network

Floats = NDArray[np.float64]
YEAR = 365.0
TICK = 1e-9  # days: times are sums, and what falls on the last day of a window must not hang on their rounding


class Money(NamedTuple):
    """Revenue and cost of each row, both of shape (rows,), in the scenario's currency."""

    revenue: Floats
    cost: Floats


def force_of_interest(network: Network) -> float:
    """delta a day: (1 + d)^(-t/365) = exp(-delta t)."""
    return math.log1p(network.scenario.about.annual_discount_rate) / YEAR


def discounted_length(length: ArrayLike, delta: float) -> Floats:
    """Integral of exp(-delta s) over s from 0 to `length`; any shape."""
    x = np.asarray(length, dtype=np.float64)
    return x if delta == 0.0 else -np.expm1(-delta * x) / delta


def discounted_slope(length: ArrayLike, delta: float) -> Floats:
    """Integral of s exp(-delta s) over s from 0 to `length`; any shape."""
    x = np.asarray(length, dtype=np.float64)
    y = delta * x
    # 1 - exp(-y)(1 + y) loses its digits when y is small: there the series x^2 sum (-y)^k / (k! (k + 2)) takes over.
    series = 1 / 2 + y * (-1 / 3 + y * (1 / 8 + y * (-1 / 30 + y * (1 / 144 - y / 840))))
    exact = (-np.expm1(-y) - y * np.exp(-y)) / np.where(y == 0.0, 1.0, y * y)
    value: Floats = x * x * np.where(np.abs(y) < 0.02, series, exact)
    return value


class Running:
    """Integral from day 0 to t of level(u) exp(-delta u), for a level that is piecewise linear or constant."""

    def __init__(self, days: ArrayLike, levels: ArrayLike, delta: float, *, linear: bool = True) -> None:
        """Take nodes (`days` not falling, `levels`; a jump is two nodes on one day); 0 before the first, flat after
        the last.
        """
        self.days = np.asarray(days, dtype=np.float64)
        self.levels = np.asarray(levels, dtype=np.float64)
        self.delta = delta
        width = np.diff(self.days)
        rise = np.diff(self.levels) if linear else np.zeros(width.size)
        self.slopes = np.append(np.divide(rise, width, out=np.zeros(width.size), where=width > 0.0), 0.0)
        pieces = self._piece(np.arange(width.size), self.days[1:])
        self.before = np.concatenate(([0.0], np.cumsum(pieces)))

    def _piece(self, index: NDArray[np.int64], until: Floats) -> Floats:
        start = self.days[index]
        span = until - start
        level = self.levels[index] * discounted_length(span, self.delta)
        value: Floats = np.exp(-self.delta * start) * (level + self.slopes[index] * discounted_slope(span, self.delta))
        return value

    def __call__(self, t: ArrayLike) -> Floats:
        """The integral up to each day of `t`; any shape."""
        until = np.asarray(t, dtype=np.float64)
        if self.days.size == 0:
            return np.zeros(until.shape)
        index = np.searchsorted(self.days, until, side="right") - 1
        inside = np.maximum(index, 0)
        value: Floats = np.where(index < 0, 0.0, self.before[inside] + self._piece(inside, until))
        return value


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
    events, who = journeys.events, journeys.who
    delta = force_of_interest(network) if discounted else 0.0
    arrived = journeys.customers.arrived[who]
    origin = arrived if window is not None else np.zeros(events.time.size)
    close = np.minimum(arrived + window if window is not None else np.inf, journeys.horizon)
    segment = journeys.customers.segment[who]

    entered = np.where(events.time <= close + TICK, np.exp(-delta * (events.time - origin)), 0.0)
    revenue, cost = events.revenue * entered, events.cost * entered

    served_at = events.time + events.waited
    served = ((events.contact == RESOLVED) | (events.contact == UNRESOLVED)) & (served_at <= close + TICK)
    if served.any():
        rows = np.flatnonzero(served)
        weight = np.exp(-delta * (served_at[rows] - origin[rows]))
        gain, charge = contact_money(network)
        revenue[rows] += weight * gain[segment[rows], events.stage[rows]]
        cost[rows] += weight * charge[segment[rows], events.stage[rows]]

    until = np.maximum(np.minimum(journeys.until, close), events.time)  # a stay past the window costs nothing
    rate = per_day(network)[segment, events.stage]
    rows = np.flatnonzero(rate != 0.0)
    span = discounted_length(until[rows] - events.time[rows], delta)
    cost[rows] += rate[rows] * np.exp(-delta * (events.time[rows] - origin[rows])) * span

    open_stage = np.array([not network.scenario.stages[name].end for name in network.stages], dtype=np.bool_)
    for k, lever in enumerate(network.levers):
        charge = np.array([scenario.levers[lever].cost.per_customer_day for scenario in by_segment(network)])
        if not charge.any():
            continue
        integral = Running(*network.path(lever), delta)
        rows = np.flatnonzero(((events.held >> k) & 1).astype(np.bool_) & open_stage[events.stage])
        grown = integral(until[rows]) - integral(events.time[rows])
        cost[rows] += charge[segment[rows]] * grown * np.exp(delta * origin[rows])
    return Money(revenue, cost)


def overhead(network: Network, horizon: float, *, discounted: bool) -> float:
    """What the strategy costs by the horizon whoever comes: levers per day times their level, and agents of desks."""
    delta = force_of_interest(network) if discounted else 0.0
    total = 0.0
    for name in network.levers:
        charge = network.scenario.levers[name].cost.per_day
        if charge:
            total += charge * float(Running(*network.path(name), delta)(horizon))
    for name in network.desks:
        charge = network.scenario.desks[name].cost_per_agent_day
        if charge:
            total += charge * float(Running(*network.agents(name), delta, linear=False)(horizon))
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

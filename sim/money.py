"""The ledger: what customers bring and cost, row by row, and what the strategy costs whoever comes.

Discounting is (1 + d)^(-t/365) = exp(-delta t), with t in days. Costs that run are integrated exactly: the levels of
levers are piecewise linear in time and the capacity of desks is piecewise constant, so every integral has a closed
form.
"""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios.model import Scenario
from sojourn.sim.discounting import Running, discounted_length
from sojourn.sim.journeys import Journeys
from sojourn.sim.network import Network

if TYPE_CHECKING:
    from sojourn.sim import booking

__all__ = ["Ledger", "Money", "Running", "book", "discounted_length", "overhead"]

Floats = NDArray[np.float64]
YEAR = 365.0
TICK = 1e-9  # days: times are sums, and what falls on the last day of a window must not hang on their rounding


class Money(NamedTuple):
    """Revenue and cost of each row, both of shape (rows,), in the scenario's currency."""

    revenue: Floats
    cost: Floats


def stated(scenario: Scenario) -> bool:
    """Whether anything in the scenario, for any segment, brings or costs money."""
    return _in_journey(scenario) or _in_levers(scenario)


def only_spent(scenario: Scenario) -> bool:
    """Whether levers cost money and nothing else brings or costs any, so that a lever can only lose money."""
    return _in_levers(scenario) and not _in_journey(scenario)


def _in_journey(scenario: Scenario) -> bool:
    for one in _versions(scenario):
        stages = [(own.revenue, own.cost, own.cost_per_day, own.acquisition_cost) for own in one.stages.values()]
        desks = [(own.revenue_per_contact, own.cost_per_contact, own.cost_per_agent_day) for own in one.desks.values()]
        if any(any(amounts) for amounts in (*stages, *desks)):
            return True
    return False


def _in_levers(scenario: Scenario) -> bool:
    return any(any(lever.cost.model_dump().values()) for one in _versions(scenario) for lever in one.levers.values())


def _versions(scenario: Scenario) -> list[Scenario]:
    return [scenario, *(scenario.for_segment(name) for name in scenario.segments)]


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
    if not ledger.moves:
        return Money(*np.zeros((2, journeys.events.time.size)))
    from sojourn.sim import booking

    within = np.inf if window is None else window
    return Money(*booking.by_row(ledger.stays, ledger.prices(discounted=discounted), window is not None, within))


class Ledger:
    """What customers bring and cost, in sums; `book` says what counts."""

    def __init__(self, journeys: Journeys, network: Network) -> None:
        events = journeys.events
        self._journeys, self._network = journeys, network
        self._rate, (self._gain, self._charge) = per_day(network), contact_money(network)
        prices = {
            k: [scenario.levers[lever].cost.per_customer_day for scenario in by_segment(network)]
            for k, lever in enumerate(network.levers)
        }
        self._levers = {k: one for k, one in prices.items() if any(one) and network.path(network.levers[k])[1].any()}
        entries = not nothing(events.revenue) or not nothing(events.cost)
        tables = any(table.any() for table in (self._rate, self._gain, self._charge))
        self.moves = bool(entries or tables or self._levers)
        """Whether anything can bring or cost money."""

    @cached_property
    def stays(self) -> "booking.Stays":
        """The log as `booking` reads it."""
        from sojourn.sim import booking  # numba only where something is measured

        events, customers = self._journeys.events, self._journeys.customers
        held = events.held
        return booking.Stays(
            stage=events.stage,
            sequence=events.sequence,
            time=events.time,
            revenue=used(events.revenue),
            cost=used(events.cost),
            held=used(held),
            always=int(held[0]) if held.size and held.strides == (0,) else 0,
            asked=events.contacts.row,
            served=events.contacts.served,
            waited=events.contacts.waited,
            arrived=customers.arrived,
            segment=used(customers.segment),
            horizon=float(self._journeys.horizon),
        )

    def prices(self, *, discounted: bool) -> "booking.Prices":
        """What the strategy attributes to customers, as `booking` reads it."""
        from sojourn.sim import booking

        network = self._network
        delta = force_of_interest(network) if discounted else 0.0
        nodes = [Running(*network.path(network.levers[k]), delta).nodes for k in self._levers]
        return booking.Prices(
            delta=delta,
            tick=TICK,
            open=np.array([not network.scenario.stages[name].end for name in network.stages], dtype=np.bool_),
            rate=self._rate,
            gain=self._gain,
            charge=self._charge,
            levers=np.array(list(self._levers), dtype=np.int64),
            a_day=np.array(list(self._levers.values())).reshape(len(nodes), len(network.segments)),
            spans=np.cumsum([0, *(one.shape[1] for one in nodes)]),
            nodes=np.ascontiguousarray(np.concatenate([np.empty((5, 0)), *nodes], axis=1)),
        )

    def each(self, *, discounted: bool, windows: Sequence[float] = ()) -> Floats:
        """Revenue and cost of each customer by the horizon, to arrival or not discounted at all, and the margin within windows:
        see `booking.by_customer`; shape (2 + windows, customers), with no customers where nothing `moves`.
        """
        if not self.moves:
            return np.zeros((2 + len(windows), 0))
        from sojourn.sim import booking

        return booking.by_customer(self.stays, self.prices(discounted=discounted), np.array(windows, dtype=np.float64))

    def worth(self) -> Floats:
        """What money on the day of arrival is worth on day 0, shape (customers,)."""
        return np.asarray(np.exp(-force_of_interest(self._network) * self._journeys.customers.arrived))

    def by(self, days: Floats) -> Floats:
        """Revenue minus cost that is booked by each day, discounted to day 0.

        `days` are in even steps from 0, but for the last, the horizon; the answer has their shape.
        """
        if not self.moves:
            return np.zeros(days.size)
        from sojourn.sim import booking

        prices = self.prices(discounted=True)
        step = float(days[1] if days.size > 2 else days[-1])
        moments, (rate, begun, done) = booking.by_day(self.stays, prices, days.size, step)
        nodes = np.split(prices.nodes, prices.spans[1:-1], axis=1) if self._levers else []
        integrals = np.array(
            [
                discounted_length(days, prices.delta),
                *(booking.grown_by(np.ascontiguousarray(one), prices.delta, days) for one in nodes),
            ]
        )
        # Of what is under way on a day, the part since its start; and all of what is over.
        running = np.cumsum(rate, axis=1) * integrals - np.cumsum(begun, axis=1) + np.cumsum(done, axis=1)
        total: Floats = np.cumsum(moments) - running.sum(axis=0)
        return total


def used(column: NDArray[Any]) -> NDArray[Any]:
    """A column of a log or of its customers; empty where the scenario does not use it and it is one constant."""
    return np.empty(0, dtype=column.dtype) if column.strides == (0,) else column


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

"""Facts of each customer's life that several measures share: purchases, loss, the end, when they came."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.journeys import Floats, Integers, Journeys
from sojourn.sim.network import Network

Flags = NDArray[np.bool_]


class Lives:
    """Per customer (in the order of `journeys.customers`): what happened, and when. Never is NaN."""

    def __init__(self, journeys: Journeys, network: Network) -> None:
        self.journeys = journeys
        self.network = network
        stages = [network.scenario.stages[name] for name in journeys.stages]
        self.buying = np.array([stage.role == "purchase" for stage in stages], dtype=np.bool_)  # by stage
        self.losing = np.array([stage.role == "lost" for stage in stages], dtype=np.bool_)
        self.ending = np.array([stage.end for stage in stages], dtype=np.bool_)
        self.count = journeys.customers.customer.size

    @cached_property
    def purchase_rows(self) -> Integers:
        """Rows that enter a stage of role purchase, customer by customer."""
        return np.flatnonzero(self.buying[self.journeys.events.stage])

    @cached_property
    def purchases(self) -> Integers:
        """Purchases of each customer."""
        return np.bincount(self.journeys.who[self.purchase_rows], minlength=self.count)

    @cached_property
    def first_purchase_row(self) -> Integers:
        """Row of each buyer's first purchase; shape (buyers,)."""
        return self.firsts(self.purchase_rows)

    @cached_property
    def buyers(self) -> Integers:
        """Index of each customer who purchased."""
        return self.journeys.who[self.first_purchase_row]

    @cached_property
    def first_purchase(self) -> Floats:
        """Day of each buyer's first purchase; shape (buyers,)."""
        return self.journeys.events.time[self.first_purchase_row]

    @cached_property
    def second_purchase(self) -> Floats:
        """Day of each buyer's second purchase; shape (buyers,)."""
        return self._after_first_purchase(self.purchase_rows)

    @cached_property
    def lost_after_purchase(self) -> Floats:
        """Day on which each buyer is first lost (enters a stage of role lost) after the first purchase; shape
        (buyers,).
        """
        return self._after_first_purchase(np.flatnonzero(self.losing[self.journeys.events.stage]))

    @cached_property
    def ended(self) -> Floats:
        """Day on which each customer entered an end stage."""
        row = self.journeys.first[1:] - 1
        at_end = self.ending[self.journeys.events.stage[row]]
        return np.where(at_end, self.journeys.events.time[row], np.nan)

    @cached_property
    def final_stage(self) -> NDArray[np.int16]:
        """The stage in which each customer is at the horizon."""
        return self.journeys.events.stage[self.journeys.first[1:] - 1]

    def firsts(self, rows: Integers) -> Integers:
        """The first of each customer's rows among `rows` (ascending)."""
        who = self.journeys.who[rows]
        return rows[np.concatenate(([True], who[1:] != who[:-1]))] if rows.size else rows

    def entries(self, stage: int) -> Floats:
        """Day of each customer's first entry to a stage."""
        rows = self.firsts(np.flatnonzero(self.journeys.events.stage == stage))
        day = np.full(self.count, np.nan)
        day[self.journeys.who[rows]] = self.journeys.events.time[rows]
        return day

    def _after_first_purchase(self, rows: Integers) -> Floats:
        """Day of each buyer's first row among `rows` that comes after the row of the first purchase."""
        start = np.full(self.count, np.iinfo(np.int64).max, dtype=np.int64)
        start[self.buyers] = self.first_purchase_row
        later = self.firsts(rows[rows > start[self.journeys.who[rows]]])
        day = np.full(self.count, np.nan)
        day[self.journeys.who[later]] = self.journeys.events.time[later]
        return day[self.buyers]

    def total(self, rows: Integers | Flags, weights: Floats | None = None) -> Floats:
        """Sum over each customer's rows among `rows` (of `weights`, one a chosen row; else their count), in row
        order.
        """
        return summed(self.journeys.who[rows], weights, self.count)


def since(start: Floats, end: Floats) -> Floats:
    """Days from `start` to `end`, to a billionth of a day: times are sums, and equal stays must come out equal.

    Without it a dwell of exactly 30 days would count as over by day 30 for some customers and not for others.
    """
    days: Floats = np.round(end - start, 9)
    return days


def summed(index: Integers, weights: Floats | None, count: int) -> Floats:
    """Sum of `weights` (of ones, where None) by `index` 0 to count - 1, in order; shape (count,)."""
    return np.bincount(index, weights=weights, minlength=count)[:count].astype(np.float64)

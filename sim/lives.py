"""Facts of each customer's life that several measures share: purchases, loss, the end, when they came."""

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.follow_ups import FollowUps
from sojourn.sim.journeys import Flags, Floats, Integers, Journeys
from sojourn.sim.money import Ledger
from sojourn.sim.network import Network
from sojourn.sim.survival import CENSORED

if TYPE_CHECKING:
    from sojourn.sim.counting import Bought, Visits


class Stays(NamedTuple):
    """Stays in one stage; all columns of shape (stays,)."""

    who: Integers  # index of the customer
    days: Floats  # until the end, or the horizon
    following: NDArray[np.int16]  # the stage that follows, -1 where none does


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
    def ledger(self) -> Ledger:
        """What customers bring and cost."""
        return Ledger(self.journeys, self.network)

    @cached_property
    def _bought(self) -> "Bought":
        from sojourn.sim import counting  # numba only where something is measured

        events = self.journeys.events
        return counting.bought(events.stage, events.sequence, events.time, self.buying, self.losing)

    @property
    def purchasers(self) -> Integers:
        """Index of the customer of each purchase."""
        return self._bought.purchasers

    @cached_property
    def purchases(self) -> Integers:
        """Purchases of each customer."""
        return np.bincount(self.purchasers, minlength=self.count)

    @property
    def buyers(self) -> Integers:
        """Index of each customer who purchased."""
        return self._bought.buyers

    @property
    def first_purchase(self) -> Floats:
        """Day of each buyer's first purchase; shape (buyers,)."""
        return self._bought.first

    @property
    def second_purchase(self) -> Floats:
        """Day of each buyer's second purchase; shape (buyers,)."""
        return self._bought.second

    @property
    def lost_after_purchase(self) -> Floats:
        """Day on which each buyer is first lost (enters a stage of role lost) after the first purchase; shape
        (buyers,).
        """
        return self._bought.lost

    @cached_property
    def final_row(self) -> Integers:
        """Each customer's last row."""
        return self.journeys.first[1:] - 1

    @cached_property
    def final_stage(self) -> NDArray[np.int16]:
        """The stage in which each customer is at the horizon."""
        return self.journeys.events.stage[self.final_row]

    @cached_property
    def returns(self) -> FollowUps:
        """From each buyer's first purchase to the second (cause 0), or to loss or an end (1), or until the horizon."""
        ended = np.where(self.ending[self.final_stage[self.buyers]], self._final_time[self.buyers], np.nan)
        second, gone = self.second_purchase, np.fmin(self.lost_after_purchase, ended)
        repeated = np.isfinite(second) & ~(gone < second)  # gone is NaN only where there is neither loss nor end
        until = np.where(repeated, second, np.where(np.isfinite(gone), gone, self.journeys.horizon))
        causes = np.where(repeated, 0, np.where(np.isfinite(gone), 1, CENSORED)).astype(np.int16)
        return FollowUps(since(self.first_purchase, until), causes, 2, self.buyers)

    @cached_property
    def losses(self) -> FollowUps:
        """From each buyer's first purchase to loss (cause 0), or until the horizon."""
        lost = self.lost_after_purchase
        churned = np.isfinite(lost)
        until = np.where(churned, lost, self.journeys.horizon)
        causes = np.where(churned, np.int16(0), np.int16(CENSORED))
        return FollowUps(since(self.first_purchase, until), causes, 1, self.buyers)

    @cached_property
    def whole(self) -> FollowUps:
        """From each customer's arrival to an end (cause 1), or until the horizon; nothing has cause 0."""
        causes = np.where(self.ending, np.int16(1), np.int16(CENSORED))[self.final_stage]
        until = np.where(causes == CENSORED, self.journeys.horizon, self._final_time)
        return FollowUps(until - self.journeys.customers.arrived, causes, 2, None)

    def rows(self, stage: int) -> Integers:
        """Rows that enter a stage, customer by customer."""
        return np.flatnonzero(self.journeys.events.stage == stage)

    def stays(self, stage: int) -> Stays:
        """The stays in one stage, customer by customer."""
        visits = self._visits
        here = slice(visits.begin[stage], visits.begin[stage + 1])
        return Stays(visits.who[here], visits.days[here], visits.following[here])

    def first_entries(self, stage: int) -> tuple[Integers, Floats]:
        """Index of each customer who enters a stage, and the days from arrival to the first entry; shapes (customers who do,)."""
        visits = self._visits
        here = slice(visits.first_begin[stage], visits.first_begin[stage + 1])
        return visits.first_who[here], visits.since_arrival[here]

    @cached_property
    def _visits(self) -> "Visits":
        from sojourn.sim import counting  # numba only where something is measured

        events, arrived = self.journeys.events, self.journeys.customers.arrived
        stages = len(self.journeys.stages)
        return counting.visits(
            events.stage, events.sequence, events.time, arrived, float(self.journeys.horizon), stages
        )

    @property
    def _final_time(self) -> Floats:
        return self.journeys.events.time[self.final_row]


def firsts(who: Integers) -> Flags:
    """Whether each row is the first of its customer, where a customer's rows stand together; shape as `who`."""
    first = np.ones(who.size, dtype=np.bool_)
    np.not_equal(who[1:], who[:-1], out=first[1:])
    return first


def since(start: Floats, end: Floats) -> Floats:
    """Days from `start` to `end`, to a billionth of a day: times are sums, and equal stays must come out equal.

    Without it a dwell of exactly 30 days would count as over by day 30 for some customers and not for others.
    """
    days: Floats = np.round(end - start, 9)
    return days


def summed(index: Integers, weights: Floats | None, count: int) -> Floats:
    """Sum of `weights` (of ones, where None) by `index` 0 to count - 1, in order; shape (count,)."""
    return np.bincount(index, weights=weights, minlength=count)[:count].astype(np.float64)

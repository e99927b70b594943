"""The event log of one replication under one strategy, in columns.

Rows stand customer by customer (ids ascending), each customer's rows in the order in which they were lived: a stay ends where
the next row of the same customer begins, and the last stay of a customer in a stage that is no end is open at the horizon
(right-censored). `by_time` gives the order in which files hold the rows.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

# What became of a stay's contact with the service desk (column `contact`).
NOT_ASKED, WAITING, RESOLVED, UNRESOLVED, RENEGED = 0, 1, 2, 3, 4
# How a customer came (column `source`).
ARRIVAL, REFERRAL = 0, 1
SOURCES = ("arrival", "referral")


class Contacts(NamedTuple):
    """One row a contact with a service desk: the stays in which somebody asked for help, in the order of the log."""

    row: Integers  # the stay's, among the events
    contact: NDArray[np.int8]  # WAITING (still, at the horizon), RESOLVED, UNRESOLVED, RENEGED
    waited: Floats  # days at the desk before service, giving up or the horizon; the request is at the stay's `time`
    handled: Floats  # days of service (it may run past the horizon); 0 without service

    @property
    def served(self) -> Flags:
        """Whether service began; shape (contacts,)."""
        return cast(Flags, (self.contact == RESOLVED) | (self.contact == UNRESOLVED))

    @property
    def failed(self) -> Flags:
        """Whether the customer gave up, or was served without avail; shape (contacts,)."""
        return cast(Flags, (self.contact == RENEGED) | (self.contact == UNRESOLVED))

    def at(self, places: Integers) -> "Contacts":
        """Some of the contacts."""
        return Contacts(self.row[places], self.contact[places], self.waited[places], self.handled[places])

    def on(self, rows: Integers) -> "tuple[Flags, Floats]":
        """Whether service began in the stays on some rows (ascending), and days waited there; both of shape (rows,)."""
        served, waited = np.zeros(rows.size, dtype=np.bool_), np.zeros(rows.size)
        place = np.searchsorted(rows, self.row)
        mine = np.flatnonzero(np.append(rows, -1)[place] == self.row)
        served[place[mine]], waited[place[mine]] = self.served[mine], self.waited[mine]
        return served, waited


class Log(NamedTuple):
    """One row a stage entry, as engines write them. All columns have the same length, or none where they are not used."""

    customer: Integers  # id
    sequence: NDArray[np.int32]  # counts the customer's rows from 0
    stage: NDArray[np.int16]  # index into Journeys.stages
    time: Floats  # of the entry, days from the start of the run
    revenue: Floats  # booked at entry, undiscounted
    cost: Floats  # booked at entry: the stage's, acquisition, and what levers cost per customer and per referral
    held: Integers  # bit k: the `when` of lever k holds for this stay
    satisfaction: Floats  # S once the stay's touchpoint is over; NaN where the scenario has no satisfaction


@dataclass(frozen=True)
class Events:
    """One row a stage entry: the columns of `Log`, and those of contacts, made of `contacts` when they are first asked for.

    All columns have the same length; one that the scenario does not use is a read-only constant.
    """

    customer: Integers
    sequence: NDArray[np.int32]
    stage: NDArray[np.int16]
    time: Floats
    revenue: Floats
    cost: Floats
    held: Integers
    satisfaction: Floats
    contacts: Contacts

    @cached_property
    def contact(self) -> NDArray[np.int8]:
        """What became of the stay's contact, NOT_ASKED where there was none; shape (rows,)."""
        return self._spread(self.contacts.contact)

    @cached_property
    def waited(self) -> Floats:
        """Days at the desk before service, 0 where nobody asked; shape (rows,)."""
        return self._spread(self.contacts.waited)

    @cached_property
    def handled(self) -> Floats:
        """Days of service, 0 where there was none; shape (rows,)."""
        return self._spread(self.contacts.handled)

    def columns(self) -> dict[str, NDArray[Any]]:
        """All columns by name, as a data frame takes them."""
        return {name: getattr(self, name) for name in COLUMNS}

    def _spread(self, column: NDArray[Any]) -> NDArray[Any]:
        if not column.size:
            return np.broadcast_to(np.zeros((), dtype=column.dtype), self.customer.size)
        spread = np.zeros(self.customer.size, dtype=column.dtype)  # NOT_ASKED is 0
        spread[self.contacts.row] = column
        return spread


COLUMNS = (*Log._fields, "contact", "waited", "handled")  # of the events


class Customers(NamedTuple):
    """One row a customer who arrived, ids ascending. All columns have the same length; unused ones are constants (read-only)."""

    customer: Integers
    arrived: Floats  # day
    segment: NDArray[np.int16]  # index into Journeys.segments
    source: NDArray[np.int8]  # ARRIVAL or REFERRAL
    inviter: Integers  # id, -1 for arrivals
    root: Integers  # id of the arrival from whom the chain of referrals springs (its own for arrivals)
    frailty: Floats  # Z; 0 where it loads on nothing
    value: Floats  # quantile of the customer's own latent value, 0 to 1; NaN where the scenario has none
    satisfaction: Floats  # S at the horizon; NaN where the scenario has no satisfaction
    expectation: Floats  # E at the horizon
    information: Floats  # share of what there is to know that is known at the horizon; NaN where no stage gathers it


@dataclass(frozen=True)
class Journeys:
    """One replication of one strategy."""

    strategy: str
    replication: int
    stages: tuple[str, ...]
    segments: tuple[str, ...]
    horizon: float  # days
    events: Events
    customers: Customers
    seed: int = 0  # of the run: surveys draw who answers

    def __repr__(self) -> str:
        people, stays = self.customers.customer.size, self.events.customer.size
        counted = f"{people:,} customer{'s' * (people != 1)}; {stays:,} stay{'s' * (stays != 1)}"
        return f"<Journeys: {self.strategy}; replication {self.replication}; {counted}>"

    @cached_property
    def first(self) -> Integers:
        """Row at which each customer begins, and the number of rows at the end; shape (customers + 1,)."""
        starts = np.flatnonzero(self.events.sequence == 0)
        return np.append(starts, self.events.customer.size)

    @cached_property
    def last(self) -> Flags:
        """Whether a row is its customer's last; shape (rows,)."""
        last = np.zeros(self.events.customer.size, dtype=np.bool_)
        last[self.first[1:] - 1] = True
        return last

    @cached_property
    def until(self) -> Floats:
        """When each stay ends: the next entry of the same customer, else the horizon; shape (rows,)."""
        until = np.append(self.events.time[1:], self.horizon)
        until[self.last] = self.horizon
        return until

    @cached_property
    def next_stage(self) -> NDArray[np.int16]:
        """The stage that follows, -1 where the stay is open or an end; shape (rows,)."""
        following = np.append(self.events.stage[1:], np.int16(-1))
        following[self.last] = -1
        return following.astype(np.int16)

    @cached_property
    def from_stage(self) -> NDArray[np.int16]:
        """The stage before, -1 on a customer's first row; shape (rows,)."""
        before = np.append(np.int16(-1), self.events.stage[:-1])
        before[self.events.sequence == 0] = -1
        return before.astype(np.int16)

    @cached_property
    def who(self) -> Integers:
        """Each row's index into `customers`; shape (rows,)."""
        return np.repeat(np.arange(self.customers.customer.size), np.diff(self.first))

    def by_time(self) -> Integers:
        """Row order of files: time, then customer, then sequence; shape (rows,)."""
        return np.lexsort((self.events.sequence, self.events.customer, self.events.time))

"""The readable engine: SimPy processes deliver events, `rules` decides.

Every customer is a process that walks from stage to stage. Events at equal times are served by (customer, that customer's event
number), so that the journeys do not depend on the order in which they were scheduled, and the compiled engine can give the same
log bit for bit.
"""

import heapq
import math
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, cast

import simpy
from simpy.events import EventPriority

from sojourn.sim import arriving, recording
from sojourn.sim import openly as rules
from sojourn.sim import tables as at
from sojourn.sim.arranging import in_any_order
from sojourn.sim.journeys import RENEGED, RESOLVED, UNRESOLVED, WAITING, Contacts, Customers, Log
from sojourn.sim.tables import Cells, Customer, nobody, seeded

Steps = Generator[simpy.Event, Any, None]
# A customer's event number: 8 per stay, and within a stay in this order.
ENTERS, GIVES_UP, IS_SERVED, INVITES, LEAVES = range(5)


class Moment(simpy.Event):
    """A timeout whose place among events of the same time is given: by customer, then by that customer's event number.

    SimPy orders equal times by priority and then by age; its own wake-ups have priorities 0 and 1 and so come first.
    """

    def __init__(self, env: simpy.Environment, delay: float, customer: int, number: int) -> None:
        super().__init__(env)
        self._ok, self._value = True, None
        place = 2 + ((customer + 1) << 32) + number
        env.schedule(self, priority=cast(EventPriority, place), delay=delay)


class Desk:
    """Agents and a queue. Who is next, who may start and who gives up are rules; this only keeps the line."""

    def __init__(self, office: "Reference", number: int) -> None:
        self.office, self.number = office, number
        self.busy = 0
        self.line: list[tuple[int, float, int, int, simpy.Event]] = []  # a heap; those who gave up are skipped
        self.waiting: set[simpy.Event] = set()

    def free(self) -> bool:
        """Whether an agent could take a contact now."""
        return self.busy < rules.agents_at(self.office.net, self.number, self.office.env.now)

    def call_next(self, _: simpy.Event | None = None) -> None:
        """Give free agents to those who wait, first by rank, then by time of request, then by id."""
        while self.waiting and self.free():
            called = heapq.heappop(self.line)[-1]
            if called in self.waiting:
                self.waiting.remove(called)
                self.busy += 1
                called.succeed()

    def contact(self, me: Customer) -> Steps:
        """One contact of a customer, who asks now; leaves what became of it, days waited and days of service with them."""
        office, env, net = self.office, self.office.env, self.office.net
        customer, number, asked = int(me.whole[at.ID]), 8 * int(me.whole[at.SEQUENCE]), env.now
        if self.free() and not self.waiting:
            self.busy += 1
        else:
            called = env.event()
            rank = int(rules.rank_at_desk(net, me, self.number, asked))
            heapq.heappush(self.line, (rank, asked, customer, number, called))
            self.waiting.add(called)
            note(me, WAITING, office.horizon - asked, 0.0)
            yield called | Moment(env, rules.patience(net, me, self.number), customer, number + GIVES_UP)
            if not called.triggered:
                self.waiting.remove(called)
                note(me, RENEGED, env.now - asked, 0.0)
                return
        handled, resolved = rules.handling(net, me, self.number, env.now)
        note(me, RESOLVED if resolved else UNRESOLVED, env.now - asked, handled)
        yield Moment(env, handled, customer, number + IS_SERVED)
        self.busy -= 1
        self.call_next()


class Reference:
    """One replication: the clock, the customers, the desks and the market."""

    def __init__(self, net: Cells, seed: int, replication: int, candidates: int | None) -> None:
        self.net = net = seeded(net, seed, replication)
        self.env = simpy.Environment()
        self.horizon = float(net[at.HORIZON])
        self.ids, self.days = arriving.arrivals(net, -1 if candidates is None else candidates)
        self.people: list[Customer] = []
        self.log = recording.events(net, 4 * len(self.ids) + 64)
        self.asked = recording.contacts(self.log.stage.size)
        self.rows = self.requests = 0
        self.desks = [Desk(self, d) for d in range(int(net[at.DESKS]))]
        self.contacts: dict[int, Customer] = {}  # who is at a desk, in line or served

    def run(self, watch: Callable[[float], None] | None = None) -> tuple[Log, Contacts, Customers]:
        """Let the days pass up to the horizon, which still counts; returns the log, its contacts and the customers, by id."""
        env, net = self.env, self.net
        for d, desk in enumerate(self.desks):
            row = int(net[at.DESK_ROWS]) + d * at.DESK_WIDTH
            for k in range(1, int(net[row + at.DESK_AGENTS_COUNT])):
                day = net[int(net[row + at.DESK_AGENTS_FIRST]) + k * at.AGENTS_WIDTH + at.AGENTS_DAY]
                moment = Moment(env, float(day), -1, d)
                moment.callbacks.append(desk.call_next)
        at_start = bool(net[at.COHORT] >= 0.0)
        for customer, day in zip(self.ids.tolist(), self.days.tolist(), strict=True):
            moment = Moment(env, day, customer, ENTERS)
            moment.callbacks.append(partial(self.arrive, customer, at_start))
        env.run(until=math.nextafter(self.horizon, math.inf))
        for me in self.contacts.values():  # the horizon came first: the log knows how far they got
            self.record(me)
        customers = recording.customers(net, len(self.people))
        for place, me in enumerate(self.people):
            rules.register(net, customers, place, me)
        log, asked = recording.trimmed(self.log, self.rows), recording.trimmed(self.asked, self.requests)
        return in_any_order(log, asked, customers)

    def arrive(self, customer: int, at_start: bool, _: simpy.Event) -> None:
        """A candidate comes, if the market has room."""
        if rules.admitted(self.net, customer, len(self.people), at_start):
            me = self.newcomer()
            self.env.process(self.journey(me, rules.born(self.net, me, customer, self.env.now)))

    def newcomer(self) -> Customer:
        """One customer more."""
        me = nobody(self.net)
        me.whole[at.PLACE] = len(self.people)
        self.people.append(me)
        return me

    def journey(self, me: Customer, stage: int) -> Steps:
        """One customer from stage to stage."""
        net, env = self.net, self.env
        customer, number = int(me.whole[at.ID]), 0
        while True:
            desk = rules.enter(net, me, stage, env.now)
            if desk >= 0:
                self.contacts[customer] = me
                yield from self.desks[desk].contact(me)
                del self.contacts[customer]
            delay, to = rules.proceed(net, me, env.now)
            self.record(me)
            leaves = env.now + delay
            if net[me.whole[at.HERE] + at.STAGE_INVITES] > 0.0:
                env.process(self.invite(me, min(leaves, self.horizon)))
            if not leaves <= self.horizon:
                return
            yield Moment(env, delay, customer, number + LEAVES)
            stage = to
            number += 8

    def invite(self, me: Customer, until: float) -> Steps:
        """Invitations of one stay."""
        net, env = self.net, self.env
        inviter, place = int(me.whole[at.ID]), 8 * int(me.whole[at.SEQUENCE]) + INVITES
        number = 0
        while True:
            delay = rules.time_to_invitation(net, me, env.now, number)
            if env.now + delay > until:
                return
            yield Moment(env, delay, inviter, place)
            number += 1
            customer = rules.next_invitee(net, me)
            if rules.admitted(net, customer, len(self.people), False):
                new = self.newcomer()
                env.process(self.journey(new, rules.brought(net, new, me, customer, env.now)))

    def record(self, me: Customer) -> None:
        """Write a stay down."""
        if self.rows == self.log.stage.size:
            self.log = recording.enlarged(self.log, self.rows, 2 * self.rows)
            self.asked = recording.enlarged(self.asked, self.requests, 2 * self.rows)
        rules.record(self.net, self.log, self.rows, me.whole[at.PLACE], me)
        self.requests = rules.record_contact(self.asked, self.requests, self.rows, me)
        self.rows += 1


def note(me: Customer, contact: int, waited: float, handled: float) -> None:
    """How far a contact has come."""
    me.whole[at.CONTACT], me.real[at.WAITED], me.real[at.HANDLED] = contact, waited, handled

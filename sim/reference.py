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

import numpy as np
import simpy
from simpy.events import EventPriority

from sojourn.sim import arriving, rules
from sojourn.sim import tables as at
from sojourn.sim.journeys import ARRIVAL, NOT_ASKED, REFERRAL, RENEGED, RESOLVED, UNRESOLVED, WAITING
from sojourn.sim.tables import Cells, Crowd, crowd, nobody, seeded
from sojourn.sim.timing import time_to_invitation

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

    def contact(self, i: int) -> Generator[simpy.Event, Any, tuple[int, float, float]]:
        """One contact of customer i, who asks now; gives what became of it, days waited, days of service."""
        office, env, net = self.office, self.office.env, self.office.net
        customer, number, asked = office.of(i, at.ID), 8 * office.of(i, at.SEQUENCE), env.now
        if self.free() and not self.waiting:
            self.busy += 1
        else:
            called = env.event()
            rank = int(rules.rank_at_desk(net, office.crowd, i, self.number, asked))
            heapq.heappush(self.line, (rank, asked, customer, number, called))
            self.waiting.add(called)
            office.note(i, WAITING, office.horizon - asked, 0.0)
            yield called | Moment(env, rules.patience(net, office.crowd, i, self.number), customer, number + GIVES_UP)
            if not called.triggered:
                self.waiting.remove(called)
                return RENEGED, env.now - asked, 0.0
        waited = env.now - asked
        handled, resolved = rules.handling(net, office.crowd, i, self.number, env.now)
        outcome = RESOLVED if resolved else UNRESOLVED
        office.note(i, outcome, waited, handled)
        yield Moment(env, handled, customer, number + IS_SERVED)
        self.busy -= 1
        self.call_next()
        return outcome, waited, handled


class Reference:
    """One replication: the clock, the crowd, the desks and the market."""

    def __init__(self, net: Cells, seed: int, replication: int, candidates: int | None) -> None:
        self.net = net = seeded(net, seed, replication)
        self.env = simpy.Environment()
        self.horizon = float(net[at.HORIZON])
        self.ids, self.days = arriving.arrivals(net, -1 if candidates is None else candidates)
        self.crowd: Crowd = crowd(net, len(self.ids) + 16, 4 * len(self.ids) + 64)
        self.people = self.rows = 0
        self.desks = [Desk(self, d) for d in range(int(net[at.DESKS]))]

    def run(self, watch: Callable[[float], None] | None = None) -> Crowd:
        """Let the days pass up to the horizon, which still counts; returns people and log, as many as there are."""
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
        whole, real, marks, amounts = self.crowd
        return Crowd(whole[: self.people], real[: self.people], marks[: self.rows], amounts[: self.rows])

    def of(self, i: int, column: int) -> int:
        """One of customer i's whole numbers."""
        return int(self.crowd.whole[i, column])

    def arrive(self, customer: int, at_start: bool, _: simpy.Event) -> None:
        """A candidate comes, if the market has room."""
        if arriving.admitted(self.net, customer, self.people, at_start):
            i = self.room()
            start = rules.born(self.net, self.crowd, i, customer, ARRIVAL, -1, 0.0, self.env.now)
            self.env.process(self.journey(i, start))

    def journey(self, i: int, stage: int) -> Steps:
        """One customer from stage to stage."""
        net, env = self.net, self.env
        customer, number = self.of(i, at.ID), 0
        while True:
            row = self.row()  # before the crowd is named: room for it may mean a larger log
            desk = rules.enter(net, self.crowd, i, stage, env.now, row)
            contact, waited, handled = NOT_ASKED, 0.0, 0.0
            if desk >= 0:
                contact, waited, handled = yield from self.desks[desk].contact(i)
            delay, to = rules.proceed(net, self.crowd, i, env.now, contact, waited, handled)
            leaves = env.now + delay
            if net[self.of(i, at.HERE) + at.STAGE_INVITES] > 0.0:
                env.process(self.invite(i, min(leaves, self.horizon)))
            if not leaves <= self.horizon:
                return
            yield Moment(env, delay, customer, number + LEAVES)
            stage = to
            number += 8

    def invite(self, i: int, until: float) -> Steps:
        """Invitations of one stay."""
        net, env = self.net, self.env
        inviter, place = self.of(i, at.ID), 8 * self.of(i, at.SEQUENCE) + INVITES
        enters = int(net[self.of(i, at.HERE) + at.STAGE_ENTERS])
        number = 0
        while True:
            delay = time_to_invitation(net, self.crowd, i, env.now, number)
            if env.now + delay > until:
                return
            yield Moment(env, delay, inviter, place)
            number += 1
            self.crowd.whole[i, at.INVITATIONS] += 1
            customer = arriving.invitee(net, inviter, self.of(i, at.INVITATIONS))
            if arriving.admitted(net, customer, self.people, False):
                bonus = rules.lever_costs(net, self.crowd, i, at.LEVER_PER_REFERRAL, env.now)
                new = self.room()
                rules.born(net, self.crowd, new, customer, REFERRAL, i, bonus, env.now)
                env.process(self.journey(new, enters))

    def room(self) -> int:
        """A free row for a new customer."""
        whole, real = self.crowd.whole, self.crowd.real
        if self.people == len(whole):
            whole = np.concatenate([whole, np.zeros_like(whole)])
            real = np.concatenate([real, nobody(*real.shape)])
            self.crowd = self.crowd._replace(whole=whole, real=real)
        self.people += 1
        return self.people - 1

    def row(self) -> int:
        """A free row of the log."""
        marks, amounts = self.crowd.marks, self.crowd.amounts
        if self.rows == len(marks):
            marks, amounts = (np.concatenate([table, np.zeros_like(table)]) for table in (marks, amounts))
            self.crowd = self.crowd._replace(marks=marks, amounts=amounts)
        self.rows += 1
        return self.rows - 1

    def note(self, i: int, contact: int, waited: float, handled: float) -> None:
        """How far the contact has come: the log knows, even if the horizon comes first."""
        row = self.of(i, at.ROW)
        self.crowd.marks[row, at.ROW_CONTACT] = contact
        self.crowd.amounts[row, [at.ROW_WAITED, at.ROW_HANDLED]] = waited, handled

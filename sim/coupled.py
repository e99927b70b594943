"""Customers who compete: for desks, and for room in a finite market.

Everybody is followed alone as far as nobody else matters, which is up to the next shared event: a request at a desk, or an
invitation. Only shared events (with the arrivals, the ends of service and of patience, and changes in capacity) are taken in
the order of time, customer, event number; a request has the number of the event that leads to it.
"""

import numpy as np

from sojourn.sim import arriving, recording, rules
from sojourn.sim import tables as at
from sojourn.sim.compiling import apart, compiled
from sojourn.sim.heap import CUSTOMER, NUMBER, Heap, heap, pop, push, roomier
from sojourn.sim.journeys import RENEGED, RESOLVED, UNRESOLVED, WAITING, Customers, Events, Floats, Integers
from sojourn.sim.lines import Lines, join, leave, lines, next_in_line
from sojourn.sim.recording import part, record, register
from sojourn.sim.tables import Cells, Customer, nobody
from sojourn.sim.timing import time_to_invitation

# A customer's event number: 8 per stay, and within a stay in this order.
ENTERS, GIVES_UP, IS_SERVED, INVITES, LEAVES = range(5)
EVENTS = 8  # per stay
ASKING, INVITING, LEAVING = range(3)  # what a customer awaits whose event is due
# How far the days have passed; FREE: the first row of the crowd that nobody has, WALKING: who was stopped for want of room.
CANDIDATE, PEOPLE, ROWS, FREE, FRESH, WALKING, COUNTS = range(7)


def together(net: Cells, ids: Integers, days: Floats) -> tuple[Events, Customers]:
    """One replication: the log, customer by customer, and the customers by id."""
    log, people = recording.events(net, 4 * ids.size + 1024), recording.customers(net, ids.size + 64)
    crowd, due, line = nobody(net, 1024), capacity_changes(net), lines(net)
    done = np.zeros(COUNTS, dtype=np.int64)
    done[FREE] = done[WALKING] = -1
    while not compete(net, ids, days, crowd, due, line, log, people, done):
        waiting = int(line.waiting.sum())
        if log.stage.size - done[ROWS] < waiting + 2:
            log = recording.enlarged(log, done[ROWS], int(1.5 * log.stage.size) + waiting)
        if people.customer.size == done[PEOPLE]:
            people = recording.enlarged(people, done[PEOPLE], 2 * people.customer.size)
        if crowd.whole.shape[0] == done[FRESH]:
            crowd = recording.enlarged(crowd, done[FRESH], 2 * crowd.whole.shape[0])
        if due.times.size < due.size[0] + waiting + 8:
            due = roomier(due, waiting + 8)
    return recording.arranged(recording.trimmed(log, done[ROWS]), recording.trimmed(people, done[PEOPLE]))


def capacity_changes(net: Cells) -> Heap:
    """A heap with the days on which agents come or go."""
    due = heap(64)
    for desk in range(int(net[at.DESKS])):
        row = int(net[at.DESK_ROWS]) + desk * at.DESK_WIDTH
        first, count = int(net[row + at.DESK_AGENTS_FIRST]), int(net[row + at.DESK_AGENTS_COUNT])
        due = roomier(due, count)
        for k in range(1, count):
            push(due, net[first + k * at.AGENTS_WIDTH + at.AGENTS_DAY], -1, desk, -1)
    return due


@compiled
def compete(
    net: Cells, ids: Integers, days: Floats, crowd: Customer, due: Heap, line: Lines, log: Events, people: Customers,
    done: Integers,
) -> bool:  # fmt: skip
    """Let the days pass; False where room runs out."""
    at_start, horizon = net[at.COHORT] >= 0.0, net[at.HORIZON]
    while True:
        waiting = 0
        for desk in range(line.waiting.size):
            waiting += line.waiting[desk]
        if (
            log.stage.size - done[ROWS] < waiting + 2
            or people.customer.size == done[PEOPLE]
            or crowd.whole.shape[0] == done[FRESH]
            or due.times.size < due.size[0] + waiting + 8
        ):
            return False
        i, now = done[WALKING], 0.0
        at_once, back = (
            i < 0,
            False,
        )  # a first entry belongs to the event that is taken; later ones are events of their own
        done[WALKING] = -1
        n = done[CANDIDATE]
        if i >= 0:
            now = crowd.real[i, at.LEAVES]
        elif n < ids.size and (
            due.size[0] == 0
            or days[n] < due.times[0]
            or (days[n] == due.times[0] and (ids[n], ENTERS) < (due.items[0, CUSTOMER], due.items[0, NUMBER]))
        ):
            done[CANDIDATE] += 1
            if not arriving.admitted(net, ids[n], done[PEOPLE], at_start):
                continue
            i, now = row_for(crowd, done), days[n]
            me = Customer(crowd.whole[i], crowd.real[i])
            me.whole[at.NEXT] = rules.born(net, me, ids[n], now)
            settle_in(net, people, me, done)
        elif due.size[0] == 0:
            break
        else:
            now, customer, number, i = pop(due)
            i, back = happen(net, crowd, due, line, log, people, done, now, customer, number, i)
            if i < 0:
                continue
        # The customer goes on alone: from the desk if `back`, else into the next stage.
        me = Customer(crowd.whole[i], crowd.real[i])
        while True:
            if not back:
                if not now <= horizon:
                    bury(net, crowd, people, done, i)
                    break
                if log.stage.size - done[ROWS] < waiting + 2:
                    me.real[at.LEAVES] = now
                    done[WALKING] = i
                    break
                desk = rules.enter(net, me, me.whole[at.NEXT], now)
                if desk >= 0 and at_once:
                    ask(net, crowd, due, line, log, people, done, desk, now, i)
                    break
                if desk >= 0:
                    me.whole[at.AWAITS] = ASKING
                    push(due, now, me.whole[at.ID], EVENTS * (me.whole[at.SEQUENCE] - 1) + LEAVES, i)
                    break
            at_once = back = False
            delay, to = rules.proceed(net, me, now)
            record(net, log, done[ROWS], me.whole[at.PLACE], me)
            done[ROWS] += 1
            me.whole[at.NEXT] = to
            leaves = now + delay
            if net[me.whole[at.HERE] + at.STAGE_INVITES] > 0.0:
                me.real[at.LEAVES] = leaves
                me.whole[at.INVITED] = 0
                if plan(net, due, me, i, now):
                    break
            now = leaves
    for desk in range(line.waiting.size):
        while line.waiting[desk] > 0:  # still, at the horizon
            i = next_in_line(line, desk)
            leave(line, crowd, desk, i)
            me = Customer(crowd.whole[i], crowd.real[i])
            me.whole[at.CONTACT], me.real[at.WAITED] = WAITING, horizon - me.real[at.ENTERED]
            record(net, log, done[ROWS], me.whole[at.PLACE], me)
            done[ROWS] += 1
            bury(net, crowd, people, done, i)
    return True


@apart
def happen(
    net: Cells, crowd: Customer, due: Heap, line: Lines, log: Events, people: Customers, done: Integers,
    now: float, customer: int, number: int, i: int,
) -> "tuple[int, bool]":  # fmt: skip
    """A shared event. Returns who goes on alone because of it (-1 for nobody), and whether that is from the desk."""
    if customer < 0:  # agents come or go
        call_next(net, crowd, due, line, log, people, done, number, now)
        return -1, False
    me = Customer(crowd.whole[i], crowd.real[i])
    event = number % EVENTS
    desk = int(net[me.whole[at.HERE] + at.STAGE_DESK])
    if event == GIVES_UP:
        if me.whole[at.ID] != customer or me.whole[at.QUEUED] != number:
            return -1, False  # was served in time; by now the row may be somebody else's
        leave(line, crowd, desk, i)
        me.whole[at.CONTACT], me.real[at.WAITED] = RENEGED, now - me.real[at.ENTERED]
        return i, True
    if event == IS_SERVED:
        line.busy[desk] -= 1
        call_next(net, crowd, due, line, log, people, done, desk, now)
        return i, True
    if me.whole[at.AWAITS] == INVITING:
        return bring(net, crowd, due, people, done, now, i), False
    if me.whole[at.AWAITS] == LEAVING:
        return i, False
    ask(net, crowd, due, line, log, people, done, desk, now, i)
    return -1, False


@apart
def ask(
    net: Cells, crowd: Customer, due: Heap, line: Lines, log: Events, people: Customers, done: Integers,
    desk: int, now: float, i: int,
) -> None:  # fmt: skip
    """A request: service begins, or the customer waits in line, as long as patience lasts."""
    if line.waiting[desk] == 0 and line.busy[desk] < rules.agents_at(net, desk, now):
        serve(net, crowd, due, line, log, people, done, desk, now, i)
        return
    me = Customer(crowd.whole[i], crowd.real[i])
    join(line, crowd, desk, rules.rank_at_desk(net, me, desk, now), i)
    me.whole[at.QUEUED] = EVENTS * me.whole[at.SEQUENCE] + GIVES_UP
    moment = now + rules.patience(net, me, desk)
    if moment <= net[at.HORIZON]:
        push(due, moment, me.whole[at.ID], me.whole[at.QUEUED], i)


@apart
def serve(
    net: Cells, crowd: Customer, due: Heap, line: Lines, log: Events, people: Customers, done: Integers,
    desk: int, now: float, i: int,
) -> None:  # fmt: skip
    """Service begins. Where it runs past the horizon, nothing more is to come."""
    me = Customer(crowd.whole[i], crowd.real[i])
    line.busy[desk] += 1
    handled, resolved = rules.handling(net, me, desk, now)
    me.whole[at.CONTACT] = RESOLVED if resolved else UNRESOLVED
    me.real[at.WAITED], me.real[at.HANDLED] = now - me.real[at.ENTERED], handled
    if now + handled <= net[at.HORIZON]:
        push(due, now + handled, me.whole[at.ID], EVENTS * me.whole[at.SEQUENCE] + IS_SERVED, i)
    else:
        record(net, log, done[ROWS], me.whole[at.PLACE], me)
        done[ROWS] += 1
        bury(net, crowd, people, done, i)


@apart
def call_next(
    net: Cells, crowd: Customer, due: Heap, line: Lines, log: Events, people: Customers, done: Integers,
    desk: int, now: float,
) -> None:  # fmt: skip
    """Free agents take those who wait, first by rank, then by time of request, then by id."""
    while line.waiting[desk] > 0 and line.busy[desk] < rules.agents_at(net, desk, now):
        i = next_in_line(line, desk)
        leave(line, crowd, desk, i)
        serve(net, crowd, due, line, log, people, done, desk, now, i)


@apart
def plan(net: Cells, due: Heap, me: Customer, i: int, now: float) -> bool:
    """Schedule the next invitation of this stay; False where none comes any more."""
    moment = now + time_to_invitation(net, me, now, me.whole[at.INVITED])
    if moment <= min(me.real[at.LEAVES], net[at.HORIZON]):
        me.whole[at.AWAITS] = INVITING
        push(due, moment, me.whole[at.ID], EVENTS * me.whole[at.SEQUENCE] + INVITES, i)
        return True
    return False


@apart
def bring(net: Cells, crowd: Customer, due: Heap, people: Customers, done: Integers, now: float, i: int) -> int:
    """An invitation: returns the new customer if the market has room, else -1. The inviter's next event is scheduled."""
    me = Customer(crowd.whole[i], crowd.real[i])
    me.whole[at.INVITED] += 1
    customer, new = rules.next_invitee(net, me), -1
    if arriving.admitted(net, customer, done[PEOPLE], False):
        new = row_for(crowd, done)
        newcomer = Customer(crowd.whole[new], crowd.real[new])
        newcomer.whole[at.NEXT] = rules.brought(net, newcomer, me, customer, now)
        settle_in(net, people, newcomer, done)
    if not plan(net, due, me, i, now):
        if me.real[at.LEAVES] <= net[at.HORIZON]:
            me.whole[at.AWAITS] = LEAVING
            push(due, me.real[at.LEAVES], me.whole[at.ID], EVENTS * me.whole[at.SEQUENCE] + LEAVES, i)
        else:
            bury(net, crowd, people, done, i)
    return new


@compiled
def row_for(crowd: Customer, done: Integers) -> int:
    """A free row of the crowd."""
    i = done[FREE]
    if i >= 0:
        done[FREE] = crowd.whole[i, at.AFTER]
        return int(i)
    done[FRESH] += 1
    return int(done[FRESH] - 1)


@apart
def settle_in(net: Cells, people: Customers, me: Customer, done: Integers) -> None:
    """A new customer is written down."""
    me.whole[at.PLACE] = done[PEOPLE]
    register(net, people, done[PEOPLE], me)
    done[PEOPLE] += 1


@apart
def bury(net: Cells, crowd: Customer, people: Customers, done: Integers, i: int) -> None:
    """Nothing more will happen to a customer by the horizon: the row is free."""
    part(net, people, crowd.whole[i, at.PLACE], Customer(crowd.whole[i], crowd.real[i]))
    crowd.whole[i, at.ID], crowd.whole[i, at.QUEUED] = -1, 0
    crowd.whole[i, at.AFTER] = done[FREE]
    done[FREE] = i

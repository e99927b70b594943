"""Customers who compete: for desks, and for room in a finite market.

Everybody is followed alone as far as nobody else matters, which is up to the next shared event: a request at a desk, or an
invitation. Only shared events (with the arrivals, the ends of service and of patience, and changes in capacity) are taken in
the order of time, customer, event number; a request has the number of the event that leads to it.
"""

import numpy as np

from sojourn.sim import arriving, recording, rules
from sojourn.sim import tables as at
from sojourn.sim.arranging import by_id, interleaved
from sojourn.sim.choosing import AHEAD, look_ahead, told
from sojourn.sim.compiling import apart, compiled, inlined, kernel
from sojourn.sim.heap import CUSTOMER, NUMBER, ROW, Heap, heap, pop, push, roomier
from sojourn.sim.journeys import RENEGED, RESOLVED, UNRESOLVED, WAITING, Contacts, Customers, Floats, Integers, Log
from sojourn.sim.lines import Lines, join, leave, lines, next_in_line
from sojourn.sim.recording import part, record, record_contact, register
from sojourn.sim.tables import Cells, Customer, nobody
from sojourn.sim.timing import time_to_invitation

# A customer's event number: 8 per stay, and within a stay in this order.
ENTERS, GIVES_UP, IS_SERVED, INVITES, LEAVES = range(5)
EVENTS = 8  # per stay
ASKING, INVITING, LEAVING = range(3)  # what a customer awaits whose event is due
BORN, SERVED, ON = range(3)  # how a customer goes on alone: from birth, from the desk, into the next stage
# How far the days have passed; FREE: the first row of the crowd that nobody has, WALKING: who was stopped for want of room.
CANDIDATE, PEOPLE, ROWS, LATE, CONTACTS, FREE, FRESH, WALKING, COUNTS = range(9)


def together(net: Cells, ids: Integers, days: Floats) -> tuple[Log, Contacts, Customers]:
    """One replication: the log, customer by customer, its contacts, and the customers by id."""
    log = recording.events(net, 4 * ids.size + 1024)
    late = recording.events(net, ids.size // 4 + 1024)  # who asks for help has late rows from then on
    contacts = recording.contacts(late.stage.size)
    inviting = recording.used(net, at.INVITING)
    people = recording.customers(net, ids.size + 64 if inviting else ids.size)
    if all_come(net):
        people = people._replace(customer=ids, arrived=arriving.first_days(net, ids, days))
    crowd, due, line = nobody(net, 1024), capacity_changes(net), lines(net)
    done, firsts = np.zeros(COUNTS, dtype=np.int64), np.empty((3, AHEAD))
    done[FREE] = done[WALKING] = -1
    while not compete(net, ids, days, crowd, due, line, log, late, contacts, people, done, firsts):
        more = int(line.waiting.sum() + due.size[0]) + 2
        if log.stage.size == done[ROWS]:
            log = recording.enlarged(log, done[ROWS], int(1.5 * log.stage.size))
        if late.stage.size < done[LATE] + more:
            late = recording.enlarged(late, done[LATE], int(1.5 * late.stage.size) + more)
            contacts = recording.enlarged(contacts, done[CONTACTS], late.stage.size)
        if inviting and people.customer.size == done[PEOPLE]:
            people = recording.enlarged(people, done[PEOPLE], 2 * people.customer.size)
        if crowd.whole.shape[0] == done[FRESH]:
            crowd = recording.enlarged(crowd, done[FRESH], 2 * crowd.whole.shape[0])
        if due.times.size < due.size[0] + more + 8:
            due = roomier(due, more + 8)
    people = recording.trimmed(people, done[PEOPLE])
    late, contacts = recording.trimmed(late, done[LATE]), recording.trimmed(contacts, done[CONTACTS])
    log, contacts = interleaved(net, log, done[ROWS], late, contacts, people)
    return by_id(log, contacts, people)


@kernel
def all_come(net: Cells) -> bool:
    """Whether all candidates, and nobody else, become customers."""
    return not (net[at.INVITING] > 0.0) and net[at.MARKET] < 0.0


def capacity_changes(net: Cells) -> Heap:
    """A heap with the days on which agents come or go."""
    days = []
    for desk in range(int(net[at.DESKS])):
        row = int(net[at.DESK_ROWS]) + desk * at.DESK_WIDTH
        first, count = int(net[row + at.DESK_AGENTS_FIRST]), int(net[row + at.DESK_AGENTS_COUNT])
        days += [(float(net[first + k * at.AGENTS_WIDTH + at.AGENTS_DAY]), desk) for k in range(1, count)]
    due = heap(2 * len(days) + 64)
    for k, (day, desk) in enumerate(sorted(days)):  # a sorted list is a heap
        due.times[k], due.items[k] = day, (-1, desk, -1)
    due.size[0] = len(days)
    return due


@kernel
def compete(
    net: Cells, ids: Integers, days: Floats, crowd: Customer, due: Heap, line: Lines, log: Log, late: Log,
    contacts: Contacts, people: Customers, done: Integers, firsts: Floats,
) -> bool:  # fmt: skip
    """Let the days pass; False where room runs out.

    Rows of a customer's first walk, up to the first shared event, stand in `log`, in the order of birth; all others are late.
    """
    at_start, horizon = net[at.COHORT] >= 0.0, net[at.HORIZON]
    inviting, described = net[at.INVITING] > 0.0, recording.described(net)
    listed = all_come(net)
    begun = done[CANDIDATE]
    while True:
        waiting = 0
        for desk in range(line.waiting.size):
            waiting += line.waiting[desk]
        if (
            log.stage.size == done[ROWS]
            or late.stage.size < done[LATE] + waiting + due.size[0] + 2
            or (inviting and people.customer.size == done[PEOPLE])
            or crowd.whole.shape[0] == done[FRESH]
            or due.times.size < due.size[0] + waiting + 8
        ):
            return False
        i, now, how = done[WALKING], 0.0, ON
        at_once = i < 0  # a first entry belongs to the event that is taken; later ones are events of their own
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
            place = (n - begun) % AHEAD
            if place == 0:
                look_ahead(net, ids[n : min(n + AHEAD, ids.size)], firsts)
            if not listed and not arriving.admitted(net, ids[n], done[PEOPLE], at_start):
                continue
            i, now, how = row_for(crowd, done), days[n], BORN
            me = Customer(crowd.whole[i], crowd.real[i])
            me.whole[at.NEXT] = rules.born(net, me, ids[n], now)
            told(me, firsts, place)
        elif due.size[0] == 0 or not due.times[0] <= horizon:
            break
        else:
            now, customer, number, i = pop(due)
            i, how = happen(net, crowd, due, line, done, now, customer, number, i)
            if i < 0:
                continue
        me = Customer(crowd.whole[i], crowd.real[i])
        if how == BORN:
            me.whole[at.PLACE] = done[PEOPLE]
            if not listed:
                people.customer[done[PEOPLE]], people.arrived[done[PEOPLE]] = me.whole[at.ID], me.real[at.ARRIVED]
            if described:
                register(net, people, done[PEOPLE], me)
            done[PEOPLE] += 1
        while True:  # the customer goes on alone
            if how != SERVED:
                if not now <= horizon:
                    bury(crowd, done, i)
                    break
                if done[ROWS] == log.stage.size or done[LATE] == late.stage.size:
                    me.real[at.LEAVES] = now
                    done[WALKING] = i
                    break
                desk = rules.enter(net, me, me.whole[at.NEXT], now)
                if desk >= 0 and at_once:
                    ask(net, crowd, due, line, desk, now, i)
                    break
                if desk >= 0:
                    me.whole[at.AWAITS] = ASKING
                    push(due, now, me.whole[at.ID], EVENTS * (me.whole[at.SEQUENCE] - 1) + LEAVES, i)
                    break
            delay, to = rules.proceed(net, me, now)
            if how == BORN:
                record(net, log, done[ROWS], me.whole[at.ID], me)
                done[ROWS] += 1
            else:
                record(net, late, done[LATE], me.whole[at.PLACE], me)
                done[CONTACTS] = record_contact(contacts, done[CONTACTS], done[LATE], me)
                done[LATE] += 1
                how = ON
            at_once = False
            if described:
                part(net, people, me.whole[at.PLACE], me)
            me.whole[at.NEXT] = to
            leaves = now + delay
            if net[me.whole[at.HERE] + at.STAGE_INVITES] > 0.0:
                me.real[at.LEAVES] = leaves
                me.whole[at.INVITED] = 0
                if plan(net, due, me, i, now):
                    break
            now = leaves
    for k in range(due.size[0]):  # the horizon came first: the log knows how far contacts got
        if due.items[k, CUSTOMER] >= 0 and due.items[k, NUMBER] % EVENTS == IS_SERVED:
            me = Customer(crowd.whole[due.items[k, ROW]], crowd.real[due.items[k, ROW]])
            cut_off(net, late, contacts, people, done, described, me)
    for desk in range(line.waiting.size):
        while line.waiting[desk] > 0:
            i = next_in_line(line, desk)
            leave(line, crowd, desk, i)
            me = Customer(crowd.whole[i], crowd.real[i])
            me.whole[at.CONTACT], me.real[at.WAITED] = WAITING, horizon - me.real[at.ENTERED]
            cut_off(net, late, contacts, people, done, described, me)
    return True


@apart
def cut_off(
    net: Cells, late: Log, contacts: Contacts, people: Customers, done: Integers, described: bool, me: Customer
) -> None:
    """Write down how far a customer has come who is still at a desk."""
    record(net, late, done[LATE], me.whole[at.PLACE], me)
    done[CONTACTS] = record_contact(contacts, done[CONTACTS], done[LATE], me)
    done[LATE] += 1
    if described:
        part(net, people, me.whole[at.PLACE], me)


@apart
def happen(
    net: Cells, crowd: Customer, due: Heap, line: Lines, done: Integers, now: float, customer: int, number: int, i: int
) -> "tuple[int, int]":
    """A shared event. Returns who goes on alone because of it (-1 for nobody), and how."""
    if customer < 0:  # agents come or go
        call_next(net, crowd, due, line, number, now)
        return -1, ON
    me = Customer(crowd.whole[i], crowd.real[i])
    event = number % EVENTS
    desk = int(net[me.whole[at.HERE] + at.STAGE_DESK])
    if event == GIVES_UP:
        if me.whole[at.ID] != customer or me.whole[at.QUEUED] != number:
            return -1, ON  # was served in time; by now the row may be somebody else's
        leave(line, crowd, desk, i)
        me.whole[at.CONTACT], me.real[at.WAITED] = RENEGED, now - me.real[at.ENTERED]
        return i, SERVED
    if event == IS_SERVED:
        line.busy[desk] -= 1
        call_next(net, crowd, due, line, desk, now)
        return i, SERVED
    if me.whole[at.AWAITS] == INVITING:
        return bring(net, crowd, due, done, now, i), BORN
    if me.whole[at.AWAITS] == LEAVING:
        return i, ON
    ask(net, crowd, due, line, desk, now, i)
    return -1, ON


@apart
def ask(net: Cells, crowd: Customer, due: Heap, line: Lines, desk: int, now: float, i: int) -> None:
    """A request: service begins, or the customer waits in line, as long as patience lasts."""
    if line.waiting[desk] == 0 and line.busy[desk] < rules.agents_at(net, desk, now):
        serve(net, crowd, due, line, desk, now, i)
        return
    me = Customer(crowd.whole[i], crowd.real[i])
    join(line, crowd, desk, rules.rank_at_desk(net, me, desk, now), i)
    me.whole[at.QUEUED] = EVENTS * me.whole[at.SEQUENCE] + GIVES_UP
    moment = now + rules.patience(net, me, desk)
    if moment <= net[at.HORIZON]:
        push(due, moment, me.whole[at.ID], me.whole[at.QUEUED], i)


@apart
def serve(net: Cells, crowd: Customer, due: Heap, line: Lines, desk: int, now: float, i: int) -> None:
    """Service begins; it may run past the horizon."""
    me = Customer(crowd.whole[i], crowd.real[i])
    line.busy[desk] += 1
    handled, resolved = rules.handling(net, me, desk, now)
    me.whole[at.CONTACT] = RESOLVED if resolved else UNRESOLVED
    me.real[at.WAITED], me.real[at.HANDLED] = now - me.real[at.ENTERED], handled
    push(due, now + handled, me.whole[at.ID], EVENTS * me.whole[at.SEQUENCE] + IS_SERVED, i)


@apart
def call_next(net: Cells, crowd: Customer, due: Heap, line: Lines, desk: int, now: float) -> None:
    """Free agents take those who wait, first by rank, then by time of request, then by id."""
    while line.waiting[desk] > 0 and line.busy[desk] < rules.agents_at(net, desk, now):
        i = next_in_line(line, desk)
        leave(line, crowd, desk, i)
        serve(net, crowd, due, line, desk, now, i)


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
def bring(net: Cells, crowd: Customer, due: Heap, done: Integers, now: float, i: int) -> int:
    """An invitation: returns the new customer if the market has room, else -1. The inviter's next event is scheduled."""
    me = Customer(crowd.whole[i], crowd.real[i])
    me.whole[at.INVITED] += 1
    customer, new = rules.next_invitee(net, me), -1
    if arriving.admitted(net, customer, done[PEOPLE], False):
        new = row_for(crowd, done)
        newcomer = Customer(crowd.whole[new], crowd.real[new])
        newcomer.whole[at.NEXT] = rules.brought(net, newcomer, me, customer, now)
    if not plan(net, due, me, i, now):
        if me.real[at.LEAVES] <= net[at.HORIZON]:
            me.whole[at.AWAITS] = LEAVING
            push(due, me.real[at.LEAVES], me.whole[at.ID], EVENTS * me.whole[at.SEQUENCE] + LEAVES, i)
        else:
            bury(crowd, done, i)
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


@inlined
def bury(crowd: Customer, done: Integers, i: int) -> None:
    """Nothing more will happen to a customer by the horizon: the row is free."""
    crowd.whole[i, at.ID], crowd.whole[i, at.QUEUED] = -1, 0
    crowd.whole[i, at.AFTER] = done[FREE]
    done[FREE] = i

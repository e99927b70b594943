"""Customers who compete: for desks, and for room in a finite market. Events in the order of time, customer, event number."""

import numpy as np

from sojourn.sim import arriving, rules
from sojourn.sim import tables as at
from sojourn.sim.compiling import compiled
from sojourn.sim.heap import Heap, heap, pop, push, roomy
from sojourn.sim.journeys import ARRIVAL, NOT_ASKED, REFERRAL, RENEGED, RESOLVED, UNRESOLVED, WAITING, Floats, Integers
from sojourn.sim.tables import Cells, Crowd
from sojourn.sim.timing import time_to_invitation

# A customer's event number: 8 per stay, and within a stay in this order.
ENTERS, GIVES_UP, IS_SERVED, INVITES, LEAVES = range(5)
EVENTS = 8  # per stay


@compiled
def compete(
    net: Cells, room: Crowd, ids: Integers, days: Floats
) -> "tuple[Integers, Floats, Integers, Floats, int, int]":
    """Everybody at once; the crowd's arrays, how many people, how many rows."""
    whole, real, marks, amounts = room
    desks = int(net[at.DESKS])
    due = heap(64)
    lines = [heap(16) for _ in range(max(desks, 1))]
    busy, waiting = np.zeros(desks, dtype=np.int64), np.zeros(desks, dtype=np.int64)
    counts = np.zeros(2, dtype=np.int64)  # people, rows
    for d in range(desks):
        row = int(net[at.DESK_ROWS]) + d * at.DESK_WIDTH
        due = roomy(due, int(net[row + at.DESK_AGENTS_COUNT]))
        for k in range(1, int(net[row + at.DESK_AGENTS_COUNT])):
            day = net[int(net[row + at.DESK_AGENTS_FIRST]) + k * at.AGENTS_WIDTH + at.AGENTS_DAY]
            push(due, day, 0.0, -1, d, -1)
    at_start, n = net[at.COHORT] >= 0.0, 0
    while n < ids.size or due.size[0] > 0:
        if counts[0] == whole.shape[0]:
            whole, real = more_people(whole, real)
        if counts[1] == marks.shape[0]:
            marks, amounts = more_rows(marks, amounts)
        due = roomy(due, int(waiting.sum()) + 8)
        for d in range(desks):
            lines[d] = roomy(lines[d], 1)
        floor = Crowd(whole, real, marks, amounts)
        arrives = n < ids.size
        if arrives and due.size[0] > 0:
            first = due.keys[0, 0], due.items[0, 0], due.items[0, 1]
            arrives = (days[n], ids[n], ENTERS) < first
        if arrives:
            if arriving.admitted(net, ids[n], counts[0], at_start):
                start = rules.born(net, floor, counts[0], ids[n], ARRIVAL, -1, 0.0, days[n])
                counts[0] += 1
                come_in(net, floor, due, lines, busy, waiting, counts, counts[0] - 1, start, days[n])
            n += 1
            continue
        now, customer, number, i = pop(due)
        if now > net[at.HORIZON]:
            break
        if customer < 0:
            call_next(net, floor, due, lines, busy, waiting, number, now)
            continue
        event = number % EVENTS
        if event == LEAVES:
            come_in(net, floor, due, lines, busy, waiting, counts, i, whole[i, at.NEXT], now)
        elif event == INVITES:
            bring(net, floor, due, lines, busy, waiting, counts, i, now)
        elif event == IS_SERVED:
            row, desk = whole[i, at.ROW], int(net[whole[i, at.HERE] + at.STAGE_DESK])
            busy[desk] -= 1
            call_next(net, floor, due, lines, busy, waiting, desk, now)
            contact, waited, handled = (
                marks[row, at.ROW_CONTACT],
                amounts[row, at.ROW_WAITED],
                amounts[row, at.ROW_HANDLED],
            )
            set_off(net, floor, due, i, now, contact, waited, handled)
        elif whole[i, at.QUEUED] == number:  # gives up, if still in line
            whole[i, at.QUEUED] = 0
            waiting[int(net[whole[i, at.HERE] + at.STAGE_DESK])] -= 1
            set_off(net, floor, due, i, now, RENEGED, now - amounts[whole[i, at.ROW], at.ROW_TIME], 0.0)
    return whole, real, marks, amounts, counts[0], counts[1]


@compiled
def come_in(
    net: Cells, floor: Crowd, due: Heap, lines: "list[Heap]", busy: Integers, waiting: Integers, counts: Integers,
    i: int, stage: int, now: float,
) -> None:  # fmt: skip
    """A customer enters a stage, and asks for help, waits for it or sets off."""
    desk = rules.enter(net, floor, i, stage, now, counts[1])
    counts[1] += 1
    if desk < 0:
        set_off(net, floor, due, i, now, NOT_ASKED, 0.0, 0.0)
    elif waiting[desk] == 0 and busy[desk] < rules.agents_at(net, desk, now):
        busy[desk] += 1
        serve(net, floor, due, i, desk, now)
    else:
        customer = floor.whole[i, at.ID]
        number = EVENTS * floor.whole[i, at.SEQUENCE] + GIVES_UP
        push(lines[desk], float(rules.rank_at_desk(net, floor, i, desk, now)), now, customer, number, i)
        waiting[desk] += 1
        floor.whole[i, at.QUEUED] = number
        note(floor, i, WAITING, net[at.HORIZON] - now, 0.0)
        push_if_due(net, due, now + rules.patience(net, floor, i, desk), customer, number, i)


@compiled
def serve(net: Cells, floor: Crowd, due: Heap, i: int, desk: int, now: float) -> None:
    """Service begins."""
    handled, resolved = rules.handling(net, floor, i, desk, now)
    note(
        floor,
        i,
        RESOLVED if resolved else UNRESOLVED,
        now - floor.amounts[floor.whole[i, at.ROW], at.ROW_TIME],
        handled,
    )
    number = EVENTS * floor.whole[i, at.SEQUENCE] + IS_SERVED
    push_if_due(net, due, now + handled, floor.whole[i, at.ID], number, i)


@compiled
def call_next(
    net: Cells, floor: Crowd, due: Heap, lines: "list[Heap]", busy: Integers, waiting: Integers, desk: int, now: float
) -> None:
    """Free agents take those who wait, first by rank, then by time of request, then by id."""
    while waiting[desk] > 0 and busy[desk] < rules.agents_at(net, desk, now):
        _, _, number, i = pop(lines[desk])
        if floor.whole[i, at.QUEUED] == number:  # else: gave up
            floor.whole[i, at.QUEUED] = 0
            waiting[desk] -= 1
            busy[desk] += 1
            serve(net, floor, due, i, desk, now)


@compiled
def set_off(
    net: Cells, floor: Crowd, due: Heap, i: int, now: float, contact: int, waited: float, handled: float
) -> None:
    """The dwell starts: when it ends, and whom the customer invites until then."""
    delay, to = rules.proceed(net, floor, i, now, contact, waited, handled)
    leaves = now + delay
    floor.whole[i, at.NEXT] = to
    if net[floor.whole[i, at.HERE] + at.STAGE_INVITES] > 0.0:
        floor.real[i, at.UNTIL] = min(leaves, net[at.HORIZON])
        floor.whole[i, at.INVITED] = 0
        plan_invitation(net, floor, due, i, now)
    push_if_due(net, due, leaves, floor.whole[i, at.ID], EVENTS * floor.whole[i, at.SEQUENCE] + LEAVES, i)


@compiled
def plan_invitation(net: Cells, floor: Crowd, due: Heap, i: int, now: float) -> None:
    """The next invitation of this stay, if it still comes."""
    moment = now + time_to_invitation(net, floor, i, now, floor.whole[i, at.INVITED])
    if moment <= floor.real[i, at.UNTIL]:
        push(due, moment, 0.0, floor.whole[i, at.ID], EVENTS * floor.whole[i, at.SEQUENCE] + INVITES, i)


@compiled
def bring(
    net: Cells, floor: Crowd, due: Heap, lines: "list[Heap]", busy: Integers, waiting: Integers, counts: Integers,
    i: int, now: float,
) -> None:  # fmt: skip
    """An invitation: a new customer comes in if the market has room; the next invitation is planned."""
    floor.whole[i, at.INVITED] += 1
    floor.whole[i, at.INVITATIONS] += 1
    customer = arriving.invitee(net, floor.whole[i, at.ID], floor.whole[i, at.INVITATIONS])
    enters = int(net[floor.whole[i, at.HERE] + at.STAGE_ENTERS])
    plan_invitation(net, floor, due, i, now)
    if arriving.admitted(net, customer, counts[0], False):
        bonus = rules.lever_costs(net, floor, i, at.LEVER_PER_REFERRAL, now)
        new = counts[0]
        counts[0] += 1
        rules.born(net, floor, new, customer, REFERRAL, i, bonus, now)
        come_in(net, floor, due, lines, busy, waiting, counts, new, enters, now)


@compiled
def push_if_due(net: Cells, due: Heap, moment: float, customer: int, number: int, i: int) -> None:
    """Schedule what happens by the horizon; the rest never does."""
    if moment <= net[at.HORIZON]:
        push(due, moment, 0.0, customer, number, i)


@compiled
def note(floor: Crowd, i: int, contact: int, waited: float, handled: float) -> None:
    """How far the contact has come: the log knows, even if the horizon comes first."""
    row = floor.whole[i, at.ROW]
    floor.marks[row, at.ROW_CONTACT] = contact
    floor.amounts[row, at.ROW_WAITED], floor.amounts[row, at.ROW_HANDLED] = waited, handled


@compiled
def more_people(whole: Integers, real: Floats) -> "tuple[Integers, Floats]":
    """Twice the room for people."""
    size = whole.shape[0]
    larger, wider = np.zeros((2 * size, whole.shape[1]), dtype=np.int64), np.zeros((2 * size, real.shape[1]))
    wider[:, at.ENTRIES :] = -np.inf
    larger[:size], wider[:size] = whole, real
    return larger, wider


@compiled
def more_rows(marks: Integers, amounts: Floats) -> "tuple[Integers, Floats]":
    """Twice the room for rows of the log."""
    size = marks.shape[0]
    larger, wider = np.zeros((2 * size, marks.shape[1]), dtype=np.int64), np.zeros((2 * size, amounts.shape[1]))
    larger[:size], wider[:size] = marks, amounts
    return larger, wider

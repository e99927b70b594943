"""The fast engine: the same rules as `reference`, scheduled in compiled code, for the same journeys to the last bit.

Where nothing couples customers each is followed alone, from arrival to the end, and after them those whom they invited. Where
customers compete for desks or for room in a market, `coupled` takes shared events in the order that the reference keeps.
Kernels never make room themselves: they stop where it runs out, and go on when `Alone` or `Together` have made more.
"""

import math
from collections.abc import Sequence
from threading import Condition, Lock
from typing import NamedTuple

import numpy as np

from sojourn.sim import arriving, recording, rules, sharing
from sojourn.sim import tables as at
from sojourn.sim.arranging import by_id
from sojourn.sim.choosing import AHEAD, look_ahead, told
from sojourn.sim.compiling import kernel, patience_asked
from sojourn.sim.journeys import Contacts, Customers, Floats, Integers, Log
from sojourn.sim.recording import part, record, register, room, trimmed
from sojourn.sim.tables import Cells, Customer, nobody, seeded
from sojourn.sim.timing import time_to_invitation

PILOT = 65_536  # candidates after whom it is known how much room the rest need
CHUNK = 32_768  # candidates whom a thread takes at a time, at most
CANDIDATE, PEOPLE, ROWS = range(3)  # how far a kernel has come


def run(
    net: Cells, seed: int, replication: int, candidates: int | None, *, coupled: bool, workers: int = 1
) -> tuple[Log, Contacts, Customers]:
    """One replication: the log, customer by customer, its contacts, and the customers by id. Does not depend on `workers`."""
    net = seeded(net, seed, replication)
    with patience_asked("compete" if coupled else "follow"):
        ids, days = arriving.arrivals(net, -1 if candidates is None else candidates, workers)
        if coupled:
            from sojourn.sim.coupled import together

            return together(net, ids, days)
        if workers == 1 or ids.size < sharing.FEWEST:
            log, people, *_ = alone(net, ids, days, 0, ids.size)
        else:
            log, people = shared(net, ids, days, workers)
        if not recording.used(net, at.INVITING):
            people = people._replace(customer=ids, arrived=arriving.first_days(net, ids, days))
        return by_id(log, recording.contacts(0), people)


class Written(NamedTuple):
    """What some candidates did, and all the room that there is for others."""

    log: Log
    people: Customers
    log_room: Log
    people_room: Customers
    tree: Customer


def shared(net: Cells, ids: Integers, days: Floats, workers: int) -> tuple[Log, Customers]:
    """Follow the candidates in several threads, CHUNK by CHUNK; kernels do not hold Python's lock."""
    turns = math.ceil(ids.size / (CHUNK * workers)) * workers  # so that nobody has a chunk more than the others
    chunk = math.ceil(ids.size / turns)
    whole = Joined(net, ids.size)

    def work(turn: int) -> None:
        first, last = min(turn * chunk, ids.size), min((turn + 1) * chunk, ids.size)
        try:
            on = whole.spare.pop()
        except IndexError:
            on = None
        whole.take(turn, last, alone(net, ids, days, first, last, on))

    sharing.by_turns(work, turns, workers)
    return trimmed(whole.log, whole.rows), trimmed(whole.people, whole.known)


class Place(NamedTuple):
    """Where a chunk goes."""

    log: Log
    row: int
    people: Customers
    known: int
    done: Written


class Joined:
    """One log of chunks that are done in any order. Nobody waits for an earlier chunk: who brings that finds places for all."""

    def __init__(self, net: Cells, candidates: int) -> None:
        self._candidates = candidates
        self._next, self._early = 0, dict[int, tuple[int, Written]]()  # done before it is known where they stand
        self._placing, self._copied, self._copying, self._broken = Lock(), Condition(), 0, False
        self.log, self.people = recording.events(net, 0), recording.customers(net, 0)
        self.rows, self.known = 0, 0  # how many rows and customers there are
        self.spare: list[Written] = []
        """Room that threads use again: new memory is slow."""

    def take(self, turn: int, last: int, done: Written) -> None:
        """Add chunk number `turn`, which ends before candidate `last`."""
        try:
            self._copy(self._places(turn, last, done))
        except BaseException:  # nobody has to wait for what will not come
            with self._copied:
                self._broken = True
                self._copied.notify_all()
            raise

    def _places(self, turn: int, last: int, done: Written) -> list[Place]:
        """Where this chunk goes and those that came before their turn; none where an earlier one is missing."""
        with self._placing:
            self._early[turn] = last, done
            places: list[Place] = []
            while self._next in self._early:
                last, done = self._early.pop(self._next)
                self._next += 1
                rows, known = self.rows + done.log.customer.size, self.known + done.people.customer.size
                if self.log.customer.size < rows or self.people.customer.size < known:
                    self._copy(places)
                    places = []
                    self._move(done, self._candidates / last)
                places.append(Place(self.log, self.rows, self.people, self.known, done))
                self.rows, self.known = rows, known
                with self._copied:
                    self._copying += 1
        return places

    def _copy(self, places: Sequence[Place]) -> None:
        for place in places:
            recording.fill(place.log, place.row, place.done.log)
            recording.fill(place.people, place.known, place.done.people)
            self.spare.append(place.done)
        with self._copied:
            self._copying -= len(places)
            self._copied.notify_all()

    def _move(self, done: Written, share: float) -> None:
        """Move to wider room, once everything that is on its way has arrived."""
        with self._copied:
            self._copied.wait_for(lambda: self._broken or not self._copying)
        self.log = recording.roomier(self.log, self.rows, done.log, share)
        self.people = recording.roomier(self.people, self.known, done.people, share)


def alone(net: Cells, ids: Integers, days: Floats, first: int, last: int, on: Written | None = None) -> Written:
    """Follow the candidates from number `first` to before `last`, and write on room that others had, if any."""
    inviting = recording.used(net, at.INVITING)
    pilot = min(last - first, PILOT)
    log = on.log_room if on else recording.events(net, 4 * pilot + 64)
    size = pilot + 64 if inviting else recording.described(net) * (last - first)
    people = on.people_room if on else recording.customers(net, size)
    tree = on.tree if on else nobody(net, 64)
    done, firsts = np.array([first, 0, 0]), np.empty((3, AHEAD))
    while not follow(net, ids, days, last, tree, log, people, done, firsts):
        if done[ROWS] < 0:  # the tree of one arrival has more people than there is room for
            done[ROWS] = -1 - done[ROWS]
            tree = nobody(net, 2 * tree.whole.shape[0])
            continue
        share = (last - first) / max(done[CANDIDATE] - first, 1)
        log = recording.enlarged(log, done[ROWS], room(done[ROWS], share, log.stage.size))
        if inviting:
            people = recording.enlarged(people, done[PEOPLE], room(done[PEOPLE], share, people.source.size))
    return Written(trimmed(log, done[ROWS]), trimmed(people, done[PEOPLE]), log, people, tree)


@kernel
def follow(
    net: Cells, ids: Integers, days: Floats, last: int, tree: Customer, log: Log, people: Customers,
    done: Integers, firsts: Floats,
) -> bool:  # fmt: skip
    """Everybody alone, one after the other; False where room runs out, with `done` as before the arrival that has none."""
    horizon, inviting, described = net[at.HORIZON], net[at.INVITING] > 0.0, people.customer.size > 0
    rows, room, size = done[ROWS], log.stage.size, tree.whole.shape[0]
    n, known = done[CANDIDATE], done[PEOPLE]
    begun = n
    while n < last:
        if inviting and known + size > people.source.size:
            done[CANDIDATE], done[PEOPLE], done[ROWS] = n, known, rows
            return False
        row, born, lived = rows, 1, 0
        me = Customer(tree.whole[0], tree.real[0])
        me.whole[at.NEXT] = rules.born(net, me, ids[n], days[n])
        place = (n - begun) % AHEAD
        if place == 0:
            look_ahead(net, ids[n : min(n + AHEAD, last)], firsts)
        told(me, firsts, place)
        while lived < born:  # the arrival, and then those whom it invited, and whom they invited
            me = Customer(tree.whole[lived], tree.real[lived])
            now, stage = max(me.real[at.ARRIVED], 0.0), me.whole[at.NEXT]
            if described:
                register(net, people, known + lived, me)
            while now <= horizon:
                if row == room:
                    done[CANDIDATE], done[PEOPLE], done[ROWS] = n, known, rows
                    return False
                rules.enter(net, me, stage, now)
                delay, stage = rules.proceed(net, me, now)
                record(net, log, row, me.whole[at.ID], me)
                row += 1
                leaves = now + delay
                if inviting and net[me.whole[at.HERE] + at.STAGE_INVITES] > 0.0:
                    until = min(leaves, horizon)
                    number, moment = 0, now + time_to_invitation(net, me, now, 0)
                    while moment <= until:
                        if born == size:
                            done[CANDIDATE], done[PEOPLE], done[ROWS] = n, known, -1 - rows
                            return False
                        new = Customer(tree.whole[born], tree.real[born])
                        customer = rules.next_invitee(net, me)
                        new.whole[at.NEXT] = rules.brought(net, new, me, customer, moment)
                        born += 1
                        number += 1
                        moment = moment + time_to_invitation(net, me, moment, number)
                now = leaves
            if described:
                part(net, people, known + lived, me)
            lived += 1
        n += 1
        known += born
        rows = row
    done[CANDIDATE], done[PEOPLE], done[ROWS] = n, known, rows
    return True

"""The fast engine: the same rules as `reference`, scheduled in compiled code, for the same journeys to the last bit.

Where nothing couples customers each is followed alone, from arrival to the end, and after them those whom they invited. Where
customers compete for desks or for room in a market, `coupled` takes shared events in the order that the reference keeps.
Kernels never make room themselves: they stop where it runs out, and go on when `Alone` or `Together` have made more.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from sojourn.sim import arriving, recording, rules
from sojourn.sim import tables as at
from sojourn.sim.arranging import by_id
from sojourn.sim.compiling import compiled, patience_asked
from sojourn.sim.journeys import Customers, Events, Floats, Integers
from sojourn.sim.recording import part, record, register, trimmed
from sojourn.sim.tables import Cells, Customer, nobody, seeded
from sojourn.sim.timing import time_to_invitation

PILOT = 16_384  # candidates after whom it is known how much room the rest need
FEWEST = 50_000  # candidates for whom a second processor is worth the while
CANDIDATE, PEOPLE, ROWS = range(3)  # how far a kernel has come


def run(
    net: Cells, seed: int, replication: int, candidates: int | None, *, coupled: bool, workers: int = 1
) -> tuple[Events, Customers]:
    """One replication: the log, customer by customer, and the customers by id. Does not depend on `workers`."""
    net = seeded(net, seed, replication)
    with patience_asked("compete" if coupled else "follow"):
        ids, days = arriving.arrivals(net, -1 if candidates is None else candidates)
        if coupled:
            from sojourn.sim.coupled import together

            return together(net, ids, days)
        if workers == 1 or ids.size < FEWEST:
            return joined(net, [alone(net, ids, days, 0, ids.size)], ids, days)
        edges = [ids.size * k // workers for k in range(workers + 1)]
        with ThreadPoolExecutor(workers) as pool:  # kernels do not hold Python's lock
            shares = pool.map(lambda k: alone(net, ids, days, edges[k], edges[k + 1]), range(workers))
            return joined(net, list(shares), ids, days)


def alone(net: Cells, ids: Integers, days: Floats, first: int, last: int) -> tuple[Events, Customers]:
    """Follow the candidates from number `first` to before `last`."""
    inviting = recording.used(net, at.INVITING)
    pilot = min(last - first, PILOT)
    log = recording.events(net, 4 * pilot + 64)
    people = recording.customers(net, pilot + 64 if inviting else recording.described(net) * (last - first))
    tree = nobody(net, 64)
    done = np.array([first, 0, 0])
    while not follow(net, ids, days, last, tree, log, people, done):
        if done[ROWS] < 0:  # the tree of one arrival has more people than there is room for
            done[ROWS] = -1 - done[ROWS]
            tree = nobody(net, 2 * tree.whole.shape[0])
            continue
        share = (last - first) / max(done[CANDIDATE] - first, 1)
        log = recording.enlarged(log, done[ROWS], room(done[ROWS], share, log.stage.size))
        if inviting:
            people = recording.enlarged(people, done[PEOPLE], room(done[PEOPLE], share, people.source.size))
    return trimmed(log, done[ROWS]), trimmed(people, done[PEOPLE])


def room(used: int, share: float, now: int) -> int:
    """Room for all, if the rest is like what came so far; at least half more than now."""
    return int(max(1.5 * now, 1.03 * used * share + 1024))


def joined(net: Cells, shares: list[tuple[Events, Customers]], ids: Integers, days: Floats) -> tuple[Events, Customers]:
    """One log of the shares, in order of customers."""
    log, people = (_stacked([share[k] for share in shares]) for k in (0, 1))
    if not recording.used(net, at.INVITING):
        people = people._replace(customer=ids, arrived=days)
    return by_id(log, people)


def _stacked(tables: list[Any]) -> Any:
    """Tables one below the other, column by column, so that no more than one column is there twice."""
    if len(tables) == 1:
        return tables[0]
    columns = [list(table) for table in tables]
    kind, tables[:] = type(tables[0]), []
    stacked = []
    for k in range(len(columns[0])):
        stacked.append(np.concatenate([own[k] for own in columns]))
        for own in columns:
            own[k] = None
    return kind(*stacked)


@compiled
def follow(
    net: Cells, ids: Integers, days: Floats, last: int, tree: Customer, log: Events, people: Customers, done: Integers
) -> bool:
    """Everybody alone, one after the other; False where room runs out, with `done` as before the arrival that has none."""
    horizon, inviting, described = net[at.HORIZON], net[at.INVITING] > 0.0, people.customer.size > 0
    rows, room, size = done[ROWS], log.stage.size, tree.whole.shape[0]
    n, known = done[CANDIDATE], done[PEOPLE]
    while n < last:
        if inviting and known + size > people.source.size:
            done[CANDIDATE], done[PEOPLE], done[ROWS] = n, known, rows
            return False
        row, born, lived = rows, 1, 0
        me = Customer(tree.whole[0], tree.real[0])
        me.whole[at.NEXT] = rules.born(net, me, ids[n], days[n])
        while lived < born:  # the arrival, and then those whom it invited, and whom they invited
            me = Customer(tree.whole[lived], tree.real[lived])
            now, stage = me.real[at.ARRIVED], me.whole[at.NEXT]
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

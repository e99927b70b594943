"""A log in its order: customer by customer, by id."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sojourn.sim import recording
from sojourn.sim import tables as at
from sojourn.sim.compiling import inlined, kernel
from sojourn.sim.journeys import Contacts, Customers, Integers, Log
from sojourn.sim.tables import Cells


@inlined
def copy_row(net: Cells, origin: Log, row: int, log: Log, to: int) -> None:
    """Row `row` of one log, in all but the id, becomes row `to` of another, or of the same."""
    log.sequence[to] = origin.sequence[row]
    log.stage[to] = origin.stage[row]
    log.time[to] = origin.time[row]
    if net[at.BARE] > 0.0:
        return
    if net[at.PAID] > 0.0:
        log.revenue[to] = origin.revenue[row]
        log.cost[to] = origin.cost[row]
    if net[at.CONDITIONAL] > 0.0:
        log.held[to] = origin.held[row]
    if net[at.SATISFIED] > 0.0:
        log.satisfaction[to] = origin.satisfaction[row]


@kernel
def interleave(
    net: Cells,
    log: Log,
    rows: int,
    late: Log,
    ids: Integers,
    latest: NDArray[np.int32],
    before: NDArray[np.int32],
) -> None:
    """Put late rows behind those which their customers have in the log already, from its end backwards, in place.

    The log's first `rows` rows stand customer by customer, in the order of `ids`; there is room for the others. `late.customer`
    holds places among `ids`; a customer's rows stand in their order there. `latest`, shape (customers,), is all -1; `before` has
    a cell for each late row, which at the end says where in the log that row stands.
    """
    for row in range(late.customer.size):
        before[row] = latest[late.customer[row]]
        latest[late.customer[row]] = row
    own, to = rows - 1, rows + late.customer.size - 1
    place = ids.size - 1
    while to > own:  # rows that still come late
        row = latest[place]
        while row >= 0:
            copy_row(net, late, row, log, to)
            log.customer[to] = ids[place]
            earlier, before[row] = before[row], to
            row = earlier
            to -= 1
        while own >= 0 and log.customer[own] == ids[place]:
            copy_row(net, log, own, log, to)
            log.customer[to] = ids[place]
            to -= 1
            own -= 1
        place -= 1


def interleaved(
    net: Cells, log: Log, rows: int, late: Log, contacts: Contacts, people: Customers
) -> tuple[Log, Contacts]:
    """The first `rows` rows of a log and all of a late one (see `interleave`) as one, without room for both twice.

    All contacts are of late rows.
    """
    size = rows + late.customer.size
    if log.stage.size < size:
        log = recording.enlarged(log, rows, size)
    latest, place = np.full(people.customer.size, -1, dtype=np.int32), np.empty(late.customer.size, dtype=np.int32)
    interleave(net, log, rows, late, people.customer, latest, place)
    return recording.trimmed(log, size), in_the_order(contacts, place)


def in_the_order(contacts: Contacts, place: NDArray[Any]) -> Contacts:
    """Contacts by row, once rows have found their places, shape (rows before,)."""
    rows = place[contacts.row].astype(np.int64)
    done: Contacts = recording.taken(contacts._replace(row=rows), np.argsort(rows))
    return done


def by_id(log: Log, contacts: Contacts, people: Customers) -> tuple[Log, Contacts, Customers]:
    """Customers by id, their rows and their contacts; all in the same order of customers before."""
    if (people.customer[1:] > people.customer[:-1]).all():
        return log, contacts, people
    order = np.argsort(people.customer, kind="stable")
    first = np.append(np.flatnonzero(log.sequence == 0), log.sequence.size)
    counts = np.diff(first)[order]
    shift = first[:-1][order] - np.append(0, np.cumsum(counts)[:-1])
    rows = np.repeat(shift, counts) + np.arange(log.sequence.size)
    return recording.taken(log, rows), in_the_order(contacts, _places(rows)), recording.taken(people, order)


def in_any_order(log: Log, contacts: Contacts, people: Customers) -> tuple[Log, Contacts, Customers]:
    """The same where rows stand in any order, and `log.customer` holds places among `people`."""
    ids: Any = people.customer[log.customer]
    rows = np.lexsort((log.sequence, ids))
    done = recording.taken(log, rows)._replace(customer=ids[rows])
    return (
        done,
        in_the_order(contacts, _places(rows)),
        recording.taken(people, np.argsort(people.customer, kind="stable")),
    )


def _places(order: Integers) -> Integers:
    """Where each row goes, for rows taken in an order."""
    places = np.empty_like(order)
    places[order] = np.arange(order.size)
    return places

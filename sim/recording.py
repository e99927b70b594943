"""Where journeys are written down: columns with room to spare, and only those of which the scenario makes use.

A column that is not used has no room, is never written, and reads as its constant everywhere.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sojourn.sim import tables as at
from sojourn.sim.compiling import apart, inlined, kernel
from sojourn.sim.journeys import ARRIVAL, NOT_ASKED, Contacts, Customers, Events, Log
from sojourn.sim.memory import empty
from sojourn.sim.tables import Cells, Customer

# By column: its type, the flag of the network that says whether it is used (HEADER: always), and what stands there if not.
EVENTS: dict[str, tuple[type, int, float]] = {
    "customer": (np.int64, at.HEADER, 0), "sequence": (np.int32, at.HEADER, 0),
    "stage": (np.int16, at.HEADER, 0), "time": (np.float64, at.HEADER, 0),
    "revenue": (np.float64, at.PAID, 0.0), "cost": (np.float64, at.PAID, 0.0), "held": (np.int64, at.CONDITIONAL, 0),
    "satisfaction": (np.float64, at.SATISFIED, np.nan),
}  # fmt: skip
CUSTOMERS: dict[str, tuple[type, int, float]] = {
    "customer": (np.int64, at.HEADER, 0), "arrived": (np.float64, at.HEADER, 0),
    "segment": (np.int16, at.SEGMENTS, 0), "source": (np.int8, at.INVITING, ARRIVAL),
    "inviter": (np.int64, at.INVITING, -1), "root": (np.int64, at.INVITING, 0),
    "frailty": (np.float64, at.FRAIL, 0.0), "value": (np.float64, at.VALUED, np.nan),
    "satisfaction": (np.float64, at.SATISFIED, np.nan), "expectation": (np.float64, at.SATISFIED, np.nan),
    "information": (np.float64, at.INFORMED, np.nan),
}  # fmt: skip


TOLD = tuple({flag for _, flag, _ in CUSTOMERS.values() if flag != at.HEADER})


def used(net: Cells, flag: int) -> bool:
    """Whether the network makes use of the columns of a flag."""
    return flag == at.HEADER or bool(net[flag] > (1.0 if flag == at.SEGMENTS else 0.0))


@kernel
def described(net: Cells) -> bool:
    """Whether there is more to say about customers than their ids and days of arrival."""
    told = False
    for flag in TOLD:
        told = told or net[flag] > (1.0 if flag == at.SEGMENTS else 0.0)
    return told


def events(net: Cells, rows: int) -> Log:
    """Room for so many stage entries."""
    return Log(*(empty(rows if used(net, flag) else 0, kind) for kind, flag, _ in EVENTS.values()))


def contacts(rows: int) -> Contacts:
    """Room for so many contacts."""
    return Contacts(empty(rows, np.int64), empty(rows, np.int8), empty(rows, np.float64), empty(rows, np.float64))


def customers(net: Cells, rows: int) -> Customers:
    """Room for so many customers."""
    return Customers(*(empty(rows if used(net, flag) else 0, kind) for kind, flag, _ in CUSTOMERS.values()))


def enlarged(table: Any, rows: int, room: int) -> Any:
    """The same table with another room; its first `rows` rows stay."""
    return type(table)(*(_enlarged(column, rows, room) if column.size else column for column in table))


def trimmed(table: Any, rows: int) -> Any:
    """The first `rows` rows of a table, those in use."""
    return type(table)(*(column[:rows] for column in table))


def room(used: int, share: float, now: int) -> int:
    """Room for all, if the rest is like what came so far, a `share`th of it; at least half more than now."""
    return int(max(1.5 * now, 1.03 * used * share + 1024))


def roomier(table: Any, rows: int, other: Any, share: float) -> Any:
    """A table whose first `rows` rows stay, with room for another's and for all to come: see `room`."""
    size = room(rows + other.customer.size, share, rows)
    return type(table)(
        *(_enlarged(old, rows, size) if new.size else old for old, new in zip(table, other, strict=True))
    )


def fill(table: Any, row: int, other: Any) -> None:
    """Write another table's rows over those from `row` on."""
    for column, new in zip(table, other, strict=True):
        if new.size:
            column[row : row + new.size] = new


def taken(table: Any, rows: Any) -> Any:
    """Some rows of a table, in the order given; columns that are not used stay without room."""
    return type(table)(*(column[rows] if column.size else column for column in table))


def _enlarged(column: NDArray[Any], rows: int, room: int) -> NDArray[Any]:
    shape = (room, *column.shape[1:])
    wider = empty(math.prod(shape), column.dtype.type).reshape(shape)
    wider[:rows] = column[:rows]
    return wider


def finished_events(net: Cells, log: Log, contacts: Contacts) -> Events:
    """The log with the constants of columns that are not used, as read-only arrays of no size in memory."""
    constants = {name: constant for name, (_, _, constant) in EVENTS.items()}
    done: Log = _finished(net, log, EVENTS, {**constants, "held": net[at.ALWAYS]})
    return Events(**done._asdict(), contacts=contacts)


def finished_customers(net: Cells, table: Customers) -> Customers:
    """The same for customers; where nobody invites, everybody is their own root."""
    done: Customers = _finished(net, table, CUSTOMERS, {name: constant for name, (_, _, constant) in CUSTOMERS.items()})
    return done if used(net, at.INVITING) else done._replace(root=done.customer)


def _finished(net: Cells, table: Any, columns: dict[str, tuple[type, int, float]], constants: dict[str, float]) -> Any:
    size = table.customer.size
    return type(table)(
        *(
            column if used(net, flag) else np.broadcast_to(np.array(constants[name], dtype=kind), size)
            for column, (name, (kind, flag, _)) in zip(table, columns.items(), strict=True)
        )
    )


@inlined
def record(net: Cells, log: Log, row: int, customer: int, me: Customer) -> None:
    """Write down a stay, but for its contact, once all that the log says about it is known; `customer`: id, or place for now."""
    log.customer[row] = customer
    log.sequence[row] = me.whole[at.SEQUENCE]
    log.stage[row] = me.whole[at.STAGE]
    log.time[row] = me.real[at.ENTERED]
    if net[at.BARE] > 0.0:
        return
    if net[at.PAID] > 0.0:
        log.revenue[row] = me.real[at.REVENUE]
        log.cost[row] = me.real[at.COST]
    if net[at.CONDITIONAL] > 0.0:
        log.held[row] = me.whole[at.HELD]
    if net[at.SATISFIED] > 0.0:
        log.satisfaction[row] = me.real[at.SATISFACTION]


@inlined
def record_contact(contacts: Contacts, count: int, row: int, me: Customer) -> int:
    """Write down what became of the contact of the stay on a row, if there was one; returns how many contacts there are now."""
    if me.whole[at.CONTACT] == NOT_ASKED:
        return count
    contacts.row[count] = row
    contacts.contact[count] = me.whole[at.CONTACT]
    contacts.waited[count] = me.real[at.WAITED]
    contacts.handled[count] = me.real[at.HANDLED]
    return count + 1


@apart
def register(net: Cells, people: Customers, place: int, me: Customer) -> None:
    """Write down who a customer is, at birth."""
    people.customer[place] = me.whole[at.ID]
    people.arrived[place] = me.real[at.ARRIVED]
    if net[at.SEGMENTS] > 1.0:
        people.segment[place] = me.whole[at.SEGMENT]
    if net[at.INVITING] > 0.0:
        people.source[place] = me.whole[at.SOURCE]
        people.inviter[place] = me.whole[at.INVITER]
        people.root[place] = me.whole[at.ROOT]
    if net[at.FRAIL] > 0.0:
        people.frailty[place] = me.real[at.FRAILTY]
    if net[at.VALUED] > 0.0:
        people.value[place] = me.real[at.VALUE]
    part(net, people, place, me)


@inlined
def part(net: Cells, people: Customers, place: int, me: Customer) -> None:
    """Write down how a customer feels and what is known about them, as far as life has gone."""
    if net[at.SATISFIED] > 0.0:
        people.satisfaction[place] = me.real[at.SATISFACTION]
        people.expectation[place] = me.real[at.EXPECTATION]
    if net[at.INFORMED] > 0.0:
        people.information[place] = me.real[at.INFORMATION]

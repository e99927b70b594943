"""What is due next, for compiled code: a binary heap in the order of (time, customer, event number, row)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.compiling import apart, compiled

CUSTOMER, NUMBER, ROW = range(3)


class Heap(NamedTuple):
    """Entries in heap order; `size[0]` of the rows are in use."""

    times: NDArray[np.float64]  # (room,)
    items: NDArray[np.int64]  # (room, 3): customer, number, row
    size: NDArray[np.int64]  # (1,)


def heap(room: int) -> Heap:
    """An empty heap."""
    return Heap(np.empty(room), np.empty((room, 3), dtype=np.int64), np.zeros(1, dtype=np.int64))


def roomier(one: Heap, more: int) -> Heap:
    """The heap with room for so many more entries, and as many again."""
    size = int(one.size[0])
    larger = heap(2 * (size + more))
    larger.times[:size], larger.items[:size], larger.size[0] = one.times[:size], one.items[:size], size
    return larger


@compiled
def precedes(time: float, customer: int, number: int, row: int, one: Heap, k: int) -> bool:
    """Whether an event comes before entry k."""
    if time != one.times[k]:
        return bool(time < one.times[k])
    if customer != one.items[k, CUSTOMER]:
        return bool(customer < one.items[k, CUSTOMER])
    if number != one.items[k, NUMBER]:
        return bool(number < one.items[k, NUMBER])
    return bool(row < one.items[k, ROW])


@compiled
def put(one: Heap, k: int, time: float, customer: int, number: int, row: int) -> None:
    """Write entry k."""
    one.times[k] = time
    one.items[k, CUSTOMER], one.items[k, NUMBER], one.items[k, ROW] = customer, number, row


@compiled
def move(one: Heap, origin: int, to: int) -> None:
    """Write entry `to` over with entry `origin`."""
    put(one, to, one.times[origin], one.items[origin, CUSTOMER], one.items[origin, NUMBER], one.items[origin, ROW])


@apart
def push(one: Heap, time: float, customer: int, number: int, row: int) -> None:
    """Add an entry; there must be room."""
    k = int(one.size[0])
    one.size[0] = k + 1
    while k > 0 and precedes(time, customer, number, row, one, (k - 1) // 2):
        move(one, (k - 1) // 2, k)
        k = (k - 1) // 2
    put(one, k, time, customer, number, row)


@apart
def pop(one: Heap) -> "tuple[float, int, int, int]":
    """Take the first entry off: its time, customer, number and row."""
    taken = one.times[0], one.items[0, CUSTOMER], one.items[0, NUMBER], one.items[0, ROW]
    last = int(one.size[0]) - 1
    one.size[0] = last
    time, customer, number, row = (
        one.times[last],
        one.items[last, CUSTOMER],
        one.items[last, NUMBER],
        one.items[last, ROW],
    )
    k = 0
    while 2 * k + 1 < last:
        child = 2 * k + 1
        if child + 1 < last and precedes(
            one.times[child + 1], one.items[child + 1, CUSTOMER], one.items[child + 1, NUMBER], one.items[child + 1, ROW],
            one, child,
        ):  # fmt: skip
            child += 1
        if precedes(time, customer, number, row, one, child):
            break
        move(one, child, k)
        k = child
    put(one, k, time, customer, number, row)
    return taken

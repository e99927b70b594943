"""Binary heaps for compiled code: what is due next, or who is served next."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.compiling import compiled

# Entries stand in the order of (first key, second key, customer, number); the row is carried along.
CUSTOMER, NUMBER, ROW = range(3)


class Heap(NamedTuple):
    """Entries in heap order; `size[0]` of the rows are in use."""

    keys: NDArray[np.float64]  # (room, 2)
    items: NDArray[np.int64]  # (room, 3): customer, number, row
    size: NDArray[np.int64]  # (1,)


@compiled
def heap(room: int) -> Heap:
    """An empty heap."""
    return Heap(np.empty((room, 2)), np.empty((room, 3), dtype=np.int64), np.zeros(1, dtype=np.int64))


@compiled
def before(one: Heap, a: int, b: int) -> bool:
    """Whether entry a comes before entry b."""
    for k in range(2):
        if one.keys[a, k] != one.keys[b, k]:
            return bool(one.keys[a, k] < one.keys[b, k])
    if one.items[a, CUSTOMER] != one.items[b, CUSTOMER]:
        return bool(one.items[a, CUSTOMER] < one.items[b, CUSTOMER])
    return bool(one.items[a, NUMBER] < one.items[b, NUMBER])


@compiled
def swap(one: Heap, a: int, b: int) -> None:
    """Exchange two entries."""
    for k in range(2):
        one.keys[a, k], one.keys[b, k] = one.keys[b, k], one.keys[a, k]
    for k in range(3):
        one.items[a, k], one.items[b, k] = one.items[b, k], one.items[a, k]


@compiled
def roomy(one: Heap, more: int) -> Heap:
    """The heap with room for so many more entries: itself where it has it."""
    size = one.size[0]
    if size + more <= one.keys.shape[0]:
        return one
    larger = heap(2 * (size + more))
    larger.keys[:size], larger.items[:size] = one.keys[:size], one.items[:size]
    larger.size[0] = size
    return larger


@compiled
def push(one: Heap, first: float, second: float, customer: int, number: int, row: int) -> None:
    """Add an entry; there must be room."""
    last = one.size[0]
    one.size[0] = last + 1
    one.keys[last, 0], one.keys[last, 1] = first, second
    one.items[last, CUSTOMER], one.items[last, NUMBER], one.items[last, ROW] = customer, number, row
    while last > 0 and before(one, last, (last - 1) // 2):
        swap(one, last, (last - 1) // 2)
        last = (last - 1) // 2


@compiled
def pop(one: Heap) -> "tuple[float, int, int, int]":
    """Take the first entry off: its first key, customer, number and row."""
    taken = one.keys[0, 0], one.items[0, CUSTOMER], one.items[0, NUMBER], one.items[0, ROW]
    last = one.size[0] - 1
    one.size[0] = last
    swap(one, 0, last)
    at = 0
    while True:
        child = 2 * at + 1
        if child >= last:
            return taken
        if child + 1 < last and before(one, child + 1, child):
            child += 1
        if not before(one, child, at):
            return taken
        swap(one, child, at)
        at = child

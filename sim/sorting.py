"""Sorting whole numbers by some of their bits, in time that grows with their count only."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.compiling import allocating
from sojourn.sim.journeys import Floats, Integers

DIGIT = 11  # bits that one pass sorts by: its 2,048 counters stay in the processor's first cache
COARSE, PLACE = 32, 31  # bits of what `in_order` sorts by, and of the row that stands behind it


@allocating
def ascending(keys: Integers, low: int) -> Integers:
    """The keys (shape (n,), none negative) by their bits from `low` up, stable: a radix sort, least digit first.

    The keys given are used as room; use what is returned.
    """
    highest = 0
    for key in keys:
        highest |= key
    other = np.empty_like(keys)
    counts = np.empty(1 << DIGIT, dtype=np.int64)
    mask, shift = (1 << DIGIT) - 1, low
    while shift < 63 and highest >> shift > 0:
        counts[:] = 0
        for key in keys:
            counts[(key >> shift) & mask] += 1
        if counts[(keys[0] >> shift) & mask] < keys.size:  # a digit that all share sorts nothing
            place = 0
            for digit in range(counts.size):
                count = counts[digit]
                counts[digit] = place
                place += count
            for key in keys:
                digit = (key >> shift) & mask
                other[counts[digit]] = key
                counts[digit] += 1
            keys, other = other, keys
        shift += DIGIT
    return keys


def in_order(values: Floats, highest: float) -> Integers:
    """The order of values between 0 and `highest` (shape (n,)), equal ones as they stand; shape (n,)."""
    if values.size >= 1 << PLACE or not values.size:
        return np.argsort(values, kind="stable")
    order, wrong = _coarsely(values, highest)
    if wrong.size:  # too close to each other for 32 bits: each such lot stands together, and is put right in place
        order[wrong] = order[wrong][np.argsort(values[order[wrong]], kind="stable")]
    return order


@allocating
def laid_out(
    rows: Integers, customer: Integers, sequence: NDArray[Any], stage: NDArray[np.int16], time: Floats
) -> "tuple[Integers, Integers, NDArray[np.int16], NDArray[np.int16], Floats]":
    """Rows of a log in an order: customer, sequence, stage, the stage before (-1 on a first row) and time; all of shape (n,).

    In one pass, as each row is somewhere else in memory, and a processor waits for several columns at once.
    """
    whose, number = np.empty(rows.size, dtype=np.int64), np.empty(rows.size, dtype=np.int64)
    here, before = np.empty(rows.size, dtype=np.int16), np.empty(rows.size, dtype=np.int16)
    when = np.empty(rows.size, dtype=np.float64)
    for n in range(rows.size):
        row = rows[n]
        whose[n], number[n], here[n], when[n] = customer[row], sequence[row], stage[row], time[row]
        before[n] = stage[row - 1] if sequence[row] > 0 else -1
    return whose, number, here, before, when


@allocating
def _coarsely(values: Floats, highest: float) -> "tuple[Integers, Integers]":
    """The order by the first 32 bits of each value's share of the highest, and the places of lots that share them and stand
    wrong.
    """
    most, mask = (1 << COARSE) - 1, (1 << PLACE) - 1
    keys = np.empty(values.size, dtype=np.int64)
    for n in range(values.size):
        keys[n] = min(int(values[n] / highest * most), most) << PLACE | n
    keys = ascending(keys, PLACE)
    places = np.empty(0, dtype=np.int64)
    for filling in (False, True):  # count them first
        count, start = 0, 0
        while start < keys.size:
            stop, wrong = start + 1, False
            while stop < keys.size and keys[stop] >> PLACE == keys[start] >> PLACE:
                wrong = wrong or values[keys[stop] & mask] < values[keys[stop - 1] & mask]
                stop += 1
            if wrong:
                for n in range(start, stop if filling else start):
                    places[count + n - start] = n
                count += stop - start
            start = stop
        if not filling:
            places = np.empty(count, dtype=np.int64)
        if count == 0:
            break
    for n in range(keys.size):
        keys[n] &= mask
    return keys, places

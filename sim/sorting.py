"""Sorting whole numbers by some of their bits, in time that grows with their count only."""

import numpy as np

from sojourn.sim.compiling import compiled
from sojourn.sim.journeys import Integers

DIGIT = 11  # bits that one pass sorts by: its 2,048 counters stay in the processor's first cache


@compiled
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
    while highest >> shift > 0:
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

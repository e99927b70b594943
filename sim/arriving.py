"""Who comes, when, and under which id: arrivals from a rate or a cohort, and a market that can run dry."""

import math
from functools import partial

import numpy as np

from sojourn.sim import tables as at
from sojourn.sim.compiling import allocating, compiled, kernel
from sojourn.sim.effects import level_at, response
from sojourn.sim.journeys import Floats, Integers
from sojourn.sim.memory import empty
from sojourn.sim.sharing import in_slices
from sojourn.sim.streams import ARRIVING, pair
from sojourn.sim.tables import BAND, Cells

SLICE = 1 << 17  # ids that are written at a time
BLOCK = 1024
SPARE = 6.0  # standard deviations of a Poisson number that are drawn at once; the rest, if ever, follows


@compiled
def arrivals_ratio(net: Cells, time: float) -> float:
    """By how much levers multiply arrivals at this moment."""
    total = 0.0
    term = int(net[at.ARRIVALS_FIRST])
    for _ in range(int(net[at.ARRIVALS_COUNT])):
        lever = int(net[term + at.TERM_LEVER])
        total += net[term + at.TERM_BETA] * response(net, lever, level_at(net, lever, time))
        term += at.TERM_WIDTH
    return math.exp(total)


@kernel
def most_bands(net: Cells) -> int:
    """How many bands the ratio can ever reach, from the highest level of each lever."""
    total = 0.0
    term = int(net[at.ARRIVALS_FIRST])
    for _ in range(int(net[at.ARRIVALS_COUNT])):
        lever = int(net[term + at.TERM_LEVER])
        row = int(net[at.LEVER_ROWS]) + lever * at.LEVER_WIDTH
        step = int(net[row + at.LEVER_STEPS_FIRST])
        highest = 0.0
        for _ in range(int(net[row + at.LEVER_STEPS_COUNT])):
            highest = max(highest, net[step + at.STEP_LEVEL])
            step += at.STEP_WIDTH
        total += max(net[term + at.TERM_BETA] * response(net, lever, highest), 0.0)
        term += at.TERM_WIDTH
    return math.ceil(math.exp(total) - 1e-12)


@kernel
def draw_gaps(net: Cells, first: int, found: Floats) -> None:
    """Unit exponentials into `found`: how many arrivals are expected between one and the next."""
    for start in range(0, found.size, BLOCK):
        stop = min(start + BLOCK, found.size)
        for n in range(start, stop):  # many draws at once, which a loop with logarithms would not be
            found[n], _ = pair(net, first + n, 0, ARRIVING, 0, 0)
        for n in range(start, stop):
            found[n] = -math.log(found[n])


@kernel
def add_up(found: Floats, before: float) -> None:
    """Running sums in place, from `before` on: one after the other, so that they do not depend on the number of workers."""
    for n in range(found.size):
        before += found[n]
        found[n] = before


def totals(net: Cells, first: int, count: int, before: float, workers: int) -> Floats:
    """How many arrivals are expected by each of so many, given `before` in all by the one before them."""
    found = empty(count, np.float64)
    in_slices(lambda start, stop: draw_gaps(net, first + start, found[start:stop]), count, workers)
    add_up(found, before)
    return found


@kernel
def make_days(net: Cells, found: Floats, scale: float) -> None:
    """Turn expected arrivals, in ascending order, into days, in place: the inverse of the cumulative rate."""
    here = int(net[at.INTAKE_FIRST])
    last = here + (int(net[at.INTAKE_COUNT]) - 2) * at.INTAKE_WIDTH
    for n in range(found.size):
        total = found[n] * scale
        while here < last and net[here + at.INTAKE_WIDTH + at.INTAKE_TOTAL] < total:
            here += at.INTAKE_WIDTH
        there = here + at.INTAKE_WIDTH
        rise = net[there + at.INTAKE_TOTAL] - net[here + at.INTAKE_TOTAL]
        day = net[there + at.INTAKE_DAY]
        if rise > 0.0:
            part = (total - net[here + at.INTAKE_TOTAL]) / rise
            day = net[here + at.INTAKE_DAY] + part * (day - net[here + at.INTAKE_DAY])
        found[n] = day


def count_up(size: int) -> Integers:
    """0, 1, 2 and so on."""
    ids = empty(size, np.int64)
    for start in range(0, size, SLICE):
        ids[start : start + SLICE] = np.arange(start, min(start + SLICE, size))
    return ids


def _make_days(net: Cells, found: Floats, scale: float, start: int, stop: int) -> None:
    make_days(net, found[start:stop], scale)


@allocating
def thinned(net: Cells, days: Floats, band: int) -> Integers:
    """The numbers of those in a band who come: u < r(t) - band."""
    come = np.empty(days.size, dtype=np.int64)
    number = 0
    for n in range(days.size):
        _, chance = pair(net, band * BAND + n, 0, ARRIVING, 0, 0)
        if chance < arrivals_ratio(net, days[n]) - band:
            come[number] = n
            number += 1
    return come[:number]


def poisson_totals(net: Cells, first: int, expected: float, workers: int) -> Floats:
    """Expected arrivals by each arrival of a Poisson process, as long as they stay below `expected`."""
    some = int(expected + SPARE * math.sqrt(expected) + 16)
    found = totals(net, first, some, 0.0, workers)
    while found[-1] <= expected:
        found = np.concatenate((found, totals(net, first + found.size, some, found[-1], workers)))
    return found[: np.searchsorted(found, expected, side="right")]


def arrivals(net: Cells, asked: int, workers: int = 1) -> tuple[Integers, Floats]:
    """Ids and days of all who are followed: `candidates`, and those on their way on day 0; both of shape (n,)."""
    ids, days = candidates(net, asked, workers)
    count = int(net[at.OPENERS_COUNT])
    if count == 0:
        return ids, days
    place = int(np.searchsorted(days, 0.0, side="right"))  # at equal times by id, and theirs are the largest
    openers = at.OPENERS + np.arange(count, dtype=np.int64)
    return np.insert(ids, place, openers), np.insert(days, place, np.zeros(count))


def first_days(net: Cells, ids: Integers, days: Floats) -> Floats:
    """The day of each one's first entry: of those on their way on day 0, one before it; shape of `ids`."""
    openers = np.flatnonzero(ids >= at.OPENERS)
    if not openers.size:
        return days
    found = days.copy()
    rows = int(net[at.OPENERS_FIRST]) + (ids[openers] - at.OPENERS) * int(net[at.OPENERS_WIDTH])
    found[openers] = net[rows + at.OPENER_ARRIVED]
    return found


def candidates(net: Cells, asked: int, workers: int = 1) -> tuple[Integers, Floats]:
    """Ids and days of the candidates, by day and then id, before any market turns them away; both of shape (n,).

    Band 0 is the base stream, which every strategy shares; band j > 0 adds whom a lever brings (Poisson processes thinned by
    u < r(t) - j). `asked` >= 0 fixes how many candidates each band has: sorted uniform draws, made from spacings.
    """
    cohort = int(net[at.COHORT])
    last = int(net[at.INTAKE_FIRST]) + (int(net[at.INTAKE_COUNT]) - 1) * at.INTAKE_WIDTH
    expected = float(net[last + at.INTAKE_TOTAL])
    ids, days = [], []
    for band in range(most_bands(net)):
        first, number, scale = band * BAND, asked if asked >= 0 else cohort, 1.0
        if cohort >= 0:
            found = np.zeros(number)
        else:
            if number >= 0:
                found = totals(net, first, number + 1, 0.0, workers)
                scale, found = expected / found[-1], found[:-1]
            else:
                found = poisson_totals(net, first, expected, workers)
            in_slices(partial(_make_days, net, found, scale), found.size, workers)
        if net[at.ARRIVALS_COUNT] == 0.0:
            return count_up(found.size), found
        come = thinned(net, found, band)
        ids.append(first + come)
        days.append(found[come])
    together = np.concatenate(days) if days else np.empty(0)
    order = np.argsort(together, kind="stable")
    return (np.concatenate(ids) if ids else np.empty(0, dtype=np.int64))[order], together[order]


@compiled
def admitted(net: Cells, customer: int, so_far: int, at_start: bool) -> bool:
    """Whether a finite market still has room: a chance in proportion to what is left; a cohort takes what there is."""
    size = net[at.MARKET]
    if size < 0.0 or customer >= at.OPENERS:
        return True
    if at_start:
        return bool(so_far < size)
    chance, _ = pair(net, customer, 0, ARRIVING, 0, 1)
    return bool(chance * size < size - so_far)

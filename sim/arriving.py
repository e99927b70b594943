"""Who comes, when, and under which id: arrivals from a rate or a cohort, invitees, and a market that can run dry."""

import math

import numpy as np

from sojourn.sim import tables as at
from sojourn.sim.compiling import compiled
from sojourn.sim.effects import level_at, response
from sojourn.sim.journeys import Floats, Integers
from sojourn.sim.streams import ARRIVING, INHERITING, pair, uniform, words
from sojourn.sim.tables import BAND, INVITEES, Cells


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


@compiled
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


@compiled
def day_of(net: Cells, total: float) -> float:
    """The day by which `total` arrivals are expected: the inverse of the cumulative rate."""
    first = int(net[at.INTAKE_FIRST])
    low, high = 0, int(net[at.INTAKE_COUNT]) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if net[first + middle * at.INTAKE_WIDTH + at.INTAKE_TOTAL] < total:
            low = middle
        else:
            high = middle
    here, there = first + low * at.INTAKE_WIDTH, first + high * at.INTAKE_WIDTH
    rise = net[there + at.INTAKE_TOTAL] - net[here + at.INTAKE_TOTAL]
    if rise <= 0.0:
        return float(net[there + at.INTAKE_DAY])
    part = (total - net[here + at.INTAKE_TOTAL]) / rise
    return float(net[here + at.INTAKE_DAY] + part * (net[there + at.INTAKE_DAY] - net[here + at.INTAKE_DAY]))


@compiled
def candidates(net: Cells, asked: int) -> tuple[Integers, Floats]:
    """Ids and days of those who come, band by band; before any market turns them away.

    Band 0 is the base stream, which every strategy shares; band j > 0 adds whom a lever brings (Poisson processes thinned by
    u < r(t) - j). `asked` >= 0 fixes how many candidates each band has: sorted uniform draws, made from spacings.
    """
    cohort = int(net[at.COHORT])
    last = int(net[at.INTAKE_FIRST]) + (int(net[at.INTAKE_COUNT]) - 1) * at.INTAKE_WIDTH
    expected = net[last + at.INTAKE_TOTAL]
    ids, days = [np.int64(0) for _ in range(0)], [0.0 for _ in range(0)]
    for band in range(most_bands(net)):
        number = asked if asked >= 0 else cohort
        scale = 1.0
        if number >= 0 and cohort < 0:
            gaps = 0.0
            for n in range(number + 1):
                gaps -= math.log(uniform(net, band * BAND + n, 0, ARRIVING, 0, 0))
            scale = expected / gaps
        total, n = 0.0, 0
        while number < 0 or n < number:
            customer = int(np.int64(band * BAND + n))
            gap, chance = pair(net, customer, 0, ARRIVING, 0, 0)
            day = 0.0
            if cohort < 0:
                total -= math.log(gap)
                if number < 0 and total > expected:
                    break
                day = day_of(net, total * scale)
            if chance < arrivals_ratio(net, day) - band:
                ids.append(np.int64(customer))
                days.append(day)
            n += 1
    return np.array(ids), np.array(days)


def arrivals(net: Cells, asked: int) -> tuple[Integers, Floats]:
    """The candidates by day, then id."""
    ids, days = candidates(net, asked)
    order = np.argsort(days, kind="stable")
    return ids[order], days[order]


@compiled
def admitted(net: Cells, customer: int, so_far: int, at_start: bool) -> bool:
    """Whether a finite market still has room: a chance in proportion to what is left; a cohort takes what there is."""
    size = net[at.MARKET]
    if size < 0.0:
        return True
    if at_start:
        return bool(so_far < size)
    chance, _ = pair(net, customer, 0, ARRIVING, 0, 1)
    return bool(chance * size < size - so_far)


@compiled
def invitee(net: Cells, inviter: int, number: int) -> int:
    """The id of the `number`-th person whom a customer invites: 62 bits of Philox, the same under every strategy."""
    a, b, _, _ = words(net, inviter, 0, INHERITING, 0, number)
    return INVITEES + int(np.int64((a << np.uint64(32) | b) >> np.uint64(2))) // 2

"""Who comes, when, and under which id: arrivals from a rate or a cohort, invitees, and a market that can run dry."""

import math

import numpy as np

from sojourn.sim.compiling import compiled
from sojourn.sim.effects import level_at, response
from sojourn.sim.streams import ARRIVING, INHERITING, pair, uniform, words
from sojourn.sim.tables import BAND, INVITEES, Tables


@compiled
def arrivals_ratio(net: Tables, time: float) -> float:
    """By how much levers multiply arrivals at this moment."""
    run = net.run[0]
    total = 0.0
    for k in range(run["arrivals_first"], run["arrivals_first"] + run["arrivals_count"]):
        term = net.terms[k]
        total += term["beta"] * response(net.levers, term["lever"], level_at(net, term["lever"], time))
    return math.exp(total)


@compiled
def most_bands(net: Tables) -> int:
    """How many bands the ratio can ever reach, from the highest level of each lever."""
    run = net.run[0]
    total = 0.0
    for k in range(run["arrivals_first"], run["arrivals_first"] + run["arrivals_count"]):
        term = net.terms[k]
        row = net.levers[term["lever"]]
        highest = 0.0
        for s in range(row["steps_first"], row["steps_first"] + row["steps_count"]):
            highest = max(highest, net.steps[s]["level"])
        total += max(term["beta"] * response(net.levers, term["lever"], highest), 0.0)
    return math.ceil(math.exp(total) - 1e-12)


@compiled
def day_of(net: Tables, total: float) -> float:
    """The day by which `total` arrivals are expected: the inverse of the cumulative rate."""
    last = net.intake.shape[0] - 1
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if net.intake[middle]["total"] < total:
            low = middle
        else:
            high = middle
    here, there = net.intake[low], net.intake[high]
    rise = there["total"] - here["total"]
    if rise <= 0.0:
        return there["day"]  # type: ignore[no-any-return]
    return here["day"] + (total - here["total"]) / rise * (there["day"] - here["day"])  # type: ignore[no-any-return]


@compiled
def arrivals(net: Tables, key: "np.ndarray", asked: int) -> "tuple[np.ndarray, np.ndarray]":
    """Ids and days of those who come, by day then id; before any market turns them away.

    Band 0 is the base stream, which every strategy shares; band j > 0 adds whom a lever brings (Poisson processes thinned by
    u < r(t) - j). `asked` >= 0 fixes how many candidates each band has: sorted uniform draws, made from spacings.
    """
    cohort = net.run[0]["cohort"]
    expected = net.intake[net.intake.shape[0] - 1]["total"]
    ids, days = [np.int64(0) for _ in range(0)], [0.0 for _ in range(0)]
    for band in range(most_bands(net)):
        number = asked if asked >= 0 else cohort
        scale = 1.0
        if number >= 0 and cohort < 0:
            gaps = 0.0
            for n in range(number + 1):
                gaps -= math.log(uniform(key, band * BAND + n, 0, ARRIVING, 0, 0))
            scale = expected / gaps
        total, n = 0.0, 0
        while number < 0 or n < number:
            customer = int(np.int64(band * BAND + n))
            gap, chance = pair(key, customer, 0, ARRIVING, 0, 0)
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
    order = np.argsort(np.array(days), kind="mergesort")
    return np.array(ids)[order], np.array(days)[order]


@compiled
def admitted(net: Tables, key: "np.ndarray", customer: int, so_far: int, at_start: bool) -> bool:
    """Whether a finite market still has room: a chance in proportion to what is left; a cohort takes what there is."""
    size = net.run[0]["market"]
    if size < 0:
        return True
    if at_start:
        return so_far < size  # type: ignore[no-any-return]
    chance, _ = pair(key, customer, 0, ARRIVING, 0, 1)
    return chance * size < size - so_far  # type: ignore[no-any-return]


@compiled
def invitee(key: "np.ndarray", inviter: int, number: int) -> int:
    """The id of the `number`-th person whom a customer invites: 62 bits of Philox, the same under every strategy."""
    a, b, _, _ = words(key, inviter, 0, INHERITING, 0, number)
    return INVITEES + int(np.int64((a << np.uint64(32) | b) >> np.uint64(2))) // 2

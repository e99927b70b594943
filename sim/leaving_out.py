"""Kaplan-Meier and Aalen-Johansen of one sample, and of what is left of it without each group in turn, in one walk.

At an event the survival S falls by S(t-) / n(t) and at a censoring n falls by one, so from one censoring to the next every event
takes the same share S / n off (Efron 1967: redistribution to the right). Within such a run of events it is enough to count them,
by cause and by group; each curve is brought up to date once a run, from the counts of all less those of its group.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.compiling import allocating, compiled, within_kernels
from sojourn.sim.journeys import Floats, Integers
from sojourn.sim.sorting import ascending

Short = NDArray[np.int16]
Tiny = NDArray[np.int8]

TICKS = 1e9  # a day: durations are rounded to a billionth
HALF = 0.5 - 1e-12  # a hair below one half, so that rounding in sums does not push an exact half to the next step
GROUP_BITS, CAUSE_BITS = 6, 10  # of a key; above them are 47 bits of ticks, for the 1e5 days that a horizon has at most
SHIFT = GROUP_BITS + CAUSE_BITS
CENSORED = 1 << (CAUSE_BITS - 1)  # as a cause in a key: behind all events of the same tick
BY_TIME = SHIFT - 1  # the lowest bit that keys are sorted by: whether censored
MAX_GROUPS, MAX_CAUSES = (1 << GROUP_BITS) - 1, CENSORED


@allocating
def read_off(
    durations: Floats, causes: Short, owner: Integers, other_durations: Floats, other_causes: Short, groups: Tiny,
    size: int, kinds: int, days: Floats, limits: Integers, median: bool,
) -> "tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats]":  # fmt: skip
    """All that `follow_ups.Read` holds, in its order; NaN where undefined. There are `size` curves, and `kinds` causes.

    Args:
        durations: days, shape (n,).
        causes: 0 and up, -1 where censored; shape (n,).
        owner: index of the customer, shape (n,); empty: one follow-up for each customer, in their order.
        other_durations: see `follow_ups.FollowUps.others`, shape (customers,); empty where there are none.
        other_causes: of the others.
        groups: of each customer; empty: all are of group 0.
        size: how many curves there are: one more than groups.
        kinds: how many causes there are.
        days: on which the curves are read, ascending, shape (d,).
        limits: the last tick by each of the days.
        median: whether the median of cause 0 is wanted.
    """
    start = limits[0] if limits.size else np.iinfo(np.int64).max
    early, ages, longest, here = np.zeros((kinds, size)), np.zeros(size), np.full(size, -1.0), np.zeros(size)
    keys, ordered, nobody = (
        np.empty(durations.size + other_durations.size, dtype=np.int64),
        0 if median else -1,
        owner[:0],
    )
    count = keyed(durations, causes, owner, nobody, groups, start, ordered, early, ages, longest, here, keys, 0)
    if other_durations.size:
        count = keyed(
            other_durations,
            other_causes,
            nobody,
            owner,
            groups,
            start,
            ordered,
            early,
            ages,
            longest,
            here,
            keys,
            count,
        )
    keys = ascending(keys[:count], BY_TIME)
    curves, by_day = begun(here, early, ages), np.empty((3, limits.size, size))
    walk(keys, curves, limits, np.empty(0), by_day)

    left, mean, middle = np.full(size, np.nan), np.full(size, np.nan), np.full(size, np.nan)
    incidence = np.full((kinds, size), np.nan)
    longest_of_all, second = -1.0, -1.0  # the same where two groups have it
    for group in range(size):
        second = max(second, min(longest_of_all, longest[group]))
        longest_of_all = max(longest_of_all, longest[group])
    targets = np.full(size, np.inf)
    for curve in range(size):
        last = second if longest[curve] == longest_of_all else longest_of_all  # of the others
        if last >= 0.0:
            left[curve] = curves.left[curve]
            for cause in range(kinds):
                incidence[cause, curve] = curves.incidence[cause, curve]
            area = curves.area[curve]
            if left[curve] > 0.0:
                area += left[curve] * (last - curves.stop[curve])
            mean[curve] = area / TICKS
        for day in range(days.size):
            if last < 0.0 or (days[day] > last / TICKS and curves.left[curve] > 0.0):
                by_day[0, day, curve], by_day[1, day, curve] = np.nan, np.nan
        if curves.incidence[0, curve] > 0.0:
            targets[curve] = curves.incidence[0, curve] * HALF
    if median:
        curves = begun(here, early, ages)
        walk(keys, curves, limits[:0], targets, by_day[:, :0])
        for curve in range(size):
            if np.isfinite(curves.reached[curve]):
                middle[curve] = curves.reached[curve] / TICKS
    return left, incidence, mean, by_day[0], by_day[1], by_day[2], middle


@within_kernels
def keyed(
    durations: Floats, causes: Short, owner: Integers, skipped: Integers, groups: Tiny, start: int, ordered: int,
    early: Floats, ages: Floats, longest: Floats, here: Floats, keys: Integers, count: int,
) -> int:  # fmt: skip
    """Follow-ups as keys (ticks, cause, group), in no order, and what needs no order: events of the first run.

    Args:
        durations: days, shape (n,).
        causes: 0 and up, -1 where censored; shape (n,).
        owner: index of the customer, shape (n,); empty: one follow-up for each customer, in their order.
        skipped: which follow-ups to leave out, ascending.
        groups: of each customer; empty: all are of group 0.
        start: ticks at which the first run ends even without a censoring.
        ordered: a cause whose events are keyed all the same; -1 for none.
        early: takes the number of events of the first run by cause and group, shape (causes, groups + 1).
        ages: takes the sum of their ticks, shape (groups + 1,).
        longest: takes the longest follow-up of each group in ticks, shape (groups + 1,).
        here: takes how many of each group are followed, shape (groups + 1,).
        keys: take the keys, behind the first `count`.
        count: how many there are already.

    Returns:
        How many keys there are now.
    """
    first, passed = start, 0
    for i in range(durations.size):
        if passed < skipped.size and skipped[passed] == i:
            passed += 1
        elif causes[i] < 0:
            first = min(first, int(np.rint(durations[i] * TICKS)))
    passed, group = 0, 0
    for i in range(durations.size):
        if passed < skipped.size and skipped[passed] == i:
            passed += 1
            continue
        ticks, cause = int(np.rint(durations[i] * TICKS)), int(causes[i])
        if groups.size:
            group = int(groups[owner[i] if owner.size else i])
        here[group] += 1.0
        longest[group] = max(longest[group], ticks)
        if cause < 0:
            cause = CENSORED
        elif cause != ordered and ticks <= first:
            early[cause, group] += 1.0
            ages[group] += ticks
            continue
        keys[count] = (((ticks << CAUSE_BITS) | cause) << GROUP_BITS) | group
        count += 1
    return count


class Curves(NamedTuple):
    """What the walk keeps of each curve; curve c leaves group c out, and the last one nobody. Shapes end in (curves,)."""

    left: Floats  # survival when the run began
    incidence: Floats  # of each cause by then, (causes, curves)
    risk: Floats  # at risk when it began
    area: Floats  # under the survival, in ticks
    stop: Floats  # the tick up to which the area is known
    needed: Floats  # events of cause 0 in the run until the target is reached
    reached: Floats  # the tick at which it was; inf before
    # Of each group, the last one empty:
    now: Floats  # at risk
    new: Floats  # events of the run, by cause, (causes, curves)
    aged: Floats  # the sum of their ticks since the run before


@within_kernels
def begun(here: Floats, early: Floats, ages: Floats) -> Curves:
    """All curves once the early events have happened.

    Args:
        here: how many of each group are followed, shape (curves,), the last one 0.
        early: from `keyed`, shape (causes, curves).
        ages: from `keyed`, shape (curves,).
    """
    size, everybody = here.size, 0.0
    risk, now = np.empty(size), here.copy()
    for group in range(size):
        everybody += here[group]
        for cause in range(early.shape[0]):
            now[group] -= early[cause, group]
    for curve in range(size):
        risk[curve] = everybody - here[curve]
    return Curves(
        np.ones(size), np.zeros(early.shape), risk, np.zeros(size), np.zeros(size), np.full(size, np.inf),
        np.full(size, np.inf), now, early.copy(), ages.copy(),
    )  # fmt: skip


@within_kernels
def walk(keys: Integers, curves: Curves, limits: Integers, targets: Floats, read: Floats) -> None:
    """Take all curves to the end.

    Args:
        keys: from `keyed`, sorted from bit BY_TIME up.
        curves: from `begun`.
        limits: ticks at which to read the curves, ascending, shape (d,).
        targets: of the incidence of cause 0, shape (curves,), to find when it gets there; or empty.
        read: takes the survival, the incidence of cause 0 and how many are at risk after the limits, shape (3, d, curves).
    """
    causes, size = curves.new.shape
    all_new, all_aged, everybody = np.zeros(causes), 0.0, 0.0
    for group in range(size):
        everybody += curves.now[group]
        all_aged += curves.aged[group]
        for cause in range(causes):
            all_new[cause] += curves.new[cause, group]
    since, running, n = 0.0, True, 0
    least = ahead(curves, targets)
    for due in range(limits.size + 1):
        while n < keys.size and (due == limits.size or keys[n] >> SHIFT <= limits[due]):
            ticks = float(keys[n] >> SHIFT)
            cause, group = (keys[n] >> GROUP_BITS) & ((1 << CAUSE_BITS) - 1), keys[n] & MAX_GROUPS
            n += 1
            if cause == CENSORED:
                if running:
                    close(curves, all_new, all_aged, everybody, since, ticks)
                    since, all_aged, running = ticks, 0.0, False
            else:
                if not running:
                    for curve in range(size):
                        curves.risk[curve] = everybody - curves.now[curve]
                    least, running = ahead(curves, targets), True
                curves.new[cause, group] += 1.0
                all_new[cause] += 1.0
                curves.aged[group] += ticks - since
                all_aged += ticks - since
            curves.now[group] -= 1.0
            everybody -= 1.0
            if cause == 0 and all_new[0] >= least:
                least = np.inf
                for curve in range(size):
                    if all_new[0] - curves.new[0, curve] >= curves.needed[curve]:
                        curves.reached[curve], curves.needed[curve] = ticks, np.inf
                    least = min(least, curves.needed[curve])
        if running:
            # At the end nobody is left, and it does not matter until when.
            until = float(limits[due]) if due < limits.size else since
            close(curves, all_new, all_aged, everybody, since, until)
            since, all_aged, running = until, 0.0, False
        if due < limits.size:
            for curve in range(size):
                read[0, due, curve], read[1, due, curve] = curves.left[curve], curves.incidence[0, curve]
                read[2, due, curve] = everybody - curves.now[curve]


@compiled
def ahead(curves: Curves, targets: Floats) -> float:
    """How many events of cause 0 it takes in the run that begins until each curve's target is reached; the least of them."""
    least = np.inf
    for curve in range(targets.size):
        curves.needed[curve] = np.inf
        if curves.reached[curve] == np.inf and curves.risk[curve] > 0.0:
            missing = targets[curve] - curves.incidence[0, curve]
            curves.needed[curve] = np.ceil(missing * (curves.risk[curve] / curves.left[curve]))
            least = min(least, curves.needed[curve])
    return least


@compiled
def close(curves: Curves, all_new: Floats, all_aged: float, everybody: float, since: float, until: float) -> None:
    """Bring all curves up to date at the end of a run, and forget its events."""
    for curve in range(curves.left.size):
        risk, left = curves.risk[curve], curves.left[curve]
        if risk > 0.0:  # else the others are gone, and this curve has come to its end
            there = everybody - curves.now[curve]
            for cause in range(all_new.size):
                curves.incidence[cause, curve] += left * ((all_new[cause] - curves.new[cause, curve]) / risk)
            curves.area[curve] += left * ((all_aged - curves.aged[curve] + there * (until - since)) / risk)
            curves.left[curve] = left * (there / risk)
            curves.stop[curve] = until
        curves.aged[curve] = 0.0
        for cause in range(all_new.size):
            curves.new[cause, curve] = 0.0
    for cause in range(all_new.size):
        all_new[cause] = 0.0

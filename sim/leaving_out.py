"""Kaplan-Meier and Aalen-Johansen of one sample, and of what is left of it without each group in turn, in one walk.

At an event the survival S falls by S(t-) / n(t) and at a censoring n falls by one, so from one censoring to the next every event
takes the same share S / n off (Efron 1967: redistribution to the right). Within such a run of events it is enough to count them,
by cause and by group; each curve is brought up to date once a run, from the counts of all less those of its group.
"""

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.compiling import compiled
from sojourn.sim.journeys import Floats, Integers

Short = NDArray[np.int16]
Tiny = NDArray[np.int8]

TICKS = 1e9  # a day: durations are rounded to a billionth
GROUP_BITS, CAUSE_BITS = 6, 10  # of a key; above them are 47 bits of ticks, for the 1e5 days that a horizon has at most
SHIFT = GROUP_BITS + CAUSE_BITS
CENSORED = 1 << (CAUSE_BITS - 1)  # as a cause in a key: behind all events of the same tick
BY_TIME = SHIFT - 1  # the lowest bit that keys are sorted by: whether censored
MAX_GROUPS, MAX_CAUSES = (1 << GROUP_BITS) - 1, CENSORED


@compiled
def keyed(
    durations: Floats, causes: Short, groups: Tiny, start: int, ordered: int,
    early: Floats, ages: Floats, longest: Floats,
) -> Integers:  # fmt: skip
    """Follow-ups as keys (ticks, cause, group), in no order, and what needs no order: events of the first run.

    Args:
        durations: days, shape (n,).
        causes: 0 and up, -1 where censored; shape (n,).
        groups: of each follow-up, shape (n,).
        start: ticks at which the first run ends even without a censoring.
        ordered: a cause whose events are keyed all the same; -1 for none.
        early: takes the number of events of the first run by cause and group, shape (causes, groups + 1).
        ages: takes the sum of their ticks, shape (groups + 1,).
        longest: takes the longest follow-up of each group in ticks, shape (groups + 1,).
    """
    first = start
    for i in range(durations.size):
        if causes[i] < 0:
            first = min(first, int(np.rint(durations[i] * TICKS)))
    keys = np.empty(durations.size, dtype=np.int64)
    count = 0
    for i in range(durations.size):
        ticks, cause, group = int(np.rint(durations[i] * TICKS)), int(causes[i]), int(groups[i])
        longest[group] = max(longest[group], ticks)
        if cause < 0:
            cause = CENSORED
        elif cause != ordered and ticks <= first:
            early[cause, group] += 1.0
            ages[group] += ticks
            continue
        keys[count] = (((ticks << CAUSE_BITS) | cause) << GROUP_BITS) | group
        count += 1
    return keys[:count]


@compiled
def walk(
    keys: Integers, here: Floats, early: Floats, ages: Floats, limits: Integers, targets: Floats
) -> "tuple[Floats, Floats, Floats, Floats, Floats, Floats]":
    """All curves: each without its group, and the last one, whose group has nobody.

    Args:
        keys: from `keyed`, sorted from bit BY_TIME up.
        here: how many of each group are followed, shape (curves,), the last one 0.
        early: from `keyed`, shape (causes, curves).
        ages: from `keyed`, shape (curves,).
        limits: ticks at which to read the curves, ascending, shape (d,).
        targets: of the incidence of cause 0, shape (curves,), to find when it gets there; or empty.

    Returns:
        The survival at the end, shape (curves,); the incidences, (causes, curves); the area under the survival, (curves,),
        up to the tick beside it, (curves,); the survival and the incidence of cause 0 at the limits, (2, d, curves); the
        ticks at which the targets were reached, (curves,), inf where they were not.
    """
    causes, curves = early.shape
    left, area, stop = np.ones(curves), np.zeros(curves), np.zeros(curves)
    incidence, read = np.zeros((causes, curves)), np.empty((2, limits.size, curves))
    reached, needed = np.full(curves, np.inf), np.full(curves, np.inf)
    # Of the run: events by cause and group, the sum of their ticks since the run before; who was at risk.
    new, aged = early.copy(), ages.copy()
    all_new, all_aged = early.sum(axis=1), ages.sum()
    risk, everybody, now = here.sum() - here, here.sum() - early.sum(), here - early.sum(axis=0)
    since, running = 0.0, True
    least = ahead(targets, reached, incidence, left, risk, needed)
    n = 0
    for due in range(limits.size + 1):
        while n < keys.size and (due == limits.size or keys[n] >> SHIFT <= limits[due]):
            ticks = float(keys[n] >> SHIFT)
            cause, group = (keys[n] >> GROUP_BITS) & ((1 << CAUSE_BITS) - 1), keys[n] & MAX_GROUPS
            n += 1
            if cause == CENSORED:
                if running:
                    there = everybody - now
                    close(new, all_new, aged, all_aged, there, ticks, since, risk, left, incidence, area, stop)
                    since, all_aged, running = ticks, 0.0, False
                now[group] -= 1.0
                everybody -= 1.0
                continue
            if not running:
                risk, running = everybody - now, True
                least = ahead(targets, reached, incidence, left, risk, needed)
            new[cause, group] += 1.0
            all_new[cause] += 1.0
            aged[group] += ticks - since
            all_aged += ticks - since
            now[group] -= 1.0
            everybody -= 1.0
            if cause == 0 and all_new[0] >= least:
                for curve in range(curves):
                    if all_new[0] - new[0, curve] >= needed[curve]:
                        reached[curve], needed[curve] = ticks, np.inf
                least = needed.min()
        if running:
            # At the end nobody is left, and it does not matter until when.
            until, there = float(limits[due]) if due < limits.size else since, everybody - now
            close(new, all_new, aged, all_aged, there, until, since, risk, left, incidence, area, stop)
            since, all_aged, running = until, 0.0, False
        if due < limits.size:
            read[0, due], read[1, due] = left, incidence[0]
    return left, incidence, area, stop, read, reached


@compiled
def ahead(targets: Floats, reached: Floats, incidence: Floats, left: Floats, risk: Floats, needed: Floats) -> float:
    """How many events of cause 0 it takes in the run that begins until each curve's target is reached; the least of them."""
    if targets.size == 0:
        return np.inf
    for curve in range(targets.size):
        if reached[curve] == np.inf and risk[curve] > 0.0:
            needed[curve] = np.ceil((targets[curve] - incidence[0, curve]) * (risk[curve] / left[curve]))
        else:
            needed[curve] = np.inf
    return float(needed.min())


@compiled
def close(
    new: Floats, all_new: Floats, aged: Floats, all_aged: float, there: Floats, until: float, since: float,
    risk: Floats, left: Floats, incidence: Floats, area: Floats, stop: Floats,
) -> None:  # fmt: skip
    """Bring all curves up to date at the end of a run, and forget its events."""
    for curve in range(risk.size):
        if risk[curve] > 0.0:  # else the others are gone, and this curve has come to its end
            for cause in range(all_new.size):
                incidence[cause, curve] += left[curve] * ((all_new[cause] - new[cause, curve]) / risk[curve])
            area[curve] += left[curve] * ((all_aged - aged[curve] + there[curve] * (until - since)) / risk[curve])
            left[curve] *= there[curve] / risk[curve]
            stop[curve] = until
    new[:] = 0.0
    all_new[:] = 0.0
    aged[:] = 0.0

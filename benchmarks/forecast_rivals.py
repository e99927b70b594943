"""What a forecast is laid beside: the naive frequencies of finished stays, and Aalen-Johansen without any law.

Both walk customers from stage to stage as the forecast does, and have the error of their numbers from people drawn with
replacement. Naive: a stay lasts as long, and ends as, some finished stay of the stage; unfinished ones are left out, and the
age of a stay that is under way means nothing. Aalen-Johansen: unfinished stays count as censored, and a stay under way is
conditional on its age; who outlasts all that was seen stays.
"""

from typing import NamedTuple

import numpy as np

from sojourn.calibration.happenings import Frame, Rows, Tally, stacked, tally
from sojourn.calibration.holdout import resample
from sojourn.calibration.logs import Log
from sojourn.calibration.openings import OnTheirWay
from sojourn.calibration.stays import NOTHING, Floats, Integers
from sojourn.sim.survival import aalen_johansen


class Steps(NamedTuple):
    """Exits of a stage: the ages at which it is left, ascending, the share that leaves by each, and for where at each."""

    ages: Floats  # shape (m,)
    gone: Floats  # cumulative share, shape (m,)
    incidence: Floats  # cumulative by next stage, shape (stages, m)


def steps_of(log: Log, stage: int, naive: bool) -> Steps:
    """The exits of one stage."""
    rows = log.stays.stage == stage
    days, following = log.stays.days[rows], log.stays.following[rows]
    if naive:
        days, following = days[following != NOTHING], following[following != NOTHING]
    times, survival, incidence = aalen_johansen(days, following, len(log.stages))
    return Steps(times, 1.0 - survival, incidence)


def leave(steps: Steps, ages: Floats, rng: np.random.Generator) -> tuple[Floats, Integers]:
    """Days from now on until each of some stays of these ages ends, and for where: inf and -1 where it does not."""
    days, onward = np.full(ages.size, np.inf), np.full(ages.size, NOTHING, dtype=np.int64)
    if not steps.ages.size:
        return days, onward
    padded = np.append(0.0, steps.gone)
    before = padded[np.searchsorted(steps.ages, ages, side="right")]
    place = np.searchsorted(steps.gone, before + rng.random(ages.size) * (1.0 - before), side="left")
    ends = place < steps.ages.size
    jumps = np.diff(steps.incidence, axis=1, prepend=0.0)
    days[ends] = np.maximum(steps.ages[place[ends]] - ages[ends], 0.0)
    weights = np.cumsum(jumps[:, place[ends]], axis=0)
    chosen = (weights < rng.random(int(ends.sum())) * weights[-1]).sum(axis=0)
    onward[ends] = chosen
    return days, onward


def futures(what: Frame, log: Log, way: OnTheirWay, expected: Floats, *, naive: bool, number: int, seed: int) -> Tally:
    """Futures of the customers on their way and of newcomers, of whom `expected` come by day (Poisson)."""
    place = np.array([what.stages.index(name) if name in what.stages else NOTHING for name in log.stages])
    start = np.bincount(log.stays.stage[log.first[:-1]]).argmax()
    many = []
    for k in range(number):
        rng = np.random.default_rng([seed, k])
        again = resample(log, rng)
        exits = [steps_of(again, stage, naive) for stage in range(len(log.stages))]
        come = np.repeat(np.arange(expected.size), rng.poisson(expected)).astype(np.float64)
        group = np.repeat([0, 1], [way.stage.size, come.size])
        stage = np.concatenate([way.stage, np.full(come.size, start)]).astype(np.int64)
        entry = np.concatenate([-way.age, come + rng.random(come.size)])
        age = np.concatenate([np.zeros(way.age.size) if naive else way.age, np.zeros(come.size)])
        many.append(tally(what, _walk(what, exits, place, group, stage, entry, age, rng)))
    return stacked(many)


def _walk(
    what: Frame, exits: list[Steps], place: Integers, group: Integers, stage: Integers, entry: Floats, age: Floats,
    rng: np.random.Generator,
) -> Rows:  # fmt: skip
    """Everybody from stage to stage until the window ends."""
    size = group.size
    who, stages, entries = [np.arange(size)], [stage.copy()], [entry.copy()]
    now, alive = np.maximum(entry, 0.0), np.arange(size)
    while alive.size:
        days, onward = np.full(alive.size, np.inf), np.full(alive.size, NOTHING, dtype=np.int64)
        for s in np.unique(stage[alive]):
            mine = stage[alive] == s
            days[mine], onward[mine] = leave(exits[int(s)], age[alive[mine]], rng)
        now[alive] += days
        moves = (now[alive] <= what.days) & (onward != NOTHING)
        alive, onward = alive[moves], onward[moves]
        stage[alive], age[alive] = onward, 0.0
        who.append(alive)
        stages.append(onward)
        entries.append(now[alive].copy())
    rows, all_stages, times = np.concatenate(who), np.concatenate(stages), np.concatenate(entries)
    order = np.lexsort((np.repeat(np.arange(len(who)), [part.size for part in who]), rows))
    return Rows(rows[order], place[all_stages[order]], times[order], group, place[stage])

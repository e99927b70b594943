"""Whether the second half of a log is like the first: how stages are left, and how many customers come.

A scenario holds one set of numbers, the mean of the whole log. Where they moved while the log was written, tomorrow is more
like the second half than like the whole, and that must be said. The halves of a stage are its stays that began before and after
its middle entry; exits are compared by the log-rank test, which counts unfinished stays, with errors clustered by person.
"""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from sojourn.calibration.logs import Log
from sojourn.calibration.ranks import log_rank
from sojourn.calibration.spells import Floats
from sojourn.calibration.stays import NOTHING, Stays
from sojourn.sim.survival import aalen_johansen, at

ALARM = 0.01  # logs without drift of which any warning is given at most: all comparisons share this chance
TOLD = 0.05  # of the larger figure: differences below this are not told, however sure a large log makes them
LEAST = 20  # exits of a kind, both halves together, from which they are compared
MOST = 300_000  # customers whose exits are compared: evenly chosen of more, which would only make sure what is not told
WATCHED = 0.1  # share of the stays of a half that must have been watched as long as the shares told look ahead


class Drift(NamedTuple):
    """One thing that is not the same in both halves of a log.

    `before` and `after` are shares within `days` days of entry (an exit) or customers a day (arrivals, `to` empty); `since`
    is the day of the log at which the second half begins.
    """

    stage: str
    to: str
    before: float
    after: float
    days: float
    since: float
    chance: float

    @property
    def change(self) -> float:
        """The difference as a part of the larger of the two."""
        return abs(self.after - self.before) / max(self.after, self.before, 1e-12)

    @property
    def sentence(self) -> str:
        """What moved, by how much, and what that means."""
        moved = "rose" if self.after > self.before else "fell"
        if not self.to:
            return (
                f"Drift: arrivals {moved} from {self.before:.3g} to {self.after:.3g} a day after day {self.since:.0f}."
            )
        return (
            f"Drift: {self.stage} -> {self.to} {moved} from {_percent(self.before)} to {_percent(self.after)} of stays within "
            f"{self.days:.0f} days (stays that began before and after day {self.since:.0f} of the log)."
        )


def drifts(log: Log, differ: Iterable[str] = ()) -> tuple[Drift, ...]:
    """What differs between the halves of a log beyond chance (at most one log in a hundred without drift shows any).

    Of stages in which customers `differ` (the silent ones and contracts always) only each customer's first stay counts: later
    stays are more and more those of the eager, which is no drift.

    A log on the customers' own clocks tells nothing of drift, and gives none.
    """
    if not log.calendar:
        return ()
    log = log.begun  # of others only what lasted is seen
    some = _first_stays(log.some(MOST), {*differ, *log.silent, *log.contracts})
    pairs = [(int(stage), int(to), int(number)) for stage, to, number in _exits(some) if number >= LEAST]
    alarm = ALARM / (len(pairs) + 1)
    found = [_arrivals(log)]
    found += [_exit(some, stage, to) for stage, to, _ in pairs]
    return tuple(one for one in found if one is not None and one.chance < alarm and one.change >= TOLD)


def _first_stays(log: Log, stages: set[str]) -> Log:
    """The log without repeated stays in some stages."""
    numbers = [k for k, name in enumerate(log.stages) if name in stages]
    if not numbers:
        return log
    was = log.stays
    visit = was.customer.astype(np.int64) * len(log.stages) + was.stage
    kept = ~np.isin(was.stage, numbers)
    kept[np.unique(visit, return_index=True)[1]] = True
    since = None if was.seen_from is None else was.seen_from[kept]
    columns = was.customer[kept], was.stage[kept], was.entry[kept], was.until[kept], was.following[kept]
    return replace(log, stays=Stays(*columns, since))


def _percent(share: float) -> str:
    return f"{100.0 * share:.2g} %" if share < 0.1 else f"{100.0 * share:.0f} %"


def _exits(log: Log) -> list[tuple[int, int, int]]:
    stays = log.stays
    left = stays.following != NOTHING
    code = stays.stage[left].astype(np.int64) * len(log.stages) + stays.following[left]
    counts = np.bincount(code)
    return [(*divmod(int(one), len(log.stages)), int(counts[one])) for one in np.flatnonzero(counts)]


def _exit(log: Log, stage: int, to: int) -> Drift | None:
    """One exit in the two halves; None where all stays began at one time."""
    rows = np.flatnonzero(log.stays.stage == stage)
    entry, days = log.stays.entry[rows], log.stays.days[rows]
    following = log.stays.following[rows]
    middle = float(np.median(entry))
    late = (entry > middle) if np.any(entry > middle) else (entry >= middle)
    if not np.any(late) or np.all(late):
        return None
    person = log.people[log.stays.customer[rows]].astype(np.int64)
    chance = log_rank(days, following == to, late.astype(np.int64), person)
    # As far ahead as both halves were watched: had a stay not ended, how long would it have been seen?
    watched = log.until[log.stays.customer[rows]] - entry
    ahead = min(float(np.quantile(watched[half], 1.0 - WATCHED)) for half in (late, ~late))
    shares = [_share(days[half], following[half], to, ahead) for half in (~late, late)]
    return Drift(log.stages[stage], log.stages[to], shares[0], shares[1], ahead, middle, chance)


def _share(days: Floats, following: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", to: int, ahead: float) -> float:
    """Aalen-Johansen share that has left this way within so many days."""
    causes = np.where(following == to, 0, np.where(following == NOTHING, NOTHING, 1))
    times, _, incidence = aalen_johansen(days, causes, 2)
    return float(at(times, incidence[0], ahead, before=0.0))


def _arrivals(log: Log) -> Drift | None:
    """Customers a day in the two halves of the days in which customers came, allowing for days more uneven than chance."""
    last = float(log.start.max()) if log.arrived is None or np.any(log.arrived) else 0.0
    days = math.floor(last)
    if days < 8:
        return None
    half = days // 2
    counts = np.bincount(log.start.astype(np.int64), minlength=days + 1)[: 2 * half].astype(np.float64)
    halves = counts.reshape(2, half)
    number = halves.sum(axis=1)
    if number.sum() < LEAST:
        return None
    means = np.maximum(halves.mean(axis=1, keepdims=True), 1e-12)
    uneven = max(1.0, float(np.sum((halves - means) ** 2 / means)) / (2 * half - 2))
    score = (number[1] - number[0]) / math.sqrt(number.sum() * uneven)
    return Drift("", "", number[0] / half, number[1] / half, 1.0, float(half), float(2.0 * ndtr(-abs(score))))

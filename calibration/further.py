"""What the verdict asks beyond the check: how often customers come back, where they stand at the end, how many newcomers.

Visits and standing are raw counts: simulated customers were watched as long as the observed ones, so both sides are cut
alike. Coming back is censoring-aware.
"""

from typing import NamedTuple

import numpy as np

from sojourn.calibration.samples import Sample
from sojourn.calibration.stays import Floats
from sojourn.calibration.yardsticks import LEAST, watched
from sojourn.sim.survival import aalen_johansen, at


class Asked(NamedTuple):
    """One figure."""

    name: str
    unit: str
    stage: int
    days: float  # how far it looks; 0 where it looks as far as each customer was watched
    visits: int  # 1: after the first visit, 2: after later ones; 0 where it is no return


def ask(sample: Sample, stages: tuple[str, ...], known: frozenset[int], absorbing: frozenset[int]) -> tuple[Asked, ...]:
    """What can be asked of the held-out sample."""
    found: list[Asked] = []
    for k in sorted(known):
        rows = np.flatnonzero(sample.stage == k)
        if rows.size < LEAST:
            continue
        people = np.unique(sample.customer[rows]).size
        if people < rows.size and k not in absorbing:
            found.append(Asked(f"visits.{stages[k]}", "visits of a customer", k, 0.0, 0))
            left = sample.window[sample.customer[rows]] - sample.entry[rows]
            nth = _nth(sample, rows)
            for visits, which in ((1, nth == 1), (2, nth > 1)):
                if int(which.sum()) >= LEAST:
                    days = watched(left[which])
                    late = "first" if visits == 1 else "later"
                    found.append(Asked(f"return.{stages[k]}.{late}", f"share within {days:.0f} days", k, days, visits))
        found.append(Asked(f"standing.{stages[k]}", "share of customers", k, 0.0, 0))
    return tuple(found)


def answer(sample: Sample, asked: tuple[Asked, ...]) -> Floats:
    """The figures of a sample, shape (asked,); NaN where there is nothing to tell."""
    last = np.flatnonzero(np.diff(sample.customer, append=-1))
    standing = sample.stage[last]
    figures = []
    for one in asked:
        if one.visits:
            figures.append(_returned(sample, one))
        elif one.name.startswith("visits"):
            figures.append(float(np.sum(sample.stage == one.stage)) / sample.window.size)
        else:
            figures.append(float(np.sum(standing == one.stage)) / sample.window.size)
    return np.array(figures, dtype=np.float64)


def _nth(sample: Sample, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    """Which visit of its customer to the stage each row is, from 1; `rows` are all rows of one stage."""
    who = sample.customer[rows]
    begins = np.flatnonzero(np.diff(who, prepend=-1))
    lengths = np.diff(np.append(begins, who.size))
    nth: Floats = (np.arange(who.size) - np.repeat(begins, lengths) + 1).astype(np.float64)
    return nth


def _returned(sample: Sample, one: Asked) -> float:
    """The share of visits after which the stage is entered again within so many days (Kaplan-Meier)."""
    rows = np.flatnonzero(sample.stage == one.stage)
    if not rows.size:
        return float("nan")
    who, entry = sample.customer[rows], sample.entry[rows]
    again = np.append(who[1:] == who[:-1], False)
    ahead = np.where(again, np.append(entry[1:], 0.0), sample.window[who]) - entry
    nth = _nth(sample, rows)
    which = nth == 1 if one.visits == 1 else nth > 1
    if not np.any(which):
        return float("nan")
    times, survival, _ = aalen_johansen(ahead[which], np.where(again[which], 0, -1), 1)
    return 1.0 - float(at(times, survival, one.days, before=1.0))

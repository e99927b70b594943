"""Looks for an age at which exits pile up: a deadline, such as the thirtieth day of a trial.

The exits in a narrow window of age are laid beside those in its neighbourhood, in proportion to the days that stays spent
in each. If the hazard were smooth there, the exits of the window would be binomial among both. So no law has to be right
for the test, only its smoothness. Windows are as narrow as the log can tell ages apart, and a day wide where stays are long.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from sojourn.calibration.spells import CLOCK, Floats, Pile

ALARM = 1e-3  # smooth exits in which a pile is found at most: one in a thousand
LEAST = 10  # exits in a pile
TIMES = (
    2.0  # a pile holds at least so many times what its neighbourhood would put there, and what any window there holds
)
FINE = 4.0  # widths of a window that an age must be: of a log by the day, four days
NEAR = 0.25  # of the age: how far the neighbourhood reaches on either side
PILES = 3  # piles that an exit has at most
APART = 2.5  # widths of a pile that the next one must be away from it
DAY = 1.0  # days: exits that a daily run carries out fall within one
LONG = 10.0  # days from which a window of a day is narrow


class Lengths(NamedTuple):
    """Lengths in order, and their running sums from 0 on."""

    days: Floats
    sums: Floats

    def up_to(self, age: Floats) -> Floats:
        """Days that all of them spent below each age."""
        place = np.searchsorted(self.days, age, side="right")
        result: Floats = self.sums[place] + (self.days.size - place) * age
        return result


def find_pile(days: Floats, ended: NDArray[np.bool_], resolution: float, late: Floats | None = None) -> Pile | None:
    """The piles of exits, the largest first and up to three of them, or None.

    `days` and `ended` have shape (n,), `resolution` is that of the log in days.

    `late` are the ages from which the stays were watched, shape (n,); left out, from their beginning.
    """
    found: list[Pile] = []
    left = ended.copy()
    while len(found) < PILES:
        one = _find(days, left, resolution, late)
        # What lies beside a pile that was found may be a rest of it.
        if one is None or any(abs(one.day - was.day) < APART * (was.high - was.low) for was in found):
            break
        found.append(one)
        left &= ~((days >= one.low) & (days < one.high))
    return None if not found else replace(found[0], more=tuple(sorted(found[1:], key=lambda one: one.day)))


def _find(days: Floats, ended: NDArray[np.bool_], resolution: float, late: Floats | None) -> Pile | None:
    """The largest pile among some of the exits."""
    exits = np.sort(days[ended])
    if exits.size < LEAST or exits[-1] <= 0.0:
        return None
    every = _lengths(days)
    before = None if late is None else _lengths(late)
    windows = [_ties(exits, resolution)]
    if resolution < 0.25 * DAY and float(exits.max()) > LONG:
        windows.append(_days(exits))
    number = sum(width.size for _, width in windows)
    best: tuple[float, Pile] | None = None
    for low, width in windows:
        found = _largest(exits, every, before, low, width, ALARM / max(number, 1))
        if found is not None and (best is None or found[0] > 1.1 * best[0]):
            best = found
    return None if best is None else best[1]


def _ties(exits: Floats, resolution: float) -> tuple[Floats, Floats]:
    """Windows around every age that is there, as wide as the ages of the log lie apart."""
    values = np.unique(np.round(exits[exits > 0.0] / CLOCK)) * CLOCK
    apart = float(np.diff(values).min()) if values.size > 1 else CLOCK
    width = max(apart, CLOCK) if resolution < 0.25 * DAY else max(apart, DAY)
    return values - 0.5 * width, np.full(values.size, width)


def _days(exits: Floats) -> tuple[Floats, Floats]:
    """Windows a day wide, each half over the next, from the tenth day on: fixed before the exits are looked at."""
    low = np.arange(LONG, float(exits.max()) + DAY, 0.5 * DAY)
    return low, np.full(low.size, DAY)


def _largest(
    exits: Floats, every: Lengths, unseen: Lengths | None, low: Floats, width: Floats, alarm: float
) -> tuple[float, Pile] | None:
    """The window with the most exits beyond its neighbourhood's, among those beyond chance; with that excess."""
    high = low + width
    inside = _between(exits, low, high)
    some = np.flatnonzero((inside >= LEAST) & (low + 0.5 * width >= FINE * width))
    if some.size == 0:
        return None
    low, high, width, inside = low[some], high[some], width[some], inside[some]
    reach = np.maximum(NEAR * low, 2.0 * width)
    before, after = np.maximum(low - reach, 0.0), high + reach
    around = _between(exits, before, low) + _between(exits, high, after)
    exposure = _exposure(every, unseen, low, high)
    outside = _exposure(every, unseen, before, low) + _exposure(every, unseen, high, after)
    share = exposure / np.maximum(exposure + outside, 1e-300)
    chance = betainc(inside, around + 1.0, share)  # of so many or more, binomial
    expected = around * exposure / np.maximum(outside, 1e-300)
    good = (chance < alarm) & (inside >= TIMES * expected)
    at = np.flatnonzero(good)  # of a large log few windows are left here, and only they are laid beside all others
    most = _most(exits, before[at], after[at], low[at], high[at], width[at])
    good[at] = inside[at] >= TIMES * most
    if not np.any(good):
        return None
    excess = np.where(good, inside - expected, -1.0)
    best = int(np.argmax(excess))
    heap = exits[(exits >= low[best]) & (exits < high[best])]
    return float(excess[best]), Pile(float(np.median(heap)), float(low[best]), float(high[best]))


def _most(exits: Floats, before: Floats, after: Floats, low: Floats, high: Floats, width: Floats) -> Floats:
    """The most exits in any window of the same width within the neighbourhood, the pile and its edges left out."""
    most = np.zeros(low.size)
    if low.size == 0:
        return most
    ahead = np.searchsorted(exits, exits + width[0], side="left") - np.arange(exits.size)
    for k in range(low.size):
        left = ahead[np.searchsorted(exits, before[k]) : np.searchsorted(exits, low[k] - width[k])]
        right = ahead[np.searchsorted(exits, high[k]) : np.searchsorted(exits, after[k] - width[k])]
        most[k] = max(left.max(initial=0), right.max(initial=0))
    return most


def _between(times: Floats, low: Floats, high: Floats) -> Floats:
    """How many of the sorted times lie in each [low, high)."""
    counts = np.searchsorted(times, high, side="left") - np.searchsorted(times, low, side="left")
    result: Floats = counts.astype(np.float64)
    return result


def _lengths(days: Floats) -> Lengths:
    every = np.sort(days)
    return Lengths(every, np.concatenate(([0.0], np.cumsum(every))))


def _exposure(every: Lengths, unseen: Lengths | None, low: Floats, high: Floats) -> Floats:
    """Days that all stays spent between ages `low` and `high`, less those before they were watched."""
    days = every.up_to(high) - every.up_to(low)
    if unseen is not None:
        days = days - (unseen.up_to(high) - unseen.up_to(low))
    return np.maximum(days, 1e-300)

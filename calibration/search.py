"""Least squares for figures that come from simulation: Gauss-Newton steps in a box, with a radius of trust.

A simulated figure moves in small jumps when a number moves, even where all customers keep their draws. Slopes are therefore
taken over large steps, and between two rounds of slopes the steps themselves correct them (Broyden 1965). Each step solves the
linear least-squares problem within bounds and radius; the radius grows where the slopes foretold well what came, and
shrinks where they did not (Levenberg-Marquardt in the form of Moré 1978).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Misfit = Callable[[Floats, int], Floats | None]
"""(place, effort) -> misfits of shape (targets,), or None where they are undefined; `effort` is a number of replications."""

STEP = 0.2  # over which slopes are taken, in units of each number
FIRST_RADIUS, LARGEST_RADIUS = 1.0, 4.0  # in units
SMALL = 1e-3  # gain from which a step is worth the while, in squares of tolerances, on the way
SMALLEST = 1e-4  # the same at the end
SHARE = 0.003  # of the loss: where targets cannot be met, a gain of less than this is no step towards them
FEWER, LEAST = 4, 6  # slopes are taken with so many times fewer replications than misfits, but with so many at least
MOST_STEPS = 25  # at each effort
NOISY = 2.0  # times the noise of slopes: an effect below it counts as none
WEIGHT = 0.01  # of the pull: a number moved by one unit weighs as much as a target missed by a tenth of its tolerance


class Stuck(Exception):
    """Numbers, by their place in the box, that cannot be moved at all: misfits are undefined on both sides."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers
        super().__init__(numbers)


@dataclass(frozen=True)
class Box:
    """Where the numbers may go, on their scales; all of shape (numbers,)."""

    start: Floats
    low: Floats
    high: Floats
    unit: Floats

    @property
    def reach(self) -> Floats:
        """Half the way from bound to bound."""
        return (self.high - self.low) / 2

    def held(self, z: Floats) -> Floats:
        """The nearest place within the bounds."""
        return np.clip(z, self.low, self.high)


@dataclass
class Search:
    """The state of a search: where it stands, and what it has learned about slopes."""

    misfit: Misfit
    box: Box
    pull: float = 0.0
    least: float = 0.0  # effect of a direction from which it is gone along; see `clear`
    z: Floats = field(init=False)
    r: Floats = field(init=False)
    slopes: Floats = field(init=False, default_factory=lambda: np.empty((0, 0)))

    def __post_init__(self) -> None:
        self.z = self.box.start.copy()

    def loss(self, z: Floats, r: Floats) -> float:
        """What is made small: squares of misfits, and the pull to the file's own numbers."""
        return float(r @ r + self.pull * np.sum(((z - self.box.start) / self.box.unit) ** 2))

    def begin(self, effort: int) -> None:
        """Misfits where the search stands, and slopes if there are none yet.

        Raises ValueError where misfits are undefined, and Stuck where no slope can be had.
        """
        found = self.misfit(self.z, effort)
        if found is None:
            raise ValueError("a target is undefined where the search stands")
        self.r = found
        if self.slopes.size == 0:
            self.slopes = self._slopes(effort)
            lacking = np.isnan(self.slopes).any(axis=0)
            if lacking.any():
                raise Stuck([int(i) for i in np.flatnonzero(lacking)])

    def refine(self, effort: int, *, thorough: bool = False) -> None:
        """Take steps until none is worth the while; `thorough`: and until slopes taken anew say so too."""
        radius, fresh = FIRST_RADIUS, not thorough
        for _ in range(MOST_STEPS):
            step = within(clear(self.slopes, self.box, self.least), self.r, self.z, self.box, self.pull, radius)
            foretold = self.loss(self.z, self.r) - self.loss(self.z + step, self.r + self.slopes @ step)
            if foretold < max(SMALLEST if thorough else SMALL, SHARE * self.loss(self.z, self.r)):
                if fresh:
                    return
                self.slopes = np.nan_to_num(self._slopes(effort))
                fresh = True
                continue
            there = self.box.held(self.z + step)
            found = self.misfit(there, effort)
            gain = -np.inf if found is None else self.loss(self.z, self.r) - self.loss(there, found)
            if found is not None:
                self._learn(step, found - self.r)
            if found is not None and gain > 0:
                self.z, self.r, fresh = there, found, not thorough
                radius = min(radius * (2 if gain > 0.75 * foretold else 1), LARGEST_RADIUS)
            if gain < 0.25 * foretold:
                size = float(np.max(np.abs(step / self.box.unit)))
                radius = 0.5 * min(radius, size)
                if radius < STEP / 100:
                    return

    def _slopes(self, effort: int) -> Floats:
        """Slopes where the search stands: the same customers make differences surer than figures, so fewer of them do."""
        few = max(effort // FEWER, min(LEAST, effort))
        here = self.misfit(self.z, few)
        if here is None:
            raise ValueError("a target is undefined where the search stands")
        return slopes(self.misfit, self.box, self.z, here, few)

    def _learn(self, step: Floats, change: Floats) -> None:
        """Broyden's update in units: the least change of the slopes that would have foretold what came."""
        scaled = step / self.box.unit
        amiss = change - self.slopes @ step
        self.slopes = self.slopes + np.outer(amiss, scaled / (scaled @ scaled) / self.box.unit)


def clear(found: Floats, box: Box, least: float) -> Floats:
    """The slopes without the directions that hardly move a target (singular values below `least`, over the numbers' reach).

    To go along these would be to move numbers far for a gain that is no larger than chance.
    """
    if least <= 0:
        return found
    left, sizes, right = np.linalg.svd(found * box.reach, full_matrices=False)
    kept: Floats = (left * np.where(sizes >= least, sizes, 0.0)) @ right / box.reach
    return kept


def told(misfit: Misfit, other: Misfit, box: Box, z: Floats, effort: int) -> tuple[Floats, float]:
    """Slopes as the mean of two seeds, and the size below which an effect is none: a tolerance, or twice their noise.

    Both are in tolerances over the numbers' reach. Raises ValueError where a misfit is undefined.
    """
    pair = []
    for ask in (misfit, other):
        r = ask(z, effort)
        if r is None:
            raise ValueError("a target is undefined where the search stands")
        pair.append(np.nan_to_num(slopes(ask, box, z, r, effort)))
    noise = float(np.linalg.norm((pair[0] - pair[1]) / 2 * box.reach, 2))
    return (pair[0] + pair[1]) / 2, max(1.0, NOISY * noise)


def slopes(misfit: Misfit, box: Box, z: Floats, r: Floats, effort: int, sign: int = 1) -> Floats:
    """Slopes of the misfits over large steps, inward at bounds; shape (targets, numbers); NaN where none can be had."""
    found = np.full((r.size, z.size), np.nan)
    for i in range(z.size):
        step = sign * STEP * box.unit[i]
        room = (box.high[i] - z[i]) if step > 0 else (z[i] - box.low[i])
        if room < abs(step):
            step = -step if (box.high[i] - z[i]) + (z[i] - box.low[i]) - room > room else np.sign(step) * room
        for way in (step, -step):  # the other way where a misfit is undefined
            there = z.copy()
            there[i] = np.clip(z[i] + way, box.low[i], box.high[i])
            news = misfit(there, effort) if there[i] != z[i] else None
            if news is not None:
                found[:, i] = (news - r) / (there[i] - z[i])
                break
    return found


def within(slopes: Floats, r: Floats, z: Floats, box: Box, pull: float, radius: float) -> Floats:
    """The step that the slopes call best, within bounds and radius."""
    from scipy.optimize import lsq_linear

    drawn = np.diag(np.sqrt(max(pull, 1e-10)) / box.unit)
    wide = np.vstack([slopes, drawn])
    asked = -np.concatenate([r, np.sqrt(pull) * (z - box.start) / box.unit])
    low = np.maximum(box.low - z, -radius * box.unit)
    high = np.minimum(box.high - z, radius * box.unit)
    room = high - low > 1e-12
    step = np.zeros(z.size)
    if room.any():
        step[room] = lsq_linear(wide[:, room], asked, (low[room], high[room])).x
    return step

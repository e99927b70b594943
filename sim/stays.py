"""A stay whose law stands still: where it leads and when it ends, as masses on moments.

Every figure of such a stay is an integral over the days on which it ends: shares, the mean, the transform E[exp(-delta T); exit].
In a race the share of exit e is the integral of exp(-sum of H_k) dH_e over its own exposure, cut where any exit's exposure
doubles and where a law jumps or bends, ten Gauss-Legendre points a piece: good to some nine digits for the laws of the format,
and to seven for a lognormal as wide as sigma = 5.
"""

import math
from bisect import bisect_left
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios import laws as arithmetic
from sojourn.scenarios import lawtable
from sojourn.scenarios.lawtable import LawTable
from sojourn.scenarios.model import Deadline, Deterministic, Empirical, Exponential, Gamma, Law, Weibull
from sojourn.sim.discounting import discounted_length

Floats = NDArray[np.float64]
NODES, WEIGHTS = np.polynomial.legendre.leggauss(10)
NODES, WEIGHTS = (NODES + 1.0) / 2.0, WEIGHTS / 2.0
EXPOSURES = (*(2.0**k for k in range(-30, 10)), 700.0)  # exp(-700) is about what a float can still hold
ALL_GONE = 745.0
NOBODY = 40.0  # exposure that hardly one in 10^17 outlasts


class Way(NamedTuple):
    """One exit at levels that stand still."""

    law: Law
    shift: float = 0.0  # log hazard ratio; means nothing in a choice
    pace: float = 1.0  # time ratio
    share: float = 1.0  # of a choice; means nothing in a race


class Stay(NamedTuple):
    """A stay in a stage. Masses of all exits add up to 1 but for the share that never leaves."""

    days: Floats  # moments at which stays end; shape (moments,)
    masses: Floats  # the share of stays that ends there, by exit; shape (exits, moments)
    mean: float  # days; inf where a share never leaves, or where the mean is infinite

    @property
    def shares(self) -> Floats:
        """The share of stays that ends by each exit; shape (exits,)."""
        return np.asarray(self.masses.sum(axis=1))

    @property
    def never(self) -> float:
        """The share of stays that never ends."""
        left = 1.0 - float(self.masses.sum())
        return left if left > 1e-9 else 0.0

    def transform(self, delta: float) -> Floats:
        """E[exp(-delta T); exit] by exit, T in days; shape (exits,)."""
        return np.asarray(self.masses @ np.exp(-delta * self.days))

    def length(self, delta: float) -> float:
        """What a day in the stage is worth over a stay: E of the integral of exp(-delta s) from 0 to T."""
        if delta == 0.0:
            return self.mean
        return float(np.sum(self.masses * discounted_length(self.days, delta))) + self.never / delta


ENDLESS = Stay(np.zeros(0), np.zeros((0, 0)), math.inf)  # in an end stage


def rate(way: Way) -> float | None:
    """The hazard a day where the law is memoryless, else None."""
    law = way.law
    if isinstance(law, Exponential) or (isinstance(law, Weibull | Gamma) and law.shape == 1.0):
        return math.exp(way.shift) / (lawtable.mean(law) * way.pace)
    return None


@lru_cache(maxsize=1024)
def choice(ways: tuple[Way, ...]) -> Stay:
    """The stay in a choice stage: an exit by its share, then a time by its law."""
    alone = [race((way._replace(shift=0.0),)) for way in ways]
    days = np.concatenate([one.days for one in alone])
    masses = np.zeros((len(ways), days.size))
    place = 0
    for k, (way, one) in enumerate(zip(ways, alone, strict=True)):
        masses[k, place : place + one.days.size] = way.share * one.masses[0]
        place += one.days.size
    return Stay(
        days, masses, math.fsum(way.share * way.pace * lawtable.mean(way.law) for way in ways if way.share > 0.0)
    )


@lru_cache(maxsize=1024)
def race(ways: tuple[Way, ...]) -> Stay:
    """The stay in a race: each exit has a time of its own, the first wins; at equal times the first in the file."""
    rates = [rate(way) for way in ways]
    if all(each is not None for each in rates) and len(ways) > 1:
        hazards = np.array(rates, dtype=np.float64)
        first = race((Way(Exponential(law="exponential", mean=1.0 / float(hazards.sum()))),))
        return Stay(first.days, (hazards / hazards.sum())[:, None] * first.masses, first.mean)
    clocks = [_Clock(way) for way in ways]
    at = np.array(sorted({0.0}.union(*(clock.breaks for clock in clocks))))
    before = np.array([[clock.exposure(day, early=True) for day in at.tolist()] for clock in clocks])
    after = np.array([[clock.exposure(day) for day in at.tolist()] for clock in clocks])
    days, masses = [], []
    for e, clock in enumerate(clocks):
        others = [other for k, other in enumerate(clocks) if k != e]
        jumps = _jumps(before, after, e)
        moments, mass = [at], [jumps]
        for i in range(at.size - 1):
            low = float(after[e, i])
            high = min(float(before[e, i + 1]), low + NOBODY)
            if high <= low or after[:, i].sum() >= ALL_GONE:
                continue
            own = low + (high - low) * NODES
            ends = np.clip([clock.age(each) for each in own.tolist()], at[i], at[i + 1])
            used = own + np.sum([[other.exposure(end) for end in ends.tolist()] for other in others], axis=0)
            moments.append(ends)
            mass.append((high - low) * WEIGHTS * np.exp(-used))
        days.append(np.concatenate(moments))
        masses.append(np.concatenate(mass))
    return _collected(days, masses, float(np.exp(-after[:, -1].sum())), float(at[-1]))


class _Clock:
    """One exit's cumulative hazard over the days of a stay, and back."""

    def __init__(self, way: Way) -> None:
        table = LawTable()
        self._row = table.add(way.law)
        (self._cells,) = table.done()
        self._ratio, self._pace = math.exp(way.shift), way.pace
        self._edges = _edges(way.law)
        grown = (self.age(exposure) for exposure in EXPOSURES)
        self.breaks = {day for day in grown if math.isfinite(day)} | {edge * way.pace for edge in self._edges}

    def exposure(self, day: float, *, early: bool = False) -> float:
        """H by that day, a jump on it included; or just before it."""
        age = day / self._pace
        k = bisect_left(self._edges, age * (1.0 - 1e-12))
        if k < len(self._edges) and self._edges[k] <= age * (1.0 + 1e-12):
            age = self._edges[k]  # scaled there and back, an edge is to be itself again
        if early:
            if age <= 0.0:
                return 0.0
            age = math.nextafter(age, 0.0)
        return self._ratio * arithmetic.exposure_by(self._cells, self._row, age)

    def age(self, exposure: float) -> float:
        """The day on which H reaches an exposure."""
        return self._pace * arithmetic.age_at(self._cells, self._row, exposure / self._ratio)


def _edges(law: Law) -> list[float]:
    """Ages at which a law jumps or bends, ascending."""
    match law:
        case Deterministic():
            return [law.value]
        case Empirical():
            return sorted(set(law.days))
        case Deadline():
            return sorted({law.day, *_edges(law.otherwise)})
    return []


def _jumps(before: Floats, after: Floats, e: int) -> Floats:
    """The mass of exit e on each break: earlier exits of the file must last longer, later ones as long."""
    lasts = np.exp(-after[:e].sum(axis=0) - before[e + 1 :].sum(axis=0))
    return np.asarray((np.exp(-before[e]) - np.exp(-after[e])) * lasts)


def _collected(days: list[Floats], masses: list[Floats], never: float, last: float) -> Stay:
    moments = np.concatenate(days)
    table = np.zeros((len(days), moments.size))
    place = 0
    for e, mass in enumerate(masses):
        table[e, place : place + mass.size] = mass
        place += mass.size
    table *= (1.0 - never) / table.sum() if never < 1.0 else 0.0
    mean = float(np.sum(table.sum(axis=0) * moments))
    # What a heavy tail has beyond the last moment, were it no heavier than 1/t.
    endless = never > 1e-12 or never * last > 1e-9 * mean
    return Stay(moments, table, math.inf if endless else mean)

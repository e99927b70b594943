"""A stay whose law stands still: where it leads and when it ends, as masses on moments.

Every figure of such a stay is an integral over the days on which it ends: shares, the mean, the transform E[exp(-delta T); exit].
In a race the share of exit e is the integral of exp(-sum of H_k) dH_e over its own exposure, cut where any exit's exposure
doubles and where a law jumps or bends, ten Gauss-Legendre points a piece: good to some nine digits for the laws of the format,
and to seven for a lognormal as wide as sigma = 5.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios import lawtable
from sojourn.scenarios.model import Exponential, Gamma, Law, Weibull
from sojourn.sim.clocks import Clock
from sojourn.sim.discounting import discounted_length

Floats = NDArray[np.float64]
NODES, WEIGHTS = np.polynomial.legendre.leggauss(10)
NODES, WEIGHTS = (NODES + 1.0) / 2.0, WEIGHTS / 2.0
EXPOSURES = np.array([*(2.0**k for k in range(-30, 10)), 700.0])  # exp(-700) is about what a float can still hold
ALL_GONE = 745.0
LEAST = 1e-200  # of exposure that counts
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
    clocks = [Clock(way.law, math.exp(way.shift), way.pace) for way in ways]
    at = np.array(sorted({0.0}.union(*(clock.breaks(EXPOSURES) for clock in clocks))))
    before = np.array([clock.exposures(at, early=True) for clock in clocks])
    after = np.array([clock.exposures(at) for clock in clocks])
    days, masses = [], []
    for e, clock in enumerate(clocks):
        low = np.minimum(after[e, :-1], ALL_GONE)
        high = np.minimum(before[e, 1:], low + NOBODY)
        pieces = np.flatnonzero((high - low > LEAST) & (after[:, :-1].sum(axis=0) < ALL_GONE))
        width = (high - low)[pieces, None]
        own = (low[pieces, None] + width * NODES).ravel()
        ends = np.clip(clock.ages(own), np.repeat(at[pieces], NODES.size), np.repeat(at[pieces + 1], NODES.size))
        used = own + sum(other.exposures(ends) for k, other in enumerate(clocks) if k != e)
        days += [np.concatenate([at, ends])]
        masses += [np.concatenate([_jumps(before, after, e), (width * WEIGHTS).ravel() * np.exp(-used)])]
    return _collected(days, masses, float(np.exp(-after[:, -1].sum())), float(at[-1]))


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

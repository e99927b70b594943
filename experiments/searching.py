"""The search for the best mix: a surface through what was tried says where to try next, first widely, then closely.

Every trial has the same customers, so that two mixes differ by what they do and not by luck. The first trials are the
baseline's own mix, the corners (each lever none or all) and points spread over the cube; the next ones go where the
surface expects the largest improvement, times the chance that the limits are kept (Gardner et al. 2014). Then the best
of them, and what the surface holds to be better still, are tried with four times as many replications.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr
from scipy.stats import qmc

from sojourn.experiments.mixes import SPENDING, Evaluator, Mix, Mixer
from sojourn.experiments.surface import Surface, fitted, improvement
from sojourn.sim.estimating import difference, over_replications
from sojourn.sim.journeys import Floats

CORNERS = 4  # levers up to which every corner is tried; beyond, none, all, and each alone
WIDE = 2048  # points among which the next trial is sought
CLOSE = 512  # more of them, about the best so far
NEARBY = (0.2, 0.05, 0.01)  # how far about, as standard deviations
REFIT = 5  # trials after which the surface's lengths are estimated anew
KEPT = 8  # trials that are tried again with more replications
DEEPER = 4  # times as many
LAST = 12  # trials of the close search
NEXT_TO = 0.03  # of a level: as good as none, or all
CERTAIN = 0.5  # chance of keeping the limits that is asked of the answer


class Limit(NamedTuple):
    """A measure (or `spending` beyond the baseline's) that must not be above, or below, a value."""

    measure: str
    value: float
    above: bool  # True: it must be at least the value

    def broken(self, figure: Floats) -> Floats:
        """How far figures are on the wrong side; negative where the limit is kept."""
        return (self.value - figure) if self.above else (figure - self.value)


class Goal(NamedTuple):
    """What is to be as large (sign 1) or as small (-1) as can be, and within which limits."""

    measure: str
    sign: int
    limits: tuple[Limit, ...]


class Trial(NamedTuple):
    """A mix that was tried: the goal's gain over the baseline (sign included), and each limit's excess."""

    mix: Mix
    gain: float
    excess: tuple[float, ...]

    @property
    def allowed(self) -> bool:
        """Whether it keeps the limits, on the customers of the search."""
        return all(one <= 0.0 for one in self.excess)


class Search:
    """The trials so far, and where to go from there."""

    def __init__(
        self,
        mixer: Mixer,
        evaluate: Evaluator,
        goal: Goal,
        *,
        replications: int,
        seed: int,
        news: Callable[[int], None],
    ) -> None:
        self.mixer, self.evaluate, self.goal = mixer, evaluate, goal
        self.replications, self._seed, self._news = replications, seed, news
        self.trials: dict[Mix, Trial] = {}
        self._like: list[Surface] | None = None

    def wide(self, trials: int) -> None:
        """Try so many mixes, at least the design."""
        for point in self.design():
            self._try(self.mixer.mix(point))
        while len(self.trials) < trials:
            anew = len(self.trials) % REFIT == 0
            mix = self._next(self.surfaces(anew=anew), greedy=len(self.trials) % 3 == 0)
            if mix is None:
                return
            self._try(mix)

    def close(self) -> Trial | None:
        """The best mix after a close look with more replications; None where none keeps the limits."""
        ranked = sorted(self.trials.values(), key=lambda one: (not one.allowed, -one.gain, max(one.excess, default=0)))
        before, self.trials = self.trials, {}
        self.replications *= DEEPER
        for one in ranked[:KEPT]:
            self._try(one.mix)
        self._like = None
        for step in range(LAST):
            mix = self._next(self.surfaces(anew=step % REFIT == 0, more=before), greedy=step % 3 < 2, known=before)
            if mix is None:
                break
            self._try(mix)
        for one in sorted(self.trials.values(), key=lambda one: (not one.allowed, -one.gain))[:1]:
            self._try(snapped(one.mix))
        allowed = [one for one in self.trials.values() if one.allowed]
        best = max(allowed, key=lambda one: one.gain, default=None)
        self.trials = {**before, **self.trials}
        return best

    def design(self) -> list[Floats]:
        """The first points: the baseline's own levels, corners, and a spread (scrambled Sobol points)."""
        levers, size = len(self.mixer.levers), self.mixer.size
        if levers <= CORNERS:
            corners = list(itertools.product((0.0, 1.0), repeat=levers))
        else:
            corners = [(0.0,) * levers, (1.0,) * levers]
            corners += [tuple(float(i == k) for i in range(levers)) for k in range(levers)]
        rest = [0.0] * (size - levers)
        spread = qmc.Sobol(size, seed=self._seed).random(2 ** int(np.ceil(np.log2(4 + 3 * size))))
        return [self.mixer.point(self.mixer.own()), *(np.array([*corner, *rest]) for corner in corners), *spread]

    def surfaces(self, *, anew: bool, more: dict[Mix, Trial] | None = None) -> list[Surface]:
        """The surface of the gain and of each limit's excess; a later trial of a mix counts for an earlier one."""
        trials = list({**(more or {}), **self.trials}.values())
        points = np.array([self.mixer.point(one.mix) for one in trials])
        columns = [np.array([one.gain for one in trials])]
        columns += [np.array([one.excess[k] for one in trials]) for k in range(len(self.goal.limits))]
        like = [None] * len(columns) if anew or self._like is None else self._like
        self._like = [fitted(points, column, one) for column, one in zip(columns, like, strict=True)]
        return self._like

    def _try(self, mix: Mix) -> None:
        if mix in self.trials:
            return
        parts, base = self.evaluate(mix, self.replications), self.evaluate(None, self.replications)
        measure = self.goal.measure
        gain = difference([one[measure] for one in base], [one[measure] for one in parts]).value * self.goal.sign
        excess = []
        for limit in self.goal.limits:
            figure = over_replications([one[limit.measure] for one in parts]).value
            if limit.measure == SPENDING:
                figure -= over_replications([one[SPENDING] for one in base]).value
            excess.append(float(limit.broken(np.array(figure))))
        self.trials[mix] = Trial(mix, gain, tuple(excess))
        self._news(1)

    def _next(self, surfaces: Sequence[Surface], *, greedy: bool, known: dict[Mix, Trial] | None = None) -> Mix | None:
        """The mix to try next; None where every point looked at was tried."""
        best = max((one for one in self.trials.values() if one.allowed), key=lambda one: one.gain, default=None)
        points = self._candidates(surfaces, best, len(self.trials) + (len(known) if known else 0))
        mean, error = surfaces[0].at(points)
        chance = kept(surfaces[1:], points)
        if best is None:
            score = chance + 1e-3 * (mean - mean.min()) / (float(np.ptp(mean)) or 1.0)
        elif greedy:
            score = np.where(chance >= CERTAIN, mean, -np.inf)
        else:
            score = improvement(mean, error, best.gain) * chance
        for index in np.argsort(-score, kind="stable"):
            mix = self.mixer.mix(points[index])
            if mix not in self.trials:
                return mix
        return None

    def _candidates(self, surfaces: Sequence[Surface], best: Trial | None, step: int) -> Floats:
        """Points over the cube, about the best, and both drawn back to where the limits are just kept."""
        size = self.mixer.size
        generator = np.random.default_rng([self._seed, 977, step])
        clouds = [qmc.Sobol(size, seed=generator).random(WIDE)]
        if best is not None:
            centre = self.mixer.point(best.mix)
            for spread in NEARBY:
                near = centre + spread * generator.standard_normal((CLOSE, size))
                near = np.where(generator.random(near.shape) < 0.5, centre, near)  # some numbers stay as they are
                clouds.append(np.clip(near, 0.0, 1.0))
        points = np.vstack(clouds)
        if len(surfaces) == 1:
            return points
        return np.vstack([points, drawn_back(surfaces[1:], points, len(self.mixer.levers))])


def snapped(mix: Mix) -> Mix:
    """The mix with levels that are all but 0 or 1 at 0 or 1: a surface flat there says no more."""
    levels = tuple(0.0 if one <= NEXT_TO else 1.0 if one >= 1.0 - NEXT_TO else one for one in mix.levels)
    return Mix(levels, tuple(day if level else 0.0 for level, day in zip(levels, mix.days, strict=True)))


def kept(limits: Sequence[Surface], points: Floats) -> Floats:
    """The chance that all limits are kept at points (m, k), taken one by one; shape (m,)."""
    chance = np.ones(points.shape[0])
    for one in limits:
        mean, error = one.at(points)
        chance *= ndtr(-mean / np.maximum(error, 1e-9 * one.scale))
    return chance


def drawn_back(limits: Sequence[Surface], points: Floats, levers: int) -> Floats:
    """Points that break a limit, with all levels times the largest factor at which limits are kept in the mean."""
    out = points[kept(limits, points) < CERTAIN]
    low, high = np.zeros(out.shape[0]), np.ones(out.shape[0])
    for _ in range(12):
        middle = (low + high) / 2
        tried = out.copy()
        tried[:, :levers] *= middle[:, None]
        inside = kept(limits, tried) >= CERTAIN
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    out = out.copy()
    out[:, :levers] *= low[:, None]
    return out

"""What the numbers of a scenario imply before any run: where satisfaction settles, what frailty does to averages.

Quick on purpose (no numba, no scipy): `validate` prints it.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios.laws import raised
from sojourn.scenarios.model import Law, Lever, Plan, Satisfaction, Scenario, Stage
from sojourn.sim import gammas
from sojourn.sim.clocks import edges, exposures

Floats = NDArray[np.float64]
CUSTOMERS, SETTLING, COUNTED = 4096, 60, 60  # customers and touches behind the long-run mean
NODES = 21  # of the Gauss-Hermite rule over Z
GRID = 300  # points in time of a race
OWN = 401  # points of the log-odds of a beta probability
AGES = 2000  # of a law, between which its survival is read off

_Averages = Mapping[int, Callable[[float], Floats]]


class Settled(NamedTuple):
    """Mean S of customers who live through one touchpoint again and again."""

    stage: str
    start: float  # points, before the first touch
    mean: float  # points, in the long run


class Averaged(NamedTuple):
    """The share of an exit: as stated (Z = 0), and averaged over the population on its first stay."""

    exit: str  # "a -> b"
    race: bool  # a race: the share that leaves this way by the horizon
    stated: float  # at Z = 0, and at a factor of 1 on its hazard and its speed
    average: float
    own: bool = False  # whether some exit of the stage goes at a rate or a speed of each customer's own


def settled(scenario: Scenario, strategy: str) -> tuple[Settled, ...]:
    """Return the long-run mean of S at every touchpoint under a strategy, averaged over the segments.

    Levers stand at their last level, for all whom they could reach; waiting is left out. From 4,096 simulated
    customers with a fixed seed: the error is below .2 points.
    """
    rows = []
    for name in scenario.stages:
        start = mean = touched = 0.0
        for segment, about in scenario.segments.items():
            own = scenario.for_segment(segment)
            stage = own.stages[name]
            if own.satisfaction is None or stage.touchpoint is None:
                continue
            better = _points(own.levers, own.strategies[strategy], name)
            before, after = _long_run(own.satisfaction, stage.touchpoint.performance + better, stage.touchpoint.sd)
            touched += about.share
            start += about.share * before
            mean += about.share * after
        if touched > 0.0:
            rows.append(Settled(name, start / touched, mean / touched))
    return tuple(rows)


def averaged(scenario: Scenario) -> tuple[Averaged, ...]:
    """Return the exits of every stage that frailty touches, in the order of the file."""
    rows: list[Averaged] = []
    for name, stage in scenario.stages.items() if scenario.frailty is not None else ():
        frailty: Any = scenario.frailty
        ways = list(stage.exit_names)
        names = [f"{name} -> {way}" for way in ways]
        loads = np.array([frailty.loads.get(exit, 0.0) for exit in names])
        shapes = np.array([frailty.gamma.get(exit, math.inf) for exit in names])
        speeds = {k: frailty.speed[exit] for k, exit in enumerate(names) if exit in frailty.speed}
        own = bool(np.any(np.isfinite(shapes))) or bool(speeds)
        if not np.any(loads) and not own:
            continue  # a beta alone has the stated probability as its mean
        if stage.kind == "race":
            shares = _race(stage, scenario.about.horizon_days, loads, shapes, speeds)
        else:
            shares = _choice(
                stage, loads, {k: frailty.beta[exit] for k, exit in enumerate(names) if exit in frailty.beta}
            )
        rows += [
            Averaged(f"{name} -> {way}", stage.kind == "race", float(shares[0][k]), float(shares[1][k]), own)
            for k, way in enumerate(ways)
        ]
    return tuple(rows)


def _points(levers: Mapping[str, Lever], plans: Mapping[str, Plan], stage: str) -> float:
    """Points that a strategy's levers add to a touchpoint, at their last level."""
    total = 0.0
    for name, plan in plans.items():
        level = plan.steps[-1].level
        for effect in levers[name].effects:
            if effect.target == ("touchpoint", stage):
                total += effect.range.central * response(levers[name], level)
    return total


def response(lever: Lever, level: float) -> float:
    """Return f(level): linear, or a Hill curve scaled so that f(0) = 0 and f(1) = 1."""
    if lever.response is None or level <= 0.0:
        return level
    half, slope = lever.response.half, lever.response.slope
    return float((1.0 + half**slope) / (1.0 + raised(half / level, slope)))


@lru_cache(maxsize=512)  # most strategies and segments feel alike at a touchpoint, and `validate` is to be quick
def _long_run(mind: Satisfaction, performance: float, sd: float) -> tuple[float, float]:
    """Return mean S before the first touch and after many (rules.touch, many customers at a time)."""
    draws = np.random.default_rng(0)
    own = np.clip(mind.start.mean + mind.start.sd * draws.standard_normal(CUSTOMERS), 0.0, 100.0)
    expected = np.clip(mind.expectation.mean + mind.expectation.sd * draws.standard_normal(CUSTOMERS), 0.0, 100.0)
    now, total = own, 0.0
    for touch in range(SETTLING + COUNTED):
        felt = np.clip(performance + sd * draws.standard_normal(CUSTOMERS), 0.0, 100.0) - expected
        moved = mind.gain * np.where(felt > 0.0, felt, mind.loss_aversion * felt)
        now = np.clip(now + mind.recovery * (own - now) + moved, 0.0, 100.0)
        expected = np.clip(expected + mind.learning * felt, 0.0, 100.0)
        total += float(now.mean()) if touch >= SETTLING else 0.0
    return float(own.mean()), total / COUNTED


def _normal() -> Iterator[tuple[float, float]]:
    """Yield values of Z with their weights, after Z = 0 with weight 0 (Gauss-Hermite, probabilists' form)."""
    yield 0.0, 0.0
    values, weights = np.polynomial.hermite_e.hermegauss(NODES)
    yield from zip(values.tolist(), (weights / math.sqrt(2.0 * math.pi)).tolist(), strict=True)


def _mixed(shares: Any) -> tuple[Floats, Floats]:
    """Return shares at Z = 0 and averaged; `shares(z)` has shape (exits,)."""
    stated, average = np.zeros(0), np.zeros(0)
    for z, weight in _normal():
        found = shares(z)
        if weight == 0.0:
            stated, average = found, np.zeros_like(found)
        average = average + weight * found
    return stated, average


def _choice(stage: Stage, loads: Floats, betas: Mapping[int, float]) -> tuple[Floats, Floats]:
    plain = np.array([way.probability for way in stage.choices.values()])
    stated = plain / plain.sum()
    averages = np.zeros_like(plain)
    for own, weight in _own(plain, betas):

        def shares(z: float, own: Floats = own) -> Floats:
            odds = own * np.exp(loads * z)
            return np.asarray(odds / odds.sum())

        averages += weight * _mixed(shares)[1]
    return stated, averages


def _own(plain: Floats, betas: Mapping[int, float]) -> Iterator[tuple[Floats, float]]:
    """Yield probabilities of customers, with weights: one exit's is beta, the others share what is left (log-odds on a grid)."""
    if not betas:
        yield plain, 1.0
        return
    ((k, strength),) = betas.items()
    a, b = strength * plain[k], strength * (1.0 - plain[k])
    log_odds = np.linspace(-min(30.0 / a, 600.0), min(30.0 / b, 600.0), OWN)
    weights = np.exp(-a * np.logaddexp(0.0, -log_odds) - b * np.logaddexp(0.0, log_odds))
    for odds, weight in zip(np.exp(log_odds - math.log(a / b)), weights / weights.sum(), strict=True):
        own = plain.copy()
        own[k] *= odds
        yield own, float(weight)


def _race(
    stage: Stage, horizon: float, loads: Floats, shapes: Floats, speeds: Mapping[int, float]
) -> tuple[Floats, Floats]:
    """Shares that leave by each exit before the horizon: sums of S_others dF over a grid.

    With a gamma factor G of mean 1 on its hazard, an exit is still open with probability E exp(-H G) = (1 + H / shape)^-shape;
    with a speed V, with probability E S(V t).
    """
    days = horizon * np.linspace(0.0, 1.0, GRID) ** 2  # closer together where stays begin
    exposure = np.array([exposures(law, days) for law in stage.race.values()])
    laws = list(stage.race.values())
    averages = {k: _at_speeds(laws[k], days, shape) for k, shape in speeds.items()}

    def shares(z: float, shapes: Floats = shapes[:, None], averages: _Averages = averages) -> Floats:
        moved = exposure * np.exp(loads * z)[:, None]
        with np.errstate(invalid="ignore"):
            left = np.exp(np.where(np.isfinite(shapes), -shapes * np.log1p(moved / shapes), -moved))
        for k, average in averages.items():
            left[k] = average(math.exp(loads[k] * z))
        leaving = -np.diff(left, axis=1)
        between = np.sqrt(left[:, 1:] * left[:, :-1])
        others = np.array([np.prod(np.delete(between, e, axis=0), axis=0) for e in range(len(exposure))])
        return np.asarray((leaving * others).sum(axis=1))

    return shares(0.0, np.full_like(shapes[:, None], np.inf), {}), _mixed(shares)[1]


def _at_speeds(law: Law, days: Floats, shape: float) -> Callable[[float], Floats]:
    """E S(V t)^ratio on each day for a gamma speed V of mean 1, as a function of a ratio on the hazard.

    That is the probability that the age at which the law ends lies above V t, summed over ages, with the jumps of the law apart.
    """
    fastest = 1.0 + 9.0 / math.sqrt(shape) + 60.0 / shape
    jumps = np.array(edges(law))
    ages = np.geomspace(days[1] * 1e-4, days[-1] * fastest, AGES)
    ages = np.unique(np.concatenate([ages, jumps[jumps > 0.0], np.nextafter(jumps[jumps > 0.0], 0.0)]))
    left = np.exp(-exposures(law, ages))
    middle = np.sqrt(ages * np.concatenate([ages[:1], ages[:-1]]))
    known = np.geomspace(1e-12, fastest, AGES)
    below = -np.expm1(-gammas.exposures(shape, shape * known))
    with np.errstate(divide="ignore"):
        slower = np.interp(middle[:, None] / days, known, below, left=0.0, right=1.0)
        never = np.interp(ages[-1] / days, known, below, right=1.0)

    @cache
    def average(ratio: float) -> Floats:
        still = left**ratio
        ended = -np.diff(np.concatenate([[1.0], still]))
        return np.asarray(ended @ slower + still[-1] * never)

    return average

"""Morris screening: elementary effects along trajectories (Morris 1991; Campolongo, Cariboni and Saltelli 2007)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEVELS = 4  # of the grid; a step is LEVELS / (2 (LEVELS - 1)) of the unit interval
CONFIDENT = 0.90


class Screened(NamedTuple):
    """What moving one number through its interval does, wherever the others are; each of shape (numbers,)."""

    mean: Floats  # mu
    strength: Floats  # mu*: mean of sizes
    strength_error: Floats  # standard error of mu*: trajectories differ, and so do replications
    spread: Floats  # sigma: of effects over trajectories, with simulation noise taken off; effects differ where the others are


def trajectories(numbers: int, count: int, seed: int) -> Floats:
    """Points on the unit cube: each trajectory moves one number at a time, in random order; (count, numbers + 1, numbers)."""
    chance = np.random.Generator(np.random.Philox(seed))
    step = LEVELS / (2.0 * (LEVELS - 1.0))
    starts = np.arange(LEVELS // 2) / (LEVELS - 1.0)  # from which a step up stays inside
    paths = []
    for _ in range(count):
        base = chance.choice(starts, size=numbers)
        up = chance.random(numbers) < 0.5
        point = np.where(up, base, base + step)
        path = [point]
        for k in chance.permutation(numbers):
            point = point.copy()
            point[k] += step if up[k] else -step
            path.append(point)
        paths.append(np.array(path))
    return np.array(paths)


def screened(points: Floats, values: Floats) -> Screened:
    """Screening from points (trajectories, numbers + 1, numbers) and values there (trajectories, numbers + 1, replications).

    Effects are scaled to the whole interval. The spread over trajectories contains simulation noise that the common draws leave;
    it is estimated from how effects differ between replications (two-way analysis of variance) and taken off.
    """
    effects = _effects(points, values)  # (trajectories, numbers, replications)
    count, _, replications = effects.shape
    each = effects.mean(axis=2)
    variance = each.var(axis=0, ddof=1) if count > 1 else np.full(each.shape[1], np.nan)
    if replications > 1 and count > 1:
        rest = effects - each[:, :, None] - effects.mean(axis=0)[None] + effects.mean(axis=(0, 2))[None, :, None]
        noise = (rest**2).sum(axis=(0, 2)) / ((count - 1) * (replications - 1)) / replications
        variance = variance - noise
    sizes = np.abs(each)
    error = sizes.std(axis=0, ddof=1) / np.sqrt(count) if count > 1 else np.full(each.shape[1], np.nan)
    if replications > 1:
        error = np.hypot(error, effects.mean(axis=0).std(axis=1, ddof=1) / np.sqrt(replications))
    return Screened(each.mean(axis=0), sizes.mean(axis=0), error, np.sqrt(np.maximum(variance, 0.0)))


def _effects(points: Floats, values: Floats) -> Floats:
    steps = np.diff(points, axis=1)  # (trajectories, moves, numbers): one number moves at a time
    moved = np.abs(steps).argmax(axis=2)
    width = np.take_along_axis(steps, moved[:, :, None], axis=2)
    gains = np.diff(values, axis=1) / width
    effects = np.empty_like(gains)
    np.put_along_axis(effects, moved[:, :, None], gains, axis=1)
    return effects

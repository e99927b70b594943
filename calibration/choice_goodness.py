"""Whether a choice agrees with the stays of its stage: exits seen against exits expected, by exit and age."""

import math

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.durations import Goodness
from sojourn.calibration.goodness import ENOUGH, LEAST, MOST, chance_of
from sojourn.calibration.maxima import Maximum
from sojourn.calibration.mixtures import Mixture, Parts
from sojourn.calibration.newton import STEP
from sojourn.calibration.spells import Floats, snapped
from sojourn.calibration.stays import Integers

CELLS = 800  # of age, over which the exits that the choice expects are summed


def judge_choice(parts: Parts, mixture: Mixture, found: Maximum) -> Goodness | None:
    """As `goodness.judge`, of all exits together; None where an exit was seen too seldom."""
    theta, covariance, _ = found
    if any(float(part.time_weights.sum()) < ENOUGH for part in parts.ended):
        return None
    edges = _edges(parts)
    there = _there(parts, edges)
    first = _expected(mixture, theta, edges, there)
    bins = [_bins(part.time_weights.sum(), one, used) for part, one, used in zip(
        parts.ended, first, _compared(parts, edges), strict=True)]  # fmt: skip

    def summed(cells: list[Floats]) -> Floats:
        return np.concatenate(
            [np.bincount(place[place >= 0], one[place >= 0]) for one, place in zip(cells, bins, strict=True)]
        )

    counts = [np.histogram(part.times, edges, weights=part.time_weights)[0] for part in parts.ended]
    seen = summed(counts)
    here = summed(first)
    moves = np.eye(theta.size) * STEP
    slopes = np.array(
        [
            summed(_expected(mixture, theta + move, edges, there))
            - summed(_expected(mixture, theta - move, edges, there))
            for move in moves
        ]
    ).T / (2.0 * STEP)
    apart = [
        np.cumsum(np.where(place >= 0, one - law, 0.0)) for place, one, law in zip(bins, counts, first, strict=True)
    ]
    gap = max(float(np.abs(one).max()) / float(count.sum()) for one, count in zip(apart, counts, strict=True))
    return Goodness(chance_of(seen - here, here, slopes, covariance), gap)


def _edges(parts: Parts) -> Floats:
    cuts = [edge for part in parts.ended for pile, _ in part.heaps for edge in (pile.low, pile.high)]
    cuts += [part.resolution for part in parts.ended if part.zeros]
    every = np.concatenate([*(part.times for part in parts.ended), parts.open_times])
    steps = snapped(np.quantile(every, np.linspace(0.0, 1.0, CELLS)), parts.ended[0].grain)
    return np.unique(np.concatenate(([0.0], steps, cuts, [float(every.max()) * 1.01])))


def _compared(parts: Parts, edges: Floats) -> list[NDArray[np.bool_]]:
    """Which cells of each exit are compared: not the one of stays of no length, nor its pile."""
    result = []
    for part in parts.ended:
        used = np.ones(edges.size - 1, dtype=np.bool_)
        if part.zeros:
            used &= edges[:-1] >= part.resolution
        for pile, _ in part.heaps:
            used &= (edges[:-1] < pile.low) | (edges[:-1] >= pile.high)
        result.append(used)
    return result


def _there(parts: Parts, edges: Floats) -> Floats:
    """How many stays were there in each cell, averaged over its days."""
    days = np.concatenate([parts.open_times, *(part.times for part in parts.ended)])
    weights = np.concatenate([parts.open_weights, *(part.time_weights for part in parts.ended)])
    reached = _reached(days, weights, edges) - _reached(parts.late_times, parts.late_weights, edges)
    for part in parts.ended:
        for pile, weight in part.heaps:
            reached += np.minimum(pile.day, edges) * weight
    result: Floats = np.diff(reached) / np.diff(edges)
    return result


def _reached(days: Floats, weights: Floats, edges: Floats) -> Floats:
    """Days that all of them spent below each edge."""
    order = np.argsort(days, kind="stable")
    place = np.searchsorted(days[order], edges, side="right")
    lived = np.append(0.0, np.cumsum((days * weights)[order]))[place]
    gone = np.append(0.0, np.cumsum(weights[order]))[place]
    result: Floats = lived + (weights.sum() - gone) * edges
    return result


def _expected(mixture: Mixture, theta: Floats, edges: Floats, there: Floats) -> list[Floats]:
    """Exits of each kind that the choice expects in each cell, of the stays that were there."""
    logs, own = mixture.split(theta)
    with np.errstate(all="ignore"):
        left = [
            math.exp(log) * np.exp(law.log_survival(at, np.maximum(edges, 1e-12)))
            for log, law, at in zip(logs[: len(own)], mixture.candidates, own, strict=True)
        ]
    stay = math.exp(logs[-1]) if mixture.never else 0.0
    whole = np.maximum(np.sum(left, axis=0) + stay, 1e-300)
    # Within a cell the hazard of an exit is its part of what the whole stage loses there.
    lost = whole[:-1] - whole[1:]
    hazard = np.where(lost > 0.0, np.log(whole[:-1] / whole[1:]) / np.maximum(lost, 1e-300), 0.0)
    return [(one[:-1] - one[1:]) * hazard * there for one in left]


def _bins(exits: float, expected: Floats, used: NDArray[np.bool_]) -> Integers:
    """Which interval each cell belongs to, -1 for none: as many exits expected in each."""
    number = int(np.clip(exits / LEAST, 4, MOST))
    running = np.cumsum(np.where(used, expected, 0.0))
    place = np.minimum(number * (running - 0.5 * expected) / running[-1], number - 1.0).astype(np.int64)
    result: Integers = np.where(used, np.maximum(place, 0), -1)
    return result

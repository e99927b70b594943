"""Whether a fitted law agrees with censored durations: a chi-square of exits seen against exits expected, by age.

Up to each age the law expects so many exits of those who were still there: the sum of their cumulative hazards. With N = seen
less expected in k intervals of age, N' V^- N is chi-square in the limit, where V = D - C I^-1 C' takes off what fitting the
parameters has used up (D: expected exits, C: their derivatives, I: information; Hjort 1990, Akritas 1988). So the test
holds its rate without simulation, whatever the censoring, and for one exit of a race as well as for a whole stay.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from sojourn.calibration.candidates import Candidate
from sojourn.calibration.durations import Goodness
from sojourn.calibration.maxima import Maximum
from sojourn.calibration.newton import STEP
from sojourn.calibration.spells import Floats, Spells, snapped

ENOUGH = 40  # exits from which a law is judged
MOST = 20  # intervals of age
LEAST = 12  # exits in an interval, where there are so few
GRID = 1000  # ages at which edges may lie
RANK = 1e-6  # eigenvalues of the standardised covariance below this are none
WATCHED = 10.0  # stays that must still be watched where the distance is measured


def judge(sample: Spells, candidate: Candidate, found: Maximum) -> Goodness | None:
    """The chance of so bad a fit if the law were true, and its largest distance from Kaplan-Meier; None for few exits."""
    exits = float(sample.time_weights.sum())
    if exits < ENOUGH:
        return None
    theta, covariance, _ = found
    edges, used = intervals(sample, candidate, theta, exits)
    seen = np.bincount(np.searchsorted(edges, sample.times, side="right"), sample.time_weights, edges.size + 1)[used]

    def expected(at: Floats) -> Floats:
        return expected_exits(sample, candidate, at, edges)[used]

    here = expected(theta)
    slopes = np.array(
        [(expected(theta + move) - expected(theta - move)) / (2.0 * STEP) for move in np.eye(theta.size) * STEP]
    ).T
    return Goodness(chance_of(seen - here, here, slopes, covariance), _gap(sample, candidate, theta))


def chance_of(apart: Floats, expected: Floats, slopes: Floats, covariance: Floats) -> float:
    """The upper tail of the chi-square of `apart`, shape (k,); `slopes` (k, p) are derivatives of `expected` (k,)."""
    root = np.sqrt(np.maximum(expected, 1e-12))
    scaled = np.eye(root.size) - (slopes @ covariance @ slopes.T) / np.outer(root, root)
    values, vectors = np.linalg.eigh(scaled)
    kept = values > max(RANK, 1e-3 * float(values.max()))
    along = vectors.T @ (apart / root)
    return float(chdtrc(int(kept.sum()), float(np.sum(along[kept] ** 2 / values[kept]))))


def intervals(sample: Spells, candidate: Candidate, theta: Floats, exits: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Edges of intervals in each of which the law expects about as many exits, and which of them are compared.

    Left out are the one of stays of no length and the pile: their exits entered the fit as one number each.
    """
    number = int(np.clip(exits / LEAST, 4, MOST))
    grid = np.unique(np.quantile(np.concatenate((sample.times, sample.open_times)), np.linspace(0.0, 1.0, GRID)))
    running = np.cumsum(expected_exits(sample, candidate, theta, grid)[:-1])
    places = np.searchsorted(running, running[-1] * np.arange(1, number) / number)
    edges = grid[np.minimum(places, grid.size - 2)] if grid.size > 1 else grid
    edges = 0.5 * (edges + grid[np.minimum(np.searchsorted(grid, edges) + 1, grid.size - 1)])
    edges = snapped(edges, sample.grain)
    cuts = [sample.resolution] if sample.zeros else []
    for pile, _ in sample.heaps:
        cuts += [pile.low, pile.high]
    edges = np.unique(np.concatenate((edges, cuts)))
    middle = np.concatenate(([0.0], edges))
    used = np.ones(edges.size + 1, dtype=np.bool_)
    if sample.zeros:
        used &= middle >= sample.resolution
    for pile, _ in sample.heaps:
        used &= (middle < pile.low) | (middle >= pile.high)
    return edges, used


def expected_exits(sample: Spells, candidate: Candidate, theta: Floats, edges: Floats) -> Floats:
    """Exits that the law expects between edges of age, shape (edges + 1,), of the stays still there."""
    return _expected(*all_stays(sample), candidate, theta, edges)


def all_stays(sample: Spells) -> tuple[Floats, Floats]:
    """Days of all stays and their weights; what a stay was there for before it was watched is taken off."""
    days = [sample.times, sample.open_times, sample.late_times]
    weights = [sample.time_weights, sample.open_weights, -sample.late_weights]
    for pile, weight in sample.heaps:
        days.append(np.array([pile.day]))
        weights.append(np.array([weight]))
    return np.concatenate(days), np.concatenate(weights)


def _expected(days: Floats, weights: Floats, candidate: Candidate, theta: Floats, edges: Floats) -> Floats:
    with np.errstate(all="ignore"):
        at_edges = np.concatenate(([0.0], -candidate.log_survival(theta, edges)))
        own = -candidate.log_survival(theta, days)
    which = np.searchsorted(edges, days, side="right")
    here = np.bincount(which, weights, edges.size + 1)
    within = np.bincount(which, weights * own, edges.size + 1) - here * at_edges
    beyond = here[::-1].cumsum()[::-1] - here
    through = np.append(np.diff(at_edges), 0.0)
    result: Floats = within + beyond * through
    return result


def _gap(sample: Spells, candidate: Candidate, theta: Floats) -> float:
    """The largest distance between the law's survival and Kaplan-Meier's, as far as ten stays were still watched, as a part
    of all who left by then."""
    times, survival, watched = kaplan_meier_of(sample)
    if times.size == 0:
        return 0.0
    enough = watched >= WATCHED
    with np.errstate(all="ignore"):
        law = np.exp(candidate.log_survival(theta, times[enough]))
    before = np.concatenate(([1.0], survival[:-1]))[enough]
    apart = np.minimum(np.abs(survival[enough] - law), np.abs(before - law))
    return float(apart.max(initial=0.0)) / max(float(1.0 - survival[enough].min(initial=1.0)), 1e-12)


def kaplan_meier_of(sample: Spells) -> tuple[Floats, Floats, Floats]:
    """Ages of exits, the survival from each on, and how many stays were there just before; each of shape (m,).

    A stay of no length counts at half the resolution.
    """
    times, weights = sample.times, sample.time_weights
    if sample.zeros:
        times, weights = np.append(0.5 * sample.resolution, times), np.append(sample.zeros, weights)
    for pile, weight in sample.heaps:
        times, weights = np.append(times, pile.day), np.append(weights, weight)
    order = np.argsort(times, kind="stable")
    ages, ends = np.asarray(times[order], dtype=np.float64), np.asarray(weights[order], dtype=np.float64)
    open_order = np.argsort(sample.open_times, kind="stable")
    lost = np.concatenate(([0.0], np.cumsum(sample.open_weights[open_order])))
    gone = np.cumsum(ends) - ends
    whole = float(ends.sum() + lost[-1])
    at_risk = whole - gone - lost[np.searchsorted(sample.open_times[open_order], ages, side="left")]
    if sample.late_times.size:  # not yet watched at that age
        late_order = np.argsort(sample.late_times, kind="stable")
        come = np.concatenate(([0.0], np.cumsum(sample.late_weights[late_order])))
        at_risk -= come[-1] - come[np.searchsorted(sample.late_times[late_order], ages, side="left")]
    left = np.cumprod(np.maximum(1.0 - ends / np.maximum(at_risk, 1e-300), 0.0))
    return ages, np.asarray(left, dtype=np.float64), np.asarray(at_risk, dtype=np.float64)

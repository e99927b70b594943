"""A chance of each customer's own on a grid of its log-odds: what is integrated and drawn where effects leave no closed form.

With q beta (a, b) its log-odds l have the density e^(a l) / (1 + e^l)^(a + b) / B(a, b). A stay whose log-odds effects shift by
c takes the exit with probability 1 / (1 + e^-(l + c)). All of it is smooth, and the trapezoidal rule on l = R sinh(x / R), even
in x, is exact to many digits where a step is no longer than the standard deviation of the narrowest posterior, which for n stays
is 2 / sqrt(a + b + n) or more. The stretching reaches the long tails of small a and b with few nodes.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import expit

from sojourn.calibration.stays import Floats, Integers

STRETCH = 4.0  # R
FARTHEST = 700.0  # log-odds beyond which a chance is 0 or 1
WIDEST = 0.5  # step in x, well within the strip in which the integrand is analytic
NEGLIGIBLE = 40.0  # logs below the top at which a node is left out
FINER = 5.0  # times as fine a grid is drawn from as is integrated on: draws are straight between nodes
BLOCK = 20_000  # stays that are held on a grid at once


class Grid(NamedTuple):
    """Nodes, shape (nodes,): even in `place`, with their log-odds, and the log of what each stands for."""

    place: Floats
    odds: Floats
    width: Floats


def grid_of(means: Floats, strength: float, most: float, reach: tuple[float, float], finer: float = 1.0) -> Grid:
    """A grid for every customer with up to `most` stays whose effects shift log-odds by something within `reach`.

    `means` are those of the beta laws, shape (groups,), and `strength` their a + b.
    """
    step = min(WIDEST, 2.0 / np.sqrt(strength + most)) / finer
    end = STRETCH * np.arcsinh(FARTHEST / STRETCH)
    number = int(end / step)
    place = step * np.arange(-number, number + 1)
    odds = STRETCH * np.sinh(place / STRETCH)
    width = np.log(step * np.cosh(place / STRETCH))
    alone = strength * (np.outer(means, odds) - softplus(odds)) + width
    # The likelihood of a customer lies between those of taking the exit always and never.
    extremes = 0.0, -most * softplus(-(odds + reach[0])), -most * softplus(odds + reach[1])
    kept = np.zeros(odds.size, dtype=np.bool_)
    for extreme in extremes:
        logs = alone + extreme
        kept |= np.any(logs > logs.max(axis=1, keepdims=True) - NEGLIGIBLE, axis=0)
    inside = slice(int(np.argmax(kept)), kept.size - int(np.argmax(kept[::-1])))
    return Grid(place[inside], odds[inside], width[inside])


def log_prior(grid: Grid, means: Floats, strength: float) -> Floats:
    """Log of the beta law's weight on each node, shape (groups, nodes); weights of a group add up to 1."""
    logs = strength * (np.outer(means, grid.odds) - softplus(grid.odds)) + grid.width
    return np.asarray(logs - np.logaddexp.reduce(logs, axis=1)[:, None])


def softplus(odds: Floats) -> Floats:
    """log(1 + e^x), by which a stay with log-odds x does not take the exit; x as far as `FARTHEST`."""
    return np.asarray(-np.log(expit(-np.clip(odds, -FARTHEST, FARTHEST))))


class Passed(NamedTuple):
    """Stays of customers with one beta law, in the order of their customers; columns of shape (stays,)."""

    who: Integers  # 0 to customers - 1
    shift: Floats  # of the log-odds of the exit, by effects
    mine: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"  # whether the exit was taken
    open: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"
    survival: Floats  # of those open, by the exit and by the others: shape (2, stays)


def draw_chances(passed: Passed, customers: int, mean: float, strength: float, rng: np.random.Generator) -> Floats:
    """A draw of each customer's own chance given the stays passed, shape (customers,); stays add as independent given it."""
    done = ~passed.open
    most = float(np.bincount(passed.who[done], minlength=1).max())
    reach = (float(passed.shift.min(initial=0.0)), float(passed.shift.max(initial=0.0)))
    grid = grid_of(np.array([mean]), strength, most, reach, FINER)
    prior = log_prior(grid, np.array([mean]), strength)[0]
    luck = rng.random(customers)
    result = np.empty(customers)
    ends = np.searchsorted(passed.who, np.arange(customers), side="right")
    first = 0
    while first < customers:
        begin = int(ends[first - 1]) if first else 0
        last = max(first + 1, min(int(np.searchsorted(ends, begin + BLOCK, side="right")), first + BLOCK))
        rows = slice(begin, int(ends[last - 1]))
        logs = prior + _seen(passed, rows, first, last, grid)
        result[first:last] = expit(_drawn(logs, grid, luck[first:last]))
        first = last
    return result


def _seen(passed: Passed, rows: slice, first: int, last: int, grid: Grid) -> Floats:
    """The log-likelihood of some customers' stays at each node, shape (customers, nodes)."""
    who, shift, open_ = passed.who[rows] - first, passed.shift[rows], passed.open[rows]
    mine, survival = passed.mine[rows], passed.survival[:, rows]
    odds = grid.odds + shift[:, None]
    each = np.where(mine[:, None], -softplus(-odds), -softplus(odds))
    take = expit(odds[open_])
    still = take * survival[0, open_, None] + (1.0 - take) * survival[1, open_, None]
    each[open_] = np.log(np.maximum(still, 1e-300))
    table = csr_matrix((np.ones(who.size), (who, np.arange(who.size))), shape=(last - first, who.size))
    return np.asarray(table @ each)


def _drawn(logs: Floats, grid: Grid, luck: Floats) -> Floats:
    """Log-odds by the inverse of the distribution function, straight between nodes."""
    density = np.exp(logs - logs.max(axis=1, keepdims=True))
    pieces = np.cumsum(0.5 * (density[:, 1:] + density[:, :-1]), axis=1)
    aim = luck * pieces[:, -1]
    node = np.minimum((pieces < aim[:, None]).sum(axis=1), grid.place.size - 2)
    rows = np.arange(luck.size)
    before = np.where(node > 0, pieces[rows, np.maximum(node - 1, 0)], 0.0)
    part = np.clip((aim - before) / np.maximum(pieces[rows, node] - before, 1e-300), 0.0, 1.0)
    place = grid.place[node] + part * (grid.place[1] - grid.place[0])
    return np.asarray(STRETCH * np.sinh(place / STRETCH))

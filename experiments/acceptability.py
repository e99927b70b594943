"""Which strategy is best as money is weighed against something else, or as the budget grows: on plain arrays.

A cost-effectiveness acceptability curve (van Hout et al. 1994): at each price of one unit of a second measure, the share of the
draws in which each strategy brings most. The strategy with the best mean at each price need not be the one with the largest share
(Fenwick, Claxton and Sculpher 2001), so that it is told beside the curve.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments.information import choose, expected
from sojourn.sim.estimates import LEVEL

Floats = NDArray[np.float64]
STEPS = 41  # prices of a curve
ROUND = (1.0, 2.0, 5.0, 10.0)


class Curve(NamedTuple):
    """Shares of draws in which each strategy is best, along prices or budgets."""

    along: Floats  # shape (steps,)
    chance: Floats  # shape (steps, strategies)
    low: Floats  # of its 90 % interval for so many draws (Wilson's), shape as `chance`
    high: Floats
    best: NDArray[np.int64]  # the strategy with the best mean, shape (steps,)
    changes: tuple[float, ...]  # where another strategy becomes best, in the middle between two steps


def by_price(columns: Floats, money: Floats, second: Floats, prices: Floats) -> Curve:
    """Along prices of a unit of a second measure.

    Args:
        columns: the numbers drawn, shape (draws, numbers).
        money: what strategies bring less the baseline, shape (draws, strategies, lives); more is better.
        second: the same of the second measure; more is better.
        prices: in money, ascending.
    """
    found = [_benefits(columns, money + price * second) for price in prices]
    return _curve(prices, found)


def by_budget(columns: Floats, money: Floats, cost: Floats, budgets: Floats) -> Curve:
    """Along budgets: what a strategy may be expected to cost beyond the baseline, in each draw. Shapes as in `by_price`."""
    benefits, extra = _benefits(columns, money), _benefits(columns, cost)
    return _curve(budgets, [np.where(extra <= budget, benefits, -np.inf) for budget in budgets])


def _benefits(columns: Floats, contrasts: Floats) -> Floats:
    found = np.zeros(contrasts.shape[:2])
    found[:, 1:] = expected(columns, contrasts[:, 1:])
    return found


def _curve(along: Floats, benefits: list[Floats]) -> Curve:
    chances = np.array([_chance(one) for one in benefits])
    best = np.array([int(np.argmax(_means(one))) for one in benefits])
    changed = np.flatnonzero(np.diff(best))
    low, high = _wilson(chances, len(benefits[0]))
    return Curve(along, chances, low, high, best, tuple(float(x) for x in (along[changed] + along[changed + 1]) / 2.0))


def _wilson(share: Floats, count: int) -> tuple[Floats, Floats]:
    """The interval of a share of `count` draws (Wilson 1927)."""
    from scipy.special import ndtri

    square = float(ndtri(0.5 + LEVEL / 2)) ** 2 / count
    middle = (share + square / 2) / (1.0 + square)
    half = np.sqrt(square * (share * (1.0 - share) + square / 4)) / (1.0 + square)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def _chance(benefits: Floats) -> Floats:
    if np.isfinite(benefits).all():
        return choose(benefits).chance
    first = benefits == benefits.max(axis=1, keepdims=True)
    found: Floats = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    return found


def _means(benefits: Floats) -> Floats:
    """Mean benefit of each strategy; a strategy that most draws cannot afford is out."""
    out = np.isinf(benefits).mean(axis=0) > 0.5
    means = np.array([one[np.isfinite(one)].mean() if np.isfinite(one).any() else -np.inf for one in benefits.T])
    found: Floats = np.where(out, -np.inf, means)
    return found


def prices(money: Floats, second: Floats) -> Floats:
    """Prices from 0 to twice the largest at which two strategies' means are level, if there are such, to one round digit.

    `money` and `second` are mean differences from the baseline, shape (strategies,). Where none are level at a price above 0, the
    scale is that of money over the second measure.
    """
    gaps = [(money[a] - money[b], second[b] - second[a]) for a in range(money.size) for b in range(a)]
    level = [m / s for m, s in gaps if s != 0.0 and m / s > 0.0]
    scale = [abs(m / s) for m, s in gaps if s != 0.0 and m != 0.0]
    highest = 2.0 * max(level) if level else max(scale, default=1.0)
    return np.linspace(0.0, rounded_up(highest), STEPS)


def rounded_up(value: float) -> float:
    """The next number that is 1, 2 or 5 times a power of ten."""
    if not value > 0.0 or not np.isfinite(value):
        return 1.0
    size = 10.0 ** np.floor(np.log10(value))
    return float(next(step * size for step in ROUND if step * size >= value * (1.0 - 1e-12)))

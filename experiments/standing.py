"""How strategies stand to one another in one measure, all comparisons counted: over a run, or at one look of several.

Signs against the baseline and of the best against every other share one critical value. The name of the best is wrong only
where the truly best strategy is taken to be worse, so for each strategy that might be the best there is a family of 2k - 3
comparisons: all others against the baseline, and that one above each other. The largest of their critical values holds for all.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from sojourn.experiments.critical import DRAWS, Family, Floats, Looks, alone, boundaries
from sojourn.sim.estimates import LEVEL, Estimate
from sojourn.sim.estimating import Jackknife, student

Pair = Callable[[str, str], Jackknife]  # (a, b) -> the measure under b minus under a
RATE = round(1.0 - LEVEL, 12)  # chance of a false claim in a verdict, unless another is asked for


class Gap(NamedTuple):
    """One strategy against another: the difference, and what can be said of it with all comparisons counted."""

    difference: Jackknife
    critical: float  # NaN where nothing varies

    @property
    def interval(self) -> Estimate:
        """The difference with its simultaneous interval."""
        value, error = self.difference.value, self.difference.error
        if not math.isfinite(value):
            return Estimate(None, None, None)
        if not math.isfinite(error):
            return Estimate(float(value), None, None)
        half = self.critical * error if error > 0.0 else 0.0
        return Estimate(float(value), float(value - half), float(value + half))

    @property
    def sign(self) -> int:
        """+1 above, -1 below, 0 where that cannot be told."""
        _, low, high = self.interval
        return 0 if low is None or high is None else int(low > 0.0) - int(high < 0.0)

    @property
    def same(self) -> bool:
        """Exactly 0 in every replication."""
        return self.difference.value == 0.0 and bool((self.difference.left_out == 0.0).all())


class Standing(NamedTuple):
    """All comparisons of one measure."""

    strategies: tuple[str, ...]  # the baseline first
    pair: Pair
    critical: float  # of all signs
    to_best: Floats  # one-sided, of each strategy as the best against all others; shape (strategies,)
    used: Floats  # critical values by family at all looks up to this one, shape (2 strategies, looks)

    def gap(self, a: str, b: str) -> Gap:
        """B against a."""
        return Gap(self.pair(a, b), self.critical)


def stand(
    strategies: Sequence[str],
    pair: Pair,
    *,
    rate: float = RATE,
    looks: Looks | None = None,
    used: Floats | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> Standing:
    """Compare at least two strategies, the baseline first.

    Args:
        strategies: their names.
        pair: gives the difference of any two of them.
        rate: chance of a false claim among all, where there is one look.
        looks: when the answer is looked at, if more than once.
        used: of the standing at the look before.
        seed: of the simulated critical values.
        draws: how many histories they come from.
    """
    names = tuple(strategies)
    figures = _figures(names, pair)
    count = len(names)
    used = np.empty((2 * count, 0)) if used is None else used
    if figures is None or len(figures) < 2:
        bar = _bonferroni(names, pair, rate if looks is None else _spent(looks, used.shape[1]))
        found = np.full(2 * count, bar)
    elif count == 2 and looks is None:
        found = np.full(4, student(1.0 - rate, len(figures) - 1))
        found[2:] = student(1.0 - 2.0 * rate, len(figures) - 1)
    elif count == 2 and looks is not None:
        found = np.array([alone(looks, used.shape[1], sides=sides) for sides in (2, 2, 1, 1)])
    else:
        looks = looks or Looks((len(figures),), rate)
        away = figures - figures.mean(axis=0)
        covariance = away.T @ away / (len(figures) - 1)
        found = boundaries(covariance, [*_signs(count), *_bests(count)], looks, used, seed, draws)
    if figures is not None and len(figures) > 1:  # where nothing varies, rounding alone gives errors
        found = np.where(np.isnan(found), student(1.0 - rate, len(figures) - 1), found)
    critical = float(found[:count].max())
    return Standing(names, pair, critical, found[count:], np.column_stack([used, found]))


def _figures(names: tuple[str, ...], pair: Pair) -> Floats | None:
    """Each replication's share in the differences to the baseline (jackknife pseudo-values), shape (n, strategies - 1).

    None where the differences are not of the same replications.
    """
    columns = []
    for name in names[1:]:
        difference = pair(names[0], name)
        n = difference.left_out.size
        if not math.isfinite(difference.value) or not np.isfinite(difference.left_out).all():
            return None
        columns.append((n - 1) * (difference.left_out[:1] - difference.left_out))
    if len({column.size for column in columns}) > 1:
        return None
    return np.column_stack(columns)


def _contrast(count: int, a: int, b: int) -> Floats:
    """B minus a, in differences to the baseline."""
    row = np.zeros(count - 1)
    if b:
        row[b - 1] += 1.0
    if a:
        row[a - 1] -= 1.0
    return row


def _signs(count: int) -> list[Family]:
    """For each strategy that might be the best: all against the baseline, and it above the others."""
    against = np.eye(count - 1)
    return [
        Family(against, _rows(count, [(other, best) for other in range(1, count) if best and other != best]))
        for best in range(count)
    ]


def _bests(count: int) -> list[Family]:
    """For each strategy that might be the best: it above all others."""
    nothing = np.empty((0, count - 1))
    return [
        Family(nothing, _rows(count, [(other, best) for other in range(count) if other != best]))
        for best in range(count)
    ]


def _rows(count: int, pairs: Sequence[tuple[int, int]]) -> Floats:
    return np.array([_contrast(count, a, b) for a, b in pairs]).reshape(-1, count - 1)


def _spent(looks: Looks, look: int) -> float:
    """What a look alone may spend, where histories cannot be drawn."""
    return looks.spent[look] - (looks.spent[look - 1] if look else 0.0)


def _bonferroni(names: tuple[str, ...], pair: Pair, rate: float) -> float:
    """The critical value for 2k - 3 comparisons of replications that may differ, each as if it stood alone."""
    sizes = [pair(names[0], name).left_out.size for name in names[1:]]
    fewest = min((size for size in sizes if size > 1), default=0)
    return student(1.0 - rate / (2 * len(names) - 3), fewest - 1) if fewest else math.nan

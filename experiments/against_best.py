"""Each strategy against the best of the others: Hsu's multiple comparisons with the best.

The interval of a strategy covers its figure minus the best figure of the others, all at once with the stated chance. Below 0
throughout: it is not the best. Not below 0: it is the best. The form for differences of unequal errors is that of Edwards and
Hsu (1983), JASA 78, 965; the idea that of Hsu (1981), Annals of Statistics 9, 1026. Paired by replication: each strategy's
critical value is the one-sided one of a multivariate Student's t with the correlations that the differences show.
"""

import math

from sojourn.experiments.standing import Standing
from sojourn.sim.estimates import Estimate

NOTHING = Estimate(None, None, None)


def against_best(standing: Standing, good: int) -> dict[str, Estimate]:
    """By strategy: its figure minus the best of the others, with its interval that ends at 0 or includes it.

    Args:
        standing: of all strategies.
        good: 1 where more is better, -1 where less is; then the best is the lowest, and a difference above 0 falls short.
    """
    names = standing.strategies
    apart: dict[tuple[str, str], tuple[float, float]] = {}  # how far the first is ahead of the second, and its error
    for a in names:
        for b in names:
            if a != b:
                difference = standing.pair(b, a)
                apart[a, b] = good * difference.value, difference.error
    if not all(math.isfinite(x) for pair in apart.values() for x in pair):
        return dict.fromkeys(names, NOTHING)
    bars = {name: 0.0 if math.isnan(bar) else float(bar) for name, bar in zip(names, standing.to_best, strict=True)}
    highs = {a: max(min(apart[a, b][0] + bars[a] * apart[a, b][1] for b in names if b != a), 0.0) for a in names}
    possible = [name for name in names if highs[name] > 0.0]
    found = {}
    for a in names:
        mean = min(apart[a, b][0] for b in names if b != a)
        rivals = [b for b in possible if b != a]
        low = min((min(apart[a, b][0] - bars[b] * apart[a, b][1], 0.0) for b in rivals), default=0.0)
        found[a] = Estimate(mean, low, highs[a]) if good > 0 else Estimate(-mean, -highs[a], -low)
    return {name: Estimate(*(value if value is None else value + 0.0 for value in one)) for name, one in found.items()}

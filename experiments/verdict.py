"""Which strategy wins, in a sentence, or that none can be told apart.

Every strategy is held against the baseline, and the best against every other: for k strategies 2k - 3 comparisons,
each at the error rate over 2k - 3 (Bonferroni). Naming the best after looking costs nothing more: the name is wrong
only where the truly best strategy is taken to be worse than it, and each pair with the truly best one is counted.
Intervals in the sentence are the plain 90 % ones of the table of differences.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sojourn.experiments.wording import Named, Words
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import LEVEL, Estimate
from sojourn.sim.estimating import Jackknife
from sojourn.sim.vocabulary import direction

Pair = Callable[[str, str], Jackknife]  # (a, b) -> the measure under b minus under a


@dataclass(frozen=True)
class Verdict:
    """The answer of a comparison."""

    sentence: str
    """In words and money, the winner first."""
    winner: str | None
    """The strategy that beats every other; None where no strategy surely does."""
    measure: str
    """What was compared."""
    error_rate: float
    """Chance that the sentence claims a difference that is none, or the wrong way round, over all its comparisons."""


class Against(NamedTuple):
    """One strategy against another."""

    name: str
    estimate: Estimate  # difference to the other, 90 %
    sign: int  # +1 above, -1 below, 0 where that cannot be told with all comparisons counted
    same: bool  # exactly 0 in every replication

    @property
    def leaning(self) -> bool:
        """Whether the plain interval spares 0, but not the one with all comparisons counted."""
        _, low, high = self.estimate
        return self.sign == 0 and low is not None and high is not None and low * high > 0.0


def decide(strategies: Sequence[str], pair: Pair, measure: str, scenario: Scenario) -> Verdict:
    """The verdict on at least two strategies, the baseline first; `pair` gives the difference of any two of them."""
    rate = round(1.0 - LEVEL, 12)
    level = 1.0 - rate / (2 * len(strategies) - 3)
    baseline, *others = strategies
    found = [_against(name, pair(baseline, name), level) for name in others]
    winner = _winner(strategies, pair, direction(measure), level)
    return Verdict(_sentence(Words(measure, scenario, baseline), found, winner), winner, measure, rate)


def _against(name: str, difference: Jackknife, level: float) -> Against:
    _, low, high = difference.interval(level)
    sign = 0 if low is None or high is None else int(low > 0.0) - int(high < 0.0)
    same = difference.value == 0.0 and bool((difference.left_out == 0.0).all())
    return Against(name, difference.interval(), sign, same)


def _winner(strategies: Sequence[str], pair: Pair, good: int, level: float) -> str | None:
    """The strategy that beats every other; None where there is none, or where neither more nor less is better."""
    if not good:
        return None
    best = strategies[0]
    for name in strategies[1:]:
        ahead = pair(best, name).value * good
        if math.isfinite(ahead) and ahead > 0.0:
            best = name
    rivals = [name for name in strategies if name != best]
    return best if all(_against(best, pair(name, best), level).sign == good for name in rivals) else None


def _sentence(words: Words, found: Sequence[Against], winner: str | None) -> str:
    """The winner, then others above the baseline, those below it, and those that cannot be told apart from it."""
    good = direction(words.measure)
    same = [one for one in found if one.same]
    rest = [one for one in found if not one.same]
    undefined = [one for one in rest if one.estimate.mean is None]
    single = [one for one in rest if one.estimate.mean is not None and one.estimate.low is None]
    told = [one for one in rest if one.sign]
    better = [one for one in told if not good or one.sign == good]
    better.sort(key=lambda one: (one.name != winner, -abs(one.estimate.mean or 0.0)))
    worse = [one for one in told if one not in better]
    leaning = [one for one in rest if one.leaning]
    level = [one for one in rest if one.estimate.low is not None and not one.sign and not one.leaning]

    clauses = []
    if better:
        clauses.append(words.ahead(_named(better)))
        if good and winner is None:
            clauses.append("which strategy is best cannot be told")
    if worse:
        clauses.append((words.kept if winner == words.baseline else words.behind)(_named(worse)))
    if leaning:
        clauses.append(words.leaning(_named(leaning), len(found)))
    if level:
        clauses.append(words.level(_named(level), figures=not clauses))
    if single:
        clauses.append(words.single(_named(single)))
    if undefined:
        clauses.append(words.undefined([one.name for one in undefined]))
    if same:
        clauses.append(words.same([one.name for one in same]))
    return "; ".join(clauses) + "."


def _named(found: Sequence[Against]) -> Named:
    return [(one.name, one.estimate) for one in found]

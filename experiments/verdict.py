"""Which strategy wins, in a sentence, or that none can be told apart.

Every strategy is held against the baseline, and the best against every other, all at one critical value for which the chance of
a false claim anywhere in the sentence is the error rate (see `standing`). Intervals in the sentence are those of the table of
differences, each 90 % by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sojourn.experiments.against_best import against_best
from sojourn.experiments.critical import DRAWS
from sojourn.experiments.sequential import Stop, best_so_far
from sojourn.experiments.standing import RATE, Pair, Standing, stand
from sojourn.experiments.wording import Named, Words
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import LEVEL, Estimate
from sojourn.sim.vocabulary import direction

__all__ = ["Against", "Pair", "Verdict", "decide", "judge"]


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
    """Chance that the sentence claims a difference that is none, or the wrong way round, over all its comparisons and looks."""
    chosen: str | None
    """The strategy with the best figure; None where neither more nor less is better."""
    simultaneous: Mapping[str, Estimate]
    """By "B - A", A the baseline: intervals that all hold at once, at 1 - `error_rate`."""
    against_best: Mapping[str, Estimate]
    """By strategy: its figure minus the best of the others, at 1 - `error_rate` for all at once (Hsu); empty where neither more
    nor less is better.
    """
    replications: int
    """How many stand behind it."""
    stopped: Stop | None
    """What made an end of a comparison that goes on until it is settled; None for one of fixed size."""

    def document(self) -> dict[str, Any]:
        """The JSON shape of `verdict`."""
        return {
            "sentence": self.sentence,
            "winner": self.winner,
            "measure": self.measure,
            "error_rate": self.error_rate,
            "chosen": self.chosen,
            "simultaneous": {pair: one._asdict() for pair, one in self.simultaneous.items()},
            "against_best": {name: one._asdict() for name, one in self.against_best.items()},
            "replications": self.replications,
            "stopped": self.stopped,
        }


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


def decide(
    strategies: Sequence[str],
    pair: Pair,
    measure: str,
    scenario: Scenario,
    *,
    rate: float = RATE,
    replications: int = 0,
    seed: int = 0,
    draws: int = DRAWS,
) -> Verdict:
    """The verdict on at least two strategies, the baseline first; `pair` gives the difference of any two of them."""
    standing = stand(strategies, pair, rate=rate, seed=seed, draws=draws)
    return judge(standing, measure, scenario, rate=rate, replications=replications)


def judge(
    standing: Standing,
    measure: str,
    scenario: Scenario,
    *,
    rate: float,
    replications: int,
    level: float = LEVEL,
    stopped: Stop | None = None,
    close_enough: float | None = None,
) -> Verdict:
    """The verdict on strategies that were compared.

    Args:
        standing: how they stand to one another.
        measure: what was compared.
        scenario: for units and names.
        rate: chance of a false claim that the standing was made for.
        replications: how many stand behind it.
        level: of Student's interval in the sentence, which is more than 90 % where several looks must be paid for.
        stopped: what made an end.
        close_enough: the difference that does not matter.
    """
    baseline, *others = standing.strategies
    good = direction(measure)
    gaps = {name: standing.gap(baseline, name) for name in others}
    found = [Against(name, gap.difference.interval(level), gap.sign, gap.same) for name, gap in gaps.items()]
    best = best_so_far(standing, good)
    rivals = [name for name in standing.strategies if name != best]
    beaten = {name: best is not None and standing.gap(name, best).sign == good for name in rivals}
    winner = best if best is not None and all(beaten.values()) else None
    words = Words(measure, scenario, baseline)
    alike = [name for name in rivals if best not in (None, baseline, name) and standing.gap(str(best), name).same]
    open_ = [name for name in rivals if not beaten[name] and name not in alike]
    sentence = _sentence(words, found, winner, best, open_, alike, replications)
    if stopped == "close enough" and best is not None and close_enough is not None:
        sentence = f"{sentence[:-1]}; {words.close_enough(best, close_enough)}."
    return Verdict(
        sentence,
        winner,
        measure,
        rate,
        best,
        {f"{name} - {baseline}": gap.interval for name, gap in gaps.items()},
        against_best(standing, good) if good else {},
        replications,
        stopped,
    )


def _sentence(
    words: Words,
    found: Sequence[Against],
    winner: str | None,
    best: str | None,
    open_: Sequence[str],
    alike: Sequence[str],
    replications: int,
) -> str:
    """The winner, then others above the baseline, those below it, and those that cannot be told apart from it.

    `open_` are the strategies that the best may not surely beat, but for those that equal it in every replication, `alike`.
    """
    if words.priceless:
        return words.unstated() + "."
    good = direction(words.measure)
    same = [one for one in found if one.same]
    rest = [one for one in found if not one.same]
    undefined = [one for one in rest if one.estimate.mean is None]
    single = [one for one in rest if one.estimate.mean is not None and one.estimate.low is None]
    told = [one for one in rest if one.sign]
    better = [one for one in told if not good or one.sign == good]
    better.sort(key=lambda one: (one.name != best, -abs(one.estimate.mean or 0.0)))
    worse = [one for one in told if one not in better]
    leaning = [one for one in rest if one.leaning]
    level = [one for one in rest if one.estimate.low is not None and not one.sign and not one.leaning]

    clauses = []
    if better:
        clauses.append(words.ahead(_named(better)))
        if alike:
            clauses.append(words.alike(alike, str(best)))
            level = [one for one in level if one.name not in alike]
        if good and winner is None and (open_ or not alike):
            unsure = [name for name in open_ if name != words.baseline] if best == better[0].name else []
            neither = [one.name for one in level if one.name in unsure]
            level = [one for one in level if one.name not in neither]
            if len(unsure) > len(neither):
                clauses.append(words.rivals([name for name in unsure if name not in neither], better[0].name))
            if neither:
                clauses.append(words.neither(neither, better[0].name))
            clauses.append("which strategy is best cannot be told")
    if worse:
        clauses.append((words.kept if winner == words.baseline else words.behind)(_named(worse)))
    if leaning:
        clauses.append(words.leaning(_named(leaning), len(found)))
    if level:
        clauses.append(words.level(_named(level), figures=not clauses))
    if single:
        clauses.append(words.single(_named(single), replications))
    if undefined:
        clauses.append(words.undefined([one.name for one in undefined]))
    if same:
        clauses.append(words.same([one.name for one in same]))
    return "; ".join(clauses) + "."


def _named(found: Sequence[Against]) -> Named:
    return [(one.name, one.estimate) for one in found]

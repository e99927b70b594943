"""Figures with both parts of what is not known: the numbers of the scenario, and chance.

For `run` and `compare`: every measure of every strategy, and its difference from the baseline, over draws of the numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments.drawing import FEW, Lived, Progress, live
from sojourn.experiments.information import choose, expected
from sojourn.experiments.layers import band, denoised, layers
from sojourn.experiments.parameters import Doubt, amiss, bearing, draw, edited
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.brief import brief, listed
from sojourn.scenarios.companion import Companion
from sojourn.scenarios.faults import Faults, dotted, fault
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plurals import plural
from sojourn.sim.keeping import Keeper
from sojourn.sim.network import check_strategies
from sojourn.sim.vocabulary import direction

Floats = NDArray[np.float64]
Range = tuple[float, float]


class Both(NamedTuple):
    """One figure with both parts of its uncertainty; intervals are 90 %."""

    mean: float
    """Over draws and lives."""
    both: Range
    """Where one life of the market may come out: the numbers and chance."""
    numbers: Range
    """Where the numbers alone may put its expectation."""
    share: float
    """The numbers' share of the variance of one life; the rest is chance."""
    share_range: Range

    def document(self) -> dict[str, Any]:
        """Its JSON shape."""
        return {
            "mean": self.mean,
            "low": self.both[0],
            "high": self.both[1],
            "numbers": {"low": self.numbers[0], "high": self.numbers[1]},
            "variance": {
                "numbers": self.share,
                "chance": 1.0 - self.share,
                "numbers_low": self.share_range[0],
                "numbers_high": self.share_range[1],
            },
        }


@dataclass(frozen=True)
class Uncertainty:
    """What strategies come to over all that the numbers allow."""

    lived: Lived
    doubts: tuple[Doubt, ...]
    """The numbers that were drawn and can matter."""
    kept: tuple[str, ...]
    """Calibrated numbers that were edited by hand since and so were not drawn, by path."""
    undrawn: str
    """Why no calibrated number was drawn though there is a companion; empty where some were, or there is none."""
    strategies: dict[str, dict[str, Both | None]]
    """By strategy and measure; None where a measure is undefined in most lives, or never varies."""
    differences: dict[str, dict[str, Both | None]]
    """The same by "B - A", A the first strategy."""

    def __repr__(self) -> str:
        about, draws = self.lived.draws.base.about.name, plural(self.lived.draws.count, "draw")
        return brief(
            self, about, listed(self.lived.strategies), draws, plural(len(self.doubts), "number") + " in doubt"
        )

    @property
    def baseline(self) -> str:
        """The first strategy."""
        return self.lived.strategies[0]

    def best(self, measure: str) -> dict[str, float]:
        """By strategy, in which share of the draws it is expected to be best; empty where neither more nor less is better."""
        good, contrasts = direction(measure), self.lived.contrasts(measure)
        if not good or not np.all(np.isfinite(contrasts)):
            return {}
        benefits = np.zeros(contrasts.shape[:2])
        benefits[:, 1:] = expected(self.lived.draws.numbers(), contrasts[:, 1:])
        return dict(zip(self.lived.strategies, choose(good * benefits).chance.tolist(), strict=True))

    def clause(self, measure: str, winner: str | None) -> str:
        """What to add to a verdict: in how much of what the numbers allow its winner, or else each strategy, is best."""
        shares = self.best(measure)
        if not shares:
            return ""
        if winner is not None:
            return f"; {winner} is best in {in_words(shares[winner])} of what the numbers allow"
        first, *others = sorted((one for one in shares.items() if one[1]), key=lambda one: -one[1])
        told = [f"{first[0]} is best in {in_words(first[1])} of what the numbers allow"]
        return f"; {', '.join([*told, *(f'{name} in {in_words(share)}' for name, share in others)])}"

    def document(self, measure: str | None = None) -> dict[str, Any]:
        """The JSON shape of `uncertainty`; `best` is about `measure`."""
        found: dict[str, Any] = {
            "draws": self.lived.draws.count,
            "replications": self.lived.replications,
            "numbers": [described(doubt) for doubt in self.doubts],
            "edited": list(self.kept),
            "undrawn": self.undrawn or None,
            "strategies": {name: _document(measures) for name, measures in self.strategies.items()},
        }
        if len(self.lived.strategies) > 1:
            found["differences"] = {pair: _document(measures) for pair, measures in self.differences.items()}
        if measure is not None:
            found["best"] = self.best(measure)
        return found


@checked_arguments
def uncertainty(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    *,
    draws: int = 200,
    replications: int = FEW,
    seed: int = 1,
    customers: int | None = None,
    engine: str = "compiled",
    workers: int | None = None,
    companion: Companion | None = None,
    progress: Progress | None = None,
    kept: Keeper | None = None,
) -> Uncertainty:
    """Draw the numbers in doubt as well as customers.

    Args:
        scenario: what the file says.
        strategies: names, the baseline first; all by default.
        draws: of the numbers.
        replications: lives of each draw.
        seed, customers, engine, workers, progress, kept: as in `drawing.live`.
        companion: joint draws of calibrated numbers (`scenarios.companion.read`).

    Raises:
        Faults: nothing is in doubt, or an option is wrong.
    """
    chosen = check_strategies(scenario, list(strategies or scenario.strategies))
    drawn = draw(scenario, draws, seed, companion)
    matter = bearing(drawn.doubts, scenario, chosen)
    if not matter:
        raise nothing(scenario, companion)
    how: dict[str, Any] = {"seed": seed, "customers": customers, "engine": engine, "workers": workers}
    lived = live(drawn, chosen, replications=replications, progress=progress, kept=kept, **how)
    baseline, *others = chosen
    return Uncertainty(
        lived,
        matter,
        tuple(map(dotted, edited(scenario, companion))),
        amiss(scenario, companion),
        {name: {m: both(one[:, s]) for m, one in lived.figures.items()} for s, name in enumerate(chosen)},
        {
            f"{name} - {baseline}": {m: both(lived.contrasts(m)[:, s]) for m in lived.figures}
            for s, name in enumerate(others, 1)
        },
    )


def both(values: Floats) -> Both | None:
    """A figure of shape (draws, lives) with both parts; draws that have an undefined life are left out, at most half."""
    whole = values[np.isfinite(values).all(axis=1)]
    if len(whole) < max(2, len(values) / 2):
        return None
    found = layers(whole)
    if not np.isfinite(found.share):
        return None
    alone = denoised(whole[:, None, :])[:, 0]
    return Both(
        found.mean,
        band(whole.ravel()),
        band(alone),
        float(found.share),
        (float(found.share_low), float(found.share_high)),
    )


def nothing(scenario: Scenario, companion: Companion | None = None) -> Faults:
    """The fault that no number is in doubt; where a companion tells nothing, why."""
    why = amiss(scenario, companion)
    if why:
        remedy = "calibrate again (or copy the companion of this scenario there): draws then stand beside the file"
        return fault(scenario.about.name, "", f"no number is in doubt: {why}", remedy)
    return fault(
        scenario.about.name,
        "levers",
        "no number is in doubt that can matter to these strategies, so there is nothing to draw",
        "write an effect as { central = 0.85, low = 0.65, high = 1.0 }, or calibrate: draws then stand beside the file",
    )


def described(doubt: Doubt) -> dict[str, Any]:
    """A number in doubt as JSON has it."""
    return {
        "place": dotted(doubt.place),
        "label": doubt.label,
        "central": doubt.central,
        "low": doubt.low,
        "high": doubt.high,
        "origin": doubt.origin,
    }


def _document(measures: dict[str, Both | None]) -> dict[str, Any]:
    return {name: None if one is None else one.document() for name, one in measures.items()}


def in_words(share: float) -> str:
    """A share of the draws in whole per cent; 100 % is no more than "all draws"."""
    if share >= 1.0:
        return "all draws"
    return f"{100 * share:.0f} %" if 0.01 <= share <= 0.99 else "more than 99 %" if share > 0.99 else "less than 1 %"

"""What sensitivity finds: the difference, and what each number does to it, by one of three methods."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sojourn.experiments.breakeven import BreakEven
from sojourn.experiments.decomposition import Luck
from sojourn.experiments.numbers import Number, evidence
from sojourn.experiments.sensitivity_words import sentence
from sojourn.experiments.twin_words import clear
from sojourn.scenarios.brief import brief
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plurals import plural
from sojourn.sim.columns import Columns, columns, spread
from sojourn.sim.estimates import Estimate

Method = Literal["tornado", "morris", "sobol"]


class Swing(NamedTuple):
    """What one number does to the difference, the others as they stand."""

    at_low: Estimate
    """The difference with the number at its low end."""
    at_high: Estimate
    change_low: Estimate
    """The same minus the difference as it stands, paired: beyond noise where the interval leaves out 0."""
    change_high: Estimate
    break_even: BreakEven
    reach: tuple[float, float]
    """Between which values a break-even was looked for."""

    @property
    def width(self) -> float:
        """The larger of what the two ends change, or how far they lie apart."""
        low, high = self.at_low.mean or 0.0, self.at_high.mean or 0.0
        return max(abs(high - low), abs(self.change_low.mean or 0.0), abs(self.change_high.mean or 0.0))

    @property
    def telling(self) -> bool:
        """Whether one of the two ends surely changes the difference."""
        return clear(self.change_low) or clear(self.change_high)

    @property
    def still(self) -> bool:
        """Whether the number moves nothing at all."""
        return all(one.mean == 0.0 and not one.low and not one.high for one in (self.change_low, self.change_high))


class Effect(NamedTuple):
    """Morris screening of one number over its interval, in the unit of the measure."""

    mean: float
    strength: Estimate
    spread: float


class Share(NamedTuple):
    """Sobol indices of one number."""

    first: Estimate
    total: Estimate


@dataclass(frozen=True)
class Sensitivity:
    """How a difference between two strategies depends on numbers of the scenario."""

    scenario: Scenario
    baseline: str
    strategy: str
    measure: str
    method: Method
    luck: Luck
    difference: Estimate
    """The measure under the strategy minus under the baseline, all numbers as they stand."""
    numbers: tuple[Number, ...]
    left_out: int
    """Numbers with an interval that neither strategy can notice: levers that none of the two pulls."""
    swings: tuple[Swing, ...]
    """By number (tornado); else empty."""
    effects: tuple[Effect, ...]
    """By number (morris); else empty."""
    shares: tuple[Share, ...]
    """By number (sobol); else empty."""
    spread: float | None
    """Standard deviation of the difference over what the numbers allow, noise taken off (sobol); else None."""
    noise: float | None
    """Standard error that luck leaves in how one point compares with the next (morris, sobol); else None."""
    absorbing: tuple[str, ...] = ()
    """Shares that are not moved themselves, as they take up what the other shares of their table leave (morris, sobol)."""

    def __repr__(self) -> str:
        lives = plural(self.luck.replications, "replication")
        return brief(self, self.scenario.about.name, f"{self.baseline}, {self.strategy}", lives, answer=self.sentence)

    @property
    def order(self) -> list[int]:
        """Numbers from the one that matters most to the least."""
        weights = {
            "tornado": [one.width for one in self.swings],
            "morris": [one.strength.mean or 0.0 for one in self.effects],
            "sobol": [one.total.mean or 0.0 for one in self.shares],
        }[self.method]
        return sorted(range(len(self.numbers)), key=lambda k: -weights[k])

    @property
    def sentence(self) -> str:
        """The number that matters most, and whether one can turn the answer."""
        return sentence(self)

    def table(self) -> Columns:
        """A row a number, the most telling first: its `path`, `central`, `low` and `high` value, and what the method says of it.

        A tornado says the difference at either end (`at_low`, `at_high`) and the `break_even`; morris `strength` and `effect`;
        sobol the shares of variance `first` and `total`. The ends of their intervals stand beside them (`at_low_low` and so on).
        """
        names: tuple[str, ...]
        told: list[tuple[Any, ...]]
        if self.swings:
            names = (*spread("at_low"), *spread("at_high"), *spread("break_even"))
            told = [(*one.at_low, *one.at_high, *one.break_even[:3]) for one in self.swings]
        elif self.effects:
            names = (*spread("strength"), "effect")
            told = [(*one.strength, one.mean) for one in self.effects]
        else:
            names = (*spread("first"), *spread("total"))
            told = [(*one.first, *one.total) for one in self.shares]
        rows = [(self.numbers[k], told[k]) for k in self.order]
        return columns(
            ("path", "central", "low", "high", *names),
            [(number.path, number.central, number.low, number.high, *more) for number, more in rows],
        )

    def document(self) -> dict[str, Any]:
        """The JSON shape of `sojourn sensitivity --json`."""
        told = []
        for k, number in enumerate(self.numbers):
            about: dict[str, Any] = {
                "path": number.path,
                "label": number.label,
                "central": number.central,
                "low": number.low,
                "high": number.high,
                "origin": number.origin,
                "evidence": evidence(self.scenario, number),
            }
            if self.swings:
                about |= _swing(self.swings[k])
            if self.effects:
                one = self.effects[k]
                about |= {"mean": one.mean, "strength": one.strength._asdict(), "spread": one.spread}
            if self.shares:
                about |= {"first": self.shares[k].first._asdict(), "total": self.shares[k].total._asdict()}
            told.append(about)
        return {
            "scenario": self.scenario.about.name,
            "baseline": self.baseline,
            "strategy": self.strategy,
            "measure": self.measure,
            "method": self.method,
            "sentence": self.sentence,
            "difference": self.difference._asdict(),
            "numbers": [told[k] for k in self.order],
            "left_out": self.left_out,
            "spread": self.spread,
            "simulation_error": self.noise,
            "absorbing": list(self.absorbing),
        }


def _swing(one: Swing) -> dict[str, Any]:
    return {
        "at_low": one.at_low._asdict(),
        "at_high": one.at_high._asdict(),
        "change_low": one.change_low._asdict(),
        "change_high": one.change_high._asdict(),
        "break_even": {**one.break_even._asdict(), "reach": list(one.reach)},
    }

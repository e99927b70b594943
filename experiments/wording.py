"""How a verdict says differences: in the unit of the measure, rounded to what the interval bears, money first."""

import math
from collections.abc import Sequence

from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import SHARE, direction, prefix, unit

Named = Sequence[tuple[str, Estimate]]  # strategies with their difference from the baseline
TOTALS = ("profit", "revenue", "cost")
YEAR = 365.0


class Words:
    """Phrases about differences of one measure from one baseline."""

    def __init__(self, measure: str, scenario: Scenario, baseline: str) -> None:
        self.measure, self.baseline = measure, baseline
        self.unit = unit(measure, scenario)
        self.currency = self.unit if self.unit == scenario.about.currency else ""
        self.less_is_better = direction(measure) < 0
        horizon = scenario.about.horizon_days
        self.over = ""
        if prefix(measure) in TOTALS:
            self.over = " a year" if horizon == YEAR else f" over {horizon:g} days"
        self.what = "" if measure == "profit" else f" in {measure}"

    def ahead(self, better: Named) -> str:
        """`A beats today by ..., B by ...`; where neither more nor less is better, `A differs from today by ...`."""
        verb = "beats" if direction(self.measure) else "differs from"
        return f"{better[0][0]} {verb} {self.baseline} by {self._by(better)}"

    def behind(self, worse: Named) -> str:
        """`A falls short of today by ...`."""
        return f"{worse[0][0]} falls short of {self.baseline} by {self._by(worse)}"

    def kept(self, worse: Named) -> str:
        """`today beats A by ..., B by ...`: the baseline wins."""
        turned = [(name, _negated(difference)) for name, difference in worse]
        first = f"{self.baseline} beats {turned[0][0]} by {self._amount(turned[0][1])}"
        return ", ".join([first, *(f"{name} by {self._amount(difference)}" for name, difference in turned[1:])])

    def leaning(self, open_ones: Named, comparisons: int) -> str:
        """Differences whose own interval spares 0, but not once all comparisons are counted."""
        each = [f"{name} ({self._amount(difference, sign=True)})" for name, difference in open_ones]
        doubt = f"but not surely, with {comparisons} strategies held against it"
        return f"{_joined(each)} may differ from {self.baseline}, {doubt}"

    def level(self, equals: Named, *, figures: bool) -> str:
        """`A is not distinguishable from today`, with the difference where `figures` is asked for."""
        each = [f"{name} ({self._amount(difference, sign=True)})" if figures else name for name, difference in equals]
        verb = "is" if len(each) == 1 else "are"
        return f"{_joined(each)} {verb} not distinguishable from {self.baseline}{self.what if not figures else ''}"

    def same(self, names: Sequence[str]) -> str:
        """`A makes no difference to today`."""
        return f"{_joined(names)} {'makes' if len(names) == 1 else 'make'} no difference to {self.baseline}{self.what}"

    def undefined(self, names: Sequence[str]) -> str:
        """There is nothing to compare."""
        return f"{self.measure} is undefined under {self.baseline} or {_joined(names, 'or')}: nothing to compare"

    def single(self, differences: Named) -> str:
        """Differences without intervals: one replication of customers who touch one another, or too few customers."""
        each = [f"{name} {self._amount(difference, sign=True)}" for name, difference in differences]
        return f"one run cannot tell whether {_joined(each)} from {self.baseline} is chance: use more replications"

    def _by(self, found: Named) -> str:
        amounts = [self._amount(_upright(difference)) for _, difference in found]
        return ", ".join([amounts[0], *(f"{found[k][0]} by {amounts[k]}" for k in range(1, len(found)))])

    def _amount(self, difference: Estimate, *, sign: bool = False) -> str:
        """`USD 41,000 a year (90 %: 28,000 to 55,000)`."""
        scale = 100.0 if self.unit == SHARE else 1.0
        values = [value * scale for value in difference if value is not None]
        if not values:
            return "an unknown amount"
        mean, *bounds = _rounded(values)
        after = {SHARE: " percentage points"}.get(
            self.unit, "" if self.currency or self.unit == "ratio" else f" {self.unit}"
        )
        before = f"{self.currency} " if self.currency else ""
        shown = f"{before}{'+' if sign and values[0] > 0 else ''}{mean}{after}{self.over}{self.what}"
        notes = [f"90 %: {bounds[0]} to {bounds[1]}"] if bounds else []
        if self.less_is_better:
            notes.append("less is better")
        return f"{shown} ({'; '.join(notes)})" if notes else shown


def _rounded(values: Sequence[float]) -> list[str]:
    """A figure and its bounds to two digits of the half-width; without bounds, three digits of the figure itself."""
    half = (values[2] - values[1]) / 2 if len(values) == 3 else 0.0
    size, digits = (half, 2) if half > 0.0 else (max(abs(value) for value in values), 3)
    place = digits - 1 - math.floor(math.log10(size)) if size > 0.0 and math.isfinite(size) else 0
    return [f"{round(value, place) + 0.0:,.{max(place, 0)}f}" for value in values]


def _negated(difference: Estimate) -> Estimate:
    mean, low, high = (None if value is None else -value for value in difference)
    return Estimate(mean, high, low)


def _upright(difference: Estimate) -> Estimate:
    """The size of a difference, with its interval turned round where it is negative."""
    return _negated(difference) if (difference.mean or 0.0) < 0.0 else difference


def _joined(names: Sequence[str], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"

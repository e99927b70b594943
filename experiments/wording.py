"""How a verdict says differences: in the unit of the measure, rounded to what the interval bears, money first."""

import math
from collections.abc import Sequence

from sojourn.experiments.seen import CHARGED
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.money import only_spent, stated
from sojourn.sim.vocabulary import SHARE, direction, prefix, unit

Named = Sequence[tuple[str, Estimate]]  # strategies with their difference from the baseline
TOTALS = ("profit", "revenue", "cost")
YEAR = 365.0
DIGITS = 5  # of a figure with decimals, at most
ROUNDING = 1e-12  # of a figure, that the rounding of sums may come to
EARNED = frozenset({"profit", "roi", "clv"})  # what needs something that brings money


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
            self.over = " a year" if horizon == YEAR else f" over {horizon:,g} days"
        bought = any(stage.role == "purchase" for stage in scenario.stages.values())
        self.other = "conversion" if bought else f"reach.{list(scenario.stages)[-1]}"
        money = prefix(measure) in CHARGED | {"revenue"}
        self.lost = prefix(measure) in EARNED and only_spent(scenario)
        """Whether nothing brings money and only levers cost any."""
        self.priceless = self.lost or (money and not stated(scenario))
        """Whether strategies cannot be told apart by what they bring."""
        self.what = "" if measure == "profit" else f" in {measure}"

    def ahead(self, better: Named) -> str:
        """`A beats today by ..., B by ...`; where neither more nor less is better, `A differs from today by ...`."""
        if direction(self.measure):
            return f"{better[0][0]} beats {self.baseline} by {self._each(better)}"
        return f"{better[0][0]} differs from {self.baseline} by {self._each(better, sign=True)}"

    def behind(self, worse: Named) -> str:
        """`A falls short of today by ..., B by ...`."""
        return f"{worse[0][0]} falls short of {self.baseline} by {self._each(worse)}"

    def kept(self, worse: Named) -> str:
        """`today beats A by ..., B by ...`: the baseline wins."""
        return f"{self.baseline} beats {worse[0][0]} by {self._each(worse)}"

    def leaning(self, unsure: Named, comparisons: int) -> str:
        """Differences whose own interval spares 0, but not once all comparisons are counted."""
        first = f"{unsure[0][0]} may differ from {self.baseline} by {self._each(unsure, sign=True)}"
        return f"{first}, but not surely: {comparisons} strategies are held against it"

    def level(self, equals: Named, *, figures: bool) -> str:
        """`A is not distinguishable from today`, with the differences where `figures` is asked for."""
        names = _joined([name for name, _ in equals])
        said = f"{names} {'is' if len(equals) == 1 else 'are'} not distinguishable from {self.baseline}"
        if not figures:
            return f"{said}{self.what}"
        amounts = self._each(equals, sign=True, link=" ")
        return f"{said}: {equals[0][0]} {amounts}" if len(equals) > 1 else f"{said}: {amounts}"

    def rivals(self, names: Sequence[str], best: str) -> str:
        """`A is not distinguishable from the best, B`."""
        return f"{_joined(names)} {'is' if len(names) == 1 else 'are'} not distinguishable from {best}{self.what}"

    def alike(self, names: Sequence[str], best: str) -> str:
        """`A does exactly the same as the best, B`."""
        return f"{_joined(names)} {'does' if len(names) == 1 else 'do'} exactly the same as {best}{self.what}"

    def neither(self, names: Sequence[str], best: str) -> str:
        """`A is distinguishable neither from the best, B, nor from today`."""
        verb = "is" if len(names) == 1 else "are"
        return f"{_joined(names)} {verb} distinguishable neither from {best} nor from {self.baseline}{self.what}"

    def close_enough(self, best: str, amount: float) -> str:
        """`B is the best, or at most USD 500 a year behind it`."""
        size = self._amount(Estimate(amount, None, None)).replace(" (less is better)", "")
        return f"{best} is the best, or at most {size} behind it"

    def same(self, names: Sequence[str]) -> str:
        """`A makes no difference to today`."""
        return f"{_joined(names)} {'makes' if len(names) == 1 else 'make'} no difference to {self.baseline}{self.what}"

    def undefined(self, names: Sequence[str]) -> str:
        """There is nothing to compare."""
        return f"{self.measure} is undefined under {self.baseline} or {_joined(names, 'or')}: nothing to compare"

    def unstated(self) -> str:
        """No money is stated, or only what levers cost, so that profit says nothing."""
        return f"{self.missing}: ask for another measure, as by --measure {self.other}"

    @property
    def missing(self) -> str:
        """Why money says nothing."""
        if self.lost:
            return f"{self.measure} tells nothing, for the scenario states no revenue, so that every lever can only lose money"
        return f"{self.measure} is not measured, for the scenario states no money"

    def single(self, differences: Named, replications: int = 1) -> str:
        """Differences without intervals: one replication of customers who touch one another, or too few lives that differ."""
        names = _joined([name for name, _ in differences])
        amounts = self._each(differences, sign=True, link=" ")
        shown = f"{differences[0][0]} {amounts}" if len(differences) > 1 else amounts
        verb = "differs" if len(differences) == 1 else "differ"
        said = f"cannot show that {names} {verb} from {self.baseline}"
        if replications < 2:
            return f"one replication {said} ({shown}): use more replications"
        return f"{replications} replications {said}: in too few of them did a life change; use more"

    def _each(self, found: Named, *, sign: bool = False, link: str = " by ") -> str:
        """The amount of the first, then `, B by ...` for the others; sizes only, unless `sign` is asked for."""
        amounts = [self._amount(one if sign else _upright(one), sign=sign) for _, one in found]
        return ", ".join([amounts[0], *(f"{found[k][0]}{link}{amounts[k]}" for k in range(1, len(found)))])

    def _amount(self, difference: Estimate, *, sign: bool = False) -> str:
        """`USD 41,000 a year (90 %: 28,000 to 55,000)`."""
        scale = 100.0 if self.unit == SHARE else 1.0
        values = [value * scale for value in difference if value is not None]
        if not values:
            return "an unknown amount"
        mean, *bounds = _rounded(values)
        bare = self.currency or self.unit == "ratio"
        after = " percentage points" if self.unit == SHARE else "" if bare else f" {self.unit}"
        before = f"{self.currency} " if self.currency else ""
        shown = f"{before}{'+' if sign and values[0] > 0 else ''}{mean}{after}{self.over}{self.what}"
        notes = [f"90 %: {bounds[0]} to {bounds[1]}"] if bounds else []
        if self.less_is_better:
            notes.append("less is better")
        return f"{shown} ({'; '.join(notes)})" if notes else shown


def _rounded(values: Sequence[float]) -> list[str]:
    """A figure and its bounds to two digits of the half-width; without bounds, three digits of the figure itself.

    The rule of the tables (`plots.words.decimals`, a floor above): no decimals beyond the fifth digit, one or two digits more
    where a bound would else read as 0, which the interval leaves out. Bounds that lie no farther apart than the rounding of sums,
    or that read alike, are left out; a figure without any spread has as many digits as it needs, five at most.
    """
    most = max(abs(value) for value in values)
    finest = DIGITS - 1 - math.floor(math.log10(most)) if most > 0.0 and math.isfinite(most) else 0
    half = (values[2] - values[1]) / 2 if len(values) == 3 else 0.0
    if half <= ROUNDING * most:
        few = finest - DIGITS + 3
        known = range(few, finest + 1) if len(values) == 3 else range(few, few + 1)
        place = next((k for k in known if round(values[0], k) == round(values[0], finest)), known[-1])
        return [_written(values[0], place)]
    place = 1 - math.floor(math.log10(half)) if math.isfinite(half) else 0
    if place > 0 and most >= 1.0:
        place = min(place, max(finest, 0))
    if values[1] * values[2] > 0.0:
        place = next((k for k in range(place, place + 3) if all(round(bound, k) for bound in values[1:])), place)
    mean, low, high = (_written(value, place) for value in values)
    return [mean] if low == high else [mean, low, high]


def _written(value: float, place: int) -> str:
    return f"{round(value, place) + 0.0:,.{max(place, 0)}f}"


def _negated(difference: Estimate) -> Estimate:
    mean, low, high = (None if value is None else -value for value in difference)
    return Estimate(mean, high, low)


def _upright(difference: Estimate) -> Estimate:
    """The size of a difference, with its interval turned round where it is negative."""
    return _negated(difference) if (difference.mean or 0.0) < 0.0 else difference


def _joined(names: Sequence[str], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"

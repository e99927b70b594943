"""What `sensitivity` tells, on the screen and on its page: numbers in order of what they do, break-evens, how far to trust it."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from sojourn.experiments.numbers import complements, evidence
from sojourn.experiments.sensitivity_found import Sensitivity
from sojourn.experiments.sensitivity_words import band, figure, pays
from sojourn.plots.words import SHARE, minus, number
from sojourn.scenarios.plurals import plural, verb
from sojourn.sheets import Cell, Money, Sheet, print_sheet
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import direction, title, unit
from sojourn.terminal import plain
from sojourn.trust import FEW


def print_sensitivity(found: Sensitivity, out: Console, *, warnings: Sequence[str] = ()) -> None:
    """Print the numbers, the most telling first."""
    _line(out, minus(found.sentence), "bold")
    print_sheet(out, table(found))
    lines = list(evens(found))
    if lines:
        out.print()
        _line(out, "Break-even", "bold")
        for line in lines:
            _line(out, f"- {minus(line)}")
    out.print()
    _line(out, "How far to trust this", "bold")
    for line in (*trust(found), *warnings):
        _line(out, f"- {line}")


def table(found: Sensitivity) -> Sheet:
    """A row a number, in order of what they do."""
    if found.swings:
        return _swings(found)
    return _effects(found) if found.effects else _shares(found)


def what(found: Sensitivity) -> str:
    """The measure with its unit, in words."""
    counted, named = unit(found.measure, found.scenario), title(found.measure)
    told = "percentage points" if counted == SHARE else counted
    return named if not told or told.lower() in named.lower() else f"{named} ({told})"


def scaled(found: Sensitivity, estimate: Estimate) -> Estimate:
    """An estimate in the unit that people read: shares in per cent."""
    if unit(found.measure, found.scenario) != SHARE:
        return estimate
    return Estimate(*(None if one is None else 100.0 * one for one in estimate))


def _money(found: Sensitivity, estimate: Estimate) -> Money:
    money = unit(found.measure, found.scenario) == found.scenario.about.currency
    return Money(scaled(found, estimate), direction(found.measure), 2 if money else 6)


def _swings(found: Sensitivity) -> Sheet:
    rows: list[tuple[Cell, ...]] = []
    for k in found.order:
        one, moved = found.numbers[k], found.swings[k]
        even = moved.break_even
        at = "" if even.value is None or not moved.telling else f"{figure(even.value)}{band(even)}"
        ends = minus(f"{figure(one.low)} to {figure(one.high)}")
        changes = (_money(found, moved.change_low), _money(found, moved.change_high))
        rows.append((_named(found, k), minus(figure(one.central)), ends, *changes, minus(at)))
    heads = ("number", "stands at", "moved from, to", "at low: change", "at high: change", "break-even")
    caption = f"What changes in the difference; 90 % intervals; grey: no more than chance. Measure: {what(found)}."
    return Sheet(heads, tuple(rows), caption)


def _named(found: Sensitivity, k: int) -> str:
    """A number with how well it is founded, where the file says so."""
    one = found.numbers[k]
    grade = evidence(found.scenario, one)
    return one.label if grade is None else f"{one.label}: {grade}"


def _effects(found: Sensitivity) -> Sheet:
    rows: list[tuple[Cell, ...]] = []
    for k in found.order:
        one, effect = found.numbers[k], found.effects[k]
        ends = minus(f"{figure(one.low)} to {figure(one.high)}")
        mean, spread = (scaled(found, Estimate(value, None, None)) for value in (effect.mean, effect.spread))
        rows.append((_named(found, k), ends, scaled(found, effect.strength), mean, spread))
    heads = ("number", "moved between", "mu* (mean size)", "mu (mean)", "sigma")
    return Sheet(heads, tuple(rows), f"What going through the interval does to the difference. Measure: {what(found)}.")


def _shares(found: Sensitivity) -> Sheet:
    rows: list[tuple[Cell, ...]] = []
    for k in found.order:
        one, share = found.numbers[k], found.shares[k]
        ends = minus(f"{figure(one.low)} to {figure(one.high)}")
        told = [Estimate(*(None if v is None else 100.0 * v for v in index)) for index in (share.first, share.total)]
        rows.append((_named(found, k), ends, *told))
    heads = ("number", "moved between", "alone, %", "with others, %")
    return Sheet(heads, tuple(rows), "Shares of the variance that the numbers make in the difference; 90 % intervals.")


def evens(found: Sensitivity) -> Iterator[str]:
    """For each number, what it must be for the strategy to be ahead."""
    for k in found.order if found.swings else ():
        if not found.swings[k].still:
            yield f"{pays(found, found.numbers[k], found.swings[k])}."


def trust(found: Sensitivity) -> Iterator[str]:
    """What the figures can bear."""
    few = "; so few that intervals are rough" if found.luck.replications < FEW else ""
    yield (
        f"{plural(found.luck.replications, 'replication')}, the same customers and draws at every value{few}; differences are"
        f" {found.strategy} minus {found.baseline}."
    )
    if found.method == "tornado":
        yield "One number moves at a time, the others as they stand: what two do together is not seen here."
        if any(one.break_even.crossings > 1 for one in found.swings):
            yield "A difference that crosses zero more than once is told by the crossing nearest to the number as it stands."
        for one, other in complements(found.scenario, found.numbers):
            yield (
                f"{one.label} and {other.label} are one number, p and 1 - p: each line moves both, between ends of its own."
            )
    if found.method == "morris":
        yield "mu* ranks; sigma is large where a number's effect hangs on others or is no straight line; luck is taken off it."
    if found.method == "sobol":
        spread = scaled(found, Estimate(found.spread, None, None)).mean
        yield (
            f"The numbers, each drawn from its interval by itself, make a standard deviation of {number(spread or 0.0)} in the"
            " difference; luck is taken off. 'Alone' and 'with others' differ where numbers work together."
        )
    if found.noise is not None:
        noise = scaled(found, Estimate(found.noise, None, None)).mean
        yield f"Luck leaves a standard error of {number(noise or 0.0)} in how one value compares with the next."
    if any(one.origin == "calibrated" for one in found.numbers):
        yield "Calibrated numbers are moved one by one here; those that were estimated together may well move together."
    shifted = sum(one.origin == "shifted" for one in found.numbers)
    if shifted:
        which = "All numbers" if shifted == len(found.numbers) else f"{shifted} of {len(found.numbers)} numbers"
        are = verb(1 if which[0] == "1" and shifted == 1 else 2, "is", "are")
        yield f"{which} {are} in no doubt and {are} moved by 20 % each way, which is no statement about what they may be."
    if found.absorbing:
        yield f"Shares that take up what others leave, and are not moved themselves: {', '.join(found.absorbing)}."
    if found.left_out:
        more = plural(found.left_out, "more number")
        yield f"{more} with an interval {verb(found.left_out, 'belongs', 'belong')} to levers that neither strategy pulls."


def _line(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)

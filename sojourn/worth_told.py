"""What `worth` prints: the answer, the strategies, the numbers in doubt, the test, and how far to trust it."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from sojourn.experiments.parameters import Doubt
from sojourn.experiments.worth import Learned, Worth
from sojourn.experiments.worth_words import short, trial_in_words
from sojourn.grids import Grid
from sojourn.plots.words import SHARE, clear, exact, interval, minus, zero
from sojourn.scenarios.plurals import plural
from sojourn.sim.vocabulary import unit
from sojourn.terminal import plain
from sojourn.trust import assumptions, stand_ins

SHOWN = 10  # numbers in doubt
FEW = 100  # draws, below which shares are rough


def print_worth(found: Worth, out: Console, *, warnings: Sequence[str] = ()) -> None:
    """Print what deciding now risks, and what knowing more is worth."""
    _line(out, minus(found.sentence), "bold")
    for line in turns(found):
        _line(out, line)
    out.print()
    out.print(_strategies(found))
    out.print()
    out.print(_numbers(found))
    more = len(found.learned) - SHOWN
    if more > 0:
        _line(out, f"{more} more {'number' if more == 1 else 'numbers'} in doubt, worth no more than these.", "dim")
    if found.testing is not None:
        out.print()
        for line in trial_in_words(found.testing):
            _line(out, line)
        out.print(_sizes(found))
    out.print()
    _line(out, "How far to trust this", "bold")
    for line in (*trust(found), *warnings):
        _line(out, f"- {line}")


def turns(found: Worth) -> Iterator[str]:
    """From which price or budget on another strategy is best on average."""
    currency = found.scenario.about.currency
    for curve, what in (
        (found.price, f"for one unit of {found.asked.second}"),
        (found.budget, f"of budget beyond {found.strategies[0]}"),
    ):
        if curve is None:
            continue
        if not curve.changes:
            most = short(float(curve.along[-1]))
            yield f"From {currency} 0 to {most} {what}, {found.strategies[curve.best[0]]} stays best on average."
            continue
        names = [found.strategies[k] for n, k in enumerate(curve.best) if n == 0 or k != curve.best[n - 1]]
        steps = [f"{name} from {currency} {short(at)} on" for name, at in zip(names[1:], curve.changes, strict=True)]
        yield f"Best on average at {currency} 0 {what}: {names[0]}; {', '.join(steps)}."


def trust(found: Worth) -> Iterator[str]:
    """How far the answer can be trusted, a sentence each."""
    draws, lives = found.lived.draws.count, found.lived.replications
    rough = "; so few that shares are rough, 200 is a good number" if draws < FEW else ""
    yield (
        f"{plural(draws, 'draw')} of the numbers, {plural(lives, 'life', 'lives')} of the market each, the same customers under"
        f" every strategy; intervals are 90 %{rough}."
    )
    grades = {"declared": 0, "calibrated": 0}
    for one in found.learned:
        for doubt in one.question.doubts:
            grades[doubt.origin] += 1
    told = [f"{count} {origin}" for origin, count in grades.items() if count]
    yield f"Drawn: {' and '.join(told)} {'number' if sum(grades.values()) == 1 else 'numbers'}; all others stand as in the file."
    if found.undrawn:
        yield f"No calibrated number is drawn: {found.undrawn}."
    elif found.kept:
        yield f"Edited by hand since calibration, and so not drawn: {', '.join(found.kept)}."
    yield from assumptions(found.scenario, found.strategies, drawn=True)
    unlike = stand_ins(found.scenario, found.asked.customers, found.strategies)
    if unlike is not None:
        yield unlike
    yield "Worth is what better choices would bring on average, before the price of measuring; chance cannot be measured away."


def _strategies(found: Worth) -> Grid:
    money = unit(found.asked.measure, found.scenario)
    table = Grid(
        "strategy", f"{found.asked.measure} beyond {found.strategies[0]}, {money}", "best in", f"regret, {money}"
    )
    for k, name in enumerate(found.strategies):
        mean = found.means[k]
        told = "" if k == 0 else interval(mean, money, sign=True)
        style = "" if clear(mean) or zero(mean) else "dim"
        shown = told if style == "" else f"({told})"
        chance, regret = (interval(one, what) for one, what in ((found.chances[k], SHARE), (found.regrets[k], money)))
        table.add_row(plain(name), Text(shown, style), chance, regret, style="bold" if name == found.best else "")
    return table


def _numbers(found: Worth) -> Grid:
    money = unit(found.asked.measure, found.scenario)
    table = Grid("number in doubt", "as drawn", f"worth of knowing it, {money}", "chance alone")
    for one in found.learned[:SHOWN]:
        style = "" if one.partial.found else "dim"
        worth = interval(one.estimate, money)
        cells = (plain(one.question.label), drawn_as(one), worth if one.partial.found else f"({worth})")
        table.add_row(*(Text(cell, style) for cell in cells), Text(short(one.partial.null), style))
    return table


def drawn_as(one: Learned) -> str:
    """`0.85 [0.65 to 1]`, or how many numbers are measured together."""
    doubts = one.question.doubts
    return f"{len(doubts)} numbers" if len(doubts) > 1 else _interval(doubts[0])


def _interval(doubt: Doubt) -> str:
    if isinstance(doubt.central, tuple) or isinstance(doubt.low, tuple) or isinstance(doubt.high, tuple):
        return "a law"
    central, low, high = (exact(float(f"{one:.4g}")) for one in (doubt.central, doubt.low, doubt.high))
    return f"{central} [{low} to {high}]"


def _sizes(found: Worth) -> Grid:
    assert found.testing is not None
    money = unit(found.asked.measure, found.scenario)
    table = Grid(f"{found.testing.trial.units} in each arm", f"worth of the test, {money}")
    for n, value in found.testing.values:
        table.add_row(f"{n:,}", short(value))
    return table


def _line(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)

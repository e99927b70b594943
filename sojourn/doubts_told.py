"""What `run` and `compare` print about both parts of what is not known: the numbers, and chance."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from sojourn import tables
from sojourn.plots.words import SHARE, interval, pair
from sojourn.scenarios.plurals import plural
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import title, unit
from sojourn.tables import Cell
from sojourn.terminal import plain

if TYPE_CHECKING:
    from sojourn.experiments.doubted import Both, Uncertainty

NAMED = 4  # numbers that a line names
ROWS = 4  # measures of a comparison beside that of the verdict


def print_doubts(found: "Uncertainty", out: Console, names: list[str]) -> None:
    """Print levels (one strategy) or differences of some measures with both parts, a column a strategy."""
    _line(out, heading(found), "bold")
    shown = found.differences if len(found.lived.strategies) > 1 else found.strategies
    print_table(found, shown, out, names[:ROWS])
    for line in explained(found):
        _line(out, line, "dim")


def print_table(
    found: "Uncertainty", shown: "Mapping[str, Mapping[str, Both | None]]", out: Console, names: list[str]
) -> None:
    """Print a table of figures with both parts; measures that never vary are left out."""
    scenario = found.lived.draws.base
    told = [name for name in names if any(one.get(name) for one in shown.values())]
    cells = {name: [_cell(name, one.get(name), found) for one in shown.values()] for name in told}
    for table in tables.build(told, [pair(name) for name in shown], cells, scenario, width=out.width):
        out.print()
        out.print(table)


def heading(found: "Uncertainty") -> str:
    """`With the numbers drawn too (200 draws of 4 numbers, 2 lives each)`."""
    count = len(found.doubts)
    numbers = f"{count} {'number' if count == 1 else 'numbers'}"
    draws, lives = plural(found.lived.draws.count, "draw"), plural(found.lived.replications, "life", "lives")
    return f"With the numbers drawn too ({draws} of {numbers}, {lives} each)"


def explained(found: "Uncertainty") -> Iterator[str]:
    """How to read the table, and what was drawn."""
    yield (
        "In brackets: where one life of the market may come out, numbers and chance together (90 %). Behind them: how much of"
        " that variance is the numbers'; the rest is chance."
    )
    names = [doubt.label for doubt in found.doubts]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    yield f"Drawn: {', '.join(names[:NAMED])}{more}."
    if found.undrawn:
        yield f"No calibrated number is drawn: {found.undrawn}."
    elif found.kept:
        yield f"Edited by hand since calibration, and so not drawn: {', '.join(found.kept)}."


def sentences(found: "Uncertainty", measure: str) -> Iterator[str]:
    """The parts of each difference (of each level, for one strategy), for a report."""
    shown = found.differences if len(found.lived.strategies) > 1 else found.strategies
    scenario = found.lived.draws.base
    for name, measures in shown.items():
        one = measures.get(measure)
        if one is not None:
            kind = unit(measure, scenario)
            written = interval(Estimate(one.mean, *one.both), kind, sign=len(found.lived.strategies) > 1)
            money = f"{kind} " if kind == scenario.about.currency else ""
            yield f"{pair(name)}, {title(measure)}: {money}{written} for one life of the market; {_shares(one)}."


def _shares(one: "Both") -> str:
    low, high = one.share_range
    return (
        f"the numbers make {100 * one.share:.0f} % [{100 * low:.0f}, {100 * high:.0f}] of the variance,"
        f" chance {100 * (1.0 - one.share):.0f} %"
    )


def _cell(name: str, one: "Both | None", found: "Uncertainty") -> Cell:
    if one is None:
        return Cell("")
    kind = unit(name, found.lived.draws.base)
    difference = len(found.lived.strategies) > 1
    written = interval(Estimate(one.mean, *one.both), kind, sign=difference, bare=kind == SHARE)
    told = f"{written}, numbers {100 * one.share:.0f} %"
    return Cell(f"({told})", "dim") if difference and one.both[0] <= 0.0 <= one.both[1] else Cell(told)


def _line(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)

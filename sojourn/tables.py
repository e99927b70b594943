"""Tables of measures for the terminal: at most eight rows unless all are asked for, none that is zero throughout."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rich.text import Text

from sojourn.grids import BETWEEN, Grid
from sojourn.plots.words import SHARE, clear, interval, zero
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import direction, headline, in_order, title, unit

ROWS = 8
LABEL = 40  # columns that a measure's words may take before they wrap


class Cell(NamedTuple):
    """One figure of a table as text with its style."""

    text: str
    style: str = ""


def chosen(
    families: Iterable[Mapping[str, Estimate]], *, everything: bool, first: str | None = None
) -> tuple[list[str], int]:
    """Return the measures to show, in reading order (`first` before all), and how many more there are that tell something."""
    families = list(families)
    known = dict.fromkeys(name for family in families for name in family)
    alive = [n for n in known if any(n in f and f[n].mean is not None and not zero(f[n]) for f in families)]
    names = in_order(alive) if everything else headline(*families)
    shown = list(dict.fromkeys([*([first] if first in alive else []), *names]))
    shown = shown if everything else shown[:ROWS]
    return shown, len(alive) - len(shown)


def level(name: str, estimate: Estimate | None, scenario: Scenario) -> Cell:
    """Return how a measure of one strategy is written."""
    return Cell(interval(estimate, unit(name, scenario), bare=True) if estimate else "")


def difference(name: str, estimate: Estimate | None, scenario: Scenario) -> Cell:
    """Return how a difference is written: grey and in brackets where its interval includes 0, else better or worse."""
    if estimate is None:
        return Cell("")
    if zero(estimate):
        return Cell("0", "dim")
    written = interval(estimate, unit(name, scenario), sign=True, bare=True)
    if estimate.mean is None or not clear(estimate):
        return Cell(f"({written})", "dim")
    gain = direction(name) * estimate.mean
    if gain == 0:
        return Cell(written)
    return Cell(f"{written} better", "green") if gain > 0 else Cell(f"{written} worse", "red")


def build(
    names: Sequence[str], heads: Sequence[str], cells: Mapping[str, Sequence[Cell]], scenario: Scenario, *, width: int
) -> list[Grid]:
    """Lay measures (rows) against `heads` (columns), over as many tables as the width asks for."""
    labels = {name: label(name, scenario) for name in names}
    first = min(LABEL, max([7, *(len(text) for text in labels.values())]))
    widths = [max([len(head), *(len(cells[name][i].text) for name in names)]) for i, head in enumerate(heads)]
    tables = []
    for group in _groups(widths, width - first):
        table = Grid("measure", *(heads[i] for i in group), first=LABEL)
        for name in names:
            table.add_row(Text(labels[name]), *(Text(cells[name][i].text, cells[name][i].style) for i in group))
        tables.append(table)
    return tables


def label(name: str, scenario: Scenario) -> str:
    """Return what a table calls a measure: in words, with its unit where the words do not say it."""
    known = unit_of(name, scenario)
    return f"{title(name)} ({known})" if known else title(name)


def unit_of(name: str, scenario: Scenario) -> str:
    """Return the unit to write beside a figure: %, days or the currency; nothing where the measure's words say it."""
    known = unit(name, scenario)
    return "%" if known == SHARE else known if known in ("days", scenario.about.currency) else ""


def _groups(widths: Sequence[int], room: int) -> list[list[int]]:
    groups: list[list[int]] = [[]]
    used = 0
    for i, width in enumerate(widths):
        if groups[-1] and used + width + BETWEEN > room:
            groups.append([])
            used = 0
        groups[-1].append(i)
        used += width + BETWEEN
    return groups

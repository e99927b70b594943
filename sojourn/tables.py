"""Tables of measures for the terminal: at most eight rows unless all are asked for, none that is zero throughout."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

from sojourn.figures import interval, spans_zero, zero
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import SHARE, direction, title, unit

ROWS = 8
# What a reader looks for first; names with a dot stand for their whole family, in the order of the scenario.
FIRST = (
    "profit", "purchases", "conversion", "clv", "churn_rate", "satisfaction", "nps", "revenue", "cost", "repeat_rate",
    "referrals", "roi", "cac", "retention.", "desk.", "occupancy.", "reach.",
)  # fmt: skip
MARGIN = 2  # columns between the columns of a table


class Cell(NamedTuple):
    """One figure of a table as text with its style."""

    text: str
    style: str = ""


def chosen(families: Iterable[Mapping[str, Estimate]], *, everything: bool) -> tuple[list[str], int]:
    """Return the measures to show, in reading order, and how many more there are that are not zero throughout."""
    families = list(families)
    names = dict.fromkeys(name for family in families for name in family)
    alive = [n for n in names if any(n in f and f[n].mean is not None and not zero(f[n]) for f in families)]
    places = {name: place for place, name in enumerate(alive)}
    alive.sort(key=lambda name: (_rank(name), places[name]))
    shown = alive if everything else alive[:ROWS]
    return shown, len(alive) - len(shown)


def level(name: str, estimate: Estimate | None, scenario: Scenario) -> Cell:
    """Return how a measure of one strategy is written."""
    return Cell(interval(estimate, scale=_scale(name, scenario)) if estimate else "")


def difference(name: str, estimate: Estimate | None, scenario: Scenario) -> Cell:
    """Return how a difference is written: grey and in brackets where its interval includes 0, else better or worse."""
    if estimate is None:
        return Cell("")
    if zero(estimate):
        return Cell("0", "dim")
    written = interval(estimate, sign=True, scale=_scale(name, scenario))
    if estimate.mean is None or spans_zero(estimate):
        return Cell(f"({written})", "dim")
    gain = direction(name) * estimate.mean
    if gain == 0:
        return Cell(written)
    return Cell(f"{written} better", "green") if gain > 0 else Cell(f"{written} worse", "red")


def build(
    names: Sequence[str], heads: Sequence[str], cells: Mapping[str, Sequence[Cell]], scenario: Scenario, *, width: int
) -> list[Table]:
    """Lay measures (rows) against `heads` (columns), over as many tables as the width asks for."""
    first = max([7, *(len(title(name)) for name in names)])
    second = max([4, *(len(unit_of(name, scenario)) for name in names)])
    widths = [max([len(head), *(len(cells[name][i].text) for name in names)]) for i, head in enumerate(heads)]
    tables = []
    for group in _groups(widths, width - first - second - 2 * MARGIN):
        table = Table(box=box.SIMPLE_HEAD, padding=(0, MARGIN, 0, 0), pad_edge=False, show_edge=False)
        table.add_column("measure", overflow="fold")
        table.add_column("unit")
        for i in group:
            table.add_column(Text(heads[i]), overflow="fold")
        for name in names:
            row = (Text(cells[name][i].text, cells[name][i].style) for i in group)
            table.add_row(Text(title(name)), Text(unit_of(name, scenario)), *row)
        tables.append(table)
    return tables


def unit_of(name: str, scenario: Scenario) -> str:
    """Return the unit that a table shows: shares are written in per cent."""
    known = unit(name, scenario)
    return "%" if known == SHARE else known


def _scale(name: str, scenario: Scenario) -> float:
    return 100.0 if unit(name, scenario) == SHARE else 1.0


def _rank(name: str) -> int:
    for rank, first in enumerate(FIRST):
        if name == first or (first.endswith(".") and name.startswith(first)):
            return rank
    return len(FIRST)


def _groups(widths: Sequence[int], room: int) -> list[list[int]]:
    groups: list[list[int]] = [[]]
    used = 0
    for i, width in enumerate(widths):
        if groups[-1] and used + width + MARGIN > room:
            groups.append([])
            used = 0
        groups[-1].append(i)
        used += width + MARGIN
    return groups

"""Small tables of figures that the terminal and a page show alike: rows of names, texts and estimates."""

from collections.abc import Callable
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from sojourn import paper
from sojourn.grids import Grid
from sojourn.plots.words import bounded, clear, decimals, interval, number, zero
from sojourn.sim.estimates import Estimate
from sojourn.terminal import plain


class Money(NamedTuple):
    """An amount that is better (green) the larger it is; grey where its interval spans 0."""

    estimate: Estimate
    good: int = 1  # -1: less is better; 0: neither
    places: int = 2  # decimals at most


Cell = str | Money | Estimate
CENTS = 2  # decimals of money, at most


class Sheet(NamedTuple):
    """A table: heads, and rows of cells, the first of each its name."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""


def on_screen(sheet: Sheet) -> Grid:
    """The table for the terminal."""
    table = Grid(*sheet.heads)
    for row in sheet.rows:
        table.add_row(*map(_text, row))
    return table


def on_paper(sheet: Sheet, plainly: Callable[[str], str] = str) -> str:
    """The table for a page; `plainly` writes names as people do."""
    rows = [((plainly(_name(row[0])), ""), [_cell(one, plainly) for one in row[1:]]) for row in sheet.rows]
    return paper.table([plainly(head) for head in sheet.heads], rows, plainly(sheet.caption))


def print_sheet(out: Console, sheet: Sheet) -> None:
    """Print the table with a line before it; nothing where it has no rows."""
    if sheet.rows:
        out.print()
        out.print(on_screen(sheet))


def written(one: Cell) -> str:
    """A cell as text."""
    if isinstance(one, str):
        return one
    estimate, sign = (one.estimate, True) if isinstance(one, Money) else (one, False)
    mean, low, high = estimate
    if mean is None or zero(estimate):
        return "0" if mean is not None else interval(estimate)
    places = min(decimals(estimate), one.places if isinstance(one, Money) else CENTS)
    told = number(mean, places, sign=sign)
    if not told.strip("+0."):
        told = "0"
    if (
        low is None
        or high is None
        or not bounded(estimate)
        or low == high
        or (told == "0" and high - low < 10.0**-places)
    ):
        return told
    return f"{told} [{number(low, places)}, {number(high, places)}]"


def _text(one: Cell) -> Text:
    said = plain(written(one))
    if not isinstance(one, Money):
        return Text(said)
    kind = _kind(one)
    return Text(f"({said})" if kind == "unsure" and said != "0" else said, STYLES[kind])


STYLES = {"better": "green", "worse": "red", "unsure": "dim", "": ""}


def _kind(one: Money) -> str:
    if not clear(one.estimate) or written(one) == "0":
        return "unsure" if one.estimate.low is not None and not zero(one.estimate) else ""
    gain = one.good * (one.estimate.mean or 0.0)
    return "better" if gain > 0.0 else "worse" if gain < 0.0 else ""


def _name(one: Cell) -> str:
    return written(one).replace(" -> ", " → ")


def _cell(one: Cell, plainly: Callable[[str], str]) -> paper.Cell:
    mean, mark, bounds = written(one).partition(" [")
    if isinstance(one, str):
        return paper.Cell(plainly(_name(one)))
    return paper.Cell(mean, f"[{bounds}" if mark else "", _kind(one) if isinstance(one, Money) else "")

"""What has been measured, as text: figures with their targets, the table of engines, and the page that holds them."""

import math
from collections.abc import Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """A number, what it is, and what it should be."""

    what: str
    value: float  # NaN where it could not be measured
    shown: str  # format of the value and its bound, with the unit: "{:.1f} s"
    at_least: float | None = None
    at_most: float | None = None

    @property
    def measured(self) -> str:
        """The value in words."""
        return "not measured" if math.isnan(self.value) else self.shown.format(self.value)

    @property
    def target(self) -> str:
        """The bound in words, empty without one."""
        if self.at_least is not None:
            return "at least " + self.shown.format(self.at_least)
        return "at most " + self.shown.format(self.at_most) if self.at_most is not None else ""

    @property
    def verdict(self) -> str:
        """`met`, `not met`, or empty without a target or a value; digits that are not shown count too."""
        if math.isnan(self.value) or (self.at_least is None and self.at_most is None):
            return ""
        low, high = self.at_least, self.at_most
        return "met" if (low is None or self.value >= low) and (high is None or self.value <= high) else "not met"


class Section(NamedTuple):
    """A part of the page."""

    title: str
    how: str  # it was measured
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def figures(title: str, how: str, found: Sequence[Figure]) -> Section:
    """A section of figures beside their targets."""
    rows = [(one.what, one.measured, one.target, one.verdict) for one in found]
    return Section(title, how, ("figure", "measured", "target", ""), rows)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table that also reads well as it stands; columns after the first are flush right where they hold numbers."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(3, *map(len, column)) for column in columns]
    right = [k > 0 and any(cell[:1].isdigit() for cell in column[1:]) for k, column in enumerate(columns)]

    def line(cells: Sequence[str]) -> str:
        parts = [
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(cells, widths, right, strict=True)
        ]
        return "| " + " | ".join(parts) + " |"

    rule = ["-" * (width - 1) + ":" if flush else "-" * width for width, flush in zip(widths, right, strict=True)]
    return "\n".join(line(cells) for cells in (header, rule, *rows))


def page(heading: Sequence[str], sections: Sequence[Section]) -> str:
    """The whole page, as Markdown."""
    parts = ["# Benchmarks", "\n".join(heading)]
    for section in sections:
        parts += [f"## {section.title}", section.how, table(section.header, section.rows)]
    return "\n\n".join(parts) + "\n"

"""Tables for terminals of any width: names break between words and at underscores, a figure stays beside its interval or
above it, and nothing is cut off.
"""

import re
from collections.abc import Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.table import Table
from rich.text import Text

from sojourn.terminal import plain

BETWEEN = 3  # columns between the columns of a table
NAME = 16  # columns that names keep as long as figures would have to break
WORDS = re.compile(r"\S*\[[^\]]*\]\S*|\S+ %(?!\S)|\S+")  # an interval is one word, and so is a figure with its %
PARTS = re.compile(r"[^_/]+[_/]*|[_/]+")


class Grid:
    """Rows of cells under heads, laid out for the width that there is."""

    def __init__(self, *heads: str, first: int | None = None) -> None:
        """Take the heads; `first` is how many columns the first column may have, as many as it asks for if left out."""
        self.heads = tuple(map(plain, heads))
        self.first = first
        self.rows: list[tuple[Text, ...]] = []

    def add_row(self, *cells: str | Text, style: str = "") -> None:
        """Add a row; cells that are left out are empty."""
        told = [
            Text(cell, style) if isinstance(cell, str) else Text(cell.plain, f"{style} {cell.style}".strip())
            for cell in cells
        ]
        self.rows.append((*told, *(Text() for _ in self.heads[len(told) :])))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        """Lay the table out and give it to rich."""
        widths = self.widths(options.max_width)
        table = Table(box=box.SIMPLE_HEAD, padding=(0, BETWEEN - 1, 0, 0), pad_edge=False, show_edge=False)
        for head, width in zip(self.heads, widths, strict=True):
            table.add_column(Text("\n".join(wrapped(head, width))), width=width, overflow="fold")
        for row in self.rows:
            table.add_row(
                *(Text("\n".join(wrapped(cell.plain, w)), cell.style) for cell, w in zip(row, widths, strict=True))
            )
        yield table

    @property
    def natural(self) -> int:
        """Columns that the table takes where there is room enough."""
        widths = self.widths(10**6)
        return sum(widths) + BETWEEN * (len(widths) - 1)

    def widths(self, room: int) -> list[int]:
        """Columns of each column. Names give way first, then figures break before their intervals, then names at underscores."""
        columns = [[head, *(row[i].plain for row in self.rows)] for i, head in enumerate(self.heads)]
        widths = [max(1, *map(cell_len, texts)) for texts in columns]
        if self.first is not None:
            widths[0] = min(widths[0], max(self.first, _longest(columns[0], WORDS)))
        room -= BETWEEN * (len(widths) - 1)
        words = [_longest(texts, WORDS) for texts in columns]
        figures = [any("[" in text for text in texts[1:]) for texts in columns]
        floors = [
            [width if figure else max(word, NAME) for width, word, figure in zip(widths, words, figures, strict=True)],
            words,
            [_longest(texts, PARTS, WORDS) for texts in columns],
            [4] * len(widths),
            [1] * len(widths),
        ]
        for floor in floors:
            while sum(widths) > room:
                above = [i for i, width in enumerate(widths) if width > floor[i]]
                if not above:
                    break
                widths[max(above, key=lambda i: widths[i])] -= 1
        return widths


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most so many columns."""
    lines = [""]
    for word in WORDS.findall(text):
        if not lines[-1] or cell_len(lines[-1]) + 1 + cell_len(word) <= width:
            lines[-1] = f"{lines[-1]} {word}".strip()
        else:
            lines.append(word)
        if cell_len(lines[-1]) > width:
            lines[-1:] = _broken(lines[-1], width)
    return lines if len(lines) > 1 else _broken(text, width)


def _broken(word: str, width: int) -> list[str]:
    """A word too long for the width: in parts that end at underscores or spaces, else wherever the width is full."""
    lines = [""]
    for part in [piece for some in re.findall(r"\S+\s*|\s+", word) for piece in PARTS.findall(some)]:
        if cell_len((lines[-1] + part).rstrip()) <= width:
            lines[-1] += part
            continue
        lines.append("")
        for letter in part:
            if cell_len(lines[-1] + letter) > width and letter != " ":
                lines.append("")
            lines[-1] += letter
    return [line.rstrip() for line in lines if line.strip()] or [""]


def _longest(texts: Sequence[str], pieces: re.Pattern[str], within: re.Pattern[str] | None = None) -> int:
    """Columns of the longest piece of the texts, or of those of their words that are no intervals."""
    found = [
        piece
        for text in texts
        for word in (within.findall(text) if within else [text])
        for piece in ([word] if within and "[" in word else pieces.findall(word))
    ]
    return max([1, *map(cell_len, found)])

"""Cells of a covariate as numbers or as words: which of the two a column holds, and what in it is neither.

An empty cell says nothing, and in a column of numbers so do the usual words for that. A few cells that are no numbers
among many that are do not make a column of words: they are mistakes, and are told.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios.faults import quoted

MOST_WORDS = 20
NOTHING_SAID = frozenset(
    ("na", "n/a", "#n/a", "nan", "null", "none", "nil", "undefined", "unknown", "missing", "-", "?")
)
ODD = 0.01  # share of cells up to which those that are no numbers are mistakes
ENOUGH = 20  # cells from which one is
SHOWN = 3

Floats = NDArray[np.float64]


class Cells(NamedTuple):
    """What the cells of a column say.

    Attributes:
        value: a number of each, or the place of its word, shape (cells,); NaN where it says that there is none.
        words: most frequent first; empty for numbers.
        odd: places of cells that are no numbers in a column that is to hold numbers.
        blank: the first of the words that say that there is no number, and how many cells have one.
    """

    value: Floats
    words: tuple[str, ...] = ()
    odd: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    blank: tuple[str, int] = ("", 0)


def read_cells(said: NDArray[np.object_]) -> Cells:
    """Texts, none of them empty, as numbers or as words; shape (cells,)."""
    try:
        numbers = said.astype(np.float64)
        if np.all(np.isfinite(numbers)):
            return Cells(numbers)
    except ValueError:
        pass
    # Each different text is looked at once: columns of words are long.
    different, places, counts = np.unique(said.astype(str), return_inverse=True, return_counts=True)
    values = np.array([_number(text) for text in different])
    unread = ~np.isfinite(values)
    empty = unread & np.array([text.lower() in NOTHING_SAID for text in different], dtype=np.bool_)
    odd, fine = int(counts[unread & ~empty].sum()), int(counts[~unread].sum())
    if fine and (odd == 0 or _mistakes(odd, fine, different.size)):
        nothing = np.flatnonzero(empty[places])
        return Cells(
            np.where(unread, np.nan, values)[places],
            odd=np.flatnonzero((unread & ~empty)[places]),
            blank=(str(said[nothing[0]]), nothing.size) if nothing.size else ("", 0),
        )
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(order.size)
    rank[order] = np.arange(order.size)
    return Cells(rank[places], tuple(str(word) for word in different[order]))


def told_odd(said: NDArray[np.object_], odd: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[str, str]:
    """What is said of cells that are no numbers, and what to do; `rows` are the data rows of the cells at `odd`."""
    order = np.argsort(rows, kind="stable")
    first = ", ".join(f"{quoted(str(said[odd[k]]))} (data row {rows[k]:,})" for k in order[:SHOWN])
    rest = f" and {odd.size - SHOWN:,} more" if odd.size > SHOWN else ""
    are = "1 cell is no number" if odd.size == 1 else f"{odd.size:,} cells are no numbers"
    remedy = "mend them, or leave them empty where nothing is known; if words are meant, give every cell one"
    if any("," in str(said[k]) for k in odd):
        remedy = "write numbers with a decimal point and without other marks, as 1234.5"
    return f"{are}, beside {said.size - odd.size:,} others: {first}{rest}", remedy


def comma(words: tuple[str, ...]) -> bool:
    """Whether all words are numbers once a comma is taken for the decimal point."""
    return all(np.isfinite(_number(word.replace(",", ".", 1))) for word in words)


def _mistakes(odd: int, fine: int, different: int) -> bool:
    """Whether cells that are no numbers are mistakes beside the `fine` that are, and not words among figures."""
    if fine + odd >= ENOUGH and odd <= max(1.0, ODD * fine):
        return True
    return fine >= odd and different > MOST_WORDS


def _number(text: str) -> float:
    """A text as a number; NaN where it is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")

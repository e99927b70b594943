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
    numbers = _numbers(said)
    unread = np.flatnonzero(~np.isfinite(numbers))
    if unread.size == 0:
        return Cells(numbers)
    empty = np.array([str(said[k]).lower() in NOTHING_SAID for k in unread], dtype=np.bool_)
    odd, telling = unread[~empty], said.size - int(empty.sum())
    fine = telling - odd.size
    if fine and (odd.size == 0 or _mistakes(said, odd, fine)):
        numbers[unread] = np.nan
        blank = (str(said[unread[empty][0]]), int(empty.sum())) if empty.any() else ("", 0)
        return Cells(numbers, odd=odd.astype(np.int64), blank=blank)
    different, places, counts = np.unique(said.astype(str), return_inverse=True, return_counts=True)
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
    return bool(np.all(np.isfinite(_numbers(np.array([word.replace(",", ".", 1) for word in words], dtype=object)))))


def _mistakes(said: NDArray[np.object_], odd: NDArray[np.int64], fine: int) -> bool:
    """Whether the cells that are no numbers are mistakes in a column of numbers, and not words among figures."""
    if fine + odd.size >= ENOUGH and odd.size <= max(1.0, ODD * fine):
        return True
    return fine >= odd.size and len(set(said.tolist())) > MOST_WORDS


def _numbers(said: NDArray[np.object_]) -> Floats:
    """The texts as numbers, NaN where one is none."""
    try:
        return said.astype(np.float64)
    except ValueError:
        return np.array([_number(str(one)) for one in said], dtype=np.float64)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan

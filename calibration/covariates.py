"""Covariates: columns of a log, numbers or words, by which customers or their stays may differ."""

from typing import NamedTuple

import numpy as np

from sojourn.calibration.cells import MOST_WORDS, comma, read_cells, told_odd
from sojourn.calibration.intake import Intake
from sojourn.calibration.mapping_form import PerStay
from sojourn.calibration.rows import Rows
from sojourn.calibration.sqltext import table_of
from sojourn.calibration.stays import Floats, Integers, Stays
from sojourn.scenarios.faults import Fault, Faults, clipped, quoted

SLACK = 1e-7  # days: an event counts as known at its own time
LARGEST = 1e12  # of a number, either way: more the scenario format does not take
LEAST = 1e-12  # by which numbers must differ


class Covariate(NamedTuple):
    """One covariate of the stays of a log.

    Attributes:
        name: of the mapping.
        values: of each stay, shape (stays,); places in `words` where there are some; NaN where the log does not say.
        words: the values of a column that holds words, most frequent first; empty for numbers.
        per_stay: whether each stay has a value of its own; else it is the customer's first.
    """

    name: str
    values: Floats
    words: tuple[str, ...] = ()
    per_stay: bool = False


class Told(NamedTuple):
    """What the rows of a log say of one covariate, in the order of people, time and row."""

    name: str
    who: Integers  # index into the people of `Rows`
    time: Floats  # days from the first event of the log
    value: Floats  # a number, or the place of a word
    words: tuple[str, ...]
    per_stay: bool
    blank: tuple[str, int] = ("", 0)  # a word that says that there is no number, and how many cells have one

    def at(self, stays: Stays, which: Integers, base: float) -> Covariate:
        """The value of each stay; `which` is the place in `Rows` of each customer, `base` the day 0 of the stays."""
        owner = which[stays.customer]
        if self.per_stay:
            # The last that was told up to the entry, of the same person: both sorted by person and time.
            keys = np.concatenate((self.who, owner))
            times = np.concatenate((self.time, stays.entry + base + SLACK))
            asks = np.concatenate((np.zeros(self.who.size), np.ones(owner.size)))
            order = np.lexsort((asks, times, keys))
            last = np.maximum.accumulate(np.where(order < self.who.size, np.arange(order.size), -1))
            place = np.empty(order.size, dtype=np.int64)
            place[order] = np.where(last >= 0, order[np.maximum(last, 0)], -1)
            found = place[self.who.size :]
        else:
            first = np.searchsorted(self.who, owner)
            found = np.where(first < self.who.size, first, -1)
        known = (found >= 0) & (self.who.size > 0)
        known[known] = self.who[found[known]] == owner[known]
        values = np.full(owner.size, np.nan)
        values[known] = self.value[found[known]]
        return Covariate(self.name, values, self.words, self.per_stay)


def read_told(rows: Rows) -> tuple[Told, ...]:
    """What the log says of each covariate of the mapping.

    Raises:
        Faults: for a column of words with too many different ones, or without any value, or of numbers with some that are none or
            too large to work with.
    """
    taken = rows.taken
    mapping, faults, result = taken.mapping, [], []
    for k, (name, one) in enumerate(mapping.covariates.items()):
        table = table_of(
            taken.connection,
            f"SELECT who, (ordered.time - {rows.origin!r}) / {taken.clock.unit!r} AS day, trim(covariate_{k}) AS told FROM "
            f"ordered JOIN rows ON rows.rowid = ordered.row WHERE trim(covariate_{k}) <> '' ORDER BY who, ordered.time, row",
        )
        column = mapping.covariate_columns[name]
        said = np.array(table["told"].to_pylist(), dtype=object)
        cells = read_cells(said)
        words = cells.words
        if cells.odd.size:
            rows_at = _rows_at(taken, k)[cells.odd]
            faults.append(Fault(taken.name, f"column {clipped(column)}", "", *told_odd(said, cells.odd, rows_at)))
            continue
        known = np.isfinite(cells.value)
        if not known.any() or len(words) > MOST_WORDS:
            what, remedy = "is empty throughout", "take it out"
            if words:
                what = f"holds {len(words):,} different words"
                remedy = f"group them into at most {MOST_WORDS}, or take it out"
                remedy = "write numbers with a decimal point, as 1.5" if comma(words) else remedy
            faults.append(Fault(taken.mapping_file, f"covariates.{name}", quoted(column), what, remedy))
            continue
        if not words and (off := _out_of_range(cells.value[known])) is not None:
            what, remedy = off
            faults.append(
                Fault(
                    taken.mapping_file, f"covariates.{name}", quoted(column), f"column {quoted(column)} {what}", remedy
                )
            )
            continue
        per_stay = isinstance(one, PerStay) and one.per == "stay"
        who = table["who"].to_numpy().astype(np.int64)[known]
        day = table["day"].to_numpy().astype(np.float64)[known]
        result.append(Told(name, who, day, cells.value[known], words, per_stay, cells.blank))
    if faults:
        raise Faults(faults)
    return tuple(result)


def _out_of_range(numbers: Floats) -> tuple[str, str] | None:
    """What is wrong with numbers that are too large or too small to work with, and the remedy; None where nothing is."""
    largest = float(numbers[np.argmax(np.abs(numbers))])
    if abs(largest) > LARGEST:
        return f"holds {largest:.6g}, beyond {LARGEST:g}", "give it in larger units, give its logarithm, or take it out"
    differ = float(np.ptp(numbers))
    if 0.0 < differ < LEAST:
        return f"holds numbers that differ by no more than {differ:.2g}", "give it in smaller units, or take it out"
    return None


def _rows_at(taken: Intake, k: int) -> Integers:
    """The data row of each cell of a covariate, from 1, in the order in which cells are read; shape (cells,)."""
    sql = (
        f"SELECT row + 1 AS place FROM ordered JOIN rows ON rows.rowid = ordered.row WHERE trim(covariate_{k}) <> '' "
        "ORDER BY who, ordered.time, row"
    )
    return np.asarray(table_of(taken.connection, sql)["place"].to_numpy(), dtype=np.int64)

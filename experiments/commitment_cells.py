"""Cells of states: which states share one chance of getting there, found by splitting where chances surely differ.

For each stage and age a regression tree (Breiman et al. 1984) splits on one part of the state at a time, the best split first,
for as long as a split is beyond chance and leaves full cells. Several runs (strategies) are split together: a chi-squared
statistic per run, added up, so that states are kept apart where any strategy treats them differently. Cells are formed on one
sample and their chances estimated on another, so that no cell looks good because it was chosen.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments.commitment_states import SEGMENT, Codes, Moments
from sojourn.sim.estimates import LEVEL, Estimate
from sojourn.sim.journeys import Floats, Integers

FULL = 100  # moments of the first run in a cell, at least
FULL_SHARE = 0.01  # of the moments of its stage and age
MOST_CELLS = 16  # of one stage and age
FLUKE = 1e-4  # chance of a split where there is no difference, one candidate
TOP = 32_767  # where a part of the state has no upper bound
FEWEST = 30  # moments from which a chance is estimated at all

Rows = list[Integers]  # indices into each run's moments


class Cell(NamedTuple):
    """States that count as one: a stage, an age, and from where to where each part of the state may be."""

    stage: int
    age: int
    low: tuple[int, ...]  # of codes, SEGMENT left at 0
    high: tuple[int, ...]
    segments: frozenset[int]


class Chances(NamedTuple):
    """An estimate for each cell; shape (cells,). NaN mean, bounds 0 and 1 where there is too little to tell."""

    mean: Floats
    low: Floats
    high: Floats
    moments: Integers


def grow(runs: Sequence[Moments], ages: Sequence[Floats], segments: int) -> list[Cell]:
    """Cells of all stages and ages that the first run has moments of."""
    cells: list[Cell] = []
    for stage, own in enumerate(ages):
        inside = [np.flatnonzero(run.stage == stage) for run in runs]
        for age in range(own.size):
            rows = [here[run.age[here] == age] for run, here in zip(runs, inside, strict=True)]
            if rows[0].size >= FEWEST:
                cells += _split(runs, rows, Cell(stage, age, (0,) * 6, (TOP,) * 6, frozenset(range(segments))))
    return cells


def by_segment(stages: Sequence[int], segments: int) -> list[Cell]:
    """A cell for each of `stages` and each segment: where nothing else matters."""
    return [Cell(s, 0, (0,) * 6, (TOP,) * 6, frozenset([g])) for s in stages for g in range(segments)]


def place(moments: Moments, cells: Sequence[Cell]) -> Integers:
    """Index of the cell of each moment, -1 where there is none; shape (moments,)."""
    found = np.full(moments.who.size, -1, dtype=np.int64)
    groups: dict[tuple[int, int], list[int]] = {}
    for k, cell in enumerate(cells):
        groups.setdefault((cell.stage, cell.age), []).append(k)
    for (stage, age), own in groups.items():
        here = np.flatnonzero((moments.stage == stage) & (moments.age == age))
        codes = moments.codes[here]
        for k in own:
            found[here[_within(codes, cells[k])]] = k
    return found


def estimated(moments: Moments, cell: Integers, count: int) -> Chances:
    """The chance of each cell with its 90 % interval: Wilson's, for as many moments as they are worth.

    A customer may have several moments in a cell. The design effect is the ratio of the variance clustered by customer to that of
    independent moments, at least 1; where all moments agree, each customer counts once.
    """
    at = np.flatnonzero(cell >= 0)
    cell, hit = cell[at], moments.reached[at].astype(np.float64)
    n = np.bincount(cell, minlength=count).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(cell, weights=hit, minlength=count) / n
        width = int(moments.who.max()) + 1 if moments.who.size else 1
        pairs, inverse = np.unique(cell * width + moments.who[at], return_inverse=True)
        off = np.bincount(inverse, weights=hit - mean[cell], minlength=pairs.size)
        clustered = np.bincount(pairs // width, weights=off**2, minlength=count)
        customers = np.bincount(pairs // width, minlength=count)
        spread = n * mean * (1.0 - mean)
        worth = np.where(spread > 0.0, n / np.maximum(clustered / spread, 1.0), customers)
    few = n < FEWEST
    low, high = wilson(np.nan_to_num(mean), np.maximum(np.nan_to_num(worth), 1.0))
    return Chances(np.where(few, np.nan, mean), np.where(few, 0.0, low), np.where(few, 1.0, high), n.astype(np.int64))


def wilson(share: Floats, number: Floats) -> tuple[Floats, Floats]:
    """Wilson's 90 % interval (Wilson 1927) of a share seen in so many; arrays of one shape."""
    from scipy.special import ndtri

    z2 = float(ndtri(0.5 + LEVEL / 2)) ** 2
    middle = (share + z2 / (2.0 * number)) / (1.0 + z2 / number)
    half = np.sqrt(z2 * (share * (1.0 - share) / number + z2 / (4.0 * number**2))) / (1.0 + z2 / number)
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)


def share(hits: int, number: int) -> Estimate:
    """So many of so many, with Wilson's interval; None where there is nobody."""
    if number == 0:
        return Estimate(None, None, None)
    low, high = wilson(np.array([hits / number]), np.array([float(number)]))
    return Estimate(hits / number, float(low[0]), float(high[0]))


class _Split(NamedTuple):
    gain: float
    column: int
    code: int  # up to here, or for SEGMENT this one, against the others


def _split(runs: Sequence[Moments], rows: Rows, cell: Cell) -> list[Cell]:
    """Split the worst cell first, for as long as it pays."""
    from scipy.special import chdtri

    threshold = float(chdtri(len(runs), FLUKE))
    full = max(FULL, int(FULL_SHARE * rows[0].size))
    leaves = [(cell, rows, _best(runs, rows, full))]
    while len(leaves) < MOST_CELLS:
        k = max(range(len(leaves)), key=lambda i: leaves[i][2].gain)
        cell, rows, split = leaves[k]
        if split.gain < threshold:
            break
        halves = []
        for side, half in enumerate(_halves(cell, split)):
            kept = [own[_goes(run.codes[own], split) == (side == 0)] for run, own in zip(runs, rows, strict=True)]
            halves.append((half, kept, _best(runs, kept, full)))
        leaves[k : k + 1] = halves
    return [leaf[0] for leaf in leaves]


def _best(runs: Sequence[Moments], rows: Rows, full: int) -> _Split:
    """The split that tells most, over all runs; gain 0 where there is none that leaves full cells."""
    best = _Split(0.0, 0, 0)
    if rows[0].size < 2 * full:
        return best
    columns = runs[0].codes.shape[1]
    hits = [run.reached[own] for run, own in zip(runs, rows, strict=True)]
    for column in range(columns):
        codes = [run.codes[own, column] for run, own in zip(runs, rows, strict=True)]
        size = max((int(code.max(initial=0)) for code in codes), default=0) + 1
        if size == 1:
            continue
        total, first = np.zeros(size), np.zeros(size)
        for k, (code, hit) in enumerate(zip(codes, hits, strict=True)):
            number = np.bincount(code, minlength=size).astype(np.float64)
            sums = np.bincount(code, weights=hit, minlength=size).astype(np.float64)
            if column != SEGMENT:
                number, sums = np.cumsum(number), np.cumsum(sums)
            total += _statistic(number, sums, float(code.size), float(hit.sum()))
            if k == 0:
                first = number
        total[(first < full) | (rows[0].size - first < full)] = 0.0
        code = int(total.argmax())
        if total[code] > best.gain:
            best = _Split(float(total[code]), column, code)
    return best


def _statistic(number: Floats, sums: Floats, of: float, reached: float) -> Floats:
    """Pearson's chi-squared of so many with so many hits against all others, one degree of freedom."""
    if of == 0.0 or reached in (0.0, of):
        return np.zeros(number.size)
    overall = reached / of
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (sums - number * overall) ** 2 / (overall * (1.0 - overall) * number * (1.0 - number / of))
    return np.where(np.isfinite(found), found, 0.0)


def _goes(codes: Codes, split: _Split) -> NDArray[np.bool_]:
    column = codes[:, split.column]
    return column == split.code if split.column == SEGMENT else column <= split.code


def _halves(cell: Cell, split: _Split) -> tuple[Cell, Cell]:
    if split.column == SEGMENT:
        one = frozenset([split.code])
        return cell._replace(segments=one), cell._replace(segments=cell.segments - one)
    high = _with(cell.high, split.column, split.code)
    return cell._replace(high=high), cell._replace(low=_with(cell.low, split.column, split.code + 1))


def _with(codes: tuple[int, ...], column: int, code: int) -> tuple[int, ...]:
    return (*codes[:column], code, *codes[column + 1 :])


def _within(codes: Codes, cell: Cell) -> NDArray[np.bool_]:
    inside = np.ones(codes.shape[0], dtype=np.bool_)
    for column in range(codes.shape[1]):
        own = codes[:, column]
        if column == SEGMENT:
            inside &= np.isin(own, list(cell.segments))
        elif cell.low[column] > 0 or cell.high[column] < TOP:
            inside &= (own >= cell.low[column]) & (own <= cell.high[column])
    return inside

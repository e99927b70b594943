"""What it means for draws that one customer's stays may be alike, and that the same people speak for several numbers.

Stays of one person add to the score of a likelihood. Were they independent, their sums would vary as much as single stays do.
What they vary more is the sum of products of different stays of one person; draws are spread by it (Liang and Zeger 1986 on
the covariance; Ribatet, Cooley and Davison 2012 on draws), never narrowed.
"""

from collections.abc import Callable

import numpy as np

from sojourn.calibration.newton import STEP, hessian
from sojourn.calibration.spells import COARSE
from sojourn.calibration.stays import Floats, Integers

MANY = 5_000  # stays from which those of nearly one length stand for each other


def distinct(days: Floats, kind: Integers, late: Floats | None = None) -> tuple[Integers, Integers]:
    """Stays that stand for others of nearly their length and of their kind: rows of theirs, and whose place each stay takes.

    Few stays all stand for themselves, and so do those of which some were not watched from their beginning (`late`).
    """
    if days.size <= MANY or late is not None:
        every = np.arange(days.size)
        return every, every
    width = np.full(days.size, -1, dtype=np.int64)
    long = days > 0.0
    width[long] = np.floor(np.log(days[long]) / COARSE).astype(np.int64)
    low = int(width.min())
    cell = kind.astype(np.int64) + (width - low) * (int(kind.max()) + 2)
    # There are few cells, so that nothing need be sorted.
    there = np.flatnonzero(np.bincount(cell))
    number = np.zeros(int(there[-1]) + 1, dtype=np.int64)
    number[there] = np.arange(there.size)
    place = number[cell]
    rows = np.empty(there.size, dtype=np.int64)
    rows[place[::-1]] = np.arange(cell.size)[::-1]  # the first of each, written last
    return rows, place


def clustered(
    draws: Floats,
    per_stay: Callable[[Floats], Floats],
    place: Integers,
    who: Integers,
    around: Floats,
    middle: Floats,
) -> Floats:
    """Draws as wide as people with several stays ask for, in the order of the bootstrap of people.

    Args:
        draws: as if stays were independent, shape (draws, k).
        per_stay: what each distinct stay adds to the log-likelihood of k numbers, shape (m,).
        place: which of these each stay is, shape (n,).
        who: whose stay it is, shape (n,): index into the columns of `around`.
        around: weights of people less their mean, shape (draws, people).
        middle: of the draws, shape (k,).
    """
    moves = np.eye(middle.size) * STEP
    slopes = [(per_stay(middle + move) - per_stay(middle - move)) / (2.0 * STEP) for move in moves]
    scores = np.nan_to_num(np.stack(slopes, axis=1), nan=0.0, posinf=0.0, neginf=0.0)[place]
    information = _information(per_stay, middle, np.bincount(place).astype(np.float64))
    values, vectors = np.linalg.eigh(information) if np.all(np.isfinite(information)) else (np.zeros(1), moves)
    if values[0] <= 0.0:
        return draws
    root = (vectors / np.sqrt(values)) @ vectors.T  # of the covariance, were stays independent
    sums = np.stack([np.bincount(who, column, around.shape[1]) for column in scores.T], axis=1)
    if np.count_nonzero(np.bincount(who)) < who.size:
        together = root @ (sums.T @ sums - scores.T @ scores) @ root
        more, along = np.linalg.eigh(together)
        wider = (along * np.sqrt(1.0 + np.maximum(more, 0.0))) @ along.T
        draws = middle + (draws - middle) @ (root @ wider @ np.linalg.inv(root)).T
    shift = around @ (sums @ (root @ root)[:, 0])
    result = np.empty_like(draws)
    result[np.argsort(shift, kind="stable")] = draws[np.argsort(draws[:, 0], kind="stable")]
    return result


def _information(per_stay: Callable[[Floats], Floats], middle: Floats, number: Floats) -> Floats:
    """Negative second derivatives of the log-likelihood, shape (k, k)."""
    return hessian(lambda theta: -float(number @ per_stay(theta)), middle)

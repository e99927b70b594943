"""What could be measured before deciding: one number in doubt each, or numbers that are only measured together.

Shares of the exits of a stage, or the numbers of one law, come from the same customers: who measures one measures all.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments.parameters import Doubt, Draws, together
from sojourn.scenarios.faults import dotted
from sojourn.scenarios.overrides import Place

Floats = NDArray[np.float64]
SHAPES = 2  # principal components that stand for a list of numbers
TINY = 1e-9


class Question(NamedTuple):
    """Numbers that are measured together."""

    label: str
    doubts: tuple[Doubt, ...]
    columns: Floats  # what they were drawn as, shape (draws, columns)


def questions(draws: Draws, doubts: tuple[Doubt, ...]) -> tuple[Question, ...]:
    """The questions that `doubts` raise, in their order."""
    document = draws.base.document()
    groups: dict[Place, list[Doubt]] = {}
    for doubt in doubts:
        key = together(document, doubt.place) if doubt.origin == "calibrated" else doubt.place
        groups.setdefault(key, []).append(doubt)
    return tuple(_question(draws, key, tuple(group)) for key, group in groups.items())


def _question(draws: Draws, key: Place, group: tuple[Doubt, ...]) -> Question:
    columns = np.hstack([_columns(np.array(draws.values[doubt.place], dtype=np.float64)) for doubt in group])
    if columns.shape[1] > 1:
        columns = _independent(columns)
    if len(group) == 1:
        return Question(group[0].label, group, columns)
    last = str(key[-1])
    if last == "exits":
        label = f"the shares of the exits of {key[1]}"
    elif key == ("segments",):
        label = "the shares of the segments"
    elif "race" in key or "exits" in key:
        label = f"the law of the time to {key[1]} -> {last if last != 'dwell' else key[-2]}"
    elif key[0] == "stages" and last == "dwell":
        label = f"the law of the time in {key[1]}"
    else:
        label = f"the numbers of {dotted(key)}"
    return Question(label, group, columns)


def _columns(values: Floats) -> Floats:
    """A number as one column; a list by the few directions in which it varies most."""
    return values[:, None] if values.ndim == 1 else _components(values)[:, :SHAPES]


def _components(values: Floats) -> Floats:
    away = values - values.mean(axis=0)
    left, lengths, _ = np.linalg.svd(away, full_matrices=False)
    real = lengths > TINY * max(float(lengths[0]), TINY)
    found: Floats = left[:, real] * lengths[real]
    return found


def _independent(columns: Floats) -> Floats:
    """Columns without those that follow from the others, as the last of shares that add up to 1."""
    kept: list[int] = []
    for k in range(columns.shape[1]):
        chosen = columns[:, [*kept, k]]
        spread = chosen.std(axis=0)
        if spread[-1] > 0.0:
            scaled = (chosen - chosen.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
            if np.linalg.svd(scaled, compute_uv=False)[-1] > 1e-6 * np.sqrt(len(columns)):
                kept.append(k)
    return columns[:, kept or [0]]

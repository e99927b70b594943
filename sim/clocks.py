"""Cumulative hazards of laws at many ages at once, and back: what figures before a run and without a run are made of.

The arithmetic is that of `scenarios.laws`, but for the gamma law, for which scipy would take longer to load than `validate` to
compute, and for laws whose hazard is a power of the age, which fill most races and take one numpy expression.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios import laws as arithmetic
from sojourn.scenarios.lawtable import LawTable, scale_and_shape
from sojourn.scenarios.model import Deadline, Deterministic, Empirical, Exponential, Gamma, Law, Weibull
from sojourn.sim import gammas

Floats = NDArray[np.float64]
SAME = 1e-12  # part by which an age may miss an edge through scaling there and back


def exposures(law: Law, ages: Floats) -> Floats:
    """H of a law at each age; shape (ages,). Not to be written to."""
    return _exposures(law, ages.tobytes())


@lru_cache(maxsize=512)  # strategies and segments share most laws, and `validate` is to be quick
def _exposures(law: Law, ages: bytes) -> Floats:
    at = np.frombuffer(ages)
    if isinstance(law, Gamma):
        scale, shape = scale_and_shape(law)
        found = gammas.exposures(shape, at / scale)
    elif (power := _power(law)) is not None:
        with np.errstate(over="ignore"):  # a hazard too large for a float is infinite
            found = (np.maximum(at, 0.0) / power[0]) ** power[1]
    else:
        cells, row = _row(law)
        rows = (
            _from_point(cells, row, law.days, at, "right") if isinstance(law, Empirical) else [(cells, row)] * at.size
        )
        found = np.array([arithmetic.exposure_by(*place, age) for place, age in zip(rows, at.tolist(), strict=True)])
    found.flags.writeable = False
    return found


def ages(law: Law, wanted: Floats) -> Floats:
    """The age at which H reaches each exposure, inf where it never does; shape (wanted,)."""
    if isinstance(law, Gamma):
        scale, shape = scale_and_shape(law)
        return scale * gammas.ages(shape, wanted)
    if (power := _power(law)) is not None:
        with np.errstate(over="ignore"):  # an age too large for a float is infinite
            return np.asarray(power[0] * wanted ** (1.0 / power[1]))
    cells, row = _row(law)
    rows = [(cells, row)] * wanted.size
    if isinstance(law, Empirical):
        rows = _from_point(cells, row, law.share, -np.expm1(-wanted), "left")
    return np.array([arithmetic.age_at(*place, each) for place, each in zip(rows, wanted.tolist(), strict=True)])


def _power(law: Law) -> tuple[float, float] | None:
    """Scale and shape of a law with H(t) = (t / scale)^shape, else None."""
    return scale_and_shape(law) if isinstance(law, Exponential | Weibull) else None


def _from_point(
    cells: Floats, row: int, points: Sequence[float], at: Floats, side: Literal["left", "right"]
) -> list[tuple[Floats, int]]:
    """For each value, the empirical law from shortly before the quantile that it follows: a law of thousands of quantiles is
    read from there, and not from its beginning.
    """
    skipped = np.clip(np.searchsorted(points, at, side=side) - 2, 0, len(points) - 2)
    place, size = cells.size, arithmetic.WIDTH
    kinds = np.tile(cells[row : row + size], (len(points), 1))
    kinds[:, arithmetic.FIRST] += 2 * np.arange(len(points))
    kinds[:, arithmetic.COUNT] -= np.arange(len(points))
    longer = np.concatenate([cells, kinds.ravel()])
    return [(longer, place + size * k) for k in skipped.tolist()]


def edges(law: Law) -> list[float]:
    """Ages at which a law jumps or bends, ascending."""
    match law:
        case Deterministic():
            return [law.value]
        case Empirical():
            return sorted(set(law.days))
        case Deadline():
            return sorted({law.day, *edges(law.otherwise)})
    return []


def _row(law: Law) -> tuple[Floats, int]:
    table = LawTable()
    row = table.add(law)
    return table.done()[0], row


class Clock:
    """A law's cumulative hazard over the days of a stay, times a hazard ratio and at a pace."""

    def __init__(self, law: Law, ratio: float, pace: float) -> None:
        self._law, self._ratio, self._pace = law, ratio, pace
        self._edges = np.array(edges(law))

    def exposures(self, days: Floats, *, early: bool = False) -> Floats:
        """H by each day, a jump on it included; or just before it."""
        age = days / self._pace
        if self._edges.size:  # scaled there and back, an edge is to be itself again
            for near in (np.searchsorted(self._edges, age), np.searchsorted(self._edges, age) - 1):
                edge = self._edges[np.clip(near, 0, self._edges.size - 1)]
                age = np.where(np.abs(age - edge) <= SAME * edge, edge, age)
        if early:
            age = np.maximum(np.nextafter(age, -1.0), 0.0)
        with np.errstate(over="ignore"):
            found = self._ratio * exposures(self._law, age)
        return np.where(days > 0.0, found, 0.0) if early else found

    def ages(self, wanted: Floats) -> Floats:
        """The day on which H reaches each exposure."""
        with np.errstate(over="ignore"):
            return np.asarray(self._pace * ages(self._law, wanted / self._ratio))

    def breaks(self, wanted: Floats) -> set[float]:
        """Days that cut the law into smooth pieces: its edges, and where H reaches the exposures, if it does."""
        return {
            day for day in [*self.ages(wanted).tolist(), *(self._edges * self._pace).tolist()] if math.isfinite(day)
        }

"""Laws as people state them, turned into the rows that `laws` computes with."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from sojourn.scenarios import laws as arithmetic
from sojourn.scenarios import special
from sojourn.scenarios.laws import DEADLINE, DETERMINISTIC, EMPIRICAL, KINDS, Cells


class LawTable:
    """Collects laws and numbers as rows of cells; other tables may stand in the same cells (see `sim.network`)."""

    def __init__(self) -> None:
        self.cells: list[float] = []

    def put(self, values: Iterable[float]) -> int:
        """Append values; returns the place of the first."""
        place = len(self.cells)
        self.cells += (float(value) for value in values)
        return place

    def add(self, law: Any) -> int:
        """The place of a law of the format (`scenarios.model`), of a plain number (always that value), or -1 for None."""
        if law is None:
            return -1
        if isinstance(law, int | float):
            return self.put((DETERMINISTIC, law, 1, 0, 0))
        if law.law == "quantiles":
            return self.quantiles(list(zip(law.share, law.value, strict=True)))
        kind = KINDS[law.law]
        if kind == EMPIRICAL:
            return self.quantiles(list(zip(law.share, law.days, strict=True)))
        if kind == DEADLINE:
            return self.put((kind, law.day, law.share, self.add(law.otherwise), 0))
        return self.put((kind, *scale_and_shape(law), 0, 0))

    def quantiles(self, points: Sequence[tuple[float, float]]) -> int:
        """The place of quantiles (share, value), joined by straight lines: two of one share are a jump."""
        first = self.put(cell for point in points for cell in point)
        return self.put((EMPIRICAL, 0, 1, first, len(points)))

    def done(self) -> tuple[Cells]:
        """The cells so far, as the first argument of the functions in `laws`."""
        return (np.array(self.cells, dtype=np.float64),)


def scale_and_shape(law: Any) -> tuple[float, float]:
    """The two parameters of a law's row, from the mean or the median that people state."""
    median: Any = getattr(law, "median", None)
    mean: Any = getattr(law, "mean", None)
    match law.law:
        case "exponential":
            return (mean if mean is not None else median / math.log(2.0)), 1.0
        case "weibull":
            k = law.shape
            return (mean / math.gamma(1.0 + 1.0 / k) if mean is not None else median / math.log(2.0) ** (1.0 / k)), k
        case "lognormal":
            return (math.log(median) if median is not None else math.log(mean) - law.sigma**2 / 2.0), law.sigma
        case "loglogistic":
            k = law.shape
            return (median if median is not None else mean * math.sin(math.pi / k) / (math.pi / k)), k
        case "gamma":
            k = law.shape
            return (mean / k if mean is not None else median / float(special.gammaincinv(k, 0.5))), k
        case "deterministic":
            return law.value, 1.0
    raise ValueError(f"no such law: {law.law}")


def mean(law: Any) -> float:
    """The mean of a law in its own unit (days, money); infinite where a share never leaves or no mean exists."""
    if isinstance(law, int | float):
        return float(law)
    if law.law == "empirical":
        if law.share[-1] < 1.0 - 1e-12:
            return math.inf
        pairs = list(zip(law.share, law.days, strict=True))
        return math.fsum((b[0] - a[0]) * (a[1] + b[1]) / 2.0 for a, b in pairwise(pairs))
    if law.law == "deadline":
        return float(law.share * law.day + (1.0 - law.share) * mean(law.otherwise))
    scale, shape = scale_and_shape(law)
    match law.law:
        case "weibull":
            return scale * math.gamma(1.0 + 1.0 / shape)
        case "lognormal":
            return math.exp(scale + shape**2 / 2.0)
        case "loglogistic":
            return scale * (math.pi / shape) / math.sin(math.pi / shape) if shape > 1.0 else math.inf
        case "gamma":
            return scale * shape
    return scale


def survival(law: Any, days: float) -> float:
    """The share still open after `days`."""
    table = LawTable()
    row = table.add(law)
    return math.exp(-arithmetic.exposure_by(*table.done(), row, days))


def quantile(law: Any, share: float) -> float:
    """The days by which `share` (0 < share < 1) have left; infinite where they never do."""
    table = LawTable()
    row = table.add(law)
    return arithmetic.age_left(*table.done(), row, 1.0 - share)

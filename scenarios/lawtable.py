"""Laws as people state them, turned into the rows that `laws` computes with."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import gammaincinv

from sojourn.scenarios import laws as arithmetic
from sojourn.scenarios.laws import DEADLINE, EMPIRICAL, KINDS, LAW, POINT, Laws


class LawTable:
    """Collects laws and numbers row by row; `done` gives the arrays."""

    def __init__(self) -> None:
        self._laws: list[tuple[int, float, float, int, int]] = []
        self._points: list[tuple[float, float]] = []

    def add(self, law: Any) -> int:
        """The row of a law of the format (`scenarios.model`), of a plain number (always that value), or -1 for None."""
        if law is None:
            return -1
        if isinstance(law, int | float):
            return self._append(KINDS["deterministic"], float(law))
        kind = KINDS[law.law]
        if kind == EMPIRICAL:
            first = len(self._points)
            self._points += list(zip(law.share, law.days, strict=True))
            return self._append(kind, first=first, count=len(law.share))
        if kind == DEADLINE:
            other = self.add(law.otherwise)
            return self._append(kind, law.day, law.share, other)
        return self._append(kind, *scale_and_shape(law))

    def _append(self, kind: int, scale: float = 0.0, shape: float = 1.0, first: int = 0, count: int = 0) -> int:
        self._laws.append((kind, scale, shape, first, count))
        return len(self._laws) - 1

    def done(self) -> Laws:
        """All rows so far, as arrays (never empty, so that they compile)."""
        laws = np.array(self._laws or [(0, 1.0, 1.0, 0, 0)], dtype=LAW)
        points = np.array(self._points or [(0.0, 0.0)], dtype=POINT)
        return Laws(laws, points)


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
            return (mean / k if mean is not None else median / float(gammaincinv(k, 0.5))), k
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

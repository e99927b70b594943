"""An estimate on an additive scale (log-odds, log hazard ratio, log of a share), with its standard error."""

import math
from typing import NamedTuple

from scipy.special import ndtr, ndtri

LEVEL = 0.90  # of every interval in scenario files


class Shift(NamedTuple):
    """A shift and its standard error, both on the scale on which effects add up."""

    value: float
    error: float

    def interval(self, level: float = LEVEL, comparisons: int = 1) -> tuple[float, float]:
        """Ends of the normal interval of a level; with several comparisons all hold at once (Bonferroni)."""
        wide = float(ndtri(1.0 - 0.5 * (1.0 - level) / comparisons)) * self.error
        return self.value - wide, self.value + wide

    @property
    def clear(self) -> bool:
        """Whether the 90 % interval leaves out 0."""
        low, high = self.interval()
        return low > 0.0 or high < 0.0

    @property
    def p(self) -> float:
        """Two-sided p-value against no shift (Wald)."""
        return two_sided(self.value / self.error) if self.error > 0.0 else math.nan


def two_sided(z: float) -> float:
    """Probability of a standard normal number at least as far from 0 as z."""
    return float(2.0 * ndtr(-abs(z)))


def chance(p: float) -> str:
    """A p-value for people: `p = 0.003`, or `p < 1e-6` where more digits would mean nothing."""
    return f"p = {p:.2g}" if p >= 1e-6 else "p < 1e-6"

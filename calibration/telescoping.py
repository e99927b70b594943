"""What each step of a journey contributes to an arm's total effect.

The share of assigned customers who reach the end is a product of conditional shares, R = q_1 q_2 ... q_m, so the log of
the ratio between an arm and control is a sum, without remainder:

    log R(arm) - log R(control) = sum over steps k of d_k,   d_k = log q_k(arm) - log q_k(control).

The difference itself is shared out in proportion, by the logarithmic mean L (Ang 2004, additive LMDI):

    R(arm) - R(control) = sum over k of L d_k,   L = (R(arm) - R(control)) / (log R(arm) - log R(control)),

again without remainder. Standard errors by the delta method: the log of a share q of n customers has the variance
(1 - q) / (n q), and steps are independent, because each is counted among those whom the one before has brought. The
interval of the whole difference is Newcombe's, which holds for few customers, too.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from sojourn.calibration.armcounts import ArmCounts
from sojourn.calibration.shifts import LEVEL, Shift
from sojourn.calibration.stays import Floats, Integers


def wilson(taken: int, of: int, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a share that holds for few customers and at 0 and 1, too (Wilson 1927)."""
    z = float(ndtri(0.5 + 0.5 * level))
    share, stretch = taken / of, 1.0 + z * z / of
    middle = (share + 0.5 * z * z / of) / stretch
    half = z / stretch * math.sqrt(share * (1.0 - share) / of + 0.25 * z * z / of**2)
    return min(middle - half, share), max(middle + half, share)


class Gap(NamedTuple):
    """The difference of two shares, an arm's less control's."""

    taken: int
    of: int
    before: int
    of_before: int

    @property
    def value(self) -> float:
        """The difference."""
        return self.taken / self.of - self.before / self.of_before

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """From Wilson's intervals of both shares (Newcombe 1998, method 10)."""
        p, q = self.taken / self.of, self.before / self.of_before
        low, high = wilson(self.taken, self.of, level)
        low_before, high_before = wilson(self.before, self.of_before, level)
        return p - q - math.hypot(p - low, high_before - q), p - q + math.hypot(high - p, q - low_before)

    @property
    def clear(self) -> bool:
        """Whether the 90 % interval leaves out 0."""
        low, high = self.interval()
        return low > 0.0 or high < 0.0


@dataclass(frozen=True)
class JourneyEffect:
    """An arm's total effect on the last stage, and its parts.

    Attributes:
        arm, control: names.
        stages: the chain; step k leads from stages[k] to stages[k + 1].
        customers, before: counts along the chain, in the arm and in control; shape (stages,).
        odds: log-odds of being at the end, per assigned customer, arm against control.
        difference: share of assigned customers at the end, arm minus control.
        ratio: the log of the ratio of these shares.
        parts: d_k, one a step; they add up to `ratio`.
        shares: L d_k, one a step; they add up to `difference`.
    """

    arm: str
    control: str
    stages: tuple[str, ...]
    customers: Integers
    before: Integers
    odds: Shift
    difference: Gap
    ratio: Shift
    parts: tuple[Shift, ...]
    shares: tuple[Shift, ...]

    @property
    def opposed(self) -> bool:
        """Whether two steps work against each other, both beyond their 90 % interval."""
        signs = {math.copysign(1.0, part.value) for part in self.parts if part.clear}
        return len(signs) == 2


def log_odds(taken: int, of: int, before: int, of_before: int) -> Shift:
    """Difference of two log-odds with its error (Woolf 1955); infinite where one is 0 or 1."""
    cells = (taken, of - taken, before, of_before - before)
    if min(cells) == 0:
        return Shift(math.nan, math.inf)
    value = math.log(taken / (of - taken)) - math.log(before / (of_before - before))
    return Shift(value, math.sqrt(sum(1.0 / cell for cell in cells)))


def telescope(counts: ArmCounts, arm: int) -> JourneyEffect | None:
    """Decompose the effect of one arm; None where a stage of the chain is empty in it or in control."""
    here, before = counts.customers[arm], counts.customers[counts.control]
    if not (np.all(here > 0) and np.all(before > 0)):
        return None
    with_it, without = _steps(here), _steps(before)
    parts = with_it[0] - without[0]
    ends = math.exp(with_it[0].sum()), math.exp(without[0].sum())
    variance = with_it[1] + without[1]
    shares, errors = _shared(parts, ends, with_it[1], without[1])
    return JourneyEffect(
        arm=counts.arms[arm],
        control=counts.arms[counts.control],
        stages=counts.stages,
        customers=here,
        before=before,
        odds=log_odds(int(here[-1]), int(here[0]), int(before[-1]), int(before[0])),
        difference=Gap(int(here[-1]), int(here[0]), int(before[-1]), int(before[0])),
        ratio=Shift(float(parts.sum()), math.sqrt(variance.sum())),
        parts=tuple(Shift(float(d), math.sqrt(v)) for d, v in zip(parts, variance, strict=True)),
        shares=tuple(Shift(float(d), float(e)) for d, e in zip(shares, errors, strict=True)),
    )


def _steps(customers: Integers) -> tuple[Floats, Floats]:
    """Logs of the conditional shares along a chain, and their variances."""
    share = customers[1:] / customers[:-1]
    # Where everybody went on the share would have no variance: half a customer who did not gives it one.
    rather = np.where(share < 1.0, share, (customers[1:] + 0.5) / (customers[:-1] + 1.0))
    return np.log(share), (1.0 - rather) / (rather * customers[:-1])


def _shared(
    parts: Floats, ends: tuple[float, float], variance: Floats, variance_before: Floats
) -> tuple[Floats, Floats]:
    """L d_k and its standard errors: derivatives with respect to the logs of all shares of both arms."""
    total = float(parts.sum())
    after, before = ends
    if abs(total) < 1e-6:  # the limit, where the formula would divide nothing by nothing
        mean, slope, slope_before = 0.5 * (after + before), after / 2.0, before / 2.0
    else:
        mean = (after - before) / total
        slope, slope_before = (after - mean) / total, (mean - before) / total
    own = np.eye(parts.size)
    jacobian = parts[:, None] * slope + mean * own
    jacobian_before = parts[:, None] * slope_before - mean * own
    squares = jacobian**2 @ variance + jacobian_before**2 @ variance_before
    return mean * parts, np.sqrt(squares)

"""How figures are written: as many digits as their interval bears, with their unit."""

import math

from sojourn.sim.estimates import Estimate

UNKNOWN = "n/a"


def decimals(estimate: Estimate, scale: float = 1.0) -> int:
    """Return how many decimals `estimate` bears: two digits of half the interval, three of a bare mean; tens are -1."""
    if estimate.mean is None:
        return 0
    if estimate.low is not None and estimate.high is not None and estimate.high > estimate.low:
        size, digits = (estimate.high - estimate.low) * scale / 2, 2
    else:
        size, digits = abs(estimate.mean) * scale, 3
    if size <= 0 or not math.isfinite(size):
        return 0
    return min(6, digits - 1 - math.floor(math.log10(size)))


def figure(value: float | None, places: int, *, sign: bool = False, scale: float = 1.0) -> str:
    """Write one number with thousands separators, rounded to `places` decimals; `sign` writes the plus too."""
    if value is None:
        return UNKNOWN
    rounded = round(value * scale, places) + 0.0  # no minus before a zero
    return f"{rounded:{'+' if sign and rounded else ''},.{max(places, 0)}f}"


def interval(estimate: Estimate, *, sign: bool = False, scale: float = 1.0) -> str:
    """Write `12.3 [11.9, 12.7]`, or the bare mean where there is no interval; `sign` writes the mean's plus."""
    places = decimals(estimate, scale)
    mean = figure(estimate.mean, places, sign=sign, scale=scale)
    if estimate.mean is None or estimate.low is None or estimate.high is None:
        return mean
    low, high = (figure(bound, places, scale=scale) for bound in (estimate.low, estimate.high))
    return f"{mean} [{low}, {high}]"


def zero(estimate: Estimate) -> bool:
    """Whether a figure is exactly 0, interval and all."""
    return estimate.mean == 0 and not estimate.low and not estimate.high


def spans_zero(estimate: Estimate) -> bool:
    """Whether an interval includes 0, so that the sign of the figure is not known."""
    if estimate.mean is None or estimate.low is None or estimate.high is None:
        return True
    return estimate.low <= 0 <= estimate.high

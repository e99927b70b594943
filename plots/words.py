"""Numbers and names as people read them: as many digits as the interval bears, thousands separators, units."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sojourn.sim.estimates import Estimate

SHARE = "share"  # the unit of what lies in 0 to 1, shown in per cent
PERCENT = "%"


def human(name: str) -> str:
    """`post_purchase` as `post purchase`."""
    return name.replace("_", " ").strip() or name


def known(estimate: "Estimate | None") -> bool:
    """Whether there is a figure at all."""
    return estimate is not None and estimate.mean is not None and math.isfinite(estimate.mean)


def bounded(estimate: "Estimate") -> bool:
    """Whether the figure has an interval."""
    return None not in estimate and all(math.isfinite(v) for v in estimate if v is not None)


def clear(estimate: "Estimate") -> bool:
    """Whether the interval leaves out 0, so that the sign is known; 0 throughout is not clear either."""
    if estimate.low is None or estimate.high is None:
        return False
    return estimate.low > 0 or estimate.high < 0


def number(value: float, decimals: int = 0, sign: bool = False) -> str:
    """A number with thousands separators and a true minus; `sign` writes the plus as well; never `-0`."""
    text = f"{value:{'+' if sign else ''},.{decimals}f}"
    if not text.strip("+-0.,"):
        text = text.lstrip("+-")
    return text.replace("-", "−")


def decimals(estimate: "Estimate", scale: float = 1.0) -> int:
    """How many decimals the figure bears (0 to 4): two figures of the interval's width, or three of a bare mean."""
    if estimate.low is not None and estimate.high is not None and estimate.high > estimate.low:
        size, figures = (estimate.high - estimate.low) * scale, 1
    else:
        size, figures = abs(estimate.mean or 0.0) * scale, 2
    if size <= 0 or not math.isfinite(size):
        return 0
    return min(4, max(0, figures - math.floor(math.log10(size))))


def interval(estimate: "Estimate", unit: str = "", sign: bool = False) -> str:
    """`35.2 % [34.1, 36.3]`; the bare figure where there is no interval, or where it has no width."""
    if not known(estimate) or estimate.mean is None:
        return "undefined"
    scale = 100.0 if unit == SHARE else 1.0
    if unit == SHARE and not sign and (estimate.low is None or estimate.low == estimate.high):
        return percent(estimate.mean)
    places = decimals(estimate, scale)
    text = number(scale * estimate.mean, places, sign) + (" %" if unit == SHARE else "")
    if estimate.low is None or estimate.high is None or estimate.low == estimate.high:
        return text
    return f"{text} [{number(scale * estimate.low, places, sign)}, {number(scale * estimate.high, places, sign)}]"


def percent(share: float) -> str:
    """A share as per cent, with more decimals where shares are small, so that nothing above 0 reads as 0."""
    size = abs(100 * share)
    if 0 < size < 0.01:
        return "under 0.01 %"
    return f"{number(100 * share, 0 if size == 0 or size == 100 else 2 if size < 0.995 else 1 if size < 9.95 else 0)} %"


def count(value: float) -> str:
    """A number of customers or moves: whole above ten, one decimal below (a mean over replications may be 0.4)."""
    return number(value, 0 if value >= 9.95 or value == round(value) else 1 if value >= 0.05 else 2)


def shown_unit(unit: str) -> str:
    """The unit as an axis names it."""
    return PERCENT if unit == SHARE else unit

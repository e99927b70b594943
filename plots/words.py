"""Numbers and names as people read them, in the terminal, in pictures and in the report: as many digits as the interval
bears, thousands separators, units, a true minus. JSON and scenario files have nothing of this.

The command line imports this at once: no numpy, no matplotlib here.
"""

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sojourn.sim.estimates import Estimate

SHARE = "share"  # the unit of what lies in 0 to 1, shown in per cent
PERCENT = "%"
MINUS = "−"
UNKNOWN = "undefined"
DIGITS = 5  # of a figure with decimals, at most,
MORE = 2  # and so many more where only they show that there is an interval


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


def zero(estimate: "Estimate") -> bool:
    """Whether a figure is exactly 0, interval and all."""
    return estimate.mean == 0 and not estimate.low and not estimate.high


def number(value: float, decimals: int = 0, sign: bool = False) -> str:
    """A number with thousands separators and a true minus; `sign` writes the plus as well; never `-0`.

    Negative `decimals` round to tens, hundreds and so on.
    """
    text = f"{round(value, decimals) if decimals < 0 else value:{'+' if sign else ''},.{max(decimals, 0)}f}"
    if not text.strip("+-0.,"):
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def exact(value: float) -> str:
    """A number as a file states it, with a true minus: all its digits, and none that it does not have."""
    return f"{value:,.12g}".replace("-", MINUS)


def decimals(estimate: "Estimate", scale: float = 1.0) -> int:
    """How many decimals the figure bears: two digits of half the interval, three of a bare mean; tens are -1.

    No decimals beyond the figure's fifth digit, however narrow the interval is. One or two more where a bound would else read
    as 0, which the interval leaves out.
    """
    size, digits = abs(estimate.mean or 0.0) * scale, 3
    if _wide(estimate) and estimate.low is not None and estimate.high is not None:
        size, digits = (estimate.high - estimate.low) * scale / 2, 2
    if size <= 0 or not math.isfinite(size):
        return 0
    places = min(6, digits - 1 - math.floor(math.log10(size)))
    most = max(abs(v) for v in estimate if v is not None) * scale
    if places > 0 and most >= 1.0:
        places = min(places, max(0, DIGITS - 1 - math.floor(math.log10(most))))
    bounds = (estimate.low, estimate.high) if clear(estimate) else ()
    finer = (k for k in range(places, places + 3) if all(round((b or 0.0) * scale, k) for b in bounds))
    return next(finer, places)


def interval(estimate: "Estimate | None", unit: str = "", sign: bool = False, *, bare: bool = False) -> str:
    """`35.2 % [34.1, 36.3]`; the mean alone where there is no interval, or none that some more digits would show.

    Shares are in per cent; `bare` leaves the % to the heading. `sign` writes the plus of the mean.
    """
    if estimate is None or estimate.mean is None or not known(estimate):
        return UNKNOWN
    scale = 100.0 if unit == SHARE else 1.0
    places, low, high = decimals(estimate, scale), "", ""
    if estimate.low is not None and estimate.high is not None and _wide(estimate):
        for more in range(MORE + 1):
            low, high = (number(scale * end, places + more) for end in (estimate.low, estimate.high))
            if low != high:
                places += more
                break
    text = number(scale * estimate.mean, places, sign) + (f" {PERCENT}" if unit == SHARE and not bare else "")
    return text if low == high else f"{text} [{low}, {high}]"


def _wide(estimate: "Estimate") -> bool:
    """Whether there is an interval of more width than the rounding of sums gives."""
    if estimate.low is None or estimate.high is None:
        return False
    return estimate.high - estimate.low > 1e-12 * max(abs(estimate.low), abs(estimate.high))


def magnitude(most: float) -> tuple[float, str]:
    """What figures up to `most` are counted in where room is short, and the word for it: 1 and no word below ten millions."""
    size = abs(most)
    if not 1e7 <= size < math.inf:
        return 1.0, ""
    power = 3 * ((math.floor(math.log10(size)) - 1) // 3)
    return 10.0**power, {6: "millions", 9: "billions", 12: "trillions"}.get(power, f"units of 1e{power}")


def scaled(estimate: "Estimate", size: float) -> "Estimate":
    """The figure and its interval counted in `size`."""
    return type(estimate)(*(None if value is None else value / size for value in estimate))


def minus(sentence: str) -> str:
    """A sentence with a true minus before its numbers, not with the hyphen of JSON and of files."""
    return re.sub(r"(?<![^\s(\[])-(?=\d)", MINUS, sentence)


def pair(name: str) -> str:
    """`B - A`, the name of a difference, with a true minus."""
    return name.replace(" - ", f" {MINUS} ")


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

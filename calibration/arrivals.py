"""How many customers came, and when: arrivals of a scenario from the first events of a log."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc

from sojourn.calibration.logs import Log

EVEN = 1e-3  # a steady rate is given up where counts this uneven would be rarer than one in a thousand


class ArrivalsFit(NamedTuple):
    """One way of arriving, as the scenario file says it; exactly one of the three is given."""

    cohort: int | None
    rate_per_day: float | None
    daily: tuple[float, ...] | None
    said: str  # why, in a sentence
    until_day: float | None = None  # when a steady rate stops; None: never


def fit_arrivals(log: Log) -> ArrivalsFit:
    """The plainest way of arriving that agrees with the log.

    All on one start: a cohort. Else a steady rate, unless the counts by day are more uneven than a Poisson process
    allows (index of dispersion, chi-square, at .1 %): then the days as they were, one rate a day.
    """
    log = log.begun
    number = log.customers.size
    if log.arrived is not None and not np.any(log.arrived):
        return ArrivalsFit(
            number, None, None, "nobody was seen to arrive: all who were there, as if they came together"
        )
    if not log.calendar:
        return ArrivalsFit(number, None, None, "every customer begins on a day 0 of their own (clock = customer)")
    if float(log.start.max()) < max(1.0, log.resolution):
        return ArrivalsFit(number, None, None, "all customers begin on the first day of the log")
    last = float(log.start.max())
    # A silence before the end so long that a steady rate would leave it once in a thousand logs: arrivals had stopped.
    stopped = math.exp(-number * (log.horizon - last) / log.horizon) < EVEN
    span = max(last, 1.0) if stopped else log.horizon
    days = max(math.ceil(span), 1)
    counts = np.bincount(np.minimum(log.start.astype(np.int64), days - 1), minlength=days).astype(np.float64)
    # The last day may be a part of one.
    expected = number * np.append(np.ones(days - 1), span - (days - 1)) / span
    dispersion = float(np.sum((counts - expected) ** 2 / expected))
    if days > 1 and chdtrc(days - 1, dispersion) < EVEN:
        said = f"customers came unevenly (index of dispersion {dispersion / (days - 1):.1f}): each day as it was"
        silent = math.ceil(log.horizon) - days
        return ArrivalsFit(None, None, (*counts.tolist(), *([0.0] * silent)), said)
    said = f"{number:,} customers over {span:.1f} days, as even as chance"
    return ArrivalsFit(None, number / span, None, said, span if stopped else None)

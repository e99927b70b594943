"""How many customers came, and when: arrivals of a scenario from the first events of a log."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc

from sojourn.calibration.logs import Log
from sojourn.calibration.stays import Floats
from sojourn.scenarios.plurals import plural

EVEN = 1e-3  # a steady rate is given up where counts this uneven would be rarer than one in a thousand
WEEK = 7
LONG = 2.0  # of the longest silence between two customers: one at the end that is no longer may be a weekend


class ArrivalsFit(NamedTuple):
    """One way of arriving; exactly one of the first three is given.

    Attributes:
        cohort: customers who are there together.
        rate_per_day: a steady rate.
        daily: customers on each day of the log.
        said: why, in a sentence.
        until_day: when arrivals stop; None: never.
        part: of the last day of `daily`, how much was watched, where the scenario outlasts the log and so needs its days again;
            None where it does not.
    """

    cohort: int | None
    rate_per_day: float | None
    daily: tuple[float, ...] | None
    said: str
    until_day: float | None = None
    part: float | None = None

    @property
    def afterwards(self) -> str:
        """How customers come after the log, where the scenario outlasts it, in words."""
        if self.cohort is not None or self.until_day is not None:
            return "nobody comes"
        if self.rate_per_day is not None:
            return "customers come at the same rate"
        again = "the days of the log come again"
        return f"{again}, in step with the days of the week" if len(self.daily or ()) > WEEK else again

    @property
    def written(self) -> tuple[float, ...]:
        """The days as the scenario has them; empty where arrivals are not by day."""
        return tuple(self.whole_weeks(np.asarray(self.daily or (), dtype=np.float64)).tolist())

    def whole_weeks(self, days: Floats) -> Floats:
        """Arrivals by day, shape (..., days of the log), as the scenario has them, shape (..., days of the scenario).

        A scenario begins its days anew when they end. Where it outlasts the log they are made up to whole weeks, so that days
        of the week stay in step: what was not watched of the last day, and the days after it, are as a week before.
        """
        number = days.shape[-1]
        if self.part is None or number <= WEEK:
            return days
        missing = -number % WEEK
        result: Floats = np.concatenate((days, days[..., number - WEEK : number - WEEK + missing]), axis=-1)
        result[..., number - 1] += (1.0 - self.part) * days[..., number - 1 - WEEK]
        return result


def fit_arrivals(log: Log) -> ArrivalsFit:
    """The plainest way of arriving that agrees with the log.

    All on one start: a cohort. Else a steady rate, unless the counts by day are more uneven than a Poisson process
    allows (index of dispersion, chi-square, at .1 %): then the days as they were, one rate a day. What counts is how long the
    log was watched; how long its scenario lasts says only what must be told of the days after.
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
    stopped = math.exp(-number * (log.span - last) / log.span) < EVEN
    span = max(last, 1.0) if stopped else log.span
    days = max(math.ceil(span), 1)
    counts = np.bincount(np.minimum(log.start.astype(np.int64), days - 1), minlength=days).astype(np.float64)
    # The last day may be a part of one.
    expected = number * np.append(np.ones(days - 1), span - (days - 1)) / span
    dispersion = float(np.sum((counts - expected) ** 2 / expected))
    if days > 1 and chdtrc(days - 1, dispersion) < EVEN:
        said = f"customers came unevenly (index of dispersion {dispersion / (days - 1):.1f}): each day as it was"
        whole = max(math.ceil(log.span), 1)
        daily = (*counts.tolist(), *([0.0] * (whole - days)))
        if not log.outlasted:
            return ArrivalsFit(None, None, daily, said)
        # No rate is steady here: arrivals had stopped where the silence is long beside all others.
        if stopped and log.span - last > LONG * float(np.diff(np.sort(log.start), prepend=0.0).max()):
            return ArrivalsFit(None, None, daily, f"{said}; after day {last:.0f} nobody comes", float(days))
        found = ArrivalsFit(None, None, daily, said, part=log.span - (whole - 1))
        return found._replace(said=f"{said}; after day {log.span:.0f} {found.afterwards}")
    said = f"{plural(number, 'customer')} over {span:.1f} days, as even as chance"
    found = ArrivalsFit(None, number / span, None, said, span if stopped else None)
    return found._replace(said=f"{said}; after day {span:.0f} {found.afterwards}") if log.outlasted else found

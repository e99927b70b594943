"""What a fit without differences between customers would forecast instead: the second span of a log, simulated both ways."""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sojourn.calibration.arrivals import ArrivalsFit
from sojourn.calibration.exits import fit_stage
from sojourn.calibration.fit import Fit
from sojourn.sim.journeys import Journeys
from sojourn.sim.network import build
from sojourn.sim.run import simulate

NEWCOMERS = 4_000
SURE = 3.0  # standard errors by which the two must differ to be told


class Ahead(NamedTuple):
    """How often newcomers go one way in the second span of days after they came, with differences and without.

    `error` is the standard error of the log of the ratio: customers are independent, and both are followed with the same luck.
    """

    way: str
    days: float
    differing: int
    alike: int
    error: float

    @property
    def sentence(self) -> str:
        """In plain words; what differs by less than chance is said to."""
        if self.differing == 0 or self.alike == 0:
            return f"{self.way}: too few newcomers go this way after {self.days:.0f} days to compare forecasts."
        ratio = self.alike / self.differing
        told = f"{self.way}: without these differences the second {self.days:.0f} days of newcomers would be forecast"
        if abs(math.log(ratio)) < SURE * self.error:
            return f"{told} much the same."
        return (
            f"{told} {100.0 * abs(ratio - 1.0):.0f} % too {'low' if ratio < 1.0 else 'high'} ({self.alike:,} instead of "
            f"{self.differing:,} for {NEWCOMERS:,} newcomers)."
        )


def ahead(fitted: Fit, seed: int = 1) -> tuple[Ahead, ...]:
    """One entry for each way in which customers differ; none where they do not."""
    ways = [(name, to) for name, stage in fitted.stages.items() for to in stage.differ.speeds]
    ways += [(name, stage.differ.chance.to) for name, stage in fitted.stages.items() if stage.differ.chance is not None]
    if not ways:
        return ()
    touched = {name for name, _ in ways}
    # All exits of those stages: else another one may take up what the first may not say.
    refused = {f"{name} -> {to}": "none" for name in touched for to in fitted.stages[name].exits}
    without = replace(fitted.log, frailty={**fitted.log.frailty, **refused})
    alike = replace(
        fitted,
        stages={
            name: fit_stage(without, without.stages.index(name)) if name in touched else stage
            for name, stage in fitted.stages.items()
        },
    )
    lives = [_newcomers(one, seed) for one in (fitted, alike)]
    result = []
    for name, to in ways:
        counts = [_taken(journeys, name, to, fitted.log.span) for journeys in lives]
        total = [max(float(one.sum()), 1.0) for one in counts]
        spread = counts[0] / total[0] - counts[1] / total[1]
        error = math.sqrt(float(np.sum(spread**2)))
        result.append(Ahead(f"{name} -> {to}", fitted.log.span, int(counts[0].sum()), int(counts[1].sum()), error))
    return tuple(result)


def _newcomers(fitted: Fit, seed: int) -> Journeys:
    cohort = ArrivalsFit(NEWCOMERS, None, None, "newcomers")
    longer = replace(fitted.log, horizon=2.0 * fitted.log.span)
    scenario = replace(fitted, arrivals=cohort, log=longer).scenario()
    return simulate(build(scenario, next(iter(scenario.strategies))), seed=seed)


def _taken(journeys: Journeys, stage: str, to: str, since: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """How often each customer goes one way after so many days."""
    rows = (journeys.events.stage == journeys.stages.index(stage)) & ~journeys.last
    rows &= (journeys.next_stage == journeys.stages.index(to)) & (journeys.until > since)
    return np.bincount(journeys.who[rows], minlength=journeys.customers.customer.size).astype(np.float64)

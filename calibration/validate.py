"""The check: a fit to some customers, laid beside others whom it has not seen.

People are split by a keyed hash of who they are (see `holdout`). Held-out customers were watched for different times, so
the simulated ones are too: each gets the watching time of a held-out customer of the same segment, and both sides go
through the same censoring-aware estimators.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sojourn.calibration.beginnings import startable
from sojourn.calibration.copies import copy_of, given_up_said
from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.holdout import FEWEST, hold_out, large_enough, some
from sojourn.calibration.logs import Log
from sojourn.calibration.samples import observed
from sojourn.calibration.spreads import REACH, estimate, left_out, predicted, within
from sojourn.calibration.stays import Floats
from sojourn.calibration.yardsticks import Measured, Plan, measure, naive, plan
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.brief import brief
from sojourn.scenarios.faults import Fault, Faults
from sojourn.sim.estimates import Band, Estimate

LARGEST = 5_000  # customers held out that are simulated, and
FITTED = 50_000  # others that are fitted to; more would only cost time
SPLIT = 200_000  # customers of a larger log among whom both are chosen
Progress = Callable[[int, int], None]


class Quantity(NamedTuple):
    """One figure, observed on held-out customers and simulated.

    The interval of `observed` is its sampling error (people left out in turn); that of `simulated` is where the
    figure of so many new customers should lie nine times in ten, the uncertainty of the fit included. `naive` leaves
    unfinished stays out.
    """

    name: str
    unit: str
    observed: Estimate
    simulated: Estimate
    naive: float | None
    n: int

    @property
    def inside(self) -> bool:
        """Whether the observed figure lies in the interval of the simulated one."""
        return within(self.observed, self.simulated)


class FitCurve(NamedTuple):
    """A curve, observed on held-out customers and simulated, with bands as in `Quantity`."""

    title: str
    observed: Band
    simulated: Band


@dataclass(frozen=True)
class Check:
    """The fit to the larger part of the customers beside the rest, whom it has not seen."""

    quantities: tuple[Quantity, ...]
    curves: tuple[FitCurve, ...]
    customers_fitted: int
    customers_held_out: int
    notes: tuple[str, ...] = ()  # on the check itself

    def __repr__(self) -> str:
        return brief(self, answer=self.sentence)

    @property
    def inside(self) -> int:
        """How many observed figures lie in their 90 % prediction interval."""
        return sum(quantity.inside for quantity in self.quantities)

    @property
    def sentence(self) -> str:
        """The verdict in a sentence."""
        return (
            f"{self.inside} of {len(self.quantities)} figures of {self.customers_held_out:,} customers held out lie in "
            f"the model's 90 % prediction interval (fitted to {self.customers_fitted:,} others)."
        )


@checked_arguments
def check(
    log: Log, *, holdout: float = 0.3, replications: int = 20, seed: int = 1, progress: Progress | None = None
) -> Check:
    """Fit to a part of the people, simulate, and lay the rest beside.

    Args:
        log: from `logs.read`.
        holdout: share of people held out, between 0 and 1.
        replications: simulated copies of the held-out customers (at least 2), each from a fit to a resample of the
        others, so
            that their spread holds the uncertainty of the fit as well as chance.
        seed: of the split, the resamples and the simulation.
        progress: called with (replications done, in all).

    Raises:
        Faults: if too few customers are left on either side.
    """
    log = to_check(log)
    held = hold_out(log.person, holdout, seed)
    if not large_enough(log, held):
        raise Faults(
            [
                Fault(
                    log.source,
                    "",
                    f"{int(held.sum())} customers",
                    f"{int(held.sum())} of {held.size} customers would be held out: too few for a check",
                    f"give a log of {FEWEST / max(min(holdout, 1 - holdout), 0.01):.0f} customers or more",
                )
            ]
        )
    train, rest = startable(some(log.only(~held), FITTED)), some(log.only(held).begun, LARGEST)
    fitted = fit(train)
    names = {*fitted.stages, *fitted.absorbing, *fitted.silent, *fitted.contracts}
    known = frozenset(k for k, name in enumerate(log.stages) if name in names)
    absorbing = frozenset(k for k, name in enumerate(log.stages) if name in fitted.absorbing)
    beside = observed(rest)
    what = plan(beside, log.stages, known, absorbing)
    seen = measure(beside, what)
    errors = left_out(beside, rest.person, lambda sample: _flat(measure(sample, what)))
    spread = Measured(errors[: seen.figures.size], errors[seen.figures.size :].reshape(seen.curves.shape))
    copies, given_up = [], 0
    for replication in range(max(replications, 2)):
        copy = copy_of(train, rest, seed, replication, fitted, fit)
        copies.append(measure(copy.sample, what))
        given_up += copy.given_up
        if progress is not None:
            progress(replication + 1, max(replications, 2))
    checked = _beside(log.stages, what, seen, spread, copies, naive(beside, what), train, rest)
    return replace(checked, notes=(given_up_said(given_up, len(copies)),)) if given_up else checked


def _flat(measured: Measured) -> Floats:
    return np.concatenate([measured.figures, measured.curves.ravel()])


def to_check(log: Log) -> Log:
    """The customers among whom the check looks: those whose begin was seen, at most `SPLIT` of them, evenly chosen."""
    return some(log.begun, SPLIT)


def _beside(
    stages: tuple[str, ...],
    what: Plan,
    seen: Measured,
    spread: Measured,
    copies: list[Measured],
    without: tuple[list[float | None], list[int]],
    train: Log,
    rest: Log,
) -> Check:
    figures = np.array([copy.figures for copy in copies])
    curves = np.array([copy.curves for copy in copies])
    shares = [one.unit.startswith("share") for one in what.yardsticks]
    middle, low, high = predicted(figures)
    quantities = tuple(
        Quantity(
            one.name,
            one.unit,
            estimate(seen.figures[k], seen.figures[k] - REACH * spread.figures[k],
                      seen.figures[k] + REACH * spread.figures[k], shares[k]),
            estimate(middle[k], low[k], high[k], shares[k]),
            without[0][k],
            without[1][k],
        )
        for k, one in enumerate(what.yardsticks)
    )  # fmt: skip
    middle, low, high = predicted(curves)
    fits = tuple(
        FitCurve(
            f"Reached {stages[stage]}, by days since the start",
            _band(what.grid, seen.curves[k], seen.curves[k] - REACH * spread.curves[k],
                  seen.curves[k] + REACH * spread.curves[k]),
            _band(what.grid, middle[k], low[k], high[k]),
        )
        for k, stage in enumerate(what.reached)
    )  # fmt: skip
    return Check(quantities, fits, int(train.customers.size), int(rest.customers.size))


def _band(x: Floats, mean: Floats, low: Floats, high: Floats) -> Band:
    return Band(x, mean, np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0))


__all__ = ["Check", "Fit", "FitCurve", "Quantity", "check", "hold_out", "large_enough"]

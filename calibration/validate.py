"""The check: a fit to some customers, laid beside others whom it has not seen.

People are split by a keyed hash of who they are, so that the split is the same every time and nobody is on both
sides. Held-out customers were watched for different times, so the simulated ones are too: each gets the watching time
of a held-out customer of the same segment, and both sides go through the same censoring-aware estimators.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from sojourn.calibration.arrivals import ArrivalsFit
from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.logs import Log
from sojourn.calibration.names import Names
from sojourn.calibration.samples import Sample, observed, simulated
from sojourn.calibration.stays import NOTHING, Floats, Integers
from sojourn.calibration.yardsticks import Measured, Plan, measure, naive, plan
from sojourn.scenarios.faults import Fault, Faults
from sojourn.sim.estimates import LEVEL, Band, Estimate
from sojourn.sim.network import build
from sojourn.sim.run import simulate

FEWEST = 50  # customers held out below which a check says nothing
LARGEST = 5_000  # customers held out that are simulated, and
FITTED = 50_000  # others that are fitted to; more would only cost time
GROUPS = 20  # of people left out in turn, for the interval of what was observed
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
        seen, low, high = self.observed.mean, self.simulated.low, self.simulated.high
        return seen is not None and low is not None and high is not None and low <= seen <= high


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
    train, rest = _some(log.only(~held), FITTED), _some(log.only(held), LARGEST)
    fitted = fit(train)
    names = {*fitted.stages, *fitted.absorbing, *fitted.silent, *fitted.contracts}
    known = frozenset(k for k, name in enumerate(log.stages) if name in names)
    absorbing = frozenset(k for k, name in enumerate(log.stages) if name in fitted.absorbing)
    beside = observed(rest)
    what = plan(beside, log.stages, known, absorbing)
    seen = measure(beside, what)
    spread = _left_out(beside, rest.person, what)
    copies = []
    for replication in range(max(replications, 2)):
        copies.append(measure(_copy(train, rest, seed, replication, fitted), what))
        if progress is not None:
            progress(replication + 1, max(replications, 2))
    return _beside(log.stages, what, seen, spread, copies, naive(beside, what), train, rest)


def hold_out(person: Names | NDArray[Any], share: float, seed: int) -> NDArray[np.bool_]:
    """Which customers are held out, by a hash of who they are keyed with the seed; shape of `person`."""
    salt = seed.to_bytes(8, "little")
    people, which = np.unique(person.astype(str), return_inverse=True)
    draws = [
        int.from_bytes(blake2b(name.encode("utf-8", "replace"), digest_size=7, key=salt).digest()) for name in people
    ]
    chosen: NDArray[np.bool_] = (np.array(draws, dtype=np.float64) / 2.0**56 < share)[which]
    return chosen


def _some(log: Log, number: int) -> Log:
    """At most so many customers, evenly from all of them: neighbours in a log tend to be alike."""
    size = log.customers.size
    return log if size <= number else log.take(np.arange(number, dtype=np.int64) * size // number)


def large_enough(log: Log, held: NDArray[np.bool_]) -> bool:
    """Whether both sides of a split can say something."""
    moved = np.isin(np.arange(log.customers.size), log.stays.customer[log.stays.following != NOTHING])
    return int(held.sum()) >= FEWEST and bool(np.any(moved & ~held)) and int(np.sum(~held)) >= FEWEST


def _copy(train: Log, rest: Log, seed: int, replication: int, like: Fit) -> Sample:
    """As many simulated customers as there are in `rest`, from a fit to a resample of the people of `train`."""
    rng = np.random.default_rng([seed, replication])
    fitted = fit(_resample(train, rng), like)
    number = rest.customers.size
    horizon = float(rest.window.max())
    cohort = ArrivalsFit(number, None, None, "the held-out customers")
    scenario = replace(fitted, arrivals=cohort, log=replace(fitted.log, horizon=horizon)).scenario()
    journeys = simulate(build(scenario, next(iter(scenario.strategies))), seed=seed, replication=replication)
    window = np.empty(journeys.customers.customer.size)
    for k, name in enumerate(journeys.segments):
        here = journeys.customers.segment == k
        index = rest.segments.index(name) if name in rest.segments else 0
        same = rest.window[rest.segment == index]
        window[here] = rng.choice(same if same.size else rest.window, int(here.sum()))
    return simulated(journeys, rest.stages, window, rest.silent)


def _resample(log: Log, rng: np.random.Generator) -> Log:
    """People drawn with replacement, with all their journeys."""
    order = np.argsort(log.person.astype(str), kind="stable")
    _, begins, sizes = np.unique(log.person.astype(str)[order], return_index=True, return_counts=True)
    drawn = rng.integers(0, begins.size, begins.size)
    lengths = sizes[drawn]
    offset = np.repeat(begins[drawn] - (np.cumsum(lengths) - lengths), lengths)
    chosen: Integers = order[offset + np.arange(int(lengths.sum()))].astype(np.int64)
    return log.take(chosen)


def _left_out(sample: Sample, person: Names | NDArray[Any], what: Plan) -> Measured:
    """Standard errors of all figures and curves: groups of people left out in turn (delete-a-group jackknife)."""
    _, which = np.unique(person.astype(str), return_inverse=True)
    groups = which % GROUPS
    number = int(groups.max()) + 1
    left = [measure(sample.without(groups == g), what) for g in range(number)]

    def error(values: Floats) -> Floats:
        result: Floats = np.sqrt((number - 1) * np.var(values, axis=0))
        return result

    return Measured(error(np.array([one.figures for one in left])), error(np.array([one.curves for one in left])))


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
    reach = float(stdtrit(GROUPS - 1, 0.5 + LEVEL / 2))
    shares = [one.unit.startswith("share") for one in what.yardsticks]
    middle, low, high = _predicted(figures)
    quantities = tuple(
        Quantity(
            one.name,
            one.unit,
            _estimate(seen.figures[k], seen.figures[k] - reach * spread.figures[k],
                      seen.figures[k] + reach * spread.figures[k], shares[k]),
            _estimate(middle[k], low[k], high[k], shares[k]),
            without[0][k],
            without[1][k],
        )
        for k, one in enumerate(what.yardsticks)
    )  # fmt: skip
    middle, low, high = _predicted(curves)
    fits = tuple(
        FitCurve(
            f"Reached {stages[stage]}, by days since the start",
            _band(what.grid, seen.curves[k], seen.curves[k] - reach * spread.curves[k],
                  seen.curves[k] + reach * spread.curves[k]),
            _band(what.grid, middle[k], low[k], high[k]),
        )
        for k, stage in enumerate(what.reached)
    )  # fmt: skip
    return Check(quantities, fits, int(train.customers.size), int(rest.customers.size))


def _predicted(copies: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean over replications (first axis), and the interval in which one more of them would lie."""
    number = copies.shape[0]
    middle = copies.mean(axis=0)
    reach = float(stdtrit(number - 1, 0.5 + LEVEL / 2)) * np.sqrt(1.0 + 1.0 / number) * copies.std(axis=0, ddof=1)
    return middle, middle - reach, middle + reach


def _estimate(mean: float, low: float, high: float, share: bool) -> Estimate:
    if not np.isfinite(mean):
        return Estimate(None, None, None)
    if not (np.isfinite(low) and np.isfinite(high)):
        return Estimate(float(mean), None, None)
    top = 1.0 if share else np.inf
    return Estimate(float(mean), float(np.clip(low, 0.0, top)), float(np.clip(high, 0.0, top)))


def _band(x: Floats, mean: Floats, low: Floats, high: Floats) -> Band:
    return Band(x, mean, np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0))


__all__ = ["Check", "Fit", "FitCurve", "Quantity", "check", "hold_out", "large_enough"]

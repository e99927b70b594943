"""Which numbers a difference between two strategies hangs on: tornado with break-evens, Morris screening, Sobol indices.

All of it is simulated on the same customers and draws, so that a number's effect is not drowned in luck; each figure says what
luck is left in it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments import morris, sobol
from sojourn.experiments.breakeven import BreakEven, break_even
from sojourn.experiments.decomposition import Luck
from sojourn.experiments.numbers import Number, checked, chosen, evidence, in_doubt
from sojourn.experiments.pieces import Help
from sojourn.experiments.probe import CENTRE, Point, Probe, noticed
from sojourn.experiments.sensitivity_words import sentence
from sojourn.experiments.twins import pair_of
from sojourn.scenarios.companion import Companion
from sojourn.scenarios.faults import Fault, Faults, nearest
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.estimating import Jackknife
from sojourn.sim.keeping import Keeper
from sojourn.sim.measures import names
from sojourn.sim.network import build
from sojourn.sim.run import Progress
from sojourn.sim.sharing import processors

Floats = NDArray[np.float64]
Method = Literal["tornado", "morris", "sobol"]
METHODS: tuple[Method, ...] = ("tornado", "morris", "sobol")
REPLICATIONS: Mapping[str, int] = {"tornado": 20, "morris": 4, "sobol": 4}
POINTS: Mapping[str, int] = {"morris": 10, "sobol": 64}
REACH = 3.0  # times the interval, how far a break-even is looked for
NORMAL = 1.645


class Swing(NamedTuple):
    """What one number does to the difference, the others as they stand."""

    at_low: Estimate
    """The difference with the number at its low end."""
    at_high: Estimate
    change_low: Estimate
    """The same minus the difference as it stands, paired: beyond noise where the interval leaves out 0."""
    change_high: Estimate
    break_even: BreakEven
    reach: tuple[float, float]
    """Between which values a break-even was looked for."""

    @property
    def width(self) -> float:
        """The larger of what the two ends change, or how far they lie apart."""
        low, high = self.at_low.mean or 0.0, self.at_high.mean or 0.0
        return max(abs(high - low), abs(self.change_low.mean or 0.0), abs(self.change_high.mean or 0.0))

    @property
    def still(self) -> bool:
        """Whether the number moves nothing at all."""
        return all(one.mean == 0.0 and not one.low and not one.high for one in (self.change_low, self.change_high))


class Effect(NamedTuple):
    """Morris screening of one number over its interval, in the unit of the measure."""

    mean: float
    strength: Estimate
    spread: float


class Share(NamedTuple):
    """Sobol indices of one number."""

    first: Estimate
    total: Estimate


@dataclass(frozen=True)
class Sensitivity:
    """How a difference between two strategies depends on numbers of the scenario."""

    scenario: Scenario
    baseline: str
    strategy: str
    measure: str
    method: Method
    luck: Luck
    difference: Estimate
    """The measure under the strategy minus under the baseline, all numbers as they stand."""
    numbers: tuple[Number, ...]
    left_out: int
    """Numbers with an interval that neither strategy can notice: levers that none of the two pulls."""
    swings: tuple[Swing, ...]
    """By number (tornado); else empty."""
    effects: tuple[Effect, ...]
    """By number (morris); else empty."""
    shares: tuple[Share, ...]
    """By number (sobol); else empty."""
    spread: float | None
    """Standard deviation of the difference over what the numbers allow, noise taken off (sobol); else None."""
    noise: float | None
    """Standard error that simulation leaves in one difference (morris, sobol); else None."""

    @property
    def order(self) -> list[int]:
        """Numbers from the one that matters most to the least."""
        weights = {
            "tornado": [one.width for one in self.swings],
            "morris": [one.strength.mean or 0.0 for one in self.effects],
            "sobol": [one.total.mean or 0.0 for one in self.shares],
        }[self.method]
        return sorted(range(len(self.numbers)), key=lambda k: -weights[k])

    @property
    def sentence(self) -> str:
        """The number that matters most, and whether one can turn the answer."""
        return sentence(self)

    def document(self) -> dict[str, Any]:
        """The JSON shape of `sojourn sensitivity --json`."""
        told = []
        for k, number in enumerate(self.numbers):
            about: dict[str, Any] = {
                "path": number.path,
                "label": number.label,
                "central": number.central,
                "low": number.low,
                "high": number.high,
                "origin": number.origin,
                "evidence": evidence(self.scenario, number),
            }
            if self.swings:
                about |= _swing(self.swings[k])
            if self.effects:
                one = self.effects[k]
                about |= {"mean": one.mean, "strength": one.strength._asdict(), "spread": one.spread}
            if self.shares:
                about |= {"first": self.shares[k].first._asdict(), "total": self.shares[k].total._asdict()}
            told.append(about)
        return {
            "scenario": self.scenario.about.name,
            "baseline": self.baseline,
            "strategy": self.strategy,
            "measure": self.measure,
            "method": self.method,
            "sentence": self.sentence,
            "difference": self.difference._asdict(),
            "numbers": [told[k] for k in self.order],
            "left_out": self.left_out,
            "spread": self.spread,
            "simulation_error": self.noise,
        }


def sensitivity(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    *,
    measure: str = "profit",
    method: Method = "tornado",
    numbers: Sequence[str] = (),
    companion: Companion | None = None,
    points: int | None = None,
    customers: int | None = None,
    replications: int | None = None,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
    kept: Keeper | None = None,
) -> Sensitivity:
    """Find out which numbers the difference between two strategies hangs on.

    Args:
        scenario: the scenario.
        strategies: two, the baseline first; by default the first two of the scenario.
        measure: what is compared.
        method: `tornado` (each number from end to end, with break-even), `morris` (screening) or `sobol` (shares of variance).
        numbers: paths that name numbers, as `stages.*.race.churned`; by default all that are in doubt: those with a declared
            interval, and calibrated ones.
        companion: draws of calibrated numbers (see `scenarios.companion`).
        points: trajectories of `morris` (10), or points of `sobol` (64, a power of 2).
        customers, replications, seed: as in `sim.run.run`; by default 20 replications for `tornado`, else 4.
        workers: threads; all processors by default. Results do not depend on it.
        progress: called with (done, in all): runs, and then numbers whose break-even is found.
        kept: a journal, in which runs are looked up and kept (see `experiments.journal`).

    Raises:
        Faults: names that the scenario lacks, numbers that cannot be moved, options out of range.
    """
    baseline, strategy = pair_of(scenario, strategies)
    _check(scenario, baseline, measure, method, points, replications)
    every = chosen(scenario, numbers, companion) if numbers else in_doubt(scenario, companion)
    seen = tuple(one for one in every if noticed(scenario, one.place, (baseline, strategy)))
    if not seen:
        remedy = 'name some: --numbers "stages.*.race.*.mean", or give effects { central = ..., low = ..., high = ... }'
        what = "no number has an interval that either strategy could notice"
        raise Faults([Fault(scenario.about.name, "levers", "", what, remedy)])
    checked(scenario, seen)
    luck = Luck(customers, replications if replications is not None else REPLICATIONS[method], seed)
    probe = Probe(scenario, baseline, strategy, measure, luck, Help(workers, progress, kept))
    swings, effects, shares = (), (), ()  # type: tuple[Swing, ...], tuple[Effect, ...], tuple[Share, ...]
    spread = noise = None
    if method == "tornado":
        swings = _tornado(probe, seen)
    elif method == "morris":
        effects, noise = _morris(probe, seen, points or POINTS[method])
    else:
        shares, spread, noise = _sobol(probe, seen, points or POINTS[method])
    difference = probe.difference(CENTRE).interval()
    missing = len(every) - len(seen)
    return Sensitivity(
        scenario, baseline, strategy, measure, method, luck, difference, seen, missing, swings, effects, shares, spread, noise
    )  # fmt: skip


def _tornado(probe: Probe, numbers: Sequence[Number]) -> tuple[Swing, ...]:
    ends = [((one.place, value),) for one in numbers for value in (one.low, one.high)]
    probe.ask([CENTRE, *ends])
    quiet, stop = replace(probe, by=probe.by._replace(progress=None)), Event()
    with ThreadPoolExecutor(min(probe.by.workers or processors(), len(numbers))) as pool:
        try:
            swings = []
            for one in pool.map(partial(_swung, quiet, stop), numbers):
                swings.append(one)
                if probe.by.progress is not None:
                    probe.by.progress(len(swings), len(numbers))
            return tuple(swings)
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _swung(probe: Probe, stop: Event, number: Number) -> Swing:
    """One number's swing and its break-even; those of others may be looked for at the same time."""

    def difference(value: float) -> Jackknife:
        if stop.is_set():
            raise InterruptedError
        return probe.difference(CENTRE if value == number.central else ((number.place, value),))

    centre, low, high = (difference(value) for value in (number.central, number.low, number.high))
    changes = low.minus(centre).interval(), high.minus(centre).interval()
    reach = reach_of(number)
    found = break_even(difference, number.low, number.central, number.high, reach, log=number.ratio)
    return Swing(low.interval(), high.interval(), *changes, found, reach)


def reach_of(number: Number) -> tuple[float, float]:
    """How far a break-even is looked for: `REACH` times as far from the central value as its interval goes, within bounds."""
    low, high = number.bounds()
    if number.ratio:
        centre = math.log(number.central)
        down, up = centre - math.log(number.low), math.log(number.high) - centre
        ends = math.exp(centre - REACH * (down or up)), math.exp(centre + REACH * (up or down))
    else:
        down, up = number.central - number.low, number.high - number.central
        ends = number.central - REACH * (down or up), number.central + REACH * (up or down)
    return max(ends[0], low), min(ends[1], high)


def _asked(probe: Probe, numbers: Sequence[Number], unit: Floats, value: Callable[[Number, float], float]) -> Floats:
    """Differences at points of the unit cube, shape (..., numbers) to (..., replications); `value` says what they stand for."""
    flat: list[Point] = [
        tuple((number.place, value(number, u)) for number, u in zip(numbers, one.tolist(), strict=True))
        for one in unit.reshape(-1, len(numbers))
    ]
    probe.ask(flat)
    each = np.array([probe.each(point) for point in flat])
    if not np.isfinite(each).all():
        about, measure = probe.scenario.about.name, probe.measure
        what = f"{measure} is undefined in some replications of what the numbers allow"
        raise Faults([Fault(about, "measure", measure, what, "choose another measure, or let more customers come")])
    return each.reshape(*unit.shape[:-1], -1)


def _morris(probe: Probe, numbers: Sequence[Number], count: int) -> tuple[tuple[Effect, ...], float | None]:
    points = morris.trajectories(len(numbers), count, probe.luck.seed)
    values = _asked(probe, numbers, points, Number.at)
    found = morris.screened(points, values)
    effects = []
    for k in range(len(numbers)):
        size, error = float(found.strength[k]), float(found.strength_error[k])
        half = NORMAL * error
        known = math.isfinite(error)
        effects.append(
            Effect(
                float(found.mean[k]),
                Estimate(size, max(size - half, 0.0), size + half) if known else Estimate(size, None, None),
                float(found.spread[k]),
            )
        )
    return tuple(effects), _noise(values)


def _sobol(probe: Probe, numbers: Sequence[Number], count: int) -> tuple[tuple[Share, ...], float | None, float | None]:
    plan = sobol.design(len(numbers), count, probe.luck.seed)
    every = _asked(probe, numbers, np.concatenate([plan.a[None], plan.b[None], plan.mixed]), Number.quantile)
    found = sobol.indices(every[0], every[1], every[2:], probe.luck.seed)
    shares = tuple(
        Share(_estimate(found.first[k], found.first_bounds[:, k]), _estimate(found.total[k], found.total_bounds[:, k]))
        for k in range(len(numbers))
    )
    return shares, math.sqrt(max(found.variance, 0.0)), _noise(every)


def _estimate(value: float, bounds: Floats) -> Estimate:
    if not math.isfinite(value):
        return Estimate(None, None, None)
    return Estimate(float(value), float(bounds[0]), float(bounds[1]))


def _noise(values: Floats) -> float | None:
    """Standard error that luck leaves in how points compare, shape (..., replications); None with one replication."""
    count = values.shape[-1]
    own = (values - values.mean(axis=tuple(range(values.ndim - 1)))).reshape(
        -1, count
    )  # what all points share is no matter
    return None if count < 2 else float(np.sqrt(own.var(axis=-1, ddof=1).mean() / count))


def _swing(one: Swing) -> dict[str, Any]:
    return {
        "at_low": one.at_low._asdict(),
        "at_high": one.at_high._asdict(),
        "change_low": one.change_low._asdict(),
        "change_high": one.change_high._asdict(),
        "break_even": {**one.break_even._asdict(), "reach": list(one.reach)},
    }


def _check(
    scenario: Scenario, baseline: str, measure: str, method: str, points: int | None, replications: int | None
) -> None:
    source, faults = scenario.about.name, []
    known = names(build(scenario, baseline))
    if measure not in known:
        faults.append(Fault(source, "measure", measure, f'no measure named "{measure}"', nearest(measure, known)))
    if method not in METHODS:
        faults.append(Fault("--method", "", method, f'no method named "{method}"', nearest(method, METHODS)))
    if replications is not None and replications < 1:
        faults.append(Fault("--replications", "", str(replications), "no replication, no result", "give 1 or more"))
    if points is not None and (points < 2 or (method == "sobol" and points & (points - 1))):
        remedy = "give a power of 2: 32, 64, 128" if method == "sobol" else "give 2 or more"
        faults.append(Fault("--points", "", str(points), f"{points} does not suit {method}", remedy))
    if faults:
        raise Faults(faults)

"""The three methods of sensitivity: each number from end to end with its break-even, screening, and shares of variance."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Event

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments import morris, sobol
from sojourn.experiments.breakeven import break_even
from sojourn.experiments.numbers import Number
from sojourn.experiments.probe import CENTRE, Point, Probe
from sojourn.experiments.sensitivity_found import Effect, Share, Swing
from sojourn.scenarios.faults import Fault, Faults
from sojourn.sim.estimates import Estimate
from sojourn.sim.estimating import Jackknife
from sojourn.sim.sharing import processors

Floats = NDArray[np.float64]
REACH = 3.0  # times the interval, how far a break-even is looked for
NORMAL = 1.645


def swings(probe: Probe, numbers: Sequence[Number]) -> tuple[Swing, ...]:
    """Each number's two ends and its break-even, the others as they stand."""
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


def screening(probe: Probe, numbers: Sequence[Number], count: int) -> tuple[tuple[Effect, ...], float | None]:
    """Effects over so many trajectories; then the luck left in how points compare."""
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


def shares_of_variance(
    probe: Probe, numbers: Sequence[Number], count: int
) -> tuple[tuple[Share, ...], float | None, float | None]:
    """Indices from so many points; then the spread that the numbers make, and the luck left in how points compare."""
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

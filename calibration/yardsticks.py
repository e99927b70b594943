"""What the check compares: censoring-aware figures and curves of a sample, the same for observed and simulated
customers.

Time to a stage and next steps are Aalen-Johansen estimates, the mean stay is the area under Kaplan-Meier, all within
a time for which enough of the held-out customers were watched. The naive figure beside each leaves unfinished stays
out.
"""

from typing import NamedTuple

import numpy as np

from sojourn.calibration.samples import Sample
from sojourn.calibration.stays import NOTHING, Floats
from sojourn.sim.survival import aalen_johansen, at, restricted_mean

ENOUGH = 0.1  # share of customers (or stays) that must have been watched as long as a figure looks ahead
LEAST = 20  # stays in a stage below which it is not judged
POINTS = 61  # of a curve


class Yardstick(NamedTuple):
    """One figure of a stage or of a step from it."""

    name: str  # as the measures have it
    unit: str
    stage: int
    to: int  # the next stage of a step, else -1
    days: float  # how far it looks


class Measured(NamedTuple):
    """The figures of one sample, shape (yardsticks,), and its curves, shape (stages with a curve, POINTS)."""

    figures: Floats
    curves: Floats


class Plan(NamedTuple):
    """What is to be measured, fixed before anything is compared."""

    yardsticks: tuple[Yardstick, ...]
    reached: tuple[int, ...]  # stages with a curve of time to first entry
    grid: Floats  # days, shape (POINTS,)
    absorbing: frozenset[int]  # stages that nobody leaves


def plan(sample: Sample, stages: tuple[str, ...], known: frozenset[int], absorbing: frozenset[int]) -> Plan:
    """Yardsticks for the stages in `known`, as far as the held-out sample can measure them."""
    ahead = watched(sample.window)
    grid = np.linspace(0.0, ahead, POINTS)
    first = sample.stage[np.flatnonzero(np.diff(sample.customer, prepend=-1))]
    always = int(first[0]) if first.size and np.all(first == first[0]) else NOTHING
    reached = tuple(k for k in sorted(known) if k != always)
    yardsticks = [Yardstick(f"reach.{stages[k]}", f"share within {ahead:.0f} days", k, NOTHING, ahead) for k in reached]
    for k in sorted(known - absorbing):
        rows = sample.stage == k
        if int(np.sum(rows)) < LEAST:
            continue
        days = watched(sample.window[sample.customer[rows]] - sample.entry[rows])
        for to in np.unique(sample.following[rows]):
            if to != NOTHING and int(to) in known:
                name = f"step.{stages[k]}.{stages[to]}"
                yardsticks.append(Yardstick(name, f"share within {days:.0f} days", k, int(to), days))
        yardsticks.append(Yardstick(f"dwell.{stages[k]}", f"days, of the first {days:.0f}", k, NOTHING, days))
    return Plan(tuple(yardsticks), reached, grid, absorbing)


def measure(sample: Sample, what: Plan) -> Measured:
    """All figures and curves of a sample; NaN where it holds nothing to measure."""
    curves = np.array([_reach(sample, stage, what) for stage in what.reached]).reshape(len(what.reached), POINTS)
    figures = [
        curves[what.reached.index(one.stage), -1] if one.name.startswith("reach") else _stay(sample, one)
        for one in what.yardsticks
    ]
    return Measured(np.array(figures), curves)


def naive(sample: Sample, what: Plan) -> tuple[list[float | None], list[int]]:
    """The figures without unfinished stays, and how many customers or stays stand behind each."""
    values: list[float | None] = []
    numbers: list[int] = []
    for one in what.yardsticks:
        rows = sample.stage == one.stage
        if one.name.startswith("reach"):
            values.append(float(np.unique(sample.customer[rows]).size / sample.window.size))
            numbers.append(int(sample.window.size))
            continue
        done = rows & (sample.following != NOTHING)
        numbers.append(int(np.sum(rows)))
        if not np.any(done):
            values.append(None)
        elif one.to != NOTHING:
            values.append(float(np.mean(sample.following[done] == one.to)))
        else:
            values.append(float(np.mean(sample.until[done] - sample.entry[done])))
    return values, numbers


def watched(days: Floats) -> float:
    """The longest time for which a tenth of these were watched, at least a dozen of them where there are so many."""
    ordered = np.sort(days)[::-1]
    place = min(max(int(np.ceil(ENOUGH * ordered.size)), 12), ordered.size) - 1
    return float(max(ordered[place], 1e-9))


def _reach(sample: Sample, stage: int, what: Plan) -> Floats:
    """Share of customers who have entered a stage, by days since their start; being absorbed elsewhere competes."""
    size = sample.window.size
    entered = np.full(size, np.inf)
    rows = sample.stage == stage
    np.minimum.at(entered, sample.customer[rows], sample.entry[rows])
    absorbed = np.full(size, np.inf)
    rows = np.isin(sample.stage, list(what.absorbing - {stage}))
    np.minimum.at(absorbed, sample.customer[rows], sample.entry[rows])
    days = np.minimum(np.minimum(entered, absorbed), sample.window)
    causes = np.where(entered <= days, 0, np.where(absorbed <= days, 1, NOTHING))
    times, _, incidence = aalen_johansen(days, causes, 2)
    curve: Floats = at(times, incidence[0], what.grid, before=0.0) if times.size else np.full(POINTS, np.nan)
    return curve


def _stay(sample: Sample, one: Yardstick) -> float:
    """The share of stays that went on to a stage, or their mean length, within the time of the yardstick."""
    rows = sample.stage == one.stage
    if not np.any(rows):
        return float("nan")
    days = sample.until[rows] - sample.entry[rows]
    following = sample.following[rows]
    late = days > one.days
    days = np.minimum(days, one.days)
    ended = (following != NOTHING) & ~late
    if one.to == NOTHING:
        times, survival, _ = aalen_johansen(days, np.where(ended, 0, NOTHING), 1)
        # Where the longest stay seen is short of the time, the curve goes on level.
        return restricted_mean(times, survival) + float(survival[-1]) * (one.days - float(times[-1]))
    causes = np.where(ended, np.where(following == one.to, 0, 1), NOTHING)
    times, _, incidence = aalen_johansen(days, causes, 2)
    return float(at(times, incidence[0], one.days, before=0.0))

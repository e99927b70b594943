"""Levels over time: a lever's path, the grid on which hazards are integrated, agents on duty, expected arrivals."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios.model import Response, Scenario, Step
from sojourn.sim.tables import RAMP_NODES

Floats = NDArray[np.float64]


class Path(NamedTuple):
    """A lever's level over time, 0 before the first step: rows (day, level before, level, ramp days)."""

    steps: list[tuple[float, ...]]

    @property
    def nodes(self) -> tuple[Floats, Floats]:
        """Days and levels of a piecewise straight line; a jump is two nodes on one day."""
        days, levels = [0.0], [0.0]
        for day, before, level, ramp in self.steps:
            days += [day, day + ramp]
            levels += [before, level]
        return np.array(days), np.array(levels)

    def at(self, times: Floats) -> Floats:
        """The level at each of `times`; on the day of a jump, the level after it."""
        days, levels = self.nodes
        right = np.searchsorted(days, times, side="right")
        left = np.maximum(right - 1, 0)
        right = np.minimum(right, len(days) - 1)
        width = days[right] - days[left]
        part = np.divide(times - days[left], width, out=np.zeros_like(times), where=width > 0)
        return np.asarray(levels[left] + part * (levels[right] - levels[left]))

    def edges(self, horizon: float) -> list[float]:
        """The days in (0, horizon) at which the level jumps or bends, with the nodes of ramps."""
        edges: list[float] = []
        for day, before, level, ramp in self.steps:
            if before == level:
                continue
            edges += [day + ramp * k / RAMP_NODES for k in range(RAMP_NODES + 1)] if ramp > 0 else [day]
        return [edge for edge in edges if 0.0 < edge < horizon]


def path_of(steps: Sequence[Step]) -> Path:
    """The path of a plan's steps; a ramp goes from the level before to `level` within `ramp_days`."""
    rows: list[tuple[float, ...]] = []
    before = 0.0
    for step in steps:
        rows.append((step.day, before, step.level, step.ramp_days))
        before = step.level
    return Path(rows)


def responded(levels: Floats, response: Response | None) -> Floats:
    """f(level), as `effects.response` computes it: linear, or a scaled Hill curve."""
    if response is None:
        return levels
    half, slope = response.half, response.slope
    safe = np.where(levels > 0.0, levels, 1.0)
    with np.errstate(over="ignore"):  # near level 0 a steep curve's denominator is infinite, and its value 0
        return np.where(levels > 0.0, (1.0 + half**slope) / (1.0 + (half / safe) ** slope), 0.0)


def grid(paths: Sequence[Path], responses: Sequence[Response | None], horizon: float) -> tuple[Floats, Floats]:
    """Breaks (first 0, last inf) and f of each lever's level in the middle of each interval; (intervals, levers)."""
    edges = sorted({edge for path in paths for edge in path.edges(horizon)})
    breaks = np.array([0.0, *edges, math.inf])
    middles = (breaks[:-1] + np.append(breaks[1:-1], max(horizon, breaks[-2]) + 1.0)) / 2.0
    columns = [responded(path.at(middles), response) for path, response in zip(paths, responses, strict=True)]
    return breaks, np.column_stack(columns) if columns else np.zeros((len(middles), 0))


def capacity(
    agents: float,
    effects: Sequence[tuple[int, float]],
    paths: Sequence[Path],
    responses: Sequence[Response | None],
    horizon: float,
) -> list[tuple[float, int]]:
    """Whole agents on duty as steps (day, agents); where a ramp passes a whole number, the day is found by bisection."""

    def total(time: float) -> float:
        moment = np.array([time])
        extra = math.fsum(value * float(responded(paths[k].at(moment), responses[k])[0]) for k, value in effects)
        return max(agents + extra, 0.0)

    def whole(time: float) -> int:
        return math.floor(total(time) + 1e-9)  # a hair, so that 3 agents made of thirds are 3

    edges = [0.0, *sorted({edge for k, _ in effects for edge in paths[k].edges(horizon)}), horizon]
    rows = [(0.0, whole(0.0))]
    for start, end in pairwise(edges):
        if start > 0.0 and whole(start) != rows[-1][1]:
            rows.append((start, whole(start)))
        before_end = math.nextafter(end, start)
        while whole(before_end) != rows[-1][1]:
            low, high = max(rows[-1][0], start), before_end
            while math.nextafter(low, high) < high:
                middle = (low + high) / 2.0
                if whole(middle) == rows[-1][1]:
                    low = middle
                else:
                    high = middle
            rows.append((high, whole(high)))
    return rows


def intake(scenario: Scenario) -> list[tuple[float, float]]:
    """Cumulative expected arrivals as nodes (day, total) of a piecewise straight line, to `until_day`."""
    arrivals, horizon = scenario.arrivals, scenario.about.horizon_days
    until = min(arrivals.until_day if arrivals.until_day is not None else horizon, horizon)
    if arrivals.cohort is not None:
        return [(0.0, 0.0), (0.0, float(arrivals.cohort))]
    if arrivals.daily is None:
        rate = arrivals.rate_per_day
        if rate is None:
            rate = (arrivals.impressions_per_day or 0.0) * (arrivals.click_through or 0.0)
        return [(0.0, 0.0), (until, rate * until)]
    nodes, total, day = [(0.0, 0.0)], 0.0, 0
    while day < until:
        part = min(1.0, until - day)
        total += arrivals.daily[day % len(arrivals.daily)] * part
        nodes.append((day + part, total))
        day += 1
    return nodes

"""Everything that is asked of a fit, answered: figures, curves and distances, each with its p value and what chance gives."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration import exchange
from sojourn.calibration.distances import ARRIVALS, DISTANCES, all_pairs, between, mean_of_others, traits
from sojourn.calibration.further import Asked, answer
from sojourn.calibration.logs import Log
from sojourn.calibration.samples import Sample
from sojourn.calibration.spreads import REACH, estimate, left_out, predicted
from sojourn.calibration.stays import Floats
from sojourn.calibration.validate import FitCurve
from sojourn.calibration.verdict import Item, call
from sojourn.calibration.yardsticks import POINTS, Plan, Yardstick, measure, naive
from sojourn.sim.estimates import Band, Estimate

COMING = "newcomers"
EARLY = 0.1  # of a curve: one that leaves its band before is not believed in any part
SLIGHTLY = 0.1  # of what chance gives: a distance above it by less is none
GRAIN = 1e-4  # of the days that a figure looks ahead: what is smaller is no difference


class Questions(NamedTuple):
    """What is asked, fixed before anything is compared."""

    what: Plan
    more: tuple[Asked, ...]

    @property
    def all(self) -> tuple[Yardstick | Asked, ...]:
        """The figures, in the order of `cells`."""
        return (*self.what.yardsticks, *self.more)

    def cells(self, sample: Sample) -> Floats:
        """All figures of a sample, then all points of its curves, in one row."""
        found = measure(sample, self.what)
        return np.concatenate([found.figures, answer(sample, self.more), found.curves.ravel()])


class Samples(NamedTuple):
    """The customers held out, simulated copies of them, and copies by the plainest model."""

    observed: Sample
    copies: list[Sample]
    plainest: list[Sample]
    arrived: Floats  # days at which the customers held out came; empty where all start at once
    came: list[Floats]  # those of the copies
    counted: bool  # whether how many came is asked too: where the split is by time


class Answers(NamedTuple):
    """What observed, simulated and plainest customers give to all questions; one cell a figure or a point of a curve."""

    rows: Floats  # shape (R + 1, cells), the observed customers first
    least: Floats  # the smallest standard deviation of a cell that counts
    errors: Floats  # standard errors of the observed cells
    plainest: Floats  # mean of the plainest model
    standing: Floats  # how far each row lies from the others, as `rows`


def answers(asked: Questions, samples: Samples, rest: Log) -> Answers:
    """All cells, measured once."""
    rows = np.array([asked.cells(sample) for sample in (samples.observed, *samples.copies)])
    least = _least(asked, rest)
    errors = left_out(samples.observed, rest.person, asked.cells)
    plainest = np.array([asked.cells(sample) for sample in samples.plainest]).mean(axis=0)
    return Answers(rows, least, errors, plainest, exchange.standing(rows, least))


def items(asked: Questions, samples: Samples, told: Answers, rest: Log, stages: tuple[str, ...]) -> tuple[Item, ...]:
    """All items, with p values that share one error rate."""
    figures, size = asked.all, rest.customers.size
    statistics = exchange.grouped(told.standing, [*(np.array([k]) for k in range(len(figures))), *_cuts(asked)])
    coming = np.array([float(samples.arrived.size), *(float(came.size) for came in samples.came)])
    extra = [exchange.standing(coming[:, None], np.ones(1))] if samples.counted else []
    pairs, finite = _distances(samples)
    to_others = [mean_of_others(pairs[k])[:, None] for k in finite]
    rank = exchange.ranked(np.column_stack([statistics, *extra, *to_others]))
    p = iter(zip(rank.chance.tolist(), rank.adjusted.tolist(), strict=True))
    without, sizes = naive(samples.observed, asked.what)
    found: list[Item] = []
    for k, one in enumerate(figures):
        cell = _Cell(told.rows[:, k], float(told.errors[k]), float(told.plainest[k]))
        unfinished, n = (without[k], sizes[k]) if k < len(without) else (None, size)
        found.append(_figure(one, cell, unfinished, n, stages, *next(p)))
    shares = []
    for k, cut in enumerate(_cuts(asked)):
        stage = stages[asked.what.reached[k]]
        shares.append(_curve(asked.what, stage, cut, told, statistics[:, len(figures) + k], size, *next(p)))
    if samples.counted:
        found.append(_newcomers(coming, *next(p)))
    blank = np.empty(0)
    seen = traits(samples.observed, samples.arrived)
    far = np.array([between(seen, traits(sample, blank)) for sample in samples.plainest]).mean(axis=0)
    distances = [_distance(k, pairs[k], float(far[k]), size, *next(p)) for k in finite]
    return (*found, *shares, *distances)


def curves(asked: Questions, told: Answers, stages: tuple[str, ...]) -> tuple[FitCurve, ...]:
    """Shares reached by day, observed with a pointwise interval and simulated with a band that holds everywhere at once."""
    found = []
    for k, cut in enumerate(_cuts(asked)):
        middle, low, high = exchange.band(told.rows[1:, cut], told.standing[1:, cut].max(axis=1), told.least[cut])
        seen, reach = told.rows[0, cut], REACH * told.errors[cut]
        found.append(
            FitCurve(
                f"Reached {stages[asked.what.reached[k]]}, by days since the start",
                _band(asked.what.grid, seen, seen - reach, seen + reach),
                _band(asked.what.grid, middle, low, high),
            )
        )
    return tuple(found)


class _Cell(NamedTuple):
    row: Floats  # observed, then the copies
    error: float
    plainest: float


def _cuts(asked: Questions) -> list[NDArray[np.int64]]:
    """The cells of each curve."""
    first = len(asked.all)
    return [np.arange(first + k * POINTS, first + (k + 1) * POINTS) for k in range(len(asked.what.reached))]


def _distances(samples: Samples) -> tuple[Floats, list[int]]:
    """Distances between all sets of journeys, and which of them are defined."""
    sets = [samples.observed, *samples.copies]
    days = [samples.arrived, *samples.came]
    pairs = all_pairs([traits(one, came) for one, came in zip(sets, days, strict=True)])
    return pairs, [k for k in range(pairs.shape[0]) if np.all(np.isfinite(pairs[k]))]


def _least(asked: Questions, rest: Log) -> Floats:
    """Half a customer in shares; in days half of what the log can tell apart."""
    half = 0.5 / rest.customers.size
    figures = [0.5 * rest.resolution if one.unit.startswith("days") else half for one in asked.all]
    return np.array([*figures, *([half] * (POINTS * len(asked.what.reached)))])


def _figure(
    one: Yardstick | Asked,
    cell: _Cell,
    unfinished: float | None,
    n: int,
    stages: tuple[str, ...],
    chance: float,
    adjusted: float,
) -> Item:
    share = one.unit.startswith("share")
    value = float(cell.row[0])
    seen = estimate(value, value - REACH * cell.error, value + REACH * cell.error, share)
    simulated = _predicted(cell.row[1:], share)
    gap = abs((simulated.mean or 0.0) - (seen.mean or 0.0))
    kind, _, rest = one.name.partition(".")
    stage = stages[one.stage]
    about = {
        "reach": f"how many reach {stage}",
        "dwell": f"days in {stage}",
        "visits": f"visits to {stage}",
        "standing": f"customers in {stage} at the end",
        "return": f"coming back to {stage} after the first visit"
        if rest.endswith("first")
        else f"coming back to {stage} later",
    }.get(kind, "")
    if isinstance(one, Yardstick) and kind == "step":
        about = f"the way from {stage} to {stages[one.to]}"
    plainest = cell.plainest if np.isfinite(cell.plainest) else None
    grain = GRAIN * one.days if one.unit.startswith("days") else 0.0
    return Item(one.name, one.unit, about, "figure", stage, seen, simulated, plainest, unfinished, chance, adjusted,
                gap, None, n, call("figure", one.unit, seen, simulated, chance, adjusted, gap, grain))  # fmt: skip


def _newcomers(row: Floats, chance: float, adjusted: float) -> Item:
    seen, simulated = Estimate(float(row[0]), None, None), _predicted(row[1:], share=False)
    gap = abs((simulated.mean or 0.0) - float(row[0]))
    return Item(COMING, "customers", "how many customers come", "figure", "", seen, simulated, None, None, chance, adjusted,
                gap, None, int(row[0]), call("figure", "customers", seen, simulated, chance, adjusted, gap))  # fmt: skip


def _curve(
    what: Plan,
    stage: str,
    cut: NDArray[np.int64],
    told: Answers,
    statistics: Floats,
    n: int,
    chance: float,
    adjusted: float,
) -> Item:
    middle, low, high = exchange.band(told.rows[1:, cut], statistics[1:], told.least[cut])
    seen = told.rows[0, cut]
    outside = np.flatnonzero((seen < low) | (seen > high))
    until = float(what.grid[int(outside[0]) - 1]) if outside.size and outside[0] >= EARLY * POINTS else None
    unit = f"share within {what.grid[-1]:.0f} days"
    reach = REACH * float(told.errors[cut[-1]])
    last = estimate(float(seen[-1]), float(seen[-1]) - reach, float(seen[-1]) + reach, share=True)
    simulated = estimate(float(middle[-1]), float(low[-1]), float(high[-1]), share=True)
    gap = float(np.nanmax(np.abs(seen - middle)))
    end = float(told.plainest[cut[-1]])
    return Item(f"time_to.{stage}", unit, f"when customers reach {stage}", "curve", stage, last, simulated,
                end if np.isfinite(end) else None, None, chance, adjusted, gap, until, n,
                call("curve", unit, last, simulated, chance, adjusted, gap))  # fmt: skip


def _distance(k: int, pairs: Floats, plainest: float, n: int, chance: float, adjusted: float) -> Item:
    one = (*DISTANCES, ARRIVALS)[k]
    to_others = mean_of_others(pairs)
    seen, copies = float(to_others[0]), to_others[1:]
    apart = pairs[1:, 1:]
    floor = float(apart[np.triu_indices_from(apart, 1)].mean())
    observed = Estimate(seen, None, None)
    simulated = Estimate(floor, float(np.quantile(copies, 0.05)), float(np.quantile(copies, 0.95)))
    gap = max(seen - floor, 0.0)
    return Item(f"distance.{one.name}", one.unit, one.about, "distance", "", observed, simulated,
                plainest if np.isfinite(plainest) else None, None, chance, adjusted, gap, None, n,
                call("distance", one.unit, observed, simulated, chance, adjusted, gap, SLIGHTLY * floor + 1e-9))  # fmt: skip


def _predicted(row: Floats, share: bool) -> Estimate:
    kept = row[np.isfinite(row)]
    if kept.size < 2:
        return Estimate(None, None, None)
    middle, low, high = predicted(kept)
    return estimate(float(middle), float(low), float(high), share)


def _band(x: Floats, mean: Floats, low: Floats, high: Floats) -> Band:
    return Band(x, mean, np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0))

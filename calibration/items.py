"""Everything that is asked of a fit, answered: figures, curves and distances, each with its p value and what chance gives."""

from typing import NamedTuple

import numpy as np

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


def items(asked: Questions, samples: Samples, rest: Log, stages: tuple[str, ...]) -> tuple[Item, ...]:
    """All items, with p values that share one error rate."""
    figures, number = asked.all, len(asked.all)
    rows = np.array([asked.cells(sample) for sample in (samples.observed, *samples.copies)])
    least = _least(asked, rest.customers.size)
    if samples.counted:
        counts = np.array([float(samples.arrived.size), *(float(came.size) for came in samples.came)])
        rows, least = np.column_stack([rows, counts]), np.append(least, 1.0)
    away = exchange.standing(rows, least)
    curves = [np.arange(number + k * POINTS, number + (k + 1) * POINTS) for k in range(len(asked.what.reached))]
    counted = [np.array([rows.shape[1] - 1])] if samples.counted else []
    statistics = exchange.grouped(away, [*(np.array([k]) for k in range(number)), *counted, *curves])
    kinds = [samples.observed, *samples.copies]
    described = [traits(one, came) for one, came in zip(kinds, [samples.arrived, *samples.came], strict=True)]
    pairs = all_pairs(described)
    told = [k for k in range(pairs.shape[0]) if np.all(np.isfinite(pairs[k]))]
    to_others = np.array([mean_of_others(pairs[k]) for k in told]).reshape(len(told), len(kinds)).T
    rank = exchange.ranked(np.column_stack([statistics, to_others]))

    errors = left_out(samples.observed, rest.person, asked.cells)
    plainest = np.array([asked.cells(sample) for sample in samples.plainest]).mean(axis=0)
    without, sizes = naive(samples.observed, asked.what)
    sizes += [rest.customers.size] * len(asked.more)
    found: list[Item] = []
    p = iter(zip(rank.chance.tolist(), rank.adjusted.tolist(), strict=True))
    for k, one in enumerate(figures):
        unfinished = without[k] if k < len(without) else None
        found.append(
            _figure(one, rows[:, k], float(errors[k]), float(plainest[k]), unfinished, sizes[k], stages, *next(p))
        )
    if samples.counted:
        found.append(_newcomers(rows[:, -1], *next(p)))
    for k, stage in enumerate(asked.what.reached):
        cut = curves[k]
        found.append(
            _curve(asked.what, stages[stage], rows[:, cut], statistics[:, number + len(counted) + k], least[cut],
                   errors[cut], plainest[cut], rest.customers.size, *next(p))
        )  # fmt: skip
    blank = np.empty(0)
    far = [between(described[0], traits(sample, blank)) for sample in samples.plainest]
    for column, k in enumerate(told):
        others = pairs[k][1:, 1:]
        chance = others[np.triu_indices_from(others, 1)]
        found.append(_distance(k, float(to_others[0, column]), to_others[1:, column], chance,
                               float(np.mean([one[k] for one in far])), rest.customers.size, *next(p)))  # fmt: skip
    return tuple(found)


def curves(asked: Questions, samples: Samples, rest: Log, stages: tuple[str, ...]) -> tuple[FitCurve, ...]:
    """Shares reached by day, observed with a pointwise interval and simulated with a band that holds everywhere at once."""
    number = len(asked.all)
    rows = np.array([asked.cells(sample) for sample in (samples.observed, *samples.copies)])[:, number:]
    errors = left_out(samples.observed, rest.person, asked.cells)[number:]
    least = _least(asked, rest.customers.size)[number:]
    away = exchange.standing(rows, least)
    found = []
    for k, stage in enumerate(asked.what.reached):
        cut = slice(k * POINTS, (k + 1) * POINTS)
        middle, low, high = exchange.band(rows[1:, cut], away[1:, cut].max(axis=1), least[cut])
        seen, reach = rows[0, cut], REACH * errors[cut]
        found.append(
            FitCurve(
                f"Reached {stages[stage]}, by days since the start",
                _band(asked.what.grid, seen, seen - reach, seen + reach),
                _band(asked.what.grid, middle, low, high),
            )
        )
    return tuple(found)


def _least(asked: Questions, customers: int) -> Floats:
    """Half a customer in shares; a thousandth of a day in days."""
    figures = [0.5 / customers if one.unit.startswith(("share", "visits")) else 1e-3 for one in asked.all]
    return np.array([*figures, *([0.5 / customers] * (POINTS * len(asked.what.reached)))])


def _figure(
    one: Yardstick | Asked,
    row: Floats,
    error: float,
    plainest: float,
    unfinished: float | None,
    n: int,
    stages: tuple[str, ...],
    chance: float,
    adjusted: float,
) -> Item:
    share = one.unit.startswith("share")
    seen = estimate(float(row[0]), float(row[0]) - REACH * error, float(row[0]) + REACH * error, share)
    simulated = _predicted(row[1:], share)
    gap = abs((simulated.mean or 0.0) - (seen.mean or 0.0))
    kind, _, rest = one.name.partition(".")
    stage = stages[one.stage]
    about = {
        "reach": f"how many reach {stage}",
        "dwell": f"days in {stage}",
        "visits": f"visits to {stage}",
        "standing": f"customers in {stage} at the end",
        "return": f"coming back to {stage} after the {rest.rpartition('.')[2]} visit",
    }.get(kind, "")
    if isinstance(one, Yardstick) and kind == "step":
        about = f"the way from {stage} to {stages[one.to]}"
    naive_mean = plainest if np.isfinite(plainest) else None
    return Item(one.name, one.unit, about, "figure", stage, seen, simulated, naive_mean, unfinished, chance, adjusted,
                gap, None, n, call("figure", one.unit, seen, simulated, adjusted, gap))  # fmt: skip


def _newcomers(row: Floats, chance: float, adjusted: float) -> Item:
    seen, simulated = Estimate(float(row[0]), None, None), _predicted(row[1:], share=False)
    gap = abs((simulated.mean or 0.0) - float(row[0]))
    return Item(COMING, "customers", "how many customers come", "figure", "", seen, simulated, None, None, chance, adjusted,
                gap, None, int(row[0]), call("figure", "customers", seen, simulated, adjusted, gap))  # fmt: skip


def _curve(
    what: Plan,
    stage: str,
    rows: Floats,
    statistics: Floats,
    least: Floats,
    errors: Floats,
    plainest: Floats,
    n: int,
    chance: float,
    adjusted: float,
) -> Item:
    middle, low, high = exchange.band(rows[1:], statistics[1:], least)
    seen = rows[0]
    outside = np.flatnonzero((seen < low) | (seen > high))
    until = float(what.grid[max(int(outside[0]) - 1, 0)]) if outside.size else None
    unit = f"share within {what.grid[-1]:.0f} days"
    reach = REACH * float(errors[-1])
    last = estimate(float(seen[-1]), float(seen[-1]) - reach, float(seen[-1]) + reach, share=True)
    simulated = estimate(float(middle[-1]), float(low[-1]), float(high[-1]), share=True)
    gap = float(np.nanmax(np.abs(seen - middle)))
    end = float(plainest[-1])
    return Item(f"time_to.{stage}", unit, f"when customers reach {stage}", "curve", stage, last, simulated,
                end if np.isfinite(end) else None, None, chance, adjusted, gap, until, n,
                call("curve", unit, last, simulated, adjusted, gap))  # fmt: skip


def _distance(
    k: int, seen: float, copies: Floats, chance_alone: Floats, naive_mean: float, n: int, chance: float, adjusted: float
) -> Item:
    one = (*DISTANCES, ARRIVALS)[k]
    floor = float(chance_alone.mean())
    observed = Estimate(seen, None, None)
    simulated = Estimate(floor, float(np.quantile(copies, 0.05)), float(np.quantile(copies, 0.95)))
    gap = max(seen - floor, 0.0)
    return Item(f"distance.{one.name}", one.unit, one.about, "distance", "", observed, simulated,
                naive_mean if np.isfinite(naive_mean) else None, None, chance, adjusted, gap, None, n,
                call("distance", one.unit, observed, simulated, adjusted, gap))  # fmt: skip


def _predicted(row: Floats, share: bool) -> Estimate:
    kept = row[np.isfinite(row)]
    if kept.size < 2:
        return Estimate(None, None, None)
    middle, low, high = predicted(kept)
    return estimate(float(middle), float(low), float(high), share)


def _band(x: Floats, mean: Floats, low: Floats, high: Floats) -> Band:
    return Band(x, mean, np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0))

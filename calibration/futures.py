"""Figures of many futures: means, and the intervals in which what will be seen lies nine times in ten."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sojourn.calibration.happenings import GROUPS, Tally, means
from sojourn.calibration.mapping import parts_of
from sojourn.calibration.predicting import Futures
from sojourn.calibration.stays import Floats
from sojourn.sim.estimates import LEVEL, Band, Estimate

ENDS = ((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0)
DEFINED = 0.5  # share of futures in which a mean must exist to be told


class GroupForecast(NamedTuple):
    """What becomes of one group of customers within the window, with prediction intervals."""

    customers: Estimate
    got_there: Estimate  # customers who enter a stage of the goal
    final: dict[str, Estimate]  # share in each stage on the last day
    reached: dict[str, Estimate]  # customers who enter each stage
    entries: dict[str, Estimate]  # entries to each stage
    weekly: dict[str, Band]  # entries to each stage by week; x: first day of the week
    days: dict[str, Estimate]  # mean days of the stays that end with a move within the window, by "A -> B"
    revenue: Estimate | None
    cost: Estimate | None

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "customers": self.customers._asdict(),
            "got_there": self.got_there._asdict(),
            "final_share": _plain(self.final),
            "customers_who_enter": _plain(self.reached),
            "entries": _plain(self.entries),
            "entries_by_week": {name: _band(band) for name, band in self.weekly.items()},
            "days_between": _plain(self.days),
            "revenue": None if self.revenue is None else self.revenue._asdict(),
            "cost": None if self.cost is None else self.cost._asdict(),
        }


class StrategyForecast(NamedTuple):
    """Both groups under one strategy, and what it earns in all."""

    open: GroupForecast
    newcomers: GroupForecast
    profit: Estimate | None  # revenue less cost, levers per day and agents' pay included, undiscounted

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "on_their_way": self.open.document(),
            "newcomers": self.newcomers.document(),
            "profit": None if self.profit is None else self.profit._asdict(),
        }


def interval(futures: Floats) -> tuple[Floats, Floats]:
    """Ends of the 90 % interval over the first axis: the k-th of n futures stands for k / (n + 1), so that one more future lies
    inside nine times in ten.
    """
    low, high = np.quantile(futures, ENDS, axis=0, method="weibull")
    return low, high


def estimate(futures: Floats) -> Estimate:
    """Mean and interval of one figure, shape (futures,); undefined ones are left out, or all where they are many."""
    there = futures[np.isfinite(futures)]
    if there.size < max(DEFINED * futures.size, 1.0):
        return Estimate(None, None, None)
    low, high = interval(there)
    return Estimate(float(there.mean()), float(low), float(high))


def predicted(found: Futures, strategy: str) -> StrategyForecast:
    """All figures under one strategy."""
    tally = found.tallies[strategy]
    open_, new = (_group(found, tally, g) for g in range(len(GROUPS)))
    return StrategyForecast(open_, new, estimate(_profit(found, strategy)) if found.priced else None)


def summed(found: Futures, baseline: str, strategy: str) -> dict[str, Estimate]:
    """What a strategy changes, future by future: customers who get there in each group, and profit."""
    a, b = found.tallies[baseline], found.tallies[strategy]
    told = {name: estimate(b.got_there[:, g] - a.got_there[:, g]) for g, name in enumerate(GROUPS)}
    told["both"] = estimate((b.got_there - a.got_there).sum(axis=1))
    if found.priced:
        told["profit"] = estimate(_profit(found, strategy) - _profit(found, baseline))
    return told


def gone_unseen(found: Futures, strategy: str, silent: Sequence[str]) -> Estimate | None:
    """Of customers on their way, how many had left the silent stages by day 0; None where no stage is silent.

    Nobody comes back: they are those who are gone at the end and did not go within the window.
    """
    overs = sorted({found.frame.stages.index(parts_of(name)[3]) for name in silent})
    tally = found.tallies[strategy]
    return estimate((tally.final - tally.reached)[:, 0, overs].sum(axis=1)) if overs else None


def _profit(found: Futures, strategy: str) -> Floats:
    tally = found.tallies[strategy]
    return np.asarray((tally.revenue - tally.cost).sum(axis=1) - found.overheads[strategy])


def _group(found: Futures, tally: Tally, g: int) -> GroupForecast:
    what = found.frame
    final = means(tally.final[:, g], tally.customers[:, g, None])
    waited = means(tally.waited[:, g], tally.moves[:, g])
    weekly, (low, high) = tally.weekly[:, g], interval(tally.weekly[:, g])
    ways = [f"{what.stages[a]} -> {what.stages[b]}" for a, b in what.ways]
    return GroupForecast(
        customers=estimate(tally.customers[:, g]),
        got_there=estimate(tally.got_there[:, g]),
        final={name: estimate(final[:, s]) for s, name in enumerate(what.stages)},
        reached={name: estimate(tally.reached[:, g, s]) for s, name in enumerate(what.stages)},
        entries={name: estimate(weekly[:, s].sum(axis=1)) for s, name in enumerate(what.stages)},
        weekly={
            name: Band(what.weeks[:-1], weekly[:, s].mean(axis=0), low[s], high[s])
            for s, name in enumerate(what.stages)
        },
        days={name: estimate(waited[:, w]) for w, name in enumerate(ways)},
        revenue=estimate(tally.revenue[:, g]) if found.priced else None,
        cost=estimate(tally.cost[:, g]) if found.priced else None,
    )


def _plain(figures: dict[str, Estimate]) -> dict[str, Any]:
    return {name: figure._asdict() for name, figure in figures.items()}


def _band(band: Band) -> dict[str, list[float | None]]:
    return {
        name: [float(value) if math.isfinite(value) else None for value in values]
        for name, values in zip(("from_day", "mean", "low", "high"), band, strict=True)
    }

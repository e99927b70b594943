"""What pictures are drawn from: who is where by day, who stays after the first purchase, and how many move from where
to where.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.estimates import LEVEL, Band, Estimate
from sojourn.sim.estimating import Part, over_replications, student
from sojourn.sim.follow_ups import FollowUps, read
from sojourn.sim.journeys import Journeys
from sojourn.sim.lives import Lives
from sojourn.sim.money import overhead_by
from sojourn.sim.network import Network
from sojourn.sim.pooling import ROWS, cells, incidence, survival, without_each

Floats = NDArray[np.float64]
MOST_DAYS = 1000  # on which profit is told: whole days, or every second or third where the horizon is far
POINTS = 201  # of each curve, from day 0 to the horizon
FOLLOWED = 10  # buyers who must still be followed, over all replications, for a curve since the first purchase to go on


class Trace(NamedTuple):
    """One replication's curves on the common grid of days."""

    stages: tuple[str, ...]
    days: Floats  # shape (n,)
    occupancy: Floats  # customers in each stage on each day, shape (stages, n)
    losses: Floats  # of buyers since the first purchase, as `pooling.cells` tells them, shape (ROWS, n)
    followed: Floats  # buyers still at risk that many days after their first purchase, shape (n,)
    returns: Floats  # the same of second purchases, shape (ROWS, n); loss or an end competes
    waited: Floats  # buyers who had neither bought again nor gone by then, shape (n,)
    moves: Floats  # shape (stages, stages), from row to column
    profit: Floats  # by the end of each of `paid_days`, discounted to day 0; its last is the measure


@dataclass(frozen=True)
class Curves:
    """Curves over replications, with pointwise 90 % intervals (NaN with a single replication)."""

    occupancy: dict[str, Band]
    """Customers in each stage, ends included, by day from the start of the run; mean of a replication."""
    retention: Band | None
    """Share of buyers not yet lost, by days since the first purchase, while ten are followed; None where there is
    nothing.
    """
    returned: Band | None
    """Share of buyers who have bought again, by days since the first purchase; loss or an end competes."""
    flow: dict[tuple[str, str], Estimate]
    """Moves a replication from stage to stage, of all pairs that occur; open stays are no moves."""
    profit: Floats
    """Profit so far by replication and `paid_days`, discounted to day 0; shape (replications, days)."""


def paid_days(horizon: float) -> Floats:
    """The days on which profit so far is told: day 0, whole days, and the horizon."""
    step = max(1, int(np.ceil(horizon / MOST_DAYS)))
    return np.append(np.arange(0.0, horizon, step), horizon)


def trace(journeys: Journeys, network: Network, lives: Lives | None = None) -> Trace:
    """One replication's curves; `lives` are its facts, where others share them."""
    from sojourn.sim.counting import tally  # numba only where something is measured

    lives = lives or Lives(journeys, network)
    days = np.linspace(0.0, journeys.horizon, POINTS)
    events = journeys.events
    change, moves = tally(events.stage, events.sequence, events.time, days, len(journeys.stages))
    occupancy = np.cumsum(change, axis=1)[:, :POINTS].astype(np.float64)  # the last column is past the horizon
    nothing = np.zeros((ROWS, POINTS)), np.zeros(POINTS)
    losses, followed = _told(lives.losses, days) if lives.buyers.size and lives.losing.any() else nothing
    returns, waited = _told(lives.returns, days) if lives.buyers.size else nothing
    paid = paid_days(journeys.horizon)
    profit = lives.ledger.by(paid) - overhead_by(network, paid, discounted=True)
    return Trace(journeys.stages, days, occupancy, losses, followed, returns, waited, moves.astype(np.float64), profit)


def _told(sample: FollowUps, days: Floats) -> tuple[Floats, Floats]:
    """What a curve is pooled by, and how many are followed as long as each of the days."""
    from sojourn.sim.counting import reaching

    return cells(sample, days, read(sample, days=days)), reaching(sample.durations, days)


def combine(traces: Sequence[Trace]) -> Curves:
    """Curves over the replications of one strategy (at least one)."""
    first = traces[0]
    occupancy = {
        stage: _band(first.days, np.array([one.occupancy[index] for one in traces]))
        for index, stage in enumerate(first.stages)
    }
    flow: dict[tuple[str, str], Estimate] = {}
    for i, stage in enumerate(first.stages):
        for j, following in enumerate(first.stages):
            moves = [Part("total", float(one.moves[i, j])) for one in traces]
            if any(part.value for part in moves):
                flow[stage, following] = over_replications(moves).interval()
    retention = _share(first.days, survival, [one.losses for one in traces], [one.followed for one in traces])
    returned = _share(first.days, incidence, [one.returns for one in traces], [one.waited for one in traces])
    if returned is not None and not returned.mean.any():
        returned = None  # nobody can buy again
    return Curves(occupancy, retention, returned, flow, np.array([one.profit for one in traces]))


def _share(
    days: Floats, share: Callable[[Floats], Floats], tables: Sequence[Floats], at_risk: Sequence[Floats]
) -> Band | None:
    """The common curve of all replications with its band, as far as enough customers are followed."""
    followed = without_each(np.array(at_risk))
    shown = followed[0] >= FOLLOWED
    if shown.sum() < 2:
        return None
    curves = share(without_each(np.array(tables)))[:, shown]
    mean, each = curves[0], np.where(followed[1:, shown] > 0.0, curves[1:], np.nan)
    n = len(each)
    away = each - each[0]  # so that equal curves give an error of exactly 0
    square = ((away - away.mean(axis=0)) ** 2).sum(axis=0)
    half = student(LEVEL, n - 1) * np.sqrt((n - 1) / n * square) if n > 1 else np.full(mean.shape, np.nan)
    return Band(days[shown], mean, np.maximum(mean - half, 0.0), np.minimum(mean + half, 1.0))


def _band(x: Floats, curves: Floats) -> Band:
    """Mean and Student's interval at each point over the replications that are defined there; curves of shape (r,
    n).
    """
    known = np.isfinite(curves)
    count = known.sum(axis=0)
    mean = np.where(known, curves, 0.0).sum(axis=0) / np.maximum(count, 1)
    spread = np.where(known, curves - mean, 0.0)
    square = (spread**2).sum(axis=0)
    critical = {int(n): student(LEVEL, int(n) - 1) for n in np.unique(count) if n > 1}
    factor = np.array([critical.get(int(n), np.nan) for n in count])
    half = factor * np.sqrt(square / np.maximum(count - 1, 1) / np.maximum(count, 1))
    mean = np.where(count > 0, mean, np.nan)
    return Band(x, mean, mean - half, mean + half)

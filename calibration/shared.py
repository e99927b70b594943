"""Puts one trait that loads on several exits into a fit, where the mapping asks for it."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.durations import described
from sojourn.calibration.exits import StageFit
from sojourn.calibration.frailties import SOME
from sojourn.calibration.hazards import fit_hazard, spans
from sojourn.calibration.loads import MOST, Loads, Way, fit_loads
from sojourn.calibration.logs import Log

Found = tuple[dict[str, StageFit], Loads | None, list[str]]


def with_loads(log: Log, stages: Mapping[str, StageFit]) -> Found:
    """The stages with the laws that go with the trait, the trait (None where there is none), and notes."""
    asked = [exit_ for exit_, law in log.frailty.items() if law == "normal"]
    log = log.begun  # whoever was there already is there because they are slow
    result = dict(stages)
    ways: list[Way] = []
    notes: list[str] = []
    for exit_ in asked:
        name, _, to = exit_.partition(" -> ")
        way = _way(log, stages, name, to)
        if way is None:
            notes.append(
                f"[frailty] asks for a trait that loads on {exit_}, which is no exit of a race with a smooth law."
            )
        else:
            ways.append(way)
    found = fit_loads(tuple(ways)) if ways else None
    if found is None:
        if ways:
            notes.append(
                "[frailty] asks for a trait that loads on exits, but the data do not tell it: customers seem alike."
            )
        return result, None, notes
    for exit_, law, theta in zip(found.names, found.laws, found.thetas, strict=True):
        name, _, to = exit_.partition(" -> ")
        stage = result[name]
        rows = log.stays.stage == log.stages.index(name)
        ended = log.stays.following[rows] == log.stages.index(to)
        place = found.place(exit_)
        maximum = theta, found.covariance[place, place], found.log_likelihood
        made = described(law, CANDIDATES[law], maximum, log.stays.days[rows], ended, {})
        apart = {other: laws for other, laws in stage.by_segment.items() if other != to}
        if len(apart) < len(stage.by_segment):
            notes.append(f"{exit_}: with a trait that loads on it all segments have one law.")
        shared = (*stage.differ.shared, to)
        result[name] = replace(
            stage, exits={**stage.exits, to: made}, by_segment=apart, differ=replace(stage.differ, shared=shared)
        )
    return result, found, [*notes, found.said()]


def _way(log: Log, stages: Mapping[str, StageFit], name: str, to: str) -> Way | None:
    """An exit as the likelihood takes it; customers keep their numbers, so that the same ones are the same at all exits."""
    stage = stages.get(name)
    if stage is None or stage.choice is not None or to not in stage.exits or stage.forms[to].pile is not None:
        return None
    size = log.customers.size
    share = np.arange(-1, size) * min(MOST, size) // size
    kept = share[1:] != share[:-1]  # evenly from all
    number = np.cumsum(kept) - 1
    rows = (log.stays.stage == log.stages.index(name)) & kept[log.stays.customer]
    ended = log.stays.following[rows] == log.stages.index(to)
    days = np.where(log.stays.days[rows] > 0.0, log.stays.days[rows], 0.5 * log.resolution)
    if not ended.any():
        return None
    who = number[log.stays.customer[rows]].astype(np.int64)
    sample = spans(days, ended, who, 1.0)
    # The law of a customer, not of all together: with own speeds where those can be told.
    rough = sample.some(SOME)
    for own in (True, False):
        fits = [one for law in CANDIDATES if (one := fit_hazard(rough, law, own=own)) is not None]
        if fits:
            best = min(fits, key=lambda one: one.score)
            return Way(f"{name} -> {to}", sample._replace(customer=who), best.law, best.theta)
    return None

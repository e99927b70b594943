"""Joint draws of what customers differ in, by place in the scenario: own speeds and chances, their laws, and [history].

All numbers of an exit that were fitted together are drawn together, from the normal law of their maximum (on the scale on which
they are fitted). Stays of one customer are no longer alike once own speeds are in the model, so nothing is spread by customer.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.special import expit, logit

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.differing import told_effects
from sojourn.calibration.durations import LawFit
from sojourn.calibration.exits import StageFit
from sojourn.calibration.loads import Loads
from sojourn.calibration.people import stream
from sojourn.calibration.stays import Floats
from sojourn.scenarios.overrides import Place

Drawn = Iterator[tuple[Place, Floats]]  # shape (draws,)
LEAST = 1e-6  # of a probability in the file


def speed_draws(name: str, to: str, stage: StageFit, count: int, seed: int) -> Drawn:
    """The law of an exit of a race that has own speeds or effects, the shape of the speeds, and laws of segments."""
    found = _joint(name, to, stage, count, seed)
    own = stage.differ.speeds.get(to)
    law = stage.exits[to]
    yield from _law(("stages", name, "race", to), law, found)
    if own is not None:
        yield ("frailty", "gamma", f"{name} -> {to}"), np.clip(np.exp(found[:, -1]), 0.01, 1000.0)
    for segment, apart in stage.by_segment.get(to, {}).items():
        if apart.maximum is None:
            continue
        theta, covariance, _ = apart.maximum
        rng = stream(seed, "differ", name, to, segment)
        place: Place = ("segments", segment, "override", f"stages.{name}.race.{to}")
        yield from _law(place, apart, rng.multivariate_normal(theta, covariance, count))


def history_draws(stages: Mapping[str, StageFit], count: int, seed: int) -> Drawn:
    """The effects under [history], drawn together with the law, or the odds, beside which they were fitted."""
    for entry, (name, to, effect) in enumerate(told_effects(stages)):
        stage = stages[name]
        told = [one.column.name for one in stage.differ.effects[to] if one.column.told]
        back = len(told) - told.index(effect.column.name)
        place: Place = ("history", "effects", entry, effect.scale)
        if stage.differ.odds is not None:
            odds = stage.differ.odds
            exits = list(stage.differ.effects)
            at = odds.base.size + exits.index(to) * odds.slopes.shape[1] + odds.slopes.shape[1] - back
            yield place, _odds(name, stage, count, seed)[:, at]
            continue
        speeds = to in stage.differ.speeds
        yield place, np.exp(_joint(name, to, stage, count, seed)[:, -back - (1 if speeds else 0)])


def moved_chances(name: str, stage: StageFit, drawn: list[tuple[Place, Floats]], count: int, seed: int) -> Drawn:
    """The draws of a choice that was fitted without own chances or effects, as they are with them."""
    rows = {place: values for place, values in drawn if place[-1] == "probability"}
    own, odds = stage.differ.chance, stage.differ.odds
    for place, values in drawn:
        if place not in rows:
            yield place, values
            continue
        to = str(place[-2])
        if own is not None:
            mine = np.clip(rows[(*place[:-2], own.to, "probability")], LEAST, 1.0 - LEAST)
            mean = expit(logit(mine) + own.theta[0])
            yield place, mean if to == own.to else values * (1.0 - mean) / (1.0 - mine)
        elif odds is not None:
            exits = [str(other[-2]) for other in rows if other[:-2] == place[:-2]]
            shift = _segment_shift(stage, place, odds.slopes.shape[1])
            found = _odds(name, stage, count, seed)
            base = found[:, : odds.base.size]
            if shift is not None:
                base = base + found[:, odds.base.size :].reshape(count, *odds.slopes.shape)[:, :, shift]
            logs = np.column_stack((np.zeros(count), base))
            chances = np.exp(logs - np.logaddexp.reduce(logs, axis=1, keepdims=True))
            yield place, chances[:, exits.index(to)]
    if own is not None:
        rng = stream(seed, "differ", name, own.to)
        logs = rng.normal(own.theta[1], np.sqrt(own.covariance[1, 1]), count)
        yield ("frailty", "beta", f"{name} -> {own.to}"), np.clip(np.exp(logs), 0.01, 1e6)


def loads_draws(loads: Loads, count: int, seed: int) -> Drawn:
    """The laws of exits on which one trait loads, and its loads, together."""
    mean = np.concatenate((*loads.thetas, loads.loads))
    drawn = stream(seed, "differ", *loads.names).multivariate_normal(mean, loads.covariance, count)
    for k, (exit_, law) in enumerate(zip(loads.names, loads.laws, strict=True)):
        name, _, to = exit_.partition(" -> ")
        own = drawn[:, loads.place(exit_)]
        for j, parameter in enumerate(CANDIDATES[law].parameters):
            yield ("stages", name, "race", to, parameter), np.exp(own[:, j])
        yield ("frailty", "loads", exit_), np.clip(drawn[:, k - len(loads.names)], -10.0, 10.0)


def _segment_shift(stage: StageFit, place: Place, slopes: int) -> int | None:
    """Which slope of the odds belongs to the segment of a place; None for the first, and where segments do not differ."""
    told = sum(one.column.told for one in next(iter(stage.differ.effects.values()), ()))
    names = list(stage.choice_by_segment)[-(slopes - told) :] if slopes > told else []
    return names.index(place[1]) if place[0] == "segments" and place[1] in names else None


def _joint(name: str, to: str, stage: StageFit, count: int, seed: int) -> Floats:
    """Draws of (law, slopes, log shape) of an exit; the same for the same seed, wherever they are asked for."""
    own = stage.differ.speeds.get(to)
    found = own.found if own is not None else stage.differ.hazards[to]
    shape = [] if found.log_shape is None else [found.log_shape]
    mean = np.concatenate((found.theta, found.slopes, shape))
    return stream(seed, "differ", name, to).multivariate_normal(mean, found.covariance, count)


def _odds(name: str, stage: StageFit, count: int, seed: int) -> Floats:
    """Draws of (base, slopes by exit) of a choice with effects."""
    odds = stage.differ.odds
    assert odds is not None
    mean = np.concatenate((odds.base, odds.slopes.ravel()))
    return stream(seed, "differ", name).multivariate_normal(mean, odds.covariance, count)


def _law(place: Place, law: LawFit, drawn: Floats) -> Drawn:
    for k, name in enumerate(CANDIDATES[law.law].parameters):
        yield (*place, name), np.exp(drawn[:, k])

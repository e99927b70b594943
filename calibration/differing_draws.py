"""Draws of what customers differ in: own speeds and chances, effects of covariates and the past, and the laws that go with them.

They were fitted together, so they are drawn together: normal on the scale on which they were fitted, by the covariance of all.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.differences import Differences
from sojourn.calibration.durations import LawFit
from sojourn.calibration.frailties import Span, Z
from sojourn.calibration.hazards import Hazard
from sojourn.calibration.loads import Loads
from sojourn.calibration.regressions import Effect
from sojourn.calibration.resting import resting
from sojourn.calibration.spells import Floats
from sojourn.scenarios.overrides import Place

Indices = Mapping[tuple[str, str], int]
"""Where [history] has the effect on an exit ("a -> b") per what: the place in its list."""
SHAPES, STRENGTHS, LOADS = (0.01, 1000.0), (0.01, 1e6), (-10.0, 10.0)  # what the format takes


def history_of(document: Mapping[str, object]) -> Indices:
    """Where the effects of a scenario's [history] stand."""
    history = document.get("history")
    effects = history.get("effects", []) if isinstance(history, Mapping) else []
    return {(one["exit"], one["per"]): k for k, one in enumerate(effects) if "per" in one}


def hazard_of(differ: Differences, to: str) -> Hazard | None:
    """The law of an exit that was fitted with own speeds or effects; None where it was not."""
    return differ.speeds[to].found if to in differ.speeds else differ.hazards.get(to)


def draw_hazard(
    place: Place, way: str, found: Hazard, effects: Sequence[Effect], at: Indices, count: int, rng: np.random.Generator
) -> Iterator[tuple[Place, Floats]]:
    """Draws of a law at `place`, of the effects on its exit, and of how much customers differ in it."""
    own = [] if found.log_shape is None else [found.log_shape]
    middle = np.concatenate((found.theta, found.slopes, own))
    drawn = _normal(middle, found.covariance, count, rng)
    names = CANDIDATES[found.law].parameters
    yield from (((*place, name), np.exp(drawn[:, k])) for k, name in enumerate(names))
    if own:
        yield ("frailty", "gamma", way), np.clip(np.exp(drawn[:, -1]), *SHAPES)
    first = found.theta.size + found.slopes.size - len(effects)
    for k, effect in enumerate(effects):
        if (way, effect.column.name) in at:
            yield _effect(at[way, effect.column.name], effect, drawn[:, first + k])


def draw_given(place: Place, law: LawFit, count: int, rng: np.random.Generator) -> Iterator[tuple[Place, Floats]]:
    """Draws of a segment's law whose shape and effects are those of all."""
    if law.maximum is None:
        return
    theta, covariance, _ = law.maximum
    drawn = np.exp(_normal(theta, covariance, count, rng))
    yield from (((*place, name), drawn[:, k]) for k, name in enumerate(CANDIDATES[law.law].parameters))


def draw_odds(
    way: str, effects: Sequence[Effect], at: Indices, count: int, rng: np.random.Generator
) -> Iterator[tuple[Place, Floats]]:
    """Draws of effects on the odds of an exit, each by its own error."""
    for effect in effects:
        drawn = effect.slope + effect.error * rng.standard_normal(count)
        if (way, effect.column.name) in at:
            yield _effect(at[way, effect.column.name], effect, drawn)


class OddsDraws(NamedTuple):
    """Joint draws of a choice with effects and own chances."""

    base: Floats  # shape (draws, exits - 1)
    slopes: Floats  # shape (draws, exits - 1, columns)
    strength: Floats  # a + b, shape (draws,)
    segments: tuple[str, ...]  # those that have columns, the first ones

    def chances(self, names: Sequence[str], order: Sequence[str], segment: str | None) -> Floats:
        """Probabilities at rest, shape (draws, exits) in `order`; `names` are the exits as they were fitted."""
        found = resting(self.base, self.slopes, self.segments, segment)
        return np.asarray(found[:, [list(names).index(to) for to in order]])

    def effects(
        self, stage: str, names: Sequence[str], effects: Mapping[str, Sequence[Effect]], at: Indices
    ) -> Iterator[tuple[Place, Floats]]:
        """Draws of the effects that the scenario says."""
        for e, to in enumerate(names[1:]):
            for k, effect in enumerate(effects.get(to, ()), len(self.segments)):
                if (f"{stage} -> {to}", effect.column.name) in at:
                    yield _effect(at[f"{stage} -> {to}", effect.column.name], effect, self.slopes[:, e, k])


def draw_mixed(differ: Differences, count: int, rng: np.random.Generator) -> OddsDraws | None:
    """Draws of base, slopes and strength by their covariance; None where effects and own chances were not fitted together."""
    found = differ.odds
    if found is None or found.log_strength is None:
        return None
    middle = np.concatenate((found.base, found.slopes.ravel(), [found.log_strength]))
    drawn = _normal(middle, found.covariance, count, rng)
    base, slopes, logs = np.split(drawn, [found.base.size, middle.size - 1], axis=1)
    shaped = slopes.reshape(count, *found.slopes.shape)
    return OddsDraws(base, shaped, np.clip(np.exp(logs[:, 0]), *STRENGTHS), differ.odds_segments)


def draw_loads(loads: Loads, count: int, rng: np.random.Generator) -> Iterator[tuple[Place, Floats]]:
    """Draws of the laws of exits on which one trait loads, and of its loads, together."""
    drawn = _normal(np.concatenate((*loads.thetas, loads.loads)), loads.covariance, count, rng)
    for k, (way, law) in enumerate(zip(loads.names, loads.laws, strict=True)):
        stage, _, to = way.partition(" -> ")
        own = np.exp(drawn[:, loads.place(way)])
        yield from (
            (("stages", stage, "race", to, name), own[:, j]) for j, name in enumerate(CANDIDATES[law].parameters)
        )
        yield ("frailty", "loads", way), np.clip(drawn[:, k - len(loads.names)], *LOADS)


def draw_strength(way: str, span: Span, count: int, rng: np.random.Generator) -> tuple[Place, Floats]:
    """Draws of a + b of customers' own chances."""
    spread = math.log(span.high / span.low) / (2.0 * Z) if span.low > 0.0 else 0.0
    return ("frailty", "beta", way), np.clip(span.central * np.exp(spread * rng.standard_normal(count)), *STRENGTHS)


def moved(chances: Floats, differ: Differences, names: Sequence[str], central: Floats) -> Floats:
    """Draws of probabilities, shape (draws, exits), as they are with own chances, or where all effects are at rest."""
    if differ.chance is not None:
        k = names.index(differ.chance.to)
        was = np.clip(chances[:, k], 1e-9, 1.0 - 1e-9)
        mean: Floats = expit(logit(was) + differ.chance.theta[0])
        result: Floats = chances * ((1.0 - mean) / (1.0 - was))[:, None]
        result[:, k] = mean
        return result
    if differ.effects:
        logs = np.log(np.maximum(chances, 1e-12))
        logs += np.log(np.maximum(central, 1e-12)) - logs.mean(axis=0)
        shares: Floats = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
        return shares
    return chances


def _effect(index: int, effect: Effect, drawn: Floats) -> tuple[Place, Floats]:
    ratio = effect.scale == "hazard_ratio"
    values: Floats = np.exp(np.clip(drawn, -13.0, 13.0)) if ratio else drawn
    return ("history", "effects", index, effect.scale), values


def _normal(middle: Floats, covariance: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Normal draws, shape (count, k); along directions that nothing bounds they stay in the middle."""
    values, vectors = np.linalg.eigh(covariance)
    normal = rng.standard_normal((count, middle.size))
    return np.asarray(middle + (normal * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)

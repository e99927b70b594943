"""Joint draws of every number that a calibration has estimated, for the companion of its scenario.

Each number is named by its place in the scenario. What was counted (where customers start, which segment they are of) and what
was read from the data is drawn by weights of people; laws, choices and models of what is unseen by their likelihood with weak
priors (`law_draws`, `choice_draws`, `unseen_draws`). Every stage and exit has a stream of random numbers of its own, so that
neither their order nor what else is drawn changes anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.arrivals import ArrivalsFit
from sojourn.calibration.bgnbd import BgNbd
from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.choice_draws import ChoiceStays, draw_choice
from sojourn.calibration.choices import ChoiceFit
from sojourn.calibration.compounds import share_of
from sojourn.calibration.curves import ages, jumping, quantiles
from sojourn.calibration.differing_draws import (
    Indices,
    OddsDraws,
    draw_given,
    draw_hazard,
    draw_loads,
    draw_mixed,
    draw_odds,
    draw_strength,
    hazard_of,
    history_of,
    moved,
)
from sojourn.calibration.durations import LawFit
from sojourn.calibration.exits import StageFit
from sojourn.calibration.fit import Fit
from sojourn.calibration.law_draws import Stays, draw_law
from sojourn.calibration.logs import Log
from sojourn.calibration.mapping import parts_of
from sojourn.calibration.people import People, people_of, stream
from sojourn.calibration.read_draws import draw_reading
from sojourn.calibration.scenario import heaps_of
from sojourn.calibration.spells import Floats, Pile
from sojourn.calibration.stays import NOTHING, Integers
from sojourn.calibration.unseen_draws import draw_contract, draw_silent
from sojourn.scenarios.companion import Companion, Value, value_at
from sojourn.scenarios.faults import fault
from sojourn.scenarios.overrides import Place

MOST = 10_000  # draws
LEAST_CHANCE = 1e-6  # of a probability in the file
Drawn = Iterator[tuple[Place, Floats]]  # shape (draws,), or (draws, values) for a list


def companion(fitted: Fit, count: int = 200, seed: int = 1, document: Mapping[str, Any] | None = None) -> Companion:
    """Joint draws of the numbers of a fit; the same fit, count and seed give the same draws.

    Args:
        fitted: the fit.
        count: how many draws, 1 to 10,000.
        seed: which luck.
        document: the scenario's document, if it is there already.

    Raises:
        Faults: for a count out of range.
    """
    if not 1 <= count <= MOST:
        raise fault("calibrate", "draws", "is no number of draws", f"give 1 to {MOST:,}", count)
    said = fitted.scenario().document() if document is None else document
    people = people_of(fitted.log, count, seed)
    at = history_of(said)
    centrals: dict[Place, Value] = {}
    draws: dict[Place, tuple[Value, ...]] = {}
    for place, values in _everything(fitted, people, seed, at):
        central = value_at(said, place)
        if central is None:
            continue
        if values.ndim == 1:
            centrals[place] = float(central)
            draws[place] = tuple(values.tolist())
        else:
            centrals[place] = tuple(float(one) for one in central)
            draws[place] = tuple(tuple(row) for row in values.tolist())
    return Companion(centrals, draws)


def _everything(fitted: Fit, people: People, seed: int, at: Indices) -> Drawn:
    log = fitted.log
    came = log.begun
    begun = people if log.arrived is None or came is log else replace(people, who=people.who[log.arrived])
    yield from _starts(came, begun)
    yield from _shares(came, begun)
    yield from _arrivals(fitted.arrivals, came, people.count, seed)
    for name, stage in fitted.stages.items():
        yield from stage_draws(log, name, stage, people, seed, at)
    if fitted.loads is not None:
        yield from draw_loads(fitted.loads, people.count, stream(seed, *fitted.loads.names))
    for name, silent in fitted.silent.items():
        _, waiting, again, over = parts_of(name)
        drawn = dict(zip(silent.model.names, draw_silent(silent, people.count, stream(seed, name)).T, strict=True))
        yield ("stages", waiting, "race", again, "mean"), drawn["alpha"] / drawn["r"]
        law = "gamma" if silent.k == 1 else "speed"
        yield ("frailty", law, f"{waiting} -> {again}"), np.clip(drawn["r"], 0.01, 1000.0)
        if isinstance(silent.model, BgNbd):
            yield from _leaving(again, waiting, over, drawn["a"], drawn["b"])
        else:
            yield ("stages", waiting, "race", over, "mean"), drawn["beta"] / drawn["s"]
            yield ("frailty", "gamma", f"{waiting} -> {over}"), np.clip(drawn["s"], 0.01, 1000.0)
    for name, contract in fitted.contracts.items():
        alpha, beta = draw_contract(came, name, people.count, stream(seed, name)).T
        yield from _leaving(name, name, contract.end, alpha, beta)
        rows = came.stays.stage == came.stages.index(name)
        left = came.stays.following[rows] != NOTHING
        stays = _stays(came, rows, left, None, begun)._replace(late=None)
        yield from _law(("stages", name, "dwell"), contract.term, stays, begun, seed)


def _leaving(stage: str, stays: str, leaves: str, a: Floats, b: Floats) -> Drawn:
    """A probability that is beta (a, b) over customers."""
    chance = np.clip(a / (a + b), LEAST_CHANCE, 1.0 - LEAST_CHANCE)
    yield ("stages", stage, "exits", leaves), chance
    yield ("stages", stage, "exits", stays), 1.0 - chance
    yield ("frailty", "beta", f"{stage} -> {leaves}"), np.clip(a + b, 0.01, 1e6)


def _counted(index: Integers, number: int, people: People) -> Floats:
    """Shares of customers by what they were counted as, shape (draws, number)."""
    table = np.zeros((people.weights.shape[1], number))
    np.add.at(table, (people.who, index), 1.0)
    totals = people.weights @ table
    return np.asarray(totals / totals.sum(axis=1, keepdims=True))


def _starts(log: Log, people: People) -> Drawn:
    first = log.stays.stage[log.first[:-1]]
    shares = _counted(first, len(log.stages), people)
    for k in np.unique(first):
        yield ("scenario", "start", log.stages[k]), shares[:, k]


def _shares(log: Log, people: People) -> Drawn:
    shares = _counted(log.segment, len(log.segments), people)
    for k in np.unique(log.segment):
        yield ("segments", log.segments[k], "share"), shares[:, k]


def _arrivals(found: ArrivalsFit, log: Log, count: int, seed: int) -> Drawn:
    """Rates by day or steady: gamma, as Poisson counts say, and wider where people come several times."""
    each = np.bincount(log.people)
    alike = float(np.sum(each.astype(np.float64) ** 2)) / log.customers.size
    rng = stream(seed, "arrivals")
    if found.rate_per_day is not None:
        number = log.customers.size / alike
        yield ("arrivals", "rate_per_day"), found.rate_per_day * rng.gamma(number, size=count) / number
    elif found.daily is not None:
        counts = np.asarray(found.daily) / alike
        yield ("arrivals", "daily"), found.whole_weeks(rng.gamma(counts, size=(count, counts.size)) * alike)


def stage_draws(log: Log, name: str, stage: StageFit, people: People, seed: int, at: Indices | None = None) -> Drawn:
    """Draws of the numbers of one stage and of its overrides by segment, by place.

    `at` says where the scenario's [history] has the effects on its exits.
    """
    here = log.stays.stage == log.stages.index(name)
    if log.late is not None:
        here &= ~np.isnan(log.late)  # how old such a stay was nobody knows
    count, differ, at = people.count, stage.differ, at or {}
    segment = log.segment[log.stays.customer]
    base: Place = ("stages", name)
    if stage.choice is not None:
        names = tuple(stage.choice.probabilities)
        both = draw_mixed(differ, count, stream(seed, name, "odds"))
        yield from _choice((*base, "exits"), log, stage.choice, stage, here, people, seed, both=both)
        for one, part in _groups(stage.choice_by_segment, log).items():
            rows = here & np.isin(segment, part)
            drawn = list(
                _choice((), log, stage.choice_by_segment[one], stage, rows, people, seed, name, one, both=both)
            )
            for k in part:
                override: Place = ("segments", log.segments[k], "override", f"stages.{name}.exits")
                yield from (((*override, *place), values) for place, values in drawn)
        if both is not None and differ.chance is not None:
            yield ("frailty", "beta", f"{name} -> {differ.chance.to}"), both.strength
            yield from both.effects(name, names, differ.effects, at)
            return
        if differ.chance is not None:
            way = f"{name} -> {differ.chance.to}"
            yield draw_strength(way, differ.chance.strength, count, stream(seed, way, "own"))
        for to, effects in differ.effects.items():
            yield from draw_odds(f"{name} -> {to}", effects, at, count, stream(seed, name, to, "effects"))
        return
    following = log.stays.following
    for to, law in stage.exits.items():
        if to in differ.shared:
            continue  # drawn with the loads of the trait that it shares
        ended = following == log.stages.index(to)
        pile = stage.forms[to].pile if to in stage.forms else None
        stays = _stays(log, here, ended[here], pile, people)
        hazard = hazard_of(differ, to)
        if hazard is not None:
            effects = differ.effects.get(to, ())
            rng = stream(seed, name, to)
            yield from draw_hazard((*base, "race", to), f"{name} -> {to}", hazard, effects, at, count, rng)
        else:
            yield from _law((*base, "race", to), law, stays, people, seed)
        own = stage.by_segment.get(to, {})
        for one, part in _groups(own, log).items():
            rows = here & np.isin(segment, part)
            stays = _stays(log, rows, ended[rows], pile, people)
            if hazard is None:
                drawn = list(_law((), own[one], stays, people, seed, name, to, one))
            else:
                drawn = list(draw_given((), own[one], count, stream(seed, name, to, one)))
            for k in part:
                override = ("segments", log.segments[k], "override", f"stages.{name}.race.{to}")
                yield from (((*override, *place), values) for place, values in drawn)


def _groups(own: Mapping[str, LawFit | ChoiceFit], log: Log) -> dict[str, list[int]]:
    """Segments that share one fit, as indices, by the name of the first."""
    first: dict[int, str] = {}
    groups: dict[str, list[int]] = {}
    for name, law in own.items():
        groups.setdefault(first.setdefault(id(law), name), []).append(log.segments.index(name))
    return groups


def _stays(log: Log, rows: NDArray[np.bool_], ended: NDArray[np.bool_], pile: Pile | None, people: People) -> Stays:
    who = people.who[log.stays.customer[rows]]
    late = None if log.late is None else log.late[rows]
    over = log.stays.following[rows] != NOTHING
    return Stays(log.stays.days[rows], ended, who, log.resolution, pile, late, over)


def _law(place: Place, law: LawFit, stays: Stays, people: People, seed: int, *names: str) -> Drawn:
    """Draws of one law of a race, or of a whole stay; none where all stays have one length."""
    if law.law == "deterministic":
        return
    if law.curve is not None:
        days = _as_fitted(stays.days, stays)
        read = draw_reading(
            days,
            np.where(stays.ended, 0, NOTHING),
            stays.who,
            people.weights,
            [law.curve],
            [law.never],
            False,
            stays.late,
        )
        yield from _read(place, read.shares[0], read.days[0], read.never[:, 0], law.never > 0.0)
        return
    if law.deadline is None:
        stays = stays._replace(pile=None)
    drawn = draw_law(stays, law.law, law.never > 0.0, people.around, stream(seed, *place, *names))
    yield from _numbers(place, law, drawn)


def _as_fitted(days: Floats, stays: Stays) -> Floats:
    """Lengths as a law read from the data has them: none is 0, and those in a pile are of one."""
    days = np.where((days > 0.0) | ~stays.ended, days, 0.5 * stays.resolution)
    for pile in stays.pile.each if stays.pile is not None else ():
        days = np.where(stays.ended & (days >= pile.low) & (days < pile.high), pile.day, days)
    return days


def _numbers(place: Place, law: LawFit, drawn: Floats, never: Floats | None = None) -> Drawn:
    """Draws of a law's parameters as the file states them."""
    names = CANDIDATES[law.law].parameters
    at = len(names)
    if law.further:
        told = [jumping(*heaps_of(law, theta)) for theta in drawn]
        shares, days = (np.array([curve[part] for curve, _ in told]) for part in (0, 1))
        yield from _read(place, shares, days, np.array([left for _, left in told]), law.never > 0.0)
        if law.never == 0.0:
            yield (*place, "share"), shares
        return
    if law.never > 0.0 and never is None:
        never = np.array([share_of(one) for one in drawn[:, at]])
        at += 1
    if law.deadline is not None:
        yield (*place, "share"), np.array([share_of(one) for one in drawn[:, at]])
        place = (*place, "otherwise")
    if never is not None and law.never > 0.0:
        candidate = CANDIDATES[law.law]
        if law.maximum is None:
            return
        curve, left = quantiles(candidate, law.maximum[0][: len(names)], law.never)
        part = np.asarray(curve[0]) / (1.0 - left)
        inner = np.minimum(part[1:], 1.0 - 1e-4)
        days = np.array([np.concatenate(([0.0], ages(candidate, theta[: len(names)], inner))) for theta in drawn])
        yield from _read(place, part * (1.0 - never[:, None]), days, never, True)
        return
    for k, name in enumerate(names):
        yield (*place, name), np.exp(drawn[:, k])


def _read(place: Place, shares: Floats, days: Floats, never: Floats, told: bool) -> Drawn:
    yield (*place, "days"), days
    if told:
        yield (*place, "share"), shares
        yield (*place, "never"), never


def _choice(
    place: Place,
    log: Log,
    choice: ChoiceFit,
    stage: StageFit,
    rows: NDArray[np.bool_],
    people: People,
    seed: int,
    *names: str,
    both: OddsDraws | None = None,
) -> Drawn:
    """Draws of a choice: of the probability and the law of each exit; `both` are those of effects and own chances together."""
    stays = log.stays
    indices = {log.stages.index(to): to for to in choice.laws}
    indices = dict(sorted(indices.items()))
    days, following = stays.days[rows], stays.following[rows]
    who = people.who[stays.customer[rows]]
    late = None if log.late is None else log.late[rows]
    curves = [law.curve for law in choice.laws.values() if law.curve is not None]
    if curves:
        causes = np.full(following.shape, NOTHING)
        for k, to in enumerate(choice.laws):
            causes[following == log.stages.index(to)] = k
        days = np.where(days > 0.0, days, 0.5 * log.resolution)
        nevers = [law.never for law in choice.laws.values()]
        read = draw_reading(days, causes, who, people.weights, curves, nevers, True, late)
        central = np.array([choice.probabilities[to] for to in choice.laws])
        chances = moved(read.chances, stage.differ, list(choice.laws), central)
        for k, to in enumerate(choice.laws):
            yield (*place, to, "probability"), chances[:, k]
            yield from _read((*place, to, "dwell"), read.shares[k], read.days[k], read.never[:, k], nevers[k] > 0.0)
        return
    piles = {to: form.pile for to, form in stage.forms.items() if form.pile is not None}
    some = ChoiceStays(days, following, who, indices, log.resolution, piles, late)
    drawn = draw_choice(some, choice, people.around, stream(seed, *place, *names))
    exits = list(indices.values())
    if both is not None:
        chances = both.chances(tuple(choice.probabilities), exits, names[-1] if names else None)
    else:
        chances = moved(drawn.chances, stage.differ, exits, np.array([choice.probabilities[to] for to in exits]))
    for k, to in enumerate(exits):
        yield (*place, to, "probability"), chances[:, k]
        yield from _numbers((*place, to, "dwell"), choice.laws[to], drawn.laws[k], drawn.never)

"""What customers differ in at one stage, beyond their segment: own speeds of its exits, an own chance of one, and effects."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.choices import ChoiceFit
from sojourn.calibration.durations import FEW, LawFit, described
from sojourn.calibration.forms import Chosen, Leaving
from sojourn.calibration.frailties import OwnChance, OwnSpeed, own_chance, own_speed
from sojourn.calibration.hazards import Hazard, Spans, fit_hazard, spans
from sojourn.calibration.history import Column
from sojourn.calibration.mixed_odds import own_chance_beside
from sojourn.calibration.odds import Odds, Ways
from sojourn.calibration.regressions import (
    Effect,
    hazard_effects,
    odds_effects,
    pulled_odds,
    regress,
    regress_odds,
    table,
)
from sojourn.calibration.resting import at_rest, last_ways, moved, tried, ways_of, with_columns
from sojourn.calibration.segments import Together, laws_of
from sojourn.calibration.stays import Floats, Integers
from sojourn.scenarios.history import PAST
from sojourn.scenarios.plurals import verb

MANY = 300_000  # stays of a stage from which it is told on some of the customers what they differ in
TELLS = 0.1  # chance of so large an effect below which it is told


@dataclass(frozen=True)
class Differences:
    """Own speeds by next stage (of a race), an own chance (of a choice), effects, and the laws and chances that go with them.

    Attributes:
        speeds: by next stage; `laws` and `by_segment` are those exits' laws for a customer of speed 1.
        hazards: laws with effects, by next stage, where customers have no own speeds.
        effects: of covariates and the past, by next stage.
        shared: exits on which a trait loads that several exits share (see `loads`).
        odds: base and slopes of a choice with effects; its columns are those of segments, then those of the effects. Where
            customers have chances of their own too, fitted together with their strength.
        odds_segments: the segments that have columns.
        chance: of one exit of a choice; `chosen` is the choice with the mean that goes with it.
        notes: what was asked for and could not be had, in sentences.
    """

    speeds: dict[str, OwnSpeed] = field(default_factory=dict)
    laws: dict[str, LawFit] = field(default_factory=dict)
    by_segment: dict[str, dict[str, LawFit]] = field(default_factory=dict)
    hazards: dict[str, Hazard] = field(default_factory=dict)
    effects: dict[str, tuple[Effect, ...]] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    odds: Odds | None = None
    odds_segments: tuple[str, ...] = ()
    chance: OwnChance | None = None
    chosen: Chosen = field(default_factory=Chosen)
    notes: tuple[str, ...] = ()

    def said(self, stage: str) -> Iterator[str]:
        """What was found, in sentences."""
        for to, own in self.speeds.items():
            yield own.said(f"{stage} -> {to}")
        if self.chance is not None:
            yield self.chance.said(stage)
        for to, effects in self.effects.items():
            yield from (effect.said(f"{stage} -> {to}") for effect in effects if effect.chance < TELLS)
            silent = [effect.column.name for effect in effects if effect.chance >= TELLS]
            if silent:
                does = verb(len(silent), "does", "do")
                yield f"{stage} -> {to}: what {', '.join(silent)} {does} is not distinguishable from nothing."
            pulled = [effect.spread for effect in effects if effect.spread is not None]
            if pulled:
                yield (
                    f"{stage} -> {to}: {_pulled(len(pulled))}, as strongly as the data say (some {pulled[0]:.2g} in logs a "
                    f"standard deviation); the pull counts in {verb(len(pulled), 'its interval', 'their intervals')}."
                )
        yield from self.notes


def _pulled(covariates: int) -> str:
    """What shrinkage does: one effect alone has no other to be pulled to."""
    if covariates == 1:
        return "the effect of its one covariate is pulled to nought"
    return f"the effects of its {covariates} covariates are pulled together"


def differences(
    stays: Leaving,
    customer: Integers,
    wanted: Mapping[str, str],
    race: Mapping[str, LawFit],
    by_segment: Mapping[str, Mapping[str, LawFit]],
    chosen: Chosen,
    like: Differences | None,
    of: tuple[Column, ...] = (),
    every: bool = False,
    together: Mapping[str, Together] | None = None,
) -> Differences:
    """What customers differ in at a stage.

    Args:
        stays: of the stage; `customer` is whose they are, shape (n,).
        wanted: by exit ("a -> b") what the mapping asks for: "gamma", "beta" or "none"; the data tell of the others.
        race: laws of the exits as a race, by next stage; `by_segment` where segments differ.
        chosen: the stage as a choice, where it is one.
        like: what was found on more of the same data, and is kept.
        of: covariates and the past of the stays.
        every: whether all stays are looked at; else, of more than `MANY`, those of customers chosen by a hash.
        together: exits at which segments are pulled together; their shifts are taken as known.
    """
    if like is None and not every and stays.days.size > MANY:
        some = _some(customer, MANY / stays.days.size)
        part = tuple(column._replace(values=column.values[some]) for column in of)
        seen = differences(
            stays.only(some), customer[some], wanted, race, by_segment, chosen, None, part, True, together
        )
        return _of_all(seen, race, by_segment, int(some.sum()), stays)
    asked = {to: wanted[way] for to in stays.names.values() if (way := f"{stays.stage} -> {to}") in wanted}
    if chosen.choice is not None:
        notes = [_unfit(stays.stage, to, "choice", "beta") for to, law in asked.items() if law in ("gamma", "normal")]
        found = _choice(stays, customer, asked, chosen, chosen.choice, like, of)
        notes += [_few(stays.stage, to) for to, law in asked.items() if law == "beta" and found.chance is None]
        return replace(found, notes=(*notes, *found.notes))
    result = Differences(chosen=chosen)
    notes = [_unfit(stays.stage, to, "race", "gamma") for to, law in asked.items() if law == "beta"]
    for index, to in stays.names.items():
        if stays.forms[to].pile is not None:
            notes += [f"{stays.stage} -> {to} has a deadline, so covariates are not fitted to it."] if of else []
            continue
        pulled = (together or {}).get(to)
        apart = by_segment.get(to, {}) if pulled is None else {}
        one = _exit(stays, customer, index, of, asked.get(to), race[to], apart, like, pulled)
        if one.own is not None:
            result.speeds[to] = one.own
        elif asked.get(to) == "gamma":
            notes.append(_few(stays.stage, to))
        if one.effects:
            result.effects[to] = one.effects
        elif of:
            took = int(np.sum(stays.following == index))
            way = f"{stays.stage} -> {to}"
            notes.append(_seldom(way, took, of) if took < FEW else _unfitted(way, of))
        hazard = one.own.found if one.own is not None else one.found
        if hazard is None:
            continue
        if one.own is None:
            result.hazards[to] = hazard
        ended = stays.following == index
        result.laws[to] = _law(hazard, stays.days, ended)
        groups = _groups(stays, apart)
        if pulled is not None:
            result.by_segment[to] = laws_of(pulled, hazard, stays.days, ended, stays.segment, stays.segments)
        elif groups.any():
            result.by_segment[to] = _laws(stays, ended, customer, groups, hazard, of)
    return replace(result, notes=tuple(notes))


def _some(customer: Integers, share: float) -> NDArray[np.bool_]:
    """Stays of about such a share of the customers, all of each; which, a hash of their places tells."""
    spread = (customer.astype(np.uint64) * np.uint64(2654435761)) % np.uint64(1 << 32)
    chosen: NDArray[np.bool_] = spread < np.uint64(int(share * (1 << 32)))
    return chosen


def _of_all(
    found: Differences,
    race: Mapping[str, LawFit],
    by_segment: Mapping[str, Mapping[str, LawFit]],
    number: int,
    stays: Leaving,
) -> Differences:
    """What was told from some of the stays, with the counts of all."""
    if not (found.laws or found.chance is not None or found.effects):
        return found

    def counted(law: LawFit, of: LawFit) -> LawFit:
        return replace(law, complete=of.complete, censored=of.censored, zeros=of.zeros, naive_mean=of.naive_mean)

    laws = {to: counted(law, race[to]) for to, law in found.laws.items()}
    apart = {
        to: {
            name: counted(law, by_segment[to][name]) if name in by_segment.get(to, {}) else law
            for name, law in own.items()
        }
        for to, own in found.by_segment.items()
    }
    note = f"{stays.stage}: what customers differ in is told from {number:,} of its {stays.days.size:,} stays."
    return replace(found, laws=laws, by_segment=apart, notes=(*found.notes, note))


class _Exit(NamedTuple):
    own: OwnSpeed | None
    found: Hazard | None  # where there are columns and no own speeds
    effects: tuple[Effect, ...]


def _exit(
    stays: Leaving,
    customer: Integers,
    index: int,
    of: tuple[Column, ...],
    asked: str | None,
    law: LawFit,
    apart: Mapping[str, LawFit],
    like: Differences | None,
    pulled: Together | None,
) -> _Exit:
    """Own speeds and effects at one exit of a race."""
    to = stays.names[index]
    before = like.speeds.get(to) if like is not None else None
    dummies = _dummies(_groups(stays, apart)[stays.segment])
    fixed, ended = dummies.shape[1], stays.following == index

    def sample(some: tuple[Column, ...]) -> Spans:
        beside = np.hstack((dummies, table(some, stays.days.size)))
        if pulled is None:
            return spans(stays.days, ended, customer, stays.resolution, beside)
        whole = np.column_stack(
            (beside, pulled.found.slopes[stays.segment])
        )  # cut to the stays that count with the others
        found = spans(stays.days, ended, customer, stays.resolution, whole)
        return found._replace(columns=found.columns[:, :-1], offset=found.columns[:, -1])

    own: OwnSpeed | None = None
    if asked not in ("none", "normal") and (like is None or before is not None):
        own = own_speed(sample(of), asked == "gamma", before)
        if own is not None and before is None and law.never > 0.0 and law.maximum is not None and asked is None:
            # A share that never leaves may tell as much: whichever the data prefer.
            own = own if own.found.score < law.score else None
    if not of or float(ended.sum()) < FEW:
        return _Exit(own, None, ())
    start = own.found if own is not None else None
    if like is not None and start is None:
        start = like.hazards.get(to)
    found = regress(sample(of), fixed, start, own=own is not None)
    if found is None:
        return _Exit(own, None, ())
    effects = tuple(hazard_effects(found[0], of, fixed, found[1]))
    return _Exit(None, found[0], effects) if own is None else _Exit(replace(own, found=found[0]), None, effects)


def _groups(stays: Leaving, apart: Mapping[str, LawFit]) -> Integers:
    """The group of each segment: those that share a law are one. Shape (segments,)."""
    places: dict[int, int] = {}
    return np.array(
        [places.setdefault(id(apart[name]), len(places)) if apart else 0 for name in stays.segments], dtype=np.int64
    )


def _dummies(group: Integers) -> Floats:
    table: Floats = (group[:, None] == np.arange(1, int(group.max()) + 1)).astype(np.float64)
    return table


def _law(found: Hazard, days: Floats, ended: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> LawFit:
    """The law of a customer of speed 1 in the form of all laws."""
    size = found.theta.size
    maximum = found.theta, found.covariance[:size, :size], found.log_likelihood
    return described(found.law, CANDIDATES[found.law], maximum, days, ended, {found.law: found.score})


def _laws(
    stays: Leaving,
    ended: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]",
    customer: Integers,
    groups: Integers,
    found: Hazard,
    of: tuple[Column, ...],
) -> dict[str, LawFit]:
    """A law for each segment, with the effects and the shape that all share."""
    laws: list[LawFit] = []
    known = table(of, stays.days.size)
    slopes = found.slopes[found.slopes.size - known.shape[1] :]
    for g in range(int(groups.max()) + 1):
        rows = groups[stays.segment] == g
        part: Spans = spans(stays.days[rows], ended[rows], customer[rows], stays.resolution, known[rows])
        part = part._replace(columns=np.empty((part.days.size, 0)), offset=part.columns @ slopes)
        own = fit_hazard(part, found.law, shape=found.log_shape, begin=found._replace(slopes=np.empty(0)))
        laws.append(_law(own if own is not None else found, stays.days[rows], ended[rows]))
    return {name: laws[int(g)] for name, g in zip(stays.segments, groups, strict=True)}


def _choice(
    stays: Leaving,
    customer: Integers,
    asked: Mapping[str, str],
    chosen: Chosen,
    choice: ChoiceFit,
    like: Differences | None,
    of: tuple[Column, ...],
) -> Differences:
    """An own chance and effects of columns on a choice, with the probabilities where both are at rest."""
    if len(choice.laws) < 2:
        return Differences(chosen=chosen)
    laws = choice.laws.values()
    if choice.never > 0.0 or any(law.never > 0.0 or (law.maximum is None and law.curve is None) for law in laws):
        note = f"{stays.stage}: covariates are not fitted to a choice that some never leave, or where all stays have one length."
        return Differences(chosen=chosen, notes=(note,) if of else ())
    names, taken, survival = ways_of(stays, choice)
    some = tried(names, asked)
    before = like.chance if like is not None else None
    wanted = next((to for to, law in asked.items() if law == "beta"), None)
    barred = not some or any(law.curve is not None for law in laws) or (like is not None and before is None)
    _, who = np.unique(customer, return_inverse=True)
    segments, dummies = with_columns(stays, bool(chosen.by_segment))
    fixed = dummies.shape[1]
    ways = Ways(taken, survival, np.hstack((dummies, table(of, stays.days.size))))
    found = regress_odds(ways, fixed) if of else None
    own: OwnChance | None = None
    both = None
    if found is not None:
        if not barred:
            both = own_chance_beside(ways, who, names, fixed, *found, some, wanted, before)
        found = found if found[1] is None else pulled_odds(found[0], ways, fixed)
        if both is not None:
            found, own = (both[0], found[1]), both[1]
    elif not barred:
        segment = np.zeros(int(who.max()) + 1, dtype=np.int64)
        segment[who] = stays.segment
        shares = np.array(
            [[chosen.by_segment.get(name, choice).probabilities[to] for name in stays.segments] for to in names]
        )
        own = own_chance(who.astype(np.int64), taken, names, shares[:, segment], survival, some, wanted, before)
    if found is None:
        notes = (_unfitted(stays.stage, of),) if of else ()
        return Differences(chance=own, chosen=chosen if own is None else moved(chosen, own), notes=notes)
    effects = odds_effects(found[0], names, of, fixed, found[1])
    rest = at_rest(chosen, found[0], names, segments)
    doubts = tuple(_one_curve(stays.stage, names[k], of) for k in last_ways(taken, who)) if some else ()
    doubts = doubts if any(one.name in PAST for one in of) else ()
    return Differences(chosen=rest, effects=effects, odds=found[0], odds_segments=segments, chance=own, notes=doubts)


def _one_curve(stage: str, to: str, of: tuple[Column, ...]) -> str:
    past = ", ".join(one.name for one in of if one.name in PAST)
    return (
        f"{stage}: nobody who took {to} came back, so what {past} do to it and what customers differ in are told apart by the "
        "shape of one curve alone: what customers differ in may pass for what the past does."
    )


def _seldom(way: str, took: int, of: tuple[Column, ...]) -> str:
    return f"{way}: {took} stays took it, too few for effects of {', '.join(one.name for one in of)} (at least {FEW})."


def _unfitted(way: str, of: tuple[Column, ...]) -> str:
    return f"{way}: no effects of {', '.join(one.name for one in of)}, since a fit with them has no maximum."


def _few(stage: str, to: str) -> str:
    return (
        f"[frailty] asks what customers differ in at {stage} -> {to}, but the data do not tell it: too few of them come back, or "
        "they are all alike."
    )


def _unfit(stage: str, to: str, form: str, law: str) -> str:
    return (
        f"[frailty] asks for another law at {stage} -> {to}, but {stage} is written as a {form}, where it is {law}: say so, or "
        f"give {stage} another form under [forms]."
    )

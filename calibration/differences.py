"""What customers differ in at one stage, beyond their segment: own speeds of its exits, or an own chance of one of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.choices import ChoiceFit
from sojourn.calibration.durations import LawFit, described
from sojourn.calibration.exit_laws import candidate_of
from sojourn.calibration.forms import Chosen, Leaving
from sojourn.calibration.frailties import OwnChance, OwnSpeed, own_chance, own_speed
from sojourn.calibration.hazards import Hazard, Spans, fit_hazard, spans
from sojourn.calibration.stays import NOTHING, Floats, Integers


@dataclass(frozen=True)
class Differences:
    """Own speeds by next stage (of a race), or an own chance (of a choice), and the laws and chances that go with them.

    Attributes:
        speeds: by next stage; `laws` and `by_segment` are those exits' laws for a customer of speed 1.
        chance: of one exit of a choice; `chosen` is the choice with the mean that goes with it.
        notes: what was asked for and could not be had, in sentences.
    """

    speeds: dict[str, OwnSpeed] = field(default_factory=dict)
    laws: dict[str, LawFit] = field(default_factory=dict)
    by_segment: dict[str, dict[str, LawFit]] = field(default_factory=dict)
    chance: OwnChance | None = None
    chosen: Chosen = field(default_factory=Chosen)
    notes: tuple[str, ...] = ()

    def said(self, stage: str) -> Iterator[str]:
        """What was found, in sentences."""
        for to, own in self.speeds.items():
            yield own.said(f"{stage} -> {to}")
        if self.chance is not None:
            yield self.chance.said(stage)
        yield from self.notes


def differences(
    stays: Leaving,
    customer: Integers,
    wanted: Mapping[str, str],
    race: Mapping[str, LawFit],
    by_segment: Mapping[str, Mapping[str, LawFit]],
    chosen: Chosen,
    like: Differences | None,
) -> Differences:
    """What customers differ in at a stage.

    Args:
        stays: of the stage; `customer` is whose they are, shape (n,).
        wanted: by exit ("a -> b") what the mapping asks for: "gamma", "beta" or "none"; the data tell of the others.
        race: laws of the exits as a race, by next stage; `by_segment` where segments differ.
        chosen: the stage as a choice, where it is one.
        like: what was found on more of the same data, and is kept.
    """
    asked = {to: wanted[way] for to in stays.names.values() if (way := f"{stays.stage} -> {to}") in wanted}
    if chosen.choice is not None:
        notes = [_unfit(stays.stage, to, "choice", "beta") for to, law in asked.items() if law == "gamma"]
        found = _chance(stays, customer, asked, chosen, chosen.choice, like)
        notes += [_few(stays.stage, to) for to, law in asked.items() if law == "beta" and found is None]
        if found is None:
            return Differences(chosen=chosen, notes=tuple(notes))
        return Differences(chance=found, chosen=_moved(chosen, found), notes=tuple(notes))
    result = Differences(chosen=chosen)
    notes = [_unfit(stays.stage, to, "race", "gamma") for to, law in asked.items() if law == "beta"]
    for index, to in stays.names.items():
        before = like.speeds.get(to) if like is not None else None
        if asked.get(to) == "none" or stays.forms[to].pile is not None or (like is not None and before is None):
            continue
        ended = stays.following == index
        groups = _groups(stays, by_segment.get(to, {}))
        sample = spans(stays.days, ended, customer, stays.resolution, _dummies(groups[stays.segment]))
        own = own_speed(sample, asked.get(to) == "gamma", before)
        law = race[to]
        if own is not None and before is None and law.never > 0.0 and law.maximum is not None and to not in asked:
            # A share that never leaves may tell as much: whichever the data prefer.
            own = own if own.found.score < law.score else None
        if own is None:
            if asked.get(to) == "gamma":
                notes.append(_few(stays.stage, to))
            continue
        result.speeds[to] = own
        result.laws[to] = _law(own.found, stays.days, ended)
        if groups.any():
            result.by_segment[to] = _laws(stays, ended, customer, groups, own.found)
    return replace(result, notes=tuple(notes))


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
) -> dict[str, LawFit]:
    """A law for each segment, with the shape that all share."""
    laws: list[LawFit] = []
    for g in range(int(groups.max()) + 1):
        rows = groups[stays.segment] == g
        part: Spans = spans(stays.days[rows], ended[rows], customer[rows], stays.resolution)
        own = fit_hazard(part, found.law, shape=found.log_shape, begin=found._replace(slopes=np.empty(0)))
        laws.append(_law(own if own is not None else found, stays.days[rows], ended[rows]))
    return {name: laws[int(g)] for name, g in zip(stays.segments, groups, strict=True)}


def _chance(
    stays: Leaving,
    customer: Integers,
    asked: Mapping[str, str],
    chosen: Chosen,
    choice: ChoiceFit,
    like: Differences | None,
) -> OwnChance | None:
    names = tuple(to for to in stays.names.values() if to in choice.laws)
    before = like.chance if like is not None else None
    barred = like is not None and before is None
    if barred or choice.never > 0.0 or any(law.maximum is None for law in choice.laws.values()):
        return None
    if asked and all(asked.get(name) == "none" for name in names):
        return None
    taken = np.full(stays.days.size, NOTHING, dtype=np.int64)
    for k, (index, _) in enumerate(stays.names.items()):
        taken[stays.following == index] = k
    _, who = np.unique(customer, return_inverse=True)
    segment = np.zeros(int(who.max()) + 1, dtype=np.int64)
    segment[who] = stays.segment
    shares = np.array(
        [[chosen.by_segment.get(name, choice).probabilities[to] for name in stays.segments] for to in names]
    )
    survival = np.ones((len(names), stays.days.size))
    open_ = (taken == NOTHING) & (stays.days > 0.0)
    for k, to in enumerate(names):
        law = choice.laws[to]
        if law.maximum is not None and open_.any():
            candidate = candidate_of(law.law, stays.forms[to].pile, never=False)
            survival[k, open_] = np.exp(candidate.log_survival(law.maximum[0], stays.days[open_]))
    wanted = next((to for to, law in asked.items() if law == "beta"), None)
    return own_chance(who.astype(np.int64), taken, names, shares[:, segment], survival, wanted, before)


def _moved(chosen: Chosen, own: OwnChance) -> Chosen:
    """The choice with the mean that goes with own chances; the other exits share the rest as before."""

    def moved(choice: ChoiceFit) -> ChoiceFit:
        was = choice.probabilities[own.to]
        mean = own.moved(was)
        chances = {
            to: mean if to == own.to else one * (1.0 - mean) / (1.0 - was) for to, one in choice.probabilities.items()
        }
        return replace(choice, probabilities=chances)

    assert chosen.choice is not None
    return replace(
        chosen, choice=moved(chosen.choice), by_segment={name: moved(one) for name, one in chosen.by_segment.items()}
    )


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

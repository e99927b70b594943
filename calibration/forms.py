"""Race or choice: which of the two a stage is written as.

A race says how fast each exit comes while the customer is there, a choice where customers go in the end and how long each way
takes. Both are fitted to the same stays with likelihoods that can be compared, so Akaike's criterion may decide; but the
probabilities of a choice are those of the eventual exit, and what lies beyond the follow-up no data can tell.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.choices import ChoiceFit, fit_choice
from sojourn.calibration.curves import steps
from sojourn.calibration.durations import FEW, MARGIN, LawFit, percent
from sojourn.calibration.exit_laws import GAP, REJECTED, Form
from sojourn.calibration.spells import Floats
from sojourn.calibration.stays import NOTHING, Integers
from sojourn.sim.survival import aalen_johansen

PREFERRED = 6.0  # by which Akaike's criterion must prefer a choice: of races, about one in two hundred by chance
BEYOND = 0.1  # share of stays beyond the follow-up, from which the data alone do not make a stage a choice


@dataclass(frozen=True)
class Chosen:
    """A stage as a choice, over all customers and by segment; `choice` is None where it is a race."""

    choice: ChoiceFit | None = None
    by_segment: dict[str, ChoiceFit] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leaving:
    """The stays of one stage: days, next stage (-1: still open) and segment, each of shape (n,), and what was made of them."""

    stage: str
    days: Floats
    following: Integers
    segment: Integers
    segments: tuple[str, ...]
    names: dict[int, str]
    resolution: float
    forms: Mapping[str, Form]
    late: Floats | None = None  # the age from which each stay was watched, where not from its beginning

    def only(self, rows: NDArray[np.bool_]) -> "Leaving":
        """Some of the stays; `rows` has shape (n,)."""
        late = None if self.late is None else self.late[rows]
        return replace(
            self, days=self.days[rows], following=self.following[rows], segment=self.segment[rows], late=late
        )

    def fit(
        self, rows: NDArray[np.bool_] | None = None, laws: dict[str, str] | None = None, never: bool | None = None
    ) -> ChoiceFit | None:
        """The choice of all stays, or of some."""
        some = np.ones(self.days.shape, dtype=np.bool_) if rows is None else rows
        piles = {name: form.pile for name, form in self.forms.items() if form.pile is not None}
        late = None if self.late is None else self.late[some]
        return fit_choice(self.days[some], self.following[some], self.names, self.resolution, piles, laws, never, late)


def choose(
    stays: Leaving,
    wanted: str | None,
    race: Mapping[str, LawFit],
    race_by_segment: Mapping[str, Mapping[str, LawFit]],
    like: Chosen | None,
) -> Chosen:
    """A stage as a choice, where the mapping wants one or the data prefer it.

    Args:
        stays: of the stage.
        wanted: "choice", "race" or None (the data tell).
        race: the stage as a race, by next stage; `race_by_segment` where segments differ.
        like: what was decided on more of the same data.
    """
    if wanted == "race" or (wanted is None and len(stays.names) < 2) or (like is not None and like.choice is None):
        return Chosen()
    if like is not None and like.choice is not None:
        if any(law.curve is not None for law in like.choice.laws.values()):
            return Chosen(read_choice(stays))
        found = stays.fit(laws={name: law.law for name, law in like.choice.laws.items()}, never=like.choice.never > 0.0)
        apart = _by_segment(stays, found) if found is not None and like.by_segment else {}
        return Chosen(found or read_choice(stays), apart)
    found = stays.fit()
    together = _at_once(race)
    if wanted is None and not together:
        if found is None or _rejected(found):
            return Chosen()
        apart = _by_segment(stays, found)
        score = _sum(apart.values()) if apart else found.score
        against = sum(
            _sum(race_by_segment[name].values()) if name in race_by_segment else law.score for name, law in race.items()
        )
        if not score + PREFERRED < against:
            return Chosen()
        if found.beyond > BEYOND:
            note = (
                f"{stays.stage} would fit as a choice too, but {percent(found.beyond)} of its stays would end beyond the "
                "follow-up: where they go the data cannot tell, so it is a race."
            )
            return Chosen(notes=(note,))
        said = f"{stays.stage} is written as a choice, which the data prefer to a race (AIC lower by {against - score:.0f})."
        return Chosen(found, apart, (said, *_careful(stays.stage, found)))
    if together:
        said = (
            f"{stays.stage}: its exits to {together} come at one and the same age. Of a race the first of them would always win, "
            "so it is written as a choice."
        )
        read = read_choice(stays)
        return Chosen(read, {}, (said, *_careful(stays.stage, read)))
    if found is None or _rejected(found):
        why = (
            "no mixture of laws fits"
            if found is not None
            else "its exits are too few or too alike for laws of their own"
        )
        read = read_choice(stays)
        note = f"{stays.stage}: {why}, so its probabilities and times are read from the data (Aalen-Johansen)."
        return Chosen(read, {}, (note, *_careful(stays.stage, read)))
    return Chosen(found, _by_segment(stays, found), tuple(_careful(stays.stage, found)))


def _at_once(race: Mapping[str, LawFit]) -> str:
    """Exits of one fixed length that is the same for all of them, in words; nothing where there are none."""
    lengths: dict[float, list[str]] = {}
    for name, law in race.items():
        if law.law == "deterministic" and law.deadline is None:
            lengths.setdefault(law.parameters["value"], []).append(name)
    return next((" and ".join(names) for names in lengths.values() if len(names) > 1), "")


def read_choice(stays: Leaving) -> ChoiceFit:
    """Probabilities and times without laws: Aalen-Johansen, as far as stays were watched; the rest never leave."""
    indices = list(stays.names)
    causes = np.full(stays.days.shape, NOTHING)
    for k, index in enumerate(indices):
        causes[stays.following == index] = k
    days = np.where(stays.days > 0.0, stays.days, 0.5 * stays.resolution)
    times, survival, incidence = aalen_johansen(days, causes, len(indices), stays.late)
    last = incidence[:, -1]
    left = round(float(survival[-1]), 6)
    laws, chances, errors = {}, {}, {}
    for k, (index, name) in enumerate(stays.names.items()):
        rows = stays.following == index
        chances[name] = float(last[k] / last.sum())
        errors[name] = math.sqrt(
            chances[name] * (1.0 - chances[name]) / max(float(np.sum(stays.following != NOTHING)), 1.0)
        )
        points = steps(times, incidence[k] / max(float(last[k]), 1e-12) * (1.0 - left))
        laws[name] = LawFit(
            law="empirical",
            parameters={},
            errors={},
            complete=int(rows.sum()),
            censored=int(np.sum(stays.following == NOTHING)),
            zeros=int(np.sum(stays.days[rows] == 0.0)),
            log_likelihood=0.0,
            mean=math.inf,
            mean_error=math.inf,
            naive_mean=float(stays.days[rows].mean()),
            never=points[1],
            curve=points[0],
        )
    still = float(np.mean(stays.following == NOTHING))
    return ChoiceFit(chances, errors, laws, math.nan, 0, still, left)


def _rejected(found: ChoiceFit) -> bool:
    fitness = found.goodness
    return fitness is not None and fitness.chance < REJECTED and fitness.gap > GAP


def _sum(fits: Iterable[LawFit | ChoiceFit]) -> float:
    """Of the criteria, one that several segments share counted once."""
    return sum(one.score for one in {id(one): one for one in fits}.values())


def _careful(stage: str, found: ChoiceFit) -> Iterator[str]:
    if found.never > 0.0:
        yield (
            f"{stage}: {percent(found.never, 1)} never leave (standard error {percent(found.never_error, 1)}); the probabilities "
            "of its exits are those of the others."
        )
    if found.beyond > BEYOND:
        yield (
            f"{stage}: {percent(found.beyond)} of its stays were not over when the watching ended. The probabilities of its "
            "exits are those of the eventual exit, and for these stays only the laws tell them: a race would not need them."
        )


def _by_segment(stays: Leaving, pooled: ChoiceFit) -> dict[str, ChoiceFit]:
    """A choice for each segment where Akaike's criterion prefers that; small segments share one."""
    if len(stays.segments) < 2:
        return {}
    counts = np.array(
        [np.bincount(stays.segment[stays.following == index], minlength=len(stays.segments)) for index in stays.names]
    )
    large = np.flatnonzero(np.all(counts >= FEW, axis=0))
    groups = [stays.segment == k for k in large]
    rest = ~np.isin(stays.segment, large)
    if np.any(rest):
        groups.append(rest)
    if len(groups) < 2:
        return {}
    fits = [stays.fit(group) for group in groups]
    sound = [one for one in fits if one is not None]
    if len(sound) < len(fits) or _sum(sound) + MARGIN >= pooled.score:
        return {}
    result = {}
    for k, name in enumerate(stays.segments):
        own = np.flatnonzero(large == k)
        result[name] = sound[int(own[0])] if own.size else sound[-1]
    return result

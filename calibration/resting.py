"""A choice at rest: its probabilities where covariates and the past are at their reference, and the mean of own chances."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from sojourn.calibration.choices import ChoiceFit
from sojourn.calibration.durations import FEW
from sojourn.calibration.exit_laws import candidate_of
from sojourn.calibration.forms import Chosen, Leaving
from sojourn.calibration.frailties import OwnChance
from sojourn.calibration.odds import Odds
from sojourn.calibration.stays import NOTHING, Floats, Integers

HARDLY = 1e-9  # chance of a stay longer than any that was seen to end, where the law is read from the data


def ways_of(stays: Leaving, choice: ChoiceFit) -> tuple[tuple[str, ...], Integers, Floats]:
    """The exits, the place of the one that each stay took (-1: open), and the survival by each at the age of open stays."""
    names = tuple(to for to in stays.names.values() if to in choice.laws)
    taken = np.full(stays.days.size, NOTHING, dtype=np.int64)
    for k, (index, _) in enumerate(stays.names.items()):
        taken[stays.following == index] = k
    survival = np.ones((len(names), stays.days.size))
    open_ = (taken == NOTHING) & (stays.days > 0.0)
    for k, to in enumerate(names):
        law = choice.laws[to]
        if law.maximum is not None and open_.any():
            candidate = candidate_of(law.law, stays.forms[to].pile, never=False)
            survival[k, open_] = np.exp(candidate.log_survival(law.maximum[0], stays.days[open_]))
        elif law.curve is not None:
            # Open stays longer than all that ended tell nothing of their exit.
            shares, days = law.curve
            survival[k, open_] = np.maximum(1.0 - np.interp(stays.days[open_], days, shares), HARDLY)
    return names, taken, survival


def tried(names: Sequence[str], asked: Mapping[str, str]) -> tuple[str, ...]:
    """The exits that may have own chances; of two exits one says it for both, and "none" at one rules out both."""
    some = tuple(name for name in names if asked.get(name) != "none")
    return () if len(names) == 2 and len(some) < 2 and "beta" not in asked.values() else some


def last_ways(taken: Integers, customer: Integers) -> list[int]:
    """Exits that customers take but once: nobody who took one came back to the stage, though others did."""
    back = np.append(customer[1:] == customer[:-1], False)
    counts = np.bincount(taken[taken >= 0])
    again = np.bincount(taken[(taken >= 0) & back], minlength=counts.size)
    return [k for k, number in enumerate(counts.tolist()) if number >= FEW and not again[k] and again.any()]


def with_columns(stays: Leaving, apart: bool) -> tuple[tuple[str, ...], Floats]:
    """Segments other than the first that were seen, and a column for each: 1 in its stays, shape (stays, segments)."""
    if not apart:
        return (), np.empty((stays.days.size, 0))
    table = (stays.segment[:, None] == np.arange(1, int(stays.segment.max()) + 1)).astype(np.float64)
    seen = table.any(axis=0)
    return tuple(stays.segments[1 + int(k)] for k in np.flatnonzero(seen)), table[:, seen]


def at_rest(chosen: Chosen, found: Odds, names: Sequence[str], segments: Sequence[str]) -> Chosen:
    """The choice with the probabilities of a stay whose columns are all at their `around`; `segments` have columns first."""

    def at(choice: ChoiceFit, segment: str | None) -> ChoiceFit:
        chances = resting(found.base, found.slopes, segments, segment).tolist()
        return replace(choice, probabilities=dict(zip(names, chances, strict=True)))

    assert chosen.choice is not None
    by_segment = {name: at(choice, name) for name, choice in chosen.by_segment.items()}
    return replace(chosen, choice=at(chosen.choice, None), by_segment=by_segment)


def resting(base: Floats, slopes: Floats, segments: Sequence[str], segment: str | None) -> Floats:
    """Probabilities at rest, shape (..., exits), of base, shape (..., exits - 1), and slopes, shape (..., exits - 1, columns)."""
    odds = base if segment not in segments else base + slopes[..., segments.index(segment)]
    odds = np.concatenate((np.zeros((*odds.shape[:-1], 1)), odds), axis=-1)
    chances: Floats = np.exp(odds - np.logaddexp.reduce(odds, axis=-1)[..., None])
    return chances


def moved(chosen: Chosen, own: OwnChance) -> Chosen:
    """The choice with the mean that goes with own chances; the other exits share the rest as before."""

    def at(choice: ChoiceFit) -> ChoiceFit:
        was = choice.probabilities[own.to]
        mean = own.moved(was)
        chances = {
            to: mean if to == own.to else one * (1.0 - mean) / (1.0 - was) for to, one in choice.probabilities.items()
        }
        return replace(choice, probabilities=chances)

    assert chosen.choice is not None
    return replace(
        chosen, choice=at(chosen.choice), by_segment={name: at(one) for name, one in chosen.by_segment.items()}
    )

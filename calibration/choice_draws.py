"""Draws of the numbers of a choice: probabilities and laws of all its exits together, since open stays tie them to each other."""

import math
from typing import NamedTuple

import numpy as np

from sojourn.calibration.alike import clustered, distinct
from sojourn.calibration.choices import ChoiceFit, box_of, law_within, parts_of
from sojourn.calibration.law_draws import Stays, log_prior, per_stay
from sojourn.calibration.mixtures import Mixture
from sojourn.calibration.newton import lowest
from sojourn.calibration.resampling import rounds
from sojourn.calibration.spells import Floats, Pile
from sojourn.calibration.stays import NOTHING, Integers


class ChoiceDraws(NamedTuple):
    """Draws of a choice."""

    chances: Floats  # of each exit, of those who leave at all, shape (draws, exits)
    laws: list[Floats]  # parameters of each exit's law on the scale they are fitted in, shape (draws, k)
    never: Floats  # share that takes no exit, shape (draws,)


class ChoiceStays(NamedTuple):
    """Stays of one stage: days, next stage (-1: still open) and whose they were, each of shape (n,), and what is known."""

    days: Floats
    following: Integers
    who: Integers
    names: dict[int, str]
    resolution: float
    piles: dict[str, Pile]
    late: Floats | None = None  # ages from which they were watched; None: from their beginning


def draw_choice(stays: ChoiceStays, found: ChoiceFit, around: Floats, rng: np.random.Generator) -> ChoiceDraws:
    """Draws of probabilities and laws of a fitted choice.

    Args:
        stays: that it was fitted to.
        found: the fit; its laws are kept.
        around: weights of people less their mean, shape (draws, people).
        rng: what decides.
    """
    own = [stays.piles.get(name) for name in found.laws]
    mixture = Mixture(
        tuple(law_within(law.law, pile) for law, pile in zip(found.laws.values(), own, strict=True)), found.never > 0.0
    )
    parts = parts_of(stays.days, stays.following, stays.names, stays.resolution, stays.piles, stays.late).coarse()
    bounds = box_of(parts, mixture)

    def cost(theta: Floats) -> float:
        logs, laws = mixture.split(theta)
        prior = float(logs.sum())
        prior += sum(log_prior(law.parameters, at) for law, at in zip(mixture.candidates, laws, strict=True))
        return min(-mixture.log_likelihood(parts, theta) - prior, 1e300)

    begin = np.clip(_theta(found, mixture), bounds[:, 0] + 1e-6, bounds[:, 1] - 1e-6)
    draws = rounds(cost, lowest(cost, begin, bounds), bounds, around.shape[0], rng).draws

    rows, place = distinct(stays.days, _kinds(stays), stays.late)
    late = None if stays.late is None else stays.late[rows]
    some = stays._replace(days=stays.days[rows], following=stays.following[rows], late=late)

    def each(theta: Floats) -> Floats:
        return _per_stay(some, mixture, own, theta)

    draws = clustered(draws, each, place, stays.who, around, draws.mean(axis=0))
    chances, laws = [], []
    for theta in draws:
        logs, at = mixture.split(theta)
        chances.append(np.exp(logs))
        laws.append(at)
    every = np.array(chances)
    never = every[:, -1] if mixture.never else np.zeros(every.shape[0])
    exits = every[:, : len(found.laws)]
    return ChoiceDraws(
        exits / exits.sum(axis=1, keepdims=True),
        [np.array([at[k] for at in laws]) for k in range(len(found.laws))],
        never,
    )


def _theta(found: ChoiceFit, mixture: Mixture) -> Floats:
    """The numbers of a fit on the scale they were fitted in."""
    shares = np.maximum(np.array(list(found.probabilities.values())) * (1.0 - found.never), 1e-9)
    against = found.never if mixture.never else shares[-1]
    odds = np.log(shares[: mixture.odds] / against)
    own = [law.maximum[0] for law in found.laws.values() if law.maximum is not None]
    return np.concatenate((odds, *own))


def _kinds(stays: ChoiceStays) -> Integers:
    """A number for each way to end, those that pile up apart."""
    kinds = stays.following - NOTHING
    for index, name in stays.names.items():
        pile = stays.piles.get(name)
        if pile is not None:
            heaped = np.where(stays.following == index, pile.which(stays.days), 0)
            kinds = kinds + heaped * (int(stays.following.max()) + 2)
    return kinds


def _per_stay(stays: ChoiceStays, mixture: Mixture, piles: list[Pile | None], theta: Floats) -> Floats:
    """What each stay adds to the log-likelihood, shape (n,)."""
    logs, own = mixture.split(theta)
    result = np.zeros(stays.days.shape)
    for k, (index, law, at) in enumerate(zip(stays.names, mixture.candidates, own, strict=True)):
        here = stays.following == index
        ended = np.ones(int(here.sum()), dtype=np.bool_)
        some = Stays(stays.days[here], ended, ended.astype(np.int64), stays.resolution, piles[k])
        result[here] = logs[k] + per_stay(some, law, at)
    still = (stays.following == NOTHING) & (stays.days > 0.0)
    if np.any(still):
        result[still] = np.logaddexp.reduce(mixture.open_terms(stays.days[still], theta), axis=0)
    if stays.late is not None:
        was = stays.late > 0.0
        if np.any(was):
            result[was] -= np.logaddexp.reduce(mixture.open_terms(stays.late[was], theta), axis=0)
    return np.where(np.isfinite(result), result, -math.inf)

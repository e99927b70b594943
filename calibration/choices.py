"""Fits a stage as a choice: customers take one of its exits with some probability, and then a time that depends on which.

A stay that ended tells its exit and its time: p_k f_k(t). One that is still open may yet take any: sum of p_k S_k(t). That is a
mixture with censoring (Larson and Dinse 1985), fitted by EM (Dempster, Laird and Rubin 1977): each open stay is shared among
the exits by what the fit so far says of it, and every law is fitted to its own and its shares; at the end Newton's steps on the
whole likelihood give the maximum and the observed information.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from sojourn.calibration.candidates import CANDIDATES, Candidate
from sojourn.calibration.choice_goodness import judge_choice
from sojourn.calibration.compounds import with_deadline
from sojourn.calibration.durations import FEW, Goodness, LawFit, criteria, described, fit_laws, simplest
from sojourn.calibration.maxima import Maximum, limits, maxima, maximum
from sojourn.calibration.mixtures import Mixture, Parts
from sojourn.calibration.newton import hessian, lowest
from sojourn.calibration.spells import Floats, Pile, gathered, grain, spells
from sojourn.calibration.stays import NOTHING, Integers

SHARING = 3  # rounds of EM in which the laws are chosen anew
ROUNDS = 60  # of EM at most, before Newton's steps finish it
CLOSE = 1e-3  # gain in log-likelihood at which EM ends
ODDS = 9.0  # log odds of a probability: from one in eight thousand on
WATCHED = 10  # stays that were watched at least as long as the follow-up counts


@dataclass(frozen=True)
class ChoiceFit:
    """A stage fitted as a choice.

    Attributes:
        probabilities: of each exit, by next stage: of the eventual exit, also of stays that were open.
        errors: their standard errors, from the observed information.
        laws: the time of those who take each exit.
        log_likelihood, free: of the whole stage, and how many numbers were fitted.
        open_share: share of stays that were still open.
        beyond: share of all stays that the fit puts beyond the follow-up: there only the laws speak.
        goodness: how well the whole fits; None where it was not judged.
    """

    probabilities: dict[str, float]
    errors: dict[str, float]
    laws: dict[str, LawFit]
    log_likelihood: float
    free: int
    open_share: float
    beyond: float
    goodness: Goodness | None = None

    @property
    def score(self) -> float:
        """Akaike's criterion."""
        return 2.0 * self.free - 2.0 * self.log_likelihood


def fit_choice(
    days: Floats,
    following: Integers,
    names: dict[int, str],
    resolution: float,
    piles: dict[str, Pile],
    laws: dict[str, str] | None = None,
) -> ChoiceFit | None:
    """Probabilities and laws of all exits together, by EM and Newton's steps; None where there is no maximum.

    Args:
        days: shape (n,).
        following: the next stage, shape (n,), -1 where the stay was still open.
        names: the next stages that were seen, by index.
        resolution: of the log, days.
        piles: where the exits to a stage pile up.
        laws: the law of each exit; left out, Akaike's criterion tells.
    """
    parts = _parts(days, following, names, resolution, piles)
    if np.any(parts.seen < FEW):
        return None
    own = [piles.get(name) for name in names.values()]
    rough = parts.coarse()
    begun = _begin(rough, own, [laws[name] for name in names.values()] if laws is not None else None)
    if begun is None:
        return None
    chosen, mixture, theta = begun
    theta = _shared(rough, mixture, theta)
    found = _finished(parts, mixture, theta)
    if found is None:
        return None
    return _described(days, following, names, own, chosen, parts, mixture, found)


def _parts(
    days: Floats, following: Integers, names: dict[int, str], resolution: float, piles: dict[str, Pile]
) -> Parts:
    ended = []
    width = grain(days.size)
    for index, name in names.items():
        here = days[following == index]
        ended.append(spells(here, np.ones(here.shape, dtype=np.bool_), resolution, piles.get(name), width))
    times, weights = gathered(days[(following == NOTHING) & (days > 0.0)], width)
    return Parts(tuple(ended), times, weights)


def _candidate(name: str, pile: Pile | None) -> Candidate:
    return CANDIDATES[name] if pile is None else with_deadline(CANDIDATES[name], pile.day)


def _begin(parts: Parts, piles: list[Pile | None], given: list[str] | None) -> tuple[list[str], Mixture, Floats] | None:
    """Laws by Akaike's criterion, and where EM begins: open stays are shared at first in proportion to the exits seen."""
    total = float(parts.seen.sum() + parts.open_weights.sum())
    shares = np.repeat((parts.seen / parts.seen.sum())[:, None], parts.open_times.size, axis=1)
    chosen = given or []
    for round_ in range(SHARING):
        found: list[Maximum] = []
        names: list[str] = []
        for k, part in enumerate(parts.ended):
            sample = part.with_open(parts.open_times, parts.open_weights * shares[k])
            if given is None:
                if piles[k] is None:
                    fits = fit_laws(sample)
                else:
                    fits = maxima(sample, {name: _candidate(name, piles[k]) for name in CANDIDATES})
                if not fits:
                    return None
                name = simplest(fits) if round_ == 0 else min(fits, key=lambda one: criteria(fits)[one])
                fit: Maximum | None = fits[name]
            else:
                name = given[k]
                fit = maximum(sample, _candidate(name, piles[k]))
            if fit is None:
                return None
            names.append(name)
            found.append(fit)
        chosen = names
        mixture = Mixture(tuple(_candidate(name, pile) for name, pile in zip(chosen, piles, strict=True)))
        parts_of = (parts.seen + shares @ parts.open_weights) / total
        theta = np.concatenate((np.log(parts_of[:-1] / parts_of[-1]), *(fit[0] for fit in found)))
        shares = _share(parts, mixture, theta)
    return chosen, mixture, theta


def _share(parts: Parts, mixture: Mixture, theta: Floats) -> Floats:
    """How open stays are shared among the exits: the chance of each, given that the stay lasts so long already."""
    terms = mixture.open_terms(parts.open_times, theta)
    result: Floats = np.exp(terms - logsumexp(terms, axis=0)) if terms.size else terms
    return result


def _shared(parts: Parts, mixture: Mixture, theta: Floats) -> Floats:
    """Rounds of EM, until the likelihood hardly rises."""
    total = float(parts.seen.sum() + parts.open_weights.sum())
    here = mixture.log_likelihood(parts, theta)
    for _ in range(ROUNDS):
        shares = _share(parts, mixture, theta)
        chances = (parts.seen + shares @ parts.open_weights) / total
        own = mixture.split(theta)[1]
        moved = []
        for k, part in enumerate(parts.ended):
            sample = part.with_open(parts.open_times, parts.open_weights * shares[k])
            found = maximum(sample, mixture.candidates[k], own[k])
            if found is None:
                return theta
            moved.append(found[0])
        theta = np.concatenate((np.log(chances[:-1] / chances[-1]), *moved))
        there = mixture.log_likelihood(parts, theta)
        if there - here < CLOSE:
            return theta
        here = there
    return theta


def _finished(parts: Parts, mixture: Mixture, theta: Floats) -> Maximum | None:
    """The maximum of the whole likelihood from where EM ended, and the inverse of the observed information."""
    bounds = [np.tile((-ODDS, ODDS), (len(mixture.candidates) - 1, 1))]
    for law, part in zip(mixture.candidates, parts.ended, strict=True):
        bounds.append(limits(law, math.log(part.exposure / part.ended)))
    box = np.concatenate(bounds)

    def cost(at: Floats) -> float:
        return min(-mixture.log_likelihood(parts, at), 1e300)

    theta = lowest(cost, np.clip(theta, box[:, 0] + 1e-6, box[:, 1] - 1e-6), box)
    if np.any((theta <= box[:, 0]) | (theta >= box[:, 1])):
        return None
    curvature = hessian(cost, theta)
    if not np.all(np.isfinite(curvature)) or np.any(np.linalg.eigvalsh(curvature) <= 0.0):
        return None
    return theta, np.asarray(np.linalg.inv(curvature), dtype=np.float64), -cost(theta)


def _described(
    days: Floats,
    following: Integers,
    names: dict[int, str],
    piles: list[Pile | None],
    chosen: list[str],
    parts: Parts,
    mixture: Mixture,
    found: Maximum,
) -> ChoiceFit:
    theta, covariance, value = found
    logs, own = mixture.split(theta)
    chances = np.exp(logs)
    number = len(names)
    slopes = (np.diag(chances) - np.outer(chances, chances))[:, : number - 1]
    spread = np.sqrt(np.diag(slopes @ covariance[: number - 1, : number - 1] @ slopes.T))
    laws, at = {}, number - 1
    still = following == NOTHING
    for k, (index, name) in enumerate(names.items()):
        size = own[k].size
        rows = still | (following == index)
        pile = piles[k]
        laws[name] = described(
            chosen[k],
            mixture.candidates[k],
            (own[k], covariance[at : at + size, at : at + size], value),
            days[rows],
            ~still[rows],
            {},
            pile.day if pile is not None else None,
        )
        at += size
    watched = float(np.sort(days)[-min(WATCHED, days.size)])
    beyond = math.exp(float(logsumexp(mixture.open_terms(np.array([max(watched, 1e-9)]), theta), axis=0)[0]))
    return ChoiceFit(
        probabilities=dict(zip(names.values(), chances.tolist(), strict=True)),
        errors=dict(zip(names.values(), spread.tolist(), strict=True)),
        laws=laws,
        log_likelihood=value,
        free=theta.size,
        open_share=float(np.mean(still)),
        beyond=beyond,
        goodness=judge_choice(parts, mixture, found),
    )

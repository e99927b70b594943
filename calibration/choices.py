"""Fits a stage as a choice: customers take one of its exits with some probability, and then a time that depends on which.

A stay that ended tells its exit and its time: p_k f_k(t). One that is still open may yet take any: sum of p_k S_k(t). That is a
mixture with censoring (Larson and Dinse 1985), fitted by EM (Dempster, Laird and Rubin 1977): each open stay is shared among
the exits by what the fit so far says of it, and every law is fitted to its own and its shares; at the end Newton's steps on the
whole likelihood give the maximum and the observed information.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from sojourn.calibration.candidates import CANDIDATES, Candidate
from sojourn.calibration.choice_goodness import judge_choice
from sojourn.calibration.compounds import with_deadlines
from sojourn.calibration.durations import FEW, Goodness, LawFit, criteria, described, fit_laws, simplest
from sojourn.calibration.maxima import Maximum, limits, maxima, maximum
from sojourn.calibration.mixtures import Mixture, Parts
from sojourn.calibration.newton import hessian, lowest
from sojourn.calibration.spells import Floats, Pile, gathered, grain, spells
from sojourn.calibration.stays import NOTHING, Integers

Mixed = tuple[list[str], Mixture, Maximum]  # the law of each exit, their mixture, and its maximum
SHARING = 3  # rounds of EM in which the laws are chosen anew
ROUNDS = 60  # of EM at most, before Newton's steps finish it
CLOSE = 1e-3  # gain in log-likelihood at which EM ends
ODDS = 9.0  # log odds of a probability: from one in eight thousand on
DOUBTFUL = 0.05  # chance of so bad a fit below which other laws are tried
NEVER_MARGIN = 6.0  # by which Akaike's criterion must prefer that a share never leaves
SOON = 0.05  # of those who leave, the share that may still be there when the watching ends, for `never` to be told
LEAST_NEVER = 0.005  # a share beyond the follow-up below which nobody is looked for who never leaves
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
        beyond: share of the stays that end at all that the fit puts beyond the follow-up: there only the laws speak.
        never: share of stays that take no exit at all, and its standard error; the probabilities are of the others.
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
    never: float = 0.0
    never_error: float = 0.0

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
    never: bool | None = None,
    late: Floats | None = None,
) -> ChoiceFit | None:
    """Probabilities and laws of all exits together, by EM and Newton's steps; None where there is no maximum.

    Args:
        days: shape (n,).
        following: the next stage, shape (n,), -1 where the stay was still open.
        names: the next stages that were seen, by index.
        resolution: of the log, days.
        piles: where the exits to a stage pile up.
        laws: the law of each exit; left out, Akaike's criterion tells.
        never: whether a share takes no exit at all; left out, the data tell, by the rules for a single exit.
        late: shape (n,), the age from which each stay was watched; left out, from its beginning. EM begins with the stays that
            were watched from theirs, Newton's steps take all.
    """
    parts = first = parts_of(days, following, names, resolution, piles, late)
    if late is not None and np.any(late > 0.0):
        whole = late <= 0.0
        first = parts_of(days[whole], following[whole], names, resolution, piles)
        first = parts if np.any(first.seen < FEW) else first
    if np.any(parts.seen < FEW) or (never and not parts.open_times.size):
        return None
    own = [piles.get(name) for name in names.values()]
    given = [laws[name] for name in names.values()] if laws is not None else None
    watched = float(np.sort(days)[-min(WATCHED, days.size)])

    def told(found: Mixed | None) -> ChoiceFit | None:
        return None if found is None else _described(days, following, names, own, found, parts, watched)

    mixed = None if never else _mixed(parts, first, own, given, False)
    plain = told(mixed)
    # The format has no law with both a deadline and a share that never leaves, whichever exit.
    if never or (
        never is None
        and parts.open_times.size
        and not any(own)
        and not (plain is not None and plain.beyond < LEAST_NEVER)
    ):
        other = _mixed(parts, first, own, given, True)
        cured = told(other)
        preferred = plain is None or (cured is not None and cured.score + NEVER_MARGIN < plain.score)
        if never or (cured is not None and preferred and cured.beyond <= SOON):
            mixed, plain = other, cured
    if (
        mixed is None
        or plain is None
        or given is not None
        or plain.goodness is None
        or plain.goodness.chance >= DOUBTFUL
    ):
        return plain
    laws_again = _exchanged(parts, own, *mixed[:2], mixed[2][0])
    better = told(_mixed(parts, first, own, laws_again, mixed[1].never)) if laws_again != mixed[0] else None
    return plain if better is None else better


def _mixed(parts: Parts, first: Parts, piles: list[Pile | None], given: list[str] | None, never: bool) -> Mixed | None:
    """The laws, the mixture and its maximum, found from the stays in `first` on."""
    rough = first.coarse()
    begun = _begin(rough, piles, given, never)
    if begun is None:
        return None
    chosen, mixture, theta = begun
    found = _finished(parts, mixture, _shared(rough, mixture, theta))
    return None if found is None else (chosen, mixture, found)


def _exchanged(parts: Parts, piles: list[Pile | None], chosen: list[str], mixture: Mixture, theta: Floats) -> list[str]:
    """Laws that fit better together: one exit's after the other exchanged, the others held, where that lowers the criterion.

    EM chooses a law by stays that it has shared out by the law before: a heavy tail keeps its stays.
    """
    rough = parts.coarse()
    best, least = list(chosen), 2.0 * theta.size - 2.0 * mixture.log_likelihood(rough, theta)
    for k in range(len(chosen)):
        shares = _share(rough, mixture, theta)
        sample = rough.ended[k].with_open(rough.open_times, rough.open_weights * shares[k])
        odds, own = theta[: mixture.odds], mixture.split(theta)[1]
        for name in CANDIDATES:
            law = law_within(name, piles[k])
            alone = maximum(sample, law) if name != best[k] else None
            if alone is None:
                continue
            laws = (*mixture.candidates[:k], law, *mixture.candidates[k + 1 :])
            other = Mixture(laws, mixture.never)
            there = _settled(rough, other, np.concatenate((odds, *own[:k], alone[0], *own[k + 1 :])))
            score = 2.0 * there.size - 2.0 * other.log_likelihood(rough, there)
            if score < least - CLOSE:
                best[k], least = name, score
                mixture, theta = other, there
                odds, own = theta[: mixture.odds], mixture.split(theta)[1]
    return best


def parts_of(
    days: Floats,
    following: Integers,
    names: dict[int, str],
    resolution: float,
    piles: dict[str, Pile],
    late: Floats | None = None,
) -> Parts:
    """The stays of a stage, gathered: those that took each exit seen, and those that were open."""
    ended = []
    width = grain(days.size)
    for index, name in names.items():
        here = days[following == index]
        ended.append(spells(here, np.ones(here.shape, dtype=np.bool_), resolution, piles.get(name), width))
    times, weights = gathered(days[(following == NOTHING) & (days > 0.0)], width)
    begun = gathered(late[late > 0.0], width) if late is not None else (np.empty(0), np.empty(0))
    return Parts(tuple(ended), times, weights, *begun)


def law_within(name: str, pile: Pile | None) -> Candidate:
    """A law of the format, with a deadline where exits pile up."""
    return CANDIDATES[name] if pile is None else with_deadlines(CANDIDATES[name], [one.day for one in pile.each])


def _begin(
    parts: Parts, piles: list[Pile | None], given: list[str] | None, never: bool = False
) -> tuple[list[str], Mixture, Floats] | None:
    """Laws by Akaike's criterion, and where EM begins: open stays are shared at first in proportion to the exits seen."""
    total = float(parts.seen.sum() + parts.open_weights.sum())
    seen = np.append(parts.seen, 0.0) if never else parts.seen
    first = np.append(0.5 * parts.seen / parts.seen.sum(), 0.5) if never else parts.seen / parts.seen.sum()
    shares = np.repeat(first[:, None], parts.open_times.size, axis=1)
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
                    fits = maxima(sample, {name: law_within(name, piles[k]) for name in CANDIDATES})
                if not fits:
                    return None
                name = simplest(fits) if round_ == 0 else min(fits, key=lambda one: criteria(fits)[one])
                fit: Maximum | None = fits[name]
            else:
                name = given[k]
                fit = maximum(sample, law_within(name, piles[k]))
            if fit is None:
                return None
            names.append(name)
            found.append(fit)
        chosen = names
        mixture = Mixture(tuple(law_within(name, pile) for name, pile in zip(chosen, piles, strict=True)), never)
        chances = np.maximum((seen + shares @ parts.open_weights) / total, 1e-9)
        theta = np.concatenate((np.log(chances[:-1] / chances[-1]), *(fit[0] for fit in found)))
        shares = _share(parts, mixture, theta)
    return chosen, mixture, theta


def _share(parts: Parts, mixture: Mixture, theta: Floats) -> Floats:
    """How open stays are shared among the exits: the chance of each, given that the stay lasts so long already."""
    terms = mixture.open_terms(parts.open_times, theta)
    result: Floats = np.exp(terms - np.logaddexp.reduce(terms, axis=0)) if terms.size else terms
    return result


def _shared(parts: Parts, mixture: Mixture, theta: Floats) -> Floats:
    """Rounds of EM, until the likelihood hardly rises."""
    total = float(parts.seen.sum() + parts.open_weights.sum())
    seen = np.append(parts.seen, 0.0) if mixture.never else parts.seen
    here = mixture.log_likelihood(parts, theta)
    for _ in range(ROUNDS):
        shares = _share(parts, mixture, theta)
        chances = np.maximum((seen + shares @ parts.open_weights) / total, 1e-9)
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


def box_of(parts: Parts, mixture: Mixture) -> Floats:
    """Bounds of all numbers, shape (numbers, 2)."""
    bounds = [np.tile((-ODDS, ODDS), (mixture.odds, 1))]
    for law, part in zip(mixture.candidates, parts.ended, strict=True):
        bounds.append(limits(law, math.log(part.exposure / part.ended)))
    return np.concatenate(bounds)


def _settled(parts: Parts, mixture: Mixture, theta: Floats) -> Floats:
    """Where the whole likelihood is highest, by Newton's steps from `theta` on."""
    box = box_of(parts, mixture)
    begin = np.clip(theta, box[:, 0] + 1e-6, box[:, 1] - 1e-6)
    return lowest(lambda at: min(-mixture.log_likelihood(parts, at), 1e300), begin, box)


def _finished(parts: Parts, mixture: Mixture, theta: Floats) -> Maximum | None:
    """The maximum of the whole likelihood from where EM ended, and the inverse of the observed information."""
    box = box_of(parts, mixture)
    theta = _settled(parts, mixture, theta)
    if np.any((theta <= box[:, 0]) | (theta >= box[:, 1])):
        return None

    def cost(at: Floats) -> float:
        return min(-mixture.log_likelihood(parts, at), 1e300)

    curvature = hessian(cost, theta)
    if not np.all(np.isfinite(curvature)) or np.any(np.linalg.eigvalsh(curvature) <= 0.0):
        return None
    return theta, np.asarray(np.linalg.inv(curvature), dtype=np.float64), -cost(theta)


def _described(
    days: Floats,
    following: Integers,
    names: dict[int, str],
    piles: list[Pile | None],
    mixed: Mixed,
    parts: Parts,
    watched: float,
) -> ChoiceFit:
    chosen, mixture, (theta, covariance, value) = mixed
    logs, own = mixture.split(theta)
    all_chances = np.exp(logs)
    never = float(all_chances[-1]) if mixture.never else 0.0
    chances = all_chances[: len(names)] / (1.0 - never)
    slopes = (np.diag(chances) - np.outer(chances, chances))[:, : mixture.odds]
    odds = covariance[: mixture.odds, : mixture.odds]
    spread = np.sqrt(np.diag(slopes @ odds @ slopes.T))
    slope = never * all_chances[: mixture.odds]
    never_error = math.sqrt(float(slope @ odds @ slope))
    laws, at = {}, mixture.odds
    still = following == NOTHING
    for k, (index, name) in enumerate(names.items()):
        size = own[k].size
        rows = still | (following == index)
        pile = piles[k]
        law = described(
            chosen[k],
            mixture.candidates[k],
            (own[k], covariance[at : at + size, at : at + size], value),
            days[rows],
            ~still[rows],
            {},
            pile,
        )
        laws[name] = replace(law, never=never, mean=math.inf, mean_error=math.inf) if never > 0.0 else law
        at += size
    ahead = mixture.open_terms(np.array([max(watched, 1e-9)]), theta)[: len(names), 0]
    return ChoiceFit(
        probabilities=dict(zip(names.values(), chances.tolist(), strict=True)),
        errors=dict(zip(names.values(), spread.tolist(), strict=True)),
        laws=laws,
        log_likelihood=value,
        free=theta.size,
        open_share=float(np.mean(still)),
        beyond=math.exp(float(np.logaddexp.reduce(ahead))) / (1.0 - never),
        goodness=judge_choice(parts, mixture, (theta, covariance, value)),
        never=never,
        never_error=never_error,
    )

"""What is each customer's own: a readiness for an exit of a race, a chance for one of a choice, told from repeated stays.

A customer who came back soon comes back soon again. A law for all, fitted to all stays, takes the many short stays of a few
eager customers for everybody's habit and forecasts wrong. Whether customers differ is judged in three ways, and all must agree:
what is left unexplained of a customer's stays must go together (their products, with no law assumed); the likelihood must rise
beyond chance (on the border of what is possible, so half a chi-square; Self and Liang 1987); and the model must be worth its
number against every law without it.
"""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv, betaln, chdtrc, expit, gammaincinv, logit, ndtr, xlog1py, xlogy

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.durations import MARGIN
from sojourn.calibration.hazards import Hazard, Spans, fit_hazard
from sojourn.calibration.newton import hessian, lowest
from sojourn.calibration.stays import Floats, Integers

REPEATS = 20  # customers with two stays or more, and exits of those, from which a difference is looked for
LEVEL = 0.01  # of an exit where customers do not differ, the chance to say that they do is below this
TOGETHER = 0.05  # the same for the products of what is left unexplained alone
SOME = 4_000  # customers on whom laws are told apart
MOST = 60_000  # customers to whom the chosen law is fitted: more would tell no more
Z = 1.6448536269514722  # 90 % intervals
STRENGTHS = np.array([(math.log(0.02), math.log(1e4))])  # logs of a + b


class Span(NamedTuple):
    """A number with its 90 % interval."""

    central: float
    low: float
    high: float


@dataclass(frozen=True)
class OwnSpeed:
    """Customers differ in how readily they take an exit of a race: the hazard of each is times a gamma draw of mean 1.

    It is the `gamma` of scenarios, not their `speed`, which stretches time.

    Attributes:
        found: law, coefficients and shape, with the covariance of all.
        alike: the best law without own speeds, fitted to the same stays.
        chance: of so large a gain in likelihood if customers did not differ; `together` the same by products of residuals.
        repeaters: customers with two stays or more.
    """

    found: Hazard
    alike: Hazard
    chance: float
    together: float
    repeaters: int

    @property
    def shape(self) -> Span:
        """Shape of the gamma draw, with a 90 % interval (normal in the log)."""
        log = self.found.log_shape or 0.0
        return _interval(log, math.sqrt(float(self.found.covariance[-1, -1])))

    @property
    def quick(self) -> float:
        """How many times as readily as the median the quickest tenth do it, at least."""
        k = self.shape.central
        return float(gammaincinv(k, 0.9) / max(float(gammaincinv(k, 0.5)), 1e-12))

    def said(self, way: str) -> str:
        """In plain words."""
        return (
            f"{way}: customers differ {_much(self.quick)} in how readily they do it again: a tenth do so at least "
            f"{_times(self.quick)} as readily as the median customer (gamma of shape {_told(self.shape)}, from "
            f"{self.repeaters:,} customers with two stays or more; chance of that without a difference "
            f"{_chance(self.chance)})."
        )


@dataclass(frozen=True)
class OwnChance:
    """Customers differ in the chance with which they take an exit of a choice: each has a beta draw of their own.

    Attributes:
        to: the exit.
        before: its probability for all customers, as fitted without own chances.
        theta, covariance: by how much own chances move the logit of that, and the log of a + b; and their covariance.
        log_likelihood, alike: of the ways that were taken, with own chances and without.
        chance: of so large a gain if customers did not differ.
        repeaters: customers with two finished stays or more.
        beside: whether effects of covariates or the past were fitted together with it; the mean is that where they are at rest.
    """

    to: str
    before: float
    theta: Floats
    covariance: Floats
    log_likelihood: float
    alike: float
    chance: float
    repeaters: int
    beside: bool = False

    @property
    def probability(self) -> float:
        """Mean of the customers' chances."""
        return self.moved(self.before)

    def moved(self, probability: float) -> float:
        """The mean of the customers' chances where it was so large without own chances (it may differ by segment)."""
        return float(expit(logit(probability) + self.theta[0]))

    @property
    def strength(self) -> Span:
        """a + b, with a 90 % interval (normal in the log)."""
        return _interval(float(self.theta[1]), math.sqrt(float(self.covariance[1, 1])))

    def said(self, stage: str) -> str:
        """In plain words."""
        m, s = self.probability, self.strength.central
        rest = ", beyond what covariates and the past do," if self.beside else ""
        low, high = (100.0 * float(betaincinv(s * m, s * (1.0 - m), share)) for share in (0.1, 0.9))
        return (
            f"{stage} -> {self.to}: customers differ{rest} in how likely they take this way: with {100 * m:.0f} % on average, a "
            f"tenth below {low:.2g} % and a tenth above {high:.2g} % (beta, a + b {_told(self.strength)}, from "
            f"{self.repeaters:,} customers with two stays or more; chance of that without a difference {_chance(self.chance)})."
        )


def own_speed(sample: Spans, asked: bool = False, like: OwnSpeed | None = None) -> OwnSpeed | None:
    """Whether customers have speeds of their own, and how much they differ; None where the data do not say so.

    Args:
        sample: the stays of a stage, as one of its exits sees them.
        asked: whether the mapping wants it: then nothing is tested, but there must be repeated stays and a maximum.
        like: a fit to more of the same data, whose law is kept, and nothing tested.
    """
    repeaters = int(np.sum(np.bincount(sample.customer) > 1))
    if repeaters < REPEATS or float(sample.ended.sum()) < REPEATS:
        return None
    if like is not None:
        found = fit_hazard(sample.some(MOST), like.found.law, own=True, begin=like.found)
        return None if found is None else replace(like, found=found, repeaters=repeaters)
    together = products(sample)
    if not asked and together >= TOGETHER:
        return None
    rough = sample.some(SOME)
    apart = [fit_hazard(rough, law, own=True) for law in CANDIDATES]
    alike = [fit_hazard(rough, law) for law in CANDIDATES]
    own_law, law = _simplest(apart), _simplest(alike)
    if own_law is None or law is None:
        return None
    whole = sample.some(MOST)
    if whole is not rough and whole.customers > rough.customers:
        own_law, law = fit_hazard(whole, own_law.law, own=True, begin=own_law), fit_hazard(whole, law.law, begin=law)
        if own_law is None or law is None:
            return None
    same = law if law.law == own_law.law else fit_hazard(whole, own_law.law)
    if same is None:
        return None
    gain = 2.0 * (own_law.log_likelihood - same.log_likelihood)
    chance = 0.5 * float(chdtrc(1, max(gain, 0.0)))
    told = chance < LEVEL and own_law.score + MARGIN < law.score
    return OwnSpeed(own_law, law, chance, together, repeaters) if told or asked else None


def products(sample: Spans) -> float:
    """The chance that what is left unexplained of a customer's stays goes together so much by luck, with no law assumed.

    Of each stay what is left is its exit less the cumulative hazard of its days (Nelson-Aalen). Where customers do not differ
    products of two stays of one customer have mean 0, and the cumulative hazards tell their variance.
    """
    times = np.unique(sample.days)
    place = np.searchsorted(times, sample.days)
    exits = np.bincount(place, sample.ended, times.size)
    stays = np.bincount(place, minlength=times.size).astype(np.float64)
    at_risk = stays[::-1].cumsum()[::-1]
    used = np.cumsum(exits / at_risk)[place]
    left = sample.ended - used
    pairs, variance = (float(np.sum(np.bincount(sample.customer, one) ** 2) - np.sum(one**2)) for one in (left, used))
    return float(ndtr(-pairs / math.sqrt(2.0 * variance))) if variance > 0.0 else 1.0


def own_chance(
    customer: Integers,
    taken: Integers,
    names: tuple[str, ...],
    probabilities: Floats,
    open_survival: Floats,
    some: tuple[str, ...],
    asked: str | None = None,
    like: OwnChance | None = None,
) -> OwnChance | None:
    """Whether customers have chances of their own for one exit of a choice; of several exits the one that gains most.

    With n stays that took the exit and m that took others, and perhaps one that is open after t days, the likelihood of a
    customer is B(a + n, b + m) / B(a, b), times ((a + n) S_e(t) + (b + m) S_o(t)) / (a + b + n + m). The laws of the times are
    held as they were fitted.

    Args:
        customer: of each stay, shape (n,).
        taken: place of the exit in `names`, -1 where the stay was open; shape (n,).
        names: the exits.
        probabilities: of each exit as each customer's segment has it, shape (exits, customers).
        open_survival: chance that a stay by each exit lasts longer than this one did, shape (exits, n); used where it is open.
        some: exits that may have own chances.
        asked: the exit that the mapping wants; then nothing is tested.
        like: as for `own_speed`.
    """
    wanted = like.to if like is not None else asked
    done = np.bincount(customer, taken >= 0)
    repeaters = int(np.sum(done > 1))
    if repeaters < REPEATS or len(names) < 2:
        return None
    tried = (
        [names.index(wanted)]
        if wanted is not None
        else [names.index(to) for to in some][: None if len(names) > 2 else 1]
    )
    found = [_beta(customer, taken, k, names, probabilities, open_survival, repeaters, len(tried)) for k in tried]
    best = max((one for one in found if one is not None), key=lambda one: one.log_likelihood - one.alike, default=None)
    if best is None or (wanted is None and best.chance >= LEVEL):
        return None
    return best if like is None else replace(best, chance=like.chance)


def _beta(
    customer: Integers,
    taken: Integers,
    k: int,
    names: tuple[str, ...],
    probabilities: Floats,
    open_survival: Floats,
    repeaters: int,
    tried: int,
) -> OwnChance | None:
    number = int(customer.max()) + 1
    this = np.bincount(customer, taken == k, number)
    rest = np.bincount(customer, (taken >= 0) & (taken != k), number)
    if not this.any() or not rest.any():
        return None
    others = np.arange(len(names)) != k
    open_ = np.flatnonzero(taken < 0)
    who = customer[open_]
    mine = open_survival[k, open_]
    shares = probabilities[others][:, who]
    theirs = np.sum(shares * open_survival[others][:, open_], axis=0) / np.maximum(shares.sum(axis=0), 1e-300)
    odds = logit(np.clip(probabilities[k], 1e-6, 1.0 - 1e-6))

    # Customers with the same counts and odds add the same, each pattern once.
    (n, others_taken, log_odds), several = np.unique(np.stack([this, rest, odds]), axis=1, return_counts=True)

    def ways(at: Floats) -> float:
        m, still = expit(log_odds + at[0]), expit(odds[who] + at[0])
        if at.size == 1:
            total = float(several @ (xlogy(n, m) + xlog1py(others_taken, -m)))
            return total + float(np.sum(np.log(np.maximum(still * mine + (1.0 - still) * theirs, 1e-300))))
        s = math.exp(at[1])
        a, b = s * m, s * (1.0 - m)
        total = float(several @ (betaln(a + n, b + others_taken) - betaln(a, b)))
        weight = (s * still + this[who]) * mine + (s * (1.0 - still) + rest[who]) * theirs
        return total + float(np.sum(np.log(np.maximum(weight, 1e-300)) - np.log(s + this[who] + rest[who])))

    def cost(at: Floats) -> float:
        return min(-ways(at), 1e300)

    shift = np.array([(-6.0, 6.0)])
    box = np.concatenate([shift, STRENGTHS])
    alone = lowest(cost, np.zeros(1), shift)
    theta = min((lowest(cost, np.array([alone[0], log]), box) for log in (0.0, 2.5)), key=cost)
    if np.any((theta <= box[:, 0]) | (theta >= box[:, 1])):
        return None
    curved = hessian(cost, theta)
    if not np.all(np.isfinite(curved)) or np.linalg.eigvalsh(curved)[0] <= 0.0:
        return None
    alike, here = ways(alone), ways(theta)
    chance = min(1.0, tried * 0.5 * float(chdtrc(1, max(2.0 * (here - alike), 0.0))))
    inverse = np.asarray(np.linalg.inv(curved), dtype=np.float64)
    return OwnChance(names[k], float(probabilities[k].mean()), theta, inverse, here, alike, chance, repeaters)


def _simplest(fits: list[Hazard | None]) -> Hazard | None:
    """The fit with the fewest numbers among those whose criterion is within 2 of the best."""
    sound = [one for one in fits if one is not None]
    if not sound:
        return None
    least = min(one.score for one in sound)
    return min((one for one in sound if one.score <= least + MARGIN), key=lambda one: (one.free, one.score))


def _interval(log: float, error: float) -> Span:
    return Span(math.exp(log), math.exp(log - Z * error), math.exp(log + Z * error))


def _told(span: Span) -> str:
    return f"{span.central:.3g} [{span.low:.3g}, {span.high:.3g}]"


def _much(quick: float) -> str:
    return "a lot" if quick >= 3.0 else "somewhat" if quick >= 1.7 else "a little"


def _times(quick: float) -> str:
    return "a hundred times" if quick > 100.0 else f"{quick:.0f} times" if quick >= 10.0 else f"{quick:.2g} times"


def _chance(chance: float) -> str:
    return f"{chance:.2g}" if chance >= 1e-6 else "below one in a million"


__all__ = ["OwnChance", "OwnSpeed", "Span", "own_chance", "own_speed", "products"]

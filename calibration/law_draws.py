"""Draws of the numbers of one law: of which shape it is, as far as few data can tell, and of its parameters.

Every law that may have made the data is drawn from in proportion to its evidence (Bayesian model averaging; Hoeting et al.
1999), though the scenario's file names one: a draw from another law is told in the numbers of the law in the file that come
nearest to it on these stays. So a shape is no more certain than the data are of which law it belongs to. Priors are weak: flat
on the logarithm of days, and on shapes so wide that the data overrule them.

None of the laws need be right. What the data say of how many more or fewer leave by the end of the watching than the law has it
moves the draws, and what they leave open of that spreads them (`misfits`).

One customer's stays may be alike. What people with several stays add to the score is summed for each, and where these sums vary
more than single stays would, the draws are spread accordingly (Ribatet, Cooley and Davison 2012).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.alike import clustered, distinct
from sojourn.calibration.candidates import CANDIDATES, Candidate
from sojourn.calibration.exit_laws import candidate_of
from sojourn.calibration.maxima import SHARES, limits
from sojourn.calibration.misfits import misfit
from sojourn.calibration.newton import STEP, Cost, hessian, lowest
from sojourn.calibration.resampling import roughly, rounds, spread
from sojourn.calibration.spells import Floats, Pile, Spells, log_mass, spells
from sojourn.calibration.stays import Integers

SHAPE_SPREAD = 0.7  # standard deviation of the log of a shape before any data: 19 in 20 lie between a quarter and four
NEVER_TOLD = 6.0  # log evidence behind the best from which a law is not drawn from
ROUGH = 2.0  # what the rough evidence may be off by
SCORING, ENOUGH = 12, 2e-3  # steps at most, and the step at which the nearest numbers are near enough
GRID = 40  # intervals of age in which one law is told in the numbers of another


class Stays(NamedTuple):
    """Stays of one stage: days, whether they ended this way, and whose they were, each of shape (n,).

    `late` are the ages from which they were watched; None: from their beginning. `over` says which ended in any way; None: there
    is no other.
    """

    days: Floats
    ended: NDArray[np.bool_]
    who: Integers
    resolution: float
    pile: Pile | None
    late: Floats | None = None
    over: NDArray[np.bool_] | None = None


def draw_law(
    stays: Stays, law: str, never: bool, around: Floats, rng: np.random.Generator, *, alone: bool = False
) -> Floats:
    """Draws of the parameters of a law, on the scale they are fitted in, shape (draws, k).

    Args:
        stays: all stays of the stage, those that ended otherwise or were still open among them as not ended.
        law: name of the law in the file; of the law within, where a share leaves at a deadline or never.
        never: whether a share never leaves.
        around: weights of people less their mean, shape (draws, people).
        rng: what decides.
        alone: whether no other law is thought of, and this one is right.
    """
    count = around.shape[0]
    sample = spells(stays.days, stays.ended, stays.resolution, stays.pile, late=stays.late).coarse()
    names = (law,) if alone else (law, *(name for name in CANDIDATES if name != law))
    middles = {name: _middle(sample, candidate_of(name, stays.pile, never)) for name in names}
    rough = {name: roughly(one.cost, one.theta) for name, one in middles.items()}
    # Laws that are far behind are not worth the sampling; the file's own is, whatever it is.
    names = tuple(name for name in names if name == law or rough[name] > max(rough.values()) - NEVER_TOLD - ROUGH)
    clouds = {name: rounds(*middles[name], count, rng) for name in names}
    best = max(cloud.log_evidence for cloud in clouds.values())
    weights = np.array([math.exp(cloud.log_evidence - best) for cloud in clouds.values()])
    weights[weights < math.exp(-NEVER_TOLD)] = 0.0
    chosen = candidate_of(law, stays.pile, never)
    which = rng.choice(len(names), size=count, p=weights / weights.sum())
    draws = clouds[law].draws.copy()
    told = Telling(sample, chosen, draws.mean(axis=0))
    for k, name in enumerate(names):
        if name != law:
            other = candidate_of(name, stays.pile, never)
            for row in np.flatnonzero(which == k):
                draws[row] = told.nearest(other, clouds[name].draws[row])
    if not alone:
        over = stays.ended if stays.over is None else stays.over
        whole = spells(stays.days, over, stays.resolution, late=stays.late)
        middle = middles[law]
        covariance = spread(hessian(middle.cost, middle.theta), middle.bounds)
        off = misfit(sample, whole, chosen, draws.mean(axis=0), covariance)
        draws[:, 0] += off.mean + off.spread * rng.standard_normal(count)
    return _clustered(draws, stays, chosen, around)


class _Middle(NamedTuple):
    """A posterior, where it is highest, and within which limits."""

    cost: Cost
    theta: Floats
    bounds: Floats


def _middle(sample: Spells, candidate: Candidate) -> _Middle:
    start = math.log(sample.exposure / max(sample.ended, 0.5))
    bounds = limits(candidate, start)

    def cost(theta: Floats) -> float:
        return min(-sample.log_likelihood(candidate, theta) - log_prior(candidate.parameters, theta), 1e300)

    begin = np.zeros(len(candidate.parameters))
    begin[0] = start
    begin[[name in SHARES for name in candidate.parameters]] = -1.5
    return _Middle(cost, lowest(cost, begin, bounds), bounds)


def log_prior(names: tuple[str, ...], theta: Floats) -> float:
    """Of a law's parameters: shapes about 1 on a wide normal scale, shares uniform, days on the log scale flat.

    Constants count, since laws with different numbers of parameters are weighed against each other.
    """
    total = 0.0
    for name, value in zip(names[1:], theta[1:], strict=True):
        if name in SHARES:
            total -= float(np.logaddexp(0.0, value) + np.logaddexp(0.0, -value))
        else:
            total -= 0.5 * (value / SHAPE_SPREAD) ** 2 + math.log(SHAPE_SPREAD) + 0.5 * math.log(2.0 * math.pi)
    return total


class Telling:
    """Tells a law in the numbers of another: those under which the exits that the first expects are likeliest."""

    def __init__(self, sample: Spells, candidate: Candidate, begin: Floats) -> None:
        ages = np.concatenate((sample.times, sample.open_times))
        weights = np.concatenate((sample.time_weights, sample.open_weights))
        for pile, heap in sample.heaps:
            ages, weights = np.append(ages, pile.day), np.append(weights, heap)
        self.edges = np.unique(np.quantile(ages, np.linspace(0.0, 1.0, GRID + 1)[1:]))
        lower = np.concatenate(([0.0], self.edges[:-1]))
        within = np.clip(ages[:, None] - lower, 0.0, self.edges - lower)
        self.widths = self.edges - lower
        before = np.clip(sample.late_times[:, None] - lower, 0.0, self.edges - lower)
        self.exposure = np.maximum(weights @ within - sample.late_weights @ before, 0.0)
        self.candidate = candidate
        self.begin = begin
        self.bounds = limits(candidate, math.log(sample.exposure / max(sample.ended, 0.5)))

    def exits(self, candidate: Candidate, theta: Floats) -> Floats:
        """Exits expected between edges of age, of those who were there."""
        with np.errstate(all="ignore"):
            hazard = np.diff(np.concatenate(([0.0], -candidate.log_survival(theta, self.edges))))
        return np.maximum(hazard, 1e-12 * self.widths) / self.widths * self.exposure

    def nearest(self, other: Candidate, theta: Floats) -> Floats:
        """The numbers of the law nearest to another at `theta` (Kullback and Leibler's divergence, stays as watched).

        The exits are as if Poisson, so Fisher's scoring finds them; a step that is off is shortened.
        """
        wanted = self.exits(other, theta)
        if self.candidate.parameters == ("mean",):
            return np.array([math.log(float(self.exposure.sum() / wanted.sum()))])
        at, moves = self.begin, np.eye(self.begin.size) * STEP
        here = self.exits(self.candidate, at)
        for _ in range(SCORING):
            slopes = np.stack(
                [
                    (self.exits(self.candidate, at + move) - self.exits(self.candidate, at - move)) / (2.0 * STEP)
                    for move in moves
                ]
            )
            information = (slopes / np.maximum(here, 1e-300)) @ slopes.T + 1e-9 * np.eye(at.size)
            step = np.linalg.solve(information, slopes @ (wanted / np.maximum(here, 1e-300) - 1.0))
            step *= min(1.0, 0.7 / max(float(np.abs(step).max()), 1e-300))
            at = np.clip(at + step, self.bounds[:, 0], self.bounds[:, 1])
            here = self.exits(self.candidate, at)
            if float(np.abs(step).max()) < ENOUGH:
                break
        return at


def per_stay(stays: Stays, candidate: Candidate, theta: Floats) -> Floats:
    """What each stay adds to the log-likelihood, shape (n,)."""
    days, pile = stays.days, stays.pile
    long = days > 0.0
    piles = np.where(stays.ended, pile.which(days), 0) if pile is not None else np.zeros(days.shape, dtype=np.int64)
    heaped = piles > 0
    result = np.zeros(days.shape)
    some = stays.ended & long & ~heaped
    with np.errstate(all="ignore"):
        result[some] = candidate.log_density(theta, days[some])
        result[~stays.ended & long] = candidate.log_survival(theta, days[~stays.ended & long])
    result[stays.ended & ~long & ~heaped] = log_mass(candidate, theta, 0.0, stays.resolution)
    for k, one in enumerate(pile.each if pile is not None else (), 1):
        result[piles == k] = log_mass(candidate, theta, one.low, one.high)
    if stays.late is not None:
        was = stays.late > 0.0
        with np.errstate(all="ignore"):
            result[was] -= candidate.log_survival(theta, stays.late[was])
    return result


def _clustered(draws: Floats, stays: Stays, candidate: Candidate, around: Floats) -> Floats:
    pile = stays.pile
    heaped = np.where(stays.ended, pile.which(stays.days), 0) if pile is not None else 0
    rows, place = distinct(stays.days, stays.ended.astype(np.int64) + heaped, stays.late)
    late = None if stays.late is None else stays.late[rows]
    some = stays._replace(days=stays.days[rows], ended=stays.ended[rows], late=late)

    def each(theta: Floats) -> Floats:
        return per_stay(some, candidate, theta)

    return clustered(draws, each, place, stays.who, around, draws.mean(axis=0))

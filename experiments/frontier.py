"""What more money buys: the best mixes for a row of budgets, each looked at on customers that the search has not seen."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.stats import qmc

from sojourn.experiments.mixes import SPENDING, Evaluator, Mix, Mixer
from sojourn.experiments.searching import WIDE, drawn_back, kept
from sojourn.experiments.surface import Surface, fitted
from sojourn.sim.estimates import Estimate
from sojourn.sim.estimating import Parts, difference
from sojourn.sim.journeys import Floats

BUDGETS = 8
CENTS = 6  # decimals of spending: what differs by less costs the same


class Place(NamedTuple):
    """A point of the frontier, on fresh customers; differences are to the baseline."""

    mix: Mix
    spending: Estimate
    figure: Estimate
    limited: tuple[tuple[str, Estimate], ...] = ()
    """Every measure that is limited, by name; not a difference."""


def frontier(
    mixer: Mixer,
    tried: Sequence[tuple[Mix, float, float]],
    fresh: Evaluator,
    *,
    measure: str,
    sign: int,
    replications: int,
    seed: int,
) -> list[Place]:
    """The best mix for each of a row of budgets, cheapest first, without those that one as cheap or cheaper beats.

    Args:
        mixer: makes strategies of mixes.
        tried: mix, gain in `measure` (sign included) and spending beyond the baseline, on the search's customers.
        fresh: looks at mixes on other customers.
        measure: what is bought.
        sign: 1 where more of it is better, -1 where less is.
        replications: of each point.
        seed: of the points looked at.
    """
    points = np.array([mixer.point(mix) for mix, _, _ in tried])
    gains, costs = np.array([gain for _, gain, _ in tried]), np.array([cost for _, _, cost in tried])
    gain, cost = fitted(points, gains), fitted(points, costs)
    cloud = np.vstack([points, qmc.Sobol(mixer.size, seed=seed).random(2 * WIDE)])
    value, _ = gain.at(cloud)
    price, _ = cost.at(cloud)
    dearest = float(price[np.argmax(value)])
    cheapest = float(price.min())
    mixes: list[Mix] = []
    for budget in (0.0, *np.linspace(cheapest, max(dearest, cheapest), BUDGETS)):
        mix = mixer.mix(_best(gain, cost, cloud, float(budget), len(mixer.levers), seed))
        if mix not in mixes:
            mixes.append(mix)
    own, rearranged = mixer.own(), mixes[0]
    base = fresh(None, replications)
    places = [
        Place(mix, _against(base, found, SPENDING), _against(base, found, measure))
        for mix in dict.fromkeys((own, *mixes))
        for found in [fresh(mix, replications)]
    ]

    def reached(place: Place) -> float:
        return sign * place.figure.mean if place.figure.mean is not None else -np.inf

    figures = {one.mix: reached(one) for one in places}
    if figures[rearranged] > figures[own]:  # no more money buys more than the baseline has
        places = [one for one in places if one.mix != own]
    places.sort(key=lambda one: (round(one.spending.mean or 0.0, CENTS), -reached(one)))
    best, front = -np.inf, []
    for place in places:
        if reached(place) > best:
            front.append(place)
            best = reached(place)
    return front


def _best(gain: Surface, cost: Surface, cloud: Floats, budget: float, levers: int, seed: int) -> Floats:
    """The point of the highest surface that keeps the budget in the mean: from a cloud, then closer about the best."""
    limit = [_shifted(cost, budget)]
    generator = np.random.default_rng([seed, 31])
    points = np.vstack([cloud, drawn_back(limit, cloud, levers)])
    best: Floats = points[0]
    for spread in (0.1, 0.03, 0.01, 0.0):
        value = np.where(kept(limit, points) >= 0.5 - 1e-9, gain.at(points)[0], -np.inf)
        best = points[int(np.argmax(value))]
        near = np.clip(best + spread * generator.standard_normal((WIDE // 2, best.size)), 0.0, 1.0)
        points = np.vstack([best[None], near, drawn_back(limit, near, levers)])
    return best


def _shifted(cost: Surface, budget: float) -> Surface:
    return replace(cost, mean=cost.mean - budget)


def _against(base: Sequence[Parts], found: Sequence[Parts], measure: str) -> Estimate:
    return difference([one[measure] for one in base], [one[measure] for one in found]).interval()

"""Draws of what is read from the data without a law: quantiles under weights of people (the Bayesian bootstrap; Rubin 1981).

Kaplan-Meier and Aalen-Johansen are taken anew under each set of weights. The quantiles of those who leave stay the same, the
days at which they are reached differ, and so does the share that was not seen to leave.
"""

from typing import NamedTuple

import numpy as np

from sojourn.calibration.durations import Curve
from sojourn.calibration.stays import Floats, Integers

MOST = 1_000  # lengths that are told apart
DIGITS = 12  # of shares: they and the share that never leaves add up to 1


class Reading(NamedTuple):
    """Draws of laws read from the data, by exit: chance of each, days and shares of its quantiles, and who never leaves."""

    chances: Floats  # shape (draws, exits)
    days: list[Floats]  # of each exit, shape (draws, quantiles)
    shares: list[Floats]
    never: Floats  # shape (draws, exits)


def draw_reading(
    days: Floats,
    causes: Integers,
    who: Integers,
    weights: Floats,
    curves: list[Curve],
    nevers: list[float],
    choice: bool,
    late: Floats | None = None,
) -> Reading:
    """Draws of curves by exit.

    Args:
        days: shape (n,).
        causes: the exit by which each stay ended, an index into `curves`, or -1; shape (n,).
        who: whose stay it is, shape (n,).
        weights: of people, shape (draws, people).
        curves: (shares, days) as the file has them.
        nevers: share that never leaves, as the file has it.
        choice: whether the exits are those of a choice (Aalen-Johansen), or each by itself (Kaplan-Meier).
        late: the age from which each stay was watched, shape (n,); left out, from its beginning.
    """
    times, place = _distinct(days)
    exits, count, people = len(curves), *weights.shape
    cell = place * people + who
    there = _totals(cell, times.size, people) @ weights.T  # shape (times, draws)
    at_risk = there[::-1].cumsum(axis=0)[::-1]
    if late is not None:  # at ages before that they were not yet watched
        since = np.searchsorted(times, np.where(late > 0.0, late, -1.0), side="right")
        begun = _totals(since * people + who, times.size + 1, people) @ weights.T
        at_risk = at_risk - begun[:0:-1].cumsum(axis=0)[::-1]
    at_risk = np.maximum(at_risk, 1e-9)
    hazards = [_totals(cell[causes == k], times.size, people) @ weights.T / at_risk for k in range(exits)]
    if choice:
        left = np.cumprod(np.maximum(1.0 - np.sum(hazards, axis=0), 0.0), axis=0)
        before = np.concatenate((np.ones((1, count)), left[:-1]))
        gone = [np.cumsum(before * hazard, axis=0) for hazard in hazards]
        still = [left[-1]] * exits
        chances = np.array([one[-1] for one in gone]).T
    else:
        gone = [1.0 - np.cumprod(np.maximum(1.0 - hazard, 0.0), axis=0) for hazard in hazards]
        still = [1.0 - one[-1] for one in gone]
        chances = np.ones((count, exits))
    never = np.zeros((count, exits))
    shares, drawn = [], []
    for k, (curve, known) in enumerate(zip(curves, nevers, strict=True)):
        part = np.asarray(curve[0]) / curve[0][-1]
        rising = gone[k] / gone[k][-1]
        places = np.array([np.searchsorted(rising[:, row], part[1:] - 1e-9) for row in range(count)])
        later = times[np.minimum(places, times.size - 1)]
        drawn.append(np.concatenate((np.minimum(curve[1][0], later[:, :1]), later), axis=1))
        if known > 0.0:
            never[:, k] = np.round(np.clip(still[k], 1e-9, 1.0 - 1e-6), DIGITS)
        shares.append(part * (1.0 - never[:, k : k + 1]))
    return Reading(chances / chances.sum(axis=1, keepdims=True), drawn, shares, never)


def _distinct(days: Floats) -> tuple[Floats, Integers]:
    """Distinct lengths, or the means of narrow bins of very many, and the place of each stay among them."""
    times, place = np.unique(days, return_inverse=True)
    if times.size <= MOST:
        return times, place.astype(np.int64)
    edges = np.unique(np.quantile(times, np.linspace(0.0, 1.0, MOST)))
    _, which = np.unique(np.searchsorted(edges, times), return_inverse=True)
    number = np.bincount(place, minlength=times.size)
    means = np.bincount(which, weights=times * number) / np.bincount(which, weights=number)
    return means, which[place].astype(np.int64)


def _totals(cell: Integers, times: int, people: int) -> Floats:
    """Stays by length and person, shape (times, people)."""
    return np.bincount(cell, minlength=times * people).reshape(times, people).astype(np.float64)

"""How far a law may be off in how many leave by the end of the watching, and what the data say of that.

The laws of the list are few, and customers who choose where they go leave by each exit at a rate that is none of theirs. A law
is fitted to exits as they were watched, where early ages count most, since nearly all stays were watched so far; were none cut
short, late ages would count more, and where the law does not hold shares come out a few per cent too high or too low. So a law's
number of exits is taken to be off by a factor, log-normal about 1 before any data. The data tell of it by exits seen less
expected, each interval of age weighted by the days that stays would spend in it were none cut short, over the days that were
watched. Where the law holds that sum does not depend on what the law's own numbers are off by (Hausman 1978): it adds what they
do not know.
"""

from typing import NamedTuple

import numpy as np

from sojourn.calibration.candidates import Candidate
from sojourn.calibration.durations import FEW
from sojourn.calibration.goodness import WATCHED, all_stays, expected_exits, intervals, kaplan_meier_of
from sojourn.calibration.newton import STEP
from sojourn.calibration.spells import Floats, Spells

# Spread of the log of the factor: races fitted to 60,000 stays of each planted choice miss shares by so much.
OFF = 0.05
FLAT = 0.1  # change of the log of exits with the log of days below which days cannot make up for it


class Misfit(NamedTuple):
    """How far the log of a law's days is off: the mean and the spread of what is known of it."""

    mean: float
    spread: float


def misfit(sample: Spells, whole: Spells, candidate: Candidate, theta: Floats, covariance: Floats) -> Misfit:
    """What is known of how far the first number of a law, its mean or median, is off on the log scale.

    Args:
        sample: stays, those that ended another way among the open ones.
        whole: the same with every way to end as an end.
        candidate: the law.
        theta: its numbers.
        covariance: of these, shape (k, k).
    """
    if sample.ended < FEW:
        return Misfit(0.0, 0.0)
    edges, used = intervals(sample, candidate, theta, float(sample.time_weights.sum()))
    weights = _uncut(sample, whole, edges) * used
    seen = np.bincount(np.searchsorted(edges, sample.times, side="right"), sample.time_weights, edges.size + 1)

    def expected(at: Floats) -> Floats:
        return expected_exits(sample, candidate, at, edges)

    here, moves = expected(theta), np.eye(theta.size) * STEP
    total = float(weights @ here)
    if total <= 0.0:  # nowhere were ten stays watched at once
        return Misfit(0.0, 0.0)
    slopes = np.array([weights @ (expected(theta + move) - expected(theta - move)) for move in moves])
    slopes = slopes / (2.0 * STEP * total)
    noise = float(weights**2 @ here) / total**2 - float(slopes @ covariance @ slopes)
    if not abs(slopes[0]) >= FLAT or not noise > 0.0:
        return Misfit(0.0, 0.0)
    believed = OFF**2 / (OFF**2 + noise)
    return Misfit(
        believed * float(weights @ (seen - here)) / total / float(slopes[0]),
        float(np.sqrt(believed * noise)) / abs(float(slopes[0])),
    )


def _uncut(sample: Spells, whole: Spells, edges: Floats) -> Floats:
    """Days that a stay spends between edges in the mean, were none cut short, over those that all spent there and were watched.

    Both as far as ten stays were still watched; shape (edges + 1,).
    """
    ages, left, watched = kaplan_meier_of(whole)
    last = float(ages[watched >= WATCHED].max(initial=0.0))
    cuts = np.concatenate(([0.0], np.minimum(edges, last), [last]))
    knots = np.concatenate(([0.0], ages))
    area = np.concatenate(([0.0], np.cumsum(np.diff(knots) * np.concatenate(([1.0], left[:-1])))))
    days, weights = all_stays(sample)
    there = np.diff([float(weights @ np.minimum(days, cut)) for cut in cuts])
    result: Floats = np.diff(np.interp(cuts, knots, area)) / np.where(there > 0.0, there, np.inf)
    return result

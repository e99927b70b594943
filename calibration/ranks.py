"""Whether groups of stays leave alike: the log-rank test, with errors clustered by person."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from sojourn.calibration.spells import CLOCK, Floats
from sojourn.calibration.stays import Integers


def log_rank(days: Floats, ended: NDArray[np.bool_], group: Integers, person: Integers) -> float:
    """The chance of groups so different if all left with one hazard.

    Args:
        days: shape (n,).
        ended: shape (n,), true where the stay ended this way; others are censored.
        group: shape (n,), 0 to g - 1.
        person: shape (n,), 0 to p - 1: stays of one person are alike, and count as one observation of the error.

    Returns:
        The upper tail of the chi-square with g - 1 degrees of freedom. The score of each stay is its part of observed
        less expected exits (Mantel 1966), and the covariance is the sum over persons of its square (Lin and Wei 1989).
    """
    number = int(group.max()) + 1
    # Ages that differ by rounding alone are one: at a deadline their order would go with the time of the log.
    days = np.round(days / CLOCK)
    order = np.argsort(days, kind="stable")
    days, ended, group, person = days[order], ended[order], group[order], person[order]
    starts = np.flatnonzero(np.concatenate(([True], days[1:] != days[:-1])))
    which = np.repeat(np.arange(starts.size), np.diff(np.append(starts, days.size)))
    exits = np.bincount(which, ended, starts.size)
    at_risk = (days.size - starts).astype(np.float64)
    hazard = exits / at_risk
    total = np.cumsum(hazard)
    scores = np.empty((number, int(person.max()) + 1))
    for k in range(number):
        own = (group == k).astype(np.float64)
        share = np.add.reduceat(own, starts)[::-1].cumsum()[::-1] / at_risk
        weighted = np.cumsum(share * hazard)
        score = (own - share[which]) * ended - (own * total[which] - weighted[which])
        scores[k] = np.bincount(person, score, scores.shape[1])
    summed = scores.sum(axis=1)[:-1]
    covariance = (scores @ scores.T)[:-1, :-1]
    if number < 2 or not np.any(ended):
        return 1.0
    return float(chdtrc(number - 1, float(summed @ np.linalg.pinv(covariance) @ summed)))

"""Kaplan-Meier and Aalen-Johansen: what stays that are still open say about when they end, and how.

Step functions come as the distinct durations, ascending, with the value from each of them on; before the first the
survival is 1 and every incidence 0. The last of `times` is the longest follow-up. At equal durations events come
before censorings.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CENSORED = -1


def kaplan_meier(durations: ArrayLike, events: ArrayLike) -> tuple[Floats, Floats]:
    """Kaplan-Meier survival of one sample with right-censoring.

    Args:
        durations: shape (n,), days (any unit does), not negative.
        events: shape (n,), true where the event was seen, false where the stay was censored.

    Returns:
        (times, survival), both of shape (m,): S(t) = product over t_i <= t of 1 - d_i / n_i (Kaplan and Meier 1958),
        with d_i events among the n_i still followed at t_i. Empty where the sample is empty.
    """
    seen = np.asarray(events, dtype=np.bool_)
    times, survival, _ = aalen_johansen(durations, np.where(seen, 0, CENSORED), 1)
    return times, survival


def aalen_johansen(
    durations: ArrayLike, causes: ArrayLike, n_causes: int, late: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """Survival and cumulative incidence of competing causes, with right-censoring and delayed entry.

    Args:
        durations: shape (n,), not negative.
        causes: shape (n,), 0 to n_causes - 1, or -1 where censored.
        n_causes: how many causes there are.
        late: shape (n,), the age from which each was watched; left out, 0.

    Returns:
        (times, survival, incidence) of shapes (m,), (m,), (n_causes, m): F_k(t) = sum over t_i <= t of S(t_i-) d_ki /
        n_i (Aalen and Johansen 1978). At every time the survival and the incidences add up to 1.
    """
    days = np.asarray(durations, dtype=np.float64)
    kinds = np.asarray(causes)
    if days.size == 0:
        return np.empty(0), np.empty(0), np.empty((n_causes, 0))
    order = np.argsort(days, kind="stable")
    days, kinds = days[order], kinds[order]
    starts = np.flatnonzero(np.concatenate(([True], days[1:] != days[:-1])))
    at_risk = (days.size - starts).astype(np.float64)
    if late is not None:
        begun = np.sort(late[late > 0.0])
        at_risk = np.maximum(at_risk - begun.size + np.searchsorted(begun, days[starts], side="left"), 1.0)
    hazards = np.empty((n_causes, starts.size))
    for cause in range(n_causes):
        hazards[cause] = np.add.reduceat((kinds == cause).astype(np.float64), starts) / at_risk
    survival = np.cumprod(np.maximum(1.0 - hazards.sum(axis=0), 0.0))
    before = np.concatenate(([1.0], survival[:-1]))
    incidence = np.minimum(np.cumsum(before * hazards, axis=1), 1.0)  # sums of shares may end a rounding above 1
    return days[starts], survival, incidence


def at(times: Floats, values: Floats, when: ArrayLike, *, before: float) -> Floats:
    """Values of a step function at the days `when` (any shape); `before` holds ahead of the first step."""
    index = np.searchsorted(times, np.asarray(when, dtype=np.float64), side="right")
    padded = np.concatenate(([before], values))
    reached: Floats = padded[index]
    return reached


def survival_at(times: Floats, survival: Floats, day: float) -> float:
    """Survival at `day`; NaN where nobody was followed that long and not all events had been seen by then."""
    if times.size == 0 or (day > times[-1] and survival[-1] > 0.0):
        return float("nan")
    return float(at(times, survival, day, before=1.0))


def incidence_at(times: Floats, survival: Floats, incidence: Floats, day: float) -> float:
    """Cumulative incidence of one cause (shape (m,)) at `day`; NaN under the same rule as `survival_at`."""
    if times.size == 0 or (day > times[-1] and survival[-1] > 0.0):
        return float("nan")
    return float(at(times, incidence, day, before=0.0))


def restricted_mean(times: Floats, survival: Floats) -> float:
    """Area under the survival curve up to the longest follow-up, in the unit of the durations; NaN for an empty sample.

    It is the mean where the longest stay was seen to its end, and the mean of min(stay, longest follow-up) otherwise.
    """
    if times.size == 0:
        return float("nan")
    before = np.concatenate(([1.0], survival[:-1]))
    return float(np.sum(before * np.diff(times, prepend=0.0)))


def median_of_incidence(times: Floats, incidence: Floats) -> float:
    """First time at which a cumulative incidence (shape (m,)) reaches half of its last value; NaN where it stays at
    0.
    """
    if times.size == 0 or incidence[-1] <= 0.0:
        return float("nan")
    # A hair below one half, so that rounding in the sums does not push an exact half to the next step.
    return float(times[np.searchsorted(incidence, incidence[-1] * (0.5 - 1e-12), side="left")])

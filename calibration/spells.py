"""Durations in the form that likelihoods want: each distinct value once with its weight, very many of them gathered."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.candidates import Candidate

Floats = NDArray[np.float64]

CLOCK = 1e-7  # days: times closer than this are one time
MANY = 4_000  # distinct durations from which they are gathered in narrow bins
NARROW = (
    3e-3  # relative width of such a bin at most; its mean stands for it, and 1 / sqrt(n) keeps the error of all below 1
)
COARSE = 2e-2  # relative width where laws are only told apart roughly, and
SOME = 600  # distinct durations from which that is worth it


@dataclass(frozen=True)
class Pile:
    """An age at which exits pile up: those from `low` up to `high` count as `day`, and enter as one interval."""

    day: float
    low: float
    high: float
    more: tuple["Pile", ...] = ()  # other ages at which exits pile up, ascending

    @property
    def each(self) -> tuple["Pile", ...]:
        """All of them, this one first."""
        return (self, *self.more)

    def which(self, days: Floats) -> NDArray[np.int64]:
        """In which of them each length lies, counted from 1; 0 where in none."""
        places = np.zeros(days.shape, dtype=np.int64)
        for k, one in enumerate(self.each, 1):
            places[(days >= one.low) & (days < one.high)] = k
        return places


@dataclass(frozen=True)
class Spells:
    """Durations of stays, days, with weights; a stay of no length is known to have ended within `resolution`.

    Attributes:
        times, time_weights: stays seen to end this way, shape (m,).
        open_times, open_weights: stays that ended otherwise or were still open, shape (k,).
        zeros: weight of stays that ended at once.
        piled: weight of stays that ended within the pile; `further` within each of the others.
        grain: relative width of the bins in which times were gathered; 0 where they are exact.
        late_times, late_weights: ages from which stays were watched that began before the watching did, shape (l,). Such a stay
            is in the log only because it lasted so long: its likelihood is divided by the survival to that age (delayed entry).
    """

    times: Floats
    time_weights: Floats
    open_times: Floats
    open_weights: Floats
    zeros: float
    resolution: float
    pile: Pile | None = None
    piled: float = 0.0
    grain: float = 0.0
    late_times: Floats = field(default_factory=lambda: np.empty(0))
    late_weights: Floats = field(default_factory=lambda: np.empty(0))
    further: tuple[float, ...] = ()

    @property
    def heaps(self) -> tuple[tuple[Pile, float], ...]:
        """Every pile with the weight of the stays that ended within it."""
        return () if self.pile is None else tuple(zip(self.pile.each, (self.piled, *self.further), strict=True))

    @property
    def exposure(self) -> float:
        """Days of all stays together, as far as they were watched."""
        total = float(self.time_weights @ self.times) + float(self.open_weights @ self.open_times)
        total -= float(self.late_weights @ self.late_times)
        total += 0.5 * self.resolution * self.zeros
        return total + sum(weight * pile.day for pile, weight in self.heaps)

    @property
    def ended(self) -> float:
        """Weight of the stays seen to end this way."""
        return float(self.time_weights.sum()) + self.zeros + self.piled + sum(self.further)

    def with_open(self, times: Floats, weights: Floats) -> "Spells":
        """The same with other open stays."""
        return replace(self, open_times=times, open_weights=weights)

    def coarse(self) -> "Spells":
        """Fewer durations that say nearly the same."""
        times, time_weights = coarse(self.times, self.time_weights)
        open_times, open_weights = coarse(self.open_times, self.open_weights)
        late_times, late_weights = coarse(self.late_times, self.late_weights)
        return replace(
            self,
            times=times,
            time_weights=time_weights,
            open_times=open_times,
            open_weights=open_weights,
            late_times=late_times,
            late_weights=late_weights,
        )

    def log_likelihood(self, candidate: Candidate, theta: Floats) -> float:
        """Of all durations under one law; minus infinity where it cannot be computed."""
        with np.errstate(all="ignore"):
            total = float(self.time_weights @ candidate.log_density(theta, self.times))
            total += float(self.open_weights @ candidate.log_survival(theta, self.open_times))
            if self.late_times.size:
                total -= float(self.late_weights @ candidate.log_survival(theta, self.late_times))
            if self.zeros:
                total += self.zeros * float(log_mass(candidate, theta, 0.0, self.resolution))
            for pile, weight in self.heaps:
                if weight:
                    total += weight * float(log_mass(candidate, theta, pile.low, pile.high))
        return total if math.isfinite(total) else -math.inf


def log_mass(candidate: Candidate, theta: Floats, low: float, high: float) -> float:
    """Log of the chance to end between two ages."""
    with np.errstate(all="ignore"):
        left = candidate.log_survival(theta, np.array([max(low, 1e-12), high]))
        first = float(left[0]) if low > 0.0 else 0.0
        return first + float(np.log(-np.expm1(float(left[1]) - first)))


def spells(
    days: Floats,
    ended: NDArray[np.bool_],
    resolution: float,
    pile: Pile | None = None,
    width: float | None = None,
    late: Floats | None = None,
) -> Spells:
    """Durations with right-censoring, gathered: `days` and `ended` have shape (n,).

    `width` is the relative width of bins; left out, it follows from how many there are. `late` are the ages from which the stays
    were watched, shape (n,), below `days`; left out, from their beginning.
    """
    piles = np.where(ended, pile.which(days), 0) if pile is not None else np.zeros(days.shape, dtype=np.int64)
    heaped = piles > 0
    positive = days > 0.0
    bins = grain(days.size) if width is None else width
    times, time_weights = gathered(days[ended & positive & ~heaped], bins)
    open_times, open_weights = gathered(days[~ended & positive], bins)
    late_times, late_weights = gathered(late[late > 0.0], bins) if late is not None else (np.empty(0), np.empty(0))
    return Spells(
        times,
        time_weights,
        open_times,
        open_weights,
        float(np.sum(ended & ~positive & ~heaped)),
        resolution,
        pile,
        float(np.sum(piles == 1)),
        bins,
        late_times,
        late_weights,
        tuple(float(np.sum(piles == k)) for k in range(2, 2 + len(pile.more))) if pile is not None else (),
    )


def grain(number: int) -> float:
    """Relative width of the bins in which so many durations are gathered; 0 where each is kept as it is."""
    return 0.0 if number <= MANY else min(NARROW, 1.0 / math.sqrt(number))


def gathered(days: Floats, width: float) -> tuple[Floats, Floats]:
    """Distinct positive durations and how often each is there, or the means of bins of a relative width above 0."""
    if width > 0.0:
        return _binned(days, None, width)
    times, counts = np.unique(days, return_counts=True)
    return times, counts.astype(np.float64)


def snapped(edges: Floats, width: float) -> Floats:
    """Edges of age moved to the nearest border of the bins, so that no bin lies on both sides of one."""
    if width <= 0.0:
        return edges
    with np.errstate(divide="ignore"):
        result: Floats = np.where(edges > 0.0, np.exp(np.round(np.log(edges) / width) * width), edges)
    return result


def coarse(times: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Fewer durations that say nearly the same."""
    return _binned(times, weights, COARSE) if times.size > SOME else (times, weights)


def _binned(times: Floats, weights: Floats | None, width: float) -> tuple[Floats, Floats]:
    """Means and weights of bins of a relative width, by age; without `weights` each duration counts once.

    Nothing is sorted: bins are numbered from the shortest duration on, so the time grows with the number of durations.
    """
    if times.size == 0:
        return times.astype(np.float64), times.astype(np.float64)
    which = np.floor(np.log(times) / width).astype(np.int64)
    which -= which.min()
    total = np.bincount(which, weights=weights)
    sums = np.bincount(which, weights=times if weights is None else weights * times)
    there = total > 0.0
    means: Floats = sums[there] / total[there]
    return means, total[there].astype(np.float64)

"""How far two sets of journeys are from each other: in the order of stages, in lengths, and in when things happen.

The measures are those that process simulation is judged by (Chapela-Campa, Benchekroun, Baron, Dumas, Krass and Senderovich
2025, "A framework for measuring the quality of business process simulation models", Information Systems 127; Camargo,
Dumas and Gonzalez-Rojas 2021): n-gram distance, and the 1-Wasserstein (earth mover's) distance of journey lengths, of
event times since the start, and of arrivals. Times are not put into bins, so distances come in days.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import wasserstein_distance

from sojourn.calibration.samples import Sample
from sojourn.calibration.stays import Floats

Grams = dict[tuple[int, ...], int]
EDGE = -1  # what stands before the first stage of a journey and behind its last


class Distance(NamedTuple):
    """What a distance is called, and its unit."""

    name: str
    unit: str
    about: str  # for people


DISTANCES = (
    Distance("2-grams", "of 1", "which stage follows which"),
    Distance("3-grams", "of 1", "the order of stages, three in a row"),
    Distance("length", "days", "the length of journeys"),
    Distance("timing", "days", "when stages are entered, since the start"),
)
ARRIVALS = Distance("arrivals", "days", "when customers come")


def n_grams(sample: Sample, n: int) -> Grams:
    """How often each run of n stages occurs; journeys are lengthened at both ends by n - 1 places that hold nothing."""
    who, stage = sample.customer, sample.stage
    people, begins, lengths = np.unique(who, return_index=True, return_counts=True)
    padded = lengths + 2 * (n - 1)
    starts = np.cumsum(padded) - padded
    rows = np.full(int(padded.sum()), EDGE, dtype=np.int64)
    own = np.arange(who.size) - np.repeat(begins, lengths)
    rows[np.repeat(starts, lengths) + (n - 1) + own] = stage
    owner = np.repeat(np.arange(people.size), padded)
    if rows.size < n:
        return {}
    windows = np.lib.stride_tricks.sliding_window_view(rows, n)
    whole = owner[: windows.shape[0]] == owner[n - 1 :]
    grams, counts = np.unique(windows[whole], axis=0, return_counts=True)
    return {tuple(gram): count for gram, count in zip(grams.tolist(), counts.tolist(), strict=True)}


def gram_distance(one: Grams, other: Grams) -> float:
    """Sum of the absolute differences of counts over the sum of all counts: 0 (alike) to 1 (nothing in common).

    Counts are a journey: sets of different sizes may be laid beside. NaN where either is empty.
    """
    a, b = _journeys(one), _journeys(other)
    if not a or not b:
        return float("nan")
    apart = sum(abs(one.get(gram, 0) / a - other.get(gram, 0) / b) for gram in {*one, *other})
    return apart / (sum(one.values()) / a + sum(other.values()) / b)


def _journeys(grams: Grams) -> int:
    """How many journeys there were: as many as runs that hold a first stage and nothing before it."""
    return sum(count for gram, count in grams.items() if gram[-1] != EDGE and all(place == EDGE for place in gram[:-1]))


def lengths(sample: Sample) -> Floats:
    """Days from each customer's first event to the last that was seen; shape (customers with an event,)."""
    last = np.flatnonzero(np.diff(sample.customer, append=-1))
    first = np.flatnonzero(np.diff(sample.customer, prepend=-1))
    days: Floats = sample.entry[last] - sample.entry[first]
    return days


def timings(sample: Sample) -> Floats:
    """Days since the start at which stages were entered, the first entries left out; shape (entries,)."""
    first = np.diff(sample.customer, prepend=-1) != 0
    days: Floats = sample.entry[~first]
    return days


class Traits(NamedTuple):
    """What the distances need of a sample."""

    pairs: Grams
    triples: Grams
    lengths: Floats
    timings: Floats
    arrivals: Floats  # days at which customers came; empty where that is not asked


def traits(sample: Sample, arrivals: Floats) -> Traits:
    """What the distances need of a sample."""
    return Traits(
        n_grams(sample, 2), n_grams(sample, 3), np.sort(lengths(sample)), np.sort(timings(sample)), np.sort(arrivals)
    )


def between(one: Traits, other: Traits) -> tuple[float, ...]:
    """All distances of two samples, in the order of `DISTANCES`, then that of `ARRIVALS`; NaN where one has nothing."""
    return (
        gram_distance(one.pairs, other.pairs),
        gram_distance(one.triples, other.triples),
        earth_movers(one.lengths, other.lengths),
        earth_movers(one.timings, other.timings),
        earth_movers(one.arrivals, other.arrivals),
    )


def earth_movers(one: Floats, other: Floats) -> float:
    """1-Wasserstein distance of two samples of times: the area between their distribution functions, in days."""
    if not one.size or not other.size:
        return float("nan")
    if one.size == other.size:
        return float(np.mean(np.abs(np.sort(one) - np.sort(other))))
    return float(wasserstein_distance(one, other))


def all_pairs(samples: list[Traits]) -> Floats:
    """Distances between all samples; shape (distances, samples, samples), symmetric, 0 on the diagonals."""
    number = len(samples)
    found = np.zeros((len(DISTANCES) + 1, number, number))
    for i in range(number):
        for j in range(i + 1, number):
            found[:, i, j] = found[:, j, i] = between(samples[i], samples[j])
    return found


def mean_of_others(pairs: Floats) -> Floats:
    """Mean distance of each sample to all others; `pairs` of shape (n, n), result (n,)."""
    mean: Floats = pairs.sum(axis=1) / (pairs.shape[0] - 1)
    return mean

"""Fits laws to durations of which some were still running when the watching ended.

A stay that was seen to its end contributes its density, one that was still open contributes its survival, and one of
zero length (a log by the day cannot see less than a day) contributes the chance of ending within the resolution of
the log. Nothing is left out: the mean of the finished stays alone is kept beside as `naive_mean`, to show what
leaving the others out would have said.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sojourn.calibration.candidates import CANDIDATES, Candidate

Floats = NDArray[np.float64]
Cost = Callable[[Floats], float]

FEW = 10  # below so many finished stays a shape cannot be told, and only the exponential law is fitted
LONGEST = math.log(9e11)  # the scenario format takes means and medians to 1e12 days
MARGIN = 2.0  # laws whose AIC is within this of the best explain the data as well; the simplest of them is taken


@dataclass(frozen=True)
class LawFit:
    """A law fitted to right-censored durations, in days.

    Attributes:
        law: name of the law in the scenario format.
        parameters: by name, as the scenario file states them.
        errors: standard error of each parameter, from the Hessian of the log-likelihood.
        complete: stays seen to their end (by this exit); `zeros` of them had no length.
        censored: stays that ended otherwise or were still open.
        aic: Akaike's criterion of every law tried (empty for a fixed value).
        mean: mean of the law, days; infinite where the law has none. `mean_error` is its standard error (delta method).
        naive_mean: mean of the finished stays alone, days, the estimate that drops the others; None where there are
        none.
    """

    law: str
    parameters: dict[str, float]
    errors: dict[str, float]
    complete: int
    censored: int
    zeros: int
    log_likelihood: float
    mean: float
    mean_error: float
    naive_mean: float | None
    aic: dict[str, float] = field(default_factory=dict)

    @property
    def free(self) -> int:
        """How many parameters were fitted."""
        return len(self.errors)


@dataclass(frozen=True)
class _Sample:
    """Durations, each distinct value once with its count."""

    times: Floats
    time_counts: Floats
    open_times: Floats
    open_counts: Floats
    zeros: int
    resolution: float

    def log_likelihood(self, candidate: Candidate, theta: Floats) -> float:
        """Of all durations under one law; minus infinity where it cannot be computed."""
        with np.errstate(all="ignore"):
            total = float(self.time_counts @ candidate.log_density(theta, self.times))
            total += float(self.open_counts @ candidate.log_survival(theta, self.open_times))
            if self.zeros:
                left = candidate.log_survival(theta, np.array([self.resolution]))
                total += self.zeros * float(np.log(-np.expm1(left))[0])
        return total if math.isfinite(total) else -math.inf


def fit_law(
    durations: ArrayLike,
    ended: ArrayLike,
    *,
    resolution: float = 0.0,
    laws: Sequence[str] = tuple(CANDIDATES),
) -> LawFit:
    """The law that explains durations best, by maximum likelihood with right-censoring and Akaike's criterion.

    Args:
        durations: shape (n,), days, not negative.
        ended: shape (n,), true where the end was seen, false where the stay was censored.
        resolution: the finest difference of times that the log can show, days; a finished stay of length zero counts
        as one
            that ended within it. Left out: half the shortest positive duration.
        laws: names of the laws to try.

    Returns:
        The simplest law whose AIC is within 2 of the best. With fewer than 10 finished stays it is the exponential
        law. Where all finished stays (10 or more) have one length that no open stay exceeds, it is that fixed value.

    Raises:
        ValueError: if no stay ended, a duration is negative or not finite, or shapes differ.
    """
    days = np.asarray(durations, dtype=np.float64)
    seen = np.asarray(ended, dtype=np.bool_)
    if days.shape != seen.shape or days.ndim != 1:
        raise ValueError(f"durations have shape {days.shape}, ended has {seen.shape}: both must be (n,)")
    if not np.all(np.isfinite(days)) or np.any(days < 0.0):
        raise ValueError("durations must be finite and not negative")
    done = days[seen]
    if done.size == 0:
        raise ValueError("no stay was seen to its end: nothing to fit")
    positive = days[days > 0.0]
    if positive.size == 0:
        return _fixed(0.0, done, days.size - done.size)
    step = resolution if resolution > 0.0 else 0.5 * float(positive.min())
    spread = float(done.max() - done.min())
    open_past = days[~seen].max(initial=0.0) > done.max() * (1.0 + 1e-9)
    if done.size >= FEW and spread <= 1e-9 * float(done.max()) and not open_past:
        return _fixed(float(done.max()), done, days.size - done.size)
    times, time_counts = np.unique(done[done > 0.0], return_counts=True)
    open_times, open_counts = np.unique(days[~seen & (days > 0.0)], return_counts=True)
    zeros = int(np.sum(done == 0.0))
    sample = _Sample(times, time_counts.astype(np.float64), open_times, open_counts.astype(np.float64), zeros, step)
    exposure = float(days.sum()) + 0.5 * step * zeros
    start = math.log(exposure / done.size)
    tried = {name: _fit_one(sample, name, start) for name in (laws if done.size >= FEW else ("exponential",))}
    fits = {name: result for name, result in tried.items() if result is not None}
    if not fits:  # every shape ran off to a limit: the exponential law has none
        fits = {"exponential": _fit_one(sample, "exponential", start) or (np.array([start]), np.ones((1, 1)), 0.0)}
    aic = {name: 2.0 * len(theta) - 2.0 * value for name, (theta, _, value) in fits.items()}
    good = [name for name in fits if aic[name] <= min(aic.values()) + MARGIN]
    best = min(good, key=lambda name: (len(fits[name][0]), aic[name]))
    theta, covariance, value = fits[best]
    mean, mean_error = _mean(CANDIDATES[best], theta, covariance)
    names = CANDIDATES[best].parameters
    relative = np.sqrt(np.diag(covariance))
    return LawFit(
        law=best,
        parameters={name: math.exp(theta[k]) for k, name in enumerate(names)},
        errors={name: math.exp(theta[k]) * float(relative[k]) for k, name in enumerate(names)},
        complete=int(done.size),
        censored=int(days.size - done.size),
        zeros=zeros,
        log_likelihood=value,
        mean=mean,
        mean_error=mean_error,
        naive_mean=float(done.mean()),
        aic=aic,
    )


def _fixed(value: float, done: Floats, censored: int) -> LawFit:
    return LawFit(
        law="deterministic",
        parameters={"value": value},
        errors={},
        complete=int(done.size),
        censored=censored,
        zeros=int(np.sum(done == 0.0)),
        log_likelihood=0.0,
        mean=value,
        mean_error=0.0,
        naive_mean=float(done.mean()),
    )


def _fit_one(sample: _Sample, name: str, start: float) -> tuple[Floats, Floats, float] | None:
    """Parameters (logs), their covariance, and the log-likelihood; None where a shape runs off to a limit."""
    candidate = CANDIDATES[name]
    first = np.zeros(len(candidate.parameters))
    first[0] = start
    # Twelve in logs is a factor of 160,000 in days; shapes and sigmas stay inside what the scenario format takes.
    shapes = (math.log(0.02), math.log(9.5)) if name == "lognormal" else (math.log(0.06), math.log(50.0))
    limits = np.array([(start - 12.0, min(start + 12.0, LONGEST)), *([shapes] * (len(first) - 1))])

    def cost(theta: Floats) -> float:
        return min(-sample.log_likelihood(candidate, theta), 1e300)

    theta = _lowest(cost, first, limits)
    if cost(theta) >= 1e300 or np.any((theta <= limits[:, 0]) | (theta >= limits[:, 1])):
        return None
    hessian = _hessian(cost, theta)
    if not np.all(np.isfinite(hessian)) or np.any(np.linalg.eigvalsh(hessian) <= 0.0):
        return None
    covariance: Floats = np.asarray(np.linalg.inv(hessian), dtype=np.float64)
    return theta, covariance, -cost(theta)


STEP = 1e-3  # of differences in logs: far above rounding of a log-likelihood, far below its curvature
CLOSE = 1e-9  # expected gain, in units of log-likelihood, at which the search ends


def _lowest(cost: Cost, theta: Floats, limits: Floats) -> Floats:
    """Where a smooth cost of one or two parameters is least: Newton's steps, shortened until they go down.

    (A general optimiser spends far longer on its own bookkeeping than on so small a problem.)
    """
    here = cost(theta)
    for _ in range(100):
        slope = _gradient(cost, theta)
        values, vectors = np.linalg.eigh(_hessian(cost, theta))
        if not (np.all(np.isfinite(values)) and np.all(np.isfinite(slope))):
            return theta
        # Where the cost curves downwards, its size still tells how far to go.
        curvature = np.maximum(np.abs(values), 1e-6 * max(float(np.abs(values).max()), 1e-12))
        move = -(vectors @ ((vectors.T @ slope) / curvature))
        move *= min(1.0, 2.0 / max(float(np.abs(move).max()), 1e-300))
        if abs(float(slope @ move)) < CLOSE:
            return theta
        for _ in range(30):
            there = np.clip(theta + move, limits[:, 0], limits[:, 1])
            value = cost(there)
            if value < here:
                break
            move = 0.5 * move
        else:
            return theta
        theta, here = there, value
    return theta


def _gradient(cost: Cost, theta: Floats) -> Floats:
    moves = np.eye(theta.size) * STEP
    return np.array([(cost(theta + move) - cost(theta - move)) / (2.0 * STEP) for move in moves])


def _hessian(cost: Cost, theta: Floats) -> Floats:
    """Second derivatives by central differences, shape (k, k)."""
    size = theta.size
    moves = np.eye(size) * STEP
    middle = cost(theta)
    result = np.empty((size, size))
    for i in range(size):
        result[i, i] = (cost(theta + moves[i]) - 2.0 * middle + cost(theta - moves[i])) / STEP**2
        for j in range(i):
            corners = (
                cost(theta + moves[i] + moves[j])
                - cost(theta + moves[i] - moves[j])
                - cost(theta - moves[i] + moves[j])
                + cost(theta - moves[i] - moves[j])
            )
            result[i, j] = result[j, i] = corners / (4.0 * STEP**2)
    return result


def _mean(candidate: Candidate, theta: Floats, covariance: Floats) -> tuple[float, float]:
    """Mean of a law and its standard error by the delta method on the log mean."""
    log_mean = candidate.log_mean(theta)
    if not math.isfinite(log_mean) or log_mean > 50.0:
        return math.inf, math.inf
    slope = _gradient(candidate.log_mean, theta)
    variance = float(slope @ covariance @ slope)
    return math.exp(log_mean), math.exp(log_mean) * math.sqrt(max(variance, 0.0))

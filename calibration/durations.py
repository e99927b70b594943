"""Fits laws to durations of which some were still running when the watching ended.

A stay that was seen to its end contributes its density, one that was still open contributes its survival, and one of
zero length (a log by the day cannot see less than a day) contributes the chance of ending within the resolution of
the log. Nothing is left out: the mean of the finished stays alone is kept beside as `naive_mean`, to show what
leaving the others out would have said.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sojourn.calibration.candidates import CANDIDATES, Candidate
from sojourn.calibration.newton import gradient, hessian, lowest

Floats = NDArray[np.float64]

Maximum = tuple[Floats, Floats, float]  # parameters (logs), their covariance, the log-likelihood
FEW = 10  # below so many finished stays a shape cannot be told, and only the exponential law is fitted
LONGEST = math.log(9e11)  # the scenario format takes means and medians to 1e12 days
LARGE = 20_000  # distinct durations from which a thinned sample is tried first
HOPELESS = 50.0  # a law whose AIC is so much worse on the thinned sample is not tried on all
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
        aic: Akaike's criterion of every law tried (empty for a fixed value; of very many durations hopeless laws are not tried).
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
            total = float(np.sum(self.time_counts * candidate.log_density(theta, self.times)))
            total += float(np.sum(self.open_counts * candidate.log_survival(theta, self.open_times)))
            if self.zeros:
                left = candidate.log_survival(theta, np.array([self.resolution]))
                total += self.zeros * float(np.log(-np.expm1(left))[0])
        return total if math.isfinite(total) else -math.inf

    def thinned(self) -> "_Sample | None":
        """Every so many-th of the distinct durations, if there are very many."""
        step = (self.times.size + self.open_times.size) // (LARGE // 2)
        if step < 2:
            return None
        some = slice(step // 2, None, step)
        return _Sample(
            self.times[some],
            self.time_counts[some],
            self.open_times[some],
            self.open_counts[some],
            self.zeros // step,
            self.resolution,
        )


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
    fits = _fit_all(sample, laws if done.size >= FEW else ("exponential",), start)
    if not fits:  # every shape ran off to a limit: the exponential law has none
        fits = {"exponential": _fit_one(sample, "exponential", start) or (np.array([start]), np.ones((1, 1)), 0.0)}
    aic = _aic(fits)
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


def _fit_all(sample: _Sample, laws: Sequence[str], start: float) -> dict[str, Maximum]:
    """Every law that has a maximum. Of many durations a thinned sample tells where to begin, and which laws to leave."""
    thin = sample.thinned()
    begins: dict[str, Floats] = {}
    if thin is not None:
        first = _fit_all(thin, laws, start)
        aic = _aic(first)
        laws = [name for name in laws if name not in aic or aic[name] <= min(aic.values()) + HOPELESS]
        begins = {name: theta for name, (theta, _, _) in first.items()}
    tried = {name: _fit_one(sample, name, start, begins.get(name)) for name in laws}
    return {name: result for name, result in tried.items() if result is not None}


def _aic(fits: dict[str, Maximum]) -> dict[str, float]:
    return {name: 2.0 * len(theta) - 2.0 * value for name, (theta, _, value) in fits.items()}


def _fit_one(sample: _Sample, name: str, start: float, begin: Floats | None = None) -> Maximum | None:
    """The maximum of a law's likelihood; None where a shape runs off to a limit."""
    candidate = CANDIDATES[name]
    first = np.zeros(len(candidate.parameters))
    first[0] = start
    first = first if begin is None else begin
    # Twelve in logs is a factor of 160,000 in days; shapes and sigmas stay inside what the scenario format takes.
    shapes = (math.log(0.02), math.log(9.5)) if name == "lognormal" else (math.log(0.06), math.log(50.0))
    limits = np.array([(start - 12.0, min(start + 12.0, LONGEST)), *([shapes] * (len(first) - 1))])

    def cost(theta: Floats) -> float:
        return min(-sample.log_likelihood(candidate, theta), 1e300)

    theta = lowest(cost, first, limits)
    if cost(theta) >= 1e300 or np.any((theta <= limits[:, 0]) | (theta >= limits[:, 1])):
        return None
    curvature = hessian(cost, theta)
    if not np.all(np.isfinite(curvature)) or np.any(np.linalg.eigvalsh(curvature) <= 0.0):
        return None
    covariance: Floats = np.asarray(np.linalg.inv(curvature), dtype=np.float64)
    return theta, covariance, -cost(theta)


def _mean(candidate: Candidate, theta: Floats, covariance: Floats) -> tuple[float, float]:
    """Mean of a law and its standard error by the delta method on the log mean."""
    log_mean = candidate.log_mean(theta)
    if not math.isfinite(log_mean) or log_mean > 50.0:
        return math.inf, math.inf
    slope = gradient(candidate.log_mean, theta)
    variance = float(slope @ covariance @ slope)
    return math.exp(log_mean), math.exp(log_mean) * math.sqrt(max(variance, 0.0))

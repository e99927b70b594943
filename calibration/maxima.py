"""Maxima of likelihoods: a law fitted to spells, with the covariance of its parameters."""

import math
from collections.abc import Mapping

import numpy as np

from sojourn.calibration.candidates import Candidate
from sojourn.calibration.newton import gradient, hessian, lowest
from sojourn.calibration.spells import Floats, Spells

Maximum = tuple[Floats, Floats, float]  # parameters (logs, log odds of shares), their covariance, the log-likelihood
LONGEST = math.log(9e11)  # the scenario format takes means and medians to 1e12 days
REACH = 12.0  # in logs: a factor of 160,000 in days
ODDS = 7.0  # log odds of a share: from one in a thousand to all but one in a thousand
HOPELESS = 10.0  # a law whose AIC is so much worse on a coarse sample is not tried on all
HEAPED = ("share", "share2", "share3")  # shares that leave at one age each
SHARES = ("never", *HEAPED)  # parameters that are log odds


def maximum(sample: Spells, candidate: Candidate, begin: Floats | None = None) -> Maximum | None:
    """The maximum of a law's likelihood; None where a parameter runs off to a limit."""
    start = math.log(sample.exposure / sample.ended)
    bounds = limits(candidate, start)
    first = np.zeros(len(candidate.parameters))
    first[0] = start
    for k, name in enumerate(candidate.parameters):
        if name in SHARES:
            first[k] = -1.5
    first = np.clip(first if begin is None else begin, bounds[:, 0] + 1e-6, bounds[:, 1] - 1e-6)

    def cost(theta: Floats) -> float:
        return min(-sample.log_likelihood(candidate, theta), 1e300)

    theta = lowest(cost, first, bounds)
    if cost(theta) >= 1e300 or np.any((theta <= bounds[:, 0]) | (theta >= bounds[:, 1])):
        return None
    curvature = hessian(cost, theta)
    if not np.all(np.isfinite(curvature)) or np.any(np.linalg.eigvalsh(curvature) <= 0.0):
        return None
    covariance: Floats = np.asarray(np.linalg.inv(curvature), dtype=np.float64)
    return theta, covariance, -cost(theta)


def maxima(
    sample: Spells, candidates: Mapping[str, Candidate], begins: Mapping[str, Floats] | None = None
) -> dict[str, Maximum]:
    """The maxima of several laws, by name. Of many durations a coarse sample tells where to begin, and which are hopeless."""
    begins = begins or {}
    rough = sample.coarse()
    if rough.times.size + rough.open_times.size < sample.times.size + sample.open_times.size:
        first = {name: maximum(rough, law, begins.get(name)) for name, law in candidates.items()}
        scores = {name: 2.0 * one[0].size - 2.0 * one[2] for name, one in first.items() if one is not None}
        kept = [name for name, score in scores.items() if score <= min(scores.values()) + HOPELESS]
        begins = {name: one[0] for name, one in first.items() if one is not None}
        candidates = {name: candidates[name] for name in kept} or candidates
    tried = {name: maximum(sample, law, begins.get(name)) for name, law in candidates.items()}
    return {name: one for name, one in tried.items() if one is not None}


def limits(candidate: Candidate, start: float) -> Floats:
    """Bounds of a law's parameters, shape (k, 2); shapes and sigmas stay inside what the scenario format takes."""
    bounds = [(start - REACH, min(start + REACH, LONGEST))]
    for name in candidate.parameters[1:]:
        if name in SHARES:
            bounds.append((-ODDS, ODDS))
        elif name == "sigma":
            bounds.append((math.log(0.02), math.log(9.5)))
        else:
            bounds.append((math.log(0.06), math.log(50.0)))
    return np.array(bounds)


def mean(candidate: Candidate, theta: Floats, covariance: Floats) -> tuple[float, float]:
    """Mean of a law and its standard error by the delta method on the log mean."""
    log_mean = candidate.log_mean(theta)
    if not math.isfinite(log_mean) or log_mean > 50.0:
        return math.inf, math.inf
    slope = gradient(candidate.log_mean, theta)
    variance = float(slope @ covariance @ slope)
    return math.exp(log_mean), math.exp(log_mean) * math.sqrt(max(variance, 0.0))

"""The laws that a set of durations may follow: their likelihoods and their means, in the parameters that the file
states.

Every function takes `theta`, the logarithms of a law's parameters in the order of its `parameters`, so that any real
numbers are valid and standard errors are relative ones.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, gammaln, log_ndtr

Floats = NDArray[np.float64]

LOG_2 = math.log(2.0)
HALF_LOG_2_PI = 0.5 * math.log(2.0 * math.pi)


class Candidate(NamedTuple):
    """A law with positive times: names of its parameters, log density and log survival at times > 0, and log mean."""

    parameters: tuple[str, ...]
    log_density: Callable[[Floats, Floats], Floats]
    log_survival: Callable[[Floats, Floats], Floats]
    log_mean: Callable[[Floats], float]


def _exponential_survival(theta: Floats, t: Floats) -> Floats:
    result: Floats = -t * math.exp(-theta[0])
    return result


def _exponential_density(theta: Floats, t: Floats) -> Floats:
    result: Floats = _exponential_survival(theta, t) - theta[0]
    return result


def _weibull_survival(theta: Floats, t: Floats) -> Floats:
    # H(t) = ln 2 (t / median)^shape: the median is where half are gone.
    result: Floats = -LOG_2 * np.exp(math.exp(theta[1]) * (np.log(t) - theta[0]))
    return result


def _weibull_density(theta: Floats, t: Floats) -> Floats:
    shape = math.exp(theta[1])
    result: Floats = (
        math.log(LOG_2) + theta[1] - theta[0] + (shape - 1.0) * (np.log(t) - theta[0]) + _weibull_survival(theta, t)
    )
    return result


def _weibull_log_mean(theta: Floats) -> float:
    inverse = math.exp(-theta[1])
    return float(theta[0] - inverse * math.log(LOG_2) + gammaln(1.0 + inverse))


def _lognormal_survival(theta: Floats, t: Floats) -> Floats:
    result: Floats = log_ndtr((theta[0] - np.log(t)) * math.exp(-theta[1]))
    return result


def _lognormal_density(theta: Floats, t: Floats) -> Floats:
    z = (np.log(t) - theta[0]) * math.exp(-theta[1])
    result: Floats = -0.5 * z * z - HALF_LOG_2_PI - theta[1] - np.log(t)
    return result


def _loglogistic_survival(theta: Floats, t: Floats) -> Floats:
    result: Floats = -np.logaddexp(0.0, math.exp(theta[1]) * (np.log(t) - theta[0]))
    return result


def _loglogistic_density(theta: Floats, t: Floats) -> Floats:
    y = math.exp(theta[1]) * (np.log(t) - theta[0])
    result: Floats = theta[1] - np.log(t) + y - 2.0 * np.logaddexp(0.0, y)
    return result


def _loglogistic_log_mean(theta: Floats) -> float:
    shape = math.exp(theta[1])
    if shape <= 1.0:
        return math.inf
    return float(theta[0] + math.log(math.pi / shape) - math.log(math.sin(math.pi / shape)))


def _gamma_survival(theta: Floats, t: Floats) -> Floats:
    shape = math.exp(theta[1])
    x = t * shape * math.exp(-theta[0])
    share = gammaincc(shape, x)
    # Where the tail underflows: its leading asymptotic term.
    tail = (shape - 1.0) * np.log(x) - x - gammaln(shape)
    result: Floats = np.where(share > 1e-280, np.log(np.maximum(share, 1e-300)), tail)
    return result


def _gamma_density(theta: Floats, t: Floats) -> Floats:
    shape = math.exp(theta[1])
    log_x = np.log(t) + theta[1] - theta[0]
    result: Floats = shape * log_x - np.exp(log_x) - gammaln(shape) - np.log(t)
    return result


CANDIDATES: dict[str, Candidate] = {
    "exponential": Candidate(("mean",), _exponential_density, _exponential_survival, lambda theta: float(theta[0])),
    "weibull": Candidate(("median", "shape"), _weibull_density, _weibull_survival, _weibull_log_mean),
    "lognormal": Candidate(
        ("median", "sigma"),
        _lognormal_density,
        _lognormal_survival,
        lambda theta: float(theta[0] + 0.5 * math.exp(2.0 * theta[1])),
    ),
    "loglogistic": Candidate(("median", "shape"), _loglogistic_density, _loglogistic_survival, _loglogistic_log_mean),
    "gamma": Candidate(("mean", "shape"), _gamma_density, _gamma_survival, lambda theta: float(theta[0])),
}

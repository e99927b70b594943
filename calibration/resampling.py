"""Draws of a few numbers from what data say of them: their likelihood with weak priors, by importance resampling.

A t law, centred where the posterior is highest and as wide as its curvature says, proposes; a second round is as wide as the
first round found the posterior to be, so that ridges and skewness are followed (adaptive importance sampling; Oh and Berger
1992). Proposals are weighted by posterior over proposal and drawn again by weight (Rubin 1988). The mean weight is the evidence.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from sojourn.calibration.newton import Cost, Floats, hessian

FREEDOM = 5.0  # of the t law: tails heavier than any posterior here
FIRST = 80  # proposals of the first round for each number that is drawn
EACH = 2  # proposals of the second round for each draw wanted
WIDER = 1.2  # factor on the covariance of proposals
FEWEST = 12.0  # effective proposals of the first round for each number, below which their spread says nothing


class Cloud(NamedTuple):
    """Draws, shape (count, k), and the logarithm of the evidence: the integral of likelihood times prior."""

    draws: Floats
    log_evidence: float


def roughly(cost: Cost, middle: Floats) -> float:
    """The logarithm of the evidence, were the posterior as normal as it is at its middle (Laplace); -inf where it is not."""
    curvature = hessian(cost, middle)
    sign, size = np.linalg.slogdet(curvature) if np.all(np.isfinite(curvature)) else (0.0, 0.0)
    return -cost(middle) + 0.5 * (middle.size * math.log(2.0 * math.pi) - float(size)) if sign > 0.0 else -math.inf


def rounds(cost: Cost, middle: Floats, limits: Floats, count: int, rng: np.random.Generator) -> Cloud:
    """Draws from the law with density proportional to exp(-cost) within `limits`, shape (k, 2).

    Args:
        cost: negative logarithm of likelihood times prior, of k numbers.
        middle: where it is least, or nearly.
        limits: outside of which there is nothing.
        count: how many draws.
        rng: what decides.
    """
    covariance = spread(hessian(cost, middle), limits)
    first = _proposed(cost, middle, covariance, limits, FIRST * middle.size, rng)
    places, logs = first
    weights = np.exp(logs - logs.max())
    effective = float(weights.sum() ** 2 / np.sum(weights**2))
    if middle.size > 1 and effective > FEWEST * middle.size:
        centre = weights @ places / weights.sum()
        apart = places - centre
        covariance = (apart * weights[:, None]).T @ apart / weights.sum()
        middle = centre
    places, logs = _proposed(cost, middle, covariance, limits, EACH * count, rng)
    most = float(logs.max())
    weights = np.exp(logs - most)
    return Cloud(places[_systematic(weights, count, rng)], most + math.log(float(weights.mean())))


def spread(curvature: Floats, limits: Floats) -> Floats:
    """The inverse of the curvature; where that is flat or falls off, a quarter of what the limits allow."""
    widest = 0.25 * (limits[:, 1] - limits[:, 0])
    if not np.all(np.isfinite(curvature)):
        return np.diag(np.minimum(widest, 1.0) ** 2)
    values, vectors = np.linalg.eigh(curvature)
    kept = np.maximum(values, 1.0 / float(np.max(widest)) ** 2)
    return np.asarray((vectors / kept) @ vectors.T)


def _proposed(
    cost: Cost, middle: Floats, covariance: Floats, limits: Floats, number: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Proposals, shape (number, k), and the logarithm of posterior over proposal of each."""
    size = middle.size
    root = np.linalg.cholesky(WIDER * covariance + 1e-12 * np.eye(size))
    normal = rng.standard_normal((number, size))
    scale = np.sqrt(FREEDOM / rng.chisquare(FREEDOM, number))
    places = middle + (normal * scale[:, None]) @ root.T
    squares = np.sum(normal**2, axis=1) * scale**2
    constant = gammaln((FREEDOM + size) / 2.0) - gammaln(FREEDOM / 2.0) - 0.5 * size * math.log(FREEDOM * math.pi)
    density = constant - float(np.log(np.diag(root)).sum()) - 0.5 * (FREEDOM + size) * np.log1p(squares / FREEDOM)
    inside = np.all((places > limits[:, 0]) & (places < limits[:, 1]), axis=1)
    logs = np.full(number, -np.inf)
    logs[inside] = [-cost(place) for place in places[inside]]
    logs -= density
    return places, np.where(np.isnan(logs), -np.inf, logs)


def _systematic(weights: Floats, count: int, rng: np.random.Generator) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Indices drawn by weight with one uniform number, evenly spaced, in an order of chance."""
    steps = (np.arange(count) + rng.random()) / count
    picked = np.searchsorted(np.cumsum(weights) / weights.sum(), steps)
    return rng.permutation(np.minimum(picked, weights.size - 1))

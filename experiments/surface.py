"""A smooth surface through noisy figures: a Gaussian process, with which a search knows where to look next.

Kernel: Matérn 5/2 with a length for each number; constant mean; nugget. Lengths, height and nugget maximise the marginal
likelihood (Rasmussen and Williams 2006, eq. 5.8 and 4.17). Expected improvement after Jones, Schonlau and Welch 1998.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, cholesky
from scipy.optimize import minimize
from scipy.special import ndtr

from sojourn.sim.journeys import Floats

SHORTEST, LONGEST = 0.05, 20.0  # lengths, in the unit cube
QUIETEST = 1e-8  # nugget as a share of the variance of the figures
STARTS = ((0.5, 1e-2), (2.0, 1e-4), (0.2, 1e-1))  # (length, nugget) from which the likelihood is climbed


@dataclass(frozen=True)
class Surface:
    """A fitted surface; `at` reads it."""

    points: Floats  # (n, k), in the unit cube
    mean: float
    scale: float
    lengths: Floats  # (k,)
    height: float  # variance, as a share of scale squared
    nugget: float  # variance of a figure about the surface, as a share of scale squared
    weights: Floats  # (n,)
    factor: Floats  # (n, n), lower triangle

    def at(self, points: Floats) -> tuple[Floats, Floats]:
        """Mean and standard error of the surface (not of a new figure) at points of shape (m, k); both of shape (m,)."""
        cross = self.height * matern(points, self.points, self.lengths)
        mean = self.mean + self.scale * (cross @ self.weights)
        solved = cho_solve((self.factor, True), cross.T)
        left = np.maximum(self.height - np.einsum("ij,ji->i", cross, solved), 0.0)
        return mean, self.scale * np.sqrt(left)


def fitted(points: Floats, figures: Floats, like: Surface | None = None) -> Surface:
    """The surface of figures (n,) at points (n, k) of the unit cube; n is at least 2.

    `like` gives lengths, height and nugget; they are estimated where it is None.
    """
    mean, scale = float(figures.mean()), float(figures.std())
    if not scale > 0.0:
        scale = max(abs(mean), 1.0) * 1e-9
    target = (figures - mean) / scale
    if like is not None:
        return _through(points, target, mean, scale, like.lengths, like.height, like.nugget)
    size = points.shape[1]
    bounds = [(math.log(SHORTEST), math.log(LONGEST))] * size + [(math.log(1e-2), math.log(1e4))]
    bounds += [(math.log(QUIETEST), 0.0)]
    best: tuple[float, Floats] = math.inf, np.zeros(size + 2)
    for length, nugget in STARTS:
        start = np.array([*[math.log(length)] * size, 0.0, math.log(nugget)])
        found = minimize(_unlikely, start, args=(points, target), method="L-BFGS-B", bounds=bounds)
        if found.fun < best[0]:
            best = float(found.fun), found.x
    lengths, height, nugget = np.exp(best[1][:size]), math.exp(best[1][size]), math.exp(best[1][-1])
    return _through(points, target, mean, scale, lengths, height, nugget)


def _through(
    points: Floats, target: Floats, mean: float, scale: float, lengths: Floats, height: float, nugget: float
) -> Surface:
    covariance = height * matern(points, points, lengths) + nugget * np.eye(target.size)
    factor = cholesky(covariance, lower=True)
    return Surface(points, mean, scale, lengths, height, nugget, cho_solve((factor, True), target), factor)


def matern(a: Floats, b: Floats, lengths: Floats) -> Floats:
    """Matérn 5/2 correlations between points of shapes (m, k) and (n, k); shape (m, n)."""
    away = math.sqrt(5.0) * np.sqrt(np.maximum(_squared(a / lengths, b / lengths), 0.0))
    near: Floats = (1.0 + away + away * away / 3.0) * np.exp(-away)
    return near


def improvement(mean: Floats, error: Floats, best: float) -> Floats:
    """Expected gain over `best` of figures that are normal with these means and errors; shape as theirs."""
    error = np.maximum(error, 1e-300)
    z = (mean - best) / error
    gain: Floats = error * (z * ndtr(z) + np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi))
    return np.maximum(gain, 0.0)


def _squared(a: Floats, b: Floats) -> Floats:
    away: Floats = np.sum(a * a, 1)[:, None] + np.sum(b * b, 1)[None] - 2.0 * a @ b.T
    return away


def _unlikely(numbers: Floats, points: Floats, target: Floats) -> float:
    """Minus the logarithm of the marginal likelihood, but for a constant."""
    size = points.shape[1]
    lengths, height, nugget = np.exp(numbers[:size]), math.exp(numbers[size]), math.exp(numbers[-1])
    try:
        factor = cholesky(height * matern(points, points, lengths) + nugget * np.eye(target.size), lower=True)
    except np.linalg.LinAlgError:
        return 1e25
    return float(0.5 * target @ cho_solve((factor, True), target) + np.log(np.diag(factor)).sum())

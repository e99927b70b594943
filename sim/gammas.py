"""The gamma law at many ages at once, for what is computed before a run.

scipy knows it as well, and `laws` uses that, but loading scipy would take longer than everything that `validate` computes.
"""

import math

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios.laws import risen

Floats = NDArray[np.float64]
CLOSE = 1e-16
FAR = (
    1e16  # exposure from which on H(age) is the age, to all digits: the rest, some log(age), is below the last of them
)


def exposures(shape: float, ages: Floats) -> Floats:
    """H = -log Q(shape, age) at each age, scale 1, as `laws.log_gamma_tail` has it but for some 1e-13.

    Up to shape + 1 by the power series of 1 - Q, beyond by Legendre's continued fraction of Q (Press et al., Numerical
    Recipes, 6.2).
    """
    x = np.maximum(ages, np.finfo(np.float64).tiny)
    front = shape * np.log(x) - x - math.lgamma(shape)
    early = x < shape + 1.0
    found = np.empty_like(x)
    found[early] = -np.log1p(-np.exp(front[early]) * _series(shape, x[early]))
    found[~early] = -front[~early] - np.log(_fraction(shape, x[~early]))
    return np.where(ages > 0.0, found, 0.0)


def ages(shape: float, wanted: Floats) -> Floats:
    """Ages at which H is as wanted (some 1e-11), scale 1: read off a grid, then Newton's steps of log H against log age."""
    if wanted.size == 0:
        return wanted
    far, wanted = wanted, np.minimum(wanted, FAR)
    reach = 1.0 + shape + 10.0 * math.sqrt(shape) + 2.0 * float(wanted.max())
    start = max(risen((math.log(wanted.min() / 2.0) + math.lgamma(shape + 1.0)) / shape), 1e-300)
    grid = np.geomspace(min(start, reach / 2.0), reach, 2000)
    x = np.exp(np.interp(np.log(wanted), np.log(exposures(shape, grid)), np.log(grid)))
    for _ in range(3):
        now = exposures(shape, x)
        rise = np.exp(shape * np.log(x) - x - math.lgamma(shape) + now) / now  # of log H, by log x
        x = np.maximum(x * np.exp((np.log(wanted) - np.log(now)) / rise), 1e-300)
    return np.where(far > FAR, far, x)


def _series(shape: float, x: Floats) -> Floats:
    term = total = np.full_like(x, 1.0 / shape)
    k = 0
    while np.any(term > CLOSE * total):
        k += 1
        term = term * x / (shape + k)
        total = total + term
    return total


def _fraction(shape: float, x: Floats) -> Floats:
    bottom = x + 1.0 - shape
    ratio, turned = np.full_like(x, 1e300), 1.0 / bottom
    tail, step, k = turned, np.zeros_like(x), 0
    while np.any(np.abs(step - 1.0) > 1e-15) and k < 1000:
        k += 1
        top = k * (shape - k)
        bottom = bottom + 2.0
        turned = 1.0 / (top * turned + bottom)
        ratio = bottom + top / ratio
        step = ratio * turned
        tail = tail * step
    return tail

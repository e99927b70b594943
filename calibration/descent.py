"""Where a smooth function of many numbers is least, given its gradient; with the inverse of its curvature there."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from sojourn.calibration.newton import Floats

STEP = 1e-3  # of differences of the gradient
CLOSE = 1e-8  # expected gain, in units of log-likelihood, at which the search ends
EDGE = 1e-9


def lowest_by_gradient(
    cost: Callable[[Floats], float],
    gradient: Callable[[Floats], Floats],
    first: Floats,
    limits: Floats,
    *,
    near: bool = False,
    bend: Callable[[Floats], Floats] | None = None,
) -> tuple[Floats, Floats] | None:
    """Where the cost is least within `limits`, shape (k, 2), and the inverse of its Hessian, shape (k, k).

    A quasi-Newton search comes near (unless `first` is `near` already), Newton's steps with differences of the gradient end it.
    None where the least lies at a limit, or is no minimum. `bend` gives the Hessian; left out, differences of the gradient do.
    """
    at = first if near else _came_near(cost, gradient, first, limits)
    here = cost(at)
    for _ in range(50):
        if here >= 1e200 or np.any((at <= limits[:, 0] + EDGE) | (at >= limits[:, 1] - EDGE)):
            return None
        slope, curved = gradient(at), curvature(gradient, at) if bend is None else bend(at)
        if not np.all(np.isfinite(curved)):
            return None
        values, vectors = np.linalg.eigh(curved)
        bent = np.maximum(np.abs(values), 1e-8 * max(float(np.abs(values).max()), 1e-12))
        move = -(vectors @ ((vectors.T @ slope) / bent))
        if abs(float(slope @ move)) < CLOSE:
            return (at, np.asarray(np.linalg.inv(curved), dtype=np.float64)) if values[0] > 0.0 else None
        move *= min(1.0, 2.0 / max(float(np.abs(move).max()), 1e-300))
        for _ in range(30):
            there = np.clip(at + move, limits[:, 0], limits[:, 1])
            value = cost(there)
            if value < here:
                break
            move = 0.5 * move
        else:
            # Rounding hides what is left to gain.
            return (at, np.asarray(np.linalg.inv(curved), dtype=np.float64)) if values[0] > 0.0 else None
        at, here = there, value
    return None


def _came_near(
    cost: Callable[[Floats], float], gradient: Callable[[Floats], Floats], first: Floats, limits: Floats
) -> Floats:
    scale = max(abs(cost(first)), 1.0) if cost(first) < 1e200 else 1.0
    found = minimize(
        lambda x: cost(x) / scale,
        first,
        jac=lambda x: gradient(x) / scale,
        method="L-BFGS-B",
        bounds=limits,
        options={"ftol": 1e-12, "gtol": 1e-9, "maxiter": 200},
    )
    return np.asarray(found.x, dtype=np.float64)


def curvature(gradient: Callable[[Floats], Floats], at: Floats) -> Floats:
    """The Hessian by central differences of the gradient, shape (k, k)."""
    result = np.empty((at.size, at.size))
    for k in range(at.size):
        move = np.zeros(at.size)
        move[k] = STEP
        result[k] = (gradient(at + move) - gradient(at - move)) / (2.0 * STEP)
    return np.asarray(0.5 * (result + result.T))

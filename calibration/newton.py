"""Where a smooth function of one or two parameters is least: Newton's method with differences for derivatives.

A general optimiser spends far longer on its own bookkeeping than on so small a problem.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Cost = Callable[[Floats], float]

STEP = 1e-3  # of differences in logs: far above rounding of a log-likelihood, far below its curvature
CLOSE = 1e-9  # expected gain, in units of log-likelihood, at which the search ends


def lowest(cost: Cost, theta: Floats, limits: Floats) -> Floats:
    """Where the cost is least, from `theta` on and within `limits`, shape (k, 2): Newton's steps, shortened to go down."""
    here = cost(theta)
    stuck = False
    for _ in range(100):
        slope = gradient(cost, theta)
        values, vectors = np.linalg.eigh(hessian(cost, theta))
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
        # Twice at a limit: the parameter runs off, and where the others would settle is of no use to anybody.
        at_limit = bool(np.any((theta <= limits[:, 0]) | (theta >= limits[:, 1])))
        if at_limit and stuck:
            return theta
        stuck = at_limit
    return theta


def gradient(cost: Cost, theta: Floats) -> Floats:
    """First derivatives by central differences, shape (k,)."""
    moves = np.eye(theta.size) * STEP
    return np.array([(cost(theta + move) - cost(theta - move)) / (2.0 * STEP) for move in moves])


def hessian(cost: Cost, theta: Floats) -> Floats:
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


def turning(slopes: Callable[[Floats], Floats], theta: Floats) -> Floats:
    """Second derivatives by central differences of the first, shape (k, k)."""
    moves = np.eye(theta.size) * STEP
    rows = np.array([(slopes(theta + move) - slopes(theta - move)) / (2.0 * STEP) for move in moves])
    return np.asarray((rows + rows.T) / 2.0)

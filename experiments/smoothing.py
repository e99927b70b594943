"""A penalised spline through noisy points, for several responses at once, on plain arrays.

Natural cubic splines on a few knots, one for each column of what explains, added up, with the usual penalty on bending. The
basis is turned so that the penalty is diagonal (Demmler and Reinsch 1975): a fit is then a product, and its weight is chosen by
generalised cross-validation (Craven and Wahba 1979) over a grid. Coefficients have the covariance of the Bayesian reading of the
penalty (Wahba 1983), as in the additive models of Strong, Oakley and Brennan (2014).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
KNOTS = 10  # of a column
WEIGHTS = np.concatenate(([0.0], 10.0 ** np.linspace(-6.0, 6.0, 49), [np.inf]))
TINY = 1e-9


class Smooth(NamedTuple):
    """A fit of several responses at n points."""

    basis: Floats  # orthonormal at the points, shape (n, m)
    kept: Floats  # what the penalty leaves of each coefficient, 0 to 1, shape (m,)
    coefficients: Floats  # shape (m, responses)
    residual: Floats  # covariance of the responses about the fit, shape (responses, responses)

    @property
    def fitted(self) -> Floats:
        """Shape (n, responses)."""
        found: Floats = self.basis @ self.coefficients
        return found

    @property
    def freedom(self) -> float:
        """Effective degrees of freedom, the constant among them."""
        return float(self.kept.sum())


class Basis(NamedTuple):
    """What explains, ready to fit any responses at the same points."""

    members: Floats  # orthonormal at the points, shape (n, m)
    bent: Floats  # how much each member is bent, shape (m,)


def smooth(basis: Basis, responses: Floats) -> Smooth:
    """Explain `responses`, shape (n, k); they share one weight of the penalty."""
    n = len(responses)
    kept, coefficients = _fitted(basis, responses[:, None, :])
    away = responses - basis.members @ coefficients[:, 0]
    return Smooth(basis.members, kept[:, 0], coefficients[:, 0], away.T @ away / max(n - float(kept.sum()), 1.0))


def fitted(basis: Basis, responses: Floats) -> Floats:
    """Fits of many sets of responses at once, shape (n, sets, k) like `responses`; each set has a weight of its own."""
    n, sets, k = responses.shape
    _, coefficients = _fitted(basis, responses)
    found: Floats = (basis.members @ coefficients.reshape(-1, sets * k)).reshape(n, sets, k)
    return found


def _fitted(basis: Basis, responses: Floats) -> tuple[Floats, Floats]:
    """What the penalty leaves of each member, shape (m, sets), and the coefficients, shape (m, sets, k)."""
    n, sets, k = responses.shape
    members, bent = basis
    projected = (members.T @ responses.reshape(n, sets * k)).reshape(-1, sets, k)
    square = np.maximum(np.sum(responses**2, axis=0) - np.sum(projected**2, axis=0), 0.0)
    with np.errstate(invalid="ignore"):  # 0 times an infinite weight: what is not bent is not penalised
        kept = np.where(bent > 0.0, 1.0 / (1.0 + WEIGHTS[:, None] * bent), 1.0)  # (weights, m)
    rest = square + np.einsum("wm,msk->wsk", (1.0 - kept) ** 2, projected**2)  # residual sums of squares
    spread = np.var(responses, axis=0)
    part = np.divide(1.0, n * spread, out=np.zeros_like(spread), where=spread > 0.0)
    freedom = np.minimum(kept.sum(axis=1), n - 1.0)
    scores = n * np.sum(rest * part, axis=2) / ((n - freedom) ** 2)[:, None]  # (weights, sets)
    best = len(WEIGHTS) - 1 - np.argmin(scores[::-1], axis=0)  # the smoother of equals
    chosen = kept[best].T
    return chosen, chosen[:, :, None] * projected


def splines(columns: Floats) -> Basis:
    """The basis of `columns`, shape (n, f): a spline of each, added up."""
    n = columns.shape[0]
    parts, penalties = [np.ones((n, 1))], [np.zeros((1, 1))]
    for column in columns.T:
        part, penalty = _natural(column)
        parts.append(part)
        penalties.append(penalty)
    design = np.hstack(parts)
    size = design.shape[1]
    penalty = np.zeros((size, size))
    at = 0
    for block in penalties:
        penalty[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    left, lengths, right = np.linalg.svd(design, full_matrices=False)
    real = lengths > TINY * lengths[0]
    into = right[real].T / lengths[real]
    bent, axes = np.linalg.eigh(into.T @ penalty @ into)
    bent = np.where(bent > TINY * max(float(bent.max(initial=0.0)), 0.0), bent, 0.0)
    return Basis(left[:, real] @ axes, bent)


def _natural(column: Floats) -> tuple[Floats, Floats]:
    """A natural cubic spline without its constant: basis at the points, and the integral of its squared second derivative."""
    x = scores(column)
    different = np.unique(x)
    if different.size < 2:
        return np.empty((x.size, 0)), np.empty((0, 0))
    straight = ((x - x.mean()) / x.std())[:, None]
    knots = np.unique(np.quantile(different, np.linspace(0.0, 1.0, min(KNOTS, different.size))))
    if knots.size < 3:
        return straight, np.zeros((1, 1))
    cubes = np.abs(knots[:, None] - knots[None, :]) ** 3 / 12.0
    level = np.column_stack((np.ones(knots.size), knots))
    free = np.linalg.qr(level, mode="complete")[0][:, 2:]  # combinations of cubes that are straight beyond the knots
    bends = np.abs(x[:, None] - knots[None, :]) ** 3 / 12.0 @ free
    penalty = np.zeros((1 + free.shape[1],) * 2)
    penalty[1:, 1:] = free.T @ cubes @ free
    return np.hstack((straight, bends)), penalty


def scores(column: Floats) -> Floats:
    """Normal scores of the ranks, equal numbers alike: what explains is then spread the same way, whatever its scale."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    found: Floats = ndtri((rankdata(column) - 0.5) / column.size)
    return found

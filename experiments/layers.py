"""What differs between draws of the numbers, and what is chance: a one-way layout with random effects, on plain arrays.

Draw i of the numbers is lived r times, each time by other customers: y_ij = m + a_i + e_ij. The mean square within draws
estimates the variance of e, that between draws r var(a) + var(e) (Searle, Casella and McCulloch 1992, chapter 3). A draw's mean
still holds e / r: what is said about the numbers alone is taken from means that are drawn together until they vary as a does.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.estimates import LEVEL

Floats = NDArray[np.float64]
TINY = 1e-12  # of the largest variance: what is smaller is rounding


class Layers(NamedTuple):
    """Where the spread of one figure comes from."""

    mean: float
    error: float  # standard error of the mean
    numbers: float  # variance between draws, chance taken out
    chance: float  # variance of one life of the market about what its numbers lead one to expect
    share: float  # of the numbers in both, 0 to 1; NaN where nothing varies
    share_low: float  # its 90 % interval, exact for normal parts
    share_high: float


def layers(values: Floats) -> Layers:
    """Where the spread of `values`, shape (draws, lives), comes from; at least two draws of two lives each."""
    n, r = values.shape
    means = values.mean(axis=1)
    within = float(np.sum((values - means[:, None]) ** 2)) / (n * (r - 1))
    between = r * float(np.var(means, ddof=1))
    numbers = max((between - within) / r, 0.0)
    low, high = _share(between, within, n, r)
    total = numbers + within
    share = numbers / total if total > 0.0 else np.nan
    return Layers(float(means.mean()), float(np.sqrt(between / (n * r))), numbers, within, share, low, high)


def _share(between: float, within: float, n: int, r: int) -> tuple[float, float]:
    """The exact interval of the share of the variance between draws, from the F of the layout."""
    from scipy.special import fdtri

    if within <= 0.0:
        return (1.0, 1.0) if between > 0.0 else (np.nan, np.nan)
    ratio = between / within
    freedom = n - 1, n * (r - 1)
    ends = [(ratio / fdtri(*freedom, p) - 1.0) / r for p in (0.5 + LEVEL / 2, 0.5 - LEVEL / 2)]
    low, high = (max(end, 0.0) / (1.0 + max(end, 0.0)) for end in ends)
    return low, high


def denoised(values: Floats) -> Floats:
    """What each draw of the numbers leads one to expect, chance taken out as far as its variance.

    Args:
        values: figures that belong together (strategies against the baseline), shape (draws, figures, lives).

    Returns:
        Shape (draws, figures): the draws' means, drawn towards their own mean along the directions in which draws and chance
        are told apart, until their covariance is that between draws alone (of a random-effects layout, cut off at 0). So their
        spread is right, where plain means spread too far and best guesses of each draw not far enough (Louis 1984).
    """
    n, _, r = values.shape
    means = values.mean(axis=2)
    center = means.mean(axis=0)
    away = means - center
    if r < 2 or n < 2:
        return np.asarray(means, dtype=np.float64)
    total = away.T @ away / (n - 1)
    inner = values - means[:, :, None]
    noise = np.einsum("isr,itr->st", inner, inner) / (n * (r - 1)) / r
    roots, axes = np.linalg.eigh(total)
    real = roots > TINY * max(float(roots[-1]), 0.0)
    if not real.any():
        return np.asarray(means, dtype=np.float64)
    white = axes[:, real] / np.sqrt(roots[real])  # total = 1 in these coordinates
    back = axes[:, real] * np.sqrt(roots[real])
    kept, turns = np.linalg.eigh(np.eye(int(real.sum())) - white.T @ noise @ white)
    shrink = turns * np.sqrt(np.clip(kept, 0.0, 1.0)) @ turns.T
    found: Floats = center + away @ white @ shrink @ back.T
    return found


def band(values: Floats) -> tuple[float, float]:
    """The middle 90 % of `values`."""
    low, high = np.quantile(values, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return float(low), float(high)

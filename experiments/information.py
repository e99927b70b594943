"""What it is worth to know numbers before deciding: on plain arrays, draws by strategies.

`benefits[i, s]` is what strategy s is expected to bring if the numbers are those of draw i. Deciding now means the strategy with
the best mean; knowing the numbers means the best of each draw. The difference is the expected value of perfect information.
That of knowing some of the numbers is the same for E[benefits | those numbers], which is a regression of benefits on them
(Strong, Oakley and Brennan 2014): what other numbers and chance do is averaged out by the fit.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments.layers import denoised
from sojourn.experiments.smoothing import Basis, Smooth, fitted, smooth, splines
from sojourn.sim.estimating import Jackknife

Floats = NDArray[np.float64]
SIMULATED = 1000  # sets of coefficients that a standard error is taken from
GROUPS = 20  # of draws
PERMUTED = 400  # orders that the null is taken from
PER_NUMBER = 10  # draws that each spline asks for
AGREED = 0.95  # of what chance alone would find, that a value must exceed


def expected(columns: Floats, contrasts: Floats) -> Floats:
    """What each draw leads one to expect, chance taken out.

    Args:
        columns: the numbers drawn, shape (draws, numbers).
        contrasts: benefits against the baseline, shape (draws, contrasts, lives).

    Returns:
        Shape (draws, contrasts): a sum of splines of the numbers, and beside it what differs between draws beyond chance, as
        where numbers work together (see `layers.denoised`). With too many numbers for a spline of each, only the latter.
    """
    if columns.shape[1] == 0 or columns.shape[1] > len(columns) // PER_NUMBER:
        return denoised(contrasts)
    alone = smooth(splines(columns), contrasts.mean(axis=2)).fitted
    found: Floats = alone + denoised(contrasts - alone[:, :, None])
    return found


class Choice(NamedTuple):
    """Deciding now, over all draws."""

    best: int  # the strategy with the best mean
    chance: Floats  # that each strategy is best; ties are shared; shape (strategies,)
    regret: Floats  # expected loss of choosing each against the best of each draw; shape (strategies,)

    @property
    def perfect(self) -> float:
        """The expected value of perfect information: what deciding now loses on average."""
        return float(self.regret[self.best])


def choose(benefits: Floats) -> Choice:
    """Decide on benefits of shape (draws, strategies); more is better."""
    highest = benefits.max(axis=1)
    first = benefits == highest[:, None]
    chance = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    regret = np.maximum(highest[:, None] - benefits, 0.0).mean(axis=0)
    return Choice(int(np.argmin(regret)), chance, regret)


def value(benefits: Floats) -> float:
    """The mean of the best of each draw above the best mean; never negative."""
    return float(max(np.mean(benefits.max(axis=1)) - benefits.mean(axis=0).max(), 0.0))


class Partial(NamedTuple):
    """What it is worth to know some numbers exactly."""

    value: float  # upward bias taken off, never negative
    error: float  # standard error: of the fit's coefficients and of the draws, or by leaving draws out, whichever is larger
    raw: float  # before the bias was taken off
    null: float  # what 95 % of random orders of the same numbers stay below: chance alone finds as much
    chance: float  # share of random orders that find at least as much
    fit: Smooth

    @property
    def found(self) -> bool:
        """Whether more was found than chance alone would find."""
        return self.raw > self.null and self.value > 0.0


def partial(columns: Floats, benefits: Floats, seed: int) -> Partial:
    """The expected value of knowing the numbers in `columns` exactly.

    Args:
        columns: the numbers, shape (draws, numbers); several are known together.
        benefits: of each strategy, shape (draws, strategies); simulation noise may be in them.
        seed: of the simulated coefficients and of the random orders.

    The estimate is biased upward, as the best of several noisy fits is too good. Its bias and its error come from simulating
    the coefficients of the fit (Strong, Oakley and Brennan 2014, section 3.3); its null from putting the numbers in random order.
    That error leaves out that the penalty was chosen by the same draws, which leaving a twentieth of them out in turn does not.
    """
    contrasts = benefits - benefits[:, :1]
    basis = splines(columns)
    fit = smooth(basis, contrasts[:, 1:])
    told = _with_baseline(fit.fitted)
    raw = value(told)
    rng = np.random.Generator(np.random.Philox(key=seed))
    again = _simulated(fit, rng)
    loss = told.max(axis=1) - told[:, int(np.argmax(told.mean(axis=0)))]
    error = float(np.sqrt(np.var(again, ddof=1) + np.var(loss, ddof=1) / loss.size))
    error = max(error, _left_out(columns, contrasts[:, 1:]))
    under_null = _permuted(basis, contrasts[:, 1:], rng)
    return Partial(
        max(2.0 * raw - float(again.mean()), 0.0),
        error,
        raw,
        float(np.quantile(under_null, AGREED)),
        float((1 + np.sum(under_null >= raw)) / (1 + under_null.size)),
        fit,
    )


def _left_out(columns: Floats, contrasts: Floats) -> float:
    """The jackknife's standard error of the value, a twentieth of the draws left out in turn."""
    groups = np.arange(len(contrasts)) % GROUPS
    rest = [groups != k for k in range(GROUPS)]
    fits = [smooth(splines(columns[kept]), contrasts[kept]).fitted for kept in rest]
    return Jackknife(0.0, np.array([value(_with_baseline(fit)) for fit in fits])).error


def _simulated(fit: Smooth, rng: np.random.Generator) -> Floats:
    """The value under coefficients drawn from their distribution about the fit; shape (SIMULATED,)."""
    m, k = fit.coefficients.shape
    roots, axes = np.linalg.eigh(fit.residual)
    half = axes * np.sqrt(np.maximum(roots, 0.0))  # half @ half.T is the covariance
    away = np.sqrt(fit.kept)[:, None, None] * rng.standard_normal((m, SIMULATED, k)) @ half.T
    moved = (fit.basis @ (fit.coefficients[:, None, :] + away).reshape(m, -1)).reshape(-1, SIMULATED, k)
    return _values(moved)


def _permuted(basis: Basis, contrasts: Floats, rng: np.random.Generator) -> Floats:
    """The value where the same numbers stand in random orders; shape (PERMUTED,)."""
    orders = rng.permuted(np.tile(np.arange(len(contrasts)), (PERMUTED, 1)), axis=1)
    return _values(fitted(basis, contrasts[orders.T]))


def _values(contrasts: Floats) -> Floats:
    """The value of many sets of contrasts, shape (draws, sets, contrasts)."""
    best = np.maximum(contrasts.max(axis=2), 0.0).mean(axis=0)
    found: Floats = np.maximum(best - np.maximum(contrasts.mean(axis=0).max(axis=1), 0.0), 0.0)
    return found


def _with_baseline(contrasts: Floats) -> Floats:
    return np.hstack((np.zeros((contrasts.shape[0], 1)), contrasts))

"""Effects of arms on which exit is taken: log-odds against the exits that are left alone.

In a scenario p_e is proportional to p0_e exp(eta_e). So eta_e is the shift of log(p_e / p_r) for every exit r whose eta
is 0, and what is fitted is a multinomial logit: log(p_e / p_rest) = intercept of the segment + shift of the arm, `rest`
being all exits without an effect taken together. With one effect this is the log-odds of its exit against all others;
it is the scenario's eta as long as the others keep their proportions among themselves, which `proportions` tests.

Only stays whose end was seen count. That does no harm here: where the lever shifts which exit, not when, the share G_e
of exits e that fall into the time watched is the same in all arms (they were watched alike) and cancels from ratios.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaincc

from sojourn.calibration.clusters import no_less, sandwich
from sojourn.calibration.held import Mask, pull
from sojourn.calibration.stays import Floats, Integers

TURNS = 50  # of Newton's method at most; it needs about six


class Fitted(NamedTuple):
    """Shifts by exit (or cause) and arm, and their covariance in the same order, arms running fastest."""

    shifts: Floats  # shape (exits, arms)
    covariance: Floats  # shape (exits * arms, exits * arms)

    def errors(self) -> Floats:
        """Standard errors, shape (exits, arms)."""
        errors: Floats = np.sqrt(np.diag(self.covariance)).reshape(self.shifts.shape)
        return errors

    def p(self) -> float:
        """p-value against no shift at all (Wald)."""
        flat = self.shifts.ravel()
        return above(float(flat @ np.linalg.solve(self.covariance, flat)), flat.size)


class NoFit(ValueError):
    """The data leave some shift without a finite estimate, or without an error."""


FARTHEST = 15.0  # a shift beyond this is one that runs away


def sound(fitted: Fitted) -> Fitted:
    """Return a fit whose figures are all there; else NoFit."""
    errors = fitted.errors() if np.all(np.diag(fitted.covariance) > 0.0) else np.zeros(fitted.shifts.shape)
    if not (np.all(np.isfinite(fitted.shifts)) and np.all(np.isfinite(errors)) and np.all(errors > 0.0)):
        raise NoFit
    if np.any(np.abs(fitted.shifts) > FARTHEST):
        raise NoFit
    return fitted


def apart(arm: Integers, group: Integers) -> bool:
    """Whether arms and groups cannot be told apart, because some arms are never in one group with others."""
    cells = np.unique(np.stack([group, arm], axis=1), axis=0)
    arms, groups = int(arm.max()) + 1, int(group.max()) + 1
    design = np.concatenate([np.eye(groups)[cells[:, 0]], np.eye(arms)[cells[:, 1]][:, 1:]], axis=1)
    return bool(np.linalg.matrix_rank(design) < np.unique(group).size + arms - 1)


def above(statistic: float, degrees: int) -> float:
    """Probability that chi-square with so many degrees of freedom is larger."""
    return float(gammaincc(0.5 * degrees, 0.5 * max(statistic, 0.0)))


def fit_choice(
    outcome: Integers, arm: Integers, group: Integers, customer: Integers, held: Mask | None = None
) -> Fitted:
    """Multinomial logit with an intercept for each group and exit, and a shift for each exit and arm.

    Args:
        outcome: 0 for the exits left alone, 1 and on for the others; shape (stays,).
        arm: 0 for control, 1 and on for the others; shape (stays,).
        group: segment, whose customers share their intercepts; shape (stays,).
        customer: whose stay it is; shape (stays,).
        held: shifts that are held back from running away (see `held`), shape (exits, arms); none, if left out.

    Every exit must occur in every arm where its shift is not held, and in every group; see `pooled`.

    Raises:
        NoFit: where a shift has no finite estimate.
    """
    exits, arms, groups = int(outcome.max()), int(arm.max()), int(group.max()) + 1
    counts = np.zeros((groups, arms + 1, exits + 1))
    np.add.at(counts, (group, arm, outcome), 1.0)
    design = np.zeros((groups, arms + 1, groups + arms))
    for g in range(groups):
        design[g, :, g] = 1.0
    for a in range(arms):
        design[:, a + 1, groups + a] = 1.0
    cells, x = counts.reshape(-1, exits + 1), design.reshape(-1, groups + arms)
    theta = np.zeros((exits, groups + arms))
    size = cells.sum(axis=1)
    free = np.zeros((exits, groups), dtype=np.bool_)
    kept = np.concatenate([free, np.zeros((exits, arms), dtype=np.bool_) if held is None else held], axis=1)
    for _ in range(TURNS):
        p = _shares(x @ theta.T)
        back, stiff = pull(theta, kept)
        gradient = (cells[:, 1:] - size[:, None] * p).T @ x + back
        information = _information(p, size, x) + np.diag(stiff.ravel())
        try:
            move = np.linalg.solve(information, gradient.ravel()).reshape(theta.shape)
        except np.linalg.LinAlgError:
            raise NoFit from None
        theta = theta + move * min(1.0, 3.0 / max(float(np.abs(move).max()), 1e-300))
        if float(np.abs(move).max()) < 1e-9:
            break
    p = _shares(x @ theta.T)
    information = _information(p, size, x) + np.diag(pull(theta, kept)[1].ravel())
    cell = group * (arms + 1) + arm
    left = (outcome[:, None] == np.arange(1, exits + 1)).astype(np.float64) - p[cell]
    scores = (left[:, :, None] * x[cell][:, None, :]).reshape(outcome.size, -1)
    try:
        wanted = (np.arange(exits)[:, None] * (groups + arms) + groups + np.arange(arms)).ravel()
        block = np.ix_(wanted, wanted)
        covariance = no_less(sandwich(information, scores, customer, arm)[block], np.linalg.inv(information)[block])
    except np.linalg.LinAlgError:
        raise NoFit from None
    return sound(Fitted(theta[:, groups:], covariance))


def proportions(outcome: Integers, arm: Integers, group: Integers, customer: Integers) -> float:
    """p-value of the hypothesis that arms leave the proportions of these outcomes (0 and on) alone."""
    return fit_choice(outcome, arm, group, customer).p()


def pooled(outcome: Integers, group: Integers, least: int = 1) -> Integers:
    """Groups numbered anew, those in which some outcome occurs fewer than `least` times put together.

    Where even together they lack an outcome, they join the largest group.
    """
    outcomes, groups = int(outcome.max()) + 1, int(group.max()) + 1
    counts = np.zeros((groups, outcomes))
    np.add.at(counts, (group, outcome), 1.0)
    small = np.any(counts < least, axis=1)
    index = np.cumsum(~small) - 1
    if np.all(small):
        return np.zeros(group.size, dtype=np.int64)
    alone = bool(np.all(counts[small].sum(axis=0) >= least))
    index[small] = index.max() + 1 if alone else index[int(np.argmax(np.where(small, -1.0, counts.sum(axis=1))))]
    return index[group].astype(np.int64)


def _shares(linear: Floats) -> Floats:
    """Probabilities of the exits 1 and on, shape (cells, exits); that of exit 0 is the rest."""
    top = np.maximum(linear.max(axis=1, keepdims=True), 0.0)
    raised = np.exp(linear - top)
    shares: Floats = raised / (np.exp(-top) + raised.sum(axis=1, keepdims=True))
    return shares


def _information(p: Floats, size: Floats, x: Floats) -> Floats:
    exits, width = p.shape[1], x.shape[1]
    spread = np.einsum("c,ce,ef->cef", size, p, np.eye(exits)) - np.einsum("c,ce,cf->cef", size, p, p)
    information: Floats = np.einsum("cef,ci,cj->eifj", spread, x, x).reshape(exits * width, exits * width)
    return information

"""What data say on the sizes of effects, given how they grow with the dose."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from sojourn.calibration.stays import Floats


class Profile(NamedTuple):
    """The best sizes of the effects for each of some curves, and twice the log-likelihood lacking to a perfect fit."""

    deviance: Floats  # shape (curves,)
    sizes: Floats  # shape (curves, effects)


class Block(Protocol):
    """Data on some effects at all doses."""

    @property
    def effects(self) -> int:
        """How many effects."""

    def profile(self, curves: Floats) -> Profile:
        """Fit the sizes for curves given by their value at each dose above 0, shape (curves, doses)."""

    def spread(self, curve: Floats, sizes: Floats) -> Floats:
        """Covariance of the estimated shifts, by effect and dose, if a curve and sizes were true."""


@dataclass(frozen=True)
class Shifts:
    """Estimated shifts by effect and dose, shape (effects, doses), and their covariance: normal likelihood."""

    shifts: Floats
    covariance: Floats

    @property
    def effects(self) -> int:
        """How many effects."""
        return int(self.shifts.shape[0])

    def profile(self, curves: Floats) -> Profile:
        """Generalised least squares."""
        size, doses = self.shifts.shape
        weight = np.linalg.inv(self.covariance).reshape(size, doses, size, doses)
        a = np.einsum("mj,ejfk,mk->mef", curves, weight, curves)
        c = np.einsum("mj,ejfk,fk->me", curves, weight, self.shifts)
        sizes = np.linalg.solve(a, c[:, :, None])[:, :, 0]
        whole = float(np.einsum("ej,ejfk,fk->", self.shifts, weight, self.shifts))
        return Profile(whole - np.einsum("me,me->m", c, sizes), sizes)

    def spread(self, curve: Floats, sizes: Floats) -> Floats:
        """The covariance that was estimated with them."""
        return self.covariance


@dataclass(frozen=True)
class Tally:
    """One step of a chain of counts: how many of how many went on at each dose, control first. Binomial likelihood."""

    taken: Floats
    of: Floats

    @property
    def effects(self) -> int:
        """One."""
        return 1

    def profile(self, curves: Floats) -> Profile:
        """Logistic regression on each curve, all at once by Newton's method."""
        x = np.concatenate((np.zeros((curves.shape[0], 1)), curves), axis=1)
        share = (self.taken.sum() + 0.5) / (self.of.sum() + 1.0)
        level = np.full(curves.shape[0], np.log(share / (1.0 - share)))
        size = np.zeros(curves.shape[0])
        for _ in range(30):
            p = 1.0 / (1.0 + np.exp(-(level[:, None] + size[:, None] * x)))
            left, weight = self.taken - self.of * p, self.of * p * (1.0 - p)
            u, v = left.sum(axis=1), (left * x).sum(axis=1)
            a, b, c = weight.sum(axis=1), (weight * x).sum(axis=1), (weight * x**2).sum(axis=1)
            det = np.maximum(a * c - b * b, 1e-300)
            move, turn = (c * u - b * v) / det, (a * v - b * u) / det
            level, size = level + np.clip(move, -2.0, 2.0), size + np.clip(turn, -2.0, 2.0)
            if float(np.abs(turn).max()) < 1e-9:
                break
        p = np.clip(1.0 / (1.0 + np.exp(-(level[:, None] + size[:, None] * x))), 1e-12, 1.0 - 1e-12)
        deviance = 2.0 * (_likelihood(self.taken, self.of, self.taken / self.of) - _likelihood(self.taken, self.of, p))
        return Profile(deviance, size[:, None])

    def spread(self, curve: Floats, sizes: Floats) -> Floats:
        """That of log-odds against control (Woolf 1955), at the level that fits the counts best."""
        x = sizes[0] * np.concatenate(([0.0], curve))
        level = 0.0
        for _ in range(50):
            p = 1.0 / (1.0 + np.exp(-(level + x)))
            level += float(np.clip((self.taken - self.of * p).sum() / (self.of * p * (1.0 - p)).sum(), -2.0, 2.0))
        variance = 1.0 / (self.of * p * (1.0 - p))
        covariance: Floats = np.diag(variance[1:]) + variance[0]
        return covariance


def _likelihood(taken: Floats, of: Floats, p: Floats) -> Floats:
    """Binomial log-likelihood less its constant, summed over doses; shape of `p` without its last axis."""
    p = np.clip(p, 1e-12, 1.0 - 1e-12)
    value: Floats = np.sum(taken * np.log(p) + (of - taken) * np.log1p(-p), axis=-1)
    return value

"""BG/CNBD-k: BG/NBD of customers who buy in k steps, and so more regularly than by chance (Platzer and Reutterer 2016).

While alive a customer buys at times that are gamma (shape k, mean 1 / lambda) apart, and leaves after every repeat purchase with
probability p, as in the BG/NBD, which is the case k = 1. Over customers lambda is gamma (shape r, rate alpha) and p beta (a, b).
(The paper's alpha is that of the steps, alpha / k here; Reutterer, Platzer and Schroeder 2021 use the same model.)
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaln

from sojourn.calibration.bgnbd import BgNbd
from sojourn.calibration.histories import Histories
from sojourn.calibration.regular import Steps
from sojourn.calibration.stays import Floats

LEFT_OUT = 1e-12  # purchases, of a sum over all that may come
AT_ONCE = 32  # purchases


@dataclass(frozen=True)
class BgCnbd(BgNbd):
    """Parameters of the BG/NBD, alpha being that of purchases, and how many steps a purchase takes."""

    k: int = 1

    title: ClassVar[str] = "BG/CNBD-k"

    @property
    def steps(self) -> Steps:
        """How customers buy."""
        return Steps(self.r, self.alpha, self.k)

    def log_likelihood(self, known: Histories) -> Floats:
        """Log-likelihood of each history, without its weight."""
        if self.k == 1:
            return super().log_likelihood(known)
        stayed, left = self._parts(known)
        return np.asarray(self.steps.log_bought(known) - betaln(self.a, self.b) + np.logaddexp(stayed, left))

    def expected(self, time: ArrayLike) -> Floats:
        """Expected repeat purchases of a newcomer by `time` after the first purchase."""
        if self.k == 1:
            return super().expected(time)
        at = np.asarray(time, dtype=np.float64)
        nothing = np.zeros(at.size)
        return self._ahead(nothing, nothing, 0, at.ravel()).reshape(at.shape)

    def alive(self, known: Histories) -> Floats:
        """Probability that the customer of each history has not left."""
        if self.k == 1:
            return super().alive(known)
        stayed, left = self._parts(known)
        return np.asarray(1.0 / (1.0 + np.exp(np.minimum(left - stayed, 700.0))))

    def expected_given(self, known: Histories, time: ArrayLike) -> Floats:
        """Expected purchases of the customer of each history in the `time` after the watching.

        Of those alive p is beta (a, b + x), and so many steps towards the next purchase have been taken (`regular`).
        """
        if self.k == 1:
            return super().expected_given(known, time)
        at = np.broadcast_to(np.asarray(time, dtype=np.float64), known.repeats.shape)
        ahead = [
            taken * self._ahead(known.repeats, known.watched, j, at)
            for j, taken in enumerate(self.steps.taken(known).T)
        ]
        return np.asarray(self.alive(known) * np.sum(ahead, axis=0))

    def _parts(self, known: Histories) -> tuple[Floats, Floats]:
        """Logs of what a likelihood adds up: of those still there, and of those who left after their last purchase."""
        x, t_x, t = known[:3]
        stayed = betaln(self.a, self.b + x) + self.steps.log_silent(x, t_x, t)
        again = np.maximum(x, 1.0)  # without a repeat purchase nobody can have left
        gone = betaln(self.a + 1.0, self.b + again - 1.0) + self.steps.log_silent(x, t_x, t_x)
        return np.asarray(stayed), np.where(x > 0.0, gone, -np.inf)

    def _ahead(self, x: Floats, watched: Floats, taken: int, time: Floats) -> Floats:
        """Expected purchases of those alive who have taken so many steps to the next one.

        The n-th next purchase needs k n - taken steps, whose number is negative binomial; who makes it has stayed n - 1 times.
        """
        shape = (self.r + self.k * x + taken)[:, None]
        share = (self.k * time / (self.alpha + self.k * (watched + time)))[:, None]
        b, total, first = (self.b + x)[:, None], np.zeros(x.size), 1
        while True:
            n = np.arange(first, first + AT_ONCE, dtype=np.float64)
            terms = np.exp(betaln(self.a, b + n - 1.0) - betaln(self.a, b)) * betainc(self.k * n - taken, shape, share)
            total += terms.sum(axis=1)
            # Each term is below the one before by at least the share to the k-th power, once terms fall.
            if np.all(terms[:, -1] <= LEFT_OUT * (1.0 - share[:, 0]) * (1.0 + total)):
                return total
            first += AT_ONCE

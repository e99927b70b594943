"""Pareto/NBD of customers who buy in k steps, and so more regularly than by chance.

While alive a customer buys at times that are gamma (shape k, mean 1 / lambda) apart; the time to leaving is exponential of rate
mu, as in the Pareto/NBD, which is the case k = 1. Over customers lambda is gamma (shape r, rate alpha) and mu gamma (shape s,
rate beta). It is the Pareto/GGG of Platzer and Reutterer (2016) with one k for everybody.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma

from sojourn.calibration.histories import Histories
from sojourn.calibration.paretonbd import NODES, NOTHING_LEFT, WEIGHTS, ParetoNbd, time_alive
from sojourn.calibration.regular import Steps
from sojourn.calibration.silences import log_left, log_left_sloped
from sojourn.calibration.stays import Floats


@dataclass(frozen=True)
class ParetoCnbd(ParetoNbd):
    """Parameters of the Pareto/NBD, alpha being that of purchases, and how many steps a purchase takes."""

    k: int = 1

    title: ClassVar[str] = "Pareto/CNBD-k"

    @property
    def steps(self) -> Steps:
        """How customers buy."""
        return Steps(self.r, self.alpha, self.k)

    def log_likelihood(self, known: Histories) -> Floats:
        """Log-likelihood of each history, without its weight."""
        if self.k == 1:
            return super().log_likelihood(known)
        made = self.steps.log_bought(known) + self.s * np.log(self.beta)
        return np.asarray(made + np.logaddexp(self._stayed(known), self._left(known)))

    def expected(self, time: ArrayLike) -> Floats:
        """Expected repeat purchases of a newcomer by `time` after the first purchase."""
        if self.k == 1:
            return super().expected(time)
        at = np.asarray(time, dtype=np.float64)
        nothing = np.zeros(at.size)
        return self._ahead(nothing, nothing, 0, at.ravel()).reshape(at.shape)

    def expected_given(self, known: Histories, time: ArrayLike) -> Floats:
        """Expected purchases of the customer of each history in the `time` after the watching.

        Of those alive mu is gamma (s, beta + T), and so many steps towards the next purchase have been taken (`regular`).
        """
        if self.k == 1:
            return super().expected_given(known, time)
        at = np.broadcast_to(np.asarray(time, dtype=np.float64), known.repeats.shape)
        ahead = [
            taken * self._ahead(known.repeats, known.watched, j, at)
            for j, taken in enumerate(self.steps.taken(known).T)
        ]
        return np.asarray(self.alive(known) * np.sum(ahead, axis=0))

    def log_likelihood_sloped(self, known: Histories) -> tuple[Floats, Floats]:
        """Log-likelihood of each history, and its derivatives by the logs of the parameters, shape (4, histories)."""
        x, t_x, t = known[:3]
        q, c = self.r + self.k * x, self.steps.scale
        stayed, silent = self.steps.log_silent_sloped(x, t_x, t)
        stayed = stayed - self.s * np.log(self.beta + t)
        there = np.array([*silent, -np.log(self.beta + t), -self.s / (self.beta + t)])
        left, gone = np.full(x.size, -np.inf), np.zeros((4, x.size))
        some = t > t_x
        left[some], gone[:, some] = log_left_sloped(q[some], c, self.k, self.s, self.beta, t_x[some], t[some])
        left += np.log(self.s)
        gone[2] += 1.0 / self.s
        whole = np.logaddexp(stayed, left)
        share = np.exp(left - whole)
        slopes = (1.0 - share) * there + share * gone
        slopes[0] += digamma(q) - digamma(self.r) + np.log(c)
        slopes[1] += self.r / c
        slopes[2] += np.log(self.beta)
        slopes[3] += self.s / self.beta
        by = np.array([self.r, c, self.s, self.beta])  # alpha moves with c = alpha / k, q with r
        return self.steps.log_bought(known) + self.s * np.log(self.beta) + whole, slopes * by[:, None]

    def _stayed(self, known: Histories) -> Floats:
        if self.k == 1:
            return super()._stayed(known)
        x, t_x, t = known[:3]
        return np.asarray(self.steps.log_silent(x, t_x, t) - self.s * np.log(self.beta + t))

    def _left(self, known: Histories) -> Floats:
        """Log of s times the integral over u from t_x to T of what is left by u, times (beta + u)^-(s + 1)."""
        if self.k == 1:
            return super()._left(known)
        x, t_x, t = known[:3]
        between = np.full(x.size, -np.inf)  # of those who bought as the watching ended: no time in which to leave
        some = t > t_x
        between[some] = self._integrated(x[some], t_x[some], t[some])
        return np.asarray(np.log(self.s) + between)

    def _integrated(self, x: Floats, t_x: Floats, t: Floats) -> Floats:
        """Log of the integral (`silences`)."""
        if self.k == 1:
            return super()._integrated(x, t_x, t)
        return log_left(self.r + self.k * x, self.steps.scale, self.k, self.s, self.beta, t_x, t)

    def _ahead(self, x: Floats, watched: Floats, taken: int, time: Floats) -> Floats:
        """Expected purchases of those alive who have taken so many steps to the next one: the density of purchases, integrated.

        At rate lambda it is lambda times the sum over the k-th roots w of one of w^(taken + 1) exp(-k lambda u (1 - w)). The root
        1 gives what Poisson purchases would, the others, in pairs, how early or late the first ones are.
        """
        shape, rate = self.r + self.k * x + taken, self.alpha + self.k * watched
        beta = self.beta + watched
        total = shape / rate * time_alive(self.s, beta, time)
        for number in range(1, self.k // 2 + 1):
            root = np.exp(2j * np.pi * number / self.k)
            both = 1.0 if 2 * number == self.k else 2.0
            turned, size = (1.0 - root) / abs(1.0 - root), self.k * abs(1.0 - root) / rate
            # u up to where |1 + size u turned|^-(shape + 1) has come down to nothing, over the log of (the shorter scale + u).
            slow = turned.real
            least = np.exp(np.minimum(2.0 * NOTHING_LEFT / (shape + 1.0), 700.0))
            far = np.minimum((np.sqrt(slow**2 - 1.0 + least) - slow) / size, time)
            shorter = np.minimum(beta, 1.0 / size)
            reach = np.log1p(far / shorter)
            u = shorter[:, None] * np.expm1(reach[:, None] * (NODES + 1.0) / 2.0)
            alive = np.exp(self.s * (np.log(beta)[:, None] - np.log(beta[:, None] + u)))
            density = np.exp(-(shape[:, None] + 1.0) * np.log1p(size[:, None] * u * turned))
            pieces = (alive * density * (shorter[:, None] + u) * WEIGHTS).sum(axis=1) * reach / 2.0
            total = total + both * shape / rate * (root ** (taken + 1) * pieces).real
        return np.asarray(total)

"""Pareto/NBD: customers buy at a rate of their own and leave, unseen, at a rate of their own (Schmittlein et al. 1987).

While alive a customer buys as a Poisson process of rate lambda, and the time to leaving is exponential of rate mu. Over customers
lambda is gamma (shape r, rate alpha) and mu is gamma (shape s, rate beta), independent of each other.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, hyp2f1

from sojourn.calibration.histories import Histories
from sojourn.calibration.stays import Floats

NUDGE = 1e-6  # how near to 1 the shape s may come in the expectation: there the limit is taken from beside it
LARGE = (
    60.0  # r + s + x from which on scipy's F is slow, and for some arguments nan: then the integral is done by nodes
)
NOTHING_LEFT = 40.0  # log by which an integrand has fallen where the rest no longer counts
NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)


@dataclass(frozen=True)
class ParetoNbd:
    """Parameters, in the unit of time of the histories fitted to: alpha and beta are times, r and s have no unit."""

    r: float
    alpha: float
    s: float
    beta: float

    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    times: ClassVar[tuple[bool, ...]] = (False, True, False, True)  # which parameters are times
    title: ClassVar[str] = "Pareto/NBD"

    def log_likelihood(self, known: Histories) -> Floats:
        """Log-likelihood of each history, without its weight (Fader and Hardie 2005, "A note on deriving the Pareto/NBD")."""
        x = known.repeats
        start = gammaln(self.r + x) - gammaln(self.r) + self.r * np.log(self.alpha) + self.s * np.log(self.beta)
        return np.asarray(start + np.logaddexp(self._stayed(known), self._left(known)))

    def expected(self, time: ArrayLike) -> Floats:
        """Expected repeat purchases of a newcomer by `time` after the first purchase."""
        return self.r / self.alpha * time_alive(self.s, np.asarray(self.beta), np.asarray(time, dtype=np.float64))

    def alive(self, known: Histories) -> Floats:
        """Probability that the customer of each history has not left."""
        odds = self._left(known) - self._stayed(known)
        return np.asarray(1.0 / (1.0 + np.exp(np.minimum(odds, 700.0))))

    def expected_given(self, known: Histories, time: ArrayLike) -> Floats:
        """Expected purchases of the customer of each history in the `time` after the watching.

        Of those alive, the rates are again gamma: (r + x, alpha + T) of buying and (s, beta + T) of leaving.
        """
        x, _, t = known[:3]
        ahead = time_alive(self.s, self.beta + t, np.asarray(time, dtype=np.float64))
        return self.alive(known) * (self.r + x) / (self.alpha + t) * ahead

    def _stayed(self, known: Histories) -> Floats:
        x, _, t = known[:3]
        return np.asarray(-(self.r + x) * np.log(self.alpha + t) - self.s * np.log(self.beta + t))

    def _left(self, known: Histories) -> Floats:
        """Log of s times the integral over u from t_x to T of (alpha + u)^-(r + x) (beta + u)^-(s + 1)."""
        x, t_x, t = known[:3]
        between = np.full(x.size, -np.inf)  # of those who bought as the watching ended: no time in which to leave
        large = self.r + self.s + x > LARGE
        for part, integral in ((~large & (t > t_x), self._summed), (large & (t > t_x), self._integrated)):
            if np.any(part):
                between[part] = integral(x[part], t_x[part], t[part])
        return np.asarray(np.log(self.s) + between)

    def _summed(self, x: Floats, t_x: Floats, t: Floats) -> Floats:
        """Log of the integral, as a difference of two tails."""
        early, late = self._tail(x, t_x), self._tail(x, t)
        with np.errstate(divide="ignore"):
            between = early + np.log(-np.expm1(np.minimum(late - early, 0.0))) - np.log(self.r + self.s + x)
        return np.asarray(between)

    def _tail(self, x: Floats, t: Floats) -> Floats:
        """Log of (r + s + x) times the integral from t to infinity: F(q, p; q + 1; z) / (longer + t)^q with q = r + s + x.

        Euler's transformation turns F into (1 - z)^(1 - p) F(1, q + 1 - p; q + 1; z), whose value is at most 1 / (1 - z): no
        history is too long for it.
        """
        longer, shorter = max(self.alpha, self.beta), min(self.alpha, self.beta)
        q = self.r + self.s + x
        p = self.s + 1.0 if self.alpha >= self.beta else self.r + x
        z = (longer - shorter) / (longer + t)
        left = np.log(shorter + t) - np.log(longer + t)  # log(1 - z)
        return np.asarray(-q * np.log(longer + t) + (1.0 - p) * left + np.log(hyp2f1(1.0, q + 1.0 - p, q + 1.0, z)))

    def _integrated(self, x: Floats, t_x: Floats, t: Floats) -> Floats:
        """Log of the integral by Gauss and Legendre, over the log of (shorter + u), as far as anything is left of it."""
        buys, leaves = (self.alpha, self.r + x), (self.beta, np.full(x.size, self.s + 1.0))
        (shorter, steep), (longer, flat) = (buys, leaves) if self.alpha < self.beta else (leaves, buys)
        gone = (
            np.minimum((longer + t_x) * np.exp(np.minimum(NOTHING_LEFT / flat, 700.0)), longer + t) - longer + shorter
        )
        reach = np.minimum(np.log(gone / (shorter + t_x)), NOTHING_LEFT / steep)
        log = np.log(shorter + t_x)[:, None] + reach[:, None] * (NODES + 1.0) / 2.0
        value = log - steep[:, None] * log - flat[:, None] * np.log(np.exp(log) - shorter + longer)
        most = value.max(axis=1)
        return np.asarray(most + np.log((np.exp(value - most[:, None]) * WEIGHTS).sum(axis=1) * reach / 2.0))


def time_alive(s: float, beta: Floats, time: Floats) -> Floats:
    """Mean of min(time, time to leaving), where the rate of leaving is gamma (s, beta)."""
    s = 1.0 + NUDGE if abs(s - 1.0) < NUDGE else s
    return np.asarray(beta / (s - 1.0) * -np.expm1((s - 1.0) * (np.log(beta) - np.log(beta + time))))

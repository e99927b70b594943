"""Purchases in steps: Erlang-k times between purchases of customers whose rates differ.

A customer's purchase is every k-th event of a Poisson process of rate k lambda, so the time between two is gamma of shape k and
mean 1 / lambda, and the larger k, the more regular. Over customers lambda is gamma (shape r, rate alpha), the rate of the steps
therefore gamma (r, alpha / k), and all of it is the arithmetic of Poisson counts (Platzer and Reutterer 2016).

The times of the purchases, given their number, tell nothing of lambda, and the last of them enough: x, t_x, T and the sum of the
logs of the times between purchases, which weighs one k against another.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, logsumexp

from sojourn.calibration.histories import Histories
from sojourn.calibration.silences import rising
from sojourn.calibration.stays import Floats

MOST = 12  # steps of a purchase that are looked for


class Steps(NamedTuple):
    """How customers buy: k steps a purchase, at rates of their own."""

    r: float
    alpha: float
    k: int

    @property
    def scale(self) -> float:
        """Rate of the gamma law of the rate of steps: alpha / k."""
        return self.alpha / self.k

    def log_bought(self, known: Histories) -> Floats:
        """Log of the factor of a history's likelihood that is the same whether the customer has left or not."""
        x, log = known.repeats, known.log_times
        q = self.r + self.k * x
        made = gammaln(q) - gammaln(self.r) + self.r * np.log(self.scale)
        return np.asarray(made + (self.k - 1.0) * log - x * gammaln(self.k))

    def log_silent(self, x: Floats, t_x: Floats, until: Floats) -> Floats:
        """Log of what is left of it: nothing bought since t_x, in a time of rate gamma that is integrated out.

        (alpha / k + u)^-(r + k x) sum over the j < k steps taken since, of (r + k x)_j / j! ((u - t_x) / (alpha / k + u))^j.
        Broadcasts.
        """
        q = self.r + self.k * x
        share = (until - t_x) / (self.scale + until)
        total = np.ones_like(q + share)
        for j in range(self.k - 1, 0, -1):
            total = 1.0 + total * share * (q + j - 1.0) / j
        return np.asarray(np.log(total) - q * np.log(self.scale + until))

    def log_silent_sloped(self, x: Floats, t_x: Floats, until: Floats) -> tuple[Floats, Floats]:
        """The same and its derivatives by r and by alpha / k, shape (2, histories)."""
        q = self.r + self.k * x
        w = (until - t_x) / (self.scale + until)
        value, slope = rising(q, self.k)
        terms = value * w ** np.arange(self.k)[:, None]
        total = terms.sum(axis=0)
        by_q = (terms * slope).sum(axis=0) / total - np.log(self.scale + until)
        by_scale = -(q - terms[-1] * w * (q + self.k - 1.0) / total) / (self.scale + t_x)
        return np.log(total) - q * np.log(self.scale + until), np.array([by_q, by_scale])

    def taken(self, known: Histories) -> Floats:
        """Of those alive, the chances that 0, ..., k - 1 steps have been taken since the last purchase; shape (histories, k)."""
        x, t_x, t = known.repeats[:, None], known.recency[:, None], known.watched[:, None]
        j = np.arange(self.k, dtype=np.float64)
        q = self.r + self.k * x
        gone = j * np.log(np.maximum(t - t_x, 1e-300) / (self.scale + t))  # no time, no step
        log = gammaln(q + j) - gammaln(q) - gammaln(j + 1.0) + gone
        return np.asarray(np.exp(log - logsumexp(log, axis=1, keepdims=True)))

    def rates(self, known: Histories, rng: np.random.Generator) -> Floats:
        """A draw of lambda of each customer, alive at the end of the watching."""
        shares = np.cumsum(self.taken(known), axis=1)
        steps = np.minimum((shares < rng.random(len(shares))[:, None]).sum(axis=1), self.k - 1)
        return np.asarray(
            rng.gamma(self.r + self.k * known.repeats + steps, 1.0 / (self.alpha + self.k * known.watched))
        )

"""BG/NBD: customers buy at a rate of their own and may leave, unseen, after each repeat purchase (Fader, Hardie and Lee 2005).

While alive a customer buys as a Poisson process of rate lambda; after every repeat purchase the customer leaves for good with
probability p. Over customers lambda is gamma (shape r, rate alpha) and p is beta (a, b), independent of each other. Who has not
bought again is alive for certain: nobody leaves before a repeat purchase.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaln, gammaln, hyp2f1

from sojourn.calibration.histories import Histories
from sojourn.calibration.stays import Floats

LEFT_OUT = 1e-12  # purchases, of a sum over all that may come
AT_ONCE = 1024  # purchases
NUDGE = 1e-6  # how near to a pole of a formula its parameter may come: there the limit is taken from beside it


@dataclass(frozen=True)
class BgNbd:
    """Parameters, in the unit of time of the histories fitted to: alpha is a time, the others have no unit."""

    r: float
    alpha: float
    a: float
    b: float

    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    times: ClassVar[tuple[bool, ...]] = (False, True, False, False)  # which parameters are times
    title: ClassVar[str] = "BG/NBD"

    def log_likelihood(self, known: Histories) -> Floats:
        """Log-likelihood of each history, without its weight (their equation 6, in logs)."""
        x, t_x, t = known[:3]
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        start = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
        stayed = betaln(a, b + x) - (r + x) * np.log(alpha + t)
        again = np.maximum(x, 1.0)  # without a repeat purchase nobody can have left
        left = np.where(x > 0.0, betaln(a + 1.0, b + again - 1.0) - (r + x) * np.log(alpha + t_x), -np.inf)
        return np.asarray(start + np.logaddexp(stayed, left))

    def expected(self, time: ArrayLike) -> Floats:
        """Expected repeat purchases of a newcomer by `time` after the first purchase (their equation 9)."""
        return _expected(self.r, self.alpha, self.a, self.b, self.a + self.b - 1.0, np.asarray(time, dtype=np.float64))

    def alive(self, known: Histories) -> Floats:
        """Probability that the customer of each history has not left (Fader, Hardie and Lee 2008)."""
        x, t_x, t = known[:3]
        odds = np.log(self.a / (self.b + np.maximum(x, 1.0) - 1.0)) + (self.r + x) * np.log(
            (self.alpha + t) / (self.alpha + t_x)
        )
        return np.asarray(np.where(x > 0.0, 1.0 / (1.0 + np.exp(np.minimum(odds, 700.0))), 1.0))

    def expected_given(self, known: Histories, time: ArrayLike) -> Floats:
        """Expected purchases of the customer of each history in the `time` after the watching (their equation 10).

        Of those alive, the rate is again gamma (r + x, alpha + T) and the probability beta (a, b + x).
        """
        x, _, t = known[:3]
        ahead = np.asarray(time, dtype=np.float64)
        c = self.a + self.b + x - 1.0
        return self.alive(known) * _expected(self.r + x, self.alpha + t, self.a, self.b + x, c, ahead)


def _expected(r: ArrayLike, alpha: ArrayLike, a: float, b: ArrayLike, c: ArrayLike, time: Floats) -> Floats:
    """c / (a - 1) [1 - (alpha / (alpha + t))^r F(r, b; c; t / (alpha + t))], c = a + b - 1.

    Euler's transformation turns F into (1 - z)^(a - 1 - r) F(c - r, a - 1; c; z), which no long history can overflow.
    """
    r, b, c = (np.asarray(part, dtype=np.float64) for part in (r, b, c))
    if abs(a - 1.0) < NUDGE:
        a = 1.0 + NUDGE
    c = np.where(np.abs(c) < NUDGE, NUDGE, c)
    z = time / (np.asarray(alpha) + time)
    with np.errstate(all="ignore"):
        found = np.asarray(c / (a - 1.0) * (1.0 - (1.0 - z) ** (a - 1.0) * hyp2f1(c - r, a - 1.0, c, z)))
    over = ~np.isfinite(found)  # where nearly all leave at once F is beyond what floats hold
    if np.any(over):
        some = [np.asarray(part)[over] for part in np.broadcast_arrays(r, b, z)]
        found = np.array(found)
        found[over] = _summed(some[0], a, some[1], some[2])
    return found


def _summed(r: Floats, a: float, b: Floats, z: Floats) -> Floats:
    """The same as the sum of the chances of an n-th purchase: not to have left after n - 1, and to have the time for n."""
    total, first = np.zeros(z.size), 1
    while True:
        n = np.arange(first, first + AT_ONCE, dtype=np.float64)
        stayed = np.exp(betaln(a, b[:, None] + n - 1.0) - betaln(a, b[:, None]))
        terms = stayed * betainc(n, r[:, None], z[:, None])
        total += terms.sum(axis=1)
        if np.all(terms[:, -1] <= LEFT_OUT * (1.0 + total)):
            return total
        first += AT_ONCE

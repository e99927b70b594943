"""How customers who buy in steps can have left unseen: what is left of a history, integrated over the moment of leaving.

Of a history with q = r + k x and c = alpha / k (`regular`) it is the integral over u from t_x to T of
(beta + u)^-(s + 1) (c + u)^-q sum over j < k of (q)_j / j! w^j, w = (u - t_x) / (c + u): whoever leaves at u has bought nothing
since t_x, for a step short of k at most. The sum over j is taken last, of integrals that share all but a power of w.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sojourn.calibration.stays import Floats

NOTHING_LEFT = 40.0  # log by which an integrand has fallen where the rest no longer counts
FEW, MANY = (np.polynomial.legendre.leggauss(nodes) for nodes in (32, 48))
FEW_UNTIL = 6  # steps up to which the fewer nodes do: either way the log of the integral is right to 1e-10
AT_ONCE = 16_384  # nodes at a time, of all histories: so that they stay in the cache


def rising(q: Floats, k: int) -> tuple[Floats, Floats]:
    """(q)_j / j! for j = 0, ..., k - 1 and the derivatives of their logs, both of shape (k, ...)."""
    value, slope = [np.ones_like(q)], [np.zeros_like(q)]
    for j in range(1, k):
        value.append(value[-1] * (q + (j - 1.0)) / j)
        slope.append(slope[-1] + 1.0 / (q + (j - 1.0)))
    return np.array(value), np.array(slope)


def log_left(q: Floats, c: float, k: int, s: float, beta: float, t_x: Floats, t: Floats) -> Floats:
    """The log of the integral, by Gauss and Legendre; t_x < t, all of shape (histories,)."""
    logs = np.empty(q.size)
    for some, piece in _pieces(q, c, k, s, beta, t_x, t):
        logs[some] = piece.log()
    return logs


def log_left_sloped(
    q: Floats, c: float, k: int, s: float, beta: float, t_x: Floats, t: Floats
) -> tuple[Floats, Floats]:
    """The same and its derivatives by q, c, s and beta, shape (4, histories)."""
    logs, slopes = np.empty(q.size), np.empty((4, q.size))
    for some, piece in _pieces(q, c, k, s, beta, t_x, t):
        logs[some], slopes[:, some] = piece.sloped()
    return logs, slopes


def _pieces(
    q: Floats, c: float, k: int, s: float, beta: float, t_x: Floats, t: Floats
) -> Iterator[tuple[slice, "_Piece"]]:
    nodes, weights = FEW if k <= FEW_UNTIL else MANY
    step = AT_ONCE // nodes.size
    for begin in range(0, q.size, step):
        some = slice(begin, begin + step)
        yield some, _Piece(q[some], c, k, s, beta, t_x[some], t[some], (nodes + 1.0) / 2.0, weights / 2.0)


class _Piece(NamedTuple):
    """Some histories. Arrays over nodes are of shape (nodes, histories).

    The integral is over z, the log of (shorter + u) / (shorter + t_x), as far as anything is left; who buys in k steps is silent
    for some of them before silence tells anything, so that it reaches farther than for k = 1. The integrand counts against its
    value at t_x, so that nothing overflows.
    """

    q: Floats
    c: float
    k: int
    s: float
    beta: float
    t_x: Floats
    t: Floats
    nodes: Floats
    weights: Floats

    def log(self) -> Floats:
        """Log of the integral."""
        z, since, other = self._nodes()
        power, w = self._power(z, other), self._share(since)
        total = self.weights @ power
        for factor in rising(self.q, self.k)[0][1:]:
            power *= w
            total += factor * (self.weights @ power)
        return self._log(total * z[-1] / self.nodes[-1])

    def sloped(self) -> tuple[Floats, Floats]:
        """Log of the integral, and its derivatives by q, c, s and beta."""
        z, since, other = self._nodes()
        power, w = self._power(z, other), self._share(since)
        value, slope = rising(self.q, self.k)
        density, total, by_q = power.copy(), self.weights @ power, np.zeros(self.q.size)
        for j in range(1, self.k):
            power *= w
            density += value[j] * power
            part = value[j] * (self.weights @ power)
            total += part
            by_q += slope[j] * part
        power *= w
        last = value[-1] * (self.q + self.k - 1.0) * (self.weights @ power)
        density /= total
        bought, left = (z, other) if self._quick else (other, z)
        since += self.beta + self.t_x  # beta + u
        slopes = np.array([
            by_q / total - self.weights @ (density * bought) - np.log(self.c + self.t_x),
            # (c + u)^-q times the sum is (c + t_x)^-q times a tail of the beta law of w, whose derivative is one term.
            -(self.q - last / total) / (self.c + self.t_x),
            -(self.weights @ (density * left)) - np.log(self.beta + self.t_x),
            -(self.s + 1.0) * (self.weights @ (density / since)),
        ])  # fmt: skip
        return self._log(total * z[-1] / self.nodes[-1]), slopes

    @property
    def _quick(self) -> bool:
        """Whether the shorter of the two times is that of buying."""
        return self.c < self.beta

    def _nodes(self) -> tuple[Floats, Floats, Floats]:
        """z, u - t_x, and the log of (longer + u) / (longer + t_x)."""
        buys = self.q * NOTHING_LEFT / (NOTHING_LEFT + 4.0 * (self.k - 1.0))
        leaves = np.full(self.q.size, self.s + 1.0)
        steep, flat = (buys, leaves) if self._quick else (leaves, buys)
        shorter, longer = min(self.c, self.beta), max(self.c, self.beta)
        gone = (longer + self.t_x) * np.exp(np.minimum(NOTHING_LEFT / flat, 700.0))
        gone = np.minimum(gone, longer + self.t) - longer + shorter
        reach = np.minimum(np.log(gone / (shorter + self.t_x)), NOTHING_LEFT / steep)
        z = self.nodes[:, None] * reach
        since = (np.exp(z) - 1.0) * (shorter + self.t_x)
        return z, since, np.log(1.0 + since / (longer + self.t_x))

    def _power(self, z: Floats, other: Floats) -> Floats:
        """(c + u)^-q (beta + u)^-(s + 1) and the (shorter + u) of the step from u to z, against their values at t_x."""
        return np.exp((1.0 - self.q) * z - (self.s + 1.0) * other if self._quick else -self.s * z - self.q * other)

    def _share(self, since: Floats) -> Floats:
        """w."""
        return np.asarray(since / (since + (self.c + self.t_x)))

    def _log(self, total: Floats) -> Floats:
        """The log of the integral, from that of what is counted against its value at t_x."""
        shorter = min(self.c, self.beta) + self.t_x
        at_once = -self.q * np.log(self.c + self.t_x) - (self.s + 1.0) * np.log(self.beta + self.t_x)
        with np.errstate(divide="ignore"):  # no time at all between t_x and T, for what floats tell
            return np.asarray(np.log(total * shorter) + at_once)

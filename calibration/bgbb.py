"""BG/BB: customers who may buy once on each of a row of occasions, and leave unseen (Fader, Hardie and Shang 2010).

While alive a customer buys on each occasion (a yearly appeal, a monthly cruise) with probability p, and leaves for good before
each occasion with probability theta. Over customers p is beta (alpha, beta) and theta beta (gamma, delta), independent of each
other. What is known of a customer is x, on how many occasions they bought, t_x, the last of these, and n, how many there were.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, gammaln, logsumexp

from sojourn.calibration.histories import Histories, histories
from sojourn.calibration.newton import hessian, lowest
from sojourn.calibration.stays import Floats
from sojourn.scenarios.faults import fault

REACH = 8.0  # how far from 1 the log of a parameter may go
NUDGE = 1e-6  # how near to 1 gamma may come in the formulas that divide by gamma - 1
MOST = 10_000  # occasions that a history may have


@dataclass(frozen=True)
class BgBb:
    """Parameters; none has a unit. Times in histories are numbers of occasions."""

    alpha: float
    beta: float
    gamma: float
    delta: float

    names: ClassVar[tuple[str, ...]] = ("alpha", "beta", "gamma", "delta")
    title: ClassVar[str] = "BG/BB"

    def log_likelihood(self, known: Histories) -> Floats:
        """Log-likelihood of each history, without its weight (their equation 5): alive to the end, or gone after t_x + i."""
        x, t_x, n = known[:3]
        alive = self._log_alive(x, n)
        over = np.arange(int(np.max(n - t_x, initial=0.0)))
        later = over[None, :] < (n - t_x)[:, None]
        misses = (t_x - x)[:, None] + over
        gone = (
            betaln(self.alpha + x[:, None], self.beta + misses)
            - betaln(self.alpha, self.beta)
            + betaln(self.gamma + 1.0, self.delta + t_x[:, None] + over)
            - betaln(self.gamma, self.delta)
        )
        terms = np.column_stack([alive, np.where(later, gone, -np.inf)])
        return np.asarray(logsumexp(terms, axis=1))

    def expected(self, occasions: ArrayLike) -> Floats:
        """Expected purchases of a newcomer on the first so many occasions (their equation 8)."""
        n = np.asarray(occasions, dtype=np.float64)
        return np.asarray(self.alpha / (self.alpha + self.beta) * self._occasions(np.zeros_like(n), n))

    def alive(self, known: Histories) -> Floats:
        """Probability that the customer of each history has not left before the next occasion (their equation 11)."""
        x, _, n = known[:3]
        here = (
            betaln(self.alpha + x, self.beta + n - x)
            - betaln(self.alpha, self.beta)
            + betaln(self.gamma, self.delta + n + 1.0)
            - betaln(self.gamma, self.delta)
        )
        return np.asarray(np.exp(here - self.log_likelihood(known)))

    def expected_given(self, known: Histories, occasions: ArrayLike) -> Floats:
        """Expected purchases of the customer of each history on the next so many occasions (their equation 13)."""
        x, _, n = known[:3]
        ahead = np.asarray(occasions, dtype=np.float64)
        bought = betaln(self.alpha + x + 1.0, self.beta + n - x) - betaln(self.alpha, self.beta)
        return np.asarray(np.exp(bought - self.log_likelihood(known)) * self._occasions(n, n + ahead))

    def _log_alive(self, x: Floats, n: Floats) -> Floats:
        return np.asarray(
            betaln(self.alpha + x, self.beta + n - x)
            - betaln(self.alpha, self.beta)
            + betaln(self.gamma, self.delta + n)
            - betaln(self.gamma, self.delta)
        )

    def _occasions(self, first: Floats, last: Floats) -> Floats:
        """Expected number of the occasions after `first`, up to `last`, at which a newcomer is alive.

        The sum of B(gamma, delta + j) / B(gamma, delta) in closed form: delta / (gamma - 1) Gamma(gamma + delta) /
        Gamma(1 + delta) times the difference of Gamma(1 + delta + n) / Gamma(gamma + delta + n).
        """
        gamma = self.gamma if abs(self.gamma - 1.0) > NUDGE else 1.0 + NUDGE
        start = gammaln(gamma + self.delta) - gammaln(1.0 + self.delta)

        def tail(n: Floats) -> Floats:
            return np.asarray(np.exp(start + gammaln(1.0 + self.delta + n) - gammaln(gamma + self.delta + n)))

        return np.asarray(self.delta / (gamma - 1.0) * (tail(first) - tail(last)))


@dataclass(frozen=True)
class BgBbFit:
    """A fit that stands alone: the model, standard errors by parameter (nan where the data do not bound one), log-likelihood."""

    model: BgBb
    errors: dict[str, float]
    log_likelihood: float
    known: Histories


def fit_occasions(bought: ArrayLike, last: ArrayLike, occasions: ArrayLike, weight: ArrayLike | None = None) -> BgBbFit:
    """Fit to customers with a row of occasions each, by maximum likelihood.

    Args:
        bought: on how many occasions each customer bought, after the one by which they came.
        last: the number of the last of these, 0 where there is none.
        occasions: how many there were.
        weight: for how many customers each entry stands; 1 if left out.

    Raises:
        Faults: for columns that do not fit together, occasions that are no whole numbers, and where nobody bought.
    """
    known = histories(bought, last, occasions, weight)
    whole = (known.recency == np.floor(known.recency)) & (known.watched == np.floor(known.watched))
    if not np.all(whole & (known.repeats <= known.recency) & (known.watched <= MOST)):
        k = int(np.argmin(whole & (known.repeats <= known.recency) & (known.watched <= MOST)))
        value = (known.repeats[k], known.recency[k], known.watched[k])
        raise fault("occasions", f"[{k}]", "is no row of occasions", "number occasions 1, 2, 3, ...", value)
    if known.purchases <= 0.0:
        raise fault("occasions", "", "nobody bought", "give customers of whom some bought")

    def cost(theta: Floats) -> float:
        return -float(known.weight @ BgBb(*np.exp(theta).tolist()).log_likelihood(known))

    theta = lowest(cost, np.zeros(4), np.tile([-REACH, REACH], (4, 1)))
    curvature = hessian(cost, theta)
    bounded = bool(np.all(np.isfinite(curvature)) and np.all(np.linalg.eigvalsh(curvature) > 0.0))
    spread = np.sqrt(np.diag(np.linalg.inv(curvature))) if bounded else np.full(4, np.nan)
    values = np.exp(theta)
    errors = dict(zip(BgBb.names, (values * spread).tolist(), strict=True))
    return BgBbFit(BgBb(*values.tolist()), errors, -cost(theta), known)

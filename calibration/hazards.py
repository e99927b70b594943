"""Regression on hazards: the law of one exit of a race, times what a stay's covariates and its customer's own speed make of it.

The hazard of stay j of customer i is G_i exp(x_ij b) h(t), h of a law of the format. With G gamma of mean 1 and shape k the
likelihood of a customer with D exits and cumulative hazard A over all stays is closed (Clayton 1978; Klein 1992):
Gamma(k + D) / Gamma(k) k^k (k + A)^-(k + D), times the hazards at the exits. Covariates may be of the past (how often the
customer has been there): given G the past is known at entry, so the likelihood stays the same.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.descent import lowest_by_gradient
from sojourn.calibration.maxima import limits
from sojourn.calibration.stays import Floats, Integers

STEP = 1e-4  # of differences, in logs
LEAST_SHAPE, MOST_SHAPE = math.log(0.02), math.log(800.0)  # logs; the scenario format takes 0.01 to 1,000
STEEPEST = 8.0  # of coefficients of covariates that are of order 1


class Spans(NamedTuple):
    """Stays in one stage as one of its exits sees them, in columns of one length, customers numbered from 0."""

    days: Floats  # above 0; a stay of no length counts as half the resolution of its log
    ended: NDArray[np.bool_]  # by the exit in question; others are censored
    customer: Integers
    columns: Floats  # covariates, shape (stays, p)
    offset: Floats | None = None  # known part of the log hazard of each stay

    @property
    def customers(self) -> int:
        """How many there are."""
        return int(self.customer.max()) + 1

    def with_columns(self, columns: Floats) -> "Spans":
        """The same stays with other covariates."""
        return self._replace(columns=columns)

    def some(self, number: int) -> "Spans":
        """The stays of at most so many customers, evenly from all."""
        if self.customers <= number:
            return self
        rows = (self.customer * number) // self.customers != ((self.customer - 1) * number) // self.customers
        _, customer = np.unique(self.customer[rows], return_inverse=True)
        offset = None if self.offset is None else self.offset[rows]
        return Spans(self.days[rows], self.ended[rows], customer.astype(np.int64), self.columns[rows], offset)


class Hazard(NamedTuple):
    """A fit.

    Attributes:
        law: name of the law.
        theta: logs of its parameters, in the order of the law's own.
        slopes: coefficients of the covariates (log hazard ratios per unit), shape (p,).
        log_shape: log of the shape k of the customers' own speeds; None where all have one speed.
        covariance: of all of these in this order, from the observed information (of the penalised likelihood).
        log_likelihood: without the penalty.
    """

    law: str
    theta: Floats
    slopes: Floats
    log_shape: float | None
    covariance: Floats
    log_likelihood: float

    @property
    def free(self) -> int:
        """How many numbers were fitted."""
        return self.theta.size + self.slopes.size + (self.log_shape is not None)

    @property
    def score(self) -> float:
        """Akaike's criterion."""
        return 2.0 * self.free - 2.0 * self.log_likelihood

    @property
    def shape(self) -> float:
        """Shape of the customers' own speeds; infinite where all have one."""
        return math.inf if self.log_shape is None else math.exp(self.log_shape)

    @property
    def errors(self) -> Floats:
        """Standard errors of the coefficients, shape (p,)."""
        at = self.theta.size
        spread: Floats = np.sqrt(np.diag(self.covariance)[at : at + self.slopes.size])
        return spread


def spans(
    days: Floats, ended: NDArray[np.bool_], customer: Integers, resolution: float, columns: Floats | None = None
) -> Spans:
    """Stays with their covariates, shape (stays, p), none if left out. Open stays of no length say nothing and are left out."""
    kept = ended | (days > 0.0)
    _, who = np.unique(customer[kept], return_inverse=True)
    length = np.where(days > 0.0, days, 0.5 * resolution)[kept]
    table = np.empty((days.size, 0)) if columns is None else columns
    return Spans(length, ended[kept], who.astype(np.int64), table[kept])


def log_likelihood(sample: Spans, law: str, theta: Floats, slopes: Floats, log_shape: float | None) -> float:
    """Of all stays together; minus infinity where it cannot be computed."""
    with np.errstate(all="ignore"):
        total = _parts(sample, law, theta, slopes, log_shape)[0]
    return total if math.isfinite(total) else -math.inf


def fit_hazard(
    sample: Spans,
    law: str,
    *,
    own: bool = False,
    shape: float | None = None,
    penalty: Floats | None = None,
    begin: Hazard | None = None,
) -> Hazard | None:
    """Law, coefficients and, with `own`, the spread of the customers' own speeds, by (penalised) maximum likelihood.

    Args:
        sample: the stays.
        law: name of the law of the format.
        own: whether customers have speeds of their own.
        shape: the log of their shape, where it is known and not to be fitted.
        penalty: half of it times the square of each coefficient is taken off the log-likelihood (one over the variance of a
            normal prior), shape (p,); none if left out.
        begin: where to begin.

    Returns:
        The fit; None where a number runs off to a limit. Speeds that do not differ run off so (shape without end).
    """
    p = sample.columns.shape[1]
    size = len(CANDIDATES[law].parameters)
    units = np.sqrt(np.mean(sample.columns**2, axis=0)) if sample.days.size else np.ones(p)
    units = np.where(units > 0.0, units, 1.0)  # so that all coefficients are of one order
    scaled = sample.with_columns(sample.columns / units)
    weights = (np.zeros(p) if penalty is None else penalty) / units**2
    box = _box(sample, law, p, own)
    first = _first(box, size, law, begin, units, own)

    def parted(at: Floats) -> tuple[Floats, Floats, float | None]:
        return at[:size], at[size : size + p], float(at[-1]) if own else shape

    def cost(at: Floats) -> float:
        theta, slopes, log_shape = parted(at)
        found = log_likelihood(scaled, law, theta, slopes, log_shape)
        return min(-found + 0.5 * float(weights @ slopes**2), 1e250)

    def gradient(at: Floats) -> Floats:
        theta, slopes, log_shape = parted(at)
        result = np.empty(at.size)
        for k in (*range(size), *([at.size - 1] if own else [])):
            move = np.zeros(at.size)
            move[k] = STEP
            result[k] = (cost(at + move) - cost(at - move)) / (2.0 * STEP)
        if p:
            with np.errstate(all="ignore"):
                _, hazard, speed = _parts(scaled, law, theta, slopes, log_shape)
            residual = scaled.ended - hazard * speed[scaled.customer]
            result[size : size + p] = weights * slopes - scaled.columns.T @ residual
        return np.nan_to_num(np.clip(result, -1e100, 1e100))

    def bend(at: Floats) -> Floats:
        """The Hessian: of coefficients by its formula, of the few others by differences of the gradient."""
        theta, slopes, log_shape = parted(at)
        with np.errstate(all="ignore"):
            _, hazard, speed = _parts(scaled, law, theta, slopes, log_shape)
        result = np.zeros((at.size, at.size))
        each = hazard * speed[scaled.customer]
        block = scaled.columns.T @ (scaled.columns * each[:, None]) + np.diag(weights)
        if log_shape is not None:
            sums = np.column_stack(
                [np.bincount(scaled.customer, hazard * column, scaled.customers) for column in scaled.columns.T]
            )
            exits = np.bincount(scaled.customer, scaled.ended, scaled.customers)
            block -= sums.T @ (sums * (speed**2 / (math.exp(log_shape) + exits))[:, None])
        result[size : size + p, size : size + p] = block
        for k in (*range(size), *([at.size - 1] if own else [])):
            move = np.zeros(at.size)
            move[k] = 10.0 * STEP
            result[k] = result[:, k] = (gradient(at + move) - gradient(at - move)) / (20.0 * STEP)
        return np.asarray(0.5 * (result + result.T))

    known = (
        begin is not None and begin.law == law and begin.slopes.size == p and (not own or begin.log_shape is not None)
    )
    hessian = bend if p else None
    found = lowest_by_gradient(cost, gradient, first, box, near=known, bend=hessian)
    if found is None and known:
        found = lowest_by_gradient(cost, gradient, first, box, bend=hessian)
    if found is None:
        return None
    at, covariance = found
    theta, slopes, log_shape = parted(at)
    back = np.ones(at.size)
    back[size : size + p] = units
    return Hazard(
        law,
        theta.copy(),
        slopes / units,
        log_shape,
        covariance / np.outer(back, back),
        log_likelihood(scaled, law, theta, slopes, log_shape),
    )


def _box(sample: Spans, law: str, p: int, own: bool) -> Floats:
    start = math.log(float(sample.days.sum()) / max(float(sample.ended.sum()), 0.5))
    shape = [np.array([(LEAST_SHAPE, MOST_SHAPE)])] if own else []
    return np.concatenate([limits(CANDIDATES[law], start), np.tile((-STEEPEST, STEEPEST), (p, 1)), *shape])


def _first(box: Floats, size: int, law: str, begin: Hazard | None, units: Floats, own: bool) -> Floats:
    first: Floats = np.where(np.arange(box.shape[0]) == 0, box.mean(axis=1), 0.0)
    if begin is not None:
        if begin.law == law:
            first[:size] = begin.theta
        known = min(begin.slopes.size, units.size)
        first[size : size + known] = begin.slopes * units[:known] if known == begin.slopes.size else 0.0
    if own:
        first[-1] = begin.log_shape if begin is not None and begin.log_shape is not None else 0.5
    return np.clip(first, box[:, 0] + 1e-6, box[:, 1] - 1e-6)


def _parts(
    sample: Spans, law: str, theta: Floats, slopes: Floats, log_shape: float | None
) -> tuple[float, Floats, Floats]:
    """The log-likelihood; the cumulative hazard of each stay; and the speed expected of each customer, given what they did."""
    candidate = CANDIDATES[law]
    shift = sample.columns @ slopes if slopes.size else np.zeros(sample.days.size)
    shift = shift if sample.offset is None else shift + sample.offset
    survival = candidate.log_survival(theta, sample.days)
    hazard: Floats = -survival * np.exp(shift)
    ended = sample.ended
    at_exits = candidate.log_density(theta, sample.days[ended]) - survival[ended] + shift[ended]
    total = float(np.sum(at_exits))
    number = sample.customers
    if log_shape is None:
        return total - float(np.sum(hazard)), hazard, np.ones(number)
    k = math.exp(log_shape)
    exits = np.bincount(sample.customer, ended, number)
    used = np.bincount(sample.customer, hazard, number)
    # log of (1 + A / k)^-(k + D) and of the rising factorial of k over k^D: both stay finite where k is large.
    total += float(np.sum(gammaln(k + exits) - gammaln(k) - exits * log_shape - (k + exits) * np.log1p(used / k)))
    speed: Floats = (k + exits) / (k + used)
    return total, hazard, speed

"""Standard errors when one customer stays several times: sums of scores by customer (Liang and Zeger 1986).

Where an arm has few customers their scores vary less than they should, because the fit makes them add up to about nothing:
with one customer there is no variation at all. Two remedies are taken together. The variance of the scores of an arm of m
customers is scaled by m / (m - 1), which is right for two means (CR2 of Bell and McCaffrey 2002), and, where they stay
several times, so that normal intervals are as wide as those of Student's t with m - 1 degrees of freedom. And no variance
is put below that of the model, which takes all stays for those of different people: that customers differ can only add.

Few events bring another trouble: one early event is 2 standard errors from no effect where the likelihood ratio is far from
it. There the standard error is taken so large that the estimate is no clearer than its likelihood ratio (`no_clearer`).
"""

import numpy as np
from scipy.special import ndtri, stdtrit

from sojourn.calibration.stays import Floats, Integers

TAIL = 0.95  # of each end of a 90 % interval


def sandwich(information: Floats, scores: Floats, customer: Integers, arm: Integers) -> Floats:
    """Covariance of estimates, shape (p, p).

    Args:
        information: the negative second derivative of the log-likelihood, shape (p, p).
        scores: what each stay adds to the first derivative, shape (stays, p).
        customer: whose stay it is, shape (stays,).
        arm: in which arm the customer is, shape (stays,).
    """
    _, first, index = np.unique(customer, return_index=True, return_inverse=True)
    sums = np.empty((first.size, scores.shape[1]))
    for k in range(scores.shape[1]):
        sums[:, k] = np.bincount(index, weights=scores[:, k], minlength=first.size)
    members, stays = np.bincount(arm[first]), np.bincount(arm)
    freedom = np.maximum(members - 1.0, 1.0)
    wide = np.where(stays > members, stdtrit(freedom, TAIL) / ndtri(TAIL), 1.0)
    sums *= (wide * np.sqrt(members / freedom))[arm[first]][:, None]
    inverse = np.linalg.inv(information)
    covariance: Floats = inverse @ (sums.T @ sums) @ inverse
    return covariance


def no_clearer(covariance: Floats, errors: Floats) -> Floats:
    """A covariance with standard errors of at least so much, shape (p,), and its own correlations."""
    own = np.sqrt(np.diag(covariance))
    stretch = np.maximum(errors / np.maximum(own, 1e-300), 1.0)
    result: Floats = covariance * stretch[:, None] * stretch
    return result


def no_less(covariance: Floats, least: Floats) -> Floats:
    """The smallest covariance in which no contrast varies less than in either of two; `least` must be positive definite."""
    root = np.linalg.cholesky(least)
    back = np.linalg.inv(root)
    values, axes = np.linalg.eigh(back @ covariance @ back.T)
    turned = root @ axes
    result: Floats = (turned * np.maximum(values, 1.0)) @ turned.T
    return result

"""Standard errors when one customer stays several times: sums of scores by customer (Liang and Zeger 1986)."""

import numpy as np

from sojourn.calibration.stays import Floats, Integers


def sandwich(information: Floats, scores: Floats, customer: Integers) -> Floats:
    """Covariance of estimates, shape (p, p).

    Args:
        information: the negative second derivative of the log-likelihood, shape (p, p).
        scores: what each stay adds to the first derivative, shape (stays, p).
        customer: whose stay it is, shape (stays,).
    """
    _, index = np.unique(customer, return_inverse=True)
    number = int(index.max()) + 1
    sums = np.empty((number, scores.shape[1]))
    for k in range(scores.shape[1]):
        sums[:, k] = np.bincount(index, weights=scores[:, k], minlength=number)
    inverse = np.linalg.inv(information)
    covariance: Floats = inverse @ (sums.T @ sums) @ inverse * (number / max(number - 1, 1))
    return covariance

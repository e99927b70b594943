"""Keeps the estimate of an effect from running away where an arm never, or always, did something.

There the likelihood only rises: no finite effect fits best, and to leave the effect out would be to write that the arm did
nothing. A log-F(1, 1) prior on the shift b is added to the log-likelihood, b / 2 - log(1 + exp(b)) (Greenland and Mansournia
2015): odds or hazard ratios between 1 / 648 and 648 with probability .95. Where much was expected it counts half a customer,
as is usual for empty cells (Haldane 1956); where next to nothing was expected it leaves the shift near 0, with a wide
interval, where half a customer in the cell would make up an effect. It acts on those shifts only.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from sojourn.calibration.stays import Floats

Mask = NDArray[np.bool_]


def pull(shifts: Floats, held: Mask) -> tuple[Floats, Floats]:
    """First derivative and negative second derivative of the log-prior of the shifts that are held; else 0."""
    share = expit(shifts)
    return np.where(held, 0.5 - share, 0.0), np.where(held, share * (1.0 - share), 0.0)


def held_odds(taken: int, of: int, base: float) -> tuple[float, float]:
    """Shift of the log-odds `base` to an arm of which nobody or everybody went on, and its variance without that of `base`."""
    shift = float(brentq(lambda b: taken + 0.5 - of * expit(base + b) - expit(b), -100.0, 100.0))
    p, share = float(expit(base + shift)), float(expit(shift))
    return shift, 1.0 / (of * p * (1.0 - p) + share * (1.0 - share))

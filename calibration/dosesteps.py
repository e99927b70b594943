"""The effects of one step at all doses, as a curve over doses is fitted to them."""

from collections.abc import Sequence

import numpy as np

from sojourn.calibration.doseblocks import Shifts, Tally
from sojourn.calibration.stepfit import StepFit

UNTOLD = 4.0  # variance of an effect of which nothing is known: that of the prior in `held` at its mode


def tally(step: StepFit, arms: Sequence[str]) -> Tally:
    """Counts at all doses, control first.

    Where everybody, nobody, or nobody of nobody went on, one customer more goes on as all do together. Without that customer
    no size of the effect could be large enough, or any would do.
    """
    places = [0, *(1 + k for k, arm in enumerate(arms) if arm in step.arms)]
    taken, of = np.zeros(len(arms) + 1), np.zeros(len(arms) + 1)
    taken[places], of[places] = step.taken[0], step.of
    full = (taken == 0.0) | (taken == of)
    share = taken.sum() / of.sum()
    return Tally(taken + np.where(full, share, 0.0), of + full)


def shifts(step: StepFit, arms: Sequence[str]) -> Shifts:
    """Estimates at all doses; one that the experiment does not tell is near none, and hardly counts."""
    exits, there = len(step.exits), [k for k, arm in enumerate(arms) if arm in step.arms]
    places = (np.arange(exits)[:, None] * len(arms) + np.array(there)).ravel()
    values, covariance = np.zeros(exits * len(arms)), UNTOLD * np.eye(exits * len(arms))
    values[places] = step.fitted.shifts.ravel()
    covariance[np.ix_(places, places)] = step.fitted.covariance
    return Shifts(values.reshape(exits, len(arms)), covariance)

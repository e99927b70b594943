"""What customers' stays say of their own speed at an exit of a race: its likelihood on a grid, as no law but the exponential has
a conjugate one.

A stay of d days at speed V is one of V d days at speed 1: watched so far it has the probability S(V d), and the density of an
exit by then is -(1 / d) dS / d log V. On a grid of log V that is a difference between neighbours, of laws that jump as well.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.stays import Floats, Integers
from sojourn.scenarios.model import Law
from sojourn.sim.clocks import exposures

LOGS = np.linspace(-12.0, 5.0, 341)  # of speeds: whoever is slower never goes, for what anybody sees
STEP = float(LOGS[1] - LOGS[0])
MOST = 700.0  # exposure that counts at most: nobody outlives a law in truth
AT_ONCE = 4_000  # customers


class Passed(NamedTuple):
    """Stays of customers in a stage; columns of shape (stays,)."""

    who: Integers
    days: Floats
    since: Floats  # age at which the watching began
    onward: NDArray[np.object_]  # names of the next stages
    ratio: Floats  # on the hazard of the exit


def log_prior(shape: float) -> Floats:
    """Log-density of log V on the grid, V gamma of mean 1; whoever is slower stands at its beginning."""
    log = shape * (LOGS - np.exp(LOGS))
    log[0] += np.log(2.0 / (shape * STEP))
    return np.asarray(log)


def likelihoods(stays: Passed, to: str, law: Law, count: int) -> Iterator[tuple[Integers, Floats, Floats]]:
    """For some customers at a time, who they are, the log of the hazards with which they took the exit, and their exposure to it.

    Both have the shape (customers, speeds). The log-likelihood is the first less the second, which a ratio may multiply.
    """
    taken = stays.onward == to
    table = _Table(law, stays.days)
    for first in range(0, count, AT_ONCE):
        some = np.arange(first, min(first + AT_ONCE, count))
        mine = (stays.who >= some[0]) & (stays.who <= some[-1])
        who = stays.who[mine] - first
        ratio = stays.ratio[mine, None]
        # Edges of the cells of the grid, so that a jump of the law lies in one of them.
        before, middle = table.exposures(stays.days[mine], -STEP / 2.0), table.exposures(stays.days[mine], 0.0)
        entered = table.exposures(stays.since[mine], 0.0)
        left = taken[mine, None]
        gone = -np.expm1(-ratio * (table.exposures(stays.days[mine], STEP / 2.0) - before))
        density, gathered = np.zeros((some.size, LOGS.size)), np.zeros((some.size, LOGS.size))
        np.add.at(density, who, np.where(left, np.log(np.maximum(gone, 1e-300)), 0.0))
        np.add.at(gathered, who, ratio * np.maximum(np.where(left, before, middle) - entered, 0.0))
        yield some, density, gathered


class _Table:
    """A law's cumulative hazard by the log of the age, at steps far below those of the grid: most laws are slow to compute."""

    def __init__(self, law: Law, days: Floats) -> None:
        longer = np.log(days[days > 0.0]) if np.any(days > 0.0) else np.zeros(1)
        low, high = float(longer.min() + LOGS[0] - STEP), float(longer.max() + LOGS[-1] + STEP)
        self._logs = np.linspace(low, high, math.ceil((high - low) / STEP * 8.0))
        self._exposures = np.minimum(exposures(law, np.exp(self._logs)), MOST)

    def exposures(self, days: Floats, moved: float) -> Floats:
        """H after so many days at each speed of the grid, moved along it; shape (stays, speeds)."""
        with np.errstate(divide="ignore"):
            logs = np.log(days)[:, None] + LOGS + moved
        return np.where(days[:, None] > 0.0, np.interp(logs, self._logs, self._exposures), 0.0)

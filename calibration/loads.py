"""One trait for several exits: a standard normal Z of each customer that loads on hazards, as `[frailty] loads` has it.

The hazard of exit e is h_e(t) exp(c_e Z). Whoever buys soon may also be slow to leave: own speeds of single exits cannot say
that, one Z for both can. Given Z the exits of a customer are independent, and of each only the number of exits D and the
cumulative hazard A count: exp(c D Z - A exp(c Z)). Z is integrated out on an even grid, which for so smooth a function is exact
to many digits (trapezoidal rule; Gauss-Hermite nodes would lie too wide for customers with many exits).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.descent import lowest_by_gradient
from sojourn.calibration.hazards import Spans
from sojourn.calibration.maxima import limits
from sojourn.calibration.stays import Floats

GRID = np.linspace(-6.0, 6.0, 121)
WEIGHTS = -0.5 * GRID**2 - 0.5 * math.log(2.0 * math.pi) + math.log(GRID[1] - GRID[0])  # logs
STEP = 1e-4
MOST = 10_000  # customers that are fitted to
STEEPEST = 4.0  # of a load
Z = 1.6448536269514722  # 90 % intervals


class Way(NamedTuple):
    """One exit: its name ("stage -> next stage"), its stays with customers numbered alike for all exits, and its law."""

    name: str
    sample: Spans
    law: str
    theta: Floats  # where to begin


@dataclass(frozen=True)
class Loads:
    """A fit. `covariance` is of the laws' parameters, exit by exit, then of the loads."""

    names: tuple[str, ...]
    laws: tuple[str, ...]
    thetas: tuple[Floats, ...]
    loads: Floats
    covariance: Floats
    log_likelihood: float

    @property
    def errors(self) -> Floats:
        """Standard errors of the loads."""
        return np.asarray(np.sqrt(np.diag(self.covariance)[-self.loads.size :]))

    def place(self, name: str) -> slice:
        """Where the parameters of an exit's law stand in the covariance."""
        k = self.names.index(name)
        first = sum(theta.size for theta in self.thetas[:k])
        return slice(first, first + self.thetas[k].size)

    def said(self) -> str:
        """In plain words."""
        told = ", ".join(
            f"{name} {load:+.2f} [{load - Z * error:+.2f}, {load + Z * error:+.2f}]"
            for name, load, error in zip(self.names, self.loads, self.errors, strict=True)
        )
        return f"One trait of each customer (a standard normal) loads on several exits: {told} on the log hazard."


def log_likelihood(ways: tuple[Way, ...], thetas: tuple[Floats, ...], loads: Floats) -> float:
    """Of all stays of all exits together."""
    return _parts(ways, thetas, loads, _customers(ways))[0]


def fit_loads(ways: tuple[Way, ...]) -> Loads | None:
    """Laws and loads of several exits together, by maximum likelihood; the first load is positive, since Z may be turned round.

    None where a number runs off to a limit.
    """
    sizes = [way.theta.size for way in ways]
    cuts = np.cumsum(sizes)
    number = _customers(ways)
    box = np.concatenate(
        [
            *(
                limits(
                    CANDIDATES[way.law],
                    math.log(float(way.sample.days.sum()) / max(float(way.sample.ended.sum()), 0.5)),
                )
                for way in ways
            ),
            np.tile((-STEEPEST, STEEPEST), (len(ways), 1)),
        ]
    )

    def parted(at: Floats) -> tuple[tuple[Floats, ...], Floats]:
        return tuple(np.split(at[: cuts[-1]], cuts[:-1])), at[cuts[-1] :]

    def cost(at: Floats) -> float:
        with np.errstate(all="ignore"):
            return min(-_parts(ways, *parted(at), number)[0], 1e250)

    def gradient(at: Floats) -> Floats:
        thetas, loads = parted(at)
        with np.errstate(all="ignore"):
            _, factors, slopes = _parts(ways, thetas, loads, number)
            moves = [
                (_given(way, theta + STEP * one, factor) - _given(way, theta - STEP * one, factor)) / (2.0 * STEP)
                for way, theta, factor in zip(ways, thetas, factors, strict=True)
                for one in np.eye(theta.size)
            ]
        return np.nan_to_num(-np.concatenate((moves, slopes)))

    best = None
    for signs in _signs(len(ways)):
        first = np.clip(np.concatenate((*(way.theta for way in ways), signs)), box[:, 0] + 1e-6, box[:, 1] - 1e-6)
        found = lowest_by_gradient(cost, gradient, first, box)
        if found is not None and (best is None or cost(found[0]) < cost(best[0])):
            best = found
    if best is None:
        return None
    at, covariance = best
    thetas, loads = parted(at)
    if loads[0] < 0.0:
        loads = -loads
        turn = np.ones(at.size)
        turn[cuts[-1] :] = -1.0
        covariance = covariance * np.outer(turn, turn)
    return Loads(tuple(way.name for way in ways), tuple(way.law for way in ways), thetas, loads, covariance, -cost(at))


def _signs(number: int) -> list[Floats]:
    """Where loads begin: all of one sign, and each but the first against it in turn."""
    starts = [np.full(number, 0.4)]
    for k in range(1, number):
        one = np.full(number, 0.4)
        one[k] = -0.4
        starts.append(one)
    return starts


def _customers(ways: tuple[Way, ...]) -> int:
    return max(int(way.sample.customer.max(initial=-1)) for way in ways) + 1


def _parts(
    ways: tuple[Way, ...], thetas: tuple[Floats, ...], loads: Floats, number: int
) -> tuple[float, list[Floats], Floats]:
    """The log-likelihood; the factor expected on each exit's hazard of each customer; slopes by the loads."""
    total = 0.0
    logs = np.tile(WEIGHTS, (number, 1))
    exits, used = [], []
    for way, theta, load in zip(ways, thetas, loads, strict=True):
        sample, law = way.sample, CANDIDATES[way.law]
        survival = law.log_survival(theta, sample.days)
        ended = sample.ended
        total += float(np.sum(law.log_density(theta, sample.days[ended]) - survival[ended]))
        exits.append(np.bincount(sample.customer, ended, number))
        used.append(np.bincount(sample.customer, -survival, number))
        logs += np.outer(exits[-1], load * GRID) - np.outer(used[-1], np.exp(load * GRID))
    whole = np.logaddexp.reduce(logs, axis=1)
    weight = np.exp(logs - whole[:, None])
    factors, slopes = [], []
    middle = weight @ GRID
    for taken, hazard, load in zip(exits, used, loads, strict=True):
        factors.append(weight @ np.exp(load * GRID))
        slopes.append(float(taken @ middle - hazard @ (weight @ (GRID * np.exp(load * GRID)))))
    total += float(np.sum(whole))
    return (total if math.isfinite(total) else -1e250), factors, np.array(slopes)


def _given(way: Way, theta: Floats, factor: Floats) -> float:
    """The log-likelihood of an exit if each customer's factor were known."""
    sample, law = way.sample, CANDIDATES[way.law]
    survival = law.log_survival(theta, sample.days)
    at_exits = law.log_density(theta, sample.days[sample.ended]) - survival[sample.ended]
    return float(np.sum(at_exits)) + float(np.sum(survival * factor[sample.customer]))

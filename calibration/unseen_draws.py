"""Draws of how much customers differ, where they leave unseen or at the end of a term: one history a customer."""

import numpy as np

from sojourn.calibration.contracts import tenures
from sojourn.calibration.logs import Log
from sojourn.calibration.newton import lowest
from sojourn.calibration.renewals import REACH, Sbg
from sojourn.calibration.resampling import rounds
from sojourn.calibration.silent import SilentFit
from sojourn.calibration.silent_costs import SilentCost, limits
from sojourn.calibration.spells import Floats

BEYOND = 2.0  # how much farther than the fit the logs of drawn parameters may go
WIDE = 2.0  # standard deviation of the log of a parameter before any data, times in mean times watched


def draw_silent(found: SilentFit, count: int, rng: np.random.Generator) -> Floats:
    """Draws of the four parameters of a model of silent churn, in its order and unit, shape (count, 4); at the k found."""
    known, model = found.known.together(), found.model
    unit = float(known.weight @ known.watched) / known.customers
    units = np.where(model.times, unit, 1.0)
    likelihood = SilentCost(model, known.scaled(unit))

    def cost(theta: Floats) -> float:
        value = likelihood(theta)
        return value + 0.5 * float(np.sum((theta / WIDE) ** 2)) if np.isfinite(value) else 1e300

    bounds, within = limits(model, likelihood.known, BEYOND), limits(model, likelihood.known)
    begin = np.log(np.array([found.parameters[name] for name in model.names]) / units)
    middle = lowest(cost, np.clip(begin, within[:, 0], within[:, 1]), bounds)
    return np.asarray(np.exp(rounds(cost, middle, bounds, count, rng).draws) * units)


def draw_contract(log: Log, stage: str, count: int, rng: np.random.Generator) -> Floats:
    """Draws of alpha and beta of the chance to leave at a renewal, shape (count, 2)."""
    left, there = tenures(log, stage)
    at, after = np.arange(1.0, left.size + 1.0), np.arange(0.0, there.size)

    def cost(theta: Floats) -> float:
        model = Sbg(*np.exp(theta).tolist())
        value = -float(left @ model.log_leaving(at) + there @ model.log_survival(after))
        return value + 0.5 * float(np.sum((theta / WIDE) ** 2)) if np.isfinite(value) else 1e300

    bounds = np.tile([-REACH, REACH], (2, 1))
    middle = lowest(cost, np.zeros(2), bounds)
    return np.asarray(np.exp(rounds(cost, middle, bounds, count, rng).draws))

"""What a search for a model of customers who leave unseen makes small: minus the log-likelihood, by the logs of parameters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import minimize

from sojourn.calibration.bgcnbd import BgCnbd
from sojourn.calibration.bgnbd import BgNbd
from sojourn.calibration.histories import Histories
from sojourn.calibration.newton import gradient, hessian, turning
from sojourn.calibration.paretocnbd import ParetoCnbd
from sojourn.calibration.paretonbd import ParetoNbd
from sojourn.calibration.regular import MOST
from sojourn.calibration.stays import Floats

Model = BgNbd | ParetoNbd
REACH = 5.0  # how far from 1 the log of a parameter may go: beyond, customers do not differ as far as data can tell
LEAST_SHAPE = 0.01  # of a gamma law over customers in a scenario file
STARTS = ((0.0, 0.0, 0.0, 0.0), (-1.0, -1.0, 1.0, 1.5))  # logs, times in mean times watched


def steps_of(model: Model) -> int:
    """How many steps a purchase takes by a model."""
    return model.k if isinstance(model, BgCnbd | ParetoCnbd) else 1


def moved(model: Model, values: Sequence[float]) -> Model:
    """The model with other parameters, in its order; the steps of a purchase stay."""
    changes: dict[str, Any] = dict(zip(model.names, values, strict=True))
    return replace(model, **changes)


def limits(model: Model, known: Histories, beyond: float = 0.0) -> Floats:
    """How far the log of each parameter may go, and `beyond` it, shape (4, 2); times are in mean times watched.

    Where between purchases lies a thousandth of that time, customers buy, and may leave, within so much less of it. A scenario
    file holds all of this: gamma laws from `LEAST_SHAPE` on, and mean times far longer than any here.
    """
    often = float(np.log1p(known.purchases / max(float(known.weight @ known.recency), 1e-300)))
    low = {"r": np.log(LEAST_SHAPE), "s": np.log(LEAST_SHAPE)}
    lows = [
        low.get(name, -REACH - beyond - (often if time else 0.0))
        for name, time in zip(model.names, model.times, strict=True)
    ]
    return np.column_stack([lows, np.full(len(lows), REACH + beyond)])


@dataclass(frozen=True)
class SilentCost:
    """Minus the log-likelihood of histories, as a function of the logs of the parameters.

    Attributes:
        like: a model of that kind and with those steps.
        known: the histories.
        sloped: whether slopes are by formula, which models with steps by the Pareto law have, and not by differences.
    """

    like: Model
    known: Histories
    sloped: bool = False

    def __call__(self, theta: Floats) -> float:
        """The cost."""
        if self.sloped:
            return self.with_slopes(theta)[0]
        return -float(self.known.weight @ self._at(theta).log_likelihood(self.known))

    def with_slopes(self, theta: Floats) -> tuple[float, Floats]:
        """The cost and its first derivatives, shape (4,)."""
        model = self._at(theta)
        if self.sloped and isinstance(model, ParetoCnbd):
            values, slopes = model.log_likelihood_sloped(self.known)
            return -float(self.known.weight @ values), -(slopes @ self.known.weight)
        return self(theta), gradient(self, theta)

    def curvature(self, theta: Floats) -> Floats:
        """Second derivatives, shape (4, 4)."""
        return turning(lambda place: self.with_slopes(place)[1], theta) if self.sloped else hessian(self, theta)

    def lowest(self, start: Sequence[float]) -> Floats:
        """Where it is least; along the ridges of these likelihoods a quasi-Newton search strays less than Newton's own."""
        box = limits(self.like, self.known)
        found = minimize(
            self.with_slopes,
            np.clip(start, box[:, 0], box[:, 1]),
            jac=True,
            method="L-BFGS-B",
            bounds=box,
            options={"ftol": 1e-15, "gtol": 1e-5, "maxiter": 100},
        )
        return np.asarray(found.x, dtype=np.float64)

    def _at(self, theta: Floats) -> Model:
        return moved(self.like, np.exp(theta).tolist())


def most_likely(like: Model, known: Histories, k: int | None = None) -> tuple[SilentCost, Floats]:
    """Where the likelihood of histories is highest, and what says so there.

    Models with steps: at the k given, or at 1, 2, 3, ... as long as it rises. By the Pareto law the search goes by formula, also
    at k = 1, where functions of the model without steps are slow; if that is the k, it ends as the model without steps does.
    """
    if not isinstance(like, BgCnbd | ParetoCnbd):
        return _from_starts(SilentCost(like, known))
    sloped = isinstance(like, ParetoCnbd)
    cost, theta = _from_starts(SilentCost(replace(like, k=k or 1), known, sloped and k != 1))
    least = cost(theta)
    while k is None and steps_of(cost.like) < MOST:
        longer = replace(cost, like=replace(like, k=steps_of(cost.like) + 1))
        there = longer.lowest(theta.tolist())
        value = longer(there)
        if value >= least:
            break
        cost, theta, least = longer, there, value
    if cost.sloped and steps_of(cost.like) == 1:
        return _from_starts(replace(cost, sloped=False))
    return cost, theta


def _from_starts(cost: SilentCost) -> tuple[SilentCost, Floats]:
    """The lowest place found; by the Pareto law the last steps to it only are taken without formulas for slopes."""
    if cost.sloped or not isinstance(cost.like, ParetoNbd | ParetoCnbd):
        return cost, min((cost.lowest(start) for start in STARTS), key=cost)
    known = cost.known._replace(logs=np.zeros(cost.known.repeats.size))  # with one step a purchase they tell nothing
    _, near = _from_starts(SilentCost(ParetoCnbd(1.0, 1.0, 1.0, 1.0), known, sloped=True))
    return cost, cost.lowest(near.tolist())

"""Fits models of customers who leave unseen: maximum likelihood, with standard errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.optimize import minimize

from sojourn.calibration.bgnbd import BgNbd
from sojourn.calibration.histories import Histories
from sojourn.calibration.newton import Cost, gradient, hessian
from sojourn.calibration.paretonbd import ParetoNbd
from sojourn.calibration.stays import Floats
from sojourn.scenarios.faults import fault

Model = BgNbd | ParetoNbd
M = TypeVar("M", BgNbd, ParetoNbd)
MODELS: dict[str, type[Model]] = {"bgnbd": BgNbd, "paretonbd": ParetoNbd}
REACH = 5.0  # how far from 1 the log of a parameter may go: beyond, customers do not differ as far as data can tell
STARTS = ((0.0, 0.0, 0.0, 0.0), (-1.0, -1.0, 1.0, 1.5))  # logs, times in mean times watched


@dataclass(frozen=True)
class SilentFit:
    """A fit that stands alone.

    Attributes:
        model: the model at its most likely parameters.
        errors: standard error of each parameter, by its name; nan where the data do not bound it.
        covariance: of the logs of the parameters, shape (4, 4).
        log_likelihood: of all histories together.
        known: the histories fitted to.
        notes: what weakens these numbers, in sentences.
    """

    model: Model
    errors: dict[str, float]
    covariance: Floats
    log_likelihood: float
    known: Histories
    notes: tuple[str, ...]

    @property
    def parameters(self) -> dict[str, float]:
        """Each parameter, by its name."""
        return {name: float(getattr(self.model, name)) for name in self.model.names}

    @property
    def aic(self) -> float:
        """Akaike's criterion: of two fits to the same histories, the smaller is to be preferred."""
        return 2.0 * len(self.model.names) - 2.0 * self.log_likelihood

    @property
    def alive(self) -> float:
        """How many of the customers are expected not to have left when the watching ends."""
        return float(self.known.weight @ self.model.alive(self.known))

    def said(self, stage: str) -> str:
        """What was found, for people; times are days."""
        told = ", ".join(f"{name} {value:.4g} ({self.errors[name]:.2g})" for name, value in self.parameters.items())
        return (
            f"Leaving {stage} is not seen: {self.model.title} by maximum likelihood from {self.known.customers:,.0f} customers "
            f"and {self.known.purchases:,.0f} repeats, {told} (standard errors in parentheses). Of them {self.alive:,.0f} are "
            f"expected to be customers still; a newcomer comes back {float(self.model.expected(365.0)):.2f} times within a year."
        )


def fit_silent(known: Histories, kind: str = "bgnbd") -> SilentFit:
    """Fit "bgnbd" or "paretonbd" to histories by maximum likelihood.

    Raises:
        Faults: for an unknown model, and where nobody bought again, so that no rate can be told.
    """
    if kind not in MODELS:
        raise fault("silent", "", f"no model named {kind}", f"use {' or '.join(MODELS)}", kind)
    if known.purchases <= 0.0:
        raise fault("histories", "", "nobody bought again", "give a longer log, or another event that repeats")
    made = MODELS[kind]
    unit = float(known.weight @ known.watched) / known.customers  # so that all parameters are of one order
    scaled = known._replace(recency=known.recency / unit, watched=known.watched / unit)

    def cost(theta: Floats) -> float:
        return -float(scaled.weight @ made(*np.exp(theta).tolist()).log_likelihood(scaled))

    theta = min((_lowest(cost, start) for start in STARTS), key=cost)
    with np.errstate(all="ignore"):
        covariance = _inverse(hessian(cost, theta))
    values = np.exp(theta) * np.where(made.times, unit, 1.0)
    model = made(*values.tolist())
    with np.errstate(invalid="ignore"):
        errors = values * np.sqrt(np.diag(covariance))
    notes = [
        f"{made.title}: {name} lies at the end of what is searched: customers do not differ in it, as far as the data tell."
        for name, log in zip(made.names, theta, strict=True)
        if abs(log) > REACH - 0.01
    ]
    return SilentFit(
        model=model,
        errors=dict(zip(made.names, errors.tolist(), strict=True)),
        covariance=covariance,
        log_likelihood=float(known.weight @ model.log_likelihood(known)),
        known=known,
        notes=tuple(notes),
    )


def _lowest(cost: Cost, start: Sequence[float]) -> Floats:
    """Where the cost is least; along the ridges of these likelihoods a quasi-Newton search strays less than Newton's own."""
    found = minimize(
        cost,
        np.array(start),
        jac=lambda theta: gradient(cost, theta),
        method="L-BFGS-B",
        bounds=[(-REACH, REACH)] * len(start),
        options={"ftol": 1e-15, "gtol": 1e-5, "maxiter": 100},
    )
    return np.asarray(found.x, dtype=np.float64)


def _inverse(curvature: Floats) -> Floats:
    """The covariance; nan where the likelihood is flat in some direction."""
    values = np.linalg.eigvalsh(curvature) if np.all(np.isfinite(curvature)) else np.array([-1.0])
    if values[0] <= 0.0:
        return np.full(curvature.shape, np.nan)
    return np.asarray(np.linalg.inv(curvature))

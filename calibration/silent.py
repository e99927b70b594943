"""Fits models of customers who leave unseen: maximum likelihood, with standard errors."""

from dataclasses import dataclass, field

import numpy as np

from sojourn.calibration.bgcnbd import BgCnbd
from sojourn.calibration.bgnbd import BgNbd
from sojourn.calibration.edges import End, buying_said, covariance_of, ends_of, leaving_said, numbers_said
from sojourn.calibration.histories import Histories
from sojourn.calibration.paretocnbd import ParetoCnbd
from sojourn.calibration.paretonbd import ParetoNbd
from sojourn.calibration.regular import MOST
from sojourn.calibration.silent_costs import Model, limits, most_likely, moved, steps_of
from sojourn.calibration.stays import Floats
from sojourn.scenarios.faults import fault

MODELS: dict[str, type[Model]] = {
    "bgnbd": BgNbd,
    "paretonbd": ParetoNbd,
    "bgnbd-k": BgCnbd,  # regular timing: how many steps a purchase takes is found
    "paretonbd-k": ParetoCnbd,
}
REGULAR = ("bgnbd-k", "paretonbd-k")  # those of them that ask for the times between purchases
COARSE = 4.3  # geometric mean of whole numbers of days below which purchases by chance, one a day at most, look like two steps


@dataclass(frozen=True)
class SilentFit:
    """A fit that stands alone.

    Attributes:
        model: the model at its most likely parameters.
        errors: standard error of each parameter, by its name, those at an end held there; nan for these, and where the data do
            not bound it.
        covariance: of the logs of the parameters, shape (4, 4); nan as the errors.
        log_likelihood: of all histories together.
        known: the histories fitted to.
        notes: what weakens these numbers, in sentences.
        ends: parameters at an end of what is searched, and which.
    """

    model: Model
    errors: dict[str, float]
    covariance: Floats
    log_likelihood: float
    known: Histories
    notes: tuple[str, ...]
    ends: dict[str, End] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, float]:
        """Each parameter, by its name; the steps of a purchase, where they were looked for, as `k`."""
        steps = {"k": float(self.model.k)} if isinstance(self.model, BgCnbd | ParetoCnbd) else {}
        return {name: float(getattr(self.model, name)) for name in self.model.names} | steps

    @property
    def k(self) -> int:
        """How many steps a purchase takes: 1 where purchases come by chance."""
        return steps_of(self.model)

    @property
    def aic(self) -> float:
        """Akaike's criterion: of two fits to the same histories, the smaller is to be preferred."""
        return 2.0 * len(self.parameters) - 2.0 * self.log_likelihood

    @property
    def alive(self) -> float:
        """How many of the customers are expected not to have left when the watching ends."""
        return float(self.known.weight @ self.model.alive(self.known))

    def rounded(self, resolution: float) -> tuple[str, ...]:
        """What weakens the k found, where times are known to so many days only: a sentence, or none."""
        if self.k == 1:
            return ()
        between = float(np.exp(self.known.weight @ self.known.log_times / self.known.purchases))
        if between >= COARSE * resolution:
            return ()
        return (
            f"{self.model.title}: between purchases lie {between:.2g} days in the geometric mean, and times are known to "
            f"{resolution:.2g}. Rounding alone makes purchases as frequent as these look regular (k = 2): with finer times k may "
            "be less.",
        )

    def said(self, stage: str) -> str:
        """What was found, for people; times are days."""
        told = numbers_said(self.parameters, self.errors, self.ends)
        repeats = f"{self.known.purchases:,.0f} repeat{'' if self.known.purchases == 1.0 else 's'}"
        customers = f"{self.known.customers:,.0f} customer{'' if self.known.customers == 1.0 else 's'}"
        year = float(self.model.expected(365.0))
        return (
            f"Leaving {stage} is not seen: {self.model.title} by maximum likelihood from {customers} and {repeats}, "
            f"{told} (standard errors in parentheses).{self._regular()} Of them "
            f"{self.alive:,.0f} are expected to be customers still; a newcomer comes back {year:.2f} times within a year."
        )

    def _regular(self) -> str:
        """How regular purchases are, where that was asked."""
        if "k" not in self.parameters:
            return ""
        if self.k == 1:
            return " Purchases are no more regular than by chance (k = 1)."
        return f" Purchases come in k = {self.k} steps: more regular than by chance."


def fit_silent(known: Histories, kind: str = "bgnbd", k: int | None = None, *, even_if_none: bool = False) -> SilentFit:
    """Fit a model of `MODELS` to histories by maximum likelihood.

    Where purchases may come in steps, k is 1, 2, 3, ... as long as the likelihood rises, or as given; the errors of the others
    are those at that k. `even_if_none`: a part of the customers of whom nobody happened to buy again gets the least rate that is
    searched.

    Raises:
        Faults: for an unknown model, where nobody bought again, so that no rate can be told, and where k is asked for and the
            times between purchases are not known.
    """
    if kind not in MODELS:
        raise fault("silent", "", f"no model named {kind}", f"use {', '.join([*MODELS][:-1])} or {[*MODELS][-1]}", kind)
    if known.purchases <= 0.0 and not even_if_none:
        raise fault("histories", "", "nobody bought again", "give a longer log, or another event that repeats")
    made = MODELS[kind]
    together = known.together()
    unit = float(together.weight @ together.watched) / together.customers  # so that all parameters are of one order
    scaled = together.scaled(unit)
    cost, theta = most_likely(made(1.0, 1.0, 1.0, 1.0), scaled, k)
    ends = ends_of(made.names, theta, limits(cost.like, scaled))
    with np.errstate(all="ignore"):
        covariance = covariance_of(cost.curvature(theta), [name in ends for name in made.names])
    values = np.exp(theta) * np.where(made.times, unit, 1.0)
    model = moved(cost.like, values.tolist())
    errors = values * np.sqrt(np.diag(covariance))
    left = known.customers - float(known.weight @ model.alive(known))
    notes = [
        f"{made.title}: {said[0].lower()}{said[1:]}"
        for said in (*buying_said(ends), *leaving_said(ends, (made.names[2], made.names[3]), left, "repeat"))
    ]
    if steps_of(model) == MOST:
        notes.append(f"{made.title}: k lies at the end of what is searched: purchases come like clockwork.")
    return SilentFit(
        model=model,
        errors=dict(zip(made.names, errors.tolist(), strict=True)),
        covariance=covariance,
        log_likelihood=float(known.weight @ model.log_likelihood(known)),
        known=known,
        notes=tuple(notes),
        ends=ends,
    )

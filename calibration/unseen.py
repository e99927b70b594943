"""Customers who may have left without a word: which of them are still there, and at which rates of their own.

Given the rates of its law, a scenario's silent stage is a buy-till-you-die model again: r and alpha, and a and b (BG/NBD) or s
and beta (Pareto/NBD), are read off its numbers. Of those alive the rate is gamma (r + x, alpha + T), the chance to leave beta
(a, b + x) and the rate of leaving gamma (s, beta + T) (Fader, Hardie and Lee 2005; Schmittlein et al. 1987). Where purchases come
in k steps, by a gamma law of that shape with speeds, the rate is a mixture over the steps taken since the last one (`regular`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.bgcnbd import BgCnbd
from sojourn.calibration.bgnbd import BgNbd
from sojourn.calibration.histories import Histories
from sojourn.calibration.logs import Log
from sojourn.calibration.mapping import parts_of
from sojourn.calibration.paretocnbd import ParetoCnbd
from sojourn.calibration.paretonbd import ParetoNbd
from sojourn.calibration.stays import Floats, Integers
from sojourn.scenarios.faults import fault
from sojourn.scenarios.model import Exponential, Gamma, Scenario


class Alive(NamedTuple):
    """Drawn for some customers of a silent stage: who is there, and their own draws by (stage, number of the exit)."""

    there: NDArray[np.bool_]
    own: dict[tuple[str, int], Floats]


def model_of(scenario: Scenario, name: str) -> BgNbd | ParetoNbd:
    """The model that a scenario's silent stage stands for. Raises Faults where its numbers are not of that form."""
    _, waiting, again, over = parts_of(name)
    stages, frailty = scenario.stages, scenario.frailty
    back, gone, leaves = f"{waiting} -> {again}", f"{waiting} -> {over}", f"{again} -> {over}"
    law = stages[waiting].race.get(again)
    mean, k, own = None, 1, {} if frailty is None else frailty.gamma
    if isinstance(law, Exponential):
        mean = law.mean
    elif isinstance(law, Gamma) and law.shape == round(law.shape) and frailty is not None:
        mean, k, own = law.mean, round(law.shape), frailty.speed
    if frailty is not None and mean is not None and back in own:
        r = own[back]
        if leaves in frailty.beta and over in stages[again].choices:
            chance, strength = stages[again].choices[over].probability, frailty.beta[leaves]
            values = (r, r * mean, strength * chance, strength * (1.0 - chance))
            return BgNbd(*values) if k == 1 else BgCnbd(*values, k)
        other = stages[waiting].race.get(over)
        if gone in frailty.gamma and isinstance(other, Exponential) and other.mean is not None:
            s = frailty.gamma[gone]
            values = (r, r * mean, s, s * other.mean)
            return ParetoNbd(*values) if k == 1 else ParetoCnbd(*values, k)
    raise fault(
        scenario.about.name,
        f"stages.{waiting}",
        f"{name} is no longer the model of customers who leave unseen that calibrate wrote",
        "keep its laws (exponential; gamma with a whole shape for regular purchases), and its exits under [frailty]",
    )


def alive(log: Log, customers: Integers, name: str, scenario: Scenario, rng: np.random.Generator) -> Alive:
    """Draw, for customers whose last stay is in a silent stage, whether they are still there, and their own rates."""
    model = model_of(scenario, name)
    rows = np.flatnonzero(log.stays.stage == log.stages.index(name))
    index = np.searchsorted(customers, log.stays.customer[rows])
    mine = (index < customers.size) & (customers[np.minimum(index, customers.size - 1)] == log.stays.customer[rows])
    rows, index = rows[mine], index[mine]
    first, last = np.full(customers.size, np.inf), np.full(customers.size, -np.inf)
    np.minimum.at(first, index, log.stays.entry[rows])
    np.maximum.at(last, index, log.stays.entry[rows])
    x = np.bincount(index, minlength=customers.size).astype(np.float64) - 1.0
    watched = log.until[customers] - first
    known = Histories(x, last - first, np.maximum(watched, 0.0), np.ones(customers.size))
    there = rng.random(customers.size) < model.alive(known)
    _, waiting, again, over = parts_of(name)
    exits = [*scenario.stages[waiting].race]
    if isinstance(model, BgCnbd | ParetoCnbd):
        rate = model.steps.rates(known, rng)
    else:
        rate = rng.gamma(model.r + x, 1.0 / (model.alpha + known.watched))
    own: dict[tuple[str, int], Floats] = {(waiting, exits.index(again)): rate * model.alpha / model.r}
    if isinstance(model, BgNbd):
        number = [*scenario.stages[again].choices].index(over)
        own[again, number] = rng.beta(model.a, model.b + x)
    else:
        leaving = rng.gamma(model.s, 1.0 / (model.beta + known.watched), customers.size)
        own[waiting, exits.index(over)] = leaving * model.beta / model.s
    return Alive(there, own)

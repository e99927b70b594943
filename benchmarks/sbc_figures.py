"""What is looked at in simulation-based calibration: shares by exit and days in a stage, of the truth and of every draw.

Both come from the same sums over a grid of ages, so that only the numbers differ.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from benchmarks.sbc_planted import Floats, Planted, Stage
from sojourn.calibration.candidates import CANDIDATES

STEPS = 300  # ages within the follow-up
BEYOND = 50.0  # times the follow-up, as far as a mean is taken
WITHIN = 0.02  # share still there after the follow-up up to which the mean is that of all


class Figures(NamedTuple):
    """Share that goes on within the follow-up, and mean days: restricted to it where more than .02 are still there after it."""

    share: float
    days: float


def grid(ahead: float, far: bool) -> Floats:
    """Ages at which sums are taken: close together where stays are short."""
    near = ahead * np.linspace(0.0, 1.0, STEPS + 1) ** 2
    return np.concatenate((near, ahead * np.geomspace(1.0, BEYOND, 120)[1:])) if far else near


def survival(law: Mapping[str, Any], ages: Floats) -> Floats:
    """Share still there at ages, of a law as a scenario's document has it."""
    if law["law"] == "deadline":
        rest = (1.0 - law["share"]) * survival(law["otherwise"], ages)
        return np.asarray(np.where(ages < law["day"], rest + law["share"], rest), dtype=np.float64)
    if law["law"] == "empirical":
        gone = np.interp(ages, np.asarray(law["days"]), np.asarray(law["share"]))
        return np.asarray(1.0 - gone, dtype=np.float64)
    if law["law"] == "deterministic":
        return np.asarray(ages < law["value"], dtype=np.float64)
    names = CANDIDATES[law["law"]].parameters
    return _survival(law["law"], np.log([law[name] for name in names]), ages)


def _survival(name: str, theta: Floats, ages: Floats) -> Floats:
    result = np.ones(ages.shape)
    with np.errstate(all="ignore"):
        result[ages > 0.0] = np.exp(CANDIDATES[name].log_survival(theta, ages[ages > 0.0]))
    return result


def of_race(onwards: Floats, gone: Floats, ages: Floats) -> Figures:
    """Of the survival of each latent time."""
    left = onwards * gone
    taken = 0.5 * (gone[1:] + gone[:-1]) * (onwards[:-1] - onwards[1:])
    return Figures(float(taken[:STEPS].sum()), float(np.trapezoid(left, ages)))


def of_choice(chances: tuple[float, float], onwards: Floats, gone: Floats, ages: Floats) -> Figures:
    """Of the chance of each exit, and the survival of the times of those who take it."""
    left = chances[0] * onwards + chances[1] * gone
    return Figures(float(chances[0] * (1.0 - onwards[STEPS])), float(np.trapezoid(left, ages)))


def truth(what: Planted) -> tuple[Figures, bool]:
    """The figures of the stage that is looked at, and whether the mean is that of all."""
    stage: Stage = what.stages[what.studied]
    sides = [_survival(law, theta, np.array([what.ahead])) for law, theta in zip(stage.laws, stage.thetas, strict=True)]
    there = float(
        (stage.chances[0] * sides[0] + stage.chances[1] * sides[1] if stage.choice else sides[0] * sides[1])[0]
    )
    far = there <= WITHIN
    ages = grid(what.ahead, far)
    onwards, gone = (_survival(law, theta, ages) for law, theta in zip(stage.laws, stage.thetas, strict=True))
    if stage.choice:
        return of_choice(stage.chances, onwards, gone, ages), far
    return of_race(onwards, gone, ages), far


def drawn(stage: Mapping[str, Any], names: tuple[str, str], ahead: float, far: bool) -> Figures:
    """The same of a stage of a scenario's document; `names` are its exits, onwards first."""
    ages = grid(ahead, far)
    if "race" in stage:
        onwards, gone = (survival(stage["race"][name], ages) for name in names)
        return of_race(onwards, gone, ages)
    exits = [stage["exits"][name] for name in names]
    onwards, gone = (survival(one["dwell"], ages) for one in exits)
    return of_choice((exits[0]["probability"], exits[1]["probability"]), onwards, gone, ages)

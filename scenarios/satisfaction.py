"""Where satisfaction settles if a customer met one touchpoint for ever: in closed form, before any run."""

from math import erf, exp, pi, sqrt
from typing import NamedTuple

from sojourn.scenarios.model import Satisfaction, Scenario, Touchpoint


class LongRun(NamedTuple):
    """What many visits to one touchpoint do to satisfaction."""

    mean: float | None
    """Stationary mean of S in points, 0 to 100; None where nothing pulls S back (recovery 0) and it drifts for ever."""
    drift: float
    """Mean change of S a visit, in points, before the pull back."""


def long_run_satisfaction(scenario: Scenario) -> dict[str, LongRun]:
    """Return where S settles at each touchpoint, by stage; empty without satisfaction. Levers and waiting left out.

    The expectation E learns the performance P, which has mean m and standard deviation s: with E' = E + k (P - E) it
    settles at mean m and variance s^2 k / (2 - k), so the gap D = P - E is normal with mean 0 and variance
    2 s^2 / (2 - k). With k = 0 it stays where customers begin, and D has mean m - E0 and variance s^2 + sd(E0)^2.
    The fixed point of S' = S + w (S0 - S) + a [D+ - lambda D-] is S* = S0 + (a / w) (E[D+] - lambda E[D-]), where
    E[D+] = sd phi(mean / sd) + mean Phi(mean / sd) for a normal D. The clamp to 0..100 is applied to S* only.
    """
    moods = scenario.satisfaction
    if moods is None:
        return {}
    touched = {name: stage.touchpoint for name, stage in scenario.stages.items()}
    return {name: _long_run(moods, touchpoint) for name, touchpoint in touched.items() if touchpoint is not None}


def _long_run(moods: Satisfaction, touchpoint: Touchpoint) -> LongRun:
    if moods.learning > 0:
        mean, sd = 0.0, touchpoint.sd * sqrt(2 / (2 - moods.learning))
    else:
        mean = touchpoint.performance - moods.expectation.mean
        sd = sqrt(touchpoint.sd**2 + moods.expectation.sd**2)
    gain, loss = _positive_part(mean, sd), _positive_part(-mean, sd)
    drift = moods.gain * (gain - moods.loss_aversion * loss)
    if moods.recovery == 0:
        return LongRun(None if drift else moods.start.mean, drift)
    return LongRun(min(100.0, max(0.0, moods.start.mean + drift / moods.recovery)), drift)


def _positive_part(mean: float, sd: float) -> float:
    """Return E[X+] of a normal X."""
    if sd == 0:
        return max(mean, 0.0)
    z = mean / sd
    return sd * exp(-z * z / 2) / sqrt(2 * pi) + mean * (1 + erf(z / sqrt(2))) / 2

"""Segments of which some are small: their laws are pulled together, as strongly as the data say.

One law for all, with a shift of each segment's log hazard that is normal around 0 (`shrinkage`). With many segments this does
better than a law for each and than one for all: a segment of five customers stays near the whole, one of five hundred goes its
own way.
"""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.durations import FEW, LawFit, described
from sojourn.calibration.hazards import Hazard, fit_hazard, spans
from sojourn.calibration.shrinkage import SPREADS, shrink
from sojourn.calibration.stays import Floats, Integers

SEVERAL = 3  # segments from which a spread of shifts can be told
GAIN = 2.0  # by which Akaike's criterion must prefer shifts to one law for all
STEP = 1e-3
MOST = 10_000_000  # cells of a table of stays by segment


class Together(NamedTuple):
    """Segments pulled together at one exit.

    Attributes:
        found: law and shifts of the log hazard, by segment.
        spread: of the shifts, in logs.
        gain: by which Akaike's criterion prefers it to one law for all (the shifts integrated out, their spread one number).
    """

    found: Hazard
    spread: float
    gain: float

    def said(self, way: str) -> str:
        """In plain words."""
        return (
            f"{way}: segments differ, and some are small, so their laws are pulled together (log hazards spread by "
            f"{self.spread:.2g}, the likeliest; from {math.exp(float(self.found.slopes.min())):.2f} to "
            f"{math.exp(float(self.found.slopes.max())):.2f} times the whole)."
        )


def together(
    days: Floats, ended: NDArray[np.bool_], segment: Integers, number: int, resolution: float, law: LawFit
) -> Together | None:
    """Shifts of all segments, where the data prefer them to one law for all.

    Args:
        days, ended, segment: of all stays of a stage, as one exit sees them; shape (n,).
        number: of segments.
        resolution: of the log, days.
        law: for all, of one of the forms without shares.
    """
    plain = law.curve is None and law.never == 0.0 and law.deadline is None and law.maximum is not None
    if not plain or np.unique(segment).size < SEVERAL or float(ended.sum()) < FEW or number * days.size > MOST:
        return None
    table = (segment[:, None] == np.arange(number)).astype(np.float64)
    sample = spans(days, ended, np.arange(days.size), resolution, table)
    alone = fit_hazard(sample.with_columns(np.empty((sample.days.size, 0))), law.law)
    if alone is None:
        return None

    def fitted(name: str, spreads: tuple[float, ...]) -> Together | None:
        start = alone._replace(slopes=np.zeros(number)) if name == alone.law else None

        def fit(penalty: Floats) -> Hazard | None:
            return fit_hazard(sample, name, penalty=penalty, begin=start)

        best = shrink(fit, np.ones(number), shifts, spreads)
        if best is None:
            return None
        score = 2.0 * (best[0].theta.size + 1) - 2.0 * best[1].evidence
        return Together(best[0], best[1].spread, alone.score - score)

    def shifts(one: Hazard) -> tuple[Floats, Integers]:
        return one.slopes, one.theta.size + np.arange(number)

    found = fitted(law.law, SPREADS)
    if found is None or found.gain <= GAIN:
        return None
    # Differences between segments flatten the law of all: with shifts another law may be the likelier one.
    others = [fitted(name, (found.spread,)) for name in CANDIDATES if name != law.law]
    return max((one for one in (found, *others) if one is not None), key=lambda one: one.gain)


def laws_of(
    pulled: Together,
    law: Hazard,
    days: Floats,
    ended: NDArray[np.bool_],
    segment: Integers,
    names: tuple[str, ...],
) -> dict[str, LawFit]:
    """The law of each segment: `law` with the segment's shift of the log hazard, told as another time scale.

    For the exponential and the Weibull law that is the same thing; of the others the median is met.
    """
    result = {}
    for k, name in enumerate(names):
        rows = segment == k
        done = days[rows & ended]
        theta, covariance = _shifted(law, pulled, k)
        found = described(law.law, CANDIDATES[law.law], (theta, covariance, law.log_likelihood), days, ended, {})
        result[name] = replace(
            found,
            complete=int(done.size),
            censored=int(rows.sum()) - int(done.size),
            zeros=int(np.sum(done == 0.0)),
            naive_mean=float(done.mean()) if done.size else None,
        )
    return result


def _shifted(law: Hazard, pulled: Together, k: int) -> tuple[Floats, Floats]:
    """Parameters of a law whose log hazard is shifted, and their covariance (the scale's by the delta method)."""
    shift, size = float(pulled.found.slopes[k]), law.theta.size
    theta = law.theta.copy()
    theta[0] += _stretch(law, shift)
    slope = (_stretch(law, shift + STEP) - _stretch(law, shift - STEP)) / (2.0 * STEP)
    covariance = law.covariance[:size, :size].copy()
    at = pulled.found.theta.size + k
    covariance[0, 0] += slope**2 * float(pulled.found.covariance[at, at])
    return theta, covariance


def _stretch(law: Hazard, shift: float) -> float:
    """By how much the log of all times changes where the median of a hazard times exp(shift) is to be met."""
    if law.law == "exponential":
        return -shift
    if law.law == "weibull":
        return -shift * math.exp(-float(law.theta[1]))
    grid = np.linspace(-25.0, 25.0, 20_001)
    with np.errstate(all="ignore"):
        survival = CANDIDATES[law.law].log_survival(law.theta, np.exp(grid + law.theta[0]))
    exposure = np.maximum.accumulate(np.nan_to_num(-survival, posinf=1e300))
    ages = np.interp(math.log(2.0) * np.exp([0.0, -shift]), exposure, grid)
    return float(ages[1] - ages[0])

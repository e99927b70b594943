"""What covariates and the past do to the exits of one stage: the columns of its stays, and their effects with intervals."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.durations import MARGIN
from sojourn.calibration.hazards import Hazard, Spans, fit_hazard, log_likelihood
from sojourn.calibration.history import Column, limited, past
from sojourn.calibration.logs import Log
from sojourn.calibration.odds import Odds, Ways, fit_odds
from sojourn.calibration.rows import names_of
from sojourn.calibration.shrinkage import WIDE, pull, scale
from sojourn.calibration.stays import Floats

SEVERAL = 3  # coefficients of an exit from which they are pulled together
Z = 1.6448536269514722  # 90 % intervals
LARGEST_LOG = 700.0  # whose exponential is still a number
STEEPEST = {"hazard_ratio": math.log(1e6), "log_odds": 100.0}  # slopes that the scenario format takes


class Effect(NamedTuple):
    """What one column does to one exit.

    Attributes:
        column: the column, without its values.
        scale: "hazard_ratio" or "log_odds".
        slope, error: log hazard ratio or log-odds per one more, and its standard error.
        spread: of the prior by which it was pulled to nought, on average; None where it was not.
    """

    column: Column
    scale: str
    slope: float
    error: float
    spread: float | None

    @property
    def chance(self) -> float:
        """Of so large an effect if there were none (Wald)."""
        return 2.0 * float(ndtr(-abs(self.slope) / self.error)) if self.error > 0.0 else 1.0

    @property
    def numbers(self) -> tuple[float, float, float]:
        """On its own scale: central, low, high (90 %)."""
        ends = self.slope, self.slope - Z * self.error, self.slope + Z * self.error
        a, b, c = (math.exp(min(one, LARGEST_LOG)) for one in ends) if self.scale == "hazard_ratio" else ends
        return a, b, c

    @property
    def too_steep(self) -> bool:
        """Whether one more does more than the scenario format can say."""
        return abs(self.slope) > STEEPEST[self.scale]

    @property
    def stated(self) -> float:
        """The central number, as far as the scenario format takes it."""
        most = STEEPEST[self.scale]
        slope = min(max(self.slope, -most), most)
        return math.exp(slope) if self.scale == "hazard_ratio" else slope

    def told(self, value: float, digits: int) -> str:
        """A number on the effect's own scale, with more digits for a ratio near 1: what counts is how far it is from it."""
        size = abs(self.slope)
        more = math.ceil(-math.log10(size)) - 2 if self.scale == "hazard_ratio" and 0.0 < size < 0.01 else 0
        return f"{value:.{min(digits + more, 17)}g}"

    def said(self, way: str) -> str:
        """In plain words."""
        name = self.column.name
        of = f"one more of {name}"
        if self.column.against is not None:
            of = f"{name.replace(' == ', ' ')} instead of {self.column.against}"
        per = {
            "visits": "each visit before",
            "purchases": "each purchase so far",
            "days_since_first": "each day as a customer",
        }.get(name, of)
        times = "times the hazard" if self.scale == "hazard_ratio" else "on the log-odds"
        central, low, high = (self.told(one, 4) for one in self.numbers)
        return f"{way}: {per} does {central} {times} [{low}, {high}]."


def columns(log: Log, rows: NDArray[np.bool_]) -> tuple[Column, ...]:
    """The columns that the mapping asks about, of the stays at `rows`; those without any difference are left out."""
    found = [limited(name, past(log, name)[rows]) for name in log.history]
    for one in log.covariates:
        values = one.values[rows]
        known = np.isfinite(values)
        if not known.any():
            continue
        if not one.words:
            middle = float(f"{float(values[known].mean()):.3g}")
            found.append(Column(one.name, np.where(known, values, middle), None, middle))
            continue
        names = names_of(one.words, one.name)
        usual = int(np.argmax(np.bincount(values[known].astype(np.int64))))
        filled = np.where(known, values, usual)
        found += [
            Column(f"{one.name} == {word}", (filled == k).astype(np.float64), against=names[usual])
            for k, word in enumerate(names)
            if k != usual
        ]
    return tuple(column for column in found if np.ptp(column.values) > 0.0)


def table(found: tuple[Column, ...], size: int) -> Floats:
    """The columns side by side, each less its `around`, shape (size, columns)."""
    result: Floats = np.column_stack([np.empty((size, 0)), *(one.values - one.around for one in found)])
    return result


def regress(sample: Spans, fixed: int, like: Hazard | None, *, own: bool = False) -> tuple[Hazard, float | None] | None:
    """Law and coefficients of one exit; from three coefficients on they are pulled to nought.

    So are fewer where one of them would run off (a word none of whose stays took the exit).

    Args:
        sample: the stays; the first `fixed` of their columns are never pulled.
        like: whose law is kept; left out, the simplest law by Akaike's criterion.
        own: whether customers have speeds of their own.

    Returns:
        The fit and the spread (None where nothing was pulled); None where there is no maximum.
    """
    laws = [like.law] if like is not None else list(CANDIDATES)
    for penalty in _penalties(sample.columns, fixed, 1):
        fits = [fit_hazard(sample, law, own=own, penalty=penalty, begin=like) for law in laws]
        some = [one for one in fits if one is not None]
        if not some:
            continue
        least = min(one.score for one in some)
        best = min((one for one in some if one.score <= least + MARGIN), key=lambda one: (one.free, one.score))
        if penalty is None and _runs_off(best.errors, sample.columns, fixed):
            continue
        if penalty is None:
            return best, None
        shape = [] if best.log_shape is None else [best.log_shape]
        size, p = best.theta.size, best.slopes.size
        places = np.arange(size + fixed, size + p)
        found = pull(
            np.concatenate((best.theta, best.slopes, shape)), best.covariance, places, scale(sample.columns)[fixed:]
        )
        theta, slopes, log_shape = (
            found.mean[:size],
            found.mean[size : size + p],
            float(found.mean[-1]) if shape else None,
        )
        value = log_likelihood(sample, best.law, theta, slopes, log_shape)
        return Hazard(best.law, theta, slopes, log_shape, found.covariance, value), found.spread
    return None


def regress_odds(ways: Ways, fixed: int) -> tuple[Odds, float | None] | None:
    """Base and slopes of a choice, and the spread of a prior that has held them back, from which `pulled_odds` goes on."""
    for penalty in _penalties(ways.columns, fixed, ways.survival.shape[0] - 1):
        found = fit_odds(ways, penalty=penalty)
        if found is not None and (penalty is not None or not _runs_off(found.errors, ways.columns, fixed)):
            return found, None if penalty is None else WIDE
    return None


def pulled_odds(odds: Odds, ways: Ways, fixed: int) -> tuple[Odds, float]:
    """A choice that was fitted under the spread `WIDE`, with its slopes pulled to nought, and the spread that does it."""
    strength = [] if odds.log_strength is None else [odds.log_strength]
    exits, p = odds.slopes.shape
    places = odds.base.size + np.arange(odds.slopes.size).reshape(exits, p)[:, fixed:].ravel()
    at = np.concatenate((odds.base, odds.slopes.ravel(), strength))
    found = pull(at, odds.covariance, places, np.tile(scale(ways.columns)[fixed:], exits))
    base, slopes = found.mean[:exits], found.mean[exits : exits + exits * p].reshape(exits, p)
    log_strength = float(found.mean[-1]) if strength else None
    return odds._replace(base=base, slopes=slopes, covariance=found.covariance, log_strength=log_strength), found.spread


def _penalties(columns: Floats, fixed: int, exits: int) -> Iterator[Floats | None]:
    """Penalties on coefficients under which to fit, one after the other until there is a maximum: none where they are few."""
    pulled = np.arange(columns.shape[1]) >= fixed
    if pulled.sum() * exits < SEVERAL:
        yield None
    if pulled.any():
        yield np.where(pulled, scale(columns) / WIDE, 0.0) ** 2


def _runs_off(errors: Floats, columns: Floats, fixed: int) -> bool:
    """Whether the data tell less of some coefficient than a prior of the spread `WIDE` does; errors of shape (..., columns)."""
    return bool(np.any((errors * scale(columns))[..., fixed:] > WIDE))


def hazard_effects(found: Hazard, of: tuple[Column, ...], fixed: int, spread: float | None) -> Iterator[Effect]:
    """The effects of a fit; its columns are `fixed` others, then `of`."""
    for k, column in enumerate(of, fixed):
        bare = column._replace(values=np.empty(0))
        yield Effect(bare, "hazard_ratio", float(found.slopes[k]), float(found.errors[k]), spread)


def odds_effects(
    found: Odds, exits: tuple[str, ...], of: tuple[Column, ...], fixed: int, spread: float | None
) -> dict[str, tuple[Effect, ...]]:
    """The effects of a choice by exit, against the first of them."""
    errors = found.errors
    return {
        to: tuple(
            Effect(
                column._replace(values=np.empty(0)),
                "log_odds",
                float(found.slopes[e, fixed + k]),
                float(errors[e, fixed + k]),
                spread,
            )
            for k, column in enumerate(of)
        )
        for e, to in enumerate(exits[1:])
    }

"""Fits laws to durations of which some were still running when the watching ended.

A stay that was seen to its end contributes its density, one that was still open contributes its survival, and one of
zero length (a log by the day cannot see less than a day) contributes the chance of ending within the resolution of
the log. Nothing is left out: the mean of the finished stays alone is kept beside as `naive_mean`, to show what
leaving the others out would have said.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sojourn.calibration.candidates import CANDIDATES, Candidate
from sojourn.calibration.compounds import of_all, share_of
from sojourn.calibration.maxima import HEAPED, SHARES, Maximum, maxima, maximum, mean
from sojourn.calibration.spells import Floats, Pile, Spells, spells

Curve = tuple[tuple[float, ...], tuple[float, ...]]  # shares that have left, and by which day
FEW = 10  # below so many finished stays a shape cannot be told, and only the exponential law is fitted
MARGIN = 2.0  # laws whose AIC is within this of the best explain the data as well; the simplest of them is taken


class Deadline(NamedTuple):
    """An age, in days, at which a share leaves."""

    day: float
    share: float


class Goodness(NamedTuple):
    """How well a law fits: the chance of so bad a fit if the law were true, and how far it strays from the data."""

    chance: float
    gap: (
        float  # largest distance between the law's survival and the censoring-aware estimate, as a part of all who left
    )


@dataclass(frozen=True)
class LawFit:
    """A law fitted to right-censored durations, in days.

    Attributes:
        law: name of the law in the scenario format; of the law within, where a share leaves at a deadline or never.
        parameters: by name, as the scenario file states them.
        errors: standard error of each parameter, from the Hessian of the log-likelihood; those of `never` and of the
            deadline's `share` among them.
        complete: stays seen to their end (by this exit); `zeros` of them had no length.
        censored: stays that ended otherwise or were still open.
        aic: Akaike's criterion of every law tried (empty for a fixed value)
        mean: mean of the law, days; infinite where the law has none. `mean_error` is its standard error (delta method).
        naive_mean: mean of the finished stays alone, days, the estimate that drops the others; None where there are
        none.
        never: share that never leaves this way, of those who do not leave at the deadline.
        deadline: age at which a share leaves, and that share; None where exits do not pile up.
        further: other such ages, and the share of all that leaves at each.
        curve: (shares, days) of an empirical law, each of shape (m,).
        goodness: how well the law fits; None where it was not judged.
        maximum: parameters on the scale they were fitted in, and their covariance.
    """

    law: str
    parameters: dict[str, float]
    errors: dict[str, float]
    complete: int
    censored: int
    zeros: int
    log_likelihood: float
    mean: float
    mean_error: float
    naive_mean: float | None
    aic: dict[str, float] = field(default_factory=dict)
    never: float = 0.0
    deadline: Deadline | None = None
    further: tuple[Deadline, ...] = ()
    curve: Curve | None = None
    goodness: Goodness | None = None
    maximum: Maximum | None = field(default=None, compare=False, repr=False)

    @property
    def free(self) -> int:
        """How many parameters were fitted."""
        return len(self.errors)

    @property
    def score(self) -> float:
        """Akaike's criterion of the law, or of the best that was tried where it is read from the data; NaN: none was."""
        return self.aic.get(self.law, min(self.aic.values(), default=math.nan))


def percent(share: float, digits: int = 0) -> str:
    """A share for people."""
    return f"{100.0 * share:.{digits}f} %"


def fit_law(
    durations: ArrayLike,
    ended: ArrayLike,
    *,
    resolution: float = 0.0,
    laws: Sequence[str] = tuple(CANDIDATES),
    late: Floats | None = None,
) -> LawFit:
    """The law that explains durations best, by maximum likelihood with right-censoring and Akaike's criterion.

    Args:
        durations: shape (n,), days, not negative.
        ended: shape (n,), true where the end was seen, false where the stay was censored.
        resolution: the finest difference of times that the log can show, days; a finished stay of length zero counts
        as one
            that ended within it. Left out: half the shortest positive duration.
        laws: names of the laws to try.
        late: shape (n,), the age from which each stay was watched, where that began before the watching; left out, 0.

    Returns:
        The simplest law whose AIC is within 2 of the best. With fewer than 10 finished stays it is the exponential
        law. Where all finished stays (10 or more) have one length that no open stay exceeds, it is that fixed value.

    Raises:
        ValueError: if no stay ended, a duration is negative or not finite, or shapes differ.
    """
    days, seen = _checked(durations, ended)
    done = days[seen]
    positive = days[days > 0.0]
    if positive.size == 0:
        return fixed(0.0, done, days.size - done.size)
    if only_length(days, seen):
        return fixed(float(done.max()), done, days.size - done.size)
    step = resolution if resolution > 0.0 else 0.5 * float(positive.min())
    sample = spells(days, seen, step, late=late)
    fits = fit_laws(sample, laws)
    best = simplest(fits)
    return described(best, CANDIDATES[best], fits[best], days, seen, criteria(fits))


def _checked(durations: ArrayLike, ended: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    days = np.asarray(durations, dtype=np.float64)
    seen = np.asarray(ended, dtype=np.bool_)
    if days.shape != seen.shape or days.ndim != 1:
        raise ValueError(f"durations have shape {days.shape}, ended has {seen.shape}: both must be (n,)")
    if not np.all(np.isfinite(days)) or np.any(days < 0.0):
        raise ValueError("durations must be finite and not negative")
    if not np.any(seen):
        raise ValueError("no stay was seen to its end: nothing to fit")
    return days, seen


def only_length(days: Floats, ended: NDArray[np.bool_]) -> bool:
    """Whether all finished stays (ten or more) have one length that no open stay exceeds."""
    done = days[ended]
    spread = float(done.max() - done.min())
    open_past = days[~ended].max(initial=0.0) > done.max() * (1.0 + 1e-9)
    return done.size >= FEW and spread <= 1e-9 * float(done.max()) and not bool(open_past)


def fit_laws(sample: Spells, laws: Sequence[str] = tuple(CANDIDATES)) -> dict[str, Maximum]:
    """Laws that have a maximum and are not hopeless, one at least; the exponential law alone where few stays ended."""
    fits = maxima(sample, {name: CANDIDATES[name] for name in (laws if sample.ended >= FEW else ("exponential",))})
    if not fits:  # every shape ran off to a limit: the exponential law has none
        rough = np.array([math.log(sample.exposure / sample.ended)]), np.ones((1, 1)), 0.0
        fits = {"exponential": maximum(sample, CANDIDATES["exponential"]) or rough}
    return fits


def criteria(fits: Mapping[str, Maximum]) -> dict[str, float]:
    """Akaike's criterion of each law."""
    return {name: 2.0 * len(theta) - 2.0 * value for name, (theta, _, value) in fits.items()}


def simplest(fits: Mapping[str, Maximum]) -> str:
    """The law with the fewest parameters among those whose criterion is within 2 of the best."""
    aic = criteria(fits)
    good = [name for name in fits if aic[name] <= min(aic.values()) + MARGIN]
    return min(good, key=lambda name: (len(fits[name][0]), aic[name]))


def described(
    law: str,
    candidate: Candidate,
    found: Maximum,
    days: Floats,
    ended: NDArray[np.bool_],
    aic: dict[str, float],
    pile: Pile | None = None,
) -> LawFit:
    """A maximum in the words of the scenario format. `candidate` may hold `law` with shares beside it."""
    theta, covariance, value = found
    done = days[ended]
    parameters, errors = {}, {}
    for k, name in enumerate(candidate.parameters):
        spread = math.sqrt(float(covariance[k, k]))
        parameters[name] = share_of(theta[k]) if name in SHARES else math.exp(theta[k])
        slope = parameters[name] * (1.0 - parameters[name]) if name in SHARES else parameters[name]
        errors[name] = slope * spread
    never = parameters.pop("never", 0.0)
    heaped = of_all([parameters.pop(name) for name in HEAPED if name in parameters])[:-1]
    deadlines = [Deadline(one.day, share) for one, share in zip(pile.each if pile else (), heaped, strict=False)]
    middle, spread = mean(candidate, theta, covariance)
    return LawFit(
        law=law,
        parameters=parameters,
        errors=errors,
        complete=int(done.size),
        censored=int(days.size - done.size),
        zeros=int(np.sum(done == 0.0)),
        log_likelihood=value,
        mean=middle,
        mean_error=spread,
        naive_mean=float(done.mean()),
        aic=aic,
        never=never,
        deadline=deadlines[0] if deadlines else None,
        further=tuple(deadlines[1:]),
        maximum=found,
    )


def fixed(value: float, done: Floats, censored: int) -> LawFit:
    """A law of one length."""
    return LawFit(
        law="deterministic",
        parameters={"value": value},
        errors={},
        complete=int(done.size),
        censored=censored,
        zeros=int(np.sum(done == 0.0)),
        log_likelihood=0.0,
        mean=value,
        mean_error=0.0,
        naive_mean=float(done.mean()),
    )

"""Laws made of other laws: with a share that never leaves, and with a share that leaves at one age.

Both are mixtures, so density and survival follow from those of the law within. The last parameter is the log odds of the
share, the others are those of the law within.
"""

import math
from collections.abc import Sequence

import numpy as np

from sojourn.calibration.candidates import Candidate, Floats


def share_of(log_odds: float) -> float:
    """A share from its log odds."""
    return 1.0 / (1.0 + math.exp(-log_odds))


def _log_rest(log_odds: float) -> float:
    """Logarithm of 1 minus the share."""
    return -float(np.logaddexp(0.0, log_odds))


def with_never(law: Candidate) -> Candidate:
    """A share never leaves: S(t) = c + (1 - c) S0(t) (a cure model; Boag 1949)."""

    def log_density(theta: Floats, t: Floats) -> Floats:
        result: Floats = law.log_density(theta[:-1], t) + _log_rest(theta[-1])
        return result

    def log_survival(theta: Floats, t: Floats) -> Floats:
        never = -float(np.logaddexp(0.0, -theta[-1]))
        result: Floats = np.logaddexp(never, law.log_survival(theta[:-1], t) + _log_rest(theta[-1]))
        return result

    return Candidate((*law.parameters, "never"), log_density, log_survival, lambda theta: math.inf)


def with_deadlines(law: Candidate, days: Sequence[float]) -> Candidate:
    """A share leaves at each of some ages: the first of the law's own, each further one of what is there without it."""
    for k, day in enumerate(days):
        law = with_deadline(law, day, "share" if k == 0 else f"share{k + 1}")
    return law


def of_all(shares: Sequence[float]) -> list[float]:
    """The same shares as parts of all customers, and last what is left to the law within."""
    left, parts = 1.0, []
    for share in reversed(shares):
        parts.append(left * share)
        left *= 1.0 - share
    return [*reversed(parts), left]


def with_deadline(law: Candidate, day: float, name: str = "share") -> Candidate:
    """A share leaves exactly at one age: S(t) = p [t < day] + (1 - p) S0(t)."""

    def log_density(theta: Floats, t: Floats) -> Floats:
        result: Floats = law.log_density(theta[:-1], t) + _log_rest(theta[-1])
        return result

    def log_survival(theta: Floats, t: Floats) -> Floats:
        rest = law.log_survival(theta[:-1], t) + _log_rest(theta[-1])
        share = -float(np.logaddexp(0.0, -theta[-1]))
        result: Floats = np.where(t < day, np.logaddexp(share, rest), rest)
        return result

    def log_mean(theta: Floats) -> float:
        share, within = share_of(theta[-1]), law.log_mean(theta[:-1])
        return math.log(share * day + (1.0 - share) * math.exp(within)) if within < 50.0 else math.inf

    return Candidate((*law.parameters, name), log_density, log_survival, log_mean)

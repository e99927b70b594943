"""The likelihood of a choice: exits with probabilities and laws of their own, under right-censoring."""

import math
from typing import NamedTuple

import numpy as np

from sojourn.calibration.candidates import Candidate
from sojourn.calibration.spells import Floats, Spells, coarse


class Parts(NamedTuple):
    """The stays of a stage: those that took each exit, and those that were open, each distinct length once."""

    ended: tuple[Spells, ...]  # without open stays
    open_times: Floats
    open_weights: Floats
    late_times: Floats  # ages from which stays were watched that began before the watching
    late_weights: Floats

    @property
    def seen(self) -> Floats:
        """Stays that took each exit, shape (exits,)."""
        return np.array([part.ended for part in self.ended])

    def coarse(self) -> "Parts":
        """Fewer lengths that say nearly the same."""
        return Parts(
            tuple(part.coarse() for part in self.ended),
            *coarse(self.open_times, self.open_weights),
            *coarse(self.late_times, self.late_weights),
        )


class Mixture(NamedTuple):
    """Laws and probabilities in the numbers they are fitted in: log odds against the last of them, then the laws' own.

    With `never` a share takes no exit at all; it is then the last.
    """

    candidates: tuple[Candidate, ...]
    never: bool = False

    @property
    def odds(self) -> int:
        """How many log odds there are."""
        return len(self.candidates) - (0 if self.never else 1)

    def split(self, theta: Floats) -> tuple[Floats, list[Floats]]:
        """Log probabilities, of the exits and of never, and the parameters of each law."""
        odds = np.append(theta[: self.odds], 0.0)
        cuts = np.cumsum([self.odds, *(len(law.parameters) for law in self.candidates)])
        own = [theta[cuts[k] : cuts[k + 1]] for k in range(len(self.candidates))]
        return odds - np.logaddexp.reduce(odds), own

    def log_likelihood(self, parts: Parts, theta: Floats) -> float:
        """Of the whole stage."""
        logs, own = self.split(theta)
        total = float(parts.seen @ logs[: len(own)])
        for law, part, at in zip(self.candidates, parts.ended, own, strict=True):
            total += part.log_likelihood(law, at)
        if parts.open_times.size:
            total += float(parts.open_weights @ np.logaddexp.reduce(self.open_terms(parts.open_times, theta), axis=0))
        if parts.late_times.size:  # they are in the log only because they had not left by then, whichever way
            total -= float(parts.late_weights @ np.logaddexp.reduce(self.open_terms(parts.late_times, theta), axis=0))
        return total if math.isfinite(total) else -math.inf

    def open_terms(self, times: Floats, theta: Floats) -> Floats:
        """Logarithm of the share that takes each exit and is still there, and of those who never leave; a row each."""
        logs, own = self.split(theta)
        terms = np.repeat(logs[:, None], times.size, axis=1)
        with np.errstate(all="ignore"):
            for k, (law, at) in enumerate(zip(self.candidates, own, strict=True)):
                terms[k] += law.log_survival(at, times)
        return terms

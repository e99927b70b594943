"""Weights of people, drawn as one bootstrap for a whole log: what one person did counts more or less, all of it together.

Each person has an exponential weight (the Bayesian bootstrap; Rubin 1981). One set of weights serves every number of a fit, so
that numbers which the same people speak for move together. In logs of very many people some share a weight.
"""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from sojourn.calibration.logs import Log
from sojourn.calibration.stays import Floats, Integers

MOST = 4_000  # weights in a draw


@dataclass(frozen=True)
class People:
    """Who is behind each customer, and what each person counts in each draw.

    Attributes:
        who: index into the columns of `weights`, shape (customers,).
        weights: of mean 1 in each draw, shape (draws, persons).
    """

    who: Integers
    weights: Floats

    @property
    def count(self) -> int:
        """How many draws there are."""
        return int(self.weights.shape[0])

    @property
    def around(self) -> Floats:
        """Weights less their mean."""
        return self.weights - 1.0


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """A generator of random numbers that belongs to names: what else is drawn, and in which order, does not change it."""
    text = "\0".join(str(name) for name in names).encode("utf-8", "replace")
    key = int.from_bytes(blake2b(text, digest_size=16).digest(), "little")
    return np.random.default_rng([seed, key & (2**64 - 1), key >> 64])


def people_of(log: Log, count: int, seed: int) -> People:
    """Weights for the people of a log in `count` draws."""
    who = log.people
    number = min(int(who.max()) + 1, MOST)
    drawn = stream(seed, "people").exponential(size=(count, number))
    return People((who % number).astype(np.int64), drawn / drawn.mean(axis=1, keepdims=True))

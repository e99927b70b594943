"""Who contributed what: the Shapley value (Shapley 1953), over all coalitions or over sampled orders.

A part is what a player adds to those before it, averaged over all orders in which the players may come. The parts add up to
what all of them do together, a player that never adds anything gets nothing, and nothing is counted twice.
"""

from collections.abc import Mapping
from itertools import pairwise
from math import factorial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Orders = NDArray[np.int64]


class Shares(NamedTuple):
    """Each player's part, and the standard error of it that sampling orders leaves."""

    parts: Floats  # (players, ...)
    errors: Floats  # the same shape; 0 where all coalitions were looked at


def shapley(worth: Floats) -> Floats:
    """The parts of m players, shape (m, ...), from the worth of every coalition, shape (2^m, ...).

    Bit k of a coalition's index says that player k is in it. With |S| of m players before it, what a player adds counts
    |S|! (m - |S| - 1)! / m!.
    """
    players = worth.shape[0].bit_length() - 1
    parts = np.zeros((players, *worth.shape[1:]))
    for mask in range(worth.shape[0]):
        size = mask.bit_count()
        weight = factorial(size) * factorial(players - size - 1) / factorial(players) if size < players else 0.0
        for k in range(players):
            if not mask >> k & 1:
                parts[k] += weight * (worth[mask | 1 << k] - worth[mask])
    return parts


def orders(players: int, pairs: int, seed: int) -> Orders:
    """Sampled orders of the players, each followed by its reverse (antithetic); shape (2 pairs, players)."""
    chance = np.random.Generator(np.random.Philox(seed))
    drawn = np.array([chance.permutation(players) for _ in range(pairs)])
    return np.stack([drawn, drawn[:, ::-1]], axis=1).reshape(2 * pairs, players)


def chain(order: NDArray[np.int64]) -> list[int]:
    """The coalitions as players join in an order, from none to all; players + 1 masks."""
    masks = [0]
    for player in order.tolist():
        masks.append(masks[-1] | 1 << player)
    return masks


def sampled(worth: Mapping[int, Floats], drawn: Orders) -> Shares:
    """The parts from sampled orders (an unbiased estimate; Castro, Gomez and Tejada 2009), each with its reverse.

    They add up to the worth of all exactly, as they do in each order. Errors are those of the means over pairs.
    """
    found = []
    for order in drawn:
        masks = chain(order)
        gained = [worth[after] - worth[before] for before, after in pairwise(masks)]
        found.append([gained[int(place)] for place in np.argsort(order)])
    each = np.array(found)
    pairs = each.reshape(-1, 2, *each.shape[1:]).mean(axis=1)
    parts = pairs.mean(axis=0)
    spread = pairs.std(axis=0, ddof=1) if pairs.shape[0] > 1 else np.full(parts.shape, np.nan)
    return Shares(parts, spread / np.sqrt(pairs.shape[0]))

"""Shapley values against games whose values are known."""

import math

import numpy as np
import pytest

from sojourn.experiments.shapley import chain, orders, sampled, shapley


def game(players: int, worth: object) -> np.ndarray:
    return np.array([worth(mask) for mask in range(1 << players)])  # type: ignore[operator]


def test_the_glove_game() -> None:
    """One left glove (player 0), two right ones: 2/3, 1/6, 1/6 (Shapley and Shubik 1969)."""
    parts = shapley(game(3, lambda mask: float(mask & 1 and mask & 6 != 0)))
    assert parts == pytest.approx([2 / 3, 1 / 6, 1 / 6], abs=1e-15)


def test_the_airport_game() -> None:
    """Costs 1, 2, 4 and the dearest in the coalition is paid: 1/3, 1/3 + 1/2, 1/3 + 1/2 + 2 (Littlechild and Owen 1973)."""
    cost = (1.0, 2.0, 4.0)
    parts = shapley(game(3, lambda mask: max((cost[k] for k in range(3) if mask >> k & 1), default=0.0)))
    assert parts == pytest.approx([1 / 3, 5 / 6, 17 / 6], abs=1e-14)


def test_parts_add_up_and_a_player_who_adds_nothing_gets_nothing() -> None:
    chance = np.random.Generator(np.random.Philox(1))
    worth = chance.normal(size=(16, 5, 3))
    for mask in range(16):  # player 2 never adds anything
        worth[mask] = worth[mask & ~4]
    parts = shapley(worth)
    assert parts.shape == (4, 5, 3)
    assert parts.sum(axis=0) == pytest.approx(worth[15] - worth[0], abs=1e-12)
    assert not parts[2].any()


def test_nobody_and_one() -> None:
    assert shapley(np.zeros((1, 2))).shape == (0, 2)
    assert shapley(np.array([1.0, 4.0])).tolist() == [3.0]


def test_orders_come_with_their_reverse_and_depend_on_the_seed_only() -> None:
    drawn = orders(9, 4, 1)
    assert drawn.shape == (8, 9)
    assert (drawn[1::2] == drawn[::2, ::-1]).all()
    assert (np.sort(drawn, axis=1) == np.arange(9)).all()
    assert (orders(9, 4, 1) == drawn).all()
    assert not (orders(9, 4, 2) == drawn).all()
    assert chain(np.array([2, 0, 1])) == [0, 4, 5, 7]


def test_sampled_orders_add_up_exactly_and_come_within_their_error() -> None:
    """Eight players with pairs and triples that work together; 200 pairs of orders.

    Each of eight parts lies within 4 of its standard errors: false alarm below .001 (normal, Bonferroni); seeds are fixed.
    """
    chance = np.random.Generator(np.random.Philox(7))
    own, pairs, triple = chance.normal(size=8), chance.normal(size=(8, 8)), 3.0

    def worth(mask: int) -> float:
        members = [k for k in range(8) if mask >> k & 1]
        both = math.fsum(pairs[i, j] for i in members for j in members if i < j)
        return math.fsum(own[k] for k in members) + both + (triple if mask & 7 == 7 else 0.0)

    exact = shapley(game(8, worth))
    drawn = orders(8, 200, 3)
    known = {mask: np.asarray(worth(mask)) for order in drawn for mask in chain(order)}
    found = sampled(known, drawn)
    assert found.parts.sum() == pytest.approx(worth(255) - worth(0), abs=1e-10)
    assert (np.abs(found.parts - exact) <= 4.0 * found.errors + 1e-12).all()
    assert found.errors.max() > 0.0

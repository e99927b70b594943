"""Bounds over all couplings, against linear programmes over all of them."""

import numpy as np
import pytest
from scipy.optimize import linprog

from sojourn.experiments.coupling import gaining, losing


def extremes(a: np.ndarray, b: np.ndarray, least: float) -> tuple[float, float]:
    """The least and the largest P(B <= A - least) over all joint distributions with these margins, by linear programming."""
    n = a.size
    hit = (b[None, :] <= a[:, None] - least).astype(float).ravel()
    rows = np.vstack([np.kron(np.eye(n), np.ones(n)), np.kron(np.ones(n), np.eye(n))])
    ends = [
        linprog(sign * hit, A_eq=rows, b_eq=np.full(2 * n, 1.0 / n), bounds=(0, None)).fun * sign
        for sign in (1.0, -1.0)
    ]
    return ends[0], ends[1]


def test_two_values_each() -> None:
    """A is 1 for half, B for 60 in 100: those who lose are at most the 40 whose B is 0, those who gain at least 10."""
    a, b = np.repeat([0.0, 1.0], [50, 50]), np.repeat([0.0, 1.0], [40, 60])
    assert losing(a, b, 0.5) == pytest.approx((0.0, 0.0, 0.4))
    assert gaining(a, b, 0.5) == pytest.approx((0.1, 0.1, 0.5))


@pytest.mark.parametrize("seed", range(12))
def test_no_coupling_goes_beyond_and_some_reach_them(seed: int) -> None:
    chance = np.random.Generator(np.random.Philox(seed))
    a = chance.integers(0, 6, size=9).astype(float)
    b: np.ndarray = np.asarray(a + chance.integers(-2, 4, size=9), dtype=np.float64)
    for least in (0.5, 1.5):
        found = losing(a, b, least)
        assert (found.low, found.high) == pytest.approx(extremes(a, b, least), abs=1e-9)
        assert found.low - 1e-12 <= found.share <= found.high + 1e-12
        other = gaining(a, b, least)
        assert (other.low, other.high) == pytest.approx(extremes(b, a, least), abs=1e-9)


def test_nobody() -> None:
    assert losing(np.empty(0), np.empty(0), 0.005) == (0.0, 0.0, 0.0)

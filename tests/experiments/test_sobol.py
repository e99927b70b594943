"""Sobol indices against closed forms, with and without noise, and against scipy's own."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.experiments.sobol import Indices, crossed, design, indices

POINTS = 1024


def ishigami(x: np.ndarray) -> np.ndarray:
    """Ishigami and Homma 1990, a = 7, b = .1, on the unit cube."""
    x = np.pi * (2.0 * x - 1.0)
    return np.asarray(np.sin(x[..., 0]) + 7.0 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0]))


# Closed forms: V1 = (1 + b pi^4 / 5)^2 / 2, V2 = a^2 / 8, V13 = 8 b^2 pi^8 / 225.
V1, V2, V13 = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2, 49 / 8, 8 * 0.01 * np.pi**8 / 225
VARIANCE = V1 + V2 + V13
FIRST = np.array([V1, V2, 0.0]) / VARIANCE
TOTAL = np.array([V1 + V13, V2, V13]) / VARIANCE


def of(model: Any, numbers: int, points: int = POINTS) -> Indices:
    plan = design(numbers, points, 1)
    return indices(model(plan.a), model(plan.b), model(plan.mixed), 1)


def without_noise(x: np.ndarray) -> np.ndarray:
    return ishigami(x)[..., None]


def test_ishigami() -> None:
    found = of(without_noise, 3)
    assert found.first == pytest.approx(FIRST, abs=0.02)
    assert found.total == pytest.approx(TOTAL, abs=0.02)
    assert found.variance == pytest.approx(VARIANCE, rel=0.03)
    assert (found.first_bounds[0] <= FIRST).all()
    assert (found.first_bounds[1] >= FIRST).all()
    assert (found.total_bounds[0] <= TOTAL).all()
    assert (found.total_bounds[1] >= TOTAL).all()


def test_scipy_finds_the_same() -> None:
    """Both estimators on the same model; each has its own points, so that they agree to their errors only."""
    uniforms = [stats.uniform(0.0, 1.0)] * 3
    rng = np.random.Generator(np.random.Philox(1))
    theirs = stats.sobol_indices(func=lambda x: ishigami(x.T), n=POINTS, dists=uniforms, rng=rng)
    ours = of(without_noise, 3)
    assert ours.first == pytest.approx(theirs.first_order, abs=0.03)
    assert ours.total == pytest.approx(theirs.total_order, abs=0.03)


def noisy(sd: float, replications: int, seed: int = 3) -> Any:
    """Ishigami with luck of its own at every point and luck that a replication's points share, both of standard deviation sd."""
    chance = np.random.Generator(np.random.Philox(seed))
    shared = chance.normal(scale=sd, size=replications)

    def model(x: np.ndarray) -> np.ndarray:
        return np.asarray(ishigami(x)[..., None] + shared + chance.normal(scale=sd, size=(*x.shape[:-1], replications)))

    return model


def test_luck_is_no_variance_of_the_numbers() -> None:
    """Noise of the model's own size (sd 3.7) in each of 4 replications. Left in, it would make the variance 25 % too large and
    every total index some .2 too large. Bounds are 4 standard errors of 1,024 points (.05 each): false alarm below .001.
    """
    found = of(noisy(3.7, 4), 3)
    assert found.variance == pytest.approx(VARIANCE, rel=0.15)
    assert found.noise == pytest.approx(3.7**2 / 4, rel=0.1)
    assert found.first == pytest.approx(FIRST, abs=0.2)
    assert found.total == pytest.approx(TOTAL, abs=0.2)
    mean = noisy(3.7, 4)
    blurred = of(lambda x: mean(x).mean(axis=-1, keepdims=True), 3)
    assert blurred.variance > 1.2 * VARIANCE
    assert (blurred.total > TOTAL + 0.1).all()


def test_a_linear_model() -> None:
    """y = 4 x1 + 2 x2 + x3: indices are squares of slopes, 16 : 4 : 1, and first and total are the same."""
    found = of(lambda x: (x @ np.array([4.0, 2.0, 1.0]))[..., None], 3)
    expected = np.array([16.0, 4.0, 1.0]) / 21.0
    assert found.first == pytest.approx(expected, abs=0.01)
    assert found.total == pytest.approx(expected, abs=0.01)


def test_a_number_without_effect_has_a_total_of_exactly_nothing() -> None:
    found = of(lambda x: x[..., :1] ** 2, 2)
    assert found.total[1] == 0.0
    assert found.first[1] == 0.0


def test_a_constant_has_no_indices() -> None:
    found = of(lambda x: np.ones((*x.shape[:-1], 2)), 2, 8)
    assert np.isnan(found.first).all()
    assert found.variance == 0.0


def test_products_between_replications() -> None:
    x, y = np.array([[1.0, 2.0, 5.0]]), np.array([[3.0, -1.0, 2.0]])
    pairs = [x[0, r] * y[0, s] for r in range(3) for s in range(3) if r != s]
    assert crossed(x, y) == pytest.approx([np.mean(pairs)], abs=1e-14)

"""Morris screening against models whose elementary effects are known."""

import numpy as np
import pytest

from sojourn.experiments.morris import LEVELS, screened, trajectories


def test_each_step_moves_one_number_and_every_number_once() -> None:
    points = trajectories(5, 20, 1)
    assert points.shape == (20, 6, 5)
    assert points.min() >= 0.0
    assert points.max() <= 1.0
    steps = np.diff(points, axis=1)
    assert ((steps != 0.0).sum(axis=2) == 1).all()
    assert ((steps != 0.0).sum(axis=1) == 1).all()
    assert np.abs(steps[steps != 0.0]) == pytest.approx(LEVELS / (2 * (LEVELS - 1)))
    assert np.allclose(points * (LEVELS - 1), np.round(points * (LEVELS - 1)))
    assert (trajectories(5, 20, 1) == points).all()


def test_a_linear_model_has_the_same_effect_everywhere() -> None:
    points = trajectories(3, 10, 2)
    found = screened(points, (points @ np.array([5.0, -2.0, 0.0]))[..., None])
    assert found.mean == pytest.approx([5.0, -2.0, 0.0], abs=1e-12)
    assert found.strength == pytest.approx([5.0, 2.0, 0.0], abs=1e-12)
    assert found.spread == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)


def test_numbers_that_work_together_have_spread() -> None:
    """y = x1 x2: the effect of x1 is x2, on the grid 0, 1/3, 2/3, 1 with equal chances: mean 1/2, standard deviation .3727."""
    points = trajectories(2, 4000, 3)
    found = screened(points, (points[..., 0] * points[..., 1])[..., None])
    assert found.mean == pytest.approx([0.5, 0.5], abs=4 * 0.3727 / np.sqrt(4000))
    assert found.spread == pytest.approx([0.3727, 0.3727], abs=0.02)


def test_luck_is_taken_off_the_spread() -> None:
    """A linear model with luck at every point and luck that all points of a replication share. Its spread is 0; the standard
    deviation of effects would be 2 sd / (sqrt(2) step sqrt(replications)) = 1.06.
    """
    chance = np.random.Generator(np.random.Philox(5))
    points = trajectories(2, 400, 4)
    shape = (*points.shape[:-1], 8)
    luck = chance.normal(scale=2.0, size=shape[-1]) + chance.normal(scale=1.414, size=shape)
    found = screened(points, (points @ np.array([3.0, 0.0]))[..., None] + luck)
    raw = np.sqrt(2.0) * 1.414 / (2 / 3) / np.sqrt(8)
    assert raw == pytest.approx(1.06, abs=0.01)
    assert (found.spread < 0.4).all()
    assert found.mean == pytest.approx([3.0, 0.0], abs=0.2)


def test_one_replication_and_one_trajectory() -> None:
    points = trajectories(2, 1, 4)
    found = screened(points, points[..., :1])
    assert found.mean == pytest.approx([1.0, 0.0], abs=1e-12)
    assert np.isnan(found.strength_error).all()

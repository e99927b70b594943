import numpy as np
import pytest

from sojourn.experiments.acceptability import by_budget, by_price, prices, rounded_up


def lived(means: np.ndarray) -> np.ndarray:
    """Figures of draws and strategies as two equal lives."""
    return np.repeat(means[:, :, None], 2, axis=2)


def test_a_price_turns_the_choice_where_the_means_cross() -> None:
    """Strategy 1 costs 100 and brings 2 units, with gains that vary a little: it is best from a price of 50 on."""
    theta = np.linspace(-1.0, 1.0, 41)
    money = np.column_stack((np.zeros(41), -100.0 + 20.0 * theta))
    second = np.column_stack((np.zeros(41), np.full(41, 2.0)))
    curve = by_price(theta[:, None], lived(money), lived(second), np.linspace(0.0, 100.0, 41))
    assert curve.best[0] == 0
    assert curve.best[-1] == 1
    assert list(curve.changes) == pytest.approx([50.0], abs=1.3)
    assert curve.chance[0].tolist() == [1.0, 0.0]
    assert curve.chance[-1].tolist() == [0.0, 1.0]
    assert curve.chance.sum(axis=1) == pytest.approx(1.0)
    middle = curve.chance[20]
    assert middle == pytest.approx([0.5, 0.5], abs=0.03)
    assert (curve.low <= curve.chance).all()
    assert (curve.chance <= curve.high).all()


def test_a_budget_lets_strategies_in_as_it_covers_their_cost() -> None:
    theta = np.linspace(0.0, 1.0, 50)
    money = np.column_stack((np.zeros(50), np.full(50, 10.0), np.full(50, 20.0)))
    cost = np.column_stack((np.zeros(50), np.full(50, 100.0), 200.0 + 100.0 * theta))
    curve = by_budget(theta[:, None], lived(money), lived(cost), np.array([0.0, 150.0, 250.0, 400.0]))
    assert curve.chance[0].tolist() == [1.0, 0.0, 0.0]
    assert curve.chance[1].tolist() == [0.0, 1.0, 0.0]
    assert curve.chance[2] == pytest.approx([0.0, 0.5, 0.5], abs=0.02)
    assert curve.chance[3].tolist() == [0.0, 0.0, 1.0]
    assert curve.best.tolist()[-1] == 2


def test_prices_reach_beyond_where_strategies_are_level() -> None:
    span = prices(np.array([0.0, -30.0, 5.0]), np.array([0.0, 2.0, 1.0]))
    assert span[0] == 0.0
    assert span[-1] == 100.0  # level at 15 and at 35: twice 35, rounded up
    assert prices(np.array([0.0, 3.0]), np.array([0.0, 0.0]))[-1] == 1.0


@pytest.mark.parametrize(("value", "up"), [(1.0, 1.0), (1.1, 2.0), (3.0, 5.0), (70.0, 100.0), (0.03, 0.05), (0.0, 1.0)])
def test_rounding_up(value: float, up: float) -> None:
    assert rounded_up(value) == pytest.approx(up)

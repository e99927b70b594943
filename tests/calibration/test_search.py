"""The search on functions whose least squares are known, without any simulation."""

import numpy as np
import pytest

from sojourn.calibration.apart import learn
from sojourn.calibration.search import WEIGHT, Box, Floats, Misfit, Search, Stuck, clear


def box(start: list[float], reach: float = 3.0) -> Box:
    middle = np.array(start)
    return Box(middle, middle - reach, middle + reach, np.ones(middle.size))


def found(misfit: Misfit, where: Box, pull: float = 0.0) -> Search:
    search = Search(misfit, where, pull)
    search.begin(1)
    search.refine(1, thorough=True)
    return search


def test_a_bent_function_of_two_numbers() -> None:
    """exp(x) = 4 and x y = 1 with x y bent."""

    def misfit(z: Floats, effort: int) -> Floats:
        return 20 * np.array([np.exp(z[0]) / 4 - 1, z[0] * z[1] - 1])

    calls = 0

    def counted(z: Floats, effort: int) -> Floats:
        nonlocal calls
        calls += 1
        return misfit(z, effort)

    search = found(counted, box([0.0, 0.0]))
    assert search.z == pytest.approx([np.log(4), 1 / np.log(4)], abs=0.01)
    assert calls <= 25


def test_jumps_smaller_than_the_step_do_not_mislead() -> None:
    """A figure that moves in jumps of a tenth of its tolerance."""
    search = found(lambda z, effort: np.round(10 * 8 * (z - 1.3)) / 10, box([0.0]))
    assert search.z == pytest.approx([1.3], abs=0.02)


def test_bounds_hold_and_the_nearest_place_is_found() -> None:
    where = Box(np.zeros(2), np.array([-1.0, -1.0]), np.array([0.5, 1.0]), np.ones(2))
    search = found(lambda z, effort: 10 * np.array([z[0] - 2, z[0] + z[1] - 1]), where)
    assert search.z == pytest.approx([0.5, 0.5], abs=1e-3)


def test_the_least_change_where_much_is_open() -> None:
    search = found(lambda z, effort: np.array([50 * (3 * z[0] + 4 * z[1] - 5)]), box([0.0, 0.0, 0.0]), WEIGHT)
    assert search.z == pytest.approx([0.6, 0.8, 0.0], abs=1e-3)  # the foot of the perpendicular on 3 x + 4 y = 5


def test_a_place_without_a_figure_is_not_taken() -> None:
    search = found(lambda z, effort: None if z[0] > 0.9 else 20 * (z - 0.8), box([0.0]))
    assert search.z == pytest.approx([0.8], abs=0.01)
    with pytest.raises(ValueError, match="undefined"):
        found(lambda z, effort: None, box([0.0]))


def test_slopes_are_taken_the_other_way_where_a_figure_is_lacking() -> None:
    search = found(lambda z, effort: None if z[0] > 0.1 else 20 * (z + 0.5), box([0.0]))
    assert search.z == pytest.approx([-0.5], abs=0.01)


def test_a_number_that_cannot_move_at_all_is_named() -> None:
    with pytest.raises(Stuck) as told:
        found(lambda z, effort: None if z[1] != 0 else 20 * (z - 0.5), box([0.0, 0.0]))
    assert told.value.numbers == [1]


def test_directions_of_hardly_any_effect_are_left_out() -> None:
    slopes = np.array([[10.0, 10.0], [10.0, 10.1]])
    assert clear(slopes, box([0.0, 0.0]), 0.0) is slopes
    kept = clear(slopes, box([0.0, 0.0]), 1.0)
    assert np.linalg.matrix_rank(kept, tol=1e-6) == 1
    assert kept == pytest.approx(slopes, abs=0.1)


def test_what_cannot_be_told_apart_on_a_curve() -> None:
    """x y = 1 in logarithms bent by x^2: the ends lie on the curve, and at a bound."""

    def misfit(z: Floats, effort: int) -> Floats:
        return np.array([20 * (z[0] + z[1] + 0.1 * z[0] ** 2)])

    search = Search(misfit, box([0.0, 0.0], 2.0))
    search.begin(4)
    known = learn(misfit, misfit, search, 4, np.ones(1))
    (way,) = known.directions
    for end in way.ends:
        assert abs(misfit(end, 4)[0]) <= 1
        assert np.all(np.abs(end) <= 2)
    assert way.ends[0][way.moving] < -1.5
    assert way.ends[1][way.moving] > 1.5
    (follower,) = way.following
    assert way.ends[0][follower] > 1
    assert known.ranges[way.moving] == pytest.approx((way.ends[0][way.moving], way.ends[1][way.moving]))


def test_a_bound_stops_only_what_would_help() -> None:
    """Both numbers end at a bound; beyond it the first would bring the target nearer, the second by next to nothing."""

    def misfit(z: Floats, effort: int) -> Floats:
        return np.array([10 * z[0] + 0.01 * z[1] - 50])

    search = found(misfit, Box(np.zeros(2), np.full(2, -1.0), np.ones(2), np.ones(2)), 1e-9)
    assert search.z == pytest.approx([1.0, 1.0], abs=1e-3)
    assert learn(misfit, misfit, search, 4, np.ones(1)).stops == ("high", "")


def test_noise_is_not_taken_for_knowledge() -> None:
    """Slopes that two seeds do not agree on tell nothing: here those of the second number, whose sign differs."""

    def seen(sign: float) -> Misfit:
        return lambda z, effort: np.array([20 * z[0], sign * 3 * z[1]])

    search = Search(seen(1.0), box([0.0, 0.0], 2.0))
    search.begin(4)
    known = learn(seen(1.0), seen(1.0), search, 4, np.ones(2))
    assert known.directions == ()
    assert known.errors == pytest.approx((1 / 20, 1 / 3))
    (way,) = learn(seen(1.0), seen(-1.0), search, 4, np.ones(2)).directions
    assert (way.moving, way.following) == (1, ())

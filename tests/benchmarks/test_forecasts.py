"""Scores of forecasts, worked out by hand, and the data that they are about."""

import numpy as np
import pytest

from benchmarks.forecasts import Buyers, by_week, cdnow, counts, score


def test_errors_by_hand() -> None:
    found = score("some model", np.array([10.0, 20.0, 30.0]), np.array([20.0, 0.0, 20.0]), 100.0, 80.0)
    assert found.total == 60.0
    # 110, 130, 160 forecast so far; 100, 100, 120 seen.
    assert found.cumulative == pytest.approx(100.0 * (0.1 + 0.3 + 1.0 / 3.0) / 3.0)
    assert found.weekly == pytest.approx(100.0 * (0.5 + 0.5) / 2.0)  # the week in which nothing came has no percentage


def test_repeats_before_and_after_by_hand() -> None:
    buyers = Buyers(np.array([0, 0, 0, 1, 1]), np.array([0.0, 5.0, 16.0, 3.0, 9.0]), 9.0, 10.0, 24.0)
    weekly, before, mine, later = counts(buyers, np.array([0.0, 3.0]), buyers.who, buyers.day, 2)
    assert weekly.tolist() == [1.0, 0.0]
    assert before == 2.0
    assert mine.tolist() == [1.0, 1.0]
    assert later.tolist() == [1.0, 0.0]


def test_days_fall_into_whole_weeks() -> None:
    assert by_week(np.array([9.9, 10.0, 16.9, 17.0, 40.0]), 10.0, 2).tolist() == [2.0, 1.0]


def test_the_sample_is_the_published_one() -> None:
    pytest.importorskip("lifetimes")
    buyers = cdnow()
    people, start = np.unique(buyers.who, return_index=True)
    first = buyers.day[start]
    weekly, before, mine, later = counts(buyers, first, np.searchsorted(people, buyers.who), buyers.day, people.size)
    assert (people.size, before, weekly.sum(), weekly.size) == (2_357, 2_457.0, 1_882.0, 39)
    bins = np.minimum(mine, 7).astype(np.int64)
    assert np.bincount(bins).tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert [round(float(later[bins == k].mean()), 3) for k in range(8)] == [
        0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359,
    ]  # fmt: skip

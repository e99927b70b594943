from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.sim import counting
from sojourn.sim.compiling import from_python
from sojourn.sim.counting import reaching, tally

place = from_python(counting.place)

GRID = np.linspace(0.0, 73.0, 21)
VALUES = st.lists(st.sampled_from([*GRID.tolist(), *np.nextafter(GRID, 99).tolist()]) | st.floats(0, 80), max_size=50)


@given(VALUES)
@settings(deadline=None, max_examples=200, derandomize=True)
def test_places_and_counts_on_a_grid(values: Any) -> None:
    those = np.array(values, dtype=float)
    assert [place(value, GRID) for value in values] == np.searchsorted(GRID, those, side="left").tolist()
    assert reaching(those, GRID).tolist() == [float((those >= day).sum()) for day in GRID]


def test_entries_exits_and_moves() -> None:
    days = np.array([0.0, 10.0, 20.0])
    stage = np.array([0, 1, 0, 2], dtype=np.int16)
    change, moves = tally(stage, np.array([0, 1, 2, 0]), np.array([0.0, 10.0, 10.5, 25.0]), days, 3)
    assert change.tolist() == [[1, -1, 1, 0], [0, 1, -1, 0], [0, 0, 0, 1]]
    assert moves.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert np.cumsum(change, axis=1)[:, -1].sum() == pytest.approx(2)


STAGES, HORIZON = 3, 20.0
LIVES = st.lists(
    st.lists(st.tuples(st.integers(0, STAGES - 1), st.floats(0, 9)), min_size=1, max_size=6), min_size=1, max_size=6
)


def columns(lives: Any) -> tuple[Any, ...]:
    """A log of lives, each a list of (stage, days since the entry before): stage, sequence, time, who, and arrivals."""
    rows = [(who, k, stage) for who, life in enumerate(lives) for k, (stage, _) in enumerate(life)]
    time = np.concatenate([np.cumsum([days for _, days in life]) for life in lives])
    who, sequence, stage = (np.array(column) for column in zip(*rows, strict=True))
    arrived = np.array([life[0][1] for life in lives])
    return stage.astype(np.int16), sequence.astype(np.int32), time, who, arrived


@given(LIVES)
@settings(deadline=None, max_examples=200, derandomize=True)
def test_visits_are_the_stays_of_each_stage(lives: Any) -> None:
    stage, sequence, time, who, arrived = columns(lives)
    found = counting.visits(stage, sequence, time, arrived, HORIZON, STAGES)
    for here in range(STAGES):
        firsts: dict[int, float] = {}
        expected = []
        for row in np.flatnonzero(stage == here):
            last = row + 1 == who.size or who[row + 1] != who[row]
            end, following = (HORIZON, -1) if last else (time[row + 1], stage[row + 1])
            expected.append((who[row], end - time[row], following))
            firsts.setdefault(who[row], time[row] - arrived[who[row]])
        span = slice(found.begin[here], found.begin[here + 1])
        assert list(zip(found.who[span], found.days[span], found.following[span], strict=True)) == expected
        span = slice(found.first_begin[here], found.first_begin[here + 1])
        assert list(zip(found.first_who[span], found.since_arrival[span], strict=True)) == list(firsts.items())


@given(LIVES)
@settings(deadline=None, max_examples=200, derandomize=True)
def test_purchases_and_what_became_of_buyers(lives: Any) -> None:
    stage, sequence, time, who, _ = columns(lives)
    buying, losing = np.array([False, True, False]), np.array([False, False, True])
    found = counting.bought(stage, sequence, time, buying, losing)
    assert found.purchasers.tolist() == who[stage == 1].tolist()
    assert found.buyers.tolist() == sorted(set(who[stage == 1]))
    for place, buyer in enumerate(found.buyers):
        bought = np.flatnonzero((who == buyer) & (stage == 1))
        lost = np.flatnonzero((who == buyer) & (stage == 2) & (np.arange(who.size) > bought[0]))
        days = [
            *time[bought[:2]],
            *([np.nan] if bought.size == 1 else []),
            *(time[lost[:1]] if lost.size else [np.nan]),
        ]
        told = [found.first[place], found.second[place], found.lost[place]]
        assert told == pytest.approx(days, nan_ok=True)


def test_sums_by_group() -> None:
    of = np.array([1, 0, 1], dtype=np.int8)
    nobody, ones = np.empty(0, dtype=np.int64), np.empty(0)
    assert counting.by_group(of, nobody, ones, 2).tolist() == [1.0, 2.0]
    assert counting.by_group(of, np.array([0, 0, 1]), ones, 3).tolist() == [1.0, 2.0, 0.0]
    assert counting.by_group(of, np.array([2, 1, 1]), np.array([0.5, 2.0, 4.0]), 2).tolist() == [6.0, 0.5]
    assert counting.by_group(of, nobody, np.array([1.0, 2.0, 4.0]), 2).tolist() == [2.0, 5.0]

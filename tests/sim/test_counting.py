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

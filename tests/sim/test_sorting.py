from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.sim import sorting
from sojourn.sim.compiling import from_python
from sojourn.sim.sorting import in_order

ascending = from_python(sorting.ascending)


@pytest.mark.parametrize("low", [0, 5, 15, 31, 52, 62])
@pytest.mark.parametrize("high", [1, 12, 40, 63])
def test_keys_by_their_upper_bits_and_stable(low: Any, high: Any) -> None:
    keys = np.random.default_rng(1).integers(0, 2**high, 3000, dtype=np.int64)
    expected = keys[np.argsort(keys >> low, kind="stable")]
    assert ascending(keys.copy(), low).tolist() == expected.tolist()


def test_no_keys_and_one() -> None:
    assert ascending(np.empty(0, dtype=np.int64), 0).size == 0
    assert ascending(np.array([7]), 0).tolist() == [7]
    assert in_order(np.empty(0), 10.0).size == 0


TIMES = st.lists(
    st.sampled_from([0.0, 1.0, np.nextafter(1.0, 2.0), np.nextafter(1.0, 0.0), 99.9, 100.0]) | st.floats(0, 100),
    max_size=60,
)


@given(TIMES)
@settings(deadline=None, max_examples=300, derandomize=True)
def test_times_in_order(times: Any) -> None:
    """Equal ones as they stand, and neighbours apart by the last bit in theirs."""
    values = np.array(times, dtype=float)
    assert in_order(values, 100.0).tolist() == np.argsort(values, kind="stable").tolist()


def test_crowded_times_in_order() -> None:
    random = np.random.default_rng(2)
    spread = random.uniform(0, 730, 50_000)
    crowds = 30.0 + random.integers(0, 4, 50_000) * np.spacing(30.0)
    values = random.permutation(np.concatenate([spread, crowds, np.zeros(9000)]))
    assert in_order(values, 730.0).tolist() == np.argsort(values, kind="stable").tolist()

"""Random draws: the published vectors, the open interval, and names that never share a counter."""

from collections import Counter
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.sim import streams
from sojourn.sim.streams import MAX_STAGES, MAX_VISITS, pair, philox, uniform, words
from sojourn.sim.tables import HEADER, INVITEES, seeded

ALL = 0xFFFFFFFF
# Random123 (Salmon et al. 2011), kat_vectors: counter, key, answer of philox4x32-10.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ALL, ALL, ALL, ALL), (ALL, ALL), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
PURPOSES = [
    streams.TRAITS, streams.ARRIVING, streams.STAYING, streams.RACING, streams.TOUCHING, streams.SERVICE,
    streams.MONEY, streams.INVITING, streams.INHERITING,
]  # fmt: skip

keys = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
names = st.tuples(
    st.integers(0, 2**61 + INVITEES),  # customer
    st.integers(0, MAX_STAGES - 1),
    st.sampled_from(PURPOSES),
    st.integers(0, MAX_VISITS - 1),
    st.integers(0, 2**27 - 1),  # block
)


def key_of(seed: Any, replication: Any) -> Any:
    return seeded(np.zeros(HEADER), seed, replication)


def counter(customer: Any, stage: Any, purpose: Any, visit: Any, draw: Any) -> Any:
    """The four counter words, by the fields that `streams` states, in plain integers."""
    third = stage | purpose << 12 | (draw & 0x7FFF) << 17
    return customer & ALL, customer >> 32, third, visit | (draw >> 15) << 20


@pytest.mark.parametrize(("at", "key", "answer"), KNOWN)
@pytest.mark.parametrize("form", ["compiled", "python"])
def test_the_published_vectors(at: Any, key: Any, answer: Any, form: Any) -> None:
    function = philox if form == "compiled" else cast(Any, philox).py_func
    assert tuple(int(word) for word in function(*(np.uint64(word) for word in (*at, *key)))) == answer


@given(keys, names)
def test_a_draw_is_philox_at_the_counter_of_its_name(key: Any, name: Any) -> None:
    expected = philox(*(np.uint64(word) for word in (*counter(*name), *key)))
    assert tuple(words(key_of(*key), *name)) == tuple(expected)


@given(names)
def test_every_field_of_a_name_has_bits_of_its_own(name: Any) -> None:
    low, high, third, fourth = counter(*name)
    assert max(low, high, third, fourth) <= ALL
    customer, stage, purpose, visit, draw = name
    assert (high << 32 | low, third & 0xFFF, third >> 12 & 0x1F, fourth & 0xFFFFF) == (customer, stage, purpose, visit)
    assert (third >> 17 | (fourth >> 20) << 15) == draw


def test_purposes_differ_and_fit() -> None:
    assert len(set(PURPOSES)) == len(PURPOSES)
    assert max(PURPOSES) < 2**5


@given(keys, names)
def test_uniforms_lie_in_the_open_interval(key: Any, name: Any) -> None:
    for share in pair(key_of(*key), *name):
        assert 0.0 < share < 1.0


def test_the_ends_of_the_interval_stay_out() -> None:
    # The 52 bits of a uniform, all 0 and all 1, as `pair` turns them into a number.
    least, most = (0.0 + 0.5) * 2.0**-52, (2.0**52 - 1.0 + 0.5) * 2.0**-52
    assert least > 0.0
    assert most < 1.0


@given(keys, names)
def test_two_draws_share_a_block(key: Any, name: Any) -> None:
    customer, stage, purpose, visit, block = name
    named = customer, stage, purpose, visit
    first, second = pair(key_of(*key), *named, block)
    assert uniform(key_of(*key), *named, 2 * block) == first
    assert uniform(key_of(*key), *named, 2 * block + 1) == second


@given(keys, names)
def test_compiled_and_python_draws_are_the_same_bits(key: Any, name: Any) -> None:
    wide = [np.uint64(word) for word in (*counter(*name), *key)]
    a, b, c, d = (int(word) for word in cast(Any, philox).py_func(*wide))
    expected = [((a << 32 | b) >> 12), ((c << 32 | d) >> 12)]
    assert list(pair(key_of(*key), *name)) == [(whole + 0.5) * 2.0**-52 for whole in expected]


def test_uniforms_are_uniform_and_pairs_independent() -> None:
    """Chi-square over 16 x 16 cells of 20,000 pairs. False-alarm rate 1e-4."""
    from scipy import stats

    drawn = np.array([pair(key_of(7, 0), n, 3, streams.STAYING, 1, 0) for n in range(20_000)])
    cells = Counter((int(16 * a), int(16 * b)) for a, b in drawn)
    counts = [cells[i, j] for i in range(16) for j in range(16)]
    assert stats.chisquare(counts).pvalue > 1e-4


def test_neighbouring_names_are_uncorrelated() -> None:
    """Correlations of draws whose names differ in one field, of 5,000 each; false-alarm rate 1e-4 over all five."""
    from scipy import stats

    base = {"customer": 0, "stage": 2, "purpose": streams.RACING, "visit": 1, "draw": 0}
    steps = [("customer", 1), ("stage", 1), ("purpose", 1), ("visit", 1), ("draw", 1)]
    for field, step in steps:
        pairs = []
        for n in range(5000):
            one = {**base, "customer": 2 * n}
            other = {**one, field: one[field] + step}
            pairs.append((uniform(key_of(1, 0), *one.values()), uniform(key_of(1, 0), *other.values())))
        assert stats.pearsonr(*np.array(pairs).T).pvalue > 1e-4 / len(steps)

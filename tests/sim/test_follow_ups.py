"""One walk gives the curves of all, and of all but each group, that the textbook's formulas give one by one."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.sim import survival
from sojourn.sim.follow_ups import FollowUps, last_ticks, read
from sojourn.sim.sums import NO_GROUPS, Groups

DAYS = (1.0, 3.3, 6.0)
KINDS = 3


def follow_ups(durations: Any, causes: Any, owner: Any = None) -> FollowUps:
    return FollowUps(np.round(np.asarray(durations, dtype=float), 9), np.asarray(causes, dtype=np.int16), KINDS, owner)


def groups(of: Any, number: int) -> Groups:
    return Groups(np.asarray(of, dtype=np.int8), number, np.bincount(of, minlength=number).astype(float))


def naive(durations: Any, causes: Any) -> list[float]:
    """All that is read off one sample, from `survival`."""
    times, left, incidence = survival.aalen_johansen(durations, causes, KINDS)
    if not times.size:
        return [*[np.nan] * (KINDS + 2 + 2 * len(DAYS)), *[0.0] * len(DAYS), np.nan]
    return [
        *incidence[:, -1],
        left[-1],
        survival.restricted_mean(times, left),
        *(survival.survival_at(times, left, day) for day in DAYS),
        *(survival.incidence_at(times, left, incidence[0], day) for day in DAYS),
        *(float(np.count_nonzero(durations > day)) for day in DAYS),
        survival.median_of_incidence(times, incidence[0]),
    ]


def compare(sample: FollowUps, of: Any, number: int) -> None:
    """Both ways, without each group and without leaving anybody out."""
    everybody = read(sample, NO_GROUPS, days=DAYS, median=True)
    found = read(sample, groups(of, number), days=DAYS, median=True)
    whose = of if sample.owner is None else of[sample.owner]
    for group in range(number + 1):
        kept = whose != group  # the last leaves nobody out
        one = [figures[..., group] for figures in found]
        told = [*one[1], one[0], one[2], *one[3], *one[4], *one[5], one[6]]
        expected = naive(sample.durations[kept], sample.causes[kept])
        assert told == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)
    for whole, last in zip(everybody, found, strict=True):
        assert whole.shape[-1] == 1
        assert whole[..., 0] == pytest.approx(last[..., -1], rel=1e-12, abs=1e-12, nan_ok=True)


# Few different days, so that events, censorings and days of reading fall together; and days next to each other.
FOLLOWED = st.tuples(
    st.sampled_from([0.0, 1.0, 1.000000001, 2.0, 3.3, 5.0, 6.0, 6.000000001, 9.0]) | st.floats(0, 10),
    st.integers(-1, KINDS - 1),
    st.integers(0, 4),
)


@given(st.lists(FOLLOWED, min_size=1, max_size=40), st.sampled_from([5, 6, 40]))
@settings(deadline=None, max_examples=400, derandomize=True)
def test_leaving_out_is_recomputing(rows: Any, number: Any) -> None:
    """With ties, empty groups, and groups that are followed longest."""
    durations, causes, of = (np.array(column) for column in zip(*rows, strict=True))
    compare(follow_ups(durations, causes), of, number)


@pytest.mark.parametrize("censored", [0.0, 0.3, 1.0])
def test_large_samples(censored: Any) -> None:
    random = np.random.default_rng(1)
    n = 5000
    causes = np.where(random.random(n) < censored, -1, random.integers(0, KINDS, n))
    owner = np.sort(random.integers(0, 1000, n))
    compare(follow_ups(random.gamma(0.7, 9.0, n), causes, owner), random.integers(0, 40, 1000), 40)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_all_of_another_sample_but_some(share: Any) -> None:
    """The same as a copy in which those who have follow-ups of their own are replaced."""
    random = np.random.default_rng(4)
    n = 3000
    others = follow_ups(random.gamma(2.0, 9.0, n), random.integers(-1, KINDS, n))
    owner = np.flatnonzero(random.random(n) < share)
    own = others.durations[owner] * random.random(owner.size)
    durations, causes = others.durations.copy(), others.causes.copy()
    durations[owner], causes[owner] = own, 0
    of = groups(random.integers(0, 40, n), 40)
    short = read(follow_ups(own, np.zeros(owner.size), owner)._replace(others=others), of, median=True)
    for one, other in zip(short, read(follow_ups(durations, causes), of, median=True), strict=True):
        assert one == pytest.approx(other, rel=1e-12, nan_ok=True)


def test_one_group_and_nobody() -> None:
    sample = follow_ups([2.0, 5.0, 7.0], [0, -1, 1])
    compare(sample, np.array([0, 0, 0]), 2)
    nothing = read(follow_ups([], []), groups([], 2), days=DAYS, median=True)
    assert all(np.isnan(figures).all() for figures in nothing._replace(risk_at=nothing.left))
    assert not nothing.risk_at.any()
    assert nothing.incidence.shape == (KINDS, 3)
    assert nothing.left_at.shape == (len(DAYS), 3)


def test_equal_stays_have_no_spread() -> None:
    """Errors are differences between curves, so what is equal must come out equal to the last bit."""
    random = np.random.default_rng(2)
    n = 3001
    found = read(follow_ups(np.full(n, 33.3), np.zeros(n)), groups(random.integers(0, 40, n), 40))
    assert set(found.mean) == {33.3}
    assert set(found.incidence[0]) == {1.0}
    assert set(found.left) == {0.0}


def test_an_exact_half_is_half_in_large_samples() -> None:
    """A million steps of one millionth: sums of them may not push the median to the next step."""
    n = 1_000_000
    found = read(follow_ups(np.arange(1, n + 1) / 1000, np.zeros(n)), median=True)
    assert found.median[-1] == 500.0


def test_the_last_tick_by_a_day() -> None:
    days = np.concatenate([np.linspace(0, 730, 201), np.random.default_rng(3).uniform(0, 1e5, 500)])
    ticks = last_ticks(days)
    assert (ticks / 1e9 <= days).all()
    assert ((ticks + 1) / 1e9 > days).all()

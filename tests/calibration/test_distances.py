"""Distances of sets of journeys, against small ones worked out by hand, and what is rare among copies."""

import numpy as np
import pytest

from sojourn.calibration import exchange
from sojourn.calibration.distances import (
    all_pairs,
    between,
    earth_movers,
    gram_distance,
    lengths,
    mean_of_others,
    n_grams,
    timings,
    traits,
)
from sojourn.calibration.samples import Sample
from sojourn.calibration.stays import Floats

NOBODY = np.empty(0)


def sample(*journeys: list[tuple[int, float]], window: float = 100.0) -> Sample:
    """Journeys as lists of (stage, day)."""
    who = np.repeat(np.arange(len(journeys)), [len(journey) for journey in journeys]).astype(np.int64)
    stage = np.array([stage for journey in journeys for stage, _ in journey], dtype=np.int64)
    entry = np.array([day for journey in journeys for _, day in journey], dtype=np.float64)
    goes_on = np.append(who[1:] == who[:-1], False)
    until = np.where(goes_on, np.append(entry[1:], 0.0), window)
    following = np.where(goes_on, np.append(stage[1:], 0), -1)
    return Sample(who, stage, entry, until, following.astype(np.int64), np.full(len(journeys), window))


A = sample([(0, 0.0), (1, 4.0)], [(0, 0.0), (1, 6.0), (2, 7.0)])
B = sample([(0, 0.0), (2, 4.0)], [(0, 0.0)])


def test_runs_of_stages_are_counted_with_their_ends() -> None:
    assert n_grams(A, 2) == {(-1, 0): 2, (0, 1): 2, (1, -1): 1, (1, 2): 1, (2, -1): 1}
    assert n_grams(B, 3) == {
        (-1, -1, 0): 2,
        (-1, 0, 2): 1,
        (0, 2, -1): 1,
        (2, -1, -1): 1,
        (-1, 0, -1): 1,
        (0, -1, -1): 1,
    }


def test_n_gram_distance_by_hand() -> None:
    # A: (-1,0) 2, (0,1) 2, (1,-1) 1, (1,2) 1, (2,-1) 1, seven in all; B: (-1,0) 2, (0,2) 1, (2,-1) 1, (0,-1) 1, five.
    assert gram_distance(n_grams(A, 2), n_grams(B, 2)) == pytest.approx((2 + 1 + 1 + 1 + 1) / 12)
    assert gram_distance(n_grams(A, 2), n_grams(A, 2)) == 0.0
    twice = sample(*[[(0, 0.0), (1, 4.0)], [(0, 0.0), (1, 6.0), (2, 7.0)]] * 2)
    assert gram_distance(n_grams(A, 2), n_grams(twice, 2)) == 0.0  # twice as many of the same
    other = sample([(0, 0.0), (1, 4.0)], [(0, 0.0), (2, 6.0), (1, 7.0)])
    one, two = n_grams(A, 2), n_grams(other, 2)
    plain = sum(abs(one.get(g, 0) - two.get(g, 0)) for g in {*one, *two}) / (sum(one.values()) + sum(two.values()))
    assert gram_distance(one, two) == pytest.approx(plain)
    assert gram_distance(n_grams(sample([(3, 0.0)]), 2), n_grams(A, 2)) == pytest.approx(1.0)


def test_times_by_hand() -> None:
    assert lengths(A).tolist() == [4.0, 7.0]
    assert timings(A).tolist() == [4.0, 6.0, 7.0]
    assert earth_movers(lengths(A), lengths(B)) == pytest.approx((4.0 + 3.0) / 2)  # 4, 7 beside 0, 4
    assert earth_movers(timings(A), timings(B)) == pytest.approx((0.0 + 2.0 + 3.0) / 3)
    assert np.isnan(earth_movers(NOBODY, lengths(A)))


def test_all_pairs_are_symmetric_and_nothing_from_themselves() -> None:
    sets = [traits(one, np.array([1.0, 2.0])) for one in (A, B, A)]
    pairs = all_pairs(sets)
    assert np.allclose(pairs, np.swapaxes(pairs, 1, 2))
    assert np.all(pairs[:, 0, 2] == 0.0)
    assert pairs[:, 0, 1] == pytest.approx(between(sets[0], sets[1]))
    assert mean_of_others(pairs[0])[0] == pytest.approx(pairs[0, 0, 1] / 2)


def p_values(shift: float, seed: int, copies: int = 19, cells: int = 6) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    values = rng.gamma(2.0, 1.0, (copies + 1, cells))  # skewed, and dependent by a common factor
    values *= np.exp(0.5 * rng.standard_normal((copies + 1, 1)))
    values[0, 0] += shift
    found = exchange.ranked(exchange.standing(values, np.full(cells, 1e-6)))
    return found.chance, found.adjusted


def test_ranks_hold_their_rate_alone_and_all_together() -> None:
    """Of 2,000 sets of one kind (19 copies): rejected at 5 % alone, and anything of six at 5 %, each within four standard
    errors (alarm rate 6e-5 each)."""
    found = [p_values(0.0, seed) for seed in range(2_000)]
    alone = np.mean([chance[0] <= 0.05 for chance, _ in found])
    together = np.mean([adjusted.min() <= 0.05 for _, adjusted in found])
    for rate in (alone, together):
        assert abs(rate - 0.05) < 4.0 * np.sqrt(0.05 * 0.95 / 2_000)
    assert np.mean([adjusted[0] <= 0.05 for _, adjusted in (p_values(60.0, seed) for seed in range(100))]) > 0.9


def test_a_band_holds_whole_curves() -> None:
    """Of 1,000 further curves at least 88 % lie within bands of 49 copies everywhere (90 % but for three standard errors),
    and far fewer within the pointwise one."""
    inside, pointwise = 0, 0
    for seed in range(1_000):
        rng = np.random.default_rng(seed)
        curves = np.cumsum(rng.exponential(1.0, (50, 30)), axis=1) / 30.0
        least = np.full(30, 1e-9)
        away = exchange.standing(curves, least)
        _, low, high = exchange.band(curves[1:], away[1:].max(axis=1), least)
        inside += bool(np.all((curves[0] >= low) & (curves[0] <= high)))
        bounds = np.quantile(curves[1:], [0.05, 0.95], axis=0)
        pointwise += bool(np.all((curves[0] >= bounds[0]) & (curves[0] <= bounds[1])))
    assert inside >= 871
    assert pointwise < 700


def test_what_the_observed_sample_lacks_is_never_off() -> None:
    values = np.ones((20, 2))
    values[0] = np.nan, 5.0
    values[7, 1] = np.nan
    away = exchange.standing(values, np.full(2, 0.1))
    assert np.all(away[:, 0] == 0.0)
    assert away[0, 1] > 10.0
    assert away[7, 1] < away[0, 1]

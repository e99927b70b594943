import numpy as np
import pytest

from sojourn.experiments.layers import band, denoised, layers


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def planted(n: int, r: int, numbers: float, chance: float, seed: int) -> np.ndarray:
    source = rng(seed)
    return 10.0 + numbers * source.standard_normal((n, 1)) + chance * source.standard_normal((n, r))


@pytest.mark.parametrize(("numbers", "chance"), [(3.0, 1.0), (1.0, 3.0), (0.0, 2.0)])
def test_planted_variances_come_back(numbers: float, chance: float) -> None:
    """With 4,000 draws of 2 lives, 4 standard errors of each variance: one of six bounds fails by chance 4 times in 10,000."""
    n, r = 4000, 2
    found = layers(planted(n, r, numbers, chance, 1))
    between = r * numbers**2 + chance**2
    error = np.sqrt(2.0 / n) * np.hypot(between, chance**2) / r
    assert found.numbers == pytest.approx(numbers**2, abs=4.0 * error)
    assert found.chance == pytest.approx(chance**2, abs=4.0 * chance**2 * np.sqrt(2.0 / n))
    assert found.mean == pytest.approx(10.0, abs=4.0 * found.error)


def test_the_interval_of_the_share_covers() -> None:
    """Exact at 90 %: of 300 repetitions 254 to 285 cover, but for 2 in 1,000 times."""
    covered = 0
    for k in range(300):
        found = layers(planted(60, 2, 2.0, 3.0, k))
        covered += found.share_low <= 4.0 / 13.0 <= found.share_high
    assert 254 <= covered <= 285


def test_two_equal_lives_leave_nothing_to_chance_and_equal_draws_nothing_at_all() -> None:
    sure = layers(np.repeat(np.arange(5.0)[:, None], 3, axis=1))
    assert (sure.chance, sure.share, sure.share_low, sure.share_high) == (0.0, 1.0, 1.0, 1.0)
    still = layers(np.ones((5, 3)))
    assert (still.numbers, still.chance) == (0.0, 0.0)
    assert np.isnan(still.share)


def test_without_noise_means_stay_and_without_numbers_they_fall_together() -> None:
    exact = np.repeat(rng(1).standard_normal((50, 3, 1)), 2, axis=2)
    assert denoised(exact) == pytest.approx(exact[:, :, 0])
    alike = np.zeros((50, 2, 4))
    assert (denoised(alike) == 0.0).all()
    noise = rng(2).standard_normal((4000, 1, 2))
    assert denoised(noise).std() < 0.35  # plain means spread by .71


def test_what_is_left_has_the_covariance_of_the_numbers() -> None:
    """Two correlated figures under much chance: each entry within .12, over 4 standard errors at 8,000 draws."""
    source, n = rng(3), 8000
    theta = source.standard_normal((n, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
    lives = theta[:, :, None] + 1.0 * source.standard_normal((n, 2, 2))
    assert np.cov(denoised(lives).T) == pytest.approx(np.array([[1.0, 0.6], [0.6, 1.0]]), abs=0.12)


def test_a_band_holds_the_middle_nine_tenths() -> None:
    assert band(np.arange(101.0)) == pytest.approx((5.0, 95.0))

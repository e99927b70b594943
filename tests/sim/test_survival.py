from typing import Any

import numpy as np
import pytest

from sojourn.sim.survival import (
    aalen_johansen,
    at,
    incidence_at,
    kaplan_meier,
    median_of_incidence,
    restricted_mean,
    survival_at,
)

# Freireich et al. 1963, weeks in remission on 6-mercaptopurine: the textbook table of Kaplan-Meier (Collett; Klein).
REMISSION = [6, 6, 6, 7, 10, 13, 16, 22, 23]
CENSORED = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
TABLE = [(6, 0.857), (7, 0.807), (10, 0.753), (13, 0.690), (16, 0.627), (22, 0.538), (23, 0.448)]


@pytest.fixture
def freireich() -> tuple[np.ndarray, np.ndarray]:
    weeks = np.array(REMISSION + CENSORED, dtype=float)
    seen = np.array([True] * len(REMISSION) + [False] * len(CENSORED))
    shuffled = np.random.default_rng(1).permutation(weeks.size)
    return weeks[shuffled], seen[shuffled]


def test_the_textbook_table(freireich: Any) -> None:
    times, survival = kaplan_meier(*freireich)
    assert [(t, round(float(survival_at(times, survival, t)), 3)) for t, _ in TABLE] == TABLE
    assert times[-1] == 35.0


def test_events_come_before_censorings_of_the_same_day() -> None:
    times, survival = kaplan_meier([1.0, 1.0, 2.0], [True, False, True])
    assert times.tolist() == [1.0, 2.0]
    assert survival.tolist() == pytest.approx([2 / 3, 0.0])


def test_a_curve_is_flat_between_events_and_unknown_past_the_follow_up(freireich: Any) -> None:
    times, survival = kaplan_meier(*freireich)
    assert survival_at(times, survival, 0.0) == 1.0
    assert survival_at(times, survival, 34.9) == pytest.approx(0.448, abs=5e-4)
    assert np.isnan(survival_at(times, survival, 35.1))
    times, survival = kaplan_meier([1.0, 2.0], [True, True])
    assert survival_at(times, survival, 100.0) == 0.0


def test_the_area_without_censoring_is_the_mean() -> None:
    days = np.random.default_rng(2).gamma(2.0, 5.0, 500)
    assert restricted_mean(*kaplan_meier(days, np.ones(500))) == pytest.approx(days.mean(), rel=1e-12)


def test_the_area_with_the_longest_stay_open_is_restricted() -> None:
    # S = 1 to day 2, then 1/2 to the end of follow-up on day 10.
    assert restricted_mean(*kaplan_meier([2.0, 10.0], [True, False])) == pytest.approx(2.0 + 0.5 * 8.0)


def test_competing_causes_by_hand() -> None:
    # day 1: cause 0 of 5; day 2: censored; day 3: cause 1 of 3; day 4: cause 0 of 2; day 5: censored.
    times, survival, incidence = aalen_johansen([3, 1, 2, 5, 4], [1, 0, -1, -1, 0], 2)
    assert times.tolist() == [1, 2, 3, 4, 5]
    left = [4 / 5, 4 / 5, 4 / 5 * 2 / 3, 4 / 5 * 2 / 3 / 2]
    assert survival.tolist() == pytest.approx([*left, left[-1]])
    assert incidence[0].tolist() == pytest.approx([1 / 5, 1 / 5, 1 / 5, 1 / 5 + left[2] / 2, 1 / 5 + left[2] / 2])
    assert incidence[1, -1] == pytest.approx(4 / 5 / 3)
    assert np.allclose(survival + incidence.sum(axis=0), 1.0, rtol=0, atol=1e-15)


def test_ties_of_two_causes_share_the_drop() -> None:
    _, survival, incidence = aalen_johansen([1, 1, 1, 1], [0, 1, 0, -1], 2)
    assert survival[-1] == pytest.approx(1 / 4)
    assert incidence[:, -1].tolist() == pytest.approx([2 / 4, 1 / 4])


def test_one_cause_is_kaplan_meier(freireich: Any) -> None:
    weeks, seen = freireich
    _, survival = kaplan_meier(weeks, seen)
    _, same, incidence = aalen_johansen(weeks, np.where(seen, 0, -1), 1)
    assert same.tolist() == survival.tolist()
    assert incidence[0].tolist() == pytest.approx((1.0 - survival).tolist())


def test_nobody_gives_nothing() -> None:
    times, survival, incidence = aalen_johansen([], [], 3)
    assert times.size == survival.size == 0
    assert incidence.shape == (3, 0)
    assert np.isnan(survival_at(times, survival, 1.0))
    assert np.isnan(incidence_at(times, survival, incidence[0], 1.0))
    assert np.isnan(restricted_mean(times, survival))
    assert np.isnan(median_of_incidence(times, incidence[0]))


def test_the_median_of_those_who_get_there() -> None:
    times, _, incidence = aalen_johansen([1, 2, 3, 4, 9], [0, 0, 0, 0, 1], 2)
    assert median_of_incidence(times, incidence[0]) == 2.0  # exactly half of those who reach it have by day 2
    assert median_of_incidence(times, incidence[1]) == 9.0
    times, _, incidence = aalen_johansen([1, 2], [1, -1], 2)
    assert np.isnan(median_of_incidence(times, incidence[0]))


def test_censored_samples_find_the_law_they_came_from() -> None:
    """Exponential exits at 1/20 and 1/60 a day, cut at random days; 40 cells, false alarms below 1e-4."""
    random = np.random.default_rng(3)
    n = 4000
    latent = np.stack([random.exponential(20, n), random.exponential(60, n)])
    cut = random.uniform(5, 60, n)
    stay = latent.min(axis=0)
    causes = np.where(stay < cut, latent.argmin(axis=0), -1)
    times, _, incidence = aalen_johansen(np.minimum(stay, cut), causes, 2)
    days = np.linspace(2, 40, 20)
    rate = 1 / 20 + 1 / 60
    for cause, share in enumerate((0.75, 0.25)):
        truth = share * (1 - np.exp(-rate * days))
        followed = np.array([(np.minimum(stay, cut) >= day).sum() for day in days])
        error = np.sqrt(truth * (1 - truth) / np.maximum(followed, 1))  # no larger sample than those still followed
        assert (np.abs(at(times, incidence[cause], days, before=0.0) - truth) < 4.9 * error).all()

"""Log-odds and hazard ratios of one stage against closed forms, a published analysis, and what contradicts one number."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logit

from sojourn.calibration.armstays import ArmStays
from sojourn.calibration.held import held_odds
from sojourn.calibration.logits import fit_choice, pooled, proportions
from sojourn.calibration.races import Race, fit_race
from sojourn.calibration.stays import NOTHING
from sojourn.calibration.steps import from_choice, from_race

# Remission of leukaemia, weeks (Freireich et al. 1963; Cox 1972): 6-MP, then placebo; + is still in remission.
DRUG = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"
NAMES = ("on", "back", "wait", "gone")


def leukaemia() -> Race:
    words = [*DRUG.split(), *PLACEBO.split()]
    days = np.array([float(word.rstrip("+")) for word in words])
    ended = np.array([not word.endswith("+") for word in words])
    arm = np.repeat([0, 1], [21, 21])
    return Race(days, ended, arm, np.zeros(42, dtype=np.int64), np.arange(42))


def test_the_hazard_ratio_is_the_published_one() -> None:
    """Cox regression with Efron's ties on these data: 1.5721 (any textbook; R's coxph)."""
    assert fit_race(leukaemia()).shifts[0, 0] == pytest.approx(1.5721, abs=5e-5)


def test_errors_of_hazard_ratios_are_those_of_the_jackknife() -> None:
    """Leaving out one customer at a time gives the robust error up to its own approximation (10 % here)."""
    race = leukaemia()
    fits = []
    for k in range(42):
        kept = np.arange(42) != k
        columns: list[Any] = [column[kept] for column in race]
        fits.append(fit_race(Race(*columns)).shifts[0, 0])
    jackknife = np.sqrt(41.0 / 42.0 * np.sum((np.array(fits) - np.mean(fits)) ** 2))
    assert fit_race(race).errors()[0, 0] == pytest.approx(jackknife, rel=0.1)


def test_hazard_ratios_maximise_the_stratified_partial_likelihood() -> None:
    rng = np.random.default_rng(1)
    arm, group = rng.integers(0, 3, 300), rng.integers(0, 2, 300)
    days = rng.exponential(1.0 / np.exp(np.array([0.0, 0.4, -0.3])[arm] + group))
    ended = rng.random(300) < 0.8

    def cost(beta: Any) -> float:
        weight = np.exp(np.concatenate(([0.0], beta)))[arm]
        total = 0.0
        for k in np.flatnonzero(ended):
            total -= np.log(weight[k] / weight[(days >= days[k]) & (group == group[k])].sum())
        return float(total)

    found = fit_race(Race(days, ended, arm, group, np.arange(300))).shifts[0]
    assert found == pytest.approx(minimize(cost, np.zeros(2), tol=1e-10).x, abs=1e-4)


def test_log_odds_of_one_exit_are_those_against_all_others() -> None:
    rng = np.random.default_rng(2)
    arm = rng.integers(0, 2, 2_000)
    outcome = (rng.random(2_000) < np.array([0.3, 0.4])[arm]).astype(np.int64)
    found = fit_choice(outcome, arm, np.zeros(2_000, dtype=np.int64), np.arange(2_000))
    share, size = np.array([outcome[arm == k].mean() for k in (0, 1)]), np.bincount(arm)
    assert found.shifts[0, 0] == pytest.approx(logit(share[1]) - logit(share[0]))
    assert found.errors()[0, 0] ** 2 == pytest.approx(np.sum(1.0 / (size * share * (1.0 - share))), rel=0.01)


def test_log_odds_are_right_where_most_stays_are_still_open() -> None:
    """Exits of very different length, watched for 0 to 20 days: shares are far off, shifts within four standard errors."""
    rng = np.random.default_rng(12)
    size, eta = 60_000, np.array([0.0, 0.5, -0.4])
    base, mean = np.array([0.3, 0.3, 0.4]), np.array([2.0, 15.0, 60.0])
    arm = rng.integers(0, 2, size)
    shares = np.stack([base, base * np.exp(eta) / np.sum(base * np.exp(eta))])
    chosen = np.array([rng.choice(3, size, p=row) for row in shares])[arm, np.arange(size)]
    seen = rng.exponential(mean[chosen]) < rng.uniform(0.0, 20.0, size)
    assert np.mean(seen) < 0.5
    control = seen & (arm == 0)
    assert abs(np.mean(chosen[control] == 2) - 0.4) > 0.2
    found = fit_choice(chosen[seen], arm[seen], np.zeros(int(seen.sum()), dtype=np.int64), np.flatnonzero(seen))
    assert np.all(np.abs(found.shifts[:, 0] - eta[1:]) < 4.0 * found.errors()[:, 0])
    assert found.errors().max() < 0.07


def test_repeated_stays_of_unlike_customers_do_not_make_false_alarms() -> None:
    """300 experiments without effect, customers who differ threefold and stay five times: 30 alarms in the mean; outside 15 to
    48 once in 1,000 such tests. Taken as stays of 1,000 different customers there are more."""
    rng = np.random.default_rng(13)
    alarms = naive = 0
    for _ in range(300):
        pace = np.exp(rng.normal(0.0, 0.8, 200))
        who = np.repeat(np.arange(200), 5)
        arm = rng.integers(0, 2, 200)[who]
        days, until = rng.exponential(1.0 / pace[who]), rng.exponential(2.0, 1_000)
        race = Race(np.minimum(days, until), days <= until, arm, np.zeros(1_000, dtype=np.int64), who)
        fitted = fit_race(race)
        alarms += abs(fitted.shifts[0, 0]) > 1.645 * fitted.errors()[0, 0]
        loose = fit_race(race._replace(customer=np.arange(1_000)))
        naive += abs(loose.shifts[0, 0]) > 1.645 * loose.errors()[0, 0]
    assert 15 <= alarms <= 48
    assert naive > 60


def test_a_customer_who_stays_twice_counts_once() -> None:
    """The same stays twice over, by the same customers, tell nothing new; by other customers they would halve the variance."""
    rng = np.random.default_rng(3)
    arm = rng.integers(0, 2, 1_000)
    outcome = (rng.random(1_000) < 0.4).astype(np.int64)
    none = np.zeros(2_000, dtype=np.int64)
    twice = np.concatenate((np.arange(1_000), np.arange(1_000)))
    single = fit_choice(outcome, arm, none[:1_000], np.arange(1_000)).errors()[0, 0]
    doubled = fit_choice(np.tile(outcome, 2), np.tile(arm, 2), none, twice).errors()[0, 0]
    others = fit_choice(np.tile(outcome, 2), np.tile(arm, 2), none, np.arange(2_000)).errors()[0, 0]
    assert doubled == pytest.approx(single, rel=0.005)  # Student's t for 500 customers an arm, where they stay twice
    assert others == pytest.approx(single / np.sqrt(2.0), rel=0.01)


def test_segments_have_their_own_start_and_share_the_shift() -> None:
    """Counts whose odds rise exactly threefold in both segments: log 3, which the pooled table, non-collapsible, misses."""
    cells = {(0, 0): (900, 100), (0, 1): (750, 250), (1, 0): (250, 750), (1, 1): (100, 900)}
    outcome = np.concatenate([np.repeat([0, 1], counts) for counts in cells.values()])
    group, arm = (np.repeat([cell[k] for cell in cells], 1_000) for k in (0, 1))
    who = np.arange(outcome.size)
    within = fit_choice(outcome, arm, group, who).shifts[0, 0]
    pooled_ = fit_choice(outcome, arm, np.zeros_like(group), who).shifts[0, 0]
    assert within == pytest.approx(np.log(3.0))
    assert pooled_ < 0.75 * within


def test_groups_without_some_outcome_are_put_together() -> None:
    outcome = np.array([0, 1, 0, 1, 0, 0, 1])
    group = np.array([0, 0, 1, 1, 2, 2, 3])
    assert pooled(outcome, group).tolist() == [0, 0, 1, 1, 2, 2, 2]


def test_proportions_alarm_as_rarely_as_they_should() -> None:
    """500 experiments without any effect: p below .1 fifty times in the mean; outside 26 to 78 once in 14,000 such tests."""
    rng = np.random.default_rng(4)
    none, who = np.zeros(600, dtype=np.int64), np.arange(600)
    alarms = 0
    for _ in range(500):
        outcome = rng.choice(3, 600, p=[0.5, 0.3, 0.2])
        alarms += proportions(outcome, rng.integers(0, 2, 600), none, who) < 0.1
    assert 26 <= alarms <= 78


def drawn(rng: Any, shares: Any, days: Any = None, groups: Any = None) -> ArmStays:
    """Stays in `here` by 6,000 customers: exits by arm with these shares, shape (arms, 4)."""
    arm = rng.integers(0, len(shares), 6_000)
    following = np.array([rng.choice(4, p=shares[a]) for a in arm])
    times = rng.exponential(5.0, 6_000) if days is None else days(arm, following)
    group = np.zeros(6_000, dtype=np.int64) if groups is None else groups
    names = tuple(f"arm {k}" for k in range(1, len(shares)))
    return ArmStays("here", times, following, arm, group, np.arange(6_000), names)


def test_the_last_exit_of_the_mapping_is_left_alone() -> None:
    rng = np.random.default_rng(5)
    (step,), _ = from_choice(drawn(rng, [[0.4, 0.1, 0.2, 0.3], [0.5, 0.1, 0.15, 0.25]]), NAMES, None)
    assert step is not None
    assert step.exits == ("on", "back", "wait")
    assert step.rest == ("gone",)
    assert step.warnings == ()


def test_named_exits_leave_all_others_alone_and_say_where_these_do_not_keep_still() -> None:
    rng = np.random.default_rng(6)
    shares = np.array([[0.4, 0.1, 0.2, 0.3], [0.5, 0.2, 0.1, 0.2]])
    (step,), _ = from_choice(drawn(rng, shares), NAMES, [0])
    assert step is not None
    assert step.rest == ("back", "wait", "gone")
    assert any("also change the proportions among back, wait, gone" in told for told in step.warnings)
    kept = np.array([[0.4, 0.1, 0.2, 0.3], [0.52, 0.08, 0.16, 0.24]])
    (step,), _ = from_choice(drawn(rng, kept), NAMES, [0])
    assert step is not None
    assert step.warnings == ()
    truth = logit(0.52) - logit(0.4)
    assert abs(step.shift(0, 0).value - truth) < 4.0 * step.shift(0, 0).error


def test_arms_that_differ_in_time_are_told_where_log_odds_are_asked() -> None:
    rng = np.random.default_rng(7)
    slow = drawn(rng, np.full((2, 4), 0.25), days=lambda arm, _: rng.exponential(np.array([5.0, 9.0])[arm]))
    (step,), _ = from_choice(slow, NAMES, None)
    assert step is not None
    assert any("arms also differ in how long it takes" in told for told in step.warnings)


def test_an_effect_that_differs_between_segments_is_told() -> None:
    rng = np.random.default_rng(8)
    group = rng.integers(0, 2, 6_000)
    stays = drawn(rng, np.array([[0.5, 0.0, 0.0, 0.5], [0.5, 0.0, 0.0, 0.5]]), groups=group)
    turned = (group == 1) & (stays.arm == 1) & (rng.random(6_000) < 0.3)
    stays = stays._replace(following=np.where(turned, 0, stays.following))
    (step,), _ = from_choice(stays, NAMES, None)
    assert step is not None
    assert any("the effect differs between segments" in told for told in step.warnings)
    steps, _ = from_race(stays, NAMES, None)
    assert any("the effect differs between segments" in told for one in steps for told in one.warnings)


def test_a_hazard_ratio_that_wears_off_is_told() -> None:
    rng = np.random.default_rng(9)

    def days(arm: Any, _: Any) -> Any:
        return rng.exponential(5.0, arm.size) ** np.where(arm == 1, 1.6, 1.0)

    (step,), _ = from_race(drawn(rng, [[1.0, 0.0, 0.0, 0.0]] * 2, days=days), NAMES, None)
    assert any("the hazard ratio of arm 1 changes during the stay" in told for told in step.warnings)


def test_what_control_never_did_has_no_effect_and_is_said() -> None:
    rng = np.random.default_rng(10)
    stays = drawn(rng, [[0.5, 0.2, 0.0, 0.3], [0.5, 0.0, 0.2, 0.3]])
    (step,), told = from_choice(stays, NAMES, None)
    assert step.exits == ("on", "back")
    assert step.rest == ("wait", "gone")
    assert [line.split(":")[0] for line in told] == ["here -> wait"]
    assert "control 0 of " in told[0]
    steps, told = from_race(stays, NAMES, None)
    assert [one.exits for one in steps] == [("on",), ("back",), ("gone",)]
    assert [line.split(":")[0] for line in told] == ["here -> wait"]


def test_an_arm_that_never_took_an_exit_does_not_touch_the_others_in_a_choice() -> None:
    """The same numbers for arm 2, to the last bit, as if arm 1 were not there."""
    rng = np.random.default_rng(14)
    stays = drawn(rng, [[0.5, 0.2, 0.0, 0.3], [0.7, 0.0, 0.0, 0.3], [0.4, 0.3, 0.0, 0.3]])
    steps, _ = from_choice(stays, NAMES, None)
    (same,), _ = from_choice(stays.only(np.array([True, False, True])), NAMES, None)
    assert [one.arms for one in steps] == [("arm 2",), ("arm 1",)]
    assert steps[0].exits == same.exits == ("on", "back")
    assert steps[0].fitted.shifts.tolist() == same.fitted.shifts.tolist()
    assert steps[0].fitted.covariance.tolist() == same.fitted.covariance.tolist()
    never = steps[1].shift(1, 0)
    assert never.interval()[1] < -3.0
    assert any("here -> back: arm 1 0 of " in told for told in steps[1].warnings)


def test_an_arm_that_never_took_an_exit_does_not_touch_the_others_in_a_race() -> None:
    rng = np.random.default_rng(14)
    stays = drawn(rng, [[0.5, 0.2, 0.0, 0.3], [0.7, 0.0, 0.0, 0.3], [0.4, 0.3, 0.0, 0.3]])
    steps, told = from_race(stays, NAMES, None)
    assert [(one.exits, one.arms) for one in steps] == [
        (("on",), ("arm 1", "arm 2")),
        (("back",), ("arm 2",)),
        (("back",), ("arm 1",)),
        (("gone",), ("arm 1", "arm 2")),
    ]
    assert told == []
    (same,) = from_race(stays.only(np.array([True, False, True])), NAMES, [1])[0]
    assert steps[1].shift(0, 0) == same.shift(0, 0)
    assert steps[2].shift(0, 0).interval()[1] < np.log(0.1)


def test_doses_of_one_lever_are_fitted_at_once_all_the_same() -> None:
    rng = np.random.default_rng(14)
    stays = drawn(rng, [[0.5, 0.2, 0.0, 0.3], [0.7, 0.0, 0.0, 0.3], [0.4, 0.3, 0.0, 0.3]])
    for found in (from_choice(stays, NAMES, [1], together=True), from_race(stays, NAMES, [1], together=True)):
        (step,) = found[0]
        assert step.arms == ("arm 1", "arm 2")
        assert step.held.tolist() == [[True, False]]


def test_a_held_shift_counts_half_a_customer_where_much_was_expected_and_nothing_where_little_was() -> None:
    base = logit(0.3)
    shift, variance = held_odds(0, 1_000, base)
    assert base + shift == pytest.approx(logit(0.5 / 1_000), abs=0.02)
    assert variance == pytest.approx(2.0, rel=0.02)
    shift, variance = held_odds(0, 20, logit(0.001))
    assert abs(shift) < 0.1
    assert variance > 3.0


def small_race(rng: Any, treated: int, stays: int, unlike: float) -> Race:
    """An arm of a few customers beside 200 in control; no effect; customers may differ in pace."""
    arm = np.repeat([0, 1], [200, treated])
    who = np.repeat(np.arange(arm.size), stays)
    pace = np.exp(rng.normal(0.0, unlike, arm.size))[who]
    ends, other, until = (rng.exponential(60.0 / pace), rng.exponential(90.0, who.size), rng.uniform(70, 150, who.size))
    days = np.minimum(np.minimum(ends, other), until)
    return Race(days, days == ends, arm[who], np.zeros(who.size, dtype=np.int64), who)


@pytest.mark.parametrize("treated", [2, 3, 5, 10])
@pytest.mark.parametrize(("stays", "unlike"), [(1, 0.0), (5, 0.8)])
def test_intervals_of_arms_of_a_few_customers_cover(treated: int, stays: int, unlike: float) -> None:
    """200 experiments without effect each: 180 intervals cover in the mean; below 163 in one of these eight tests once in 300
    (binomial, .0004 each). The sandwich alone covers in 52 to 88 %."""
    rng = np.random.default_rng(100 * treated + stays)
    covered = 0
    for _ in range(200):
        race = small_race(rng, treated, stays, unlike)
        following = np.where(race.ended, 0, NOTHING)
        (step,), _ = from_race(ArmStays("here", race.days, following, *race[2:], ("new",)), NAMES, None)
        low, high = step.shift(0, 0).interval()
        covered += low < 0.0 < high
        assert treated >= 10 or step.thin == ((f"{treated} customers of new",),)
    assert covered >= 163


def test_one_event_is_no_clear_effect() -> None:
    """One customer of one, who left early: the likelihood ratio against no effect is 2.3, far below 2.7 of a 90 % interval."""
    rng = np.random.default_rng(3)
    race = small_race(rng, 1, 1, 0.0)
    alone = race.arm == 1
    race = race._replace(days=np.where(alone, 8.0, race.days), ended=np.where(alone, True, race.ended))
    fitted = fit_race(race)
    assert fitted.shifts[0, 0] > 1.5
    assert fitted.shifts[0, 0] < 1.645 * fitted.errors()[0, 0]

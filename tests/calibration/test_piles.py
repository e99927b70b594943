"""Deadlines: exits that pile up at one age are found, and nothing else is. Statistical tests state their false-alarm rate."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.calibration.exit_laws import fit_exit
from sojourn.calibration.fit import fit
from sojourn.calibration.piles import find_pile
from sojourn.calibration.posterior import companion
from sojourn.scenarios.checks import examine
from sojourn.scenarios.overrides import put
from sojourn.sim.survival import aalen_johansen, at
from tests.calibration.planting import one_stage, simulated_stays

SMOOTH = [
    stats.expon(scale=30.0),
    stats.weibull_min(0.6, scale=20.0),
    stats.weibull_min(3.0, scale=25.0),
    stats.lognorm(0.3, scale=15.0),
    stats.fisk(2.4, scale=12.0),
]


def watched(times: Any, rng: Any, longest: float = 60.0) -> tuple[Any, Any]:
    until = rng.uniform(0.0, longest, times.size)
    return np.minimum(times, until), times <= until


def with_spike(rng: Any, size: int, share: float = 0.3) -> Any:
    return np.where(rng.random(size) < share, 30.0, rng.lognormal(np.log(15.0), 0.9, size))


def test_smooth_exits_hold_no_pile() -> None:
    # At most 1 in 1,000 by the test's own bound: in 400 logs 4 or more come by chance 1 time in 1,000.
    found = 0
    for seed in range(80):
        rng = np.random.default_rng(seed)
        for law in SMOOTH:
            days, ended = watched(law.rvs(600, random_state=rng), rng)
            found += find_pile(days, ended, 1e-6) is not None
    assert found <= 3


@pytest.mark.parametrize("clock", [1.0 / 1440.0, 1.0 / 24.0, 0.25, 1.0])
def test_a_coarse_clock_makes_no_pile(clock: float) -> None:
    # Minutes, hours, quarters of a day and days: ages that a log cannot tell apart are no pile. 1 in 1,000 at most, as above.
    found = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        for law in SMOOTH[:2]:
            days, ended = watched(law.rvs(2_000, random_state=rng), rng)
            found += (
                find_pile(np.floor(days / clock) * clock, ended, clock if clock == 1.0 else 0.5 * clock) is not None
            )
    assert found <= 2


@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0])
def test_a_deadline_is_found_with_its_day_and_share(spread: float) -> None:
    # Exact, within some hours, and by a run once a day.
    rng = np.random.default_rng(4)
    times = with_spike(rng, 3_000)
    times = np.where(times == 30.0, 30.0 + spread * rng.random(times.size), times)
    days, ended = watched(times, rng)
    law, _ = fit_exit(days, ended, 1e-6)
    assert law.deadline is not None
    assert law.deadline.day == pytest.approx(30.0 + 0.5 * spread, abs=0.1)
    assert abs(law.deadline.share - 0.3) < 5.0 * law.errors["share"]  # false alarm 6e-7 each
    assert law.law == "lognormal"
    assert abs(law.parameters["median"] - 15.0) < 5.0 * law.errors["median"]
    assert abs(law.parameters["sigma"] - 0.9) < 5.0 * law.errors["sigma"]


def test_a_deadline_is_found_in_a_log_by_the_day() -> None:
    rng = np.random.default_rng(5)
    days, ended = watched(with_spike(rng, 2_000), rng)
    begun = rng.random(days.size)
    law, _ = fit_exit(
        np.floor(begun + days), ended, 1.0
    )  # both ends of a stay by the day, as a log by the day has them
    assert law.deadline is not None
    assert law.deadline.day == 30.0
    assert abs(law.deadline.share - 0.3) < 5.0 * law.errors["share"]


def test_all_at_one_age_while_others_stay_is_a_jump_and_a_rest_that_never_leaves() -> None:
    days = np.array([30.0] * 40 + [31.0, 50.0] * 10 + [5.0] * 10)
    law, _ = fit_exit(days, days == 30.0, 1e-6)
    assert law.law == "empirical"
    assert law.curve is not None
    assert law.curve[0] == pytest.approx((0.0, 40.0 / 60.0), abs=1e-6)
    assert law.curve[1] == (30.0, 30.0)
    assert law.never == pytest.approx(20.0 / 60.0, abs=1e-6)


def test_a_deadline_comes_back_from_the_scenario(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    size = 4_000
    log = one_stage(tmp_path, rng.exponential(60.0, size), with_spike(rng, size))
    found = fit(log)
    assert any("exits pile up on day 30 of the stay" in note for note in found.notes)
    assert 'race.gone = { law = "deadline", day = 30.0, share = 0.3' in found.scenario_text()
    days, nexts = simulated_stays(found)
    # The share that leaves exactly on day 30, of all stays: half come so late that day 30 is not seen; so by Aalen-Johansen.
    causes = np.where(nexts == "gone", np.where(np.abs(days - 30.0) < 1e-9, 0, 1), np.where(nexts == "bought", 1, -1))
    times, _, incidence = aalen_johansen(days, causes, 2)
    share = float(at(times, incidence[0], 40.0, before=0.0))
    truth = 0.3 * np.exp(-0.5)  # nobody of them bought before day 30
    assert abs(share - truth) < 5.0 * 2.0 * np.sqrt(
        truth * (1.0 - truth) / size
    )  # five sigma, twice the binomial error


def with_two(rng: Any, size: int) -> Any:
    """A fifth leaves on day 14 and a quarter on day 30, if they have not left before; the others log-normal."""
    kind = rng.random(size)
    return np.where(kind < 0.2, 14.0, np.where(kind < 0.45, 30.0, rng.lognormal(np.log(20.0), 0.9, size)))


def test_two_deadlines_are_found_with_their_days_and_shares() -> None:
    rng = np.random.default_rng(8)
    days, ended = watched(with_two(rng, 3_000), rng)
    law, form = fit_exit(days, ended, 1e-6)
    assert law.deadline is not None
    every = sorted((law.deadline, *law.further))
    assert [one.day for one in every] == [14.0, 30.0]
    for one, truth in zip(every, (0.2, 0.25), strict=True):
        assert abs(one.share - truth) < 5.0 * np.sqrt(
            truth * (1.0 - truth) / 1_000
        )  # a third of them were watched so long
    assert law.law == "lognormal"
    assert abs(law.parameters["median"] - 20.0) < 5.0 * law.errors["median"]
    assert law.goodness is not None
    assert law.goodness.chance > 1e-3
    # The same made of the same, on a part of the data.
    again, _ = fit_exit(days[:1_500], ended[:1_500], 1e-6, form)
    assert len(again.further) == 1


def test_two_deadlines_are_simulated_and_drawn(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    size = 4_000
    found = fit(one_stage(tmp_path, rng.exponential(60.0, size), with_two(rng, size)))
    assert any("exits pile up on day 14 (" in note and "day 30 (" in note for note in found.notes)
    days, nexts = simulated_stays(found, replications=2)
    causes = np.where(nexts == "bought", 2, np.where(nexts == "gone", 1, -1))
    for day, share in ((14.0, 0.2), (30.0, 0.25)):
        causes = np.where((nexts == "gone") & (np.abs(days - day) < 1e-9), 0, causes)
        times, _, incidence = aalen_johansen(days, causes, 3)
        truth = share * np.exp(-day / 60.0)  # who had not bought before
        seen = float(at(times, incidence[0], 40.0, before=0.0))
        assert abs(seen - truth) < 5.0 * 2.0 * np.sqrt(
            truth * (1.0 - truth) / size
        )  # five sigma, twice the binomial error
        causes = np.where(causes == 0, 1, causes)
    drawn = companion(found, 60)
    shares = np.array(drawn.draws["stages", "trial", "race", "gone", "share"])
    ages = np.array(drawn.draws["stages", "trial", "race", "gone", "days"])
    assert np.all(np.diff(shares, axis=1) > 0.0)
    assert np.all(np.diff(ages, axis=1) >= 0.0)
    for day, share in ((14.0, 0.2), (30.0, 0.25)):
        jump = [float(np.ptp(one[there == day])) for one, there in zip(shares, ages, strict=True)]
        assert abs(np.mean(jump) - share) < 5.0 * np.std(jump)
        assert 0.3 < np.std(jump) / np.sqrt(share * (1.0 - share) / 1_800) < 2.0  # about as many were there by then
    scenario = found.scenario().document()
    for place, values in drawn.draws.items():
        value = values[7]
        assert put(scenario, place, list(value) if isinstance(value, tuple) else value) is None
    assert examine(scenario).faults == ()

"""Shares that never leave: told where the watching is long enough, and only there."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.calibration.exit_laws import candidate_of, fit_exit
from sojourn.calibration.fit import fit
from sojourn.calibration.maxima import maximum
from sojourn.calibration.spells import spells
from sojourn.sim.survival import aalen_johansen, at
from tests.calibration.planting import one_stage, simulated_stays

NEVER = 0.4


def cured(rng: Any, size: int, never: float = NEVER) -> Any:
    return np.where(rng.random(size) < never, np.inf, 10.0 * rng.weibull(1.5, size))


def watched(times: Any, rng: Any, longest: float) -> tuple[Any, Any]:
    until = rng.uniform(0.0, longest, times.size)
    return np.minimum(times, until), times <= until


def test_the_share_and_the_law_of_the_others_are_recovered() -> None:
    rng = np.random.default_rng(1)
    law, form = fit_exit(*watched(cured(rng, 3_000), rng, 100.0), resolution=1e-6)
    assert (law.law, form.never) == ("weibull", True)
    assert abs(law.never - NEVER) < 5.0 * law.errors["never"]  # false alarm 6e-7 each
    assert abs(law.parameters["shape"] - 1.5) < 5.0 * law.errors["shape"]
    assert abs(law.parameters["median"] - 10.0 * np.log(2.0) ** (1 / 1.5)) < 5.0 * law.errors["median"]
    assert law.errors["never"] < 0.02
    assert law.mean == np.inf


def test_standard_errors_of_the_share_are_its_spread() -> None:
    # 60 samples: the ratio of spread to mean error is a chi over its root, outside these bounds 1 time in 1,000.
    shares, errors = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        law, _ = fit_exit(*watched(cured(rng, 400), rng, 100.0), resolution=1e-6)
        shares.append(law.never)
        errors.append(law.errors["never"])
    ratio = np.std(shares, ddof=1) / np.sqrt(np.mean(np.square(errors)))
    low, high = np.sqrt(stats.chi2(59).ppf([0.0005, 0.9995]) / 59)
    assert low < ratio < high


def test_no_share_is_told_where_all_leave() -> None:
    # About 2 in 1,000 by AIC alone: of 150 logs with long watching 4 or more come by chance 4 times in 10,000.
    found = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        for law in (stats.expon(scale=15.0), stats.weibull_min(1.5, scale=15.0), stats.lognorm(0.8, scale=10.0)):
            days, ended = watched(law.rvs(800, random_state=rng), rng, 100.0)
            found += fit_exit(days, ended, 1e-6)[0].never > 0.0
    assert found <= 3


def test_no_share_is_told_where_the_watching_is_short() -> None:
    # Watched for at most 8 days, when half of those who will leave have not: the data cannot tell never from not yet.
    for seed in range(20):
        rng = np.random.default_rng(seed)
        law, form = fit_exit(*watched(cured(rng, 1_000), rng, 8.0), resolution=1e-6)
        assert law.never == 0.0 or law.law == "empirical"
        assert not form.never


def test_however_many_stays_short_watching_tells_no_share() -> None:
    # Watched for at most 14 days, when a fifth of those who will leave have not. So many stays that AIC alone would say yes.
    rng = np.random.default_rng(11)
    days, ended = watched(cured(rng, 40_000), rng, 14.0)
    sample = spells(days, ended, 1e-6)
    plain, cure = (maximum(sample, candidate_of("weibull", None, never=with_it)) for with_it in (False, True))
    assert plain is not None
    assert cure is not None
    assert 2.0 * (cure[2] - plain[2]) > 20.0
    law, form = fit_exit(days, ended, 1e-6)
    assert not form.never
    assert law.never == 0.0 or law.law == "empirical"


def test_a_share_that_never_leaves_comes_back_from_the_scenario(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    size = 4_000
    found = fit(one_stage(tmp_path, cured(rng, size), rng.exponential(150.0, size)))
    law = found.stages["trial"].exits["bought"]
    assert law.never == pytest.approx(NEVER, abs=5.0 * law.errors["never"])
    assert any("never leave this way" in note for note in found.notes)
    written = found.scenario().stages["trial"].race["bought"]
    assert written.law == "empirical"
    assert written.never == pytest.approx(law.never, abs=1e-4)
    days, nexts = simulated_stays(found)
    causes = np.where(nexts == "", -1, np.where(nexts == "bought", 0, 1))
    times, survival, _ = aalen_johansen(days, causes, 2)
    # In a world in which all would leave, 60 days on hardly anybody would be there; here the 40 % are, less exp(-60 / 150).
    there = NEVER * np.exp(-60.0 / 150.0)
    assert abs(float(at(times, survival, 60.0, before=1.0)) - there) < 5.0 * 2.0 * np.sqrt(there * (1.0 - there) / size)
    said = "\n".join(found.scenario_text().splitlines())
    assert "in the mean of the first" in said

"""The goodness-of-fit test holds its rate, and what no law fits is read from the data. Rates are stated, seeds fixed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.exit_laws import candidate_of, fit_exit
from sojourn.calibration.fit import fit
from sojourn.calibration.goodness import judge
from sojourn.calibration.maxima import maximum
from sojourn.calibration.scenario import law_text
from sojourn.calibration.spells import Pile, spells
from sojourn.scenarios.files import loads
from sojourn.scenarios.lawtable import survival
from sojourn.sim.survival import at, kaplan_meier
from tests.calibration.planting import one_stage, simulated_stays

LAWS = {
    "exponential": stats.expon(scale=30.0),
    "weibull": stats.weibull_min(1.7, scale=20.0),
    "lognormal": stats.lognorm(0.8, scale=15.0),
    "loglogistic": stats.fisk(2.4, scale=12.0),
    "gamma": stats.gamma(3.0, scale=8.0),
}


def competing(times: Any, rng: Any) -> tuple[Any, Any]:
    """Watched for up to 60 days, and up to another exit."""
    until = np.minimum(rng.uniform(0.0, 60.0, times.size), rng.exponential(40.0, times.size))
    return np.minimum(times, until), times <= until


def rejections(chances: list[float], rate: float) -> Any:
    """Whether so many rejections agree with the rate: outside of this 1 time in 1,000."""
    low, high = stats.binom(len(chances), rate).ppf([0.0005, 0.9995])
    return low <= np.sum(np.array(chances) < rate) <= high


@pytest.mark.parametrize("size", [200, 1_500])
def test_true_laws_are_rejected_at_the_rate_stated(size: int) -> None:
    chances = []
    for name, law in LAWS.items():
        rng = np.random.default_rng(size)
        for _ in range(80):
            sample = spells(*competing(law.rvs(size, random_state=rng), rng), resolution=1e-6)
            found = maximum(sample, CANDIDATES[name])
            if found is not None:
                fitness = judge(sample, CANDIDATES[name], found)
                assert fitness is not None
                chances.append(fitness.chance)
    assert len(chances) >= 395
    for rate in (0.01, 0.05, 0.2, 0.5):
        assert rejections(chances, rate), (rate, np.mean(np.array(chances) < rate))


@pytest.mark.parametrize("kind", ["deadline", "never"])
def test_the_rate_holds_beside_a_deadline_and_a_share_that_never_leaves(kind: str) -> None:
    chances = []
    pile = Pile(30.0, 29.999, 30.001) if kind == "deadline" else None
    candidate = candidate_of("weibull", pile, kind == "never")
    for seed in range(150):
        rng = np.random.default_rng(seed)
        times = 15.0 * rng.weibull(1.4, 800)
        times = np.where(rng.random(800) < 0.3, 30.0 if pile else np.inf, times)
        sample = spells(*competing(times, rng), resolution=1e-6, pile=pile)
        found = maximum(sample, candidate)
        assert found is not None
        fitness = judge(sample, candidate, found)
        assert fitness is not None
        chances.append(fitness.chance)
    for rate in (0.01, 0.05, 0.2, 0.5):
        assert rejections(chances, rate), (rate, np.mean(np.array(chances) < rate))


def two_humps(rng: Any, size: int) -> Any:
    return np.where(rng.random(size) < 0.5, rng.gamma(50.0, 0.1, size), rng.gamma(100.0, 0.4, size))


def test_where_no_law_fits_the_data_are_the_law() -> None:
    rng = np.random.default_rng(3)
    times = two_humps(rng, 2_000)
    until = rng.uniform(0.0, 70.0, times.size)
    days, ended = np.minimum(times, until), times <= until
    law, form = fit_exit(days, ended, 1e-6)
    assert (law.law, form.read) == ("empirical", True)
    assert law.goodness is not None
    assert law.goodness.chance < 1e-6
    text = f"""format = 1
[scenario]
name = "x"
start = "a"
horizon_days = 100
[arrivals]
cohort = 1
[stages.a]
race.b = {law_text(law)}
[stages.b]
end = true
"""
    written = loads(text, "x").stages["a"].race["b"]
    grid = np.linspace(1.0, 60.0, 60)
    estimate = at(*kaplan_meier(days, ended), grid, before=1.0)
    apart = np.abs(np.array([survival(written, float(day)) for day in grid]) - estimate)
    assert apart.max() < 0.03  # forty lines instead of hundreds of steps


def test_beyond_the_watching_the_curve_ends_and_the_notes_say_so(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    times = two_humps(rng, 3_000)
    found = fit(one_stage(tmp_path, times, rng.exponential(400.0, 3_000), until=40.0))
    law = found.stages["trial"].exits["bought"]
    assert law.law == "empirical"
    assert 0.1 < law.never < 0.5
    (note,) = [note for note in found.notes if "no law fits" in note]
    assert "Nobody was watched beyond 40 days" in note
    assert "never leaving" in note
    days, nexts = simulated_stays(found)
    assert days[nexts == "bought"].max() <= 40.0
    # The gap between the humps: nobody leaves there, which no smooth law could say. A thousand stays left in all.
    hollow = np.sum((days > 12.0) & (days < 22.0) & (nexts == "bought"))
    assert hollow < 0.03 * np.sum(nexts == "bought")


def test_a_law_that_strays_little_is_kept_however_many_the_data() -> None:
    # Weibull with a twentieth of another law mixed in: told apart at 100,000 stays, and of no account.
    rng = np.random.default_rng(2)
    times = np.where(rng.random(100_000) < 0.03, 40.0 * rng.weibull(1.5, 100_000), 20.0 * rng.weibull(1.5, 100_000))
    law, _ = fit_exit(times, np.ones(times.shape, dtype=np.bool_), 1e-6)
    assert law.goodness is not None
    assert law.goodness.chance < 0.01
    assert law.goodness.gap < 0.02
    assert law.law != "empirical"

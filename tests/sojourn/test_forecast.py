"""`sojourn forecast` on the command line: the answer first, one JSON document, a folder that holds all, and refusals."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from sojourn.cli import main
from sojourn.scenarios import companion

MAPPING = """
customer = "who"
time = "when"
event = "what"
observed_until = 100
[stages]
trial = "trial"
talk = "talk"
[ends]
bought = "bought"
gone = "gone"
[roles]
bought = "purchase"
"""
LEVERS = """
[levers.call]
effects = [{ exit = "trial -> talk", hazard_ratio = 2.0 }]
[strategies.today]
[strategies.call_all]
call = 1.0
"""


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(main, [str(one) for one in arguments], env={"COLUMNS": "160"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    """A log of 600 customers, its mapping and its calibrated scenario with a strategy added."""
    here: Path = tmp_path_factory.mktemp("forecast")
    rng = np.random.default_rng(12)
    rows = ["who,when,what"]
    for who, came in enumerate(np.sort(rng.uniform(0, 100, 600)).tolist()):
        rows.append(f"{who},{came},trial")
        talks, quits = came + rng.exponential(20.0), came + rng.exponential(25.0)
        if min(talks, quits) >= 100:
            continue
        rows.append(f"{who},{min(talks, quits)},{'talk' if talks < quits else 'gone'}")
        ends = talks + rng.exponential(12.0)
        if talks < quits and ends < 100:
            rows.append(f"{who},{ends},{'bought' if rng.random() < 0.5 else 'gone'}")
    (here / "log.csv").write_text("\n".join(rows) + "\n")
    (here / "map.toml").write_text(MAPPING)
    done = invoke("calibrate", here / "log.csv", "--stages", here / "map.toml", "--out", here / "shop.toml")
    assert done.exit_code == 0, done.output
    scenario = here / "shop.toml"
    scenario.write_text(scenario.read_text() + LEVERS)
    return here


def forecast(folder: Path, *more: object) -> Any:
    log = "--log", folder / "log.csv", "--stages", folder / "map.toml"
    return invoke("forecast", folder / "shop.toml", *log, *more)


def test_the_answer_comes_first(folder: Path) -> None:
    done = forecast(folder, "--days", 30, "--draws", 20, "--replications", 2)
    assert done.exit_code == 0, done.output
    first = done.stdout.splitlines()[0]
    assert first.startswith("Within 30 days, ")
    assert " customers on their way " in first
    assert " will buy under today; " in first
    assert "call_all: +" in first
    for words in (
        "Under today",
        "Under call all",
        "on their way: enter",
        "How far to trust this",
        "mean days until the move",
    ):
        assert words in done.stdout


def test_json_is_one_document_with_both_groups(folder: Path) -> None:
    done = forecast(folder, "--days", 30, "--draws", 20, "--replications", 2, "--strategies", "today", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert list(told["strategies"]) == ["today"]
    for group in ("on_their_way", "newcomers"):
        figures = told["strategies"]["today"][group]
        assert set(figures["entries_by_week"]["trial"]) == {"from_day", "mean", "low", "high"}
        assert figures["entries_by_week"]["trial"]["from_day"] == [0.0, 7.0, 14.0, 21.0, 28.0]
        assert sum(share["mean"] for share in figures["final_share"].values()) == pytest.approx(1.0)
        assert {"trial -> talk", "talk -> bought"} <= set(figures["days_between"])
    assert told["until"] is None
    assert told["days"] == 30


def test_a_folder_holds_all_and_says_from_what(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = forecast(folder, "--days", 21, "--draws", 20, "--replications", 2, "--out", out)
    assert done.exit_code == 0, done.output
    files = {"forecast.json", "report.html", "manifest.json", "weekly.png", "finals.png"}
    assert {path.name for path in out.iterdir()} == files
    assert not (tmp_path / "out.part").exists()
    manifest = json.loads((out / "manifest.json").read_text())
    assert set(manifest["files"]) == files
    assert manifest["command"] == "forecast"
    page = (out / "report.html").read_text()
    sentence = json.loads((out / "forecast.json").read_text())["sentence"]
    assert sentence.split(" [")[0] in page
    assert page.index('class="answer"') < page.index("<figure>")
    again = forecast(folder, "--days", 21, "--draws", 20, "--replications", 2, "--out", tmp_path / "again")
    assert again.exit_code == 0
    for name in files:
        assert (out / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_the_companion_beside_the_scenario_is_taken(folder: Path) -> None:
    from sojourn.scenarios.files import load

    path = companion.beside(folder / "shop.toml")
    race = load(folder / "shop.toml").document()["stages"]["trial"]["race"]["gone"]
    place = ("stages", "trial", "race", "gone", "mean")
    mean = race.get("mean") or race["median"]
    place = place if "mean" in race else (*place[:-1], "median")
    before = path.read_bytes() if path.exists() else None
    try:
        companion.write(path, companion.Companion({place: mean}, {place: (mean, 1.1 * mean)}))
        done = forecast(folder, "--days", 21, "--draws", 20, "--replications", 1)
        assert done.exit_code == 0, done.output
        assert "Calibrated numbers are drawn from the companion file: 1 of them, 2 draws." in done.stdout
    finally:
        path.unlink()
        if before is not None:
            path.write_bytes(before)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--days", 30, "--until", "2026-12-31"), "both --days and --until are given"),
        (("--until", "soon"), "--until: soon is no date; give one as in 2026-12-31"),
        (("--until", "2026-12-31"), "this log has no dates; give --days"),
        ((), "how far ahead is not said"),
        (("--days", 30, "--strategies", "call_al"), 'has no strategy "call_al"; did you mean "call_all"?'),
        (("--days", 30, "--draws", 1), "too few futures for an interval"),
        (("--days", 30, "--arrivals", "nowhere.csv"), "nowhere.csv: cannot be read"),
        (("--days", 30, "--despite-drift", "maybe"), 'no such basis as "maybe"; use later or whole'),
    ],
)
def test_what_is_wrong_is_told_with_a_remedy(folder: Path, more: tuple[object, ...], said: str) -> None:
    done = forecast(folder, *more)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_log_that_drifts_ends_with_exit_code_2(tmp_path: Path) -> None:
    rng = np.random.default_rng(13)
    rows = ["who,when,what"]
    for who, came in enumerate(np.sort(rng.uniform(0, 100, 2_000)).tolist()):
        rows.append(f"{who},{came},trial")
        ends = came + rng.exponential(4.0)
        if ends < 100:
            rows.append(f"{who},{ends},{'bought' if rng.random() < (0.01 if came < 50 else 0.14) else 'gone'}")
    log, mapping, scenario = tmp_path / "log.csv", tmp_path / "map.toml", tmp_path / "shop.toml"
    log.write_text("\n".join(rows) + "\n")
    mapping.write_text(MAPPING.replace('talk = "talk"\n', ""))
    assert invoke("calibrate", log, "--stages", mapping, "--out", scenario).exit_code == 0
    asked = "forecast", scenario, "--log", log, "--stages", mapping, "--days", 30, "--draws", 20
    done = invoke(*asked)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "no basis for a plain forecast: Drift: trial -> bought rose from " in done.stderr
    assert " to 1" in done.stderr
    went_on = invoke(*asked, "--despite-drift")
    assert went_on.exit_code == 0, went_on.output
    assert "Despite drift: numbers are from the " in went_on.stdout

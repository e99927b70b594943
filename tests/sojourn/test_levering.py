"""`sojourn lever`: the answer first, the table, one JSON document, files written whole, and mistakes with their remedy."""

import json
import shlex
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sojourn.eventlog import EventLog
from sojourn.scenarios.files import load
from sojourn.sim.run import run

from .conftest import ROOT, Cli

EXAMPLES = ROOT / "docs" / "examples"
SCREENER, INCENTIVE = str(EXAMPLES / "screener.toml"), str(EXAMPLES / "incentive.csv")
EXPERIMENT, MAP = str(EXAMPLES / "experiment.toml"), str(EXAMPLES / "experiment-map.toml")


@pytest.fixture(scope="module")
def log(tmp_path_factory: Any) -> str:
    """The log of a simulated experiment with 1,200 customers."""
    folder = tmp_path_factory.mktemp("log")
    with EventLog(folder) as sink:
        run(load(EXPERIMENT), "trial", customers=1_200, replications=1, workers=1, sink=sink)
    return str(folder / "events.parquet")


def test_the_answer_comes_first_and_says_what_pulls_where(cli: Cli) -> None:
    told = cli("lever", SCREENER, "--name", "screener")
    assert told.code == 0, told.err
    first, *rest = told.out.splitlines()
    assert first == (
        "screener: 11.3 % reach pay, against 11.8 % under control: not distinguishable (−0.49 [−1.05, 0.08] points). "
        "Steps work against each other: click -> enrol −1.14, enrol -> pay +0.65 points."
    )
    assert any(line.startswith("click -> enrol ") and "−0.125 [−0.168, −0.081]" in line for line in rest)
    assert '[[levers.screener.effects]]\nexit = "click -> enrol"' in told.out
    assert told.err == ""


def test_the_numbers_of_the_docs_are_what_comes_out(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "levers-from-experiments.md").read_text(encoding="utf-8")
    flat = " ".join(page.split())
    assert cli("lever", SCREENER, "--name", "screener").out.splitlines()[0] in flat
    incentive = json.loads(cli("lever", INCENTIVE, "--name", "incentive", "--json").out)
    assert incentive["response"]["sentence"] in flat
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    lines = [line.removeprefix("$ ") for line in page.splitlines() if line.startswith("$ sojourn ")]
    (simulate,) = [line for line in lines if line.startswith("sojourn run")]
    (measure,) = [line for line in lines if "--into" in line]
    assert cli(*shlex.split(simulate)[1:]).code == 0
    out = cli(*shlex.split(measure)[1:]).out
    for figure in ("0.53 [0.40, 0.66]", "0.649 [0.589, 0.715]"):
        assert figure in out
        assert figure in flat
    assert (
        sum("→" not in line and "(" in line and " of " in line for line in out.splitlines()) == 4
    )  # not distinguishable


def test_doses_say_where_they_saturate(cli: Cli) -> None:
    told = cli("lever", INCENTIVE, "--name", "incentive", "--split", "nothing=1,up to 0.5=1")
    assert told.code == 2
    assert "--split: does not name every arm once" in told.err
    told = cli("lever", INCENTIVE, "--name", "incentive")
    assert "The effect saturates: 90 % of the full effect (dose 2.837) is reached at dose 1.4" in told.out
    assert "The arms are not of equal size" in told.out
    assert "response = { half = " in told.out


def test_json_is_one_document_with_warnings_beside_it(cli: Cli) -> None:
    told = cli("lever", INCENTIVE, "--name", "incentive", "--json")
    assert told.code == 0
    document = json.loads(told.out)
    assert document["control"] == "nothing"
    assert document["arms"]["up to 0.5"] == {"dose": 0.317, "customers": [560, 377]}
    assert len(document["effects"]) == 6
    first = document["effects"][0]
    assert first["low_for_all_arms"] < first["low"] < first["central"] < first["high"] < first["high_for_all_arms"]
    assert document["response"]["form"] == "hill"
    assert document["levers"] == ["incentive"]
    assert told.err.startswith("warning: The arms are not of equal size")
    assert cli("lever", INCENTIVE, "--name", "incentive", "--json").out == told.out


def test_a_log_gives_scales_as_its_scenario_has_them(cli: Cli, log: str, tmp_path: Path) -> None:
    out = tmp_path / "with-call.toml"
    settings = ("--stages", MAP, "--name", "measured", "--control", "without")
    told = cli("lever", log, *settings, "--into", EXPERIMENT, "--out", str(out))
    assert told.code == 0, told.err
    assert "A strategy pulls the lever: measured = 1.0. Then: sojourn compare" in told.out
    text = out.read_text(encoding="utf-8")
    assert text.startswith(Path(EXPERIMENT).read_text(encoding="utf-8"))
    scales = {effect.exit: effect.scale for effect in load(str(out)).levers["measured"].effects}
    assert scales["trial -> subscribed"] == "log_odds"
    assert scales["subscribed -> churned"] == "hazard_ratio"
    assert "trial -> lapsed" not in scales
    alone = cli("lever", log, *settings, "--exit", "trial -> subscribed")
    assert alone.out.count("[[levers.measured.effects]]") == 1
    assert "hazard_ratio = " in alone.out  # without a scenario a log is read as races


def test_the_lever_alone_can_be_written(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "lever.toml"
    told = cli("lever", SCREENER, "--name", "screener", "--out", str(out))
    assert told.code == 0
    assert out.read_text(encoding="utf-8").startswith("[levers.screener]\n")
    assert "[[levers" not in told.out


def test_a_journey_may_be_named(cli: Cli, log: str) -> None:
    settings = ("--stages", MAP, "--name", "x", "--control", "without", "--json")
    named = json.loads(cli("lever", log, *settings, "--journey", "trial,waiting,trial").out or "{}")
    assert named == {}
    told = json.loads(cli("lever", log, *settings, "--journey", "trial,waiting,subscribed").out)
    assert told["stages"] == ["trial", "waiting", "subscribed"]
    query = "SELECT count(DISTINCT customer) FROM read_parquet(?) WHERE segment = 'called'"
    (first,) = duckdb.connect().execute(query, [log]).fetchall()[0]
    assert told["arms"]["called"]["customers"][0] == first
    steps = told["journey"]["called"]["steps"]
    total = sum(step["log_ratio"]["central"] for step in steps)
    assert total == pytest.approx(told["journey"]["called"]["log_ratio"]["central"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((SCREENER,), "Missing option '--name'"),
        ((SCREENER, "--name", "a b"), '--name: "a b" is no name for a lever'),
        (
            (SCREENER, "--name", "x", "--into", EXPERIMENT),
            "--out: is missing; name the file for the scenario with the lever",
        ),
        ((SCREENER, "--name", "x", "--journey", "click,pay"), "--journey: is for event logs"),
        ((SCREENER, "--name", "x", "--split", "control"), '--split: "control" is no planned size; write ARM=SIZE'),
        ((SCREENER, "--name", "x", "--control", "contrl"), 'no arm named "contrl"; did you mean "control"?'),
        (("nowhere.csv", "--name", "x"), "nowhere.csv: cannot be read"),
        ((SCREENER, "--name", "x", "--into", EXPERIMENT, "--out", "o.toml"), "The scenario has no stage click"),
        ((SCREENER, "--name", "x", "--into", "nowhere.toml", "--out", "o.toml"), "nowhere.toml: there is no such file"),
    ],
)
def test_mistakes_come_with_their_remedy(
    arguments: tuple[str, ...], said: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = cli("lever", *arguments)
    assert told.code == 2
    assert said in told.err
    assert told.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_log_needs_its_arms_named(cli: Cli, log: str, tmp_path: Path) -> None:
    told = cli("lever", log, "--stages", MAP, "--name", "x")
    assert told.code == 2
    assert 'no arm is control; say which (--control NAME); the arms are "called", "without"' in told.err
    told = cli("lever", log, "--stages", str(EXAMPLES / "map.toml"), "--name", "x")
    assert told.code == 2

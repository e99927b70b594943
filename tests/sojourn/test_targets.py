"""`sojourn targets`, and what a report says its numbers were tuned to."""

import json
from pathlib import Path

import pytest

from sojourn import report_targets
from sojourn.scenarios.files import loads
from sojourn.sim.run import run

from .conftest import Cli

STATED = """
[variants.better.override]
"stages.trial.exits" = { subscribed = 0.6, lapsed = 0.4 }
[[targets]]
name = "double"
statement = "<twice> as many buy"
origin = "a pilot & a guess"
measure = "conversion"
variant = "better"
against = "same"
value = 2.0
tolerance = 0.2
tuned = ["stages.trial.exits"]
cannot_tell = "why they buy"
[variants.same]
override = {}
[[targets]]
name = "share"
statement = "three in ten buy"
origin = "hearsay"
measure = "conversion"
value = 0.3
tolerance = 0.1
"""
FEW = ("--customers", "300", "--replications", "5")


@pytest.fixture
def file(coffee: str, tmp_path: Path) -> Path:
    path = tmp_path / "coffee.toml"
    path.write_text(coffee + STATED)
    return path


def test_out_is_a_page_of_its_own(cli: Cli, file: Path, tmp_path: Path) -> None:
    """As many customers as are asked for stand behind it; the folder holds what --json prints, and how to make it again."""
    folder = tmp_path / "judged"
    told = cli("targets", str(file), *FEW, "--seed", "3", "--out", str(folder), "--json")
    assert told.code == 0, told.err
    assert {path.name for path in folder.iterdir()} == {"targets.json", "report.html", "manifest.json"}
    document = json.loads(told.out)
    assert json.loads((folder / "targets.json").read_text()) == document
    page = (folder / "report.html").read_text()
    for words in (
        "What its numbers were tuned to",
        "&lt;twice&gt; as many buy",
        "a pilot &amp; a guess",
        "why they buy",
        "300 each",
    ):
        assert words in page
    facts = json.loads((folder / "manifest.json").read_text())
    assert (facts["command"], facts["customers"], facts["replications"], facts["seed"]) == ("targets", 300, 5, 3)
    again = cli("targets", str(file), *FEW, "--out", str(folder))
    assert again.code == 0
    assert json.loads((folder / "targets.json").read_text())["seed"] == 1


def test_the_answer_comes_first(cli: Cli, file: Path) -> None:
    told = cli("targets", str(file), *FEW)
    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert lines[0].startswith(("Both targets ", "1 of 2 targets is "))
    assert "double is off by" in lines[0]
    for words in (
        "Says: <twice> as many buy.",
        "Origin: a pilot & a guess.",
        "Measured as: conversion in better over that in same, under the strategy today.",
        "Tuned to meet it: stages.trial.exits.",
        "Cannot tell: why they buy.",
        "5 paired replications",
        "seed 1",
    ):
        assert words in told.out
    assert "30 %" in told.out  # what the second asks, a share
    assert cli("targets", str(file), *FEW).out == told.out


def test_json_is_one_document(cli: Cli, file: Path) -> None:
    told = cli("targets", str(file), *FEW, "--seed", "3", "--json")
    assert told.code == 0
    document = json.loads(told.out)
    assert document["scenario"] == "coffee"
    assert (document["seed"], document["replications"], document["customers"]) == (3, 5, 300)
    first, second = document["targets"]
    assert first["name"] == "double"
    assert first["misfit"]["mean"] == pytest.approx(first["estimate"]["mean"] / 2.0 - 1)
    assert second["met"] in (True, False, None)


def test_a_missed_target_is_no_error(cli: Cli, file: Path) -> None:
    file.write_text(file.read_text().replace("value = 0.3", "value = 0.99"))
    told = cli("targets", str(file), *FEW)
    assert told.code == 0
    assert "is missed: share is off by" in told.out
    assert "no, beyond 10 % and the simulation error" in told.out


def test_few_customers_leave_a_target_open(cli: Cli, file: Path) -> None:
    file.write_text(file.read_text().replace("tolerance = 0.1", "tolerance = 0.0001"))
    told = cli("targets", str(file), "--customers", "20", "--replications", "2")
    assert "open: simulation error ±" in told.out
    assert "more --replications would tell" in told.out


def test_no_targets_no_error(cli: Cli, coffee: str, tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text(coffee)
    told = cli("targets", str(path))
    assert told.code == 0
    assert told.out.startswith("coffee states no targets")
    assert json.loads(cli("targets", str(path), "--json").out)["targets"] == []


def test_what_is_wrong_is_told_with_its_place(cli: Cli, file: Path) -> None:
    text = file.read_text()
    file.write_text(text.replace('measure = "conversion"\nvalue', 'measure = "conversoin"\nvalue'))
    told = cli("targets", str(file))
    assert told.code == 2
    assert told.out == ""
    assert told.err == f'{file}: targets[1].measure: no measure named "conversoin"; did you mean "conversion"?\n'
    file.write_text(text.replace('against = "same"', 'against = "sane"'))
    told = cli("targets", str(file))
    assert told.code == 2
    assert 'targets[0].against: no variant named "sane"; did you mean "same"?' in told.err
    assert cli("targets", str(file), "--replications", "0").code == 2


def test_validation_says_that_there_are_targets(cli: Cli, file: Path) -> None:
    assert "2 targets: `sojourn targets` tells" in cli("validate", str(file)).out
    assert "targets" not in cli("validate", str(file), "--variant", "better").out


def test_the_report_says_what_the_numbers_were_tuned_to(cli: Cli, tmp_path: Path) -> None:
    told = cli(
        "run",
        "point-of-no-return",
        "--strategy",
        "today",
        "--customers",
        "300",
        "--replications",
        "6",
        "--out",
        str(tmp_path),
    )
    assert told.code == 0, told.err
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    section = page[page.index(report_targets.HEADING) :].partition("</section>")[0]
    for words in (
        "ACSI 80 and above against below 70: 10 % more revenue".replace("10 %", "10\N{NO-BREAK SPACE}%"),
        "as the article states it; not traceable to ACSI",
        "repeat_rate in delighted over that in disappointed, under the strategy today",
        "satisfaction.effects",
        "Cannot tell: whether satisfaction brings people back",
        "6 paired replications (the same customers in every variant), about 11,782 customers in each replication, seed 1",
    ):
        assert words in section


def test_a_report_without_targets_has_no_such_section(coffee: str) -> None:
    assert report_targets.tuned_to(run(loads(coffee), "today", customers=50, replications=2)) == ""


def test_names_in_the_section_are_never_markup(coffee: str) -> None:
    section = report_targets.tuned_to(run(loads(coffee + STATED), "today", customers=50, replications=2))
    assert "&lt;twice&gt; as many buy" in section
    assert "a pilot &amp; a guess" in section
    assert "<twice>" not in section


def test_the_cost_in_a_report_is_bounded(coffee: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = loads(coffee + STATED)
    each = 3 * scenario.arrivals.expected(scenario.about.horizon_days)  # two variants and the file itself
    result = run(scenario, "today", customers=50, replications=9)
    monkeypatch.setattr(report_targets, "MOST_LIVES", int(4.5 * each))
    assert "<li>4 paired replications" in report_targets.tuned_to(result)
    monkeypatch.setattr(report_targets, "MOST_LIVES", int(1.5 * each))
    section = report_targets.tuned_to(result)
    assert "Not simulated here" in section
    assert "three in ten buy (hearsay)" in section


def test_a_measure_that_is_not_there_does_not_spoil_a_report(coffee: str) -> None:
    text = coffee + STATED.replace('measure = "conversion"\nvalue', 'measure = "conversoin"\nvalue')
    section = report_targets.tuned_to(run(loads(text), "today", customers=50, replications=2))
    assert "no measure named &quot;conversoin&quot;" in section

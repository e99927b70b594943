"""`sojourn optimise`: answer first, files whole or not at all, a strategy that runs, and the same bytes after a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sojourn.experiments.frontier import Place
from sojourn.experiments.optimise import optimise
from sojourn.optimising import lines
from sojourn.scenarios.files import load
from sojourn.sim.estimates import Estimate

from .conftest import COFFEE, Cli

FEW = ("--customers", "60", "--replications", "2", "--trials", "10")


def test_the_answer_its_files_and_a_strategy_that_runs(cli: Cli, tmp_path: Path) -> None:
    out, into = tmp_path / "mix", tmp_path / "with-mix.toml"
    told = cli("optimise", str(COFFEE), *FEW, "--budget", "500", "--out", str(out), "--into", str(into))
    assert told.code == 0, told.err
    assert (
        "What" in told.out.splitlines()[0] or "Best" in told.out.splitlines()[0] or "Profit" in told.out.splitlines()[0]
    )
    assert "fresh" in told.out
    assert sorted(one.name for one in out.iterdir()) == ["frontier.png", "manifest.json", "optimum.json", "report.html"]
    document = json.loads((out / "optimum.json").read_text())
    assert document["limits"] == [{"measure": "spending", "at_most": 500.0}]
    assert document["spending"]["mean"] <= 500.0 * 1.02
    assert not (tmp_path / "mix.part").exists()
    assert COFFEE.read_text().rstrip("\n") in into.read_text()  # comments and all
    run = cli("run", str(into), "--strategy", "optimised", "--customers", "60", "--replications", "2")
    assert run.code == 0, run.err
    again = cli("optimise", str(into), *FEW, "--into", str(into), "--json")
    assert again.code == 0, again.err
    assert into.read_text().count("[strategies.optimised]") == 1
    assert json.loads(again.out)["baseline"] == document["baseline"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--at-least", "satisfaction"), "satisfaction=72"),
        (("--at-most", "conversion=high"), "satisfaction=72"),
        (("--levers", "no_such"), "no lever named"),
        (("--budget", "-3"), "budget"),
        (("--measure", "profits"), "profit"),
        (("--into", "."), "folder"),
    ],
)
def test_mistakes_come_with_a_remedy(cli: Cli, arguments: tuple[str, ...], words: str) -> None:
    told = cli("optimise", str(COFFEE), *FEW, *arguments)
    assert told.code == 2
    assert words in told.err
    assert told.out == ""


def test_limits_out_of_reach_are_said_and_nothing_is_written_into(cli: Cli, tmp_path: Path) -> None:
    into = tmp_path / "into.toml"
    told = cli("optimise", str(COFFEE), *FEW, "--at-least", "conversion=0.999", "--into", str(into))
    assert told.code == 0, told.err
    assert told.out.startswith("No mix of these levers keeps the limits")
    assert not into.exists()


def test_a_killed_search_goes_on_and_writes_the_same_bytes(tmp_path: Path) -> None:
    def command(out: str) -> list[str]:
        search = ["--customers", "150", "--replications", "3", "--trials", "10", "--out", str(tmp_path / out)]
        return [sys.executable, "-m", "sojourn", "optimise", str(COFFEE), *search]

    def kept() -> int:
        return sum(one.read_bytes().count(b"\n") for one in (tmp_path / "killed.part").glob("*.jsonl"))

    before = 0
    for how in (signal.SIGKILL, signal.SIGINT, signal.SIGKILL):
        process = subprocess.Popen(command("killed"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        limit = time.monotonic() + 120.0
        while kept() < before + 5 and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.002)
        os.kill(process.pid, how)
        _, err = process.communicate()
        assert process.returncode in ((-how,) if how == signal.SIGKILL else (130, -how))  # a shell says 130 for both
        if how == signal.SIGINT:
            assert "goes on from there" in err
        assert kept() > before
        before = kept()
    for out in ("killed", "whole"):
        subprocess.run(command(out), check=True, capture_output=True)
    for name in ("optimum.json", "report.html", "frontier.png", "manifest.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    # A process that is killed outright cannot take its hidden, unfinished folder away; a later one does, after a minute.
    assert sorted(one.name for one in tmp_path.iterdir() if one.name[0] != ".") == ["killed", "whole"]


def test_mixes_of_the_table_that_do_as_well_or_better_are_explained() -> None:
    found = optimise(load(COFFEE), customers=40, trials=1, replications=2)
    assert found.mix is not None
    assert found.gain.mean is not None
    other = found.mix._replace(levels=tuple(0.11 for _ in found.mix.levels))
    best = Place(found.mix, found.spending, found.gain)
    alone = list(lines(replace(found, frontier=(best,))))
    assert not [line for line in alone if "ahead" in line or "last digit" in line]
    alike = list(lines(replace(found, frontier=(best, Place(other, found.spending, found.gain)))))
    assert [line for line in alike if "0.11" in line and "to the last digit" in line]
    figure = Estimate(found.gain.mean + 1e6, None, None)
    ahead = list(lines(replace(found, frontier=(best, Place(other, found.spending, figure)))))
    assert [line for line in ahead if "0.11" in line and "is ahead on the fresh customers" in line]

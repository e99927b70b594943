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
from sojourn.experiments.searching import Limit, Trial
from sojourn.optimising import lines, sentence
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


def test_a_limit_that_is_broken_is_named_with_by_how_much() -> None:
    """The answer, a mix of the table that is ahead, and where no mix keeps the limits, the nearest."""
    found = optimise(load(COFFEE), customers=40, trials=1, replications=2, budget=0.0)
    assert found.mix is not None
    assert found.gain.mean is not None
    other = found.mix._replace(levels=tuple(0.11 for _ in found.mix.levels))
    better = Estimate(found.gain.mean + 1e6, None, None)
    dear, shares = Place(other, Estimate(412.0, 410.0, 414.0), better), (("conversion", Estimate(0.25, 0.24, 0.26)),)
    told = " ".join(lines(replace(found, frontier=(dear,))))
    assert "breaks a limit: spending on levers EUR +412.0 [410.0, 414.0], 412 above the limit of 0." in told
    assert "was not on the search's own" not in told
    low = replace(found, limits=(Limit("conversion", 0.3, True),), frontier=(dear._replace(limited=shares),))
    low = replace(low, bounded={"conversion": Estimate(0.31, 0.30, 0.32)})
    told = " ".join(lines(low))
    assert "conversion 25.0 % [24.0, 26.0], 5 points below the limit of 30 %." in told
    cheap = Place(other, Estimate(0.0, 0.0, 0.0), Estimate(found.gain.mean + 1.0, None, None))
    told = " ".join(lines(replace(found, frontier=(cheap, dear))))
    assert "is ahead within the limits on the fresh customers, but was not on the search's own:" in told
    over = replace(found, limits=(Limit("spending", 300.0, False),), spending=Estimate(301.2, 299.9, 302.5))
    over = replace(over, gain=Estimate(217.0, 110.0, 320.0), frontier=())
    assert "for EUR +301.2 [299.9, 302.5] on levers (1.2 above the limit of 300)" in sentence(over)
    assert "301.2 [299.9, 302.5] on fresh customers; at most 300 was asked, which fresh customers do not" in " ".join(
        lines(over)
    )
    trials = (Trial(found.mix, 0.0, (0.4,)), Trial(other, 0.0, (0.1,)))
    none = replace(found, mix=None, limits=(Limit("conversion", 0.9, True),), trials=trials)
    assert sentence(none).endswith(
        "is welcome call 0.11, loyalty price 0.11: conversion 80.0 %, 10 points below the limit of 90 %."
    )


def test_what_no_more_money_buys_is_a_line_of_its_own() -> None:
    """Mixes that cost nothing and lose money stay out: the baseline costs as little."""
    found = optimise(load(COFFEE), customers=200, trials=12, replications=2)
    first = found.frontier[0]
    assert first.mix == found.mixer.own()
    assert (first.spending, first.figure) == (Estimate(0.0, 0.0, 0.0), Estimate(0.0, 0.0, 0.0))
    assert all((one.spending.mean or 0.0) > 0.0 < (one.figure.mean or 0.0) for one in found.frontier[1:])


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

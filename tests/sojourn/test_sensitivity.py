"""`sojourn sensitivity`: answer first, each method, one JSON document, files whole or not at all, and kills that cost nothing."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import sojourn as sj

from .conftest import COFFEE, Cli

FEW = ("--customers", "300", "--replications", "3")
BOTH = ("--strategies", "today,call_everybody")


def document(text: str) -> Any:
    def no_constant(name: str) -> float:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=no_constant)


def test_the_answer_stands_first(cli: Cli) -> None:
    told = cli("sensitivity", str(COFFEE), *FEW, *BOTH)
    assert told.code == 0, told.err
    first, *rest = told.out.splitlines()
    assert first.startswith("call_everybody ")
    assert "welcome_call raises the odds of trial -> subscribed by at least " in first
    text = "\n".join(rest)
    for said in ("at low: change", "break-even", "Break-even", "How far to trust this", "One number moves at a time"):
        assert said in text, said


def test_the_example_of_the_help_runs(cli: Cli) -> None:
    told = cli("sensitivity", "--help")
    example = "sojourn sensitivity point-of-no-return --strategies today,brand_reputation --customers 500"
    assert f"\n    {example}" in told.out
    assert cli(*example.split()[1:], "--replications", "2").code == 0


@pytest.mark.parametrize(
    ("method", "heads", "keys"),
    [
        ("morris", ("mu* (mean size)", "sigma"), {"mean", "strength", "spread"}),
        ("sobol", ("alone, %", "with others, %"), {"first", "total"}),
    ],
)
def test_other_methods(method: str, heads: tuple[str, ...], keys: set[str], cli: Cli, tmp_path: Path) -> None:
    how = (
        str(COFFEE),
        *FEW,
        *BOTH,
        "--method",
        method,
        "--points",
        "4",
        "--numbers",
        "stages.*.revenue",
        "--numbers",
        "levers",
    )
    told = cli("sensitivity", *how, "--out", str(tmp_path / "out"))
    assert told.code == 0, told.err
    for said in (*heads, "stages.renewed.revenue", "moved by 20 % each way"):
        assert said in told.out
    found = document((tmp_path / "out" / "sensitivity.json").read_text(encoding="utf-8"))
    assert found["method"] == method
    for number in found["numbers"]:
        assert keys < set(number)
        assert "at_low" not in number
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<h2>Break-even</h2>" not in page
    assert page.count("data:image/png") == 1


def test_one_document(cli: Cli) -> None:
    told = cli("sensitivity", str(COFFEE), *FEW, *BOTH, "--json")
    found = document(told.out)
    assert list(found) == [
        "scenario", "baseline", "strategy", "measure", "method", "sentence", "difference", "numbers", "left_out", "spread",
        "simulation_error", "absorbing",
    ]  # fmt: skip
    (number,) = found["numbers"]
    assert (number["path"], number["central"]) == ("levers.welcome_call.effects[0].log_odds", 0.3)
    assert found["left_out"] == 0
    verb = sj.sensitivity(sj.load(COFFEE), ["today", "call_everybody"], customers=300, replications=3)
    assert isinstance(verb, sj.Sensitivity)
    assert verb.document() == found


def test_out_holds_the_page_and_its_picture(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    told = cli("sensitivity", str(COFFEE), *FEW, *BOTH, "--out", str(folder), "--json")
    assert told.code == 0, told.err
    files = ["manifest.json", "report.html", "sensitivity.json", "sensitivity.png"]
    assert sorted(os.listdir(folder)) == files
    assert os.listdir(tmp_path) == ["results"]
    assert (folder / "sensitivity.json").read_text(encoding="utf-8") == told.out
    facts = document((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (facts["command"], facts["method"], facts["measure"]) == ("sensitivity", "tornado", "profit")
    page = (folder / "report.html").read_text(encoding="utf-8")
    for said in ("The numbers", "Break-even", "How far to trust this", "To run it again"):
        assert f"<h2>{said}</h2>" in page, said
    shown = page.split("<h1>")[1].split("<h2>To run it again")[0]
    assert "call everybody" in shown
    for name in ("call_everybody", "`"):
        assert name not in shown, name
    assert re.search(r"(?<![\w.])welcome_call", shown) is None  # a path has it, as the file has it


def test_shares_that_are_one_number_say_so(cli: Cli) -> None:
    told = cli("sensitivity", str(COFFEE), *FEW, *BOTH, "--numbers", "stages.trial.exits")
    assert "exits.subscribed and stages.trial.exits.lapsed are one number, p and 1 - p" in told.out, told.err


def test_numbers_below_0_have_a_true_minus(cli: Cli, tmp_path: Path) -> None:
    text = COFFEE.read_text(encoding="utf-8")
    asked = "log_odds = { central = 0.3, low = 0.1, high = 0.5 }"
    assert asked in text
    scenario = tmp_path / "coffee.toml"
    scenario.write_text(text.replace(asked, "log_odds = { central = 0.3, low = -0.1, high = 0.5 }"), encoding="utf-8")
    told = cli("sensitivity", str(scenario), *FEW, *BOTH)
    assert "−0.1 to 0.5" in told.out, told.err


def test_killed_again_and_again_it_gives_the_same_bytes(cli: Cli, tmp_path: Path) -> None:
    how = ("sensitivity", str(COFFEE), "--customers", "400", "--replications", "3", *BOTH, "--method", "morris",
           "--numbers", "stages", "--points", "2", "--json")  # fmt: skip
    plain = cli(*how)
    command = [sys.executable, "-m", "sojourn", *how, "--out", str(tmp_path / "out")]
    part = tmp_path / "out.part"
    seen = 0
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120.0
        while time.monotonic() < until and process.poll() is None:
            kept = sum(one.read_bytes().count(b"\n") for one in part.glob("*.jsonl")) if part.exists() else 0
            if kept >= seen + 3:
                break
            time.sleep(0.002)
        assert process.poll() is None, "it was done before the kill"
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        kept = sum(one.read_bytes().count(b"\n") for one in part.glob("*.jsonl"))
        assert kept > seen
        seen = kept
    final = subprocess.run(command, capture_output=True, text=True, check=True)
    assert final.stdout == plain.out
    assert (tmp_path / "out" / "sensitivity.json").read_text(encoding="utf-8") == plain.out
    left = {
        path.name for path in tmp_path.iterdir() if not path.name.startswith(".sojourn-")
    }  # a killed process sweeps nothing
    assert left == {"out"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--strategies", "today"),
            "two different strategies are laid side by side; name two of: today, call_everybody",
        ),
        ((*BOTH, "--measure", "proft"), 'measure: no measure named "proft"; did you mean "profit"?'),
        ((*BOTH, "--method", "sobol", "--points", "10"), "--points: 10 does not suit sobol; give a power of 2"),
        (
            (*BOTH, "--numbers", "stages.trail"),
            '--numbers: no number that can be moved stands at "stages.trail"; did you mean',
        ),
        ((*BOTH, "--replications", "0"), "--replications: 0 is out of range"),
        ((*BOTH, "--customers", "0"), "--customers: 0 is out of range"),
        (
            ("--strategies", "today,cheaper_renewals"),
            "no number has an interval that either strategy could notice; name some",
        ),
    ],
)
def test_mistakes(arguments: tuple[str, ...], said: str, cli: Cli) -> None:
    told = cli("sensitivity", str(COFFEE), *arguments)
    assert (told.code, told.out) == (2, "")
    assert said in told.err
    assert len(told.err.splitlines()) == 1

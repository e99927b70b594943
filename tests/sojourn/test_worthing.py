"""`sojourn worth` and `--draws`: answer first, one JSON document, files whole or not at all, and messages with a remedy."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import sojourn as sj
from sojourn.scenarios.companion import Companion, beside, write

from .conftest import COFFEE, ROOT, Cli

FIRST = ROOT / "docs" / "examples" / "first.toml"
FEW = ("--customers", "400", "--draws", "20")
SOME = ("--customers", "300", "--replications", "3")


def document(text: str) -> Any:
    def no_constant(name: str) -> float:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=no_constant)


def test_the_answer_stands_first(cli: Cli) -> None:
    told = cli("worth", str(FIRST), *FEW)
    assert told.code == 0
    first, *rest = told.out.splitlines()
    assert " of what the numbers allow; deciding for it now risks USD " in first
    text = "\n".join(rest)
    for said in ("regret, USD", "number in doubt", "loyalty_perks", "How far to trust this", "20 draws", "so few that"):
        assert said in text
    assert "Rests on assumed effects" in text
    assert "With --customers 400" in text
    assert "awareness_spend" not in text  # no strategy pulls it


def test_the_example_of_the_help_runs(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        "\n    sojourn worth point-of-no-return --draws 100 --customers 2000 --out decision"
        in cli("worth", "--help").out
    )
    told = cli("worth", "point-of-no-return", *FEW, "--strategies", "today,brand_reputation", "--out", "decision")
    assert told.code == 0


def test_out_holds_a_page_with_everything_and_one_document(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "decision"
    told = cli("worth", str(FIRST), *FEW, "--out", str(out), "--json")
    assert told.code == 0
    found = document(told.out)
    names = {path.name for path in out.iterdir()}
    assert {"worth.json", "report.html", "manifest.json", "information.png", "acceptability.png", "budget.png"} <= names
    assert document((out / "worth.json").read_text(encoding="utf-8")) == found
    manifest = document((out / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == names
    assert (manifest["command"], manifest["draws"], manifest["replications"]) == ("worth", 20, 2)
    assert not out.with_name("decision.part").exists()
    page = (out / "report.html").read_text(encoding="utf-8")
    for said in (
        "What each strategy risks",
        "Which number is worth measuring",
        "What else counts",
        "regret, USD",
        "loyalty perks",
    ):
        assert said in page
    assert page.count("<img ") == len([name for name in names if name.endswith(".png")])
    assert "loyalty_perks" not in page


def test_the_same_question_gives_the_same_bytes(cli: Cli) -> None:
    first, again = (cli("worth", str(FIRST), *FEW, "--json").out for _ in range(2))
    assert first == again
    assert cli("worth", str(FIRST), *FEW, "--json", "--seed", "2").out != first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--draws", "5"), "--draws: no such number of draws (given: 5); give 20 to 100,000"),
        (("--replications", "1"), "no such number of lives"),
        (("--willingness", "satisfaction=a:b"), '"a:b" is no range; write LOW:HIGH'),
        (("--budget", "7"), '"7" is no range'),
        (("--willingness", "satisfation"), 'no measure named "satisfation"; did you mean "satisfaction"?'),
        (("--strategies", "today"), "there is nothing to decide between"),
        (("--measure", "prfit"), 'did you mean "profit"?'),
    ],
)
def test_mistakes_are_told_with_a_remedy(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    told = cli("worth", str(FIRST), *arguments)
    assert told.code == 2
    assert told.out == ""
    assert said in told.err


def test_compare_with_draws_tells_both_parts(cli: Cli) -> None:
    told = cli("compare", str(FIRST), *SOME, "--draws", "8", "--strategies", "today,perks_for_premium")
    assert told.code == 0
    first, *rest = told.out.splitlines()
    assert " of what the numbers allow" in first
    text = "\n".join(rest)
    assert "With the numbers drawn too (8 draws of 3 numbers, 2 lives each)" in text
    assert "numbers and chance together" in text
    assert "Each stands at its central value" not in text


def test_run_with_draws_has_uncertainty_beside_the_known_shape(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("run", str(FIRST), *SOME, "--strategy", "perks_for_premium", "--json")
    plain = document(cli(*arguments).out)
    told = cli(*arguments, "--draws", "8", "--draw-replications", "3", "--out", str(out))
    assert told.code == 0
    found = document(told.out)
    uncertainty = found.pop("uncertainty")
    assert found == plain
    assert (uncertainty["draws"], uncertainty["replications"]) == (8, 3)
    profit = uncertainty["strategies"]["perks_for_premium"]["profit"]
    assert profit["low"] < profit["mean"] < profit["high"]
    assert profit["variance"]["numbers"] + profit["variance"]["chance"] == pytest.approx(1.0)
    assert document((out / "manifest.json").read_text(encoding="utf-8"))["draws"] == 8
    assert (out / "both-parts.png").is_file()
    assert "With the numbers drawn too" in (out / "report.html").read_text(encoding="utf-8")


def test_without_draws_the_intervals_that_were_left_out_are_named(cli: Cli, tmp_path: Path) -> None:
    told = cli("run", str(FIRST), *SOME, "--strategy", "perks_for_premium")
    assert (
        "though personalization, loyalty_perks, referral_incentive have ranges; --draws 200 draws them too." in told.out
    )
    file = tmp_path / "mine.toml"
    file.write_text(COFFEE.read_text(encoding="utf-8"), encoding="utf-8")
    place = ("arrivals", "rate_per_day")
    rate = sj.load(file).document()["arrivals"]["rate_per_day"]
    write(beside(file), Companion({place: float(rate)}, {place: (0.9 * rate, 1.0 * rate, 1.1 * rate)}))
    told = cli("run", str(file), *SOME)
    assert "draws in mine.draws.parquet" in told.out
    told = cli("run", str(file), "--replications", "2", "--draws", "6", "--json")
    (number,) = (one for one in document(told.out)["uncertainty"]["numbers"] if one["origin"] == "calibrated")
    assert number["place"] == "arrivals.rate_per_day"


@pytest.mark.parametrize(("option", "value"), [("--draws", "1"), ("--draws", "-1"), ("--draw-replications", "1")])
def test_draws_out_of_range(cli: Cli, option: str, value: str) -> None:
    told = cli("run", str(FIRST), *SOME, option, value)
    assert told.code == 2
    assert option in told.err


def test_the_verb_is_public() -> None:
    found = sj.worth(sj.load(FIRST), ["today", "perks_for_premium"], draws=20, customers=200)
    assert found.sentence.startswith(found.best)
    both = sj.uncertainty(sj.load(FIRST), ["today"], draws=4, customers=100)
    assert both.differences == {}


def test_a_decision_killed_twice_writes_what_one_left_alone_writes(cli: Cli, tmp_path: Path) -> None:
    asked = ("worth", str(FIRST), "--customers", "800", "--draws", "40", "--strategies", "today,perks_for_premium")
    command = [sys.executable, "-m", "sojourn", *asked, "--out", str(tmp_path / "stopped")]
    part = tmp_path / "stopped.part"

    def pieces() -> int:
        return sum(one.read_bytes().count(b"\n") for one in part.glob("*.jsonl"))

    for kill in range(2):
        before = pieces() if part.exists() else 0
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        waited = time.monotonic() + 120.0
        while pieces() < before + 5 and process.poll() is None and time.monotonic() < waited:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert process.returncode == -signal.SIGKILL, f"it was done before kill {kill}"
    kept = pieces()
    assert 10 <= kept < 40
    subprocess.run(command, check=True, capture_output=True)
    assert not part.exists()
    assert cli(*asked, "--out", str(tmp_path / "whole")).code == 0
    stopped, whole = (tmp_path / name for name in ("stopped", "whole"))
    names = sorted(path.name for path in whole.iterdir())
    assert names == sorted(path.name for path in stopped.iterdir())
    for name in names:
        assert (stopped / name).read_bytes() == (whole / name).read_bytes(), name

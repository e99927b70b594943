"""`sojourn fit`: the answer, the file that it writes, what it says of bad options, and what Ctrl-C leaves."""

import json
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sojourn import adjusting
from sojourn.calibration import attempts
from sojourn.experiments.targets import evaluate_targets
from sojourn.scenarios.files import load

from ..calibration.chains import CHAIN, CHECKOUT, CONVERSION, PRODUCT
from .conftest import Cli

FEW = ("--replications", "6", "--customers", "4000")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.toml"
    path.write_text(CHAIN + CONVERSION.replace("tolerance = 0.05", "tolerance = 0.2"))
    return path


def test_the_answer_comes_first_and_the_file_keeps_its_remarks(cli: Cli, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "fitted.toml"
    told = cli("fit", str(file), *FEW, "--out", str(out))
    assert told.code == 0, told.err
    assert told.out.startswith("Met: conversion 2.")
    for words in ("still meets the targets", "by the slopes", "fresh seeds (2)", "comments and layout are those of"):
        assert words in told.out
    before, after = file.read_text(), out.read_text()
    kept = [line for line in after.splitlines() if line in before.splitlines()]
    assert len(kept) == len(before.splitlines()) - 1 + kept.count("") - before.splitlines().count("")
    assert "# cart: a guess" in after
    assert "# A shop; every remark is to stay." in after
    scenario = load(out)
    exits = {name: one.probability for name, one in scenario.stages["product"].choices.items()}
    assert exits["cart"] < 0.25
    assert math.fsum(exits.values()) == pytest.approx(1.0, abs=1e-12)
    (source,) = scenario.sources
    assert source.paths == (PRODUCT,)
    assert source.evidence == "assumed"
    assert source.source.startswith("tuned by `sojourn fit` to meet conversion (misfit ")
    assert evaluate_targets(scenario, customers=4000, replications=6, seed=2).attained[0].within == "tolerance"


def test_a_file_whose_targets_are_met_is_written_as_it_was(cli: Cli, file: Path, tmp_path: Path) -> None:
    fitted, again = tmp_path / "fitted.toml", tmp_path / "again.toml"
    assert cli("fit", str(file), *FEW, "--out", str(fitted)).code == 0
    told = cli("fit", str(fitted), *FEW, "--out", str(again))
    assert told.code == 0, told.err
    assert told.out.startswith("Met already: conversion 2.")
    assert f"Written to {again} as it was." in " ".join(told.out.split())
    assert again.read_text() == fitted.read_text()
    found = json.loads(cli("fit", str(fitted), *FEW, "--json").out)
    assert found["already"] is True
    assert found["numbers"][0]["before"] == found["numbers"][0]["after"]


def test_other_sources_of_a_number_that_was_moved_are_pointed_out(cli: Cli, file: Path, tmp_path: Path) -> None:
    entries = (("measured", "stages.product"), ("assumed", "stages.cart"))
    text = "".join(f'[[sources]]\npaths = ["{path}"]\nevidence = "{grade}"\nsource = "us"\n' for grade, path in entries)
    file.write_text(file.read_text() + text)
    out = tmp_path / "fitted.toml"
    told = cli("fit", str(file), *FEW, "--out", str(out))
    assert "See whether sources[0] (measured) still hold: numbers of theirs were moved." in told.out
    assert [source.source for source in load(out).sources][:2] == ["us", "us"]
    assert len(load(out).sources) == 3


def test_a_second_fit_replaces_what_the_first_said(cli: Cli, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "fitted.toml"
    assert cli("fit", str(file), *FEW, "--out", str(out)).code == 0
    again = out.read_text().replace("value = 0.0273", "value = 0.035")
    out.write_text(again)
    assert cli("fit", str(out), *FEW, "--out", str(out)).code == 0
    assert len(load(out).sources) == 1
    assert load(out).sources[0].source != tomllib.loads(again)["sources"][0]["source"]


def test_json_is_one_document(cli: Cli, file: Path) -> None:
    told = cli("fit", str(file), "--free", PRODUCT, "--free", f"{CHECKOUT}=0.3:0.9", *FEW, "--json")
    assert told.code == 0, told.err
    document = json.loads(told.out)
    assert document["met"] is True
    assert [one["path"] for one in document["numbers"]] == [PRODUCT, CHECKOUT]
    assert document["numbers"][1]["bounds"] == {"low": 0.3, "high": 0.9}
    assert document["numbers"][1]["still_meets_by"] == "simulation"
    assert document["cannot_tell"][0]["sentence"] in {one["sentence"] for one in document["cannot_tell"]}
    assert document["targets"]["before"][0]["misfit"]["mean"] > 0.2
    assert abs(document["targets"]["after"][0]["misfit"]["mean"]) < 0.2
    assert (document["seed"], document["check_seed"], document["customers"]) == (1, 2, 4000)


def test_what_the_target_cannot_tell_is_said_in_words(cli: Cli, file: Path) -> None:
    told = cli("fit", str(file), "--free", PRODUCT, "--free", CHECKOUT, *FEW)
    assert "What the target cannot tell" in told.out
    assert "along with it: the target stays met." in told.out
    assert "a pull of weight 0.01" in told.out
    assert "Nothing was written" in told.out


def test_a_target_out_of_reach_is_no_error(cli: Cli, file: Path) -> None:
    told = cli("fit", str(file), "--free", f"{PRODUCT}=0.29:0.31", *FEW)
    assert told.code == 0
    assert told.out.startswith("Not met: conversion 3.")
    assert "stands at its lower bound 0.29" in told.out.splitlines()[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--free", "stages.product.exits.cart=0.4"), '--free: "0.4" is no range of numbers; write PATH=LOW:HIGH'),
        (("--free", "=1:2"), '--free: "=1:2" names no number'),
        (("--free", PRODUCT, "--free", f"{PRODUCT}=0:1"), f'"{PRODUCT}" is named twice; name each number once'),
        (("--free", "stages.product.exits.crat=0:1"), f'did you mean "{PRODUCT}"?'),
        (
            ("--free", f"{PRODUCT}=0.4:0.5"),
            "do not hold the 0.3 that stages.product.exits.cart has in the file; widen them",
        ),
        (("--free", f"{PRODUCT}=0.5:0.2"), "are no range; give the lower one first"),
        (("--free", f"{PRODUCT}=0.2:1.2"), "are not all allowed; stay from 0 to 1"),
        (("--free", "stages.cart.dwell.mean=0:9"), "are not all allowed; stay above 0"),
        (("--free", "arrivals.cohort=1:9"), "whole numbers jump"),
        (("--free", "scenario.horizon_days=1:99"), "it belongs to the question"),
        (("--free", "targets[0].value=0:1"), "it is what is to be met"),
        (("--replications", "0"), "--replications: 0 is out of range"),
        (("--replications", "1"), "one replication tells no error (given: 1); give 2 or more"),
        (("--seed", "-1"), "--seed: -1 is out of range"),
        (("--out", "."), "is a folder, not a file"),
    ],
)
def test_bad_options(cli: Cli, file: Path, options: tuple[str, ...], said: str) -> None:
    told = cli("fit", str(file), *options)
    assert told.code == 2, told.out
    assert told.out == ""
    assert said in told.err
    assert "Traceback" not in told.err


def test_all_bad_options_come_at_once(cli: Cli, file: Path) -> None:
    told = cli("fit", str(file), "--free", "nowhere=1:2", "--free", f"{PRODUCT}=0.4:0.5")
    assert told.code == 2
    assert len(told.err.splitlines()) == 2


def test_a_file_without_targets(cli: Cli, file: Path) -> None:
    file.write_text(CHAIN)
    told = cli("fit", str(file))
    assert told.code == 2
    assert "states no targets, so there is nothing to meet; add [[targets]]" in told.err


def test_ctrl_c_writes_nothing_and_tells_the_best_so_far(
    cli: Cli, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def stopped(*arguments: Any, **settings: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt
        return evaluate_targets(*arguments, **settings)

    monkeypatch.setattr(attempts, "evaluate_targets", stopped)
    told = cli("fit", str(file), *FEW, "--out", str(tmp_path / "fitted.toml"))
    assert told.code == 130
    assert told.out == ""
    assert f"Best so far: {PRODUCT} = 0." in told.err
    assert "conversion is off by" in told.err
    assert "Nothing was written" in told.err
    assert [path.name for path in tmp_path.iterdir()] == ["shop.toml"]


def test_progress_goes_to_stderr(cli: Cli, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adjusting, "EVERY", 0.0)
    told = cli("fit", str(file), *FEW)
    assert "Fitting: 2 simulations, now of 6 replications; conversion is off by" in told.err
    assert "Fitting" not in told.out


def test_the_page_quotes_what_the_command_says(cli: Cli) -> None:
    """Digits that differ on another processor would differ in the last place of a run; the page gives four."""
    docs = Path(__file__).parents[2] / "docs"
    page = " ".join((docs / "fit.md").read_text("utf-8").replace("\n> ", " ").split())
    free = ("--free", "stages.product.exits.cart=0.1:0.4", "--free", "stages.cart.exits.checkout=0.3:0.8")
    assert f"sojourn fit docs/examples/shop.toml {' '.join(free)} --replications 20" in page
    told = cli("fit", str(docs / "examples" / "shop.toml"), *free, "--replications", "20")
    (said,) = (line for line in told.out.splitlines() if "can be anything" in line)
    assert said.removeprefix("- ") in page

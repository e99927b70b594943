"""Draws of calibrated numbers go with the scenario that a command writes from another, and their absence is told.

Silent loss made intervals too narrow: a lever put into a calibrated scenario left all its draws behind.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sojourn.scenarios import companion
from sojourn.scenarios.companion import Companion, beside
from sojourn.scenarios.companion_line import named

from .conftest import Cli

MAPPING = """
customer = "who"
time = "when"
event = "what"
observed_until = 100
[stages]
trial = "trial"
[ends]
bought = "bought"
gone = "gone"
[roles]
bought = "purchase"
"""
FEW = ("--draws", "20", "--customers", "100", "--replications", "2")
TARGET = """
[[targets]]
name = "most"
statement = "six in ten buy in time"
origin = "made up"
measure = "conversion"
value = 0.6
tolerance = 0.1
"""
STRATEGIES = """
[strategies.today]
[strategies.call_all]
call = 1.0
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: Any) -> Path:
    """A log with two arms, its mappings, and the scenario calibrated on it with 20 draws."""
    from click.testing import CliRunner

    from sojourn.cli import main

    here: Path = tmp_path_factory.mktemp("travel")
    rng = np.random.default_rng(4)
    rows = ["who,when,what,arm"]
    for who, came in enumerate(rng.uniform(0.0, 100.0, 300).tolist()):
        arm = ("control", "called")[who % 2]
        left = came + float(rng.exponential(15.0))
        rows.append(f"{who},{came!r},trial,{arm}")
        if left < 100.0:
            rows.append(f"{who},{left!r},{'bought' if rng.random() < 0.4 + 0.2 * (who % 2) else 'gone'},{arm}")
    (here / "log.csv").write_text("\n".join(rows) + "\n")
    (here / "map.toml").write_text(MAPPING)
    (here / "arms.toml").write_text('arm = "arm"\n' + MAPPING)
    asked = ["calibrate", here / "log.csv", "--stages", here / "map.toml", "--out", here / "shop.toml", "--draws", "20"]
    done = CliRunner().invoke(main, list(map(str, asked)))
    assert done.exit_code == 0, done.output
    return here


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def into(cli: Cli, folder: Path, scenario: str, out: str) -> Any:
    log = "lever", str(folder / "log.csv"), "--stages", str(folder / "arms.toml"), "--name", "call"
    return cli(*log, "--into", str(folder / scenario), "--out", str(folder / out))


def there(path: Path) -> Companion:
    found = companion.read(beside(path))
    assert found is not None
    return found


def test_a_lever_takes_the_draws_along(cli: Cli, folder: Path) -> None:
    told = into(cli, folder, "shop.toml", "levers.toml")
    assert told.code == 0, told.err
    assert "The draws of its calibrated numbers went with it: levers.draws.parquet." in told.out
    old, new = folder / "shop.toml", folder / "levers.toml"
    assert there(new) == there(old)
    assert named(new.read_text()) == "levers.draws.parquet"
    run = cli("run", str(new), "--strategy", "baseline", *FEW)
    assert run.code == 0, run.err
    assert f"20 draws of {len(there(new).draws)} numbers" in run.out


def test_a_lever_put_into_the_same_file_keeps_its_draws_and_others_are_not_taken_for_them(
    cli: Cli, folder: Path
) -> None:
    before = there(folder / "shop.toml")
    assert into(cli, folder, "shop.toml", "shop.toml").code == 0
    assert there(folder / "shop.toml") == before
    plain = folder / "plain.toml"
    plain.write_text((folder / "shop.toml").read_text().replace("levers.call", "levers.other"))
    told = into(cli, folder, "plain.toml", "shop.toml")  # without draws: those of the file that it replaces go
    assert told.code == 0, told.err
    assert "plain.toml names draws of its calibrated numbers (shop.draws.parquet)" in told.err
    assert not beside(folder / "shop.toml").exists()
    assert named((folder / "shop.toml").read_text()) is None


def test_the_best_mix_is_written_with_the_draws(cli: Cli, folder: Path) -> None:
    scenario, out = folder / "levers.toml", folder / "best.toml"
    assert into(cli, folder, "shop.toml", "levers.toml").code == 0
    scenario.write_text(scenario.read_text().replace("[stages.bought]\n", "[stages.bought]\nrevenue = 10\n"))
    few = "--customers", "100", "--replications", "2", "--trials", "10"
    told = cli("optimise", str(scenario), "--levers", "call", *few, "--into", str(out))
    assert told.code == 0, told.err
    assert there(out) == there(scenario)
    assert named(out.read_text()) == "best.draws.parquet"


def test_numbers_that_targets_set_leave_the_draws(cli: Cli, folder: Path) -> None:
    scenario, out = folder / "shop.toml", folder / "fitted.toml"
    before = there(scenario)
    law = next(place for place in before.draws if "bought" in place and place[-1] in ("mean", "median"))
    low, high = 0.2 * float(before.centrals[law]), 5.0 * float(before.centrals[law])  # type: ignore[arg-type]
    scenario.write_text(scenario.read_text() + TARGET)
    free = f"{'.'.join(map(str, law))}={low}:{high}"
    told = cli("fit", str(scenario), "--free", free, "--customers", "400", "--replications", "4", "--out", str(out))
    assert told.code == 0, told.err
    after = there(out)
    gone = before.draws.keys() - after.draws.keys()
    assert law in gone
    assert all(place[:-1] == law[:-1] for place in gone)  # with it the rest of its law, and nothing else
    assert after.untouched(before_document(out)) == after
    assert f"# {after.said}: fitted.draws.parquet" in out.read_text()
    assert f"the targets now set {len(gone)} that the log had set" in told.out
    assert there(scenario) == before


def before_document(path: Path) -> Any:
    from sojourn.scenarios.files import load

    return load(path).document()


def test_a_copy_without_its_draws_says_so(cli: Cli, folder: Path) -> None:
    alone = folder / "copy.toml"
    shutil.copy(folder / "shop.toml", alone)
    said = "copy shop.draws.parquet to copy.draws.parquet, or calibrate again"
    refused = cli("run", str(alone), *FEW)
    assert refused.code == 2
    assert "no number is in doubt" in refused.err
    assert said in refused.err
    assert "draws of its calibrated numbers" not in cli("run", str(alone), *FEW[2:]).out  # nobody asked for draws
    text = alone.read_text()
    alone.write_text(
        text
        + '[levers.call]\neffects = [{ exit = "trial -> bought", rate_ratio = 1 }]\n'.replace(
            "rate_ratio = 1",
            "log_odds = { central = 0.5, low = 0.2, high = 0.8 }"
            if "exits.bought" in text
            else "hazard_ratio = { central = 1.5, low = 1.2, high = 1.8 }",
        )
        + STRATEGIES
    )
    for command in ("run", "compare"):
        told = cli(command, str(alone), *FEW)
        assert told.code == 0, told.err
        assert said in told.out
        assert "20 draws of 1 number," in told.out
    log = "--log", str(folder / "log.csv"), "--stages", str(folder / "map.toml")
    forecast = cli("forecast", str(alone), *log, "--days", "10", "--draws", "20", "--replications", "1")
    assert forecast.code == 0, forecast.err
    assert f"{said}. Until then the log is fitted again in their place." in forecast.out


@pytest.mark.parametrize("draws", ["1", "19"])
def test_too_few_draws_are_not_made(cli: Cli, folder: Path, draws: str) -> None:
    asked = (
        "calibrate",
        str(folder / "log.csv"),
        "--stages",
        str(folder / "map.toml"),
        "--out",
        str(folder / "new.toml"),
    )
    told = cli(*asked, "--draws", draws)
    assert told.code == 2
    assert (
        f"too few to tell how unsure a number is (given: {draws}); give 20 to 10,000, such as 200, or 0 for none"
        in told.err
    )


def test_draws_that_do_not_fit_are_told_for_what_they_are(cli: Cli, folder: Path) -> None:
    scenario = folder / "shop.toml"
    found = there(scenario)
    one = Companion(found.centrals, {place: values[:1] for place, values in found.draws.items()})
    moved = Companion({place: _moved(value) for place, value in found.centrals.items()}, found.draws)
    foreign = Companion({("stages", "other", "x"): 1.0}, {("stages", "other", "x"): (1.0, 2.0)})
    log = "--log", str(folder / "log.csv"), "--stages", str(folder / "map.toml")
    cases = [
        (one, "has a single draw"),
        (moved, "they were edited by hand, or the draws are of another scenario"),
        (foreign, "for 1 there is no place in it, so the draws seem to be of another scenario"),
    ]
    for wrong, said in cases:
        companion.write(beside(scenario), wrong)
        told = cli("run", str(scenario), *FEW)
        assert told.code == 2
        assert said in told.err
        forecast = cli("forecast", str(scenario), *log, "--days", "10", "--draws", "20", "--replications", "1")
        assert forecast.code == 0, forecast.err
        assert "The draws beside the scenario are not used: " in forecast.out
        assert said in forecast.out
        assert "drawn from the companion file" not in forecast.out
        assert "Numbers are drawn by fitting 300 customers again" in forecast.out


def _moved(value: Any) -> Any:
    return tuple(map(_moved, value)) if isinstance(value, tuple) else value + 1.0

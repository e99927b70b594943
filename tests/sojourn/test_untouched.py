"""No command overwrites what it reads: not under another name, not through a link, not with what stands beside the output."""

import os
import shutil
from pathlib import Path

import pytest

from sojourn.calibration.calibrate import calibrate
from sojourn.output import staged
from sojourn.scenarios.faults import Faults

from .conftest import COFFEE, Cli

MAP = 'customer = "who"\ntime = "day"\nevent = "what"\n[stages]\ntrial = ["trial"]\nbought = ["bought"]\n'
SHOP = COFFEE.parent / "shop.toml"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with a log, its mapping and a scenario."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{k},{k % 20},trial\n" + (f"{k},{k % 20 + 3.5},bought\n" if k % 2 else "") for k in range(60)]
    Path("log.csv").write_text("who,day,what\n" + "".join(rows))
    Path("map.toml").write_text(MAP)
    shutil.copy("log.csv", "shop.draws.parquet")
    shutil.copy(SHOP, "shop.toml")
    shutil.copy(COFFEE, "coffee.toml")
    os.symlink("log.csv", "link.csv")
    os.link("map.toml", "hard.toml")
    Path("sub").mkdir()
    Path("counts.csv").write_text("arm,begun,paid\ncontrol,1000,100\ncall,1000,150\n")
    return tmp_path


CALIBRATE = ("calibrate", "log.csv", "--stages", "map.toml", "--draws", "0", "--out")
COMMANDS = {
    "the log": (*CALIBRATE, "log.csv"),
    "the log by another way": (*CALIBRATE, "sub/../log.csv"),
    "a link to the log": (*CALIBRATE, "link.csv"),
    "the mapping": (*CALIBRATE, "map.toml"),
    "the mapping by a hard link": (*CALIBRATE, "hard.toml"),
    "the log by the draws": ("calibrate", "shop.draws.parquet", "--stages", "map.toml", "--out", "shop.toml"),
    "the log by a suggestion": ("calibrate", "log.csv", "--suggest", "--out", "log.csv"),
    "the draws of a fitted scenario": ("fit", "shop.toml", "--out", "./shop.draws.parquet"),
    "the counts of a lever": ("lever", "counts.csv", "--name", "call", "--out", "counts.csv"),
    "the draws of a scenario with a mix": ("optimise", "shop.toml", "--into", "shop.draws.parquet"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_that_is_read_is_not_written(cli: Cli, here: Path, name: str) -> None:
    before = {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()}
    told = cli(*COMMANDS[name])
    assert (told.code, told.out) == (2, "")
    assert "would overwrite" in told.err, told.err
    assert "name another file" in told.err
    assert {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()} == before


def test_the_same_from_python(here: Path) -> None:
    found = calibrate("log.csv", "map.toml", holdout=0.0, draws=0)
    for name in ("log.csv", "hard.toml"):
        before = Path(name).read_bytes()
        with pytest.raises(Faults, match="would overwrite"):
            found.write(name)
        assert Path(name).read_bytes() == before
    found.write("journey.toml")
    found.write("journey.toml")  # what it has written itself it may write again


@pytest.mark.parametrize("listed", [True, False])
def test_a_folder_keeps_the_files_that_are_read(tmp_path: Path, listed: bool) -> None:
    """`listed`: an earlier run left the file, and a new one would sweep it out; else the new one has a file of that name."""
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "events.parquet").write_text("a log")
    if listed:
        (folder / "manifest.json").write_text('{"files": ["events.parquet"]}')
    worked = []

    def write() -> None:
        with staged(str(folder), [None, folder / ".." / "results" / "events.parquet"]) as new:
            worked.append(new)
            (new / "events.parquet").write_text("another")

    with pytest.raises(Faults) as caught:
        write()
    assert bool(worked) is not listed  # what can be told before the work is told before it
    assert "reads events.parquet in that folder" in str(caught.value)
    assert (folder / "events.parquet").read_text() == "a log"
    assert not list(tmp_path.glob(".sojourn-*"))


def test_a_run_does_not_replace_its_scenario(cli: Cli, here: Path) -> None:
    """The scenario lies among the results of an earlier run, whose manifest names it."""
    folder = here / "results"
    folder.mkdir()
    shutil.copy(COFFEE, folder / "coffee.toml")
    (folder / "manifest.json").write_text('{"files": ["coffee.toml"]}')
    for command in ("run", "compare", "targets", "worth"):
        told = cli(command, "results/coffee.toml", "--out", "results")
        assert told.code == 2
        assert "reads coffee.toml in that folder" in told.err, told.err
    assert (folder / "coffee.toml").read_bytes() == COFFEE.read_bytes()

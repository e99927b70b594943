"""The file of a shipped scenario, written to be changed."""

from pathlib import Path

import pytest

from sojourn.scenarios.files import library, load

from .conftest import Cli


@pytest.mark.parametrize("name", library())
def test_a_shipped_scenario_is_written_whole(name: str, cli: Cli, tmp_path: Path) -> None:
    mine = tmp_path / "new folder" / "mine.toml"
    told = cli("scenarios", name, "--out", str(mine))
    assert told.code == 0
    assert told.out.startswith(f"Written to {mine}: the whole file of {name}.")
    assert mine.read_bytes() == library()[name].read_bytes()
    assert load(mine) == load(name)


def test_without_a_file_it_is_printed(cli: Cli) -> None:
    told = cli("scenarios", "relationship")
    assert (told.code, told.err) == (0, "")
    assert told.out == library()["relationship"].read_text(encoding="utf-8")


def test_a_file_that_is_there_stays_unless_told(cli: Cli, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("my work", encoding="utf-8")
    told = cli("scenarios", "relationship", "--out", str(mine))
    assert told.code == 2
    assert told.err == f"--out: {mine}: is there already; name another file, or add --overwrite\n"
    assert mine.read_text(encoding="utf-8") == "my work"
    assert cli("scenarios", "relationship", "--out", str(mine), "--overwrite").code == 0
    assert mine.read_bytes() == library()["relationship"].read_bytes()


def test_the_shipped_file_itself_is_never_written_to(cli: Cli, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(library()["relationship"])
    told = cli("scenarios", "touchpoints", "--out", str(link), "--overwrite")
    assert told.code == 2
    assert "would overwrite" in told.err
    assert link.is_symlink()


def test_unknown_and_missing_names_are_told(cli: Cli, tmp_path: Path) -> None:
    told = cli("scenarios", "relatonship", "--out", str(tmp_path / "a.toml"))
    assert told.code == 2
    assert 'no scenario of the library is named "relatonship"; did you mean "relationship"?' in told.err
    told = cli("scenarios", "--out", str(tmp_path / "a.toml"))
    assert told.code == 2
    assert "name one of: engagement-models, point-of-no-return" in told.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("target", ["", "."])
def test_what_cannot_be_written_is_told(cli: Cli, target: str) -> None:
    told = cli("scenarios", "relationship", "--out", target, "--overwrite")
    assert told.code == 2
    assert told.err.startswith("--out: ")

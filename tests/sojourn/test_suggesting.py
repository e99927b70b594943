"""`sojourn calibrate --suggest`: a mapping on stdout or in a file, and options that do not go together."""

from pathlib import Path

import duckdb
import pytest

from sojourn.calibration.mapping import load_mapping, read_mapping

from .conftest import Cli


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "log.csv"
    rows = [f"{k},{k % 20},trial\n" + (f"{k},{k % 20 + 3.5},bought\n" if k % 2 else "") for k in range(60)]
    path.write_text("customer,day,event\n" + "".join(rows))
    return str(path)


def test_the_mapping_goes_to_stdout_and_nothing_else(cli: Cli, log: str) -> None:
    told = cli("calibrate", log, "--suggest")
    assert (told.code, told.err) == (0, "")
    mapping = read_mapping(told.out)
    assert list(mapping.names) == ["trial", "bought"]
    assert mapping.roles == {"bought": "purchase"}


def test_out_holds_a_mapping_that_calibrates(cli: Cli, log: str, tmp_path: Path) -> None:
    out, scenario = str(tmp_path / "map.toml"), str(tmp_path / "journey.toml")
    told = cli("calibrate", log, "--suggest", "--out", out)
    assert (told.code, told.out) == (0, "")
    assert f"--stages {out}" in told.err
    assert load_mapping(out).customer == "customer"
    assert cli("calibrate", log, "--stages", out, "--out", scenario, "--draws", "0").code == 0
    assert cli("validate", scenario).code == 0


def test_a_database_needs_its_query(cli: Cli, tmp_path: Path) -> None:
    path = str(tmp_path / "crm.duckdb")
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE happened (customer INTEGER, day DOUBLE, event VARCHAR)")
        connection.execute("INSERT INTO happened SELECT k // 2, k, ['trial', 'bought'][k % 2 + 1] FROM range(40) t(k)")
    told = cli("calibrate", path, "--suggest")
    assert told.code == 2
    assert "it has happened" in told.err
    told = cli("calibrate", path, "--suggest", "--query", "select * from happened")
    assert told.code == 0
    assert read_mapping(told.out).log is not None


@pytest.mark.parametrize(
    ("arguments", "signs"),
    [
        ((), ["--stages: is missing", "--out: is missing"]),
        (("--suggest", "--stages", "map.toml"), ["--stages: has nothing to do with --suggest"]),
        (("--suggest", "--json"), ["--json: has nothing to do with --suggest"]),
        (("--stages", "map.toml", "--out", "x", "--query", "select 1"), ["--query: is for --suggest", "[log]"]),
    ],
)
def test_options_that_do_not_go_together(cli: Cli, log: str, arguments: tuple[str, ...], signs: list[str]) -> None:
    told = cli("calibrate", log, *arguments)
    assert told.code == 2
    assert all(sign in told.err for sign in signs), told.err

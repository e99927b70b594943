"""The examples of docs/calibration.md, run."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sojourn.calibration.mapping import read_mapping
from sojourn.cli import main

TEXT = (Path(__file__).parents[2] / "docs" / "calibration.md").read_text(encoding="utf-8")


def blocks(language: Any) -> Any:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.fixture
def here(planted: Any, tmp_path: Any, monkeypatch: Any) -> Any:
    log = planted.log.read_text().splitlines()[:2_000]  # the first customers, whole but for the last
    (tmp_path / "events.csv").write_text("\n".join(log) + "\n")
    (tmp_path / "map.toml").write_text(planted.text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_mapping_of_the_docs_is_valid() -> None:
    (text,) = blocks("toml")
    mapping = read_mapping(text)
    assert mapping.names == ("targeted", "redeemed", "redeemed_again", "expired")


def test_the_command_of_the_docs_runs(here: Any) -> None:
    (command,) = [line.removeprefix("$ ") for line in blocks("console")[0].splitlines()]
    program, *arguments = shlex.split(command)
    assert program == "sojourn"
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert "A stay in retention lasts" in done.output or "stays in retention were still open" in done.output
    assert (here / "my-journey.toml").read_text().startswith("# Calibrated by Sojourn from events.csv")


def test_the_python_of_the_docs_runs(here: Any, capsys: Any) -> None:
    (code,) = blocks("python")
    exec(compile(code, "docs/calibration.md", "exec"), {})
    assert "customers" in capsys.readouterr().out
    assert (here / "my-journey.toml").is_file()


def test_the_table_of_the_docs_is_what_the_test_log_gives(planted: Any) -> None:
    from sojourn.calibration import logs
    from sojourn.calibration.fit import fit

    found = fit(logs.read(planted.log, planted.mapping))
    for name in planted.stages:
        law = found.stages[name].dwell
        assert law is not None
        (row,) = re.findall(rf"^\| {name} \|.*$", TEXT, flags=re.MULTILINE)
        assert row.endswith(f"| {law.naive_mean:.1f} | {law.mean:.1f} ± {law.mean_error:.1f} |")

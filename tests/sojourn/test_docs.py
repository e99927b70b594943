"""What the documents say is what happens: every command and every Python block runs, and tables name what there is."""

import importlib.util
import os
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import duckdb
import pytest

from sojourn.eventlog import EventLog
from sojourn.scenarios.files import library, load, loads
from sojourn.sim.measures import names
from sojourn.sim.network import build
from sojourn.sim.run import run

from .conftest import COFFEE, ROOT, Cli

PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
# What sets up or starts all tests is run by CI itself, by `make demo`, and (installing) by test_wheel.
ELSEWHERE = {
    "make demo",
    "make test",
    "python3 -m venv .venv",
    ".venv/bin/pip install -e '.[dev]'",
    ".venv/bin/python -m pytest -n 2",
    ".venv/bin/python -m sojourn.demo",
}


class Block(NamedTuple):
    """A fenced block of a page."""

    page: Path
    language: str
    text: str


def blocks(*languages: str) -> Iterator[Block]:
    for page in PAGES:
        for language, text in re.findall(r"^```(\w+)\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
            if language in languages:
                yield Block(page, language, text)


def commands(page: Path) -> list[str]:
    found = [block for block in blocks("console", "sh") if block.page == page]
    lines = [line for block in found for line in block.text.splitlines()]
    return [
        line.removeprefix("$ ") for line in lines if line.startswith("$ ") or not any("$ " in b.text for b in found)
    ]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the documents name, in which whatever they write stays."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (tmp_path / "map.toml").symlink_to(ROOT / "docs" / "examples" / "map.toml")
    monkeypatch.chdir(tmp_path)
    with EventLog(tmp_path) as log:
        run(load(str(COFFEE)), "today", customers=600, replications=1, sink=log)
        log.close()
    query = "COPY (FROM read_parquet('events.parquet')) TO 'events.csv'"
    duckdb.connect().execute(query)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_documented_commands_run_in_their_order(page: Path, cli: Cli, checkout: Path) -> None:
    for line in commands(page):
        if line in ELSEWHERE:
            continue
        program, *arguments = shlex.split(line, comments=True)
        assert program == "sojourn", f"{page.name}: {line}: put it under ELSEWHERE, or write a command that runs"
        told = cli(*arguments)
        assert told.code == 0, (line, told.err)


def test_the_first_what_if_is_that_of_the_scenario() -> None:
    """Costs a day do not shrink with --customers, so that fewer customers turn the answer of the shipped scenario round."""
    first = next(line for line in commands(ROOT / "README.md") if line.startswith("sojourn compare"))
    assert "point-of-no-return" in first
    assert "--customers" not in first
    python = next(block.text for block in blocks("python") if block.page == ROOT / "README.md")
    assert "sj.compare(" in python
    assert "customers=" not in python


def test_make_knows_the_documented_targets() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    for target in ("demo", "test", "check", "verdicts", "forecast-study", "sbc", "clean"):
        subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True, env=environment)


def test_python_blocks_run(capsys: pytest.CaptureFixture[str], checkout: Path) -> None:
    found = list(blocks("python"))
    assert found
    for block in found:
        exec(compile(block.text, block.page.name, "exec"), {})
        assert capsys.readouterr().out.strip(), block.page.name


def test_toml_blocks_are_sound() -> None:
    for block in blocks("toml"):
        document = tomllib.loads(block.text)
        if "format" in document:
            loads(block.text, block.page.name)


def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_of_keys_are_those_of_the_model() -> None:
    page = ROOT / "docs" / "format.md"
    text = page.read_text(encoding="utf-8")
    assert reference().page(text) == text, "run: python docs/reference.py"


def test_every_measure_has_a_line_in_the_table() -> None:
    table = (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")
    known = re.findall(r"^\| `([^`]+)` \|", table, re.M)
    patterns = [
        re.sub(r"STAGE|NAME|[AB]\b", r"[^.]+", name.replace(".", r"\.")).replace("DAYS", r"\d+") for name in known
    ]
    for source in [*library(), str(ROOT / "docs" / "examples" / "coffee.toml")]:
        scenario = load(source)
        for measure in names(build(scenario, next(iter(scenario.strategies)))):
            assert any(re.fullmatch(pattern, measure) for pattern in patterns), measure


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_dependencies_have_their_reasons() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    reasons = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    extras = [one for group in project["optional-dependencies"].values() for one in group]
    for requirement in [*project["dependencies"], *extras]:
        name = re.split(r"[<>=\[]", requirement)[0]
        assert name == "sojourn" or re.search(rf"\b{name}\b", reasons), name

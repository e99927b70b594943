"""The command line in this process: `cli("run", ...)` gives exit code, stdout and stderr."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from sojourn.cli import main

ROOT = Path(__file__).parents[2]
COFFEE = ROOT / "docs" / "examples" / "coffee.toml"


class Told(NamedTuple):
    """What a command left: its exit code and its two streams."""

    code: int
    out: str
    err: str


Cli = Callable[..., Told]


@pytest.fixture
def cli() -> Cli:
    def call(*arguments: str) -> Told:
        result = CliRunner().invoke(main, list(arguments), env={"COLUMNS": "200"})
        return Told(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def coffee() -> str:
    """The text of a sound scenario."""
    return COFFEE.read_text(encoding="utf-8")

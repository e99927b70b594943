"""The public names: all there, typed, and free until used."""

import subprocess
import sys
from pathlib import Path

import pytest

import sojourn as sj

HEAVY = {"numba", "scipy", "matplotlib", "numpy", "duckdb", "simpy", "pandas", "pyarrow", "pydantic"}
LATER = {"numba", "scipy", "matplotlib", "duckdb", "simpy", "pandas", "pyarrow"}


def loaded(code: str) -> set[str]:
    """Modules in a fresh interpreter after `code`."""
    script = f"import sys\n{code}\nprint('|'.join(sys.modules), file=sys.__stdout__)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split("|"))


def command(*arguments: str) -> str:
    return f"from click.testing import CliRunner\nfrom sojourn.cli import main\nCliRunner().invoke(main, {list(arguments)!r})"


def test_every_public_name_is_there() -> None:
    assert sorted(sj.__all__) == list(sj.__all__)
    for name in sj.__all__:
        assert getattr(sj, name) is getattr(sj, name)
        assert name in dir(sj)


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    name = "__version__"
    assert getattr(sj, name) == version("sojourn")


def test_unknown_names_are_refused() -> None:
    name = "simulat"
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        getattr(sj, name)


def test_importing_and_asking_for_help_load_nothing_heavy() -> None:
    assert not HEAVY & loaded("import sojourn")
    assert not HEAVY & loaded(command("--help"))
    assert not HEAVY & loaded(command("compare", "--help"))


def test_validation_loads_neither_numba_nor_scipy() -> None:
    tests = Path(__file__).parents[1]
    for file in (tests.parent / "docs" / "examples" / "coffee.toml", tests / "scenarios" / "first.toml"):
        assert not LATER & loaded(command("validate", str(file)))
    assert not LATER & loaded(command("validate", "point-of-no-return"))

"""The wheel alone is the program: installed without the source, run where files called like its folders stand in the way."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from .conftest import ROOT

FLOORS = ("scenarios", "sim", "experiments", "calibration", "plots")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Wheel and source archive, built from a copy, so that no other test sees what building leaves."""
    folder = tmp_path_factory.mktemp("build")
    copy, out = folder / "source", folder / "dist"
    tracked = ("sojourn", *FLOORS, "pyproject.toml", "README.md", "LICENSE")
    copy.mkdir()
    subprocess.run(["cp", "-a", *(str(ROOT / name) for name in tracked), str(copy)], check=True)
    # From the source archive, as `python -m build` does, so that the archive is shown to be whole.
    command = [sys.executable, "-m", "build", "--outdir", str(out), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl")), next(out.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def installed(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The console script in an environment that has the dependencies but not the project's source."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    # The dependencies of this environment, as plain folders: its .pth files, the editable install among them, are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--ignore-installed"]
    subprocess.run([*command, "--quiet", "--disable-pip-version-check", str(built[0])], check=True)
    return python.parent / "sojourn"


def test_the_wheel_holds_every_floor_and_no_tests(built: tuple[Path, Path]) -> None:
    names = zipfile.ZipFile(built[0]).namelist()
    for floor in FLOORS:
        assert f"sojourn/{floor}/__init__.py" in names
    assert "sojourn/scenarios/library/point-of-no-return.toml" in names
    assert "sojourn/py.typed" in names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"sojourn"}


def test_the_source_archive_holds_the_floors(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[1]) as archive:
        names = archive.getnames()
    for floor in FLOORS:
        assert any(name.endswith(f"sojourn/{floor}/__init__.py") for name in names)


def test_the_installed_program_runs_beside_files_of_the_same_names(installed: Path, tmp_path: Path) -> None:
    for floor in (*FLOORS, "tests", "simulate", "tables", "report"):
        (tmp_path / f"{floor}.py").write_text(f"raise ImportError('{floor}.py of the user was imported')\n")

    # Not compiled: that takes its time, and is the same code wherever it is installed.
    plain = {**os.environ, "NUMBA_DISABLE_JIT": "1"}

    def run(*arguments: str) -> str:
        command = [str(installed), *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=plain)
        said = [line for line in done.stderr.splitlines() if not line.startswith("Simulating")]
        assert (done.returncode, said) == (0, []), arguments
        return done.stdout

    script = "import sojourn, sys; print(sojourn.__file__)"
    where = subprocess.run(
        [str(installed.parent / "python"), "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert str(ROOT) not in where.stdout
    assert "point-of-no-return" in run("scenarios")
    assert "is sound" in run("validate", "point-of-no-return")
    few = ("--strategy", "today", "--customers", "50", "--replications", "2")
    assert run("run", "point-of-no-return", *few, "--out", "results").startswith("Profit over")
    assert (tmp_path / "results" / "report.html").exists()

"""Compiled code is never older than its sources, and needs no place to be kept."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numba
import pytest

from sojourn.sim import compiling

ROOT = Path(__file__).parents[2]
SETTINGS: Any = numba.config
FOLDERS = ("calibration", "experiments", "plots", "scenarios", "sim")
SCENARIO = """format = 1
[scenario]
name = "two"
start = "a"
horizon_days = 50
[arrivals]
cohort = 200
[stages.a]
dwell = { law = "exponential", mean = 10 }
exits = { b = 0.5, a = 0.5 }
[stages.b]
end = true
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package as an installation has it: plain folders."""
    package = tmp_path / "installed" / "sojourn"
    plain = shutil.ignore_patterns("__pycache__", *FOLDERS)
    shutil.copytree(ROOT / "sojourn", package, ignore=plain)
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, package / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "two.toml").write_text(SCENARIO)
    return package


def told(package: Path, **surroundings: str) -> tuple[Any, str]:
    """The measures of a run by that copy, and what it says on stderr. Little is optimised: compiling takes less long."""
    code = (
        "import sys, sojourn; assert sojourn.__file__.startswith(sys.argv.pop(1)); from sojourn.cli import main; main()"
    )
    scenario = str(package.parents[1] / "two.toml")
    run = ["run", scenario, "--replications", "1", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", code, str(package), *run],
        env={**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_OPT": "1", **surroundings},
        cwd=package.parents[1], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_an_edited_rule_never_runs_stale(copy: Path, tmp_path: Path) -> None:
    """The rule stands in another file than the kernel that calls it, which numba's own cache does not notice."""
    kept = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    before, said = told(copy, **kept)
    assert "Compiling" in said
    again, said = told(copy, **kept)
    assert again == before
    assert said == ""
    rules = copy / "sim" / "rules.py"
    edited = rules.read_text().replace("    return days, int(net[chosen", "    return 2.0 * days, int(net[chosen")
    assert edited != rules.read_text()
    rules.write_text(edited)
    after, _ = told(copy, **kept)
    dwell = [run["strategies"]["baseline"]["measures"]["dwell.a"]["mean"] for run in (before, after)]
    assert dwell[1] > 1.4 * dwell[0]


def test_nothing_can_be_written(copy: Path, tmp_path: Path) -> None:
    """A read-only installation and a home that is none: it runs, says once that nothing is kept, and leaves nothing."""
    files = sorted(copy.rglob("*"))
    for path in (*files, copy):
        path.chmod(0o555 if path.is_dir() else 0o444)
    home = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/cache", "MPLCONFIGDIR": str(tmp_path)}
    first, said = told(copy, **home)
    assert said.count("Compiling the engine") == 1
    assert "no cache can be kept" in said
    assert first["strategies"]["baseline"]["measures"]["reach.b"]["mean"] > 0.5
    assert sorted(copy.rglob("*")) == files
    for path in (copy, *files):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_threads_that_load_modules_at_once_keep_to_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """numba reads the folder while it makes a kernel: another thread that is done must not take it away."""
    seen = []

    def slow(*_: Any, **__: Any) -> Any:
        time.sleep(0.2)
        seen.append(SETTINGS.CACHE_DIR)
        return lambda function: function

    monkeypatch.setattr(numba, "njit", slow)
    before = SETTINGS.CACHE_DIR
    threads = [threading.Timer(0.1 * k, compiling.kernel, [len]) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [compiling.cache_folder()] * 2
    assert before == SETTINGS.CACHE_DIR

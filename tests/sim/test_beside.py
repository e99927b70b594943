"""The second process of a first run: it helps where it can, and is never missed."""

import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from sojourn.scenarios.files import load
from sojourn.sim import ahead, arranging, asking, beside, booking, compiled, compiling, counting, leaving_out, sorting
from sojourn.sim.network import build
from sojourn.sim.run import run, simulate

SLEEPER = "import time; time.sleep(60)"


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All second processes that are started, on a machine with two processors."""
    found: list[Any] = []

    def noted() -> Any:
        found.append(start())
        return found[-1]

    start = beside.started
    monkeypatch.setattr(beside, "started", noted)
    monkeypatch.setattr(beside, "processors", lambda: 2)
    return found


def test_it_is_started_only_where_it_helps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(beside, "processors", lambda: 2)
    assert beside.wanted(str(tmp_path))
    with monkeypatch.context() as one:
        one.setattr(beside, "processors", lambda: 1)
        assert not beside.wanted(str(tmp_path))
    for program in ("/usr/bin/blender", "", None):  # Python as a part of it
        with monkeypatch.context() as other:
            other.setattr(sys, "executable", program)
            assert not beside.wanted(str(tmp_path))
    with monkeypatch.context() as frozen:
        frozen.setattr(sys, "frozen", True, raising=False)
        assert not beside.wanted(str(tmp_path))
    (tmp_path / beside.MARK).touch()
    assert not beside.wanted(str(tmp_path))


def test_its_death_is_not_noticed(
    monkeypatch: pytest.MonkeyPatch, begun: list[Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(beside, "START", "import sys; print('out'); sys.exit('err')")
    with beside.beside(str(tmp_path)):
        assert begun[0].wait(30) == 1
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))  # there is none
    with beside.beside(str(tmp_path)):
        pass
    assert begun[1] is None
    assert capfd.readouterr() == ("", "")


def test_it_ends_when_the_first_is_interrupted(
    monkeypatch: pytest.MonkeyPatch, begun: list[Any], tmp_path: Path
) -> None:
    monkeypatch.setattr(beside, "START", SLEEPER)
    before = time.monotonic()
    with pytest.raises(KeyboardInterrupt), beside.beside(str(tmp_path)):
        raise KeyboardInterrupt
    assert begun[0].returncode is not None
    assert time.monotonic() - before < beside.LATE  # nobody waits for it


def test_it_is_not_waited_for_any_longer_than_it_saves(
    monkeypatch: pytest.MonkeyPatch, begun: list[Any], tmp_path: Path
) -> None:
    monkeypatch.setattr(beside, "START", SLEEPER)
    monkeypatch.setattr(beside, "LATE", 0.1)
    with beside.beside(str(tmp_path)):
        assert begun[0].poll() is None
    assert begun[0].returncode is not None


def test_it_ends_when_the_first_is_killed() -> None:
    """Nobody is left to end it: its stdin ends."""
    code = "import threading, time; from sojourn.sim import ahead\n" + (
        "threading.Thread(target=ahead._end_with_stdin, daemon=True).start(); print('on', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"on\n"
        process.stdin.close()
        assert process.wait(30) == 0


def test_it_compiles_all_that_measures_need() -> None:
    """Really started, on the cache of these tests."""
    folder = compiling.cache_folder()
    assert folder is not None
    mark = Path(folder) / beside.MARK
    mark.unlink(missing_ok=True)
    process = beside.started()
    assert process is not None
    try:
        assert process.wait(120) == 0
    finally:
        beside.end(process)
    assert mark.exists()


def test_runs_ask_for_no_other_forms_of_the_kernels() -> None:
    """What has been compiled by the second process is what everybody calls: else it would be compiled twice."""
    ahead.compile_all()
    for name, customers in (("point-of-no-return", 200), ("touchpoints", 200)):
        for replications in (1, 2):
            run(load(name), replications=replications, customers=customers, workers=1)
    looked_at = 0
    for module in (arranging, asking, booking, counting, leaving_out, sorting):
        for kernel in vars(module).values():
            options = getattr(kernel, "targetoptions", {"no_cpython_wrapper": True})
            if not options["no_cpython_wrapper"]:
                assert len(kernel.signatures) == 1, kernel.py_func.__name__
                looked_at += 1
    assert looked_at >= 14


def test_without_a_cache_there_is_nothing_to_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "cache_folder", lambda: None)
    monkeypatch.setattr(compiling, "beside", lambda folder: pytest.fail("started"))
    with compiling.patience_asked("follow"):
        pass


def test_processes_never_write_files_of_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names = set()
    for writer in ("one", "other"):
        monkeypatch.setattr(compiling, "WRITER", writer)
        made: Any = compiling.kernel(lambda x: x)
        names.add(made._cache._cache_file._data_name(1))
    assert len(names) == 2


def test_the_engine_that_is_compiled_is_named_once_for_each_kind_of_journey(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compiling, "cache_folder", lambda: str(tmp_path))
    monkeypatch.setattr(compiling, "beside", lambda folder: nullcontext())
    said = []
    for what in ("compete", "follow", "compete", "follow"):
        with compiling.patience_asked(what):
            pass
        said.append(capsys.readouterr().err)
    assert "for journeys with service desks or a finite market: once on this machine" in said[0]
    assert "for journeys without service desks or a finite market: once on this machine" in said[1]
    assert said[2:] == ["", ""]


def test_which_engine_is_named_goes_by_what_couples_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def noted(what: str) -> nullcontext[None]:
        asked.append(what)
        return nullcontext()

    monkeypatch.setattr(compiled, "patience_asked", noted)
    examples = Path(__file__).parents[2] / "docs" / "examples"
    for file, desks in (("first.toml", True), ("coffee.toml", False)):
        scenario = load(examples / file)
        assert any(stage.desk is not None for stage in scenario.stages.values()) == desks
        simulate(build(scenario, "today"), customers=10)
    assert asked == ["compete", "follow"]
    assert set(asked) == set(compiling.ENGINES)

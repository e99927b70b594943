"""Long work that is stopped goes on where it was, and its answer is the one without a stop, to the last bit."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sojourn.experiments.journal import Journal, digest, journal
from sojourn.scenarios.files import load
from sojourn.scenarios.model import Scenario
from sojourn.sim.run import Result, run


@pytest.fixture
def scenario(first: Path) -> Scenario:
    return load(first)


@pytest.fixture
def first() -> Path:
    return Path(__file__).parents[1] / "scenarios" / "first.toml"


@contextmanager
def stopped() -> Iterator[list[str]]:
    """A block that is stopped; yields what its exception says on its way out."""
    notes: list[str] = []
    try:
        yield notes
    except KeyboardInterrupt as stop:
        notes += getattr(stop, "__notes__", [])
        return
    raise AssertionError("it was not stopped")


def same(a: Result, b: Result) -> bool:
    """Whether two results hold the same measures and curves, bit for bit."""
    if repr(a.document()) != repr(b.document()):
        return False
    for name, one in a.outcomes.items():
        other = b.outcomes[name]
        for stage, band in one.curves.occupancy.items():
            if not all(
                np.array_equal(x, y, equal_nan=True) for x, y in zip(band, other.curves.occupancy[stage], strict=True)
            ):
                return False
        if repr(one.parts) != repr(other.parts):
            return False
    return True


def test_pieces_are_read_back_to_the_last_bit_and_go_when_all_is_done(tmp_path: Path) -> None:
    out = tmp_path / "results"
    values = {"a": [0.1 + 0.2, 1e-310, math.inf, -0.0], "b": {"x": None, "y": "ü\n"}, "c": 2**63, "d": True}
    with stopped() as notes, journal(out, "question") as kept:
        assert kept.get("a") is None
        for key, value in values.items():
            kept.put(key, value)
        raise KeyboardInterrupt
    assert "results.part" in notes[0]
    with journal(out, "another question") as kept:
        assert len(kept) == 0
    assert (tmp_path / "results.part").is_dir()  # the first question's pieces are still there
    with journal(out, "question") as kept:
        assert {key: kept.get(key) for key in values} == values
        assert math.copysign(1.0, kept.get("a")[3]) == -1.0
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_kept_without_a_place_and_nothing_stays_of_a_stop_at_once(tmp_path: Path) -> None:
    with journal(None, "question") as kept:
        kept.put("a", 1.0)
        assert kept.get("a") is None
    with stopped() as notes, journal(tmp_path / "results", "question"):
        raise KeyboardInterrupt
    assert notes == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [1, 5, 12])
def test_a_line_cut_off_by_a_kill_is_left_out_and_written_anew(tmp_path: Path, cut: int) -> None:
    out = tmp_path / "results"
    with stopped(), journal(out, "question") as kept:
        kept.put("a", [1.5])
        kept.put("b", [2.5])
        raise KeyboardInterrupt
    path = tmp_path / "results.part" / "question.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    with stopped(), journal(out, "question") as kept:
        assert (kept.get("a"), kept.get("b")) == ([1.5], None)
        kept.put("b", [2.5])
        raise KeyboardInterrupt
    with journal(out, "question") as kept:
        assert (kept.get("a"), kept.get("b")) == ([1.5], [2.5])


def test_a_question_is_named_by_scenario_and_options(scenario: Scenario) -> None:
    names = {digest(scenario), digest(scenario, seed=1), digest(scenario, seed=2), digest(load("relationship"))}
    assert len(names) == 4
    assert digest(scenario, seed=1, customers=5) == digest(scenario, customers=5, seed=1)


@pytest.mark.parametrize("replications", [1, 3])
def test_a_run_from_its_journal_is_the_run(scenario: Scenario, tmp_path: Path, replications: int) -> None:
    options: dict[str, Any] = {"customers": 300, "replications": replications, "seed": 3}
    plain = run(scenario, ["today", "service_first"], **options)
    with stopped(), journal(tmp_path / "out", "q") as kept:

        def stop(done: int, total: int) -> None:
            if done == replications:
                raise KeyboardInterrupt

        run(scenario, ["today", "service_first"], kept=kept, progress=stop, **options)
    seen: list[int] = []
    with journal(tmp_path / "out", "q") as kept:
        assert len(kept) == replications
        again = run(scenario, ["today", "service_first"], kept=kept, **options)
        assert len(kept) == 2 * replications
        with_log = run(
            scenario, ["today", "service_first"], kept=kept, sink=lambda one: seen.append(one.replication), **options
        )
    assert same(plain, again)
    assert same(plain, with_log)
    assert seen == 2 * list(range(replications))


def test_a_process_killed_several_times_gives_what_one_left_alone_gives(first: Path, tmp_path: Path) -> None:
    script = f"""
import json, sys
from sojourn.experiments.journal import digest, journal
from sojourn.scenarios.files import load
from sojourn.sim.run import run
scenario = load({str(first)!r})
with journal({str(tmp_path / "out")!r}, digest(scenario, seed=5)) as kept:
    print(len(kept), flush=True)
    found = run(scenario, seed=5, customers=400, replications=20, workers=2, kept=kept)
print(json.dumps(found.document()))
"""
    begun = []
    for kill in range(3):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        begun.append(int(process.stdout.readline()))
        part = tmp_path / "out.part"
        waited = time.monotonic() + 120.0
        while time.monotonic() < waited:  # until a few more pieces are there
            size = sum(one.read_bytes().count(b"\n") for one in part.glob("*.jsonl"))
            if size >= begun[-1] + 4 or process.poll() is not None:
                break
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL, f"it was done before kill {kill}"
    final = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    lines = final.stdout.splitlines()
    assert begun[0] == 0
    assert 0 < begun[1] < begun[2] < int(lines[0]) < 60
    expected = run(load(first), seed=5, customers=400, replications=20, workers=1).document()
    assert lines[1] == json.dumps(expected)
    assert not (tmp_path / "out.part").exists()


def test_threads_may_share_a_journal(tmp_path: Path) -> None:
    def work(kept: Journal, start: int) -> None:
        for k in range(start, start + 200):
            kept.put(str(k), {"text": "x" * k, "number": k / 7})

    with stopped(), journal(tmp_path / "out", "q") as kept:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda start: work(kept, start), range(0, 800, 200)))
        raise KeyboardInterrupt
    with journal(tmp_path / "out", "q") as kept:
        assert all(kept.get(str(k)) == {"text": "x" * k, "number": k / 7} for k in range(800))

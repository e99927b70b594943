"""Work in a fresh process, so that what is measured cannot disturb what is measured next, and memory begins at nothing."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
MARK = "result: "


class Failed(RuntimeError):
    """The process ended badly; the message is the last line that it wrote."""


def call(function: str, *arguments: Any) -> Any:
    """What `module:function` of this package gives for these arguments, called in a new process; all of it is JSON."""
    command = [sys.executable, "-m", "benchmarks.processes", function, json.dumps(arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    for line in reversed(done.stdout.splitlines()):
        if line.startswith(MARK):
            return json.loads(line.removeprefix(MARK))
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()] or [
        f"ended with {done.returncode}"
    ]
    raise Failed(lines[-1].strip())


class Command(NamedTuple):
    """What a command took: seconds on the wall, seconds of CPU, its children's included."""

    wall: float
    cpu: float


def command(arguments: Sequence[str], **variables: str) -> Command:
    """Run `sojourn` with these arguments. Raises Failed where it fails."""
    script = Path(sys.executable).with_name("sojourn")
    program = [str(script)] if script.exists() else [sys.executable, "-m", "sojourn"]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment: Mapping[str, str] = {**os.environ, **variables}
    done = subprocess.run(
        [*program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise Failed(f"sojourn {' '.join(arguments)}: {done.stderr.strip()[-500:]}")
    return Command(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def peak() -> int:
    """The most memory that this process has had, bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


if __name__ == "__main__":
    module, name = sys.argv[1].split(":")
    print(MARK + json.dumps(getattr(import_module(module), name)(*json.loads(sys.argv[2]))))

"""A second process that compiles, for a first run, while this one does: numba lets one thread of a process compile at a time.

It gets no argument but this process's import path, and leaves what it compiles in the folder that both keep it in; whatever is
missing there, this process compiles as if there had been no other.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sojourn.sim.sharing import processors

MARK = "measuring.done"  # in the folder, once nothing is left to the second process
LATE = 3.0  # seconds that it may take longer than the engine, as without it they would be spent here
# Isolated: what Python would read from its surroundings and from the current folder is already in the path.
START = "import json, sys; sys.path[:] = json.loads(sys.stdin.buffer.readline()); from sojourn.sim.ahead import main; main()"


@contextmanager
def beside(folder: str) -> Iterator[None]:
    """Meanwhile, have another process compile what measures need, where there is a processor for it; it ends with this block."""
    process = started() if wanted(folder) else None
    try:
        yield
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(LATE)
    finally:
        if process is not None:
            end(process)


def wanted(folder: str) -> bool:
    """Whether a second process has anything to do, a processor to run on, and a Python to run it."""
    if (Path(folder) / MARK).exists() or processors() < 2:
        return False
    # Where Python is part of another program, that is what would be started.
    return not hasattr(sys, "frozen") and Path(sys.executable or "").name.lower().startswith("python")


def started() -> "subprocess.Popen[bytes] | None":
    """The second process, None where it does not start. It ends when its stdin does, which is when this process ends."""
    paths = [*sys.path, str(Path(__file__).resolve().parents[2]), str(Path(__file__).absolute().parents[2])]
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", START],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, ValueError):
        return None
    assert process.stdin is not None
    with suppress(OSError):  # it may have ended already
        process.stdin.write(json.dumps(paths).encode() + b"\n")
        process.stdin.flush()
    return process


def end(process: "subprocess.Popen[bytes]") -> None:
    """End it at once, where it has not ended by itself; what it has begun to write is not used."""
    process.kill()
    process.wait()
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()

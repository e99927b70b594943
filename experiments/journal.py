"""Long work that can be stopped: every finished piece is written down, and the same command goes on from there.

The journal of `--out DIR` stands in the folder `DIR.part` beside it, one file a question: its name is a digest of the
scenario, of what was asked and of the code that answers, so that pieces of another question, or of an older program,
are never taken for this one's. A piece is a line of JSON, written at once when it is done; a line that was cut off by
a kill is left out. Floats are written as Python writes them, which reads back to the same bit: an answer from a
journal is the answer that there would have been without a stop. When the work is done, the journal is taken away.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from io import BufferedWriter
from pathlib import Path
from threading import Lock
from typing import Any

from sojourn.scenarios.faults import fault
from sojourn.scenarios.model import Scenario

SUFFIX = ".part"
FLOORS = ("scenarios", "sim", "experiments", "calibration")
RESUME = "What is done so far is kept in {place}: the same command goes on from there."


class Journal:
    """Pieces of work by key; of one question. Threads may share it."""

    def __init__(self, file: BufferedWriter | None = None, pieces: dict[str, Any] | None = None) -> None:
        self._file, self._pieces, self._lock = file, pieces or {}, Lock()

    def __contains__(self, key: str) -> bool:
        return key in self._pieces

    def __len__(self) -> int:
        return len(self._pieces)

    def get(self, key: str) -> Any:
        """The piece of this key; None where it is not done yet."""
        return self._pieces.get(key)

    def put(self, key: str, value: Any) -> None:
        """Write a piece down: lists, tables with texts as keys, texts, numbers (not finite ones too), truths, None."""
        if self._file is None:
            return
        line = json.dumps([key, value], separators=(",", ":")).encode() + b"\n"
        with self._lock:
            self._pieces[key] = value
            self._file.write(line)
            self._file.flush()


def digest(scenario: Scenario, **question: Any) -> str:
    """What a journal is named by: the scenario, what is asked (plain values), and the code that answers."""
    asked = json.dumps([scenario.digest, question, _code()], sort_keys=True, default=str)
    return hashlib.sha256(asked.encode()).hexdigest()[:32]


@contextmanager
def journal(out: str | Path | None, name: str) -> Iterator[Journal]:
    """The journal beside `out`, opened where it was left; without `out` one that keeps nothing.

    It is removed when the block ends well, and stays when it does not: the exception then carries a note that says so.
    Raises Faults where the folder cannot be written.
    """
    if out is None:
        yield Journal()
        return
    folder = Path(f"{os.path.abspath(out)}{SUFFIX}")
    path = folder / f"{name}.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pieces, length = _read(path)
        file = open(path, "ab")  # noqa: SIM115  # it is closed below, before it is removed
        file.truncate(length)
    except OSError as problem:
        why = f"cannot be written: {problem.strerror or problem}"
        raise fault(str(folder), "", why, "name a folder for --out that you may write beside") from None
    kept = Journal(file, pieces)
    try:
        yield kept
    except BaseException as stopped:
        file.close()
        if len(kept):
            stopped.add_note(RESUME.format(place=f"{out}{SUFFIX}"))
        else:
            _remove(path)
        raise
    file.close()
    _remove(path)


def _read(path: Path) -> tuple[dict[str, Any], int]:
    """The pieces of a journal, and how many bytes hold them: what follows was cut off."""
    pieces: dict[str, Any] = {}
    length = 0
    with suppress(FileNotFoundError), path.open("rb") as file:
        for line in file:
            try:
                key, value = json.loads(line)
            except (ValueError, TypeError):
                break
            if not line.endswith(b"\n") or not isinstance(key, str):
                break
            pieces[key] = value
            length += len(line)
    return pieces, length


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
        path.parent.rmdir()  # unless other questions have their pieces there


@cache
def _code() -> str:
    """A digest of the code that makes pieces, and of the libraries whose last bits may differ."""
    told = hashlib.sha256()
    root = Path(__file__).parent.parent
    for floor in FLOORS:
        for path in sorted((root / floor).glob("*.py")):
            told.update(path.name.encode() + b"\0" + path.read_bytes())
    versions: Mapping[str, str] = {name: version(name) for name in ("numpy", "scipy", "numba")}
    told.update(json.dumps(versions).encode())
    return told.hexdigest()

"""`--out DIR`: a folder that holds a whole run or stays as it was.

Everything is written into a hidden folder beside DIR (so on the same disk) and moved in when all of it is there. Files
that the manifest of an earlier run names and that this one does not write are removed: no old picture stays beside new
numbers.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sojourn.scenarios.companion import beside
from sojourn.scenarios.faults import Faults, fault
from sojourn.scenarios.untouched import Given, overwritten
from sojourn.terminal import plain

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

HIDDEN = ".sojourn-unfinished-"  # how the names of folders begin that are not yet whole
FRESH = 60.0  # seconds within which a folder may still have to be locked
MANIFEST = "manifest.json"
MEASURES = "measures.json"
REPORT = "report.html"


def encode(document: Mapping[str, Any]) -> str:
    """Return a document as JSON, the same for the same content; ValueError if a number in it is not finite."""
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def refused(path: str | Path, why: str, remedy: str, option: str = "--out") -> Faults:
    """Return the fault that says why nothing can be written at `path`."""
    return fault(option, plain(str(path)), why, remedy, str(path))


def reason(error: OSError) -> str:
    """Return why the system refused, in its words."""
    return (error.strerror or str(error) or "the system refused").lower()


@contextmanager
def staged(target: str, inputs: Iterable[Given] = ()) -> Iterator[Path]:
    """Yield an empty folder that becomes `target` when the block ends well; nothing of it stays when it does not.

    Faults where a file of it would take the place of one of the `inputs`, which the command reads.
    """
    folder, read = _readable(target), [one for one in inputs if one is not None]
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise refused(target, "is a file, not a folder", "name a folder that is there or may be made")
    if os.path.isdir(folder) and not os.access(folder, os.W_OK | os.X_OK):
        raise refused(target, "permission denied", "name a folder that you may write to")
    _spared(target, _earlier(folder), folder, read)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        staging = Path(tempfile.mkdtemp(prefix=HIDDEN, dir=folder.parent))
        held = _hold(staging)
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise refused(target, why, "name a folder that you may write to") from None
    try:
        yield staging
        _spared(target, {path.name for path in staging.iterdir()}, folder, read)
        _move(staging, folder)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise refused(target, reason(error), "make room or name another folder; nothing was changed") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if held is not None:
            os.close(held)


def _hold(folder: Path) -> int | None:
    """Lock a folder as one that somebody works in, which the system ends with the process; None where somebody does already."""
    if fcntl is None:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a disk that knows no locks
        os.close(handle)
        return None
    return handle


def _sweep(parent: Path) -> None:
    """Remove what commands left that were killed outright: hidden folders in which nobody works any more."""
    for folder in parent.glob(f"{HIDDEN}*"):
        with suppress(OSError):
            if folder.is_symlink() or not folder.is_dir() or time.time() - folder.stat().st_mtime < FRESH:
                continue
            held = _hold(folder)
            if held is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)


def _spared(target: str, names: Iterable[str], folder: Path, inputs: Iterable[Given]) -> None:
    """Faults if a file of `folder` that would be written anew, or removed with an earlier run, is one that is read."""
    inputs = list(inputs)
    for name in sorted(names):
        if overwritten(folder / name, inputs) is not None:
            why = f"the command reads {plain(name)} in that folder, and would replace or remove it"
            raise refused(target, why, "name another folder")


def writable(target: str, *, option: str = "--out", inputs: Iterable[Given] = (), draws: bool = False) -> Path:
    """Return the path of a file that may be written, as far as can be told; Faults where it surely may not.

    Args:
        target: the file.
        option: of the command line, for messages.
        inputs: what the command reads; none of it may be overwritten.
        draws: whether it is a scenario and its draws are written beside it.
    """
    path = _readable(target, option)
    if os.path.isdir(path):
        raise refused(target, "is a folder, not a file", "name the file to write", option)
    inputs = list(inputs)
    for place in (path, beside(path)) if draws else (path,):
        if (found := overwritten(place, inputs)) is not None:
            with_it = "" if place == path else f", by the draws that stand beside it ({plain(place.name)})"
            why = f"would overwrite {plain(found)}, which the command reads{with_it}"
            raise refused(target, why, "name another file to write", option)
    return path


def write_text(target: str, text: str, *, option: str = "--out") -> Path:
    """Write one file whole or not at all; Faults when the system refuses."""
    path = writable(target, option=option)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=HIDDEN, dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except (OSError, ValueError) as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise refused(target, why, "name a file that you may write", option) from None
    return path


def _readable(target: str, option: str = "--out") -> Path:
    """Return the path, if it is text that every library takes: not the bytes of an unknown encoding, no NUL."""
    if "\0" in target or not target or any("\ud800" <= c <= "\udfff" for c in target):
        raise refused(target, "is no usable name", "use a name of readable characters", option)
    path = Path(target).absolute()
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise refused(target, reason(error), "use another name", option) from None
    return path


def _move(staging: Path, folder: Path) -> None:
    names = sorted(path.name for path in staging.iterdir())
    os.chmod(staging, 0o777 & ~_umask())
    if not os.path.exists(folder):
        os.rename(staging, folder)
        return
    stale = _earlier(folder) - set(names)
    for name in [*(n for n in names if n != MANIFEST), *(n for n in names if n == MANIFEST)]:
        os.replace(staging / name, folder / name)
    for name in stale:
        path = folder / name
        if path.is_file() and not path.is_symlink():
            path.unlink()


def _earlier(folder: Path) -> set[str]:
    """Return the plain names that the manifest of an earlier run in `folder` lists."""
    try:
        listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        return {n for n in listed if isinstance(n, str) and n not in ("", ".", "..") and n == os.path.basename(n)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

"""Long work in pieces that have names: threads share it, a journal keeps it, and results depend on neither."""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from sojourn.sim.keeping import Keeper
from sojourn.sim.run import Progress
from sojourn.sim.sharing import in_turn, processors

Name = TypeVar("Name", bound=Hashable)
Found = TypeVar("Found")


class Help(NamedTuple):
    """What long work is helped by; it changes no result."""

    workers: int | None = None
    """Threads; all processors by default."""
    progress: Progress | None = None
    """Called with (pieces done, in all)."""
    kept: Keeper | None = None
    """Where pieces are looked up before they are worked on, and kept once they are done."""


def worked(
    names: Sequence[Name],
    work: Callable[[Name], Found],
    key: Callable[[Name], str],
    plain: Callable[[Found], Any],
    restored: Callable[[Any], Found],
    by: Help,
) -> dict[Name, Found]:
    """What `work` finds for each name (each once), in their order.

    Args:
        names: of the pieces.
        work: what is done for one; kernels do not hold Python's lock, so that threads share it.
        key: what a piece is kept under.
        plain: a piece as lists and numbers, so that it can be written down.
        restored: the same again.
        by: threads, progress and the journal.
    """
    asked = list(dict.fromkeys(names))
    known = {name: by.kept.get(key(name)) for name in asked} if by.kept is not None else {}
    found = {name: restored(one) for name, one in known.items() if one is not None}
    new = [name for name in asked if name not in found]
    threads = min(by.workers or processors(), max(len(new), 1))
    with ThreadPoolExecutor(threads) as pool:
        try:
            for name, one in zip(new, in_turn(pool, work, new, 2 * threads), strict=True):
                found[name] = one
                if by.kept is not None:
                    by.kept.put(key(name), plain(one))
                if by.progress is not None:
                    by.progress(len(found), len(asked))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return {name: found[name] for name in asked}

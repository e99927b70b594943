"""Long work in pieces that have names: threads share it, and its results do not depend on how many there are."""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sojourn.sim.run import Progress
from sojourn.sim.sharing import in_turn, processors

Name = TypeVar("Name", bound=Hashable)
Found = TypeVar("Found")


def worked(
    names: Sequence[Name],
    work: Callable[[Name], Found],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[Name, Found]:
    """What `work` finds for each name (each once), in their order. Kernels do not hold Python's lock: threads do."""
    asked = list(dict.fromkeys(names))
    found: dict[Name, Found] = {}
    threads = min(workers or processors(), max(len(asked), 1))
    with ThreadPoolExecutor(threads) as pool:
        try:
            for name, one in zip(asked, in_turn(pool, work, asked, 2 * threads), strict=True):
                found[name] = one
                if progress is not None:
                    progress(len(found), len(asked))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found

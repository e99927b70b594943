"""Work for several threads or processes, whose results come in order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

Task = TypeVar("Task")
Found = TypeVar("Found")

FEWEST = 50_000  # pieces of work for which a second thread is worth the while


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_turn(pool: Executor, work: Callable[[Task], Found], tasks: Iterable[Task], ahead: int) -> Iterator[Found]:
    """Results in the order of the tasks; no more than `ahead` tasks are begun before they are asked for."""
    begun: deque[Future[Found]] = deque()
    for task in tasks:
        begun.append(pool.submit(work, task))
        if len(begun) == ahead:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def in_slices(work: Callable[[int, int], None], size: int, workers: int) -> None:
    """Let several threads do `work(start, stop)`, a slice each, which together are `range(size)`."""
    if workers == 1 or size < FEWEST:
        work(0, size)
        return
    edges = [size * k // workers for k in range(workers + 1)]
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, edges[:-1], edges[1:]))

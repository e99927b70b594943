"""Work for several threads or processes, whose results come in order."""

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

Task = TypeVar("Task")
Found = TypeVar("Found")

FEWEST = 50_000  # customers for whom a second thread is worth the while
SLICE = 1 << 20  # small pieces of work of which a thread does as many before it asks for more


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


def by_turns(work: Callable[[int], None], count: int, workers: int) -> None:
    """Let this thread and others do `work(0)` to `work(count - 1)`, each taking the next that nobody has begun.

    So it does not matter when the others get going: a system may take milliseconds over it.
    """
    turns, one_at_a_time = iter(range(count)), Lock()

    def some() -> None:
        try:
            while True:
                with one_at_a_time:
                    turn = next(turns, None)
                if turn is None:
                    return
                work(turn)
        except BaseException:  # nobody begins anything more
            with one_at_a_time:
                deque(turns, maxlen=0)
            raise

    if min(workers, count) <= 1:
        some()
        return
    with ThreadPoolExecutor(min(workers, count) - 1) as pool:
        others = [pool.submit(some) for _ in range(min(workers, count) - 1)]
        some()
    for other in others:
        other.result()


def in_slices(work: Callable[[int, int], None], size: int, workers: int) -> None:
    """Let several threads do `work(start, stop)`, a slice each, which together are `range(size)`."""
    by_turns(lambda turn: work(turn * SLICE, min((turn + 1) * SLICE, size)), math.ceil(size / SLICE), workers)

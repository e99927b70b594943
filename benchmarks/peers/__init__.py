"""The engines side by side, one a file: each has `run(workload, customers, seed)`, which gives an `Outcome`."""

import time
from typing import NamedTuple


class Outcome(NamedTuple):
    """What one run of an engine leaves: what it simulated, and the time that the engine alone took for it."""

    visits: dict[str, int]  # entries by stage
    seconds: float  # CPU time of the process, user and system; no imports, no compilation, no counting of visits
    rows: int  # of the log, all in memory


class Clock:
    """CPU time of this process between entering and leaving."""

    seconds = 0.0

    def __enter__(self) -> "Clock":
        self._begun = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.process_time() - self._begun

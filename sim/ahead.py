"""What the second process of a first run does (see `beside`): it compiles what measures need, in the order of their need.

Each kernel is compiled for what it is called with everywhere, by a call on next to nothing (a test sees that runs ask for no
other forms).
"""

import gc
import os
import threading
from pathlib import Path

import numpy as np

from sojourn.sim import arranging, asking, counting, recording, sorting
from sojourn.sim import tables as at
from sojourn.sim.beside import MARK
from sojourn.sim.compiling import cache_folder
from sojourn.sim.follow_ups import FollowUps, read


def main() -> None:
    """Compile, and leave a mark; end at once when stdin ends."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    gc.set_threshold(200_000, 20, 50)  # as for commands: there is little to collect
    folder = cache_folder()
    if folder is not None:
        compile_all()
        (Path(folder) / MARK).touch()


def compile_all() -> None:
    """Call all kernels that put a log in order, measure it, or get it ready for files."""
    net, nobody = np.zeros(at.HEADER + 1), np.empty(0, dtype=np.int64)
    stage, sequence = np.zeros(1, dtype=np.int16), np.zeros(1, dtype=np.int32)
    row, day = np.zeros(1, dtype=np.int64), np.ones(1)
    arranging.interleave(
        net, recording.events(net, 0), 0, recording.events(net, 0), nobody, np.empty(0, dtype=np.int32), sequence[:0]
    )
    counting.by_stage(stage, 1)
    counting.stays(row, stage, sequence, day, 1.0, stage)
    read(FollowUps(day, stage, 1, None), days=[1.0])
    counting.tally(stage, sequence, day, np.linspace(0.0, 1.0, 2), 1)
    counting.reaching(day, day)
    asking.find(row, row, stage, sequence, day, 0.0, 1.0, np.zeros(1, dtype=np.bool_))
    asking.draw(net, nobody, 0, nobody, 0, np.empty((2, 0)))
    sorting.in_order(day, 1.0)
    sorting.laid_out(row, row, sequence, stage, day)


def _end_with_stdin() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)

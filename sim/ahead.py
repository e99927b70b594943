"""What the second process of a first run does (see `beside`): it compiles what measures need, in the order of their need.

Each kernel is compiled for what it is called with everywhere, by a call on next to nothing (a test sees that runs ask for no
other forms).
"""

import gc
import os
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sojourn.sim import arranging, asking, booking, counting, recording, sorting
from sojourn.sim import tables as at
from sojourn.sim.beside import MARK
from sojourn.sim.compiling import cache_folder
from sojourn.sim.follow_ups import FollowUps, read
from sojourn.sim.journeys import Floats


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
    counting.visits(stage, sequence, day, day, 1.0, 1)
    counting.bought(stage, sequence, day, np.zeros(1, dtype=np.bool_), np.zeros(1, dtype=np.bool_))
    counting.by_group(np.zeros(1, dtype=np.int8), nobody, nobody.astype(np.float64), 1)
    _keep_books(stage, sequence, day)
    read(FollowUps(day, stage, 1, None), days=[1.0])
    counting.tally(stage, sequence, day, np.linspace(0.0, 1.0, 2), 1)
    counting.reaching(day, day)
    asking.find(row, row, stage, sequence, day, 0.0, 1.0, np.zeros(1, dtype=np.bool_))
    asking.draw(net, nobody, 0, nobody, 0, np.empty((2, 0)))
    asking.start(net, at.nobody(net), nobody, day[:0])
    sorting.in_order(day, 1.0)
    sorting.laid_out(row, row, sequence, stage, day)


def _keep_books(stage: NDArray[np.int16], sequence: NDArray[np.int32], day: Floats) -> None:
    flags, nobody, table = np.zeros(1, dtype=np.bool_), np.empty(0, dtype=np.int64), np.zeros((1, 1))
    stays = booking.Stays(
        stage, sequence, day, day[:0], day[:0], nobody, 0, nobody, flags[:0], day[:0], day, stage[:0], 1.0
    )
    prices = booking.Prices(
        0.0, 0.0, flags, table, table, table, nobody, table[:0], np.zeros(1, dtype=np.int64), np.empty((5, 0))
    )
    booking.by_customer(stays, prices, day)
    booking.by_row(stays, prices, False, 1.0)
    booking.by_day(stays, prices, 2, 1.0)
    booking.grown_by(prices.nodes, 0.0, day)


def _end_with_stdin() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)

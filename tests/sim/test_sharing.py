"""Work that this thread and others take in turns."""

import itertools
import threading
from typing import Any

import numpy as np
import pytest

from sojourn.scenarios.files import loads
from sojourn.sim import recording
from sojourn.sim.arriving import arrivals
from sojourn.sim.compiled import Joined, Written, alone
from sojourn.sim.network import build
from sojourn.sim.sharing import by_turns, in_slices

PLAIN = """
format = 1
[scenario]
name = "plain"
start = "here"
horizon_days = 100
[arrivals]
rate_per_day = 3
[stages.here]
dwell = { law = "exponential", mean = 9 }
exits = { here = 0.7, gone = 0.3 }
[stages.gone]
end = true
[strategies.only]
"""


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_turn_is_taken_once(workers: int) -> None:
    taken: list[int] = []
    by_turns(taken.append, 40, workers)
    assert sorted(taken) == list(range(40))
    by_turns(taken.append, 0, workers)
    assert len(taken) == 40


def test_slices_cover_everything(monkeypatch: Any) -> None:
    monkeypatch.setattr("sojourn.sim.sharing.SLICE", 7)
    seen = np.zeros(50, dtype=int)

    def mark(start: int, stop: int) -> None:
        seen[start:stop] += 1

    in_slices(mark, 50, 3)
    assert seen.tolist() == [1] * 50


@pytest.mark.parametrize("here", [True, False])
def test_a_fault_ends_the_work_of_all(here: bool) -> None:
    """In this thread or in another one: turns that nobody has begun are not begun any more."""
    main, taken, other = threading.get_ident(), [], threading.Event()

    def work(turn: int) -> None:
        taken.append(turn)
        if (threading.get_ident() == main) == here:
            other.set()
            raise ValueError("no")
        other.wait(10)

    with pytest.raises(ValueError, match="no"):
        by_turns(work, 1000, 2)
    assert len(taken) < 10


def pieces(network: Any, edges: list[int], ids: Any, days: Any) -> list[tuple[int, int, Written]]:
    net = network.cells
    return [
        (turn, last, alone(net, ids, days, first, last)) for turn, (first, last) in enumerate(itertools.pairwise(edges))
    ]


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]])
@pytest.mark.parametrize("roomy", [True, False])
def test_chunks_that_come_in_any_order_make_one_log(order: list[int], roomy: bool, monkeypatch: Any) -> None:
    """Or room runs out at every chunk, with others placed and not yet copied."""
    if not roomy:
        monkeypatch.setattr(recording, "room", lambda used, share, now: used)
    network = build(loads(PLAIN), "only")
    ids, days = arrivals(network.cells, 400)
    whole = Joined(network.cells, 400)
    expected: Any = alone(network.cells, ids, days, 0, 400).log
    chunks = pieces(network, [0, 3, 100, 110, 300, 400], ids, days)
    for place in order:
        whole.take(*chunks[place])
    log = recording.trimmed(whole.log, whole.rows)
    assert [column.tolist() for column in log] == [column.tolist() for column in expected]


def test_nobody_waits_for_a_chunk_that_broke(monkeypatch: Any) -> None:
    """The next one needs wider room, and moves only once all that is on its way has arrived."""
    network = build(loads(PLAIN), "only")
    ids, days = arrivals(network.cells, 400)
    first, second = pieces(network, [0, 200, 400], ids, days)
    whole = Joined(network.cells, 400)
    monkeypatch.setattr(recording, "room", lambda used, share, now: used)

    def broken(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr(recording, "fill", broken)
        with pytest.raises(KeyboardInterrupt):
            whole.take(*first)
    other = threading.Thread(target=whole.take, args=second, daemon=True)
    other.start()
    other.join(20)
    assert not other.is_alive()

"""The page that is written, from made-up numbers; and work in other processes."""

import math
from typing import Any

import numpy as np
import pytest

from benchmarks import side_by_side
from benchmarks.growth import held
from benchmarks.peers.lineup import LIMIT, NAIVE, OURS, PEERS
from benchmarks.processes import Failed, call
from benchmarks.side_by_side import Timed
from benchmarks.tables import Figure, figures, page, table

TABLE = """\
| engine | rate | note |
| ------ | ---: | ---- |
| naive  |   52 |      |
| ours   |  7.1 | fast |"""


def test_a_table_reads_well() -> None:
    assert table(("engine", "rate", "note"), [("naive", "52", ""), ("ours", "7.1", "fast")]) == TABLE


@pytest.mark.parametrize(
    ("figure", "target", "verdict"),
    [
        (Figure("a", 1.6, "{:.2f} s", at_most=1.6), "at most 1.60 s", "met"),
        (Figure("a", 1.604, "{:.2f} s", at_most=1.6), "at most 1.60 s", "not met"),
        (Figure("a", 120.0, "{:.1f}", at_least=120.0), "at least 120.0", "met"),
        (Figure("a", 119.96, "{:.1f}", at_least=120.0), "at least 120.0", "not met"),
        (Figure("a", 119.0, "{:.1f}", at_least=120.0), "at least 120.0", "not met"),
        (Figure("a", 1234.0, "{:,.0f} bytes", at_most=60.0), "at most 60 bytes", "not met"),
        (Figure("a", 1.0, "{:.1f}"), "", ""),
        (Figure("a", math.nan, "{:.1f}", at_least=2.0), "at least 2.0", ""),
    ],
)
def test_a_figure_is_judged_unrounded(figure: Any, target: Any, verdict: Any) -> None:
    assert (figure.target, figure.verdict) == (target, verdict)


def test_a_page() -> None:
    text = page(["today"], [figures("Waits", "By hand.", [Figure("help", 0.25, "{:.2f} s", at_most=0.3)])])
    assert text.startswith("# Benchmarks\n\ntoday\n\n## Waits\n\nBy hand.\n\n| figure | measured | target")
    assert text.endswith("| help   |   0.25 s | at most 0.30 s | met |\n")


def test_ratios_are_of_medians() -> None:
    times: Any = {}
    for workload in ("W1", "W2"):
        times[NAIVE, workload] = Timed(100_000, [2.0, 9.0, 1.0], [{}] * 3)
        times[OURS, workload] = Timed(1_000_000, [0.2, 0.1, 0.3], [{}] * 3)
        times[LIMIT, workload] = Timed(1_000_000, [0.1, 0.1, 0.5], [{}] * 3)
    peers = [peer for peer in PEERS if peer.title in (NAIVE, OURS, LIMIT, "Ciw")]
    both, asked, each = side_by_side.sections(peers, times, {"Ciw": "not installed"}, 3)
    rows = {row[0]: row for row in both.rows}
    assert rows[NAIVE][1:6] == ["100,000", "50", "1", "50", "1"]
    assert rows[OURS][1:6] == ["1,000,000", "5,000", "100", "5,000", "100"]
    assert rows["Ciw"] == ["Ciw", "10,000", "-", "-", "-", "-", "not installed"]
    assert [row[1:] for row in asked.rows[:2]] == [
        ("100.0", "at least 120.0", "not met"),
        ("2.00", "at most 1.60", "not met"),
    ]
    assert asked.rows[2][1:] == ("100.0", "at least 80.0", "met")
    assert each.rows[0] == [NAIVE, "2 9 1", "2 9 1"]


def test_a_peer_that_failed_on_the_way_has_no_time() -> None:
    times = {(NAIVE, "W1"): Timed(10, [1.0, 1.0], [{}] * 2), ("Ciw", "W1"): Timed(10, [1.0], [{}])}
    both, *_ = side_by_side.sections(PEERS[:2], times, {"Ciw": "failed on W1: out of memory"}, 2)
    assert both.rows[1][2:] == ["-", "-", "-", "-", "failed on W1: out of memory"]


def test_memory_counts_once_and_only_where_it_is() -> None:
    column = np.zeros(10)
    assert held([column, column[:], np.broadcast_to(0.0, 10), np.zeros(3, dtype=np.int16)]) == 86


def test_work_in_another_process() -> None:
    assert call("benchmarks.tables:table", ["a"], [["bcd"]]) == "| a   |\n| --- |\n| bcd |"
    with pytest.raises(Failed, match="ValueError: "):
        call("benchmarks.tables:table", ["a"], [["b", "c"]])

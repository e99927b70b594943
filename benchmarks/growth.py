"""What ten times the customers cost: CPU time and memory a customer, and memory beside the log's columns."""

import statistics
from typing import Any

import numpy as np

from benchmarks.processes import call, peak
from benchmarks.side_by_side import say
from benchmarks.tables import Figure, Section, figures
from benchmarks.workloads import WORKLOADS

TINY = 100  # customers of the run whose memory is taken off
SLOWER, BESIDE = 1.5, 60.0  # times the CPU time a customer; bytes a customer beside the columns


def held(columns: Any) -> int:
    """Bytes of columns that are really there: memory that two share counts once, and a repeated single value not at all."""
    places = {}
    for column in columns:
        array = np.asarray(column)
        if any(stride == 0 for stride in array.strides):
            continue
        places[array.__array_interface__["data"][0]] = array.nbytes
    return sum(places.values())


def lived(workload: str, customers: int, seed: int) -> dict[str, float]:
    """One run of our compiled engine: CPU seconds, peak memory of the process and of the log's columns, bytes."""
    from benchmarks.peers import sojourn_compiled
    from sojourn.sim.journeys import Log

    journeys, seconds = sojourn_compiled.lived(WORKLOADS[workload], customers, seed)
    most = peak()  # before anything else is allocated
    events = journeys.events
    columns = held([*(getattr(events, name) for name in Log._fields), *events.contacts])
    return {"seconds": seconds, "peak": most, "columns": columns}


def section(rounds: int, small: int) -> Section:
    """Growth from `small` customers to ten times as many."""
    found = []
    large = 10 * small
    for workload in WORKLOADS:
        call("benchmarks.growth:lived", workload, TINY, 1)  # compiles, where that has not been done
        runs: dict[int, list[dict[str, float]]] = {TINY: [], small: [], large: []}
        for number in range(1, rounds + 1):
            for customers, got in runs.items():
                say(f"growth, round {number} of {rounds}: {workload}, {customers:,} customers")
                got.append(call("benchmarks.growth:lived", workload, customers, number))
        empty = statistics.median(run["peak"] for run in runs[TINY])
        seconds = {n: statistics.median(run["seconds"] for run in runs[n]) / n for n in (small, large)}
        memory = {n: (statistics.median(run["peak"] for run in runs[n]) - empty) / n for n in (small, large)}
        for n in (small, large):
            found.append(Figure(f"{workload}, CPU time, {n:,} customers", 1e9 * seconds[n], "{:,.0f} ns a customer"))
        found.append(
            Figure(
                f"{workload}, CPU time a customer, large to small",
                seconds[large] / seconds[small],
                "{:.3f}",
                None,
                SLOWER,
            )
        )
        for n in (small, large):
            found.append(Figure(f"{workload}, peak memory, {n:,} customers", memory[n], "{:,.0f} bytes a customer"))
        found.append(
            Figure(
                f"{workload}, peak memory a customer, large to small",
                memory[large] / memory[small],
                "{:.3f}",
                None,
                1.0,
            )
        )
        if workload == "W1":
            columns = statistics.median(run["columns"] for run in runs[small]) / small
            found.append(
                Figure(f"{workload}, the log's columns, {small:,} customers", columns, "{:,.0f} bytes a customer")
            )
            beside = memory[small] - columns
            what = f"{workload}, peak memory beside the columns, {small:,} customers"
            found.append(Figure(what, beside, "{:,.0f} bytes a customer", None, BESIDE))
    how = (
        f"Our compiled engine, medians of {rounds} interleaved rounds, each run in a process of its own. Peak memory is the "
        f"process's largest resident size less that of the same process with {TINY} customers. Of the log's columns those "
        "count that are really allocated."
    )
    return figures("Growth", how, found)

"""Two workers against one, and the small scenario on both of our engines."""

import inspect
import math
import statistics
import time
from typing import Any

from benchmarks.processes import ROOT, call
from benchmarks.side_by_side import say
from benchmarks.tables import Figure, Section, figures
from benchmarks.workloads import WORKLOADS, document

FIRST = ROOT / "tests" / "scenarios" / "first.toml"
TWICE, FASTER = 1.6, 40.0  # times one worker; times our SimPy engine
TINY = 100


def one_run(workload: str, customers: int, workers: int) -> float:
    """Seconds on the wall for one replication of a workload by so many workers."""
    from sojourn.scenarios.files import loads
    from sojourn.sim.network import build
    from sojourn.sim.run import simulate

    network = build(loads(document(WORKLOADS[workload], customers)), "baseline")
    simulate(network, customers=TINY)
    begun = time.perf_counter()
    shared: dict[str, Any] = {"workers": workers}
    simulate(network, customers=customers, **shared)
    return time.perf_counter() - begun


def shares_a_run() -> bool:
    """Whether one replication can be shared by workers at all."""
    from sojourn.sim.run import simulate

    return "workers" in inspect.signature(simulate).parameters


def replications(count: int, workers: int) -> float:
    """Seconds on the wall for replications of the small scenario, all of its strategies, with measures."""
    from sojourn.scenarios.files import load
    from sojourn.sim.run import run

    scenario = load(FIRST)
    run(scenario, customers=TINY, replications=1)
    begun = time.perf_counter()
    run(scenario, replications=count, workers=workers)
    return time.perf_counter() - begun


def small(engine: str, seed: int) -> float:
    """CPU seconds of one engine for one replication of the small scenario under its first strategy."""
    from benchmarks.peers import Clock
    from sojourn.scenarios.files import load
    from sojourn.sim.network import build
    from sojourn.sim.run import simulate

    scenario = load(FIRST)
    network = build(scenario, next(iter(scenario.strategies)))
    simulate(network, customers=TINY, engine=engine)
    with Clock() as clock:
        simulate(network, seed=seed, engine=engine)
    return clock.seconds


def two_to_one(function: str, rounds: int, *arguments: object) -> float:
    """The median wall time of one worker over that of two."""
    walls: dict[int, list[float]] = {1: [], 2: []}
    for number in range(1, rounds + 1):
        for workers, seconds in walls.items():
            say(f"workers, round {number} of {rounds}: {function}, {workers}")
            seconds.append(call(f"benchmarks.workers:{function}", *arguments, workers))
    return statistics.median(walls[1]) / statistics.median(walls[2])


def sections(rounds: int, customers: int, count: int) -> list[Section]:
    """Workers, and the small scenario's engines."""
    shares = call("benchmarks.workers:shares_a_run")
    ratio = two_to_one("one_run", rounds, "W1", customers) if shares else math.nan
    found = [Figure(f"W1, {customers:,} customers, two workers", ratio, "{:.2f} times as fast", at_least=TWICE)]
    ratio = two_to_one("replications", rounds, count)
    found.append(
        Figure(f"first.toml, {count} replications, two workers", ratio, "{:.2f} times as fast", at_least=TWICE)
    )
    how = (
        f"Wall time of one worker over that of two, medians of {rounds} interleaved rounds. W1 is the engine alone; first.toml "
        "is all its strategies with their measures, and the start of the workers is part of it."
    )
    workers = figures("Two workers", how, found)
    times: dict[str, list[float]] = {"compiled": [], "simpy": []}
    for number in range(1, rounds + 1):
        for engine, seconds in times.items():
            say(f"first.toml, round {number} of {rounds}: {engine}")
            seconds.append(call("benchmarks.workers:small", engine, number))
    compiled, simpy = (statistics.median(times[engine]) for engine in ("compiled", "simpy"))
    how = f"CPU time of one replication under the first strategy, the engine alone, medians of {rounds} interleaved rounds."
    found = [
        Figure("our SimPy engine", 1000.0 * simpy, "{:,.0f} ms"),
        Figure("compiled", 1000.0 * compiled, "{:,.1f} ms"),
        Figure("times our SimPy engine", simpy / compiled, "{:.1f}", at_least=FASTER),
    ]
    return [workers, figures("first.toml on both engines", how, found)]

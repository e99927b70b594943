"""What a user waits for: commands from start to result."""

import statistics
import tempfile

from benchmarks.processes import ROOT, Command, call, command
from benchmarks.side_by_side import say
from benchmarks.tables import Figure, Section, figures
from benchmarks.workloads import FULL

RUN = ("run", "point-of-no-return", "--strategy", "today", "--customers", "100000", "--replications", "1")
WARM, COLD, HELP, VALIDATE, FILES = 2.0, 20.0, 0.3, 0.6, 4.0  # seconds; times the engine's own time


def waits(rounds: int, colds: int) -> list[Figure]:
    """Seconds on the wall of a run, warm and cold, of `--help` and of `validate`."""
    walls: dict[tuple[str, ...], list[float]] = {RUN: [], ("--help",): [], ("validate", RUN[1]): []}
    command(RUN)  # compiles and fills the caches
    for number in range(1, rounds + 1):
        for arguments, seconds in walls.items():
            say(f"commands, round {number} of {rounds}: sojourn {arguments[0]}")
            seconds.append(command(arguments).wall)
    cold = []
    for number in range(1, colds + 1):
        say(f"commands, cold run {number} of {colds}")
        with tempfile.TemporaryDirectory() as folder:
            cold.append(command(RUN, XDG_CACHE_HOME=folder).wall)
    warm, helped, validated = (statistics.median(seconds) for seconds in walls.values())
    return [
        Figure("sojourn run, warm", warm, "{:.2f} s", at_most=WARM),
        Figure("sojourn run, cold", statistics.median(cold), "{:.1f} s", at_most=COLD),
        Figure("sojourn --help", helped, "{:.2f} s", at_most=HELP),
        Figure("sojourn validate", validated, "{:.2f} s", at_most=VALIDATE),
    ]


def written(customers: int) -> Command:
    """What a run of W1 took that writes its files into a folder."""
    source = str(ROOT / "benchmarks" / "w1.toml")
    with tempfile.TemporaryDirectory() as folder:
        return command(("run", source, "--customers", str(customers), "--replications", "1", "--out", folder))


def files(rounds: int, customers: int) -> list[Figure]:
    """A run of W1 that writes files, against the engine's own time."""
    took: dict[str, list[Command]] = {"start": [], "whole": []}
    own = []
    written(100)  # compiles, where that has not been done
    for number in range(1, rounds + 1):
        say(f"files, round {number} of {rounds}")
        own.append(call("benchmarks.side_by_side:one", "sojourn_compiled", "W1", customers, number)["seconds"])
        took["start"].append(written(100))
        took["whole"].append(written(customers))
    engine = statistics.median(own)
    wall, cpu = (statistics.median(times) for times in zip(*took["whole"], strict=True))
    begun, start = (statistics.median(times) for times in zip(*took["start"], strict=True))
    return [
        Figure("the engine's own CPU time", engine, "{:.2f} s"),
        Figure("the whole command, wall time", wall, "{:.2f} s"),
        Figure("the whole command, wall time over the engine's", wall / engine, "{:.1f}", at_most=FILES),
        Figure("the whole command, CPU time over the engine's", cpu / engine, "{:.1f}", at_most=FILES),
        Figure("the same less a run of 100 customers, wall time", (wall - begun) / engine, "{:.1f}", at_most=FILES),
        Figure("the same less a run of 100 customers, CPU time", (cpu - start) / engine, "{:.1f}", at_most=FILES),
    ]


def sections(rounds: int, colds: int, customers: int = FULL) -> list[Section]:
    """Waiting times, and files."""
    how = (
        f"Wall time from command to result, medians of {rounds} interleaved rounds and of {colds} cold ones; the run is "
        f"`sojourn {' '.join(RUN)}`, and a cold one finds no cache of compiled code."
    )
    first = figures("Commands", how, waits(rounds, colds))
    how = (
        f"`sojourn run w1.toml --customers {customers} --replications 1 --out DIR`, which measures and writes too, medians of "
        f"{rounds} interleaved rounds."
    )
    return [first, figures("Files", how, files(rounds, customers))]

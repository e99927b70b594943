"""The engines side by side on both workloads: first whether they agree, then how fast they are."""

import statistics
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from shutil import which
from typing import Any, NamedTuple

from benchmarks.peers.lineup import LIMIT, NAIVE, OURS, Peer
from benchmarks.processes import Failed, call
from benchmarks.tables import Figure, Section, figures
from benchmarks.workloads import WORKLOADS

FALSE_ALARM = 1e-4  # chance that a whole run is stopped although all engines agree
AT_LEAST = {"W1": 120.0, "W2": 80.0}  # times naive SimPy
OF_LIMIT = 1.6  # times C's CPU time


class Disagreement(Exception):
    """Engines do not simulate the same thing, so their times mean nothing."""


class Timed(NamedTuple):
    """One engine on one workload."""

    customers: int
    seconds: list[float]  # by round
    visits: list[dict[str, int]]  # by round

    @property
    def rate(self) -> float:
        """Thousand customers per CPU second, by the median."""
        return self.customers / statistics.median(self.seconds) / 1000.0


NOBODY = Timed(0, [], [])
Times = dict[tuple[str, str], Timed]


def one(module: str, workload: str, customers: int, seed: int) -> dict[str, Any]:
    """One run of a peer, in its own process."""
    outcome = import_module(f"benchmarks.peers.{module}").run(WORKLOADS[workload], customers, seed)
    return {"visits": outcome.visits, "seconds": outcome.seconds, "rows": outcome.rows}


def say(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr, flush=True)


def absent(peer: Peer) -> str:
    """Why a peer cannot take part, empty if it can."""
    if peer.needs and find_spec(peer.needs) is None:
        return f"not installed: pip install '.[bench]' brings {peer.needs}"
    if peer.title == LIMIT and which("gcc") is None:
        return "not built: there is no gcc"
    return ""


def measure(peers: Sequence[Peer], rounds: int) -> tuple[Times, dict[str, str]]:
    """Interleaved rounds over all peers and workloads: times, and by title why a peer is missing."""
    times: Times = {}
    missing = {peer.title: why for peer in peers if (why := absent(peer))}
    for number in range(1, rounds + 1):
        for peer in peers:
            for workload in WORKLOADS:
                if peer.title in missing:
                    continue
                say(f"round {number} of {rounds}: {peer.title}, {workload}")
                try:
                    got = call("benchmarks.side_by_side:one", peer.module, workload, peer.customers, number)
                except Failed as error:
                    if not peer.needs:
                        raise
                    missing[peer.title] = f"failed on {workload}: {error}"
                    continue
                timed = times.setdefault((peer.title, workload), Timed(peer.customers, [], []))
                timed.seconds.append(got["seconds"])
                timed.visits.append(got["visits"])
    return times, missing


def check(peers: Sequence[Peer], times: Times, rounds: int) -> None:
    """Raise Disagreement where an engine's visits are not those of our compiled engine."""
    chance = FALSE_ALARM / (len(peers) * len(WORKLOADS))
    for workload in WORKLOADS:
        for customers in sorted({peer.customers for peer in peers}):
            others: dict[str, dict[str, Any]] = {
                peer.title: {"visits": times[peer.title, workload].visits, "same_draws": peer.same_draws}
                for peer in peers
                if peer.customers == customers and len(times.get((peer.title, workload), NOBODY).visits) == rounds
            }
            if not others:
                continue
            say(f"do the engines agree on {workload} with {customers:,} customers?")
            seeds = list(range(1, rounds + 1))
            told = call("benchmarks.agreement:compare", workload, customers, seeds, others, chance)
            wrong = [f"{title}, {workload}: {line}" for title, lines in told.items() for line in lines]
            if wrong:
                raise Disagreement("\n".join(["The engines do not agree with sojourn's compiled one:", *wrong]))


def sections(peers: Sequence[Peer], times: Times, missing: dict[str, str], rounds: int) -> list[Section]:
    """The table of engines, and what is asked of ours."""
    rows = []
    for peer in peers:
        cells = [peer.title, f"{peer.customers:,}"]
        for workload in WORKLOADS:
            timed, naive = times.get((peer.title, workload)), times.get((NAIVE, workload))
            whole = timed is not None and len(timed.seconds) == rounds
            cells.append(f"{timed.rate:,.0f}" if timed is not None and whole else "-")
            ratio = timed.rate / naive.rate if timed is not None and naive is not None and whole else 0.0
            cells.append((f"{ratio:,.0f}" if ratio >= 10.0 else f"{ratio:.2g}") if ratio else "-")
        rows.append([*cells, missing.get(peer.title, peer.note)])
    how = (
        f"Thousand customers per CPU second: the median of {rounds} interleaved rounds, each run in a process of its own, the "
        "engine alone with its whole log in memory; imports, compilation, files and measures are left out. Visits by stage "
        "agreed with sojourn's compiled engine before any time was looked at: those with the same draws to the last visit, the "
        f"others by Student's t against replications of the same size, with one false alarm in {1 / FALSE_ALARM:,.0f} such "
        "benchmarks."
    )
    header = ("engine", "customers", "W1, thousand a second", "times naive", "W2, thousand a second", "times naive", "")
    return [
        Section("Side by side", how, header, rows),
        figures("Asked of the compiled engine", ASKED, targets(times)),
        Section("Every round", EACH, ("engine", *WORKLOADS), by_round(peers, times)),
    ]


ASKED = "From the table above: our rate over that of naive SimPy, and our CPU time a customer over that of C."


EACH = "CPU seconds of each round, in their order: how much the machine's other work disturbed them."


def by_round(peers: Sequence[Peer], times: Times) -> list[list[str]]:
    """CPU seconds of all rounds."""
    rows = []
    for peer in peers:
        own = [times.get((peer.title, workload), NOBODY).seconds for workload in WORKLOADS]
        if any(own):
            rows.append([peer.title, *(" ".join(f"{second:.3g}" for second in seconds) for seconds in own)])
    return rows


def targets(times: Times) -> list[Figure]:
    """Ours against naive SimPy and against the limit."""
    found = []
    for workload, least in AT_LEAST.items():
        ours, naive, limit = (times.get((title, workload)) for title in (OURS, NAIVE, LIMIT))
        if ours is not None and naive is not None:
            found.append(Figure(f"{workload}, times naive SimPy", ours.rate / naive.rate, "{:.1f}", at_least=least))
        if ours is not None and limit is not None:
            found.append(Figure(f"{workload}, times C's CPU time", limit.rate / ours.rate, "{:.2f}", at_most=OF_LIMIT))
    return found

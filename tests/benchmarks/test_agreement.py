"""Peers visit stages as often as our compiled engine does, and a peer that does not is noticed."""

from dataclasses import replace
from importlib import import_module
from shutil import which
from typing import Any

import pytest

from benchmarks import side_by_side
from benchmarks.agreement import compare, differences, yardstick
from benchmarks.peers.lineup import PEERS, Peer
from benchmarks.processes import call
from benchmarks.workloads import STAGES, WORKLOADS, Desk, Stage

CUSTOMERS, SEEDS = 2000, (1, 2)
FALSE_ALARM = 1e-6  # of each test; with the seeds fixed it passes always or never
OTHERS = [peer for peer in PEERS if not peer.same_draws]
SAME = [peer for peer in PEERS if peer.same_draws and peer.module != "sojourn_compiled"]


@pytest.fixture(scope="module")
def expected() -> Any:
    return {
        name: yardstick(workload, CUSTOMERS, range(1000, 1030)) for name, workload in WORKLOADS.items()
    }  # 30 replications


def visits(peer: Any, workload: Any, seeds: Any = SEEDS, customers: Any = CUSTOMERS) -> Any:
    if peer.needs:
        pytest.importorskip(peer.needs)
        # In a process of its own, as benchmarked: cimba does not compile beside other compiled code, and takes seconds to.
        return [call("benchmarks.side_by_side:one", peer.module, workload.name, customers, seeds[0])["visits"]]
    if peer.module == "c_program" and which("gcc") is None:
        pytest.skip("there is no gcc")
    run = import_module(f"benchmarks.peers.{peer.module}").run
    return [run(workload, customers, seed).visits for seed in seeds]


@pytest.mark.parametrize("name", WORKLOADS)
@pytest.mark.parametrize("peer", OTHERS, ids=lambda peer: peer.module)
def test_peers_agree(peer: Any, name: Any, expected: Any) -> None:
    assert differences(visits(peer, WORKLOADS[name]), expected[name], FALSE_ALARM) == []


@pytest.mark.parametrize("name", WORKLOADS)
@pytest.mark.parametrize("peer", SAME, ids=lambda peer: peer.module)
def test_engines_with_our_draws_give_our_visits(peer: Any, name: Any) -> None:
    other = {"visits": visits(peer, WORKLOADS[name], SEEDS[:1]), "same_draws": True}
    assert compare(name, CUSTOMERS, SEEDS[:1], {"it": other}, FALSE_ALARM) == {"it": []}


def test_the_log_is_whole() -> None:
    for module in ("naive_simpy", "plain_heapq"):
        outcome = import_module(f"benchmarks.peers.{module}").run(WORKLOADS["W2"], 300, 1)
        assert outcome.rows == sum(outcome.visits.values())


def changed(name: Any, stage: Any, **exits: Any) -> Any:
    workload = WORKLOADS[name]
    _, first, sigma, _ = STAGES[stage]
    return replace(workload, stages={**STAGES, stage: Stage(STAGES[stage].law, first, sigma, exits)})


@pytest.mark.parametrize("module", ["naive_simpy", "plain_heapq"])
def test_a_wrong_probability_is_noticed(module: Any, expected: Any) -> None:
    wrong = changed("W1", "awareness", consideration=0.45, churned=0.55)
    (peer,) = [peer for peer in PEERS if peer.module == module]
    (told, *_) = differences(visits(peer, wrong), expected["W1"], FALSE_ALARM)
    assert told.startswith("consideration is visited")
    assert "standard errors" in told


class Short(Desk):
    """One agent with the handle time of ten."""

    def days(self, customers: Any) -> Any:
        return Desk().days(customers)


def test_a_desk_with_too_few_agents_is_noticed() -> None:
    workload: Any = WORKLOADS["W2"]
    (peer,) = [peer for peer in PEERS if peer.module == "plain_heapq"]
    found = visits(peer, replace(workload, desk=Short(agents=1)), (1, 2, 3, 4), 10_000)
    assert differences(found, yardstick(workload, 10_000, range(1000, 1030)), FALSE_ALARM)


def test_one_missing_customer_is_noticed(expected: Any) -> None:
    found = {**expected["W1"][0], "awareness": CUSTOMERS - 1}
    assert differences([found], expected["W1"], FALSE_ALARM)[0].startswith("awareness")


def test_a_disagreement_stops_the_benchmark(monkeypatch: Any) -> None:
    monkeypatch.setattr(side_by_side, "call", lambda _, *arguments: compare(*arguments))
    peer = Peer("twin", "twin", 500, same_draws=True)
    own = yardstick(WORKLOADS["W1"], 500, [1])
    times = {("twin", "W1"): side_by_side.Timed(500, [0.1], own)}
    side_by_side.check([peer], times, 1)
    own[0]["loyalty"] += 1
    with pytest.raises(
        side_by_side.Disagreement, match=r"twin, W1: loyalty is visited \d+ times and not \d+, with seed 1"
    ):
        side_by_side.check([peer], times, 1)

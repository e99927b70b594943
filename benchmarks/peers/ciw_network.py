"""Ciw: stages as nodes with endless servers, the desk as a node of its own, where callers renege."""

import math
import random
from collections import Counter
from typing import Any

import ciw  # type: ignore[import-not-found, import-untyped, unused-ignore]

from benchmarks.peers import Clock, Outcome
from benchmarks.workloads import HORIZON, NAMES, START, UNTIL_DAY, Desk, Stage, Workload

NODES = {name: number for number, name in enumerate(NAMES[:-1], start=1)}  # churned is Ciw's exit
SUPPORT = len(NODES) + 1
EXIT = -1


class After(ciw.routing.NodeRouting):  # type: ignore[misc, no-any-unimported, unused-ignore]
    """Where the dwell after a contact leads: the chance of becoming loyal falls with the wait that has just ended."""

    def __init__(self, stage: Stage, desk: Desk, mean: float) -> None:
        self.chance, self.loyal = stage.exits[desk.loyal], NODES[desk.loyal]
        self.per_day = desk.per_mean_handle_waited / mean

    def next_node(self, ind: Any) -> Any:
        """The next node."""
        last = ind.data_records[-1]
        waited = last.waiting_time if last.node == SUPPORT else 0.0
        logit = math.log(self.chance / (1.0 - self.chance)) + self.per_day * waited
        loyal = random.random() * (1.0 + math.exp(-logit)) < 1.0
        return self.simulation.nodes[self.loyal if loyal else EXIT]


class Back(ciw.routing.Direct):  # type: ignore[misc, no-any-unimported, unused-ignore]
    """From the desk to the stage, served or not."""

    def next_node_for_jockeying(self, ind: Any) -> Any:
        """Those who renege go the same way."""
        return self.next_node(ind)


def network(workload: Workload, customers: int) -> Any:
    """The queueing network."""
    gaps = [random.expovariate(customers / UNTIL_DAY) for _ in range(customers)]
    services, routers = [], []
    desk = workload.desk
    for name in NODES:
        stage = workload.stages[name]
        if stage.law == "lognormal":
            services.append(ciw.dists.Lognormal(math.log(stage.first), stage.sigma))
        else:
            services.append(ciw.dists.Exponential(1.0 / stage.first))
        exits = {to: share for to, share in stage.exits.items() if to in NODES}
        if desk is not None and desk.stage in exits:  # a part goes by way of the desk
            share = exits.pop(desk.stage)
            targets = [*(NODES[to] for to in exits), SUPPORT, NODES[desk.stage]]
            routers.append(
                ciw.routing.Probabilistic(targets, [*exits.values(), share * desk.asks, share * (1.0 - desk.asks)])
            )
        elif desk is not None and name == desk.stage:
            routers.append(After(stage, desk, desk.days(customers)))
        else:
            routers.append(ciw.routing.Probabilistic([NODES[to] for to in exits], list(exits.values())))
    servers, reneging = [float("inf")] * len(NODES), [None] * len(NODES)
    if desk is not None:
        handle = ciw.dists.Exponential(1.0 / desk.days(customers))
        services.append(handle)
        servers.append(desk.agents)
        reneging.append(handle)  # patience has the same law
        routers.append(Back(to=NODES[desk.stage]))
    arrivals = [None] * len(services)
    arrivals[NODES[START] - 1] = ciw.dists.Sequential([*gaps, float("inf")])
    return ciw.create_network(
        arrival_distributions=arrivals,
        service_distributions=services,
        number_of_servers=servers,
        reneging_time_distributions=reneging,
        routing=ciw.routing.NetworkRouting(routers=routers),
    )


def run(workload: Workload, customers: int, seed: int) -> Outcome:
    """One replication."""
    ciw.seed(seed)
    with Clock() as clock:
        simulation = ciw.Simulation(network(workload, customers))
        simulation.simulate_until_max_time(HORIZON)
    records = simulation.get_all_records(include_incomplete=True)
    visits = Counter(dict.fromkeys(NAMES, 0))
    for record in records:
        # A stage that is entered by way of the desk is entered at the request: its node's record only starts the dwell.
        if record.node != SUPPORT:
            visits[NAMES[record.node - 1]] += 1
        if record.destination == EXIT:
            visits[NAMES[-1]] += 1
    if workload.desk is not None:
        still = [node.number_of_individuals for node in simulation.transitive_nodes if node.id_number == SUPPORT]
        visits[workload.desk.stage] += sum(still)
    return Outcome(dict(visits), clock.seconds, len(records))

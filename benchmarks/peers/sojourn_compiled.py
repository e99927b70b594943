"""Our compiled engine."""

import numpy as np

from benchmarks.peers import Clock, Outcome
from benchmarks.workloads import Workload, document
from sojourn.scenarios.files import loads
from sojourn.sim.journeys import Journeys
from sojourn.sim.network import build
from sojourn.sim.run import simulate

ENGINE = "compiled"
WARM = 100  # customers of a first run, so that everything is compiled or loaded before time counts


def lived(workload: Workload, customers: int, seed: int, engine: str = ENGINE) -> tuple[Journeys, float]:
    """The journeys, and CPU seconds."""
    simulate(build(loads(document(workload, WARM)), "baseline"), seed=seed, customers=WARM, engine=engine)
    network = build(loads(document(workload, customers)), "baseline")
    with Clock() as clock:
        journeys = simulate(network, seed=seed, customers=customers, engine=engine)
    return journeys, clock.seconds


def run(workload: Workload, customers: int, seed: int, engine: str = ENGINE) -> Outcome:
    """One replication."""
    journeys, seconds = lived(workload, customers, seed, engine)
    counts = np.bincount(journeys.events.stage, minlength=len(journeys.stages))
    return Outcome(dict(zip(journeys.stages, counts.tolist(), strict=True)), seconds, journeys.events.time.size)

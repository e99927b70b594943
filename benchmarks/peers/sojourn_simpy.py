"""Our SimPy engine: the readable reference, with the compiled engine's journeys to the last bit."""

from benchmarks.peers import Outcome, sojourn_compiled
from benchmarks.workloads import Workload


def run(workload: Workload, customers: int, seed: int) -> Outcome:
    """One replication."""
    return sojourn_compiled.run(workload, customers, seed, engine="simpy")

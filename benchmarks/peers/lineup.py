"""Who takes part, with how many customers, and what must be said about it."""

from typing import NamedTuple


class Peer(NamedTuple):
    """An engine. `same_draws`: it gives the compiled engine's journeys to the last visit."""

    title: str
    module: str  # of benchmarks.peers
    customers: int
    note: str = ""
    same_draws: bool = False
    needs: str = ""  # module of the extra `bench`


NAIVE, OURS, LIMIT = "naive SimPy", "sojourn, compiled", "C, gcc -O3"
PEERS = (
    Peer(NAIVE, "naive_simpy", 100_000, "a process a customer, as in SimPy's pages"),
    Peer("Ciw", "ciw_network", 10_000, "fewer customers: its time a customer grows with them", needs="ciw"),
    Peer("sojourn, SimPy", "sojourn_simpy", 100_000, "the readable reference", same_draws=True),
    Peer("plain Python, heapq", "plain_heapq", 100_000, "no library"),
    Peer(
        "cimba", "cimba_model", 100_000, "fewer customers: at 1,000,000 it cannot allocate their stacks", needs="cimba"
    ),
    Peer(OURS, "sojourn_compiled", 1_000_000, same_draws=True),
    Peer(LIMIT, "c_program", 1_000_000, "the limit: the same algorithm and draws, nothing else", same_draws=True),
)

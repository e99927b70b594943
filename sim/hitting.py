"""Which of two sets of stages a customer gets to first, on any semi-Markov scenario."""

from collections.abc import Mapping, Sequence

import numpy as np

from sojourn.sim.chains import Floats, Solved, chains, sets, shared
from sojourn.sim.network import Network
from sojourn.sim.obstacles import Asked


def ever(network: Network, loyal: Sequence[str], lost: Sequence[str] = ()) -> dict[str, Floats]:
    """The chance to enter a stage of `loyal` before any of `lost`, however long it takes, by segment and by the stage that a
    customer has just entered; shape (stages,). 1 in the stages of `loyal`, 0 in those of `lost`.

    What happens from there on does not matter and may be anything. Raises Faults where it cannot be solved for a stage that
    arrivals get to before; NaN for other stages that cannot be solved.
    """
    good, bad = sets(network, loyal, lost)
    found = {}
    for name, chain in zip(network.segments, chains(network, Asked(), good | bad), strict=True):
        chance = good.astype(np.float64)
        # Only where `loyal` can be reached: there I - P has an inverse, whatever else goes round in circles.
        on = chain.leading_to(good) & ~good
        moves = chain.matrix(lambda stay: stay.shares)
        inside, into = moves[np.ix_(on, on)], moves[np.ix_(on, good)].sum(axis=1)
        chance[on] = np.linalg.solve(np.eye(int(on.sum())) - inside, into)
        chance[chain.unknown] = np.nan
        found[name] = chance
    return found


def conversion(network: Network) -> float:
    """The share of arrivals who ever enter a stage of role `purchase`; what happens after it does not matter.

    Raises Faults where it cannot be solved, or where no stage has the role.
    """
    buying = [name for name, stage in network.scenario.stages.items() if stage.role == "purchase"]
    return of_arrivals(network, ever(network, buying))


def of_arrivals(network: Network, figure: Mapping[str, Floats]) -> float:
    """The average over customers who arrive of a figure by segment and start, such as `ever` or `within` give."""
    solved = Solved(*shared(network))
    return float(solved.of_arrivals(np.array([figure[name] for name in network.segments])))

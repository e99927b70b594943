"""The seam where exact chances come in: theory in place of simulation, where a scenario is memoryless."""

from collections.abc import Mapping, Sequence
from importlib import import_module

from sojourn.scenarios.faults import Faults
from sojourn.sim.journeys import Floats
from sojourn.sim.network import Network

EXACT = "sojourn.sim.exact"  # within(network, loyal, lost, days) -> {segment: chances by stage}


def exact_or_none(network: Network, loyal: Sequence[str], days: float) -> list[Floats] | None:
    """The chance of entering a loyal stage within `days` before a lost one or an end, by segment and stage; None where
    theory cannot say.

    `sim.exact.within` takes the names of the loyal stages and of those where the wait is over, and gives the chances of each
    stage, by segment. It refuses (Faults) what is not memoryless.
    """
    try:
        exact = import_module(EXACT)
    except ModuleNotFoundError:
        return None
    over = [name for name, stage in network.scenario.stages.items() if stage.role == "lost" or stage.end]
    lost = [name for name in over if name not in loyal]
    try:
        found: Mapping[str, Floats] | None = exact.within(network, tuple(loyal), tuple(lost), days)
    except Faults:
        return None
    return None if found is None else [found[name] for name in network.segments]

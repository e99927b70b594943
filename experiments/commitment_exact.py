"""Exact chances in place of simulated ones, where a scenario is memoryless."""

from collections.abc import Sequence

from sojourn.scenarios.faults import Faults
from sojourn.sim.exact import within
from sojourn.sim.journeys import Floats
from sojourn.sim.network import Network


def exact_or_none(network: Network, loyal: Sequence[str], days: float) -> list[Floats] | None:
    """The chance of entering a loyal stage within `days` before a lost one or an end, by segment and stage; None where
    theory cannot say.

    `sim.exact.within` refuses (Faults) what is not memoryless.
    """
    over = [name for name, stage in network.scenario.stages.items() if stage.role == "lost" or stage.end]
    lost = [name for name in over if name not in loyal]
    try:
        found = within(network, tuple(loyal), tuple(lost), days)
    except Faults:
        return None
    return [found[name] for name in network.segments]

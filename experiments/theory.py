"""Figures of measures without simulation error, where theory has them."""

from sojourn.scenarios.faults import Faults
from sojourn.scenarios.model import Scenario
from sojourn.sim import exact
from sojourn.sim.network import build


def theory(scenario: Scenario, strategy: str, measure: str) -> float | None:
    """What a measure comes to over an endless horizon, None where theory cannot say: so far it knows `conversion`."""
    if measure != "conversion":
        return None
    try:
        return exact.conversion(build(scenario, strategy))
    except Faults:
        return None

"""Logs of one stage with known ways out, as text, and what simulating a fit gives back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration import logs
from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.logs import Log
from sojourn.sim.journeys import Journeys
from sojourn.sim.network import build
from sojourn.sim.run import simulate

Floats = NDArray[np.float64]
MAPPING = """\
customer = "who"
time = "when"
event = "what"
observed_until = {until}
{more}
[stages]
trial = "trial"
[ends]
bought = "bought"
gone = "gone"
"""


def one_stage(
    folder: Path, bought: Floats, gone: Floats, until: float = 100.0, came: Floats | None = None, more: str = ""
) -> Log:
    """A log of a stage that ends at `bought` or `gone`, days after its start, whichever is first; watched to day `until`."""
    rng = np.random.default_rng(99)
    start = rng.uniform(0.0, until, bought.size) if came is None else came
    rows = ["who,when,what"]
    for k, (at, buys, goes) in enumerate(zip(start.tolist(), bought.tolist(), gone.tolist(), strict=True)):
        rows.append(f"{k},{at!r},trial")
        if at + min(buys, goes) <= until:
            rows.append(f"{k},{at + min(buys, goes)!r},{'bought' if buys < goes else 'gone'}")
    log, mapping = folder / "log.csv", folder / "map.toml"
    log.write_text("\n".join(rows) + "\n")
    mapping.write_text(MAPPING.format(until=until, more=more))
    return logs.read(log, mapping)


def simulated(found: Fit, seed: int = 3) -> Journeys:
    """Journeys of the scenario that a fit writes, read back from its text."""
    scenario = found.scenario()
    return simulate(build(scenario, next(iter(scenario.strategies))), seed=seed, replication=0)


__all__ = ["Any", "Callable", "fit", "one_stage", "simulated"]

"""Logs of one stage with known ways out, written to files and read, and what simulating a fit gives back."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration import logs
from sojourn.calibration.fit import Fit
from sojourn.calibration.logs import Log
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
{last}
"""


def one_stage(
    folder: Path,
    bought: Floats,
    gone: Floats,
    *,
    until: float = 100.0,
    came: Floats | None = None,
    kind: list[str] | None = None,
    last: str = "",
) -> Log:
    """A log of a stage that ends at `bought` or `gone`, days after its start, whichever is first; watched to day `until`."""
    start = np.random.default_rng(99).uniform(0.0, until, bought.size) if came is None else came
    kinds = kind or ["all"] * bought.size
    rows = ["who,when,what,kind"]
    for k, (at, buys, goes) in enumerate(zip(start.tolist(), bought.tolist(), gone.tolist(), strict=True)):
        rows.append(f"{k},{at!r},trial,{kinds[k]}")
        if at + min(buys, goes) <= until:
            rows.append(f"{k},{at + min(buys, goes)!r},{'bought' if buys < goes else 'gone'},{kinds[k]}")
    log, mapping = folder / "log.csv", folder / "map.toml"
    log.write_text("\n".join(rows) + "\n")
    more = 'segment = "kind"' if kind else ""
    mapping.write_text(MAPPING.format(until=until, more=more, last=last))
    return logs.read(log, mapping)


def simulated_stays(found: Fit, seed: int = 3, replications: int = 1) -> tuple[Floats, NDArray[np.str_]]:
    """Days of simulated stays in `trial` and what came next, empty where the horizon cut them; all copies together."""
    scenario = found.scenario()
    network = build(scenario, next(iter(scenario.strategies)))
    days, nexts = [], []
    for replication in range(replications):
        journeys = simulate(network, seed=seed, replication=replication)
        rows = journeys.events.stage == journeys.stages.index("trial")
        days.append((journeys.until - journeys.events.time)[rows])
        names = np.array([*journeys.stages, ""])
        nexts.append(names[journeys.next_stage[rows]])
    return np.concatenate(days), np.concatenate(nexts)

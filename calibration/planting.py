"""A log of known origin: a scenario simulated, its events written as a log with its mapping, as anybody's log would come."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from sojourn.calibration.logs import Log, read
from sojourn.calibration.scenario import key, text
from sojourn.scenarios.history import PAST
from sojourn.scenarios.model import Scenario
from sojourn.sim.journeys import Journeys
from sojourn.sim.network import build
from sojourn.sim.run import simulate

LOG, MAP = "log.parquet", "map.toml"


class Planted(NamedTuple):
    """Where log and mapping were written, and the log as it is read back."""

    log_path: Path
    mapping_path: Path
    log: Log


def plant(scenario: Scenario, folder: Path, *, customers: int | None = None, seed: int = 1) -> Planted:
    """Simulate the first strategy of a scenario, write `log.parquet` and `map.toml` into a folder, and read them back.

    `customers` is how many arrive, in place of the scenario's own arrivals. The log holds what a company would see: who,
    when, which stage, and the segment. What customers differ in unseen (frailty, satisfaction) is not in it.
    """
    strategy = next(iter(scenario.strategies))
    journeys = simulate(build(scenario, strategy), seed=seed, customers=customers)
    paths = folder / LOG, folder / MAP
    _write(journeys, paths[0])
    paths[1].write_text(_mapping(scenario, journeys), encoding="utf-8")
    return Planted(*paths, read(*paths))


def _write(journeys: Journeys, path: Path) -> None:
    rows = journeys.by_time()
    names, segments = np.array(journeys.stages), np.array(journeys.segments)
    columns = {
        "customer": journeys.events.customer[rows],
        "time": journeys.events.time[rows],
        "stage": names[journeys.events.stage[rows]],
        "segment": segments[journeys.customers.segment[journeys.who[rows]]],
    }
    parquet.write_table(pa.table(columns), path)


def _mapping(scenario: Scenario, journeys: Journeys) -> str:
    """The mapping of such a log. Stages keep the form that they have in the scenario, so that numbers can be laid beside."""
    seen = {journeys.stages[k] for k in np.unique(journeys.events.stage)}
    stages = [name for name, stage in scenario.stages.items() if name in seen and not stage.end]
    ends = [name for name, stage in scenario.stages.items() if name in seen and stage.end]
    roles = {name: stage.role for name, stage in scenario.stages.items() if stage.role and name in seen}
    lines = ['customer = "customer"', 'time = "time"', 'event = "stage"']
    lines += ['segment = "segment"'] if len(scenario.segments) > 1 else []
    past = {effect.per for effect in scenario.history.effects if effect.per in PAST} if scenario.history else set()
    lines += [f"history = [{', '.join(text(name) for name in PAST if name in past)}]"] if past else []
    lines += [f"observed_until = {scenario.about.horizon_days!r}", 'repeats = "new stay"']
    for heading, names in (("stages", stages), ("ends", ends)):
        lines += [f"[{heading}]", *(f"{key(name)} = [{text(name)}]" for name in names)]
    lines += ["[roles]", *(f"{key(name)} = {text(role)}" for name, role in roles.items())]
    lines += ["[forms]", *(f"{key(name)} = {text(scenario.stages[name].kind)}" for name in stages)]
    return "\n".join(lines) + "\n"

"""Planted worlds for forecasts: a scenario's journeys as the log that somebody who watches all of them would have."""

import numpy as np

from sojourn.calibration.logs import Log
from sojourn.calibration.names import Names
from sojourn.calibration.stays import NOTHING, Stays
from sojourn.scenarios.model import Scenario
from sojourn.sim.journeys import Journeys


def log_of(journeys: Journeys, scenario: Scenario, name: str = "planted") -> Log:
    """The log of simulated journeys: stages in journey order, ends last, everybody watched to the horizon, on one calendar."""
    order = sorted(range(len(journeys.stages)), key=lambda k: scenario.stages[journeys.stages[k]].end)
    place = np.argsort(order)
    ends = np.array([scenario.stages[journeys.stages[k]].end for k in order])
    following = journeys.next_stage.astype(np.int64)
    count = journeys.customers.customer.size
    stays = Stays(
        customer=journeys.who.astype(np.int64),
        stage=place[journeys.events.stage].astype(np.int64),
        entry=journeys.events.time.copy(),
        until=journeys.until.copy(),
        following=np.where(following == NOTHING, NOTHING, place[np.maximum(following, 0)]).astype(np.int64),
    )
    still_open = (stays.following == NOTHING) & ~ends[stays.stage]
    lengths = stays.days[stays.days > 0.0]
    names = Names(map(str, range(count)))
    return Log(
        source=name,
        stages=tuple(journeys.stages[k] for k in order),
        ends=ends,
        stays=stays,
        customers=names,
        start=journeys.customers.arrived.copy(),
        until=np.full(count, journeys.horizon),
        segment=journeys.customers.segment.astype(np.int64),
        segments=journeys.segments,
        labels=journeys.segments,
        person=names,
        clock=None,
        resolution=0.5 * float(lengths.min()),
        calendar=True,
        span=journeys.horizon,
        horizon=journeys.horizon,
        roles={name: stage.role for name, stage in scenario.stages.items() if stage.role is not None},
        arm=np.full(count, NOTHING, dtype=np.int64),
        arms=(),
        doses={},
        counts={"customers": count, "stays": int(stays.stage.size), "stays still open": int(still_open.sum())},
        notes=(),
    )

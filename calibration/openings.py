"""Who is still on the way when a log ends: their stages, how long they have been there, and their past."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.history import known
from sojourn.calibration.logs import Log
from sojourn.calibration.mapping import parts_of
from sojourn.calibration.pasts import told
from sojourn.calibration.stays import NOTHING, Floats, Integers
from sojourn.calibration.unseen import alive
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.model import ByStay, Scenario
from sojourn.sim.network import Network, words_of_trait
from sojourn.sim.openers import Openers

TICK = 1e-6  # days


class OnTheirWay(NamedTuple):
    """Customers whose last stay is open, in the order of the log; columns of shape (customers,).

    `today` is the day on which the watching ends. `unwatched` counts those whose own watching ended earlier: of them nobody
    knows where they are by now, and they are left out. `undated` counts those of whose stay nobody knows when it began.
    """

    customer: Integers  # index into Log.customers
    stage: Integers  # index into Log.stages
    age: Floats  # days of the open stay
    segment: Integers  # index into Log.segments
    today: float
    unwatched: int
    undated: int


def on_their_way(log: Log) -> OnTheirWay:
    """Who is in a stage that is no end when the watching ends; on their own clocks everybody has an end of their own."""
    today = float(log.until.max())
    last = log.first[1:] - 1
    there = (log.stays.following[last] == NOTHING) & ~log.ends[log.stays.stage[last]]
    watched = (today - log.until <= max(log.resolution, TICK)) | (not log.calendar)
    who = np.flatnonzero(there & watched)
    return OnTheirWay(
        customer=who.astype(np.int64),
        stage=log.stays.stage[last[who]],
        age=log.stays.until[last[who]] - log.stays.entry[last[who]],
        segment=log.segment[who],
        today=today,
        unwatched=int(np.sum(there & ~watched)),
        undated=0 if log.stays.seen_from is None else int(np.isnan(log.stays.seen_from[last[who]]).sum()),
    )


def check_stages(log: Log, way: OnTheirWay, scenario: Scenario) -> None:
    """Raise Faults for stages and segments in which customers are, and which the scenario lacks."""
    faults = []
    for k in np.unique(way.stage):
        name = log.stages[int(k)]
        if missing := [
            part for part in (parts_of(name) if name in log.silent else (name,)) if part not in scenario.stages
        ]:
            number = int(np.sum(way.stage == k))
            what = f"{number:,} customers of {log.source} are in {name}, and the scenario has no stage {missing[0]}"
            faults.append(
                Fault(scenario.about.name, "stages", name, what, "calibrate the scenario on this log's mapping")
            )
    if len(scenario.segments) > 1:
        for k in np.unique(way.segment):
            if log.segments[int(k)] not in scenario.segments:
                what = f"customers of {log.source} are of segment {log.segments[int(k)]}, which the scenario lacks"
                remedy = "calibrate the scenario on this log's mapping"
                faults.append(Fault(scenario.about.name, "segments", log.segments[int(k)], what, remedy))
    if faults:
        raise Faults(faults)


def openers_of(log: Log, way: OnTheirWay, network: Network, rng: np.random.Generator) -> Openers:
    """The customers as a run begins with them. What nobody sees (frailty, own rates and chances, whether they have left) is
    drawn from what their past implies under the scenario's numbers (`pasts`, `unseen`).
    """
    scenario, names = network.scenario, network.stages
    place = np.array([names.index(name) if name in names else NOTHING for name in log.stages], dtype=np.int64)
    segment = np.zeros(way.customer.size, dtype=np.int64)
    if len(network.segments) > 1:
        segment = np.array([network.segments.index(name) if name in network.segments else 0 for name in log.segments])[
            way.segment
        ]
    lengths = np.diff(log.first)[way.customer]
    who = np.repeat(np.arange(way.customer.size), lengths)
    begins = np.cumsum(lengths) - lengths
    rows = np.repeat(log.first[:-1][way.customer] - begins, lengths) + np.arange(int(lengths.sum()))
    stage = place[log.stays.stage[rows]]
    days_ago = log.until[way.customer][who] - log.stays.entry[rows]
    there = stage != NOTHING
    shape = (way.customer.size, len(names))
    visits, last = np.zeros(shape, dtype=np.int64), np.full(shape, -np.inf)
    np.add.at(visits, (who[there], stage[there]), 1)
    np.maximum.at(last, (who[there], stage[there]), -days_ago[there])
    where, age = place[way.stage].copy(), way.age.copy()
    frailty, own = told(log, rows, who, segment, network, rng)
    for name in log.silent:
        here = np.flatnonzero(way.stage == log.stages.index(name))
        if here.size:
            found = alive(log, way.customer[here], name, scenario, rng)
            first, waiting, again, over = (names.index(part) for part in parts_of(name))
            repeats = visits[here, first] - 1
            visits[here, first], visits[here, again], visits[here, waiting] = 1, repeats, repeats + found.there
            last[here, again] = np.where(repeats > 0, last[here, first], -np.inf)
            last[here, waiting] = last[here, first]
            where[here] = np.where(found.there, waiting, over)
            visits[here[~found.there], over] = 1
            for (part, number), values in found.own.items():
                kept = own.setdefault((names.index(part), number), np.full(way.customer.size, np.nan))
                kept[here] = values
    buys = np.array([scenario.stages[name].role == "purchase" for name in names])
    return Openers(
        stage=where,
        age=age,
        segment=segment.astype(np.int64),
        visits=visits,
        last=last,
        purchases=visits[:, buys].sum(axis=1),
        frailty=frailty,
        own=own,
        arrived=np.minimum(log.start[way.customer] - log.until[way.customer], 0.0),
        information=_information(scenario, visits),
        traits=_traits(log, way, scenario),
    )


def _traits(log: Log, way: OnTheirWay, scenario: Scenario) -> dict[str, Floats]:
    """What the log tells of traits: of customers their first value, of stays that of the stay under way."""
    found = {}
    for name, trait in scenario.traits.items():
        values = known(log, name, words_of_trait(scenario, name))
        if values is not None:
            rows = log.first[1:] - 1 if isinstance(trait, ByStay) else log.first[:-1]
            found[name] = values[rows[way.customer]]
    return found


def _information(scenario: Scenario, visits: NDArray[np.int64]) -> Floats:
    """What stages have learned: each entry tells a share of what is still unknown."""
    told_each = np.array([stage.gathers or 0.0 for stage in scenario.stages.values()])
    return np.asarray(1.0 - np.prod((1.0 - told_each) ** visits, axis=1), dtype=np.float64)

"""Commitment, its moments: in which state each customer is when one looks, and whether a loyal stage follows in time.

A moment is the start of a stay's dwell (once waiting and service are over), or a fixed age in the stay. Its state is what the log
shows of the customer then: stage, days in it, segment, satisfaction, failures still felt and how old the newest is, purchases so
far, and days waited in this stay. Moments end with the first entry to a loyal stage, to a lost one, or to an end.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.journeys import Floats, Integers, Journeys
from sojourn.sim.lives import Lives, firsts
from sojourn.sim.network import Network

Flags = NDArray[np.bool_]
Codes = NDArray[np.int16]

OPEN, LOYAL, LOST, ENDED = 0, 1, 2, 3  # what a customer's wait for a loyal stage came to

# What a state holds beside the stage and the age, as small whole numbers; one column each of `Moments.codes`.
SEGMENT, SATISFACTION, FAILURES, NEWEST, PURCHASES, WAITED = range(6)
POINTS = 5  # of satisfaction to a band
FAILED_DAYS = (90.0, 60.0, 30.0, 14.0, 7.0)  # age of the newest failure, from old to new
WAITED_DAYS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 7.0)
TICK = 1e-4  # days that two moments may differ by and still be one, where days of all customers are laid end to end
MOST = 3  # failures and purchases from here on are one
AGES = (
    1 / 24,
    0.25,
    0.5,
    1,
    2,
    3,
    5,
    7,
    10,
    14,
    21,
    30,
    45,
    60,
    90,
    120,
    180,
    270,
    365,
    545,
    730,
    1095,
    1460,
    2190,
    3650,
)
LONG = 0.9  # one looks on until so many of the stays in a stage are over,
LOOKS = (0.1, 0.25, 0.5, 0.75, 1.0)  # at these parts of that time, and when half of the stays are over


class Goal(NamedTuple):
    """What counts as getting there, and by when."""

    loyal: Flags  # by stage
    lost: Flags
    ended: Flags  # ends of the journey that are neither
    within: float  # days from the moment
    observed: float  # days: moments up to here count, and the run is longer by `within`


class Waits(NamedTuple):
    """What became of each customer, first of all; shape (customers,)."""

    kind: Codes  # OPEN, LOYAL, LOST, ENDED
    time: Floats  # of the entry that decided it, the horizon where open
    row: Integers  # of that entry, or one past the customer's rows


class Moments(NamedTuple):
    """One row a moment, customer by customer and in the order of time; all columns of one length."""

    who: Integers  # index of the customer, over all replications
    row: Integers  # of the stay, in its replication
    stage: NDArray[np.int16]
    age: Codes  # index into the stage's ages
    visit: NDArray[np.int32]  # which stay of the customer in this stage
    time: Floats
    codes: Codes  # shape (moments, 6)
    reached: Flags  # a loyal stage is entered within the goal's days, and nothing decides otherwise before


def goal_of(network: Network, loyal: Sequence[str], within: float, observed: float) -> Goal:
    """The goal in terms of a network's stages."""
    stages = network.scenario.stages
    wanted = np.array([name in loyal for name in stages])
    lost = np.array([stage.role == "lost" for stage in stages.values()]) & ~wanted
    ended = np.array([stage.end for stage in stages.values()]) & ~wanted & ~lost
    return Goal(wanted, lost, ended, within, observed)


def waits(journeys: Journeys, goal: Goal) -> Waits:
    """The first entry to a loyal stage, to a lost one or to an end, whichever comes first."""
    kinds = np.where(goal.loyal, LOYAL, np.where(goal.lost, LOST, np.where(goal.ended, ENDED, OPEN))).astype(np.int16)
    rows = np.flatnonzero(kinds[journeys.events.stage])
    rows = rows[firsts(journeys.who[rows])]
    who = journeys.who[rows]
    kind = np.zeros(journeys.customers.customer.size, dtype=np.int16)
    time, row = np.full(kind.size, journeys.horizon), journeys.first[1:].copy()
    kind[who], time[who], row[who] = kinds[journeys.events.stage[rows]], journeys.events.time[rows], rows
    return Waits(kind, time, row)


def settled(journeys: Journeys) -> Floats:
    """When waiting and service of each stay are over and its dwell starts; shape (rows,)."""
    events = journeys.events
    return events.time + events.waited + events.handled


def ages_of(lived: Sequence[Journeys], goal: Goal) -> tuple[Floats, ...]:
    """At which ages of a stay (days since its dwell began) one looks, by stage; the first is 0.

    Days that people count in, spread over the time in which nine in ten stays are over.
    """
    pooled: list[list[Floats]] = [[] for _ in goal.loyal]
    for journeys in lived:
        rows = _open_rows(journeys, waits(journeys, goal))
        days, stage = (journeys.until - settled(journeys))[rows], journeys.events.stage[rows]
        for index, found in enumerate(pooled):
            found.append(days[stage == index])
    ages = []
    for found in pooled:
        days = np.concatenate(found) if found else np.empty(0)
        if not days.size or days.min() == days.max() == 0.0:
            ages.append(np.zeros(1))
            continue
        half, most = np.quantile(days, (0.5, LONG)).tolist()
        wanted = (half, *(part * most for part in LOOKS))
        places = np.searchsorted(AGES, np.array(wanted) * (1.0 + 1e-9), side="right")
        ages.append(np.unique([0.0, *(float(AGES[k - 1]) for k in places if k > 0)]))
    return tuple(ages)


def observe(journeys: Journeys, network: Network, goal: Goal, ages: Sequence[Floats], offset: int = 0) -> Moments:
    """All moments of a replication; `offset` is added to the index of the customers."""
    events, done = journeys.events, waits(journeys, goal)
    rows = _open_rows(journeys, done)
    start, until, stage = settled(journeys)[rows], journeys.until[rows], events.stage[rows]
    places, looked, times = [], [], []
    for index, own in enumerate(ages):
        here = np.flatnonzero(stage == index)
        for k, age in enumerate(own):
            time = start[here] + age
            seen = (time <= goal.observed) & ((time < until[here]) | (k == 0))
            places.append(here[seen])
            looked.append(np.full(places[-1].size, k, dtype=np.int16))
            times.append(time[seen])
    place, age, time = np.concatenate(places), np.concatenate(looked), np.concatenate(times)
    order = np.lexsort((age, place))  # rows stand customer by customer, and so do moments
    place, age, time = place[order], age[order], time[order]
    who = journeys.who[rows[place]]
    reached = (done.kind[who] == LOYAL) & (done.time[who] <= time + goal.within)
    codes = _codes(journeys, network, rows, place, time)
    visit = _visits(journeys.who[rows], stage)[place]
    return Moments(who + offset, rows[place], stage[place], age, visit, time, codes, reached)


def joined(parts: Sequence[Moments]) -> Moments:
    """Moments of several replications, one after the other."""
    return parts[0] if len(parts) == 1 else Moments(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _open_rows(journeys: Journeys, done: Waits) -> Integers:
    """Rows before a customer's wait is decided."""
    return np.flatnonzero(np.arange(journeys.who.size) < done.row[journeys.who])


def _visits(who: Integers, stage: NDArray[np.int16]) -> NDArray[np.int32]:
    """How many stays in the same stage the customer had before; shape (rows,)."""
    order = np.lexsort((np.arange(who.size), stage, who))
    new = firsts(who[order]) | firsts(stage[order].astype(np.int64))
    begun = np.maximum.accumulate(np.where(new, np.arange(who.size), 0)) if who.size else np.empty(0, dtype=np.int64)
    visits = np.empty(who.size, dtype=np.int32)
    visits[order] = np.arange(who.size) - begun
    return visits


def _codes(journeys: Journeys, network: Network, rows: Integers, place: Integers, time: Floats) -> Codes:
    events, row = journeys.events, rows[place]
    codes = np.zeros((row.size, 6), dtype=np.int16)
    codes[:, SEGMENT] = journeys.customers.segment[journeys.who[row]]
    if network.scenario.satisfaction is not None:
        points = np.nan_to_num(events.satisfaction[row])
        codes[:, SATISFACTION] = np.minimum(points // POINTS, 100 // POINTS - 1)
    if network.desks:
        codes[:, WAITED] = np.searchsorted(WAITED_DAYS, events.waited[row])
        codes[:, FAILURES], codes[:, NEWEST] = _failures(journeys, network, row, time)
    bought = np.cumsum(Lives(journeys, network).buying[events.stage])
    before = np.append(0, bought)[journeys.first[:-1]]
    codes[:, PURCHASES] = np.minimum(bought[row] - before[journeys.who[row]], MOST)
    return codes


def _failures(journeys: Journeys, network: Network, row: Integers, time: Floats) -> tuple[Codes, Codes]:
    """How many failures are still felt at each moment, and how new the newest is (0: none, then from old to new)."""
    events, who = journeys.events, journeys.who
    failed = events.contacts.row[events.contacts.failed]
    lasting = _failure_days(network)[journeys.customers.segment[who[failed]], events.stage[failed]]
    failed, lasting = failed[lasting > 0.0], lasting[lasting > 0.0]
    count, newest = np.zeros(row.size, dtype=np.int16), np.zeros(row.size, dtype=np.int16)
    if not failed.size:
        return count, newest
    start = settled(journeys)[failed]
    span = 4.0 * (journeys.horizon + 1.0)  # customers' days laid end to end, so that one search serves all
    felt, now = who[failed] * span + start, who[row] * span + time
    fades = np.sort(felt + np.minimum(lasting, 2.0 * journeys.horizon))
    begun = np.searchsorted(felt, now, side="right")
    faded = np.searchsorted(fades, now + TICK, side="right")
    count[:] = np.clip(begun - faded, 0, MOST)
    old = np.round(time - start[np.maximum(begun - 1, 0)], 6)  # one often looks at ages that are borders
    newest[:] = np.where(count > 0, 1 + np.searchsorted(-np.array(FAILED_DAYS), -old, side="right"), 0)
    return count, newest


def _failure_days(network: Network) -> Floats:
    """How long a failure at a stage's desk is felt, by (segment, stage); 0 where there is no desk."""
    found = np.zeros((len(network.segments), len(network.stages)))
    for i in range(found.shape[0]):
        own = network.segment_scenario(i)
        for j, name in enumerate(network.stages):
            use = own.stages[name].desk
            if use is not None:
                found[i, j] = own.desks[use.name].failure_days or 0.0
    return found

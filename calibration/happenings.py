"""What happens to customers within a window, counted alike in simulated journeys and in a log: of those on their way, and of
newcomers, apart.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.holdout import known_at
from sojourn.calibration.logs import Log
from sojourn.calibration.mapping import parts_of
from sojourn.calibration.openings import OnTheirWay
from sojourn.calibration.stays import NOTHING, Floats, Integers
from sojourn.scenarios.model import Scenario
from sojourn.sim.journeys import Journeys
from sojourn.sim.money import book
from sojourn.sim.network import Network
from sojourn.sim.openers import were_on_their_way

GROUPS = ("open", "newcomers")
WEEK = 7.0
SHORT = 1e-6  # days of a last week that are not worth a bin of their own


class Frame(NamedTuple):
    """What is counted: the stages shown, the ways between them, the weeks of the window."""

    stages: tuple[str, ...]
    of: Integers  # by stage of the scenario: index into `stages`
    visible: NDArray[np.bool_]  # by stage of the scenario: whether an entry is an event that people see
    ways: tuple[tuple[int, int], ...]  # moves between shown stages that are possible
    weeks: Floats  # edges, from 0 to the last day of the window; the last week may be shorter
    goal: tuple[int, ...]  # shown stages that count as having got there: those of purchase, if there are any

    @property
    def days(self) -> float:
        """Length of the window."""
        return float(self.weeks[-1])


class Tally(NamedTuple):
    """Counts of one future. The first axis of each array is the group: customers on their way, newcomers."""

    customers: Floats  # shape (2,)
    final: Floats  # customers in each stage on the last day; shape (2, stages)
    reached: Floats  # customers who enter a stage within the window; shape (2, stages)
    got_there: Floats  # customers who enter a stage of the goal within the window; shape (2,)
    weekly: Floats  # entries to a stage by week; shape (2, stages, weeks)
    moves: Floats  # moves within the window, by way; shape (2, ways)
    waited: Floats  # days of the stays that end with them, summed; shape (2, ways)
    revenue: Floats  # shape (2,)
    cost: Floats  # shape (2,)


def frame(scenario: Scenario, silent: Sequence[str], days: float) -> Frame:
    """What to count in a scenario's journeys; of the parts of a silent stage only purchases, and who has left, are shown."""
    shown = {name: name for name in scenario.stages}
    hidden = []
    for name in silent:
        first, waiting, again, _ = parts_of(name)
        shown |= {waiting: first, again: first}
        hidden.append(waiting)
    stages = tuple(dict.fromkeys(shown.values()))
    of = np.array([stages.index(shown[name]) for name in scenario.stages], dtype=np.int64)
    moves = [
        (stages.index(shown[name]), stages.index(shown[to]))
        for name, stage in scenario.stages.items()
        for to in (*stage.choices, *stage.race)
        if name not in hidden and to not in hidden
    ]
    moves += [(stages.index(name), stages.index(name)) for name in silent]
    edges = np.append(np.arange(0.0, days - SHORT, WEEK), days)
    visible = np.array([name not in hidden for name in scenario.stages])
    goal = {stages.index(shown[name]) for name in goals(scenario)}
    return Frame(stages, of, visible, tuple(dict.fromkeys(moves)), edges, tuple(sorted(goal)))


def goals(scenario: Scenario) -> tuple[str, ...]:
    """Stages of role purchase; else those of role loyal; else the ends that are not lost."""
    for role in ("purchase", "loyal"):
        if found := tuple(name for name, stage in scenario.stages.items() if stage.role == role):
            return found
    ends = tuple(name for name, stage in scenario.stages.items() if stage.end)
    return tuple(name for name in ends if scenario.stages[name].role != "lost") or ends


class Rows(NamedTuple):
    """Stays of some customers, customer by customer in the order lived; times from day 0 of the window on."""

    who: Integers  # index into `group`, ascending
    stage: Integers  # as shown
    entry: Floats  # negative where the stay was under way on day 0
    group: Integers  # of each customer: 0 on their way, 1 newcomer; shape (customers,)
    final: Integers  # as shown, of each customer


def tally(what: Frame, rows: Rows, money: tuple[Floats, Floats] | None = None) -> Tally:
    """Count. A customer's first row is the stay under way, or the arrival; `money` is revenue and cost by group."""
    stages, weeks = len(what.stages), what.weeks.size - 1
    first = np.ones(rows.who.size, dtype=np.bool_)
    first[1:] = rows.who[1:] != rows.who[:-1]
    group = rows.group[rows.who]
    enters = ~(first & (group == 0))
    week = np.minimum((rows.entry[enters] / WEEK).astype(np.int64), weeks - 1)
    code = group[enters] * stages + rows.stage[enters]
    weekly = np.bincount(code * weeks + week, minlength=2 * stages * weeks)
    each = np.unique(rows.who[enters] * stages + rows.stage[enters])
    reached = np.bincount(rows.group[each // stages] * stages + each % stages, minlength=2 * stages)
    got = np.unique(rows.who[enters][np.isin(rows.stage[enters], what.goal)])
    final = np.bincount(rows.group * stages + rows.final, minlength=2 * stages)
    later = np.flatnonzero(~first)
    number = np.full(stages * stages, NOTHING, dtype=np.int64)
    for k, (a, b) in enumerate(what.ways):
        number[a * stages + b] = k
    way = number[rows.stage[later - 1] * stages + rows.stage[later]]
    seen = way != NOTHING
    place = group[later[seen]] * len(what.ways) + way[seen]
    length = (rows.entry[later] - rows.entry[later - 1])[seen]
    size = 2 * len(what.ways)
    earned = money if money is not None else (np.zeros(2), np.zeros(2))
    return Tally(
        customers=np.bincount(rows.group, minlength=2).astype(np.float64),
        final=final.reshape(2, stages).astype(np.float64),
        reached=reached.reshape(2, stages).astype(np.float64),
        got_there=np.bincount(rows.group[got], minlength=2).astype(np.float64),
        weekly=weekly.reshape(2, stages, weeks).astype(np.float64),
        moves=np.bincount(place, minlength=size).reshape(2, -1).astype(np.float64),
        waited=np.bincount(place, weights=length, minlength=size).reshape(2, -1).astype(np.float64),
        revenue=np.asarray(earned[0], dtype=np.float64),
        cost=np.asarray(earned[1], dtype=np.float64),
    )


def of_journeys(what: Frame, journeys: Journeys, network: Network, priced: bool) -> Tally:
    """Count a simulated future."""
    events = journeys.events
    group = np.where(were_on_their_way(journeys), 0, 1)
    kept = what.visible[events.stage] | (events.sequence == 0)
    who = journeys.who
    last = journeys.first[1:] - 1
    rows = Rows(
        who=who[kept],
        stage=what.of[events.stage[kept]],
        entry=events.time[kept],
        group=group,
        final=what.of[events.stage[last]],
    )
    money = None
    if priced:
        booked = book(journeys, network, discounted=False)
        revenue, cost = (np.bincount(group[who], weights=part, minlength=2).astype(np.float64) for part in booked)
        money = revenue, cost
    return tally(what, rows, money)


def of_log(what: Frame, log: Log, way: OnTheirWay) -> Tally:
    """Count what a log shows of the window: `way` is who was on their way in the log as of its day 0 (see `holdout.known_at`).

    A silent stage's customers count as being in it: nobody sees who has left. Who goes to a stage that the scenario lacks is in
    no stage that is shown.
    """
    end = known_at(log, way.today + what.days)
    elsewhere = len(what.stages)
    names = [what.stages.index(name) if name in what.stages else elsewhere for name in log.stages]
    place = np.array(names, dtype=np.int64)
    before = log.start < way.today  # customers of the earlier log, in its order
    earlier = np.flatnonzero(before)[way.customer]
    there = np.flatnonzero(log.start < way.today + what.days)  # those of `end`, in its order
    newcomers = np.flatnonzero(log.start[there] >= way.today)
    mine = np.concatenate([np.searchsorted(there, earlier), newcomers])
    part = end.take(mine.astype(np.int64))
    stays = part.stays
    group = np.repeat([0, 1], [earlier.size, newcomers.size])
    entry = stays.entry - way.today
    old = (group[stays.customer] == 0) & (entry < 0.0)
    current = np.zeros(old.size, dtype=np.bool_)  # of the stays begun before, the last
    current[:-1] = old[:-1] & ~(old[1:] & (stays.customer[1:] == stays.customer[:-1]))
    if old.size:
        current[-1] = old[-1]
    kept = ~old | current
    final = place[stays.stage[part.first[1:] - 1]]
    wider = what._replace(stages=(*what.stages, ""))
    found = tally(wider, Rows(stays.customer[kept], place[stays.stage[kept]], entry[kept], group, final))
    return found._replace(final=found.final[:, :-1], reached=found.reached[:, :-1], weekly=found.weekly[:, :-1])


def had_got_there(what: Frame, log: Log, way: OnTheirWay) -> int:
    """How many customers on their way were in a stage of the goal before day 0 of the window."""
    goal = np.isin(log.stages, [what.stages[k] for k in what.goal])
    been = np.zeros(log.customers.size, dtype=np.bool_)
    been[log.stays.customer[goal[log.stays.stage]]] = True
    return int(been[way.customer].sum())


def stacked(many: Sequence[Tally]) -> Tally:
    """Futures along a new first axis of every array."""
    return Tally(*(np.stack(parts) for parts in zip(*many, strict=True)))


def priced(scenario: Scenario) -> bool:
    """Whether anything in a scenario brings or costs money by customer."""
    stages = scenario.stages.values()
    told = any(
        stage.revenue is not None or stage.cost is not None or stage.cost_per_day or stage.acquisition_cost
        for stage in stages
    )
    of_levers = any(
        lever.cost.per_customer or lever.cost.per_customer_day or lever.cost.per_referral or lever.cost.per_day
        for lever in scenario.levers.values()
    )
    of_desks = any(
        desk.revenue_per_contact or desk.cost_per_contact or desk.cost_per_agent_day for desk in scenario.desks.values()
    )
    return told or of_levers or of_desks


def means(total: Floats, number: Floats) -> Floats:
    """Means, NaN where there was nothing."""
    below = np.broadcast_to(number, np.shape(total))
    return np.asarray(np.divide(total, below, out=np.full(np.shape(total), math.nan), where=below > 0.0))

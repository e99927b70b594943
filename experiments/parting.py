"""Why two lives of one customer part: what differs in the last stay that they share, which lever does it, which draws decide."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sojourn.scenarios.model import Effect, Scenario
from sojourn.sim.journeys import NOT_ASKED, RENEGED, RESOLVED, UNRESOLVED, Floats, Integers, Journeys
from sojourn.sim.money import book
from sojourn.sim.network import Network
from sojourn.sim.tables import seeded

NEAR = 1e-6  # days, and points of satisfaction
CONTACTS = ("", "waiting", "resolved", "unresolved", "gave up")  # by the log's code


@dataclass(frozen=True)
class Lived:
    """One replication under one strategy, and the network that it was run on."""

    journeys: Journeys
    network: Network

    @cached_property
    def margin(self) -> Floats:
        """What each row brings by the horizon, costs taken off, discounted to day 0; shape (rows,)."""
        money = book(self.journeys, self.network, discounted=True)
        return money.revenue - money.cost

    def rows(self, who: int) -> Integers:
        """The rows of one customer, by index."""
        begin, end = self.journeys.first[who : who + 2]
        return np.arange(begin, end)


class Onward(NamedTuple):
    """How a life goes on from the last stay that both share."""

    stage: str | None  # None: still there at the horizon
    day: float | None


class Parting(NamedTuple):
    """The first point where two lives of one customer part."""

    stage: str
    """Of the last stay that both share; where they differ from the first day on, the stage where they come in."""
    entered: float
    """Day on which it begins."""
    at_once: bool
    """Whether they differ from the first day on."""
    first: Onward
    second: Onward
    reasons: tuple[str, ...]
    """What differs in that stay, in words; the nearest cause first."""
    levers: tuple[str, ...]
    """Levers each of which alone leads on to the stage that follows under the second strategy, or, where the same stage follows
    under both, moves the day; empty where only several together do."""
    draws: dict[str, float]
    """By exit, the customer's own draw: the share of such customers who would take the exit no later (race), or
    the chance of the exit above which it is taken (choice of two); the same under both strategies."""


def parting(
    a: Lived, b: Lived, first: int, second: int, row: int, levers: Sequence[str], alone: Mapping[str, Lived]
) -> Parting:
    """Where and why the lives of a customer part.

    Args:
        a, b: the same replication under both strategies.
        first, second: the customer's index in each.
        row: the first stay, counted from 0, that differs.
        levers: those that the strategies pull differently.
        alone: by lever, the replication with only this one as under the second strategy.
    """
    rows = a.rows(first), b.rows(second)
    stay = max(row - 1, 0)
    here = int(rows[0][stay]), int(rows[1][stay])
    onward = _onward(a, rows[0], row), _onward(b, rows[1], row)
    stage = a.network.stages[int(a.journeys.events.stage[here[0]])]
    customer = int(a.journeys.customers.customer[first])
    doing = tuple(name for name, lived in alone.items() if _does(_goes(lived, customer, row), onward))
    if row == 0:
        told: tuple[str, ...] = (_invited(a, b, first, second),)
        draws: dict[str, float] = {}
    else:
        told = tuple(_reasons(a, b, rows, stay, levers)) or (
            "what other customers do: their places in queues or in the market",
        )
        draws = _draws(a, rows[0], stay)
    behind = doing if alone else tuple(levers)
    entered = float(a.journeys.events.time[here[0]])
    return Parting(stage, entered, row == 0, onward[0], onward[1], told, behind, draws)


def _onward(lived: Lived, rows: Integers, row: int) -> Onward:
    if row >= rows.size:
        return Onward(None, None)
    events = lived.journeys.events
    return Onward(lived.network.stages[int(events.stage[rows[row]])], round(float(events.time[rows[row]]), 6))


def _goes(lived: Lived, customer: int, row: int) -> Onward | None:
    """How the life of a customer goes on in another run; None where the customer does not come."""
    ids = lived.journeys.customers.customer
    place = int(ids.searchsorted(customer))
    if place == ids.size or ids[place] != customer:
        return None
    return _onward(lived, lived.rows(place), row)


def _does(alone: Onward | None, onward: tuple[Onward, Onward]) -> bool:
    """Whether what follows under one lever alone is what the second strategy does to the life."""
    if alone is None or alone == onward[0]:
        return False
    return alone.stage == onward[1].stage or onward[0].stage == onward[1].stage


def _invited(a: Lived, b: Lived, first: int, second: int) -> str:
    days = a.journeys.customers.arrived[first], b.journeys.customers.arrived[second]
    who = int(a.journeys.customers.inviter[first])
    if who < 0:
        return f"comes on day {days[0]:.1f} under {a.network.strategy}, on day {days[1]:.1f} under {b.network.strategy}"
    return (
        f"is invited by customer {who} on day {days[0]:.1f} under {a.network.strategy},"
        f" on day {days[1]:.1f} under {b.network.strategy}"
    )


def _reasons(a: Lived, b: Lived, rows: tuple[Integers, Integers], stay: int, levers: Sequence[str]) -> Iterator[str]:
    here = int(rows[0][stay]), int(rows[1][stay])
    who = int(a.journeys.who[here[0]])
    own = a.network.segment_scenario(int(a.journeys.customers.segment[who]))
    stage = a.network.stages[int(a.journeys.events.stage[here[0]])]
    names = a.network.strategy, b.network.strategy
    yield from _at_desk(a, b, here, own, stage, names)
    yield from _felt(a, b, rows, stay, own, stage, names)
    yield from _satisfied(a, b, here, own, stage, names)
    yield from _acting(a, b, here, own, stage, levers, names)


def _at_desk(
    a: Lived, b: Lived, here: tuple[int, int], own: Scenario, stage: str, names: tuple[str, str]
) -> Iterator[str]:
    use = own.stages[stage].desk
    if use is None:
        return
    events = a.journeys.events, b.journeys.events
    contacts = [int(events[k].contact[here[k]]) for k in (0, 1)]
    waits = [float(events[k].waited[here[k]]) for k in (0, 1)]
    asked = [contact != NOT_ASKED for contact in contacts]
    if asked[0] != asked[1]:
        yield f"asks {use.name} for help under {names[int(asked[1])]} only"
    elif asked[0] and (contacts[0] != contacts[1] or abs(waits[0] - waits[1]) > NEAR):
        told = [f"waits {_days(waits[k])} and {_contact(contacts[k])} under {names[k]}" for k in (0, 1)]
        yield f"queue at {use.name}: {', '.join(told)}"


def _contact(code: int) -> str:
    """What became of a contact."""
    ends = {RENEGED: "gives up", UNRESOLVED: "is not helped", RESOLVED: "is helped"}
    return ends.get(code, "still waits at the horizon")


def _felt(
    a: Lived, b: Lived, rows: tuple[Integers, Integers], stay: int, own: Scenario, stage: str, names: tuple[str, str]
) -> Iterator[str]:
    """Failures at desks in earlier stays, where exits of this stage feel them."""
    feeling = [
        name
        for name, desk in own.desks.items()
        if any((one.exit or "").startswith(f"{stage} -> ") and (one.hazard_ratio_per_failure or one.log_odds_per_failure)
               for one in desk.effects)
    ]  # fmt: skip
    if not feeling:
        return
    counts = []
    for lived, own_rows in ((a, rows[0]), (b, rows[1])):
        contact = lived.journeys.events.contact[own_rows[:stay]]
        counts.append(int(((contact == RENEGED) | (contact == UNRESOLVED)).sum()))
    if counts[0] != counts[1]:
        yield f"failures at a desk before: {counts[0]} under {names[0]}, {counts[1]} under {names[1]}"


def _satisfied(
    a: Lived, b: Lived, here: tuple[int, int], own: Scenario, stage: str, names: tuple[str, str]
) -> Iterator[str]:
    if own.satisfaction is None or not any(one.exit.startswith(f"{stage} -> ") for one in own.satisfaction.effects):
        return
    points = [float(lived.journeys.events.satisfaction[row]) for lived, row in zip((a, b), here, strict=True)]
    if abs(points[0] - points[1]) > NEAR:
        yield f"satisfaction: {points[0]:.1f} under {names[0]}, {points[1]:.1f} under {names[1]}"


def _acting(
    a: Lived, b: Lived, here: tuple[int, int], own: Scenario, stage: str, levers: Sequence[str], names: tuple[str, str]
) -> Iterator[str]:
    """Levers that act on this stage's exits, dwell or demand while the customer is there."""
    for lever in levers:
        effects = [effect for effect in own.levers[lever].effects if _acts_on(effect, stage)]
        levels = [_highest(lived, row, lever) for lived, row in zip((a, b), here, strict=True)]
        if effects and any(levels):
            what = "; ".join(map(_told, effects))
            yield f"{lever} acts on {what}: level {levels[0]:g} under {names[0]}, {levels[1]:g} under {names[1]}"


def _told(effect: Effect) -> str:
    known = ", as far as the customer is known" if effect.informed else ""
    return f"{_target(effect)} ({effect.scale} {effect.range.central:g} at full level{known})"


def _acts_on(effect: Effect, stage: str) -> bool:
    kind, target = effect.target
    return kind in ("exit", "dwell", "demand", "touchpoint") and (target == stage or target.startswith(f"{stage} -> "))


def _target(effect: Effect) -> str:
    kind, target = effect.target
    return target if kind == "exit" else f"the {kind} of {target}"


def _highest(lived: Lived, row: int, lever: str) -> float:
    """The highest level of a lever during a stay, 0 where it is not for this customer."""
    k = lived.network.levers.index(lever)
    if not int(lived.journeys.events.held[row]) >> k & 1:
        return 0.0
    begin, end = float(lived.journeys.events.time[row]), float(lived.journeys.until[row])
    days, _ = lived.network.path(lever)
    inside = [float(day) for day in days if begin < day < end]
    return float(max(lived.network.levels(lever, [begin, *inside, end])))


def _draws(lived: Lived, rows: Integers, stay: int) -> dict[str, float]:
    """The customer's draws for the exits of a stay, as shares: see `Parting.draws`."""
    from sojourn.sim.streams import RACING, STAYING, pair  # numba only where something has run

    journeys, network = lived.journeys, lived.network
    row = int(rows[stay])
    index = int(journeys.events.stage[row])
    who = int(journeys.who[row])
    about = network.segment_stage(int(journeys.customers.segment[who]), index)
    visit = int((journeys.events.stage[rows[: stay + 1]] == index).sum())
    cells = seeded(network.cells, journeys.seed, journeys.replication)
    customer = int(journeys.customers.customer[who])
    if about.kind == "race":
        draws: dict[str, float] = {}
        for k, exit in enumerate(about.race):
            both = pair(cells, customer, index, RACING, visit, k // 2)
            draws[exit] = 1.0 - float(both[k % 2])
        return draws
    if about.kind == "choice" and len(about.choices) == 2:
        which, _ = pair(cells, customer, index, STAYING, visit, 0)
        return {next(iter(about.choices)): float(which)}
    return {}


def _days(days: float) -> str:
    return f"{days:.2g} days" if days < 10 else f"{days:.0f} days"

"""What theory can solve without a run: absorbing semi-Markov chains (Kemeny and Snell 1960; Pfeifer and Carraway 2000).

A scenario under one strategy is such a chain where a stay depends on nothing but the stage and the customer's segment. Every
function refuses, as `Faults` that name each reason and its remedy, a scenario whose state is larger than that in a part of the
journey that the figure looks at; beyond that part anything goes. Figures are those of customers who arrive, over an endless
horizon. Invitees are customers of their own; a finite market and its arrivals do not matter.
"""

from dataclasses import dataclass

import numpy as np

from sojourn.scenarios import lawtable
from sojourn.scenarios.faults import Fault, Faults
from sojourn.sim.chains import Chain, Flags, Floats, Solved, chains, closure, shared
from sojourn.sim.hitting import conversion, ever, of_arrivals
from sojourn.sim.memoryless import occupancy_at, within
from sojourn.sim.money import acquisition, force_of_interest, per_day
from sojourn.sim.network import Network
from sojourn.sim.obstacles import Asked
from sojourn.sim.passage import Passage

__all__ = [
    "Times", "Value", "Visits", "conversion", "ever", "occupancy_at", "of_arrivals", "times", "value", "visits", "within",
]  # fmt: skip


@dataclass(frozen=True)
class Visits(Solved):
    """How often, and in which end."""

    visits: (
        Floats  # expected entries, the first among them; inf in a circle without a way out; (segments, start, stage)
    )
    ends: Floats  # probability of ending in each stage marked `end`, 0 for others; (segments, start, stage)
    endless: Floats  # probability that the journey never ends; (segments, start)


@dataclass(frozen=True)
class Times(Solved):
    """How long, in days."""

    days: Floats  # expected days in each stage, inf in the end reached; (segments, start, stage)
    to_end: Floats  # expected days until an end is reached, inf where it may never be; (segments, start)


@dataclass(frozen=True)
class Value(Solved):
    """What a customer brings and costs over a lifetime, in the scenario's currency; each of shape (segments, start).

    As the measure `clv` has it: entries, days in stages, levers per customer and customer-day; without levers' costs a day.
    """

    revenue: Floats
    cost: Floats
    discounted_revenue: Floats  # to arrival
    discounted_cost: Floats

    @property
    def margin(self) -> Floats:
        """Revenue minus cost, undiscounted; NaN where both are endless."""
        return _minus(self.revenue, self.cost)

    @property
    def clv(self) -> Floats:
        """Customer lifetime value: revenue minus cost, discounted to arrival."""
        return _minus(self.discounted_revenue, self.discounted_cost)


def visits(network: Network) -> Visits:
    """Expected visits N = (I - P)^-1 and the chances of each end. Raises Faults where the chain is more than its stages."""
    found = [_absorbed(chain) for chain in chains(network, Asked())]
    return Visits(*shared(network), *(np.array(part) for part in zip(*found, strict=True)))


def times(network: Network) -> Times:
    """Expected days in each stage, and until an end. Raises Faults, also where customers wait for a desk."""
    days, to_end = [], []
    for chain in chains(network, Asked(days=True)):
        entries, _, endless = _absorbed(chain)
        spent = _times(entries, np.array([stay.mean for stay in chain.stays]))
        until = np.where(endless > 0.0, np.inf, spent[:, ~chain.end].sum(axis=1))
        spent[chain.unknown] = until[chain.unknown] = np.nan
        days.append(spent)
        to_end.append(until)
    return Times(*shared(network), np.array(days), np.array(to_end))


def value(network: Network) -> Value:
    """Customer lifetime value, V = (I - L)^-1 R with L = E[exp(-delta T); exit]. Raises Faults, also where desks are asked,
    and where money of later days counts for more (a negative discount rate).
    """
    delta = force_of_interest(network)
    if delta < 0.0:
        rate = network.scenario.about.annual_discount_rate
        message, remedy = "under a negative rate an endless horizon has no value", "make it 0 or more"
        raise Faults(
            [Fault(network.scenario.about.name, "scenario.annual_discount_rate", f"{rate:g}", message, remedy)]
        )
    found = []
    for g, chain in enumerate(chains(network, Asked(days=True, money=True))):
        revenue, cost, daily, once = _money(network, g)
        entries, _, _ = _absorbed(chain)
        mean = np.array([stay.mean for stay in chain.stays])
        parts = [_sums(entries, revenue), _sums(entries, cost + _times(daily, mean)) + once]
        if delta > 0.0:
            worth = np.array([stay.length(delta) for stay in chain.stays])
            left = np.eye(len(network.stages)) - chain.matrix(lambda stay: stay.transform(delta))
            later = np.linalg.solve(left, np.column_stack([revenue, cost + daily * worth]))
            parts += [later[:, 0], later[:, 1] + once]
        else:
            parts += parts
        found.append([np.where(chain.unknown, np.nan, part) for part in parts])
    return Value(*shared(network), *(np.array(part) for part in zip(*found, strict=True)))


def _absorbed(chain: Chain) -> tuple[Floats, Floats, Floats]:
    """Expected entries (start, stage), probability of each end (start, stage), probability of no end (start,)."""
    moves = chain.matrix(lambda stay: stay.shares)
    size = len(moves)
    left_over = np.array([bool(chain.to[s]) and stay.never > 0.0 for s, stay in enumerate(chain.stays)])
    leaving = chain.leading_to(chain.end | left_over | chain.unknown)
    on, entries = np.ones(size, dtype=np.bool_), np.zeros((size, size))
    if not leaving.all():  # where no way leads out, customers go round for ever in the circles that they cannot leave
        steps = _paths(moves > 0.0)
        on = leaving | np.array([bool((steps[s] > steps[:, s]).any()) for s in range(size)])
        entries[:, ~on] = np.where(steps[:, ~on], np.inf, 0.0)
    entries[np.ix_(on, on)] = np.linalg.inv(np.eye(int(on.sum())) - moves[np.ix_(on, on)])
    ends = np.where(chain.end & on, entries, 0.0)
    endless = 1.0 - ends.sum(axis=1)
    endless[np.abs(endless) < 1e-9] = 0.0
    for table in (entries, ends, endless):
        table[chain.unknown] = np.nan
    return entries, ends, endless


def _paths(edges: Flags) -> Flags:
    """Whether a stage can be reached from another, itself included; shape (from, to)."""
    size = len(edges)
    return np.array([closure(edges.T, np.arange(size) == s) for s in range(size)])


# --- money --------------------------------------------------------------------------------------------------------------


def _money(network: Network, g: int) -> tuple[Floats, Floats, Floats, Floats]:
    """One segment's revenue and cost of an entry, cost a day, and cost of being a customer, by stage; (stages,) each."""
    own = network.segment_scenario(g)
    spends = network.scenario.segments[network.segments[g]].spend_ratio
    revenue, daily = np.zeros(len(network.stages)), per_day(network)[g].copy()
    cost, once = acquisition(network)[g].copy(), np.zeros(len(network.stages))
    now = network.breaks[-2:-1]
    for s, (name, stage) in enumerate(own.stages.items()):
        passage = Passage(network, g, s, "arrival")
        if stage.revenue is not None:
            revenue[s] = lawtable.mean(stage.revenue) * spends * float(passage.ratios("spend", name, now)[0])
        if stage.cost is not None:
            cost[s] += lawtable.mean(stage.cost)
        for lever, about in own.levers.items():
            level = float(network.levels(lever, now)[0]) if passage.holds(lever) else 0.0
            once[s] += level * about.cost.per_customer
            daily[s] += level * about.cost.per_customer_day if not stage.end else 0.0
    return revenue, cost, daily, once


# --- arithmetic in which nothing times infinity is nothing --------------------------------------------------------------


def _times(one: Floats, other: Floats) -> Floats:
    zero = (one == 0.0) | (other == 0.0)
    with np.errstate(invalid="ignore"):
        return np.where(zero, 0.0, one * other)


def _sums(entries: Floats, each: Floats) -> Floats:
    return np.asarray(_times(entries, each).sum(axis=1))


def _minus(one: Floats, other: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.asarray(one - other)

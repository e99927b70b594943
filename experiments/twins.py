"""Twins: the same customers under two strategies, side by side, and what the whole difference is made of.

The two lives of a customer share every draw. What they show is one coupling of two lives: averages and totals follow from each
strategy alone, but who gains and who loses, and how many, depends on the coupling, which no data can tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments.coalitions import between, differing, named
from sojourn.experiments.compare import CustomerDifferences, customer_differences
from sojourn.experiments.decomposition import Decomposition, Luck, decompose
from sojourn.experiments.lives_apart import Apart, apart
from sojourn.experiments.parting import CONTACTS, Lived, Parting, parting
from sojourn.experiments.pieces import Help
from sojourn.experiments.twin_words import sentence
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.model import Scenario
from sojourn.sim.journeys import SOURCES
from sojourn.sim.keeping import Keeper
from sojourn.sim.network import build, check_strategies
from sojourn.sim.run import Progress, refuse_crowds, simulate
from sojourn.sim.wordofmouth import refuse_avalanche

Floats = NDArray[np.float64]
SHOWN, MOST_SHOWN = 5, 1000
CENT = 0.005  # of money: a difference below it is none
KINDS = ("most gained", "most lost", "typical", "unchanged", "only one")


class Stay(NamedTuple):
    """One stay of one life."""

    stage: str
    entered: float  # day
    left: float | None  # day; None: still there at the horizon
    margin: float  # money booked to the stay by the horizon, discounted to day 0
    satisfaction: float | None  # once the stay's touchpoint is over
    contact: str  # what became of a contact with the stage's desk; "" for none
    waited: float  # days at the desk


class Life(NamedTuple):
    """One customer under one strategy."""

    stays: tuple[Stay, ...]
    margin: float  # of all stays
    purchases: int


class Twin(NamedTuple):
    """One customer under both strategies; a life is None where the customer never comes."""

    customer: int
    kind: str  # one of KINDS, or "asked for"
    segment: str
    source: str
    first: Life | None
    second: Life | None
    parting: Parting | None  # None for the same life, or where there is but one

    @property
    def gain(self) -> float:
        """Margin under the second strategy minus under the first."""
        return (self.second.margin if self.second else 0.0) - (self.first.margin if self.first else 0.0)


class Group(NamedTuple):
    """So many customers, and what they bring under the second strategy minus under the first."""

    customers: int
    margin: float


@dataclass(frozen=True)
class Twins:
    """Two strategies on the same customers."""

    scenario: Scenario
    baseline: str
    strategy: str
    luck: Luck
    replication: int
    """The one that single customers are taken from."""
    groups: dict[str, Group]
    """Of that replication: `same` (the same stages on the same days), and of those whose lives part `more`, `less` and `even`
    margin; `only_baseline`, `only_strategy`: who comes under one strategy only."""
    shown: tuple[Twin, ...]
    decomposition: Decomposition

    @property
    def sentence(self) -> str:
        """The whole difference, and what each lever brings and costs of it."""
        return sentence(self.decomposition, self.scenario)

    def document(self) -> dict[str, Any]:
        """The JSON shape of `sojourn twins --json`."""
        return {
            "scenario": self.scenario.about.name,
            "baseline": self.baseline,
            "strategy": self.strategy,
            "sentence": self.sentence,
            "replication": self.replication,
            "groups": {name: group._asdict() for name, group in self.groups.items()},
            "decomposition": self.decomposition.document(),
            "twins": [_twin(one) for one in self.shown],
        }


def twins(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    *,
    customer: int | None = None,
    show: int = SHOWN,
    replication: int = 0,
    customers: int | None = None,
    replications: int = 20,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
    kept: Keeper | None = None,
) -> Twins:
    """Lay two strategies side by side: single customers, counts of better and worse, and the difference by lever and stage.

    Args:
        scenario: the scenario.
        strategies: two, the baseline first; by default the first two of the scenario.
        customer: the id of the one to show, in place of interesting ones.
        show: how many to show.
        replication: whose customers are shown and counted.
        customers, replications, seed: of the decomposition, as in `sim.run.run`.
        workers: threads; all processors by default. Results do not depend on it.
        progress: called with (pieces done, in all).
        kept: a journal, in which pieces of the decomposition are looked up and kept (see `experiments.journal`).

    Raises:
        Faults: strategies that are not two of the scenario's, a customer who comes under neither, numbers out of range.
    """
    baseline, strategy = pair_of(scenario, strategies)
    _check(scenario, show, replication, replications)
    luck = Luck(customers, replications, seed)
    parts = decompose(scenario, baseline, strategy, luck, Help(workers, progress, kept))
    a, b = (_live(scenario, name, luck, replication) for name in (baseline, strategy))
    found = apart(a.journeys, b.journeys)
    gains = customer_differences((a.journeys, a.network), (b.journeys, b.network))
    kinds = _asked(scenario, gains, customer) if customer is not None else _chosen(a, found, gains, show)
    levers = differing(scenario, baseline, strategy)
    alone = _alone(scenario, baseline, strategy, luck, replication, levers) if len(levers) > 1 else {}
    shown = tuple(_laid(who, kind, a, b, found, levers, alone) for who, kind in kinds.items())
    return Twins(scenario, baseline, strategy, luck, replication, _groups(a, b, found, gains), shown, parts)


def pair_of(scenario: Scenario, strategies: Sequence[str] | None) -> tuple[str, str]:
    """Two different strategies of the scenario, the baseline first. Raises Faults."""
    known = tuple(scenario.strategies)
    chosen = check_strategies(scenario, tuple(known[:2] if strategies is None else strategies))
    if len(set(chosen)) != 2 or len(chosen) != 2:
        remedy = f"name two of: {', '.join(known)}" if len(known) > 1 else "add a second strategy to the scenario"
        what = "two different strategies are laid side by side"
        raise Faults([Fault(scenario.about.name, "strategies", ", ".join(chosen), what, remedy)])
    return chosen[0], chosen[1]


def _check(scenario: Scenario, show: int, replication: int, replications: int) -> None:
    faults = []
    if not 1 <= show <= MOST_SHOWN:
        faults.append(Fault("twins", "show", str(show), f"{show} customers cannot be shown", f"give 1 to {MOST_SHOWN}"))
    if not 0 <= replication < 2**32:
        remedy = "replications count from 0"
        faults.append(Fault("twins", "replication", str(replication), f"there is no replication {replication}", remedy))
    if replications < 1:
        faults.append(Fault("twins", "replications", str(replications), "no replication, no result", "give 1 or more"))
    if faults:
        raise Faults(faults)


def _live(scenario: Scenario, strategy: str, luck: Luck, replication: int) -> Lived:
    network = build(scenario, strategy)
    refuse_avalanche([network], luck.customers)
    refuse_crowds([network], luck.customers)
    return Lived(simulate(network, seed=luck.seed, replication=replication, customers=luck.customers), network)


def _alone(scenario: Scenario, a: str, b: str, luck: Luck, replication: int, levers: Sequence[str]) -> dict[str, Lived]:
    """By lever, the replication with only this one as under the second strategy."""
    masks = {name: 1 << k for k, name in enumerate(levers)}
    version = Scenario.model_validate(between(scenario, a, b, levers, masks.values()))
    return {name: _live(version, named(mask), luck, replication) for name, mask in masks.items()}


def _asked(scenario: Scenario, gains: CustomerDifferences, customer: int) -> dict[int, str]:
    """The customer who was asked for. Raises Faults where nobody has this id."""
    place = int(gains.customer.searchsorted(customer)) if 0 <= customer < 2**63 else gains.customer.size
    if place == gains.customer.size or gains.customer[place] != customer:
        last = int(gains.customer[gains.customer < 2**34][-1]) if gains.customer.size else -1
        remedy = f"ids of arrivals run from 0 to {last} here" if last >= 0 else "nobody comes at all"
        what = "no such customer comes under either strategy in this replication"
        raise Faults([Fault(scenario.about.name, "customer", str(customer), what, remedy)])
    return {customer: "asked for"}


def _chosen(a: Lived, found: Apart, gains: CustomerDifferences, show: int) -> dict[int, str]:
    """Ids to show, each with what makes it interesting: kinds in turn, the most telling of each first; ties to the lowest id."""
    margin = dict(zip(gains.customer.tolist(), gains.margin.tolist(), strict=True))
    parted = found.customer[found.row >= 0].tolist()
    brought = np.bincount(a.journeys.who, weights=a.margin, minlength=a.journeys.customers.customer.size)[found.first]
    unmoved = found.row < 0
    usual = np.abs(brought[unmoved] - brought[unmoved].mean()) if unmoved.any() else np.empty(0)
    same = found.customer[unmoved][np.argsort(usual, kind="stable")].tolist()
    lone = gains.customer[~gains.both].tolist()
    middle = float(np.median([margin[one] for one in parted])) if parted else 0.0
    queues = {
        "most gained": sorted((one for one in parted if margin[one] > CENT), key=lambda one: -margin[one]),
        "most lost": sorted((one for one in parted if margin[one] < -CENT), key=lambda one: margin[one]),
        "typical": sorted(parted, key=lambda one: abs(margin[one] - middle)),
        "unchanged": same,
        "only one": sorted(lone, key=lambda one: -abs(margin[one])),
    }
    chosen: dict[int, str] = {}
    while len(chosen) < show and any(queues.values()):
        for kind, queue in queues.items():
            while queue and queue[0] in chosen:
                queue.pop(0)
            if queue and len(chosen) < show:
                chosen[queue.pop(0)] = kind
    return chosen


def _groups(a: Lived, b: Lived, found: Apart, gains: CustomerDifferences) -> dict[str, Group]:
    """Who gains and who loses, in a partition of everybody who comes under either strategy."""
    place = gains.customer.searchsorted(found.customer)
    parted = np.zeros(gains.customer.size, dtype=np.bool_)
    parted[place[found.row >= 0]] = True
    only_first = ~gains.both & np.isin(gains.customer, a.journeys.customers.customer)
    only_second = ~gains.both & np.isin(gains.customer, b.journeys.customers.customer)
    more, less = gains.margin > CENT, gains.margin < -CENT
    members = {
        "same": gains.both & ~parted,
        "more": parted & more,
        "less": parted & less,
        "even": parted & ~more & ~less,
        "only_baseline": only_first,
        "only_strategy": only_second,
    }
    return {name: Group(int(who.sum()), float(gains.margin[who].sum())) for name, who in members.items()}


def _laid(
    customer: int, kind: str, a: Lived, b: Lived, found: Apart, levers: Sequence[str], alone: dict[str, Lived]
) -> Twin:
    """One customer's two lives."""
    places = [_place(one, customer) for one in (a, b)]
    lives = [None if place is None else _life(one, place) for one, place in zip((a, b), places, strict=True)]
    known, place = (a, places[0]) if places[0] is not None else (b, places[1])
    assert place is not None
    people = known.journeys.customers
    both = int(found.customer.searchsorted(customer))
    way = None
    if None not in places and found.row[both] >= 0:
        first, second = int(found.first[both]), int(found.second[both])
        way = parting(a, b, first, second, int(found.row[both]), levers, alone)
    segment, source = known.network.segments[int(people.segment[place])], SOURCES[int(people.source[place])]
    return Twin(customer, kind, segment, source, lives[0], lives[1], way)


def _place(lived: Lived, customer: int) -> int | None:
    ids = lived.journeys.customers.customer
    place = int(ids.searchsorted(customer))
    return place if place < ids.size and ids[place] == customer else None


def _life(lived: Lived, who: int) -> Life:
    events, network = lived.journeys.events, lived.network
    rows = lived.rows(who)
    margin = lived.margin[rows]
    ends = lived.journeys.until[rows]
    stays = []
    for k, row in enumerate(rows.tolist()):
        stage = network.stages[int(events.stage[row])]
        open_still = k == rows.size - 1
        points = float(events.satisfaction[row])
        stays.append(
            Stay(
                stage,
                float(events.time[row]),
                None if open_still else float(ends[k]),
                float(margin[k]) + 0.0,
                None if np.isnan(points) else points,
                CONTACTS[int(events.contact[row])],
                float(events.waited[row]),
            )
        )
    buying = [network.scenario.stages[stay.stage].role == "purchase" for stay in stays]
    return Life(tuple(stays), float(margin.sum()), sum(buying))


def _twin(one: Twin) -> dict[str, Any]:
    lives = {
        key: None
        if life is None
        else {
            "margin": life.margin,
            "purchases": life.purchases,
            "stays": [stay._asdict() for stay in life.stays],
        }
        for key, life in (("baseline", one.first), ("strategy", one.second))
    }
    way = one.parting
    told = None
    if way is not None:
        told = {
            "stage": way.stage,
            "entered": way.entered,
            "baseline": way.first._asdict(),
            "strategy": way.second._asdict(),
            "reasons": list(way.reasons),
            "levers": list(way.levers),
            "draws": way.draws,
        }
    about = {"customer": one.customer, "kind": one.kind, "segment": one.segment, "source": one.source}
    return {**about, "gain": one.gain, **lives, "parting": told}

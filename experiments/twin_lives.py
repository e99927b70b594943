"""Single customers under two strategies: who is worth showing, and their two lives."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sojourn.experiments.compare import CustomerDifferences
from sojourn.experiments.lives_apart import Apart
from sojourn.experiments.parting import CONTACTS, Lived, Parting, parting
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.model import Scenario
from sojourn.sim.journeys import SOURCES

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

    def document(self) -> dict[str, Any]:
        """The JSON shape of one entry of `twins`."""
        return _twin(self)


def asked_for(scenario: Scenario, gains: CustomerDifferences, customer: int) -> dict[int, str]:
    """The customer who was asked for. Raises Faults where nobody has this id."""
    place = int(gains.customer.searchsorted(customer)) if 0 <= customer < 2**63 else gains.customer.size
    if place == gains.customer.size or gains.customer[place] != customer:
        last = int(gains.customer[gains.customer < 2**34][-1]) if gains.customer.size else -1
        remedy = f"ids of arrivals run from 0 to {last} here" if last >= 0 else "nobody comes at all"
        what = "no such customer comes under either strategy in this replication"
        raise Faults([Fault(scenario.about.name, "customer", str(customer), what, remedy)])
    return {customer: "asked for"}


def interesting(a: Lived, found: Apart, gains: CustomerDifferences, show: int) -> dict[int, str]:
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


def laid(
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

"""Twins: the same customers under two strategies, side by side, and what the whole difference is made of.

The two lives of a customer share every draw. What they show is one coupling of two lives: averages and totals follow from each
strategy alone, but who gains and who loses, and how many, depends on the coupling, which no data can tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sojourn.experiments.coalitions import between, differing, named
from sojourn.experiments.compare import CustomerDifferences, customer_differences
from sojourn.experiments.coupling import Coupled, gaining, losing
from sojourn.experiments.decomposition import Decomposition, Luck, decompose
from sojourn.experiments.lives_apart import Apart, apart
from sojourn.experiments.parting import Lived
from sojourn.experiments.pieces import Help
from sojourn.experiments.twin_lives import CENT, Twin, asked_for, interesting, laid
from sojourn.experiments.twin_words import sentence
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.brief import brief
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plurals import plural
from sojourn.sim.journeys import Floats
from sojourn.sim.keeping import Keeper
from sojourn.sim.network import build, check_strategies
from sojourn.sim.run import Progress, refuse_crowds, simulate
from sojourn.sim.wordofmouth import refuse_avalanche

SHOWN, MOST_SHOWN = 5, 1000


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
    coupled: dict[str, Coupled]
    """Of everybody, the share who bring `more` and `less` under the strategy: with shared draws, and whatever the coupling."""
    shown: tuple[Twin, ...]
    decomposition: Decomposition

    def __repr__(self) -> str:
        lives = plural(self.luck.replications, "replication")
        return brief(self, self.scenario.about.name, f"{self.baseline}, {self.strategy}", lives, answer=self.sentence)

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
            "coupled": {name: one._asdict() for name, one in self.coupled.items()},
            "decomposition": self.decomposition.document(),
            "twins": [one.document() for one in self.shown],
        }


@checked_arguments
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
    kinds = asked_for(scenario, gains, customer) if customer is not None else interesting(a, found, gains, show)
    levers = differing(scenario, baseline, strategy)
    alone = _alone(scenario, baseline, strategy, luck, replication, levers) if len(levers) > 1 else {}
    shown = tuple(laid(who, kind, a, b, found, levers, alone) for who, kind in kinds.items())
    first, second = (_brought(one, gains) for one in (a, b))
    coupled = {"more": gaining(first, second, CENT), "less": losing(first, second, CENT)}
    groups = _groups(a, b, found, gains)
    return Twins(scenario, baseline, strategy, luck, replication, groups, coupled, shown, parts)


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


def _brought(lived: Lived, gains: CustomerDifferences) -> Floats:
    """What each of those who come under either strategy brings, 0 for who never comes; shape as `gains.customer`."""
    people = lived.journeys.customers.customer
    brought = np.zeros(gains.customer.size)
    own = np.bincount(lived.journeys.who, weights=lived.margin, minlength=people.size)
    brought[gains.customer.searchsorted(people)] = own
    return brought


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

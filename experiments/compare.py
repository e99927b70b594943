"""Strategies on the same customers: paired differences with intervals, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from sojourn.experiments.doubted import Uncertainty
from sojourn.experiments.service import Reason, reasons
from sojourn.experiments.verdict import Verdict, decide
from sojourn.scenarios.faults import Fault, Faults, nearest
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.estimating import Jackknife, difference
from sojourn.sim.journeys import Floats, Integers, Journeys
from sojourn.sim.lives import Lives, summed
from sojourn.sim.measures import names
from sojourn.sim.money import book
from sojourn.sim.network import Network, build
from sojourn.sim.run import Outcome, Result, run
from sojourn.sim.singles import jackknifes


@dataclass(frozen=True)
class Comparison:
    """Strategies against the baseline, on the same customers."""

    result: Result
    baseline: str
    differences: dict[str, dict[str, Estimate]]
    """By "B - A", A the baseline: every measure under B minus under A, with its 90 % interval."""
    verdict: Verdict
    why: dict[str, Reason]
    """By strategy, what its desks do to it; only where waiting or giving up differs from the baseline."""
    uncertainty: Uncertainty | None = None
    """The same over draws of the numbers in doubt, where they were asked for."""

    def document(self) -> dict[str, Any]:
        """The JSON shape of `sojourn compare --json`: that of the result, with `differences`, `verdict` and `why`."""
        told = {
            pair: {name: estimate._asdict() for name, estimate in measures.items()}
            for pair, measures in self.differences.items()
        }
        verdict = {
            "sentence": self.verdict.sentence,
            "winner": self.verdict.winner,
            "measure": self.verdict.measure,
            "error_rate": self.verdict.error_rate,
        }
        why = {f"{name} - {self.baseline}": reason.document() for name, reason in self.why.items()}
        found = {**self.result.document(), "differences": told, "verdict": verdict, "why": why}
        if self.uncertainty is not None:
            found["uncertainty"] = self.uncertainty.document(self.verdict.measure)
        return found


def compare(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    *,
    measure: str = "profit",
    uncertainty: Uncertainty | None = None,
    **options: Any,
) -> Comparison:
    """Run strategies on the same customers and say which is best.

    Args:
        scenario: the scenario.
        strategies: at least two, the baseline first; by default all of the scenario, in file order.
        measure: what the verdict is about.
        uncertainty: of the same strategies, from `doubted.uncertainty`: the verdict then speaks of it too.
        options: those of `sim.run.run` (customers, replications, seed, engine, progress, sink).

    Raises:
        Faults: a strategy or measure that the scenario lacks, the same strategy twice, or fewer than two.
    """
    chosen = tuple(scenario.strategies) if strategies is None else tuple(strategies)
    _check(scenario, chosen, measure)
    single = options.get("replications") == 1
    result = run(scenario, chosen, **{**options, "keep": options.get("keep", False) or single})
    pairs = _Pairs(result, fixed=options.get("customers") is not None or scenario.arrivals.cohort is not None)
    baseline, *others = chosen
    differences = {
        f"{name} - {baseline}": {one: pairs(one, baseline, name).interval() for one in pairs.measures}
        for name in others
    }
    verdict = decide(chosen, partial(pairs, measure), measure, scenario)
    how = {name: options[name] for name in ("engine", "workers", "progress") if name in options}
    if uncertainty is not None:
        said = f"{verdict.sentence.removesuffix('.')}{uncertainty.clause(measure, verdict.winner)}."
        verdict = replace(verdict, sentence=said)
    return Comparison(result, baseline, differences, verdict, reasons(result, baseline, **how), uncertainty)


class _Pairs:
    """Differences of any measure between any two strategies of a result, replication by replication.

    With one replication, group by group of the same customers instead (see `sim.singles`).
    """

    def __init__(self, result: Result, *, fixed: bool) -> None:
        self.outcomes: dict[str, Outcome] = result.outcomes
        self.groups: dict[str, dict[str, Jackknife]] = {}
        if result.replications == 1:
            for name, outcome in result.outcomes.items():
                self.groups[name] = jackknifes(outcome.journeys[0], outcome.network, fixed=fixed)
        self.measures = tuple(next(iter(result.outcomes.values())).measures)

    def __call__(self, measure: str, a: str, b: str) -> Jackknife:
        """The measure under b minus under a."""
        if self.groups:
            return self.groups[b][measure].minus(self.groups[a][measure])
        first, second = self.outcomes[a].parts, self.outcomes[b].parts
        return difference([one[measure] for one in first], [one[measure] for one in second])


def _check(scenario: Scenario, strategies: Sequence[str], measure: str) -> None:
    source, known = scenario.about.name, tuple(scenario.strategies)
    faults = [
        Fault(source, "strategies", name, f'no strategy named "{name}"', nearest(name, known))
        for name in dict.fromkeys(strategies)
        if name not in known
    ]
    twice = [name for name in dict.fromkeys(strategies) if strategies.count(name) > 1]
    faults += [Fault(source, "strategies", name, f'"{name}" is listed twice', "list it once") for name in twice]
    if len(strategies) < 2:
        remedy = f"name two of: {', '.join(known)}" if len(known) > 1 else "add a second strategy to the scenario"
        value = ", ".join(strategies)
        faults.append(Fault(source, "strategies", value, "a comparison needs at least two strategies", remedy))
    if not faults:
        measures = names(build(scenario, strategies[0]))
        if measure not in measures:
            faults.append(
                Fault(source, "measure", measure, f'no measure named "{measure}"', nearest(measure, measures))
            )
    if faults:
        raise Faults(faults)


class CustomerDifferences(NamedTuple):
    """One row a customer who came under either strategy, ids ascending; what a strategy lacks counts as 0."""

    customer: Integers
    margin: Floats  # under b minus under a: what the ledger books to the customer by the horizon, discounted to day 0
    purchases: Integers  # under b minus under a
    both: np.ndarray[Any, np.dtype[np.bool_]]  # whether the customer came under both


def customer_differences(a: tuple[Journeys, Network], b: tuple[Journeys, Network]) -> CustomerDifferences:
    """The same replication under two strategies, customer by customer."""
    ids = np.union1d(a[0].customers.customer, b[0].customers.customer)
    margin, purchases, came = np.zeros(ids.size), np.zeros(ids.size, dtype=np.int64), np.zeros(ids.size, dtype=np.int64)
    for sign, (journeys, network) in ((-1, a), (1, b)):
        lives = Lives(journeys, network)
        money = book(journeys, network, discounted=True)
        place = np.searchsorted(ids, journeys.customers.customer)
        margin[place] += sign * summed(journeys.who, money.revenue - money.cost, lives.count)
        purchases[place] += sign * lives.purchases
        came[place] += 1
    return CustomerDifferences(ids, margin, purchases, came == 2)

"""Why desks make strategies better or worse: what waiting and giving up cost, against the same strategy without a queue.

The counterfactual is the strategy itself, with the same customers and draws, at desks that have agents for everybody, so
that nobody waits, while their pay stays what it was. Strategy minus counterfactual is what the queue costs, in satisfaction,
churn and money; contacts that end unresolved happen in both and are no part of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import put
from sojourn.sim.estimates import LEVEL, Estimate
from sojourn.sim.estimating import Jackknife, Part, Parts, difference
from sojourn.sim.money import agents_pay
from sojourn.sim.network import Network
from sojourn.sim.run import Outcome, Result, run

AT_DESK = ("requests", "wait", "abandoned", "failures", "failures_per_customer", "utilisation")
COSTS = ("profit", "revenue", "satisfaction", "churn_rate", "nps")  # what a queue is said to cost, where it is measured
TELLING = ("wait", "abandoned")  # what must differ for a desk to be a reason
EVERYBODY = 1e4  # agents, the most that a desk may have
MOST = 20  # replications of the counterfactual: it never takes longer than 20 replications of all strategies
DISCOUNTED = {"profit": True, "profit.undiscounted": False}


@dataclass(frozen=True)
class Reason:
    """What happens at desks under one strategy, where waiting or giving up differs from the baseline."""

    strategy: str
    desks: tuple[str, ...]
    """Desks where it differs, in the order of the file."""
    queue: dict[str, Estimate]
    """Measures under the strategy minus those without a queue, 90 %: what the queue does, as far as it is measured."""
    baseline_queue: dict[str, Estimate]
    """The same under the baseline."""
    change: dict[str, Estimate]
    """The first minus the second: the part of the difference to the baseline that is the queue's."""
    without_queue: dict[str, Estimate]
    """Measures under the strategy, had nobody waited at the same pay, minus those of the baseline as it is."""

    def document(self) -> dict[str, Any]:
        """The JSON shape of one entry of `why`."""
        told = {
            "queue": self.queue,
            "baseline_queue": self.baseline_queue,
            "change": self.change,
            "without_queue": self.without_queue,
        }
        return {"desks": list(self.desks), **{key: _document(found) for key, found in told.items()}}


def reasons(result: Result, baseline: str, **options: Any) -> dict[str, Reason]:
    """By strategy, why desks matter; empty where no desk's waiting or giving up differs from the baseline.

    Runs the baseline and each strategy that differs once more, with at most `MOST` replications.

    Args:
        result: all strategies of a comparison.
        baseline: the strategy that others are held against.
        options: those of `sim.run.run` that the result was run with (engine, workers, progress).
    """
    others = [name for name in result.outcomes if name != baseline]
    before = result.outcomes[baseline]
    differing = {name: _differing(before, result.outcomes[name], len(others)) for name in others}
    differing = {name: desks for name, desks in differing.items() if desks}
    if not differing:
        return {}
    replications = min(result.replications, MOST)
    free = run(
        at_once(result.scenario),
        [baseline, *differing],
        customers=result.customers,
        replications=replications,
        seed=result.seed,
        **options,
    )
    served = {
        name: [_paid(parts, one.network) for parts in free.outcomes[name].parts]
        for name, one in result.outcomes.items()
        if name in free.outcomes and _nobody_waits(free.outcomes[name])
    }
    if baseline not in served:
        return {}
    base = _between(served[baseline], before.parts)
    found = {}
    for name, desks in differing.items():
        if name in served:
            queue = _between(served[name], result.outcomes[name].parts)
            change = {one: queue[one].minus(base[one]) for one in queue}
            alone = _between(before.parts, served[name])
            found[name] = Reason(name, desks, *map(_told, (queue, base, change, alone)))
    return found


def at_once(scenario: Scenario) -> Scenario:
    """The scenario with agents for everybody, who cost nothing a day."""
    document = scenario.document()
    for name in scenario.desks:
        put(document, ("desks", name, "agents"), EVERYBODY)
        put(document, ("desks", name, "cost_per_agent_day"), 0.0)
    return Scenario.model_validate(document)


def _differing(before: Outcome, after: Outcome, strategies: int) -> tuple[str, ...]:
    """Desks whose waiting or giving up differs, with all comparisons counted (Bonferroni)."""
    desks = before.network.desks
    if len(before.parts) < 2 or not desks:
        return ()
    level = 1.0 - (1.0 - LEVEL) / (strategies * len(desks) * len(TELLING))
    return tuple(
        desk
        for desk in desks
        if any(_clear(_of(before.parts, after.parts, f"desk.{desk}.{what}"), level) for what in TELLING)
    )


def _clear(difference: Jackknife, level: float) -> bool:
    _, low, high = difference.interval(level)
    return low is not None and high is not None and (low > 0.0 or high < 0.0)


def _nobody_waits(outcome: Outcome) -> bool:
    return all(not outcome.measures[f"desk.{name}.wait"].mean for name in outcome.network.desks)


def _paid(parts: Parts, network: Network) -> dict[str, Part]:
    """A replication without a queue, with the agents' pay as it was."""
    horizon = network.scenario.about.horizon_days
    paid = dict(parts)
    for name, discounted in DISCOUNTED.items():
        part = parts[name]
        paid[name] = part._replace(value=part.value - agents_pay(network, horizon, discounted=discounted))
    return paid


def _between(a: Sequence[Parts], b: Sequence[Parts]) -> dict[str, Jackknife]:
    """What a queue costs: each measure under b minus under a, in the replications that both have."""
    return {name: _of(a, b, name) for name in COSTS if name in a[0]}


def _of(a: Sequence[Parts], b: Sequence[Parts], measure: str) -> Jackknife:
    both = min(len(a), len(b))
    return difference([one[measure] for one in a[:both]], [one[measure] for one in b[:both]])


def _told(found: Mapping[str, Jackknife]) -> dict[str, Estimate]:
    return {name: one.interval() for name, one in found.items()}


def _document(found: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: one._asdict() for name, one in found.items()}


def at_desk(names: Sequence[str]) -> Iterator[str]:
    """The measures of desks, desk by desk."""
    for name in names:
        yield from (f"desk.{name}.{what}" for what in AT_DESK)

"""Targets of a scenario by simulation: how near its numbers come to what they were tuned to meet."""

from collections.abc import Callable, Mapping

import numpy as np

from sojourn.experiments.attained import Attained, Evaluation
from sojourn.scenarios.faults import Fault, Faults, nearest
from sojourn.scenarios.files import varied
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.targets import Target
from sojourn.sim.estimates import Estimate
from sojourn.sim.estimating import Jackknife, bounded, divide, divide_all, over_replications
from sojourn.sim.measures import names
from sojourn.sim.network import build
from sojourn.sim.run import Outcome, Progress, run
from sojourn.sim.singles import jackknifes

Exact = Callable[[Scenario, str, str], float | None]
"""(scenario, strategy, measure) -> the figure without simulation error, or None where theory has none."""
Lived = Mapping[str | None, Mapping[str, Outcome]]  # by variant (None: the file itself) and strategy


def versions(scenario: Scenario) -> dict[str | None, tuple[str, ...]]:
    """What must be run: strategies by variant, None for the file itself."""
    needed: dict[str | None, dict[str, None]] = {}
    for one in scenario.targets:
        for variant in (one.variant, one.against) if one.against is not None else (one.variant,):
            known = scenario if variant is None else varied(scenario, variant)
            needed.setdefault(variant, {})[strategy_of(one, known)] = None
    return {variant: tuple(strategies) for variant, strategies in needed.items()}


def strategy_of(target: Target, scenario: Scenario) -> str:
    """The strategy that a target is measured under; the baseline of the version where it names none."""
    return target.strategy if target.strategy is not None else next(iter(scenario.strategies))


def check_measures(scenario: Scenario) -> None:
    """Raise `Faults` for every target whose measure does not exist where it is to be measured; nothing is run."""
    faults = []
    known: dict[tuple[str | None, str], tuple[str, ...]] = {}
    for i, one in enumerate(scenario.targets):
        for variant in dict.fromkeys((one.variant, one.against if one.against is not None else one.variant)):
            version = scenario if variant is None else varied(scenario, variant)
            key = (variant, strategy_of(one, version))
            if key not in known:
                known[key] = names(build(version, key[1]))
            if one.measure not in known[key]:
                said = f'no measure named "{one.measure}"' + (f" in variant {variant}" if variant else "")
                path, remedy = f"targets[{i}].measure", nearest(one.measure, known[key])
                faults.append(Fault(scenario.about.name, path, one.measure, said, remedy))
                break
    if faults:
        raise Faults(faults)


def evaluate_targets(
    scenario: Scenario,
    *,
    customers: int | None = None,
    replications: int = 20,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
    exact: Exact | None = None,
) -> Evaluation:
    """Simulate what the targets of a scenario ask about.

    Variants are run on the same customers with the same draws, so that the ratio of two is far more precise than each:
    the ratio of sums or means over paired replications, with a jackknife over them.

    Args:
        scenario: the file as a whole, not one of its variants, which have no targets.
        customers, replications, seed, workers, progress: as in `sim.run.run`; a target on totals, or one that waiting at
            a desk weighs on, holds for the scenario's own arrivals (`customers` left out).
        exact: gives figures without simulation error, where it can.

    Raises:
        Faults: a target names a measure that does not exist, or an option is wrong.
    """
    check_measures(scenario)
    needed = versions(scenario)
    lived: dict[str | None, Mapping[str, Outcome]] = {}
    scenarios: dict[str | None, Scenario] = {}
    each = {variant: len(strategies) * replications for variant, strategies in needed.items()}
    for variant, strategies in needed.items():
        scenarios[variant] = scenario if variant is None else varied(scenario, variant)
        lived[variant] = run(
            scenarios[variant],
            strategies,
            customers=customers,
            replications=replications,
            seed=seed,
            workers=workers,
            keep=replications == 1,
            progress=_shifted(progress, sum(each[done] for done in lived), sum(each.values())),
        ).outcomes
    found = []
    for one in scenario.targets:
        strategy = strategy_of(one, scenarios[one.variant])
        figure = _figure(one, lived, scenarios, customers)
        if one.against is None:
            figure = bounded(one.measure, figure)
        found.append(Attained(one, strategy, figure, _exactly(one, scenarios, exact)))
    return Evaluation(scenario, tuple(found), seed, replications, customers)


def ratio(a: Jackknife, b: Jackknife) -> Jackknife:
    """A over b, group by group; NaN where b is 0, without errors where the groups are not the same."""
    if a.left_out.size != b.left_out.size:
        return Jackknife(divide(a.value, b.value), np.empty(0))
    return Jackknife(divide(a.value, b.value), divide_all(a.left_out, b.left_out))


def _figure(target: Target, lived: Lived, scenarios: Mapping[str | None, Scenario], customers: int | None) -> Estimate:
    sides = (target.variant,) if target.against is None else (target.variant, target.against)
    outcomes = [lived[side][strategy_of(target, scenarios[side])] for side in sides]
    if outcomes[0].journeys:  # a single replication: groups of customers stand for replications
        fixed = customers is not None or scenarios[target.variant].arrivals.cohort is not None
        figures = [jackknifes(one.journeys[0], one.network, fixed=fixed)[target.measure] for one in outcomes]
    else:
        parts = [[part[target.measure] for part in one.parts] for one in outcomes]
        if parts[0][0].kind == "mean":  # over the replications in which both sides are defined
            both = np.isfinite([[part.value for part in side] for side in parts]).all(axis=0)
            parts = [[side[r] for r in np.flatnonzero(both)] for side in parts]
        figures = [over_replications(side) for side in parts]
    return (figures[0] if len(figures) == 1 else ratio(figures[0], figures[1])).interval()


def _exactly(target: Target, scenarios: Mapping[str | None, Scenario], exact: Exact | None) -> float | None:
    if exact is None:
        return None
    sides = (target.variant,) if target.against is None else (target.variant, target.against)
    figures = [exact(scenarios[side], strategy_of(target, scenarios[side]), target.measure) for side in sides]
    if figures[0] is None or len(figures) == 1:
        return figures[0]
    return None if not figures[1] else figures[0] / figures[1]


def _shifted(progress: Progress | None, done: int, total: int) -> Progress | None:
    return None if progress is None else lambda news, _: progress(done + news, total)

"""Targets of a scenario by simulation: how near its numbers come to what they were tuned to meet."""

from collections.abc import Callable, Mapping

import numpy as np

from sojourn.experiments.attained import Attained, Evaluation
from sojourn.experiments.theory import theory
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.files import varied
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.targets import Target
from sojourn.sim.estimates import LEVEL, Estimate
from sojourn.sim.estimating import Jackknife, bounded, divide, divide_all, over_replications
from sojourn.sim.measures import names
from sojourn.sim.network import build
from sojourn.sim.run import Outcome, Progress, run
from sojourn.sim.singles import jackknifes
from sojourn.sim.unmeasured import no_measure
from sojourn.sim.vocabulary import is_share

Exact = Callable[[Scenario, str, str], float | None]
"""(scenario, strategy, measure) -> the figure without simulation error, or None where theory has none."""
Versions = Mapping[str | None, Scenario]  # by variant; None is the file itself
Lived = Mapping[str | None, Mapping[str, Outcome]]  # by variant and strategy


def sides(target: Target) -> tuple[str | None, ...]:
    """The versions of the file that a target is measured in: one, or the two of a ratio, the upper first."""
    return (target.variant,) if target.against is None else (target.variant, target.against)


def versions(scenario: Scenario) -> dict[str | None, Scenario]:
    """The versions of the file that its targets are measured in, by variant; None is the file itself."""
    named = dict.fromkeys(side for one in scenario.targets for side in sides(one))
    return {name: scenario if name is None else varied(scenario, name) for name in named}


def strategy_of(target: Target, version: Scenario) -> str:
    """The strategy that a target is measured under; the baseline of the version where it names none."""
    return target.strategy if target.strategy is not None else next(iter(version.strategies))


def needed(scenario: Scenario, known: Versions) -> dict[str | None, tuple[str, ...]]:
    """What must be run for the targets: strategies by variant."""
    found: dict[str | None, dict[str, None]] = {}
    for one in scenario.targets:
        for side in sides(one):
            found.setdefault(side, {})[strategy_of(one, known[side])] = None
    return {side: tuple(strategies) for side, strategies in found.items()}


@checked_arguments
def evaluate_targets(
    scenario: Scenario,
    *,
    customers: int | None = None,
    replications: int = 20,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
    exact: Exact | None = theory,
) -> Evaluation:
    """Simulate what the targets of a scenario ask about.

    Variants are run on the same customers with the same draws, so that the ratio of two is far more precise than each:
    the ratio of sums or means over paired replications, with a jackknife over them. With a single replication groups of
    customers stand for replications, where nothing couples customers (see `sim.singles`); else there is no interval.

    Args:
        scenario: the file as a whole, not one of its variants, which have no targets.
        customers, replications, seed, workers, progress: as in `sim.run.run`; a target on totals, or one that waiting at
            a desk weighs on, holds for the scenario's own arrivals (`customers` left out).
        exact: gives figures without simulation error, where it can; None leaves them out.

    Raises:
        Faults: a target names a measure that does not exist, or an option is wrong.
    """
    known = versions(scenario)
    check_measures(scenario, known)
    todo = needed(scenario, known)
    runs = {side: len(strategies) * replications for side, strategies in todo.items()}
    lived: dict[str | None, Mapping[str, Outcome]] = {}
    for side, strategies in todo.items():
        lived[side] = run(
            known[side],
            strategies,
            customers=customers,
            replications=replications,
            seed=seed,
            workers=workers,
            keep=replications == 1,
            progress=_shifted(progress, sum(runs[done] for done in lived), sum(runs.values())),
        ).outcomes
    fixed = customers is not None or scenario.arrivals.cohort is not None
    attained = tuple(
        Attained(
            one, strategy_of(one, known[one.variant]), _figure(one, lived, known, fixed), _exactly(one, known, exact)
        )
        for one in scenario.targets
    )
    return Evaluation(scenario, attained, seed, replications, customers)


def ratio(a: Jackknife, b: Jackknife) -> Jackknife:
    """A over b, group by group; NaN where b is 0, without errors where the groups are not the same."""
    if a.left_out.size != b.left_out.size:
        return Jackknife(divide(a.value, b.value), np.empty(0))
    return Jackknife(divide(a.value, b.value), divide_all(a.left_out, b.left_out))


def _figure(target: Target, lived: Lived, known: Versions, fixed: bool) -> Estimate:
    outcomes = [lived[side][strategy_of(target, known[side])] for side in sides(target)]
    if outcomes[0].journeys:
        figures = [jackknifes(one.journeys[0], one.network, fixed=fixed)[target.measure] for one in outcomes]
    else:
        parts = [[part[target.measure] for part in one.parts] for one in outcomes]
        if parts[0][0].kind == "mean":  # over the replications in which both sides are defined
            both = np.isfinite([[part.value for part in side] for side in parts]).all(axis=0)
            parts = [[side[r] for r in np.flatnonzero(both)] for side in parts]
        figures = [over_replications(side) for side in parts]
    if len(figures) == 1:
        found = bounded(target.measure, figures[0].interval())
        return _agreeing(found, outcomes[0]) if _counts_customers(target.measure) else found
    return ratio(figures[0], figures[1]).interval()


def _counts_customers(measure: str) -> bool:
    """Whether a measure is the share of all customers to whom something happens."""
    return measure == "conversion" or measure.startswith("reach.")


def _agreeing(found: Estimate, outcome: Outcome) -> Estimate:
    """A share of customers whose replications all agree, as where nobody buys in any: that is no certainty, but so many
    customers; its interval is that of a binomial share (Clopper and Pearson 1934).
    """
    if found.mean is None or found.low is None or found.low != found.high:
        return found
    of = sum(part["conversion"].denominator for part in outcome.parts)
    if outcome.journeys:
        of = float(outcome.journeys[0].first.size - 1)
    return Estimate(found.mean, *binomial(found.mean * of, of))


def binomial(number: float, of: float) -> tuple[float, float]:
    """The exact 90 % interval of a chance of which so many of so many are seen."""
    from scipy.special import betaincinv

    tail = (1.0 - LEVEL) / 2.0
    low = 0.0 if number <= 0 else float(betaincinv(number, of - number + 1.0, tail))
    high = 1.0 if number >= of else float(betaincinv(number + 1.0, of - number, 1.0 - tail))
    return low, high


def _exactly(target: Target, known: Versions, exact: Exact | None) -> float | None:
    if exact is None:
        return None
    figures = [exact(known[side], strategy_of(target, known[side]), target.measure) for side in sides(target)]
    if len(figures) == 1 or figures[0] is None:
        return figures[0]
    return figures[0] / figures[1] if figures[1] else None


def _shifted(progress: Progress | None, done: int, total: int) -> Progress | None:
    return None if progress is None else lambda news, _: progress(done + news, total)


def check_measures(scenario: Scenario, known: Versions) -> None:
    """Raise `Faults` for every target whose measure does not exist where it is to be measured, or can never have its value;
    nothing is run.
    """
    measures: dict[tuple[str | None, str], tuple[str, ...]] = {}
    faults = []
    for i, one in enumerate(scenario.targets):
        for side in sides(one):
            key = (side, strategy_of(one, known[side]))
            if key not in measures:
                measures[key] = names(build(known[side], key[1]))
            if one.measure not in measures[key]:
                where = f" in variant {side}" if side else ""
                path = f"targets[{i}].measure"
                faults.append(no_measure(known[side], path, one.measure, measures[key], where))
                break
        else:
            if one.against is None and is_share(one.measure) and not 0.0 < one.value <= 1.0:
                said = f"{one.measure} is a share, from 0 to 1, and never {one.value:g}"
                remedy = "give the share, such as 0.12 for 12 %"
                faults.append(Fault(scenario.about.name, f"targets[{i}].value", f"{one.value:g}", said, remedy))
    if faults:
        raise Faults(faults)

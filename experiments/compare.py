"""Strategies on the same customers: paired differences with intervals, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from sojourn.experiments.critical import alone, level
from sojourn.experiments.doubted import Uncertainty
from sojourn.experiments.payback import Payback, paybacks
from sojourn.experiments.seen import FEWEST, PRICED, acts, counted, customers_apart, felt, replications_apart, withheld
from sojourn.experiments.sequential import Clock, Settling
from sojourn.experiments.sequential import settle as until_settled
from sojourn.experiments.service import Reason, reasons
from sojourn.experiments.standing import RATE, Pair, stand
from sojourn.experiments.verdict import Verdict, judge
from sojourn.scenarios.arguments import arguments_checked
from sojourn.scenarios.brief import brief, listed
from sojourn.scenarios.faults import Fault, Faults, nearest
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plurals import plural
from sojourn.sim.columns import Columns, figures
from sojourn.sim.estimates import LEVEL, Estimate
from sojourn.sim.estimating import Jackknife, difference
from sojourn.sim.journeys import Floats, Integers, Journeys
from sojourn.sim.keeping import Keeper
from sojourn.sim.lives import Lives, summed
from sojourn.sim.measures import names
from sojourn.sim.money import book
from sojourn.sim.network import Network, build
from sojourn.sim.run import Outcome, Result, run
from sojourn.sim.singles import jackknifes
from sojourn.sim.unmeasured import no_measure
from sojourn.sim.vocabulary import direction

REPLICATIONS = 20  # of a comparison, unless others are asked for; and at the first look of one that is to be settled


@dataclass(frozen=True)
class Comparison:
    """Strategies against the baseline, on the same customers."""

    result: Result
    baseline: str
    differences: dict[str, dict[str, Estimate]]
    """By "B - A", A the baseline: every measure under B minus under A, with its 90 % interval, which holds at all looks at once
    where there are several."""
    verdict: Verdict
    why: dict[str, Reason]
    """By strategy, what its desks do to it; only where waiting or giving up differs from the baseline."""
    payback: dict[str, Payback]
    """By strategy, when it pays back; only where money is at stake and there are two replications or more."""
    uncertainty: Uncertainty | None = None
    """The same over draws of the numbers in doubt, where they were asked for."""

    def __repr__(self) -> str:
        names, lives = listed(self.result.outcomes), plural(self.result.replications, "replication")
        return brief(self, self.result.scenario.about.name, names, lives, answer=self.verdict.sentence)

    def table(self) -> Columns:
        """Every measure of every strategy minus the baseline's, a row each: strategy, measure, difference, low, high."""
        behind = f" - {self.baseline}"
        found = {pair.removesuffix(behind): measures for pair, measures in self.differences.items()}
        return figures(found, ("strategy", "measure", "difference", "low", "high"))

    def document(self) -> dict[str, Any]:
        """The JSON shape of `sojourn compare --json`: that of the result, with `differences`, `verdict`, `why`, `payback`."""
        told = {
            pair: {name: estimate._asdict() for name, estimate in measures.items()}
            for pair, measures in self.differences.items()
        }
        why = {f"{name} - {self.baseline}": reason.document() for name, reason in self.why.items()}
        back = {f"{name} - {self.baseline}": one.document() for name, one in self.payback.items()}
        found = {"differences": told, "verdict": self.verdict.document(), "why": why, "payback": back}
        if self.uncertainty is not None:
            found["uncertainty"] = self.uncertainty.document(self.verdict.measure)
        return {**self.result.document(), **found}


@arguments_checked(options=run)
def compare(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    *,
    measure: str = "profit",
    error_rate: float = RATE,
    settle: Settling | None = None,
    delays: Sequence[float] = (),
    kept: Keeper | None = None,
    clock: Clock = monotonic,
    uncertainty: Uncertainty | None = None,
    **options: Any,
) -> Comparison:
    """Run strategies on the same customers and say which is best.

    Args:
        scenario: the scenario.
        strategies: at least two, the baseline first; by default all of the scenario, in file order.
        measure: what the verdict is about.
        error_rate: chance of a false claim in the verdict, over all its comparisons and looks.
        settle: go on until the answer is settled, from `replications` on; None for exactly so many.
        delays: in days, of what it costs to begin a strategy later; each takes as long as a strategy.
        kept: where finished replications are looked up and kept.
        clock: what tells the time of `settle.seconds`.
        uncertainty: of the same strategies, from `doubted.uncertainty`: the verdict then speaks of it too.
        options: those of `sim.run.run` (customers, replications, seed, engine, progress, sink).

    Raises:
        Faults: a strategy or measure that the scenario lacks, the same strategy twice, fewer than two, or an option is wrong.
    """
    chosen = tuple(scenario.strategies) if strategies is None else tuple(strategies)
    _check(scenario, chosen, measure, error_rate)
    fixed = options.get("customers") is not None or scenario.arrivals.cohort is not None
    if settle is None:
        single = options.get("replications") == 1
        options["keep"] = options.get("keep", False) or single
        result = run(scenario, chosen, kept=kept, **options)
        pairs = _Pairs(result, fixed=fixed)
        found = stand(chosen, partial(pairs, measure), rate=error_rate, seed=result.seed)
        verdict = judge(found, measure, scenario, rate=error_rate, replications=result.replications)
        confidence = LEVEL
    else:
        result, pairs, verdict, confidence = _settle(
            scenario, chosen, measure, error_rate, settle, _Memory(kept), clock, fixed=fixed, **options
        )
    baseline, *others = chosen
    differences = {
        f"{name} - {baseline}": {one: pairs(one, baseline, name).interval(confidence) for one in pairs.measures}
        for name in others
    }
    how = {name: options[name] for name in ("engine", "workers", "progress") if name in options}
    if uncertainty is not None:
        said = f"{verdict.sentence.removesuffix('.')}{uncertainty.clause(measure, verdict.winner)}."
        verdict = replace(verdict, sentence=said)
    why = reasons(result, baseline, kept=kept, **how)
    back = paybacks(result, baseline, delays=delays, level=confidence, kept=kept, **how)
    back = {name: one for name, one in back.items() if pairs("profit", baseline, name).left_out.size}
    return Comparison(result, baseline, differences, verdict, why, back, uncertainty)


def _settle(
    scenario: Scenario,
    strategies: tuple[str, ...],
    measure: str,
    rate: float,
    asked: Settling,
    kept: "_Memory",
    clock: Clock,
    *,
    fixed: bool,
    **options: Any,
) -> "tuple[Result, _Pairs, Verdict, float]":
    """Until the answer is settled; the last are the verdict and the level of Student's intervals that hold at all looks."""
    first = options.pop("replications", REPLICATIONS)
    after = {name: options.pop(name) for name in ("sink", "keep") if options.get(name)}
    asked.check(first)
    looks = asked.looks(first, rate)
    results: list[Result] = []

    def at(size: int) -> Pair:
        results[:] = [run(scenario, strategies, replications=size, kept=kept, **options)]
        return partial(_Pairs(results[-1], fixed=fixed), measure)

    seed = options.get("seed", 1)
    found = until_settled(strategies, at, direction(measure), asked, looks, seed=seed, clock=clock)
    result = results[-1]
    size = result.replications
    if after:  # journeys are simulated again, now that it is known how many are wanted
        result = run(scenario, strategies, replications=size, kept=kept, **after, **options)
    confidence = level(alone(asked.looks(first, RATE), found.look), size - 1)
    verdict = judge(
        found.standing, measure, scenario, rate=rate, replications=size, level=confidence, stopped=found.stopped,
        close_enough=asked.close_enough,
    )  # fmt: skip
    return result, _Pairs(result, fixed=fixed), verdict, confidence


class _Memory:
    """Replications of the looks before, and those of a journal."""

    def __init__(self, journal: Keeper | None) -> None:
        self._journal = journal
        self._pieces: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        """The piece; None where there is none yet."""
        if key not in self._pieces and self._journal is not None:
            return self._journal.get(key)
        return self._pieces.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep a piece, in the journal too."""
        self._pieces[key] = value
        if self._journal is not None:
            self._journal.put(key, value)


class _Pairs:
    """Differences of any measure between any two strategies of a result, replication by replication.

    With one replication, group by group of the same customers instead (see `sim.singles`). Without errors where hardly anything
    of a difference was seen (see `seen`).
    """

    def __init__(self, result: Result, *, fixed: bool) -> None:
        self.outcomes: dict[str, Outcome] = result.outcomes
        self.groups: dict[str, dict[str, Jackknife]] = {}
        if result.replications == 1:
            for name, outcome in result.outcomes.items():
                self.groups[name] = jackknifes(outcome.journeys[0], outcome.network, fixed=fixed)
        self.measures = tuple(next(iter(result.outcomes.values())).measures)
        self._scenario = result.scenario
        self._acts: dict[tuple[str, str], bool] = {}
        self._apart: dict[tuple[str, str], int] = {}  # customers of a single replication

    def __call__(self, measure: str, a: str, b: str) -> Jackknife:
        """The measure under b minus under a."""
        first, second = self.outcomes[a], self.outcomes[b]
        if self.groups:
            found = self.groups[b][measure].minus(self.groups[a][measure])
        else:
            found = difference([one[measure] for one in first.parts], [one[measure] for one in second.parts])
        pair = (a, b)
        if pair not in self._acts:
            self._acts[pair] = acts(self._scenario, a, b)
        if not self._acts[pair] or not found.left_out.size or not counted(measure):
            return found
        if not self.groups and measure.split(".")[0] not in PRICED:
            return found  # what replications differ by is what it differs by
        if not self.groups:
            apart = replications_apart(measure, first.parts, second.parts)
            return withheld(found, apart, len(first.parts))
        if felt(measure):
            return withheld(found, FEWEST, FEWEST)
        if pair not in self._apart:
            self._apart[pair] = customers_apart(first.journeys[0], second.journeys[0])
        return withheld(found, self._apart[pair], FEWEST)


def _check(scenario: Scenario, strategies: Sequence[str], measure: str, error_rate: float) -> None:
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
    if not 0.0 < error_rate < 0.5:
        remedy = "give a chance above 0 and below 0.5, such as 0.1"
        faults.append(Fault(source, "error_rate", f"{error_rate:g}", "no such rate of false claims", remedy))
    if not faults:
        measures = names(build(scenario, strategies[0]))
        if measure not in measures:
            faults.append(no_measure(scenario, "measure", measure, measures))
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

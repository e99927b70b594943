"""What the difference between two strategies is made of: by lever and by stage, in money, adding up to all of it.

**By lever.** The levers that the strategies pull differently are moved from the first strategy's plans to the second's, in every
combination, on the same customers and draws. A lever's *outcome* is its Shapley value in profit with these levers' costs left
out; what a lever *costs* is its own line of the ledger, under the second strategy minus under the first.
**By stage.** The same profit without those costs, booked where it is made: entries, days, desk contacts; agents' pay apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments.coalitions import between, differing, named, pulls, unpriced
from sojourn.experiments.pieces import Help, worked
from sojourn.experiments.shapley import Orders, chain, orders, sampled, shapley
from sojourn.experiments.stage_money import KINDS, booked
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import LEVEL, Estimate
from sojourn.sim.estimating import Jackknife, Part, over_replications, student
from sojourn.sim.network import build
from sojourn.sim.run import refuse_crowds, simulate
from sojourn.sim.wordofmouth import refuse_avalanche

Floats = NDArray[np.float64]
MOST_LEVERS = 7  # levers of which all 2^m coalitions are looked at
PAIRS = 32  # sampled orders, each with its reverse, where there are more levers
NORMAL = 1.645  # of a 90 % interval


class LeverPart(NamedTuple):
    """One lever's part of the difference, in money discounted to day 0, 90 %."""

    outcome: Estimate
    """What it changes in profit, with the costs of the levers that differ left out: its Shapley value."""
    cost: Estimate
    """What it costs itself, under the second strategy minus under the first."""
    total: Estimate
    """Outcome minus cost; these add up to the difference."""
    stages: dict[str, Estimate]
    """Its outcome by stage where the money is made; with `running` they add up to the outcome."""
    running: Estimate
    """Its outcome in what runs whoever comes: agents' pay."""
    sampling: float
    """Standard error of outcome and total that sampling orders leaves; 0 where all coalitions were looked at."""


class StagePart(NamedTuple):
    """Where the difference is made, in money discounted to day 0, 90 %; costs of the levers that differ left out."""

    entries: Estimate
    days: Estimate
    contacts: Estimate
    total: Estimate


@dataclass(frozen=True)
class Decomposition:
    """A difference in profit between two strategies and its parts."""

    baseline: str
    strategy: str
    total: Estimate
    """Profit under the strategy minus under the baseline, discounted to day 0."""
    levers: dict[str, LeverPart]
    """By lever that the strategies pull differently, in file order; totals add up to `total`."""
    stages: dict[str, StagePart]
    """By stage in file order; with `running`, and minus the costs of levers, totals add up to `total`."""
    running: Estimate
    """What runs whoever comes: agents' pay."""
    replications: int
    coalitions: int
    """Combinations of levers that were simulated."""
    exact: bool
    """Whether these are all, so that parts have no error of sampling orders."""

    def document(self) -> dict[str, Any]:
        """The JSON shape under `decomposition`."""
        levers = {
            name: {
                "outcome": one.outcome._asdict(),
                "cost": one.cost._asdict(),
                "total": one.total._asdict(),
                "stages": {stage: figure._asdict() for stage, figure in one.stages.items()},
                "running": one.running._asdict(),
                "sampling_error": one.sampling,
            }
            for name, one in self.levers.items()
        }
        stages = {
            name: {key: figure._asdict() for key, figure in one._asdict().items()} for name, one in self.stages.items()
        }
        return {
            "total": self.total._asdict(),
            "levers": levers,
            "stages": stages,
            "running": self.running._asdict(),
            "replications": self.replications,
            "coalitions": self.coalitions,
            "all_coalitions": self.exact,
        }


class Piece(NamedTuple):
    """One combination of levers, with at most one of those that differ priced."""

    mask: int
    priced: str  # lever, or "" for none


@dataclass(frozen=True)
class Luck:
    """On how many customers and replications, and with which draws."""

    customers: int | None = None
    replications: int = 20
    seed: int = 1


def decompose(
    scenario: Scenario,
    baseline: str,
    strategy: str,
    luck: Luck,
    by: Help | None = None,
) -> Decomposition:
    """Take the difference in profit between two strategies apart; see the top of this file.

    Raises:
        Faults: a strategy that the scenario lacks, or a run that would not fit (see `sim.run`).
    """
    levers = differing(scenario, baseline, strategy)
    exact = len(levers) <= MOST_LEVERS
    drawn = orders(len(levers), PAIRS, luck.seed) if not exact else np.empty((0, 0), dtype=np.int64)
    everything = (1 << len(levers)) - 1
    masks = range(everything + 1) if exact else sorted({mask for order in drawn for mask in chain(order)})
    sides = {0: baseline, everything: strategy}
    priced = [
        Piece(mask, lever)
        for lever in levers
        for mask, side in sides.items()
        if pulls(scenario, side, lever) and _charges(scenario, lever)
    ]
    pieces = [*(Piece(mask, "") for mask in masks), *priced]
    work = partial(_lines, _versions(scenario, baseline, strategy, levers, masks), luck)
    about = f"{scenario.digest[:24]}/{baseline}/{strategy}/{luck.seed}/{luck.customers}/{luck.replications}"

    def key(piece: Piece) -> str:
        return f"levers/{about}/{piece.mask}/{piece.priced}"

    found = worked(pieces, work, key, lambda lines: lines.tolist(), np.array, by or Help())
    worth = {mask: found[Piece(mask, "")] for mask in masks}
    shared = shapley(np.array([worth[mask] for mask in masks])) if exact else sampled(worth, drawn).parts
    errors = np.zeros(len(levers)) if exact else _errors(worth, drawn)
    costs = np.zeros((len(levers), luck.replications))
    for piece in priced:
        sign = 1.0 if piece.mask == everything else -1.0
        costs[levers.index(piece.priced)] += sign * (worth[piece.mask] - found[piece]).sum(axis=1)
    gained = worth[everything] - worth[0]
    parts = {name: _part(scenario, shared[k], costs[k], float(errors[k])) for k, name in enumerate(levers)}
    table = gained[:, :-1].reshape(luck.replications, len(scenario.stages), len(KINDS))
    stages = {name: _stage_part(table[:, s]) for s, name in enumerate(scenario.stages)}
    total = _told(gained.sum(axis=1) - costs.sum(axis=0))
    return Decomposition(
        baseline, strategy, total, parts, stages, _told(gained[:, -1]), luck.replications, len(worth), exact
    )


def _charges(scenario: Scenario, lever: str) -> bool:
    """Whether a lever costs anything for anybody."""
    own = [scenario, *(scenario.for_segment(name) for name in scenario.segments)]
    return any(any(one.levers[lever].cost.model_dump().values()) for one in own)


def _versions(scenario: Scenario, a: str, b: str, levers: Sequence[str], masks: Iterable[int]) -> dict[str, Scenario]:
    """The scenario with a strategy a coalition, by the lever that is priced; "" for none."""
    document = between(scenario, a, b, levers, masks)
    free = {name: frozenset(levers) - {name} for name in ("", *levers)}
    return {name: Scenario.model_validate(unpriced(document, others)) for name, others in free.items()}


def _lines(versions: dict[str, Scenario], luck: Luck, piece: Piece) -> Floats:
    """Profit by stage and kind, then what runs; shape (replications, stages * KINDS + 1)."""
    network = build(versions[piece.priced], named(piece.mask))
    refuse_avalanche([network], luck.customers)
    refuse_crowds([network], luck.customers)
    rows = []
    for r in range(luck.replications):
        money = booked(simulate(network, seed=luck.seed, replication=r, customers=luck.customers), network)
        rows.append(np.append(money.stages.ravel(), money.running))
    return np.array(rows)


def _part(scenario: Scenario, lines: Floats, cost: Floats, sampling: float) -> LeverPart:
    """One lever's part from its lines, shape (replications, lines), and its cost by replication."""
    outcome = lines.sum(axis=1)
    table = lines[:, :-1].reshape(len(lines), len(scenario.stages), len(KINDS)).sum(axis=2)
    stages = {name: _told(table[:, s]) for s, name in enumerate(scenario.stages)}
    return LeverPart(
        _told(outcome, sampling), _told(cost), _told(outcome - cost, sampling), stages, _told(lines[:, -1]), sampling
    )


def _stage_part(lines: Floats) -> StagePart:
    """One stage's part from its lines, shape (replications, KINDS)."""
    entries, days, contacts = (_told(lines[:, k]) for k in range(len(KINDS)))
    return StagePart(entries, days, contacts, _told(lines.sum(axis=1)))


def _errors(worth: Mapping[int, Floats], drawn: Orders) -> Floats:
    """Standard error of each lever's outcome that sampling orders leaves, shape (levers,)."""
    profit = {mask: np.asarray(lines.sum(axis=1).mean()) for mask, lines in worth.items()}
    return sampled(profit, drawn).errors


def _told(figures: Floats, sampling: float = 0.0) -> Estimate:
    """The mean over replications with its interval; an error of another origin is added to it as independent."""
    found: Jackknife = over_replications([Part("total", float(one)) for one in figures])
    estimate = found.interval()
    if not sampling or estimate.mean is None or estimate.low is None:
        return estimate
    half = float(np.hypot(student(LEVEL, figures.size - 1) * found.error, NORMAL * sampling))
    return Estimate(estimate.mean, estimate.mean - half, estimate.mean + half)

"""How one segment passes one stage under a strategy: at levels that stand still, and on a grid of days as they change."""

import math

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios.conditions import Name, Op, parse
from sojourn.scenarios.model import Law
from sojourn.sim.clocks import exposures
from sojourn.sim.network import Network, logged
from sojourn.sim.schedules import responded
from sojourn.sim.stays import ENDLESS, Stay, Way, choice, race

Floats = NDArray[np.float64]
Flows = dict[str, Floats]


class Kernel:
    """A stage's passage for entries on each day of a grid."""

    def __init__(self, passage: "Passage", days: Floats) -> None:
        self._passage, self._days = passage, days
        # A stay that ends between two midpoints of the grid counts on the grid's day between them.
        step = days[1] - days[0]
        self._ages = np.concatenate([[0.0], days + step / 2.0])
        self._step = step
        # Stays of no length end in the first step, not before it.
        self._H = {to: np.append(0.0, exposures(law, self._ages[1:])) for to, (_, law) in passage.exits.items()}
        self._rates = passage.rate * passage.ratios("referrals", passage.name, days)
        self.enters = passage.enters
        self._shifts = passage.shifts(days)
        # Of a race that levers act on: days on which those who enter see levels change, until these stand still.
        self._varying = int(np.searchsorted(days, passage.settled)) if passage.kind == "race" else 0
        self._cache: dict[int | tuple[float, ...], tuple[Floats, Flows]] = {}

    def _solve(self, t: int) -> tuple[Floats, Flows]:
        varying = t < self._varying
        key = t if varying else self._shifts[t]
        if key not in self._cache:
            levels = self._days[t] + (self._ages[:-1] if varying else np.zeros(1))
            self._cache[key] = self._passage.flows(self._H, levels)
        return self._cache[key]

    def changes(self, t: int) -> bool:
        """Whether those who enter on day t leave otherwise than those of the day before."""
        if self._passage.kind == "end":
            return False
        return t <= self._varying or self._shifts[t] != self._shifts[t - 1]

    def leaves(self, t: int) -> Flows:
        """Share of those who enter on day t that leaves for each stage, by days of the grid from t to the end."""
        if self._passage.kind == "end":
            return {}
        size = len(self._days) - t
        return {to: flow[:size] for to, flow in self._solve(t)[1].items()}

    def invites(self, t: int) -> Floats:
        """Expected invitations per entry on day t, by day of the grid from t + 1 on."""
        size = len(self._days) - t - 1
        there = np.ones(size) if self._passage.kind == "end" else self._solve(t)[0][1 : size + 1]
        return np.asarray(self._step * there * self._rates[t : t + size])


class Passage:
    """One stage as one segment meets it."""

    def __init__(self, network: Network, g: int, s: int, source: str | None = None) -> None:
        self.network, self.g, self._source = network, g, source
        self.name = network.stages[s]
        self._own = network.segment_scenario(g)
        stage = self._own.stages[self.name]
        self.kind = stage.kind
        self.exits: dict[str, tuple[float, Law]] = {}
        if self.kind == "choice":
            for to, exit in stage.choices.items():
                law = exit.dwell or stage.dwell
                assert law is not None  # checks.py refuses an exit without a law
                self.exits[to] = (exit.probability, law)
        elif self.kind == "race":
            self.exits = {to: (1.0, law) for to, law in stage.race.items()}
        self.rate = stage.referrals.rate_per_day if stage.referrals is not None else 0.0
        self.enters = network.stages.index(stage.referrals.enters) if stage.referrals is not None else -1
        self._terms = {
            (kind, target): self._effects(kind, target)
            for kind, target in (
                *(("exit", f"{self.name} -> {to}") for to in self.exits),
                *(("dwell", f"{self.name} -> {to}") for to in self.exits),
                *((kind, self.name) for kind in ("dwell", "spend", "referrals")),
            )
        }
        self._pulled = any(self._terms["exit", f"{self.name} -> {to}"] for to in self.exits)
        self.settled = float(network.breaks[-2]) if self._pulled else 0.0  # day from which levels stand still

    def _effects(self, kind: str, target: str) -> list[tuple[str, float]]:
        return [
            (lever, logged(effect))
            for lever in self._own.levers
            for effect in self._own.levers[lever].effects
            if effect.target == (kind, target) and effect.since is None and self.holds(lever) is not False
        ]

    def holds(self, lever: str) -> bool | None:
        """Whether the strategy's condition on a lever is met here; None where segment, stage and source cannot tell."""
        plan = self.network.scenario.strategies[self.network.strategy].get(lever)
        if plan is None:
            return False
        known = {Name.SEGMENT: self.network.segments[self.g], Name.STAGE: self.name}
        if self._source is not None:
            known[Name.SOURCE] = self._source
        stack: list[bool | None] = []  # None: only a run can tell
        for op, name, value in parse(plan.when).code if plan.when else ():
            if op == Op.NOT:
                last = stack.pop()
                stack.append(None if last is None else not last)
            elif op in (Op.AND, Op.OR):
                pair = {stack.pop(), stack.pop()}
                decisive = op == Op.OR
                stack.append(decisive if decisive in pair else None if None in pair else not decisive)
            elif Name(name) in known:
                stack.append((known[Name(name)] == value) == (op == 0))
            else:
                stack.append(None)
        return stack[-1] if stack else True

    def ratios(self, kind: str, target: str, days: Floats) -> Floats:
        """What levers multiply a rate by on each day."""
        return np.exp(self._shift((kind, target), days))

    def kernel(self, days: Floats) -> Kernel:
        """The passage for entries on each day of a grid."""
        return Kernel(self, days)

    def shifts(self, days: Floats) -> list[tuple[float, ...]]:
        """The log shifts of all exits, day by day."""
        if not self._pulled:
            return [()] * len(days)
        by_exit = [self._shift(("exit", f"{self.name} -> {to}"), days).tolist() for to in self.exits]
        return list(zip(*by_exit, strict=True))

    def _shift(self, key: tuple[str, str], days: Floats) -> Floats:
        total = np.zeros(len(days))
        for lever, beta in self._terms[key]:
            response = self._own.levers[lever].response
            total += beta * responded(self.network.levels(lever, days), response)
        return total

    def ways(self) -> tuple[Way, ...]:
        """The exits at the levels that the strategy ends with, in file order."""
        last = np.array([max(float(self.network.breaks[-2]), 0.0)])
        of_all = float(self._shift(("dwell", self.name), last)[0])
        ways = []
        for to, (weight, law) in self.exits.items():
            shift = float(self._shift(("exit", f"{self.name} -> {to}"), last)[0])
            pace = math.exp(of_all + float(self._shift(("dwell", f"{self.name} -> {to}"), last)[0]))
            ways.append(Way(law, shift, pace) if self.kind == "race" else Way(law, 0.0, pace, weight * math.exp(shift)))
        total = math.fsum(way.share for way in ways)
        return tuple(ways) if self.kind == "race" else tuple(way._replace(share=way.share / total) for way in ways)

    def stay(self) -> Stay:
        """The stay at the levels that the strategy ends with."""
        if self.kind == "end":
            return ENDLESS
        return race(self.ways()) if self.kind == "race" else choice(self.ways())

    def flows(self, H: dict[str, Floats], times: Floats) -> tuple[Floats, Flows]:
        """Share left at each of the ages of H, and what leaves for each stage between them, at the levels of `times`
        (one moment, or the beginning of each step between ages).
        """
        shift = {to: self._shift(("exit", f"{self.name} -> {to}"), times) for to in self.exits}
        size = len(next(iter(H.values())))
        if self.kind == "choice":
            weights = {to: self.exits[to][0] * math.exp(float(shift[to][0])) for to in self.exits}
            total = math.fsum(weights.values())
            gone = {to: -np.diff(np.exp(-H[to])) * weights[to] / total for to in self.exits}
            left = np.append(1.0, 1.0 - np.cumsum(np.sum(list(gone.values()), axis=0)))
            return np.maximum(left, 0.0), gone
        pieces = {to: np.exp(shift[to]) * np.diff(np.minimum(H[to], 1e3)) for to in self.exits}
        all_pieces = np.sum(list(pieces.values()), axis=0)
        left = np.exp(-np.append(0.0, np.cumsum(all_pieces)))
        ends = -np.diff(left)
        share = np.divide(ends, all_pieces, out=np.zeros(size - 1), where=all_pieces > 0.0)
        return left, {to: piece * share for to, piece in pieces.items()}

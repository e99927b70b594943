"""Trials of a fit to targets: simulated once each, remembered, and the best of them told while the fit goes on."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sojourn.calibration.free import Free, changes, moved
from sojourn.calibration.search import Floats
from sojourn.experiments.attained import Evaluation
from sojourn.experiments.targets import evaluate_targets
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.model import Scenario
from sojourn.sim.run import MAX_SEED


@dataclass(frozen=True)
class Stand:
    """Where a fit stands: what is told while it runs."""

    simulations: int
    replications: int
    worst: str
    """The target that is missed by most of its tolerances, in the best trial so far."""
    misfit: float
    """By what share of its value."""
    numbers: dict[str, float]
    """The free numbers of the best trial so far, by path."""


News = Callable[[Stand], None]


@dataclass
class Trials:
    """Simulates trials, remembers them, and tells how the best of them stands."""

    scenario: Scenario
    free: tuple[Free, ...]
    seed: int
    customers: int | None
    news: News | None
    known: dict[tuple[int, int, tuple[float, ...]], Evaluation | None] = field(default_factory=dict)
    best: tuple[int, float, Stand] | None = None
    trouble: Fault | None = None
    """The last reason why a trial could not be simulated."""

    def values(self, z: Floats) -> list[float]:
        """The free numbers, in their own units, at a place of the search."""
        return [min(max(one.scale.outer(float(x)), one.low), one.high) for one, x in zip(self.free, z, strict=True)]

    def evaluation(self, values: list[float], effort: int, seed: int) -> Evaluation | None:
        """The targets with these numbers; None where they make the scenario unsound."""
        key = (seed, effort, tuple(values))
        if key not in self.known:
            document = self.scenario.document()
            try:
                scenario = moved(self.scenario, changes(document, self.free, values))
                found = evaluate_targets(scenario, customers=self.customers, replications=effort, seed=seed)
            except Faults as wrong:
                if not self.known:
                    raise
                found, self.trouble = None, wrong.faults[0]
            self.known[key] = found
            self._tell(values, effort, found, seed)
        return self.known[key]

    def misfit(self, z: Floats, effort: int) -> Floats | None:
        """Misfits in tolerances at a place of the search."""
        return misfits(self.evaluation(self.values(z), effort, self.seed))

    def afresh(self, z: Floats, effort: int) -> Floats | None:
        """The same with other customers, who tell how far slopes are chance: neither those of the trials nor of the check."""
        return misfits(self.evaluation(self.values(z), effort, self._next(2)))

    @property
    def fresh(self) -> int:
        """The seed of the check."""
        return self._next(1)

    def _next(self, steps: int) -> int:
        return (self.seed + steps) % (MAX_SEED + 1)

    def _tell(self, values: list[float], effort: int, found: Evaluation | None, seed: int) -> None:
        r = misfits(found)
        if r is not None and found is not None and seed == self.seed:
            size, worst = float(r @ r), int(np.argmax(np.abs(r)))
            if self.best is None or effort > self.best[0] or (effort == self.best[0] and size < self.best[1]):
                target = found.attained[worst].target
                numbers = {one.path: value for one, value in zip(self.free, values, strict=True)}
                off = float(r[worst]) * target.tolerance
                self.best = effort, size, Stand(len(self.known), effort, target.name, off, numbers)
        if self.news is not None and self.best is not None:
            stand = self.best[2]
            self.news(Stand(len(self.known), effort, stand.worst, stand.misfit, stand.numbers))


def misfits(found: Evaluation | None) -> Floats | None:
    """Misfits of all targets, each as a multiple of its tolerance, shape (targets,); None where one is undefined."""
    if found is None:
        return None
    shares = [one.misfit.mean for one in found.attained]
    told = [
        share / one.target.tolerance for share, one in zip(shares, found.attained, strict=True) if share is not None
    ]
    return np.array(told) if len(told) == len(shares) else None

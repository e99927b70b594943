"""One measure of two strategies at many values of the scenario's numbers, on the same customers and draws throughout."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments.decomposition import Luck
from sojourn.experiments.numbers import moved
from sojourn.experiments.parameters import Doubt, bearing
from sojourn.experiments.pieces import Help, worked
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import Place, alone
from sojourn.sim.estimating import Jackknife, Part, difference
from sojourn.sim.figures import Sample, figures
from sojourn.sim.follow_ups import read
from sojourn.sim.lives import Lives
from sojourn.sim.network import build
from sojourn.sim.run import refuse_crowds, simulate
from sojourn.sim.singles import parts_of
from sojourn.sim.sums import NO_GROUPS, Gap, Sums
from sojourn.sim.wordofmouth import refuse_avalanche

Floats = NDArray[np.float64]
Point = tuple[tuple[Place, float], ...]  # what is moved, and where to; () is the scenario as it stands
CENTRE: Point = ()


class Run(NamedTuple):
    """All replications of a strategy at a point."""

    point: Point
    strategy: str


@dataclass
class Probe:
    """Runs what is asked for once, and keeps it."""

    scenario: Scenario
    baseline: str
    strategy: str
    measure: str
    luck: Luck
    by: Help = field(default_factory=Help)
    found: dict[Run, tuple[Part, ...]] = field(default_factory=dict)

    def ask(self, points: Sequence[Point]) -> None:
        """Run whatever is not known yet of the points, in parallel."""
        runs = [Run(self._seen(point, name), name) for point in points for name in (self.baseline, self.strategy)]
        new = [run for run in dict.fromkeys(runs) if run not in self.found]
        self.found |= worked(new, self._run, self._key, plain, restored, self.by)

    def difference(self, point: Point) -> Jackknife:
        """The measure under the strategy minus under the baseline, over paired replications."""
        self.ask([point])
        return difference(*(self.found[Run(self._seen(point, name), name)] for name in (self.baseline, self.strategy)))

    def each(self, point: Point) -> Floats:
        """The same replication by replication, shape (replications,)."""
        self.ask([point])
        a, b = (self.found[Run(self._seen(point, name), name)] for name in (self.baseline, self.strategy))
        return np.array([after.figure - before.figure for before, after in zip(a, b, strict=True)])

    def _seen(self, point: Point, strategy: str) -> Point:
        """What of a point a strategy can notice: effects of levers that it does not pull are nothing to it."""
        return tuple(one for one in point if noticed(self.scenario, one[0], (strategy,)))

    def _key(self, run: Run) -> str:
        about, luck = self.scenario.digest[:24], self.luck
        moved = json.dumps([[list(place), value] for place, value in run.point])
        asked = f"{self.measure}/{luck.seed}/{luck.customers}/{luck.replications}"
        return f"probe/{about}/{run.strategy}/{asked}/{moved}"

    def _run(self, run: Run) -> tuple[Part, ...]:
        return parts(at(self.scenario, dict(run.point)), run.strategy, self.measure, self.luck)


def noticed(scenario: Scenario, place: Place, strategies: Sequence[str]) -> bool:
    """Whether some of the strategies can notice a number: not where it is about a lever that none of them ever pulls."""
    return bool(bearing((Doubt(place, "", 0.0, 0.0, 0.0, "declared"),), scenario, strategies))


def plain(found: tuple[Part, ...]) -> list[list[Any]]:
    """Parts as lists, for a journal."""
    return [list(part) for part in found]


def restored(told: list[list[Any]]) -> tuple[Part, ...]:
    """The same again."""
    return tuple(Part(*part) for part in told)


def at(scenario: Scenario, values: Mapping[Place, float]) -> Scenario:
    """The scenario with numbers moved."""
    return Scenario.model_validate(moved(alone(scenario.document()), values)) if values else scenario


def parts(scenario: Scenario, strategy: str, measure: str, luck: Luck) -> tuple[Part, ...]:
    """One measure by replication; no other is made where that can be spared."""
    network = build(scenario, strategy)
    refuse_avalanche([network], luck.customers)
    refuse_crowds([network], luck.customers)
    return tuple(
        part_of(Lives(simulate(network, seed=luck.seed, replication=r, customers=luck.customers), network), measure)
        for r in range(luck.replications)
    )


def part_of(lives: Lives, measure: str) -> Part:
    """One measure of one replication: the same as in `measures.measure`. Raises KeyError."""
    for figure in figures(lives):
        if isinstance(figure, Sample):
            if measure in figure.names:
                curves = read(figure.follow_ups, NO_GROUPS, days=figure.days, median=figure.median)
                return parts_of(figure, curves)[figure.names.index(measure)]
        elif figure[0] == measure:
            sums: Any = figure[1]
            if isinstance(sums, Gap):
                return Part("mean", _part(sums.first).figure - _part(sums.second).figure)
            return _part(sums)
    raise KeyError(measure)


def _part(sums: Sums) -> Part:
    above = sums.numerator.total + sums.fixed
    if sums.denominator is None:
        return Part("total", above)
    return Part("ratio", above, sums.denominator.total + sums.fixed_below)

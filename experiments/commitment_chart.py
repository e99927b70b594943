"""The chart of commitment: at which ages one looks, which states count as one, and what the chance of each is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sojourn.experiments.commitment_cells import Cell, Chances, by_segment, estimated, grow, place
from sojourn.experiments.commitment_crossings import Crossings, crossings
from sojourn.experiments.commitment_exact import exact_or_none
from sojourn.experiments.commitment_runs import Counting, Runner
from sojourn.experiments.commitment_states import Flags, Moments
from sojourn.sim.journeys import Floats, Integers
from sojourn.sim.network import Network

ROUNDING = 1e-9


@dataclass(frozen=True)
class Chart:
    """Cells of states, for one network or for several that are compared in the same states."""

    loyal: tuple[str, ...]
    ages: tuple[Floats, ...]  # days in the stage, by stage
    cells: tuple[Cell, ...]
    exact: bool

    @classmethod
    def of(
        cls,
        runner: Runner,
        networks: Sequence[Network],
        loyal: tuple[str, ...],
        ages: tuple[Floats, ...] | None = None,
        *,
        solve: bool = True,
    ) -> "Chart":
        """Cells from the first sample of each network, or one for each stage and segment where theory knows the chances
        (and is asked to `solve`).
        """
        base, goal = networks[0], runner.goal
        if solve and exact_or_none(base, loyal, goal.within) is not None:
            runner.skip(len(networks))
            open_stages = np.flatnonzero(~(goal.loyal | goal.lost | goal.ended)).tolist()
            return cls(
                loyal, (np.zeros(1),) * len(goal.loyal), tuple(by_segment(open_stages, len(base.segments))), True
            )
        ages = runner.ages(base) if ages is None else ages
        shapes = [runner.shape(network, ages) for network in networks]
        return cls(loyal, ages, tuple(grow(shapes, ages, len(base.segments))), False)

    def place(self, moments: Moments) -> Integers:
        """Index of each moment's cell, -1 where there is none."""
        return place(moments, self.cells)

    def chances(self, network: Network, within: float, moments: Moments, cell: Integers) -> Chances:
        """The chance of each cell under a network: exactly where theory knows it, else from moments of the second sample."""
        exact = exact_or_none(network, self.loyal, within) if self.exact else None
        if exact is None:
            return estimated(moments, cell, len(self.cells))
        known = np.array([exact[next(iter(one.segments))][one.stage] for one in self.cells])
        return Chances(known, known, known, np.bincount(cell[cell >= 0], minlength=len(self.cells)))


def marked(mark: float, cell: Integers, chances: Chances) -> Flags:
    """Whether each moment lies in a cell whose chance is at least the mark, by the lower end of its interval."""
    flags: Flags = np.append(chances.low >= mark - ROUNDING, False)[cell]
    return flags


def crossed(mark: float, counting: Counting, cell: Integers, chances: Chances, stages: tuple[str, ...]) -> Crossings:
    """First crossings of a mark among the customers who are counted."""
    return crossings(mark, counting.moments, marked(mark, cell, chances), counting.people, stages)

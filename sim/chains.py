"""The journey of each segment as a chain of stays, up to where a figure stops looking, and what answers about it share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios.faults import Fault, Faults, nearest
from sojourn.sim.network import Network
from sojourn.sim.obstacles import Asked, obstacles
from sojourn.sim.passage import Passage
from sojourn.sim.stays import ENDLESS, Stay

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Solved:
    """What all answers share. Arrays have segments first, then the stage in which a customer begins, both in file order.

    NaN stands where a customer who begins there gets to a stage that cannot be solved (and that no arrival ever sees).
    """

    segments: tuple[str, ...]
    stages: tuple[str, ...]
    shares: Floats  # of segments; shape (segments,)
    starts: Floats  # share of arrivals by stage; shape (stages,)

    def average(self, figure: Floats) -> Floats:
        """The average of a figure over segments; shape (stages, ...)."""
        return weighted(self.shares, figure)

    def of_arrivals(self, figure: Floats) -> Floats:
        """The average of a figure over customers who arrive; shape (...)."""
        return weighted(self.starts, self.average(figure))


@dataclass(frozen=True)
class Chain:
    """One segment's journey: what each stay is, as far as it can be solved."""

    stays: tuple[Stay, ...]
    to: tuple[tuple[int, ...], ...]  # where each exit leads
    end: Flags  # stages that keep their customers
    unknown: Flags  # stages from which a customer can get to one that cannot be solved

    def matrix(self, of: Callable[[Stay], Floats]) -> Floats:
        """A figure of exits as a matrix; shape (from, to)."""
        size = len(self.stays)
        table = np.zeros((size, size))
        for s, (stay, to) in enumerate(zip(self.stays, self.to, strict=True)):
            if to:
                np.add.at(table[s], list(to), of(stay))
        return table

    def leading_to(self, goal: Flags) -> Flags:
        """The stages from which one of `goal` can be reached, those of `goal` among them."""
        return closure(self.matrix(lambda stay: stay.shares) > 0.0, goal)


def chains(network: Network, asked: Asked, cut: Flags | None = None) -> list[Chain]:
    """The chain of each segment up to the stages of `cut`. Raises Faults for what stands in the way of those who arrive."""
    size = len(network.stages)
    cut = np.zeros(size, dtype=np.bool_) if cut is None else cut
    starts = np.array([network.scenario.starts.get(name, 0.0) > 0.0 for name in network.stages])
    faults: dict[Fault, None] = {}
    found = []
    for g in range(len(network.segments)):
        edges = edges_of(network, g) & ~cut[:, None]
        seen = closure(edges.T, starts) & ~cut
        blocked = np.zeros(size, dtype=np.bool_)
        for s in np.flatnonzero(~cut).tolist():
            reasons = obstacles(network, g, s, asked)
            blocked[s] = bool(reasons)
            faults.update(dict.fromkeys(reasons if seen[s] else ()))
        found.append(_chain(network, g, cut | blocked, closure(edges, blocked)))
    if faults:
        raise Faults(faults)
    return found


def _chain(network: Network, g: int, closed: Flags, unknown: Flags) -> Chain:
    """Stages that are `closed` are left through no exit, like ends."""
    stays, to = [], []
    for s in range(len(network.stages)):
        passage = Passage(network, g, s, "arrival")
        open_ = passage.kind != "end" and not closed[s]
        stays.append(passage.stay() if open_ else ENDLESS)
        to.append(tuple(network.stages.index(name) for name in passage.exits) if open_ else ())
    end = np.array([stage.end for stage in network.scenario.stages.values()])
    return Chain(tuple(stays), tuple(to), end, unknown)


def edges_of(network: Network, g: int) -> Flags:
    """Which stage may follow which; shape (from, to)."""
    size = len(network.stages)
    table = np.zeros((size, size), dtype=np.bool_)
    for s in range(size):
        stage = network.segment_stage(g, s)
        for name in stage.exit_names:
            table[s, network.stages.index(name)] = stage.kind == "race" or stage.choices[name].probability > 0.0
    return table


def closure(edges: Flags, goal: Flags) -> Flags:
    """The stages from which one of `goal` can be reached along edges (from, to), those of `goal` among them."""
    reached = goal.copy()
    while True:
        more = reached | (edges & reached).any(axis=1)
        if (more == reached).all():
            return reached
        reached = more


def weighted(weights: Floats, figure: Floats) -> Floats:
    """The weighted sum over the first axis; what weighs nothing is left out, were it infinite."""
    on = weights > 0.0
    return np.asarray(np.tensordot(weights[on], figure[on], axes=1))


def shared(network: Network) -> tuple[tuple[str, ...], tuple[str, ...], Floats, Floats]:
    """What every answer holds: segments, stages, shares of segments, shares of arrivals by stage."""
    shares = np.array([segment.share for segment in network.scenario.segments.values()])
    starts = np.array([network.scenario.starts.get(name, 0.0) for name in network.stages])
    return network.segments, network.stages, shares / shares.sum(), starts


def sets(network: Network, loyal: Sequence[str], lost: Sequence[str]) -> tuple[Flags, Flags]:
    """Both sets as flags. Raises Faults for names that the scenario lacks, for none, and for stages in both."""
    about = network.scenario.about.name
    faults = [
        Fault(about, "stages", name, f'no stage named "{name}"', nearest(name, network.stages))
        for name in (*loyal, *lost)
        if name not in network.stages
    ]
    faults += [
        Fault(about, "stages", name, f'"{name}" is to be entered before itself', "name it on one side only")
        for name in loyal
        if name in lost
    ]
    if not loyal:
        faults.append(Fault(about, "stages", "", "no stage to be entered is named", "name at least one"))
    if faults:
        raise Faults(faults)
    good, bad = (np.array([stage in names for stage in network.stages]) for names in (loyal, lost))
    return good, bad

"""Intervals from one replication, where no customer touches another: groups of referral trees are left out in turn."""

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.estimates import Estimate
from sojourn.sim.estimating import Jackknife, bounded, divide, divide_all
from sojourn.sim.figures import Sample, figures
from sojourn.sim.journeys import Integers, Journeys
from sojourn.sim.lives import summed
from sojourn.sim.money import by_segment
from sojourn.sim.network import Network
from sojourn.sim.sums import Sums
from sojourn.sim.vocabulary import in_order

GROUPS = 40


def coupled(network: Network) -> bool:
    """Whether customers can touch one another: at a desk, or in a market that can run dry (word of mouth stays in a
    tree).
    """
    market = network.scenario.market
    uses_desk = any(stage.desk is not None for scenario in by_segment(network) for stage in scenario.stages.values())
    return uses_desk or (market is not None and market.size is not None)


def groups_of(roots: Integers, *, fixed: bool, count: int = GROUPS) -> NDArray[np.int64]:
    """The group (0 to count - 1) of each customer, the same under every strategy: that of the root of the referral
    tree.

    Where the number of arrivals is random, groups are drawn by a hash of the root's id, so that totals of groups are
    independent and vary as their sum does. Where it is fixed, ids run from 0 and are dealt out in turn, for groups of
    one size.
    """
    if fixed:
        return roots % count
    return (splitmix64(roots.astype(np.uint64)) % np.uint64(count)).astype(np.int64)


def splitmix64(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finalizer of SplitMix64 (Steele, Lea and Flood 2014) after one step of its counter; any shape."""
    with np.errstate(over="ignore"):
        z = words + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def jackknifes(journeys: Journeys, network: Network, *, fixed: bool | None = None) -> dict[str, Jackknife]:
    """Every measure of one replication, with each group of referral trees left out in turn.

    Where customers are coupled no group stands alone: then nothing is left out, and there will be no interval.

    Args:
        journeys: one replication.
        network: the network that it was run on.
        fixed: whether the number of arrivals is fixed in advance (a cohort, `--customers`); by default if it is a
            cohort.
    """
    if fixed is None:
        fixed = network.scenario.arrivals.cohort is not None
    roots = journeys.customers.root
    count = min(GROUPS, np.unique(roots).size) if fixed else GROUPS
    groups = groups_of(roots, fixed=fixed, count=max(count, 1))
    if count < 2 or coupled(network):
        count = 0
    found: dict[str, Jackknife] = {}
    for figure in figures(journeys, network):
        if isinstance(figure, Sample):
            found.update(_sampled(figure, groups, count))
        else:
            found[figure[0]] = _summed(figure[1], groups, count)
    return {name: found[name] for name in in_order(found)}


def estimate_single(journeys: Journeys, network: Network, *, fixed: bool | None = None) -> dict[str, Estimate]:
    """Every measure from one replication; intervals only where nothing couples customers (see `coupled`), else None.

    Totals vary as sums of independent groups do: G / (G - 1) sum (g - mean)^2; ratios and curves by leaving groups out.
    """
    return {name: bounded(name, one.interval()) for name, one in jackknifes(journeys, network, fixed=fixed).items()}


def _summed(sums: Sums, groups: NDArray[np.int64], count: int) -> Jackknife:
    top = float(np.sum(sums.numerator)) + sums.fixed
    tops = summed(groups, sums.numerator, count)
    if sums.denominator is None:
        # Scaled up to all groups, so that the jackknife's error is that of a sum of independent groups.
        scale = count / (count - 1) if count else 0.0
        return Jackknife(top, sums.fixed + (top - sums.fixed - tops) * scale)
    below = float(np.sum(sums.denominator)) + sums.fixed_below
    belows = summed(groups, sums.denominator, count)
    return Jackknife(divide(top, below), divide_all(top - tops, below - belows))


def _sampled(sample: Sample, groups: NDArray[np.int64], count: int) -> dict[str, Jackknife]:
    order = np.argsort(sample.durations, kind="stable")  # once: sorting what is sorted costs little
    durations, causes, group = sample.durations[order], sample.causes[order], groups[sample.owner[order]]
    value = sample.read(durations, causes)
    rest = [group != one for one in range(count)]
    left_out = np.array([sample.read(durations[kept], causes[kept]) for kept in rest]).reshape(count, len(sample.names))
    return {name: Jackknife(value[k], left_out[:, k]) for k, name in enumerate(sample.names)}

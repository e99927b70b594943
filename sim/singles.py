"""Intervals from one replication, where no customer touches another: groups of referral trees are left out in turn."""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim import pooling
from sojourn.sim.estimates import Estimate
from sojourn.sim.estimating import Jackknife, Part, Table, bounded, divide_all
from sojourn.sim.figures import Sample, figures
from sojourn.sim.follow_ups import Read, read
from sojourn.sim.journeys import Floats, Integers, Journeys
from sojourn.sim.lives import Lives
from sojourn.sim.money import by_segment
from sojourn.sim.network import Network
from sojourn.sim.sums import NO_GROUPS, Gap, Groups, Sums
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


def grouped(journeys: Journeys, network: Network, *, fixed: bool | None = None) -> Groups:
    """The groups of referral trees that are left out in turn; none where customers are coupled, so that none stands alone.

    Args:
        journeys: one replication.
        network: the network that it was run on.
        fixed: whether the number of arrivals is fixed in advance (a cohort, `--customers`); by default if it is a
            cohort.
    """
    if fixed is None:
        fixed = network.scenario.arrivals.cohort is not None
    roots = journeys.customers.root
    count = min(GROUPS, trees(roots)) if fixed else GROUPS
    if count < 2 or coupled(network):
        return NO_GROUPS
    groups = groups_of(roots, fixed=fixed, count=count).astype(np.int8)
    return Groups(groups, count, np.bincount(groups, minlength=count).astype(np.float64))


def trees(roots: Integers) -> int:
    """How many different roots there are, or some number from GROUPS up where there are that many."""
    few = np.unique(roots[: 100 * GROUPS]).size
    return few if few >= GROUPS else np.unique(roots).size


class Told(NamedTuple):
    """What one replication says about a measure: as a part, and with each group left out in turn."""

    part: Part
    left_out: Floats  # shape (groups,)


def told(lives: Lives, groups: Groups = NO_GROUPS, wanted: Collection[str] | None = None) -> dict[str, Told]:
    """Every measure of one replication, in the order of the vocabulary; only those of `wanted`, where that is given."""
    found: dict[str, Told] = {}
    for figure in figures(lives):
        names = figure.names if isinstance(figure, Sample) else (figure[0],)
        if wanted is not None and not any(name in wanted for name in names):
            continue
        if isinstance(figure, Sample):
            curves = read(figure.follow_ups, groups, days=figure.days, median=figure.median)
            parts = parts_of(figure, curves)
            for name, part, values in zip(figure.names, parts, figure.told(curves), strict=True):
                found[name] = Told(part, values[:-1])
        elif isinstance(figure[1], Gap):
            found[figure[0]] = _gap(figure[1], groups)
        else:
            found[figure[0]] = _summed(figure[1], groups)
        if wanted is not None and all(name in found for name in wanted):
            break
    return {name: found[name] for name in in_order(found) if wanted is None or name in wanted}


def parts_of(figure: Sample, curves: Read) -> list[Part]:
    """What one replication says of each of a sample's measures."""
    told = zip(figure.told(curves), _tables(figure, curves), strict=True)
    return [Part(figure.kind, float(values[-1]), 1.0, table) for values, table in told]


def _tables(figure: Sample, curves: Read) -> list[Table]:
    """What replications are pooled by, for each name; nothing for averages."""
    if figure.kind == "mean":
        return [()] * len(figure.names)
    rows = pooling.ROWS if figure.kind == "incidence" else pooling.COUNTED
    table = pooling.cells(figure.follow_ups, np.array(figure.days), curves)[:rows].tolist()
    return [tuple(tuple(row[:count]) for row in table) for count in figure.cells]


def jackknifes(journeys: Journeys, network: Network, *, fixed: bool | None = None) -> dict[str, Jackknife]:
    """Every measure of one replication, with each group of referral trees left out in turn (see `grouped`).

    Where customers are coupled nothing is left out, and there will be no interval.
    """
    found = told(Lives(journeys, network), grouped(journeys, network, fixed=fixed))
    return {name: Jackknife(one.part.figure, one.left_out) for name, one in found.items()}


def estimate_single(journeys: Journeys, network: Network, *, fixed: bool | None = None) -> dict[str, Estimate]:
    """Every measure from one replication; intervals only where nothing couples customers (see `coupled`), else None.

    Totals vary as sums of independent groups do: G / (G - 1) sum (g - mean)^2; ratios and curves by leaving groups out.
    """
    return measure_single(Lives(journeys, network), fixed=fixed)[1]


def measure_single(lives: Lives, *, fixed: bool | None = None) -> tuple[dict[str, Part], dict[str, Estimate]]:
    """The parts of `measures.measure` and the estimates of `estimate_single`, from one pass."""
    found = told(lives, grouped(lives.journeys, lives.network, fixed=fixed))
    estimates = {
        name: bounded(name, Jackknife(one.part.figure, one.left_out).interval()) for name, one in found.items()
    }
    return {name: one.part for name, one in found.items()}, estimates


def _gap(gap: Gap, groups: Groups) -> Told:
    first, second = _summed(gap.first, groups), _summed(gap.second, groups)
    return Told(Part("mean", first.part.figure - second.part.figure), first.left_out - second.left_out)


def _summed(sums: Sums, groups: Groups) -> Told:
    above, count = sums.numerator.total, groups.number
    top, tops = above + sums.fixed, sums.numerator.by_group(groups)
    if sums.denominator is None:
        # Scaled up to all groups, so that the jackknife's error is that of a sum of independent groups.
        scale = count / (count - 1) if count else 0.0
        return Told(Part("total", top), sums.fixed + (above - tops) * scale)
    below = sums.denominator.total + sums.fixed_below
    return Told(Part("ratio", top, below), divide_all(top - tops, below - sums.denominator.by_group(groups)))

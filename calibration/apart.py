"""Which numbers the targets cannot tell apart, from slopes first and then by simulation.

With the slopes scaled by how far each number may go, a direction whose singular value is below 1 moves no target by its
tolerance on the whole way from the middle to the bounds: the targets say nothing about it. So are directions whose effect is
within the noise of the slopes, which is measured by taking them on two seeds. Where r directions are told, r numbers are
chosen (those with the most effect, by pivoted QR) that can undo what any one of the others does: each of the others then
gives one direction, with as few numbers in it as can be. Its ends are found by simulation: the number is moved, the chosen
ones are corrected, and the targets must still be met. That is found with few replications, and luck would carry ends beyond
what meets the targets: so each end is corrected and checked with all replications on two seeds, and drawn back where it misses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sojourn.calibration.search import Box, Floats, Misfit, Search, clear, told

FAINT = 0.02  # of the way to a bound: a number that moves by less is not said to follow
FEWER = 4  # times fewer replications for slopes: with the same customers, differences are far surer than figures
QUICKER = 8  # and so many times fewer for ends, which are found to a sixteenth of the way only
HALVINGS, CORRECTIONS = 4, 3
RETREATS = 4  # halvings of the way to an end that misses a target: to a sixteenth of it
CLOSE = 0.5  # tolerances within which an end is sound, however many replications there are
HOPELESS = 0.7  # part of the misfit that a correction leaves, from which another would not meet the targets either
AT_BOUND = 1e-3  # units
TELLING = (
    0.1  # share of the squared misfits that a unit beyond a bound must gain, for the bound to be what stops the search
)
Tried = Callable[[float], Floats | None]


@dataclass(frozen=True)
class Direction:
    """A way along which the targets stay where they are.

    Attributes:
        moving: the number that is moved.
        following: those that undo its effect; empty where it has none.
        ends: places (of the search) at the lower and the upper end of the moving number, which meet the targets by simulation.
    """

    moving: int
    following: tuple[int, ...]
    ends: tuple[Floats, Floats]


@dataclass(frozen=True)
class Knowledge:
    """What the targets say about the numbers.

    Attributes:
        directions: along which the targets stay where they are.
        ranges: (low, high) of each number, on its scale, within which all targets can still be met; None where they are not.
        errors: what the luck of the trials may have moved each number by (half a 90 % interval), on its scale, by the
            slopes; None where the targets do not tell the number.
        stops: the bound at which a number stands though the targets ask for more: "low", "high" or "".
    """

    directions: tuple[Direction, ...]
    ranges: tuple[tuple[float, float] | None, ...]
    errors: tuple[float | None, ...]
    stops: tuple[str, ...]


def learn(misfit: Misfit, other: Misfit, search: Search, effort: int, chance: Floats) -> Knowledge:
    """What the targets say about the numbers where a search has ended.

    `misfit` and `other` have the same customers in all their calls, and each its own; `chance` is half the 90 % interval of
    each misfit, shape (targets,).
    """
    z, box = search.z, search.box
    r = misfit(z, effort)
    assert r is not None
    mean, least = told(misfit, other, box, z, max(effort // FEWER, 2))
    chosen, others = _chosen(mean * box.reach, least)
    met = bool(np.all(np.abs(r) <= 1))
    few = max(effort // QUICKER, 2)
    there = misfit(z, few)
    assert there is not None
    shift = r - there

    def quick(at: Floats) -> Floats | None:
        """Misfits from fewer replications, set right by what they are off by where the search has ended."""
        found = misfit(at, few)
        return None if found is None else found + shift

    def both(at: Floats) -> Floats | None:
        """Misfits with all replications, the mean of two seeds."""
        one, two = misfit(at, effort), other(at, effort)
        return None if one is None or two is None else (one + two) / 2

    room = np.maximum(1.0 - chance / np.sqrt(2.0), CLOSE)
    found = (_direction(quick, box, z, r, mean, chosen, i) for i in others if met)
    directions = tuple(_sound(one, both, box, z, mean, chosen, room) for one in found)
    ranges = _ranges(z, r, mean, box, directions, met)
    open_ones = {*others, *(i for one in directions for i in one.following)}
    errors = tuple(None if i in open_ones else x for i, x in enumerate(_errors(mean, box, least, chance)))
    return Knowledge(directions, ranges, errors, _stops(z, r, mean, box))


def _chosen(scaled: Floats, least: float) -> tuple[list[int], list[int]]:
    """The numbers with the most effect, as many as directions are told, and all others."""
    from scipy.linalg import qr

    rank = int(np.sum(np.linalg.svd(scaled, compute_uv=False) >= least))
    pivots = [int(i) for i in qr(scaled, pivoting=True, mode="r")[1]]
    return sorted(pivots[:rank]), sorted(pivots[rank:])


def _direction(
    misfit: Callable[[Floats], Floats | None],
    box: Box,
    z: Floats,
    r: Floats,
    mean: Floats,
    chosen: Sequence[int],
    moving: int,
) -> Direction:
    back = -np.linalg.pinv(mean[:, chosen]) if chosen else np.zeros((0, r.size))
    along = back @ mean[:, moving]

    def tried(at: float) -> Floats | None:
        there = z.copy()
        there[moving] = at
        there[chosen] = z[chosen] + along * (at - z[moving])
        worst = np.inf
        for _ in range(CORRECTIONS):
            there = box.held(there)
            found = misfit(there)
            if found is None:
                return None
            before, worst = worst, float(np.abs(found).max())
            if worst <= 1.0:
                return there
            if not chosen or worst > HOPELESS * before:
                return None
            there[chosen] += back @ (found - r)
        return None

    ends = _end(tried, z, moving, box.low), _end(tried, z, moving, box.high)
    following = (i for i in chosen if max(abs(end[i] - z[i]) for end in ends) > FAINT * box.reach[i])
    return Direction(moving, tuple(following), ends)


def _end(tried: Tried, z: Floats, moving: int, bound: Floats) -> Floats:
    """The furthest place towards a bound that still meets the targets, to a sixteenth of the way."""
    best, inside, outside = z, float(z[moving]), float(bound[moving])
    found = tried(outside)
    if found is not None:
        return found
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        found = tried(middle)
        if found is None:
            outside = middle
        else:
            best, inside = found, middle
    return best


def _sound(
    found: Direction,
    misfit: Callable[[Floats], Floats | None],
    box: Box,
    z: Floats,
    mean: Floats,
    chosen: Sequence[int],
    room: Floats,
) -> Direction:
    """The direction with ends that surely meet the targets: misfits within `room`, shape (targets,)."""
    back = -np.linalg.pinv(mean[:, chosen]) if chosen else np.zeros((0, room.size))

    def corrected(end: Floats) -> Floats | None:
        there = end.copy()
        for _ in range(CORRECTIONS):
            off = misfit(there)
            if off is None:
                return None
            if np.all(np.abs(off) <= room):
                return there
            if not chosen:
                return None
            there[chosen] += back @ off
            there = box.held(there)
        return None

    def checked(end: Floats) -> Floats:
        sound = corrected(end)
        if sound is not None:
            return sound
        inside, outside = z, end
        for _ in range(RETREATS):
            middle = (inside + outside) / 2
            sound = corrected(middle)
            if sound is None:
                outside = middle
            else:
                inside = sound
        return inside

    low, high = (end if np.array_equal(end, z) else checked(end) for end in found.ends)
    following = (i for i in chosen if max(abs(end[i] - z[i]) for end in (low, high)) > FAINT * box.reach[i])
    return Direction(found.moving, tuple(following), (low, high))


def _ranges(
    z: Floats, r: Floats, mean: Floats, box: Box, directions: Sequence[Direction], met: bool
) -> tuple[tuple[float, float] | None, ...]:
    """Where a direction takes a number, by simulation; else by the slopes, all other numbers being free to follow."""
    if not met:
        return (None,) * z.size
    found = []
    for i in range(z.size):
        ends = [end[i] for one in directions if i in (one.moving, *one.following) for end in one.ends]
        low, high = _linear(i, z, r, mean, box)
        found.append((min([low if not ends else z[i], *ends]), max([high if not ends else z[i], *ends])))
    return tuple((float(low), float(high)) for low, high in found)


def _linear(i: int, z: Floats, r: Floats, mean: Floats, box: Box) -> tuple[float, float]:
    from scipy.optimize import linprog

    within = np.vstack([mean, -mean])
    room = np.concatenate([1 - r, 1 + r])
    bounds = list(zip(box.low - z, box.high - z, strict=True))
    ends = []
    for sign in (1.0, -1.0):
        cost = np.zeros(z.size)
        cost[i] = sign
        found = linprog(cost, A_ub=within, b_ub=room, bounds=bounds)
        ends.append(z[i] + (sign * found.fun if found.success else 0.0))
    return float(ends[0]), float(ends[1])


def _errors(mean: Floats, box: Box, least: float, chance: Floats) -> tuple[float, ...]:
    """Chance in the targets carried over to the numbers, along the directions that are told; targets as if independent."""
    back = np.linalg.pinv(clear(mean, box, least) * box.reach, rcond=1e-9) * box.reach[:, None]
    return tuple(float(x) for x in np.sqrt((back**2) @ (chance**2)))


def _stops(z: Floats, r: Floats, mean: Floats, box: Box) -> tuple[str, ...]:
    """Bounds beyond which a further unit would gain a good part of the misfit that is left."""
    gain = -2 * (mean.T @ r) * box.unit  # of one unit up
    worth = np.abs(gain) > TELLING * (r @ r)
    low, high = z - box.low < AT_BOUND * box.unit, box.high - z < AT_BOUND * box.unit
    return tuple(
        "low" if worth[i] and low[i] and gain[i] < 0 else "high" if worth[i] and high[i] and gain[i] > 0 else ""
        for i in range(z.size)
    )

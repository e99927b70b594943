"""Replications until the answer is settled: when to look, what makes an end, and at which price.

Looks are fixed before the first replication: as many as asked for at first, then half as many more each time, up to the most
that may be spent. By each look a share of the chance of error is spent that grows with the root of replications (Lan and DeMets
1983, with the power family of Kim and DeMets 1987), so that the whole sequence claims falsely no more often than one look would.
Intervals at each look hold over all looks at once (repeated confidence intervals: Jennison and Turnbull 1989), whatever makes
an end.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Literal, NamedTuple

from sojourn.experiments.critical import DRAWS, Looks
from sojourn.experiments.standing import Pair, Standing, stand
from sojourn.scenarios.faults import Fault, Faults

GROWTH = 1.5  # replications at a look over those at the look before
MOST = 400
Stop = Literal["settled", "close enough", "replications spent", "time spent"]
Clock = Callable[[], float]  # seconds since some moment


@dataclass(frozen=True)
class Settling:
    """How far a comparison goes to be settled."""

    most: int = MOST
    """Replications, at most."""
    close_enough: float | None = None
    """A difference that does not matter, in the unit of the measure; None where every difference does."""
    seconds: float | None = None
    """Time after which no further look is begun; None where time does not matter."""

    def looks(self, first: int, rate: float) -> Looks:
        """The looks, the first after so many replications."""
        sizes = [first]
        while sizes[-1] < self.most:
            sizes.append(min(max(math.ceil(GROWTH * sizes[-1]), sizes[-1] + 1), self.most))
        if len(sizes) > 1 and sizes[-1] < 1.1 * sizes[-2]:  # a look that adds next to nothing
            del sizes[-2]
        return Looks(tuple(sizes), rate)

    def check(self, first: int) -> None:
        """Raise Faults for what cannot be asked for."""
        faults = []
        if self.most < 2:
            remedy = "give 2 or more; differences are told from how replications vary"
            faults.append(Fault("compare", "most", str(self.most), "too few replications to settle anything", remedy))
        elif self.most < first:
            why = f"less than the {first} replications at the first look"
            faults.append(Fault("compare", "most", str(self.most), why, f"give {first} or more, or begin with fewer"))
        if first < 2:
            remedy = "begin with 2 or more; 20 is a good number"
            faults.append(Fault("compare", "replications", str(first), "too few replications to begin with", remedy))
        for name, value in (("close_enough", self.close_enough), ("seconds", self.seconds)):
            if value is not None and not (math.isfinite(value) and value > 0.0):
                faults.append(Fault("compare", name, f"{value:g}", "no such amount", "give a number above 0"))
        if faults:
            raise Faults(faults)


class Settled(NamedTuple):
    """Where a comparison came to an end."""

    standing: Standing
    look: int  # 0 the first
    stopped: Stop


def settle(
    strategies: Sequence[str],
    at: Callable[[int], Pair],
    good: int,
    asked: Settling,
    looks: Looks,
    *,
    seed: int = 0,
    clock: Clock = monotonic,
    draws: int = DRAWS,
) -> Settled:
    """Look after look until the answer is settled or the budget is spent.

    Args:
        strategies: at least two, the baseline first.
        at: runs so many replications in all and gives the difference of any two strategies.
        good: 1 where more is better, -1 where less is, 0 where neither is.
        asked: how far to go.
        looks: `asked.looks`.
        seed: of the simulated critical values.
        clock: what tells the time.
        draws: how many histories critical values come from.
    """
    began = clock()
    used = None
    last = len(looks.sizes) - 1
    for look, size in enumerate(looks.sizes):
        standing = stand(strategies, at(size), looks=looks, used=used, seed=seed, draws=draws)
        used = standing.used
        stopped = settled(standing, good, asked.close_enough)
        if stopped is None and look == last:
            stopped = "replications spent"
        elif stopped is None and asked.seconds is not None:
            needed = (clock() - began) * looks.sizes[look + 1] / size
            stopped = "time spent" if needed > asked.seconds else None
        if stopped is not None:
            return Settled(standing, look, stopped)
    raise AssertionError("the last look is the end")


def best_so_far(standing: Standing, good: int) -> str | None:
    """The strategy with the best figure; None where neither more nor less is better, or a figure is undefined."""
    if not good:
        return None
    best = standing.strategies[0]
    for name in standing.strategies[1:]:
        ahead = standing.pair(best, name).value * good
        if not math.isfinite(ahead):
            return None
        best = name if ahead > 0.0 else best
    return best


def settled(standing: Standing, good: int, close_enough: float | None) -> Stop | None:
    """Whether the answer is settled; None where it is not.

    Each strategy must surely differ from the best one, or at least not surely beat it by more than what does not matter: its
    one-sided bound as the truly best strategy (Hsu's, see `against_best`) then keeps the promise that the strategy chosen is the
    best, or falls short of it by no more than that. Where neither more nor less is better, differences to the baseline count.
    """
    best = best_so_far(standing, good)
    pivot = best if best is not None else standing.strategies[0]
    near = False
    for name, bar in zip(standing.strategies, standing.to_best, strict=True):
        gap = standing.gap(name, pivot)
        if name == pivot or gap.same or gap.sign:
            continue
        _, low, high = gap.interval
        if close_enough is None or low is None or high is None:
            return None
        worst = max(-low, high)
        if best is not None:  # how far the best may fall short of this one
            worst = bar * gap.difference.error - good * gap.difference.value
        if not worst <= close_enough:
            return None
        near = True
    return "close enough" if near else "settled"

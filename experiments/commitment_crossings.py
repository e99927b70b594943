"""Where customers cross a mark: the first moment in a marked cell, on customers who had no part in the marking.

Customers are followed for equally long from their arrival, so that late arrivals do not make crossings look early or rare.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments.commitment_cells import share
from sojourn.experiments.commitment_states import ENDED, LOST, LOYAL, Codes, Flags, Moments
from sojourn.sim.estimates import Estimate
from sojourn.sim.journeys import Floats, Integers
from sojourn.sim.lives import firsts


class Followed(NamedTuple):
    """The customers who are counted, and what became of them; all arrays of shape (customers,)."""

    id: Integers
    replication: Integers
    arrived: Floats
    counted: Flags  # whether the customer came early enough to be followed for `days`
    days: float
    kind: Codes  # what decided the wait: OPEN, LOYAL, LOST, ENDED
    time: Floats  # of the entry that decided it
    stage: NDArray[np.int16]  # that was entered then, -1 where open


class Place(NamedTuple):
    """Customers whose first crossing lies in one stage."""

    share: Estimate  # of all customers counted
    median_day: float | None  # since arrival


class Crossings(NamedTuple):
    """First crossings of one mark, within the days that customers are followed."""

    mark: float
    customers: int  # counted
    before: Estimate  # share who cross before they enter a loyal stage
    on_entry: Estimate  # share who enter a loyal stage without having crossed
    neither: Estimate  # share who do neither: lost, ended, or still on the way
    lost: Estimate  # share of all who do neither and are lost or at an end
    median_day: float | None  # of before and on entry together
    stages: dict[str, Place]  # crossings before entry, by the stage in which they lie
    entries: dict[str, Place]  # crossings on entry, by the loyal stage entered
    kept: Estimate  # of those who cross before entry, the share who get there within the goal's days

    @property
    def sure(self) -> float:
        """Share of customers who cross, before or on entry."""
        return (self.before.mean or 0.0) + (self.on_entry.mean or 0.0)


class First(NamedTuple):
    """The first moment in a marked cell of each customer who has one."""

    who: Integers
    moment: Integers  # index


def first_moments(moments: Moments, marked: Flags, people: Followed) -> First:
    """First of the marked moments of each customer counted, while followed; `marked` has one flag a moment."""
    close = people.arrived + people.days
    rows = np.flatnonzero(marked & people.counted[moments.who] & (moments.time <= close[moments.who]))
    rows = rows[firsts(moments.who[rows])]
    return First(moments.who[rows], rows)


def crossings(mark: float, moments: Moments, marked: Flags, people: Followed, stages: tuple[str, ...]) -> Crossings:
    """Where and when customers first cross, given which moments lie in cells whose chance is at least the mark."""
    first = first_moments(moments, marked, people)
    crossed = np.zeros(people.id.size, dtype=np.bool_)
    crossed[first.who] = True
    got = people.counted & (people.kind == LOYAL) & (people.time <= people.arrived + people.days)
    entering = np.flatnonzero(got & ~crossed)
    rest = people.counted & ~got & ~crossed
    lost = rest & np.isin(people.kind, (LOST, ENDED)) & (people.time <= people.arrived + people.days)
    number = int(people.counted.sum())
    day = moments.time[first.moment] - people.arrived[first.who]
    entry_day = people.time[entering] - people.arrived[entering]
    return Crossings(
        mark,
        number,
        share(first.who.size, number),
        share(entering.size, number),
        share(int(rest.sum()), number),
        share(int(lost.sum()), number),
        _median(np.concatenate((day, entry_day))),
        by_stage(moments.stage[first.moment], day, stages, number),
        by_stage(people.stage[entering], entry_day, stages, number),
        share(int(moments.reached[first.moment].sum()), first.who.size),
    )


def by_stage(stage: NDArray[np.int16], day: Floats, stages: tuple[str, ...], number: int) -> dict[str, Place]:
    """Share of `number` customers and median day, for each stage that has any, in journey order."""
    found = {}
    for index, name in enumerate(stages):
        here = day[stage == index]
        if here.size:
            found[name] = Place(share(here.size, number), _median(here))
    return found


def crossed_by(moments: Moments, marked: Flags, people: Followed) -> Flags:
    """Whether each customer crosses before or on entry while followed; shape (customers,)."""
    found: Flags = people.counted & (people.kind == LOYAL) & (people.time <= people.arrived + people.days)
    found[first_moments(moments, marked, people).who] = True
    return found


def paired(a: tuple[Flags, Followed], b: tuple[Flags, Followed]) -> Estimate:
    """Share under b minus share under a, over the customers counted in both, with a 90 % interval."""
    from sojourn.sim.estimating import student

    every = np.union1d(a[1].id, b[1].id)
    mine, theirs = ((p.replication * every.size + np.searchsorted(every, p.id))[p.counted] for _, p in (a, b))
    same, first, second = np.intersect1d(mine, theirs, assume_unique=True, return_indices=True)
    if same.size < 2:
        return Estimate(None, None, None)
    values = [flags[people.counted].astype(np.float64) for flags, people in (a, b)]
    apart = values[1][second] - values[0][first]
    half = student(0.9, same.size - 1) * float(apart.std(ddof=1)) / same.size**0.5
    return Estimate(float(apart.mean()), float(apart.mean()) - half, float(apart.mean()) + half)


def _median(days: Floats) -> float | None:
    return float(np.median(days)) if days.size else None

"""How much of a paired difference has been seen: without customers whose lives differ, equal figures say nothing of chance.

Two strategies share every draw, so that nearly all customers may live the same life under both. What a lever costs then differs
by the same amount again and again, which is no sign that its effect is nothing: nobody has met the effect yet. An interval from
the spread needs something that spread. `FEWEST` units that all point one way come by luck alone with a chance of 2 / 2^5 = .06;
four do with .13, more than the .1 that a 90 % interval may err by.
"""

import math
from collections.abc import Sequence

import numpy as np

from sojourn.experiments.coalitions import differing
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimating import Jackknife, Part, Parts
from sojourn.sim.journeys import Floats, Journeys

FEWEST = 5  # customers (of a single replication) or replications in which lives differ
ROUNDING = 1e-9  # of a difference, that an error may come to where nothing varies
PRICED = frozenset({"profit", "roi", "clv", "cac"})  # what a lever's price and its effect both change
CHARGED = PRICED | {"cost"}  # what its price changes although lives stay the same
KNOWN = frozenset({"impressions"})  # worked out, not counted: equal differences are right
FELT = frozenset(
    {"satisfaction", "nps", "information", "survey"}
)  # what may change for all although lives stay the same


def acts(scenario: Scenario, a: str, b: str) -> bool:
    """Whether a lever that two strategies pull differently does more than cost money."""
    every = [scenario, *(scenario.for_segment(name) for name in scenario.segments)]
    return any(one.levers[name].effects for one in every for name in differing(scenario, a, b))


def withheld(found: Jackknife, apart: int, of: int) -> Jackknife:
    """The difference without its errors, where hardly anything of it was seen.

    Args:
        found: the difference.
        apart: units that differ: replications, or customers of a single one.
        of: how many there are.
    """
    if found.value == 0.0:
        return found
    few = apart < min(FEWEST, of) and _claims(found)  # an interval that holds 0 may stay: it claims nothing
    return Jackknife(found.value, np.empty(0)) if few or _still(found) else found


def replications_apart(measure: str, a: Sequence[Parts], b: Sequence[Parts]) -> int:
    """In how many replications the measure differs; for money that a lever's price changes, in how many anybody's life does."""
    names = [measure]
    if measure.split(".")[0] in CHARGED:
        names = [name for name in a[0] if name.split(".")[0] not in CHARGED | FELT]
    return sum(any(_differ(one[name], two[name]) for name in names) for one, two in zip(a, b, strict=True))


def customers_apart(a: Journeys, b: Journeys) -> int:
    """How many customers of one replication live another life, bring another revenue, or come under one strategy only."""
    first, second = _signatures(a), _signatures(b)
    _, here, there = np.intersect1d(a.customers.customer, b.customers.customer, assume_unique=True, return_indices=True)
    alone = a.customers.customer.size + b.customers.customer.size - 2 * here.size
    return alone + int(np.count_nonzero((first[:, here] != second[:, there]).any(axis=0)))


def counted(measure: str) -> bool:
    """Whether chance has a part in a measure."""
    return measure.split(".")[0] not in KNOWN


def felt(measure: str) -> bool:
    """Whether a measure may change for everybody although lives stay the same."""
    return measure.split(".")[0] in FELT


def _signatures(journeys: Journeys) -> Floats:
    """Sums over each customer's rows that equal lives have in common to the last bit, shape (4, customers)."""
    events, count = journeys.events, journeys.customers.customer.size
    spread = np.sin(events.stage + 1.0) * (1.0 + events.time)
    columns = (np.ones(events.time.size), events.time, spread, events.revenue)
    return np.array([np.bincount(journeys.who, weights=one, minlength=count) for one in columns])


def _still(found: Jackknife) -> bool:
    return found.left_out.size > 1 and found.value != 0.0 and found.error <= ROUNDING * abs(found.value)


def _claims(found: Jackknife) -> bool:
    _, low, high = found.interval()
    return low is not None and high is not None and low * high > 0.0


def _differ(one: Part, two: Part) -> bool:
    pairs = ((one.value, two.value), (one.denominator, two.denominator))
    return any(not math.isclose(x, y, rel_tol=ROUNDING) and not (math.isnan(x) and math.isnan(y)) for x, y in pairs)

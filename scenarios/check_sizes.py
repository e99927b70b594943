"""Numbers that are allowed but of a size that is seldom meant: 35 for 35 %, 0.74 of 100 points, conditions that never hold."""

from collections.abc import Iterator
from math import exp, inf

from sojourn.scenarios.conditions import Name, Op
from sojourn.scenarios.faults import shown
from sojourn.scenarios.inquiry import Inquiry
from sojourn.scenarios.levers import RATIOS
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import Place

STRONGEST = 5.0  # log-odds either way: 50 % become 99.3 %
FURTHEST = 20.0  # ratios outside 1/20 to 20
FEWEST = 1.0  # points of 100 up to which a level looks like a share
SMALLEST = 0.5  # points of 100 up to which a shift looks like a share: nobody expects more than 50 points
RANGES = {  # what a customer can have
    Name.SATISFACTION: (0.0, 100.0),
    Name.PURCHASES: (0.0, inf),
    Name.SPEND: (0.0, inf),
    Name.FAILURES: (0.0, inf),
    Name.INFORMATION: (0.0, 1.0),
    Name.VALUE: (0.0, inf),
}
COUNTS = frozenset({Name.PURCHASES, Name.FAILURES})


def check_sizes(inquiry: Inquiry) -> None:
    """Warn of effects that are hardly possible, and of points from 0 to 100 that look like shares."""
    for place, scale, value in _shifts(inquiry.scenario):
        if scale.startswith("log_odds") and abs(value) > STRONGEST:
            made = 100.0 / (1.0 + exp(-value))
            message = f"log-odds of {value:g} make a chance of 50 % into {made:.3g} %"
            inquiry.warn(place, message, _smaller(value), value)
        elif scale.split("_per_")[0] in RATIOS and not 1.0 / FURTHEST <= value <= FURTHEST:
            times = f"{value:g} times as much" if value > 1.0 else f"{100.0 * (1.0 - value):.4g} % less"
            message = f"a ratio of {value:g} means {times}"
            part = value if value < 1.0 else value / 100.0
            remedy = f"write {1.0 + part:g} for {100.0 * part:g} % more, {1.0 - part:g} for {100.0 * part:g} % less"
            inquiry.warn(place, message, remedy if part < 1.0 else "1 means no effect", value)
        elif scale == "points" and 0.0 < abs(value) <= SMALLEST:
            message = f"moves perceived performance, which goes from 0 to 100, by {abs(value):g} of a point"
            inquiry.warn(place, message, f"write {100.0 * value:g} if {100.0 * value:g} points are meant", value)
    for place, what, value in _levels(inquiry.scenario):
        if 0.0 < value <= FEWEST:
            remedy = f"write {100.0 * value:g} if {100.0 * value:g} of 100 are meant"
            inquiry.warn(place, f"{what} of {value:g} is next to nothing: points go from 0 to 100", remedy, value)


def _shifts(scenario: Scenario) -> Iterator[tuple[Place, str, float]]:
    """Where each shift stands, its scale and its size; those by the day or by a customer's own number have no usual size."""
    for name, lever in scenario.levers.items():
        for i, effect in enumerate(lever.effects):
            yield ("levers", name, "effects", i, effect.scale), effect.scale, effect.range.central
    if scenario.satisfaction is not None:
        for i, moved in enumerate(scenario.satisfaction.effects):
            yield ("satisfaction", "effects", i, moved.scale), moved.scale, moved.value
    for name, desk in scenario.desks.items():
        for i, harm in enumerate(desk.effects):
            if harm.per_failure:
                yield ("desks", name, "effects", i, harm.scale), harm.scale, harm.value


def _levels(scenario: Scenario) -> Iterator[tuple[Place, str, float]]:
    for name, stage in scenario.stages.items():
        if stage.touchpoint is not None:
            yield ("stages", name, "touchpoint", "performance"), "a performance", stage.touchpoint.performance
    if scenario.satisfaction is not None:
        yield ("satisfaction", "start", "mean"), "a satisfaction", scenario.satisfaction.start.mean
        yield ("satisfaction", "expectation", "mean"), "an expectation", scenario.satisfaction.expectation.mean


def _smaller(value: float) -> str:
    part = value / 100.0
    return f"write {part:g} if {value:g} hundredths are meant; most effects are between -1 and 1"


def doubtful(name: Name, op: Op, value: float) -> tuple[str, str] | None:
    """Message and remedy where a comparison with a number holds for everybody or nobody; None where it may tell some apart."""
    if name not in RANGES:
        return None
    low, high = RANGES[name]
    word = name.name.lower()
    holds = _holds(op, value, low, high)
    if holds is None and op in (Op.COMPARE_EQ, Op.COMPARE_NE) and name in COUNTS and not value.is_integer():
        holds = op is Op.COMPARE_NE
    if name is Name.SATISFACTION and 0.0 < value <= FEWEST:
        rest = f"write {100.0 * value:g} if {100.0 * value:g} of 100 are meant"
        return f"compares satisfaction, which goes from 0 to 100, with {shown(value)}", rest
    if holds is None:
        return None
    upto = f" to {high:g}" if high < inf else " up"
    whom = "everybody" if holds else "nobody"
    said = f"{word} goes from {low:g}{upto}, so comparing it with {value:g} as here holds for {whom}"
    share = name is Name.INFORMATION and 1.0 < value <= 100.0
    return said, f"write {value / 100.0:g} for {value:g} %" if share else "mend the number, or take the comparison out"


def _holds(op: Op, value: float, low: float, high: float) -> bool | None:
    """Whether a comparison always (true) or never (false) holds for numbers from `low` to `high`; None where it depends."""
    if op in (Op.COMPARE_EQ, Op.COMPARE_NE):
        return None if low <= value <= high else op is Op.COMPARE_NE
    if op in (Op.COMPARE_LT, Op.COMPARE_LE):
        above = _holds(Op.COMPARE_GE if op is Op.COMPARE_LT else Op.COMPARE_GT, value, low, high)
        return None if above is None else not above
    if value > high or (value == high and op is Op.COMPARE_GT):
        return False
    return True if value < low or (value == low and op is Op.COMPARE_GE) else None

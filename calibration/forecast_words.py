"""What a forecast says in words: the answer first, then what it rests on."""

import datetime

from sojourn.calibration.bases import Bases
from sojourn.calibration.future_arrivals import Newcomers
from sojourn.calibration.futures import StrategyForecast
from sojourn.calibration.happenings import goals
from sojourn.calibration.logs import Log
from sojourn.calibration.openings import OnTheirWay
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plurals import plural
from sojourn.sim.estimates import Estimate


def number(value: float | None) -> str:
    """A count for people."""
    return "?" if value is None else f"{value:,.0f}"


def counted(one: Estimate, sign: bool = False) -> str:
    """A count with its interval: 312 [288, 337]; one that cannot vary stands alone."""
    plus = "+" if sign and (one.mean or 0.0) >= 0.5 else ""
    if one.low == one.high:
        return f"{plus}{number(one.mean)}"
    return f"{plus}{number(one.mean)} [{number(one.low)}, {number(one.high)}]"


def by_when(days: float, until: datetime.date | None) -> str:
    """The end of the window, for people."""
    return f"By {until.day} {until:%b %Y}" if until is not None else f"Within {days:g} days"


def verb(scenario: Scenario) -> tuple[str, str]:
    """What customers do who get there within the window: "will buy", and who they are then: "buyers"."""
    names = goals(scenario)
    if all(scenario.stages[name].role == "purchase" for name in names):
        return "will buy", "buyers"
    reached = " or ".join(name.replace("_", " ") for name in names[:3])
    return f"will reach {reached}", f"who reach {reached}"


def before(scenario: Scenario, customers: float, had: int, gone: Estimate | None) -> str:
    """What is known already of those on their way: how many had got there before, and how many left unseen; in brackets."""
    told = []
    if had:
        whole = f"all {had:,}" if had > 1 and had == round(customers) else f"{had:,}"
        told.append(f"{whole} had {'bought' if verb(scenario)[1] == 'buyers' else 'been there'} before")
    if gone is not None and gone.mean:
        told.append(f"{counted(gone)} have left without a word")
    return f" ({'; '.join(told)})" if told else ""


def sentence(
    scenario: Scenario,
    days: float,
    until: datetime.date | None,
    strategies: dict[str, StrategyForecast],
    differences: dict[str, dict[str, Estimate]],
    had: int,
    gone: Estimate | None,
) -> str:
    """The answer under the baseline, and what each other strategy changes.

    Who gets there is counted within the window, whether or not they had before: so it is said how many `had`, and how many are
    `gone` unseen.
    """
    name, first = next(iter(strategies.items()))
    does, become = verb(scenario)
    under = f" under {name}" if differences else ""
    parts = []
    if first.open.customers.mean:
        parts.append(
            f"{counted(first.open.got_there)} of {plural(first.open.customers.mean, 'customer')} on their way {does}{under}"
            f"{before(scenario, first.open.customers.mean, had, gone)}"
        )
    if first.newcomers.customers.mean:
        come = f"{counted(first.newcomers.customers)} newcomers add {counted(first.newcomers.got_there)}"
        parts.append(f"{come} {become}" if become != "buyers" or parts else f"{come} {become}{under}")
    told = f"{by_when(days, until)}, {'; '.join(parts)}."
    for what, figures in differences.items():
        told += f" {what.rpartition(' - ')[0]}: {changed(figures['both'], become)}."
    return told


def changed(one: Estimate, become: str) -> str:
    """A difference in people, or that it cannot be told."""
    if one.mean is None or one.low is None or one.high is None:
        return "not distinguishable"
    if one.low == one.high == 0.0:
        return "changes nothing"
    if one.low <= 0.0 <= one.high:
        return f"not distinguishable ({counted(one, True)} {become})"
    return f"{counted(one, True)} {become}"


def _held(bases: Bases) -> str:
    if bases.calibrated:
        return "the luck of customers and the error of the numbers are both in them."
    if bases.declared:
        return "the luck of customers and the error of levers are in them, that of the calibrated numbers is not."
    return "only the luck of customers is in them, as every number is taken as certain."


def notes(
    scenario: Scenario, log: Log, way: OnTheirWay, days: float, coming: Newcomers, bases: Bases
) -> tuple[str, ...]:
    """What the figures rest on, and what they cannot tell."""
    told = [*bases.said, coming.said]
    told.append(f"Intervals are of what will be seen: {_held(bases)}")
    if way.unwatched:
        told.append(
            f"{way.unwatched:,} open customers were last watched before the log ends: left out, as nobody knows of them."
        )
    if way.undated:
        told.append(
            f"Of {way.undated:,} open stays nobody knows when they began: their age counts from when they were first seen."
        )
    longest = float(log.window.max()) if log.customers.size else 0.0
    if days > longest:
        told.append(
            f"The window of {days:g} days is longer than anybody was watched ({longest:.0f}): beyond, only the laws speak."
        )
    closed = [
        name
        for k, name in enumerate(log.stages)
        if name in scenario.stages and scenario.stages[name].end and not log.ends[k]
    ]
    if closed:
        told.append(f"Nobody was seen to leave {', '.join(closed)}: whoever is there stays.")
    if scenario.satisfaction is not None:
        told.append("A log does not tell satisfaction: customers on their way have that of new customers.")
    if scenario.desks:
        told.append("Desks begin with nobody in line.")
    if len(scenario.strategies) > 1:
        told.append(
            "Day 0 of every strategy is the end of the log; levers act on the rest of stays that are under way."
        )
    return tuple(told)

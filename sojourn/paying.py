"""When strategies pay back, and what a delay costs, in words."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sojourn.plots.words import clear, interval, number
from sojourn.scenarios.plurals import plural
from sojourn.sim.estimates import Estimate
from sojourn.sim.money import only_spent

if TYPE_CHECKING:
    from sojourn.experiments.compare import Comparison
    from sojourn.experiments.payback import Delay, Payback

NAMED = 4  # answers that the line gives


def lines(comparison: "Comparison", *, everything: bool = False) -> Iterator[str]:
    """When the strategies pay back, in one line; and one line a strategy on what delays cost, where that was asked for.

    `everything` is for the report, which the others are pointed to.
    """
    found = list(comparison.payback.values())
    if not found or only_spent(comparison.result.scenario):
        return
    about = comparison.result.scenario.about
    moments: dict[str, list[str]] = {}  # strategies by what is said of them
    for one in found:
        moments.setdefault(moment(one, about.horizon_days), []).append(one.strategy)
    told = [f"{', '.join(names)} {said}" for said, names in moments.items()]
    named = len(told) if everything else NAMED
    more = [f"{len(told) - named} more in the report"] if len(told) > named else []
    yield f"Pays back against {comparison.baseline}: {'; '.join([*told[:named], *more])}."
    for one in found:
        if one.delays:
            costs = ", ".join(_delay(each, about.currency) for each in one.delays)
            yield f"Each day on which {one.strategy} begins later {costs}."


def moment(found: "Payback", horizon: float) -> str:
    """`from day 143 on (90 %: 120 to 171)`; `not by day 365`."""
    end = number(horizon)
    if found.day is None:
        return f"not by day {end}" + (f" as it looks, perhaps from day {number(found.low)} on" if found.low else "")
    said = f"from day {number(found.day)} on"
    if found.high is None:
        early = f"{number(found.low)}" if found.low is not None else f"{number(found.day)}"
        return f"{said} as it looks (90 %: day {early} to beyond day {end})"
    if found.low == found.high:
        return said
    return f"{said} (90 %: {number(found.low or 0.0)} to {number(found.high)})"


def _delay(delay: "Delay", currency: str) -> str:
    """`costs USD 210 [190, 230] (30 days later)`; what is saved by waiting is said to be."""
    later = f"({plural(delay.days, 'day')} later)"
    mean, low, high = delay.per_day
    if not clear(delay.per_day) or mean is None or low is None or high is None:
        return (
            f"makes no difference that could be told, {currency} {interval(delay.per_day, currency, sign=True)} {later}"
        )
    if low > 0.0:
        return f"costs {currency} {interval(delay.per_day, currency)} {later}"
    return f"saves {currency} {interval(Estimate(-mean, -high, -low), currency)} {later}"

"""Sensitivity in words: what a number must be for a strategy to pay, and which number the answer hangs on."""

import math
from typing import TYPE_CHECKING

from sojourn.experiments.breakeven import BreakEven
from sojourn.experiments.numbers import Number, acts_on
from sojourn.experiments.twin_words import clear
from sojourn.experiments.wording import Words
from sojourn.scenarios.plurals import plural
from sojourn.sim.vocabulary import direction

MONEY = ("profit", "profit.undiscounted", "roi")

if TYPE_CHECKING:
    from sojourn.experiments.sensitivity_found import Sensitivity, Swing


def sentence(found: "Sensitivity") -> str:
    """The first line: the difference, and the number that it hangs on most."""
    words = Words(found.measure, found.scenario, found.baseline)
    if words.priceless:
        return f"{words.unstated()}."
    named = [(found.strategy, found.difference)]
    first = found.order[0]
    number = found.numbers[first]
    if found.difference.mean is None:
        start = words.undefined([found.strategy])
    elif found.difference.low is None:
        start = words.single(named)
    elif not clear(found.difference):
        start = words.level(named, figures=True)
    else:
        ahead = (found.difference.mean > 0.0) == (direction(found.measure) >= 0)
        start = words.ahead(named) if ahead else words.behind(named)
    if found.method == "tornado":
        flipping = [
            k for k in found.order if found.swings[k].telling and _inside(found.numbers[k], found.swings[k].break_even)
        ]
        if found.swings[first].still:
            return f"{start}. None of {len(found.numbers)} numbers changes that."
        hangs = f"It hangs most on {number.label}"
        if flipping:
            best = next((k for k in flipping if firm(found.numbers[k], found.swings[k].break_even)), flipping[0])
            told = pays(found, found.numbers[best], found.swings[best])
            return f"{start}. {told}." if best == first else f"{start}. {hangs}; {told}."
        if all(settled(found.numbers[k], found.swings[k]) for k in found.order):
            return f"{start}. {hangs}, but no number turns it anywhere in its interval."
        seems = hangs if found.swings[first].telling else f"It seems to hang most on {number.label}"
        count = plural(found.luck.replications, "replication")
        return f"{start}. {seems}; whether a number turns it within its interval cannot be told from {count}: use more."
    if found.method == "morris":
        return f"{start}. It hangs most on {number.label}."
    total = found.shares[first].total.mean
    if total is None:
        return f"{start}. The numbers change it by no more than chance does."
    return f"{start}. Of what the numbers leave open, {100.0 * min(total, 1.0):.0f} % hangs on {number.label}."


def _inside(number: Number, found: BreakEven) -> bool:
    return found.value is not None and number.low <= found.value <= number.high


def settled(number: Number, swing: "Swing") -> bool:
    """Whether the difference surely keeps its side over the whole interval of the number, or does not move with it at all."""
    even = swing.break_even
    if swing.still or even.value is None:
        ends = clear(swing.at_low) and clear(swing.at_high)
        alike = (swing.at_low.mean or 0.0) * (swing.at_high.mean or 0.0) > 0.0
        return swing.still or even.sign != 0 or (ends and alike)
    if even.value > number.high:
        return even.low is not None and even.low > number.high
    return even.value < number.low and even.high is not None and even.high < number.low


def pays(found: "Sensitivity", number: Number, swing: "Swing") -> str:
    """What the number must be for the strategy to be ahead, or that it is ahead, or behind, whatever the number is."""
    a, b = found.baseline, found.strategy
    even = swing.break_even
    interval = f"{figure(number.low)} to {figure(number.high)}"
    if swing.still:
        return f"{number.label} makes no difference to either"
    good = direction(found.measure) or 1
    if even.value is None:
        reach = f"from {figure(swing.reach[0])} to {figure(swing.reach[1])}"
        if even.sign:
            side = "ahead of" if even.sign * good > 0 else "behind"
            return f"{b} stays {side} {a} whatever {number.label} is, {reach}"
        return f"no break-even of {number.label} {reach}; the difference is not beyond chance throughout"
    above = bool(even.rising) == (good > 0)
    if not swing.telling and not settled(number, swing):
        return f"whether {b} turns with {number.label} cannot be told: what it changes is no more than chance"
    where = f"{figure(even.value)}{band(even)}"
    if _inside(number, even):
        said = condition(found, number, even.value, where, above=above)
        money, ahead = found.measure in MONEY, f"ahead of {a} in {found.measure}"
        pay = "pays" if money else f"is {ahead}"
        if firm(number, even):
            return f"{b} {pay} only if {said}"
        return f"{b} {pay} where {said}, though chance hides whether it turns within the interval at all"
    now = "ahead" if (number.central > even.value) == above else "behind"
    if not settled(number, swing):
        return (
            f"the break-even of {number.label}, {where}, lies beyond its interval ({interval}), but chance hides whether {b}"
            f" stays {now} over all of it"
        )
    told = f"{b} stays {now} over the whole interval of {number.label} ({interval})"
    return f"{told}; break-even at {where}" if swing.telling else told


def firm(number: Number, even: BreakEven) -> bool:
    """Whether the whole band of a break-even lies in the interval of its number: the difference surely turns there."""
    return even.low is not None and even.high is not None and number.low <= even.low and even.high <= number.high


def condition(found: "Sensitivity", number: Number, value: float, where: str, *, above: bool) -> str:
    """`perks cuts loyalty -> churned by at least 11 % (hazard ratio below .89)`, or the number above or below a value."""
    side, acting = "above" if above else "below", acts_on(found.scenario, number)
    scale = number.scale.replace("_", " ")
    odds = number.scale == "log_odds"
    ratio = math.exp(value) if odds else value
    if acting is None or not (number.ratio or odds or number.scale == "points") or value == float(number.ratio):
        return f"{number.label} is {side} {where}" + (f" ({scale})" if acting is not None else "")
    lever, what = acting
    if number.scale == "points":
        verb, amount = ("raises" if value > 0.0 else "lowers"), f"{figure(abs(value))} points"
        least = "at least" if above == (value > 0.0) else "no more than"
    else:
        verb, amount = ("raises" if ratio > 1.0 else "cuts"), f"{100.0 * abs(ratio - 1.0):.2g} %"
        least = "at least" if above == (ratio > 1.0) else "no more than"
    return f"{lever} {verb} {'the odds of ' if odds else ''}{what} by {least} {amount} ({scale} {side} {where})"


def band(found: BreakEven) -> str:
    """` [0.86, 0.92]`, with an end that lies beyond what was looked at left open."""
    if found.low is None and found.high is None:
        return " [no bounds in reach]"
    low = "..." if found.low is None else figure(found.low)
    high = "..." if found.high is None else figure(found.high)
    return f" [{low}, {high}]"


def figure(value: float) -> str:
    """A number with three digits, in plain notation where that is short."""
    if value == 0.0 or not math.isfinite(value):
        return f"{value:g}"
    return f"{value:,.3g}" if 1e-4 <= abs(value) < 1e3 else f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.3g}"

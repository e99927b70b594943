"""Why a strategy does what it does: what happens at its desks, and what waiting and giving up cost, in words."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sojourn.experiments.service import TELLING, Reason
from sojourn.plots.words import clear, human, interval, known, number
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import unit

if TYPE_CHECKING:
    from sojourn.experiments.compare import Comparison

LINES = 3  # that stand under an answer
SLIGHT = 0.1  # relative change of waiting or giving up that the terminal passes over
TINY = 0.001
LOSSES = {
    "profit": "of profit",
    "satisfaction": "points of satisfaction of those who stay",
    "churn_rate": "percentage points of losses a month",
}


def lines(comparison: "Comparison") -> list[str]:
    """The sentences under an answer, at most three: the strategies whose queue weighs most, and how many more there are."""
    told = sorted(comparison.why.values(), key=lambda one: -abs(one.change["profit"].mean or 0.0))
    told = [one for one in told if _matters(comparison, one)]
    shown = told if len(told) <= LINES else told[: LINES - 1]
    said = [sentence(comparison, one) for one in shown]
    rest = [one.strategy for one in told[len(shown) :]]
    return (
        [*said, f"Desks matter under {', '.join(rest)} too: --out DIR writes report.html, which says how."]
        if rest
        else said
    )


def _matters(comparison: "Comparison", reason: Reason) -> bool:
    """Whether waiting or giving up changes by a tenth or more, and that surely does something."""
    names = [f"desk.{desk}.{what}" for desk in reason.desks for what in TELLING]
    a, b = (comparison.result.outcomes[one].measures for one in (comparison.baseline, reason.strategy))
    much = any(abs((b[name].mean or 0.0) - (a[name].mean or 0.0)) >= SLIGHT * (a[name].mean or 0.0) for name in names)
    return much and any(clear(reason.change[name]) for name in LOSSES if name in reason.change)


def sentence(comparison: "Comparison", reason: Reason) -> str:
    """What happens at the desks under one strategy, and what it costs."""
    desks = "; ".join(filter(None, (_at_desk(comparison, reason.strategy, desk) for desk in reason.desks)))
    return f"Why {reason.strategy}: {desks}. {cost(comparison, reason)}"


def _at_desk(comparison: "Comparison", strategy: str, desk: str) -> str:
    """How many more ask, wait, give up and fail than under the baseline, as far as that is sure."""
    differences = comparison.differences[f"{strategy} - {comparison.baseline}"]
    outcomes, said = comparison.result.outcomes, []
    for what, tell in (
        ("requests", _many),
        ("wait", _waits),
        ("abandoned", _give_up),
        ("failures_per_customer", _many),
    ):
        name = f"desk.{desk}.{what}"
        a, b = (outcomes[one].measures[name] for one in (comparison.baseline, strategy))
        if clear(differences[name]) and known(a) and known(b):
            said.append(tell(a.mean or 0.0, b.mean or 0.0, what.partition("_")[0]))
    return f"at {human(desk)} {', '.join(said)}" if said else ""


def _many(a: float, b: float, what: str) -> str:
    """`5.7 times as many requests per customer`."""
    if a <= 0.0:
        return f"{_short(b)} {what} per customer in place of none"
    ratio = b / a
    if ratio >= 1.5:
        return f"{_short(ratio)} times as many {what} per customer"
    if ratio < 0.01:
        return f"hardly any {what}"
    return f"{_short(100 * abs(ratio - 1))} % {'more' if ratio > 1 else 'fewer'} {what} per customer"


def _waits(a: float, b: float, _: str) -> str:
    before, after = _apart(a, b)
    return f"waiting {'up' if b > a else 'down'} from {before} to {after} days"


def _give_up(a: float, b: float, _: str) -> str:
    before, after = _apart(100 * a, 100 * b)
    return f"{after} % give up, not {before} %"


def _apart(a: float, b: float) -> tuple[str, str]:
    """Two figures that differ, with as many digits as it takes to see that; two to four."""
    pairs = [(_short(a, digits), _short(b, digits)) for digits in (2, 3, 4)]
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])


def _short(value: float, digits: int = 2) -> str:
    """Two digits, all of them above a hundred: enough for a sentence, whose interval is in the table."""
    if 0.0 < abs(value) < TINY:
        return f"under {number(TINY, 3)}"
    places = digits - 1 - math.floor(math.log10(abs(value))) if value else 0
    return number(value, min(max(places, 0), digits + 1))


def cost(comparison: "Comparison", reason: Reason) -> str:
    """What the queue costs: the strategy against itself with agents enough for everybody, at the same pay."""
    scenario, baseline = comparison.result.scenario, comparison.baseline
    harm: list[str] = []
    good: list[str] = []
    for loss, counted, words in _losses(reason, scenario):
        more = (loss.mean or 0.0) > 0.0  # fewer unhappy customers may stay, which flatters the satisfaction of the rest
        (harm if more else good).append(f"{counted} {interval(loss if more else _negative(loss))} {words}".strip())
    over = f"over {number(scenario.about.horizon_days)} days"
    if not harm and not good:
        return f"What its queue costs {over} cannot be told from nothing."
    before = reason.baseline_queue["profit"]
    amount = (
        f"{unit('profit', scenario)} {interval(_negative(before))}" if clear(before) else "nothing that can be told"
    )
    said = f"What its queue costs {over}: {_joined(harm) if harm else 'nothing that can be told'}"
    said += f"; it saves {_joined(good)}" if good else ""
    said += "" if clear(reason.queue["profit"]) else "; in profit, nothing that can be told"
    return f"{said} (under {baseline}, in profit: {amount}).{_served(reason, baseline, scenario)}"


def _losses(reason: Reason, scenario: Scenario) -> Iterator[tuple[Estimate, str, str]]:
    """What the queue surely costs (less than nothing where it is of use): how much, its currency, and of what."""
    for name, words in LOSSES.items():
        found = reason.queue.get(name)
        if found is not None and clear(found):
            loss = Estimate(*(100.0 * (value or 0.0) for value in found)) if name == "churn_rate" else _negative(found)
            yield loss, unit(name, scenario) if name == "profit" else "", words


def _joined(parts: list[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]


def _served(reason: Reason, baseline: str, scenario: Scenario) -> str:
    """What the strategy would be worth if nobody had to wait, where its queue surely costs more than the baseline's."""
    found, change = reason.without_queue["profit"], reason.change["profit"]
    if not clear(found) or not clear(change) or (change.mean or 0.0) >= 0.0:
        return ""
    better = (found.mean or 0.0) > 0.0
    amount = f"{unit('profit', scenario)} {interval(found if better else _negative(found))}"
    return f" If nobody had to wait, at the same pay, it would {'beat' if better else 'fall short of'} {baseline} by {amount}."


def _negative(estimate: Estimate) -> Estimate:
    mean, low, high = (None if value is None else -value for value in estimate)
    return Estimate(mean, high, low)

"""Why a strategy does what it does: what happens at its desks, and what waiting and giving up cost, in words."""

import math
from collections.abc import Iterator

from sojourn.experiments.compare import Comparison
from sojourn.experiments.service import Reason
from sojourn.plots.words import SHARE, clear, human, interval, known, number
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import unit

LINES = 3  # that stand under an answer
FELT = {"satisfaction": "points of satisfaction", "churn_rate": "percentage points of losses a month"}


def lines(comparison: Comparison) -> list[str]:
    """The sentences under an answer, at most three: the strategies whose queue weighs most, and how many more there are."""
    told = sorted(comparison.why.values(), key=lambda one: -abs(one.change["profit"].mean or 0.0))
    told = [one for one in told if any(clear(one.change[name]) for name in ("profit", *FELT) if name in one.change)]
    shown = told if len(told) <= LINES else told[: LINES - 1]
    said = [sentence(comparison, one) for one in shown]
    rest = [one.strategy for one in told[len(shown) :]]
    return (
        [*said, f"Desks matter under {', '.join(rest)} too: --out DIR writes report.html, which says how."]
        if rest
        else said
    )


def sentence(comparison: Comparison, reason: Reason) -> str:
    """What happens at the desks under one strategy, and what it costs."""
    desks = "; ".join(filter(None, (_at_desk(comparison, reason.strategy, desk) for desk in reason.desks)))
    return f"Why {reason.strategy}: {desks}. {cost(comparison, reason)}"


def _at_desk(comparison: Comparison, strategy: str, desk: str) -> str:
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
    return f"waiting {'up' if b > a else 'down'} from {_short(a)} to {_short(b)} days"


def _give_up(a: float, b: float, _: str) -> str:
    return f"{_short(100 * b)} % give up, not {_short(100 * a)} %"


def _short(value: float) -> str:
    """Two digits, all of them above a hundred: enough for a sentence, whose interval is in the table."""
    places = 1 - math.floor(math.log10(abs(value))) if value else 0
    return number(value, min(max(places, 0), 3))


def cost(comparison: Comparison, reason: Reason) -> str:
    """What the queue costs: the strategy against itself with agents enough for everybody, at the same pay."""
    scenario, baseline = comparison.result.scenario, comparison.baseline
    profit = reason.queue["profit"]
    harm = [f"{_money(profit, scenario)} of profit"] if clear(profit) else []
    harm += [f"{interval(size, counted, bare=True)} {words}" for size, counted, words in _felt(reason)]
    over = f"over {number(scenario.about.horizon_days)} days"
    if not harm:
        return f"What its queue costs {over} cannot be told from nothing."
    unsure = "" if clear(profit) else "; in profit, nothing that can be told"
    before = reason.baseline_queue["profit"]
    under = _money(before, scenario) if clear(before) else "nothing that can be told"
    said = f"What its queue costs {over}: {_joined(harm)}{unsure} (under {baseline}: {under})."
    return said + _served(reason, baseline, scenario)


def _joined(parts: list[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]


def _felt(reason: Reason) -> Iterator[tuple[Estimate, str, str]]:
    """What else the queue costs, where that is sure: the size, how it is counted, and of what."""
    for name, words in FELT.items():
        found = reason.queue.get(name)
        if found is not None and clear(found):
            churn = name == "churn_rate"
            yield found if churn else _negative(found), SHARE if churn else "", words


def _served(reason: Reason, baseline: str, scenario: Scenario) -> str:
    """What the strategy would be worth if nobody had to wait, where its queue surely costs more than the baseline's."""
    found, change = reason.without_queue["profit"], reason.change["profit"]
    if not clear(found) or not clear(change) or (change.mean or 0.0) >= 0.0:
        return ""
    better = (found.mean or 0.0) > 0.0
    size = _negative(found) if better else found
    verb = "beat" if better else "fall short of"
    return f" If nobody had to wait, at the same pay, it would {verb} {baseline} by {_money(size, scenario)}."


def _money(profit: Estimate, scenario: Scenario) -> str:
    """What is lost: minus a difference in profit."""
    return f"{unit('profit', scenario)} {interval(_negative(profit))}"


def _negative(estimate: Estimate) -> Estimate:
    mean, low, high = (None if value is None else -value for value in estimate)
    return Estimate(mean, high, low)

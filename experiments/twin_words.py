"""The first line of twins: the whole difference, and what each lever brings and costs of it."""

from sojourn.experiments.decomposition import Decomposition, LeverPart
from sojourn.experiments.wording import Words
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate

MOST = 3  # levers that the line names
CENT = 0.005  # of money: less is nothing


def sentence(found: Decomposition, scenario: Scenario) -> str:
    """`B beats A by USD ...: L brings 3,950 and costs 2,200.`"""
    words = Words("profit", scenario, found.baseline)
    named = [(found.strategy, found.total)]
    if words.priceless:
        return f"{words.missing}: `sojourn compare --measure {words.other}` compares the strategies."
    if not found.levers:
        return f"{found.strategy} pulls every lever as {found.baseline} does: {words.same([found.strategy])}."
    if found.total.mean == 0.0 and not found.total.low and not found.total.high:
        clause = words.same([found.strategy])
    elif found.total.low is None or found.total.high is None:
        clause = words.single(named)
    elif found.total.low > 0.0:
        clause = words.ahead(named)
    elif found.total.high < 0.0:
        clause = words.behind(named)
    else:
        clause = words.level(named, figures=True)
    ranked = sorted(found.levers, key=lambda name: -abs(found.levers[name].total.mean or 0.0))
    told = [f"{name} {brought(found.levers[name])}" for name in ranked[:MOST]]
    more = len(ranked) - len(told)
    rest = f"; {more} more {'lever' if more == 1 else 'levers'} in the table" if more else ""
    return f"{clause}. Of it, {'; '.join(told)}{rest}."


def brought(part: LeverPart) -> str:
    """`brings 3,950 and costs 2,200`; what cannot be told from nothing is said to be so."""
    outcome, cost, pay = part.outcome, part.cost.mean or 0.0, -(part.running.mean or 0.0)
    paid = (
        f"and costs {amount(cost)}"
        if cost > 0.0
        else f"and saves {amount(-cost)}"
        if cost < 0.0
        else "and costs nothing"
    )
    staff = (
        f" (agents' pay {amount(pay)} taken off)"
        if pay > 0.0
        else f" (agents' pay {amount(-pay)} saved)"
        if pay < 0.0
        else ""
    )
    if all(abs(one or 0.0) < CENT for one in outcome):
        return f"brings nothing {paid}"
    if clear(outcome) or outcome.low is None:
        mean = outcome.mean or 0.0
        return f"{'brings' if mean > 0.0 else 'loses'} {amount(abs(mean))}{staff} {paid}"
    low, high = amount(outcome.low), amount(outcome.high or 0.0)
    return f"brings nothing that can be told from 0 (90 %: {low} to {high}){staff} {paid}"


def clear(figure: Estimate) -> bool:
    """Whether the interval leaves out 0."""
    return figure.low is not None and figure.high is not None and (figure.low > 0.0 or figure.high < 0.0)


def amount(money: float) -> str:
    """Money without its unit, to three digits or whole."""
    size = abs(money)
    return f"{money:,.0f}" if size >= 100.0 or size == 0.0 else f"{money:,.3g}"

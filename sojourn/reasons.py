"""Why a strategy does what it does: what happens at its desks, and what waiting and giving up cost, in words."""

from collections.abc import Iterator, Mapping

from sojourn.experiments.compare import Comparison
from sojourn.experiments.service import Reason
from sojourn.plots.words import SHARE, clear, decimals, human, interval, known, minus, number
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import is_share, unit

LINES = 3  # strategies that the terminal explains
PHRASES = {  # what happened at a desk, in the order of telling: the part between "at DESK" and "from A to B"
    "requests": "requests per customer go",
    "wait": "waiting goes",
    "abandoned": "the share who give up goes",
    "failures_per_customer": "failures per customer go",
}
HURTS = {  # what a queue does where it harms: (measure, where it is more, where it is less)
    "satisfaction": ("satisfaction {} points higher", "satisfaction {} points lower"),
    "churn_rate": ("losses a month {} percentage points higher", "losses a month {} percentage points lower"),
}


def lines(comparison: Comparison) -> list[str]:
    """The sentences under the answer: the strategies whose queue weighs most, at most three, and how many more there are."""
    told = sorted(comparison.why.values(), key=lambda one: -_weight(one))
    shown = [sentence(comparison, one) for one in told[:LINES]]
    more = len(told) - len(shown)
    return [*shown, f"{more} more in report.html (--out DIR) and in --json."] if more else shown


def _weight(reason: Reason) -> float:
    return abs(reason.change["profit"].mean or 0.0)


def sentence(comparison: Comparison, reason: Reason) -> str:
    """What happens at the desks under one strategy, and what it costs."""
    desks = "; ".join(filter(None, (_at_desk(comparison, reason.strategy, desk) for desk in reason.desks)))
    return minus(f"Why {reason.strategy}: {desks}. {cost(comparison, reason)}")


def _at_desk(comparison: Comparison, strategy: str, desk: str) -> str:
    """What differs at a desk from the baseline, surely."""
    differences = comparison.differences[f"{strategy} - {comparison.baseline}"]
    outcomes = comparison.result.outcomes
    said = []
    for what, phrase in PHRASES.items():
        name = f"desk.{desk}.{what}"
        a, b = (outcomes[one].measures[name] for one in (comparison.baseline, strategy))
        if clear(differences[name]) and known(a) and known(b):
            said.append(f"{phrase} from {_bare(name, a)} to {_bare(name, b)}{_unit(name)}")
    return f"at {human(desk)}, {', '.join(said)}" if said else ""


def _unit(name: str) -> str:
    return " %" if is_share(name) else " days" if name.endswith(".wait") else ""


def _bare(name: str, estimate: Estimate) -> str:
    """A figure alone, with as many digits as its interval bears."""
    scale = 100.0 if is_share(name) else 1.0
    return number(scale * (estimate.mean or 0.0), max(decimals(estimate, scale), 0))


def cost(comparison: Comparison, reason: Reason) -> str:
    """What the queue costs: the strategy against itself with agents enough for everybody, at the same pay."""
    scenario = comparison.result.scenario
    days = f"{number(scenario.about.horizon_days)} days"
    money = _amount("profit", reason.queue, scenario)
    if not clear(reason.queue["profit"]):
        harm = f"What its queue costs in {days} is not distinguishable from nothing: profit {money}"
    elif (reason.queue["profit"].mean or 0.0) < 0:
        harm = f"Its queue costs {money} of profit in {days}"
    else:
        harm = f"Its queue saves {money} of profit in {days}"
    effects = list(_effects(reason.queue))
    harm += f", with {' and '.join(effects)} than if nobody waited" if effects else ""
    return f"{harm}; under {comparison.baseline} {_baseline(reason, scenario)}."


def _baseline(reason: Reason, scenario: Scenario) -> str:
    profit = reason.baseline_queue["profit"]
    if not clear(profit):
        return "the queue costs nothing that can be told"
    verb = "costs" if (profit.mean or 0.0) < 0 else "saves"
    return f"it {verb} {_amount('profit', reason.baseline_queue, scenario)}"


def _effects(queue: Mapping[str, Estimate]) -> Iterator[str]:
    for name, (more, less) in HURTS.items():
        found = queue.get(name)
        if found is not None and clear(found) and found.mean is not None:
            text = more if found.mean > 0 else less
            yield text.format(interval(_size(found), SHARE if is_percent(name) else "", bare=True))


def is_percent(name: str) -> bool:
    """Whether people read the measure in per cent: shares, and losses a month."""
    return is_share(name) or name == "churn_rate"


def _amount(name: str, queue: Mapping[str, Estimate], scenario: Scenario) -> str:
    found = queue[name]
    shown = interval(_size(found) if clear(found) else found, bare=True, sign=not clear(found))
    return f"{unit(name, scenario)} {shown}"


def _size(estimate: Estimate) -> Estimate:
    """How large a difference is, whatever its sign."""
    if estimate.mean is None or estimate.mean >= 0.0 or estimate.low is None or estimate.high is None:
        return estimate
    return Estimate(-estimate.mean, -estimate.high, -estimate.low)

"""Targets in words, for the terminal and the report: asked, simulated, misfit, and what a target cannot tell."""

from collections.abc import Iterator

from sojourn import trust as trusted
from sojourn.experiments.attained import Attained, Evaluation
from sojourn.plots.words import exact, interval, number
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import SHARE, unit

RATIO = "ratio"


def asked(one: Attained, scenario: Scenario) -> str:
    """The value asked, with its unit."""
    counted = unit_of(one, scenario)
    value = one.target.value
    if counted == SHARE:
        return f"{exact(100 * value)} %"
    return exact(value) if counted == RATIO else f"{exact(value)} {counted}"


def simulated(one: Attained, scenario: Scenario) -> str:
    """The simulated figure with its interval, and the exact one where there is one."""
    counted = unit_of(one, scenario)
    said = interval(one.estimate, counted)
    if one.exact is None:
        return said
    without = Estimate(one.exact, None, None)
    return f"{said}; in theory {interval(without, counted)}"


def unit_of(one: Attained, scenario: Scenario) -> str:
    """The unit of what a target asks."""
    return RATIO if one.target.against is not None else unit(one.target.measure, scenario)


def misfit(one: Attained) -> str:
    """What the simulated figure is off by, in per cent of the value asked."""
    mean, low, high = one.misfit
    if mean is None:
        return "undefined"
    said = f"{number(100 * mean, 1, sign=True)} %"
    if low is None or high is None:
        return said
    return f"{said} [{number(100 * low, 1, sign=True)}, {number(100 * high, 1, sign=True)}]"


def met(one: Attained) -> str:
    """Whether the target is met, and by what."""
    tolerance = f"{100 * one.target.tolerance:g} %"
    if one.met is None:
        if one.misfit.mean is None:
            return "undefined"
        if one.error is None:
            return "open: no interval"
        return f"open: simulation error ± {100 * one.error:.2g} %"
    if one.met:
        return f"yes, within {tolerance}{'' if one.within == 'tolerance' else ' and the simulation error'}"
    return f"no, beyond {tolerance} and the simulation error"


def told(one: Attained) -> Iterator[str]:
    """What the target says, who says so, what was measured and tuned, and what it leaves open."""
    target = one.target
    yield f"Says: {_ended(target.statement)}"
    yield f"Origin: {_ended(target.origin)}"
    yield f"Measured as: {one.measured_as}."
    if target.tuned:
        yield f"Tuned to meet it: {', '.join(target.tuned)}."
    if target.cannot_tell:
        yield f"Cannot tell: {_ended(target.cannot_tell)}"


def trust(found: Evaluation) -> Iterator[str]:
    """How far the figures can be trusted: customers behind them, intervals, and whether chance hides the answer."""
    lives = found.customers or found.scenario.arrivals.expected(found.scenario.about.horizon_days)
    of_each = f"about {number(lives)} customers in each replication" if found.customers is None else f"{lives:,} each"
    paired = " (the same customers in every variant)" if any(one.target.against for one in found.attained) else ""
    yield (
        f"{found.replications} {'paired ' if paired else ''}replication{'' if found.replications == 1 else 's'}{paired},"
        f" {of_each}, seed {found.seed}; intervals are 90 %."
    )
    if any(one.exact is not None for one in found.attained):
        yield "Theory has no simulation error and no horizon: who is still on the way counts as they will go."
    blurred = [one.target.name for one in found.attained if one.met is None and one.misfit.mean is not None]
    if blurred:
        whom = f"whether {', '.join(blurred)} {'is' if len(blurred) == 1 else 'are'} met"
        yield f"The simulation error is larger than the tolerance: more --replications would tell {whom}."
    known = [one.strategy for one in found.attained if one.strategy in found.scenario.strategies]
    other = trusted.stand_ins(found.scenario, found.customers, list(dict.fromkeys(known)))
    if other:
        yield other
    yield (
        "A target that is met does not make the numbers true: other numbers may meet it as well. Numbers tuned to it are as"
        " sure as its origin, and no surer."
    )


def _ended(text: str) -> str:
    return text if text.rstrip().endswith((".", "!", "?")) else f"{text.rstrip()}."

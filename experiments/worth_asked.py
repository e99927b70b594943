"""What `worth` may be asked: strategies, measures, prices and budgets, all faults at once."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from sojourn.experiments.drawing import FEW, MOST
from sojourn.scenarios.faults import Fault, Faults, nearest
from sojourn.scenarios.model import Scenario
from sojourn.sim.measures import names
from sojourn.sim.network import build
from sojourn.sim.unmeasured import no_measure
from sojourn.sim.vocabulary import direction

FEWEST = 20  # draws from which anything can be told
MANY = 100_000
SECONDS = ("satisfaction", "purchases")  # what is weighed against money unless something else is asked


class Asked(NamedTuple):
    """What is asked, checked."""

    strategies: tuple[str, ...]
    measure: str
    second: str | None
    prices: tuple[float, float] | None  # of a unit of the second measure; None: chosen by what comes out
    budget: tuple[float, float] | None
    customers: int | None  # who come, in place of the scenario's own


def asked(
    scenario: Scenario,
    strategies: Sequence[str] | None,
    measure: str,
    willingness: str | tuple[str, float, float] | None,
    budget: tuple[float, float] | None,
    draws: int,
    replications: int,
    customers: int | None,
) -> Asked:
    """Check all of it. Raises Faults."""
    source, known = scenario.about.name, tuple(scenario.strategies)
    chosen = known if strategies is None else tuple(strategies)
    faults = [
        Fault(source, "strategies", name, f'no strategy named "{name}"', nearest(name, known))
        for name in dict.fromkeys(chosen)
        if name not in known
    ]
    twice = [name for name in dict.fromkeys(chosen) if chosen.count(name) > 1]
    faults += [Fault(source, "strategies", name, f'"{name}" is listed twice', "list it once") for name in twice]
    if len(chosen) < 2:
        remedy = f"name two of: {', '.join(known)}" if len(known) > 1 else "add a second strategy to the scenario"
        faults.append(Fault(source, "strategies", ", ".join(chosen), "there is nothing to decide between", remedy))
    faults += _numbers(source, draws, replications, budget)
    second, along = _second(scenario, chosen, measure, willingness, faults)
    if faults:
        raise Faults(faults)
    return Asked(chosen, measure, second, along, budget, customers)


def _numbers(source: str, draws: int, replications: int, budget: tuple[float, float] | None) -> list[Fault]:
    faults = []
    if not FEWEST <= draws <= MANY:
        remedy = f"give {FEWEST} to {MANY:,}; 200 is a good number"
        faults.append(Fault(source, "draws", f"{draws}", "no such number of draws", remedy))
    if not FEW <= replications <= MOST:
        remedy = f"give {FEW} to {MOST}: with one life a draw, chance cannot be told from the numbers"
        faults.append(Fault(source, "replications", f"{replications}", "no such number of lives of a draw", remedy))
    if budget is not None and not 0.0 <= budget[0] < budget[1] < math.inf:
        what = "no range of budgets"
        faults.append(Fault(source, "budget", f"{budget[0]:g}:{budget[1]:g}", what, "write LOW:HIGH, such as 0:50000"))
    return faults


def _second(
    scenario: Scenario,
    strategies: Sequence[str],
    measure: str,
    willingness: str | tuple[str, float, float] | None,
    faults: list[Fault],
) -> tuple[str | None, tuple[float, float] | None]:
    source = scenario.about.name
    known = next((name for name in strategies if name in scenario.strategies), None)
    if known is None:
        return None, None
    measures = names(build(scenario, known))
    second, along = None, None
    if isinstance(willingness, tuple):
        second, along = willingness[0], (willingness[1], willingness[2])
        if not 0.0 <= along[0] < along[1] < math.inf:
            remedy = f"write LOW:HIGH in money for one unit, such as {second}=0:1000"
            faults.append(Fault(source, "willingness", f"{along[0]:g}:{along[1]:g}", "no range of prices", remedy))
    elif willingness is not None:
        second = willingness
    else:
        second = next((name for name in SECONDS if name in measures and name != measure), None)
    for option, name in (("measure", measure), ("willingness", second)):
        if name is None:
            continue
        if name not in measures:
            faults.append(no_measure(scenario, option, name, measures))
        elif not direction(name):
            better = [one for one in measures if direction(one)]
            what = f"neither more nor less of {name} is better"
            faults.append(Fault(source, option, name, what, nearest(name, better)))
    if second == measure:
        faults.append(Fault(source, "willingness", measure, "is what decides already", "name another measure"))
    return second, along

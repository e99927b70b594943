"""The same strategy, begun later: until then the baseline's levers, from then on its own plan from day 0."""

import numpy as np

from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plans import Plan, Step
from sojourn.sim.schedules import path_of


def delayed_name(number: int) -> str:
    """What the strategy with the delay of this number, from 0, is called."""
    return f"later-{number}"


def delayed(scenario: Scenario, strategy: str, baseline: str, days: tuple[float, ...]) -> Scenario:
    """The scenario with a strategy for each of some delays, named by `delayed_name`, and no others.

    Levers on which the two agree are left as they are. Raises Faults where a delay is not within the horizon, or where the two
    pull one lever for different customers: one plan cannot say both.
    """
    horizon = scenario.about.horizon_days
    first, later = scenario.strategies[baseline], scenario.strategies[strategy]
    faults = [
        Fault("compare", "delays", f"{one:g}", "no such delay", f"give days above 0 and below the horizon, {horizon:g}")
        for one in days
        if not 0.0 < one < horizon
    ]
    plans: dict[str, dict[str, Plan]] = {delayed_name(k): {} for k in range(len(days))}
    for lever in [name for name in scenario.levers if name in first or name in later]:
        a, b = first.get(lever), later.get(lever)
        if a is not None and b is not None and a != b and a.when != b.when and _pulled(a) and _pulled(b):
            why = f'"{strategy}" pulls {lever} for other customers than "{baseline}", so its delay cannot be one plan'
            remedy = "leave out the delay, or give both the same condition"
            faults.append(Fault(scenario.about.name, f"strategies.{strategy}.{lever}.when", str(b.when), why, remedy))
            continue
        for k, one in enumerate(days):
            plans[delayed_name(k)][lever] = _later(a, b, one)
    if faults:
        raise Faults(faults)
    document = scenario.document()
    document["strategies"] = {
        name: {lever: plan.document() for lever, plan in own.items()} for name, own in plans.items()
    }
    for whole in ("variants", "targets", "free"):
        document.pop(whole, None)
    return Scenario.model_validate(document)


def _pulled(plan: Plan) -> bool:
    return any(step.level > 0.0 for step in plan.steps)


def _later(first: Plan | None, later: Plan | None, day: float) -> Plan:
    """The first plan until a day, the later one from then on."""
    if first is not None and first == later:
        return first
    before = first.steps if first is not None and _pulled(first) else ()
    after = later.steps if later is not None and _pulled(later) else ()
    steps = [_cut(step, before, day) for step in before if step.day < day]
    if not after or after[0].day > 0.0:
        steps.append(Step(day=day, level=0.0))
    steps += [step.model_copy(update={"day": step.day + day}) for step in after]
    when = later.when if later is not None and after else first.when if first is not None else None
    return Plan(tuple(steps), when)


def _cut(step: Step, steps: tuple[Step, ...], day: float) -> Step:
    """A step whose ramp ends by a day at the latest, at the level that it has reached then."""
    if step.day + step.ramp_days <= day:
        return step
    reached = float(path_of(steps).at(np.array([day]))[0])
    return step.model_copy(update={"level": reached, "ramp_days": day - step.day})

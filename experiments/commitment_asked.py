"""What commitment may be asked for: stages, days and money, all faults at once."""

from collections.abc import Sequence

from sojourn.scenarios.faults import Fault, Faults, nearest
from sojourn.scenarios.model import Scenario
from sojourn.sim.run import MAX_CUSTOMERS, MAX_SEED

LONGEST = 365.0  # days of the window if none is given
END_OF_TIME = 1e5  # days, as the format has it
MOST_REPLICATIONS = 10_000


def default_within(scenario: Scenario) -> float:
    """Half the horizon, at most a year."""
    return min(LONGEST, scenario.about.horizon_days / 2.0)


def check(
    scenario: Scenario,
    loyal: Sequence[str],
    within: float | None,
    strategies: Sequence[str],
    budget: float | None,
    customers: int | None,
    replications: int,
    seed: int,
) -> tuple[str, ...]:
    """The loyal stages in the order of the journey. Raises Faults for whatever cannot be asked."""
    found, faults = _loyal(scenario, loyal)
    faults += _within(scenario, within)
    known, source = tuple(scenario.strategies), scenario.about.name
    for name in dict.fromkeys(strategies):
        if name not in known:
            faults.append(Fault(source, "strategies", name, f'no strategy named "{name}"', nearest(name, known)))
        elif strategies.count(name) > 1:
            faults.append(Fault(source, "strategies", name, f'"{name}" is listed twice', "list it once"))
    if not strategies:
        faults.append(Fault(source, "strategies", "", "no strategy is named", f"name one of: {', '.join(known)}"))
    if budget is not None and not 0.0 <= budget < float("inf"):
        faults.append(Fault("commitment", "budget", f"{budget:g}", "no such budget", "give 0 or more, or leave it out"))
    if customers is not None and not 1 <= customers <= MAX_CUSTOMERS:
        faults.append(Fault("commitment", "customers", str(customers), "no such number", "give 1 or more"))
    if not 1 <= replications <= MOST_REPLICATIONS:
        remedy = f"give a number from 1 to {MOST_REPLICATIONS}"
        faults.append(Fault("commitment", "replications", str(replications), "no such number of replications", remedy))
    if not 0 <= seed <= MAX_SEED:
        faults.append(
            Fault("commitment", "seed", str(seed), "no such seed", f"give a whole number from 0 to {MAX_SEED}")
        )
    if faults:
        raise Faults(faults)
    return found


def _loyal(scenario: Scenario, asked: Sequence[str]) -> tuple[tuple[str, ...], list[Fault]]:
    source, stages = scenario.about.name, scenario.stages
    if not asked:
        found = tuple(name for name, stage in stages.items() if stage.role == "loyal")
        if not found:
            what = "no stage has the role loyal, so nobody can be said to have got there"
            remedy = 'name one with --loyal STAGE, or give a stage role = "loyal"'
            return (), [Fault(source, "stages", "", what, remedy)]
    else:
        found = tuple(name for name in stages if name in asked)
    faults = [
        Fault("--loyal", "", name, f'"{source}" has no stage "{name}"', nearest(name, stages))
        for name in dict.fromkeys(asked)
        if name not in stages
    ]
    others = ", ".join(name for name, stage in stages.items() if name not in scenario.starts and stage.role != "lost")
    another = (
        f"name another with --loyal: {others}"
        if others
        else "add a later stage that is not lost; this journey has none"
    )
    for name in found:
        if scenario.starts.get(name, 0.0) > 0.0:
            what = f'customers begin in "{name}", so there is no way to it that could be decided'
            faults.append(Fault(source, f"stages.{name}", name, what, another))
        elif stages[name].role == "lost":
            what = f'"{name}" has the role lost: who is lost there cannot be loyal there'
            faults.append(Fault(source, f"stages.{name}", name, what, another))
    return found, faults


def _within(scenario: Scenario, within: float | None) -> list[Fault]:
    horizon = scenario.about.horizon_days
    if within is None:
        if horizon + default_within(scenario) <= END_OF_TIME:
            return []
        remedy = f"shorten scenario.horizon_days to {END_OF_TIME - LONGEST:g} or less"
        return [Fault(scenario.about.name, "scenario.horizon_days", f"{horizon:g}", "leaves no days to follow", remedy)]
    if 0.0 < within <= END_OF_TIME - horizon:
        return []
    remedy = f"give days from above 0 to {END_OF_TIME - horizon:g}, such as {default_within(scenario):g}"
    return [Fault("--within", "", f"{within:g}", f"{within:g} days is out of range", remedy)]

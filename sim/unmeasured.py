"""A measure that is asked for and that a scenario does not have: nothing bears the name, or the scenario says too little."""

from collections.abc import Iterable

from sojourn.scenarios.faults import Fault, nearest, quoted
from sojourn.scenarios.model import Scenario
from sojourn.sim.figures import WINDOWS
from sojourn.sim.vocabulary import DIRECTION, prefix

BUYING = ("conversion", "purchases", "repeat_rate", "retention", "churn_rate", "cac")
LOSING = ("retention", "churn_rate")


def no_measure(scenario: Scenario, path: str, name: str, known: Iterable[str], where: str = "") -> Fault:
    """Return what to say of a measure that is not among the `known` ones of the scenario: why it has none, or the nearest name.

    Args:
        scenario: which was asked.
        path: where the measure was asked for, as `measure` or `targets[0].measure`.
        name: of the measure.
        known: names of the measures that the scenario defines.
        where: what to add, as " in variant delighted".
    """
    lacking = _lacking(scenario, name)
    if lacking is None:
        return Fault(scenario.about.name, path, name, f"no measure named {quoted(name)}{where}", nearest(name, known))
    why, remedy = lacking
    said = f"{name} is not measured{where}, for the scenario {why}"
    return Fault(scenario.about.name, path, name, said, f"{remedy}, or take another measure")


def _lacking(scenario: Scenario, name: str) -> tuple[str, str] | None:
    """What the scenario does not say and what to add; None for a name that no scenario could have as it stands."""
    kind, stages = prefix(name), scenario.stages.values()
    if kind not in DIRECTION:
        return None
    if kind in ("satisfaction", "nps") and scenario.satisfaction is None:
        return "says nothing of satisfaction", "add [satisfaction]" + (" with its nps" if kind == "nps" else "")
    if kind == "nps" and scenario.satisfaction is not None and scenario.satisfaction.nps is None:
        return "does not say how satisfaction answers from 0 to 10", "add nps to [satisfaction]"
    if kind in BUYING and not any(stage.role == "purchase" for stage in stages):
        return "has no stage of the role purchase", 'give a stage role = "purchase"'
    if kind in LOSING and not any(stage.role == "lost" for stage in stages):
        return "has no stage of the role lost", 'give a stage role = "lost"'
    if kind == "cac" and not any(stage.acquisition_cost for stage in stages):
        return "states no acquisition_cost", "add it to the stages where customers are won"
    if kind in ("impressions", "click_through") and scenario.arrivals.impressions_per_day is None:
        return "does not say how many see an advertisement", "give arrivals by impressions_per_day and click_through"
    if kind == "information" and not any(stage.gathers is not None for stage in stages):
        return "has no stage that gathers information", "add gathers to a stage"
    if kind == "referrals" and not any(stage.referrals is not None for stage in stages):
        return "has nobody who invites others", "add referrals to a stage"
    if kind.startswith("desk.") and not scenario.desks:
        return "has no service desk", "add [desks.NAME]"
    if kind.startswith("survey.") and not scenario.surveys:
        return "has no survey", "add [surveys.NAME]"
    return _window(scenario, kind, name)


def _window(scenario: Scenario, kind: str, name: str) -> tuple[str, str] | None:
    """The same for a measure over so many days."""
    days, horizon = name.partition(".")[2], scenario.about.horizon_days
    if kind not in ("clv", "repeat_rate", "retention") or not days.isdecimal() or int(days) not in WINDOWS:
        return None
    if int(days) < horizon:
        return None
    return f"ends after {horizon:g} days", "lengthen scenario.horizon_days beyond the window"

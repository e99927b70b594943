"""Whatever names something: does the something exist, and can it do what is asked of it?"""

from fnmatch import fnmatchcase
from typing import Any

from sojourn.scenarios.check_sizes import doubtful
from sojourn.scenarios.conditions import SOURCES, Name, parse
from sojourn.scenarios.faults import nearest, quoted
from sojourn.scenarios.inquiry import Inquiry
from sojourn.scenarios.model import Plan, Scenario
from sojourn.scenarios.overrides import Place, has, place_of
from sojourn.scenarios.plurals import days

RESERVED = "open"  # step.A.open is the measure of those still unresolved


def check_names(inquiry: Inquiry) -> None:
    """Names that belong to the whole scenario: start, strategies, conditions, sources."""
    scenario = inquiry.scenario
    if RESERVED in scenario.stages:
        inquiry.fault(
            ("stages", RESERVED),
            f"no stage can be called {quoted(RESERVED)}, which measures use for those who have not left yet",
            "rename it",
        )
    _check_start(inquiry)
    for strategy, plans in scenario.strategies.items():
        for lever, plan in plans.items():
            place = ("strategies", strategy, lever)
            if inquiry.known("levers", lever, place):
                _check_plan(inquiry, place, lever, plan)
    for name, desk in scenario.desks.items():
        for i, text in enumerate(desk.priority):
            check_condition(inquiry, ("desks", name, "priority", i), text)
    _check_use(inquiry)
    _check_sources(inquiry)


def check_stage_names(inquiry: Inquiry) -> None:
    """Names inside stages: next stages, desks, where invitees enter."""
    for name, stage in inquiry.scenario.stages.items():
        here: Place = ("stages", name)
        for table, exits in (("exits", stage.exits), ("race", stage.race)):
            for to in exits:
                # The key itself is the mistake, so the place is the table that holds it.
                inquiry.known("stages", to, (*here, table))
        if stage.desk is not None:
            inquiry.known("desks", stage.desk.name, (*here, "desk", "name"))
        if stage.referrals is not None:
            enters, place = stage.referrals.enters, (*here, "referrals", "enters")
            if inquiry.known("stages", enters, place) and inquiry.scenario.stages[enters].end:
                remedy = "let invitees enter a stage that goes on"
                inquiry.fault(place, f"invitees enter {quoted(enters)}, an end", remedy, enters, [("stages", enters)])


def check_condition(inquiry: Inquiry, place: Place, text: str) -> None:
    """Names that a condition compares with, and whether the scenario has what it asks about."""
    scenario = inquiry.scenario
    for op, name, value in parse(text).comparisons:
        doubt = doubtful(name, op, value) if isinstance(value, float) else None
        if doubt is not None:
            inquiry.warn(place, *doubt, text)
        if name is Name.SEGMENT:
            inquiry.known("segments", str(value), place)
        elif name is Name.STAGE:
            inquiry.known("stages", str(value), place)
        elif name is Name.SOURCE and value not in SOURCES:
            inquiry.fault(place, f"no source named {quoted(str(value))}", nearest(str(value), SOURCES), text)
        elif name is Name.SATISFACTION and scenario.satisfaction is None:
            remedy = "add [satisfaction], or take the comparison out"
            inquiry.fault(
                place, "asks for satisfaction, which this scenario has not", remedy, text, [("satisfaction",)]
            )
        elif name is Name.VALUE and scenario.value is None:
            remedy = "add [value] with sigma = 0.8, or take the comparison out"
            inquiry.fault(place, "asks for value, which this scenario has not", remedy, text, [("value",)])
        elif name is Name.INFORMATION and not inquiry.gathering:
            remedy = "add gathers = 0.5 to a stage, or take the comparison out"
            inquiry.fault(place, "asks for information, which no stage gathers", remedy, text, [("stages",)])
        elif name is Name.FAILURES and not inquiry.feeling:
            remedy = "add failure_days = 90 to the desk whose failures count, or take the comparison out"
            inquiry.fault(place, "asks for failures, which no desk lets be felt", remedy, text, [("desks",)])
        elif name is Name.FAILURES and not scenario.desks:
            inquiry.warn(place, "asks for failures, but there is no desk that could fail", "take it out", text)
        elif name is Name.PURCHASES and not any(stage.role == "purchase" for stage in scenario.stages.values()):
            remedy = 'mark one with role = "purchase"'
            inquiry.warn(place, "asks for purchases, but no stage counts as one", remedy, text, [("stages",)])


def _check_start(inquiry: Inquiry) -> None:
    start, place = inquiry.scenario.about.start, ("scenario", "start")
    for name in [start] if isinstance(start, str) else start:
        if inquiry.known("stages", name, place) and inquiry.scenario.stages[name].end:
            inquiry.fault(place, f"{quoted(name)} is an end", "start in a stage that goes on", name, [("stages", name)])


def _check_plan(inquiry: Inquiry, place: Place, lever: str, plan: Plan) -> None:
    horizon = inquiry.scenario.about.horizon_days
    for i, step in enumerate(plan.steps):
        if step.day > horizon:
            message = f"day {step.day:g} lies after the horizon of {days(horizon)}, so the step never happens"
            inquiry.warn(
                (*place, i, "day"), message, "make the horizon longer or the day earlier", about=[("scenario",)]
            )
    if plan.when is None:
        return
    check_condition(inquiry, (*place, "when"), plan.when)
    for effect in inquiry.scenario.levers[lever].effects:
        if effect.target[0] == "arrivals" or effect.scale == "agents":
            what = "arrivals" if effect.target[0] == "arrivals" else f"the agents of desk {effect.desk}"
            inquiry.fault(
                (*place, "when"),
                f"{lever} acts on {what}, which cannot depend on one customer",
                "take out `when`, or move that effect to a lever of its own",
                plan.when,
                about=[("levers", lever)],
            )
            return


def _check_use(inquiry: Inquiry) -> None:
    scenario = inquiry.scenario
    used = {sight.desk.name for name in scenario.stages for sight in inquiry.sights(name) if sight.desk is not None}
    for name in scenario.desks:
        if name not in used and used <= scenario.desks.keys():
            remedy = f'add desk = {{ name = "{name}" }} to a stage'
            inquiry.warn(("desks", name), "no stage uses this desk", remedy, about=[("stages",)])
        elif scenario.desks[name].agents < 1 and not _adds_agents(scenario, name):
            agents = scenario.desks[name].agents
            rounds = "is 0" if agents == 0 else "rounds down to 0"
            remedy = "give it 1 or more, or a lever with an effect on agents"
            message = f"{rounds} and no lever adds any, so that nobody is ever served"
            inquiry.warn(("desks", name, "agents"), message, remedy, agents, [("levers",)])
    for name, lever in scenario.levers.items():
        if not lever.effects:
            inquiry.warn(("levers", name), "has no effects, so it only costs", f"add [[levers.{name}.effects]]")
        if lever.cost.per_referral and not any(stage.referrals for stage in scenario.stages.values()):
            remedy = "add referrals to a stage, or take the cost out"
            inquiry.warn(("levers", name, "cost", "per_referral"), "nobody refers anybody", remedy, about=[("stages",)])
    for name, segment in scenario.segments.items():
        if segment.share == 0:
            inquiry.warn(("segments", name, "share"), "is 0, so the segment is empty", "take the segment out")


def _adds_agents(scenario: Scenario, desk: str) -> bool:
    effects = (effect for lever in scenario.levers.values() for effect in lever.effects)
    return any(one.desk == desk and one.agents is not None and one.range.central > 0 for one in effects)


def _check_sources(inquiry: Inquiry) -> None:
    document = inquiry.scenario.document()
    for i, source in enumerate(inquiry.scenario.sources):
        for j, path in enumerate(source.paths):
            place = place_of(path)
            if place is not None and place[0] == "variants" and not inquiry.scenario.variants:
                continue  # a variant, once chosen, holds no variants
            if place is None or not matches(document, place):
                remedy = "name a place of the file, keys joined by dots; * stands for any name"
                inquiry.warn(("sources", i, "paths", j), f"{quoted(path)} names nothing in this file", remedy, path)
        if source.evidence != "assumed" and not source.source:
            remedy = "add source = ..., or call it assumed"
            inquiry.warn(("sources", i), f"is called {source.evidence} but names no source", remedy)


def matches(table: Any, place: Place) -> bool:
    """Tell whether a path, in which * stands for any name, names something in a table of the document."""
    if not place:
        return True
    step, rest = place[0], place[1:]
    if isinstance(step, int):
        return has(table, step) and matches(table[step], rest)
    if isinstance(table, list):
        return any(matches(item, place) for item in table)
    keys = [key for key in table if fnmatchcase(key, step)] if isinstance(table, dict) else []
    return any(matches(table[key], rest) for key in keys)

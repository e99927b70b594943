"""Effects on exits, laws, desks and rates: is the target there, and does the scale fit it?"""

from collections.abc import Iterator
from math import exp
from typing import NamedTuple

from sojourn.scenarios.dwell import is_certain
from sojourn.scenarios.faults import quoted
from sojourn.scenarios.inquiry import Inquiry
from sojourn.scenarios.levers import Effect, converted, rounded
from sojourn.scenarios.model import Desk, DeskEffect, Satisfaction, Scenario, Stage
from sojourn.scenarios.overrides import Place
from sojourn.scenarios.satisfaction import long_run_satisfaction


class _OnExit(NamedTuple):
    """Something that shifts an exit: where it stands, which exit, on which scale, and the remedy for the wrong one."""

    place: Place
    exit: str
    scale: str
    instead: str  # the same on the other scale
    value: float | None


def check_effects(inquiry: Inquiry) -> None:
    """Effects of levers, satisfaction, desks and frailty as one segment sees them."""
    for shift in _shifts(inquiry.scenario):
        _check_exit(inquiry, shift)
    for name, lever in inquiry.scenario.levers.items():
        for i, effect in enumerate(lever.effects):
            _check_effect(inquiry, ("levers", name, "effects", i), effect)
    _check_own_draws(inquiry)
    _check_satisfaction(inquiry)
    _check_desks(inquiry)


def _shifts(scenario: Scenario) -> Iterator[_OnExit]:
    for name, lever in scenario.levers.items():
        for i, effect in enumerate(lever.effects):
            if effect.exit is not None:
                other = "log_odds" if effect.scale == "hazard_ratio" else "hazard_ratio"
                place: Place = ("levers", name, "effects", i)
                instead = converted(effect, other)
                yield _OnExit(place, effect.exit, effect.scale, instead, effect.range.central)
    if scenario.satisfaction is not None:
        for i, moved in enumerate(scenario.satisfaction.effects):
            yield _OnExit(
                ("satisfaction", "effects", i), moved.exit, moved.scale, _other(moved.scale, moved.eta), moved.value
            )
    for name, desk in scenario.desks.items():
        for i, harm in enumerate(desk.effects):
            yield _OnExit(
                ("desks", name, "effects", i), harm.exit, harm.scale, _other(harm.scale, harm.eta), harm.value
            )
    if scenario.history is not None:
        for i, past in enumerate(scenario.history.effects):
            yield _OnExit(("history", "effects", i), past.exit, past.scale, _other(past.scale, past.eta), past.value)
    if scenario.frailty is not None:
        for exit in scenario.frailty.loads:
            yield _OnExit(("frailty", "loads", exit), exit, "", "", None)


def _other(scale: str, eta: float) -> str:
    """Write the same shift on the other scale."""
    if scale.startswith("log_odds"):
        return f"{scale.replace('log_odds', 'hazard_ratio')} = {rounded(exp(eta))}"
    return f"{scale.replace('hazard_ratio', 'log_odds')} = {rounded(eta)}"


def _check_exit(inquiry: Inquiry, shift: _OnExit) -> None:
    found = inquiry.exit(shift.exit, shift.place if shift.scale == "" else (*shift.place, "exit"))
    if found is None:
        return
    here, there = found
    stage = inquiry.scenario.stages[here]
    if there not in stage.exit_names:
        return  # an exit that another segment has
    about: list[Place] = [("stages", here)]
    place = (*shift.place, shift.scale) if shift.scale else shift.place
    if stage.kind == "choice":
        if shift.scale.startswith("hazard_ratio"):
            remedy = f"use {shift.instead} there, or make the stage a race"
            message = f"{shift.scale} does not act on {quoted(shift.exit)}, an exit of a choice stage"
            inquiry.fault(place, message, remedy, shift.value, about)
        elif sum(exit.probability > 0 for exit in stage.choices.values()) <= 1:
            message = f"{here} has a single exit, so nothing can shift {quoted(shift.exit)}"
            inquiry.warn(shift.place, message, "take it out, or give the stage another exit", shift.value, about)
        elif all(sight.choices[there].probability == 0 for sight in inquiry.sights(here) if there in sight.choices):
            message = f"{quoted(shift.exit)} has probability 0, which nothing can shift"
            inquiry.warn(shift.place, message, "take it out, or make the probability positive", shift.value, about)
        return
    if shift.scale.startswith("log_odds"):
        remedy = f"use {shift.instead} there, or make the stage a choice"
        message = f"{shift.scale} does not act on {quoted(shift.exit)}, an exit of a race stage"
        inquiry.fault(place, message, remedy, shift.value, about)
    elif is_certain(stage.race[there]):
        what = shift.scale or "a load"
        message = f"{what} means nothing on {quoted(shift.exit)}, whose law is a single value"
        remedy = f'use {{ dwell = "{shift.exit}", time_ratio = ... }}, or give the exit a law that varies'
        inquiry.fault(place, message, remedy, shift.value, about)


def _check_own_draws(inquiry: Inquiry) -> None:
    """Exits whose hazard (a race) or probability (a choice) differs from customer to customer."""
    frailty = inquiry.scenario.frailty
    if frailty is None:
        return
    taken: dict[str, str] = {}
    for law, exits in (("gamma", frailty.gamma), ("speed", frailty.speed), ("beta", frailty.beta)):
        for name, value in exits.items():
            place: Place = ("frailty", law, name)
            found = inquiry.exit(name, place)
            if found is None or found[1] not in inquiry.scenario.stages[found[0]].exit_names:
                continue
            here, there = found
            stage, about = inquiry.scenario.stages[here], [("stages", here)]
            if stage_of(law) != stage.kind:
                kind, other = ("race", "gamma") if law == "beta" else ("choice", "beta")
                message = f"{law} does not act on {quoted(name)}, an exit of a {kind} stage"
                inquiry.fault(
                    place, message, f"write it under {other}, or make the stage a {stage_of(law)}", value, about
                )
            elif law == "gamma":
                if is_certain(stage.race[there]):
                    message = f"gamma means nothing on {quoted(name)}, whose law is a single value"
                    inquiry.fault(
                        place, message, "write it under speed, or give the exit a law that varies", value, about
                    )
            elif law == "speed":
                if name in frailty.gamma:
                    message = f"{quoted(name)} has a gamma already; two draws of one exit could not be told apart"
                    inquiry.fault(place, message, "keep one of them", value, about)
            elif not 0.0 < stage.choices[there].probability < 1.0:
                message = f"{quoted(name)} has probability {stage.choices[there].probability:g}, around which nobody can differ"
                inquiry.fault(place, message, "take it out, or give it a probability between 0 and 1", value, about)
            elif taken.setdefault(here, name) != name:
                message = f"{here} has a beta already, on {quoted(taken[here])}; a second one would contradict it"
                inquiry.fault(place, message, "keep one of them", value, about)


def stage_of(law: str) -> str:
    """The kind of stage on whose exits a law of `[frailty]` acts."""
    return "choice" if law == "beta" else "race"


def _check_effect(inquiry: Inquiry, place: Place, effect: Effect) -> None:
    kind, name = effect.target
    if effect.informed is not None and not inquiry.gathering:
        message, remedy = "rests on information, which no stage gathers", "add gathers = 0.5 to a stage, or take it out"
        inquiry.fault((*place, "informed"), message, remedy, effect.informed, [("stages",)])
    if effect.since is not None:
        inquiry.known("stages", effect.since, (*place, "since"))
    if kind == "dwell" and " -> " in name:
        inquiry.exit(name, (*place, "dwell"))
    elif kind == "desk":
        inquiry.known("desks", name, (*place, "desk"))
    elif kind in ("touchpoint", "dwell", "referrals", "spend", "demand", "information") and inquiry.known(
        "stages", name, (*place, kind)
    ):
        _check_stage(inquiry, place, kind, name)


def _check_stage(inquiry: Inquiry, place: Place, kind: str, name: str) -> None:
    about: list[Place] = [("stages", name)]
    lacks, remedy = {
        "touchpoint": ("no touchpoint", f"add touchpoint = {{ performance = 70 }} to stages.{name}"),
        "dwell": ("no time that could stretch: it is an end", "name a stage that goes on"),
        "referrals": ("no referrals", f"add referrals to stages.{name}"),
        "spend": ("no revenue", f"add revenue to stages.{name}"),
        "demand": ("no desk", f"add desk to stages.{name}"),
        "information": ("nothing that it gathers", f"add gathers = 0.5 to stages.{name}"),
    }[kind]
    attribute = {"spend": "revenue", "demand": "desk", "information": "gathers"}.get(kind, kind)
    if kind == "demand" and all(sight.desk and sight.desk.probability in (0, 1) for sight in inquiry.sights(name)):
        message = f"in stage {quoted(name)} either nobody or everybody asks the desk, which no log-odds can shift"
        inquiry.warn((*place, kind), message, "give the desk a probability between 0 and 1", name, about)
    if kind == "information" and all(sight.gathers in (None, 0, 1) for sight in inquiry.sights(name)):
        message = f"stage {quoted(name)} learns either nothing or everything, which no log-odds can shift"
        inquiry.warn((*place, kind), message, "make gathers a share between 0 and 1", name, about)
    for sight in inquiry.sights(name):
        if not sight.end if kind == "dwell" else getattr(sight, attribute) is not None:
            return
    inquiry.fault((*place, kind), f"stage {quoted(name)} has {lacks}", remedy, name, about)


def _check_satisfaction(inquiry: Inquiry) -> None:
    scenario = inquiry.scenario
    touching = [name for name, stage in scenario.stages.items() if stage.touchpoint is not None]
    if scenario.satisfaction is None:
        for name in touching:
            message = "a touchpoint moves satisfaction, which this scenario has not"
            remedy = "add [satisfaction], or take out the touchpoint"
            inquiry.fault(("stages", name, "touchpoint"), message, remedy, about=[("satisfaction",)])
    elif not touching and scenario.satisfaction.effects:
        remedy = "add touchpoint = { performance = 70 } to a stage"
        inquiry.warn(("satisfaction",), "no stage has a touchpoint, so nothing moves it", remedy, about=[("stages",)])
    for name, settled in long_run_satisfaction(scenario).items():
        if settled.mean is None:
            way = "falls" if settled.drift < 0 else "rises"
            message = f"nothing pulls satisfaction back: it {way} by {abs(settled.drift):.2g} points a visit to {name}"
            inquiry.warn(("satisfaction", "recovery"), message, "set recovery = 0.2", about=[("stages", name)])


def _check_desks(inquiry: Inquiry) -> None:
    scenario = inquiry.scenario
    for name, desk in scenario.desks.items():
        users = [stage for stage, what in scenario.stages.items() if what.desk is not None and what.desk.name == name]
        if desk.points_per_day_waited or desk.failure_points:
            _check_points(inquiry, name, desk, users)
        for i, effect in enumerate(desk.effects):
            _check_harm(inquiry, name, i, effect, desk, users)
        if scenario.satisfaction is not None:
            _warn_twice(inquiry, name, desk, scenario.satisfaction)


def _check_points(inquiry: Inquiry, name: str, desk: Desk, users: list[str]) -> None:
    stages = inquiry.scenario.stages
    key = "points_per_day_waited" if desk.points_per_day_waited else "failure_points"
    for user in users:
        if stages[user].touchpoint is None:
            message = f"the desk takes points off a touchpoint, but stage {quoted(user)}, which uses it, has none"
            remedy = f"add touchpoint = {{ performance = 70 }} to stages.{user}, or set {key} = 0"
            about: list[Place] = [("stages", user), ("satisfaction",)]
            inquiry.fault(("desks", name, key), message, remedy, getattr(desk, key), about)
            return


def _check_harm(inquiry: Inquiry, name: str, i: int, effect: DeskEffect, desk: Desk, users: list[str]) -> None:
    place: Place = ("desks", name, "effects", i)
    here = effect.exit.split(" -> ")[0]
    if effect.per_failure:
        if desk.failure_days is None:
            inquiry.fault(
                place, "failures act, but for how long?", f"add failure_days = 90 to desks.{name}", effect.value
            )
    elif here in inquiry.scenario.stages and not any(_waits(inquiry, sight, name) for sight in inquiry.sights(here)):
        message = f"stage {quoted(here)} does not use this desk, so nobody waits in that stay"
        stages = ", ".join(quoted(user) for user in users) or "a stage that uses the desk"
        failure = effect.scale.replace("per_day_waited", "per_failure")
        remedy = f"name an exit of {stages}, or use {failure}"
        inquiry.fault((*place, "exit"), message, remedy, effect.exit, [("stages", here)])


def _waits(inquiry: Inquiry, stage: Stage, desk: str) -> bool:
    """Tell whether customers of the stage wait at the desk, or would if its name were not misspelt."""
    return stage.desk is not None and (stage.desk.name == desk or stage.desk.name not in inquiry.scenario.desks)


def _warn_twice(inquiry: Inquiry, name: str, desk: Desk, satisfaction: Satisfaction) -> None:
    moved = {effect.exit for effect in satisfaction.effects}
    for i, effect in enumerate(desk.effects):
        key = "failure_points" if effect.per_failure else "points_per_day_waited"
        if effect.exit in moved and getattr(desk, key) > 0:
            harm = "failures act" if effect.per_failure else "waiting acts"
            message = f"{harm} on {quoted(effect.exit)} directly and through satisfaction: one harm counted twice"
            inquiry.warn(("desks", name, "effects", i), message, f"keep this effect or {key}, not both", effect.value)

"""Strategies, levers and sources of a scenario in words."""

from collections.abc import Iterator, Sequence

from sojourn import trust
from sojourn.plots.words import exact, human, number, percent
from sojourn.scenarios.model import Effect, Lever, Plan, Scenario

_SCALES = {
    "log_odds": "log-odds of {what} shifted by {value}",
    "hazard_ratio": "rate of {what} times {value}",
    "time_ratio": "time of {what} times {value}",
    "rate_ratio": "{what} times {value}",
    "points": "{value} points on the performance felt in {what}",
    "agents": "{value} more agents at {what}",
    "handle_ratio": "time of a contact at {what} times {value}",
}
_KINDS = {
    "referrals": "invitations from ",
    "spend": "spending in ",
    "demand": "asking for service in ",
    "information": "what is learned in ",
}


def strategy(scenario: Scenario, name: str) -> list[str]:
    """What a strategy does, a sentence a lever; levers that stay at 0 are left out."""
    plans = {lever: plan for lever, plan in scenario.strategies[name].items() if any(s.level > 0 for s in plan.steps)}
    if not plans:
        return ["No lever is pulled."]
    return [f"{human(lever)}: {level(plan)}." for lever, plan in plans.items()]


def level(plan: Plan) -> str:
    """How far a lever is pulled, when and for whom."""
    words: list[str] = []
    before = 0.0
    for step in plan.steps:
        to = percent(step.level)
        if step.ramp_days:
            way = "rising" if step.level > before else "falling"
            words.append(f"{way} from day {number(step.day)} to {to} on day {number(step.day + step.ramp_days)}")
        elif step.day > 0:
            words.append(f"{to} from day {number(step.day)}")
        elif step.level > 0 or len(plan.steps) == 1:
            words.append(to)
        before = step.level
    told = ", then ".join(words)
    return f"{told}, for customers with {plan.when}" if plan.when else told


def effects(lever: Lever) -> str:
    """What a lever at full level does, in words; effects that differ only in what they act on are told in one."""
    return "; ".join(map(_effect, trust.alike(lever.effects))) or "nothing"


def _effect(alike: Sequence[Effect]) -> str:
    one = alike[0]
    targets = ", ".join(human(each.target[1]).replace("->", "→") for each in alike)
    what = "arrivals" if one.target[0] == "arrivals" else _KINDS.get(one.target[0], "") + targets
    scope = one.range
    value = exact(scope.central) + (f" [{exact(scope.low)} to {exact(scope.high)}]" if scope.low < scope.high else "")
    words = _SCALES[one.scale].format(what=what, value=value)
    if one.since is not None and one.days is not None:
        words += f", from {one.days[0]:g} to {one.days[1]:g} days after entry to {human(one.since)}"
    if one.informed:
        words += f"; {one.informed:.0%} of it rests on what is known about the customer"
    return words


def costs(lever: Lever, currency: str) -> str:
    """What a lever costs at full level."""
    per = {
        "per_day": "a day",
        "per_customer": "a customer",
        "per_customer_day": "a customer and day",
        "per_referral": "an invitee",
    }
    told = [f"{currency} {value:,g} {words}" for key, words in per.items() if (value := getattr(lever.cost, key))]
    return ", ".join(told) or "nothing"


def sources(scenario: Scenario, levers: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """What each number rests on: what it is, its grade of evidence (`none stated` where the file is silent), its source."""
    for name in levers:
        lever = scenario.levers[name]
        rests: dict[tuple[str, str], list[Effect]] = {}
        for one in lever.effects:
            stated = one.evidence or lever.evidence or "none stated", one.source or lever.source
            rests.setdefault(stated, []).append(one)
        for (grade, source), found in rests.items():
            for alike in trust.alike(found):
                yield f"{human(name)}: {_effect(alike)}", grade, source
    for base in scenario.sources:
        yield ", ".join(base.paths), base.evidence, base.source
    if scenario.about.source:
        yield "the journey", "as stated", scenario.about.source

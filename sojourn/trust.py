"""What stands under an answer: how far it can be trusted, which assumed numbers carry it, and what was not measured."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sojourn.plots.words import exact, number
from sojourn.scenarios.model import Effect, Scenario
from sojourn.scenarios.plurals import days, plural
from sojourn.sim.estimates import Estimate
from sojourn.sim.wordofmouth import WordOfMouth

if TYPE_CHECKING:
    from sojourn.experiments.verdict import Verdict

FEW = 10  # replications below which intervals are themselves shaky
LISTED = 6  # parts of a list that a line names
NAMED = 2  # targets of one effect that a line names; more are counted
KINDS = {
    "exit": "exits",
    "touchpoint": "touchpoints",
    "desk": "desks",
    "dwell": "dwells",
    "referrals": "stages that invite",
    "spend": "stages where customers spend",
    "demand": "stages that ask for service",
    "information": "stages that learn about customers",
}
ALIKE = 0.2  # relative difference of arrivals that needs no warning
ENOUGH = 10_000  # replications that nobody should be told to run


def used_levers(scenario: Scenario, strategies: Sequence[str]) -> list[str]:
    """Return the levers that one of the strategies ever sets above 0, in the order of the file."""
    plans = [plan for name in strategies for plan in scenario.strategies[name].items()]
    above = {lever for lever, plan in plans if any(step.level > 0 for step in plan.steps)}
    return [lever for lever in scenario.levers if lever in above]


def alike(effects: Iterable[Effect]) -> list[list[Effect]]:
    """Return effects in groups that differ in nothing but the exit, stage or desk that they act on."""
    groups: dict[tuple[object, ...], list[Effect]] = {}
    for one in effects:
        groups.setdefault((one.target[0], one.scale, one.range, one.since, one.days, one.informed), []).append(one)
    return list(groups.values())


def effects_in_words(lever: str, effects: Iterable[Effect]) -> str:
    """Return effects as `lever (scale value [low to high] on target, ...)`, those with one number in one."""
    return f"{lever} ({', '.join(map(_in_words, alike(effects)))})"


def _in_words(effects: Sequence[Effect]) -> str:
    one = effects[0]
    kind = one.target[0]
    if kind == "arrivals":
        where = "arrivals"
    elif len(effects) <= NAMED:
        where = " and ".join(f"{kind} {effect.target[1]}" for effect in effects)
    else:
        where = f"{len(effects)} {KINDS[kind]}"
    scope = one.range
    value = exact(scope.central)
    if scope.low < scope.high:
        value += f" [{exact(scope.low)} to {exact(scope.high)}]"
    return f"{one.scale.replace('_', ' ')} {value} on {where}"


def replications(count: int, *, paired: bool) -> str:
    """Return the sentence on how many replications stand behind the intervals."""
    pairs = "paired replications (the same customers under every strategy)" if paired else "replications"
    if count == 1:
        return "1 replication: intervals exist only where nothing couples customers; run 20 for all of them."
    few = "; so few that the intervals are rough, 20 is a good number" if count < FEW else ""
    return f"{count} {pairs}; intervals are 90 %{few}."


def stopped(verdict: "Verdict") -> str | None:
    """Return the sentence on what made an end of adding replications; None where their number was fixed."""
    if verdict.stopped is None:
        return None
    ends = {
        "settled": "the answer was settled",
        "close enough": "all that is unsettled is close enough",
        "replications spent": "there were as many as allowed, and not all is settled",
        "time spent": "the time was up, and not all is settled",
    }
    rate = f"{100 * verdict.error_rate:g} %"
    return (
        f"Replications were added until {ends[verdict.stopped]}. Intervals of differences are wider for that, and the chance"
        f" of a false claim in the answer is {rate} over all looks."
    )


def more_replications(estimate: Estimate, count: int) -> int | None:
    """Return about how many replications would take 0 out of an interval, should its mean stay; None if none helps.

    Half the width falls with the square root of the number of replications.
    """
    if estimate.mean in (None, 0.0) or estimate.low is None or estimate.high is None:
        return None
    assert estimate.mean is not None
    if not estimate.low <= 0 <= estimate.high:
        return None
    needed = math.ceil(count * ((estimate.high - estimate.low) / 2 / abs(estimate.mean)) ** 2 * 1.1 + 1)
    needed = math.ceil(needed / 10) * 10
    return needed if count < needed <= ENOUGH else None


def assumptions(scenario: Scenario, strategies: Sequence[str], *, drawn: bool = False) -> Iterator[str]:
    """Yield the lines on numbers that are judgement, and on what the intervals leave out unless the numbers were drawn."""
    effects = [
        (lever, effect) for lever in used_levers(scenario, strategies) for effect in scenario.levers[lever].effects
    ]
    assumed: dict[str, list[Effect]] = {}
    for lever, effect in effects:
        if _grade(scenario, lever, effect) in (None, "assumed"):
            assumed.setdefault(lever, []).append(effect)
    if assumed:
        yield f"Rests on assumed effects: {_some([effects_in_words(*one) for one in assumed.items()])}."
    bases = [path for source in scenario.sources if source.evidence == "assumed" for path in source.paths]
    if bases:
        yield f"Rests on assumed numbers of the journey: {_some(bases)}."
    ranges = [lever for lever, effect in effects if effect.range.low < effect.range.high]
    if ranges and not drawn:
        names = list(dict.fromkeys(ranges))
        yield (
            "Not in the intervals: how unsure the effects themselves are. Each stands at its central value, though"
            f" {', '.join(names)} {'has a range' if len(names) == 1 else 'have ranges'}; --draws 200 draws them too."
        )


def _grade(scenario: Scenario, lever: str, effect: Effect) -> str | None:
    return effect.evidence or scenario.levers[lever].evidence


def unmeasured(scenario: Scenario) -> str | None:
    """Return the sentence on what the scenario has no numbers for, so that no measure of it exists."""
    stages = scenario.stages.values()
    missing = []
    if scenario.satisfaction is None:
        missing.append("satisfaction and NPS")
    elif scenario.satisfaction.nps is None:
        missing.append("NPS")
    if not any(stage.role == "purchase" for stage in stages):
        missing.append("purchases, conversion and retention (no stage has the role purchase)")
    if not any(stage.role == "lost" for stage in stages):
        missing.append("churn (no stage has the role lost)")
    if not any(stage.revenue is not None for stage in stages):
        missing.append("revenue")
    if not any(stage.acquisition_cost for stage in stages):
        missing.append("acquisition cost per buyer")
    if not scenario.desks:
        missing.append("waiting for service")
    if not any(stage.referrals for stage in stages):
        missing.append("word of mouth")
    return f"Not measured, for the scenario does not say: {', '.join(missing)}." if missing else None


def word_of_mouth(found: Mapping[str, WordOfMouth], scenario: Scenario) -> Iterator[str]:
    """Yield how far invitations carry, strategies that agree on one line; nothing where nobody invites."""
    lines: dict[str, list[str]] = {}
    for strategy, carried in found.items():
        line = f"R = {carried.reproduction:.2g}, {_invitees([carried.invitees])} in {horizon(scenario)}"
        if carried.reproduction >= 1.0:
            line += ": it feeds itself"
            line += f" and doubles every {number(carried.doubling_days)} days" if carried.doubling_days else ""
        lines.setdefault(line, []).append(strategy)
    for line, strategies in lines.items():
        yield f"Word of mouth under {', '.join(strategies)}: {line}."


def word_of_mouth_in_short(found: Mapping[str, WordOfMouth], scenario: Scenario) -> Iterator[str]:
    """Yield one line on word of mouth under all strategies; nothing where nobody invites."""
    if found:
        numbers = _span(f"{one.reproduction:.2g}" for one in found.values())
        invitees = _invitees([one.invitees for one in found.values()])
        fed = " Above 1 it feeds itself." if any(one.reproduction >= 1.0 for one in found.values()) else ""
        yield f"Word of mouth: R = {numbers}, {invitees} in {horizon(scenario)}.{fed}"


def _invitees(expected: Sequence[float]) -> str:
    """Return `about 3 to 4 invitees`; `hardly an invitee` where none of them reads as 1."""
    if max(expected) < 0.5:
        return "hardly an invitee"
    few, _, many = _span(f"{one:,.0f}" for one in expected).rpartition(" to ")
    return f"about {f'{few} to ' if few else ''}{plural(float(many.replace(',', '')), 'invitee')}"


def _span(figures: Iterable[str]) -> str:
    """Return `0.02 to 0.04`, or the one figure that all are."""
    known = sorted(set(figures), key=lambda text: float(text.replace(",", "")))
    return known[0] if len(known) == 1 else f"{known[0]} to {known[-1]}"


def stand_ins(scenario: Scenario, customers: int | None, strategies: Sequence[str]) -> str | None:
    """Return the warning that --customers changes what costs a day, desks and a market weigh, or that the market has no room for
    so many; None if neither is so.
    """
    if customers is None:
        return None
    return (
        " ".join(filter(None, (_out_of_scale(scenario, customers, strategies), _crowded(scenario, customers)))) or None
    )


def _crowded(scenario: Scenario, customers: int) -> str | None:
    size = scenario.market.size if scenario.market is not None else None
    if size is None or customers <= size:
        return None
    most = (
        size if scenario.arrivals.cohort is not None else size * -math.expm1(-customers / size)
    )  # as `arriving.admitted`
    return (
        f"Of the {customers:,} candidates about {most:,.0f} find room in the market of {size:,}, and fewer where invitees take"
        " it: the others do not arrive."
    )


def by_the_day(scenario: Scenario, customers: int | None, strategies: Sequence[str]) -> str | None:
    """Return the sentence right under an answer where other customers come than in the scenario while costs run by the day: the
    sign of a difference may be another then. None where neither is so.
    """
    share = _of_own(scenario, customers)
    daily = any(scenario.levers[lever].cost.per_day for lever in used_levers(scenario, strategies))
    if share is None or not (daily or any(desk.cost_per_agent_day for desk in scenario.desks.values())):
        return None
    return (
        f"This is for {_percent(share)} of the scenario's customers against all of its costs a day: without --customers the"
        " answer may be another."
    )


def _of_own(scenario: Scenario, customers: int | None) -> float | None:
    """Return how many customers come for one of the scenario's own; None where they are about as many."""
    if customers is None:
        return None
    share = customers / scenario.arrivals.expected(scenario.about.horizon_days)
    return None if abs(share - 1.0) < ALIKE else share


def _percent(share: float) -> str:
    return f"{number(100 * share, 0 if share > 1.0 else 1)} %"


def _out_of_scale(scenario: Scenario, customers: int, strategies: Sequence[str]) -> str | None:
    share = _of_own(scenario, customers)
    if share is None:
        return None
    daily = [lever for lever in used_levers(scenario, strategies) if scenario.levers[lever].cost.per_day]
    fixed = [f"costs a day ({_some(daily)})"] if daily else []
    fixed += [f"the agents of {name}" for name in scenario.desks]
    if scenario.market is not None and scenario.market.size is not None:
        fixed.append("the market")
    if not fixed:
        return None
    return (
        f"With --customers {customers}, {_percent(share)} as many candidates come as in the scenario, while"
        f" {', '.join(fixed)} stay the same: totals are not those of the scenario."
    )


def _some(parts: Sequence[str]) -> str:
    """Return the first parts of a list, and how many more there are."""
    shown = ", ".join(parts[:LISTED])
    return f"{shown} and {len(parts) - LISTED} more" if len(parts) > LISTED else shown


def horizon(scenario: Scenario) -> str:
    """Return the time that an answer is about, in words."""
    return days(scenario.about.horizon_days)

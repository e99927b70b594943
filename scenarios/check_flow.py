"""Does the journey flow: do probabilities add up, is every stage reached and left, and does time pass?"""

from collections.abc import Iterable, Mapping
from math import fsum, log, log1p

from sojourn.scenarios.dwell import Law, may_be_endless, no_time
from sojourn.scenarios.faults import clipped, quoted
from sojourn.scenarios.inquiry import Inquiry
from sojourn.scenarios.model import Scenario, Stage
from sojourn.scenarios.overrides import Place
from sojourn.scenarios.plurals import days

TOLERANCE = 1e-9
MOST_ARRIVALS = 1e9
MOST_DISCOUNT = 1.0  # a year; above, a percentage is probably meant
MOST_GROWTH = 100 * log(
    10
)  # of what money counts by the horizon, as a logarithm: beyond, totals soon do not fit into a float


def check_whole(inquiry: Inquiry) -> None:
    """What concerns all segments together: shares, arrivals, reachable stages."""
    scenario = inquiry.scenario
    adds_up(inquiry, ("segments",), {name: segment.share for name, segment in scenario.segments.items()}, "shares")
    if not isinstance(scenario.about.start, str):
        adds_up(inquiry, ("scenario", "start"), scenario.about.start, "shares")
    _check_arrivals(inquiry)
    _check_reached(inquiry)


def check_stages(inquiry: Inquiry) -> None:
    """What concerns the stages as one segment sees them: ways out, probabilities, laws, the passing of time."""
    for name, stage in inquiry.scenario.stages.items():
        _check_stage(inquiry, ("stages", name), name, stage)
    if inquiry.stages_are_sound:
        _check_time_passes(inquiry)


def _check_stage(inquiry: Inquiry, here: Place, name: str, stage: Stage) -> None:
    for key, amount in (("revenue", stage.revenue), ("cost", stage.cost)):
        if amount is not None and not isinstance(amount, float | int) and may_be_endless(amount):
            remedy = "end its shares with 1 and leave out never"
            inquiry.fault((*here, key), "an amount of money cannot be endless, but never is above 0", remedy)
    if stage.end:
        for key in ("exits", "race", "dwell", "desk"):
            if getattr(stage, key):
                inquiry.fault((*here, key), f"an end has no {key}", f"take out {key}, or end = true")
                inquiry.broken.add(name)
        return
    if stage.exits and stage.race:
        inquiry.fault(here, "has both exits and race", "keep exits (a choice, then its time) or race (the first wins)")
        inquiry.broken.add(name)
        return
    if not stage.exits and not stage.race:
        inquiry.fault(here, "has no way out", "add exits or race, or end = true")
        inquiry.broken.add(name)
        return
    if stage.race:
        if stage.dwell is not None:
            remedy = "take out dwell, or replace race by exits"
            inquiry.fault((*here, "dwell"), "in a race every exit has its own law, so dwell means nothing", remedy)
        return
    adds_up(inquiry, (*here, "exits"), {to: exit.probability for to, exit in stage.choices.items()}, "probabilities")
    lacking = [to for to, exit in stage.choices.items() if exit.dwell is None]
    if lacking:
        remedy = 'add dwell = { law = "exponential", mean = ... } to the stage'
        whose = "" if len(lacking) == len(stage.choices) else f" for the exit to {', '.join(map(clipped, lacking[:5]))}"
        inquiry.fault(here, f"has no dwell law{whose}", remedy)
    elif stage.dwell is not None and all(_own(stage, to) for to in stage.exits):
        inquiry.warn((*here, "dwell"), "every exit has a law of its own, so this one is never used", "take it out")


def _own(stage: Stage, to: str) -> bool:
    form = stage.exits[to]
    return not isinstance(form, float | int) and form.dwell is not None


def adds_up(inquiry: Inquiry, place: Place, shares: Mapping[str, float], what: str) -> None:
    """Note a fault at a place whose shares do not add up to 1."""
    total = fsum(shares.values())
    if abs(total - 1) <= TOLERANCE:
        return
    largest = max(shares, key=lambda name: shares[name])
    mended = 1 - (total - shares[largest])
    alone = f"{largest} = {mended:.12g}"
    remedy = f"make them add up to 1, for example with {alone}" if 0 <= mended <= 1 else "make them add up to 1"
    inquiry.fault(place, f"the {what} add up to {total:.12g}, not 1", remedy, dict(shares))


def _check_arrivals(inquiry: Inquiry) -> None:
    scenario = inquiry.scenario
    horizon, until = scenario.about.horizon_days, scenario.arrivals.until_day
    about: list[Place] = [("scenario",)]
    if until is not None and until > horizon:
        message = f"arrivals end on day {until:g}, after the horizon of {days(horizon)}"
        inquiry.warn(("arrivals", "until_day"), message, "the horizon cuts them off; take it out", until, about)
    _check_discount(inquiry)
    cohort, size = scenario.arrivals.cohort, scenario.market.size if scenario.market is not None else None
    if cohort is not None and size is not None and cohort > size:
        message = f"is more than the market of {size:,} has room for: only so many come"
        inquiry.warn(
            ("arrivals", "cohort"), message, "make the market larger, or the cohort smaller", cohort, [("market",)]
        )
    expected = scenario.arrivals.expected(horizon)
    if expected > MOST_ARRIVALS:
        message = f"{expected:.3g} arrivals are expected; a run holds at most {MOST_ARRIVALS:.0e}"
        inquiry.fault(("arrivals",), message, "lower the rate or the horizon", about=about)


def _check_discount(inquiry: Inquiry) -> None:
    about = inquiry.scenario.about
    rate, place = about.annual_discount_rate, ("scenario", "annual_discount_rate")
    if rate > MOST_DISCOUNT:
        message = f"is {100 * rate:,.12g} % a year"
        inquiry.warn(place, message, f"write {rate / 100:g} for {rate:g} %", rate)
    elif -log1p(rate) * about.horizon_days / 365 > MOST_GROWTH:
        message = f"makes money of day {about.horizon_days:g} count more than 10^100 times as much as money of day 0"
        inquiry.fault(place, message, "raise the rate, or shorten the horizon", rate)


def _check_reached(inquiry: Inquiry) -> None:
    scenario = inquiry.scenario
    if not inquiry.stages_are_sound or inquiry.is_tainted(("scenario",)):
        return
    starts = [name for name, share in scenario.starts.items() if share > 0]
    if not starts or any(name not in scenario.stages or scenario.stages[name].end for name in starts):
        return  # reported already
    reached = _reach(inquiry, starts, shut=True)
    if not reached <= scenario.stages.keys():
        return  # a misspelt name cuts off what follows; the name is reported already
    lost = [name for name in scenario.stages if name not in reached]
    while lost:
        # One part that is cut off is one mistake: name the stage where it begins.
        into = {to for name in lost for sight in inquiry.sights(name) for to in _next(sight, shut=True) if to != name}
        first = next((name for name in lost if name not in into), lost[0])
        behind = _reach(inquiry, [first], shut=True)
        after = [name for name in lost if name in behind and name != first]
        others = f" (nor, behind it, {', '.join(after[:5])})" if after else ""
        remedy = f"add an exit to {quoted(first)} somewhere, or take the stage out"
        inquiry.fault(("stages", first), f"no customer ever reaches this stage{others}", remedy)
        lost = [name for name in lost if name not in behind]


def check_shut(inquiry: Inquiry, variants: Iterable[Scenario]) -> None:
    """Exits of probability 0 that alone lead to a stage, unless one of the `variants` opens them."""
    scenario = inquiry.scenario
    if not inquiry.stages_are_sound or inquiry.is_tainted(("scenario",)):
        return
    starts = [name for name, share in scenario.starts.items() if share > 0]
    if not _reach(inquiry, starts, shut=True) <= scenario.stages.keys():
        return
    reached = _reach(inquiry, starts)
    opened = {
        (here, to)
        for variant in variants
        for here, stage in variant.stages.items()
        for to in _next(stage)
        if stage.exits
    }
    for here in (name for name in scenario.stages if name in reached):
        for to in scenario.stages[here].choices:
            if to not in reached and (here, to) not in opened:
                about: list[Place] = [("stages", to)]
                message = f"has probability 0, so that no customer ever reaches {clipped(to)}"
                exit = quoted(f"{here} -> {to}")
                remedy = f"make the probability of {exit} positive, here or in a variant, or take {clipped(to)} out"
                inquiry.warn(("stages", here, "exits", to), message, remedy, 0, about)


def _reach(inquiry: Inquiry, starts: list[str], *, shut: bool = False) -> set[str]:
    """Return the stages that customers come to; with `shut`, also by exits whose probability is 0."""
    reached: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        for sight in inquiry.sights(name):
            waiting += _next(sight, shut=shut)
            if sight.referrals is not None and sight.referrals.rate_per_day > 0:
                waiting.append(sight.referrals.enters)
    return reached


def _next(stage: Stage, *, shut: bool = False) -> list[str]:
    if stage.race:
        return list(stage.race)
    return [to for to, exit in stage.choices.items() if shut or exit.probability > 0]


def _check_time_passes(inquiry: Inquiry) -> None:
    at_once = {name: _at_once(inquiry.scenario, stage) for name, stage in inquiry.scenario.stages.items()}
    for cycle in _cycles(at_once):
        path = " -> ".join([*cycle[:8], *(["..."] if len(cycle) > 8 else []), cycle[0]])
        remedy = "give one of these stages a law that takes time"
        inquiry.fault(("stages", cycle[0]), f"no time passes on the way {path}, so a run would never end", remedy)


def _at_once(scenario: Scenario, stage: Stage) -> list[str]:
    """Return the next stages to which a customer moves without any time passing, with certainty."""
    desk = scenario.desks.get(stage.desk.name) if stage.desk is not None and stage.desk.probability > 0 else None
    if stage.end or (desk is not None and not no_time(desk.handle)):
        return []
    if stage.race:
        return [to for to, law in stage.race.items() if no_time(law)][:1]
    return [to for to, exit in stage.choices.items() if exit.probability > 0 and _none(exit.dwell)]


def _none(law: Law | None) -> bool:
    return law is not None and no_time(law)


def _cycles(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return one cycle for each group of stages that lead to each other (depth-first, without recursion)."""
    found: list[list[str]] = []
    done: set[str] = set()
    for root in edges:
        path: list[str] = []
        position: dict[str, int] = {}
        stack = [(root, False)]
        while stack:
            name, leaving = stack.pop()
            if leaving:
                path.pop()
                del position[name]
                done.add(name)
            elif name in position:
                cycle = path[position[name] :]
                if not any(set(cycle) & set(other) for other in found):
                    found.append(cycle)
            elif name not in done and name in edges:
                position[name] = len(path)
                path.append(name)
                stack.append((name, True))
                stack += [(to, False) for to in edges[name]]
    return found

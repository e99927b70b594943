"""What makes a customer's future depend on more than the stage and the segment, so that `exact` cannot solve it."""

from collections.abc import Iterator
from typing import NamedTuple

from sojourn.scenarios.dwell import Law
from sojourn.scenarios.faults import Fault, shown
from sojourn.scenarios.model import Exit, Scenario
from sojourn.sim.network import Network, direct, logged
from sojourn.sim.passage import Passage
from sojourn.sim.stays import Way, rate

SIMULATE = "or simulate it with run"


class Asked(NamedTuple):
    """What a figure needs to know of each stage beside where it leads."""

    days: bool = False  # how long stays are
    money: bool = False  # what they bring and cost
    moments: bool = False  # where a customer is on a certain day, which only memoryless laws tell by formula


class Sought(NamedTuple):
    """One stage as one segment meets it."""

    network: Network
    g: int
    s: int
    asked: Asked

    @property
    def own(self) -> Scenario:
        """The scenario as the segment meets it."""
        return self.network.segment_scenario(self.g)

    @property
    def name(self) -> str:
        """Name of the stage."""
        return self.network.stages[self.s]

    @property
    def exits(self) -> frozenset[str]:
        """Names of the exits that a shift can make more or less likely: those with a rival."""
        stage = self.own.stages[self.name]
        ways = [to for to in stage.exit_names if stage.kind == "race" or stage.choices[to].probability > 0.0]
        # The only exit of a race has no rival, but a shift still moves its time.
        alone = len(ways) < 2 and not (stage.kind == "race" and self.asked.days)
        return frozenset() if alone else frozenset(f"{self.name} -> {to}" for to in ways)

    def fault(self, path: str, value: object, message: str, remedy: str) -> Fault:
        """One reason, told as a mistake."""
        return Fault(self.network.scenario.about.name, path, shown(value), message, f"{remedy}, {SIMULATE}")


def obstacles(network: Network, g: int, s: int, asked: Asked) -> list[Fault]:
    """Return all reasons for which segment g's stay in stage s is more than the stage; empty where there is none."""
    sought = Sought(network, g, s, asked)
    return [*_persons(sought), *_desks(sought), *_levers(sought), *(_memory(sought) if asked.moments else ())]


def _persons(sought: Sought) -> Iterator[Fault]:
    own, exits = sought.own, sought.exits
    for exit, load in (own.frailty.loads if own.frailty is not None else {}).items():
        if exit in exits and load != 0.0:
            message = f'frailty makes "{exit}" another chance for each customer'
            yield sought.fault(f'frailty.loads."{exit}"', load, message, "take the load out")
    for law, what in (("gamma", "hazard"), ("speed", "speed"), ("beta", "probability")):
        for exit, number in (getattr(own.frailty, law) if own.frailty is not None else {}).items():
            if exit in exits:
                message = f'each customer has a {what} of their own for "{exit}"'
                yield sought.fault(f'frailty.{law}."{exit}"', number, message, f"take the {law} out")
    for k, past in enumerate(own.history.effects if own.history is not None else ()):
        if past.exit in exits and past.eta != 0.0:
            message = f'"{past.exit}" depends on what each customer has lived through, or on a trait'
            yield sought.fault(f"history.effects[{k}]", past.value, message, "take the effect out")
    moods = own.satisfaction
    if moods is None or not (moods.start.sd > 0.0 or any(stage.touchpoint for stage in own.stages.values())):
        return
    for k, effect in enumerate(moods.effects):
        if effect.exit in exits and effect.eta != 0.0:
            message = f'"{effect.exit}" depends on the satisfaction of each customer'
            yield sought.fault(f"satisfaction.effects[{k}]", effect.value, message, "take the effect out")


def _desks(sought: Sought) -> Iterator[Fault]:
    own = sought.own
    for name, desk in own.desks.items():
        for exit in sorted(sought.exits):
            if any(direct(desk, exit)):
                message = f'"{exit}" depends on how long each customer waited at "{name}", or on failures there'
                yield sought.fault(f"desks.{name}.effects", exit, message, "take the effect out")
    use = own.stages[sought.name].desk
    if use is not None and use.probability > 0.0 and (sought.asked.days or sought.asked.money):
        message = f'how long customers are in "{sought.name}" depends on the queue at "{use.name}"'
        yield sought.fault(f"stages.{sought.name}.desk", use.name, message, "take the desk out of the stage")


def _levers(sought: Sought) -> Iterator[Fault]:
    network, own, name = sought.network, sought.own, sought.name
    stage = own.stages[name]
    targets = {("exit", exit) for exit in sought.exits}
    if sought.asked.days or (stage.kind == "race" and len(stage.race) > 1):
        targets |= {("dwell", name), *(("dwell", f"{name} -> {to}") for to in stage.exit_names)}
    if sought.asked.money and stage.revenue is not None:
        targets.add(("spend", name))
    passage = Passage(network, sought.g, sought.s, "arrival")
    for lever, about in own.levers.items():
        if passage.holds(lever) is False or not network.path(lever)[1].any():
            continue
        effects = [(k, e) for k, e in enumerate(about.effects) if e.target in targets and logged(e) != 0.0]
        for k, effect in effects:
            if effect.since is not None:
                message = f'"{lever}" acts in a window after an entry to "{effect.since}"'
                yield sought.fault(f"levers.{lever}.effects[{k}].since", effect.since, message, "take the window out")
            if effect.informed:
                message = f'how much "{lever}" does depends on what is known about each customer'
                yield sought.fault(
                    f"levers.{lever}.effects[{k}].informed", effect.informed, message, "take informed out"
                )
        price = about.cost
        costs = bool(price.per_customer_day and stage.kind != "end")
        costs = costs or bool(price.per_customer and network.scenario.starts.get(name))
        if effects or (sought.asked.money and costs):
            yield from _plan(sought, lever, passage.holds(lever))


def _plan(sought: Sought, lever: str, holds: bool | None) -> Iterator[Fault]:
    """Whether a lever that matters here is pulled alike for all who enter, whenever they come."""
    strategy = sought.network.strategy
    plan = sought.network.scenario.strategies[strategy][lever]
    place = f"strategies.{strategy}.{lever}"
    if holds is None:
        message = f'whom "{lever}" is for depends on what the customer has lived through'
        yield sought.fault(f"{place}.when", plan.when, message, "ask for segment, stage or source only")
    first = plan.steps[0]
    if first.day > 0.0 or first.ramp_days > 0.0 or any(step.level != first.level for step in plan.steps):
        last = plan.steps[-1].level
        message = f'the level of "{lever}" changes over time, so that a stay depends on the day it began'
        yield sought.fault(place, f"{len(plan.steps)} steps", message, f"give it one level, as {lever} = {last:g}")


def _memory(sought: Sought) -> Iterator[Fault]:
    """Laws that are not exponential."""
    stage = sought.own.stages[sought.name]
    place = f"stages.{sought.name}"
    laws: dict[str, Law | None] = {}
    for to in stage.exit_names:
        form = stage.exits.get(to)
        alone = isinstance(form, Exit) and form.dwell is not None
        path = f"{place}.race.{to}" if to in stage.race else f"{place}.exits.{to}.dwell" if alone else f"{place}.dwell"
        laws[path] = stage.law(to)
    for path, law in laws.items():
        if law is not None and rate(Way(law)) is None:
            message = f'after a while in "{sought.name}" this law is another, so that the day of entry matters'
            yield sought.fault(path, law.law, message, "make it exponential, ask without a limit of days")

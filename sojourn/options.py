"""The options of `run` and `compare`, and the rules that their values keep."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sojourn.scenarios.faults import Fault, Faults, fault, nearest

if TYPE_CHECKING:
    from sojourn.scenarios.model import Scenario

REPLICATIONS, SEED = 20, 1
SCENARIO = "FILE|NAME"  # how the help names the argument
LARGEST_SEED = 2**32 - 1  # the seed is one word of the generator's key, and so is the replication
MOST_CUSTOMERS = 2**31  # as many as a replication can number
MOST_REPLICATIONS = 1_000_000
MOST_DRAWS = 100_000
ENGINES = ("compiled", "simpy")

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Options:
    """What a run is asked for, beside the scenario and its strategies."""

    customers: int | None
    replications: int
    seed: int
    engine: str = "compiled"
    out: str | None = None
    as_json: bool = False
    everything: bool = False
    variant: str | None = None
    draws: int = 0
    draw_replications: int = 2

    def check(self) -> None:
        """Raise Faults for every number that no run can have, all at once."""
        wrong = []
        if self.customers is not None and not 1 <= self.customers <= MOST_CUSTOMERS:
            remedy = f"give a number from 1 to {MOST_CUSTOMERS}, or leave it out: the scenario's own arrivals then hold"
            wrong.append(_refuse("--customers", self.customers, remedy))
        if not 1 <= self.replications <= MOST_REPLICATIONS:
            remedy = (
                f"give a number from 1 to {MOST_REPLICATIONS}; {REPLICATIONS} is what you get when you leave it out"
            )
            wrong.append(_refuse("--replications", self.replications, remedy))
        if not 0 <= self.seed <= LARGEST_SEED:
            wrong.append(_refuse("--seed", self.seed, f"give a whole number from 0 to {LARGEST_SEED}"))
        if not 0 <= self.draws <= MOST_DRAWS:
            remedy = f"give a number from 2 to {MOST_DRAWS}, such as 200; left out, no number is drawn"
            wrong.append(_refuse("--draws", self.draws, remedy))
        elif self.draws == 1:
            wrong.append(_refuse("--draws", 1, "give 2 or more: one draw says nothing of how much numbers matter"))
        if not 2 <= self.draw_replications <= 1000:
            remedy = "give a number from 2 to 1000: with one life a draw, chance cannot be told from the numbers"
            wrong.append(_refuse("--draw-replications", self.draw_replications, remedy))
        if wrong:
            raise Faults(wrong)


def sizes(command: Command) -> Command:
    """Add the options on how much is simulated, and with which luck."""
    return _added(
        command,
        click.option("--customers", type=int, metavar="N", help="Candidates who come; invitees come on top."),
        click.option(
            "--replications",
            type=int,
            default=REPLICATIONS,
            show_default=True,
            metavar="R",
            help="Lives of the same market.",
        ),
        click.option(
            "--seed", type=int, default=SEED, show_default=True, metavar="K", help="Which luck: 0 to 4294967295."
        ),
    )


def simulation(command: Command) -> Command:
    """Add the options that `run` and `compare` share."""
    return sizes(
        _added(
            command,
            click.option(
                "--engine",
                type=click.Choice(ENGINES),
                default=ENGINES[0],
                show_default=True,
                help="Same results; simpy is slower.",
            ),
            click.option(
                "--draws",
                type=int,
                default=0,
                metavar="N",
                help="Draw uncertain numbers too, so many times, and tell both parts.",
            ),
            click.option(
                "--draw-replications", type=int, default=2, show_default=True, metavar="R", help="Lives of each draw."
            ),
            click.option("--variant", metavar="NAME", help="A variant of the scenario, named in its file."),
            click.option("--out", metavar="DIR", help="Write event log, measures, pictures and report there."),
            click.option("--all", "everything", is_flag=True, help="Show every measure, not the eight first."),
            click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables."),
        )
    )


def _added(command: Command, *options: Callable[[Command], Command]) -> Command:
    """Add options in the order in which the help lists them."""
    for option in reversed(options):
        command = option(command)
    return command


def listed(text: str, option: str) -> list[str]:
    """Split `A,B` into names; Faults for an empty name or one that stands twice."""
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise fault(option, "", f'a name is missing in "{text}"', "write names with commas between them: A,B")
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise fault(option, "", f'"{twice[0]}" is named twice', "name each strategy once")
    return names


def known(scenario: "Scenario", names: list[str], option: str) -> list[str]:
    """Return `names` if all are strategies of the scenario; else Faults with the nearest name and the list."""
    allowed = list(scenario.strategies)
    wrong = []
    for name in names:
        if name not in allowed:
            near, every = nearest(name, allowed), ", ".join(allowed)
            remedy = (
                f"{near}; the strategies are: {every}" if near.startswith("; did") else f"the strategies are: {every}"
            )
            wrong.append(Fault(option, "", name, f'"{scenario.about.name}" has no strategy "{name}"', remedy))
    if wrong:
        raise Faults(wrong)
    return names


def _refuse(option: str, value: int, remedy: str) -> Fault:
    return Fault(option, "", str(value), f"{value} is out of range", remedy)

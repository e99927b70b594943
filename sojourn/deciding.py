"""The options of `compare` on how sure it is to be, and what a delay costs; and the rules that their values keep."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sojourn.options import MOST_REPLICATIONS, REPLICATIONS
from sojourn.scenarios.faults import Fault, Faults

if TYPE_CHECKING:
    from sojourn.experiments.sequential import Settling
    from sojourn.scenarios.model import Scenario

ERROR_RATE = 0.1
MOST = 400

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Deciding:
    """What a comparison is asked for, beside what is run."""

    measure: str = "profit"
    error_rate: float = ERROR_RATE
    settle: bool = False
    most: int | None = None
    seconds: float | None = None
    close_enough: float | None = None
    delay: str | None = None

    def settling(self, first: int) -> "Settling | None":
        """How far to go to settle the answer from `first` replications on; None for exactly so many.

        Raises Faults for every number that cannot be, all at once.
        """
        wrong = []
        if not 0.0 < self.error_rate < 0.5:
            remedy = "give a chance above 0 and below 0.5, such as 0.1 or 0.05"
            wrong.append(_refuse("--error-rate", self.error_rate, remedy))
        most = max(MOST, first) if self.most is None else self.most
        asked = self.settle or not self.most is self.seconds is self.close_enough is None
        if self.most is not None and not 2 <= self.most <= MOST_REPLICATIONS:
            remedy = f"give a number from 2 to {MOST_REPLICATIONS}; {MOST} is what you get when you leave it out"
            wrong.append(_refuse("--most", self.most, remedy))
        elif self.most is not None and self.most < first:
            remedy = f"give {first} or more, or begin with fewer by --replications"
            message = f"{self.most} is less than the {first} replications at the first look"
            wrong.append(Fault("--most", "", str(self.most), message, remedy))
        if asked and first < 2:
            remedy = f"begin with 2 replications or more; {REPLICATIONS} is a good number to begin with"
            wrong.append(_refuse("--replications", first, remedy))
        for option, value in (("--seconds", self.seconds), ("--close-enough", self.close_enough)):
            if value is not None and not (math.isfinite(value) and value > 0.0):
                wrong.append(_refuse(option, value, "give a number above 0"))
        if wrong:
            raise Faults(wrong)
        if not asked:
            return None
        from sojourn.experiments.sequential import Settling

        return Settling(most, self.close_enough, self.seconds)

    def delays(self, scenario: "Scenario") -> tuple[float, ...]:
        """The days of --delay; Faults where they are no numbers, or not within the horizon."""
        if self.delay is None:
            return ()
        days, horizon = [], scenario.about.horizon_days
        for text in self.delay.split(","):
            try:
                days.append(float(text))
            except ValueError:
                days.append(math.nan)
            if not 0.0 < days[-1] < horizon:
                remedy = f"give days above 0 and below the horizon of {horizon:g}, with commas between them: 30,60,90"
                raise Faults([Fault("--delay", "", text.strip(), f'"{text.strip()}" is no such delay', remedy)])
        return tuple(days)


def deciding(command: Command) -> Command:
    """Add the options of `compare`."""
    for option in reversed(
        (
            click.option(
                "--measure", default="profit", show_default=True, metavar="NAME", help="What the verdict is about."
            ),
            click.option(
                "--error-rate",
                type=float,
                default=ERROR_RATE,
                show_default=True,
                metavar="P",
                help="Chance of a false claim in the verdict.",
            ),
            click.option("--settle", is_flag=True, help="Add replications until the answer is settled."),
            click.option(
                "--most", type=int, metavar="R", help=f"Settle with at most R replications; {MOST} if left out."
            ),
            click.option(
                "--seconds", type=float, metavar="S", help="Settle, and begin no look that would end after S."
            ),
            click.option(
                "--close-enough", type=float, metavar="AMOUNT", help="Settle up to differences that do not matter."
            ),
            click.option("--delay", metavar="D,E,...", help="Also say what it costs to begin D, E, ... days later."),
        )
    ):
        command = option(command)
    return command


def _refuse(option: str, value: float, remedy: str) -> Fault:
    return Fault(option, "", f"{value:g}", f"{value:g} is out of range", remedy)

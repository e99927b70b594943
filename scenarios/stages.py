"""Stages of a journey and the ways out of them."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from sojourn.scenarios.base import Money, Name, OneNumber, OneTable, Part, Points, Rate, Share, forms
from sojourn.scenarios.dwell import Law, NumberOrLaw


class Exit(Part):
    """A way out of a choice stage, with a law of its own where it needs one."""

    probability: Share = Field(description="probability of this exit; those of a stage add up to 1")
    dwell: Law | None = Field(None, description="days in the stage of those who take this exit; else the stage's law")


class Touchpoint(Part):
    """Where the customer feels how well the company performs."""

    performance: Points = Field(description="mean perceived performance P, 0 to 100")
    sd: Annotated[float, Field(ge=0, le=100)] = Field(0.0, description="standard deviation of P, in points")


class DeskUse(Part):
    """Who asks a service desk on entering the stage."""

    name: Name = Field(description="which desk")
    probability: Share = Field(1.0, description="share of entries that ask the desk")


class Referrals(Part):
    """Invitations that a customer sends while in the stage."""

    rate_per_day: Rate = Field(description="invitees a day and customer")
    enters: Name = Field(description="stage that invitees enter")


ExitForm = Annotated[
    Annotated[Share, OneNumber] | Annotated[Exit, OneTable],
    forms("a probability or { probability = ..., dwell = { ... } }"),
]


class Stage(Part):
    """One stage: an end, a choice (an exit is drawn, then its time) or a race (each exit its time; the first wins)."""

    end: bool = Field(False, description="true where the journey ends")
    role: Literal["purchase", "loyal", "lost"] | None = Field(None, description="what measures count the stage as")
    dwell: Law | None = Field(None, description="days in a choice stage, for exits without a law of their own")
    exits: dict[Name, ExitForm] = Field({}, description="choice: probability of each next stage")
    race: dict[Name, Law] = Field({}, description="race: days to each next stage; the first wins")
    cost_per_day: Money = Field(0.0, description="cost of a customer in the stage, money a day")
    revenue: NumberOrLaw | None = Field(None, description="revenue on entry, in money: a number or a law")
    cost: NumberOrLaw | None = Field(None, description="cost on entry, in money: a number or a law")
    acquisition_cost: Money = Field(0.0, description="cost on entry that the measure cac counts, in money")
    gathers: Share | None = Field(
        None, description="information: share of what is still unknown about a customer that is learned on entry"
    )
    touchpoint: Touchpoint | None = Field(None, description="perceived performance here, which moves satisfaction")
    desk: DeskUse | None = Field(None, description="service desk asked on entry")
    referrals: Referrals | None = Field(None, description="word of mouth from customers in this stage")

    @property
    def kind(self) -> Literal["end", "choice", "race"]:
        """What sort of stage this is."""
        if self.end:
            return "end"
        return "race" if self.race else "choice"

    @cached_property
    def choices(self) -> dict[str, Exit]:
        """The exits of a choice stage, in file order, each with the law that applies to it."""
        return {name: self._choice(form) for name, form in self.exits.items()}

    @property
    def exit_names(self) -> tuple[str, ...]:
        """Names of the next stages, in file order."""
        return tuple(self.race or self.exits)

    def law(self, to: str) -> Law | None:
        """The law of the stay that ends with a move to `to`."""
        return self.race[to] if to in self.race else self.choices[to].dwell

    def _choice(self, form: float | Exit) -> Exit:
        if isinstance(form, Exit):
            return form if form.dwell is not None else form.model_copy(update={"dwell": self.dwell})
        return Exit(probability=form, dwell=self.dwell)

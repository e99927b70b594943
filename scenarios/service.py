"""Satisfaction and the service desks."""

from math import log
from typing import Annotated, Self

from pydantic import Field, Strict, model_validator

from sojourn.scenarios.base import (
    ExitName,
    LogOdds,
    Margin,
    Money,
    Part,
    Points,
    Ratio,
    Share,
    refuse,
)
from sojourn.scenarios.conditions import ConditionError, parse
from sojourn.scenarios.dwell import Law


class Normal(Part):
    """A normal distribution over customers, clamped to 0 to 100."""

    mean: Points = Field(description="mean, 0 to 100")
    sd: Annotated[float, Field(ge=0, le=100)] = Field(0.0, description="standard deviation over customers, in points")


class Nps(Part):
    """The answer from 0 to 10 that a satisfaction gives: an ordinal-probit score."""

    mean: Annotated[float, Field(ge=-10, le=20)] = Field(
        description="expected answer at the start mean of satisfaction"
    )
    per_10_points: Annotated[float, Field(ge=-10, le=10)] = Field(description="change per 10 points of satisfaction")
    sd: Annotated[float, Field(gt=0, le=10)] = Field(description="spread of answers at one satisfaction")


class SatisfactionEffect(Part):
    """What 10 points of satisfaction above the start mean do to an exit."""

    exit: ExitName = Field(description='which exit, as "stage -> next stage"')
    log_odds: LogOdds | None = Field(None, description="per 10 points, for an exit of a choice stage")
    hazard_ratio: Ratio | None = Field(None, description="per 10 points, for an exit of a race stage")

    @model_validator(mode="after")
    def _one_scale(self) -> Self:
        _one_of(self, ("log_odds", "hazard_ratio"))
        return self

    @property
    def scale(self) -> str:
        """`log_odds` or `hazard_ratio`."""
        return "hazard_ratio" if self.log_odds is None else "log_odds"

    @property
    def value(self) -> float:
        """The number on its own scale."""
        return float(getattr(self, self.scale))

    @property
    def eta(self) -> float:
        """The number as a shift of log-odds or log-hazard per 10 points."""
        return self.value if self.scale == "log_odds" else log(self.value)


class Satisfaction(Part):
    """Satisfaction S and expectation E of each customer, 0 to 100, and how a touchpoint moves them."""

    start: Normal = Field(description="satisfaction at the start")
    expectation: Normal = Field(description="expectation at the start")
    gain: Annotated[float, Field(ge=0, le=10)] = Field(description="a: points of S per point of P above E")
    loss_aversion: Annotated[float, Field(ge=0, le=20)] = Field(2.0, description="lambda: how much larger losses loom")
    learning: Share = Field(description="k: share of the gap by which E moves to P")
    recovery: Share = Field(description="w: share of the gap to the customer's own start that S recovers")
    nps: Nps | None = Field(None, description="the answer from 0 to 10 that satisfaction gives")
    effects: Annotated[tuple[SatisfactionEffect, ...], Strict(False)] = Field((), description="what S does to exits")


class DeskEffect(Part):
    """What waiting or failing does to an exit directly, satisfaction held fixed."""

    exit: ExitName = Field(description='which exit, as "stage -> next stage"')
    log_odds_per_day_waited: LogOdds | None = Field(
        None, description="choice exit, per day of the stay's wait beyond tolerance"
    )
    hazard_ratio_per_day_waited: Ratio | None = Field(
        None, description="race exit, per day of the stay's wait beyond tolerance"
    )
    log_odds_per_failure: LogOdds | None = Field(None, description="choice exit, per failure of the last failure_days")
    hazard_ratio_per_failure: Ratio | None = Field(None, description="race exit, per failure of the last failure_days")

    @model_validator(mode="after")
    def _one_scale(self) -> Self:
        _one_of(self, DESK_SCALES)
        return self

    @property
    def scale(self) -> str:
        """Which of the four scales is given."""
        return next(scale for scale in DESK_SCALES if getattr(self, scale) is not None)

    @property
    def value(self) -> float:
        """The number on its own scale."""
        return float(getattr(self, self.scale))

    @property
    def eta(self) -> float:
        """The number as a shift of log-odds or log-hazard, per day waited or per failure."""
        return self.value if self.scale.startswith("log_odds") else log(self.value)

    @property
    def per_failure(self) -> bool:
        """Whether failures act, and not waiting."""
        return self.scale.endswith("per_failure")


DESK_SCALES = (
    "log_odds_per_day_waited",
    "hazard_ratio_per_day_waited",
    "log_odds_per_failure",
    "hazard_ratio_per_failure",
)


class Desk(Part):
    """A service desk: agents, first come first served or by priority, with callers who may give up."""

    agents: Annotated[float, Field(ge=0, le=1e4)] = Field(description="agents at work; fractions round down")
    handle: Law = Field(description="days that a contact takes an agent")
    patience: Law | None = Field(None, description="days after which a caller gives up; endless if left out")
    tolerance: Annotated[float, Field(ge=0, le=1e6)] = Field(0.0, description="days of waiting that nobody minds")
    points_per_day_waited: Annotated[float, Field(ge=0, le=1e6)] = Field(
        0.0, description="points of P lost per day of waiting beyond the tolerance"
    )
    failure_points: Points = Field(0.0, description="points of P lost when the caller gives up or nothing is resolved")
    cost_per_contact: Money = Field(0.0, description="cost of a contact that is served, in money")
    revenue_per_contact: Margin = Field(0.0, description="revenue of a contact that is served, in money")
    cost_per_agent_day: Money = Field(0.0, description="cost of an agent, money a day")
    priority: Annotated[tuple[str, ...], Strict(False), Field(max_length=20)] = Field(
        (), description="conditions; who meets the first is served first, then the second, then all others"
    )
    failure_days: Annotated[float, Field(gt=0, le=1e6)] | None = Field(None, description="days a failure is felt")
    unresolved: Share = Field(0.0, description="share of served contacts that end unresolved: a failure")
    effects: Annotated[tuple[DeskEffect, ...], Strict(False)] = Field(
        (), description="what waiting and failing do directly to exits"
    )

    @model_validator(mode="after")
    def _conditions(self) -> Self:
        for i, text in enumerate(self.priority):
            check_condition(text, "priority", i)
        return self


def check_condition(text: str, *at: str | int) -> None:
    """Raise a validation error with position and remedy where a condition cannot be read."""
    try:
        parse(text)
    except ConditionError as error:
        raise refuse(f"{error.message} (character {error.position})", error.remedy, *at) from None


def _one_of(part: Part, scales: tuple[str, ...]) -> None:
    given = [scale for scale in scales if getattr(part, scale) is not None]
    if len(given) != 1:
        what = f"has {' and '.join(given)}" if given else "says where it acts but not how"
        raise refuse(what, "write one effect for each" if given else f"add one of {', '.join(scales)}")

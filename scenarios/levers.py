"""Levers and what they do: target, scale, interval, evidence."""

from math import exp, log
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from sojourn.scenarios.base import (
    DaysOrNone,
    ExitName,
    Money,
    Name,
    OneNumber,
    OneTable,
    Part,
    Share,
    forms,
    refuse,
)

Evidence = Literal["measured", "borrowed", "assumed"]
TARGETS = ("exit", "touchpoint", "desk", "dwell", "referrals", "arrivals", "spend", "demand", "information")
SCALES = ("log_odds", "hazard_ratio", "time_ratio", "rate_ratio", "points", "agents", "handle_ratio")
RATIOS = frozenset({"hazard_ratio", "time_ratio", "rate_ratio", "handle_ratio"})
FITTING: dict[str, tuple[str, ...]] = {
    "exit": ("log_odds", "hazard_ratio"),
    "touchpoint": ("points",),
    "desk": ("agents", "handle_ratio"),
    "dwell": ("time_ratio",),
    "referrals": ("rate_ratio",),
    "arrivals": ("rate_ratio",),
    "spend": ("rate_ratio",),
    "demand": ("log_odds",),
    "information": ("log_odds",),
}
BOUNDS = {
    "log_odds": (-100.0, 100.0),
    "points": (-100.0, 100.0),
    "agents": (-1e4, 1e4),
}


class Range(Part):
    """An uncertain number: the central value and its 90 % interval."""

    central: float = Field(description="the value that runs use")
    low: float = Field(description="lower end of the 90 % interval")
    high: float = Field(description="upper end of the 90 % interval")

    @model_validator(mode="after")
    def _order(self) -> Self:
        if not self.low <= self.central <= self.high:
            raise refuse(
                f"the interval {self.low:g} to {self.high:g} does not hold the central value {self.central:g}",
                "make low <= central <= high",
            )
        return self


NumberOrRange = Annotated[
    Annotated[float, OneNumber] | Annotated[Range, OneTable],
    forms("a number or { central = ..., low = ..., high = ... }"),
]


class LeverCost(Part):
    """What a lever costs at full level; costs scale with the level and are charged where its `when` holds."""

    per_day: Money = Field(0.0, description="fixed cost, money a day")
    per_customer: Money = Field(0.0, description="money for each customer who enters")
    per_customer_day: Money = Field(0.0, description="money a day for each customer who is not in an end stage")
    per_referral: Money = Field(0.0, description="money for each invitee who enters")


class Response(Part):
    """A Hill curve from level to response, scaled so that f(0) = 0 and f(1) = 1."""

    half: Annotated[float, Field(gt=0, le=100)] = Field(description="level of half effect before scaling")
    slope: Annotated[float, Field(gt=0, le=100)] = Field(description="steepness; above 1 the curve is S-shaped")


def _true(value: bool) -> bool:
    if not value:
        raise refuse("can only be true", "write arrivals = true, or take it out")
    return value


class Effect(Part):
    """What a lever at full level does: one target, one scale, an interval, and where the number comes from."""

    exit: ExitName | None = Field(None, description='target: an exit, as "stage -> next stage"')
    touchpoint: Name | None = Field(None, description="target: perceived performance in this stage")
    desk: Name | None = Field(None, description="target: a service desk")
    dwell: Annotated[str, Field(pattern=r"^[\w-]+( -> [\w-]+)?$", max_length=210)] | None = Field(
        None, description='target: the time in a stage, or of one exit as "stage -> next stage"'
    )
    referrals: Name | None = Field(None, description="target: the invitation rate in this stage")
    arrivals: Annotated[bool, AfterValidator(_true), Field(json_schema_extra={"const": True})] | None = Field(
        None, description="target: the arrival rate; write arrivals = true"
    )
    spend: Name | None = Field(None, description="target: the revenue on entry to this stage")
    demand: Name | None = Field(None, description="target: who asks the desk in this stage")
    information: Name | None = Field(None, description="target: what is learned on entry to this stage")
    log_odds: NumberOrRange | None = Field(None, description="scale: shift of the log-odds")
    hazard_ratio: NumberOrRange | None = Field(None, description="scale: factor on the hazard")
    time_ratio: NumberOrRange | None = Field(None, description="scale: factor on the time")
    rate_ratio: NumberOrRange | None = Field(None, description="scale: factor on the rate or the amount")
    points: NumberOrRange | None = Field(None, description="scale: points of perceived performance")
    agents: NumberOrRange | None = Field(None, description="scale: agents more (or fewer)")
    handle_ratio: NumberOrRange | None = Field(None, description="scale: factor on the time of a contact")
    since: Name | None = Field(None, description="acts only in a window after the last entry to this stage")
    days: Annotated[tuple[DaysOrNone, ...], Strict(False), Field(min_length=2, max_length=2)] | None = Field(
        None, description="the window [from, to], days after that entry"
    )
    informed: Share | None = Field(
        None, description="share of the effect that rests on information: it counts times 1 - informed (1 - I)"
    )
    evidence: Evidence | None = Field(None, description="measured (own data), borrowed (published) or assumed")
    source: str = Field("", description="where the number comes from")

    @model_validator(mode="after")
    def _one_target_one_scale(self) -> Self:
        targets = [name for name in TARGETS if getattr(self, name) is not None]
        scales = [name for name in SCALES if getattr(self, name) is not None]
        if len(targets) != 1:
            what = f"acts on {' and '.join(targets)} at once" if targets else "names nothing that it acts on"
            raise refuse(what, "write one effect for each" if targets else f"add one of {', '.join(TARGETS)}")
        if len(scales) != 1:
            what = f"has the scales {' and '.join(scales)} at once" if scales else "says where it acts but not how much"
            raise refuse(what, "write one effect for each" if scales else f"add {' or '.join(FITTING[targets[0]])}")
        self._check_range()
        if scales[0] not in FITTING[targets[0]]:
            raise refuse(f"{scales[0]} does not act on {targets[0]}", _fitting(self, targets[0]), scales[0])
        self._check_window()
        if self.informed is not None and (self.arrivals or self.agents is not None):
            what = "arrivals" if self.arrivals else "the agents of a desk"
            raise refuse(f"{what} cannot depend on what is known about one customer", "take it out", "informed")
        return self

    def _check_range(self) -> None:
        low, high = (0.0, 1e6) if self.scale in RATIOS else BOUNDS[self.scale]
        for key in ("central", "low", "high"):
            value = getattr(self.range, key)
            at = (self.scale, key) if isinstance(getattr(self, self.scale), Range) else (self.scale,)
            if self.scale in RATIOS and value <= 0:
                raise refuse(f"a ratio is greater than 0, not {value:g}", "1 means no effect, 0.8 a fifth less", *at)
            if not low <= value <= high:
                raise refuse(f"must be from {low:g} to {high:g}, not {value:g}", "check the unit", *at)

    def _check_window(self) -> None:
        if (self.since is None) != (self.days is None):
            lone, lacking = ("since", "days = [0, 7]") if self.days is None else ("days", 'since = "a stage"')
            raise refuse("a window needs both since and days", f"add {lacking}", lone)
        if self.days is not None and not self.days[0] < self.days[1]:
            raise refuse("the window is empty", "make the second day later than the first", "days")
        if self.days is not None and self.scale != "hazard_ratio":
            remedy = "make the stage a race and use hazard_ratio, or leave out since and days"
            raise refuse("a window works on exits of race stages only", remedy, "since")

    @property
    def target(self) -> tuple[str, str]:
        """What it acts on: (kind, name), such as ("exit", "a -> b"); the name of arrivals is ""."""
        kind = next(name for name in TARGETS if getattr(self, name) is not None)
        return kind, "" if kind == "arrivals" else str(getattr(self, kind))

    @property
    def scale(self) -> str:
        """On which scale it acts."""
        return next(name for name in SCALES if getattr(self, name) is not None)

    @property
    def range(self) -> Range:
        """Central value and interval; a plain number is its own interval."""
        value = getattr(self, self.scale)
        return value if isinstance(value, Range) else Range(central=value, low=value, high=value)


class Lever(Part):
    """Something a strategist can pull, at a level from 0 to 1."""

    cost: LeverCost = Field(LeverCost(), description="what it costs at full level")
    response: Response | None = Field(None, description="from level to effect; a straight line if left out")
    effects: Annotated[tuple[Effect, ...], Strict(False)] = Field((), description="what it does at full level")
    evidence: Evidence | None = Field(None, description="measured (own data), borrowed (published) or assumed")
    source: str = Field("", description="where the numbers come from")


def converted(effect: Effect, scale: str) -> str:
    """Return the effect's numbers on another scale as the file writes them, such as `log_odds = -0.16`.

    Between a ratio and log-odds the number carries over by logarithm or exponential: exact for small probabilities.
    """
    numbers = (effect.range.central, effect.range.low, effect.range.high)
    if effect.scale in RATIOS and scale == "log_odds":
        numbers = (log(numbers[0]), log(numbers[1]), log(numbers[2]))
    elif effect.scale == "log_odds" and scale in RATIOS:
        numbers = (exp(numbers[0]), exp(numbers[1]), exp(numbers[2]))
    elif not (effect.scale in RATIOS and scale in RATIOS):
        return scale
    central, low, high = (rounded(number) for number in numbers)
    if isinstance(getattr(effect, effect.scale), Range):
        return f"{scale} = {{ central = {central}, low = {low}, high = {high} }}"
    return f"{scale} = {central}"


def rounded(number: float) -> str:
    """Return a number with two decimals, or two digits where that is more."""
    return f"{number:.2f}" if abs(number) >= 0.1 else f"{number:.2g}"


def _fitting(effect: Effect, target: str) -> str:
    scales = FITTING[target]
    if effect.scale == "time_ratio" and target == "exit":
        return f'use dwell = "{effect.exit}" to stretch its time'
    return f"use {' or '.join(converted(effect, scale) for scale in scales)} there"

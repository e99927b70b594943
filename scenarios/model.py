"""A scenario: what a journey is. Frozen, validated, exactly what the file says.

Attribute names are the keys of the file, except `Scenario.about` (the table `[scenario]`). Times are in days,
money in the scenario's currency. Build scenarios with `files.load`, which tells mistakes in plain words; the classes
here raise pydantic's errors and do not check what only the whole can show (see `checks`).
"""

import json
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, PrivateAttr, Strict, model_validator

from sojourn.scenarios.base import (
    ExitName,
    Name,
    OneTable,
    OneText,
    Part,
    Rate,
    Share,
    forms,
    refuse,
)
from sojourn.scenarios.brief import brief, listed
from sojourn.scenarios.dwell import (
    LAWS,
    Deadline,
    Deterministic,
    Empirical,
    Exponential,
    Gamma,
    Law,
    Loglogistic,
    Lognormal,
    Weibull,
)
from sojourn.scenarios.history import History
from sojourn.scenarios.levers import Effect, Evidence, Lever, LeverCost, Range, Response
from sojourn.scenarios.overrides import applied
from sojourn.scenarios.plans import Plan, Step
from sojourn.scenarios.plurals import plural
from sojourn.scenarios.service import Desk, DeskEffect, Normal, Nps, Satisfaction, SatisfactionEffect
from sojourn.scenarios.stages import DeskUse, Exit, Referrals, Stage, Touchpoint
from sojourn.scenarios.surveys import Survey
from sojourn.scenarios.targets import Target
from sojourn.scenarios.traits import ByStay, Quantiles, Trait


class About(Part):
    """What the scenario is called, where customers begin, and for how long it runs."""

    name: Name = Field(description="short name, of letters, digits, _ and -")
    title: str = Field("", description="title for people")
    description: str = Field("", description="what the journey is, in a sentence or two")
    source: str = Field("", description="where the journey and its numbers come from")
    start: Annotated[
        Annotated[Name, OneText] | Annotated[dict[Name, Share], Field(min_length=1), OneTable],
        forms("the name of a stage, or shares such as { targeted = 0.9, shopped = 0.1 }"),
    ] = Field(description="stage that arrivals enter, or a share for each")
    horizon_days: Annotated[float, Field(gt=0, le=1e5)] = Field(description="length of a run, in days")
    currency: Annotated[str, Field(min_length=1, max_length=10)] = Field("USD", description="currency of all money")
    annual_discount_rate: Annotated[float, Field(gt=-1, le=100)] = Field(
        0.0, description="discount rate a year: money of day t counts (1 + rate)^(-t / 365)"
    )


class Arrivals(Part):
    """How many prospects come, in exactly one of four ways, until a day."""

    rate_per_day: Rate | None = Field(None, description="Poisson arrivals a day")
    cohort: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = Field(None, description="arrivals, all on day 0")
    daily: Annotated[tuple[Rate, ...], Strict(False), Field(min_length=1, max_length=40_000)] | None = Field(
        None, description="arrivals a day for each day, repeated from the start when it ends"
    )
    impressions_per_day: Rate | None = Field(None, description="people a day who see an advertisement")
    click_through: Share | None = Field(None, description="share of impressions that arrive")
    until_day: Annotated[float, Field(gt=0, le=1e5)] | None = Field(
        None, description="last day of arrivals; the horizon if left out"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = ("rate_per_day", "cohort", "daily", "impressions_per_day")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if self.click_through is not None and "impressions_per_day" not in given:
            raise refuse("click_through needs impressions_per_day", "add impressions_per_day = ...", "click_through")
        if len(given) != 1:
            what = f"gives {' and '.join(given)} at once" if given else "says nothing about how many come"
            raise refuse(what, "keep one of them" if given else f"add one of {', '.join(kinds)}")
        if given == ["impressions_per_day"] and self.click_through is None:
            raise refuse("impressions_per_day needs click_through", "add click_through = 0.02", "impressions_per_day")
        if self.cohort is not None and self.until_day is not None:
            raise refuse("a cohort arrives on day 0, so until_day means nothing", "take it out", "until_day")
        if self.daily is not None and not any(self.daily):
            raise refuse("all rates are 0, so nobody comes", "make at least one of them positive", "daily")
        for kind in ("rate_per_day", "impressions_per_day", "click_through"):
            if getattr(self, kind) == 0:
                raise refuse("0 means that nobody comes", "make it positive", kind)
        return self

    def expected(self, horizon: float) -> float:
        """Return the expected number of arrivals by the horizon, in days, at base rates and with an endless market."""
        until = horizon if self.until_day is None else min(self.until_day, horizon)
        if self.cohort is not None:
            return float(self.cohort)
        if self.daily is not None:
            whole, rest = divmod(until, len(self.daily))
            days = int(rest)
            last = self.daily[days] * (rest - days) if days < len(self.daily) else 0.0
            return whole * sum(self.daily) + sum(self.daily[:days]) + last
        return until * (self.rate_per_day or (self.impressions_per_day or 0.0) * (self.click_through or 0.0))


class Market(Part):
    """How many prospects there are, and how much word of mouth a run may hold."""

    size: Annotated[int, Field(ge=1, le=10_000_000_000)] | None = Field(
        None, description="prospects; arrivals and referrals slow as they run out; endless if left out"
    )
    invitee_cap: Annotated[int, Field(ge=0, le=1_000_000_000)] = Field(
        1_000_000, description="a run with more expected invitees is refused"
    )


class Segment(Part):
    """A sort of customers."""

    share: Share = Field(description="share of customers; those of all segments add up to 1")
    spend_ratio: Annotated[float, Field(ge=0, le=1e6)] = Field(1.0, description="factor on revenue")
    override: dict[str, Any] = Field({}, description='numbers that differ, by path, as "stages.purchase.cost" = 40')


class Frailty(Part):
    """What customers differ in and nobody sees: one standard normal draw for all exits, and draws of single exits' own."""

    loads: dict[ExitName, Annotated[float, Field(ge=-10, le=10)]] = Field(
        {}, description='shift of log-odds or log-hazard per standard deviation, by "stage -> next stage"'
    )
    gamma: dict[ExitName, Annotated[float, Field(ge=0.01, le=1000)]] = Field(
        {}, description="race: each customer's hazard of the exit is times a gamma draw of mean 1 and this shape"
    )
    speed: dict[ExitName, Annotated[float, Field(ge=0.01, le=1000)]] = Field(
        {},
        description="race: each customer's time to the exit is over a speed of their own, a gamma draw of mean 1 and this shape",
    )
    beta: dict[ExitName, Annotated[float, Field(ge=0.01, le=1e6)]] = Field(
        {},
        description="choice: each customer's probability of the exit is a beta draw; a + b, the stated one being its mean",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise refuse("says nothing about what customers differ in", "add loads, gamma, speed or beta")
        return self


class Value(Part):
    """How much customers differ in what they are worth: each has a latent value of their own, which nobody sees."""

    sigma: Annotated[float, Field(ge=0, le=3)] = Field(
        description="spread: revenue is times exp(sigma V - sigma^2 / 2), V a standard normal of the customer's own, mean 1"
    )


class Source(Part):
    """Where base numbers come from."""

    paths: Annotated[tuple[str, ...], Strict(False), Field(min_length=1)] = Field(
        description='which numbers, by path; * stands for any name, as in "stages.*.exits"'
    )
    evidence: Evidence = Field(description="measured (own data), borrowed (published) or assumed")
    source: str = Field("", description="publication, data set, or whose judgement")


Bounds = Annotated[tuple[float, ...], Strict(False), Field(min_length=2, max_length=2)]


class Variant(Part):
    """Another version of the scenario."""

    title: str = Field("", description="title for people")
    override: dict[str, Any] = Field(description='what differs, by path, as "arrivals.rate_per_day" = 60')


def _at_least_one_segment(segments: dict[str, Segment]) -> dict[str, Segment]:
    return segments or {"all": Segment(share=1.0)}


def _at_least_one_strategy(strategies: dict[str, dict[str, Plan]]) -> dict[str, dict[str, Plan]]:
    return strategies or {"baseline": {}}


class Scenario(Part):
    """The whole file."""

    format: Annotated[int, Field(ge=1, le=1, json_schema_extra={"const": 1})] = Field(
        description="version of the format: 1"
    )
    about: About = Field(alias="scenario", description="name, start and horizon")
    arrivals: Arrivals = Field(description="how many prospects come")
    market: Market | None = Field(None, description="a finite market; endless if left out")
    segments: Annotated[dict[Name, Segment], AfterValidator(_at_least_one_segment), Field(max_length=1000)] = Field(
        {}, validate_default=True, description="sorts of customers; one segment `all` if left out"
    )
    frailty: Frailty | None = Field(None, description="differences between customers that nobody sees")
    value: Value | None = Field(None, description="differences in what customers are worth")
    traits: Annotated[dict[Name, Trait], Field(max_length=100)] = Field(
        {},
        description="what is known of customers or of their stays: numbers and words, drawn independently of each other",
    )
    history: History | None = Field(None, description="what customers' past and traits do to exits")
    stages: Annotated[dict[Name, Stage], Field(min_length=1, max_length=4000)] = Field(description="the journey")
    satisfaction: Satisfaction | None = Field(None, description="satisfaction and expectation")
    desks: Annotated[dict[Name, Desk], Field(max_length=62)] = Field({}, description="service desks")
    surveys: Annotated[dict[Name, Survey], Field(max_length=100)] = Field(
        {}, description="surveys of satisfaction: what they measure, beside the truth"
    )
    levers: Annotated[dict[Name, Lever], Field(max_length=62)] = Field({}, description="what strategists can pull")
    strategies: Annotated[
        dict[Name, dict[Name, Plan]], AfterValidator(_at_least_one_strategy), Field(max_length=1000)
    ] = Field({}, validate_default=True, description="levels of levers; the first strategy is the baseline")
    sources: Annotated[tuple[Source, ...], Strict(False)] = Field((), description="grade and source of base numbers")
    variants: dict[Name, Variant] = Field({}, description="other versions of the scenario")
    targets: Annotated[tuple[Target, ...], Strict(False), Field(max_length=1000)] = Field(
        (), description="what the numbers were tuned to meet, checked by `sojourn targets`"
    )
    free: Annotated[dict[str, Bounds], Field(max_length=1000)] = Field(
        {}, description='numbers that `sojourn fit` may move, by path, as "stages.cart.exits.checkout" = [0.1, 0.4]'
    )

    _by_segment: dict[str, "Scenario"] = PrivateAttr(default_factory=dict)

    def __repr__(self) -> str:
        title = f'"{self.about.title}"' if self.about.title else ""
        return brief(self, self.about.name, title, plural(len(self.stages), "stage"), listed(self.strategies))

    __str__ = __repr__

    @property
    def starts(self) -> dict[str, float]:
        """Where arrivals enter: share by stage, adding up to 1."""
        if isinstance(self.about.start, str):
            return {self.about.start: 1.0}
        total = sum(self.about.start.values())
        return {stage: share / total for stage, share in self.about.start.items()} if total > 0 else {}

    def for_segment(self, name: str) -> "Scenario":
        """Return the scenario with the override of a segment applied; itself where there is none. Raises `KeyError`."""
        override = self.segments[name].override
        if not override:
            return self
        if name not in self._by_segment:
            self._by_segment[name] = Scenario.model_validate(applied(self.document(), override))
        return self._by_segment[name]

    def document(self) -> dict[str, Any]:
        """Return what the file says, as tables and lists; keys that the file leaves out are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of everything that the scenario says, defaults included, in file order."""
        content = self.model_dump(mode="json", by_alias=True)
        return sha256(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


__all__ = [
    "LAWS",
    "About",
    "Arrivals",
    "ByStay",
    "Deadline",
    "Desk",
    "DeskEffect",
    "DeskUse",
    "Deterministic",
    "Effect",
    "Empirical",
    "Evidence",
    "Exit",
    "Exponential",
    "Frailty",
    "Gamma",
    "History",
    "Law",
    "Lever",
    "LeverCost",
    "Loglogistic",
    "Lognormal",
    "Market",
    "Normal",
    "Nps",
    "Plan",
    "Quantiles",
    "Range",
    "Referrals",
    "Response",
    "Satisfaction",
    "SatisfactionEffect",
    "Scenario",
    "Segment",
    "Source",
    "Stage",
    "Step",
    "Survey",
    "Target",
    "Touchpoint",
    "Trait",
    "Value",
    "Variant",
    "Weibull",
]

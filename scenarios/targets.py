"""Targets: what the numbers of a scenario were tuned to meet, or are to be tuned to."""

from typing import Annotated, Self

from pydantic import Field, Strict, StringConstraints, model_validator

from sojourn.scenarios.base import Name, Part, refuse

MEASURE_PATTERN = r"^[\w.-]+$"


# The first word of each measure's name (`sim.vocabulary` says what they mean; a test compares).
MEASURES = (
    "cac", "churn_rate", "click_through", "clv", "conversion", "cost", "desk", "dwell", "impressions", "information",
    "nps", "occupancy", "profit", "purchases", "reach", "referrals", "repeat_rate", "retention", "revenue", "roi",
    "satisfaction", "step", "survey", "time_to",
)  # fmt: skip


class Target(Part):
    """What the simulation of the file should give: a measure, or the ratio of one between two variants."""

    name: Name = Field(description="short name of the target, each its own")
    statement: str = Field(description="what is to be met, as a sentence for people")
    origin: str = Field(description="who says so, and whether it can be traced")
    measure: Annotated[str, StringConstraints(pattern=MEASURE_PATTERN, min_length=1, max_length=300)] = Field(
        description="name of a measure, such as repeat_rate.365"
    )
    variant: Name | None = Field(None, description="variant in which it is measured; the file itself if left out")
    against: Name | None = Field(
        None, description="another variant: the target is then the measure in `variant` over that in `against`"
    )
    strategy: Name | None = Field(None, description="strategy under which it is measured; the baseline if left out")
    value: Annotated[float, Field(ge=-1e15, le=1e15)] = Field(description="what the measure or the ratio should be")
    tolerance: Annotated[float, Field(gt=0, le=1)] = Field(
        description="share of the value by which the simulation may miss it, as 0.02"
    )
    tuned: Annotated[tuple[str, ...], Strict(False), Field(max_length=1000)] = Field(
        (), description="numbers tuned to meet it, by path; * stands for any name"
    )
    cannot_tell: str = Field("", description="what the target cannot tell apart")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for key in ("statement", "origin"):
            if not getattr(self, key).strip():
                raise refuse("says nothing", "say it in a sentence, or take the target out", key)
        if self.value == 0:
            remedy = "the tolerance is a share of the value: choose a measure that is not to be 0"
            raise refuse("0 cannot be met within a share of itself", remedy, "value")
        if self.against is None:
            return self
        if self.variant is None:
            remedy = "add variant = ..., the other side of the ratio; a variant with override = {} is the file itself"
            raise refuse("a ratio needs two variants, and only `against` is given", remedy, "against")
        if self.variant == self.against:
            raise refuse("a variant against itself is always 1", "name another variant", "against")
        if self.value < 0:
            raise refuse("a ratio of a measure is not negative", "give the ratio, such as 1.1 for 10 % more", "value")
        return self

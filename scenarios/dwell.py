"""How long a stay lasts: the laws, by the parameters that people know. Their numerics are in `laws`."""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Strict, model_validator

from sojourn.scenarios.base import DaysOrNone, OneNumber, OneTable, Part, Share, forms, refuse

TOLERANCE = 1e-9

Center = Annotated[float, Field(gt=0, le=1e12)]
Shape = Annotated[float, Field(ge=0.05, le=1000)]


class _ByMeanOrMedian(Part):
    """A law whose scale is given by its mean or by its median."""

    mean: Center | None = Field(None, description="mean, in days (in money for revenue and cost); or give median")
    median: Center | None = Field(None, description="median, in days (in money for revenue and cost); or give mean")

    @model_validator(mode="after")
    def _one_center(self) -> Self:
        if (self.mean is None) == (self.median is None):
            both = self.mean is not None
            raise refuse(
                "has both a mean and a median" if both else "needs a mean or a median",
                "keep one of them" if both else "add mean = ... or median = ...",
            )
        return self


class Exponential(_ByMeanOrMedian):
    """The memoryless law: constant hazard 1 / mean."""

    law: Literal["exponential"] = Field(description="which law")


class Weibull(_ByMeanOrMedian):
    """Hazard falls (shape < 1), stays (1) or rises (> 1) with time in the stage."""

    law: Literal["weibull"] = Field(description="which law")
    shape: Shape = Field(description="shape, without unit; 1 is exponential")


class Lognormal(_ByMeanOrMedian):
    """The logarithm of the time is normal."""

    law: Literal["lognormal"] = Field(description="which law")
    sigma: Annotated[float, Field(gt=0, le=10)] = Field(description="standard deviation of the log of the time")


class Loglogistic(_ByMeanOrMedian):
    """The logarithm of the time is logistic; the mean is finite only for a shape above 1."""

    law: Literal["loglogistic"] = Field(description="which law")
    shape: Shape = Field(description="shape, without unit; larger is narrower")

    @model_validator(mode="after")
    def _finite_mean(self) -> Self:
        if self.mean is not None and self.shape <= 1:
            raise refuse("has no finite mean where its shape is 1 or less", "give its median instead", "mean")
        return self


class Gamma(_ByMeanOrMedian):
    """The sum of `shape` exponential waits, for any positive shape."""

    law: Literal["gamma"] = Field(description="which law")
    shape: Shape = Field(description="shape, without unit; 1 is exponential, larger is narrower")


class Deterministic(Part):
    """Always the same value."""

    law: Literal["deterministic"] = Field(description="which law")
    value: Annotated[float, Field(ge=0, le=1e12)] = Field(description="the value, in days (in money for money)")


class Empirical(Part):
    """Quantiles read from data, joined by straight lines: by `days[i]`, `share[i]` have left."""

    law: Literal["empirical"] = Field(description="which law")
    share: Annotated[tuple[Share, ...], Strict(False), Field(min_length=2, max_length=10_000)] = Field(
        description="shares that have left, rising from 0 to 1 - never"
    )
    days: Annotated[tuple[DaysOrNone, ...], Strict(False), Field(min_length=2, max_length=10_000)] = Field(
        description="by which day each share has left"
    )
    never: Share = Field(0.0, description="share that never leaves this way")

    @model_validator(mode="after")
    def _quantiles(self) -> Self:
        if len(self.share) != len(self.days):
            raise refuse(f"has {len(self.share)} shares but {len(self.days)} days", "give as many of both")
        if self.share[0] != 0:
            raise refuse("the first share is not 0", "begin with share 0 and the shortest time", "share", 0)
        for i in range(1, len(self.share)):
            if self.share[i] <= self.share[i - 1]:
                raise refuse("the shares do not rise", "sort them and leave out repeats", "share", i)
            if self.days[i] < self.days[i - 1]:
                raise refuse("the days fall where the shares rise", "sort them", "days", i)
        total = self.share[-1] + self.never
        if abs(total - 1) > TOLERANCE:
            remedy = f"end with share {1 - self.never:.12g}"
            if self.share[-1] < 1:
                remedy += f", or set never = {1 - self.share[-1]:.12g}"
            raise refuse(f"the last share and never add up to {total:.12g}, not 1", remedy, "share")
        return self


class Deadline(Part):
    """A share leaves exactly on one day of the stay, the others by another law."""

    law: Literal["deadline"] = Field(description="which law")
    day: DaysOrNone = Field(description="day of the stay on which the share leaves")
    share: Share = Field(description="share that leaves on that day")
    otherwise: "Law" = Field(description="the law of the others")

    @model_validator(mode="after")
    def _one_deadline(self) -> Self:
        if isinstance(self.otherwise, Deadline):
            remedy = "use an empirical law, which may jump on several days"
            raise refuse("is a deadline within a deadline", remedy, "otherwise")
        return self


Law = Annotated[
    Exponential | Weibull | Lognormal | Loglogistic | Gamma | Deterministic | Empirical | Deadline,
    Discriminator("law"),
]
LAWS = ("exponential", "weibull", "lognormal", "loglogistic", "gamma", "deterministic", "empirical", "deadline")
NumberOrLaw = Annotated[
    Annotated[Annotated[float, Field(ge=0, le=1e12)], OneNumber] | Annotated[Law, OneTable],
    forms('a number or a law such as { law = "gamma", mean = 80, shape = 2 }'),
]

Deadline.model_rebuild()


def no_time(law: Law) -> bool:
    """Tell whether the law is zero with certainty."""
    match law:
        case Deterministic():
            return law.value == 0
        case Empirical():
            return law.never == 0 and law.days[-1] == 0
        case Deadline():
            return (law.share == 0 or law.day == 0) and (law.share == 1 or no_time(law.otherwise))
    return False


def may_be_endless(law: Law) -> bool:
    """Tell whether the law leaves some out for ever, so that it has no finite value for them."""
    match law:
        case Empirical():
            return law.never > 0
        case Deadline():
            return law.share < 1 and may_be_endless(law.otherwise)
    return False


def is_certain(law: Law) -> bool:
    """Tell whether the law has a single value, so that a hazard ratio on it means nothing."""
    match law:
        case Deterministic():
            return True
        case Empirical():
            return law.never == 0 and law.days[0] == law.days[-1]
        case Deadline():
            return law.share == 1 or (law.share == 0 and is_certain(law.otherwise))
    return False

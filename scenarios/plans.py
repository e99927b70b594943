"""Plans: at which level a strategy pulls a lever, when, and for whom."""

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, GetCoreSchemaHandler, Strict, Tag, model_validator
from pydantic_core import CoreSchema, core_schema

from sojourn.scenarios.base import LIST, NUMBER, TABLE, DaysOrNone, Part, Share, kind, refuse
from sojourn.scenarios.service import check_condition

STEPPED = "<steps>"


class Step(Part):
    """From a day on, a level; it is reached on that day, or by a ramp that begins on that day."""

    day: DaysOrNone = Field(description="day of the run")
    level: Share = Field(description="level from that day on, 0 to 1")
    ramp_days: DaysOrNone = Field(0.0, description="days that the change takes, in a straight line")


Steps = Annotated[tuple[Step, ...], Strict(False), Field(min_length=1, max_length=1000)]


class _ForWhom(Part):
    when: str | None = Field(None, description='for whom, such as "segment == premium and purchases >= 2"')

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.when is not None:
            check_condition(self.when, "when")
        return self


class ConstantPlan(_ForWhom):
    """One level throughout."""

    level: Share = Field(description="level throughout, 0 to 1")


class SteppedPlan(_ForWhom):
    """Levels that change over time."""

    steps: Steps = Field(description="levels by day")

    @model_validator(mode="after")
    def _sorted(self) -> Self:
        _check_order(self.steps, "steps")
        return self


def _form(value: Any) -> str | None:
    form = kind(value)
    if form == TABLE:
        return STEPPED if "steps" in (value if isinstance(value, dict) else vars(value)) else TABLE
    return form if form in (NUMBER, LIST) else None


def _check_order(steps: tuple[Step, ...], *at: str | int) -> tuple[Step, ...]:
    for i in range(1, len(steps)):
        before, step = steps[i - 1], steps[i]
        if step.day <= before.day:
            how = "repeats the day" if step.day == before.day else "comes after"
            raise refuse(
                f"day {step.day:g} {how} of the step before"
                if step.day == before.day
                else f"day {step.day:g} is earlier than day {before.day:g} before it",
                "give one step a day" if step.day == before.day else "sort the steps by day",
                *at,
                i,
                "day",
            )
        if before.day + before.ramp_days > step.day:
            raise refuse(
                f"the ramp ends on day {before.day + before.ramp_days:g}, the next step begins on day {step.day:g}",
                f"make ramp_days at most {step.day - before.day:g}",
                *at,
                i - 1,
                "ramp_days",
            )
    return steps


PlanForm = Annotated[
    Annotated[Share, Tag(NUMBER)]
    | Annotated[ConstantPlan, Tag(TABLE)]
    | Annotated[SteppedPlan, Tag(STEPPED)]
    | Annotated[Steps, Tag(LIST)],
    Discriminator(
        _form,
        custom_error_type="form",
        custom_error_message="a level from 0 to 1, a list of { day = 0, level = 1 }, or { level = 1, when = ... }",
    ),
]


@dataclass(frozen=True)
class Plan:
    """How a strategy pulls one lever, whichever way the file says it."""

    steps: tuple[Step, ...]
    """Levels by day, days rising; before the first step the level is 0. A constant is one step at day 0."""
    when: str | None = None
    """A condition for whom it holds; None for everybody."""

    @classmethod
    def of(cls, form: float | ConstantPlan | SteppedPlan | tuple[Step, ...]) -> "Plan":
        """Return the plan that a validated form of the file means."""
        match form:
            case ConstantPlan():
                return cls((Step(day=0.0, level=form.level),), form.when)
            case SteppedPlan():
                return cls(form.steps, form.when)
            case tuple():
                return cls(_check_order(form))
        return cls((Step(day=0.0, level=form),))

    def document(self) -> dict[str, Any]:
        """Return the plan as a table of the file."""
        table: dict[str, Any] = {"steps": [step.model_dump() for step in self.steps]}
        return table if self.when is None else {**table, "when": self.when}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            lambda value: value.document() if isinstance(value, Plan) else value,
            core_schema.no_info_after_validator_function(cls.of, handler.generate_schema(PlanForm)),
            serialization=core_schema.plain_serializer_function_ser_schema(Plan.document),
        )

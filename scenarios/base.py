"""What all parts of a scenario share: strict tables, and numbers with units and ranges."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag
from pydantic_core import PydanticCustomError

NAME_PATTERN = r"^[\w-]+$"
EXIT_PATTERN = r"^[\w-]+ -> [\w-]+$"
NUMBER, TABLE, TEXT, LIST = "<number>", "<table>", "<text>", "<list>"
OF_LAW, OF_WORDS, BY_STAY = "<law>", "<words>", "<by stay>"  # forms of a trait
TAGS = frozenset({NUMBER, TABLE, TEXT, LIST, OF_LAW, OF_WORDS, BY_STAY})


class Part(BaseModel):
    """A table of the file: unknown keys are refused, types are strict, numbers are finite, nothing changes later."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=False)


Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, min_length=1, max_length=100)]
ExitName = Annotated[str, StringConstraints(pattern=EXIT_PATTERN, max_length=210)]
Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[float, Field(gt=0, le=1e6)]
DaysOrNone = Annotated[float, Field(ge=0, le=1e6)]
Money = Annotated[float, Field(ge=0, le=1e12)]
Margin = Annotated[float, Field(ge=-1e12, le=1e12)]
Rate = Annotated[float, Field(ge=0, le=1e9)]
Ratio = Annotated[float, Field(gt=0, le=1e6)]
LogOdds = Annotated[float, Field(ge=-100, le=100)]
Points = Annotated[float, Field(ge=0, le=100)]


def refuse(message: str, remedy: str, *at: str | int) -> PydanticCustomError:
    """Return a validation error with a remedy; `at` names the place inside the table under validation."""
    return PydanticCustomError(
        "scenario", "{message}", {"message": message, "remedy": remedy.removeprefix("; "), "at": at}
    )


def kind(value: Any) -> str | None:
    """Tell which form of a value the file uses; None where it is none that any key takes."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return NUMBER
    if isinstance(value, dict | BaseModel):
        return TABLE
    if isinstance(value, str):
        return TEXT
    return LIST if isinstance(value, list | tuple) else None


def forms(expected: str) -> Discriminator:
    """Return a discriminator by form (number, text, list, table); `expected` says in words what the key takes."""
    return Discriminator(kind, custom_error_type="form", custom_error_message=expected)


OneNumber = Tag(NUMBER)
OneTable = Tag(TABLE)
OneText = Tag(TEXT)
OneList = Tag(LIST)

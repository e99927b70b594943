"""What a customer's past and known traits do to exits: each visit before, each purchase, each day as a customer."""

from math import log
from typing import Annotated, Self

from pydantic import Field, Strict, model_validator

from sojourn.scenarios.base import ExitName, LogOdds, Name, Part, Ratio, refuse

PAST = ("visits", "purchases", "days_since_first")  # what every customer has; other names are traits


class HistoryEffect(Part):
    """What one more of something does to an exit; it counts as it is when the stay begins."""

    exit: ExitName = Field(description='which exit, as "stage -> next stage"')
    per: Name = Field(
        description="visits (to this stage before), purchases (so far), days_since_first (day as a customer), or a trait"
    )
    log_odds: LogOdds | None = Field(None, description="per one more, for an exit of a choice stage")
    hazard_ratio: Ratio | None = Field(None, description="per one more, for an exit of a race stage")
    up_to: Annotated[float, Field(ge=0, le=1e9)] | None = Field(
        None, description="what lies above counts as this; no limit if left out"
    )
    around: Annotated[float, Field(ge=0, le=1e9)] = Field(
        0.0, description="where the stated numbers of the exit hold: the effect counts from here"
    )

    @model_validator(mode="after")
    def _one_scale(self) -> Self:
        given = [scale for scale in ("log_odds", "hazard_ratio") if getattr(self, scale) is not None]
        if len(given) != 1:
            what = "gives log_odds and hazard_ratio at once" if given else "says nothing about what it does"
            remedy = "keep the one that fits the stage" if given else "add log_odds (choice) or hazard_ratio (race)"
            raise refuse(what, remedy)
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
        """The number as a shift of log-odds or log-hazard per one more."""
        return self.value if self.scale == "log_odds" else log(self.value)


class History(Part):
    """What customers' past and traits do to exits."""

    effects: Annotated[tuple[HistoryEffect, ...], Strict(False), Field(min_length=1, max_length=1000)] = Field(
        description="effects, each on one exit; several on one exit add up on their scale"
    )

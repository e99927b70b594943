"""What a customer's past and known traits do to exits: each visit before, each purchase, each day as a customer."""

from math import log
from typing import Annotated, Self

from pydantic import Field, Strict, StringConstraints, model_validator

from sojourn.scenarios.base import ExitName, LogOdds, Part, Ratio, refuse

PAST = ("visits", "purchases", "days_since_first")  # what every customer has; other names are traits
PER_PATTERN = r"^[\w-]+( == [\w-]+)?$"

Amount = Annotated[float, Field(ge=-1e12, le=1e12)]


class HistoryEffect(Part):
    """What one more of something does to an exit; it counts as it is when the stay begins."""

    exit: ExitName = Field(description='which exit, as "stage -> next stage"')
    per: Annotated[str, StringConstraints(pattern=PER_PATTERN, max_length=210)] = Field(
        description="visits (to this stage before), purchases (so far), days_since_first (day as a customer), a trait that is a "
        'number, or the word that a trait is, as in "plan == pro"'
    )
    log_odds: LogOdds | None = Field(None, description="per one more, for an exit of a choice stage")
    hazard_ratio: Ratio | None = Field(None, description="per one more, for an exit of a race stage")
    up_to: Amount | None = Field(None, description="what lies above counts as this; no limit if left out")
    around: Amount = Field(0.0, description="where the stated numbers of the exit hold: the effect counts from here")

    @model_validator(mode="after")
    def _one_scale(self) -> Self:
        given = [scale for scale in ("log_odds", "hazard_ratio") if getattr(self, scale) is not None]
        if len(given) != 1:
            what = "gives log_odds and hazard_ratio at once" if given else "says nothing about what it does"
            remedy = "keep the one that fits the stage" if given else "add log_odds (choice) or hazard_ratio (race)"
            raise refuse(what, remedy)
        return self

    @model_validator(mode="after")
    def _amounts(self) -> Self:
        for key in ("up_to", "around"):
            amount = getattr(self, key)
            if self.word is not None and key in self.model_fields_set:
                raise refuse(f"a word has no amount, so {key} means nothing", "take it out", key)
            if self.per in PAST and amount is not None and amount < 0.0:
                raise refuse(f"{self.per} are never below 0", "give a number from 0 on", key)
        return self

    @property
    def of(self) -> str:
        """What it counts: something of the past, or the name of a trait."""
        return self.per.partition(" == ")[0]

    @property
    def word(self) -> str | None:
        """The word that the trait has to be; None where it counts a number."""
        return self.per.partition(" == ")[2] or None

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

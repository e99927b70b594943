"""What is known of customers: numbers and words in which they differ, drawn once a customer or anew at each stay."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Discriminator, Field, Strict, Tag, model_validator

from sojourn.scenarios.base import BY_STAY, NUMBER, OF_LAW, OF_WORDS, TABLE, Name, Part, Share, kind, refuse
from sojourn.scenarios.dwell import (
    Deadline,
    Deterministic,
    Empirical,
    Exponential,
    Gamma,
    Loglogistic,
    Lognormal,
    Weibull,
)
from sojourn.scenarios.overrides import Place

EXAMPLE = (
    'a law such as { law = "gamma", mean = 30, shape = 4 }, shares of words such as { web = 0.7, shop = 0.3 }, or one of '
    "them at each stay, as in { each_stay = { web = 0.7, shop = 0.3 } }"
)
MOST_WORDS = 50
CENTRAL = {"mean", "median", "shape", "sigma"}
PARAMETERS = {*CENTRAL, "share", "days", "value"}

Amount = Annotated[float, Field(ge=-1e12, le=1e12)]


class Quantiles(Part):
    """Any numbers, joined by straight lines: `share[i]` of customers have `value[i]` or less."""

    law: Literal["quantiles"] = Field(description="which law")
    share: Annotated[tuple[Share, ...], Strict(False), Field(min_length=2, max_length=10_000)] = Field(
        description="shares, from 0 to 1; two that are equal are a jump"
    )
    value: Annotated[tuple[Amount, ...], Strict(False), Field(min_length=2, max_length=10_000)] = Field(
        description="the value that each share has at most; may be below 0"
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if len(self.share) != len(self.value):
            raise refuse(f"has {len(self.share)} shares but {len(self.value)} values", "give as many of both")
        if self.share[0] != 0:
            raise refuse("the first share is not 0", "begin with share 0 and the smallest value", "share", 0)
        if self.share[-1] != 1:
            raise refuse("the last share is not 1", "end with share 1 and the largest value", "share")
        for i in range(1, len(self.share)):
            for key, these in (("share", self.share), ("value", self.value)):
                if these[i] < these[i - 1]:
                    raise refuse(f"the {key}s fall", "sort them", key, i)
        return self


def _form(value: Any) -> str | None:
    """How a trait is given, by what its entries are: a text names a law, a table is drawn from at stays, numbers are shares."""
    if isinstance(value, BaseModel):
        return BY_STAY if isinstance(value, ByStay) else OF_LAW
    if not isinstance(value, dict):
        return None
    if "law" in value and kind(value["law"]) != NUMBER:
        return OF_LAW
    kinds = {kind(one) for one in value.values()}
    if TABLE in kinds and (NUMBER not in kinds or any(key in ByStay.model_fields for key in value)):
        return BY_STAY
    meant = set(value) <= CENTRAL if kinds <= {NUMBER} else any(key in PARAMETERS for key in value)
    return OF_LAW if value and meant else OF_WORDS  # of a law whose name is forgotten or misspelt


TraitLaw = Annotated[
    Exponential | Weibull | Lognormal | Loglogistic | Gamma | Deterministic | Empirical | Deadline | Quantiles,
    Discriminator("law"),
]
Words = Annotated[dict[Name, Share], Field(min_length=2, max_length=MOST_WORDS)]
_by_form = Discriminator(_form, custom_error_type="form", custom_error_message=EXAMPLE)
Drawn = Annotated[Annotated[TraitLaw, Tag(OF_LAW)] | Annotated[Words, Tag(OF_WORDS)], _by_form]


class ByStay(Part):
    """A trait that is drawn anew at each stay."""

    each_stay: Drawn | None = Field(
        None, description="what it is drawn from at each stay, in every stage; or give in_stage"
    )
    in_stage: Annotated[dict[Name, Drawn], Field(min_length=1, max_length=4000)] | None = Field(
        None, description="what it is drawn from, by stage: only in these it has a value"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.each_stay is None) == (self.in_stage is None):
            both = self.each_stay is not None
            raise refuse(
                "gives each_stay and in_stage at once" if both else "does not say what it is drawn from",
                "keep one of them" if both else "add each_stay = { ... }",
            )
        if len({isinstance(one, dict) for one in self.drawn}) > 1:
            raise refuse("is a word in some stages and a number in others", "make two traits of it", "in_stage")
        return self

    @property
    def drawn(self) -> tuple["Drawn", ...]:
        """All that it is drawn from."""
        return (self.each_stay,) if self.each_stay is not None else tuple((self.in_stage or {}).values())


Trait = Annotated[
    Annotated[TraitLaw, Tag(OF_LAW)] | Annotated[Words, Tag(OF_WORDS)] | Annotated[ByStay, Tag(BY_STAY)], _by_form
]


def parts(trait: Trait) -> dict[str, Drawn]:
    """All that a trait is drawn from, by where it stands in the trait's table."""
    if not isinstance(trait, ByStay):
        return {"": trait}
    if trait.each_stay is not None:
        return {"each_stay": trait.each_stay}
    return {f"in_stage.{stage}": one for stage, one in (trait.in_stage or {}).items()}


def at_stay(trait: Trait, stage: str) -> Drawn | None:
    """What a trait is drawn from at a stay in this stage; None where it is not drawn there, or is the customer's once for all."""
    if not isinstance(trait, ByStay):
        return None
    return trait.each_stay if trait.each_stay is not None else (trait.in_stage or {}).get(stage)


def words_of(*traits: Trait) -> tuple[str, ...]:
    """The words that a trait may be, as all these versions of it have them, in order; none for a number."""
    drawn = [one for trait in traits for one in parts(trait).values() if isinstance(one, Mapping)]
    return tuple(dict.fromkeys(word for one in drawn for word in one))


def words_at(place: Place) -> Place | None:
    """The table of words that a place is the share of one in; None for other numbers."""
    within = place[2:-1]
    tables = within in ((), ("each_stay",)) or (len(within) == 2 and within[0] == "in_stage")
    if len(place) < 3 or place[0] != "traits" or not tables or place[-1] in (PARAMETERS | {"day", "never"}):
        return None
    return place[:-1]

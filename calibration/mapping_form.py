"""What a mapping file holds: columns, the window of watching, and which events mean which stage."""

import datetime
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from sojourn.calibration.rules import STRICT, Meant, Rule, Told, Value, meant, texts

STAGE_NAME = Annotated[str, Field(pattern=r"^[\w-]+$", min_length=1, max_length=100)]
Column = Annotated[str, Field(min_length=1, max_length=200)]
Moment = datetime.datetime | datetime.date | float | Column
COLUMNS = ("customer", "time", "event", "segment", "person", "arm", "journey")
WINDOW = ("observed_from", "observed_until")


class Sessions(BaseModel):
    """Events of a customer less than `gap_minutes` apart are one session."""

    model_config = STRICT

    gap_minutes: Annotated[float, Field(gt=0, le=1e6)]


class PerStay(BaseModel):
    """A column whose value at the beginning of each stay counts, not only the customer's first."""

    model_config = STRICT

    column: Column
    per: Literal["customer", "stay"] = "customer"


class Given(BaseModel):
    """How the log is read: a query where it is a DuckDB database file."""

    model_config = STRICT

    query: Annotated[str, Field(min_length=1, max_length=100_000)]


class Every(BaseModel):
    """One event for every row of a log that has no column for it, as a list of purchases."""

    model_config = STRICT

    value: Annotated[str, Field(min_length=1, max_length=200)]


class Mapping(BaseModel):
    """A mapping file, checked. Column names, and event values by stage."""

    model_config = STRICT

    customer: Column
    time: Column
    event: Column | Every
    segment: Column | None = None
    person: Column | None = None
    arm: Column | None = None
    journey: Column | None = None
    new_journey_after_days: Annotated[float, Field(gt=0, le=1e5)] | None = None
    new_journey_on: str | None = None
    sessions: Sessions | None = None
    timezone: str | None = None
    time_format: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    observed_from: Moment | None = None
    observed_until: Moment | None = None
    repeats: Literal["same stay", "new stay"] = "same stay"
    clock: Literal["calendar", "customer"] = "calendar"
    horizon_days: Annotated[float, Field(gt=0, le=1e5)] | None = None
    ignore: list[Value | Rule] = []
    already: list[Value] = []
    stages: dict[STAGE_NAME, Told]
    ends: dict[STAGE_NAME, Told] = {}
    roles: dict[str, Literal["purchase", "loyal", "lost"]] = {}
    silent: dict[str, Literal["bgnbd", "paretonbd", "bgnbd-k", "paretonbd-k"]] = {}
    contracts: dict[str, str] = {}
    doses: dict[str, Annotated[float, Field(ge=0)]] = {}
    forms: dict[str, Literal["auto", "choice", "race"]] = {}
    frailty: dict[str, Literal["auto", "gamma", "beta", "normal", "none"]] = {}
    covariates: dict[STAGE_NAME, Column | PerStay] = {}
    history: list[Literal["visits", "purchases", "days_since_first"]] = []
    log: Given | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All stages, in the order of the file, the ends last."""
        return (*self.stages, *self.ends)

    @property
    def columns(self) -> dict[str, str]:
        """The columns that the log must have, by their key in this file; those of conditions are in `asked`."""
        return {key: name for key in (*COLUMNS, *WINDOW) if isinstance(name := getattr(self, key), str)}

    @property
    def asked(self) -> dict[str, str]:
        """Columns that conditions ask about, with the place of the first that does."""
        found: dict[str, str] = {}
        for rule in (*self.rules(), *self.ignored):
            for column in rule.where.columns if rule.where is not None else ():
                part = "ends" if rule.stage in self.ends else "stages"
                found.setdefault(column, f"{part}.{rule.stage}.where" if rule.stage else "ignore")
        return found

    @property
    def covariate_columns(self) -> dict[str, str]:
        """The columns of the covariates, by their name."""
        return {name: one.column if isinstance(one, PerStay) else one for name, one in self.covariates.items()}

    @property
    def ignored(self) -> tuple[Meant, ...]:
        """Rules for events that mean no stage; their `stage` is empty."""
        return tuple(meant("", self.ignore))

    @property
    def splits(self) -> bool:
        """Whether a customer may have several journeys."""
        return any((self.journey, self.new_journey_after_days, self.new_journey_on))

    @property
    def told(self) -> frozenset[str]:
        """Event values that tell where a customer is, and not since when."""
        return frozenset(texts(self.already))

    def rules(self) -> Iterator[Meant]:
        """The rules of every stage, in the order of the file, the ends last."""
        for name, told in (*self.stages.items(), *self.ends.items()):
            yield from meant(name, told)


def parts_of(silent: str) -> tuple[str, str, str, str]:
    """The stages of a scenario that stand for one that is left unseen: first purchase, waiting, later purchases, gone."""
    return silent, f"{silent}_waiting", f"{silent}_again", f"{silent}_over"


def history_order(mapping: Mapping) -> list[Meant]:
    """Rules by history, each behind the rules for the stage that it comes after.

    Raises:
        ValueError: if they wait for each other in a circle.
    """
    waiting = [rule for rule in mapping.rules() if rule.after is not None]
    by_event = {rule.stage for rule in mapping.rules() if rule.after is None}
    ordered: list[Meant] = []
    while waiting:
        open_stages = {rule.stage for rule in waiting}
        ready = [
            rule
            for rule in waiting
            if rule.after not in open_stages or (rule.after == rule.stage and rule.stage in by_event)
        ]
        if not ready:
            raise ValueError(f"the rules for {', '.join(sorted(open_stages))} wait for each other")
        ordered += ready
        by_event |= {rule.stage for rule in ready}
        waiting = [rule for rule in waiting if rule not in ready]
    return ordered

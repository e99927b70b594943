"""The mapping file: which columns of an event log mean what, and which events mean which stage.

```toml
customer = "household_id"      # column names
time = "when"
event = "what"
segment = "age_group"          # optional: one value a customer
person = "household_id"        # optional: who is behind several journeys; the check never splits a person
arm = "group"                  # optional: the arm of an experiment, one value a customer (see `levers`)
observed_until = 2017-12-31    # the end of that day; or a time, a number of days, or the name of a column
repeats = "same stay"          # or "new stay": what an event means while its customer is in that stage already
clock = "calendar"             # or "customer": all start together on their own day 0 (a cohort)
horizon_days = 365             # optional: of the scenario; left out, the span of the log
ignore = ["page_view"]         # event values that mean no stage
[stages]                       # stage = event values
targeted = ["campaign_start"]
redeemed = ["coupon_redeemed"]
redeemed_again = { event = "coupon_redeemed", after = "redeemed" }
[ends]
expired = ["campaign_end"]
[roles]                        # optional: what measures count a stage as (purchase, loyal, lost)
redeemed = "purchase"
[silent]                       # optional: stages whose event repeats and which customers leave unseen, and the model of that
redeemed = "bgnbd"             # or "paretonbd"
[contracts]                    # optional: stages whose event repeats at each renewal, and the end into which customers leave
member = "cancelled"
[doses]                        # optional, of the arms: 0 is control
nobody = 0
"5 % off" = 5
[forms]                        # optional: "choice" or "race", where the data are not to tell
targeted = "race"
[frailty]                      # optional: what customers differ in by exit, where the data are not to tell
"redeemed -> redeemed_again" = "gamma"  # a speed of their own (race); "beta": a chance of their own (choice); "none"
```
"""

import datetime
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sojourn.scenarios.faults import Fault, Faults, dotted, fault, nearest, quoted, shown

Value = str | int
STAGE_NAME = Annotated[str, Field(pattern=r"^[\w-]+$", min_length=1, max_length=100)]
Column = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class History(_Part):
    """Events that mean a stage once the customer has been in the stage `after`."""

    event: Value | list[Value]
    after: str

    @property
    def values(self) -> tuple[str, ...]:
        """The event values as the log writes them."""
        return _texts(self.event)


class Mapping(_Part):
    """A mapping file, checked. Column names, and event values by stage."""

    customer: Column
    time: Column
    event: Column
    segment: Column | None = None
    person: Column | None = None
    arm: Column | None = None
    observed_until: datetime.datetime | datetime.date | float | Column | None = None
    repeats: Literal["same stay", "new stay"] = "same stay"
    clock: Literal["calendar", "customer"] = "calendar"
    horizon_days: Annotated[float, Field(gt=0, le=1e5)] | None = None
    ignore: list[Value] = []
    stages: dict[STAGE_NAME, Value | list[Value] | History]
    ends: dict[STAGE_NAME, Value | list[Value] | History] = {}
    roles: dict[str, Literal["purchase", "loyal", "lost"]] = {}
    silent: dict[str, Literal["bgnbd", "paretonbd"]] = {}
    contracts: dict[str, str] = {}
    doses: dict[str, Annotated[float, Field(ge=0)]] = {}
    forms: dict[str, Literal["auto", "choice", "race"]] = {}
    frailty: dict[str, Literal["auto", "gamma", "beta", "none"]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """All stages, in the order of the file, the ends last."""
        return (*self.stages, *self.ends)

    @property
    def columns(self) -> dict[str, str]:
        """The columns that the log must have, by their key in this file."""
        keys = {"customer": self.customer, "time": self.time, "event": self.event}
        if self.segment is not None:
            keys["segment"] = self.segment
        if self.person is not None:
            keys["person"] = self.person
        if self.arm is not None:
            keys["arm"] = self.arm
        if isinstance(self.observed_until, str):
            keys["observed_until"] = self.observed_until
        return keys

    @property
    def ignored(self) -> frozenset[str]:
        """Event values that mean no stage."""
        return frozenset(_texts(self.ignore))

    def rules(self) -> Iterator[tuple[str, tuple[str, ...], str | None]]:
        """Every stage with its event values and, where history decides, the stage that must have come before."""
        for name, rule in (*self.stages.items(), *self.ends.items()):
            if isinstance(rule, History):
                yield name, rule.values, rule.after
            else:
                yield name, _texts(rule), None


def load_mapping(path: str | Path) -> Mapping:
    """Read and check a mapping file.

    Raises:
        Faults: all mistakes of the file, each with its place, value and remedy.
    """
    file = str(path)
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not UTF-8 text"
        raise fault(file, "", f"cannot be read: {reason}", "give the path of a mapping file in TOML") from None
    return read_mapping(text, file)


def read_mapping(text: str, file: str = "<mapping>") -> Mapping:
    """Check a mapping given as text; `file` names it in messages. Raises Faults as `load_mapping` does."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as problem:
        said = str(problem) or "it is nested too deeply"
        raise fault(file, "", f"is not valid TOML: {said[:200]}", "mend the line named here") from None
    try:
        mapping = Mapping.model_validate(document)
    except ValidationError as problem:
        raise Faults(_explain(problem, document, file)) from None
    found = list(_contradictions(mapping, file))
    if found:
        raise Faults(found)
    return mapping


def _texts(values: Value | list[Value]) -> tuple[str, ...]:
    return tuple(str(value) for value in (values if isinstance(values, list) else [values]))


EXPECTED = {
    "customer": 'the name of a column, as in customer = "household_id"',
    "time": 'the name of a column, as in time = "when"',
    "event": 'the name of a column, as in event = "what"',
    "segment": "the name of a column, or leave it out",
    "person": "the name of a column, or leave it out",
    "arm": "the name of a column, or leave it out",
    "observed_until": "a date as in observed_until = 2017-12-31 (no quotes), a time, a number of days, or a column",
    "repeats": '"same stay" or "new stay"',
    "clock": '"calendar" or "customer"',
    "horizon_days": "a number of days above 0",
    "ignore": 'a list of event values, as in ignore = ["page_view"]',
    "stages": 'stages with event values, as in targeted = ["campaign_start"]',
    "roles": 'roles of stages: "purchase", "loyal" or "lost", as in redeemed = "purchase"',
    "contracts": 'stages with the end into which customers leave, as in member = "cancelled"',
    "silent": 'stages that customers leave unseen, as in purchase = "bgnbd"',
    "doses": "doses of arms, numbers from 0 on, as in nobody = 0",
    "forms": 'forms of stages: "auto", "choice" or "race", as in trial = "choice"',
    "frailty": 'what customers differ in by exit: "auto", "gamma", "beta" or "none", as in "cart -> bought" = "gamma"',
    "ends": 'stages with event values, as in expired = ["campaign_end"]',
}


def parts_of(silent: str) -> tuple[str, str, str, str]:
    """The stages of a scenario that stand for one that is left unseen: first purchase, waiting, later purchases, gone."""
    return silent, f"{silent}_waiting", f"{silent}_again", f"{silent}_over"


def _explain(problem: ValidationError, document: dict[str, Any], file: str) -> Iterator[Fault]:
    """One fault a place: the forms of a rule that pydantic tried and refused are one mistake, not three."""
    told: set[tuple[str | int, ...]] = set()
    for error in problem.errors(include_url=False, include_context=False):
        depth = (
            2
            if error["loc"][0] in ("stages", "ends", "roles", "silent", "contracts", "doses", "forms", "frailty")
            else 1
        )
        place = error["loc"][:depth]
        if place in told:
            continue
        told.add(place)
        key = str(place[0])
        path = dotted([step for step in place if step != "[key]"])
        if error["type"] == "extra_forbidden" and depth == 1:
            value = document.get(key, "")
            yield Fault(file, path, shown(value), "unknown key", nearest(key, Mapping.model_fields))
        elif error["type"] == "missing" and len(place) == 1:
            yield Fault(file, path, "", "is missing", f"add {EXPECTED[key]}")
        elif error["loc"][-1] == "[key]":
            yield Fault(file, path, quoted(str(place[-1])), "is no name for a stage", "use letters, digits, _ and -")
        elif key == "roles" and isinstance(document.get(key), dict):
            value = document[key].get(place[-1], "")
            yield Fault(file, path, shown(value), f"{shown(value)} is no role", 'use "purchase", "loyal" or "lost"')
        elif key == "contracts" and isinstance(document.get(key), dict):
            value = document[key].get(place[-1], "")
            yield Fault(file, path, shown(value), f"{shown(value)} is no end", 'name one, as in member = "cancelled"')
        elif key == "silent" and isinstance(document.get(key), dict):
            value = document[key].get(place[-1], "")
            yield Fault(file, path, shown(value), f"{shown(value)} is no model", 'use "bgnbd" or "paretonbd"')
        elif key == "doses" and isinstance(document.get(key), dict):
            value = document[key].get(place[-1], "")
            yield Fault(file, path, shown(value), f"{shown(value)} is no dose", "give a number from 0 on; 0 is control")
        elif key == "forms" and isinstance(document.get(key), dict):
            value = document[key].get(place[-1], "")
            yield Fault(file, path, shown(value), f"{shown(value)} is no form", 'use "auto", "choice" or "race"')
        elif key == "frailty" and isinstance(document.get(key), dict):
            value = document[key].get(place[-1], "")
            yield Fault(file, path, shown(value), f"{shown(value)} is no law of it", 'use "gamma", "beta" or "none"')
        elif len(place) == 2 and isinstance(document.get(key), dict):
            value = document[key].get(place[1], "")
            yield Fault(
                file,
                path,
                shown(value),
                f"{shown(value)} is no rule for a stage",
                'give event values as in ["campaign_start"], or { event = "coupon_redeemed", after = "redeemed" }',
            )
        else:
            value = document.get(key, "")
            yield Fault(file, path, shown(value), f"{shown(value)} does not fit", f"give {EXPECTED[key]}")


def _contradictions(mapping: Mapping, file: str) -> Iterator[Fault]:
    """Mistakes that no single key shows."""
    until = mapping.observed_until
    if isinstance(until, datetime.date) and not 1900 <= until.year <= 2200:
        yield Fault(file, "observed_until", shown(until), f"{shown(until)} is no year of ours", "give 1900 to 2200")
    if not mapping.stages:
        yield Fault(file, "stages", "", "has no stage", f"add {EXPECTED['stages']}")
    for name in mapping.ends:
        if name in mapping.stages:
            yield Fault(file, f"ends.{name}", "", "is a stage too", "keep it under [stages] or under [ends]")
    if mapping.doses and mapping.arm is None:
        yield Fault(file, "doses", "", "are doses of no arms", 'name the column of the arms, as in arm = "group"')
    for name in mapping.roles:
        if name not in mapping.names:
            yield Fault(file, f"roles.{name}", "", f"no stage named {quoted(name)}", nearest(name, mapping.names))
    for name in mapping.silent:
        path = f"silent.{name}"
        if name not in mapping.stages:
            what = (
                f"{quoted(name)} is an end, which nobody leaves"
                if name in mapping.ends
                else f"no stage named {quoted(name)}"
            )
            yield Fault(file, path, quoted(name), what, nearest(name, [*mapping.stages]))
        for part in parts_of(name)[1:]:
            if part in mapping.names:
                yield Fault(
                    file, path, quoted(part), f"the scenario will need the name {quoted(part)}", "rename that stage"
                )
    for name, end in mapping.contracts.items():
        path = f"contracts.{name}"
        if name not in mapping.stages:
            yield Fault(file, path, quoted(name), f"no stage named {quoted(name)}", nearest(name, [*mapping.stages]))
        elif name in mapping.silent:
            yield Fault(
                file, path, quoted(name), f"{quoted(name)} is silent too", "keep it under [silent] or under [contracts]"
            )
        if end not in mapping.ends:
            yield Fault(file, path, quoted(end), f"no end named {quoted(end)}", nearest(end, [*mapping.ends]))
    for name in mapping.forms:
        if name in mapping.ends:
            yield Fault(file, f"forms.{name}", "", "is an end, which nobody leaves", "take it out")
        elif name not in mapping.stages:
            yield Fault(file, f"forms.{name}", "", f"no stage named {quoted(name)}", nearest(name, mapping.stages))
        elif name in mapping.silent or name in mapping.contracts:
            yield Fault(
                file, f"forms.{name}", "", "has a model of its own under [silent] or [contracts]", "take it out"
            )
    for exit_ in mapping.frailty:
        stage, _, to = exit_.partition(" -> ")
        path = dotted(["frailty", exit_])
        if not to:
            yield Fault(file, path, "", "names no exit", 'write it as "stage -> next stage"')
        elif stage not in mapping.stages:
            yield Fault(file, path, "", f"no stage named {quoted(stage)}", nearest(stage, mapping.stages))
        elif to not in mapping.names:
            yield Fault(file, path, "", f"no stage named {quoted(to)}", nearest(to, mapping.names))
        elif stage in mapping.silent or stage in mapping.contracts:
            yield Fault(file, path, "", f"{stage} has a model of its own under [silent] or [contracts]", "take it out")
    owners: dict[str, str] = {}
    for name, values, after in mapping.rules():
        part = "ends" if name in mapping.ends else "stages"
        path = f"{part}.{name}"
        if not values:
            yield Fault(file, path, "an empty list", "has no event values", "list the values that mean this stage")
        for value in values:
            if value in mapping.ignored:
                yield Fault(file, path, quoted(value), f"the event {quoted(value)} is under ignore too", "drop one")
            if after is None and owners.setdefault(value, name) != name:
                yield Fault(
                    file,
                    path,
                    quoted(value),
                    f"the event {quoted(value)} already means {quoted(owners[value])}",
                    f'tell them apart by history: {{ event = {quoted(value)}, after = "{owners[value]}" }}',
                )
        if after is not None and after not in mapping.names:
            yield Fault(
                file, f"{path}.after", quoted(after), f"no stage named {quoted(after)}", nearest(after, mapping.names)
            )
        elif after in mapping.ends:
            yield Fault(
                file,
                f"{path}.after",
                quoted(after),
                f"{quoted(after)} is an end",
                "nothing follows an end; name a stage",
            )
    try:
        history_order(mapping)
    except ValueError as problem:
        yield Fault(file, "stages", "", str(problem), "let one of them be told by its event alone")


def history_order(mapping: Mapping) -> list[tuple[str, tuple[str, ...], str]]:
    """Rules by history, each behind the rule for the stage that it comes after.

    Raises:
        ValueError: if they wait for each other in a circle.
    """
    waiting = {name: (values, after) for name, values, after in mapping.rules() if after is not None}
    ordered: list[tuple[str, tuple[str, ...], str]] = []
    while waiting:
        ready = [name for name, (_, after) in waiting.items() if after not in waiting or after == name]
        if not ready or any(waiting[name][1] == name for name in ready):
            raise ValueError(f"the rules for {', '.join(waiting)} wait for each other")
        for name in ready:
            values, after = waiting.pop(name)
            ordered.append((name, values, after))
    return ordered

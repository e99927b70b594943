"""What is wrong with a mapping file, told with place, value and remedy."""

import datetime
import zoneinfo
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from sojourn.calibration.mapping_form import WINDOW, Mapping, history_order, parts_of
from sojourn.calibration.rules import Rule, Told, Value
from sojourn.calibration.timeformats import amiss
from sojourn.calibration.where import read_where
from sojourn.scenarios.conditions import ConditionError
from sojourn.scenarios.faults import Fault, dotted, nearest, quoted, shown
from sojourn.scenarios.history import PAST

EXPECTED = {
    "customer": 'the name of a column, as in customer = "household_id"',
    "time": 'the name of a column, as in time = "when"',
    "event": 'the name of a column, as in event = "what", or event = { value = "purchase" } for every row',
    "segment": "the name of a column, or leave it out",
    "person": "the name of a column, or leave it out",
    "arm": "the name of a column, or leave it out",
    "journey": "the name of a column, or leave it out",
    "new_journey_after_days": "a number of days above 0, at most 100,000",
    "new_journey_on": "the name of a stage",
    "sessions": "sessions = { gap_minutes = 30 }",
    "timezone": 'the name of a zone, as in timezone = "Europe/Berlin"',
    "time_format": 'how times are written, as in time_format = "%d.%m.%Y %H:%M"',
    "already": 'a list of event values, as in already = ["was_member"]',
    "log": 'a table with a query, as in query = "select * from events"',
    "observed_from": "a date as in observed_from = 2017-01-01 (no quotes), a time, a number of days, or a column",
    "observed_until": "a date as in observed_until = 2017-12-31 (no quotes), a time, a number of days, or a column",
    "repeats": '"same stay" or "new stay"',
    "clock": '"calendar" or "customer"',
    "horizon_days": "a number of days above 0, at most 100,000",
    "ignore": 'a list of event values, as in ignore = ["page_view"]',
    "stages": 'stages with event values, as in targeted = ["campaign_start"]',
    "roles": 'roles of stages: "purchase", "loyal" or "lost", as in redeemed = "purchase"',
    "contracts": 'stages with the end into which customers leave, as in member = "cancelled"',
    "silent": 'stages that customers leave unseen, as in purchase = "bgnbd"',
    "doses": "doses of arms, numbers from 0 on, as in nobody = 0",
    "forms": 'forms of stages: "auto", "choice" or "race", as in trial = "choice"',
    "frailty": 'what customers differ in by exit: "auto", "gamma", "beta", "normal" or "none", as in "cart -> bought" = "gamma"',
    "covariates": 'columns in which customers differ, as in price = "price_paid" or price = { column = "price", per = "stay" }',
    "history": 'a list of "visits", "purchases" and "days_since_first"',
    "ends": 'stages with event values, as in expired = ["campaign_end"]',
}

SILENT = 'use "bgnbd" or "paretonbd", or where purchases are regular "bgnbd-k" or "paretonbd-k"'
TABLES = ("stages", "ends", "roles", "silent", "contracts", "doses", "forms", "frailty", "covariates")


def explained(problem: ValidationError, document: dict[str, Any], file: str) -> Iterator[Fault]:
    """One fault a place: the forms of a rule that pydantic tried and refused are one mistake, not three."""
    told: set[tuple[str | int, ...]] = set()
    for error in problem.errors(include_url=False, include_context=False):
        depth = 2 if error["loc"][0] in TABLES else 1
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
            yield Fault(file, path, shown(value), f"{shown(value)} is no model", SILENT)
        elif key == "doses" and isinstance(document.get(key), dict):
            value = document[key].get(place[-1], "")
            yield Fault(file, path, shown(value), f"{shown(value)} is no dose", "give a number from 0 on; 0 is control")
        elif key == "forms" and isinstance(document.get(key), dict):
            value = document[key].get(place[-1], "")
            yield Fault(file, path, shown(value), f"{shown(value)} is no form", 'use "auto", "choice" or "race"')
        elif key == "frailty" and isinstance(document.get(key), dict):
            value = document[key].get(place[-1], "")
            yield Fault(
                file, path, shown(value), f"{shown(value)} is no law of it", 'use "gamma", "beta", "normal" or "none"'
            )
        elif key == "covariates" and isinstance(document.get(key), dict):
            value = document[key].get(place[-1], "")
            yield Fault(file, path, shown(value), f"{shown(value)} names no column", f"give {EXPECTED[key]}")
        elif len(place) == 2 and isinstance(document.get(key), dict):
            value = document[key].get(place[1], "")
            yield Fault(
                file,
                path,
                shown(value),
                f"{shown(value)} is no rule for a stage",
                'give event values as in ["campaign_start"], or { event = "coupon_redeemed", after = "redeemed" }, '
                'or { pattern = "view_*" }, or { event = "order", where = "amount >= 100" }',
            )
        else:
            value = document.get(key, "")
            yield Fault(file, path, shown(value), f"{shown(value)} does not fit", f"give {EXPECTED[key]}")


def contradictions(mapping: Mapping, file: str) -> Iterator[Fault]:
    """Mistakes that no single key shows."""
    for key in WINDOW:
        day = getattr(mapping, key)
        if isinstance(day, datetime.date) and not 1900 <= day.year <= 2200:
            yield Fault(file, key, shown(day), f"{shown(day)} is no year of ours", "give 1900 to 2200")
    yield from _unzoned(mapping, file)
    if mapping.time_format is not None and (wrong := amiss(mapping.time_format)) is not None:
        remedy = "write %d for the day, %m for the month, %Y for the year, %H:%M:%S for the time"
        yield Fault(file, "time_format", quoted(mapping.time_format), f"{quoted(mapping.time_format)}: {wrong}", remedy)
    yield from _journeys(mapping, file)
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
    yield from _differences(mapping, file)
    unreadable = list(_conditions(mapping, file))
    yield from unreadable
    if not unreadable:
        yield from _clashes(mapping, file)


def _differences(mapping: Mapping, file: str) -> Iterator[Fault]:
    """Exits in which customers are to differ, and the columns by which they do."""
    for name in mapping.covariates:
        if name in PAST:
            what = f"{quoted(name)} is something that every customer has"
            yield Fault(file, f"covariates.{name}", "", what, "ask for it under history, or take another name")
    for place, name in enumerate(mapping.history):
        if name in mapping.history[:place]:
            yield Fault(file, f"history[{place}]", quoted(name), "is asked for twice", "take one out")
        if name == "purchases" and "purchase" not in mapping.roles.values():
            what, remedy = "no stage counts as a purchase", 'give one that role, as in [roles] bought = "purchase"'
            yield Fault(file, f"history[{place}]", quoted(name), what, remedy)
    for exit_ in mapping.frailty:
        stage, _, to = exit_.partition(" -> ")
        path = dotted(["frailty", exit_])
        if not to:
            yield Fault(file, path, "", "names no exit", 'write it as "stage -> next stage"')
        elif stage not in mapping.stages:
            yield Fault(file, path, "", f"no stage named {quoted(stage)}", nearest(stage, [*mapping.stages]))
        elif to not in mapping.names:
            yield Fault(file, path, "", f"no stage named {quoted(to)}", nearest(to, mapping.names))
        elif stage in mapping.silent or stage in mapping.contracts:
            yield Fault(file, path, "", f"{stage} has a model of its own under [silent] or [contracts]", "take it out")


def _unzoned(mapping: Mapping, file: str) -> Iterator[Fault]:
    if mapping.timezone is not None:
        try:
            zoneinfo.ZoneInfo(mapping.timezone)
        except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError, but a folder of zones is an OSError
            known = False
        except zoneinfo.ZoneInfoNotFoundError:
            known = False
        else:
            known = True
        if not known:
            what = f"{quoted(mapping.timezone)} is no time zone"
            remedy = nearest(mapping.timezone, sorted(zoneinfo.available_timezones()))
            remedy = remedy if remedy.startswith("; did you mean") else 'name one as in timezone = "Europe/Berlin"'
            yield Fault(file, "timezone", quoted(mapping.timezone), what, remedy)


def _journeys(mapping: Mapping, file: str) -> Iterator[Fault]:
    """Journeys, sessions and events without a beginning."""
    others = [key for key in ("new_journey_after_days", "new_journey_on") if getattr(mapping, key) is not None]
    if mapping.journey is not None and others:
        what = f"{others[0]} has nothing to do where a column tells the journeys"
        yield Fault(file, others[0], "", what, "keep one of them")
    on = mapping.new_journey_on
    if on is not None and on not in mapping.stages:
        yield Fault(file, "new_journey_on", quoted(on), f"no stage named {quoted(on)}", nearest(on, [*mapping.stages]))
    if mapping.sessions is not None and mapping.repeats == "same stay" and not (mapping.silent or mapping.contracts):
        what = "changes nothing: repeats belong to the same stay anyway"
        yield Fault(file, "sessions", "", what, 'add repeats = "new stay", or take sessions out')
    for value in mapping.told:
        owned = [name for name, told in (*mapping.stages.items(), *mapping.ends.items()) if value in _plain(told)]
        if not owned:
            what = f"the event {quoted(value)} means no stage"
            yield Fault(file, "already", quoted(value), what, f"add {quoted(value)} to the stage in which they were")


def _plain(told: Told) -> tuple[str, ...]:
    entries: list[Value | Rule] = told if isinstance(told, list) else [told]
    return tuple(str(entry) for entry in entries if not isinstance(entry, Rule))


def _tables(mapping: Mapping) -> Iterator[tuple[str, Rule]]:
    """Rules that are tables, with their places."""
    for part, of in (("stages", mapping.stages), ("ends", mapping.ends)):
        for name, told in of.items():
            entries: list[Value | Rule] = told if isinstance(told, list) else [told]
            yield from ((f"{part}.{name}", entry) for entry in entries if isinstance(entry, Rule))
    yield from (("ignore", entry) for entry in mapping.ignore if isinstance(entry, Rule))


def _conditions(mapping: Mapping, file: str) -> Iterator[Fault]:
    for path, rule in _tables(mapping):
        if rule.where is not None:
            try:
                read_where(rule.where)
            except ConditionError as problem:
                message = f"{problem.message} (character {problem.position})"
                yield Fault(file, f"{path}.where", quoted(rule.where), message, problem.remedy)
        if path == "ignore" and rule.after is not None:
            yield Fault(file, path, quoted(rule.after), "what is ignored has no history", "take `after` out")


def _clashes(mapping: Mapping, file: str) -> Iterator[Fault]:
    """Values that mean two things, and histories that cannot be."""
    ignored = {value for rule in mapping.ignored if rule.where is None for value in rule.values}
    for name, told in (*mapping.stages.items(), *mapping.ends.items()):
        if told == []:
            part = "ends" if name in mapping.ends else "stages"
            yield Fault(file, f"{part}.{name}", "an empty list", "has no event values", "list the values that mean it")
    owners: dict[str, str] = {}
    for rule in mapping.rules():
        name, after = rule.stage, rule.after
        path = f"{'ends' if name in mapping.ends else 'stages'}.{name}"
        for value in rule.values if rule.where is None else ():
            if value in ignored:
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

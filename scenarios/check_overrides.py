"""Overrides of segments and variants: do they name places that exist, and that may differ?"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from sojourn.scenarios.faults import Fault, clipped, dotted, nearest, quoted, shown
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import WHOLE, Place, entries, has, put
from sojourn.scenarios.translation import Trouble

SHARED = ("format", "scenario", "arrivals", "market", "segments", "surveys", "strategies", "sources")
SHARED_OF_DESK = ("agents", "priority", "cost_per_agent_day")
SHARED_OF_STAGE = ("end", "role")
SECTIONS = tuple(field.alias or name for name, field in Scenario.model_fields.items())


def amended(
    document: dict[str, Any],
    owner: Place,
    override: dict[str, Any],
    file: str,
    passing: Callable[[Place], bool] = lambda place: False,
) -> tuple[dict[str, Any], list[Trouble]]:
    """Return the document with an override applied, and what is wrong with its paths.

    `owner`: whose override it is; `passing`: places that have mistakes of their own, about which nothing is said.
    """
    changed = deepcopy(document)
    found: list[Trouble] = []
    for keys, place, value in entries(override):
        at: Place = (*owner, "override", *keys) if owner else keys
        wrong = _unreadable(keys) if place is None else _wrong(changed, place, value, str(owner[0]) if owner else "")
        if wrong is not None and not (place is not None and passing(place)):
            text = "" if isinstance(value, dict) else shown(value)
            found.append(Trouble(at, Fault(file, dotted(at), text, wrong[0], wrong[1].removeprefix("; "))))
    return changed, found


def back(trouble: Trouble, owner: Place, override: dict[str, Any]) -> Trouble:
    """Return a trouble of the changed document at the entry of the override that causes it."""
    place, fault = trouble
    best: Place | None = None
    rest: Place = ()
    for keys, meant, _ in entries(override):
        if meant is None:
            continue
        if place[: len(meant)] == meant:
            best, rest = keys, place[len(meant) :]
            break
        if meant[: len(place)] == place and best is None:
            best = keys
    at: Place = (*owner, "override", *(best or ()), *rest)
    message = fault.message if best is not None else f"makes {dotted(place)} wrong: {fault.message}"
    return Trouble(at, Fault(fault.file, dotted(at), fault.value, message, fault.remedy))


def _unreadable(keys: Place) -> tuple[str, str]:
    return f"{quoted(str(keys[-1]))} is no path", 'join keys by dots, as in "stages.purchase.cost"'


def _wrong(document: dict[str, Any], place: Place, value: Any, owner: str) -> tuple[str, str] | None:
    """Apply one entry; `owner`: "segments", "variants" or "" for nobody's.

    Return message and remedy where that cannot be done, and leave the document as it was.
    """
    if place[0] not in SECTIONS:
        return f"no table named {quoted(str(place[0]))}", nearest(str(place[0]), SECTIONS)
    if owner and place[0] in WHOLE:
        remedy = f"take it out of the override; {place[0]} stand once, for all versions"
        return f"{quoted(str(place[0]))} belongs to the file as a whole", remedy
    if owner != "segments":
        lacking = put(document, place, value)
        return None if lacking is None else _lacking(document, lacking)
    reason = _shared(document, place)
    if reason:
        return f"{reason} shared by all customers", "a segment cannot change it; a variant can"
    if len(place) == 1:
        return f"replaces the whole table {place[0]}", 'name what differs, as in "stages.purchase.cost"'
    if len(place) == 2 and place[0] in ("stages", "desks", "levers") and _at(document, place) is None:
        table = document.get(str(place[0]), {})
        names = list(table) if isinstance(table, dict) else []
        return f"no {str(place[0]).removesuffix('s')} named {quoted(str(place[1]))}", nearest(str(place[1]), names)
    return _put_own(document, place, value)


def _put_own(document: dict[str, Any], place: Place, value: Any) -> tuple[str, str] | None:
    """Apply an entry of a segment, unless it would change what is shared by all."""
    near = len(place) <= 3 or place[0] == "levers"  # deeper places hold nothing shared
    before = dict(_shared_values(document)) if near else {}
    kept = deepcopy(_at(document, place[:-1]))
    lacking = put(document, place, value)
    if lacking is not None:
        return _lacking(document, lacking)
    after = dict(_shared_values(document)) if near else {}
    for key in [*before, *after]:
        if before.get(key) != after.get(key):
            put(document, place[:-1], kept)
            message = f"would change {dotted(key)}, which is shared by all customers"
            return message, "name the other numbers one by one"
    return None


def _at(document: Any, place: Place) -> Any:
    for step in place:
        if not has(document, step):
            return None
        document = document[step]
    return document


def _lacking(document: dict[str, Any], lacking: Place) -> tuple[str, str]:
    table: Any = document
    for step in lacking[:-1]:
        table = table[step]
    above, step = dotted(lacking[:-1]) or "the file", lacking[-1]
    if isinstance(table, dict) and isinstance(step, str):
        return f"{above} has no {quoted(step)}", nearest(step, [str(key) for key in table])
    if isinstance(table, list):
        return f"{above} has no entry {clipped(str(step))}", f"entries are counted from [0] to [{len(table) - 1}]"
    return f"{above} is {shown(table)} and has nothing inside", f"override {quoted(above)} itself"


def _shared(document: dict[str, Any], place: Place) -> str:
    """Say what is shared, where a place is or lies in something that all customers share."""
    steps = [str(step) for step in place]
    if steps[0] in SHARED:
        return f"{quoted(steps[0])} is"
    if steps[0] == "desks" and len(steps) > 2 and steps[2] in SHARED_OF_DESK:
        return f"{quoted(steps[2])} of a desk is"
    if steps[0] == "stages" and len(steps) > 2 and steps[2] in SHARED_OF_STAGE:
        return f"{quoted(steps[2])} of a stage is"
    if steps[0] == "levers" and len(steps) > 2:
        if steps[2:4] == ["cost", "per_day"]:
            return "the cost per day of a lever is"
        if any(place[: len(at)] == at for at, _ in _shared_effects(document)):
            return "an effect on arrivals or on the agents of a desk is"
        if steps[2] == "response" and any(at[1] == steps[1] for at, _ in _shared_effects(document)):
            return "the response of a lever that acts on arrivals or agents is"
    return ""


def _shared_effects(document: dict[str, Any]) -> Iterator[tuple[Place, Any]]:
    for name, lever in _tables(document, "levers"):
        effects = lever.get("effects", [])
        for i, effect in enumerate(effects if isinstance(effects, list) else []):
            if isinstance(effect, dict) and ("arrivals" in effect or "agents" in effect):
                yield ("levers", name, "effects", i), effect


def _shared_values(document: dict[str, Any]) -> Iterator[tuple[Place, Any]]:
    """Yield what segments may not change, by place."""
    for name, stage in _tables(document, "stages"):
        for key in SHARED_OF_STAGE:
            yield ("stages", name, key), stage.get(key, False)
        yield ("stages", name, "race"), bool(stage.get("race"))
    for name, desk in _tables(document, "desks"):
        for key in SHARED_OF_DESK:
            yield ("desks", name, key), desk.get(key)
    for name, lever in _tables(document, "levers"):
        cost = lever.get("cost", {})
        yield ("levers", name, "cost", "per_day"), cost.get("per_day", 0) if isinstance(cost, dict) else 0
    yield from _shared_effects(document)
    for section in ("stages", "desks", "levers"):
        yield (section,), sorted(name for name, _ in _tables(document, section))


def _tables(document: dict[str, Any], section: str) -> Iterator[tuple[str, dict[str, Any]]]:
    tables = document.get(section, {})
    for name, table in tables.items() if isinstance(tables, dict) else ():
        if isinstance(table, dict):
            yield name, table

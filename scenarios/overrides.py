"""Overrides: numbers that differ for a segment or a variant, named by path.

A quoted path replaces what stands there: `"stages.post_purchase.exits" = { loyalty = 0.7, churned = 0.3 }`. Nested
tables say the same number by number; only a law (a table with the key `law`) and an empty table replace as a whole.
"""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

STEP = re.compile(r"([^\[\]]*)((?:\[\d{1,6}\])*)")
WHOLE = ("variants", "targets", "free")  # tables of the file as a whole, which no version of it has

Place = tuple[str | int, ...]


def place_of(path: str) -> Place | None:
    """Return the steps of a path such as `levers.perks.effects[0].log_odds`; None where it cannot be read."""
    steps: list[str | int] = []
    for part in path.split("."):
        match = STEP.fullmatch(part)
        if match is None or not match[1]:
            return None
        steps.append(match[1])
        steps.extend(int(index) for index in re.findall(r"\d+", match[2]))
    return tuple(steps)


def spelled(place: Place) -> Place:
    """The place with keys of an override taken apart: where `"stages.a.exits" = {...}` stands, the steps that it means."""
    if place[2:3] != ("override",):
        return place
    steps: list[str | int] = []
    for step in place[3:]:
        apart = place_of(step) if isinstance(step, str) else None
        steps.extend((step,) if apart is None else apart)
    return (*place[:3], *steps)


def entries(override: Mapping[str, Any]) -> Iterator[tuple[Place, Place | None, Any]]:
    """Yield (keys as they stand in the override, place that is meant, value) for each number or table."""
    yield from _entries(override, (), ())


def applied(document: dict[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with an override applied. Entries that name no place are skipped (`checks` reports them)."""
    changed = deepcopy(document)
    for _, place, value in entries(override):
        if place is not None:
            put(changed, place, value)
    return changed


def alone(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what one version of a scenario says: without variants, targets and free numbers, which are of the whole file.

    A target names the variants that it is measured in, so that no variant carries it on.
    """
    return {key: value for key, value in document.items() if key not in WHOLE}


def put(document: dict[str, Any], place: Place, value: Any) -> Place | None:
    """Set a value in place. Return None, or the steps up to the first that does not exist (nothing is changed then)."""
    table: Any = document
    for i, step in enumerate(place[:-1]):
        if not has(table, step):
            return place[: i + 1]
        table = table[step]
    last: Any = place[-1]
    if not (isinstance(table, dict) if isinstance(last, str) else has(table, last)):
        return place
    table[last] = deepcopy(value)
    return None


def has(table: Any, step: str | int) -> bool:
    """Tell whether a table has a key, or a list an index."""
    if isinstance(step, str):
        return isinstance(table, dict) and step in table
    return isinstance(table, list) and step < len(table)


def _entries(table: Mapping[str, Any], keys: Place, before: Place) -> Iterator[tuple[Place, Place | None, Any]]:
    for key, value in table.items():
        here = place_of(key)
        place = None if here is None else (*before, *here)
        nested = isinstance(value, dict) and value and "law" not in value and here is not None and len(here) == 1
        if nested and place is not None:
            yield from _entries(value, (*keys, key), place)
        else:
            yield (*keys, key), place, value

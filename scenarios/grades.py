"""Which numbers of a scenario file say where they come from, and which do not.

A number is graded by a `[[sources]]` entry whose path names it or a table around it, or, inside a lever, by the `evidence`
of its effect or of the lever. `borrowed` and `measured` count with a source only; `assumed` is a statement by itself.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from sojourn.scenarios.faults import dotted
from sojourn.scenarios.overrides import Place, place_of

# Numbers that are no evidence about customers: they say what is asked, not what is so.
STRUCTURE = {
    "format": "the version of the file format",
    "scenario.horizon_days": "how long the question looks ahead",
    "arrivals.until_day": "until when the question lets customers come",
    "market.invitee_cap": "a guard on the size of a run",
    "strategies": "levels and days are the decisions to be compared",
    "targets": "what the numbers are to meet is asked, and has an origin of its own",
    "free": "bounds say where a search may look",
}


def uncovered(document: Mapping[str, Any]) -> list[str]:
    """Return the paths of all numbers without a grade, in file order; `document` is the file's tables and lists."""
    return [dotted(place) for place in _open(document)]


def in_short(document: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Return how many numbers have no grade, and where: a table all of whose numbers lack one stands for them."""
    lacking = _open(document)
    return len(lacking), [dotted(place) for place in _joined(document, (), set(lacking))]


def _open(document: Mapping[str, Any]) -> list[Place]:
    known = [place for entry in _tables(document.get("sources", ())) if _graded(entry) for place in _paths(entry)]
    return [
        place
        for place, graded in _numbers(document, (), False)
        if not graded and not any(covers(pattern, place) for pattern in known)
    ]


def _numbers(value: Any, place: Place, graded: bool) -> Iterator[tuple[Place, bool]]:
    """Yield the place of each number that a grade is asked of, and whether a lever or effect around it gives one."""
    if place == ("sources",) or dotted(place) in STRUCTURE:
        return
    if isinstance(value, Mapping):
        graded = graded or (place[:1] == ("levers",) and _graded(value))
        for key, inner in value.items():
            yield from _numbers(inner, (*place, key), graded)
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _numbers(inner, (*place, i), graded)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place, graded


def _joined(value: Any, place: Place, lacking: set[Place]) -> list[Place]:
    numbers = {inner for inner, _ in _numbers(value, place, False)}
    if place and numbers and numbers <= lacking:
        return [place] if len(numbers) > 1 else [*numbers]
    if not numbers & lacking:
        return []
    steps = value.items() if isinstance(value, Mapping) else enumerate(value)
    return [found for step, inner in steps for found in _joined(inner, (*place, step), lacking)]


def _graded(table: Mapping[str, Any]) -> bool:
    grade = table.get("evidence")
    return grade == "assumed" or (grade is not None and bool(str(table.get("source") or "").strip()))


def _tables(entries: Any) -> Iterator[Mapping[str, Any]]:
    return (entry for entry in entries if isinstance(entry, Mapping))


def _paths(entry: Mapping[str, Any]) -> Iterator[Place]:
    for path in entry.get("paths", ()):
        place = place_of(str(path))
        if place is not None:
            yield place


def covers(pattern: Place, place: Place) -> bool:
    """Tell whether a path names a place or a table around it; a name passes through lists, as `effects.log_odds`."""
    if not pattern:
        return True
    if not place:
        return False
    step, here = pattern[0], place[0]
    if isinstance(here, int) and isinstance(step, str):
        return covers(pattern, place[1:])
    same = step == here if isinstance(step, int) or isinstance(here, int) else fnmatchcase(here, step)
    return same and covers(pattern[1:], place[1:])

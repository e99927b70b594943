"""Mistakes of the user, told in plain words: which file, which place in it, what stands there, and what to do.

Every floor raises `Faults` for what the user can mend (the command line then ends with exit code 2). All mistakes of
one input are collected and come at once.
"""

import datetime
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

LONGEST = 60  # characters of a value or a key that a message shows
DEEPEST = 16  # steps of a path that a message shows
LISTED = 12  # names that a message lists at most
BARE = re.compile(r"[\w-]+", re.ASCII)


@dataclass(frozen=True)
class Fault:
    """One mistake. `str()` gives one line: `file: path: message; remedy`."""

    file: str
    """The file as the user named it, or "<text>"."""
    path: str
    """The place inside the file, keys joined by dots as in `stages.consideration.exits`; empty for the whole file."""
    value: str
    """What stands there, shortened; empty where there is nothing to show."""
    message: str
    """What is wrong, without a full stop."""
    remedy: str = ""
    """What to do about it, without a full stop."""

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.file, self.path) if part)
        said = f"{place}: {self.message}" if place else self.message
        remedy = self.remedy.removeprefix("; ")
        return f"{said}; {remedy}" if remedy else said


class Faults(Exception):
    """All mistakes of one input. `faults` holds them, `str()` gives one line each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


def fault(file: str, path: str, message: str, remedy: str = "", value: object = "") -> Faults:
    """Return an exception with a single mistake, ready to raise."""
    return Faults([Fault(file, path, value if value == "" else shown(value), message, remedy)])


def nearest(name: str, names: Iterable[str]) -> str:
    """Return `; did you mean "purchase"?` where a name is close enough, else `; use one of: ...`.

    The result begins with "; " so that it can be appended to a message; given as a remedy, the "; " is not doubled.
    """
    allowed = list(dict.fromkeys(names))
    if not allowed:
        return "; there are none"
    folded = {candidate.casefold().replace("-", "_"): candidate for candidate in reversed(allowed)}
    close = get_close_matches(name[:200].casefold().replace("-", "_").replace(" ", "_"), list(folded), n=1, cutoff=0.7)
    if close:
        return f"; did you mean {quoted(folded[close[0]])}?"
    listed = ", ".join(clipped(candidate) for candidate in allowed[:LISTED])
    rest = f" and {len(allowed) - LISTED} more" if len(allowed) > LISTED else ""
    return f"; use one of: {listed}{rest}" if len(allowed) > 1 else f"; the only one is {quoted(allowed[0])}"


def quoted(text: str) -> str:
    """Return a text in double quotes, shortened, with control characters escaped."""
    return json.dumps(_cut(text), ensure_ascii=not text.isprintable())


def clipped(text: str) -> str:
    """Return a name as it is where it is short and printable, else in quotes."""
    return text if text.isprintable() and text and len(text) <= LONGEST else quoted(text)


def shown(value: object) -> str:
    """Return a value as the file would write it, on one line and shortened."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) >= 10**LONGEST:
        return f"an integer of about {value.bit_length() * 30103 // 100000 + 1} digits"
    if isinstance(value, datetime.date | datetime.time):
        return f"the date or time {value.isoformat()}"
    if isinstance(value, dict):
        return f"a table with {_several(len(value), 'key')}" if value else "an empty table"
    if isinstance(value, list | tuple):
        return f"a list of {_several(len(value), 'item')}" if value else "an empty list"
    return _cut(str(value))


def dotted(place: Sequence[str | int]) -> str:
    """Return a path as the file writes it: `levers.perks.effects[0].exit`; keys that are not bare stand in quotes."""
    parts: list[str] = []
    for step in place:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            key = step if BARE.fullmatch(step) and len(step) <= LONGEST else quoted(step)
            parts.append(f".{key}" if parts else key)
    return "".join(parts) if len(parts) <= DEEPEST else f"{''.join(parts[:DEEPEST])}..."


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

"""Scenario files: read, check, and tell every mistake at once."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.check_overrides import amended
from sojourn.scenarios.checks import Examination, examine
from sojourn.scenarios.faults import Faults, fault, nearest, quoted
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import alone
from sojourn.scenarios.syntax import tables

LARGEST = 4_000_000  # bytes
LONGEST_LINE = 200_000  # characters
DEEPEST = 30  # levels of tables and lists
MOST_DOTS = 100  # in a key
MANY_DOTS = re.compile(r"""(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*)""" + f"{{{MOST_DOTS}}}")
DATES = "times are numbers of days from the start of the run"
MAPPED = ("customer", "time", "event")  # keys of a mapping, none of which a scenario has


@checked_arguments
def load(source: str | Path, variant: str | None = None) -> Scenario:
    """Return the scenario of a file, or the one of the library that has this name.

    A file comes first; names are looked up among the shipped ones only. `variant` applies `[variants.NAME.override]`.
    Raises `Faults` with everything that is wrong.
    """
    return _scenario(inspect(source, variant))


@checked_arguments
def loads(text: str, name: str = "<text>", variant: str | None = None) -> Scenario:
    """Return the scenario that a text says; `name` stands in messages. Raises `Faults`."""
    return _scenario(_inspect(parse(text, name), name, variant))


def inspect(source: str | Path, variant: str | None = None) -> Examination:
    """Return scenario, faults and warnings of a file or a shipped name. Raises `Faults` where it cannot be read."""
    name = str(source)
    return _inspect(parse(read(source), name), name, variant)


def read(source: str | Path) -> str:
    """Return the text of a scenario file or of a shipped scenario by name. Raises `Faults`."""
    name, path = str(source), _path(source)
    try:
        if path.is_dir():
            raise fault(name, "", "is a folder, not a scenario file", "name a .toml file in it")
        size = path.stat().st_size
        if size > LARGEST:
            raise fault(name, "", f"has {size:,} bytes; a scenario has at most {LARGEST:,}", "is this a data file?")
        if not path.is_file():
            raise fault(name, "", "is no regular file", "name a .toml file")
        data = path.read_bytes()
    except OSError as error:
        raise fault(name, "", f"cannot be read: {error.strerror or error}", "check its name and permissions") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise fault(name, "", f"is not UTF-8 text (line {line})", "save it as UTF-8") from None


def parse(text: str, name: str = "<text>") -> dict[str, Any]:
    """Return the tables of a TOML text. Raises `Faults` with line and column."""
    _check_size(text, name)
    document = tables(text, name, "a scenario", DATES)
    if _depth(document) > DEEPEST:
        raise fault(name, "", "lists or tables are nested too deeply", f"a scenario needs at most {DEEPEST} levels")
    if not document:
        raise fault(name, "", "is empty", "a scenario needs format, [scenario], [arrivals] and [stages]")
    if all(isinstance(document.get(key), str) for key in MAPPED) and "scenario" not in document:
        remedy = "`sojourn calibrate LOG --stages THIS-FILE` makes a scenario of a log with it"
        raise fault(name, "", "is a mapping of an event log, not a scenario", remedy)
    return document


def library() -> dict[str, Path]:
    """Return the shipped scenarios: path by name, in order of the alphabet."""
    folder = Path(str(files("sojourn.scenarios"))) / "library"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def varied(scenario: Scenario, variant: str) -> Scenario:
    """Return a variant of a scenario that is loaded already: the same as `load` gives for it.

    Raises `Faults` where the scenario has no such variant, or where it is not sound.
    """
    return _scenario(_inspect(scenario.document(), scenario.about.name, variant))


def overlay(document: dict[str, Any], overrides: dict[str, Any], name: str = "<text>") -> Scenario:
    """Return the scenario of a document (tables and lists) with values replaced by path, as in a variant's override.

    Raises `Faults` for paths that name nothing and for what the changed scenario has wrong.
    """
    changed, wrong = amended(document, (), overrides, name)
    if wrong:
        raise Faults(trouble.fault for trouble in wrong)
    return _scenario(examine(changed, name))


def _scenario(found: Examination) -> Scenario:
    if found.scenario is None:
        raise Faults(found.faults)
    return found.scenario


def _inspect(document: dict[str, Any], name: str, variant: str | None) -> Examination:
    found = examine(document, name)
    if variant is None or found.scenario is None:
        return found
    variants = found.scenario.variants
    if variant not in variants:
        raise fault(name, "variants", f"no variant named {quoted(variant)}", nearest(variant, variants), variant)
    return examine(amended(alone(document), ("variants", variant), variants[variant].override, name)[0], name)


def _path(source: str | Path) -> Path:
    path, shipped = Path(source), library()
    try:
        # A folder of results that bears a shipped name does not hide the shipped scenario.
        exists = path.exists() and not (str(source) in shipped and path.is_dir())
    except (OSError, ValueError):
        raise fault("", "", f"no file can be called {quoted(str(source))}", "check the name") from None
    if exists:
        return path
    if str(source) in shipped:
        return shipped[str(source)]
    beside = [entry.name for entry in _siblings(path)]
    names = [*shipped, *(str(path.parent / other) if path.parent != Path() else other for other in beside)]
    message = "there is no such file, and no scenario of the library has this name"
    raise fault(str(source)[-400:], "", message, nearest(str(source), names))


def _siblings(path: Path) -> list[Path]:
    try:
        return sorted(path.parent.glob("*.toml"))[:1000]
    except OSError:
        return []


def _check_size(text: str, name: str) -> None:
    if len(text) > LARGEST:
        message = f"has {len(text):,} characters; a scenario has at most {LARGEST:,}"
        raise fault(name, "", message, "is this a data file?")
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST_LINE:
            message = f"line {number} has {len(line):,} characters, at most {LONGEST_LINE:,} are allowed"
            raise fault(name, "", message, "break the line inside a list")
        if line.count(".") >= MOST_DOTS and MANY_DOTS.search(line):
            raise fault(name, "", f"line {number} has a key with more than {MOST_DOTS} dots", "shorten the key")


def _depth(document: Any) -> int:
    """Return how many levels of tables and lists there are; stops a little beyond `DEEPEST`."""
    level, depth = [document], 0
    while level and depth <= DEEPEST:
        depth += 1
        tables = [item.values() if isinstance(item, dict) else item for item in level]
        level = [item for table in tables for item in table if isinstance(item, dict | list)]
    return depth

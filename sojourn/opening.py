"""A scenario from where the user named it, with what is doubtful in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sojourn.guard import say
from sojourn.output import write_text
from sojourn.scenarios.companion import Companion, beside, read, write
from sojourn.scenarios.companion_line import named, renamed
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.files import inspect
from sojourn.scenarios.files import read as read_text
from sojourn.scenarios.model import Scenario
from sojourn.terminal import plain

ARGUMENTS = frozenset({"customers", "replications", "draws", "days", "until", "despite-drift", "seed"})
VERBS = (
    "calibrate",
    "commitment",
    "compare",
    "forecast",
    "optimise",
    "run",
    "twins",
)  # as files in faults of arguments


class Opened(NamedTuple):
    """A sound scenario and its warnings, a line each."""

    scenario: Scenario
    warnings: list[str]


def opened(name: str, variant: str | None) -> Opened:
    """Return the scenario of a file or of the library; Faults if it is not sound."""
    found = inspect(name, variant)
    if found.scenario is None:
        raise Faults(found.faults)
    return Opened(found.scenario, [str(doubt) for doubt in found.warnings])


def companion_of(name: str) -> Companion | None:
    """Return the joint draws that stand beside a scenario's file; None where there are none, as for the library."""
    path = companion_path(name)
    return None if path is None else read(path)


def companion_path(name: str) -> Path | None:
    """Return where those draws stand; None where there are none."""
    try:
        path = beside(name) if Path(name).is_file() else None
        return path if path is not None and path.is_file() else None
    except (OSError, ValueError):
        return None


def absent(name: str, meanwhile: str = "these numbers are taken as certain") -> list[str]:
    """What to say of a file whose comment names draws that do not stand beside it: a line, or none where all is well.

    `meanwhile` says what the command does without them.
    """
    if not Path(name).is_file() or companion_path(name) is not None:
        return []
    told = named(read_text(name))
    if told is None:
        return []
    wanted, here = beside(name).name, Path(name).with_name(told).is_file()
    remedy = f"copy {told} to {wanted}" if here and told != wanted else f"put them beside it as {wanted}"
    return [
        f"{plain(name)} names draws of its calibrated numbers ({plain(told)}), and {plain(wanted)} does not stand beside it: "
        f"{plain(remedy)}, or calibrate again. Until then {meanwhile}."
    ]


def write_beside(target: str, text: str, companion: Companion | None, *, option: str = "--out") -> None:
    """Write a scenario made from another one, and what is left of that one's companion beside it, under its name.

    Draws that stood there are those of an earlier file of this name, and go with it. Raises Faults where it cannot be written.
    """
    path = write_text(target, renamed(text, companion, target), option=option)
    if companion is None:
        beside(path).unlink(missing_ok=True)
    else:
        write(beside(path), companion)


@contextmanager
def reminding(lines: list[str]) -> Iterator[None]:
    """Say warnings also where the answer that they belong to is refused."""
    try:
        yield
    except Faults:
        for line in lines:
            say(f"warning: {line}")
        raise


@contextmanager
def blaming(file: str, scenario: Scenario) -> Iterator[None]:
    """Name the file, as the user did, in faults that floors without files find in a scenario."""
    try:
        yield
    except Faults as found:
        source = scenario.about.name
        raise Faults(
            replace(told, file=file) if told.file == source else told
            for told in (_as_option(one, source) for one in found.faults)
        ) from None


@contextmanager
def options_named() -> Iterator[None]:
    """Name options as the command line writes them, in faults that verbs find in their arguments."""
    try:
        yield
    except Faults as found:
        raise Faults(_as_option(one) for one in found.faults) from None


def _as_option(one: Fault, source: str = "") -> Fault:
    """A fault of a verb's argument as one of the option, with the value given; any other fault as it is."""
    if one.path not in ARGUMENTS or one.file not in (*VERBS, source):
        return one
    number = one.value.removeprefix("-")[:1].isdigit()
    given = f" (given: {one.value})" if number and one.value not in one.message else ""
    return replace(one, file=f"--{one.path}", path="", message=f"{one.message}{given}")

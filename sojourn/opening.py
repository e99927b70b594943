"""A scenario from where the user named it, with what is doubtful in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sojourn.scenarios.companion import Companion, beside, read
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import inspect
from sojourn.scenarios.model import Scenario


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


@contextmanager
def blaming(file: str, scenario: Scenario) -> Iterator[None]:
    """Name the file, as the user did, in faults that floors without files find in a scenario."""
    try:
        yield
    except Faults as found:
        source = scenario.about.name
        raise Faults(replace(one, file=file) if one.file == source else one for one in found.faults) from None

"""A scenario from where the user named it, with what is doubtful in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

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


@contextmanager
def blaming(file: str, scenario: Scenario) -> Iterator[None]:
    """Name the file, as the user did, in faults that floors without files find in a scenario."""
    try:
        yield
    except Faults as found:
        source = scenario.about.name
        raise Faults(replace(one, file=file) if one.file == source else one for one in found.faults) from None

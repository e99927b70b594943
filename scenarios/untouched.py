"""What a command reads it must not overwrite: files are compared by what they are on the disk, not by how they are written."""

import os
from collections.abc import Iterable
from pathlib import Path

from sojourn.scenarios.companion import beside

Given = str | Path | None


def same(one: str | Path, other: str | Path) -> bool:
    """Whether two paths lead to one file, by a link or another way to write it too; False where one is not there."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False


def overwritten(target: str | Path, inputs: Iterable[Given]) -> str | None:
    """The input, as it was named, that a file written at `target` would take the place of; None where there is none."""
    return next((str(one) for one in inputs if one is not None and same(target, one)), None)


def with_draws(scenario: str | Path) -> tuple[str, str]:
    """A scenario's file and the draws beside it: what a command reads that is given its name."""
    try:
        return str(scenario), str(beside(scenario))
    except ValueError:  # no name of a file
        return str(scenario), str(scenario)

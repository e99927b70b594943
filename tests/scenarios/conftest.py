"""The scenario that the tests of this floor edit, and what comes of an edit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.files import loads

FIRST = Path(__file__).with_name("first.toml")


@pytest.fixture(scope="session")
def first() -> str:
    """The text of the scenario that fixes the format by example."""
    return FIRST.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def edited(first: str) -> Callable[[str, str], str]:
    """The scenario with one passage replaced; the passage must be there."""

    def edit(old: str, new: str) -> str:
        assert old in first
        return first.replace(old, new, 1)

    return edit


@pytest.fixture(scope="session")
def faults_of() -> Callable[[str], tuple[Fault, ...]]:
    """The faults of a text; none if it loads."""

    def find(text: str) -> tuple[Fault, ...]:
        try:
            loads(text, "x.toml")
        except Faults as faults:
            return faults.faults
        return ()

    return find

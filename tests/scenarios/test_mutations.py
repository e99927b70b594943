"""Whatever happens to the text of a scenario, it loads or raises `Faults`: nothing else comes out."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.files import library, loads

TEXTS = [
    Path(__file__).with_name("first.toml").read_text(encoding="utf-8"),
    *(path.read_text(encoding="utf-8") for path in library().values()),
]
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
WORD = re.compile(r"[A-Za-z_]+")
NUMBERS = [
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "1e400",
    "-1e400",
    "1e308",
    "9" * 400,
    '"1"',
    "true",
    "[1]",
    "{ }",
    "2026-01-01",
]
WORDS = [
    "law",
    "exits",
    "race",
    "end",
    "true",
    "0",
    "{}",
    "[]",
    '""',
    '"stages"',
    "\\",
    "[[",
    "é",
    "\x00",
    "a.b",
    "nan",
]

some_text = st.sampled_from(TEXTS)
position = st.floats(0, 1, exclude_max=True)


def outcome(text: str) -> str:
    """Load a text; return what is wrong with it."""
    try:
        scenario = loads(text)
    except Faults as faults:
        said = str(faults)
    else:
        assert scenario.digest
        return ""
    assert said.strip()
    assert all(fault.message for fault in said_faults(text))
    assert all(line.isprintable() for line in said.splitlines())
    return said


def said_faults(text: str) -> tuple[Fault, ...]:
    """The faults of a text that does not load."""
    with pytest.raises(Faults) as raised:
        loads(text)
    return raised.value.faults


def pick(found: list[re.Match[str]], where: float) -> re.Match[str]:
    return found[int(where * len(found))]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some_text, position, st.sampled_from(NUMBERS))
def test_numbers_replaced(text: str, where: float, number: str) -> None:
    match = pick(list(NUMBER.finditer(text)), where)
    outcome(text[: match.start()] + number + text[match.end() :])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some_text, position, st.sampled_from(WORDS))
def test_words_replaced(text: str, where: float, word: str) -> None:
    match = pick(list(WORD.finditer(text)), where)
    outcome(text[: match.start()] + word + text[match.end() :])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some_text, position, position, st.sampled_from(["delete", "duplicate", "swap"]))
def test_lines_moved(text: str, first: float, second: float, what: str) -> None:
    lines = text.split("\n")
    i, j = int(first * len(lines)), int(second * len(lines))
    if what == "delete":
        del lines[i]
    elif what == "duplicate":
        lines.insert(j, lines[i])
    else:
        lines[i], lines[j] = lines[j], lines[i]
    outcome("\n".join(lines))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    some_text, st.lists(st.tuples(position, st.sampled_from(["delete", "duplicate", "swap"])), min_size=1, max_size=3)
)
def test_letters_moved(text: str, edits: list[tuple[float, str]]) -> None:
    letters = list(text)
    for where, what in edits:
        i = int(where * (len(letters) - 1))
        if what == "delete":
            del letters[i]
        elif what == "duplicate":
            letters.insert(i, letters[i])
        else:
            letters[i], letters[i + 1] = letters[i + 1], letters[i]
    outcome("".join(letters))


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(max_size=200), st.text(alphabet="[]{}=.,\"'\n ab1#", max_size=80)))
def test_any_text(text: str) -> None:
    assert outcome(text)

"""Which events mean a stage: by value, by pattern, by a condition on other columns, by what came before.

A pattern is a glob: `*` stands for any run of characters, `?` for one. It is matched in time proportional to pattern times
text, so no pattern can hang a calibration.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, model_validator

from sojourn.calibration.where import Where, read_where

Value = str | int


STRICT = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Rule(BaseModel):
    """Events by value or by pattern, those that meet a condition, or those that come once a stage has been there."""

    model_config = STRICT

    event: Value | list[Value] | None = None
    pattern: str | list[str] | None = None
    where: str | None = None
    after: str | None = None

    @model_validator(mode="after")
    def _says_more_than_a_value(self) -> "Rule":
        if self.event is None and self.pattern is None and self.where is None:
            raise ValueError("names no events")
        if self.event is not None and self.pattern is None and self.where is None and self.after is None:
            raise ValueError("a value alone needs no table")
        return self

    @property
    def values(self) -> tuple[str, ...]:
        """The event values as the log writes them; none where patterns or a condition alone tell."""
        return () if self.event is None else texts(self.event)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The globs."""
        return () if self.pattern is None else texts([self.pattern] if isinstance(self.pattern, str) else self.pattern)


Told = Value | list[Value | Rule] | Rule  # what may stand behind a stage's name


class Meant(NamedTuple):
    """One rule in the form that logs are read with."""

    stage: str
    values: tuple[str, ...]
    patterns: tuple[str, ...]
    where: Where | None
    after: str | None

    def covers(self, event: str) -> bool:
        """Whether an event value is one of those the rule is about."""
        if event in self.values or any(glob(pattern, event) for pattern in self.patterns):
            return True
        return not self.values and not self.patterns

    def rank(self, event: str) -> int:
        """How narrow the rule is for this value: of several, the narrowest holds."""
        return (4 if self.where is not None else 0) + (2 if event in self.values else 1 if self.patterns else 0)


def texts(values: Any) -> tuple[str, ...]:
    """One value or several, as texts."""
    return tuple(str(value) for value in (values if isinstance(values, list) else [values]))


def meant(stage: str, told: Told) -> Iterator[Meant]:
    """The rules behind a stage's name: values without more are one rule, every table is one of its own."""
    entries: list[Value | Rule] = told if isinstance(told, list) else [told]
    plain = tuple(str(entry) for entry in entries if not isinstance(entry, Rule))
    if plain:
        yield Meant(stage, plain, (), None, None)
    for entry in entries:
        if isinstance(entry, Rule):
            where = None if entry.where is None else read_where(entry.where)
            yield Meant(stage, entry.values, entry.patterns, where, entry.after)


def glob(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern with `*` and `?`; at most len(pattern) * len(text) steps."""
    at = place = 0
    star, held = -1, 0
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, held = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[place]):
            at, place = at + 1, place + 1
        elif star >= 0:  # the last star takes one character more; earlier ones need not
            held += 1
            at, place = star + 1, held
        else:
            return False
    return pattern[at:].strip("*") == ""


def conditions(rules: Iterable[Meant]) -> tuple[Where, ...]:
    """All conditions, each text once, in the order of the file."""
    found = {rule.where.text: rule.where for rule in rules if rule.where is not None}
    return tuple(found.values())

"""Conditions on columns of a log: comparisons, `and`, `or`, `not` and parentheses, turned into SQL with parameters.

`amount >= 100 and channel == web`. On the left stands a column (in quotes where its name is no plain word), on the right a number
or a text. A number compares as numbers do, a text only by == and !=. A cell that is empty meets no comparison. Nothing is ever
evaluated, neither as Python nor as SQL.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from sojourn.scenarios.conditions import DEEPEST, INSTEAD, LONGEST, SYMBOLS, TOKEN, ConditionError
from sojourn.scenarios.faults import quoted

SQL = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(frozen=True)
class Comparison:
    """A column beside a number or a text."""

    column: str
    sign: str
    value: float | str


@dataclass(frozen=True)
class Where:
    """A condition: its text, the comparisons in it, and its shape in SQL with `{k}` for the k-th of them."""

    text: str
    comparisons: tuple[Comparison, ...]
    shape: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it asks about, each once."""
        return tuple(dict.fromkeys(one.column for one in self.comparisons))

    @property
    def numbers(self) -> tuple[str, ...]:
        """Those of them that are compared with numbers."""
        return tuple(dict.fromkeys(one.column for one in self.comparisons if isinstance(one.value, float)))

    def sql(self, column: Callable[[str], str]) -> tuple[str, list[float | str]]:
        """SQL that is true or false, and its parameters; `column` gives the SQL of a column as text."""
        parts, values = [], []
        for one in self.comparisons:
            text = column(one.column)
            side = f"TRY_CAST(trim({text}) AS DOUBLE)" if isinstance(one.value, float) else text
            parts.append(f"coalesce({side} {SQL[one.sign]} ?, false)")
            values.append(one.value)
        return self.shape.format(*parts), list(values)


def read_where(text: str) -> Where:
    """Read a condition. Raises `ConditionError` with position and remedy."""
    if len(text) > LONGEST:
        raise ConditionError(f"a condition has at most {LONGEST} characters", LONGEST + 1, "shorten it")
    reader = _Reader(_tokens(text))
    shape = reader.alternatives(0)
    kind, word, at = reader.token
    if kind != "end":
        chained = word in SYMBOLS
        message = "comparisons cannot be chained" if chained else f"{quoted(word)} is not expected here"
        raise ConditionError(message, at, 'join comparisons with "and" or "or"')
    return Where(text, tuple(reader.found), shape)


Token = tuple[str, str, int]  # kind, text, position from 1


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at = 0
    while match := TOKEN.match(text, at):
        kind = match.lastgroup or "other"
        word, place = match[kind], match.start(kind) + 1
        if word in INSTEAD:
            raise ConditionError(f"{quoted(word)} is not part of a condition", place, f'write "{INSTEAD[word]}"')
        if kind == "other":
            raise ConditionError(f"{quoted(word)} is not part of a condition", place, "put names and texts in quotes")
        found.append((kind, word, place))
        at = match.end()
    return [*found, ("end", "", len(text) + 1)]


class _Reader:
    """Recursive descent; `or` binds least, then `and`, then `not`."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.at = tokens, 0
        self.found: list[Comparison] = []

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def took(self, text: str) -> bool:
        if self.token[0] in ("word", "symbol") and self.token[1] == text:
            self.at += 1
            return True
        return False

    def alternatives(self, depth: int) -> str:
        shape = self.conjunction(depth)
        while self.took("or"):
            shape = f"({shape} OR {self.conjunction(depth)})"
        return shape

    def conjunction(self, depth: int) -> str:
        shape = self.negation(depth)
        while self.took("and"):
            shape = f"({shape} AND {self.negation(depth)})"
        return shape

    def negation(self, depth: int) -> str:
        if depth > DEEPEST:
            self.refuse(f"conditions nest at most {DEEPEST} deep", "simplify it")
        if self.took("not"):
            return f"(NOT {self.negation(depth + 1)})"
        opening = self.token
        if not self.took("("):
            return self.comparison()
        shape = self.alternatives(depth + 1)
        if not self.took(")"):
            raise ConditionError('a "(" is never closed', opening[2], 'add ")"')
        return shape

    def comparison(self) -> str:
        kind, word, at = self.operand()
        if kind == "number":
            raise ConditionError(f"{word} stands where a column should", at, "such as amount >= 100")
        column = word.strip("\"'") if kind == "text" else word
        if self.token[0] != "symbol" or self.token[1] not in SYMBOLS:
            self.refuse(f"a comparison is missing after {quoted(column)}", "compare with == != < <= > or >=")
        sign = self.token[1]
        self.at += 1
        kind, word, at = self.operand()
        value = float(word) if kind == "number" else word.strip("\"'") if kind == "text" else word
        if isinstance(value, str) and sign not in ("==", "!="):
            raise ConditionError(f"{quoted(value)} has no order", at, "compare texts by == or !=, numbers by < and >")
        self.found.append(Comparison(column, sign, value))
        return f"{{{len(self.found) - 1}}}"

    def operand(self) -> Token:
        token = self.token
        if token[0] in ("end", "symbol") or token[1] in ("and", "or", "not"):
            what = "the condition ends" if token[0] == "end" else f"{quoted(token[1])} stands"
            self.refuse(f"{what} where a column, a number or a text should be", "such as amount >= 100")
        self.at += 1
        return token

    def refuse(self, message: str, remedy: str) -> NoReturn:
        raise ConditionError(message, self.token[2], remedy)

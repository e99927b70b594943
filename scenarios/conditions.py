"""Who a lever or a priority is for: a small grammar of comparisons, `and`, `or`, `not` and parentheses.

`segment == premium and purchases >= 2`. Names are segment, stage and source (compared with a name, by == and !=) and
satisfaction, purchases, spend, failures, information and value (compared with a number). Nothing is ever evaluated as Python.
"""

import re
from dataclasses import dataclass
from enum import IntEnum
from math import isinf
from typing import NamedTuple, NoReturn

from sojourn.scenarios.faults import clipped, nearest, quoted

LONGEST = 2000  # characters
DEEPEST = 50  # parentheses and nots inside each other


class Op(IntEnum):
    """What one instruction does: a comparison pushes a truth value, the others combine those on the stack."""

    COMPARE_EQ = 0
    COMPARE_NE = 1
    COMPARE_LT = 2
    COMPARE_LE = 3
    COMPARE_GT = 4
    COMPARE_GE = 5
    AND = 6
    OR = 7
    NOT = 8


class Name(IntEnum):
    """What a condition can ask about a customer."""

    SEGMENT = 0
    STAGE = 1
    SOURCE = 2
    SATISFACTION = 3
    PURCHASES = 4
    SPEND = 5
    FAILURES = 6
    INFORMATION = 7
    VALUE = 8


NAMES = {name.name.lower(): name for name in Name}
WORDS = frozenset({Name.SEGMENT, Name.STAGE, Name.SOURCE})
SOURCES = ("arrival", "referral")
SYMBOLS = {
    "==": Op.COMPARE_EQ,
    "!=": Op.COMPARE_NE,
    "<": Op.COMPARE_LT,
    "<=": Op.COMPARE_LE,
    ">": Op.COMPARE_GT,
    ">=": Op.COMPARE_GE,
}
TURNED = {
    Op.COMPARE_EQ: Op.COMPARE_EQ,
    Op.COMPARE_NE: Op.COMPARE_NE,
    Op.COMPARE_LT: Op.COMPARE_GT,
    Op.COMPARE_LE: Op.COMPARE_GE,
    Op.COMPARE_GT: Op.COMPARE_LT,
    Op.COMPARE_GE: Op.COMPARE_LE,
}
INSTEAD = {"=": "==", "&&": "and", "||": "or", "&": "and", "|": "or", "!": "not", "<>": "!=", "=>": ">=", "=<": "<="}
TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?(?![\w.-]))"
    r"|(?P<word>[^\W\d][\w-]*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<symbol>==|!=|<>|=>|=<|<=|>=|&&|\|\||[<>=()&|!])"
    r"|(?P<other>\S[\w.-]*))"
)

Instruction = tuple[int, int, float | str]


class ConditionError(ValueError):
    """A condition that cannot be read: what is wrong, where (characters from 1), and the remedy."""

    def __init__(self, message: str, position: int, remedy: str) -> None:
        super().__init__(message)
        self.message, self.position, self.remedy = message, position, remedy


@dataclass(frozen=True)
class Condition:
    """A condition and its instructions in postfix order: (op, name, value).

    Comparisons hold a `Name` and a number or (for segment, stage and source) a text; AND, OR and NOT hold name -1 and
    value 0. After the last instruction one truth value is left.
    """

    text: str
    code: tuple[Instruction, ...]

    @property
    def comparisons(self) -> tuple[tuple[Op, Name, float | str], ...]:
        """The comparisons alone, in the order of the text."""
        return tuple((Op(op), Name(name), value) for op, name, value in self.code if op < Op.AND)


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def parse(text: str) -> Condition:
    """Read a condition. Raises `ConditionError` with position and remedy."""
    if len(text) > LONGEST:
        raise ConditionError(
            f"a condition has at most {LONGEST} characters, this one {len(text)}", LONGEST + 1, "shorten it"
        )
    reader = _Reader(_tokens(text))
    code = reader.alternatives(0)
    token = reader.token
    if token.kind != "end":
        if token.text in SYMBOLS and code[-1][0] < Op.AND:
            _refuse("comparisons cannot be chained", token, "write two, such as 0 < satisfaction and satisfaction < 50")
        remedy = "take it out" if token.text == ")" else 'join comparisons with "and" or "or"'
        _refuse(f"{quoted(token.text)} is not expected here", token, remedy)
    return Condition(text, tuple(code))


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while match := TOKEN.match(text, at):
        kind = match.lastgroup or "other"
        token = _Token(kind, match[kind], match.start(kind) + 1)
        if token.text in INSTEAD:
            _refuse(f"{quoted(token.text)} is not part of a condition", token, f'write "{INSTEAD[token.text]}"')
        if kind == "other":
            hint = "put names that begin with a digit in quotes" if token.text[0].isalnum() else "take it out"
            _refuse(f"{quoted(token.text)} is not part of a condition", token, hint)
        found.append(token)
        at = match.end()
    return [*found, _Token("end", "", len(text) + 1)]


def _refuse(message: str, token: _Token, remedy: str) -> NoReturn:
    raise ConditionError(message, token.position, remedy.removeprefix("; "))


class _Reader:
    """Recursive descent; `or` binds least, then `and`, then `not`."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens, self.at = tokens, 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def took(self, text: str) -> bool:
        if self.token.kind in ("word", "symbol") and self.token.text == text:
            self.at += 1
            return True
        return False

    def alternatives(self, depth: int) -> list[Instruction]:
        code = self.conjunction(depth)
        while self.took("or"):
            code += [*self.conjunction(depth), (int(Op.OR), -1, 0.0)]
        return code

    def conjunction(self, depth: int) -> list[Instruction]:
        code = self.negation(depth)
        while self.took("and"):
            code += [*self.negation(depth), (int(Op.AND), -1, 0.0)]
        return code

    def negation(self, depth: int) -> list[Instruction]:
        if depth > DEEPEST:
            _refuse(f"conditions nest at most {DEEPEST} deep", self.token, "simplify it")
        if self.took("not"):
            return [*self.negation(depth + 1), (int(Op.NOT), -1, 0.0)]
        opening = self.token
        if not self.took("("):
            return [self.comparison()]
        code = self.alternatives(depth + 1)
        if not self.took(")"):
            _refuse('a "(" is never closed', opening, 'add ")"')
        return code

    def comparison(self) -> Instruction:
        left = self.operand()
        sign = self.token
        if sign.kind != "symbol" or sign.text not in SYMBOLS:
            _refuse(f"a comparison is missing after {quoted(left.text)}", sign, "compare with == != < <= > or >=")
        self.at += 1
        right = self.operand()
        op = SYMBOLS[sign.text]
        if not (left.kind == "word" and left.text in NAMES):
            left, right, op = right, left, TURNED[op]
        if not (left.kind == "word" and left.text in NAMES):
            word = left if left.kind == "word" and right.kind != "word" else right
            _refuse(f"{quoted(word.text)} is nothing that a condition knows", word, nearest(word.text, NAMES))
        name = NAMES[left.text]
        return int(op), int(name), self.value(name, op, right, sign)

    def operand(self) -> _Token:
        token = self.token
        if token.kind in ("end", "symbol") or token.text in ("and", "or", "not"):
            found = "the condition ends" if token.kind == "end" else f"{quoted(token.text)} stands"
            _refuse(f"{found} where a name or a number should be", token, "such as purchases >= 2")
        self.at += 1
        return token

    def value(self, name: Name, op: Op, token: _Token, sign: _Token) -> float | str:
        word = name.name.lower()
        if name in WORDS:
            if op not in (Op.COMPARE_EQ, Op.COMPARE_NE):
                _refuse(f"{word} has no order, so {quoted(sign.text)} means nothing", sign, "use == or !=")
            if token.kind == "number":
                _refuse(f"{word} is compared with a name, not with a number", token, "put the name in quotes")
            if token.kind == "word" and token.text in NAMES:
                _refuse(f"{quoted(token.text)} is itself asked about", token, f"put it in quotes if it names a {word}")
            return token.text.strip("\"'") if token.kind == "text" else token.text
        if token.kind != "number":
            _refuse(f"{word} is compared with a number, not with {quoted(token.text)}", token, f"such as {word} >= 2")
        number = float(token.text)
        if isinf(number):
            _refuse(f"{clipped(token.text)} is too large for a number", token, f"such as {word} >= 2")
        return number

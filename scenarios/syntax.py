"""TOML texts: their tables, or the one mistake of syntax with its line, what stands there, and the remedy."""

import ast
import re
import tomllib
from collections.abc import Sequence
from typing import Any

from sojourn.scenarios.faults import Fault, Faults, dotted, fault, quoted

MOST_TRIES = 50  # lines that are tried when the first of two is looked for
POSITION = re.compile(r"\s*\(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
KEYS = re.compile(r"\((?:'[^']*'|\"[^\"]*\")(?:, (?:'[^']*'|\"[^\"]*\"))*,?\)")  # as tomllib names a key
PERCENT = re.compile(r"(?<![\w.,])(-?\d+(?:[.,]\d+)?) ?%")
COMMAS = re.compile(r"(?<![\w.,])([-+]?\d+(?:\.\d{3})*)((?:,\d+)+(?:\.\d+)?)(?![\w.])")
TWICE = "this stands in the file twice; put its keys together or take one out"
REMEDIES = {
    "Invalid initial character for a key part": "a line is `key = value` or `[table]`; quote keys with blanks or dots",
    "Invalid statement": "a line is `key = value`, `[table]` or a remark after #",
    "Expected '=' after a key": "write key = value; quote keys with blanks",
    "Expected newline or end of document": "begin a new line, or take the rest out",
    "Expected ']": 'close the table name with "]" (or "]]")',
    "Expected ": "close the text with a quote",
    "Invalid value": "texts stand in quotes, numbers have a point and no thousands mark, true and false are lower case",
    "Cannot ": TWICE,
    "Duplicate inline table key": TWICE,
    "Unterminated string": "close the text with a quote",
    "Found invalid character": "close the text with a quote before the line ends",
    "Illegal character": "close the text with a quote before the line ends",
    "Unclosed array": 'close the list with "]"',
    "Unclosed inline table": 'close the table with "}" on the same line, without a comma before it',
    "Unescaped": "write \\\\ for a backslash, or use single quotes",
    "Invalid hex value": "write \\\\ for a backslash, or use single quotes",
    "Escaped character": "write \\\\ for a backslash, or use single quotes",
}


def tables(text: str, name: str, what: str, dates: str) -> dict[str, Any]:
    """Return the tables of a TOML text. Raises `Faults` with line and column.

    Args:
        text: the text.
        name: of the file, for messages.
        what: what the file should be, as in "a scenario".
        dates: the remedy for a date that does not exist.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(text, name, str(error), dates) from None
    except RecursionError:
        remedy = f"{what} needs tables only a few levels deep"
        raise fault(name, "", "lists or tables are nested too deeply", remedy) from None
    except ValueError as error:
        digits = "digits" in str(error)
        message = "holds a number with thousands of digits" if digits else f"cannot be read: {str(error)[:200]}"
        remedy = "shorten the number" if digits else "check numbers and dates"
        raise fault(name, "", message, remedy) from None


def _syntax(text: str, name: str, said: str, dates: str) -> Faults:
    match = POSITION.search(said)
    problem = said[: match.start()] if match else said
    remedies = {**REMEDIES, "Invalid date or datetime": dates}
    remedy = next(
        (words for start, words in remedies.items() if problem.startswith(start)),
        "check quotes, brackets and commas there",
    )
    place, value, key = "the end of the file", "", _key(problem)
    if key:
        problem = KEYS.sub(lambda _: dotted(key), problem)
    lines = text.split("\n")
    if match is not None and match["line"] is None and problem.startswith("Cannot "):
        problem = _twice(problem, lines, len(text.rstrip().split("\n")), key)
    if match is not None and match["line"] is not None:
        line, column = int(match["line"]), int(match["column"])
        place = f"line {line}, column {column}"
        whole = lines[line - 1] if line <= len(lines) else ""
        value = whole.strip()
        remedy = _number(whole, column) or remedy
        if problem.startswith("Cannot "):
            problem = _twice(problem, lines, line, key)
    problem = problem if len(problem) <= 120 else f"{problem[:117]}..."
    shown = f" in {quoted(value)}" if value else ""
    printable = "".join(letter if letter.isprintable() else " " for letter in problem)
    return Faults([Fault(name, place, value[:200], f"this is not TOML: {printable}{shown}", remedy)])


def _number(line: str, column: int) -> str:
    """The remedy where a number at a column has a per cent sign, a decimal comma or thousands marks; else an empty text."""
    for pattern in (PERCENT, COMMAS):
        for match in pattern.finditer(line):
            if not match.start() < column or line[match.end() : column - 1].strip():
                continue
            if pattern is PERCENT:
                told = match[1].replace(",", ".")
                return f"write {told} % as {float(told) / 100.0:.12g}"
            whole, rest = match[1], match[2]
            if "." in whole:
                return f"decimals have a point, and thousands no separators: {whole.replace('.', '')}{rest.replace(',', '.')}"
            groups = rest.partition(".")[0].split(",")[1:]
            digits = whole.lstrip("+-")
            if all(len(group) == 3 for group in groups) and len(digits) <= 3 and digits[0] != "0":
                return f"no separators in thousands: {whole}{rest.replace(',', '')}"
            if len(groups) == 1 and "." not in rest:
                return f"decimals have a point: {whole}{rest.replace(',', '.')}"
    return ""


def _key(problem: str) -> tuple[str, ...]:
    """The key that tomllib names as a tuple; empty where it names none."""
    match = KEYS.search(problem)
    return tuple(str(part) for part in ast.literal_eval(match[0])) if match else ()


def _twice(problem: str, lines: Sequence[str], line: int, key: tuple[str, ...]) -> str:
    first = _first(lines, line, key)
    return problem if first is None else f"{problem}, first in line {first},"


def _first(lines: Sequence[str], line: int, key: tuple[str, ...]) -> int | None:
    """The line before `line` from which on the text has a key; None where no line shows it."""
    if not key:  # a value that stands twice: its own line names it, below the last head of a table
        head = next((one for one in reversed(lines[: line - 1]) if one.lstrip().startswith("[")), "")
        key = (*_steps(head), *_steps(f"{lines[line - 1].partition('=')[0]} = 0"))
    if not key:
        return None
    likely = [number for number, one in enumerate(lines[: line - 1], 1) if key[-1] in one]
    return next((number for number in likely[:MOST_TRIES] if _has(lines[:number], key)), None)


def _steps(line: str) -> tuple[str, ...]:
    """The key that one line of a TOML text names."""
    try:
        found: Any = tomllib.loads(line)
    except ValueError:
        return ()
    steps: list[str] = []
    while isinstance(found, dict | list) and found:
        if isinstance(found, dict):
            steps.append(next(iter(found)))
            found = found[steps[-1]]
        else:
            found = found[-1]
    return tuple(steps)


def _has(lines: Sequence[str], key: tuple[str, ...]) -> bool:
    try:
        found: Any = tomllib.loads("\n".join(lines))
    except (ValueError, RecursionError):
        return False
    for step in key:
        while isinstance(found, list) and found:
            found = found[-1]
        if not isinstance(found, dict) or step not in found:
            return False
        found = found[step]
    return True

"""Numbers, texts, keys and comments as a scenario file writes them."""

import json
import re
from collections.abc import Iterator

DIGITS = 4  # of parameters: far finer than any standard error seen here
WIDTH = 116


def number(value: float) -> str:
    """A number with four significant digits, as TOML writes floats."""
    return repr(float(f"{value:.{DIGITS}g}"))


def text(value: str) -> str:
    """A string as TOML writes it, on one line; what cannot be printed becomes a question mark."""
    return json.dumps(plain(value), ensure_ascii=False)


def key(name: str) -> str:
    """A key as TOML writes it."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else text(name)


def plain(value: str) -> str:
    """A text on one line; what cannot be printed becomes a question mark."""
    return "".join(letter if letter.isprintable() else "?" for letter in value)


def comment(value: str) -> Iterator[str]:
    """A remark, over as many lines as it takes."""
    line = "#"
    for word in plain(value).split(" "):
        if len(line) + 1 + len(word) > WIDTH:
            yield line
            line = "#  "
        line += f" {word}"
    yield line

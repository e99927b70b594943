"""A scenario file with numbers changed, and everything else left as its author wrote it: comments, order, layout.

A value is replaced where it stands in the text. Which of the equal values of the file that is, the TOML reader itself says:
a place is right if the text with the new value there reads as the document with that one value changed, and nothing else. Where
no place is right (a number that the text writes in another way), the file is written anew from its content, without
comments; `Rewritten.anew` says so.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from sojourn.scenarios.overrides import Place, has, put

# What may hold a value, and what may not: remarks are passed over, strings are one piece.
PIECE = re.compile(
    r'''(?P<remark>\#[^\n]*)|(?P<text>"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|'[^'\n]*')'''
    r"""|(?P<number>(?<![\w.+-])[+-]?\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d[\d_]*)?(?![\w.:-]))""",
    re.S,
)
BARE = re.compile(r"[A-Za-z0-9_-]+")
MARK = "tuned by `sojourn fit`"


@dataclass(frozen=True)
class Rewritten:
    """The text of a file with numbers changed, and whether it had to be written anew, without its comments."""

    text: str
    anew: bool


def rewritten(text: str, changes: Mapping[Place, float], paths: Sequence[str], source: str) -> Rewritten:
    """The text with numbers changed, and a `[[sources]]` entry that says what they were tuned to.

    Args:
        text: of a sound scenario file.
        changes: new values by place.
        paths: of the tuned numbers, for the entry.
        source: what the entry says; it replaces an entry about the same paths that a fit wrote before.
    """
    document = tomllib.loads(text)
    wanted = deepcopy(document)
    entry = {"paths": list(paths), "evidence": "assumed", "source": source}
    edited: str | None = text
    for place, value in changes.items():
        before = _at(document, place)
        if float(before) == value:
            continue
        put(wanted, place, value)
        edited = None if edited is None else replaced(edited, wanted, before, plain(value))
    earlier = _earlier(document, paths)
    if earlier is not None:
        before = document["sources"][earlier]["source"]
        put(wanted, ("sources", earlier), {**document["sources"][earlier], "source": source})
        edited = None if edited is None else replaced(edited, wanted, before, quoted(source))
    else:
        wanted["sources"] = [*wanted.get("sources", []), entry]
        edited = None if edited is None else _added(edited, entry)
    if edited is not None and _reads_as(edited, wanted):
        return Rewritten(edited, False)
    return Rewritten(toml(wanted), True)


def replaced(text: str, wanted: Mapping[str, Any], before: Any, value: str) -> str | None:
    """The text with one value replaced so that it reads as the document wanted; None where no place does that."""
    for start, end in _values(text, before):
        news = text[:start] + value + text[end:]
        if _reads_as(news, wanted):
            return news
    return None


def plain(value: float) -> str:
    """A number as a person would write it: 0.2043, not 2.043e-01."""
    if value and not 1e-4 <= abs(value) < 1e15:
        return repr(float(value))
    digits = f"{value:.12f}".rstrip("0")
    shown = f"{digits}0" if digits.endswith(".") else digits
    return shown if float(shown) == value else repr(float(value))


def quoted(text: str) -> str:
    """A text as TOML writes it, on one line."""
    return json.dumps("".join(c if c.isprintable() else " " for c in text), ensure_ascii=False)


def toml(document: Mapping[str, Any]) -> str:
    """A document as TOML text: tables by their headers, two levels deep, and what is deeper within braces."""
    return "\n".join(_lines(document, ())) + "\n"


def _values(text: str, value: Any) -> Iterator[tuple[int, int]]:
    kind = "text" if isinstance(value, str) else "number"
    for piece in PIECE.finditer(text):
        if piece[kind] is None:
            continue
        try:
            found = tomllib.loads(f"x = {piece[kind]}")["x"]
        except tomllib.TOMLDecodeError:
            continue
        if found == value:
            yield piece.span(kind)


def _reads_as(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return False


def _at(document: Any, place: Place) -> Any:
    for step in place:
        assert has(document, step), place
        document = document[step]
    return document


def _earlier(document: Mapping[str, Any], paths: Sequence[str]) -> int | None:
    for i, one in enumerate(document.get("sources", [])):
        if MARK in str(one.get("source", "")) and set(one.get("paths", [])) == set(paths):
            return i
    return None


def _added(text: str, entry: Mapping[str, Any]) -> str:
    end = "" if text.endswith("\n") else "\n"
    return f"{text}{end}\n[[sources]]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in entry.items())


def _lines(table: Mapping[str, Any], above: tuple[str, ...]) -> Iterable[str]:
    deeper = {key: value for key, value in table.items() if isinstance(value, Mapping) and value and len(above) < 2}
    lists = {
        key: value
        for key, value in table.items()
        if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value) and len(above) in (0, 2)
    }
    for key, value in table.items():
        if key not in deeper and key not in lists:
            yield f"{_key(key)} = {_value(value)}"
    for key, inner in deeper.items():
        yield ""
        yield f"[{'.'.join(map(_key, (*above, key)))}]"
        yield from _lines(inner, (*above, key))
    for key, entries in lists.items():
        for one in entries:
            yield ""
            yield f"[[{'.'.join(map(_key, (*above, key)))}]]"
            yield from (f"{_key(name)} = {_value(inner)}" for name, inner in one.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {_value(inner)}' for key, inner in value.items())} }}" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    return plain(value) if isinstance(value, float) else str(value)


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else quoted(name)


def added_strategy(text: str, name: str, plans: Mapping[str, Any]) -> str:
    """The text of a scenario file with a strategy more, or with the one of this name replaced; comments stay.

    The text is written anew, without its comments, only where a strategy of this name stands in a way that cannot be cut out.
    """
    document = tomllib.loads(text)
    wanted = deepcopy(document)
    wanted.setdefault("strategies", {})[name] = dict(plans)
    header = f"[strategies.{_key(name)}]"
    kept, inside = [], False
    for line in text.splitlines():
        if line.lstrip().startswith("["):
            inside = line.split("#")[0].strip() == header
        if not inside:
            kept.append(line)
    before = "\n".join(kept).rstrip("\n")
    added = (
        "\n".join([before, "", header, *(f"{_key(lever)} = {_value(plan)}" for lever, plan in plans.items())]) + "\n"
    )
    return added if _reads_as(added, wanted) else toml(wanted)

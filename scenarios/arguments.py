"""What functions may be given in Python: one rule for all, before anything else is done with it.

A signature says what each argument is. What it does not allow is told as `Faults`, all of it at once, with the value and the
remedy. Beyond the letter of it, numpy's numbers pass as Python's, and where names are wanted, a single text is one name.
"""

import inspect
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from numbers import Real
from os import PathLike
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

from sojourn.scenarios.faults import Fault, Faults, quoted, shown
from sojourn.scenarios.model import Scenario

P = ParamSpec("P")
R = TypeVar("R")
WORDS: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "True or False",
    Path: "a path",
    NoneType: "None",
}
HOWS = {  # what gives an object of ours
    "Companion": "sojourn.scenarios.companion.read(path)",
    "Mapping": 'the path of a mapping file, such as "map.toml"',
    "Log": "sj.read_log(log, mapping)",
    "Settling": "sj.Settling()",
    "Uncertainty": "sj.uncertainty(scenario)",
}
SEQUENCE: Any = Sequence  # told apart from what annotations are made of
LARGEST, DIGITS = 1e12, 12  # numbers beyond which no remedy writes them out
PLAIN = (str, bool, int, float, NoneType, list, tuple, dict)


class Unfit(Exception):
    """A value that a signature does not allow."""


def checked_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that raises Faults for arguments that its signature does not allow."""
    return arguments_checked()(function)


def arguments_checked(
    *, name: str = "", options: Callable[..., Any] | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The same for a function that is known by another name, or one that hands its `**options` on to a further function."""

    def made(function: Callable[P, R]) -> Callable[P, R]:
        known = name or function.__name__
        signature = inspect.signature(function)
        rest = next((one.name for one in signature.parameters.values() if one.kind is one.VAR_KEYWORD), "")
        kinds, further = _annotations(function), {} if options is None else _annotations(options)
        kinds.pop(rest, None)

        @wraps(function)
        def asked(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError:
                return function(*args, **kwargs)  # says which argument is missing or unknown
            faults: list[Fault] = []
            for given, allowed in ((bound.arguments, kinds), (bound.arguments.get(rest, {}), further)):
                for argument in given.keys() & allowed.keys():
                    try:
                        given[argument] = fitting(given[argument], allowed[argument])
                    except Unfit:
                        faults.append(_fault(known, argument, given[argument], allowed[argument]))
            if faults:
                raise Faults(sorted(faults, key=lambda one: [*kinds, *further].index(one.path)))
            return function(*bound.args, **bound.kwargs)

        return asked

    return made


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    return {one.name: one.annotation for one in inspect.signature(function).parameters.values()}


def fitting(value: Any, kind: Any) -> Any:
    """Return the value as what `kind`, an annotation, says; raises Unfit where it is no such thing."""
    origin: Any = get_origin(kind)
    parts: tuple[Any, ...] = get_args(kind)
    if origin in (Union, UnionType):
        return _one_of(value, parts)
    if origin is Literal:
        return fitting(value, str)  # the function lists what there is
    if kind is int:
        return _whole(value)
    if kind is float:
        return _number(value)
    if kind is bool:
        if isinstance(value, bool) or type(value).__name__ == "bool":  # the second is numpy's
            return bool(value)
        raise Unfit
    if kind is Path:
        return _instance(value, PathLike)
    if origin is SEQUENCE:
        return _several(value, parts[0])
    if origin is tuple:
        return _in_turn(value, parts)
    if isinstance(origin, type):
        return _instance(value, origin)
    if kind is not Any and isinstance(kind, type) and not getattr(kind, "_is_protocol", False):
        return _instance(value, kind)
    return value


def _one_of(value: Any, kinds: Iterable[Any]) -> Any:
    for kind in sorted(kinds, key=lambda one: get_origin(one) is SEQUENCE):  # a text before texts
        try:
            return fitting(value, kind)
        except Unfit:
            continue
    raise Unfit


def _whole(value: Any) -> int:
    if isinstance(value, bool) or type(value).__name__ == "bool":
        raise Unfit
    try:
        return operator.index(value)
    except TypeError:
        raise Unfit from None


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise Unfit
    return value if isinstance(value, int | float) else float(value)


def _several(value: Any, kind: Any) -> tuple[Any, ...]:
    if kind is str and isinstance(value, str):
        return (value,)
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise Unfit
    return tuple(fitting(one, kind) for one in value)


def _in_turn(value: Any, kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(value, tuple | list) or len(value) != len(kinds):
        raise Unfit
    return tuple(map(fitting, value, kinds))


def _instance(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise Unfit
    return value


def _fault(function: str, name: str, value: Any, kind: Any) -> Fault:
    what = shown(value) if isinstance(value, PLAIN) else _a(type(value).__name__)
    what = {True: "True", False: "False", None: "None"}[value] if value is None or isinstance(value, bool) else what
    allowed = [one for one in _kinds(kind) if one is not NoneType]
    words = [_words(one) for one in allowed]
    return Fault(function, name, what, f"{what} is not {' or '.join(words)}", _remedy(value, allowed, words))


def _remedy(value: Any, allowed: Sequence[Any], words: Sequence[str]) -> str:
    if Scenario in allowed:
        path = isinstance(value, str | PathLike)
        return f"load it first: sj.load({quoted(str(value))})" if path else "give what sj.load returns"
    if int in allowed and isinstance(value, float) and value.is_integer() and abs(value) < LARGEST:
        return f"write {int(value)}"
    if int in allowed and isinstance(value, str) and value.strip().isdecimal() and len(value) <= DIGITS:
        return f"write {int(value)}, without quotes"
    hows = [HOWS[one.__name__] for one in allowed if isinstance(one, type) and one.__name__ in HOWS]
    return f"give {hows[0]}" if hows else f"give {' or '.join(words)}"


def _kinds(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _words(kind: Any) -> str:
    if kind in WORDS:
        return WORDS[kind]
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Sequence:
        return "a list of names" if parts[0] is str else "a list of numbers"
    if origin is tuple:
        return f"({', '.join(_words(one).removeprefix('a ') for one in parts)})"
    if origin is Literal:
        return "a text"
    if isinstance(origin, type) and issubclass(origin, Mapping | Callable):
        return "a dict" if issubclass(origin, Mapping) else "a function"
    return _a((origin or kind).__name__)


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOUaeio' else 'a'} {name}"

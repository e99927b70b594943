"""From pydantic's errors to faults in plain words: the path as in the file, the value, the remedy."""

import datetime
import re
import types
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sojourn.scenarios.base import NAME_PATTERN, TAGS
from sojourn.scenarios.dwell import LAWS
from sojourn.scenarios.faults import Fault, dotted, nearest, quoted, shown
from sojourn.scenarios.model import Plan, Scenario
from sojourn.scenarios.overrides import Place
from sojourn.scenarios.plans import STEPPED, PlanForm

FORMS = {
    "float_type": "a number",
    "int_type": "a whole number",
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "tuple_type": "a list in [ ]",
}
KEYS_THAT_NAME = "names consist of letters, digits, _ and -"


class Trouble(NamedTuple):
    """One fault and the place it is at, as steps."""

    place: Place
    fault: Fault


class _Spot(NamedTuple):
    """Where an error is: steps in the file, the types that may stand there, and what the field says of itself."""

    place: Place
    parents: tuple[type[BaseModel], ...]
    description: str
    limits: str
    is_law: bool


def translate(errors: Sequence[ErrorDetails], document: Any, file: str) -> list[Trouble]:
    """Return one trouble for each mistake; a misspelt required key is one mistake, not two."""
    spots = [_spot(error["loc"], document) for error in errors]
    unknown = {spot.place for error, spot in zip(errors, spots, strict=True) if error["type"] == "extra_forbidden"}
    renamed = {
        spot.place
        for error, spot in zip(errors, spots, strict=True)
        if error["type"] == "missing" and any(_alike(spot.place, place) for place in unknown)
    }
    found: list[Trouble] = []
    for error, spot in zip(errors, spots, strict=True):
        if error["type"] == "missing" and spot.place in renamed:
            continue
        if error["type"] == "too_short" and any(_inside(other.place, spot.place) for other in spots):
            continue  # only the entries without mistakes were counted
        place, message, remedy, value = _words(error, spot)
        text = "" if value is None else shown(value)
        found.append(Trouble(place, Fault(file, dotted(place), text, message, remedy.removeprefix("; "))))
    return found


def _inside(place: Place, table: Place) -> bool:
    return len(place) > len(table) and place[: len(table)] == table


def _alike(missing: Place, unknown: Place) -> bool:
    if missing[:-1] != unknown[:-1]:
        return False
    return nearest(str(unknown[-1]), [str(missing[-1]), "\0"]).startswith("; did you mean")


def _words(error: ErrorDetails, spot: _Spot) -> tuple[Place, str, str, Any]:
    """Return place, message, remedy and the value to show (None for nothing)."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    place, not_that = spot.place, f"not {shown(error['input'])}"
    help_ = f" ({spot.description})" if spot.description else ""
    if place == ("format",) and kind != "missing":
        return place, f"this program reads format 1, {not_that}", "write format = 1", value
    match kind:
        case "scenario":
            at = (*place, *context["at"])
            return at, context["message"], context["remedy"], _value_at(value, context["at"])
        case "missing":
            example = {"format": "format = 1"}.get(str(place[-1]), f"{place[-1]} = ...")
            if len(place) == 1 and place[0] != "format":
                example = f"a table [{place[0]}]"
            return place, f"{place[-1]} is missing", f"add {example}{help_}", None
        case "extra_forbidden":
            keys = [key for parent in spot.parents for key in _keys(parent)]
            return place, f"unknown key {quoted(str(place[-1]))}", nearest(str(place[-1]), keys), value
        case "union_tag_invalid":
            law = value.get("law") if isinstance(value, dict) else value
            at = (*place, "law")
            laws = re.findall(r"'(\w+)'", context["expected_tags"])
            if not isinstance(law, str):
                return at, f"should be the name of a law, not {shown(law)}", nearest("", laws), law
            return at, f"no law named {quoted(law)}", nearest(law, laws), law
        case "union_tag_not_found":
            return _no_law(place, value)
        case "form":
            return place, f"cannot be {shown(value)}", _form_remedy(value) or f"write {error['msg']}", value
        case "literal_error":
            return _literal(place, value, context["expected"], help_)
        case "finite_number":
            return place, f"must be a finite number, {not_that}", f"give a number{spot.limits}{help_}", value
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            percent = context.get("le") == 1 and 2 <= value <= 100
            hint = f"write {value:g} % as {value / 100:g}" if percent else f"give a number{spot.limits}"
            return place, f"must be {_limit(kind, context)}, {not_that}", f"{hint}{help_}", value
        case "string_pattern_mismatch" | "string_too_short" | "string_too_long":
            return _bad_text(place, error, value)
        case "too_short" | "too_long":
            return _bad_length(place, error, spot)
        case "recursion_loop" | "recursion_depth_exceeded":
            return place[:3], "tables are nested too deeply", "nest laws only a few levels deep", None
    if kind in FORMS:
        if spot.is_law:
            return _no_law(place, value)
        if kind == "float_type" and isinstance(value, int) and not isinstance(value, bool):
            return place, f"is too large: {shown(value)}", f"give a number{spot.limits}{help_}", value
        return place, f"should be {FORMS[kind]}, {not_that}", _form_remedy(value) or f"give {FORMS[kind]}{help_}", value
    return place, f"{error['msg']}, {not_that}", f"see the format{help_}", value


def _no_law(place: Place, value: Any) -> tuple[Place, str, str, Any]:
    if not isinstance(value, dict):
        remedy = 'such as { law = "lognormal", median = 3, sigma = 0.8 }'
        return place, f"should be a table that gives a law, not {shown(value)}", remedy, value
    for key in value:
        if nearest(key, ["law", "\0"]).startswith("; did you mean"):
            return (*place, key), f"unknown key {quoted(key)}", 'did you mean "law"?', value[key]
    return (*place, "law"), "law is missing", f'add law = "..."{nearest("", LAWS)}', None


def _literal(place: Place, value: Any, expected: str, help_: str) -> tuple[Place, str, str, Any]:
    allowed = [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]
    if isinstance(value, str):
        return place, f"{place[-1]} has no value {quoted(value)}", nearest(value, allowed), value
    words = ", ".join(quoted(word) for word in allowed)
    return place, f"should be one of {words}, not {shown(value)}", f"put one of them in quotes{help_}", value


def _bad_text(place: Place, error: ErrorDetails, value: Any) -> tuple[Place, str, str, Any]:
    text = str(value)
    if "pattern" in error.get("ctx", {}) and " -> " in str(error["ctx"]["pattern"]):
        sides = [side.strip() for side in text.split("->")]
        pair = len(sides) == 2 and all(sides)
        remedy = f"write {quoted(' -> '.join(sides))}" if pair else 'write "stage -> next stage"'
        if pair and not all(re.fullmatch(NAME_PATTERN, side) for side in sides):
            remedy = KEYS_THAT_NAME
        return place, f"{quoted(text)} names no exit", remedy, value
    if " == " in str(error.get("ctx", {}).get("pattern", "")):
        sides = [side.strip(" \"'") for side in re.split("={1,2}|!=| is ", text, maxsplit=1)]
        pair = len(sides) == 2 and all(sides) and "!" not in text
        remedy = f"write {quoted(' == '.join(sides))}" if pair else 'write a name such as "visits", or "plan == pro"'
        return place, f"{quoted(text)} is nothing that an effect can count", remedy, value
    if not text:
        return place, "a name is empty", KEYS_THAT_NAME, value
    if error["type"] == "string_too_long":
        limit = error["ctx"]["max_length"]
        return place, f"has {len(text)} characters, at most {limit} are allowed", "shorten it", value
    return place, f"{quoted(text)} cannot be a name", KEYS_THAT_NAME, value


def _bad_length(place: Place, error: ErrorDetails, spot: _Spot) -> tuple[Place, str, str, Any]:
    context = error["ctx"]
    limit = context["min_length"] if error["type"] == "too_short" else context["max_length"]
    bound = f"at least {limit}" if error["type"] == "too_short" else f"at most {limit}"
    has = context.get("actual_length")
    things = "entry" if limit == 1 else "entries"
    remedy = "add some" if error["type"] == "too_short" else "leave some out"
    help_ = f" ({spot.description})" if spot.description else ""
    count = "more" if has is None else str(has)
    return place, f"needs {bound} {things}, not {count}", f"{remedy}{help_}", error["input"]


def _form_remedy(value: Any) -> str:
    if isinstance(value, str):
        stripped = value.strip().removesuffix("%").strip()
        try:
            number = float(stripped.replace(",", "."))
        except ValueError:
            return ""
        if "%" in value:
            return f"write {number / 100:g} without quotes"
        return f"write {stripped.replace(',', '.')} without quotes"
    if isinstance(value, bool):
        return "true and false stand for yes and no only"
    if isinstance(value, datetime.date | datetime.time):
        return "times are numbers of days from the start of the run"
    return ""


def _limit(kind: str, context: dict[str, Any]) -> str:
    if kind == "greater_than":
        return f"greater than {context['gt']:g}"
    if kind == "greater_than_equal":
        return f"at least {context['ge']:g}"
    return f"at most {context['le']:g}" if kind == "less_than_equal" else f"less than {context['lt']:g}"


def _value_at(value: Any, at: Sequence[str | int]) -> Any:
    for step in at:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _spot(loc: Sequence[str | int], document: Any) -> _Spot:
    """Follow pydantic's location through the file and the model; steps that only name a form or a law are dropped."""
    value, place = document, list[str | int]()
    options: list[tuple[str | None, Any, tuple[Any, ...]]] = [(None, Scenario, ())]
    parents: tuple[type[BaseModel], ...] = ()
    description, tagged = "", False
    for step in loc:
        if step in TAGS or step == STEPPED or step == "[key]":
            options = [option for option in options if option[0] == step] or options
            continue
        if not tagged and isinstance(value, dict) and isinstance(step, str) and value.get("law") == step:
            options = [option for option in options if _is_law(option[1], step)] or options
            tagged = True
            continue
        tagged = False
        parents = tuple(
            option for _, option, _ in options if isinstance(option, type) and issubclass(option, BaseModel)
        )
        options, says = _below(options, step)
        description = says or description
        place.append(step)
        value = _value_at(value, (step,))
    is_law = any(_is_law(option, law) for _, option, _ in options for law in LAWS)
    return _Spot(tuple(place), parents, description, _limits(options), is_law)


def _is_law(option: Any, law: str) -> bool:
    if not (isinstance(option, type) and issubclass(option, BaseModel) and "law" in option.model_fields):
        return False
    return get_args(option.model_fields["law"].annotation) == (law,)


def _below(
    options: list[tuple[str | None, Any, tuple[Any, ...]]], step: str | int
) -> tuple[list[tuple[str | None, Any, tuple[Any, ...]]], str]:
    found: list[tuple[str | None, Any, tuple[Any, ...]]] = []
    description = ""
    for _, option, _ in options:
        if isinstance(option, type) and issubclass(option, BaseModel):
            for name, field in option.model_fields.items():
                if (field.alias or name) == step:
                    found += _flat(field.annotation, tuple(field.metadata))
                    description = description or field.description or ""
        elif get_origin(option) is dict and isinstance(step, str):
            found += _flat(get_args(option)[1], ())
        elif get_origin(option) is tuple and isinstance(step, int):
            found += _flat(get_args(option)[0], ())
    return found, description


def _flat(annotation: Any, limits: tuple[Any, ...]) -> list[tuple[str | None, Any, tuple[Any, ...]]]:
    """Return the alternatives of a type: (tag of its form, type, limits)."""
    if annotation is Plan:
        annotation = PlanForm
    if get_origin(annotation) is Annotated:
        inner, *extras = get_args(annotation)
        tag = next((str(extra.tag) for extra in extras if isinstance(extra, Tag)), None)
        for extra in extras:
            limits = (*limits, *(extra.metadata if isinstance(extra, FieldInfo) else (extra,)))
        return [(tag or below, option, more) for below, option, more in _flat(inner, limits)]
    if get_origin(annotation) in (Union, types.UnionType):
        return [option for choice in get_args(annotation) for option in _flat(choice, limits)]
    return [] if annotation is type(None) else [(None, annotation, limits)]


def _limits(options: list[tuple[str | None, Any, tuple[Any, ...]]]) -> str:
    for _, option, extras in options:
        if option not in (float, int):
            continue
        low = next((f"at least {extra.ge:g}" for extra in extras if hasattr(extra, "ge")), "")
        low = next((f"greater than {extra.gt:g}" for extra in extras if hasattr(extra, "gt")), low)
        high = next((f"at most {extra.le:g}" for extra in extras if hasattr(extra, "le")), "")
        if low.startswith("at least") and high:
            return f" from {low.removeprefix('at least ')} to {high.removeprefix('at most ')}"
        both = " and ".join(part for part in (low, high) if part)
        return f" {both}" if both else ""
    return ""

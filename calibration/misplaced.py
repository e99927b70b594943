"""Keys of a mapping that stand below a table: TOML puts them into that table, where they mean a stage or an arm of that name."""

import datetime
import difflib
from collections.abc import Iterator
from typing import Any, NamedTuple

from sojourn.calibration.mapping_form import COLUMNS, WINDOW, Mapping
from sojourn.scenarios.faults import Fault, dotted, quoted, shown

TABLES = (
    "stages", "ends", "roles", "silent", "contracts", "doses", "forms", "frailty", "covariates", "log", "sessions",
)  # fmt: skip
TEXTS = (*COLUMNS, "timezone", "time_format", "new_journey_on", "repeats", "clock")
NUMBERS = ("new_journey_after_days", "horizon_days")
LISTS = ("ignore", "already", "history")
INNER = {"log": "query", "sessions": "gap_minutes"}
ALIKE = 0.85  # of two names, of which one is then taken for a slip of the other


class Found(NamedTuple):
    """A key at the wrong place."""

    table: str
    key: str  # as it stands there
    meant: str  # the key of the mapping
    value: Any


def misplaced(document: dict[str, Any]) -> list[Found]:
    """Keys of the mapping that stand in a table, are not given above, and have a value that the key takes.

    A stage may be named like a key: its events in a list, or the key beside it at the top, tell that one is meant.
    """
    return [
        Found(table, key, meant, value)
        for table in TABLES
        if isinstance(inside := document.get(table), dict)
        for key, value in inside.items()
        if (meant := _meant(document, table, key, value)) is not None
    ]


def lifted(document: dict[str, Any], found: list[Found]) -> dict[str, Any]:
    """The document with these keys at the top, so that what else is wrong can be told beside them."""
    result = {**document}
    for one in found:
        result[one.table] = {key: value for key, value in result[one.table].items() if key != one.key}
        result[one.meant] = one.value
    return result


def told(found: list[Found], file: str) -> Iterator[Fault]:
    """A fault for each."""
    for one in found:
        slip = "" if one.key == one.meant else f" (did you mean {one.meant}?)"
        what = f"is a key of the mapping{slip}, and TOML puts what stands below [{one.table}] into it"
        remedy = f"move {one.key} above the first [table]"
        if one.table in ("stages", "ends") and isinstance(one.value, str):
            remedy += f", or if it is a stage write its event in a list: {one.key} = [{quoted(one.value)}]"
        yield Fault(file, dotted([one.table, one.key]), shown(one.value), what, remedy)


def _meant(document: dict[str, Any], table: str, key: str, value: Any) -> str | None:
    """The key of the mapping that is meant by one that stands in a table; None where it is at home there."""
    if INNER.get(table) == key:
        return None
    named = {*_keys(document, "stages"), *_keys(document, "ends")}
    if table not in ("stages", "ends", "covariates", "doses") and key in named:
        return None
    if table == "covariates" and key in COLUMNS and key not in ("customer", "time", "event"):
        return None  # a covariate may well be called segment
    meant: str | None = key
    if key not in Mapping.model_fields:
        close = difflib.get_close_matches(key, (*WINDOW, *NUMBERS), n=1, cutoff=ALIKE)
        meant = close[0] if close and _number(value) else None
    return meant if meant is not None and meant not in document and _fits(meant, value) else None


def _keys(document: dict[str, Any], table: str) -> tuple[str, ...]:
    inside = document.get(table)
    return tuple(inside) if isinstance(inside, dict) else ()


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(key: str, value: Any) -> bool:
    """Whether a value is of the kind that a key at the top takes."""
    if key in TEXTS:
        return isinstance(value, str) or (key == "event" and isinstance(value, dict) and list(value) == ["value"])
    if key in WINDOW:
        return isinstance(value, str | datetime.date) or _number(value)
    if key in NUMBERS:
        return _number(value)
    if key in LISTS:
        return isinstance(value, list)
    if key in INNER:
        return isinstance(value, dict) and list(value) == [INNER[key]]
    return False

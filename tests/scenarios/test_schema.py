"""The JSON Schema: it describes the format, and mistakes made from it are all told in the right place."""

import copy
import datetime
import json
import math
import tomllib
from collections.abc import Iterator
from typing import Any

from sojourn.scenarios.checks import examine
from sojourn.scenarios.faults import dotted
from sojourn.scenarios.schema import json_schema

Place = tuple[str | int, ...]

SCHEMA = json_schema()
REST = """
[levers.rest]
cost = { per_day = 1, per_customer = 1, per_customer_day = 1, per_referral = 1 }
evidence = "measured"
source = "x"
effects = [
  { desk = "support", handle_ratio = 0.9 },
  { dwell = "consideration -> purchase", time_ratio = 0.8 },
  { spend = "purchase", rate_ratio = 1.04 },
  { demand = "post_purchase", log_odds = 0.5, informed = 0.5 },
  { information = "x1", log_odds = 0.5 },
  { exit = "loyalty -> churned", hazard_ratio = 0.55, since = "purchase", days = [0, 7] },
]
[traits]
score = { law = "quantiles", share = [0, 0.5, 1], value = [-3, 0, 3] }
plan = { free = 0.5, pro = 0.5 }
basket = { each_stay = { law = "exponential", mean = 20 } }
channel = { in_stage = { loyalty = { web = 0.5, shop = 0.5 } } }
[history]
effects = [
  { exit = "loyalty -> churned", per = "score", hazard_ratio = 1.1, up_to = 2, around = -1 },
  { exit = "loyalty -> churned", per = "plan == pro", hazard_ratio = 0.9 },
]
[surveys.pulse]
stage = "loyalty"
lag_days = 14
response = 0.3
log_odds_per_10_points = 0.2
[strategies.rest]
rest = { steps = [{ day = 1, level = 1 }], when = 'source == "referral"' }
[[sources]]
paths = ["stages.*.exits"]
evidence = "assumed"
source = "x"
[variants.v]
title = "v"
override = { "stages.purchase.cost" = 3 }
[value]
sigma = 0.5
[[targets]]
name = "t"
statement = "x"
origin = "x"
measure = "purchases"
variant = "v"
against = "w"
strategy = "today"
value = 1.1
tolerance = 0.02
tuned = ["stages.purchase.cost"]
cannot_tell = "x"
[variants.w]
override = {}
[free]
"stages.purchase.cost" = [1, 9]
[stages.x1]
gathers = 0.3
exits = { lapsed = 1.0 }
dwell = { law = "empirical", share = [0, 0.5, 0.9], days = [0, 4, 30], never = 0.1 }
[stages.x2]
exits = { x1 = 1.0 }
dwell = { law = "deadline", day = 30, share = 0.2, otherwise = { law = "loglogistic", median = 12, shape = 2 } }
"""


def whole(first: str) -> dict[str, Any]:
    """A scenario in which nearly every key of the format stands."""
    text = first.replace("lapsed = 0.65", "lapsed = 0.6, x2 = 0.05")
    text = text.replace(
        "cost_per_contact = 6.0",
        """cost_per_contact = 6.0
priority = ["segment == premium"]
revenue_per_contact = 4.0
cost_per_agent_day = 180""",
    )
    text = text.replace("cost = 45.0", "cost = 45.0\nacquisition_cost = 5.0")
    text = text.replace("size = 500000", "size = 500000\ninvitee_cap = 100000")
    return tomllib.loads(text + REST)


def branches(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The alternatives of a schema, references followed."""
    if "$ref" in schema:
        yield from branches(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    elif "oneOf" in schema or "anyOf" in schema:
        for branch in schema.get("oneOf", schema.get("anyOf", [])):
            yield from branches(branch)
    else:
        yield schema


def fitting(schema: dict[str, Any], value: Any) -> dict[str, Any]:
    """The alternative that a valid value takes."""
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", dict: "object", list: "array"}
    for branch in branches(schema):
        kind = "number" if branch.get("type") == "integer" else branch.get("type")
        if kind != kinds[type(value)]:
            continue
        properties = branch.get("properties", {})
        if "law" in properties and properties["law"]["const"] != value.get("law"):
            continue
        if isinstance(value, dict) and not set(branch.get("required", [])) <= value.keys():
            continue
        named = next(iter(branch.get("patternProperties", {}).values()), None)
        if named and value and kinds[type(next(iter(value.values())))] not in {one["type"] for one in branches(named)}:
            continue
        return branch
    raise AssertionError(f"no alternative fits {value!r}")


def places(schema: dict[str, Any], value: Any, place: Place) -> Iterator[tuple[Place, dict[str, Any], Any]]:
    """Every value of the document with its schema."""
    if place:
        yield place, schema, value
    branch = fitting(schema, value)
    if isinstance(value, dict):
        names: dict[str, Any] = next(iter(branch.get("patternProperties", {}).values()), {})
        for key, below in value.items():
            inner = branch.get("properties", {}).get(key, names)
            if inner:
                yield from places(inner, below, (*place, key))
    elif isinstance(value, list):
        for i, below in enumerate(value):
            yield from places(branch["items"], below, (*place, i))


def changed(document: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """The document with one value replaced (`...` takes it out)."""
    mutant = copy.deepcopy(document)
    table: Any = mutant
    for step in place[:-1]:
        table = table[step]
    if value is ...:
        del table[place[-1]]
    else:
        table[place[-1]] = value
    return mutant


def wrong_values(schema: dict[str, Any], value: Any) -> Iterator[Any]:
    """Values of a type that no alternative takes, and numbers out of range."""
    kinds = {branch["type"] for branch in branches(schema)}
    numeric = bool(kinds & {"number", "integer"})
    samples = {"string": "zz", "object": {"zz": 1}, "array": [[1]], "boolean": True, "number": -12345.5}
    for kind, sample in samples.items():
        if kind not in kinds and not (kind == "number" and numeric):
            yield sample
    yield datetime.date(2026, 1, 1)
    for branch in branches(schema):
        if "const" in branch or "enum" in branch:
            yield "zz" if branch["type"] == "string" else 12345
        if branch["type"] not in ("number", "integer"):
            continue
        yield from (math.nan, math.inf, -math.inf, 10**400)
        low, high = branch.get("minimum"), branch.get("maximum")
        if "exclusiveMinimum" in branch:
            yield branch["exclusiveMinimum"]
        if low is not None:
            yield low - 1
        if high is not None:
            yield high * 2 + 1


def test_mistakes_made_from_the_schema_are_told_at_their_place(first: str) -> None:
    document = whole(first)
    assert examine(document).faults == ()
    tried, seen = 0, set[str]()
    for place, schema, value in places(SCHEMA, document, ()):
        kind = json.dumps(schema) + str(place[-1])
        # Every wrong value once for each key of the format; where the key comes again, one suffices.
        wrongs = list(wrong_values(schema, value))[: 1 if kind in seen else None]
        seen.add(kind)
        for wrong in wrongs:
            found = examine(changed(document, place, wrong)).faults
            tried += 1
            assert len(found) == 1, (place, wrong, found)
            expected = dotted(place)
            # A wrong law and a wrong key inside are told at that key.
            assert found[0].path == expected or found[0].path.startswith(f"{expected}."), (place, wrong, found)
            assert found[0].remedy
    assert tried > 800


def test_unknown_keys_are_told_at_their_place(first: str) -> None:
    document = whole(first)
    free = {("segments", "override"), ("variants", "override"), ("free", "free")}
    tried = 0
    for place, schema, value in [((), SCHEMA, document), *places(SCHEMA, document, ())]:
        if not isinstance(value, dict) or "patternProperties" in fitting(schema, value):
            continue
        if (place[:1] + place[-1:]) in free:
            continue
        found = examine(changed(document, (*place, "qqqqqq"), 1)).faults
        tried += 1
        assert [fault.path for fault in found] == [dotted((*place, "qqqqqq"))], found
        assert "use one of" in found[0].remedy or "the only one" in found[0].remedy
    assert tried > 80


def test_missing_keys_are_told_at_their_place(first: str) -> None:
    document = whole(first)
    tried = 0
    for place, schema, value in [((), SCHEMA, document), *places(SCHEMA, document, ())]:
        for key in fitting(schema, value).get("required", []) if isinstance(value, dict) else []:
            if key in ("level", "steps") and len(place) == 3:
                continue  # then the table takes another form
            found = examine(changed(document, (*place, key), ...)).faults
            tried += 1
            assert [fault.path for fault in found] == [dotted((*place, key))], (place, key, found)
            assert f"{key} is missing" in found[0].message
    assert tried > 80


def test_the_schema_describes_every_key() -> None:
    def undescribed(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            properties = node.get("properties")
            if isinstance(properties, dict) and node.get("type") == "object":
                yield from (key for key, below in properties.items() if "description" not in below)
            for below in node.values():
                yield from undescribed(below)
        elif isinstance(node, list):
            for below in node:
                yield from undescribed(below)

    assert list(undescribed(SCHEMA)) == []


def test_the_schema_uses_the_names_of_the_file() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(SCHEMA["properties"]) == {
        "format", "scenario", "arrivals", "market", "segments", "frailty", "value", "traits", "history", "stages",
            "satisfaction", "desks", "surveys",
        "levers", "strategies", "sources", "variants", "targets", "free",
    }  # fmt: skip
    assert SCHEMA["required"] == ["format", "scenario", "arrivals", "stages"]
    assert SCHEMA["additionalProperties"] is False
    assert "null" not in json.dumps(SCHEMA)


def test_a_document_of_the_schema_fits_it(first: str) -> None:
    assert sum(1 for _ in places(SCHEMA, whole(first), ())) > 300

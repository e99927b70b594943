"""The JSON Schema of the scenario format, for completion and checks in editors."""

from typing import Any

from sojourn.scenarios.model import Scenario

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema: keys as in the file, units and meanings as descriptions, ranges as limits."""
    schema = _tidied(Scenario.model_json_schema(by_alias=True, mode="validation"))
    return {"$schema": DIALECT, "title": "Sojourn scenario", **schema}


def _tidied(node: Any) -> Any:
    """Take out what a TOML file cannot say (null) and what editors would show for nothing (generated titles)."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _tidied(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    if kept.get("default", 0) is None:
        del kept["default"]
    if "anyOf" in kept:
        choices = [choice for choice in kept.pop("anyOf") if choice != {"type": "null"}]
        kept = {**choices[0], **kept} if len(choices) == 1 else {"anyOf": choices, **kept}
    if "patternProperties" in kept:
        # Names are limited by the pattern; pydantic says lengths of tables as if they were texts.
        kept["additionalProperties"] = False
        for of_text, of_table in (("maxLength", "maxProperties"), ("minLength", "minProperties")):
            if of_text in kept:
                kept[of_table] = kept.pop(of_text)
    return kept

"""Strategies between two others: some levers as under the second, the rest as under the first, and levers that cost nothing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sojourn.scenarios.model import Plan, Scenario
from sojourn.scenarios.overrides import Place, alone, entries

Document = dict[str, Any]


def differing(scenario: Scenario, a: str, b: str) -> tuple[str, ...]:
    """The levers that two strategies pull differently, in file order; one pulled at level 0 is not pulled."""
    first, second = scenario.strategies[a], scenario.strategies[b]
    return tuple(name for name in scenario.levers if _pulled(first, name) != _pulled(second, name))


def pulls(scenario: Scenario, strategy: str, lever: str) -> bool:
    """Whether a strategy ever pulls a lever above level 0."""
    return _pulled(scenario.strategies[strategy], lever) is not None


def _pulled(plans: Mapping[str, Plan], lever: str) -> Plan | None:
    plan = plans.get(lever)
    return plan if plan is not None and any(step.level > 0.0 for step in plan.steps) else None


def named(mask: int) -> str:
    """What a coalition is called as a strategy: bit k stands for the k-th lever."""
    return f"levers-{mask}"


def between(scenario: Scenario, a: str, b: str, levers: Sequence[str], masks: Iterable[int]) -> Document:
    """The scenario's document with a strategy a coalition (`named`): levers of the mask as under b, all others as under a."""
    document = alone(scenario.document())
    first, second = scenario.strategies[a], scenario.strategies[b]
    strategies: dict[str, dict[str, Any]] = {}
    for mask in masks:
        joined = frozenset(name for k, name in enumerate(levers) if mask >> k & 1)
        plans = {name: (second if name in joined else first).get(name) for name in scenario.levers}
        strategies[named(mask)] = {name: plan.document() for name, plan in plans.items() if plan is not None}
    return {**document, "strategies": strategies}


def unpriced(document: Document, levers: Iterable[str]) -> Document:
    """The document with levers that cost nothing, in no segment either. What customers do never hangs on costs."""
    free = frozenset(levers)
    pulled = {name: {**one, "cost": {}} if name in free else one for name, one in document["levers"].items()}
    segments = {
        name: {**one, "override": _unpriced(one["override"], free)} if one.get("override") else one
        for name, one in document.get("segments", {}).items()
    }
    return {**document, "levers": pulled, **({"segments": segments} if segments else {})}


def _unpriced(override: Mapping[str, Any], free: frozenset[str]) -> Document:
    """A segment's override without what levers cost, number by number."""
    kept: Document = {}
    for _, place, value in entries(override):
        if place is None or (len(place) > 2 and place[0] == "levers" and place[1] in free and place[2] == "cost"):
            continue
        whole = len(place) == 2 and place[0] == "levers" and place[1] in free
        kept[_path(place)] = {key: inner for key, inner in value.items() if key != "cost"} if whole else value
    return kept


def _path(place: Place) -> str:
    """A place as overrides write it; names need no quotes there."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")

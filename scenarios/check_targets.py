"""Targets and free numbers name variants, strategies and numbers: are they there?

Of a measure the first word is known here; the rest is told where something runs.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sojourn.scenarios.check_names import matches
from sojourn.scenarios.faults import nearest, quoted
from sojourn.scenarios.grades import covers
from sojourn.scenarios.inquiry import Inquiry
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import Place, place_of, spelled
from sojourn.scenarios.targets import MEASURES, Target


def check_targets(inquiry: Inquiry, variants: Mapping[str, Scenario]) -> None:
    """Names and paths of all targets and free numbers; `variants`: those of the file that are sound."""
    document = inquiry.scenario.document()
    seen: dict[str, int] = {}
    for i, target in enumerate(inquiry.scenario.targets):
        place: Place = ("targets", i)
        first = seen.setdefault(target.name, i)
        if first != i:
            message = f"targets[{first}] is called {quoted(target.name)} too"
            inquiry.fault((*place, "name"), message, "give each target a name of its own", target.name)
        for key in ("variant", "against"):
            name = getattr(target, key)
            if name is not None:
                inquiry.known("variants", name, (*place, key))
        kind = target.measure.split(".")[0]
        if kind not in MEASURES:
            message = f"no measure named {quoted(target.measure)}"
            inquiry.warn((*place, "measure"), message, nearest(kind, MEASURES), target.measure)
        _check_strategy(inquiry, place, target, variants)
        for j, path in enumerate(target.tuned):
            steps = place_of(path)
            if steps is None or not _named(document, steps):
                remedy = "name a number that the file states, keys joined by dots; * stands for any name"
                about: list[Place] = [] if steps is None else [steps[:1]]
                inquiry.fault((*place, "tuned", j), f"{quoted(path)} names nothing in this file", remedy, path, about)
    for path, (low, high) in inquiry.scenario.free.items():
        steps = place_of(path)
        if steps is None or not _named(document, steps):
            remedy = "name a number that the file states, keys joined by dots"
            of_table: list[Place] = [] if steps is None else [steps[:1]]
            inquiry.fault(("free", path), f"{quoted(path)} names nothing in this file", remedy, path, of_table)
        elif not low < high:
            message = f"the bounds {low:g} and {high:g} are no range"
            inquiry.fault(("free", path), message, "give the lower one first: [LOW, HIGH]", f"[{low:g}, {high:g}]")


def _named(document: Mapping[str, Any], steps: Place) -> bool:
    """Whether a path names something, in an override too, whose keys are paths themselves."""
    if matches(document, steps):
        return True
    owners = [(table, name) for table in ("segments", "variants") for name in document.get(table, {})]
    return any(
        covers(steps, spelled(place))
        for table, name in owners
        for place in _leaves(document[table][name].get("override", {}), (table, name, "override"))
    )


def _leaves(value: Any, place: Place) -> Iterator[Place]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*place, key))
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _leaves(inner, (*place, i))
    else:
        yield place


def _check_strategy(inquiry: Inquiry, place: Place, target: Target, variants: Mapping[str, Scenario]) -> None:
    """The strategy must be there in every version that the target is measured in."""
    if target.strategy is None:
        return
    at = (*place, "strategy")
    if target.variant is None:
        inquiry.known("strategies", target.strategy, at)
        return
    for name in filter(None, (target.variant, target.against)):
        known = variants[name].strategies if name in variants else None
        if known is not None and target.strategy not in known:
            message = f"variant {name} has no strategy named {quoted(target.strategy)}"
            about: list[Place] = [("strategies",), ("variants", name)]
            inquiry.fault(at, message, nearest(target.strategy, known), target.strategy, about)
            return

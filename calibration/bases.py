"""The numbers of a scenario as they may be: drawn from its companion file, or from fits to resampled customers of its log."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from sojourn.calibration.beginnings import resampled, scarce
from sojourn.calibration.fit import fit
from sojourn.calibration.logs import Log
from sojourn.experiments import parameters
from sojourn.scenarios.companion import Companion
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import alone

Document = dict[str, Any]
PARTS = ("exits", "race", "dwell")  # of a stage: what a fit writes

ENOUGH = 20  # draws: with fewer than 19 the ends of a 90 % interval cannot be told


class Bases(NamedTuple):
    """Documents of a scenario with its numbers drawn, and in sentences where they come from."""

    draw: Callable[[int], Document]  # the k-th, the same whenever it is asked for
    said: tuple[str, ...]
    calibrated: bool  # whether calibrated numbers are drawn: else they are taken as certain
    declared: bool  # whether effects of levers are


def from_companion(scenario: Scenario, companion: Companion, draws: int, seed: int) -> Bases:
    """Joint draws of the companion file, and of levers' intervals; numbers edited by hand since stay as they are."""
    found = parameters.draw(scenario, draws, seed, companion)
    calibrated = sum(doubt.origin == "calibrated" for doubt in found.doubts)
    said = [f"Calibrated numbers are drawn from the companion file: {calibrated} of them, {companion.count:,} draws."]
    if companion.count < ENOUGH:
        said.append("So few draws tell only roughly how unsure the numbers are.")
    edited = len(parameters.edited(scenario, companion))
    if edited:
        what = "1 number was" if edited == 1 else f"{edited} numbers were"
        said.append(f"{what} edited by hand since the calibration, or hang on one that was: taken as certain.")
    return Bases(lambda k: found.scenario(k).document(), (*said, *_levers(found)), calibrated > 0, _declared(found) > 0)


def from_refits(scenario: Scenario, log: Log, draws: int, seed: int, *, instead: Log | None = None) -> Bases:
    """Fits to customers of the log drawn with replacement; where a number of the scenario is not the log's, it stays.

    `instead` is a part of the log that all numbers are taken from, in place of the whole.
    """
    found = parameters.draw(scenario, draws, seed)
    document = alone(scenario.document())
    whole = fit(log)
    own = whole.scenario().document()
    base = whole if instead is None else fit(instead)
    source, before = base.log, own if instead is None else base.scenario().document()
    units = [unit for unit in _units(own) if _said(own, unit)]
    same = [unit for unit in units if _said(document, unit) == _said(own, unit)]
    total = len(units)
    if all(unit.keys == ("start",) for unit in same):  # nothing of it says how customers go on
        told = "No calibrated part of the scenario is as this log gives it: all are taken as certain."
        return Bases(lambda k: found.scenario(k).document(), (told, *_levers(found)), False, _declared(found) > 0)

    def draw(k: int) -> Document:
        again = fit(resampled(source, np.random.default_rng([seed, 78, k]))[0], base)
        return _overlaid(found.scenario(k).document(), again.scenario().document(), before, same)

    said = [f"Numbers are drawn by fitting {source.customers.size:,} customers again, drawn with replacement."]
    said += [f"Few people leave {name}: draws in which nobody does are drawn anew." for name in scarce(source)]
    if len(same) < total:
        verb = "is not" if total - len(same) == 1 else "are not"
        said.append(
            f"{total - len(same)} of {total} calibrated parts of the scenario {verb} as this log gives them: taken as certain."
        )
    return Bases(draw, (*said, *_levers(found)), True, _declared(found) > 0)


def _declared(found: parameters.Draws) -> int:
    return sum(doubt.origin == "declared" for doubt in found.doubts)


def _levers(found: parameters.Draws) -> tuple[str, ...]:
    declared = _declared(found)
    what = "1 effect of a lever is" if declared == 1 else f"{declared} effects of levers are"
    return (f"{what} drawn from the interval that the file declares.",) if declared else ()


class _Unit(NamedTuple):
    """Keys of a table that a fit writes together: they are the fit's, or somebody's decision, as a whole."""

    table: tuple[str, ...]
    keys: tuple[str, ...]


def _units(document: Document) -> list[_Unit]:
    found = [_Unit(("scenario",), ("start",)), _Unit((), ("frailty",)), _Unit((), ("history",))]
    found += [_Unit(("stages", name), PARTS) for name in document["stages"]]
    return found + [
        _Unit(("segments", name), (key,)) for name in document.get("segments", {}) for key in ("share", "override")
    ]


def _table(document: Document, unit: _Unit) -> Document | None:
    table: Any = document
    for step in unit.table:
        table = table.get(step) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else None


def _said(document: Document, unit: _Unit) -> Document | None:
    """What a document says there; None where it has no such table."""
    table = _table(document, unit)
    return None if table is None else {key: table[key] for key in unit.keys if key in table}


def _overlaid(document: Document, new: Document, before: Document, same: list[_Unit]) -> Document:
    """The scenario with the parts of another fit; what that fit lacks (a stage that nobody left) is as `before`."""
    changed = deepcopy(document)
    for unit in same:
        table = _table(changed, unit)
        for source in (new, before):
            said = _said(source, unit)
            if said is None or table is None or (unit.table[:1] == ("stages",) and not _leads(said, changed["stages"])):
                continue
            for key in unit.keys:
                table.pop(key, None)
            table.update(deepcopy(said))
            break
    return changed


def _leads(stage: Document, stages: Document) -> bool:
    """Whether a stage leads somewhere, and only to stages that there are."""
    onward = [*stage.get("exits", {}), *stage.get("race", {})]
    return bool(onward) and all(to in stages for to in onward)

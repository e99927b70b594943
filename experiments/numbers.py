"""Numbers of a scenario that an analysis of sensitivity moves: those with a declared interval, and others by path."""

import math
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from sojourn.scenarios.checks import examine
from sojourn.scenarios.faults import Fault, Faults, dotted, nearest
from sojourn.scenarios.grades import covers
from sojourn.scenarios.levers import BOUNDS, RATIOS, Effect
from sojourn.scenarios.model import Range, Scenario
from sojourn.scenarios.overrides import Place, alone, place_of, put

SHIFT = 0.2  # by which a number without an interval is moved, each way
NOT_MOVED = ("format", "scenario", "strategies", "targets", "free", "variants", "sources", "market")


class Number(NamedTuple):
    """One number of a scenario, and between which values it is moved."""

    place: Place
    label: str
    """For people: `loyalty_perks on loyalty -> churned (hazard_ratio)`, or the path."""
    central: float
    low: float
    high: float
    origin: str
    """`declared` (the interval stands in the file) or `shifted` (a fifth less and more)."""

    @property
    def ratio(self) -> bool:
        """Whether it multiplies something, so that it is moved on the log scale."""
        return self.place[-1] in RATIOS

    @property
    def lever(self) -> str | None:
        """The lever that it belongs to."""
        return str(self.place[1]) if self.place[0] == "levers" else None

    def bounds(self) -> tuple[float, float]:
        """Beyond which no scenario goes: the format's own limits, as far as they are known for its kind."""
        if self.ratio:
            return math.nextafter(0.0, 1.0), 1e6
        scale = str(self.place[-1])
        if scale in BOUNDS and self.lever is not None:
            return BOUNDS[scale]
        return (0.0, 1.0) if _share(self.place) else (0.0, math.inf) if self.central >= 0.0 else (-math.inf, 0.0)


def declared(scenario: Scenario) -> tuple[Number, ...]:
    """The numbers whose file says an interval, low and high apart, in file order."""
    found = []
    for place, lever, effect in _effects(scenario):
        value = getattr(effect, effect.scale)
        if isinstance(value, Range) and value.low < value.high:
            found.append(Number(place, _label(lever, effect), value.central, value.low, value.high, "declared"))
    return tuple(found)


def _effects(scenario: Scenario) -> Iterator[tuple[Place, str, Effect]]:
    """Effects of levers: the place of the number, the lever, and the effect."""
    for lever, about in scenario.levers.items():
        for k, effect in enumerate(about.effects):
            yield ("levers", lever, "effects", k, effect.scale), lever, effect


def _label(lever: str, effect: Effect) -> str:
    kind, target = effect.target
    what = target if kind == "exit" else kind if not target else f"{kind} of {target}"
    return f"{lever} on {what} ({effect.scale})"


def chosen(scenario: Scenario, patterns: Sequence[str]) -> tuple[Number, ...]:
    """The numbers that patterns name (`stages.*.race.churned`), a fifth less and more where none is declared.

    A path names a number or all numbers of a table; * stands for any name. Raises Faults for one that names none.
    """
    movable = list(_movable(scenario))
    found: dict[Place, Number] = {}
    wrong = []
    for pattern in patterns:
        place = place_of(pattern)
        named = [] if place is None else [number for number in movable if covers(place, number.place)]
        if not named:
            tables = sorted({dotted(one.place[:2]) for one in movable})
            remedy = nearest(pattern, tables)
            wrong.append(Fault("--numbers", "", pattern, f'no number that can be moved stands at "{pattern}"', remedy))
        found.update({number.place: number for number in named})
    if wrong:
        raise Faults(wrong)
    return tuple(number for number in movable if number.place in found)


def _movable(scenario: Scenario) -> Iterator[Number]:
    """Every number that a scenario says about customers, money and desks, in file order; 0 has no fifth."""
    known = {number.place: number for number in declared(scenario)}
    labels = {place: _label(lever, effect) for place, lever, effect in _effects(scenario)}
    for place, value in _numbers(alone(scenario.document()), (), frozenset(known)):
        if place in known:
            yield known[place]
        elif value != 0.0 and not (value == 1.0 and _siblings(place) is not None):  # nothing is left to give or take
            low, high = sorted((value * (1.0 - SHIFT), value * (1.0 + SHIFT)))
            top = 1.0 if _share(place) else math.inf
            yield Number(place, labels.get(place, dotted(place)), value, low, min(high, top), "shifted")


def _numbers(value: Any, place: Place, declared: frozenset[Place]) -> Iterator[tuple[Place, float]]:
    if (place and place[0] in NOT_MOVED) or "override" in place:
        return
    if place in declared:
        yield place, 0.0
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, (*place, key), declared)
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _numbers(inner, (*place, i), declared)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place, float(value)


def _share(place: Place) -> bool:
    """Whether the number is one of shares that add up to 1, or a probability."""
    return _siblings(place) is not None or place[-1] in ("probability", "share", "unresolved", "click_through")


def _siblings(place: Place) -> Place | None:
    """The table in which a number is one of shares that add up to 1; None for other numbers."""
    if len(place) > 3 and place[0] == "stages" and place[2] == "exits" and place[4:] in ((), ("probability",)):
        return place[:3]
    return place[:1] if len(place) == 3 and place[0] == "segments" and place[2] == "share" else None


def moved(document: Mapping[str, Any], values: Mapping[Place, float]) -> dict[str, Any]:
    """The document with numbers put in place; of shares that add up to 1, the others shrink or grow in proportion."""
    changed = deepcopy(dict(document))
    for place, value in values.items():
        table = _siblings(place)
        if table is not None:
            _rescale(changed, table, place, value)
        put(changed, place, round(value) if isinstance(_at(changed, place), int) else value)
    return changed


def _rescale(document: dict[str, Any], table: Place, place: Place, value: float) -> None:
    shares = _at(document, table)
    own = place[len(table)]
    places = {name: _share_place(table, name, one) for name, one in shares.items() if name != own}
    rest = math.fsum(_at(document, other) for other in places.values())
    for other in places.values():
        put(document, other, _at(document, other) * (1.0 - value) / rest if rest else 0.0)


def _share_place(table: Place, name: str, one: Any) -> Place:
    if not isinstance(one, Mapping):
        return (*table, name)
    return (*table, name, "share" if table == ("segments",) else "probability")


def _at(document: Any, place: Place) -> Any:
    for step in place:
        document = document[step]
    return document


def checked(scenario: Scenario, numbers: Sequence[Number]) -> None:
    """Raise Faults where a number's ends make no sound scenario."""
    document, wrong = alone(scenario.document()), []
    for number in numbers:
        for value in (number.low, number.high):
            found = examine(moved(document, {number.place: value}), scenario.about.name)
            wrong += [fault for fault in found.faults if fault not in wrong]
    if wrong:
        raise Faults(wrong)

"""Numbers of a scenario that an analysis of sensitivity moves: those that are in doubt, and others by path."""

import math
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from sojourn.experiments.parameter_words import ON, labels
from sojourn.experiments.parameters import Doubt, doubts, quantiles
from sojourn.scenarios.checks import examine
from sojourn.scenarios.companion import Companion, value_at
from sojourn.scenarios.faults import Fault, Faults, dotted, nearest
from sojourn.scenarios.grades import covers
from sojourn.scenarios.levers import BOUNDS, RATIOS, Effect
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import Place, alone, place_of, put
from sojourn.scenarios.traits import words_at

SHIFT = 0.2  # by which a number that is in no doubt is moved, each way
NOT_MOVED = ("format", "scenario", "strategies", "targets", "free", "variants", "sources", "market")
SHARES = ("probability", "share", "unresolved", "click_through", "gathers")


class Number(NamedTuple):
    """One number of a scenario, and between which values it is moved."""

    place: Place
    """Where it stands in the document; that of an interval means its central value."""
    label: str
    """For people: `the effect of perks on loyalty -> churned`, or the path."""
    central: float
    low: float
    high: float
    origin: str
    """`declared` (the interval stands in the file), `calibrated` (from the companion) or `shifted` (a fifth less and more)."""
    drawn: tuple[float, ...] = ()
    """Draws of a calibrated number."""

    @property
    def scale(self) -> str:
        """The key that the number stands under: for an effect, its scale."""
        steps = [step for step in self.place if isinstance(step, str) and step != "central"]
        return (place_of(steps[-1]) or (steps[-1],))[-1] if steps else ""  # type: ignore[return-value]

    @property
    def ratio(self) -> bool:
        """Whether it multiplies something, so that it is moved on the log scale."""
        return self.scale in RATIOS

    @property
    def path(self) -> str:
        """Where it stands, as files write it."""
        return dotted(self.place)

    def bounds(self) -> tuple[float, float]:
        """Beyond which no scenario goes: the format's own limits, as far as they are known for its kind."""
        if self.ratio:
            return math.nextafter(0.0, 1.0), 1e6
        if self.scale in BOUNDS:
            return BOUNDS[self.scale]
        if _siblings(self.place) is not None or self.scale in SHARES:
            return 0.0, 1.0
        return (0.0, math.inf) if self.central >= 0.0 else (-math.inf, 0.0)

    def at(self, share: float) -> float:
        """The value so far on the way from low to high; on the log scale for ratios."""
        if self.ratio:
            return float(self.low * (self.high / self.low) ** share)
        return float(self.low + share * (self.high - self.low))

    def quantile(self, uniform: float) -> float:
        """The value below which it lies with this chance: by its interval, its draws, or evenly between its ends."""
        if self.drawn:
            return float(np.quantile(self.drawn, uniform))
        if self.origin == "declared":
            return float(quantiles(np.array([uniform]), self.central, self.low, self.high, self.scale)[0])
        return self.at(uniform)


def in_doubt(scenario: Scenario, companion: Companion | None = None) -> tuple[Number, ...]:
    """The numbers that are not known exactly and are one number each, in file order (see `parameters.doubts`)."""
    drawn = _columns(scenario, companion)
    return tuple(_number(one, drawn.get(one.place, ())) for one in doubts(scenario, companion) if _single(one))


def _single(one: Doubt) -> bool:
    return not isinstance(one.central, tuple)


def _number(one: Doubt, drawn: tuple[float, ...]) -> Number:
    central, low, high = (float(value) for value in (one.central, one.low, one.high) if not isinstance(value, tuple))
    place = one.place[:-1] if one.place[-1] == "central" else one.place
    return Number(place, one.label, central, low, high, one.origin, drawn)


def _columns(scenario: Scenario, companion: Companion | None) -> dict[Place, tuple[float, ...]]:
    """Draws of single numbers, by place in the document, that of a central value where the file has an interval."""
    if companion is None:
        return {}
    document = scenario.document()
    found = {}
    for place, column in companion.draws.items():
        if not isinstance(companion.centrals[place], tuple):
            here = (*place, "central") if isinstance(value_at(document, place), dict) else place
            found[here] = tuple(float(one) for one in column if not isinstance(one, tuple))
    return found


def chosen(scenario: Scenario, patterns: Sequence[str], companion: Companion | None = None) -> tuple[Number, ...]:
    """The numbers that patterns name (`stages.*.race.churned`), a fifth less and more where none is in doubt.

    A path names a number or all numbers of a table; * stands for any name. Raises Faults for one that names none.
    """
    movable = list(_movable(scenario, companion))
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


def _movable(scenario: Scenario, companion: Companion | None) -> Iterator[Number]:
    """Every number that a scenario says about customers, money and desks, in file order; 0 has no fifth."""
    known = {number.place: number for number in in_doubt(scenario, companion)}
    document = alone(scenario.document())
    places = list(_numbers(document, (), frozenset(known)))
    named = labels(document, [place for place, _ in places if place[0] == "levers" and "effects" in place])
    for place, value in places:
        if place in known:
            yield known[place]
        elif value != 0.0 and not (value == 1.0 and _siblings(place) is not None):  # nothing is left to give or take
            low, high = sorted((value * (1.0 - SHIFT), value * (1.0 + SHIFT)))
            one = Number(place, named.get(place, dotted(place)), value, low, high, "shifted")
            yield one._replace(high=min(high, one.bounds()[1]))


def _numbers(value: Any, place: Place, known: frozenset[Place]) -> Iterator[tuple[Place, float]]:
    if place and place[0] in NOT_MOVED:
        return
    if place in known:
        yield place, math.nan
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, (*place, key), known)
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _numbers(inner, (*place, i), known)
    elif isinstance(value, int | float) and not isinstance(value, bool) and "override" not in place:
        yield place, float(value)


def _siblings(place: Place) -> Place | None:
    """The table in which a number is one of shares that add up to 1; None for other numbers."""
    for k, step in enumerate(place):
        if isinstance(step, str) and (step == "exits" or step.endswith(".exits")):
            return place[: k + 1] if place[k + 2 :] in ((), ("probability",)) and len(place) > k + 1 else None
    if len(place) == 3 and place[0] == "segments" and place[2] == "share":
        return place[:1]
    return words_at(place)


def moved(document: Mapping[str, Any], values: Mapping[Place, float]) -> dict[str, Any]:
    """The document with numbers put in place; of shares that add up to 1, those not moved shrink or grow in proportion."""
    changed = deepcopy(dict(document))
    groups: dict[Place, dict[Place, float]] = {}
    for place, value in values.items():
        table = _siblings(place)
        if table is not None:
            groups.setdefault(table, {})[place] = value
        else:
            put(changed, place, round(value) if isinstance(value_at(changed, place), int) else value)
    for table, shares in groups.items():
        _shared(changed, table, shares)
    return changed


def _shared(document: dict[str, Any], table: Place, shares: Mapping[Place, float]) -> None:
    """Put shares in place and let the others of the table fill up to 1; where that cannot be, all are scaled to it."""
    others = [place for place in _places_of_shares(document, table) if place not in shares]
    rest = math.fsum(value_at(document, place) for place in others)
    taken = math.fsum(shares.values())
    left = max(1.0 - taken, 0.0) if rest else 0.0
    scale = 1.0 if abs(taken + left - 1.0) < 1e-12 else 1.0 / (taken + left)
    for place, value in shares.items():
        put(document, place, value * scale)
    for place in others:
        put(document, place, value_at(document, place) * left / rest * scale if rest else 0.0)


def _places_of_shares(document: Mapping[str, Any], table: Place) -> list[Place]:
    return [_share_place(table, name, one) for name, one in value_at(document, table).items()]


def absorbing(scenario: Scenario, numbers: Sequence[Number]) -> tuple[Number, ...]:
    """Of each table of shares that would all be moved at once, the largest: it has to take up what the others leave."""
    document, chosen_places = scenario.document(), {one.place for one in numbers}
    found = []
    for table in dict.fromkeys(table for one in numbers if (table := _siblings(one.place)) is not None):
        places = [place for place in _places_of_shares(document, table) if value_at(document, place) > 0.0]
        if chosen_places.issuperset(places):
            largest = max(places, key=lambda place: float(value_at(document, place)))
            found.append(next(one for one in numbers if one.place == largest))
    return tuple(found)


def complements(scenario: Scenario, numbers: Sequence[Number]) -> tuple[tuple[Number, Number], ...]:
    """Pairs that are one number, p and 1 - p: the two shares of a table that has no third."""
    document = alone(scenario.document())
    found: dict[Place, list[Number]] = {}
    for one in numbers:
        table = _siblings(one.place)
        if table is not None and len(_places_of_shares(document, table)) == 2:
            found.setdefault(table, []).append(one)
    return tuple((pair[0], pair[1]) for pair in found.values() if len(pair) == 2)


def _share_place(table: Place, name: str, one: Any) -> Place:
    if not isinstance(one, Mapping):
        return (*table, name)
    return (*table, name, "share" if table == ("segments",) else "probability")


def acts_on(scenario: Scenario, number: Number) -> tuple[str, str] | None:
    """The lever and what it acts on, in words, where the number is the size of a lever's effect; else None."""
    if len(number.place) < 5 or number.place[0] != "levers" or number.place[2] != "effects":
        return None
    kind, target = _effect(scenario, number.place).target
    return str(number.place[1]), ON[kind].format(target)


def evidence(scenario: Scenario, number: Number) -> str | None:
    """How well a number is founded: `measured`, `borrowed` or `assumed`; None where the file does not say."""
    if number.origin == "calibrated":
        return "measured"
    if number.place[0] == "levers":
        lever = scenario.levers[str(number.place[1])]
        own = _effect(scenario, number.place).evidence if "effects" in number.place else None
        return own or lever.evidence
    graded = (entry.evidence for entry in scenario.sources for path in entry.paths if _names(path, number.place))
    return next(graded, None)


def _names(path: str, place: Place) -> bool:
    pattern = place_of(path)
    return pattern is not None and covers(pattern, place)


def _effect(scenario: Scenario, place: Place) -> Effect:
    return scenario.levers[str(place[1])].effects[int(place[3])]


def checked(scenario: Scenario, numbers: Sequence[Number]) -> None:
    """Raise Faults where a number's ends make no sound scenario."""
    document, wrong = alone(scenario.document()), []
    for number in numbers:
        for value in (number.low, number.high):
            found = examine(moved(document, {number.place: value}), scenario.about.name)
            wrong += [fault for fault in found.faults if fault not in wrong]
    if wrong:
        raise Faults(wrong)

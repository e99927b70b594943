"""Free numbers: which numbers of a scenario may move, how far, and how the others follow.

A number that is one of several that add up to 1 (exits of a choice stage, shares of segments) takes from the others in
proportion, so that they still do; the interval of a lever's effect moves along with its central value.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sojourn.calibration.scales import ENDS, SHARE, Scale, group_of, immovable, meant, scale_of
from sojourn.scenarios.checks import examine
from sojourn.scenarios.faults import Fault, Faults, nearest, quoted, shown
from sojourn.scenarios.grades import covers
from sojourn.scenarios.levers import TARGETS
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import Place, entries, place_of, put, spelled
from sojourn.scenarios.traits import words_at

Bounds = tuple[float, float]
DIGITS = 4  # significant, of a number that is written
FINE = 6  # decimals of those that follow and add up to 1 with it
LEFT = 1e-4  # that free shares leave to the others at least


@dataclass(frozen=True)
class Free:
    """A number that may move. `low` and `high` are its bounds, in its own unit."""

    place: Place
    value: float
    low: float
    high: float
    scale: Scale
    about: str = ""
    """What the table around it acts on, as "visit -> buy"; empty where its path says that."""

    @property
    def path(self) -> str:
        """As the file and the command line write it."""
        return written(self.place)


def free_numbers(scenario: Scenario, wanted: Mapping[str, Bounds | None] | None = None) -> tuple[Free, ...]:
    """The numbers that may move.

    Args:
        scenario: the file as a whole.
        wanted: bounds by path, None for default bounds by kind; a path may name a table or hold a *, for all numbers there.
            Left out, it is the file's table `[free]`; without one, what the targets name as `tuned`.

    Raises:
        Faults: a path names no number, or one that cannot move; bounds that do not hold the file's number.
    """
    document, name = scenario.document(), scenario.about.name
    if wanted is None and scenario.free:
        wanted = {path: (low, high) for path, (low, high) in scenario.free.items()}
    if wanted is None:
        wanted = dict.fromkeys(path for one in scenario.targets for path in one.tuned)
    if not wanted:
        remedy = 'say it with --free PATH=LOW:HIGH or in a table [free], or add tuned = ["..."] to a target'
        raise Faults([Fault(name, "targets", "", "no target names the numbers that are tuned to it", remedy)])
    known = dict(numbers(document))
    found: dict[Place, Free] = {}
    wrong: list[Fault] = []
    for path, bounds in wanted.items():
        places, reason = _movable(path, known, document)
        if reason is not None:
            wrong.append(Fault(name, "free", shown(path), *reason))
        for place in places:
            held = _bounded(place, float(known[place]), bounds, name, path)
            if isinstance(held, Free):
                found.setdefault(place, replace(held, about=_about(document, place)))
            elif held not in wrong:
                wrong.append(held)
    if wrong:
        raise Faults(wrong)
    return _leaving_one(tuple(found.values()), document, name)


def numbers(document: Mapping[str, Any]) -> Iterator[tuple[Place, float]]:
    """Place and value of each number of a file, in file order."""
    yield from _numbers(document, ())


def changes(document: Mapping[str, Any], free: Sequence[Free], values: Sequence[float]) -> dict[Place, float]:
    """What stands where, once the free numbers have these values: themselves, and those that follow them."""
    told = {one.place: float(value) for one, value in zip(free, values, strict=True)}
    for shares in _following(document, [one.place for one in free]):
        told.update(_shared(shares, told))
    for one, value in zip(free, values, strict=True):
        if meant(one.place)[0] == "levers" and meant(one.place)[-1] == "central":
            told.update(_along(document, one, float(value)))
    return told


def moved(scenario: Scenario, told: Mapping[Place, float]) -> Scenario:
    """The scenario with numbers replaced. Raises `Faults` where it is not sound then."""
    document = scenario.document()
    for place, value in told.items():
        assert put(document, place, value) is None
    found = examine(document, scenario.about.name)
    if found.scenario is None:
        raise Faults(found.faults)
    return found.scenario


def tidy(one: Free, value: float) -> float:
    """A number with as many digits as are written, within its bounds."""
    held = min(max(value, one.low), one.high)
    for digits in (DIGITS, 9):
        rounded = float(f"{held:.{digits}g}")
        if one.low <= rounded <= one.high:
            return rounded
    return held


def written(place: Place) -> str:
    """A path as `place_of` reads it."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")


def _numbers(value: Any, place: Place) -> Iterator[tuple[Place, float]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, (*place, key))
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _numbers(inner, (*place, i))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place, value


def _about(document: Any, place: Place) -> str:
    """What an effect acts on: effects stand in lists, and a path gives only their number."""
    said = ""
    for step in place[:-1]:
        document = document[step]
        if isinstance(document, Mapping):
            said = next((str(document[key]) for key in TARGETS if isinstance(document.get(key), str)), said)
    return said if any(isinstance(step, int) for step in place) else ""


def _movable(
    path: str, known: Mapping[Place, float], document: Mapping[str, Any]
) -> tuple[list[Place], tuple[str, str] | None]:
    """The numbers that a path means and that can move; where there are none, what is wrong and what to do."""
    pattern = place_of(path)
    named = [] if pattern is None else [place for place in known if _meant(pattern, place)]
    reasons = [immovable(place) or _stuck(place, known[place]) or _lone(place, document) for place in named]
    moving = [place for place, reason in zip(named, reasons, strict=True) if not reason]
    if moving:
        return moving, None
    if named:
        return [], (f"{quoted(path)} cannot be moved: {reasons[0]}", "name another number")
    candidates = [written(place) for place, value in known.items() if not (immovable(place) or _stuck(place, value))]
    return [], (f"{quoted(path)} names no number in this file", nearest(path, candidates))


def _meant(pattern: Place, place: Place) -> bool:
    """Whether a path means a number; exits mean their probabilities, and not the times of those who take them."""
    inner, steps = meant(place), spelled(place)
    timing = inner[:1] == ("stages",) and inner[2:3] == ("exits",) and group_of(place) is None
    return covers(pattern, steps) and not (timing and len(pattern) - (len(steps) - len(inner)) in (3, 4))


def _stuck(place: Place, value: float) -> str:
    scale = scale_of(place)
    if scale.kind == "logarithm" and value <= 0:
        return f"it is {value:g}, and a number of its kind moves by ratios"
    return f"it is {value:g}, and a share moves by its odds" if scale is SHARE and not 0 < value < 1 else ""


def _lone(place: Place, document: Mapping[str, Any]) -> str:
    for shares in _following(document, [place]):
        if not any(value > 0 for other, value in shares.items() if other != place):
            return (
                "no other share can follow it, for it is alone, or overrides state some of these shares and not others"
            )
    return ""


def _bounded(place: Place, value: float, bounds: Bounds | None, file: str, path: str) -> Free | Fault:
    scale = scale_of(place)
    low, high = scale.around(value) if bounds is None else bounds
    said = f"{low:g}:{high:g}"
    where = written(place)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return Fault(
            file, "free", said, f"the bounds {said} of {path} are no range", "give the lower one first: LOW:HIGH"
        )
    if low < scale.least or high > scale.most or (scale.kind == "logarithm" and low <= 0):
        allowed = "above 0" if scale.kind == "logarithm" else f"from {scale.least:g} to {scale.most:g}"
        return Fault(file, "free", said, f"the bounds {said} of {path} are not all allowed", f"stay {allowed}")
    if not low <= value <= high:
        message = f"the bounds {said} do not hold the {value:g} that {where} has in the file"
        return Fault(file, "free", said, message, "widen them, or change the number in the file")
    return Free(place, value, low, high, scale)


def _leaving_one(free: tuple[Free, ...], document: Mapping[str, Any], file: str) -> tuple[Free, ...]:
    """Where all shares that could follow one another are free, the last one follows the others."""
    kept = list(free)
    for shares in _following(document, [one.place for one in free]):
        mine = [one for one in kept if one.place in shares]
        others = shares.keys() - {one.place for one in mine}
        if not any(shares[place] > 0 for place in others):
            kept.remove(mine[-1])
    if not kept:
        message = "no other share could follow the free ones"
        raise Faults([Fault(file, "free", "", message, "name a number that can move")])
    return tuple(kept)


def _following(document: Mapping[str, Any], free: Sequence[Place]) -> list[dict[Place, float]]:
    """The shares that move together: those of a table, as far as overrides do not state some of them and leave others.

    A segment or variant that states some of a table's shares takes the others from the file, and all of its own must add up
    to 1: so those that it states keep their sum in the file, and so do the others.
    """
    known = dict(numbers(document))
    stated = [set(_stated(one)) for one in _overrides(document)]
    found: dict[tuple[Place, tuple[bool, ...]], dict[Place, float]] = {}
    for place, value in known.items():
        table = group_of(place)
        if table is not None:
            member = place[: len(table) + 1]
            own = place[2:3] == ("override",)
            apart = () if own else tuple(member in one for one in stated)
            found.setdefault((table, apart), {})[place] = value
    return [shares for shares in found.values() if any(place in shares for place in free)]


def _overrides(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for section in ("segments", "variants"):
        for one in document.get(section, {}).values():
            yield one.get("override", {})


def _stated(override: Mapping[str, Any]) -> Iterator[Place]:
    for _, place, _ in entries(override):
        if place is not None and place[:1] == ("stages",) and place[2:3] == ("exits",) and len(place) > 3:
            yield place[:4]
        elif place is not None and place[:1] == ("segments",):
            yield place[:2]
        elif place is not None and words_at(place) is not None:
            yield place


def _shared(shares: Mapping[Place, float], told: Mapping[Place, float]) -> dict[Place, float]:
    """All shares that move together: the free ones as told, the others in the file's proportions, with the file's sum."""
    mine = {place: told[place] for place in shares if place in told}
    others = {place: value for place, value in shares.items() if place not in mine}
    whole, taken, rest = math.fsum(shares.values()), math.fsum(mine.values()), math.fsum(others.values())
    if taken > whole - LEFT:
        mine = {place: value * (whole - LEFT) / taken for place, value in mine.items()}
        taken = whole - LEFT
    follow = {place: round(value * (whole - taken) / rest, FINE) for place, value in others.items()}
    largest = max(follow, key=lambda place: follow[place])
    lacking = whole - taken - math.fsum(value for place, value in follow.items() if place != largest)
    follow[largest] = float(f"{max(lacking, 0.0):.12g}")
    return {**mine, **follow}


def _along(document: Mapping[str, Any], one: Free, value: float) -> dict[Place, float]:
    """The ends of an interval, as far from the central value as before, on the number's scale."""
    table: Any = document
    for step in one.place[:-1]:
        table = table[step]
    told: dict[Place, float] = {}
    for end in ENDS[1:]:
        beside: Place = (*one.place[:-1], str(one.place[-1]).removesuffix("central") + end)
        if beside[-1] not in table:  # an override may state the number without its interval
            continue
        before = float(table[beside[-1]])
        after = before * value / one.value if one.scale.kind == "logarithm" else before + value - one.value
        after = float(f"{after:.{DIGITS}g}")
        told[beside] = min(after, value) if end == "low" else max(after, value)
    return told

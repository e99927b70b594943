"""Numbers that nobody knows exactly, and draws of them: scenarios as they may be, beside the one that the file says.

Two kinds of number are in doubt: effects that declare an interval, `{ central, low, high }`, and numbers that were calibrated,
whose joint draws stand in the companion of the file (see `scenarios.companion`). Declared intervals are 90 % ones. A ratio is
lognormal and any other number normal, with `low` and `high` as 5th and 95th percentile; where `central` is not in the middle, the
halves below and above it are normal with spreads of their own, so that `central` stays the median. Every number has a stream of
its own, named by seed and place: one more number in doubt changes no other.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments.parameter_words import labels
from sojourn.scenarios.checks import examine
from sojourn.scenarios.companion import Companion, Value, value_at
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.levers import BOUNDS, RATIOS
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import Place, alone, place_of, put

Origin = Literal["declared", "calibrated"]
Floats = NDArray[np.float64]
RANGE = frozenset({"central", "low", "high"})
MOST = 1_000_000  # draws
LARGEST_RATIO = 1e6  # that the format allows


class Doubt(NamedTuple):
    """A number that is not known exactly."""

    place: Place
    """Where it stands in the scenario's document."""
    label: str
    """What it is, in words."""
    central: Value
    """What runs use unless numbers are drawn."""
    low: Value
    """Lower end of its 90 % interval."""
    high: Value
    """Upper end."""
    origin: Origin


@dataclass(frozen=True)
class Draws:
    """Joint draws of all numbers in doubt; draw i of all of them belongs together."""

    base: Scenario
    doubts: tuple[Doubt, ...]
    values: Mapping[Place, tuple[Value, ...]]
    """By place, as many values as there are draws."""
    count: int

    def scenario(self, i: int) -> Scenario:
        """The scenario with draw i put in, checked as a file is. Raises Faults where a draw is none that a file may hold."""
        document = alone(self.base.document())
        for place, column in self.values.items():
            _put(document, place, column[i])
        found = examine(document, self.base.about.name)
        if found.scenario is None:
            remedy = "narrow the interval, or calibrate again"
            about = f"draw {i + 1} of the numbers in doubt makes no sound scenario: "
            raise Faults(Fault(f.file, f.path, f.value, about + f.message, remedy) for f in found.faults)
        return found.scenario

    def numbers(self) -> Floats:
        """All single numbers (no lists), shape (draws, numbers), in the order of `singles`."""
        columns = [self.values[doubt.place] for doubt in self.singles]
        return np.array(columns, dtype=np.float64).reshape(len(columns), self.count).T

    @property
    def singles(self) -> tuple[Doubt, ...]:
        """Those in doubt that are one number each."""
        return tuple(doubt for doubt in self.doubts if not isinstance(doubt.central, tuple))


def doubts(scenario: Scenario, companion: Companion | None = None) -> tuple[Doubt, ...]:
    """All numbers in doubt, in the order of the file; a calibrated number comes before a declared interval of the same place.

    An interval without width is no doubt. A calibrated number that was edited by hand since is someone's decision and is not in
    doubt (see `edited`).
    """
    document = scenario.document()
    drawn = _drawn(document, companion)
    found: dict[Place, tuple[Value, Value, Value, Origin]] = {}
    for place, table in _ranges(document):
        if (*place, "central") not in drawn and table["low"] < table["high"]:
            found[place] = table["central"], table["low"], table["high"], "declared"
    for place, column in drawn.items():
        low, high = _percentiles(column)
        if low != high:
            here = value_at(document, place)
            found[place] = tuple(here) if isinstance(here, list) else here, low, high, "calibrated"
    order = {place: k for k, place in enumerate(_places(document, ()))}
    places = sorted(found, key=lambda place: order.get(place, len(order)))
    named = labels(document, places)
    return tuple(Doubt(place, named[place], *found[place]) for place in places)


def edited(scenario: Scenario, companion: Companion | None) -> tuple[Place, ...]:
    """Calibrated numbers that are not drawn, since they, or what they must add up with, were edited by hand."""
    if companion is None:
        return ()
    document = scenario.document()
    drawn = _drawn(document, companion)
    return tuple(place for place in companion.centrals if _resolved(document, place) not in drawn)


def still_drawn(document: dict[str, Any], companion: Companion, changed: Iterable[Place]) -> Companion | None:
    """What is left of a companion when numbers were set by something else than its log: they leave it, with what each is only
    sound with. None where nothing is left.
    """
    broken = {together(document, place) for place in changed}
    return companion.without(
        place for place in companion.centrals if together(document, _resolved(document, place)) in broken
    )


def amiss(scenario: Scenario, companion: Companion | None) -> str:
    """Why a companion tells nothing of how unsure a scenario's numbers are; empty where it tells something, or there is none."""
    if companion is None or any(doubt.origin == "calibrated" for doubt in doubts(scenario, companion)):
        return ""
    if companion.count == 1:
        return "the companion beside the file has a single draw, which does not tell how unsure numbers are"
    document = scenario.document()
    if _drawn(document, companion):
        return f"all {companion.count:,} draws of the companion beside the file are alike"
    nowhere = sum(value_at(document, place) is None for place in companion.centrals)
    whose = "they were edited by hand, or the draws are of another scenario"
    if nowhere:
        whose = f"for {nowhere} there is no place in it, so the draws seem to be of another scenario"
    count = len(companion.centrals)
    return f"none of the {count} numbers of the companion beside the file stands in it as it was calibrated: {whose}"


def draw(scenario: Scenario, count: int, seed: int, companion: Companion | None = None) -> Draws:
    """Joint draws of all numbers in doubt.

    Args:
        scenario: what the file says.
        count: how many draws; the first n of more draws are the same as n draws.
        seed: 0 to 2^32 - 1.
        companion: joint draws of the calibrated numbers. Its rows are taken in random order, each once; where it has fewer than
            `count`, over again.

    Raises:
        Faults: fewer than 1 draw, or a seed out of range.
    """
    _check(scenario, count, seed)
    document = scenario.document()
    found = doubts(scenario, companion)
    drawn = _drawn(document, companion)
    rows = _rows(companion, count, seed)
    values: dict[Place, tuple[Value, ...]] = {}
    for doubt in found:
        if doubt.origin == "calibrated":
            column = drawn[doubt.place]
            values[doubt.place] = tuple(column[row] for row in rows)
        else:
            assert not isinstance(doubt.central, tuple)
            assert not isinstance(doubt.low, tuple)
            assert not isinstance(doubt.high, tuple)
            uniform = _uniforms(seed, doubt.place, count)
            one = quantiles(uniform, doubt.central, doubt.low, doubt.high, _scale(doubt.place))
            values[doubt.place] = tuple(one.tolist())
    return Draws(scenario, found, values, count)


def quantiles(uniform: Floats, central: float, low: float, high: float, scale: str) -> Floats:
    """The quantiles of a declared interval at `uniform` (in 0 to 1); its 5 %, 50 % and 95 % are low, central and high.

    `scale` is that of the effect: ratios are drawn on the scale of logs. What the format does not allow is cut off; agents are
    whole where the interval is.
    """
    from scipy.special import ndtri

    ratio = scale in RATIOS
    middle, below, above = (math.log(one) if ratio else one for one in (central, low, high))
    z = ndtri(uniform) / ndtri(0.95)
    found = middle + np.where(z < 0.0, z * (middle - below), z * (above - middle))
    if ratio:
        found = np.exp(np.minimum(found, math.log(LARGEST_RATIO)))
    elif scale in BOUNDS:
        found = np.clip(found, *BOUNDS[scale])
    if scale == "agents" and all(one == round(one) for one in (central, low, high)):
        found = np.round(found)
    return np.asarray(found, dtype=np.float64)


def bearing(found: Iterable[Doubt], scenario: Scenario, strategies: Sequence[str]) -> tuple[Doubt, ...]:
    """Those that can matter to some strategies: an effect of a lever that none of them ever pulls cannot."""
    plans = [plan for name in strategies for plan in scenario.strategies[name].items()]
    pulled = {lever for lever, plan in plans if any(step.level > 0 for step in plan.steps)}
    return tuple(doubt for doubt in found if (lever := _lever(doubt.place)) is None or lever in pulled)


def _check(scenario: Scenario, count: int, seed: int) -> None:
    source, faults = scenario.about.name, []
    if not 1 <= count <= MOST:
        faults.append(Fault(source, "draws", f"{count}", "no such number of draws", f"give 1 to {MOST:,}, such as 200"))
    if not 0 <= seed < 2**32:
        faults.append(Fault(source, "seed", f"{seed}", "no such seed", f"give a whole number from 0 to {2**32 - 1}"))
    if faults:
        raise Faults(faults)


def _uniforms(seed: int, place: Place, count: int) -> Floats:
    """Numbers in the open interval (0, 1) from the stream that seed and place name."""
    name = json.dumps([seed, list(place)], ensure_ascii=False).encode()
    raw = np.random.Philox(key=int.from_bytes(hashlib.sha256(name).digest()[:16], "big")).random_raw(count)
    return ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def _rows(companion: Companion | None, count: int, seed: int) -> list[int]:
    if companion is None or companion.count == 0:
        return []
    order = np.argsort(_uniforms(seed, (), companion.count), kind="stable")
    return [int(order[i % order.size]) for i in range(count)]


def _drawn(document: dict[str, Any], companion: Companion | None) -> dict[Place, tuple[Value, ...]]:
    """Columns of the companion that are drawn, by place in the document: of whole tables that nobody edited."""
    if companion is None:
        return {}
    places = {place: _resolved(document, place) for place in companion.centrals}
    here = Companion(
        {places[place]: central for place, central in companion.centrals.items()},
        {places[place]: column for place, column in companion.draws.items()},
    )
    kept = here.untouched(document)
    broken = {together(document, place) for place in here.centrals.keys() - kept.centrals.keys()}
    return {place: column for place, column in kept.draws.items() if together(document, place) not in broken}


def _resolved(document: dict[str, Any], place: Place) -> Place:
    """A place that names an interval means its central value."""
    return (*place, "central") if _is_range(value_at(document, place)) else place


def together(document: Mapping[str, Any], place: Place) -> Place:
    """What a number is only sound with: shares that add up to 1, the numbers of one law; else only itself."""
    if "exits" in place and (place[-1] == "probability" or place[-2] == "exits"):
        return place[: place.index("exits") + 1]
    if place[:1] == ("segments",) and place[-1] == "share" and len(place) == 3:
        return place[:1]
    around = value_at(document, place[:-1])
    if place[:2] == ("scenario", "start") or (isinstance(around, dict) and "law" in around):
        return place[:-1]
    return place


def _put(document: dict[str, Any], place: Place, value: Value) -> None:
    """Set a number in place. An interval keeps its form, and is widened where the draw lies beyond it."""
    within = place[:-1] if place[-1] == "central" else place
    here = value_at(document, within)
    if _is_range(here):
        assert not isinstance(value, tuple)
        put(document, within, {"central": value, "low": min(here["low"], value), "high": max(here["high"], value)})
    elif isinstance(value, tuple):
        put(document, place, list(value))
    else:
        whole = isinstance(value_at(document, place), int)
        put(document, place, round(value) if whole else value)


def _ranges(document: dict[str, Any]) -> Iterator[tuple[Place, dict[str, float]]]:
    for section in ("segments", "levers"):
        for place in _places(document.get(section, {}), (section,)):
            table = value_at(document, place)
            if _is_range(table):
                yield place, table


def _places(table: Any, place: Place) -> Iterator[Place]:
    """All places in a table, in the order of the file, a table before what it holds."""
    if place:
        yield place
    steps = table.items() if isinstance(table, dict) else enumerate(table) if isinstance(table, list) else ()
    for step, inner in steps:
        yield from _places(inner, (*place, step))


def _is_range(table: Any) -> bool:
    return isinstance(table, dict) and table.keys() == RANGE


def _scale(place: Place) -> str:
    """The scale of the effect at a place; an override names it in a path."""
    last = next(step for step in reversed(place) if isinstance(step, str))
    steps = place_of(last) or (last,)
    return next(step for step in reversed(steps) if isinstance(step, str))


def _lever(place: Place) -> str | None:
    """The lever that a place is about, None where it is about none."""
    if place[:1] == ("segments",) and len(place) > 3:
        steps = [
            inner for step in place[3:] for inner in (place_of(step) or (step,) if isinstance(step, str) else (step,))
        ]
        place = tuple(steps)
    return str(place[1]) if place[:1] == ("levers",) and len(place) > 1 else None


def _percentiles(column: Sequence[Value]) -> tuple[Value, Value]:
    low, high = np.quantile(np.array(column, dtype=np.float64), [0.05, 0.95], axis=0)
    if low.ndim:
        return tuple(low.tolist()), tuple(high.tolist())
    return float(low), float(high)

"""What a number in doubt is, in words: an effect by lever and target, a number of the journey by stage and exit."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sojourn.scenarios.companion import value_at
from sojourn.scenarios.faults import dotted
from sojourn.scenarios.levers import TARGETS
from sojourn.scenarios.overrides import Place, place_of

ON = {
    "exit": "{}",
    "touchpoint": "the experience in {}",
    "desk": "the desk {}",
    "dwell": "the time in {}",
    "referrals": "invitations from {}",
    "arrivals": "arrivals",
    "spend": "spending at {}",
    "demand": "who asks for service in {}",
    "information": "what is learned in {}",
}
SPANS = ("mean", "median", "value")  # of laws, that are days


def labels(document: Mapping[str, Any], places: Iterable[Place]) -> dict[Place, str]:
    """A label for each place, no two alike: where words would be the same, the path stands behind them."""
    named = {place: _label(document, place) for place in places}
    times = Counter(named.values())
    return {place: f"{label} ({dotted(place)})" if times[label] > 1 else label for place, label in named.items()}


def _label(document: Mapping[str, Any], place: Place) -> str:
    if place[:1] == ("segments",) and len(place) > 3 and place[2] == "override":
        steps = [inner for step in place[3:] for inner in _steps(step)]
        return f"{_words(_effect(document, place), tuple(steps))}, for {place[1]}"
    return _words(_effect(document, place), place)


def _steps(step: str | int) -> Place:
    return (step,) if isinstance(step, int) else place_of(step) or (step,)


def _effect(document: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
    """The effect around a place, nothing where there is none; an override of one number means that of the scenario."""
    for end in range(len(place) - 1, 0, -1):
        table = value_at(document, place[:end])
        if isinstance(table, dict) and any(target in table for target in TARGETS):
            return table
    meant = tuple(inner for step in place[3:] for inner in _steps(step)) if place[:1] == ("segments",) else ()
    return _effect(document, meant) if meant[:1] == ("levers",) else {}


def _words(effect: Mapping[str, Any], place: Place) -> str:
    if place[0] == "levers" and effect:
        kind = next(target for target in TARGETS if target in effect)
        return f"the effect of {place[1]} on {ON[kind].format(effect[kind])}"
    if place[0] == "stages" and len(place) > 3 and place[2] in ("race", "exits"):
        share = place[-1] == "probability" or place[-2] == "exits"
        what = (
            "the share of"
            if share
            else f"the {place[-1]} of the time to"
            if place[-1] in SPANS
            else f"the {place[-1]} of"
        )
        return f"{what} {place[1]} -> {place[3]}"
    if place[0] == "stages" and len(place) == 4 and place[2] == "dwell":
        return f"the {place[3]} of the time in {place[1]}"
    if place == ("arrivals", "rate_per_day"):
        return "the arrivals a day"
    if place[0] == "segments" and place[-1] == "share":
        return f"the share of {place[1]}"
    return dotted(place)

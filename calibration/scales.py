"""On which scale a number of a scenario moves, between which bounds, and what may not be moved at all.

Shares move by log-odds, so that they stay between 0 and 1; ratios, times, rates and money by their logarithm, so that they stay
above 0; log-odds and points as they are. Default bounds are wide on purpose: they say where a number of that kind is still
credible, not where this one is.
"""

import math
from dataclasses import dataclass
from typing import Literal

from sojourn.scenarios.overrides import Place, spelled
from sojourn.scenarios.traits import words_at

Kind = Literal["log-odds", "logarithm", "plain"]
LEAST = 1e-6  # of a share that moves by log-odds, and its distance from 1


@dataclass(frozen=True)
class Scale:
    """How numbers of one sort move.

    Attributes:
        kind: what they are moved on.
        reach: how far the default bounds lie from the file's number, on the scale.
        unit: what counts as one step, on the scale; the pull to the file's own numbers is measured in it.
        least, most: what the format allows, in the number's own unit.
    """

    kind: Kind
    reach: float
    unit: float = 1.0
    least: float = -math.inf
    most: float = math.inf

    def inner(self, value: float) -> float:
        """A number on the scale; ValueError where it has no place there (a ratio of 0)."""
        if self.kind == "log-odds":
            held = min(max(value, LEAST), 1 - LEAST)
            return math.log(held / (1 - held))
        return math.log(value) if self.kind == "logarithm" else value

    def outer(self, z: float) -> float:
        """The number at a place of the scale."""
        if self.kind == "log-odds":
            return 1 / (1 + math.exp(-z))
        return math.exp(z) if self.kind == "logarithm" else z

    def around(self, value: float) -> tuple[float, float]:
        """Default bounds about a number, in its own unit."""
        z = self.inner(value)
        return max(self.outer(z - self.reach), self.least), min(self.outer(z + self.reach), self.most)


SHARE = Scale("log-odds", reach=3.0, least=0.0, most=1.0)
RATIO = Scale("logarithm", reach=math.log(4), least=0.0)
SHAPE = Scale("logarithm", reach=math.log(3), least=0.0)
AMOUNT = Scale("logarithm", reach=math.log(10), least=0.0)
LOG_ODDS = Scale("plain", reach=2.0, least=-100.0, most=100.0)
LOAD = Scale("plain", reach=1.0, least=-10.0, most=10.0)
POINTS = Scale("plain", reach=30.0, unit=10.0, least=0.0, most=100.0)
MORE_POINTS = Scale("plain", reach=20.0, unit=10.0, least=-100.0, most=100.0)
ANSWER = Scale("plain", reach=2.0, least=-10.0, most=20.0)

SHARES = ("probability", "click_through", "unresolved", "gathers", "learning", "recovery", "informed")
SHAPES = ("shape", "sigma", "slope", "half")
ENDS = ("central", "low", "high")  # of a number with an interval, which moves as a whole
FIXED = {
    "format": "it is no number about customers",
    "strategies": "levels and days are the decisions to be compared",
    "targets": "it is what is to be met",
    "free": "it is a bound",
    "sources": "it is no number about customers",
}
COUNTED = (("arrivals", "cohort"), ("market", "size"), ("market", "invitee_cap"))
ASKED = (("scenario", "horizon_days"), ("scenario", "annual_discount_rate"), ("arrivals", "until_day"))


def scale_of(place: Place) -> Scale:
    """How the number at a place moves, by the keys that lead to it; in an override, by those of the place that it means."""
    place = meant(place)
    keys = [step for step in place if isinstance(step, str)]
    last = keys[-2] if place[0] == "levers" and keys[-1] in ENDS else keys[-1]
    if place[:2] == ("frailty", "loads"):
        return LOAD
    if place[:2] == ("satisfaction", "nps") and last != "sd":
        return ANSWER
    if last == "points":
        return MORE_POINTS
    if last == "performance" or (last == "mean" and place[:2] in POINTED):
        return POINTS
    if last in SHARES or group_of(place) is not None:
        return SHARE
    if last.startswith("log_odds"):
        return LOG_ODDS
    if "_ratio" in last:
        return RATIO
    return SHAPE if last in SHAPES else AMOUNT


POINTED = (("satisfaction", "start"), ("satisfaction", "expectation"))


def group_of(place: Place) -> Place | None:
    """The table whose numbers add up to 1, where a number is one of such: exits of a choice, segments, where to start, words.

    Shares that an override states are a group of their own: those that it leaves to the file do not follow them.
    """
    if place[2:3] == ("override",):
        within = group_of(meant(place))
        return None if within is None else (*place[:3], *within)
    if len(place) in (4, 5) and place[0] == "stages" and place[2] == "exits":
        return place[:3] if len(place) == 4 or place[4] == "probability" else None
    if len(place) == 3 and place[0] == "segments" and place[2] == "share":
        return place[:1]
    return place[:2] if len(place) == 3 and place[:2] == ("scenario", "start") else words_at(place)


def meant(place: Place) -> Place:
    """The place of the file that a number of an override stands for; else the place itself."""
    return spelled(place)[3:] if place[2:3] == ("override",) else place


def immovable(place: Place) -> str:
    """Why a number cannot be chosen by a search; empty where it can."""
    place = meant(place)
    first, last = str(place[0]), place[-1]
    if first in FIXED:
        return FIXED[first]
    if place in ASKED:
        return "it belongs to the question, not to the answer"
    if place in COUNTED or (first in ("desks", "levers") and "agents" in place[2:]):
        return "whole numbers jump, and a search by slopes cannot move them"
    if first == "levers" and last in ENDS[1:]:
        return "it is the end of an interval, which moves with its central value: name that"
    if isinstance(last, int) or (last in ("share", "days", "day", "never") and group_of(place) is None):
        return "quantiles and days of a law hang together"
    return ""

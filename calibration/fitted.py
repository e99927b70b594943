"""What a fit to targets gives: the numbers, what is still amiss, and what the targets cannot tell, in words and as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sojourn.calibration.free import Free
from sojourn.calibration.rewriting import MARK, Rewritten, rewritten
from sojourn.experiments.attained import Attained, Evaluation
from sojourn.scenarios.brief import brief
from sojourn.scenarios.grades import covers
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import Place, place_of
from sojourn.sim.vocabulary import SHARE, unit

MET = {True: "", False: ", missed", None: ", open: the simulation error is larger than the tolerance"}
NEAREST = "nearer it does not come"
NAMED = 3  # numbers that the first sentence names


@dataclass(frozen=True)
class Number:
    """One free number, before and after."""

    free: Free
    after: float
    error: float | None
    """What the luck of the trials may have moved it by: half a 90 % interval, by the slopes; None where the targets do not
    tell the number."""
    range: tuple[float, float] | None
    """Within which all targets can still be met, the other free numbers following; None where they are not met."""
    simulated: bool
    """Whether the range was found by simulation; else it is that of the slopes."""
    stop: str
    """The bound ("low" or "high") at which it stands though the targets ask for more; else empty."""

    @property
    def before(self) -> float:
        """What the file said."""
        return self.free.value

    @property
    def path(self) -> str:
        """Where it stands."""
        return self.free.path

    @property
    def bound(self) -> float | None:
        """The bound that stops it, if one does."""
        return {"low": self.free.low, "high": self.free.high}.get(self.stop)

    def document(self) -> dict[str, Any]:
        """As `sojourn fit --json` gives it."""
        allowed = None if self.range is None else {"low": self.range[0], "high": self.range[1]}
        return {
            "path": self.path,
            "about": self.free.about,
            "before": self.before,
            "after": self.after,
            "error": self.error,
            "bounds": {"low": self.free.low, "high": self.free.high},
            "still_meets": allowed,
            "still_meets_by": None if allowed is None else "simulation" if self.simulated else "slopes",
            "stopped_by": self.bound,
        }


@dataclass(frozen=True)
class Undecided:
    """Numbers that can move together while the targets stay met.

    Attributes:
        moving: path of the number that is moved.
        ends: value by path at its lower and at its upper end; the numbers that follow stand beside it.
        at: value by path now.
    """

    moving: str
    at: Mapping[str, float]
    ends: tuple[Mapping[str, float], Mapping[str, float]]
    targets: int

    @property
    def sentence(self) -> str:
        """In words."""
        stays = {1: "the target", 2: "both targets"}.get(self.targets, f"all {self.targets} targets")
        low, high = self.ends
        followers = [path for path in self.at if path != self.moving]
        moved = f"{self.moving} can be anything from {_short(low[self.moving])} to {_short(high[self.moving])}"
        if not followers:
            return f"{moved}: alone it hardly moves {stays}."
        goes = " and ".join(f"{path} goes from {_short(low[path])} to {_short(high[path])}" for path in followers)
        return f"{moved}, if {goes} along with it: {stays} {'stays' if self.targets == 1 else 'stay'} met."

    @property
    def short(self) -> str:
        """`a up, b down`."""
        low, high = self.ends
        return ", ".join(f"{path} {'up' if high[path] > low[path] else 'down'}" for path in self.at)

    def document(self) -> dict[str, Any]:
        """As `sojourn fit --json` gives it."""
        return {
            "sentence": self.sentence,
            "moving": self.moving,
            "at": self.at,
            "low": self.ends[0],
            "high": self.ends[1],
        }


@dataclass(frozen=True)
class TargetFit:
    """Numbers chosen so that the simulation meets the targets.

    Attributes:
        scenario, fitted: before and after.
        numbers: the free ones.
        changes: all numbers that differ or were chosen, by place, those that follow included.
        before, after: the targets by simulation, on fresh seeds: other customers than the numbers were found with.
        undecided: what the targets cannot tell.
        reached: whether the trials came within all tolerances, chance aside: else the bounds, or the model, do not allow it.
        pull: weight of the pull to the file's own numbers; 0 where the targets tell all numbers.
        seed: of the trials.
        simulations: how many trials there were.
        already: whether the file's own numbers met all targets, so that nothing was moved.
    """

    scenario: Scenario
    fitted: Scenario
    numbers: tuple[Number, ...]
    changes: Mapping[Place, float]
    before: Evaluation
    after: Evaluation
    undecided: tuple[Undecided, ...]
    reached: bool
    pull: float
    seed: int
    simulations: int
    already: bool = False

    def __repr__(self) -> str:
        return brief(self, self.scenario.about.name, answer=self.sentence)

    @property
    def met(self) -> bool | None:
        """Whether all targets are met on fresh seeds; None where one is open."""
        found = [one.met for one in self.after.attained]
        return False if False in found else None if None in found else True

    @property
    def sentence(self) -> str:
        """The answer: which targets are met, by moving what; or what stops the others."""
        missed = [one for one in self.after.attained if one.met is not True]
        told = ", ".join(_figure(one, self.scenario) for one in self.after.attained)
        if self.already:
            return f"Met already: {told}; nothing moved."
        if not missed:
            return f"Met: {told}, by {self.moves}."
        if self.met is None:
            return f"Open: {told}, by {self.moves}; the simulation error is too large to tell."
        return f"Not met: {told}, by {self.moves}; {self.obstacle}."

    @property
    def moves(self) -> str:
        """What was moved, the most first."""
        scale = {one.path: one.free.scale for one in self.numbers}
        size = {
            one.path: abs(scale[one.path].inner(one.after) - scale[one.path].inner(one.before)) for one in self.numbers
        }
        most = sorted((one for one in self.numbers if one.after != one.before), key=lambda one: -size[one.path])
        if not most:
            return "leaving all numbers as they are"
        told = [f"{one.path} from {_short(one.before)} to {_short(one.after)}" for one in most[:NAMED]]
        rest = [f"{len(most) - NAMED} more"] if len(most) > NAMED else []
        *first, last = [*told, *rest]
        return f"moving {', '.join(first)} and {last}" if first else f"moving {last}"

    @property
    def obstacle(self) -> str:
        """What keeps the targets that are missed from being met."""
        if self.reached:
            return "the trials met it, but customers whom they had not seen do not: have more replications"
        stopped = [one for one in self.numbers if one.stop]
        if not stopped:
            return f"{NEAREST}: the free numbers have too little effect, or the targets pull against each other"
        told = [
            f"{one.path} stands at its {'lower' if one.stop == 'low' else 'upper'} bound {_short(one.bound)}"
            for one in stopped
        ]
        return f"{NEAREST}: {' and '.join(told)}"

    @property
    def source(self) -> str:
        """What the file says of the tuned numbers: to which targets, with which misfit, and what these cannot tell."""
        told = [f"{one.target.name} ({_off(one)})" for one in self.after.attained]
        open_ways = [one.short for one in self.undecided]
        cannot = f"; cannot tell apart: {'; '.join(open_ways)}" if open_ways else ""
        return f"{MARK} to meet {', '.join(told)}{cannot}"

    @property
    def also_sourced(self) -> tuple[str, ...]:
        """Entries of `[[sources]]`, other than a fit's, that speak of a number which was moved: do they still hold?"""
        moved = [one.free.place for one in self.numbers if one.after != one.before]
        found = []
        for i, entry in enumerate(self.scenario.sources):
            patterns = [place for place in map(place_of, entry.paths) if place is not None]
            if MARK not in entry.source and any(covers(pattern, place) for pattern in patterns for place in moved):
                found.append(f"sources[{i}] ({entry.evidence})")
        return tuple(found)

    def text(self, before: str) -> Rewritten:
        """The scenario's own text with the numbers changed, and a `[[sources]]` entry about them; as it was, if none moved."""
        if self.already:
            return Rewritten(before, False)
        return rewritten(before, self.changes, [one.path for one in self.numbers], self.source)

    def document(self) -> dict[str, Any]:
        """The JSON shape of `sojourn fit --json`."""
        return {
            "scenario": self.scenario.about.name,
            "sentence": self.sentence,
            "met": self.met,
            "numbers": [one.document() for one in self.numbers],
            "targets": {
                "before": [one.document() for one in self.before.attained],
                "after": [one.document() for one in self.after.attained],
            },
            "cannot_tell": [one.document() for one in self.undecided],
            "already": self.already,
            "reached": self.reached,
            "pull": self.pull,
            "seed": self.seed,
            "check_seed": self.after.seed,
            "replications": self.after.replications,
            "customers": self.after.customers,
            "simulations": self.simulations,
        }


def _off(one: Attained) -> str:
    mean, low, high = one.misfit
    if mean is None or low is None or high is None:
        return "undefined"
    return f"misfit {100 * mean:+.1f} % [{100 * low:+.1f}, {100 * high:+.1f}]{MET[one.met]}"


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _figure(one: Attained, scenario: Scenario) -> str:
    share = one.target.against is None and unit(one.target.measure, scenario) == SHARE
    mean = one.estimate.mean
    said, asked = (
        "undefined" if x is None else f"{100 * x:.4g} %" if share else _short(x) for x in (mean, one.target.value)
    )
    return f"{one.target.name} {said}" if one.met else f"{one.target.name} {said} (asked {asked})"

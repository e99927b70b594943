"""What the simulation of a target gives, whether the target is met, and how that is said.

A target is met where the interval of the simulated figure reaches into the band `value * (1 +- tolerance)`: the miss is
then no larger than the tolerance and the simulation error together. Whether the figure itself lies in the band, or only
its interval reaches it, is said. A simulation whose error is larger than the tolerance leaves the target open, unless it
misses by more than both: else few enough customers would meet any target.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sojourn.scenarios.brief import brief
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plurals import plural
from sojourn.scenarios.targets import Target
from sojourn.sim.estimates import Estimate

Within = Literal["tolerance", "simulation error"]
MANY = 4  # targets of one verdict that a sentence tells one by one
VERDICTS = {True: ("is met", "are met"), False: ("is missed", "are missed"), None: ("is open", "are open")}


@dataclass(frozen=True)
class Attained:
    """One target, and how near the simulation comes to it."""

    target: Target
    strategy: str
    """Under which it was measured."""
    estimate: Estimate
    """The measure, or the ratio, with its 90 % interval."""
    exact: float | None
    """The same without simulation error, where theory has it."""

    @property
    def misfit(self) -> Estimate:
        """What the simulated figure is off by, as a share of the value asked, with its 90 % interval."""
        mean, *ends = (None if x is None else (x - self.target.value) / abs(self.target.value) for x in self.estimate)
        low, high = ends
        return Estimate(mean, low, high)

    @property
    def within(self) -> Within | None:
        """What the miss stays within: the tolerance, or only the tolerance and the simulation error; None beyond."""
        mean, low, high = self.misfit
        tolerance = self.target.tolerance
        if mean is None:
            return None
        if abs(mean) <= tolerance:
            return "tolerance"
        reaches = low is not None and high is not None and low <= tolerance and high >= -tolerance
        return "simulation error" if reaches else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where that is open: the measure is undefined, or the simulation error is
        larger than the tolerance (or unknown) and nothing speaks against the target.
        """
        if self.within is not None:
            return None if self.blurred else True
        return None if self.misfit.mean is None or self.misfit.low is None else False

    @property
    def blurred(self) -> bool:
        """Whether the simulation error is larger than the tolerance, or unknown: more replications would tell more."""
        error = self.error
        return error is None or error > self.target.tolerance

    @property
    def error(self) -> float | None:
        """Half the 90 % interval as a share of the value asked: the simulation error."""
        _, low, high = self.misfit
        return None if low is None or high is None else (high - low) / 2

    @property
    def measured_as(self) -> str:
        """What was measured, in words."""
        one = self.target
        said = one.measure if one.variant is None else f"{one.measure} in {one.variant}"
        if one.against is not None:
            said = f"{said} over that in {one.against}"
        return f"{said}, under the strategy {self.strategy}"

    def document(self) -> dict[str, Any]:
        """The target and what came out, as `sojourn targets --json` gives it."""
        asked = self.target.model_dump(mode="json")
        found = {"strategy": self.strategy, "estimate": self.estimate._asdict(), "misfit": self.misfit._asdict()}
        return {**asked, **found, "met": self.met, "within": self.within, "exact": self.exact}


@dataclass(frozen=True)
class Evaluation:
    """All targets of a scenario by simulation, and what is needed to repeat it."""

    scenario: Scenario
    attained: tuple[Attained, ...]
    seed: int
    replications: int
    customers: int | None

    def __repr__(self) -> str:
        lives = plural(self.replications, "replication")
        return brief(self, self.scenario.about.name, lives, answer=self.sentence)

    @property
    def sentence(self) -> str:
        """Whether the targets are met, each with its misfit; of many, the one that is farthest off for its tolerance."""
        name = self.scenario.about.name
        if not self.attained:
            return f"{name} states no targets: its numbers were not tuned to meet anything, or it does not say so."
        clauses = []
        for kind, phrases in VERDICTS.items():
            found = [one for one in self.attained if one.met is kind]
            if found:
                counted = _counted(len(found), len(self.attained), *phrases)
                if len(found) > MANY:
                    farthest = max(found, key=lambda one: abs(one.misfit.mean or 0.0) / one.target.tolerance)
                    clauses.append(f"{counted}; the farthest is {_told(farthest).replace(' is off by', ', off by')}")
                else:
                    clauses.append(f"{counted}: {', '.join(map(_told, found))}")
        first, *rest = clauses
        return "; ".join([first[0].upper() + first[1:], *rest]) + "."

    def document(self) -> dict[str, Any]:
        """The JSON shape of `sojourn targets --json`."""
        facts = {"seed": self.seed, "replications": self.replications, "customers": self.customers}
        told = [one.document() for one in self.attained]
        return {"scenario": self.scenario.about.name, "sentence": self.sentence, **facts, "targets": told}


def _counted(found: int, of: int, alone: str, several: str) -> str:
    """`both targets are met`, `1 of 3 targets is met`."""
    if found == of:
        return {1: f"the target {alone}", 2: f"both targets {several}"}.get(of, f"all {of} targets {several}")
    return f"{found} of {of} targets {alone if found == 1 else several}"


def _told(one: Attained) -> str:
    mean, low, high = one.misfit
    if mean is None:
        return f"{one.target.name} is undefined"
    said = f"{one.target.name} is off by {100 * mean:+.1f} %"
    if low is not None and high is not None:
        said += f" [{100 * low:+.1f}, {100 * high:+.1f}]"
    tolerance = f"{100 * one.target.tolerance:g} %"
    if one.met is None:
        return (
            f"{said} without an interval" if one.error is None else f"{said}, with more chance in it than {tolerance}"
        )
    if one.met and one.within == "simulation error":
        return f"{said} and within {tolerance} only with the simulation error"
    return f"{said}, {'within' if one.met else 'beyond'} {tolerance}"

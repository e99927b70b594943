"""The effect of one arm on one exit, with the counts behind it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sojourn.calibration.armcounts import ArmCounts
from sojourn.calibration.shifts import Shift
from sojourn.calibration.stepfit import StepFit


@dataclass(frozen=True)
class ArmEffect:
    """The effect of one arm on one exit.

    Attributes:
        exit: "stage -> next stage".
        arm: which arm, against control.
        scale: "log_odds", or "hazard_ratio" (then `shift` is the log of it).
        shift: estimate and standard error, clustered by customer.
        arms: how many arms are compared with control: so many intervals are looked at together.
        taken, of: stays in the arm that ended by the exit, and stays in all; `control_taken`, `control_of` the same in control.
        against: the exits left alone, for log-odds.
    """

    exit: str
    arm: str
    scale: str
    shift: Shift
    arms: int
    taken: int
    of: int
    control_taken: int
    control_of: int
    against: tuple[str, ...]

    @property
    def clear_for_all(self) -> bool:
        """Whether the interval that holds for all arms at once leaves out 0."""
        low, high = self.shift.interval(comparisons=self.arms)
        return low > 0.0 or high < 0.0

    def document(self) -> dict[str, Any]:
        """The effect in the shape of `--json`; ratios as ratios."""
        turn = np.exp if self.scale == "hazard_ratio" else (lambda value: value)
        low, high = self.shift.interval()
        wide_low, wide_high = self.shift.interval(comparisons=self.arms)
        return {
            "exit": self.exit,
            "arm": self.arm,
            "scale": self.scale,
            "central": float(turn(self.shift.value)),
            "low": float(turn(low)),
            "high": float(turn(high)),
            "low_for_all_arms": float(turn(wide_low)),
            "high_for_all_arms": float(turn(wide_high)),
            "standard_error": self.shift.error,
            "distinguishable": self.shift.clear,
            "taken": self.taken,
            "of": self.of,
            "control_taken": self.control_taken,
            "control_of": self.control_of,
            "against": list(self.against),
        }


def effects_of(step: StepFit, counts: ArmCounts) -> list[ArmEffect]:
    """Effects of all exits and arms of a step."""
    return [
        ArmEffect(
            exit=f"{step.stage} -> {to}",
            arm=arm,
            scale=step.scale,
            shift=step.shift(e, a),
            arms=len(counts.treated),
            taken=int(step.taken[e, a + 1]),
            of=int(step.of[a + 1]),
            control_taken=int(step.taken[e, 0]),
            control_of=int(step.of[0]),
            against=step.rest,
        )
        for e, to in enumerate(step.exits)
        for a, arm in enumerate(step.arms)
    ]

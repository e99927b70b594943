"""Whether a lever, as written, gives the numbers of its arm: put on control, it should end where the arm did.

The shares of control along the chain are shifted by the lever's effects, step by step, and multiplied. With an effect for every
step that is the arm's own share. It is not where a step had to be left out, where only some exits were asked for, or where
the doses do not follow the curve.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, logit

from sojourn.calibration.armcounts import ArmCounts
from sojourn.calibration.doses import ResponseFit, hill
from sojourn.calibration.stepchecks import ALARM
from sojourn.calibration.stepfit import StepFit
from sojourn.calibration.telescoping import wilson


def missed(counts: ArmCounts, steps: Sequence[StepFit], response: ResponseFit | None) -> list[str]:
    """Arms of counts whose total the lever misses: it lies outside the interval of the arm's share."""
    told = []
    before = counts.customers[counts.control]
    arms = len(counts.treated)
    for place, arm in enumerate(counts.treated):
        here = counts.customers[arm]
        share = 1.0
        for k in range(before.size - 1):
            if before[k] == 0:
                share = 0.0
                break
            passed = float(before[k + 1] / before[k])
            shift = _written(counts.stages[k], counts.stages[k + 1], steps, response, counts.arms[arm], place)
            share *= float(expit(logit(passed) + shift))  # 0 and 1 stay what they are
        low, high = wilson(int(here[-1]), int(here[0]), 1.0 - ALARM / arms)
        if not low <= share <= high:
            own = 100.0 * here[-1] / here[0]
            told.append(
                f"{counts.arms[arm]}: the lever as written does not give what the arm did. Put on "
                f"{counts.arms[counts.control]} it brings {100.0 * share:.3g} % to {counts.stages[-1]}; {own:.3g} % of the arm "
                f"came [{100.0 * low:.3g}, {100.0 * high:.3g}]."
            )
    return told


def _written(
    stage: str, to: str, steps: Sequence[StepFit], response: ResponseFit | None, arm: str, place: int
) -> float:
    """The shift of one step in one arm as the lever has it; 0 where it has none."""
    size = 0
    for step in steps:
        for e, exit_ in enumerate(step.exits):
            if (step.stage, exit_) == (stage, to):
                if response is None:
                    return step.shift(e, step.arms.index(arm)).value if arm in step.arms else 0.0
                level = np.array([response.doses[place] / response.doses[-1]])
                curved = response.half is not None and response.slope is not None
                curve = hill(level, response.half or 0.0, response.slope or 0.0) if curved else level
                return response.sizes[size] * float(curve[0])
            size += 1
    return 0.0

"""What an experiment must be doubted for, and what a reader of its effects should know."""

from collections.abc import Mapping, Sequence

import numpy as np

from sojourn.calibration.armcounts import ArmCounts
from sojourn.calibration.armeffects import ArmEffect
from sojourn.calibration.shifts import Shift, chance
from sojourn.calibration.stays import Floats
from sojourn.calibration.trials import MISMATCH, mismatch
from sojourn.scenarios.faults import fault


def allocation(counts: ArmCounts, split: Mapping[str, float] | None) -> list[str]:
    """Whether arms are as large as planned."""
    assigned = counts.customers[:, 0]
    planned: Floats = np.ones(assigned.size)
    if split is not None:
        wrong = [arm for arm in split if arm not in counts.arms]
        if wrong or set(split) != set(counts.arms):
            listed = ", ".join(counts.arms)
            raise fault(
                "--split",
                "",
                "does not name every arm once",
                f"write {'=1,'.join(counts.arms)}=1; the arms are {listed}",
            )
        planned = np.array([float(split[arm]) for arm in counts.arms])
        if np.any(planned <= 0.0) or not np.all(np.isfinite(planned)):
            raise fault("--split", "", "has a share that is not above 0", "give shares or planned numbers of customers")
    p = mismatch(assigned, planned)
    if p >= MISMATCH:
        return []
    sizes = ", ".join(f"{arm} {n:,}" for arm, n in zip(counts.arms, assigned, strict=True))
    how = "equal" if split is None else "the planned"
    return [
        f"The arms are not of {how} size{'s' if split is not None else ''} ({sizes}; {chance(p)}, a false alarm once in "
        f"{1 / MISMATCH:,.0f} experiments): something may have kept customers of one arm out. If another split was planned, "
        "give it (--split)."
    ]


def remarks(counts: ArmCounts, effects: Sequence[ArmEffect], logged: bool) -> list[str]:
    """Notes on how to read the effects."""
    told = []
    if len({effect.exit.split(" -> ")[0] for effect in effects}) > 1:
        told.append(
            "Beyond the first stage the arms compare customers whom the arm itself has brought there: such an effect reproduces "
            "the arm's numbers in a scenario; it is not what the lever does to one and the same customer."
        )
    arms = len(counts.treated)
    if arms > 1:
        wide = Shift(0.0, 1.0).interval(comparisons=arms)[1]
        told.append(
            f"{arms} arms are compared with control: each interval holds by itself. For all at once take {wide:.2f} standard "
            "errors in place of 1.64 (--json has these intervals)."
        )
    if logged and any(effect.scale == "log_odds" for effect in effects):
        told.append(
            "Log-odds come from stays whose end was seen: right as long as arms do not differ in how long an exit takes."
        )
    return told

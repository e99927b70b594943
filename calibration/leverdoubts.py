"""What an experiment must be doubted for, and what a reader of its effects should know."""

from collections.abc import Mapping, Sequence

import numpy as np

from sojourn.calibration.armcounts import ArmCounts
from sojourn.calibration.armeffects import ArmEffect
from sojourn.calibration.durations import FEW
from sojourn.calibration.shifts import Shift, chance
from sojourn.calibration.stays import Floats
from sojourn.calibration.trials import MISMATCH, mismatch
from sojourn.scenarios.faults import fault, nearest, quoted

BESIDE = 10  # an arm of a handful is odd where another has so many handfuls


def allocation(counts: ArmCounts, split: Mapping[str, float] | None) -> list[str]:
    """Whether arms are as large as planned."""
    assigned = counts.sizes
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
    told = _slips(counts) if split is None else []
    p = mismatch(assigned, planned)
    if p >= MISMATCH:
        return told
    sizes = ", ".join(f"{arm} {n:,}" for arm, n in zip(counts.arms, assigned, strict=True))
    how = "equal" if split is None else "the planned"
    return [
        *told,
        f"The arms are not of {how} size{'s' if split is not None else ''} ({sizes}; {chance(p)}, a false alarm once in "
        f"{1 / MISMATCH:,.0f} experiments): something may have kept customers of one arm out. If another split was planned, "
        "give it (--split).",
    ]


def _slips(counts: ArmCounts) -> list[str]:
    """Arms of a handful of customers beside large ones, which names that were misspelt make."""
    sizes = dict(zip(counts.arms, counts.sizes.tolist(), strict=True))
    large = [arm for arm, size in sizes.items() if size >= BESIDE * FEW]
    told = []
    for arm, size in sizes.items():
        if size < FEW and large:
            beside = ", ".join(f"{other} {sizes[other]:,}" for other in large)
            close = nearest(arm, large).removeprefix("; ")
            asked = f" ({close})" if close.startswith("did you mean") else ""
            told.append(
                f"The arm {quoted(arm)} has {size:,} customer{'s' if size != 1 else ''}, the others {beside}: probably a name "
                f"that was misspelt{asked}. Correct it, or leave the arm out; on so few next to nothing can be said."
            )
    return told


def remarks(counts: ArmCounts, effects: Sequence[ArmEffect], logged: bool) -> list[str]:
    """Notes on how to read the effects."""
    told = []
    if any(effect.exit.split(" -> ")[0] != (counts.start or counts.stages[0]) for effect in effects):
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

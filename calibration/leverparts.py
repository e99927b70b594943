"""From effects to levers as a scenario file has them: one for all doses, or one an arm."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sojourn.calibration.armcounts import ArmCounts
from sojourn.calibration.doses import ResponseFit
from sojourn.calibration.leverfile import LeverText, Written, arm_name
from sojourn.calibration.stepfit import StepFit


def levers_of(name: str, counts: ArmCounts, steps: Sequence[StepFit], response: ResponseFit | None) -> list[LeverText]:
    """One lever for all doses, or one an arm."""
    assigned = dict(zip(counts.arms, counts.sizes.tolist(), strict=True))
    if response is not None and counts.doses is not None:
        return [_dosed(name, counts, steps, response, assigned)]
    several = len(counts.treated) > 1
    names: list[str] = []
    levers = []
    for arm in (counts.arms[k] for k in counts.treated):
        own = arm_name(name, arm) if several else name
        while own in names:
            own += "_"
        names.append(own)
        effects = []
        for step in steps:
            if arm not in step.arms:
                continue
            for e, to in enumerate(step.exits):
                shift = step.shift(e, step.arms.index(arm))
                source = _source(counts, f"{arm} against {counts.arms[0]}", [arm, counts.arms[0]], assigned)
                thin = step.thin[e][step.arms.index(arm)]
                remark = _remark(shift.clear, f"rests on {thin}" if thin else "")
                effects.append(
                    Written(f"{step.stage} -> {to}", step.scale, shift.value, *shift.interval(), source, remark)
                )
        if effects:
            levers.append(LeverText(own, tuple(effects), None))
    return levers


def _dosed(
    name: str, counts: ArmCounts, steps: Sequence[StepFit], response: ResponseFit, assigned: Mapping[str, int]
) -> LeverText:
    exits = [(step, to) for step in steps for to in step.exits]
    effects = []
    doses = ", ".join(f"{dose:g}" for dose in response.doses)
    source = _source(counts, f"doses {doses} against {counts.arms[0]}", counts.arms, assigned)
    for (step, to), size, (low, high) in zip(exits, response.sizes, response.intervals, strict=True):
        remark = _remark(low > 0 or high < 0)
        effects.append(Written(f"{step.stage} -> {to}", step.scale, size, low, high, source, remark))
    curve = None
    if response.half is not None and response.slope is not None:
        curve = (response.half, response.slope)
    return LeverText(name, tuple(effects), curve, (f"level 1 is the dose {response.doses[-1]:g}",))


def _remark(clear: bool, basis: str = "") -> str:
    return ", ".join(part for part in ("" if clear else "not distinguishable from no effect", basis) if part)


def _source(counts: ArmCounts, what: str, arms: Sequence[str], assigned: Mapping[str, int]) -> str:
    sizes = " + ".join(f"{assigned[arm]:,}" for arm in arms)
    dates = f", {counts.dates}" if counts.dates else ""
    return f"experiment {Path(counts.source).name}: {what}, n = {sizes}{dates}"

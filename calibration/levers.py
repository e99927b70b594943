"""One verb: an experiment in, levers of a scenario out, with intervals, checks and what each step contributed.

An experiment is counts by arm along a chain of stages, or an event log whose mapping names a column of arms. Each exit
gets its effect on the scenario's own scale: log-odds in a choice, a hazard ratio in a race. Beyond the first stage the
arms compare customers whom the arm itself has brought there: such an effect is what reproduces the arm's numbers in the
scenario, not what it does to one and the same customer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sojourn.calibration.armcounts import ArmCounts, read_counts, settle
from sojourn.calibration.doses import Block, ResponseFit, Shifts, Tally, fit_response
from sojourn.calibration.leverfile import (
    LeverText,
    Written,
    added,
    arm_name,
    checked_exits,
    checked_name,
    levers_text,
)
from sojourn.calibration.logs import Log, read
from sojourn.calibration.shifts import Shift, chance
from sojourn.calibration.stays import NOTHING, Floats
from sojourn.calibration.steps import ALARM, StepFit, from_choice, from_counts, from_race, stays_of
from sojourn.calibration.telescoping import JourneyEffect, telescope
from sojourn.calibration.trials import MISMATCH, WATCHED, along, arms_of, journey_of, mismatch, watched_alike
from sojourn.scenarios.faults import fault
from sojourn.scenarios.model import Scenario


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


@dataclass(frozen=True)
class LeverFit:
    """What an experiment says about a lever.

    Attributes:
        source: the file.
        control: the control arm.
        counts: customers by arm along the journey.
        effects: one an exit and arm.
        journeys: what each step contributed, one a treated arm (none where a stage of the chain is empty).
        response: the curve over doses; None without at least two doses above 0.
        levers: as the scenario file will have them.
        warnings: what weakens the numbers, in sentences; `notes` what a reader should know beside.
    """

    source: str
    control: str
    counts: ArmCounts
    effects: tuple[ArmEffect, ...]
    journeys: tuple[JourneyEffect, ...]
    response: ResponseFit | None
    levers: tuple[LeverText, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        """The levers as TOML."""
        return levers_text(self.levers)

    def into(self, scenario_text: str, file: str = "<text>") -> str:
        """The text of a scenario with the levers at its end, validated. Raises Faults."""
        return added(scenario_text, self.levers, file)


def measure_lever(
    experiment: str | Path | ArmCounts | Log,
    name: str = "lever",
    *,
    mapping: str | Path | None = None,
    control: str | None = None,
    scenario: Scenario | None = None,
    exits: Sequence[str] = (),
    journey: Sequence[str] = (),
    split: Mapping[str, float] | None = None,
    seed: int = 1,
) -> LeverFit:
    """Measure what the arms of an experiment do, and write it as levers.

    Args:
        experiment: counts (ArmCounts, or a CSV or TOML file) or an event log (Log, or a file with its `mapping`).
        name: of the lever; with several arms and no doses, the arm's name is put behind it.
        mapping: the mapping file of a log, with `arm`.
        control: the control arm; else the one of dose 0, or one called control.
        scenario: where the levers are to go: it says which stages are choices and which are races. Without it, a log is
            read as races and counts as choices.
        exits: "stage -> next stage" on which the lever acts; all that the data tell of, if left out.
        journey: stages along which the total effect is taken apart, for a log.
        split: planned size of each arm, in any unit; equal if left out.
        seed: of the bootstrap of the response curve.

    Raises:
        Faults: for what is wrong with the files, the names, or where nothing can be measured.
    """
    checked_name(name)
    if isinstance(experiment, str | Path):
        experiment = read_counts(experiment, control) if mapping is None else read(experiment, mapping)
    if isinstance(experiment, Log):
        counts, steps, warnings, notes = _from_log(experiment, control, scenario, exits, tuple(journey) or None)
    else:
        counts = _ordered(experiment, control)
        known = [f"{a} -> {b}" for a, b in zip(counts.stages[:-1], counts.stages[1:], strict=True)]
        checked_exits(exits, known)
        steps, warnings = from_counts(counts)
        notes = []
    steps, left = _fitting(steps, scenario, exits)
    notes += left
    if not steps:
        told = f": {' '.join([*warnings, *left])}" if warnings or left else ""
        raise fault(
            counts.source, "", f"no effect can be measured{told}", "give a longer log, larger arms or other exits"
        )
    effects = tuple(effect for step in steps for effect in _effects(step, counts))
    response, curve_warnings = _response(steps, counts, effects, seed, isinstance(experiment, ArmCounts))
    journeys = [telescope(counts, arm) for arm in counts.treated]
    warnings = [
        *_allocation(counts, split),
        *warnings,
        *dict.fromkeys(line for step in steps for line in step.warnings),
        *curve_warnings,
    ]
    notes += _remarks(counts, effects, isinstance(experiment, Log))
    return LeverFit(
        source=counts.source,
        control=counts.arms[counts.control],
        counts=counts,
        effects=effects,
        journeys=tuple(one for one in journeys if one is not None),
        response=response,
        levers=tuple(_levers(name, counts, steps, response)),
        warnings=tuple(warnings),
        notes=tuple(notes),
    )


def _ordered(counts: ArmCounts, control: str | None) -> ArmCounts:
    """Control first, the others by dose, so that all that follows has one order."""
    given = None if counts.doses is None else dict(zip(counts.arms, counts.doses, strict=True))
    place, _ = settle(counts.arms, given, control or counts.arms[counts.control], counts.source)
    others = [k for k in range(len(counts.arms)) if k != place]
    if counts.doses is not None:
        others.sort(key=lambda k: counts.doses[k] if counts.doses else 0.0)
    order = [place, *others]
    doses = None if counts.doses is None else tuple(counts.doses[k] for k in order)
    arms = tuple(counts.arms[k] for k in order)
    return ArmCounts(counts.source, counts.stages, arms, 0, doses, counts.customers[order], counts.dates)


Found = tuple[ArmCounts, list[StepFit], list[str], list[str]]


def _from_log(
    log: Log, control: str | None, scenario: Scenario | None, exits: Sequence[str], journey: tuple[str, ...] | None
) -> Found:
    arms, doses = arms_of(log, control)
    seen = log.stays.following != NOTHING
    pairs = sorted(set(zip(log.stays.stage[seen].tolist(), log.stays.following[seen].tolist(), strict=True)))
    known = [f"{log.stages[a]} -> {log.stages[b]}" for a, b in pairs]
    checked_exits(exits, known)
    steps: list[StepFit] = []
    warnings: list[str] = []
    for stage in sorted({a for a, _ in pairs}):
        wanted = [log.stages.index(one.split(" -> ")[1]) for one in exits if one.split(" -> ")[0] == log.stages[stage]]
        if exits and not wanted:
            continue
        stays = stays_of(log, stage, arms)
        if np.any(np.bincount(stays.arm, minlength=len(arms)) == 0):
            warnings.append(f"{log.stages[stage]}: an arm was never there, so no effect can be told.")
            continue
        part = scenario.stages.get(log.stages[stage]) if scenario is not None else None
        if part is not None and part.kind == "choice":
            step, told = from_choice(stays, log.stages, wanted or None)
            steps += [step] if step is not None else []
        else:
            found, told = from_race(stays, log.stages, wanted or None)
            steps += found
        warnings += told
    p = watched_alike(log, arms)
    if p < WATCHED:
        warnings.insert(
            0,
            f"The arms were not watched for equally long ({chance(p)}; a false alarm once in {1 / WATCHED:.0f} experiments): "
            "hazard ratios allow for that, counts along the journey and log-odds do not.",
        )
    chain = journey_of(log, journey)
    if len(chain) < 2:
        chain = (*chain, pairs[0][1])
    counts = along(log, arms, doses, chain, _dates(log))
    notes = [line for line in log.notes if "observed_until" in line or "whole days" in line]
    notes.append("Shares along the journey are of customers who had come so far when the watching ended.")
    without = int(np.sum(log.arm < 0))
    if without:
        who = "1 customer has" if without == 1 else f"{without:,} customers have"
        notes.append(f"{who} no arm and {'is' if without == 1 else 'are'} left out.")
    return counts, steps, warnings, notes


def _dates(log: Log) -> str:
    if log.clock is None:
        return f"days 0 to {log.until.max():.0f}"
    first = np.datetime64(log.clock.replace(" ", "T"))
    last = first + np.timedelta64(int(log.until.max() * 86_400), "s")
    return f"{str(first)[:10]} to {str(last)[:10]}"


def _fitting(
    steps: Sequence[StepFit], scenario: Scenario | None, exits: Sequence[str]
) -> tuple[list[StepFit], list[str]]:
    """Steps that the scenario has and the user wants, and what is said of the others."""
    kept, told = [], []
    for step in steps:
        names = [f"{step.stage} -> {to}" for to in step.exits]
        if exits and not any(name in exits for name in names):
            continue
        part = None if scenario is None else scenario.stages.get(step.stage)
        if scenario is not None and part is None:
            told.append(f"The scenario has no stage {step.stage}: {', '.join(names)} left out.")
        elif part is not None and any(to not in (*part.race, *part.exits) for to in step.exits):
            told.append(f"The scenario has no exit {', '.join(names)}: left out.")
        elif part is not None and part.kind == "race" and step.scale == "log_odds":
            told.append(
                f"{step.stage} is a race in the scenario, which wants hazard ratios; counts do not tell when customers went "
                f"on: {', '.join(names)} left out. Give the event log."
            )
        else:
            kept.append(step)
    return kept, told


def _effects(step: StepFit, counts: ArmCounts) -> list[ArmEffect]:
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


def _response(
    steps: Sequence[StepFit], counts: ArmCounts, effects: Sequence[ArmEffect], seed: int, tallied: bool
) -> tuple[ResponseFit | None, list[str]]:
    """The curve over doses of all steps that have all arms, and what to be careful about."""
    whole = [step for step in steps if len(step.arms) == len(counts.treated)]
    if counts.doses is None:
        return None, []
    doses = counts.doses[1:]
    if len(doses) < 2 or not whole:
        few = "One dose above 0 says nothing on the doses between: the lever's response is left a straight line."
        return None, [few] if len(doses) < 2 else []
    blocks: list[Block] = [
        Tally(step.taken[0], step.of) if tallied else Shifts(step.fitted.shifts, step.fitted.covariance)
        for step in whole
    ]
    found = fit_response(doses, blocks, seed)
    told = []
    # A line asks least of the data; where no dose and not even a line is clear, the form is not for them to tell.
    line = fit_response(doses, blocks, seed, forms=("linear",))
    known = any(effect.clear_for_all for effect in effects) or any(low > 0 or high < 0 for low, high in line.intervals)
    found = fit_response(doses, blocks, seed) if known else replace(line, known=False)
    if len(doses) == 2:
        told.append("Two doses above 0 fit a curve but cannot check it.")
    if found.misfit < ALARM:
        told.append(
            f"The effects at the doses follow neither a line nor a Hill curve ({chance(found.misfit)}): the response is the "
            "nearest of these."
        )
    return found, told


def _allocation(counts: ArmCounts, split: Mapping[str, float] | None) -> list[str]:
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


def _remarks(counts: ArmCounts, effects: Sequence[ArmEffect], logged: bool) -> list[str]:
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


def _levers(name: str, counts: ArmCounts, steps: Sequence[StepFit], response: ResponseFit | None) -> list[LeverText]:
    """One lever for all doses, or one an arm."""
    assigned = dict(zip(counts.arms, counts.customers[:, 0].tolist(), strict=True))
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
                remark = "" if shift.clear else "not distinguishable from no effect"
                effects.append(
                    Written(f"{step.stage} -> {to}", step.scale, shift.value, *shift.interval(), source, remark)
                )
        if effects:
            levers.append(LeverText(own, tuple(effects), None))
    return levers


def _dosed(
    name: str, counts: ArmCounts, steps: Sequence[StepFit], response: ResponseFit, assigned: Mapping[str, int]
) -> LeverText:
    whole = [step for step in steps if len(step.arms) == len(counts.treated)]
    exits = [(step, to) for step in whole for to in step.exits]
    effects = []
    doses = ", ".join(f"{dose:g}" for dose in response.doses)
    source = _source(counts, f"doses {doses} against {counts.arms[0]}", counts.arms, assigned)
    for (step, to), size, (low, high) in zip(exits, response.sizes, response.intervals, strict=True):
        remark = "" if low > 0 or high < 0 else "not distinguishable from no effect"
        effects.append(Written(f"{step.stage} -> {to}", step.scale, size, low, high, source, remark))
    curve = None
    if response.half is not None and response.slope is not None:
        curve = (response.half, response.slope)
    return LeverText(name, tuple(effects), curve, (f"level 1 is the dose {response.doses[-1]:g}",))


def _source(counts: ArmCounts, what: str, arms: Sequence[str], assigned: Mapping[str, int]) -> str:
    sizes = " + ".join(f"{assigned[arm]:,}" for arm in arms)
    dates = f", {counts.dates}" if counts.dates else ""
    return f"experiment {Path(counts.source).name}: {what}, n = {sizes}{dates}"

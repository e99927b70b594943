"""One verb: an experiment in, levers of a scenario out, with intervals, checks and what each step contributed.

An experiment is counts by arm along a chain of stages, or an event log whose mapping names a column of arms. Each exit
gets its effect on the scenario's own scale: log-odds in a choice, a hazard ratio in a race. Beyond the first stage the
arms compare customers whom the arm itself has brought there: such an effect is what reproduces the arm's numbers in the
scenario, not what it does to one and the same customer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sojourn.calibration.armcounts import ArmCounts, settle
from sojourn.calibration.armeffects import ArmEffect, effects_of
from sojourn.calibration.armstays import stays_of
from sojourn.calibration.countfiles import read_counts
from sojourn.calibration.countsteps import from_counts
from sojourn.calibration.doseblocks import Block
from sojourn.calibration.doses import ResponseFit, fit_response
from sojourn.calibration.dosesteps import shifts, tally
from sojourn.calibration.leverdoubts import allocation, remarks
from sojourn.calibration.leverfile import (
    LeverText,
    added,
    checked_exits,
    checked_name,
    levers_text,
)
from sojourn.calibration.leverparts import levers_of
from sojourn.calibration.logs import Log, read
from sojourn.calibration.reproduced import missed
from sojourn.calibration.shifts import chance
from sojourn.calibration.stays import NOTHING
from sojourn.calibration.stepbasis import absent
from sojourn.calibration.stepfit import StepFit
from sojourn.calibration.steps import from_choice, from_race
from sojourn.calibration.telescoping import JourneyEffect, telescope
from sojourn.calibration.trials import WATCHED, along, arms_of, journey_of, watched_alike
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.brief import brief, listed
from sojourn.scenarios.faults import fault
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plurals import plural


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

    def __repr__(self) -> str:
        return brief(
            self,
            self.source,
            f"control {self.control}",
            plural(len(self.effects), "effect"),
            listed([one.name for one in self.levers]),
        )

    @property
    def text(self) -> str:
        """The levers as TOML."""
        return levers_text(self.levers)

    def into(self, scenario_text: str, file: str = "<text>") -> str:
        """The text of a scenario with the levers at its end, validated. Raises Faults."""
        return added(scenario_text, self.levers, file)


@checked_arguments
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
        told = f": {' '.join([*warnings, *left]).removesuffix('.')}" if warnings or left else ""
        raise fault(
            counts.source, "", f"no effect can be measured{told}", "give a longer log, larger arms or other exits"
        )
    effects = tuple(effect for step in steps for effect in effects_of(step, counts))
    response, curve_warnings = _response(steps, counts, effects, seed, isinstance(experiment, ArmCounts))
    journeys = [telescope(counts, arm) for arm in counts.treated]
    warnings = [
        *allocation(counts, split),
        *warnings,
        *dict.fromkeys(line for step in steps for line in step.warnings),
        *curve_warnings,
        *(missed(counts, steps, response) if isinstance(experiment, ArmCounts) else []),
    ]
    notes += remarks(counts, effects, isinstance(experiment, Log))
    return LeverFit(
        source=counts.source,
        control=counts.arms[counts.control],
        counts=counts,
        effects=effects,
        journeys=tuple(one for one in journeys if one is not None),
        response=response,
        levers=tuple(levers_of(name, counts, steps, response)),
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
        there = np.bincount(stays.arm, minlength=len(arms)) > 0
        if not there.all():
            gone = [log.arms[arm] for arm, present in zip(arms, there, strict=True) if not present]
            warnings.append(absent(log.stages[stage], gone))
            if not there[0] or not there[1:].any():
                continue
            stays = stays.only(there)
        part = scenario.stages.get(log.stages[stage]) if scenario is not None else None
        if part is not None and part.kind == "choice":
            found, told = from_choice(stays, log.stages, wanted or None, together=doses is not None)
        else:
            found, told = from_race(stays, log.stages, wanted or None, together=doses is not None)
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
    entered, everybody = int(counts.customers[:, 0].sum()), int(counts.sizes.sum())
    if entered < everybody:
        notes.append(
            f"Shares along the journey are of the {entered:,} customers who entered {counts.stages[0]}, of {everybody:,} with an "
            "arm: where the arms brought different people there, this is no comparison of people drawn by lot."
        )
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


def _response(
    steps: Sequence[StepFit], counts: ArmCounts, effects: Sequence[ArmEffect], seed: int, tallied: bool
) -> tuple[ResponseFit | None, list[str]]:
    """The curve over doses of all steps, and what to be careful about."""
    if counts.doses is None:
        return None, []
    doses = counts.doses[1:]
    if len(doses) < 2:
        return None, [
            "One dose above 0 says nothing on the doses between: the lever's response is left a straight line."
        ]
    names = [counts.arms[arm] for arm in counts.treated]
    blocks: list[Block] = [(tally if tallied else shifts)(step, names) for step in steps]
    told = []
    # A line asks least of the data; where no dose and not even a line is clear, the form is not for them to tell.
    line = fit_response(doses, blocks, seed, forms=("linear",))
    known = any(effect.clear_for_all for effect in effects) or any(low > 0 or high < 0 for low, high in line.intervals)
    found = fit_response(doses, blocks, seed) if known else replace(line, known=False)
    told += [
        f"{step.stage} -> {', '.join(step.exits)}: its part of the curve rests on {', '.join(step.arms)} alone."
        for step in steps
        if len(step.arms) < len(names)
    ]
    if len(doses) == 2:
        told.append("Two doses above 0 fit a curve but cannot check it.")
    if not found.fits:
        told.append(
            f"The effects at the doses follow neither a line nor a Hill curve ({chance(found.misfit)}): the response is the "
            "nearest of these."
        )
    return found, told

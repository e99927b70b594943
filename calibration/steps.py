"""Effects of arms at one stage, from counts or from a log, in one form."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sojourn.calibration.armcounts import ArmCounts
from sojourn.calibration.armstays import ArmStays
from sojourn.calibration.durations import FEW
from sojourn.calibration.logits import Fitted, NoFit, apart, fit_choice, pooled
from sojourn.calibration.races import Race, fit_race
from sojourn.calibration.shifts import Shift, chance
from sojourn.calibration.stays import NOTHING, Integers
from sojourn.calibration.stepchecks import ALARM, drifting, kept, times_differ, unlike, unlike_race


@dataclass(frozen=True)
class StepFit:
    """Shifts of one or several exits of a stage, by arm.

    Attributes:
        stage: where customers are.
        exits: next stages that have an effect.
        rest: next stages that are left alone, against which log-odds count; empty for a race.
        scale: "log_odds" or "hazard_ratio" (shifts are logs of it).
        arms: the treated arms.
        fitted: shifts, shape (exits, arms), and their covariance.
        taken: stays that ended by each exit; shape (exits, arms + 1), control first.
        of: stays in all (for log-odds: those whose end was seen); shape (arms + 1,), control first.
        warnings: what weakens these numbers, in sentences.
    """

    stage: str
    exits: tuple[str, ...]
    rest: tuple[str, ...]
    scale: str
    arms: tuple[str, ...]
    fitted: Fitted
    taken: Integers
    of: Integers
    warnings: tuple[str, ...] = ()

    def shift(self, exit_: int, arm: int) -> Shift:
        """The shift of one exit in one arm (places in `exits` and `arms`)."""
        return Shift(float(self.fitted.shifts[exit_, arm]), float(self.fitted.errors()[exit_, arm]))


def from_counts(counts: ArmCounts) -> tuple[list[StepFit], list[str]]:
    """Log-odds of going on, step by step, and warnings of steps that tell nothing."""
    steps: list[StepFit] = []
    warnings: list[str] = []
    for k in range(len(counts.stages) - 1):
        name = f"{counts.stages[k]} -> {counts.stages[k + 1]}"
        of, taken = counts.customers[:, k], counts.customers[:, k + 1]
        fit = (taken > 0) & (taken < of)
        if not fit[counts.control]:
            warnings.append(f"{name}: {_none(taken, of, counts.control)} of control went on, so no effect can be told.")
            continue
        arms = [arm for arm in counts.treated if fit[arm]]
        for arm in counts.treated:
            if not fit[arm]:
                warnings.append(f"{name}: {_none(taken, of, arm)} of arm {counts.arms[arm]} went on: no finite effect.")
        if not arms:
            continue
        rows = [counts.control, *arms]
        odds = np.log(taken[rows] / (of[rows] - taken[rows]))
        spread = 1.0 / taken[rows] + 1.0 / (of[rows] - taken[rows])
        covariance = np.diag(spread[1:]) + spread[0]
        few = int(min(taken[rows].min(), (of - taken)[rows].min()))
        told = _few(name, few)
        names = tuple(counts.arms[arm] for arm in arms)
        fitted = Fitted((odds[1:] - odds[0])[None, :], covariance)
        steps.append(
            StepFit(counts.stages[k], (counts.stages[k + 1],), ("all others",), "log_odds", names, fitted,
                    taken[rows][None, :], of[rows], tuple(told))
        )  # fmt: skip
    return steps, warnings


def from_choice(stays: ArmStays, names: Sequence[str], exits: Sequence[int] | None) -> tuple[StepFit | None, list[str]]:
    """Log-odds of the exits (places in `names`) against those left alone; None where there is nothing to tell.

    Without `exits` all but one have an effect: the last of the stage that ten stays of each arm took.
    """
    seen = stays.following != NOTHING
    following, arm, customer = stays.following[seen], stays.arm[seen], stays.customer[seen]
    table = np.zeros((len(names), len(stays.arms) + 1), dtype=np.int64)
    np.add.at(table, (following, arm), 1)
    taken = [k for k in range(len(names)) if table[k].any()]
    usable = [k for k in taken if np.all(table[k] > 0)]
    dropped = [_never(f"{stays.stage} -> {names[k]}", table[k], stays.arms) for k in taken if k not in usable]
    if len(taken) < 2 or not usable:
        return None, dropped
    wanted = _wanted(usable, taken, table, exits)
    if not wanted:
        return None, dropped
    outcome = np.zeros(following.size, dtype=np.int64)
    for place, k in enumerate(wanted, 1):
        outcome[following == k] = place
    if np.any(np.bincount(arm[outcome == 0], minlength=len(stays.arms) + 1) == 0):
        return None, [*dropped, f"{stays.stage}: an arm never took the exits left alone, so no log-odds can be told."]
    group = pooled(outcome, stays.group[seen], FEW)
    warnings = []
    if apart(arm, group):
        warnings.append(_unmixed(stays.stage))
        group = np.zeros_like(group)
    try:
        fitted = fit_choice(outcome, arm, group, customer)
    except NoFit:
        return None, [*dropped, f"{stays.stage}: too few stays for a finite effect."]
    rest = [k for k in taken if k not in wanted]
    for k in wanted:
        warnings += _few(f"{stays.stage} -> {names[k]}", int(table[k].min()))
    if len(rest) > 1 and all(np.all(table[k] > 0) for k in rest):
        left = np.isin(following, rest)
        place_of = {k: place for place, k in enumerate(rest)}
        among = np.array([place_of[int(k)] for k in following[left]], dtype=np.int64)
        p = kept(among, arm[left], group[left], customer[left])
        if p < ALARM:
            listed = ", ".join(names[k] for k in rest)
            warnings.append(
                f"{stays.stage}: the arms also change the proportions among {listed} ({chance(p)}), which an effect on "
                f"{', '.join(names[k] for k in wanted)} alone cannot do: let these exits have effects too."
            )
    warnings += times_differ(stays, names, taken)
    warnings += unlike(stays.stage, [names[k] for k in wanted], outcome, arm, stays.group[seen], customer)
    step = StepFit(stays.stage, tuple(names[k] for k in wanted), tuple(names[k] for k in rest), "log_odds", stays.arms,
                   fitted, table[wanted], table.sum(axis=0), tuple(warnings))  # fmt: skip
    return step, dropped


def from_race(stays: ArmStays, names: Sequence[str], exits: Sequence[int] | None) -> tuple[list[StepFit], list[str]]:
    """Log hazard ratios, one exit at a time (places in `names`; all that were taken, if left out)."""
    steps, warnings = [], []
    for k in np.unique(stays.following[stays.following != NOTHING]):
        if exits is not None and k not in exits:
            continue
        name = f"{stays.stage} -> {names[k]}"
        taken = np.bincount(stays.arm[stays.following == k], minlength=len(stays.arms) + 1)
        here = stays
        if np.any(taken == 0):
            warnings.append(_never(name, taken, stays.arms))
            if taken[0] == 0 or not taken[1:].any():
                continue
            here, taken = stays.only(taken > 0), taken[taken > 0]
        ended = here.following == k
        of = np.bincount(here.arm, minlength=len(here.arms) + 1)
        group, unmixed = here.group, apart(here.arm, here.group)
        if unmixed:
            group = np.zeros_like(group)
        race = Race(here.days, ended, here.arm, group, here.customer)
        try:
            fitted = fit_race(race)
        except NoFit:
            warnings.append(f"{name}: too few stays for a finite effect.")
            continue
        told = [_unmixed(here.stage)] if unmixed else []
        told += [
            *_few(name, int(taken.min())),
            *drifting(name, race, here.arms),
            *unlike_race(name, race, here.arms),
        ]
        steps.append(
            StepFit(here.stage, (names[k],), (), "hazard_ratio", here.arms, fitted, taken[None, :], of, tuple(told))
        )
    return steps, warnings


def _wanted(usable: list[int], taken: list[int], table: Integers, exits: Sequence[int] | None) -> list[int]:
    if exits is not None:
        wanted = [k for k in usable if k in exits]
        return wanted if len(wanted) < len(taken) else wanted[:-1]
    steady = [k for k in usable if table[k].min() >= FEW] or [max(usable, key=lambda k: int(table[k].min()))]
    return [k for k in usable if k != steady[-1]]


def _unmixed(stage: str) -> str:
    return (
        f"{stage}: segments do not mix the arms, so customers are not compared within their segment: what segments differ in "
        "counts as an effect."
    )


def _never(name: str, taken: Integers, arms: Sequence[str]) -> str:
    """Who never took an exit; `taken` has control first."""
    who = ", ".join(arm for arm, number in zip(("control", *arms), taken, strict=True) if number == 0)
    return f"{name}: nobody in {who} took it, so no effect on it can be told."


def _none(taken: Integers, of: Integers, arm: int) -> str:
    return "nobody" if taken[arm] == 0 else "everybody"


def _few(name: str, least: int) -> list[str]:
    if least >= FEW:
        return []
    return [f"{name}: an arm has {least} such customers, fewer than {FEW}: the interval is rough."]

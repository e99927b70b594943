"""Effects of arms at one stage of a log."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from sojourn.calibration.armstays import ArmStays
from sojourn.calibration.clusters import no_clearer
from sojourn.calibration.durations import FEW
from sojourn.calibration.held import Mask
from sojourn.calibration.logits import Fitted, NoFit, apart, fit_choice, pooled
from sojourn.calibration.races import Race, fit_race
from sojourn.calibration.shifts import chance
from sojourn.calibration.stays import NOTHING, Integers
from sojourn.calibration.stepbasis import few, never, nobody, thin
from sojourn.calibration.stepchecks import ALARM, drifting, kept, times_differ, unlike, unlike_race
from sojourn.calibration.stepfit import StepFit, least_errors


def from_choice(
    stays: ArmStays, names: Sequence[str], exits: Sequence[int] | None, together: bool = False
) -> tuple[list[StepFit], list[str]]:
    """Log-odds of the exits (places in `names`) against those left alone; none where there is nothing to tell.

    Without `exits` all but one have an effect: the last of the stage that ten stays of each arm took. Arms that lack an exit
    of control are compared with control by themselves, so that no other arm is touched by it; `together`, as doses of one
    lever want it, all arms are fitted at once.
    """
    table = _table(stays, len(names))
    taken = [k for k in range(len(names)) if table[k].any()]
    of = table.sum(axis=0)
    dropped = [
        never(f"{stays.stage} -> {names[k]}", table[k], of, stays.arms) for k in taken if of[0] == 0 or table[k][0] == 0
    ]
    ended = of > 0
    if len(taken) < 2 or not ended[0] or not ended[1:].any():
        return [], dropped
    if not ended.all():
        who = ", ".join(stays.arms[a - 1] for a in np.flatnonzero(~ended))
        dropped.append(f"{stays.stage}: no stay of {who} ended, so no effect of that can be told.")
        stays, table = stays.only(ended), table[:, ended]
    lacking = np.any(table[table[:, 0] > 0] == 0, axis=0)
    steps = []
    for arms in [np.ones(lacking.size, dtype=np.bool_)] if together else _apart(lacking):
        part = stays.only(arms)
        step, told = _choice(part, names, exits)
        steps += [step] if step is not None else []
        dropped += told
    return steps, dropped


def _choice(stays: ArmStays, names: Sequence[str], exits: Sequence[int] | None) -> tuple[StepFit | None, list[str]]:
    """One fit of all arms of these stays."""
    seen = stays.following != NOTHING
    following, arm, customer = stays.following[seen], stays.arm[seen], stays.customer[seen]
    table = _table(stays, len(names))
    taken = [k for k in range(len(names)) if table[k].any()]
    wanted = _wanted([k for k in taken if table[k][0] > 0], taken, table, exits)
    if not wanted:
        return None, []
    outcome = np.zeros(following.size, dtype=np.int64)
    for place, k in enumerate(wanted, 1):
        outcome[following == k] = place
    alone = np.bincount(arm[outcome == 0], minlength=len(stays.arms) + 1)
    if alone[0] == 0:
        return None, [f"{stays.stage}: control never took the exits left alone, so no log-odds can be told."]
    group = pooled(outcome, stays.group[seen], FEW)
    warnings = []
    if apart(arm, group):
        warnings.append(_unmixed(stays.stage))
        group = np.zeros_like(group)
    held = (table[wanted][:, 1:] == 0) | (alone[1:] == 0)
    fitted = _firm(lambda mask: fit_choice(outcome, arm, group, customer, mask), held)
    if fitted is None:
        return None, [f"{stays.stage}: too few stays for a finite effect."]
    fitted = fitted._replace(covariance=no_clearer(fitted.covariance, least_errors(table[wanted], alone)))
    of = table.sum(axis=0)
    who = _customers(arm, customer, len(stays.arms))
    little = tuple(thin(table[k], who, of - table[k], stays.arms) for k in wanted)
    rest = [k for k in taken if k not in wanted]
    for k, empty, own in zip(wanted, held, little, strict=True):
        exit_ = f"{stays.stage} -> {names[k]}"
        warnings += [nobody(exit_, stays.arms[a], a + 1, table[k], of) for a in np.flatnonzero(empty).tolist()]
        warnings += few(exit_, own)
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
                   fitted, table[wanted], of, little, held, tuple(warnings))  # fmt: skip
    return step, []


def from_race(
    stays: ArmStays, names: Sequence[str], exits: Sequence[int] | None, together: bool = False
) -> tuple[list[StepFit], list[str]]:
    """Log hazard ratios, one exit at a time (places in `names`; all that were taken, if left out).

    Arms that never took an exit are compared with control by themselves; `together` all arms are fitted at once.
    """
    steps, warnings = [], []
    of = np.bincount(stays.arm, minlength=len(stays.arms) + 1)
    for k in np.unique(stays.following[stays.following != NOTHING]):
        if exits is not None and k not in exits:
            continue
        name = f"{stays.stage} -> {names[k]}"
        taken = np.bincount(stays.arm[stays.following == k], minlength=len(stays.arms) + 1)
        if taken[0] == 0:
            warnings.append(never(name, taken, of, stays.arms))
            continue
        for arms in [np.ones(taken.size, dtype=np.bool_)] if together else _apart(taken == 0):
            step = _race(stays.only(arms), int(k), names)
            if step is None:
                warnings.append(f"{name}: too few stays for a finite effect.")
            else:
                steps.append(step)
    return steps, warnings


def _race(stays: ArmStays, exit_: int, names: Sequence[str]) -> StepFit | None:
    """The hazard ratios of one exit, all arms of these stays in one fit."""
    name, ended = f"{stays.stage} -> {names[exit_]}", stays.following == exit_
    group, unmixed = stays.group, apart(stays.arm, stays.group)
    if unmixed:
        group = np.zeros_like(group)
    race = Race(stays.days, ended, stays.arm, group, stays.customer)
    of = np.bincount(stays.arm, minlength=len(stays.arms) + 1)
    taken = np.bincount(stays.arm[ended], minlength=of.size)
    held = taken[None, 1:] == 0
    fitted = _firm(lambda mask: fit_race(race, mask[0]), held)
    if fitted is None:
        return None
    little = thin(taken, _customers(stays.arm, stays.customer, len(stays.arms)), None, stays.arms)
    told = [_unmixed(stays.stage)] if unmixed else []
    told += [nobody(name, stays.arms[a], a + 1, taken, of) for a in np.flatnonzero(held[0]).tolist()]
    told += [*few(name, little), *drifting(name, race, stays.arms), *unlike_race(name, race, stays.arms)]
    return StepFit(stays.stage, (names[exit_],), (), "hazard_ratio", stays.arms, fitted, taken[None, :], of, (little,),
                   held, tuple(told))  # fmt: skip


def _firm(fit: Callable[[Mask], Fitted], held: Mask) -> Fitted | None:
    """A fit in which those shifts are held back that have to be, or all, where a shift runs away all the same."""
    for mask in (held, np.ones_like(held)):
        with suppress(NoFit):
            return fit(mask)
    return None


def _apart(lacking: Mask) -> list[Mask]:
    """Which arms to fit at once, control always among them: all that lack nothing, and each of the others alone."""
    place = np.arange(lacking.size)
    others = [(place == 0) | (place == arm) for arm in np.flatnonzero(lacking) if arm]
    whole = ~lacking | (place == 0)
    return [whole, *others] if whole[1:].any() else others


def _table(stays: ArmStays, exits: int) -> Integers:
    """Stays that were seen to end, by exit and arm."""
    seen = stays.following != NOTHING
    table = np.zeros((exits, len(stays.arms) + 1), dtype=np.int64)
    np.add.at(table, (stays.following[seen], stays.arm[seen]), 1)
    return table


def _customers(arm: Integers, customer: Integers, arms: int) -> Integers:
    """How many different customers each arm has."""
    _, first = np.unique(customer, return_index=True)
    return np.bincount(arm[first], minlength=arms + 1)


def _wanted(usable: list[int], taken: list[int], table: Integers, exits: Sequence[int] | None) -> list[int]:
    if exits is not None:
        wanted = [k for k in usable if k in exits]
        return wanted if len(wanted) < len(taken) else wanted[:-1]
    steady = [k for k in usable if table[k].min() >= FEW] or [
        max(usable, key=lambda k: (int(table[k].min()), int(table[k].sum())))
    ]
    return [k for k in usable if k != steady[-1]]


def _unmixed(stage: str) -> str:
    return (
        f"{stage}: segments do not mix the arms, so customers are not compared within their segment: what segments differ in "
        "counts as an effect."
    )

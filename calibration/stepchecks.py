"""Checks of what an effect takes for granted: each gives sentences, none where nothing is wrong."""

from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from sojourn.calibration.armstays import ArmStays
from sojourn.calibration.durations import FEW
from sojourn.calibration.logits import Fitted, NoFit, above, apart, fit_choice, pooled, proportions
from sojourn.calibration.races import Race, early_and_late, fit_race
from sojourn.calibration.shifts import chance, two_sided
from sojourn.calibration.stays import Floats, Integers

ALARM = 0.01  # false-alarm rate of each check


def kept(outcome: Integers, arm: Integers, group: Integers, customer: Integers) -> float:
    """p-value of the hypothesis that arms keep the proportions among some exits; 1 where the data cannot say."""
    among = pooled(outcome, group)
    try:
        return proportions(outcome, arm, np.zeros_like(among) if apart(arm, among) else among, customer)
    except NoFit:
        return 1.0


def drifting(name: str, race: Race, arms: Sequence[str]) -> list[str]:
    """A hazard ratio is one number: it should be the same early and late in the stay."""
    halves = early_and_late(race)
    if halves is None:
        return []
    told = []
    for a, arm in enumerate(arms):
        early, late = (half.shifts[0, a] for half in halves)
        error = float(np.hypot(*(half.errors()[0, a] for half in halves)))
        p = two_sided(float(late - early) / error)
        if p < ALARM / len(arms):
            told.append(
                f"{name}: the hazard ratio of {arm} changes during the stay, from {np.exp(early):.2f} in the earlier half of "
                f"such exits to {np.exp(late):.2f} in the later ({chance(p)}); one number is an average of the two."
            )
    return told


def times_differ(stays: ArmStays, names: Sequence[str], exits: Sequence[int]) -> list[str]:
    """Log-odds say which exit, not when: the time to each exit should be the same in all arms."""
    told = []
    for k in exits:
        rows = stays.following == k
        spread = np.bincount(stays.arm[rows], minlength=len(stays.arms) + 1)
        if spread.min() < FEW:
            continue
        logs = np.log(np.maximum(stays.days[rows], 1e-3))
        p = _alike(logs, stays.arm[rows], stays.customer[rows], len(stays.arms))
        if p < ALARM / len(exits):
            told.append(
                f"{stays.stage} -> {names[k]}: arms also differ in how long it takes ({chance(p)}); log-odds leave times "
                "alone, and where stays were still open they are off: make the stage a race, or add a time_ratio."
            )
    return told


def _alike(values: Floats, arm: Integers, customer: Integers, arms: int) -> float:
    """p-value that means are the same in all arms; customers with several stays count as one each."""
    _, first, index = np.unique(customer, return_index=True, return_inverse=True)
    means = np.bincount(index, weights=values) / np.bincount(index)
    whose = arm[first]
    n = np.bincount(whose, minlength=arms + 1)
    mean = np.bincount(whose, weights=means, minlength=arms + 1) / np.maximum(n, 1)
    error = np.bincount(whose, weights=(means - mean[whose]) ** 2, minlength=arms + 1) / np.maximum(n * (n - 1), 1)
    if np.any(n < 2) or np.any(error <= 0.0):
        return 1.0
    weight = 1.0 / error
    middle = float(np.sum(weight * mean) / np.sum(weight))
    return above(float(np.sum(weight * (mean - middle) ** 2)), arms)


def unlike(
    stage: str,
    exits: Sequence[str],
    outcome: Integers,
    arm: Integers,
    group: Integers,
    customer: Integers,
) -> list[str]:
    """One effect for all segments: should be the same in each."""
    fits = []
    for g in np.unique(group):
        rows = group == g
        cells = np.zeros((outcome.max() + 1, arm.max() + 1))
        np.add.at(cells, (outcome[rows], arm[rows]), 1.0)
        if cells.min() >= FEW:
            one = np.zeros(int(rows.sum()), dtype=np.int64)
            with suppress(NoFit):
                fits.append(fit_choice(outcome[rows], arm[rows], one, customer[rows]))
    return _heterogeneous(f"{stage} -> {', '.join(exits)}", fits)


def unlike_race(name: str, race: Race, arms: Sequence[str]) -> list[str]:
    """The same for a hazard ratio."""
    fits = []
    for g in np.unique(race.group):
        rows = race.group == g
        if np.bincount(race.arm[rows & race.ended], minlength=len(arms) + 1).min() >= FEW:
            columns = [column[rows] for column in race]
            with suppress(NoFit):
                fits.append(fit_race(Race(*columns)))
    return _heterogeneous(name, fits)


def _heterogeneous(name: str, fits: Sequence[Fitted]) -> list[str]:
    if len(fits) < 2:
        return []
    weights = [np.linalg.inv(fit.covariance) for fit in fits]
    flat = [fit.shifts.ravel() for fit in fits]
    middle = np.linalg.solve(
        np.sum(weights, axis=0), np.sum([w @ b for w, b in zip(weights, flat, strict=True)], axis=0)
    )
    q = sum(float((b - middle) @ w @ (b - middle)) for w, b in zip(weights, flat, strict=True))
    p = above(q, flat[0].size * (len(fits) - 1))
    if p >= ALARM:
        return []
    return [f"{name}: the effect differs between segments ({chance(p)}); the one written is an average of theirs."]

"""Effects of arms at each step of a chain of counts."""

import numpy as np

from sojourn.calibration.armcounts import ArmCounts
from sojourn.calibration.clusters import no_clearer
from sojourn.calibration.held import held_odds
from sojourn.calibration.logits import Fitted
from sojourn.calibration.stepbasis import absent, few, never, nobody, thin
from sojourn.calibration.stepfit import StepFit, least_errors


def from_counts(counts: ArmCounts) -> tuple[list[StepFit], list[str]]:
    """Log-odds of going on, step by step, and warnings of steps that tell nothing."""
    steps: list[StepFit] = []
    warnings: list[str] = []
    for k in range(len(counts.stages) - 1):
        name = f"{counts.stages[k]} -> {counts.stages[k + 1]}"
        of, taken = counts.customers[:, k], counts.customers[:, k + 1]
        rows = [counts.control, *(arm for arm in counts.treated if of[arm] > 0)]
        missing = [counts.arms[arm] for arm in range(len(counts.arms)) if of[arm] == 0]
        if missing:
            warnings.append(absent(counts.stages[k], missing))
        if len(rows) == 1 or of[rows[0]] == 0:
            continue
        names = tuple(counts.arms[arm] for arm in rows[1:])
        taken, of = taken[rows], of[rows]
        if not 0 < taken[0] < of[0]:
            warnings.append(never(name, taken, of, names))
            continue
        full = (taken > 0) & (taken < of)
        base = float(np.log(taken[0] / (of[0] - taken[0])))
        shifts, variance = np.empty(len(names)), np.empty(len(names))
        for a, (x, n) in enumerate(zip(taken[1:].tolist(), of[1:].tolist(), strict=True)):
            whole = bool(full[a + 1])
            shifts[a], variance[a] = (
                (np.log(x / (n - x)) - base, 1.0 / x + 1.0 / (n - x)) if whole else held_odds(x, n, base)
            )
        covariance = np.diag(variance) + 1.0 / taken[0] + 1.0 / (of[0] - taken[0])
        covariance = no_clearer(covariance, least_errors(taken[None, :], (of - taken)[None, :]))
        little = thin(taken, of, of - taken, names)
        told = [nobody(name, names[a], a + 1, taken, of) for a in np.flatnonzero(~full[1:]).tolist()]
        steps.append(
            StepFit(counts.stages[k], (counts.stages[k + 1],), ("all others",), "log_odds", names,
                    Fitted(shifts[None, :], covariance), taken[None, :], of, (little,), ~full[None, 1:],
                    (*told, *few(name, little)))
        )  # fmt: skip
    return steps, warnings

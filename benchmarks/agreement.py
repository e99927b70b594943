"""Whether engines simulate the same thing: how often each stage is visited, against our compiled engine.

Visits are compared with those of many replications of the same size, so that nothing need be assumed about how visits vary: those
of one customer depend on one another, and at a desk those of different customers do.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from benchmarks.peers import sojourn_compiled
from benchmarks.workloads import NAMES, START, WORKLOADS, Workload

REPLICATIONS = 40  # of the yardstick


def yardstick(workload: Workload, customers: int, seeds: Sequence[int]) -> list[dict[str, int]]:
    """Visits by stage of replications of our compiled engine."""
    return [sojourn_compiled.run(workload, customers, seed).visits for seed in seeds]


def differences(found: Sequence[dict[str, int]], expected: Sequence[dict[str, int]], chance: float) -> list[str]:
    """Stages whose mean visits differ from those expected, in words; empty where the engines agree.

    Args:
        found: visits by stage, one for each replication of another engine, independent of `expected`.
        expected: those of our compiled engine, at least three replications.
        chance: that anything is found although both engines simulate the same (Bonferroni over the stages; Student's t with the
            spread of `expected`).
    """
    told = []
    free = len(expected) - 1
    bound = stats.t.isf(chance / 2.0 / (len(NAMES) - 1), free)
    for stage in NAMES:
        here = np.array([visits[stage] for visits in found], dtype=np.float64)
        there = np.array([visits[stage] for visits in expected], dtype=np.float64)
        error = there.std(ddof=1) * np.sqrt(1.0 / here.size + 1.0 / there.size)
        gap = here.mean() - there.mean()
        everybody = stage == START  # enters, once
        if np.any(here != there[0]) if everybody else abs(gap) > bound * error:
            sizes = f"off by {abs(gap) / error:.1f} standard errors" if error > 0.0 else "and there is no chance in it"
            told.append(f"{stage} is visited {here.mean():,.1f} times and not {there.mean():,.1f}, {sizes}")
    return told


def compare(name: str, customers: int, seeds: ArrayLike, others: dict[str, Any], chance: float) -> dict[str, list[str]]:
    """Differences of each of `others`, by name: lists of visits, one for each of `seeds`.

    Engines with our draws must give our visits to the last one; for others a yardstick of other seeds is drawn.

    Args:
        name: the workload's.
        customers: of every replication.
        seeds: of the replications.
        others: by engine, `{"visits": [...], "same_draws": bool}`.
        chance: of a false alarm, for each engine.
    """
    workload = WORKLOADS[name]
    own = [int(seed) for seed in np.atleast_1d(seeds)]
    told: dict[str, list[str]] = {}
    same = {engine: other for engine, other in others.items() if other["same_draws"]}
    if same:
        expected = yardstick(workload, customers, own)
        for engine, other in same.items():
            told[engine] = [
                f"{stage} is visited {visits[stage]:,} times and not {wanted[stage]:,}, with seed {seed}"
                for visits, wanted, seed in zip(other["visits"], expected, own, strict=True)
                for stage in NAMES
                if visits[stage] != wanted[stage]
            ]
    if len(same) < len(others):
        expected = yardstick(workload, customers, range(1000, 1000 + REPLICATIONS))
        for engine, other in others.items():
            if not other["same_draws"]:
                told[engine] = differences(other["visits"], expected, chance)
    return told

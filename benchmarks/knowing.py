"""Are intervals of what knowing is worth as wide as they should be? Planted cases with a closed form, many times over.

Two strategies whose difference is normal: mean, spread by the number that is asked about, by other numbers, and by chance. Prints
the true worth of the number and of all numbers, mean estimates, the spread of estimates and the mean stated error, and in how
many repetitions the 90 % interval holds the truth. `python -m benchmarks.knowing` takes some minutes.
"""

import math
import sys
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from sojourn.experiments.information import choose, expected, partial
from sojourn.experiments.worth import jackknifed

REPETITIONS, DRAWS, LIVES = 400, 200, 2
WIDE = 1.645


class Case(NamedTuple):
    """Two strategies."""

    mean: float
    asked: float  # standard deviation of the difference by the number that is asked about
    others: float
    chance: float  # of one life


CASES = (
    Case(30, 80, 60, 0),
    Case(30, 80, 60, 100),
    Case(30, 80, 60, 300),
    Case(150, 80, 60, 100),
    Case(30, 0, 100, 100),
)


def closed(mean: float, sd: float) -> float:
    """E max(0, N(mean, sd)) - max(0, mean)."""
    if sd == 0.0:
        return 0.0
    return float(sd * norm.pdf(mean / sd) - abs(mean) * norm.cdf(-abs(mean) / sd))


def repeated(case: Case, seed: int) -> tuple[float, float, bool, float, float]:
    """One repetition: worth and error of the number, whether it was found, worth and error of all numbers."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    theta = rng.standard_normal((DRAWS, 2))
    lives = np.zeros((DRAWS, 2, LIVES))
    lives[:, 1] = case.mean + (theta @ [case.asked, case.others])[:, None]
    lives[:, 1] += case.chance * rng.standard_normal((DRAWS, LIVES))
    one = partial(theta[:, [0]], lives.mean(axis=2), seed)
    benefits = np.zeros((DRAWS, 2))
    benefits[:, 1:] = expected(theta, lives[:, 1:])
    choice = choose(benefits)
    error = jackknifed(theta, lives)[1][choice.best]
    return one.value, one.error, one.found, choice.perfect, float(error)


def main() -> None:
    """Print a line a case."""
    print(
        "| mean | number | others | chance | worth | estimate | spread | stated | covered | found | all | estimate | covered |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for case in CASES:
        told = np.array([repeated(case, 1000 + k) for k in range(REPETITIONS)])
        truth, whole = closed(case.mean, case.asked), closed(case.mean, math.hypot(case.asked, case.others))
        cells = [*map(float, case), truth, told[:, 0].mean(), told[:, 0].std(), math.sqrt(np.mean(told[:, 1] ** 2))]
        covered = np.mean(np.abs(told[:, 0] - truth) <= WIDE * told[:, 1])
        all_covered = np.mean(np.abs(told[:, 3] - whole) <= 1.729 * told[:, 4])
        print(
            f"| {' | '.join(f'{cell:.3g}' for cell in cells)} | {covered:.1%} | {told[:, 2].mean():.1%} | {whole:.3g} |"
            f" {told[:, 3].mean():.3g} | {all_covered:.1%} |"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()

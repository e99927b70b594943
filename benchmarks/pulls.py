"""`python -m benchmarks.pulls`: what the pull on effects of covariates does to their errors and intervals, in planted worlds.

Three ways side by side: no pull, the pull of the likeliest spread with its own errors, and the pull as calibration does it. The
figures are in docs/heterogeneity.md.
"""

import argparse
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.hazards import Hazard, fit_hazard, spans
from sojourn.calibration.odds import Odds, Ways, fit_odds
from sojourn.calibration.regressions import pulled_odds, regress, regress_odds
from sojourn.calibration.shrinkage import scale, shrink

Floats = NDArray[np.float64]
Z = 1.6448536269514722
WORLDS = {
    "lone": (400, [0.5, 0.0, 0.0, 0.0, 0.0]),
    "null": (400, [0.0] * 5),
    "moderate": (400, [0.25, -0.25, 0.25, -0.25, 0.25]),
    "few": (60, [0.6, -0.6, 0.3, -0.3, 0.0, 0.0, 0.0, 0.0]),
}


class Found(NamedTuple):
    """Slopes and their errors, each of shape (columns,); None where there is no maximum."""

    slopes: Floats
    errors: Floats


def found_of(one: Odds | Hazard | None) -> Found | None:
    """The slopes of a fit."""
    return None if one is None else Found(one.slopes.ravel(), one.errors.ravel())


def on_odds(rng: np.random.Generator, columns: Floats, slopes: Floats) -> dict[str, Found | None]:
    """Which of two exits: two fifths take the second one at the mean; the later half of the stays may be open still."""
    number = columns.shape[0]
    way = (rng.uniform(size=number) < 1.0 / (1.0 + np.exp(-(columns @ slopes - 0.4)))).astype(np.int64)
    length, cut = rng.exponential(np.array([10.0, 20.0])[way]), rng.exponential(40.0, number)
    ways = Ways(np.where(length < cut, way, -1), np.exp(-cut / np.array([[10.0], [20.0]])), columns)
    likeliest = shrink(
        lambda penalty: fit_odds(ways, penalty=penalty),
        scale(columns),
        lambda one: (one.slopes, one.base.size + np.arange(slopes.size)),
    )
    mine = regress_odds(ways, 0)
    return {
        "no pull": found_of(fit_odds(ways)),
        "likeliest spread": found_of(likeliest and likeliest[0]),
        "pulled": found_of(mine and pulled_odds(mine[0], ways, 0)[0]),
    }


def on_hazards(rng: np.random.Generator, columns: Floats, slopes: Floats) -> dict[str, Found | None]:
    """One exit of a race, Weibull of shape 1.5; watched for 10 to 80 days."""
    number = columns.shape[0]
    length = 30.0 * (rng.exponential(size=number) / np.exp(columns @ slopes)) ** (1.0 / 1.5)
    cut = rng.uniform(10.0, 80.0, number)
    sample = spans(np.minimum(length, cut), length < cut, np.arange(number), 0.01, columns)
    free = fit_hazard(sample, "weibull")
    likeliest = shrink(
        lambda penalty: fit_hazard(sample, "weibull", penalty=penalty),
        scale(columns),
        lambda one: (one.slopes, one.theta.size + np.arange(slopes.size)),
    )
    mine = regress(sample, 0, free)
    return {
        "no pull": found_of(free),
        "likeliest spread": found_of(likeliest and likeliest[0]),
        "pulled": found_of(mine and mine[0]),
    }


Way = Callable[[np.random.Generator, Floats, Floats], dict[str, Found | None]]
KINDS: dict[str, Way] = {"odds": on_odds, "hazards": on_hazards}


def told(kind: str, world: str, logs: int) -> list[str]:
    """A line for each way: mean squared error of a slope; of each size of effect, how many intervals of 90 % hold it."""
    customers, effects = WORLDS[world]
    slopes = np.array(effects)
    every: dict[str, list[Found]] = {}
    for seed in range(logs):
        rng = np.random.default_rng([seed, len(world), customers])
        columns = rng.normal(size=(customers, slopes.size))
        for way, found in KINDS[kind](rng, columns, slopes).items():
            every.setdefault(way, []).extend([] if found is None else [found])
    lines = []
    for way, fits in every.items():
        off = np.array([one.slopes for one in fits]) - slopes
        inside = np.abs(off) <= Z * np.array([one.errors for one in fits])
        sizes = sorted(set(np.abs(slopes).tolist()), reverse=True)
        held = ", ".join(f"{size:g}: {100.0 * float(inside[:, np.abs(slopes) == size].mean()):.0f} %" for size in sizes)
        lines.append(f"{kind} {world} {way}: error {float(np.mean(off**2)):.4f}, held {held} ({len(fits)} fits)")
    return lines


def main() -> None:
    """Print all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pulls", description=__doc__)
    parser.add_argument("--logs", type=int, default=200, help="planted logs of each world")
    logs = parser.parse_args().logs
    for kind in KINDS:
        for world in WORLDS:
            sys.stdout.write("\n".join(told(kind, world, logs)) + "\n")


if __name__ == "__main__":
    main()

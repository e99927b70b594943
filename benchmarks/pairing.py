"""`python -m benchmarks.pairing [FILE]`: what the same customers under both strategies are worth, against customers of their own.

For each pair of strategies and each measure: the variance of the difference of independent runs over that of paired ones. So
many times more replications would independent runs need for the same interval. Paired: replication r of seed 1 under both.
Independent: of seed 1 under the first, of seed 2 under the second. Intervals are 90 %, by a jackknife of the log ratio over r.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios.files import load
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimating import student
from sojourn.sim.run import run

Floats = NDArray[np.float64]
MEASURES = ("profit", "purchases", "satisfaction")
PAIRS = 250
EXAMPLE = Path(__file__).parent.parent / "tests" / "scenarios" / "first.toml"


class Row(NamedTuple):
    """One pair of strategies in one measure."""

    pair: str
    measure: str
    paired: Floats  # differences, one a replication
    independent: Floats

    @property
    def ratio(self) -> tuple[float, float, float]:
        """Variance of independent over paired differences, with its 90 % interval."""
        n = self.paired.size
        value = _log_ratio(self.independent, self.paired)
        out = np.array([_log_ratio(np.delete(self.independent, r), np.delete(self.paired, r)) for r in range(n)])
        half = student(0.9, n - 1) * np.sqrt((n - 1) / n * np.sum((out - out.mean()) ** 2))
        return float(np.exp(value)), float(np.exp(value - half)), float(np.exp(value + half))

    @property
    def apart(self) -> float:
        """The mean of independent minus that of paired differences, in its standard errors."""
        gaps = self.independent - self.paired
        return float(gaps.mean() / (gaps.std(ddof=1) / np.sqrt(gaps.size)))


def alone(scenario: Scenario) -> Scenario:
    """The scenario with nothing that couples customers: no desks, no end of the market, no word of mouth."""
    document: dict[str, Any] = scenario.document()
    document.pop("market", None)
    document["desks"] = {}
    for stage in document["stages"].values():
        stage.pop("desk", None)
        stage.pop("referrals", None)
    for lever in document["levers"].values():
        kept = [one for one in lever["effects"] if not (one.get("desk") or one.get("referrals"))]
        lever["effects"] = kept
    return Scenario.model_validate(document)


def rows(scenario: Scenario, pairs: int = PAIRS, customers: int | None = None) -> Iterator[Row]:
    """Every pair of strategies in every measure."""
    runs = [_figures(scenario, seed, pairs, customers) for seed in (1, 2)]
    for a, b in combinations(scenario.strategies, 2):
        for measure in MEASURES:
            first, second = runs[0][a][measure], runs[0][b][measure]
            yield Row(f"{b} - {a}", measure, second - first, runs[1][b][measure] - first)


def _figures(scenario: Scenario, seed: int, pairs: int, customers: int | None) -> Mapping[str, Mapping[str, Floats]]:
    found = run(scenario, replications=pairs, seed=seed, customers=customers, progress=_progress)
    return {
        name: {measure: np.array([parts[measure].figure for parts in one.parts]) for measure in MEASURES}
        for name, one in found.outcomes.items()
    }


def _progress(done: int, total: int) -> None:
    if done % 50 == 0:
        print(f"{done} of {total}", file=sys.stderr, flush=True)


def _log_ratio(above: Floats, below: Floats) -> float:
    return float(np.log(above.var(ddof=1) / below.var(ddof=1)))


def table(found: Sequence[Row]) -> str:
    """The rows as Markdown."""
    lines = [
        "| pair | measure | independent over paired variance (90 %) | paired mean | independent mean | apart |",
        "|---|---|---|---|---|---|",
    ]
    for row in found:
        value, low, high = row.ratio
        digits = 3 if row.measure == "purchases" else 2 if row.measure == "satisfaction" else 0
        means = " | ".join(f"{one.mean():,.{digits}f}" for one in (row.paired, row.independent))
        lines.append(
            f"| {row.pair} | {row.measure} | {value:,.1f} ({low:,.1f} to {high:,.1f}) | {means} | {row.apart:+.1f} errors |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", default=str(EXAMPLE), help="a scenario file, or a name of the library")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--customers", type=int, default=None)
    asked = parser.parse_args()
    scenario = load(asked.file)
    for title, one in (("As it is", scenario), ("Nothing couples customers", alone(scenario))):
        print(f"{title}, {asked.pairs} pairs:\n\n{table(list(rows(one, asked.pairs, asked.customers)))}\n", flush=True)


if __name__ == "__main__":
    main()

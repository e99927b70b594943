"""`python -m benchmarks.verdict_rates`: how often the verdict calls a right model off, and how often figures lie inside.

Logs are drawn from exponential journeys of five stages, which the laws of the calibration contain, and are censored at day
180. The verdict promises to call anything off in at most one of twenty.
"""

import argparse
import math
import tempfile
from pathlib import Path

import numpy as np

from sojourn.calibration import logs
from sojourn.calibration.validate_fit import judge

STAGES = ("awareness", "consideration", "purchase", "retention", "advocacy")
MEANS = (20.0, 30.0, 15.0, 90.0, 60.0)
ONWARD = (0.6, 0.5, 0.8, 0.3, 0.0)
DAYS = 180.0
HEAD = 'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 180.0\n'


def journeys(seed: int, customers: int) -> str:
    """An event log (CSV) of customers who come evenly over the time watched."""
    rng = np.random.default_rng([seed, 77])
    rows = ["who,when,what"]
    for who, came in enumerate(rng.uniform(0.0, DAYS, customers).tolist()):
        time, stage = came, 0
        while time < DAYS:
            rows.append(f"{who},{time!r},{STAGES[stage]}")
            time += float(rng.exponential(MEANS[stage]))
            if rng.random() >= ONWARD[stage]:
                if time < DAYS:
                    rows.append(f"{who},{time!r},gone")
                break
            stage += 1
    return "\n".join(rows) + "\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=100)
    parser.add_argument("--customers", type=int, default=1_500)
    parser.add_argument("--copies", type=int, default=19)
    asked = parser.parse_args()
    stages = "\n".join(f'{name} = "{name}"' for name in STAGES)
    mapping = f'{HEAD}[stages]\n{stages}\n[ends]\ngone = "gone"\n'
    with tempfile.TemporaryDirectory() as made:
        log, map_file = Path(made) / "log.csv", Path(made) / "map.toml"
        map_file.write_text(mapping, encoding="utf-8")
        for how in ("customer", "time"):
            off, inside, figures, alone, items = 0, 0, 0, 0, 0
            for seed in range(asked.logs):
                log.write_text(journeys(seed, asked.customers), encoding="utf-8")
                found = judge(
                    logs.read(log, map_file),
                    how="time" if how == "time" else "customer",
                    replications=asked.copies,
                    seed=seed,
                )
                off += any(item.adjusted <= 0.05 for item in found.items)
                inside, figures = inside + found.coverage[0], figures + found.coverage[1]
                alone += sum(item.chance <= 0.05 for item in found.items)
                items += len(found.items)
            rate = off / asked.logs
            error = math.sqrt(rate * (1.0 - rate) / asked.logs)
            print(
                f"{how}: {off} of {asked.logs} right models called off ({100 * rate:.0f} % +- {100 * error:.0f}); "
                f"{100 * inside / figures:.1f} % of {figures:,} figures inside their 90 % interval; "
                f"{100 * alone / items:.1f} % of items below 5 % alone",
                flush=True,
            )


if __name__ == "__main__":
    main()

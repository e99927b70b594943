"""`python -m benchmarks.round_trips`: planted numbers beside fitted ones over many logs, in standard errors.

Nine in ten should lie within 1.645. Where the data preferred another law than the planted one, the share left after the planted
median is compared, and the error does not hold the choice of the law.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from sojourn.calibration.fit import fit
from sojourn.calibration.planting import plant
from sojourn.calibration.round_trip import REACH, compared
from sojourn.scenarios.files import loads

PLANTED = """
format = 1
[scenario]
name = "two-ways"
start = "trial"
horizon_days = 180
[arrivals]
cohort = 2000
[segments.young]
share = 0.4
[segments.young.override]
"stages.member.race.gone.mean" = 30
[segments.old]
share = 0.6
[stages.trial]
exits.member = { probability = 0.4, dwell = { law = "lognormal", median = 8, sigma = 0.6 } }
exits.gone = { probability = 0.6, dwell = { law = "weibull", median = 15, shape = 1.5 } }
[stages.member]
race.gone = { law = "exponential", mean = 80 }
race.trial = { law = "gamma", mean = 50, shape = 3 }
[stages.gone]
end = true
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=100)
    logs = parser.parse_args().logs
    scenario = loads(PLANTED)
    plain: list[float] = []
    other: list[float] = []
    for seed in range(logs):
        with tempfile.TemporaryDirectory() as made:
            numbers, _ = compared(scenario, fit(plant(scenario, Path(made), seed=seed).log))
        for one in numbers:
            (other if one.what.startswith("share left") else plain).append(one.z)
    for name, found in (("the planted law", plain), ("another law", other)):
        z = np.array(found)
        if z.size:
            print(
                f"{name}: {np.mean(np.abs(z) <= REACH):.1%} of {z.size:,} numbers within 1.645 standard errors, mean "
                f"{z.mean():+.2f}, sd {z.std():.2f}, largest {np.abs(z).max():.1f}"
            )


if __name__ == "__main__":
    main()

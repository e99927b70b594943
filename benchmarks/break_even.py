"""How often the band of a break-even holds the true one, on a scenario that theory solves: `python -m benchmarks.break_even`.

A nudge of 2 a customer raises the share of visitors who become members, worth 50 each: break-even is where 4 in 100 more join.
Prints how many of so many seeds' 90 % bands hold it, the root mean square error, and how often "pays only if" is said.
"""

import math
import sys

import sojourn as sj
from sojourn.experiments.sensitivity_words import firm

SEEDS = 200
SHOP = """
format = 1
[scenario]
name = "shop"
start = "visit"
horizon_days = 3000
[arrivals]
cohort = 1000
[stages.visit]
dwell = { law = "exponential", mean = 2 }
exits = { member = 0.2, lapsed = 0.8 }
[stages.member]
role = "purchase"
revenue = 10.0
race.renewed = { law = "exponential", mean = 30 }
race.churned = { law = "exponential", mean = 60 }
[stages.renewed]
role = "purchase"
revenue = 10.0
dwell = { law = "exponential", mean = 1 }
exits = { member = 1.0 }
[stages.lapsed]
end = true
[stages.churned]
end = true
[levers.nudge]
cost = { per_customer = 2.0 }
[[levers.nudge.effects]]
exit = "visit -> member"
log_odds = { central = 0.3, low = 0.05, high = 0.6 }
[strategies]
today = {}
push = { nudge = 1.0 }
"""
TRUTH = math.log(0.24 / 0.76) - math.log(0.2 / 0.8)


def main() -> None:
    """Look for the break-even with one seed after the other."""
    scenario = sj.loads(SHOP)
    held = said = 0
    square = 0.0
    for seed in range(SEEDS):
        found = sj.sensitivity(scenario, ["today", "push"], seed=seed, replications=12)
        even = found.swings[0].break_even
        assert even.value is not None
        held += (even.low is None or even.low <= TRUTH) and (even.high is None or even.high >= TRUTH)
        said += firm(found.numbers[0], even)
        square += (even.value - TRUTH) ** 2
    error = math.sqrt(square / SEEDS)
    sys.stdout.write(
        f"{held} of {SEEDS} bands hold {TRUTH:.4f}; root mean square error {error:.4f}; firm in {said} of {SEEDS}\n"
    )


if __name__ == "__main__":
    main()

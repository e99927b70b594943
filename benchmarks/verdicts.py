"""`python -m benchmarks.verdicts`: whether the verdict keeps its promises, on more seeds than a test can afford.

Nothing to find: how often a difference is claimed that is none, by a comparison of fixed size and by one that goes on until it is
settled. Something to find: how often intervals hold what theory says, and how often the best is chosen at the edge of what
matters, beside the procedure of Kim and Nelson. The shop of `shops` needs no desk; the two counters of this page do.
"""

import argparse
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.kim_nelson import select
from benchmarks.shops import Floats, blocks, expected, pair_of, shop
from sojourn.experiments.critical import alone, level
from sojourn.experiments.sequential import Settled, Settling, settle
from sojourn.experiments.verdict import Verdict, decide, judge
from sojourn.scenarios.files import loads
from sojourn.sim.run import run

REPLICATIONS, MOST, MOST_OF_ZONE = 20, 200, 300
DRAWS = 4000

# Two counters, each for its own half of the town. One more hand at the north's is worth what one more at the south's is, though
# queues, sales and losses of each half differ.
COUNTERS = """
format = 1
[scenario]
name = "counters"
start = "visit"
horizon_days = 60
[arrivals]
rate_per_day = 2
[segments.north]
share = 0.5
[segments.south]
share = 0.5
[segments.south.override]
"stages.visit.exits" = { at_north = 0.0, at_south = 1.0 }
[stages.visit]
dwell = { law = "exponential", mean = 1 }
exits = { at_north = 1.0, at_south = 0.0 }
[stages.at_north]
dwell = { law = "exponential", mean = 1 }
exits = { buy = 0.5, lapsed = 0.5 }
desk = { name = "north", probability = 1.0 }
[stages.at_south]
dwell = { law = "exponential", mean = 1 }
exits = { buy = 0.5, lapsed = 0.5 }
desk = { name = "south", probability = 1.0 }
[stages.buy]
role = "purchase"
dwell = { law = "exponential", mean = 10 }
exits = { visit = 0.5, lapsed = 0.5 }
revenue = { law = "gamma", mean = 50, shape = 2 }
[stages.lapsed]
end = true
role = "lost"
[desks.north]
agents = 1
handle = { law = "exponential", mean = 0.7 }
patience = { law = "exponential", mean = 1.0 }
effects = [{ exit = "at_north -> buy", log_odds_per_day_waited = -1.0 }]
[desks.south]
agents = 1
handle = { law = "exponential", mean = 0.7 }
patience = { law = "exponential", mean = 1.0 }
effects = [{ exit = "at_south -> buy", log_odds_per_day_waited = -1.0 }]
[levers.hand_north]
effects = [{ desk = "north", agents = 1 }]
[levers.hand_south]
effects = [{ desk = "south", agents = 1 }]
[strategies.north]
hand_north = 1.0
[strategies.south]
hand_south = 1.0
"""


class Row(NamedTuple):
    """One promise, and how it was kept."""

    what: str
    promised: str
    found: int
    of: int
    note: str = ""

    @property
    def line(self) -> str:
        """As a row of Markdown."""
        return f"| {self.what} | {self.promised} | {self.found} of {self.of} | {self.note} |"


def settled(
    found: dict[str, Floats],
    rate: float,
    close: float | None = None,
    *,
    seed: int = 0,
    most: int = MOST,
    draws: int = DRAWS,
) -> Settled:
    """What `compare` does with these figures, replications 0 to n - 1 at each look."""
    asked = Settling(most, close)
    return settle(
        list(found),
        lambda size: pair_of({name: one[:size] for name, one in found.items()}),
        1,
        asked,
        asked.looks(REPLICATIONS, rate),
        seed=seed,
        draws=draws,
    )


def nothing(seeds: int) -> Iterator[Row]:
    """Pairs that differ in everything but the measure."""
    for name, measure in (("even", "profit"), ("turned", "profit"), ("turned", "purchases")):
        for rate in (0.1, 0.05):
            promised = f"at most {100 * rate:g} %"
            cases = blocks(["today", name], seeds, MOST, measure)
            heads = [{one: x[:REPLICATIONS] for one, x in case.items()} for case in cases]
            claims = sum(decide(list(h), pair_of(h), measure, shop(), rate=rate).winner is not None for h in heads)
            yield Row(f"{name} and today, {measure}: claims, {REPLICATIONS} replications", promised, claims, seeds)
            claims = sum(settled(case, rate).stopped == "settled" for case in cases)
            yield Row(f"the same, until settled, {REPLICATIONS} to {MOST}", promised, claims, seeds)


def four(seeds: int) -> Iterator[Row]:
    """Four strategies without a difference: any claim against the baseline, or for a winner, at any look up to the end."""
    names = ["today", "even", "turned", "quick"]
    for rate in (0.1, 0.05):
        fixed = looked = 0
        for seed, case in enumerate(blocks(names, seeds, MOST)):
            head = pair_of({one: x[:REPLICATIONS] for one, x in case.items()})
            verdict = decide(names, head, "profit", shop(), rate=rate, seed=seed, draws=DRAWS)
            fixed += _claims(verdict)
            end = settled(case, rate, seed=seed)
            looked += _claims(judge(end.standing, "profit", shop(), rate=rate, replications=0))
        promised = f"at most {100 * rate:g} %"
        yield Row(f"four equal strategies, profit: claims, {REPLICATIONS} replications", promised, fixed, seeds)
        yield Row(f"the same, until settled, {REPLICATIONS} to {MOST}", promised, looked, seeds)


def _claims(verdict: Verdict) -> bool:
    """Whether a verdict says of any strategy that it is better or worse than another."""
    return "beats" in verdict.sentence or "falls short" in verdict.sentence


def counters(seeds: int) -> Iterator[Row]:
    """The two counters: queues, and no difference by symmetry."""
    scenario = loads(COUNTERS)
    rates = {0.1: 0, 0.05: 0}
    for seed in range(seeds):
        parts = {name: one.parts for name, one in run(scenario, seed=seed, workers=1).outcomes.items()}
        found = {name: np.array([part["profit"].figure for part in one]) for name, one in parts.items()}
        for rate in rates:
            rates[rate] += decide(list(found), pair_of(found), "profit", scenario, rate=rate).winner is not None
    for rate, claims in rates.items():
        yield Row("a hand north or south, profit: claims, 20 replications", f"at most {100 * rate:g} %", claims, seeds)


def something(seeds: int) -> Iterator[Row]:
    """Intervals against theory."""
    looks = Settling(MOST).looks(REPLICATIONS, 0.1)
    for name, measure in (("even", "profit"), ("turned", "purchases"), ("better", "profit"), ("better", "purchases")):
        true = expected(name, measure) - expected("today", measure)
        fixed = stopped = naive = 0
        for case in blocks(["today", name], seeds, MOST, measure):
            head = pair_of({one: x[:REPLICATIONS] for one, x in case.items()})("today", name)
            fixed += _inside(head.interval(), true)
            end = settled(case, 0.1)
            difference = end.standing.pair("today", name)
            stopped += _inside(difference.interval(level(alone(looks, end.look), looks.sizes[end.look] - 1)), true)
            naive += _inside(difference.interval(), true)
        yield Row(f"{name} minus today, {measure}: intervals that hold, 20 replications", "90 %", fixed, seeds)
        note = f"plain intervals at the same ends: {naive}"
        yield Row("the same, until settled", "at least 90 %", stopped, seeds, note)


def zone(seeds: int) -> Iterator[Row]:
    """The best ahead of two others by exactly what does not matter."""
    close = expected("ahead") - expected("today")
    looks = Settling(MOST_OF_ZONE).looks(REPLICATIONS, 0.1)
    right = theirs = unsettled = 0
    spent, yardstick = [], []
    for seed, case in enumerate(blocks(["today", "even", "ahead"], seeds, MOST_OF_ZONE)):
        end = settled(case, 0.1, close, seed=seed, most=MOST_OF_ZONE)
        means = {name: float(one[: looks.sizes[end.look]].mean()) for name, one in case.items()}
        right += max(means, key=lambda name, means=means: means[name]) == "ahead"  # type: ignore[misc]
        unsettled += end.stopped == "replications spent"
        spent.append(looks.sizes[end.look])
        selected = select(case, close, 0.1)
        theirs += selected.name == "ahead"
        yardstick.append(selected.replications)
    promised = "at least 90 %"
    note = f"{_mean(spent)}, {unsettled} spent them all"
    yield Row("best of three chosen, close enough = its lead", promised, right, seeds, note)
    yield Row("Kim and Nelson on the same figures", promised, theirs, seeds, _mean(yardstick))


def _mean(replications: Sequence[int]) -> str:
    return f"{np.mean(replications):.0f} replications on average"


def _inside(interval: Sequence[float | None], true: float) -> bool:
    _, low, high = interval
    return low is not None and high is not None and low <= true <= high


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--seeds", type=int, default=1000, help="of each promise; fewer for the counters and for four strategies"
    )
    asked = parser.parse_args()
    print("| what | promised | found | |\n|---|---|---|---|")
    for part, seeds in (
        (counters, max(asked.seeds // 5, 1)),
        (nothing, asked.seeds),
        (something, asked.seeds),
        (zone, asked.seeds),
    ):
        for row in part(seeds):
            print(row.line, flush=True)


if __name__ == "__main__":
    main()

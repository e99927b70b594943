"""The point of no return, computed: where on the journey customers become as good as won, lost, or not worth more money.

The chance q(x) of a customer in state x is that of entering a loyal stage within so many days from now, before being lost (the
forward committor of transition path theory, E and Vanden-Eijnden 2006, with a rolling window). It is 1 from the first entry on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sojourn.experiments.commitment_asked import check, default_within
from sojourn.experiments.commitment_cells import Chances, share
from sojourn.experiments.commitment_chart import Chart, crossed, marked
from sojourn.experiments.commitment_crossings import Crossings, crossed_by, paired
from sojourn.experiments.commitment_points import Judged, Point, Try, Worth, fallen, judge
from sojourn.experiments.commitment_runs import Counting, Estimating, Progress, Runner, Setting, followed_days, in_force
from sojourn.experiments.commitment_states import Flags, Goal, goal_of
from sojourn.experiments.commitment_words import sentence, state_words
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.brief import brief, listed
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plans import Plan, Step
from sojourn.scenarios.plurals import plural
from sojourn.sim.estimates import Estimate
from sojourn.sim.journeys import Integers
from sojourn.sim.lives import firsts
from sojourn.sim.network import Network, build
from sojourn.sim.run import refuse_crowds
from sojourn.sim.wordofmouth import refuse_avalanche

MARKS = (0.8, 0.9, 0.95)
MARK = 0.9  # the one that the first line, the picture and the levers are about
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Tried:
    """A strategy in one state."""

    chance: Estimate
    gain: float | None  # margin more than under the baseline in the window from here, per customer
    cost: float | None  # what the strategy costs in it, per customer
    worth: Estimate | None  # gain minus cost; None for the baseline, or where there is too little to tell


@dataclass(frozen=True)
class State:
    """States that count as one, and what is known of them."""

    stage: str
    age: float  # days in the stage, once waiting is over
    words: str
    moments: int  # that the chance was estimated from
    chance: Estimate  # under the baseline
    strategies: dict[str, Tried]  # affordable ones, the baseline first
    lost: bool  # surely at most .05 under the best of them
    saved_by: tuple[str, ...]  # strategies that surely save where the baseline surely does not
    unpaid: bool  # surely none of them is worth its cost


@dataclass(frozen=True)
class Entry:
    """The chance of customers as they enter a stage (once waiting is over): quantiles over customers, and how many entries."""

    entries: int
    quantiles: tuple[float, float, float, float, float]  # 5, 25, 50, 75, 95 %


@dataclass(frozen=True)
class Pulled:
    """The baseline with one lever at full level from day 0."""

    sure: Estimate  # share of customers who cross the mark of .9, on entry or before
    before: Estimate  # before entry only
    difference: Estimate  # of `sure`, to the baseline, on the same customers
    stage: str | None  # where most cross
    median_day: float | None


@dataclass(frozen=True)
class Cost:
    """What a strategy costs beyond the baseline over the scenario's horizon, in force throughout; undiscounted."""

    extra: float
    affordable: bool


@dataclass(frozen=True)
class Commitment:
    """Where customers become as good as won, lost, or not worth more money."""

    scenario: Scenario
    baseline: str
    loyal: tuple[str, ...]
    within: float
    followed: float
    exact: bool
    setting: Setting
    sentence: str
    arrival: Estimate  # the chance on arrival, over customers
    crossings: dict[float, Crossings]
    entries: dict[str, Entry]
    states: tuple[State, ...]
    lost: Point
    unpaid: Point | None  # None without another strategy
    levers: dict[str, Pulled]
    costs: dict[str, Cost]

    def __repr__(self) -> str:
        lives = plural(self.setting.replications, "replication")
        return brief(self, self.scenario.about.name, listed(self.costs), lives, answer=self.sentence)

    def document(self) -> dict[str, Any]:
        """The JSON shape of `sojourn commitment --json`; see docs/commitment.md."""
        from sojourn.experiments.commitment_document import document

        return document(self)


@checked_arguments
def commitment(
    scenario: Scenario,
    *,
    loyal: Sequence[str] = (),
    within: float | None = None,
    strategies: Sequence[str] | None = None,
    budget: float | None = None,
    customers: int | None = None,
    replications: int = 4,
    seed: int = 1,
    exact: bool = True,
    progress: Progress | None = None,
) -> Commitment:
    """Compute where customers become as good as won, lost, or not worth more money.

    Args:
        scenario: the scenario.
        loyal: stages that count as loyal; those of role loyal if left out.
        within: days in which a loyal stage must be entered; half the horizon, at most 365, if left out.
        strategies: the baseline first; by default all of the scenario, in file order. Each is in force throughout, every lever at
            the highest level of its plan.
        budget: strategies that cost more than this beyond the baseline, over the horizon, do not count as affordable.
        customers: exactly so many candidates a replication in the horizon, in place of the scenario's own random number.
        replications: of each of three samples: one forms cells of states, one estimates, one is counted.
        seed: 0 to 2^32 - 1. The same seed gives the same answer.
        exact: take chances from theory where it knows them (memoryless scenarios); False simulates there too, as a check.
        progress: called with (replications done, in all).

    Raises:
        Faults: an option or a name is wrong, no stage is loyal, or word of mouth would run away.
    """
    names = tuple(scenario.strategies) if strategies is None else tuple(strategies)
    loyal = check(scenario, loyal, within, names, budget, customers, replications, seed)
    horizon = scenario.about.horizon_days
    days = default_within(scenario) if within is None else float(within)
    networks = _networks(in_force(scenario, {name: scenario.strategies[name] for name in names}, horizon + days))
    pulled = _networks(in_force(scenario, _levers(scenario, names[0]), horizon + days)) if scenario.levers else {}
    base = networks[names[0]]
    setting = Setting(seed, replications, customers, followed_days(scenario))
    steps = replications * (3 + 2 * (len(names) - 1) + 3 * len(pulled))
    runner = Runner(setting, goal_of(base, loyal, days, horizon), scenario, progress, steps)
    refuse_avalanche([*networks.values(), *pulled.values()], runner.customers)
    refuse_crowds([*networks.values(), *pulled.values()], runner.customers)
    chart = Chart.of(runner, list(networks.values()), loyal, solve=exact)
    spent = {name: runner.estimate(network, chart.ages) for name, network in networks.items()}
    costs = _costs({name: sample.extra for name, sample in spent.items()}, names[0], budget)
    tried = {
        name: _try(chart, network, days, spent[name]) for name, network in networks.items() if costs[name].affordable
    }
    counting = runner.count(base, chart.ages)
    cell, chances = chart.place(counting.moments), tried[names[0]].chances
    found = {mark: crossed(mark, counting, cell, chances, base.stages) for mark in MARKS}
    judged = judge(tried, names[0], len(chart.cells))
    levers = {
        name: _pulled(runner, network, chart, (marked(MARK, cell, chances), counting))
        for name, network in pulled.items()
    }
    return Commitment(
        scenario,
        names[0],
        loyal,
        days,
        setting.follow,
        chart.exact,
        setting,
        sentence(loyal, setting.follow, found[MARK]),
        _arrival(counting),
        found,
        _entries(counting, cell, chances, runner.goal, base.stages),
        _states(base, chart, {name: one.chances for name, one in tried.items()}, judged, names[0]),
        fallen(counting.moments, cell, judged.lost, counting.people, base.stages),
        fallen(counting.moments, cell, judged.unpaid, counting.people, base.stages) if judged.worth else None,
        levers,
        costs,
    )


def _networks(scenario: Scenario) -> dict[str, Network]:
    return {name: build(scenario, name) for name in scenario.strategies}


def _levers(scenario: Scenario, baseline: str) -> dict[str, Mapping[str, Plan]]:
    """For each lever, the baseline with it at full level for everybody."""
    full = Plan((Step(day=0.0, level=1.0),))
    return {lever: {**scenario.strategies[baseline], lever: full} for lever in scenario.levers}


def _try(chart: Chart, network: Network, within: float, sample: Estimating) -> Try:
    cell = chart.place(sample.moments)
    chances = chart.chances(network, within, sample.moments, cell)
    return Try(sample.moments, cell, sample.valued, chances, sample.fixed_a_day, sample.active)


def _costs(extra: Mapping[str, float], baseline: str, budget: float | None) -> dict[str, Cost]:
    more = {name: one - extra[baseline] for name, one in extra.items()}
    return {name: Cost(one, name == baseline or budget is None or one <= budget) for name, one in more.items()}


def _pulled(runner: Runner, network: Network, base: Chart, counted: tuple[Flags, Counting]) -> Pulled:
    """Crossings of the mark with one lever pulled, with cells and chances of its own."""
    chart = Chart.of(runner, [network], base.loyal, None if base.exact else base.ages, solve=base.exact)
    sample = runner.estimate(network, chart.ages)
    chances = chart.chances(network, runner.goal.within, sample.moments, chart.place(sample.moments))
    counting = runner.count(network, chart.ages)
    cell = chart.place(counting.moments)
    found = crossed(MARK, counting, cell, chances, network.stages)
    flags, theirs = counted
    before = (crossed_by(theirs.moments, flags, theirs.people), theirs.people)
    after = (crossed_by(counting.moments, marked(MARK, cell, chances), counting.people), counting.people)
    sites = {**found.stages, **found.entries}
    return Pulled(
        share(int(after[0].sum()), found.customers),
        found.before,
        paired(before, after),
        max(sites, key=lambda name: sites[name].share.mean or 0.0) if sites else None,
        found.median_day,
    )


def _arrival(counting: Counting) -> Estimate:
    """Share of customers who get there in the goal's days from their first moment."""
    first = firsts(counting.moments.who)
    return share(int(counting.moments.reached[first].sum()), int(first.sum()))


def _entries(
    counting: Counting, cell: Integers, chances: Chances, goal: Goal, stages: tuple[str, ...]
) -> dict[str, Entry]:
    moments, people = counting.moments, counting.people
    chance = np.append(chances.mean, np.nan)[cell]
    counts = people.counted[moments.who] & (moments.age == 0) & np.isfinite(chance)
    counts &= moments.time <= (people.arrived + people.days)[moments.who]
    entries = {}
    for index, name in enumerate(stages):
        if goal.loyal[index]:
            got = people.counted & (people.stage == index) & (people.time <= people.arrived + people.days)
            number = int(got.sum())
            if number:
                entries[name] = Entry(number, (1.0, 1.0, 1.0, 1.0, 1.0))
            continue
        here = chance[counts & (moments.stage == index)]
        if here.size:
            five = np.quantile(here, QUANTILES, method="inverted_cdf").tolist()
            entries[name] = Entry(here.size, (five[0], five[1], five[2], five[3], five[4]))
    return entries


def _states(
    network: Network, chart: Chart, chances: Mapping[str, Chances], judged: Judged, baseline: str
) -> tuple[State, ...]:
    base = chances[baseline]
    return tuple(
        State(
            network.stages[cell.stage],
            float(chart.ages[cell.stage][cell.age]),
            state_words(network, cell),
            int(base.moments[k]),
            _estimate(base, k),
            {name: _tried(one, judged.worth.get(name), k) for name, one in chances.items()},
            bool(judged.lost[k]),
            tuple(name for name, flags in judged.saved.items() if flags[k]),
            bool(judged.unpaid[k]),
        )
        for k, cell in enumerate(chart.cells)
    )


def _estimate(chances: Chances, k: int) -> Estimate:
    if not np.isfinite(chances.mean[k]):
        return Estimate(None, None, None)
    return Estimate(float(chances.mean[k]), float(chances.low[k]), float(chances.high[k]))


def _tried(chances: Chances, worths: Worth | None, k: int) -> Tried:
    if worths is None or not np.isfinite(worths.high[k]):
        return Tried(_estimate(chances, k), None, None, None)
    gain, cost = float(worths.gain[k]), float(worths.cost[k])
    value = Estimate(gain - cost, float(worths.low[k]), float(worths.high[k]))
    return Tried(_estimate(chances, k), gain, cost, value)

"""The point of no return, computed: where on the journey customers become as good as won, lost, or not worth more money.

The chance q(x) of a customer in state x is that of entering a loyal stage within so many days from now, before being lost (the
forward committor of transition path theory, E and Vanden-Eijnden 2006, with a rolling window). It is 1 from the first entry on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sojourn.experiments.commitment_asked import check, default_within
from sojourn.experiments.commitment_cells import Cell, Chances, by_segment, estimated, grow, place, share
from sojourn.experiments.commitment_crossings import Crossings, crossed_by, crossings, paired
from sojourn.experiments.commitment_exact import exact_or_none
from sojourn.experiments.commitment_points import Point, Worth, fallen, none_pays, saved, surely_lost, worth
from sojourn.experiments.commitment_runs import Counting, Estimating, Runner, Setting, followed_days, in_force
from sojourn.experiments.commitment_states import Flags, Goal, Moments, goal_of
from sojourn.experiments.commitment_words import sentence, state_words
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plans import Plan, Step
from sojourn.sim.estimates import Estimate
from sojourn.sim.journeys import Floats, Integers
from sojourn.sim.network import Network, build
from sojourn.sim.wordofmouth import refuse_avalanche

MARKS = (0.8, 0.9, 0.95)
MARK = 0.9  # the one that the first line, the picture and the levers are about
ROUNDING = 1e-9
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
Progress = Callable[[int, int], None]


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

    def document(self) -> dict[str, Any]:
        """The JSON shape of `sojourn commitment --json`; see docs/commitment.md."""
        from sojourn.experiments.commitment_document import document

        return document(self)


class _Found(NamedTuple):
    """What one network gives: cells, their chances, and the moments that are counted."""

    chances: Chances
    counting: Counting
    cell: Integers  # of each moment counted
    estimating: Estimating
    estimating_cell: Integers


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
    refuse_avalanche([*networks.values(), *pulled.values()], customers)

    base = networks[names[0]]
    goal = goal_of(base, loyal, days, horizon)
    setting = Setting(seed, replications, customers, followed_days(scenario))
    steps = replications * (3 + 2 * (len(names) - 1) + 3 * len(pulled))
    tell = _counter(progress, steps)
    runner = Runner(setting, goal, scenario, tell)
    ages = runner.ages(base)
    exact = exact_or_none(base, loyal, days)
    if exact is not None:
        ages = tuple(own[:1] for own in ages)
        cells = by_segment(np.flatnonzero(~(goal.loyal | goal.lost | goal.ended)).tolist(), len(base.segments))
        for _ in range(replications * len(names)):
            tell()
    else:
        cells = grow([runner.shape(network, ages) for network in networks.values()], ages, len(base.segments))
    samples = {name: runner.estimate(network, ages) for name, network in networks.items()}
    placed = {name: place(sample.moments, cells) for name, sample in samples.items()}
    chances = {
        name: _chances(networks[name], sample.moments, placed[name], cells, loyal, days)
        for name, sample in samples.items()
    }
    counting = runner.count(base, ages)
    cell = place(counting.moments, cells)
    people = counting.people

    found = {mark: _crossings(mark, counting, cell, chances[names[0]], base.stages) for mark in MARKS}
    costs = _costs(samples, names, budget, replications)
    affordable = [name for name in names if costs[name].affordable]
    possible = {name: chances[name] for name in affordable}
    gone, rescued = surely_lost(possible), saved(possible, names[0])
    worths = {
        name: worth(
            (samples[names[0]].moments, placed[names[0]], samples[names[0]].valued),
            (samples[name].moments, placed[name], samples[name].valued),
            len(cells),
            (samples[name].fixed_a_day - samples[names[0]].fixed_a_day) / max(samples[name].active, 1e-12),
        )
        for name in affordable[1:]
    }
    unpaid = none_pays(list(worths.values()), len(cells))
    levers = {}
    for name, network in pulled.items():
        levers[name] = _pulled(runner, network, ages, loyal, days, (_marked(MARK, cell, chances[names[0]]), counting))
    return Commitment(
        scenario,
        names[0],
        loyal,
        days,
        setting.follow,
        exact is not None,
        setting,
        sentence(scenario, loyal, days, setting.follow, found[MARK]),
        _arrival(counting),
        found,
        _entries(counting, cell, chances[names[0]], goal, base.stages),
        _states(base, cells, ages, possible, worths, gone, rescued, unpaid, names[0]),
        fallen(counting.moments, cell, gone, people, base.stages),
        fallen(counting.moments, cell, unpaid, people, base.stages) if worths else None,
        levers,
        costs,
    )


def _networks(scenario: Scenario) -> dict[str, Network]:
    return {name: build(scenario, name) for name in scenario.strategies}


def _levers(scenario: Scenario, baseline: str) -> dict[str, Mapping[str, Plan]]:
    """For each lever, the baseline with it at full level for everybody."""
    full = Plan((Step(day=0.0, level=1.0),))
    return {lever: {**scenario.strategies[baseline], lever: full} for lever in scenario.levers}


def _counter(progress: Progress | None, steps: int) -> Callable[[], None]:
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(min(done, steps), steps)

    return tell


def _chances(
    network: Network, moments: Moments, cell: Integers, cells: Sequence[Cell], loyal: Sequence[str], days: float
) -> Chances:
    """Chances of cells, exactly where theory can, else from the sample."""
    exact = exact_or_none(network, loyal, days)
    if exact is None or any(len(one.segments) > 1 or one.age > 0 for one in cells):
        return estimated(moments, cell, len(cells))
    known = np.array([exact[next(iter(one.segments))][one.stage] for one in cells])
    return Chances(known, known, known, np.bincount(cell[cell >= 0], minlength=len(cells)))


def _marked(mark: float, cell: Integers, chances: Chances) -> Flags:
    """Whether each moment lies in a cell whose chance is at least the mark, by its lower bound."""
    flags: Flags = np.append(chances.low >= mark - ROUNDING, False)[cell]
    return flags


def _crossings(mark: float, counting: Counting, cell: Integers, chances: Chances, stages: tuple[str, ...]) -> Crossings:
    return crossings(mark, counting.moments, _marked(mark, cell, chances), counting.people, stages)


def _costs(samples: Mapping[str, Estimating], names: Sequence[str], budget: float | None, _: int) -> dict[str, Cost]:
    base = samples[names[0]].extra
    extra = {name: samples[name].extra - base for name in names}
    return {name: Cost(one, name == names[0] or budget is None or one <= budget) for name, one in extra.items()}


def _pulled(
    runner: Runner,
    network: Network,
    ages: Sequence[Floats],
    loyal: Sequence[str],
    days: float,
    base: tuple[Flags, Counting],
) -> Pulled:
    """Crossings of the mark with one lever pulled, with cells of their own."""
    exact = exact_or_none(network, loyal, days)
    if exact is not None:
        goal = runner.goal
        cells = by_segment(np.flatnonzero(~(goal.loyal | goal.lost | goal.ended)).tolist(), len(network.segments))
    else:
        cells = grow([runner.shape(network, ages)], ages, len(network.segments))
    sample = runner.estimate(network, ages)
    chances = _chances(network, sample.moments, place(sample.moments, cells), cells, loyal, days)
    counting = runner.count(network, ages)
    marked = _marked(MARK, place(counting.moments, cells), chances)
    found = crossings(MARK, counting.moments, marked, counting.people, network.stages)
    mine = (crossed_by(counting.moments, marked, counting.people), counting.people)
    theirs = (crossed_by(base[1].moments, base[0], base[1].people), base[1].people)
    together = {
        name: sum((part[name].share.mean or 0.0) for part in (found.stages, found.entries) if name in part)
        for name in (*found.stages, *found.entries)
    }
    number = found.customers
    return Pulled(
        share(int(mine[0].sum()), number),
        found.before,
        paired(theirs, mine),
        max(together, key=lambda name: together[name]) if together else None,
        found.median_day,
    )


def _arrival(counting: Counting) -> Estimate:
    """Share of customers who get there in the goal's days from their first moment."""
    from sojourn.sim.lives import firsts

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
    network: Network,
    cells: Sequence[Cell],
    ages: Sequence[Floats],
    chances: Mapping[str, Chances],
    worths: Mapping[str, Worth],
    gone: Flags,
    rescued: Mapping[str, Flags],
    unpaid: Flags,
    baseline: str,
) -> tuple[State, ...]:
    states = []
    for k, cell in enumerate(cells):
        age = float(ages[cell.stage][cell.age])
        base = chances[baseline]
        states.append(
            State(
                network.stages[cell.stage],
                age,
                state_words(network, cell),
                int(base.moments[k]),
                _estimate(base, k),
                {name: _tried(one, worths.get(name), k) for name, one in chances.items()},
                bool(gone[k]),
                tuple(name for name, flags in rescued.items() if flags[k]),
                bool(unpaid[k]),
            )
        )
    return tuple(states)


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

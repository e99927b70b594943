"""Commitment against theory: exact chances, martingales, kept promises on fresh customers, and where it falls."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import binom, norm

import sojourn as sj
from sojourn.experiments.commitment import Commitment, commitment
from sojourn.experiments.commitment_cells import estimated
from sojourn.experiments.commitment_chart import Chart, crossed
from sojourn.experiments.commitment_crossings import Crossings
from sojourn.experiments.commitment_runs import Runner, Setting, followed_days, in_force
from sojourn.experiments.commitment_states import LOYAL, OPEN, goal_of, waits
from sojourn.sim.estimates import Estimate
from sojourn.sim.network import Network, build
from sojourn.sim.run import simulate

FIRST = Path(__file__).parents[1] / "scenarios" / "first.toml"
FALSE_ALARM = 0.001  # of each test below, all its comparisons together
Make = Callable[..., Any]

MEMORYLESS = """
[segments.plain]
share = 0.7
[segments.keen]
share = 0.3
[segments.keen.override]
"stages.consider.race.buy.mean" = 12
[stages.aware]
dwell = { law = "exponential", mean = 5 }
exits = { consider = 0.6, gone = 0.4 }
[stages.consider]
race.buy = { law = "exponential", mean = 20 }
race.gone = { law = "exponential", mean = 30 }
[stages.buy]
role = "purchase"
dwell = { law = "exponential", mean = 3 }
exits = { use = 1.0 }
[stages.use]
race.fond = { law = "exponential", mean = 40 }
race.buy = { law = "exponential", mean = 60 }
race.gone = { law = "exponential", mean = 90 }
[stages.fond]
role = "loyal"
race.use = { law = "exponential", mean = 50 }
race.gone = { law = "exponential", mean = 200 }
[stages.gone]
end = true
role = "lost"
"""


def generator(network: Network, segment: int) -> np.ndarray:
    """Rates from stage to stage of a memoryless segment; loyal stages and ends keep their customers."""
    own = network.segment_scenario(segment)
    names = list(own.stages)
    rates = np.zeros((len(names), len(names)))
    for i, stage in enumerate(own.stages.values()):
        if stage.kind == "end" or stage.role == "loyal":
            continue
        for to in stage.exit_names:
            law: Any = stage.law(to)
            chance = stage.choices[to].probability if stage.kind == "choice" else 1.0
            rates[i, names.index(to)] = chance / law.mean
    rates -= np.diag(rates.sum(axis=1))
    return rates


def within(network: Network, loyal: Sequence[str], lost: Sequence[str], days: float) -> Mapping[str, np.ndarray]:
    """The chance of being in a loyal stage after so many days, if they keep their customers: expm(Q days) 1_loyal."""
    assert set(lost) == {"gone"}
    goal = np.array([name in loyal for name in network.stages], dtype=float)
    return {name: expm(generator(network, g) * days) @ goal for g, name in enumerate(network.segments)}


@pytest.fixture(scope="module")
def memoryless(scenario: Make) -> Any:
    return scenario(MEMORYLESS, start="aware", horizon=300, arrivals="rate_per_day = 60")


@pytest.fixture(scope="module")
def plain(memoryless: Any) -> Commitment:
    return commitment(memoryless, within=100, replications=2, exact=False)


def test_simulated_chances_are_the_exact_ones(memoryless: Any, plain: Commitment) -> None:
    network = build(memoryless, "baseline")
    exact = within(network, ("fond",), ("gone",), 100.0)
    seen = [state for state in plain.states if state.chance.mean is not None]
    assert len(seen) >= 15
    alarm = norm.isf(FALSE_ALARM / (2 * len(seen)))  # whatever the dependence between cells (Bonferroni)
    for state in seen:
        stage = network.stages.index(state.stage)
        plausible = [float(exact[name][stage]) for name in network.segments if name in state.words]
        if not plausible or state.words.startswith("not"):
            plausible = [float(one[stage]) for one in exact.values()]
        error = (num(state.chance.high) - num(state.chance.low)) / 2 / norm.isf(0.05)
        assert min(plausible) - alarm * error <= num(state.chance.mean) <= max(plausible) + alarm * error, state


def test_segments_that_differ_are_told_apart_and_those_that_do_not_are_not(plain: Commitment) -> None:
    words = {stage: {s.words for s in plain.states if s.stage == stage} for stage in ("consider", "use")}
    assert {w.partition(",")[0] for w in words["consider"]} == {"keen", "not keen"} or words["consider"] >= {
        "plain",
        "keen",
    }
    assert words["use"] == {"anybody"}


def num(value: float | None) -> float:
    assert value is not None
    return value


def test_an_exact_solver_takes_the_place_of_estimates(memoryless: Any, plain: Commitment) -> None:
    found = commitment(memoryless, within=100, replications=2)
    assert found.exact
    assert not plain.exact
    assert found.document()["method"] == "exact"
    exact = within(build(memoryless, "baseline"), ("fond",), ("gone",), 100.0)
    stages = list(memoryless.stages)
    for state in found.states:
        for name in memoryless.segments:
            if state.words == name:
                value = float(exact[name][stages.index(state.stage)])
                assert state.chance == pytest.approx(Estimate(value, value, value), rel=1e-9)
    assert len(found.states) == 8  # four stages before the goal, two segments
    # The same customers are counted, and simulated cells reach the same answer.
    for mark in (0.8, 0.9):
        assert found.crossings[mark].sure == pytest.approx(plain.crossings[mark].sure, abs=0.02)


def test_with_a_fixed_end_the_chance_is_a_martingale(scenario: Make) -> None:
    end, customers = 150.0, 20_000
    network = build(scenario(MEMORYLESS, start="aware", horizon=end, arrivals=f"cohort = {customers}"), "baseline")
    journeys = simulate(network, seed=3)
    goal = goal_of(network, ("fond",), end, end)
    done = waits(journeys, goal)
    segment = journeys.customers.segment

    def chance(day: float, stage: np.ndarray) -> np.ndarray:
        """q(x, end - day) of customers in these stages, 1 or 0 once decided."""
        exact = within(network, ("fond",), ("gone",), end - day)
        table = np.array([exact[name] for name in network.segments])
        decided = done.time <= day
        now: np.ndarray = np.where(decided, done.kind == LOYAL, table[segment, stage])
        return now

    start = chance(0.0, np.zeros(customers, dtype=int))
    days = (5.0, 20.0, 50.0, 100.0, 149.0)
    highest = start.copy()
    for day in days:
        rows = np.flatnonzero((journeys.events.time <= day) & (day < journeys.until))
        assert rows.size == customers
        now = chance(day, journeys.events.stage[rows])
        highest = np.maximum(highest, now)
        error = float((now - start).std()) / np.sqrt(customers)
        assert abs(float((now - start).mean())) <= norm.isf(FALSE_ALARM / (2 * len(days))) * error, day
    q0 = float(start.mean())
    for c in (0.5, 0.8, 0.9):  # Ville: P(ever q >= c) <= q0 / c, and here not by a wide margin
        ever = int(((highest >= c) | (done.kind == LOYAL)).sum())
        assert binom.sf(ever - 1, customers, q0 / c) >= FALSE_ALARM / 3
        assert ever >= 0.8 * q0 * customers
    assert 0.2 < q0 < 0.5
    assert (done.kind == OPEN).any()


def chart_on(
    name: Any, loyal: tuple[str, ...], seeds: tuple[int, int], marks: Sequence[float]
) -> dict[float, Crossings]:
    """Crossings by mark, with cells and chances from one seed, counted on another."""
    found = name if not isinstance(name, str | Path) else sj.load(str(name))
    horizon = found.about.horizon_days
    days = horizon / 2
    first = next(iter(found.strategies))
    network = build(in_force(found, {first: found.strategies[first]}, horizon + days), first)
    goal = goal_of(network, loyal, days, horizon)
    runners = [Runner(Setting(seed, 2, None, followed_days(found)), goal, found) for seed in seeds]
    chart = Chart.of(runners[0], [network], loyal)
    sample = runners[0].estimate(network, chart.ages)
    chances = chart.chances(network, days, sample.moments, chart.place(sample.moments))
    counting = runners[1].count(network, chart.ages)
    cell = chart.place(counting.moments)
    return {mark: crossed(mark, counting, cell, chances, network.stages) for mark in marks}


def keeps(found: Crossings, mark: float) -> bool:
    """Whether as many of those who crossed got there as the mark says: one-sided binomial test."""
    return bool(binom.cdf(hits(found), crossers(found), mark) >= FALSE_ALARM)


def crossers(found: Crossings) -> int:
    return round(num(found.before.mean) * found.customers)


def hits(found: Crossings) -> int:
    return round(num(found.kept.mean) * crossers(found))


@pytest.mark.parametrize(
    ("name", "loyal", "marks"),
    [
        ("point-of-no-return", ("advocacy",), (0.2, 0.3)),
        ("point-of-no-return", ("post_purchase",), (0.2, 0.9)),
        (FIRST, ("loyalty", "advocacy"), (0.1, 0.3, 0.5)),
    ],
)
def test_of_those_who_cross_a_mark_at_least_so_many_get_there(
    name: Any, loyal: tuple[str, ...], marks: tuple[float, ...]
) -> None:
    for mark, found in chart_on(name, loyal, (11, 12), marks).items():
        assert crossers(found) >= 100
        assert keeps(found, mark), (mark, found.kept)


@pytest.mark.parametrize(("name", "loyal"), [("point-of-no-return", ("advocacy",)), (FIRST, ("loyalty", "advocacy"))])
def test_where_nobody_is_that_sure_nobody_crosses(name: Any, loyal: tuple[str, ...]) -> None:
    """True chances there are far below .8 before the loyal stage, so that no cell's lower end is above by chance."""
    found = chart_on(name, loyal, (11, 12), (0.8, 0.9))
    for one in found.values():
        assert one.before.mean == 0.0
        assert num(one.on_entry.mean) > 0.01


DECIDED_EARLY = """
[stages.aware]
dwell = { law = "lognormal", median = 4, sigma = 0.5 }
exits = { consider = 0.7, gone = 0.3 }
[stages.consider]
touchpoint = { performance = 70, sd = 15 }
dwell = { law = "lognormal", median = 8, sigma = 0.5 }
exits = { try = 0.6, gone = 0.4 }
[stages.try]
dwell = { law = "gamma", mean = 10, shape = 2 }
exits = { fond = 1.0 }
[stages.fond]
role = "loyal"
race.gone = { law = "exponential", mean = 100 }
[stages.gone]
end = true
role = "lost"
[satisfaction]
start = { mean = 70 }
expectation = { mean = 70 }
gain = 1.0
loss_aversion = 1.0
learning = 0.3
recovery = 0.2
effects = [{ exit = "consider -> try", log_odds = 3.0 }]
"""


@pytest.fixture(scope="module")
def early(scenario: Make) -> Any:
    return scenario(DECIDED_EARLY, start="aware", horizon=200, arrivals="rate_per_day = 50")


def test_who_is_decided_in_consideration_crosses_there(early: Any) -> None:
    found = commitment(early, replications=1)
    at = found.crossings[0.9]
    assert set(at.stages) == {"consider", "try"}
    assert num(at.stages["consider"].share.mean) > num(at.stages["try"].share.mean) > 0.0
    assert at.on_entry.mean == 0.0
    assert "become sure of fond (a chance of .9 or more) do so in consider, on day" in found.sentence
    day = num(at.stages["consider"].median_day)
    assert f"on day {day:.0f} " in found.sentence or f"on day {day:.1f} " in found.sentence
    for mark, one in chart_on(early, ("fond",), (5, 6), (0.8, 0.9, 0.95)).items():
        assert crossers(one) >= 500
        assert keeps(one, mark)


def test_the_check_would_notice_chances_that_are_too_high(early: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def rosy(*args: Any) -> Any:
        found = estimated(*args)
        return found._replace(low=np.minimum(found.low + 0.5, 1.0))

    monkeypatch.setattr("sojourn.experiments.commitment_chart.estimated", rosy)
    assert not keeps(chart_on(early, ("fond",), (5, 6), (0.9,))[0.9], 0.9)


ON_ENTRY = """
[stages.buy]
role = "purchase"
dwell = { law = "exponential", mean = 5 }
exits = { post_purchase = 1.0 }
[stages.post_purchase]
race.fond = { law = "exponential", mean = 30 }
race.gone = { law = "exponential", mean = 30 }
[stages.fond]
role = "loyal"
race.gone = { law = "exponential", mean = 100 }
[stages.gone]
end = true
role = "lost"
"""


def test_where_everything_is_open_until_the_loyal_stage_it_is_said_so(scenario: Make) -> None:
    found = commitment(scenario(ON_ENTRY, start="buy", horizon=300, arrivals="rate_per_day = 10"), replications=1)
    at = found.crossings[0.9]
    assert (at.before.mean, at.stages, list(at.entries)) == (0.0, {}, ["fond"])
    assert found.sentence.startswith(
        "Nobody crosses .9 before entering fond itself; of those who enter half do so by day "
    )
    assert num(at.on_entry.mean) + num(at.neither.mean) == pytest.approx(1.0)


WAITING = """
[stages.trial]
race.member = { law = "deterministic", value = 30 }
race.gone = { law = "exponential", mean = 100 }
[stages.member]
role = "loyal"
end = true
[stages.gone]
end = true
role = "lost"
"""


def test_time_in_the_stage_is_part_of_the_state(scenario: Make) -> None:
    """q(age) = exp(-(30 - age) / 100): above .8 from day 7.7, above .9 from day 19.5, seen on the days that follow."""
    found = commitment(scenario(WAITING, start="trial", horizon=200, arrivals="rate_per_day = 100"), replications=1)
    states = {state.age: state for state in found.states}
    alarm = norm.isf(FALSE_ALARM / (2 * len(states))) / norm.isf(0.05)
    for age, state in states.items():
        exact, half = np.exp(-(30 - age) / 100), (num(state.chance.high) - num(state.chance.low)) / 2
        assert abs(num(state.chance.mean) - exact) <= alarm * half
    looked = sorted(states)
    assert found.crossings[0.8].median_day == pytest.approx(next(a for a in looked if a > 7.7), abs=0.01)
    assert found.crossings[0.9].median_day == pytest.approx(next(a for a in looked if a > 19.5), abs=0.01)
    assert found.crossings[0.9].entries == {}


def test_the_same_seed_gives_the_same_answer_whatever_the_number_of_workers(
    early: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = []
    for workers in (1, 2):
        monkeypatch.setattr("sojourn.experiments.commitment_runs.processors", lambda workers=workers: workers)
        documents.append(commitment(early, replications=2, customers=1500).document())
    assert documents[0] == documents[1]


def test_nobody_and_too_few(scenario: Make) -> None:
    hopeless = ON_ENTRY.replace("mean = 30", "mean = 1e6", 1)  # until customers are fond
    found = commitment(scenario(hopeless, start="buy", horizon=300, arrivals="rate_per_day = 10"), replications=1)
    assert found.sentence.startswith("Nobody becomes sure of fond: none of ")
    assert found.crossings[0.9].sure == 0.0
    few = commitment(
        scenario(ON_ENTRY, start="buy", horizon=300, arrivals="rate_per_day = 10"), customers=1, exact=False
    )
    assert few.states == ()
    assert all(entry["quantiles"]["50"] == 1.0 for entry in few.document()["entries"].values())

"""Customers who are on their way on day 0: the rest of their stays against closed forms, and both engines to the last bit."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as drawing
from scipy import stats

from sojourn.scenarios.files import loads
from sojourn.sim import tables as at
from sojourn.sim.journeys import Journeys
from sojourn.sim.lives import Lives
from sojourn.sim.measures import measured
from sojourn.sim.network import Network, build
from sojourn.sim.openers import Openers, openers, were_on_their_way, with_openers
from sojourn.sim.run import simulate

HERE = Path(__file__).parent
engines = runpy.run_path(str(HERE / "test_engines.py"))
cases, differing, sound = engines["cases"], engines["differing"], engines["sound"]

HEAD = """format = 1
[scenario]
name = "way"
start = "a"
horizon_days = {horizon}
[arrivals]
rate_per_day = 0.5
"""
MANY = 20_000
RARE = 1e-4  # false alarms of each test of a law: with fixed seeds, one edit of the draws in ten thousand


def network(stage: str, horizon: float = 1e5, strategy: str = "baseline") -> Network:
    ends = "".join(
        f"\n[stages.{name}]\nend = true\n" for name in "bcd" if f"race.{name}" in stage or f"exits.{name}" in stage
    )
    return build(loads(HEAD.format(horizon=horizon) + stage + ends), strategy)


def rest(net: Network, age: float, count: int = MANY, **more: Any) -> tuple[np.ndarray, np.ndarray]:
    """Days from day 0 until each opener leaves stage a, and the stage that follows."""
    journeys = simulate(with_openers(net, openers(net, ["a"] * count, [age] * count, **more)), customers=0)
    rows = journeys.first[:-1]
    assert np.allclose(journeys.events.time[rows], -age)
    return journeys.until[rows], journeys.next_stage[rows]


LAWS = {
    'law = "exponential", mean = 20': stats.expon(scale=20),
    'law = "weibull", shape = 2.0, scale = 20': stats.weibull_min(2.0, scale=20),
    'law = "weibull", shape = 0.6, scale = 20': stats.weibull_min(0.6, scale=20),
    'law = "lognormal", median = 20, sigma = 1.2': stats.lognorm(1.2, scale=20),
    'law = "loglogistic", median = 20, shape = 3.0': stats.fisk(3.0, scale=20),
    'law = "gamma", mean = 20, shape = 2.5': stats.gamma(2.5, scale=8),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("kind", ["race", "choice"])
def test_the_rest_of_a_stay_follows_its_law_beyond_the_age(law: str, kind: str) -> None:
    """P(T > A + t | T > A) = S(A + t) / S(A), by Kolmogorov and Smirnov; for the exponential law the age means nothing."""
    stated = law if "scale" not in law else law.replace("scale = 20", f"mean = {float(LAWS[law].mean())!r}")
    ways = {"race": "race.b = {{ {} }}", "choice": "exits.b = 1.0\ndwell = {{ {} }}"}[kind].format(stated)
    age, true = 15.0, LAWS[law]
    days, _ = rest(network(f"[stages.a]\n{ways}\n"), age)
    assert stats.kstest(days, lambda t: 1.0 - true.sf(age + t) / true.sf(age)).pvalue > RARE
    if "exponential" in law:
        assert stats.kstest(days, true.cdf).pvalue > RARE


TWO = """[stages.a]
exits.b = {{ probability = 0.7, dwell = {{ law = "exponential", mean = 10 }} }}
exits.c = {{ probability = 0.3, dwell = {{ law = "weibull", mean = {mean!r}, shape = 3.0 }} }}
"""


def test_a_choice_is_weighed_by_who_would_still_be_there() -> None:
    """p_e S_e(A) / sum, two exits: of those still there on day 25 few will take the quick one."""
    slow = stats.weibull_min(3.0, scale=30.0)
    days, to = rest(network(TWO.format(mean=float(slow.mean()))), 25.0)
    still = 0.7 * np.exp(-2.5), 0.3 * slow.sf(25.0)
    quick = still[0] / sum(still)
    assert stats.binomtest(int(np.sum(to == 1)), MANY, quick).pvalue > RARE
    later = days[to == 2]
    assert stats.kstest(later, lambda t: 1.0 - slow.sf(25.0 + t) / slow.sf(25.0)).pvalue > RARE


def test_three_exits_are_weighed_alike() -> None:
    laws = [stats.expon(scale=10.0), stats.lognorm(0.5, scale=40.0), stats.expon(scale=30.0)]
    stage = """[stages.a]
exits.b = { probability = 0.5, dwell = { law = "exponential", mean = 10 } }
exits.c = { probability = 0.2, dwell = { law = "lognormal", median = 40, sigma = 0.5 } }
exits.d = { probability = 0.3, dwell = { law = "exponential", mean = 30 } }
"""
    net = network(stage)
    _, to = rest(net, 20.0)
    weights = np.array([p * law.sf(20.0) for p, law in zip((0.5, 0.2, 0.3), laws, strict=True)])
    seen = [int(np.sum(to == net.stages.index(name))) for name in "bcd"]
    assert stats.chisquare(seen, MANY * weights / weights.sum()).pvalue > RARE


def test_a_race_is_conditional_on_no_exit_having_won() -> None:
    """Cause-specific hazards beyond the age: t / 200 and 1 / 20 give P(b first) in closed form."""
    stage = f"""[stages.a]
race.b = {{ law = "weibull", shape = 2.0, mean = {float(stats.weibull_min(2.0, scale=20).mean())!r} }}
race.c = {{ law = "exponential", mean = 20 }}
"""
    days, to = rest(network(stage), 30.0)
    t = np.linspace(0.0, 400.0, 400_001)
    left = np.exp(-(((30.0 + t) / 20.0) ** 2 - 2.25) - t / 20.0)
    b = np.trapezoid(left * (30.0 + t) / 200.0, t)
    assert stats.binomtest(int(np.sum(to == 1)), MANY, b).pvalue > RARE
    assert stats.kstest(days, lambda x: 1.0 - np.exp(-(((30.0 + x) / 20.0) ** 2 - 2.25) - x / 20.0)).pvalue > RARE


PULLED = """[stages.a]
race.b = {{ law = "weibull", shape = 2.0, mean = {mean!r} }}
[levers.push]
effects = [{{ exit = "a -> b", hazard_ratio = 3.0 }}]
[strategies.today]
[strategies.campaign]
push = 1.0
"""


def test_a_hazard_ratio_acts_from_day_0_on_people_already_inside() -> None:
    """H(t) = 3 [H0(A + t) - H0(A)]: what was before day 0 stays as it was."""
    text = PULLED.format(mean=float(stats.weibull_min(2.0, scale=20).mean()))
    days, _ = rest(network(text, strategy="campaign"), 10.0)
    assert stats.kstest(days, lambda t: 1.0 - np.exp(-3.0 * (((10.0 + t) / 20.0) ** 2 - 0.25))).pvalue > RARE
    before, _ = rest(network(text, strategy="today"), 10.0)
    assert np.all(days <= before)  # the same draws: nobody leaves later because of the campaign


def test_a_stay_that_its_law_does_not_allow_ends_at_once() -> None:
    for stage in (
        'race.b = { law = "deterministic", value = 5 }',
        'exits.b = 1.0\ndwell = { law = "deterministic", value = 5 }',
    ):
        days, to = rest(network(f"[stages.a]\n{stage}\n"), 9.0, 10)
        assert np.all(days == 0.0)
        assert np.all(to == 1)


OWN = """[stages.a]
race.b = { law = "exponential", mean = 20 }
[frailty]
gamma = { "a -> b" = 2.0 }
"""


def test_what_the_past_has_told_of_a_customer_is_kept() -> None:
    """A factor of 4 on the hazard for half of them, none told for the others: gamma (2, 1/2) mixes to a Lomax law."""
    told = np.repeat([4.0, np.nan], MANY // 2)
    days, _ = rest(network(OWN), 15.0, own={"a -> b": told})
    assert stats.kstest(days[: MANY // 2], stats.expon(scale=5.0).cdf).pvalue > RARE
    assert stats.kstest(days[MANY // 2 :], stats.lomax(2.0, scale=40.0).cdf).pvalue > RARE


CHANCE = """[stages.a]
exits.b = 0.4
exits.c = 0.6
dwell = { law = "exponential", mean = 20 }
[frailty]
beta = { "a -> b" = 2.0 }
"""


def test_a_chance_that_is_known_is_taken() -> None:
    _, to = rest(network(CHANCE), 3.0, own={"a -> b": np.full(MANY, 0.9)})
    assert stats.binomtest(int(np.sum(to == 1)), MANY, 0.9).pvalue > RARE


PAID = """[stages.a]
cost_per_day = 2.0
revenue = 100.0
race.b = { law = "deterministic", value = 30 }
"""


def test_what_is_past_is_not_paid_again() -> None:
    """Of a stay of 30 days that has lasted 10 the last 20 cost something, and its entry brings nothing."""
    net = network(PAID, horizon=50.0)
    opened = with_openers(net, openers(net, ["a"], [10.0]))
    figures = measured(Lives(simulate(opened, customers=0), opened))
    assert figures["revenue"].figure == 0.0
    assert figures["cost"].figure == pytest.approx(40.0)


def on_their_way(net: Network, seed: int) -> Openers:
    """Some forty customers anywhere in a drawn scenario, a third of them with a past and draws of their own."""
    rng = np.random.default_rng(seed)
    count = 40
    names = [net.stages[k] for k in rng.integers(0, len(net.stages), count)]
    ages = np.where(rng.random(count) < 0.2, 0.0, rng.gamma(1.0, 5.0, count))
    known = openers(net, names, ages.tolist(), [net.segments[k] for k in rng.integers(0, len(net.segments), count)])
    visits = known.visits + rng.poisson(0.5, known.visits.shape)
    last = np.where(visits > 0, np.minimum(known.last, 0.0), -np.inf)
    last = np.where((visits > 0) & ~np.isfinite(last), -rng.gamma(1.0, 9.0, last.shape), last)
    z = np.where(rng.random(count) < 0.5, rng.normal(size=count), np.nan)
    frailty = net.scenario.frailty
    own = {}
    for exit_ in (*frailty.gamma, *frailty.speed, *frailty.beta) if frailty is not None else ():
        stage, _, to = exit_.partition(" -> ")
        here = net.scenario.stages[stage]
        place = net.stages.index(stage), [*here.choices, *here.race].index(to)
        own[place] = np.where(rng.random(count) < 0.7, rng.beta(1.0, 1.0, count), np.nan)
    arrived = np.minimum(-known.age, -rng.gamma(1.0, 20.0, count))
    traits = {
        name: np.where(rng.random(count) < 0.6, rng.integers(0, 3, count).astype(np.float64), np.nan)
        for name in net.scenario.traits
    }
    return known._replace(
        arrived=arrived, visits=visits, last=last, frailty=z, own=own, purchases=rng.poisson(1.0, count), traits=traits
    )


def test_engines_agree_on_people_already_on_their_way() -> None:
    """All columns, all bits, on drawn scenarios with openers in them; and the set has tried what matters."""
    count: dict[str, int] = {
        "runs": 0,
        "coupled": 0,
        "own": 0,
        "moved": 0,
        "choices of the aged": 0,
        "races of the aged": 0,
        "traits of stays": 0,
    }

    @drawing(20261126)
    @settings(
        max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
    )
    @given(cases())
    def compare(case: Any) -> None:
        scenario = sound(case.document)
        for k, name in enumerate(scenario.strategies):
            bare = build(scenario, name)
            known = on_their_way(bare, 7 + k)
            net = with_openers(bare, known)
            fast = simulate(net, customers=case.customers)
            assert differing(fast, simulate(net, customers=case.customers, engine="simpy")) == []
            count["runs"] += 1
            count["coupled"] += net.coupled
            count["own"] += bool(known.own)
            count["traits of stays"] += bool(net.cells[at.STAY_TRAITS])
            note(fast, net, known, count)

    compare()
    assert count["runs"] >= 120
    assert min(count["coupled"], count["own"], count["traits of stays"]) >= 20
    assert min(count["choices of the aged"], count["races of the aged"], count["moved"]) >= 800


def note(journeys: Journeys, net: Network, known: Openers, count: dict[str, int]) -> None:
    """Count what the openers did."""
    mine = were_on_their_way(journeys)
    assert mine.sum() == known.size
    assert np.array_equal(journeys.customers.segment[mine], known.segment)
    assert np.array_equal(journeys.customers.arrived[mine], known.arrived)
    rows = journeys.first[:-1][mine]
    assert np.array_equal(journeys.events.stage[rows], known.stage)
    assert np.array_equal(journeys.events.time[rows], -known.age)
    moved = journeys.next_stage[rows] >= 0
    kinds = np.array([net.scenario.stages[name].kind for name in net.stages])[known.stage]
    count["moved"] += int(moved.sum())
    count["choices of the aged"] += int(np.sum(moved & (kinds == "choice") & (known.age > 0)))
    count["races of the aged"] += int(np.sum(moved & (kinds == "race") & (known.age > 0)))


def test_ids_of_openers_are_above_all_others() -> None:
    net = network('[stages.a]\nrace.b = { law = "exponential", mean = 20 }\n', horizon=90.0)
    journeys = simulate(with_openers(net, openers(net, ["a"] * 5, [1.0] * 5)))
    mine = were_on_their_way(journeys)
    assert mine.sum() == 5
    assert not mine[:-5].any()
    assert journeys.customers.customer[-5:].tolist() == [at.OPENERS + k for k in range(5)]

"""Traits below zero, of words, and drawn anew at each stay: against closed forms, draw by draw, and in both engines."""

import math
from typing import Any, Literal

import numpy as np
import pytest
from scipy import stats

from sojourn.scenarios.files import loads
from sojourn.sim import tables as at
from sojourn.sim.journeys import Journeys
from sojourn.sim.network import Network, build, words_of_trait
from sojourn.sim.openers import openers, were_on_their_way, with_openers
from sojourn.sim.run import simulate
from sojourn.sim.streams import RACING, STAY_TRAITS, uniform

RARE = 1e-4  # false alarms of each test of a law, with fixed seeds
ALARM = 3.9  # standard errors: two-sided rate 1e-4 a comparison
TEXT = """
format = 1
[scenario]
name = "loop"
start = "a"
horizon_days = 20000
[arrivals]
cohort = {cohort}
{tables}
[history]
effects = [{effects}]
[stages.a]
race = {{ b = {{ law = "exponential", mean = 10 }} }}
[stages.b]
role = "purchase"
dwell = {{ law = "exponential", mean = 1 }}
exits = {{ a = 0.5, gone = 0.5 }}
[stages.gone]
end = true
"""
PLAN = "plan = { free = 0.5, basic = 0.3, pro = 0.2 }"
OF_PLAN = ", ".join(
    f'{{ exit = "a -> b", per = "plan == {word}", hazard_ratio = {ratio} }}'
    for word, ratio in (("basic", 2), ("pro", 5))
)


def network(effects: str, traits: str, more: str = "", cohort: int = 10_000) -> Network:
    return build(loads(TEXT.format(effects=effects, tables=f"{more}\n[traits]\n{traits}", cohort=cohort)), "baseline")


def lived(effects: str, traits: str, more: str = "", cohort: int = 10_000) -> Journeys:
    return simulate(network(effects, traits, more, cohort), seed=1)


def stays(journeys: Journeys, stage: str) -> tuple[Any, Any, Any]:
    """Of each stay in a stage: days, how often its customer was there before, and whether it led to "a"."""
    rows = np.flatnonzero(journeys.events.stage == journeys.stages.index(stage))
    who = journeys.who[rows]
    first = np.r_[True, who[1:] != who[:-1]]
    begins = np.maximum.accumulate(np.where(first, np.arange(rows.size), 0))
    back = journeys.next_stage[rows] == journeys.stages.index("a")
    return (journeys.until - journeys.events.time)[rows], np.arange(rows.size) - begins, back


def mixed(shares: tuple[float, ...], ratios: tuple[float, ...]) -> Any:
    """The distribution function of exponential stays of mean 10 over a ratio, mixed by shares."""
    return lambda t: 1.0 - sum(s * np.exp(-t * r / 10.0) for s, r in zip(shares, ratios, strict=True))


def test_a_trait_below_zero_and_an_effect_from_below_zero() -> None:
    """x uniform from -2 to 2, hazard times e^(.5 (min(x, -1) + 1.5)): the mean first stay, by its integral (3.9 errors)."""
    effect = f'{{ exit = "a -> b", per = "score", hazard_ratio = {math.exp(0.5)!r}, up_to = -1, around = -1.5 }}'
    days, visit, _ = stays(lived(effect, 'score = { law = "quantiles", share = [0, 1], value = [-2, 2] }'), "a")
    first = days[visit == 0]
    low = (math.exp(0.25) - math.exp(-0.25)) / 0.5 / 4.0  # the integral of e^(-.5 (x + 1.5)) / 4 from -2 to -1
    mean = 10.0 * (low + 0.75 * math.exp(-0.25))
    assert abs(first.mean() - mean) < ALARM * first.std() / math.sqrt(first.size)


def test_two_equal_shares_are_a_jump() -> None:
    """Nothing lies between -1 and 3: four tenths have a hazard e^-1 times, six tenths e^3 times that of a stay at 0."""
    law = 'score = { law = "quantiles", share = [0, 0.4, 0.4, 1], value = [-1, -1, 3, 3] }'
    days, visit, _ = stays(lived(f'{{ exit = "a -> b", per = "score", hazard_ratio = {math.e!r} }}', law), "a")
    assert stats.kstest(days[visit == 0], mixed((0.4, 0.6), (math.exp(-1.0), math.exp(3.0)))).pvalue > RARE


def test_words_exclude_each_other_and_stay_with_the_customer() -> None:
    days, visit, _ = stays(lived(OF_PLAN, PLAN), "a")
    assert stats.kstest(days[visit == 0], mixed((0.5, 0.3, 0.2), (1.0, 2.0, 5.0))).pvalue > RARE
    second = np.flatnonzero(visit == 1)
    assert np.corrcoef(np.log(days[second]), np.log(days[second - 1]))[0, 1] > 0.1


def test_words_shift_odds() -> None:
    """The first time one in two goes back at log-odds 0 (seven tenths), the others at -1 or 2: binomial, 1e-4."""
    effects = '{ exit = "b -> a", per = "plan == basic", log_odds = -1 }, { exit = "b -> a", per = "plan == pro", log_odds = 2 }'
    _, visit, back = stays(lived(effects, PLAN), "b")
    share = 0.5 * 0.5 + 0.3 / (1.0 + math.e) + 0.2 / (1.0 + math.exp(-2.0))
    first = back[visit == 0]
    assert stats.binomtest(int(first.sum()), first.size, share).pvalue > RARE


@pytest.mark.parametrize(
    "key",
    [
        "each_stay = { free = 0.5, basic = 0.3, pro = 0.2 }",
        "in_stage = { a = { free = 0.5, basic = 0.3, pro = 0.2 }, b = { free = 0, pro = 1 } }",
    ],
)
def test_what_is_drawn_at_each_stay_is_the_same_law_and_another_value(key: str) -> None:
    """First and second stays are of one mixture, and their logs are uncorrelated to within 3.9 / sqrt(n)."""
    days, visit, _ = stays(lived(OF_PLAN, f"plan = {{ {key} }}"), "a")
    for k in (0, 1):
        assert stats.kstest(days[visit == k], mixed((0.5, 0.3, 0.2), (1.0, 2.0, 5.0))).pvalue > RARE
    second = np.flatnonzero(visit == 1)
    apart = np.corrcoef(np.log(days[second]), np.log(days[second - 1]))[0, 1]
    assert abs(apart) < ALARM / math.sqrt(second.size)


def test_each_draw_is_that_of_its_customer_stage_and_visit() -> None:
    """Every stay from its two uniforms, in numbers: x = -log(u), stay = -log(v) 10 / 1.3^x; a lever changes neither."""
    lever = '[levers.calls]\neffects = [{ exit = "b -> a", log_odds = 1 }]\n[strategies]\nbaseline = {}\ncalls = { calls = 1 }'
    text = TEXT.format(
        effects='{ exit = "a -> b", per = "basket", hazard_ratio = 1.3 }, { exit = "b -> a", per = "basket", log_odds = 0.1 }',
        tables=lever + '\n[traits]\nbasket = { each_stay = { law = "exponential", mean = 1 } }',
        cohort=200,
    )
    for strategy in ("baseline", "calls"):
        net = build(loads(text), strategy)
        journeys = simulate(net, seed=5)
        own = at.seeded(net.cells, 5, 0)
        rows = np.flatnonzero(journeys.events.stage == 0)
        _, visit, _ = stays(journeys, "a")
        for row, k in zip(rows.tolist(), visit.tolist(), strict=True):
            customer = int(journeys.events.customer[row])
            x = -math.log(uniform(own, customer, 0, STAY_TRAITS, k + 1, 0))
            due = -math.log(uniform(own, customer, 0, RACING, k + 1, 0)) * 10.0 / 1.3**x
            assert journeys.until[row] - journeys.events.time[row] == pytest.approx(due, rel=1e-9)


def test_segments_have_shares_and_laws_of_their_own() -> None:
    """Overrides of words, in another order, and of what stays have; each segment's first stays by its own mixture."""
    segments = (
        "[segments]\nplain = { share = 0.5 }\nkeen = { share = 0.5, override = { "
        '"traits.plan" = { pro = 0.6, basic = 0.4, free = 0 }, "traits.basket.each_stay.value" = 2 } }'
    )
    effects = OF_PLAN + ', { exit = "a -> b", per = "basket", hazard_ratio = 3, around = 1 }'
    traits = PLAN + '\nbasket = { each_stay = { law = "deterministic", value = 1 } }'
    net = network(effects, traits, segments)
    assert words_of_trait(net.scenario, "plan") == ("free", "basic", "pro")
    journeys = simulate(net, seed=1)
    first = journeys.first[:-1]
    days = (journeys.until - journeys.events.time)[first]
    for k, law in enumerate((mixed((0.5, 0.3, 0.2), (1.0, 2.0, 5.0)), mixed((0.4, 0.6), (6.0, 15.0)))):
        assert stats.kstest(days[journeys.customers.segment == k], law).pvalue > RARE


def test_who_is_on_the_way_keeps_word_and_the_value_of_the_stay_under_way() -> None:
    """The rest of a stay goes by what is known of it, the next stay by a draw; a word stays; unknown is drawn."""
    effects = OF_PLAN + ', { exit = "a -> b", per = "basket", hazard_ratio = 3 }'
    net = network(effects, PLAN + '\nbasket = { each_stay = { law = "deterministic", value = 0 } }', cohort=1)
    count = 6_000
    known = openers(net, ["a"] * count, [7.0] * count)._replace(
        traits={"plan": np.where(np.arange(count) < 4_000, 2.0, np.nan), "basket": np.full(count, 1.0)}
    )
    engine: Literal["compiled", "simpy"]
    for engine in ("compiled", "simpy"):
        journeys = simulate(with_openers(net, known), seed=3, customers=0, engine=engine)
        assert were_on_their_way(journeys).all()
        days, visit, _ = stays(journeys, "a")
        rest = days[visit == 0] - 7.0
        told = stats.kstest(rest[:4_000], mixed((1.0,), (15.0,)))
        assert told.pvalue > RARE
        # Of those whose word is not known nobody asks what their seven days say of it: drawn as for anybody.
        assert stats.kstest(rest[4_000:], mixed((0.5, 0.3, 0.2), (3.0, 6.0, 15.0))).pvalue > RARE
        who = journeys.who[np.flatnonzero(journeys.events.stage == 0)]
        assert stats.kstest(days[(visit == 1) & (who < 4_000)], mixed((1.0,), (5.0,))).pvalue > RARE


def test_both_engines_are_one(same: Any) -> None:
    effects = OF_PLAN + (
        ', { exit = "b -> a", per = "basket", log_odds = -0.4, around = -1 }, '
        '{ exit = "a -> b", per = "channel == shop", hazard_ratio = 0.5 }'
    )
    traits = PLAN + (
        '\nbasket = { each_stay = { law = "quantiles", share = [0, 1], value = [-3, 1] } }'
        "\nchannel = { in_stage = { a = { web = 0.5, shop = 0.5 } } }"
    )
    net = network(effects, traits, cohort=400)
    one, other = (simulate(net, seed=2, engine=engine) for engine in ("compiled", "simpy"))
    assert same(one, other)

"""Traps of effects: counted twice (3), added as percentages (4), read off those who got them (5). Seeds are fixed; a tolerance of
4 standard errors is a false alarm once in 16,000 draws of the seed.
"""

import tomllib
from math import exp, log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sojourn as sj
from sojourn.scenarios.checks import warnings
from sojourn.scenarios.files import library, load, overlay
from sojourn.scenarios.model import Effect, Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.run import run

FUNNEL = """
[stages.see]
dwell = {{ law = "exponential", mean = 1 }}
exits = {{ view = 0.4, none = 0.6 }}
[stages.view]
dwell = {{ law = "exponential", mean = 1 }}
exits = {{ buy = 0.2, none = 0.8 }}
[stages.buy]
end = true
role = "purchase"
[stages.none]
end = true
[levers.recommend]
{effects}
[strategies.off]
[strategies.on]
recommend = 1.0
"""
EFFECT = '[[levers.recommend.effects]]\nexit = "{exit}"\nlog_odds = {size}\n'
FORK = """
[stages.a]
dwell = {{ law = "exponential", mean = 1 }}
exits = {{ b = {share}, c = {rest} }}
[stages.b]
end = true
[stages.c]
end = true
[[levers.one.effects]]
exit = "a -> b"
log_odds = {one}
[[levers.two.effects]]
exit = "a -> b"
log_odds = {two}
[strategies.both]
one = 1.0
two = 1.0
"""
PERKS = """
[satisfaction]
start = {{ mean = 74, sd = 10 }}
expectation = {{ mean = 74, sd = 0 }}
gain = 0.3
learning = 0.3
recovery = 0.3
effects = [{{ exit = "use -> lost", hazard_ratio = 0.6 }}]
[stages.join]
role = "purchase"
touchpoint = {{ performance = 76, sd = 9 }}
dwell = {{ law = "deterministic", value = 1 }}
exits = {{ use = 1.0 }}
[stages.use]
race.lost = {{ law = "exponential", mean = 300 }}
[stages.lost]
end = true
role = "lost"
[[levers.perks.effects]]
exit = "use -> lost"
hazard_ratio = {ratio}
[strategies.without]
[strategies.with]
perks = {{ level = 1.0, when = "satisfaction >= 80" }}
"""


def mean(estimate: Estimate) -> float:
    assert estimate.mean is not None
    return estimate.mean


def lift(scenario: Any, *effects: tuple[str, float]) -> float:
    """How many times as many buy with the lever; 400,000 customers, the same with and without: accurate to about .01."""
    body = FUNNEL.format(effects="".join(EFFECT.format(exit=exit, size=size) for exit, size in effects))
    result = run(scenario(body, start="see", horizon=1000, arrivals="cohort = 200000"), replications=2)
    return mean(result.outcomes["on"].measures["conversion"]) / mean(result.outcomes["off"].measures["conversion"])


def log_odds(before: float, ratio: float) -> float:
    """The shift of log-odds that multiplies a probability by a ratio."""
    after = before * ratio
    return log(after / (1 - after)) - log(before / (1 - before))


def test_trap_3_one_lift_a_step_and_once_more_for_the_whole(scenario: Any) -> None:
    """Lee and Hosanagar 2021 report for one recommender: views +15.3 %, purchases given a view +21.6 %, purchases +7.5 %.
    Naive: put in each step's lift, or each and the whole, and get +40 or +51 %. Right: the end-to-end figure, once, on one exit.
    """
    view, buy = ("see -> view", log_odds(0.4, 1.153)), ("view -> buy", log_odds(0.2, 1.216))
    whole = ("view -> buy", log_odds(0.2, 1.075))
    assert lift(scenario, view, buy) == pytest.approx(1.153 * 1.216, abs=0.02)
    assert lift(scenario, view, buy, whole) > 1.45
    assert lift(scenario, whole) == pytest.approx(1.075, abs=0.01)


@pytest.mark.parametrize("name", library())
def test_trap_3_no_shipped_lever_lifts_two_steps_to_the_first_purchase(name: str) -> None:
    """Naive: a lift for each step that a lever might touch. Right: on the way to the first purchase, on one."""
    assert chains(load(name)) == []


def test_trap_3_two_lifted_steps_are_seen() -> None:
    effects = [{"exit": exit, "log_odds": 0.1} for exit in ("awareness -> consideration", "consideration -> decision")]
    file = tomllib.loads(library()["relationship"].read_text(encoding="utf-8"))
    assert chains(overlay(file, {"levers.feedback.effects": effects})) == [("feedback", "consideration")]


def chains(shipped: Scenario) -> list[tuple[str, str]]:
    """Levers, and the stages before the first purchase into and out of which one lever lifts the way to it."""
    found = []
    bought = {name for name, stage in shipped.stages.items() if stage.role == "purchase"}
    before = reached(shipped, set(shipped.starts), bought) - bought
    for name, lever in shipped.levers.items():
        exits = [effect.exit.split(" -> ") for effect in lever.effects if effect.exit]
        steps = [(here, to) for here, to in exits if here in before and reached(shipped, {to}, set()) & bought]
        found += [(name, to) for _, to in steps if to in {here for here, _ in steps}]
    return found


def reached(shipped: Scenario, start: set[str], stop: set[str]) -> set[str]:
    """Stages that some stages lead to, those included, on ways that end where they are to stop."""
    found, edge = set(start), start - stop
    while edge:
        news = {to for stage in edge for to in shipped.stages[stage].exit_names} - found
        found |= news
        edge = news - stop
    return found


def test_trap_3_service_acts_directly_and_through_satisfaction() -> None:
    """Waiting spoils satisfaction, which makes people leave. Naive: let it act on leaving as well, and count one harm twice.
    Right: one way or the other; the file is allowed, with a warning that names both keys.
    """
    file = tomllib.loads(library()["relationship"].read_text(encoding="utf-8"))
    waited = {"exit": "retention -> cancelled", "log_odds_per_day_waited": 0.3}
    assert warnings(overlay(file, {})) == ()
    twice = overlay(file, {"desks.help.effects": [*file["desks"]["help"]["effects"], waited]})
    (doubt,) = warnings(twice)
    assert doubt.path == "desks.help.effects[3]"
    assert "counted twice" in doubt.message
    assert "points_per_day_waited" in doubt.remedy
    either = overlay(file, {"desks.help.effects": [waited], "desks.help.points_per_day_waited": 0})
    assert warnings(either) == ()


def test_trap_4_percentages_that_add_up_to_more_than_all(scenario: Any, live: Any) -> None:
    """Half go to b. One lever alone makes it 80 % (+60 %), another 85 % (+70 %). Naive: together +130 %, a probability of 1.15.
    Right: the odds multiply, 1 x 4 x 5.67 to 1, which is 96 %.
    """
    sizes = {"one": log_odds(0.5, 1.6), "two": log_odds(0.5, 1.7)}
    journeys = live(scenario(FORK.format(share=0.5, rest=0.5, **sizes), arrivals="cohort = 20000"), "both")
    share = (journeys.next_stage[journeys.events.sequence == 0] == journeys.stages.index("b")).mean()
    odds = 4.0 * 0.85 / 0.15
    right = odds / (1 + odds)
    assert share == pytest.approx(right, abs=4 * np.sqrt(right * (1 - right) / 20000))


@given(st.floats(0.001, 0.999), st.floats(-100, 100), st.floats(-100, 100))
def test_trap_4_no_lever_leaves_0_to_1(scenario: Any, live: Any, share: float, one: float, two: float) -> None:
    """Whatever levers do, everybody leaves by one exit, and no share is beyond what there is."""
    body = FORK.format(share=share, rest=1 - share, one=one, two=two)
    journeys = live(scenario(body, arrivals="cohort = 200"), "both")
    gone = journeys.next_stage[journeys.events.sequence == 0]
    to_b, to_c = (int((gone == journeys.stages.index(stage)).sum()) for stage in "bc")
    assert to_b + to_c == 200
    probability = 1 / (1 + exp(min(700.0, -(log(share / (1 - share)) + one + two))))
    assert (
        abs(to_b - 200 * probability) <= 5.2 * np.sqrt(200 * probability * (1 - probability)) + 3
    )  # beyond once in a million


@pytest.mark.parametrize("ratio", [1.0, 1.25])
def test_trap_5_those_who_got_it_against_those_who_did_not(scenario: Any, live: Any, ratio: float) -> None:
    """Perks for customers with a satisfaction of 80 or more; what they do is nothing, or a quarter more leave. Naive: those with
    perks leave less than those without, so perks work. Right: the same customers with and without: no difference, or a harm.
    """
    about = scenario(PERKS.format(ratio=ratio), start="join", horizon=365, arrivals="cohort = 20000")
    journeys = live(about, "with")
    lost = journeys.stages.index("lost")
    gone = np.isin(journeys.customers.customer, journeys.events.customer[journeys.events.stage == lost])
    got = journeys.customers.satisfaction >= 80
    naive = gone[got].mean() - gone[~got].mean()
    assert naive < -0.1
    assert got.sum() > 2000

    paired = sj.compare(about, replications=4)
    right = paired.differences["with - without"]["retention.365"]
    if ratio == 1.0:
        assert tuple(right) == (0.0, 0.0, 0.0)
    else:
        assert right.high is not None
        assert right.high < -0.005


@pytest.mark.parametrize("name", library())
def test_trap_5_some_shipped_lever_may_backfire(name: str) -> None:
    """Naive: a lever helps or does nothing. Right: in every shipped scenario the interval of at least one reaches into harm."""
    assert any(both_ways(effect) for lever in load(name).levers.values() for effect in lever.effects)


def both_ways(effect: Effect) -> bool:
    neutral = 1.0 if effect.scale.endswith("_ratio") else 0.0
    return effect.range.low < neutral < effect.range.high


def test_trap_5_a_lever_that_backfires_costs_money() -> None:
    """Proactive advice, with what a randomised experiment found, loses money, though mean satisfaction rises."""
    backfiring = sj.compare(load("relationship", "advice_backfires"), ["today", "support_for_all"], replications=10)
    found = backfiring.differences["support_for_all - today"]
    assert found["profit"].high is not None
    assert found["profit"].high < 0
    assert mean(found["churn_rate"]) > 0.004
    assert mean(found["satisfaction"]) > 0

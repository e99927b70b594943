"""What the scenario `touchpoints` is said to show, it shows. Seeds are fixed; 4 standard errors are an alarm in 16,000."""

import math

import numpy as np
import pytest

from sojourn.scenarios.files import load, overlay
from sojourn.scenarios.model import Scenario
from sojourn.sim.lives import Lives
from sojourn.sim.measures import measure
from sojourn.sim.network import build
from sojourn.sim.run import Result, run, simulate
from sojourn.sim.surveys import ask

Z = 4.0
USING = ("basic_use", "full_use", "loyalty")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load("touchpoints")


@pytest.fixture(scope="module")
def result(scenario: Scenario) -> Result:
    return run(scenario, replications=4, workers=1)


@pytest.fixture(scope="module")
def scaled() -> Result:
    return run(load("touchpoints", variant="scaled"), ["today", "live_chat"], replications=4, workers=1, keep=True)


def test_every_measure_that_the_articles_ask_for_is_there(result: Result) -> None:
    surveys = ("asked", "responses", "satisfaction", "true_satisfaction", "bias", "nps", "true_nps", "nps_bias")
    wanted = [
        "impressions", "click_through", "conversion", "repeat_rate", "churn_rate", "clv", "cac", "nps", "satisfaction",
        "referrals", "information", "desk.chat.abandoned",
        "step.awareness.education", "step.education.acquisition", "step.onboarding.full_use", "step.full_use.renewal",
        *(f"survey.{name}.{what}" for name in ("after_onboarding", "after_renewal") for what in surveys),
    ]  # fmt: skip
    for outcome in result.outcomes.values():
        assert [name for name in wanted if outcome.measures[name].mean is None] == []
        assert outcome.measures["profit"].mean is not None
        assert 5e4 < outcome.measures["profit"].mean < 3e5


def test_information_makes_personalization_work_better(scenario: Scenario) -> None:
    """With an effect large enough to see: log-odds of 1, of which 1 - .7 (1 - I) count, without chat that fails.

    I is .15 without the gate, and 1 / (1 + 85 / 15 exp(-2.1)) with it.
    """
    large = overlay(
        scenario.document(),
        {"levers.personalization.effects[0].log_odds": 1.0, "desks.chat.effects[0].log_odds_per_failure": 0.0},
    )
    odds: dict[str, float] = {}
    error = 0.0
    for name in ("today", "gated_content", "personalization", "gated_and_personal"):
        network = build(large, name)
        journeys = simulate(network, seed=3, customers=60_000)
        here = (journeys.events.stage == journeys.stages.index("education")) & (journeys.next_stage >= 0)
        bought = int((journeys.next_stage[here] == journeys.stages.index("acquisition")).sum())
        stayed = int(here.sum()) - bought
        odds[name] = math.log(bought / stayed)
        error = max(error, math.sqrt(1 / bought + 1 / stayed))
    known = {"personalization": 0.15, "gated_and_personal": 1 / (1 + 85 / 15 * math.exp(-2.1))}
    for name, without in (("personalization", "today"), ("gated_and_personal", "gated_content")):
        expected = 1 - 0.7 * (1 - known[name])
        assert abs(odds[name] - odds[without] - expected) < Z * error * math.sqrt(2)
    gain = odds["gated_and_personal"] - odds["gated_content"] - (odds["personalization"] - odds["today"])
    assert gain > Z * error * 2


def test_the_pair_is_worth_more_than_its_parts(result: Result) -> None:
    profit = {name: [part["profit"].value for part in outcome.parts] for name, outcome in result.outcomes.items()}
    alone = np.array(profit["personalization"]) - np.array(profit["today"])
    gated = np.array(profit["gated_and_personal"]) - np.array(profit["gated_content"])
    assert (
        gated.mean() > alone.mean()
    )  # the same customers: 5,000 against 1,800 over many, give or take 1,000 over four


def test_the_chat_loses_callers_as_the_firm_scales(result: Result, scaled: Result) -> None:
    """Requests are thousands, so that shares are known to a hundredth."""
    small = result.outcomes["today"].measures["desk.chat.abandoned"].mean
    large, helped = (scaled.outcomes[name].measures["desk.chat.abandoned"].mean for name in ("today", "live_chat"))
    assert small is not None
    assert large is not None
    assert helped is not None
    assert 0.04 < small < 0.09  # the 5 to 8 % that service desks report
    assert large > 4 * small
    assert helped < 0.5 * large
    waited = scaled.outcomes["today"].journeys[0].events.waited
    assert 0.02 < waited.max() < 0.1  # nobody waits for hours: patience is minutes


def test_satisfied_customers_still_switch(scaled: Result) -> None:
    """Who switches is as satisfied as who buys again; who quits is less so, by 3 standard errors or more: an alarm in 1,000."""
    for stage in USING:
        felt: dict[str, list[np.ndarray]] = {"renewal": [], "switched": [], "quit": []}
        happy = []
        for journeys in scaled.outcomes["today"].journeys:
            rows = np.flatnonzero((journeys.events.stage == journeys.stages.index(stage)) & (journeys.next_stage >= 0))
            satisfaction, to = journeys.events.satisfaction[rows], journeys.next_stage[rows]
            for name, found in felt.items():
                found.append(satisfaction[to == journeys.stages.index(name)])
            happy.append(to[satisfaction >= 80] == journeys.stages.index("switched"))
        renewed, switched, gone = (np.concatenate(found) for found in felt.values())
        errors = [float(np.std(one)) / math.sqrt(one.size) for one in (renewed, switched, gone)]
        assert abs(switched.mean() - renewed.mean()) < Z * math.hypot(errors[0], errors[1])
        assert switched.mean() > gone.mean()
        assert np.concatenate(happy).mean() > 0.06


def test_the_survey_hears_more_praise_than_there_is(scaled: Result) -> None:
    outcome = scaled.outcomes["today"]
    for name, survey in outcome.network.scenario.surveys.items():
        biases, answers, scores = [], 0, []
        for journeys in outcome.journeys:
            lives = Lives(journeys, outcome.network)
            asked = ask(lives, name, survey)
            assert asked.answer is not None
            scores.append(100.0 * ((asked.answer >= 9) - 1.0 * (asked.answer <= 6)))
            answers += int(asked.answered.sum())
            biases.append(measure(journeys, outcome.network)[f"survey.{name}.nps_bias"].value)
        assert np.mean(biases) > Z * float(np.std(np.concatenate(scores))) / math.sqrt(answers)

"""What surveys measure, against closed forms, by hand, and on both engines. Seeds are fixed; false-alarm rates are stated."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, ndtr

from sojourn.scenarios.files import loads
from sojourn.sim.journeys import REFERRAL, RESOLVED, WAITING
from sojourn.sim.lives import Lives
from sojourn.sim.measures import estimate_single, measure
from sojourn.sim.network import build
from sojourn.sim.run import run, simulate
from sojourn.sim.surveys import ask

FIRST = (Path(__file__).parents[1] / "scenarios" / "first.toml").read_text(encoding="utf-8")
Z = 4.0  # standard errors: a false alarm in 16,000 checks; there are 14 below, so 1 in 1,100 for this file
CALM = """
format = 1
[scenario]
name = "calm"
start = "use"
horizon_days = 100
[arrivals]
cohort = 40000
[stages.use]
race.gone = {{ law = "exponential", mean = 1e5 }}
[stages.gone]
end = true
role = "lost"
[satisfaction]
start = {{ mean = 60, sd = 10 }}
expectation = {{ mean = 60 }}
gain = 0.3
learning = 0.3
recovery = 0.2
nps = {{ mean = 7.9, per_10_points = 0.7, sd = 1.8 }}
[surveys.check_in]
stage = "use"
lag_days = 14
response = {response}
log_odds_per_10_points = {slope}
"""
SURVEYS = """
[surveys.after_delivery]
stage = "post_purchase"
lag_days = 7
response = 0.3
log_odds_per_10_points = 0.4
[surveys.pulse]
stage = "loyalty"
response = 0.5
"""


def calm(response: float, slope: float) -> Any:
    """What a survey of people whose satisfaction nothing moves measures, one replication."""
    network = build(loads(CALM.format(response=response, slope=slope)), "baseline")
    return measure(simulate(network, seed=5), network)


def expected(response: float, slope: float) -> tuple[dict[str, float], dict[str, float]]:
    """Means, and standard deviations of one answer, by quadrature over the normal S."""
    s = np.linspace(60 - 60, 60 + 60, 20_001)
    weight = np.exp(-(((s - 60) / 10) ** 2) / 2)
    weight, s = weight / weight.sum(), np.clip(s, 0, 100)
    latent = 7.9 + 0.7 * (s - 60) / 10
    promoter, detractor = ndtr((latent - 8.5) / 1.8), ndtr((6.5 - latent) / 1.8)
    answers = expit(math.log(response / (1 - response)) + slope * (s - 60) / 10)
    means, spreads = {"responses": float(weight @ answers)}, {}
    spreads["responses"] = math.sqrt(means["responses"] * (1 - means["responses"]))
    for prefix, chance in (("", answers), ("true_", np.ones(s.size))):
        own = weight * chance / (weight @ chance)
        means[f"{prefix}satisfaction"] = mean = float(own @ s)
        spreads[f"{prefix}satisfaction"] = math.sqrt(own @ (s - mean) ** 2)
        means[f"{prefix}nps"] = score = float(100 * own @ (promoter - detractor))
        spreads[f"{prefix}nps"] = math.sqrt(1e4 * own @ (promoter + detractor) - score**2)
    return means, spreads


@pytest.mark.parametrize(("response", "slope"), [(0.3, 0.8), (0.1, -0.6)])
def test_measured_and_true_means_are_those_of_theory(response: float, slope: float) -> None:
    """Ten checks at 4 standard errors: a false alarm in 1,600 runs."""
    parts = calm(response, slope)
    means, spreads = expected(response, slope)
    answered = means["responses"] * 40_000
    for name, mean in means.items():
        size = 40_000 if name.startswith("true_") or name == "responses" else answered
        assert abs(parts[f"survey.check_in.{name}"].figure - mean) < Z * spreads[name] / math.sqrt(size), name
    assert parts["survey.check_in.asked"].value == pytest.approx(
        40_000, abs=60
    )  # 14 days of a mean of 1e5: some 6 are lost
    for bias, what in (("bias", "satisfaction"), ("nps_bias", "nps")):
        gap = parts[f"survey.check_in.{what}"].figure - parts[f"survey.check_in.true_{what}"].figure
        assert parts[f"survey.check_in.{bias}"].value == pytest.approx(gap, rel=1e-12)
        theory = means[what] - means[f"true_{what}"]
        assert abs(gap - theory) < Z * spreads[what] / math.sqrt(answered)
        assert abs(theory) > 2 * Z * spreads[what] / math.sqrt(answered)  # so that a missing bias would be seen


def test_no_bias_where_everybody_answers_alike() -> None:
    """Two checks at 4 standard errors of the answers, more than those of the gap: a false alarm in 8,000 runs."""
    parts = calm(0.3, 0.0)
    _, spreads = expected(0.3, 0.0)
    for bias, what in (("bias", "satisfaction"), ("nps_bias", "nps")):
        assert 0 < abs(parts[f"survey.check_in.{bias}"].value) < Z * spreads[what] / math.sqrt(0.3 * 40_000)


def test_where_all_answer_the_survey_tells_the_truth() -> None:
    parts = calm(1.0, 0.0)
    assert parts["survey.check_in.responses"].figure == 1.0
    for what in ("satisfaction", "nps"):
        assert parts[f"survey.check_in.{what}"].figure == parts[f"survey.check_in.true_{what}"].figure
    assert parts["survey.check_in.bias"].value == parts["survey.check_in.nps_bias"].value == 0.0


HAND = """
format = 1
[scenario]
name = "hand"
start = "visit"
horizon_days = 100
[arrivals]
cohort = 10
[stages.visit]
dwell = { law = "exponential", mean = 10 }
exits = { use = 1.0 }
[stages.use]
desk = { name = "help" }
touchpoint = { performance = 70 }
race.visit = { law = "exponential", mean = 40 }
race.churned = { law = "exponential", mean = 80 }
race.done = { law = "exponential", mean = 80 }
referrals = { rate_per_day = 0.001, enters = "visit" }
[stages.churned]
end = true
role = "lost"
[stages.done]
end = true
[satisfaction]
start = { mean = 70 }
expectation = { mean = 70 }
gain = 0.3
learning = 0.3
recovery = 0.2
[desks.help]
agents = 1
handle = { law = "exponential", mean = 1 }
[surveys.later]
stage = "use"
lag_days = 14
response = 1
"""


def felt(value: float, **more: float) -> dict[str, float]:
    return {"satisfaction": value, **more}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("visit", 0, felt(70)), ("use", 85, felt(60))], [60]),
        ([("visit", 0, felt(70)), ("use", 86, felt(60))], [60]),  # asked on the last day
        ([("visit", 0, felt(70)), ("use", 86.5, felt(60))], []),  # not yet asked at the horizon
        ([("visit", 0, felt(70)), ("use", 10, felt(60)), ("churned", 20, felt(60))], []),  # lost by then
        ([("visit", 0, felt(70)), ("use", 10, felt(60)), ("churned", 24, felt(60))], []),  # lost on that very day
        ([("visit", 0, felt(70)), ("use", 10, felt(60)), ("churned", 25, felt(60))], [60]),
        ([("visit", 0, felt(70)), ("use", 10, felt(60)), ("done", 12, felt(60))], [60]),  # an end, but not lost
        # Asked twice, wherever they are: in the next stay in use, and in it still.
        ([("visit", 0, felt(70)), ("use", 10, felt(60)), ("visit", 20, felt(60)), ("use", 22, felt(50))], [50, 50]),
        # On day 24 the contact is not over, so the touchpoint has not come: S is that of before.
        ([("visit", 0, felt(70)), ("use", 10, felt(60, waited=9.0, handled=6.0, contact=RESOLVED))], [70]),
        ([("visit", 0, felt(70)), ("use", 10, felt(60, waited=9.0, handled=5.0, contact=RESOLVED))], [60]),
        ([("use", 10, felt(60, waited=90.0, contact=WAITING))], [60]),  # nothing is known of before
    ],
)
def test_who_is_asked_and_how_they_feel(write: Any, life: Any, rows: Any, told: Any) -> None:
    network = build(loads(HAND), "baseline")
    # Others stand before and after in the log, and never enter the stage.
    lives = [life([("visit", 0, felt(10))]), life(rows), life([("visit", 0, felt(10))], "all", REFERRAL, root=0)]
    asked = ask(Lives(write(network, lives), network), "later", network.scenario.surveys["later"])
    assert asked.satisfaction.tolist() == told
    assert asked.who.tolist() == [1] * len(told)
    assert asked.answered.all()
    assert asked.answer is None  # nothing says what answer from 0 to 10 a satisfaction gives


def test_nobody_asked_is_no_figure(write: Any, life: Any) -> None:
    network = build(loads(HAND), "baseline")
    for lives in ([], [life([("visit", 0, felt(10))])]):
        parts = measure(write(network, lives), network)
        assert parts["survey.later.asked"].value == 0.0
        assert math.isnan(parts["survey.later.responses"].figure)
        assert math.isnan(parts["survey.later.bias"].value)
        assert "survey.later.nps" not in parts


def test_a_survey_changes_nothing_else_and_engines_agree(same: Any) -> None:
    plain = run(loads(FIRST), "today", replications=2, customers=400, workers=1, keep=True)
    surveyed = run(loads(FIRST + SURVEYS), "today", replications=2, customers=400, workers=1, keep=True)
    before, after = plain.outcomes["today"], surveyed.outcomes["today"]
    assert {name: one for name, one in after.measures.items() if not name.startswith("survey.")} == before.measures
    assert all(same(one, other) for one, other in zip(before.journeys, after.journeys, strict=True))
    network = after.network
    engines = [measure(simulate(network, seed=3, customers=400, engine=e), network) for e in ("compiled", "simpy")]
    mine = [{name: part for name, part in parts.items() if name.startswith("survey.")} for parts in engines]
    assert mine[0] == mine[1]
    assert len(mine[0]) == 16
    assert all(mine[0][f"survey.{name}.asked"].value > 10 for name in ("after_delivery", "pulse"))


def test_draws_belong_to_the_customer_and_the_survey() -> None:
    """Neither another survey nor its place in the file, but another seed or replication, changes who answers."""
    network = build(loads(FIRST + SURVEYS), "today")
    first, second = SURVEYS.split("[surveys.pulse]")
    turned = build(loads(FIRST + "[surveys.pulse]" + second + first), "today")
    alone = build(loads(FIRST + first), "today")
    lived = simulate(network, seed=3, customers=400)
    names = [name for name in measure(lived, alone) if name.startswith("survey.")]
    told = [{name: measure(lived, net)[name] for name in names} for net in (network, turned, alone)]
    assert told[0] == told[1] == told[2]
    survey = network.scenario.surveys["after_delivery"]
    answered = [
        ask(Lives(simulate(network, seed=seed, replication=r, customers=400), network), "after_delivery", survey)
        for seed, r in ((3, 0), (3, 1), (4, 0))
    ]
    sizes = min(one.who.size for one in answered)
    assert len({one.answered[:sizes].tobytes() for one in answered}) == 3


def test_intervals_of_a_single_replication() -> None:
    """The bias is surer than the figure it is part of: answers that both hold cancel (by sqrt(0.3) here)."""
    network = build(loads(CALM.format(response=0.7, slope=0.5).replace("40000", "4000")), "baseline")
    told = estimate_single(simulate(network, seed=2), network)
    bias, measured = told["survey.check_in.bias"], told["survey.check_in.satisfaction"]
    assert bias.low is not None
    assert bias.high is not None
    assert measured.low is not None
    assert measured.high is not None
    means, _ = expected(0.7, 0.5)
    assert (
        bias.low < means["satisfaction"] - means["true_satisfaction"] < bias.high
    )  # fails for one seed in ten; this one fits
    assert bias.high - bias.low < 0.8 * (measured.high - measured.low)


def test_segments_answer_by_their_own_start_mean(write: Any, life: Any) -> None:
    text = HAND.replace("response = 1", "response = 0.5\nlog_odds_per_10_points = 100") + (
        "[segments.plain]\nshare = 0.5\n[segments.proud]\nshare = 0.5\n"
        '[segments.proud.override]\n"satisfaction.start.mean" = 90\n'
    )
    network = build(loads(text), "baseline")
    lives = [life([("use", 10, felt(80))], name) for name in ("plain", "proud")]
    asked = ask(Lives(write(network, lives), network), "later", network.scenario.surveys["later"])
    assert asked.answered.tolist() == [True, False]  # 10 points above 70, 10 below 90


WAITS = """
format = 1
[scenario]
name = "waits"
start = "helped"
horizon_days = 40
[arrivals]
cohort = 400
[stages.helped]
desk = { name = "help", probability = 1 }
touchpoint = { performance = 10 }
race.gone = { law = "deterministic", value = 100 }
[stages.gone]
end = true
[desks.help]
agents = 400
handle = { law = "deterministic", value = 15 }
[satisfaction]
start = { mean = 70, sd = 8 }
expectation = { mean = 60 }
gain = 0.5
learning = 0.0
recovery = 0.0
"""


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_in_a_first_stay_the_touchpoint_waits_for_the_contact_too(engine: str) -> None:
    """Whoever is asked before the contact is over tells the satisfaction of the start; what comes later changes nothing."""
    asked = {"early": 5.0, "late": 15.0}
    surveys = "".join(f'[surveys.{n}]\nstage = "helped"\nlag_days = {lag}\nresponse = 1\n' for n, lag in asked.items())
    found = {}
    for horizon in (14.0, 40.0):
        text = WAITS.replace("horizon_days = 40", f"horizon_days = {horizon:g}") + surveys
        network = build(loads(text), "baseline")
        lives = Lives(simulate(network, seed=2, engine=engine), network)
        found[horizon] = {name: ask(lives, name, network.scenario.surveys[name]).satisfaction for name in asked}
    assert found[14.0]["late"].size == 0
    early, late = found[40.0].values()
    assert early.tolist() == found[14.0]["early"].tolist()
    assert abs(early.mean() - 70.0) < 4.0 * 8.0 / math.sqrt(400)  # a false alarm in 16,000
    assert (late < early - 10.0).all()

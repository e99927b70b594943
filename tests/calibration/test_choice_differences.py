"""Choices in a log: own chances and log-odds of covariates, fitted and written."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.choice_loops import HALF, NONE, ahead_of, bought, lived
from sojourn.calibration import logs
from sojourn.calibration.ahead import ahead
from sojourn.calibration.bases import from_refits
from sojourn.calibration.document import document
from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.holdout import known_at
from sojourn.calibration.openings import on_their_way
from sojourn.calibration.posterior import companion
from tests.calibration.loops import MAPPING


def planted(folder: Path, strength: float | None, slope: float, last: str) -> logs.Log:
    """Customers decide (10 days if they buy, else 4) and come back; .3 of stays end so, log-odds `slope` a unit of size."""
    rng = np.random.default_rng(9)
    rows = ["who,when,what,size"]
    for customer in range(500):
        size = round(float(rng.gamma(4.0, 0.5)), 3)
        odds = math.log(0.3 / 0.7) + slope * (size - 2.0)
        mean = 1.0 / (1.0 + math.exp(-odds))
        mine = float(rng.beta(strength * mean, strength * (1.0 - mean))) if strength is not None else mean
        at = float(rng.uniform(0.0, 30.0))
        while at < 100.0:
            rows.append(f"{customer},{at!r},waiting,{size}")
            buys = rng.uniform() < mine
            at += float(rng.gamma(4.0, 2.5 if buys else 1.0))
            if at < 100.0:
                rows.append(f"{customer},{at!r},{'bought' if buys else 'browsed'},{size}")
            at += float(rng.exponential(10.0))
    return written(folder, rows, "", last)


def written(folder: Path, rows: list[str], more: str, last: str) -> logs.Log:
    """The log of these rows: waiting, bought and browsed, watched to day 100."""
    log, mapping = folder / "log.csv", folder / "map.toml"
    log.write_text("\n".join(rows) + "\n")
    text = MAPPING.format(until=100, more=more, last=last).replace(
        'bought = "bought"', 'bought = "bought"\nbrowsed = "browsed"', 1
    )
    mapping.write_text(text.replace('[ends]\ngone = "gone"\n', "").replace('gone = "lost"\n', ""))
    return logs.read(log, mapping)


def test_own_chances_reach_the_scenario(tmp_path: Path) -> None:
    """a + b = 3 and a mean of .3, each within 3.3 standard errors (.1 %)."""
    found = fit(planted(tmp_path, 3.0, 0.0, '[forms]\nwaiting = "choice"\n'))
    own = found.stages["waiting"].differ.chance
    assert own is not None
    assert abs(own.theta[1] - math.log(3.0)) < 3.3 * math.sqrt(own.covariance[1, 1])
    scenario = found.scenario()
    assert scenario.frailty is not None
    assert set(scenario.frailty.beta) == {f"waiting -> {own.to}"}
    mean = scenario.stages["waiting"].choices["bought"].probability
    # Of 500 customers with a spread of sqrt(.3 * .7 / 4) among them.
    assert mean == pytest.approx(0.3, abs=3.3 * math.sqrt(0.21 / 4.0 / 500.0 + 0.21 / 4_000.0))
    assert any("how likely they take this way" in note for note in found.notes)


def test_log_odds_of_a_covariate_reach_the_scenario_and_its_draws(tmp_path: Path) -> None:
    """.6 a unit, within 3.3 standard errors (.1 %), against the other exit."""
    last = '[covariates]\nsize = "size"\n[forms]\nwaiting = "choice"\n'
    found = fit(planted(tmp_path, None, 0.6, last))
    scenario = found.scenario()
    assert scenario.history is not None
    (place,) = [k for k, one in enumerate(scenario.history.effects) if one.log_odds is not None]
    effect = scenario.history.effects[place]
    (told,) = found.stages["waiting"].differ.effects[effect.exit.split(" -> ")[1]]
    sign = 1.0 if effect.exit == "waiting -> bought" else -1.0
    assert abs(told.slope - sign * 0.6) < 3.3 * told.error
    assert effect.log_odds == pytest.approx(told.slope, rel=1e-3)
    drawn = np.array(companion(found, 200, 1, scenario.document()).draws["history", "effects", place, "log_odds"])
    assert drawn.mean() == pytest.approx(told.slope, abs=4.0 * told.error / math.sqrt(200.0))


@pytest.fixture(scope="module")
def world() -> logs.Log:
    """240 days of the scenario above, all of which somebody watched."""
    return lived(11)


@pytest.fixture(scope="module")
def found(world: logs.Log) -> Fit:
    """The fit to its first half, asked what purchases do."""
    return fit(replace(known_at(world, HALF), history=("purchases",)))


def test_both_reach_the_scenario_as_they_were_planted(found: Fit) -> None:
    """a + b = 3, .15 a purchase and the probability .3 at the first stay, each within 3.3 standard errors (.1 %)."""
    differ, scenario = found.stages["waiting"].differ, found.scenario()
    assert differ.odds is not None
    assert differ.chance is not None
    assert differ.odds.log_strength is not None
    errors = np.sqrt(np.diag(differ.odds.covariance))
    at = np.concatenate((differ.odds.base, differ.odds.slopes.ravel(), [differ.odds.log_strength]))
    assert np.all(np.abs(at - [math.log(0.7 / 0.3), -0.15, math.log(3.0)]) < 3.3 * errors)
    assert scenario.frailty is not None
    assert scenario.frailty.beta == {"waiting -> bought": pytest.approx(math.exp(differ.odds.log_strength), rel=1e-3)}
    assert scenario.history is not None
    said = {(one.exit, one.per): one.log_odds for one in scenario.history.effects}
    assert said["waiting -> browsed", "purchases"] == pytest.approx(differ.odds.slopes[0, 0], rel=1e-4)
    mean = scenario.stages["waiting"].choices["bought"].probability
    assert mean == pytest.approx(differ.odds.probabilities[0], abs=1e-6)
    assert any("beyond what covariates and the past do" in note for note in found.notes)
    told: Any = document(found, None, found.notes)["stages"]["waiting"]
    assert told["own_chance"]["to"] == "bought"
    assert told["effects"]["browsed"][0]["per"] == "purchases"


def test_their_draws_go_together(found: Fit) -> None:
    """Means within 4 standard errors of 400 draws, and correlations those of the fit, to .2 (four standard errors)."""
    drawn = companion(found, 400, 1)
    odds = found.stages["waiting"].differ.odds
    assert odds is not None
    (place,) = [
        key
        for key in drawn.draws
        if key[0] == "history" and drawn.centrals[key] == pytest.approx(odds.slopes[0, 0], rel=1e-4)
    ]
    chance = np.array(drawn.draws["stages", "waiting", "exits", "browsed", "probability"])
    rows = [np.log(chance / (1.0 - chance)), np.array(drawn.draws[place])]
    rows.append(np.log(np.array(drawn.draws["frailty", "beta", "waiting -> bought"])))
    errors = np.sqrt(np.diag(odds.covariance))
    at = np.array([odds.base[0], odds.slopes[0, 0], odds.log_strength])
    assert np.all(np.abs(np.mean(rows, axis=1) - at) < 4.0 * errors / 20.0)
    assert np.corrcoef(rows) == pytest.approx(odds.covariance / np.outer(errors, errors), abs=0.2)


def test_a_fit_to_other_customers_keeps_what_there_is(found: Fit) -> None:
    """As copies of a verdict and refits of a forecast have it: of a third of the customers, nothing tested anew."""
    again = fit(found.log.some(600), found).stages["waiting"].differ
    whole = found.stages["waiting"].differ
    assert whole.chance is not None
    assert whole.odds is not None
    assert again.chance is not None
    assert again.odds is not None
    assert again.chance.to == whole.chance.to
    assert again.chance.chance == whole.chance.chance
    # The whole has three times the customers: the difference has the variance of a third less that of the whole.
    assert np.all(np.abs(again.odds.slopes - whole.odds.slopes) < 4.0 * again.odds.errors)
    without = fit(replace(found.log, frailty=NONE))
    assert fit(found.log.some(600), without).stages["waiting"].differ.chance is None


def test_what_a_fit_without_own_chances_would_forecast_is_told(found: Fit) -> None:
    """The effect of purchases stays, and takes over what own chances do."""
    (told,) = [one for one in ahead(found) if one.way == "waiting -> bought"]
    assert told.alike > 1.2 * told.differing
    assert "% too high" in told.sentence


def test_a_forecast_s_refits_take_what_history_does_with_them(found: Fit) -> None:
    """What a stage's probabilities hold beside: with the effects of the first fit, those of another would be of no customer."""
    some = found.log.some(250)
    first = fit(some).scenario()
    drawn = from_refits(first, some, 1, 1).draw(0)
    effect, before = drawn["history"]["effects"][0], first.document()["history"]["effects"][0]
    assert effect["exit"] == before["exit"] == "waiting -> browsed"
    assert effect["log_odds"] != before["log_odds"]
    assert drawn["frailty"]["beta"] != first.document()["frailty"]["beta"]


def test_the_second_half_is_forecast_from_the_first(world: logs.Log, found: Fit) -> None:
    """Purchases of the customers on their way, by how many they had made: none, one or two, more.

    With both it is right within a tenth in all (over seeds it is off by 3 %, one standard deviation) and within a quarter in each
    group; the effect without own chances takes those who buy often for customers whom purchases made eager.
    """
    log = found.log
    way = on_their_way(log)
    before = bought(log, way, 0.0)
    truth = bought(world, way, HALF)
    groups = [before == 0, (before > 0) & (before < 3), before >= 3]
    told = ahead_of(found, way)
    assert told.mean() == pytest.approx(truth.mean(), rel=0.1)
    for rows in groups:
        assert told[rows].mean() == pytest.approx(truth[rows].mean(), rel=0.25)
    naive = ahead_of(fit(replace(log, frailty=NONE)), way)
    assert naive.mean() > 1.3 * truth.mean()
    assert naive[groups[0]].mean() > 2.0 * truth[groups[0]].mean()


def test_segments_have_means_of_their_own_and_share_what_else_there_is(tmp_path: Path) -> None:
    """Chances of mean .2 and .5, a + b = 4, and .2 a visit up to five: each within 3.3 standard errors, and so in draws."""
    log = by_segment(tmp_path, '[forms]\nwaiting = "choice"\n[frailty]\n"waiting -> bought" = "beta"\n')
    fitted = fit(log)
    stage = fitted.stages["waiting"]
    odds = stage.differ.odds
    assert odds is not None
    assert odds.log_strength is not None
    errors = np.sqrt(np.diag(odds.covariance))
    far = odds.log_strength - math.log(4.0), abs(float(odds.slopes[0, -1])) - 0.2
    assert abs(far[0]) < 3.3 * errors[-1]
    assert abs(far[1]) < 3.3 * errors[-2]
    scenario = fitted.scenario()
    means = {
        kind: scenario.for_segment(kind).stages["waiting"].choices["bought"].probability for kind in ("few", "many")
    }
    assert means["few"] == pytest.approx(0.2, abs=0.05)
    assert means["many"] == pytest.approx(0.5, abs=0.06)
    drawn = companion(fitted, 200, 1)
    for kind, mean in means.items():
        places = [key for key in drawn.draws if key[:2] == ("segments", kind) and key[-2:] == ("bought", "probability")]
        assert len(places) == 1
        assert np.mean(drawn.draws[places[0]]) == pytest.approx(mean, abs=0.01)
    refused = fit(by_segment(tmp_path, '[forms]\nwaiting = "choice"\n[frailty]\n"waiting -> bought" = "none"\n'))
    assert refused.stages["waiting"].differ.chance is None
    assert refused.stages["waiting"].differ.effects


def by_segment(folder: Path, last: str) -> logs.Log:
    """600 customers, half of each kind, who decide (10 days if they buy, else 4) and come back."""
    rng = np.random.default_rng(21)
    rows = ["who,when,what,kind"]
    for customer in range(600):
        kind, mean = ("few", 0.2) if customer % 2 else ("many", 0.5)
        mine = float(rng.beta(4.0 * mean, 4.0 * (1.0 - mean)))
        at, visit = float(rng.uniform(0.0, 30.0)), 0
        while at < 100.0:
            rows.append(f"{customer},{at!r},waiting,{kind}")
            odds = math.log(mine / (1.0 - mine)) + 0.2 * min(visit, 5)
            buys, visit = rng.uniform() < 1.0 / (1.0 + math.exp(-odds)), visit + 1
            at += float(rng.gamma(4.0, 2.5 if buys else 1.0))
            if at < 100.0:
                rows.append(f"{customer},{at!r},{'bought' if buys else 'browsed'},{kind}")
            at += float(rng.exponential(10.0))
    return written(folder, rows, 'history = ["visits"]\nsegment = "kind"', last)


def test_an_exit_that_nobody_comes_back_from_is_told(tmp_path: Path) -> None:
    """Where one exit of two ends the visits, what they do and what customers differ in make one curve."""
    rng = np.random.default_rng(22)
    rows = ["who,when,what,kind"]
    for customer in range(300):
        at, mine = float(rng.uniform(0.0, 30.0)), float(rng.beta(1.0, 2.0))
        while at < 100.0:
            rows.append(f"{customer},{at!r},waiting,all")
            buys = rng.uniform() < mine
            at += float(rng.gamma(4.0, 2.5 if buys else 1.0))
            if at < 100.0:
                rows.append(f"{customer},{at!r},{'bought' if buys else 'browsed'},all")
            if buys:
                break
            at += float(rng.exponential(10.0))
    fitted = fit(written(tmp_path, rows, 'history = ["visits"]', '[forms]\nwaiting = "choice"\n'))
    assert sum("nobody who took bought came back" in note for note in fitted.notes) == 1

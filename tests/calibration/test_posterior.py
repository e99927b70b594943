"""Draws of calibrated numbers: every one has them, every draw is a scenario, and they spread as estimates do."""

import json
import math
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from sojourn.calibration import logs
from sojourn.calibration.calibrate import calibrate
from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.law_draws import Stays, Telling, draw_law
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.posterior import companion
from sojourn.calibration.read_draws import draw_reading
from sojourn.calibration.resampling import rounds
from sojourn.calibration.spells import spells
from sojourn.cli import main
from sojourn.scenarios.checks import examine
from sojourn.scenarios.companion import Companion, beside, read
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import load
from sojourn.scenarios.overrides import Place, put
from tests.calibration.conftest import MAPPING, Written, exponential_journeys, log_text
from tests.calibration.loops import written_log
from tests.calibration.planting import one_stage

FIXED = {"format", "horizon_days", "until_day", "cohort", "day", "value"}  # decisions and clocks, not estimates


def spread(rng: Any, size: int) -> tuple[Any, Any]:
    """Two ways out that race."""
    return 20.0 * rng.weibull(1.5, size), rng.exponential(40.0, size)


def numbers(table: Any, place: Place = ()) -> list[Place]:
    """Places of all numbers of a document; a list of numbers is one."""
    if isinstance(table, dict):
        return [one for key, value in table.items() for one in numbers(value, (*place, key))]
    if isinstance(table, list) and table and not isinstance(table[0], int | float):
        return []
    if isinstance(table, bool) or not isinstance(table, int | float | list) or place[-1] in FIXED:
        return []
    return [place]


def sound(found: Fit, count: int = 8) -> Companion:
    """Draws of a fit; each number of the scenario has them and each draw is a sound scenario."""
    drawn = companion(found, count)
    document = found.scenario().document()
    for row in range(count):
        changed = deepcopy(document)
        for place, values in drawn.draws.items():
            value = values[row]
            assert put(changed, place, list(value) if isinstance(value, tuple) else value) is None
        assert examine(changed).faults == ()
    missing = [place for place in numbers(document) if place not in drawn.draws]
    certain = [place for place in missing if place[-1] in ("share", "never") or document["stages"].get(place[1])]
    assert [place for place in missing if place not in certain] == []
    return drawn


def values(drawn: Companion, *place: str) -> Any:
    return np.array(drawn.draws[place])


def test_every_number_of_a_race_has_draws_as_wide_as_its_standard_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    found = fit(one_stage(tmp_path, *spread(rng, 3_000)))
    drawn = companion(found, 2_000)
    document = found.scenario().document()
    assert set(drawn.draws) == set(numbers(document))
    for to, law in found.stages["trial"].exits.items():
        for name, error in law.errors.items():
            some = values(drawn, "stages", "trial", "race", to, name)
            # Of 2,000 draws the mean strays by .022 of a standard error and the spread by 1.6 %: these are four times as much,
            # and the weak prior moves neither by more.
            assert abs(some.mean() - law.parameters[name]) < 0.15 * error
            assert some.std() == pytest.approx(error, rel=0.1)


def test_draws_belong_to_names(planted: SimpleNamespace, tmp_path: Path) -> None:
    """Another order of stages in the mapping, or more of them, moves no draw of the others; another seed moves all."""
    turned = tmp_path / "turned.toml"
    lines = planted.text.splitlines()
    first, last = lines.index('awareness = "awareness"'), lines.index("[ends]")
    turned.write_text("\n".join([*lines[:first], *lines[first:last][::-1], *lines[last:]]) + "\n")
    log = logs.read(planted.log, planted.mapping).only(np.arange(5_820) < 150)
    other = logs.read(planted.log, turned).only(np.arange(5_820) < 150)
    one, two = companion(fit(log), 20), companion(fit(other), 20)
    assert one.draws == two.draws
    assert one.draws != companion(fit(log), 20, seed=2).draws


def test_a_choice_a_deadline_and_shares_that_never_leave(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    buys = rng.random(1_500) < 0.4
    bought = np.where(buys, rng.lognormal(np.log(9.0), 0.5, 1_500), np.inf)
    gone = np.where(buys, np.inf, 25.0 * rng.weibull(2.0, 1_500))
    came = rng.uniform(0.0, 30.0, 1_500)
    found = fit(one_stage(tmp_path, bought, gone, came=came, last='[forms]\ntrial = "choice"'))
    drawn = sound(found)
    chances = values(drawn, "stages", "trial", "exits", "bought", "probability")
    choice = found.stages["trial"].choice
    assert choice is not None
    assert abs(chances.mean() - choice.probabilities["bought"]) < 4.0 * choice.errors["bought"]

    spiked = np.where(rng.random(1_500) < 0.3, 30.0, rng.lognormal(np.log(15.0), 0.9, 1_500))
    found = fit(one_stage(tmp_path, np.full(1_500, np.inf), spiked))
    assert found.stages["trial"].exits["gone"].deadline is not None
    drawn = sound(found)
    assert values(drawn, "stages", "trial", "race", "gone", "share").std() > 0.0
    assert ("stages", "trial", "race", "gone", "day") not in drawn.draws

    left = np.where(rng.random(1_500) < 0.4, np.inf, 8.0 * rng.weibull(1.5, 1_500))
    found = fit(one_stage(tmp_path, np.full(1_500, np.inf), left))
    assert found.stages["trial"].exits["gone"].never > 0.0
    drawn = sound(found)
    never = values(drawn, "stages", "trial", "race", "gone", "never")
    assert never.std() > 0.0
    shares = values(drawn, "stages", "trial", "race", "gone", "share")
    assert shares[:, -1] + never == pytest.approx(1.0, abs=1e-12)


def test_what_is_read_from_the_data_is_drawn_by_weights_of_people(tmp_path: Path) -> None:
    """Half leave on days 1 and 2, half on days 9 and 10: no law fits, and the median day moves with the weights."""
    rng = np.random.default_rng(3)
    days = np.where(rng.random(600) < 0.5, rng.uniform(1.0, 2.0, 600), rng.uniform(9.0, 10.0, 600))
    found = fit(one_stage(tmp_path, np.full(600, np.inf), days))
    drawn = sound(found, 200)
    some = values(drawn, "stages", "trial", "race", "gone", "days")
    assert np.all(np.diff(some, axis=1) >= 0.0)
    curve = found.stages["trial"].exits["gone"].curve
    assert curve is not None
    shares = np.array(curve[0])
    early = int(np.searchsorted(shares, 0.25))
    # Days of the quarter of a uniform half: sd of the days by which a share p of n has left is sqrt(p (1 - p) / n) over the
    # density, .5 here; 530 finished stays. 200 draws tell a spread to 5 %: these bounds are wide.
    assert some[:, early].std() == pytest.approx(math.sqrt(0.25 * 0.75 / 530) / 0.5, rel=0.35)


def test_segments_have_draws_of_their_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    kind = ["a", "b"] * 600
    bought = np.where(np.arange(1_200) % 2 == 0, rng.exponential(10.0, 1_200), rng.exponential(60.0, 1_200))
    found = fit(one_stage(tmp_path, bought, rng.exponential(40.0, 1_200), kind=kind))
    assert found.stages["trial"].by_segment
    drawn = sound(found)
    place = ("segments", "a", "override", "stages.trial.race.bought", "mean")
    assert place in drawn.draws
    shares = values(drawn, "segments", "a", "share") + values(drawn, "segments", "b", "share")
    assert shares == pytest.approx(1.0, abs=1e-12)
    assert values(drawn, "segments", "a", "share").std() > 0.0


def test_customers_with_several_stays_count_once() -> None:
    """Sixty customers stay thirty times each, at a pace of their own: the mean stay is as uncertain as if there were sixty,
    not as if there were two thousand.

    The spread of the draws is laid beside the spread of the estimate over 200 such logs: the ratio of a spread of 200 to its
    expectation is a chi over its root, outside the bounds 1 time in 1,000; they are a twentieth wider for the draws' own error.
    """
    means, errors, alone = [], [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        who = np.repeat(np.arange(60), 30)
        days = rng.exponential(1.0 / rng.gamma(4.0, 0.25, 60)[who])
        ended = rng.random(who.size) < 0.8
        means.append(math.log(days.sum() / ended.sum()))
        if seed < 40:
            weights = rng.exponential(size=(200, 60))
            around = weights / weights.mean(axis=1, keepdims=True) - 1.0
            drawn = draw_law(Stays(days, ended, who, 1e-6, None), "exponential", False, around, rng, alone=True)
            errors.append(drawn[:, 0].std())
            alone.append(ended.sum() ** -0.5)
    ratio = np.std(means, ddof=1) / math.sqrt(np.mean(np.square(errors)))
    low, high = np.sqrt(stats.chi2(199).ppf([0.0005, 0.9995]) / 199)
    assert 0.95 * low < ratio < 1.05 * high
    assert np.mean(errors) > 2.0 * np.mean(alone)  # what single stays would have said


def test_the_command_writes_draws_beside_the_scenario(written: Written, tmp_path: Path) -> None:
    rows = exponential_journeys(seed=1, customers=90)
    log, mapping = written(log_text(rows), MAPPING)
    out = tmp_path / "journey.toml"
    ask = ["calibrate", str(log), "--stages", str(mapping), "--out", str(out)]
    result = CliRunner().invoke(main, [*ask, "--draws", "30", "--json"])
    assert result.exit_code == 0
    drawn = read(beside(out))
    assert drawn is not None
    assert json.loads(result.stdout)["draws"] == {"count": 30, "numbers": len(drawn.draws)}
    assert f"# 30 joint draws of its {len(drawn.draws)} calibrated numbers: journey.draws.parquet" in out.read_text()
    assert drawn.untouched(load(out).document()) == drawn
    # A scenario without draws keeps no old ones.
    assert CliRunner().invoke(main, [*ask, "--draws", "0"]).exit_code == 0
    assert not beside(out).exists()
    assert "joint draws" not in out.read_text()
    assert CliRunner().invoke(main, [*ask, "--draws", "-1"]).exit_code == 2


def test_how_many_draws_is_checked(planted: SimpleNamespace) -> None:
    with pytest.raises(Faults, match="give 20 to 10,000, such as 200, or 0 for none"):
        calibrate(planted.log, planted.mapping, draws=10_001)
    with pytest.raises(Faults, match="give 1 to 10,000"):
        companion(fit(logs.read(planted.log, planted.mapping).only(np.arange(5_820) < 200)), 0)


SILENT = """\
customer = "who"
time = "when"
event = "what"
observed_until = 300
[stages]
purchase = "bought"
[silent]
purchase = "{kind}"
"""


@pytest.mark.parametrize(("kind", "steps"), [("bgnbd", 1), ("paretonbd", 1), ("bgnbd-k", 3)])
def test_customers_who_leave_unseen(written: Written, kind: str, steps: int) -> None:
    rng = np.random.default_rng(5)
    rows = ["who,when,what"]
    for who in range(400):
        time, pace = float(rng.uniform(0.0, 100.0)), rng.gamma(0.8, 0.05)
        while time < 300.0:
            rows.append(f"{who},{time!r},bought")
            if rng.random() < 0.2:
                break
            time += float(rng.gamma(steps, 1.0 / (steps * pace)))
    found = fit(logs.read(*written("\n".join(rows) + "\n", SILENT.format(kind=kind))))
    drawn = sound(found, 100)
    fitted = found.silent["purchase"]
    assert fitted.k == steps
    r = values(drawn, "frailty", "gamma" if steps == 1 else "speed", "purchase_waiting -> purchase_again")
    assert abs(np.median(r) - fitted.parameters["r"]) < fitted.errors["r"]
    assert r.std() == pytest.approx(fitted.errors["r"], rel=0.5)


def test_contracts(written: Written) -> None:
    rng = np.random.default_rng(6)
    rows = ["who,when,what"]
    for who in range(500):
        time, chance = float(rng.integers(0, 200)), rng.beta(0.7, 3.0)
        rows.append(f"{who},{time},joined")
        while (time := time + 30.0) < 400.0:
            if rng.random() < chance:
                rows.append(f"{who},{time},cancelled")
                break
            rows.append(f"{who},{time},renewed")
    log, _ = written("\n".join(rows) + "\n", "")
    mapping = read_mapping(
        'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 400\n[stages]\nmember = ["joined", "renewed"]\n'
        '[ends]\ncancelled = "cancelled"\n[contracts]\nmember = "cancelled"\n'
    )
    found = fit(logs.read_with(log, mapping))
    drawn = sound(found, 100)
    chance = values(drawn, "stages", "member", "exits", "cancelled")
    model = found.contracts["member"].chances.model
    assert abs(chance.mean() - model.alpha / (model.alpha + model.beta)) < 3.0 * chance.std()
    assert chance + values(drawn, "stages", "member", "exits", "member") == pytest.approx(1.0, abs=1e-12)


def test_own_speeds_and_their_law_are_drawn_together(tmp_path: Path) -> None:
    """The law of a file with own speeds is that of a customer of speed 1: draws lie about it, not about the law of all."""
    found = fit(written_log(tmp_path, 4, 300, 0.8))
    own = found.stages["waiting"].differ.speeds["bought"]
    drawn = sound(found, 400)
    shape = values(drawn, "frailty", "gamma", "waiting -> bought")
    low, high = np.quantile(shape, [0.05, 0.95])
    # Ends of 400 draws are known to a tenth of the interval (three standard errors).
    wide = math.log(own.shape.high / own.shape.low)
    assert abs(math.log(low / own.shape.low)) < 0.12 * wide
    assert abs(math.log(high / own.shape.high)) < 0.12 * wide
    law = found.stages["waiting"].exits["bought"]
    median = values(drawn, "stages", "waiting", "race", "bought", "median")
    assert abs(median.mean() - law.parameters["median"]) < 0.3 * law.errors["median"]


def test_effects_of_the_past_have_draws(tmp_path: Path) -> None:
    found = fit(written_log(tmp_path, 5, 400, None, more='history = ["visits"]', per_visit=0.5))
    (effect,) = found.stages["waiting"].differ.effects["bought"]
    drawn = sound(found, 400)
    place = next(one for one in drawn.draws if one[:2] == ("history", "effects") and one[-1] == effect.scale)
    some = np.log(np.array(drawn.draws[place]))
    assert abs(some.mean() - effect.slope) < 0.25 * effect.error
    assert some.std() == pytest.approx(effect.error, rel=0.15)


def test_stays_that_began_before_the_watching_count_from_when_they_were_seen() -> None:
    """Stays of 20 days in the mean, of which the long ones are seen from a later age on: draws lie about 20, as the right
    likelihood says, and not where leaving the ages aside would put them. Five standard errors: once in two millions."""
    rng = np.random.default_rng(7)
    began, days = rng.uniform(-60.0, 60.0, 2_000), rng.exponential(20.0, 2_000)
    seen = began + days > 0.0
    late = np.maximum(-began[seen], 0.0)
    lasted = np.minimum(days[seen], 60.0 - began[seen])
    ended = began[seen] + days[seen] <= 60.0
    around = np.zeros((400, 10))
    who = np.arange(late.size) % 10
    drawn = draw_law(Stays(lasted, ended, who, 1e-6, None, late), "exponential", False, around, rng, alone=True)
    error = ended.sum() ** -0.5
    assert abs(drawn.mean() - math.log(20.0)) < 5.0 * error
    wrong = draw_law(Stays(lasted, ended, who, 1e-6, None), "exponential", False, around, rng, alone=True)
    assert wrong.mean() - math.log(20.0) > 5.0 * error
    curve, causes = ((0.0, 0.5, 0.9), (0.0, 10.0, 30.0)), np.where(ended, 0, -1)
    read_late, read_wrong = (
        draw_reading(lasted, causes, who, around + 1.0, [curve], [0.1], False, one).days[0][0, 1]
        for one in (late, None)
    )
    # By nearly the last of 60 days .95 have left: five ninths of that by day 15; 5 standard errors are 4 days.
    assert abs(read_late - 15.0) < 4.0
    assert read_wrong > 19.0


def test_importance_sampling_gives_the_posterior_and_its_evidence() -> None:
    """Twelve exits in 240 days, constant hazard, flat on the log: the rate is gamma (12, 240), the evidence its integral.

    A quantile of 4,000 draws strays by .02 standard deviations; the bounds are four times that. Importance weights of 8,000
    proposals tell the evidence to a hundredth.
    """
    exits, days = 12.0, 240.0

    def cost(theta: Any) -> float:
        return float(exits * theta[0] + days * math.exp(-theta[0]))

    limits = np.array([[-5.0, 15.0]])
    cloud = rounds(cost, np.array([math.log(days / exits)]), limits, 4_000, np.random.default_rng(1))
    assert cloud.log_evidence == pytest.approx(math.lgamma(exits) - exits * math.log(days), abs=0.04)
    rates = np.exp(-cloud.draws[:, 0])
    for share in (0.05, 0.5, 0.95):
        right = stats.gamma(exits, scale=1.0 / days).ppf(share)
        assert abs(np.mean(rates <= right) - share) < 4.0 * math.sqrt(2.0 * share * (1.0 - share) / 4_000)


def test_a_law_of_the_file_is_not_surer_than_the_data_are() -> None:
    """Sixty stays that may be Weibull or anything: a log-normal law has a wider sigma than if it were known to be the law, and
    a law told in its own numbers stays what it is. Spreads of 1,000 draws are known to 2 %."""
    rng = np.random.default_rng(8)
    times, until = 20.0 * rng.weibull(1.5, 60), rng.uniform(0.0, 40.0, 60)
    stays = Stays(np.minimum(times, until), times <= until, np.arange(60), 1e-6, None)
    weights = rng.exponential(size=(1_000, 60))
    around = weights / weights.mean(axis=1, keepdims=True) - 1.0
    known = draw_law(stays, "lognormal", False, around, np.random.default_rng(1), alone=True)
    open_ = draw_law(stays, "lognormal", False, around, np.random.default_rng(1))
    assert open_[:, 1].std() > 1.15 * known[:, 1].std()
    sample = spells(stays.days, stays.ended, 1e-6)
    theta = np.array([2.8, 0.3])
    for name in ("weibull", "gamma", "lognormal", "loglogistic"):
        told = Telling(sample, CANDIDATES[name], np.array([2.5, 0.0]))
        assert told.nearest(CANDIDATES[name], theta) == pytest.approx(theta, abs=1e-3)

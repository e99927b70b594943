import math
from typing import Any

import numpy as np
import pytest

from sojourn.experiments.parameters import bearing, doubts, draw, edited, quantiles
from sojourn.experiments.questions import questions
from sojourn.scenarios.companion import Companion
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import loads
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import Place
from sojourn.sim.network import build

TEXT = """
format = 1
[scenario]
name = "club"
start = "use"
horizon_days = 100
[arrivals]
cohort = 20
[segments.plain]
share = 0.7
[segments.gold]
share = 0.3
override = { "levers.perks.effects[0].hazard_ratio" = { central = 0.6, low = 0.5, high = 0.9 } }
[stages.use]
role = "loyal"
race.buy = { law = "weibull", mean = 30, shape = 1.2 }
race.churned = { law = "exponential", mean = 60 }
[stages.buy]
role = "purchase"
dwell = { law = "exponential", mean = 2 }
exits = { use = 0.9, churned = 0.1 }
[stages.churned]
end = true
role = "lost"
[levers.perks]
[[levers.perks.effects]]
exit = "use -> churned"
hazard_ratio = { central = 0.85, low = 0.65, high = 1.0 }
[[levers.perks.effects]]
exit = "buy -> churned"
log_odds = { central = -0.1, low = -0.3, high = 0.0 }
[levers.loud]
[[levers.loud.effects]]
arrivals = true
rate_ratio = { central = 1.1, low = 1.0, high = 1.3 }
[[levers.loud.effects]]
exit = "use -> buy"
hazard_ratio = { central = 1.2, low = 1.2, high = 1.2 }
[strategies.today]
[strategies.better]
perks = 1.0
"""
PERKS: Place = ("levers", "perks", "effects", 0, "hazard_ratio")
ODDS: Place = ("levers", "perks", "effects", 1, "log_odds")
LOUD: Place = ("levers", "loud", "effects", 0, "rate_ratio")
GOLD: Place = ("segments", "gold", "override", "levers.perks.effects[0].hazard_ratio")
BUY: Place = ("stages", "buy", "exits", "use")
LEAVE: Place = ("stages", "buy", "exits", "churned")
MEAN: Place = ("stages", "use", "race", "churned", "mean")
HALVES = np.array([0.05, 0.5, 0.95])


def club(text: str = TEXT) -> Scenario:
    return loads(text)


def calibrated() -> Companion:
    shares = (0.85, 0.9, 0.95)
    return Companion(
        {BUY: 0.9, LEAVE: 0.1, MEAN: 60.0},
        {BUY: shares, LEAVE: tuple(1.0 - share for share in shares), MEAN: (50.0, 60.0, 70.0)},
    )


def test_declared_intervals_are_found_with_words_and_widthless_ones_are_not() -> None:
    found = doubts(club())
    assert [doubt.place for doubt in found] == [GOLD, PERKS, ODDS, LOUD]
    assert found[1].label == "the effect of perks on use -> churned"
    assert found[0].label == "the effect of perks on use -> churned, for gold"
    assert found[3].label == "the effect of loud on arrivals"
    assert (found[1].central, found[1].low, found[1].high, found[1].origin) == (0.85, 0.65, 1.0, "declared")
    assert [doubt.place for doubt in bearing(found, club(), ["today", "better"])] == [GOLD, PERKS, ODDS]


@pytest.mark.parametrize(
    ("scale", "interval"),
    [
        ("hazard_ratio", (0.85, 0.65, 1.0)),
        ("log_odds", (0.05, 0.0, 0.12)),
        ("points", (8.0, 3.0, 13.0)),
        ("rate_ratio", (1.0, 1.0, 2.5)),
    ],
)
def test_an_interval_comes_back_as_its_5_and_95_percent(scale: str, interval: tuple[float, float, float]) -> None:
    central, low, high = interval
    assert quantiles(HALVES, central, low, high, scale) == pytest.approx([low, central, high], rel=1e-12)


def test_ratios_are_drawn_on_the_scale_of_logs_and_others_as_they_are() -> None:
    between = np.array([0.25, 0.75])
    assert math.prod(quantiles(between, 1.0, 0.5, 2.0, "rate_ratio")) == pytest.approx(1.0)
    assert sum(quantiles(between, 4.0, 1.0, 7.0, "points")) == pytest.approx(8.0)


def test_agents_stay_whole_where_the_interval_is() -> None:
    uniform = np.linspace(0.01, 0.99, 99)
    assert set(quantiles(uniform, 2.0, 1.0, 3.0, "agents")) <= {1.0, 2.0, 3.0, 0.0, 4.0, 5.0}
    assert np.median(quantiles(uniform, 2.0, 1.0, 3.0, "agents")) == 2.0


def test_shares_of_draws_below_the_ends_are_five_percent() -> None:
    """Each share of 4,000 draws is binomial: outside 5 % +- 1.2 % with a chance of 5e-4, for 4 numbers and 2 ends 4e-3."""
    draws = draw(club(), 4000, seed=3)
    for doubt in draws.doubts:
        values = np.array(draws.values[doubt.place])
        assert np.mean(values < doubt.low) == pytest.approx(0.05, abs=0.012)
        assert np.mean(values > doubt.high) == pytest.approx(0.05, abs=0.012)


def test_one_more_number_in_doubt_changes_no_other_and_more_draws_change_no_earlier() -> None:
    narrow = club(TEXT.replace("log_odds = { central = -0.1, low = -0.3, high = 0.0 }", "log_odds = -0.1"))
    many, few = draw(club(), 50, seed=9), draw(narrow, 20, seed=9)
    assert ODDS in many.values
    assert ODDS not in few.values
    for place in few.values:
        assert many.values[place][:20] == few.values[place]
    assert draw(club(), 20, seed=10).values[PERKS] != few.values[PERKS]


def test_streams_of_two_numbers_are_not_correlated() -> None:
    """The correlation of 4,000 independent pairs has a standard error of 0.0158; 0.065 is passed by chance 4 times in 1e5."""
    draws = draw(club(), 4000, seed=1)
    first, second = (np.log(draws.values[place]) for place in (PERKS, GOLD))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.065


def test_a_draw_makes_a_scenario_that_runs_as_drawn() -> None:
    draws = draw(club(), 5, seed=2)
    for i in range(5):
        drawn = draws.scenario(i)
        assert drawn.levers["perks"].effects[0].range.central == draws.values[PERKS][i]
        assert drawn.for_segment("gold").levers["perks"].effects[0].range.central == draws.values[GOLD][i]
        assert not np.array_equal(build(drawn, "better").cells, build(club(), "better").cells)
    assert draws.numbers().shape == (5, 4)
    assert draws.numbers()[:, 1].tolist() == list(draws.values[PERKS])


def test_calibrated_numbers_come_row_by_row_each_row_once() -> None:
    draws = draw(club(), 6, seed=4, companion=calibrated())
    rows = list(zip(*(draws.values[place] for place in (BUY, LEAVE, MEAN)), strict=True))
    assert sorted(rows[:3]) == sorted(rows[3:]) == sorted(zip(*calibrated().draws.values(), strict=True))
    drawn = draws.scenario(0)
    assert drawn.stages["buy"].choices["use"].probability == rows[0][0]
    labels = {doubt.place: (doubt.label, doubt.origin) for doubt in draws.doubts}
    assert labels[BUY] == ("the share of buy -> use", "calibrated")
    assert labels[MEAN] == ("the mean of the time to use -> churned", "calibrated")


def test_what_was_edited_by_hand_is_not_drawn_nor_what_must_add_up_with_it() -> None:
    changed = club(
        TEXT.replace("use = 0.9, churned = 0.1", "use = 0.8, churned = 0.2").replace("mean = 60", "mean = 61")
    )
    assert edited(changed, calibrated()) == (BUY, LEAVE, MEAN)
    assert not {BUY, LEAVE, MEAN} & {doubt.place for doubt in doubts(changed, calibrated())}
    assert edited(club(), calibrated()) == ()


def test_a_calibrated_effect_takes_the_place_of_its_declared_interval() -> None:
    companion = Companion({PERKS: 0.85}, {PERKS: (0.8, 0.85, 0.9)})
    (effect,) = (doubt for doubt in doubts(club(), companion) if doubt.place[:4] == PERKS[:4])
    assert effect.origin == "calibrated"
    drawn = draw(club(), 3, seed=1, companion=companion).scenario(1)
    assert drawn.levers["perks"].effects[0].range.central in (0.8, 0.85, 0.9)
    by_hand = club(TEXT.replace("central = 0.85", "central = 0.7"))
    assert next(doubt for doubt in doubts(by_hand, companion) if doubt.place == PERKS).origin == "declared"


def test_a_draw_that_no_file_may_hold_is_told_with_its_number() -> None:
    companion = Companion({MEAN: 60.0}, {MEAN: (60.0, -1.0)})
    draws = draw(club(), 2, seed=1, companion=companion)
    with pytest.raises(Faults, match=r"draw . of the numbers in doubt makes no sound scenario"):
        [draws.scenario(i) for i in range(2)]


@pytest.mark.parametrize(("count", "seed"), [(0, 1), (5, -1), (5, 2**32)])
def test_impossible_draws_are_refused(count: int, seed: int) -> None:
    with pytest.raises(Faults):
        draw(club(), count, seed)


def test_a_list_of_numbers_is_drawn_whole_and_is_one_question() -> None:
    text = TEXT.replace(
        'race.churned = { law = "exponential", mean = 60 }',
        'race.churned = { law = "empirical", share = [0, 0.5, 1], days = [0, 30, 90] }',
    )
    place: Place = ("stages", "use", "race", "churned", "days")
    curves = tuple((0.0, 20.0 + k, 80.0 + 2 * k) for k in range(20))
    scenario, companion = club(text), Companion({place: (0.0, 30.0, 90.0)}, {place: curves})
    draws = draw(scenario, 20, seed=1, companion=companion)
    assert sorted(draws.values[place], key=str) == sorted(curves, key=str)
    drawn = draws.scenario(3).document()["stages"]["use"]["race"]["churned"]
    assert tuple(drawn["days"]) == draws.values[place][3]
    (doubt,) = (one for one in draws.doubts if one.place == place)
    assert doubt.low == pytest.approx((0.0, 20.95, 81.9))
    assert doubt not in draws.singles
    (question,) = (one for one in questions(draws, draws.doubts) if one.doubts == (doubt,))
    assert question.columns.shape == (20, 1)  # it varies in one direction
    drawn_days: list[Any] = list(draws.values[place])
    middle = [days[1] for days in drawn_days]
    assert abs(np.corrcoef(question.columns[:, 0], middle)[0, 1]) == pytest.approx(1.0)

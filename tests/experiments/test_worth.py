import json
from typing import Any

import numpy as np
import pytest

from sojourn.experiments.compare import compare
from sojourn.experiments.doubted import uncertainty
from sojourn.experiments.drawing import live
from sojourn.experiments.journal import Journal, journal
from sojourn.experiments.parameters import draw
from sojourn.experiments.worth import Worth, worth
from sojourn.scenarios.companion import Companion
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import loads
from sojourn.scenarios.model import Scenario

# One effect that nobody knows, one that is known well, one that no strategy pulls.
SHOP = """
format = 1
[scenario]
name = "shop"
start = "visit"
horizon_days = 60
currency = "USD"
[arrivals]
rate_per_day = 20
[stages.visit]
dwell = { law = "exponential", mean = 4 }
exits = { buy = 0.3, gone = 0.7 }
touchpoint = { performance = 70, sd = 10 }
[stages.buy]
role = "purchase"
dwell = { law = "deterministic", value = 1 }
exits = { gone = 1.0 }
revenue = 40.0
[stages.gone]
end = true
role = "lost"
[satisfaction]
start = { mean = 70, sd = 8 }
expectation = { mean = 70, sd = 5 }
gain = 0.3
loss_aversion = 2.0
learning = 0.3
recovery = 0.2
[levers.advice]
cost = { per_day = 20 }
[[levers.advice.effects]]
exit = "visit -> buy"
log_odds = { central = 0.25, low = -0.4, high = 0.9 }
[[levers.advice.effects]]
dwell = "visit"
time_ratio = { central = 1.0, low = 0.99, high = 1.01 }
[[levers.advice.effects]]
touchpoint = "visit"
points = 6
[levers.idle]
[[levers.idle.effects]]
exit = "visit -> buy"
log_odds = { central = 0.5, low = -2.0, high = 3.0 }
[strategies.today]
[strategies.advised]
advice = 1.0
"""
ADVICE = "the effect of advice on visit -> buy"


@pytest.fixture(scope="module")
def shop() -> Scenario:
    return loads(SHOP)


@pytest.fixture(scope="module")
def found(shop: Scenario) -> Worth:
    return worth(shop, draws=60, seed=3)


def test_the_one_number_that_nobody_knows_is_the_one_to_measure(found: Worth) -> None:
    first, *others = found.learned
    assert first.question.label == ADVICE
    assert first.partial.found
    assert not any(one.partial.found for one in others)
    assert [one.question.label for one in others] == ["the effect of advice on the time in visit"]  # not that of idle
    assert first.partial.value > 0.7 * (found.perfect.mean or 0.0) > 0.0
    assert f"Knowing {ADVICE} exactly would be worth" in found.sentence
    assert "no other number is worth anything that can be told from chance" in found.sentence


def test_chances_regrets_and_means_hang_together(found: Worth) -> None:
    assert sum(one.mean or 0.0 for one in found.chances) == pytest.approx(1.0)
    regrets = [one.mean or 0.0 for one in found.regrets]
    means = [one.mean or 0.0 for one in found.means]
    assert regrets[0] - regrets[1] == pytest.approx(means[1] - means[0])
    assert found.perfect.mean == min(regrets)
    assert found.best == found.strategies[int(np.argmin(regrets))]
    for one in (*found.chances, *found.regrets, *found.means):
        assert (one.low or 0.0) <= (one.mean or 0.0) <= (one.high or 0.0)


def test_the_test_counts_those_who_choose_and_is_worth_less_than_knowing(found: Worth) -> None:
    assert found.testing is not None
    assert found.testing.trial.units == "customers who enter visit"
    assert found.testing.size is not None
    # Two proportions, .3 (up to what is measured in a few lives) and .355, at 80 % power: 1,100 to 1,300.
    assert 1000 <= found.testing.size.simulated <= 1400
    values = [value for _, value in found.testing.values]
    assert values == sorted(values)
    assert values[-1] <= 1.02 * found.learned[0].partial.value


def test_satisfaction_and_budget_turn_the_choice(found: Worth) -> None:
    assert found.asked.second == "satisfaction"
    assert found.price is not None
    assert found.price.chance[-1, 1] > found.price.chance[0, 1]
    assert found.budget is not None
    assert found.budget.chance[0].tolist() == [1.0, 0.0]  # nothing to spend: today
    assert found.budget.chance[-1] == pytest.approx(found.choice.chance, abs=0.05)


def test_the_document_is_json(found: Worth) -> None:
    told = json.loads(json.dumps(found.document(), allow_nan=False))
    assert told["best"] == found.best
    assert set(told["strategies"]) == {"today", "advised"}
    assert told["numbers"][0]["numbers"][0]["place"] == "levers.advice.effects[0].log_odds"
    assert len(told["willingness"]["price"]) == len(told["willingness"]["best"]["today"])


def test_less_of_some_measures_is_better(shop: Scenario) -> None:
    found = worth(shop, draws=20, measure="cost", willingness="purchases")
    assert found.best == "today"
    assert found.perfect.mean == 0.0
    assert "nothing that is in doubt would change the choice" in found.sentence


def test_neither_workers_nor_a_stop_change_a_bit(shop: Scenario, tmp_path: Any) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done == 9:
            raise Stopped

    whole = json.dumps(worth(shop, draws=30, workers=1).document())
    assert json.dumps(worth(shop, draws=30, workers=3).document()) == whole
    with pytest.raises(Stopped), journal(tmp_path / "out", "one") as kept:
        worth(shop, draws=30, kept=kept, progress=stop, workers=1)
    with journal(tmp_path / "out", "one") as kept:
        assert len(kept) >= 9
        assert json.dumps(worth(shop, draws=30, kept=kept).document()) == whole


def test_pieces_of_other_draws_are_not_taken(shop: Scenario, tmp_path: Any) -> None:
    with journal(tmp_path / "out", "one") as kept:
        first = live(draw(shop, 4, 1), ["today"], measures=["profit"], kept=kept)
        again = live(draw(shop, 4, 2), ["today"], measures=["profit"], kept=kept, seed=2)
        assert not np.array_equal(first.figures["profit"], again.figures["profit"])
        assert len(kept) == 8


def test_the_reference_engine_gives_the_same_figures(shop: Scenario) -> None:
    draws = draw(shop, 2, 5)
    fast, slow = (
        live(draws, ["advised"], engine=engine, customers=30, workers=1, kept=Journal())
        for engine in ("compiled", "simpy")
    )
    for measure in fast.figures:
        assert np.array_equal(fast.figures[measure], slow.figures[measure], equal_nan=True)


def test_calibrated_numbers_of_one_choice_are_measured_together(shop: Scenario) -> None:
    buy, gone = ("stages", "visit", "exits", "buy"), ("stages", "visit", "exits", "gone")
    shares = tuple(np.linspace(0.2, 0.4, 25).tolist())
    companion = Companion({buy: 0.3, gone: 0.7}, {buy: shares, gone: tuple(1.0 - one for one in shares)})
    found = worth(shop, draws=25, companion=companion)
    labels = [one.question.label for one in found.learned]
    assert "the shares of the exits of visit" in labels
    assert len(labels) == 3


def test_a_comparison_speaks_of_both_parts(shop: Scenario) -> None:
    both = uncertainty(shop, draws=40, seed=2)
    found = compare(shop, replications=4, uncertainty=both, seed=2)
    told = found.document()["uncertainty"]
    assert "of what the numbers allow" in found.verdict.sentence
    assert told["differences"]["advised - today"]["profit"]["variance"]["numbers"] > 0.5
    one = both.differences["advised - today"]["profit"]
    assert one is not None
    assert one.both[1] - one.both[0] > one.numbers[1] - one.numbers[0] > 0.0
    today = both.strategies["today"]["profit"]
    assert today is not None
    assert today.share < 0.3  # nothing that is in doubt touches today
    assert sum(told["best"].values()) == pytest.approx(1.0)
    assert both.strategies["today"]["reach.visit"] is None  # everybody, always
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"strategies": ["today"]}, "there is nothing to decide between"),
        ({"strategies": ["today", "advice"]}, 'no strategy named "advice"'),
        ({"measure": "profits"}, 'no measure named "profits"'),
        ({"measure": "reach.buy"}, "neither more nor less of reach.buy is better"),
        ({"willingness": "profit"}, "is what decides already"),
        ({"willingness": ("satisfaction", 5.0, 1.0)}, "no range of prices"),
        ({"budget": (3.0, 1.0)}, "no range of budgets"),
        ({"draws": 5}, "no such number of draws"),
        ({"replications": 1}, "no such number of lives"),
        ({"customers": 0}, "no such number of customers"),
        ({"seed": -1}, "no such seed"),
    ],
)
def test_what_cannot_be_asked_is_refused(shop: Scenario, options: dict[str, Any], told: str) -> None:
    with pytest.raises(Faults, match=told):
        worth(shop, **options)


def test_a_scenario_without_doubt_is_refused_with_the_remedy() -> None:
    sure = SHOP.replace("{ central = 0.25, low = -0.4, high = 0.9 }", "0.25")
    sure = sure.replace("{ central = 1.0, low = 0.99, high = 1.01 }", "1.0")
    with pytest.raises(Faults, match="no number is in doubt that can matter"):
        worth(loads(sure))
    with pytest.raises(Faults, match="no number is in doubt"):
        uncertainty(loads(sure))


def test_a_copy_is_as_good_and_nothing_is_worth_knowing() -> None:
    found = worth(loads(SHOP + "[strategies.copy]\nadvice = 1.0\n"), ["advised", "copy"], draws=20)
    assert (
        found.sentence
        == "advised and copy are equally good in all draws: no number is worth measuring for this choice."
    )
    assert [one.mean for one in found.chances] == [0.5, 0.5]
    assert not any(one.partial.found for one in found.learned)
    assert found.testing is None
    json.dumps(found.document(), allow_nan=False)


def test_a_second_measure_that_is_undefined_in_some_draws_is_left_out_unless_it_is_asked_for(shop: Scenario) -> None:
    assert worth(shop, draws=20, customers=2).price is None  # sometimes nobody is left to be satisfied
    with pytest.raises(Faults, match="satisfaction is undefined in"):
        worth(shop, draws=20, customers=2, willingness="satisfaction")

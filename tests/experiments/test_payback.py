"""When a strategy pays back, held against a closed form; and what it costs to begin later."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.shops import CUSTOMERS, Floats, written
from sojourn.experiments.compare import compare
from sojourn.experiments.delay import delayed, delayed_name
from sojourn.experiments.payback import payback, told
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import load, loads
from sojourn.scenarios.model import Scenario
from sojourn.sim.curves import paid_days
from sojourn.sim.network import build
from sojourn.sim.run import simulate

FIRST = Path(__file__).parents[1] / "scenarios" / "first.toml"
SLOW = written().replace("mean = 2 }", "mean = 40 }").replace("per_customer = 8.5", "per_customer = 5.0")
# 5 is spent on everybody on day 0, and .2 more buy, at 50 each, after 40 days on average: 10 (1 - exp(-t / 40)) = 5.
DAY = np.ceil(40 * np.log(2))
YEAR = 365.0


@pytest.fixture(scope="module")
def slow() -> Scenario:
    return loads(SLOW)


def by_day(scenario: Scenario, strategy: str, seeds: int, replications: int, spent: float) -> Floats:
    """Profit so far, from purchases counted anew; shape (seeds, replications, days)."""
    network = build(scenario, strategy)
    lived = simulate(network, customers=seeds * replications * CUSTOMERS)
    bought = lived.events.stage == network.stages.index("buy")
    block = lived.events.customer[bought] // CUSTOMERS
    day = np.ceil(lived.events.time[bought]).astype(np.int64)
    size = paid_days(YEAR).size
    count = np.bincount(block * size + np.minimum(day, size - 1), minlength=seeds * replications * size)
    profit = 50.0 * np.cumsum(count.reshape(seeds, replications, size), axis=2) - spent * CUSTOMERS
    profit[:, :, 0] = -spent * CUSTOMERS
    return np.asarray(profit, dtype=np.float64)


def test_the_day_of_paying_back_is_covered(slow: Scenario) -> None:
    """100 seeds of 40 replications: the interval covers day 28 in 90 % or more; fewer than 79 by chance in .0003 of tests."""
    assert DAY == 28.0
    ahead = by_day(slow, "better", 100, 40, 5.0) - by_day(slow, "today", 100, 40, 0.0)
    covered, widths = 0, []
    for seed in range(100):
        found = told("better", "today", YEAR, ahead[seed], seed=seed)
        covered += found.low is not None and found.low <= DAY and (found.high is None or found.high >= DAY)
        widths.append((found.high or 400.0) - (found.low or 400.0))
    assert covered >= 79
    assert np.median(widths) < 60.0  # which says something, too


def test_the_run_itself_says_the_same(slow: Scenario) -> None:
    found = payback(slow, ["today", "better"], customers=CUSTOMERS, replications=30, delays=())["better"]
    lived = by_day(slow, "better", 1, 1, 5.0)[0, 0] - by_day(slow, "today", 1, 1, 0.0)[0, 0]
    first = payback(slow, ["today", "better"], customers=CUSTOMERS, replications=2, delays=())["better"]
    assert first.ahead.x.tolist() == list(range(366))
    assert found.ahead.mean[0] == pytest.approx(-5.0 * CUSTOMERS)
    one = compare(slow, ["today", "better"], customers=CUSTOMERS, replications=2).result.outcomes
    difference = one["better"].curves.profit[0] - one["today"].curves.profit[0]
    assert difference == pytest.approx(lived, abs=1e-9)


def test_words_of_time_for_what_is_sure() -> None:
    days = paid_days(10.0)
    rising = np.array([(days - 4.5) * 10.0 + shift for shift in (0.0, 1e-3, -1e-3)])
    found = told("b", "a", 10.0, rising)
    assert (found.low, found.day, found.high) == (5.0, 5.0, 5.0)
    never = told("b", "a", 10.0, -rising[:, ::-1] - 200.0)
    assert (never.low, never.day, never.high) == (None, None, None)
    always = told("b", "a", 10.0, np.abs(rising) + 5.0)
    assert (always.low, always.day, always.high) == (0.0, 0.0, 0.0)
    unsure = told("b", "a", 10.0, np.array([(days - 4.5) * s for s in (30.0, -29.0, 1.0, 8.0)]))
    assert unsure.day == 5.0
    assert unsure.high is None


CLUB = """
format = 1
[scenario]
name = "club"
start = "member"
horizon_days = 200
[arrivals]
cohort = 5
[stages.member]
dwell = { law = "exponential", mean = 300 }
exits = { gone = 1.0 }
[stages.gone]
end = true
[levers.desk]
cost = { per_day = 20.0 }
[levers.gift]
cost = { per_day = 3.0 }
[strategies.today]
gift = 0.5
[strategies.open]
gift = 0.5
desk = [{ day = 10, level = 0.5 }, { day = 40, level = 1.0, ramp_days = 20 }]
[strategies.swap]
desk = 1.0
[strategies.few]
gift = { level = 1.0, when = "segment == all" }
"""


def levels(scenario: Scenario, strategy: str, lever: str) -> Any:
    return build(scenario, strategy).levels(lever, np.arange(200.0))


def test_until_then_the_baseline_and_from_then_the_plan() -> None:
    club = loads(CLUB)
    later = delayed(club, "open", "today", (30.0, 90.0))
    assert list(later.strategies) == [delayed_name(0), delayed_name(1)]
    for k, days in enumerate((30, 90)):
        assert levels(later, delayed_name(k), "gift").tolist() == [0.5] * 200
        desk = levels(later, delayed_name(k), "desk")
        assert not desk[:days].any()
        assert desk[days:] == pytest.approx(levels(club, "open", "desk")[: 200 - days])
    swap = delayed(club, "swap", "today", (50.0,))
    assert levels(swap, delayed_name(0), "gift").tolist() == [0.5] * 50 + [0.0] * 150
    assert levels(swap, delayed_name(0), "desk").tolist() == [0.0] * 50 + [1.0] * 150


def test_a_ramp_of_the_baseline_is_left_where_it_stands() -> None:
    text = CLUB.replace(
        "gift = 0.5\n[strategies.open]", "gift = [{ day = 20, level = 1.0, ramp_days = 40 }]\n[strategies.open]"
    )
    later = delayed(loads(text), "swap", "today", (30.0,))
    gift = levels(later, delayed_name(0), "gift")
    assert gift[[20, 25, 29]] == pytest.approx([0.0, 0.125, 0.225])
    assert not gift[30:].any()


def test_delays_that_cannot_be_are_told() -> None:
    club = loads(CLUB)
    with pytest.raises(Faults, match="no such delay"):
        delayed(club, "open", "today", (200.0,))
    with pytest.raises(Faults, match="for other customers"):
        delayed(club, "few", "today", (30.0,))


def test_a_delay_of_what_only_costs_saves_its_cost_to_the_cent() -> None:
    """The desk costs 20 a day from day 0: each day later saves 20, and half a gift comes back at 1.50."""
    found = payback(loads(CLUB), ["today", "swap"], replications=3, delays=(30.0, 60.0))["swap"]
    assert found.day is found.low is found.high is None
    for one in found.delays:
        assert one.per_day == pytest.approx((-18.5, -18.5, -18.5))
        assert one.lost.mean == pytest.approx(-18.5 * one.days)
    assert found.document()["delays"][1]["days"] == 60.0


def test_comparisons_tell_it_and_journeys_without_money_do_not() -> None:
    example = load(FIRST)
    found = compare(example, ["today", "service_first"], customers=200, replications=3, delays=(30.0,))
    told_ = found.document()["payback"]["service_first - today"]
    assert list(told_) == ["day", "low", "high", "delays"]
    assert compare(example, ["today", "service_first"], customers=50, replications=1).payback == {}
    free = loads(CLUB.replace("cost = { per_day = 20.0 }", "").replace("cost = { per_day = 3.0 }", ""))
    assert compare(free, replications=2, measure="occupancy.member").payback == {}

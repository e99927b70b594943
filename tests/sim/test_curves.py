from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.scenarios.files import load, loads
from sojourn.sim.curves import POINTS, combine, trace
from sojourn.sim.network import build
from sojourn.sim.run import run

LOOP = """
format = 1
[scenario]
name = "loop"
start = "buy"
horizon_days = 100
[arrivals]
rate_per_day = 5
[stages.buy]
role = "purchase"
dwell = { law = "exponential", mean = 10 }
exits = { buy2 = 0.5, gone = 0.5 }
[stages.buy2]
role = "purchase"
dwell = { law = "exponential", mean = 10 }
exits = { buy = 0.5, gone = 0.5 }
[stages.gone]
end = true
role = "lost"
"""


@pytest.fixture(scope="module")
def network() -> Any:
    return build(loads(LOOP), "baseline")


@pytest.fixture
def few(network: Any, write: Any, life: Any) -> Any:
    return write(network, [life([("buy", 0), ("buy2", 20.25), ("gone", 60)]), life([("buy", 40)])])


def test_who_is_where_by_day(network: Any, few: Any) -> None:
    one = trace(few, network)
    day = np.searchsorted(one.days, [0, 20, 20.5, 39.5, 40, 59.5, 60, 100])
    assert one.days[day].tolist() == [0, 20, 20.5, 39.5, 40, 59.5, 60, 100]
    assert one.occupancy[0][day].tolist() == [1, 1, 0, 0, 1, 1, 1, 1]
    assert one.occupancy[1][day].tolist() == [0, 0, 1, 1, 1, 1, 0, 0]
    assert one.occupancy[2][day].tolist() == [0, 0, 0, 0, 0, 0, 1, 1]


def test_moves_are_between_stages_only(network: Any, few: Any) -> None:
    flow = combine([trace(few, network)]).flow
    assert {pair: one.mean for pair, one in flow.items()} == {("buy", "buy2"): 1.0, ("buy2", "gone"): 1.0}


def test_occupancy_is_everybody_who_has_come(network: Any, write: Any, life: Any) -> None:
    random = np.random.default_rng(1)
    days = np.sort(random.uniform(0, 100, 200))
    lives = [life([("buy", day), *([("gone", day + 9)] if day < 91 else [])]) for day in days]
    curves = combine([trace(write(network, lives), network)])
    here = np.sum([band.mean for band in curves.occupancy.values()], axis=0)
    assert here.tolist() == np.searchsorted(days, curves.occupancy["buy"].x, side="right").tolist()
    assert np.isnan(curves.occupancy["buy"].low).all()  # one replication has no band


def test_retention_is_kaplan_meier_while_ten_are_followed(network: Any, write: Any, life: Any) -> None:
    # 12 buyers on day 0: three lost on day 30; nobody else; then 20 buyers on day 45, followed for 55 days.
    lives = [life([("buy", 0), ("gone", 30)])] * 3 + [life([("buy", 0)])] * 9 + [life([("buy", 45)])] * 20
    band = combine([trace(write(network, lives), network)]).retention
    assert band is not None
    assert band.x[0] == 0.0
    assert band.x[-1] == 55.0  # after that only nine are followed
    assert band.mean[band.x < 30].tolist() == [1.0] * 60
    assert band.mean[-1] == pytest.approx(1 - 3 / 32)


def test_without_buyers_or_losses_there_is_no_retention(network: Any, write: Any, life: Any) -> None:
    assert combine([trace(write(network, []), network)]).retention is None
    assert combine([trace(write(network, [life([("buy", 99.9)])] * 30), network)]).retention is None


def test_bands_are_students(network: Any, write: Any, life: Any) -> None:
    traces = [trace(write(network, [life([("buy", 1.0)])] * count), network) for count in (30, 34, 45)]
    curves = combine(traces)
    low, high = stats.t.interval(0.9, 2, np.mean([30, 34, 45]), stats.sem([30, 34, 45]))
    band = curves.occupancy["buy"]
    assert (band.mean[-1], band.low[-1], band.high[-1]) == pytest.approx((109 / 3, low, high))
    assert band.x.size == POINTS
    assert curves.retention is not None
    assert curves.retention.low.tolist() == curves.retention.mean.tolist()


def test_the_curve_of_returns_is_the_repeat_rate() -> None:
    found = load("point-of-no-return")
    outcome = run(found, "today", replications=2, customers=3000).outcomes["today"]
    band = outcome.curves.returned
    assert band is not None
    at_90 = float(np.interp(90.0, band.x, band.mean))
    assert at_90 == pytest.approx(outcome.measures["repeat_rate.90"].mean, abs=0.01)
    assert np.all(np.diff(band.mean[band.x < 400]) >= -1e-12)

"""Profit so far, day by day: what the ledger books by then, each line on its day."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sojourn.scenarios.files import load, loads
from sojourn.sim.curves import paid_days, trace
from sojourn.sim.measures import measure
from sojourn.sim.money import book, overhead
from sojourn.sim.network import build
from sojourn.sim.run import run, simulate

from .test_money import CLUB

FIRST = Path(__file__).parents[1] / "scenarios" / "first.toml"


@pytest.mark.parametrize("strategy", ["today", "club"])
def test_each_day_holds_what_a_run_that_ended_then_would_have_booked(strategy: str) -> None:
    """The horizon moved to a day is another way to ask: customers' draws do not depend on it."""
    network = build(loads(CLUB), strategy)
    found = trace(simulate(network, customers=60), network).profit
    days = paid_days(200.0)
    assert days.size == 201
    for day in (1.0, 20.0, 47.0, 100.0, 101.0, 199.0, 200.0):
        shorter = build(loads(CLUB.replace("horizon_days = 200", f"horizon_days = {day:g}")), strategy)
        lived = simulate(shorter, customers=60)
        rows = book(lived, shorter, discounted=True)
        profit = rows.revenue.sum() - rows.cost.sum() - overhead(shorter, day, discounted=True)
        assert found[int(day)] == pytest.approx(profit, rel=1e-9)


def test_the_last_day_is_the_measure() -> None:
    found = run(load(FIRST), customers=300, replications=2).outcomes
    for one in found.values():
        for profit, parts in zip(one.curves.profit, one.parts, strict=True):
            assert profit[-1] == pytest.approx(parts["profit"].value, rel=1e-9)


def test_by_hand(write: Any, life: Any) -> None:
    network = build(loads(CLUB), "today")
    lives = write(
        network, [life([("try", 10), ("stay", 30.5, {"revenue": 40.0, "cost": 6.0}), ("gone", 130)], "plain")]
    )
    profit = trace(lives, network).profit + np.array([overhead(network, day, discounted=True) for day in range(201)])
    delta = np.log(1.3) / 365
    worth = 34.0 * np.exp(-delta * 30.5)
    assert profit[30] == pytest.approx(0.0, abs=1e-9)
    for day, until in ((31, 31.0), (77, 77.0), (130, 130.0), (180, 130.0)):
        running = 0.25 * (np.exp(-delta * 30.5) - np.exp(-delta * until)) / delta
        assert profit[day] == pytest.approx(worth - running, rel=1e-9)
    assert profit[-1] == pytest.approx(
        measure(lives, network)["profit"].value + overhead(network, 200.0, discounted=True)
    )


def test_days_are_whole_and_end_at_the_horizon() -> None:
    assert paid_days(3.5).tolist() == [0.0, 1.0, 2.0, 3.0, 3.5]
    assert paid_days(2.0).tolist() == [0.0, 1.0, 2.0]
    far = paid_days(3650.0)
    assert far.size == 914
    assert far[-1] == 3650.0

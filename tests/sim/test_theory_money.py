"""The value of memoryless customers against its closed forms, with discounting (1 + d)^(-t/365)."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.sim.measures import measure
from sojourn.sim.money import book
from sojourn.sim.network import build

RATE, STAY, EVERY, AMOUNT, DAILY = 0.15, 120.0, 30.0, 50.0, 0.4
BODY = f"""
[stages.a]
race.buy = {{ law = "exponential", mean = {EVERY} }}
race.lost = {{ law = "exponential", mean = {STAY} }}
cost_per_day = {DAILY}
[stages.buy]
role = "purchase"
dwell = {{ law = "deterministic", value = 0 }}
exits = {{ a = 1.0 }}
revenue = {AMOUNT}
[stages.lost]
end = true
role = "lost"
"""
FORCE = math.log1p(RATE) / 365.0


def value_within(days: Any) -> Any:
    """(amount/every - daily) (1 - exp(-(mu + delta) T)) / (mu + delta)."""
    decay = 1.0 / STAY + FORCE
    return (AMOUNT / EVERY - DAILY) * -math.expm1(-decay * days) / decay


def fits(values: Any, expected: Any) -> Any:
    """Student, at a false-alarm rate of 1e-4 two-sided."""
    return abs(values.mean() - expected) < stats.t.isf(0.5e-4, values.size - 1) * values.std(ddof=1) / math.sqrt(
        values.size
    )


def test_a_lifetime(scenario: Any, live: Any) -> None:
    """1,500 customers followed for 25 mean lifetimes; the measure is the same sum."""
    built = scenario(BODY, arrivals="cohort = 1500", horizon=3000, about=f"annual_discount_rate = {RATE}")
    journeys, network = live(built, seed=2), build(built, "baseline")
    money = book(journeys, network, discounted=True)
    worth = np.bincount(journeys.who, money.revenue - money.cost)
    assert fits(worth, value_within(3000.0))
    parts = measure(journeys, network)
    assert parts["profit"].value == pytest.approx(worth.sum(), rel=1e-9)


@pytest.mark.parametrize("days", [90, 365])
def test_a_window_from_arrival(scenario: Any, live: Any, days: Any) -> None:
    """`clv.DAYS` of a stream of arrivals: discounted to arrival, of those who can be followed so long."""
    built = scenario(BODY, arrivals="rate_per_day = 3", horizon=730, about=f"annual_discount_rate = {RATE}")
    journeys, network = live(built, seed=3), build(built, "baseline")
    early = journeys.customers.arrived <= 730 - days
    money = book(journeys, network, discounted=True, window=float(days))
    worth = np.bincount(journeys.who, money.revenue - money.cost)[early]
    assert fits(worth, value_within(float(days)))
    part = measure(journeys, network)[f"clv.{days}"]
    assert part.value / part.denominator == pytest.approx(worth.mean(), rel=1e-9)
    assert part.denominator == early.sum()


def test_undiscounted(scenario: Any, live: Any) -> None:
    built = scenario(BODY, arrivals="cohort = 1500", horizon=3000)
    journeys, network = live(built, seed=4), build(built, "baseline")
    money = book(journeys, network, discounted=False)
    worth = np.bincount(journeys.who, money.revenue - money.cost)
    assert fits(worth, (AMOUNT / EVERY - DAILY) * STAY)


def test_time_spent_is_paid_to_the_day(scenario: Any, live: Any) -> None:
    """Without luck: 1 a day for 10 days from day 0, discounted: (1 - exp(-10 delta)) / delta."""
    body = '[stages.a]\ndwell = { law = "deterministic", value = 10 }\nexits = { b = 1.0 }\ncost_per_day = 1\n'
    body += "[stages.b]\nend = true\n"
    built = scenario(body, arrivals="cohort = 1", horizon=100, about=f"annual_discount_rate = {RATE}")
    parts = measure(live(built), build(built, "baseline"))
    assert -parts["profit"].value == pytest.approx(-math.expm1(-10 * FORCE) / FORCE, rel=1e-12)
    assert parts["cost"].value == pytest.approx(10.0)

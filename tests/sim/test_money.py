from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sojourn.scenarios.files import load, loads
from sojourn.sim.journeys import RENEGED, RESOLVED, UNRESOLVED, WAITING
from sojourn.sim.lives import Lives
from sojourn.sim.measures import measure
from sojourn.sim.money import Running, book, discounted_length, overhead
from sojourn.sim.network import build
from sojourn.sim.run import simulate

FIRST = Path(__file__).parents[1] / "scenarios" / "first.toml"
RATE = 0.3
DELTA = np.log1p(RATE) / 365

CLUB = """
format = 1
[scenario]
name = "club"
start = "try"
horizon_days = 200
annual_discount_rate = 0.3
[arrivals]
cohort = 10
[segments.plain]
share = 0.5
[segments.gold]
share = 0.5
[segments.gold.override]
"stages.stay.cost_per_day" = 0.5
"desks.help.cost_per_contact" = 11.0
[stages.try]
dwell = { law = "exponential", mean = 10 }
exits = { stay = 0.5, gone = 0.5 }
desk = { name = "help", probability = 0.5 }
[stages.stay]
role = "purchase"
cost_per_day = 0.25
race.gone = { law = "exponential", mean = 80 }
[stages.gone]
end = true
role = "lost"
[desks.help]
agents = 2
handle = { law = "exponential", mean = 1 }
cost_per_contact = 5.0
revenue_per_contact = 2.0
cost_per_agent_day = 30.0
[levers.perks]
cost = { per_customer_day = 0.4, per_day = 7.0 }
[levers.staff]
cost = { per_day = 20.0 }
effects = [{ desk = "help", agents = 1, evidence = "assumed" }]
[strategies.today]
[strategies.club]
perks = [{ day = 20, level = 0.5 }, { day = 60, level = 1.0, ramp_days = 40 }, { day = 150, level = 0.2 }]
staff = [{ day = 100, level = 1.0 }]
"""


def level(t: Any) -> Any:
    """Of perks, written down anew."""
    ramp = np.interp(t, [60, 100], [0.5, 1.0])
    return np.where(t < 20, 0.0, np.where(t < 150, ramp, 0.2))


def numeric(rate: Any, start: Any, end: Any, delta: Any = DELTA, n: Any = 400_000) -> Any:
    """Integral of rate(t) exp(-delta t) by the midpoint rule."""
    t = start + (end - start) * (np.arange(n) + 0.5) / n
    return float(np.mean(rate(t) * np.exp(-delta * t)) * (end - start))


@pytest.fixture(scope="module")
def club() -> Any:
    return build(loads(CLUB), "club")


@pytest.fixture
def lives(club: Any, write: Any, life: Any) -> Any:
    return write(
        club,
        [
            life([("try", 10, {"contact": RESOLVED, "waited": 3.0, "handled": 2.0}),
                  ("stay", 30, {"revenue": 40.0, "cost": 6.0, "held": 1}), ("gone", 130, {"held": 1})], "plain"),
            life([("try", 50, {"contact": UNRESOLVED, "waited": 1.0}),
                  ("stay", 55, {"revenue": 90.0, "held": 3})], "gold"),
            life([("try", 199, {"contact": WAITING, "waited": 1.0})], "plain"),
            life([("try", 120, {"contact": RENEGED, "waited": 2.0})], "gold"),
        ],
    )  # fmt: skip


@pytest.mark.parametrize("delta", [0.0, 1e-9, 1e-4, 2e-3, 0.05, -3e-4])
@pytest.mark.parametrize("length", [0.0, 1e-3, 1.0, 30.0, 700.0])
def test_closed_forms_against_quadrature(delta: Any, length: Any) -> None:
    x, w = np.polynomial.legendre.leggauss(60)
    s, w = length * (x + 1) / 2, w * length / 2
    assert discounted_length(length, delta) == pytest.approx(np.sum(w * np.exp(-delta * s)), rel=1e-11)
    rising = Running([0.0, 1000.0], [0.0, 1000.0], delta)  # the level on day s is s
    assert rising(length) == pytest.approx(np.sum(w * s * np.exp(-delta * s)), rel=1e-11)


def test_a_path_with_jumps_and_ramps(club: Any) -> None:
    days, levels = club.path("perks")
    integral = Running(days, levels, DELTA)
    assert integral(np.array([0.0, 20.0])).tolist() == [0.0, 0.0]
    for day in (45.0, 60.0, 73.0, 100.0, 149.0, 200.0):
        assert integral(day) == pytest.approx(numeric(level, 0, day), rel=1e-5)  # quadrature across jumps


@pytest.mark.parametrize("delta", [0.0, DELTA])
def test_a_level_from_some_day_on(delta: float) -> None:
    """Nodes on one day are a jump: what came before them on that day tells nothing."""
    days = np.array([[0.0, 2.0], [3.0, 40.0]])
    expected = np.where(
        days > 3.0, 0.7 * np.exp(-3.0 * delta) * discounted_length(np.maximum(days - 3.0, 0.0), delta), 0.0
    )
    for nodes, levels in (([3.0], [0.7]), ([3.0, 3.0, 3.0], [0.0, 0.4, 0.7])):
        assert Running(nodes, levels, delta)(days) == pytest.approx(expected, rel=1e-14)
    assert Running([], [], delta)(days).tolist() == np.zeros((2, 2)).tolist()
    steps = Running([0.0, 0.0, 10.0], [1.0, 0.5, 0.25], delta, linear=False)
    assert steps(10.0) == pytest.approx(0.5 * discounted_length(10.0, delta))
    assert steps(30.0) - steps(10.0) == pytest.approx(0.25 * np.exp(-10 * delta) * discounted_length(20.0, delta))


def test_rows_undiscounted(club: Any, lives: Any) -> None:
    money = book(lives, club, discounted=False)
    assert money.revenue == pytest.approx([2.0, 40.0, 0.0, 2.0, 90.0, 0.0, 0.0])
    perks = 0.4 * numeric(level, 30, 130, 0.0)
    gold = 0.5 * 145 + 0.4 * numeric(level, 55, 200, 0.0)
    assert money.cost == pytest.approx([5.0, 6.0 + 0.25 * 100 + perks, 0.0, 11.0, gold, 0.0, 0.0], rel=1e-6)


def test_rows_discounted_to_day_0(club: Any, lives: Any) -> None:
    money = book(lives, club, discounted=True)
    factor = (1 + RATE) ** (-13 / 365)
    assert money.revenue[0] == pytest.approx(2 * factor, rel=1e-12)
    running = numeric(lambda t: 0.25 + 0.4 * level(t), 30, 130)
    assert money.cost[1] == pytest.approx(6 * np.exp(-DELTA * 30) + running, rel=1e-6)


def test_a_window_since_arrival(club: Any, lives: Any) -> None:
    money = book(lives, club, discounted=True, window=60.0)
    # The first customer arrives on day 10, so the window closes on day 70.
    running = numeric(lambda t: 0.25 + 0.4 * level(t), 30, 70)
    assert money.cost[1] == pytest.approx((6 * np.exp(-DELTA * 30) + running) * np.exp(DELTA * 10), rel=1e-6)
    assert money.revenue[1] == pytest.approx(40 * np.exp(-DELTA * 20), rel=1e-12)
    early = book(lives, club, discounted=True, window=2.0)
    assert early.revenue.tolist() == pytest.approx([0.0, 0.0, 0.0, 2 * np.exp(-DELTA), 0.0, 0.0, 0.0])
    assert early.cost[1] == 0.0


def test_overhead_comes_whoever_comes(club: Any) -> None:
    flat = 7 * numeric(level, 0, 200, 0.0) + 20 * 100 + 30 * (2 * 100 + 3 * 100)
    assert overhead(club, 200.0, discounted=False) == pytest.approx(flat, rel=1e-6)
    one = np.vectorize(lambda t: 1.0)
    discounted = 7 * numeric(level, 0, 200) + 20 * numeric(one, 100, 200)
    discounted += 30 * (2 * numeric(one, 0, 100) + 3 * numeric(one, 100, 200))
    assert overhead(club, 200.0, discounted=True) == pytest.approx(discounted, rel=1e-6)


def test_totals_add_rows_and_overhead(club: Any, lives: Any) -> None:
    parts = measure(lives, club)
    rows, now = book(lives, club, discounted=False), book(lives, club, discounted=True)
    assert parts["revenue"].value == pytest.approx(rows.revenue.sum())
    assert parts["cost"].value == pytest.approx(rows.cost.sum() + overhead(club, 200.0, discounted=False))
    assert parts["profit.undiscounted"].value == pytest.approx(parts["revenue"].value - parts["cost"].value)
    cost = now.cost.sum() + overhead(club, 200.0, discounted=True)
    assert parts["profit"].value == pytest.approx(now.revenue.sum() - cost)
    assert parts["roi"].figure == pytest.approx((now.revenue.sum() - cost) / cost)


def test_clv_counts_who_could_be_followed(club: Any, lives: Any) -> None:
    parts = measure(lives, club)
    window = book(lives, club, discounted=True, window=90.0)
    assert parts["clv.90"].denominator == 2.0  # arrived on days 10 and 50; 120 and 199 are too late
    assert parts["clv.90"].value == pytest.approx((window.revenue - window.cost)[:5].sum())
    assert parts["clv"].denominator == 2.0  # half the horizon is 100 days


def test_without_a_rate_nothing_is_discounted(write: Any, life: Any) -> None:
    network = build(loads(CLUB.replace("annual_discount_rate = 0.3", "")), "club")
    journeys = write(network, [life([("try", 10), ("stay", 30, {"revenue": 40.0, "held": 1})], "plain")])
    parts = measure(journeys, network)
    assert parts["profit"].value == parts["profit.undiscounted"].value


@pytest.mark.parametrize("strategy", ["today", "service_first", "perks_for_premium"])
def test_customers_add_up_their_rows(strategy: str) -> None:
    """Levers, desks, segments and windows that close within stays and contacts."""
    network = build(load(FIRST), strategy)
    journeys = simulate(network, customers=400)
    lives, windows = Lives(journeys, network), [30.0, 182.5, 365.0]
    revenue, cost, *margins = lives.ledger.each(discounted=True, windows=windows)
    rows = book(journeys, network, discounted=True)
    for each, row in ((revenue, rows.revenue), (cost, rows.cost)):
        expected = np.bincount(journeys.who, weights=row, minlength=lives.count)
        assert each * lives.ledger.worth() == pytest.approx(expected, rel=1e-12)
    plain = book(journeys, network, discounted=False)
    for each, row in zip(lives.ledger.each(discounted=False), plain, strict=True):
        assert each == pytest.approx(np.bincount(journeys.who, weights=row, minlength=lives.count), rel=1e-12)
    for days, margin in zip(windows, margins, strict=True):
        within = book(journeys, network, discounted=True, window=days)
        expected = np.bincount(journeys.who, weights=within.revenue - within.cost, minlength=lives.count)
        followed = journeys.customers.arrived + days <= journeys.horizon
        assert margin == pytest.approx(np.where(followed, expected, 0.0), rel=1e-9, abs=1e-9)

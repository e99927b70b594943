import json
import math
from typing import Any

import numpy as np
import pytest

from sojourn.scenarios.files import loads
from sojourn.sim.estimating import estimate
from sojourn.sim.figures import windows
from sojourn.sim.journeys import REFERRAL, RENEGED, RESOLVED, UNRESOLVED, WAITING
from sojourn.sim.measures import DIRECTION, measure, names, prefix, title, unit
from sojourn.sim.network import build

SHOP = """
format = 1
[scenario]
name = "shop"
start = "visit"
horizon_days = 100
[arrivals]
cohort = 10
[segments.plain]
share = 0.5
[segments.gold]
share = 0.5
[segments.gold.override]
"stages.buy.acquisition_cost" = 7.0
[stages.visit]
dwell = { law = "exponential", mean = 10 }
exits = { buy = 0.5, lapsed = 0.5 }
[stages.buy]
role = "purchase"
acquisition_cost = 3.0
revenue = 20.0
dwell = { law = "exponential", mean = 2 }
exits = { use = 1.0 }
desk = { name = "help", probability = 0.5 }
[stages.use]
race.buy = { law = "exponential", mean = 40 }
race.churned = { law = "exponential", mean = 80 }
referrals = { rate_per_day = 0.001, enters = "visit" }
[stages.lapsed]
end = true
role = "lost"
[stages.churned]
end = true
role = "lost"
[satisfaction]
start = { mean = 70 }
expectation = { mean = 70 }
gain = 0.3
learning = 0.3
recovery = 0.2
nps = { mean = 8.0, per_10_points = 1.0, sd = 2.0 }
[desks.help]
agents = 1
handle = { law = "exponential", mean = 1 }
[surveys.pulse]
stage = "use"
response = 0.5
"""


@pytest.fixture(scope="module")
def network() -> Any:
    return build(loads(SHOP), "baseline")


@pytest.fixture
def figures(network: Any, write: Any, life: Any) -> Any:
    """Six customers by hand; the figure of every measure."""
    asked = {"contact": RESOLVED, "waited": 1.0, "handled": 4.0}
    journeys = write(
        network,
        [
            # lapses on day 10
            life([("visit", 0), ("lapsed", 10)], "plain", satisfaction=10.0),
            # buys on day 20, again on day 50; still in use
            life([("visit", 0), ("buy", 20, asked), ("use", 30), ("buy", 50), ("use", 55)], "plain", satisfaction=80.0),
            # buys on day 40, churns on day 60
            life(
                [("visit", 0), ("buy", 40, {"contact": RENEGED, "waited": 2.0}), ("use", 45), ("churned", 60)],
                "gold",
                satisfaction=20.0,
            ),
            # still visiting
            life([("visit", 10)], "gold", satisfaction=60.0),
            # a referral who buys on day 95 and is being served past the horizon
            life(
                [("visit", 90), ("buy", 95, {"contact": UNRESOLVED, "waited": 3.0, "handled": 9.0})],
                "plain",
                REFERRAL,
                root=1,
                satisfaction=70.0,
            ),
            # buys on day 94 and waits still
            life([("visit", 84), ("buy", 94, {"contact": WAITING, "waited": 6.0})], "plain", satisfaction=70.0),
        ],
    )
    return {name: part.figure for name, part in measure(journeys, network).items()}


# Stays in visit: 10 (lapsed), 20 (buy), 40 (buy), 90 (open), 5 (buy), 10 (buy).
# Survival: 5/6 at 5; 2 of 5 leave at 10, so 3/6; 20 of 3: 2/6; 40 of 2: 1/6; open at 90.
LEFT = 1 / 6
# First purchases: day 20 (lost never, 80 days followed), 40 (lost after 20), 95 (5 days), 94 (6 days).
# Second purchase after 30 days for the first; loss after 20 competes for the second.
KNOWN = {
    "reach.visit": 1.0,
    "reach.buy": 4 / 6,
    "reach.use": 2 / 6,
    "reach.lapsed": 1 / 6,
    "reach.churned": 1 / 6,
    "conversion": 4 / 6,
    "purchases": 5 / 6,
    "step.visit.buy": 1 / 6 + 1 / 6 + 1 / 6 + 1 / 6,
    "step.visit.lapsed": 1 / 6,
    "step.visit.open": LEFT,
    "dwell.visit": 5 + 5 * 5 / 6 + 10 * 3 / 6 + 20 * 2 / 6 + 50 * 1 / 6,
    # Stays in use: 20 (buy), 15 (churned), 45 (open): 1/3 leaves at 15, half of the rest at 20.
    "step.use.buy": 1 / 3,
    "step.use.churned": 1 / 3,
    "step.use.open": 1 / 3,
    "dwell.use": 15 + 5 * 2 / 3 + 25 * 1 / 3,
    # To buy: 20, 40, 5, 10 with one lapsing at 10 and one censored at 90: steps of 1/6 at 5, 10, 20, 40.
    "time_to.buy": 10.0,
    "time_to.lapsed": 10.0,
    "time_to.churned": 60.0,
    "occupancy.visit": 1 / 6,
    "occupancy.buy": 2 / 6,
    "occupancy.use": 1 / 6,
    "occupancy.lapsed": 1 / 6,
    "occupancy.churned": 1 / 6,
    "retention.30": 1 / 2,  # of two still followed at 20, one is lost
    "churn_rate": 1 / ((80 + 20 + 5 + 6) / 30.44),
    "repeat_rate.30": 1 / 2,  # loss at 20 leaves one, who repeats at 30
    "repeat_rate.90": 1 / 2,
    "satisfaction": (80 + 60 + 70 + 70) / 4,
    "referrals": 1 / 6,
    "cac": (3 + 3 + 7 + 3 + 3) / 4,
    "desk.help.requests": 4 / 6,
    "desk.help.failures": 2 / 4,  # one gave up, one was not helped
    "desk.help.failures_per_customer": 2 / 6,
    "desk.help.wait": (1 + 2 + 3 + 6) / 4,
    "desk.help.abandoned": 1 / 4,
    # Busy from 21 to 25 and from 98 to the horizon, with one agent all the time.
    "desk.help.utilisation": (4 + 2) / 100,
}


def normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


@pytest.mark.parametrize("name", KNOWN)
def test_figures_by_hand(figures: Any, name: Any) -> None:
    assert figures[name] == pytest.approx(KNOWN[name], rel=1e-12)


def test_promoters_minus_detractors(figures: Any) -> None:
    latent = [8 + (s - 70) / 10 for s in (80, 60, 70, 70)]
    expected = sum(100 * (normal((x - 8.5) / 2) - normal((6.5 - x) / 2)) for x in latent) / 4
    assert figures["nps"] == pytest.approx(expected, rel=1e-12)


def test_steps_add_up_to_one(figures: Any) -> None:
    for stage in ("visit", "buy", "use"):
        assert sum(v for k, v in figures.items() if k.startswith(f"step.{stage}.")) == pytest.approx(1.0, abs=1e-12)


def test_who_never_gets_there_has_no_figure(figures: Any) -> None:
    assert math.isnan(figures["repeat_rate"])  # nobody is followed for a year
    assert math.isnan(figures["retention.90"])  # the longest follow-up is 80 days


def test_every_measure_of_the_design_is_there(network: Any, figures: Any) -> None:
    assert tuple(figures) == names(network)
    assert {prefix(name) for name in figures} == set(DIRECTION) - {"impressions", "click_through", "information"}
    assert {"clv", "clv.30", "clv.90", "profit.undiscounted"} <= set(figures)
    assert "time_to.visit" not in figures  # everybody starts there
    for name in figures:
        assert unit(name, network.scenario)
        assert " " in title(name) or title(name) in ("Revenue", "Cost")


def test_undefined_is_null_never_nan(network: Any, write: Any) -> None:
    parts = measure(write(network, []), network)
    told = estimate([parts, parts])
    assert "NaN" not in json.dumps({name: one._asdict() for name, one in told.items()}, allow_nan=False)
    assert told["conversion"] == (None, None, None)
    assert told["profit"] == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("arrivals", "horizon", "expected"),
    [
        ("rate_per_day = 1", 365, (30, 90, 180)),
        ("cohort = 5", 365, (30, 90, 180, 365)),
        ("rate_per_day = 1", 1000, (30, 90, 180, 365, 730)),
        ("rate_per_day = 1", 20, ()),
    ],
)
def test_windows_that_a_follow_up_can_outlast(arrivals: Any, horizon: Any, expected: Any) -> None:
    text = SHOP.replace("cohort = 10", arrivals).replace("horizon_days = 100", f"horizon_days = {horizon}")
    network = build(loads(text), "baseline")
    assert windows(network) == expected
    assert "repeat_rate" in names(network)


def test_a_scenario_with_little_has_little() -> None:
    text = """
format = 1
[scenario]
name = "coin"
start = "toss"
horizon_days = 50
[arrivals]
rate_per_day = 1
[stages.toss]
dwell = { law = "deterministic", value = 1 }
exits = { heads = 0.5, tails = 0.5 }
[stages.heads]
end = true
[stages.tails]
end = true
"""
    kinds = {prefix(name) for name in names(build(loads(text), "baseline"))}
    assert kinds == {"profit", "revenue", "cost", "roi", "clv", "reach", "step", "time_to", "dwell", "occupancy"}


def test_losses_before_the_first_purchase_do_not_count(write: Any, life: Any) -> None:
    text = SHOP.replace('[stages.lapsed]\nend = true\n', '[stages.lapsed]\ndwell = { law = "exponential", mean = 9 }\n'
                        "exits = { buy = 1.0 }\n")  # fmt: skip
    network = build(loads(text), "baseline")
    rows = [("visit", 0), ("lapsed", 10), ("buy", 30), ("use", 32), ("lapsed", 40), ("buy", 50)]
    parts = measure(write(network, [life(rows[:4], "plain"), life(rows, "plain")]), network)
    assert parts["churn_rate"].value == 1.0
    assert parts["churn_rate"].denominator == pytest.approx((70 + 10) / 30.44)
    assert parts["retention.30"].figure == pytest.approx(1 / 2)
    assert parts["repeat_rate.30"].figure == 0.0  # the loss on day 40 came first
    assert parts["satisfaction"].denominator == 2.0  # lost for a while, but back at the horizon


def test_impressions_follow_levers_on_arrivals() -> None:
    text = (
        SHOP.replace("cohort = 10", "impressions_per_day = 1000\nclick_through = 0.02\nuntil_day = 80")
        + """
[levers.ads]
cost = { per_day = 1.0 }
effects = [{ arrivals = true, rate_ratio = 4.0, evidence = "assumed" }]
[strategies.today]
[strategies.more]
ads = [{ day = 0, level = 0.5 }, { day = 40, level = 1.0, ramp_days = 20 }]
"""
    )
    scenario = loads(text)
    figures = [estimate([measure_nobody(build(scenario, name))] * 2) for name in ("today", "more")]
    assert figures[0]["impressions"].mean == pytest.approx(80_000)
    # Twice as many to day 40, then 2^(1 + x) on the ramp, then four times as many.
    ramp = 2 * (2 - 1) / math.log(2)
    assert figures[1]["impressions"].mean == pytest.approx(1000 * (40 * 2 + 20 * ramp + 20 * 4), rel=1e-9)
    assert figures[1]["click_through"].mean == 0.0


def measure_nobody(network: Any) -> Any:
    from sojourn.sim.measures import _nobody

    return measure(_nobody(network), network)


def test_agents_who_leave_finish_their_contact() -> None:
    from sojourn.sim.desks import agent_days

    # Two agents to day 10, then none; contacts from 8 to 14 and from 9 to 11.
    days = agent_days([0.0, 10.0], [2, 0], np.array([8.0, 9.0]), np.array([14.0, 11.0]), 20.0)
    assert days == pytest.approx(2 * 10 + 2 * 1 + 1 * 3)


def test_a_stay_of_thirty_days_is_over_on_day_thirty(network: Any, write: Any, life: Any) -> None:
    """Times are sums, and 3.3 + 30 - 3.3 is not 30: rounding must not decide who counts."""
    days = np.random.default_rng(1).uniform(0, 60, 200)
    lives = [life([("visit", day), ("buy", day + 0.1), ("churned", day + 0.1 + 30)], "plain") for day in days]
    parts = measure(write(network, lives), network)
    assert parts["retention.30"].figure == 0.0
    assert parts["dwell.buy"].figure == pytest.approx(30.0, rel=1e-12)

    again = [life([("visit", day), ("buy", day + 0.1), ("buy", day + 30, {"revenue": 9.0})], "plain") for day in days]
    parts = measure(write(network, again), network)
    assert parts["clv.30"].figure == pytest.approx(9.0, rel=1e-12)

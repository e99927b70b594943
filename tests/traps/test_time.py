"""Traps of time: what is unfinished (1), and who is left (2). Seeds are fixed; a tolerance of 4 standard errors is a false alarm
once in 16,000 draws of the seed.
"""

from typing import Any

import numpy as np
import pytest

from sojourn.sim.estimates import Estimate
from sojourn.sim.run import run

Z = 1.645  # standard errors from the mean to the end of a 90 % interval
SLOW = """
[stages.a]
exits.b = { probability = 0.6, dwell = { law = "exponential", mean = 20 } }
exits.c = { probability = 0.4, dwell = { law = "exponential", mean = 5 } }
[stages.b]
end = true
[stages.c]
end = true
"""
SUBSCRIBED = """
[frailty]
loads = { "a -> lost" = 1.0 }
[stages.a]
role = "purchase"
race.lost = { law = "exponential", mean = 200 }
[stages.lost]
end = true
role = "lost"
"""


def error(estimate: Estimate) -> float:
    assert estimate.low is not None
    assert estimate.high is not None
    return (estimate.high - estimate.low) / 2 / Z


def mean(estimate: Estimate) -> float:
    assert estimate.mean is not None
    return estimate.mean


def test_trap_1_a_funnel_that_ignores_lags_and_censoring(scenario: Any, live: Any) -> None:
    """60 % go on to b, the slow way. Naive: those who went on over those who came (.48), or over those who have left (.56), for
    whoever came lately had no time to go on. Right: step.a.b, which follows the stays for as long as each was seen: .60.
    """
    young = scenario(SLOW, horizon=100, arrivals="rate_per_day = 100")
    (outcome,) = run(young, replications=4).outcomes.values()
    right = outcome.measures["step.a.b"]
    true = 0.6 * (1 - np.exp(-100 / 20))  # by the longest follow-up
    assert mean(right) == pytest.approx(true, abs=4 * error(right))
    assert error(right) < 0.01

    customers = gone = went_on = 0
    for replication in range(4):
        journeys = live(young, replication=replication)
        stays = journeys.next_stage[journeys.events.stage == journeys.stages.index("a")]
        customers += stays.size
        gone += int((stays >= 0).sum())
        went_on += int((stays == journeys.stages.index("b")).sum())
    assert mean(outcome.measures["reach.b"]) == pytest.approx(
        went_on / customers
    )  # "ever, by now": says that it is raw
    assert went_on / customers < true - 0.1
    assert went_on / gone < true - 0.03

    (old,) = run(
        scenario(SLOW, horizon=400, arrivals="rate_per_day = 100\nuntil_day = 100"), replications=4
    ).outcomes.values()
    assert mean(old.measures["reach.b"]) == pytest.approx(
        0.6, abs=0.015
    )  # with all the time there is, it does not matter


def test_trap_1_what_nobody_has_seen_the_end_of_stays_open(scenario: Any) -> None:
    """A cohort seen for ten days. Naive: 24 % go on, or 41 % of those who left. Right: 24 % have, and 42 % are still open."""
    (outcome,) = run(scenario(SLOW, horizon=10, arrivals="cohort = 20000"), replications=2).outcomes.values()
    found = {name: mean(outcome.measures[f"step.a.{name}"]) for name in ("b", "c", "open")}
    assert found["b"] == pytest.approx(0.6 * (1 - np.exp(-0.5)), abs=0.01)
    assert found["open"] == pytest.approx(0.6 * np.exp(-0.5) + 0.4 * np.exp(-2), abs=0.01)
    assert sum(found.values()) == pytest.approx(1)


def test_trap_2_rising_retention_is_sorting(scenario: Any, live: Any) -> None:
    """Everybody's hazard is constant, but not everybody's is the same. Naive: retention of a cohort rises from period to period,
    so customers become loyal. Right: they do not; those who leave readily have left. Among people alike it does not rise.
    """
    about = scenario(SUBSCRIBED, horizon=400, arrivals="cohort = 40000")
    journeys = live(about)
    days = journeys.until[journeys.events.stage == journeys.stages.index("a")]
    frailty = journeys.customers.frailty

    def kept(who: Any) -> tuple[Any, Any]:
        left = np.array([(days[who] >= start).sum() for start in range(0, 401, 100)])
        share = left[1:] / left[:-1]
        return share, np.sqrt(share * (1 - share) / left[:-1])

    all_share, all_error = kept(np.ones(days.size, dtype=bool))
    rises = np.diff(all_share)
    assert (rises > 4 * np.hypot(all_error[1:], all_error[:-1])).all()

    alike_share, alike_error = kept(np.abs(frailty) < 0.15)
    assert np.abs(alike_share - np.exp(-0.5)).max() < 4 * alike_error.max()
    assert abs(alike_share[-1] - alike_share[0]) < 4 * np.hypot(alike_error[-1], alike_error[0])

    # The measure says what the whole cohort does: the mean of exp(-h t exp(Z)) over standard normal Z.
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    expected = float((weights * np.exp(-365 / 200 * np.exp(nodes))).sum() / weights.sum())
    (outcome,) = run(about, replications=1).outcomes.values()
    right = outcome.measures["retention.365"]
    assert mean(right) == pytest.approx(expected, abs=4 * error(right))
    assert expected > np.exp(-365 / 200) + 0.05  # above what the customer in the middle does

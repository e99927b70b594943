"""What a scenario implies before a run, against closed forms."""

import math

import numpy as np
import pytest

from sojourn.scenarios.files import loads
from sojourn.scenarios.model import Scenario
from sojourn.sim.outlook import averaged, settled

TEXT = """
format = 1
[scenario]
name = "a"
start = "a"
horizon_days = 1e5
[arrivals]
cohort = 10
[stages.a]
dwell = { law = "exponential", mean = 5 }
exits = { b = 0.3, gone = 0.7 }
touchpoint = { performance = 70, sd = SPREAD }
[stages.b]
race.a = { law = "exponential", mean = 100 }
race.gone = { law = "exponential", mean = 300 }
[stages.gone]
end = true
[frailty]
loads = { "a -> b" = 1.0, "b -> a" = 0.8 }
[satisfaction]
start = { mean = 60, sd = 0 }
expectation = { mean = 70, sd = 0 }
gain = 0.2
learning = LEARNING
recovery = 0.1
[levers.care]
response = { half = 0.5, slope = 2.0 }
effects = [{ touchpoint = "a", points = 10 }]
[strategies.today]
[strategies.cared]
care = 0.5
"""


def scenario(spread: float = 4.0, learning: float = 0.25) -> Scenario:
    return loads(TEXT.replace("SPREAD", str(spread)).replace("LEARNING", str(learning)))


def test_satisfaction_settles_where_its_drift_and_its_recovery_meet() -> None:
    # E' = E + k (P - E) settles at variance k / (2 - k) sd^2, so P - E is normal with variance 2 / (2 - k) sd^2. A gain a on
    # (x)+ - lambda (x)- drifts by a (1 - lambda) sigma / sqrt(2 pi), and w (S0 - S) holds against it.
    (found,) = settled(scenario(), "today")
    sigma = 4.0 * math.sqrt(2.0 / (2.0 - 0.25))
    expected = 60.0 + 0.2 * (1.0 - 2.0) * sigma / math.sqrt(2.0 * math.pi) / 0.1
    assert found.start == 60.0
    assert found.mean == pytest.approx(expected, abs=0.1)


def test_without_learning_better_performance_stays_felt() -> None:
    # P - E is constant: S settles at S0 + a (P - E) / w. The lever at .5 counts f(.5) = (1 + .25) / 2 = .625 of 10 points.
    (found,) = settled(scenario(spread=0.0, learning=0.0), "cared")
    assert found.mean == pytest.approx(60.0 + 0.2 * 6.25 / 0.1, abs=0.1)


def test_shares_averaged_over_frailty() -> None:
    z = np.linspace(-9.0, 9.0, 200_001)
    weight = np.exp(-z * z / 2.0) / np.exp(-z * z / 2.0).sum()
    choice = float((weight / (1.0 + 0.7 / 0.3 * np.exp(-z))).sum())
    race = float((weight / (1.0 + (1.0 / 300.0) / (1.0 / 100.0) * np.exp(-0.8 * z))).sum())
    found = {row.exit: row for row in averaged(scenario())}
    assert list(found) == ["a -> b", "a -> gone", "b -> a", "b -> gone"]
    assert found["a -> b"].stated == pytest.approx(0.3)
    assert found["a -> b"].average == pytest.approx(choice, abs=1e-6)
    assert found["b -> a"].stated == pytest.approx(0.75, abs=2e-3)
    assert found["b -> a"].average == pytest.approx(race, abs=2e-3)
    assert found["b -> a"].race


def test_shares_averaged_over_a_customers_own_draws() -> None:
    """A gamma race against its closed form; a beta with a load against draws; a beta alone has its stated mean."""
    text = """
format = 1
[scenario]
name = "own"
start = "a"
horizon_days = 50
[arrivals]
cohort = 10
[frailty]
gamma = { "a -> b" = 0.3 }
loads = { "b -> c" = 1.0 }
beta = { "b -> d" = 1.2, "c -> d" = 0.5 }
[stages.a]
race.b = { law = "exponential", mean = 20 }
[stages.b]
dwell = { law = "deterministic", value = 1 }
exits = { c = 0.6, d = 0.4 }
[stages.c]
dwell = { law = "deterministic", value = 1 }
exits = { d = 0.6, e = 0.4 }
[stages.d]
end = true
[stages.e]
end = true
"""
    found = {row.exit: row for row in averaged(loads(text))}
    assert set(found) == {"a -> b", "b -> c", "b -> d"}
    assert found["a -> b"].stated == pytest.approx(1 - np.exp(-2.5), abs=1e-3)
    assert found["a -> b"].average == pytest.approx(1 - (1 + 2.5 / 0.3) ** -0.3, abs=1e-3)
    draws = np.random.default_rng(1)
    own, z = draws.beta(0.48, 0.72, 400_000), draws.standard_normal(400_000)
    shifted = np.mean((1 - own) * np.exp(z) / (own + (1 - own) * np.exp(z)))
    assert found["b -> c"].stated == pytest.approx(0.6)
    assert found["b -> c"].average == pytest.approx(float(shifted), abs=0.003)  # four standard errors of the draws

import math

import numpy as np
import pytest
from scipy.stats import norm

from sojourn.experiments.trials import Amounts, Counts, Design, Means, Shares, sampled, sizing

DESIGNS: list[tuple[Design, float]] = [
    (Shares(0.25), 0.2),
    (Shares(0.02), -0.3),
    (Shares(0.4, hazard=True), math.log(0.85)),
    (Counts(40.0), math.log(1.087)),
    (Counts(0.5, 1.0), math.log(1.5)),
    (Means(12.0), 3.0),
    (Amounts(0.7), math.log(1.1)),
]


def test_the_closed_form_of_two_proportions() -> None:
    """Fleiss, Levin and Paik 2003, table A.4 without correction: .25 against .40 at 80 % power and 5 % takes 152 in each arm."""
    design = Shares(0.25)
    effect = math.log(0.4 / 0.6) - math.log(0.25 / 0.75)
    assert design.under(effect) == pytest.approx(0.4)
    assert math.ceil(design.size(effect, 0.8)) == 152


@pytest.mark.parametrize(("design", "effect"), DESIGNS)
def test_simulated_power_agrees_with_the_closed_form(design: Design, effect: float) -> None:
    """The size read off 8 simulated powers has an error of about 1.5 %; exact tests of small counts differ by a few per cent."""
    found = sizing(design, effect, seed=1)
    assert found is not None
    assert found.simulated == pytest.approx(found.formula, rel=0.07, abs=2)


@pytest.mark.parametrize(("design", "effect"), DESIGNS)
def test_without_an_effect_tests_reject_at_their_rate(design: Design, effect: float) -> None:
    """4,000 tests at 5 %: outside 3.6 to 6.4 % with a chance of 5e-5 each, were they exact; discreteness adds a little."""
    n = max(200, round(design.size(effect, 0.8)))
    rate = design.rejected(n, 0.0, 4000, np.random.Generator(np.random.Philox(key=3))).mean()
    assert 0.036 <= rate <= 0.064


@pytest.mark.parametrize(("design", "effect"), DESIGNS)
def test_the_stated_error_is_that_of_simulated_estimates(design: Design, effect: float) -> None:
    """A test of size n finds the effect as often as effect over error says: within 4 points at half power."""
    n = round(design.size(effect, 0.5))
    power = design.rejected(n, effect, 4000, np.random.Generator(np.random.Philox(key=4))).mean()
    assert norm.cdf(abs(effect) / design.error(n, effect) - norm.ppf(0.975)) == pytest.approx(power, abs=0.04)


def test_no_effect_has_no_size() -> None:
    assert sizing(Shares(0.3), 0.0, 1) is None


def test_a_test_is_worth_what_the_closed_form_of_normals_says() -> None:
    """Prior N(m, s), estimate of error e: the posterior mean is N(m, s^2 / sqrt(s^2 + e^2)), and the value that of knowing it."""
    m, s = 20.0, 100.0
    theta = m + s * norm.ppf((np.arange(400) + 0.5) / 400)
    benefits = np.column_stack((np.zeros(400), theta))
    for error in (20.0, 100.0, 300.0):
        sd = s**2 / math.hypot(s, error)
        truth = sd * norm.pdf(m / sd) - m * norm.cdf(-m / sd)
        assert sampled(theta, benefits, error) == pytest.approx(truth, rel=0.03, abs=0.05)


def test_larger_tests_are_worth_more_and_none_more_than_knowing() -> None:
    theta = np.linspace(-1.0, 1.0, 101)
    benefits = np.column_stack((np.zeros(101), 50.0 * theta**3 + 2.0))
    values = [sampled(theta, benefits, error) for error in (10.0, 1.0, 0.3, 0.1, 0.01)]
    assert values == sorted(values)
    exact = float(np.mean(benefits.max(axis=1)) - 2.0)
    assert values[-1] == pytest.approx(exact, rel=0.02)
    assert values[0] < 0.05 * exact

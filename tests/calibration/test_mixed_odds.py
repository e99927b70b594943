"""Own chances beside effects: the likelihood, planted numbers covered, and neither taken for the other."""

import itertools
import math
from typing import NamedTuple

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betaln

from sojourn.calibration.mixed_odds import fit_mixed, log_likelihood, own_chance_beside
from sojourn.calibration.odds import Odds, Ways, fit_odds
from sojourn.calibration.regressions import regress_odds
from sojourn.calibration.resting import tried
from sojourn.calibration.stays import Floats, Integers

Z = 1.6448536269514722


class Planted(NamedTuple):
    """Stays of a choice of `a` and `b`; columns are a trait and visits before, up to four."""

    ways: Ways
    customer: Integers


def planted(seed: list[int], strength: float | None, slope: float, per_visit: float, customers: int = 400) -> Planted:
    """Customers with some four stays, three tenths of which end at `a` (10 days; else 20), the last perhaps still open.

    `slope` is of the log-odds of `a` by a standard normal trait.
    """
    rng = np.random.default_rng(seed)
    who, taken, open_for, rows = [], [], [], []
    for customer in range(customers):
        trait = float(rng.normal())
        mine = float(rng.beta(0.3 * strength, 0.7 * strength)) if strength is not None else 0.3
        stays = 1 + int(rng.poisson(3.0))
        for k in range(stays):
            odds = math.log(mine / (1.0 - mine)) + slope * trait + per_visit * min(k, 4)
            way = 0 if rng.uniform() < 1.0 / (1.0 + math.exp(-odds)) else 1
            length, cut = float(rng.exponential((10.0, 20.0)[way])), float(rng.exponential(20.0))
            who.append(customer)
            taken.append(-1 if k == stays - 1 and length > cut else way)
            open_for.append(cut)
            rows.append((trait, float(min(k, 4))))
    survival = np.exp(-np.array(open_for)[None, :] / np.array([[10.0], [20.0]]))
    return Planted(Ways(np.array(taken), survival, np.array(rows)), np.array(who))


def told(world: Planted) -> tuple[Odds, Odds | None]:
    """The effects alone, and with own chances where these are claimed."""
    found = regress_odds(world.ways, 0)
    assert found is not None
    both = own_chance_beside(world.ways, world.customer, ("a", "b"), 0, found[0], found[1], ("a", "b"))
    return found[0], None if both is None else both[0]


@pytest.mark.parametrize("own", [0, 1, 2])
@pytest.mark.parametrize("strength", [1.0, 3.0, 60.0])
def test_the_likelihood_is_the_integral_over_each_customer_s_chance(own: int, strength: float) -> None:
    """Three exits, two segments, one column and open stays: the weights of `sim.choosing.weight`, integrated by quadrature."""
    rng = np.random.default_rng(4)
    customer = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3])
    segment = np.array([0.0, 1.0, 1.0, 0.0])
    columns = np.column_stack((segment[customer], rng.normal(size=12)))
    taken = np.array([0, 1, 2, -1, 1, 1, -1, 2, 0, -1, 0, 0])
    ways = Ways(taken, rng.uniform(0.1, 0.9, (3, 12)), columns)
    base, slopes = np.array([0.3, -0.4]), np.array([[0.2, 0.9], [-0.3, -0.6]])
    found = Odds(base, slopes, np.eye(7), 0.0, own, math.log(strength))

    def chances(row: int, odds: float, mean: float) -> Floats:
        weights = np.append(0.0, base + slopes @ columns[row])
        weights[own] += odds - math.log(mean / (1.0 - mean))
        return np.asarray(np.exp(weights - np.logaddexp.reduce(weights)))

    total = 0.0
    for k in range(4):
        at_rest = np.exp(np.append(0.0, base + slopes[:, 0] * segment[k]))
        mean = float(at_rest[own] / at_rest.sum())

        def seen(odds: float, k: int = k, mean: float = mean) -> float:
            a, b = strength * mean, strength * (1.0 - mean)
            value = math.exp(a * odds - strength * float(np.logaddexp(0.0, odds)) - float(betaln(a, b)))
            for row in np.flatnonzero(customer == k).tolist():
                p = chances(row, odds, mean)
                value *= float(p[taken[row]] if taken[row] >= 0 else p @ ways.survival[:, row])
            return value

        middle = math.log(mean / (1.0 - mean))
        cuts = [-300.0, -40.0, middle - 6.0, middle - 1.0, middle, middle + 1.0, middle + 6.0, 40.0, 300.0]
        total += math.log(sum(quad(seen, low, high)[0] for low, high in itertools.pairwise(cuts)))
    assert log_likelihood(ways, customer, own, 1, found) == pytest.approx(total, rel=1e-7)


def test_without_a_difference_to_speak_of_it_is_the_regression_alone() -> None:
    """A strength of ten thousand: the beta law is nearly a point, and the likelihood that of odds within its variance."""
    world = planted([1, 1], None, 0.6, 0.3, 60)
    alone = fit_odds(world.ways)
    assert alone is not None
    near = alone._replace(log_strength=math.log(1e4))
    # Second order in the spread of log-odds, 1 / (1e4 * .21): the sum of squares of some 250 residuals of customers.
    assert log_likelihood(world.ways, world.customer, 1, 0, near) == pytest.approx(alone.log_likelihood, abs=0.1)


def test_planted_numbers_are_covered() -> None:
    """Base, slopes .6 and .3 and a + b = 3 in 40 logs: 29 intervals of 90 % each at least (alarm .04 % each), all claimed."""
    truth = np.array([math.log(0.7 / 0.3), -0.6, -0.3, math.log(3.0)])
    inside = np.zeros(4)
    for seed in range(40):
        _, both = told(planted([2, seed], 3.0, 0.6, 0.3))
        assert both is not None
        at = np.concatenate((both.base, both.slopes.ravel(), [both.log_strength or 0.0]))
        inside += np.abs(at - truth) <= Z * np.sqrt(np.diag(both.covariance))
    assert np.all(inside >= 29), inside


def test_own_chances_are_not_claimed_where_only_columns_shift_the_odds() -> None:
    """60 logs with strong effects and 40 with none: at 1 % more than 5 claims have a chance of .05 %."""
    claimed = sum(told(planted([3, seed], None, 1.5, 0.3, 200))[1] is not None for seed in range(60))
    claimed += sum(told(planted([4, seed], None, 0.0, 0.0, 200))[1] is not None for seed in range(40))
    assert claimed <= 5


def test_own_chances_are_not_taken_for_what_the_past_does() -> None:
    """Only own chances, a + b = 3, in 40 logs: how often `a` was taken before is told to matter in 10 at most (alarm .15 %).

    Fitted without own chances, whoever took an exit before always seems to take it again for that reason. A count of all visits
    would not show it here: how often customers come does not hang on how they leave.
    """
    wrong = naive = 0
    for seed in range(40):
        world = taken_before(planted([5, seed], 3.0, 0.0, 0.0))
        alone, both = told(world)
        assert both is not None
        wrong += abs(both.slopes[0, 0]) > Z * both.errors[0, 0]
        naive += abs(alone.slopes[0, 0]) > Z * alone.errors[0, 0]
    assert naive == 40
    assert wrong <= 10


def taken_before(world: Planted) -> Planted:
    """The same with one column: how often the customer had taken `a` before, known at entry."""
    mine = (world.ways.taken == 0).astype(np.float64)
    first = np.searchsorted(world.customer, world.customer)
    before = np.cumsum(mine) - mine
    return world._replace(ways=world.ways._replace(columns=np.minimum(before - before[first], 4.0)[:, None]))


def test_of_three_exits_the_one_that_differs_is_found() -> None:
    """q of `c` is beta (1, 3); the others share the rest 2 to 1, and a column shifts `b`. All numbers within 4 errors."""
    rng = np.random.default_rng(11)
    customer = np.repeat(np.arange(600), 4)
    q, x = rng.beta(1.0, 3.0, 600)[customer], rng.normal(size=customer.size)
    weights = np.array([2.0 / 3.0 * (1.0 - q), 1.0 / 3.0 * (1.0 - q) * np.exp(0.7 * x), q])
    way = (rng.uniform(size=customer.size) > np.cumsum(weights / weights.sum(axis=0), axis=0)).sum(axis=0)
    ways = Ways(way, np.ones((3, customer.size)), x[:, None])
    found = regress_odds(ways, 0)
    assert found is not None
    both = own_chance_beside(ways, customer, ("a", "b", "c"), 0, *found, ("a", "b", "c"))
    assert both is not None
    odds, own = both
    assert own.to == "c"
    assert own.chance < 1e-6
    truth = np.array([math.log(0.5), math.log(0.25 / 0.5), 0.7, 0.0, math.log(4.0)])
    at = np.concatenate((odds.base, odds.slopes.ravel(), [odds.log_strength or 0.0]))
    assert np.all(np.abs(at - truth) < 4.0 * np.sqrt(np.diag(odds.covariance)))
    assert own.probability == pytest.approx(odds.probabilities[2], abs=1e-12)


def test_a_fit_does_not_hang_on_how_stays_are_cut_into_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    world = planted([6, 1], 3.0, 0.6, 0.3, 200)
    start = fit_odds(world.ways)
    assert start is not None
    whole = fit_mixed(world.ways, world.customer, 1, 0, start)
    monkeypatch.setattr("sojourn.calibration.mixed_odds.BLOCK", 50)
    parts = fit_mixed(world.ways, world.customer, 1, 0, start)
    assert whole is not None
    assert parts is not None
    np.testing.assert_allclose(parts.slopes, whole.slopes, rtol=1e-4)
    assert parts.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-5)


def test_a_fit_to_very_many_begins_with_some_and_ends_at_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    world = planted([6, 2], 3.0, 0.6, 0.3, 300)
    start = fit_odds(world.ways)
    assert start is not None
    whole = fit_mixed(world.ways, world.customer, 1, 0, start)
    monkeypatch.setattr("sojourn.calibration.mixed_odds.SOME", 100)
    quick = fit_mixed(world.ways, world.customer, 1, 0, start)
    assert whole is not None
    assert quick is not None
    np.testing.assert_allclose(quick.slopes, whole.slopes, rtol=1e-3)
    np.testing.assert_allclose(quick.covariance, whole.covariance, rtol=1e-2, atol=1e-6)


def test_few_who_come_back_tell_nothing() -> None:
    world = planted([7, 1], 3.0, 0.6, 0.0, 15)
    found = regress_odds(world.ways, 0)
    assert found is not None
    assert own_chance_beside(world.ways, world.customer, ("a", "b"), 0, *found, ("a", "b"), "a") is None


def test_which_exits_may_have_own_chances() -> None:
    assert tried(("a", "b"), {}) == ("a", "b")
    assert tried(("a", "b"), {"a": "none"}) == ()
    assert tried(("a", "b"), {"a": "none", "b": "beta"}) == ("b",)
    assert tried(("a", "b", "c"), {"a": "none"}) == ("b", "c")
    assert tried(("a", "b", "c"), dict.fromkeys("abc", "none")) == ()


def test_effects_beside_own_chances_are_pulled_together_too() -> None:
    """Two more columns, which do nothing: base, slopes and a + b within 3.9 errors (1e-4 each), said alike by both parts."""
    world = planted([8, 1], 3.0, 0.6, 0.3)
    idle = np.random.default_rng(8).normal(size=(world.customer.size, 2))
    ways = world.ways._replace(columns=np.hstack((world.ways.columns, idle)))
    found = regress_odds(ways, 0)
    assert found is not None
    both = own_chance_beside(ways, world.customer, ("a", "b"), 0, *found, ("a", "b"))
    unpulled = fit_mixed(ways, world.customer, 0, 0, found[0], spread=found[1])
    assert both is not None
    assert unpulled is not None
    odds, own = both
    at = np.concatenate((odds.base, odds.slopes.ravel(), [odds.log_strength or 0.0]))
    truth = np.array([math.log(0.7 / 0.3), -0.6, -0.3, 0.0, 0.0, math.log(3.0)])
    assert np.all(np.abs(at - truth) < 3.9 * np.sqrt(np.diag(odds.covariance)))
    assert np.all(np.abs(odds.slopes) < np.abs(unpulled.slopes))
    assert own.theta[1] == odds.log_strength
    assert own.probability == pytest.approx(odds.probabilities[0], abs=1e-12)

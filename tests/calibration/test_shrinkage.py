"""Effects pulled together: against integrals, intervals that hold a lone effect, and what could not be fitted."""

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import multivariate_normal, norm

from sojourn.calibration.differences import Differences
from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.hazards import Hazard, spans
from sojourn.calibration.odds import Odds, Ways, fit_odds
from sojourn.calibration.posterior import companion
from sojourn.calibration.regressions import Effect, pulled_odds, regress, regress_odds
from sojourn.calibration.shrinkage import SPREADS, USUAL, WIDE, pull
from sojourn.calibration.stays import Floats
from tests.calibration.test_choice_differences import written

Z = 1.6448536269514722


def test_the_pull_is_the_integral_over_coefficients_and_spreads() -> None:
    """A base that is left alone, tied to a coefficient on a column of root mean square 3: mean and variance by sums over a grid.

    The likelihood is normal, so that only the grid's steps are between the two.
    """
    centre, likelihood = np.array([0.4, 0.3]), np.array([[0.05, 0.02], [0.02, 0.04]])
    unit = 3.0
    curved = np.linalg.inv(likelihood) + np.diag([0.0, unit**2 / WIDE**2])
    wide = np.linalg.inv(curved)
    at = wide @ np.linalg.inv(likelihood) @ centre
    found = pull(at, wide, np.array([1]), np.array([unit]))

    base, slope = np.meshgrid(np.linspace(-1.5, 2.5, 801), np.linspace(-1.5, 1.5, 1201), indexing="ij")
    seen = multivariate_normal(centre, likelihood).pdf(np.stack((base, slope), axis=-1))
    prior = np.zeros_like(slope)
    for spread in (one for one in SPREADS if one <= WIDE):
        prior += spread / (1.0 + (spread / USUAL) ** 2) * norm(0.0, spread / unit).pdf(slope)
    weight = seen * prior / float(np.sum(seen * prior))
    means = np.array([float(np.sum(weight * base)), float(np.sum(weight * slope))])
    assert found.mean == pytest.approx(means, abs=1e-3)
    moved = at - found.mean
    own = found.covariance - np.outer(moved, moved)
    assert own[0, 0] == pytest.approx(float(np.sum(weight * (base - means[0]) ** 2)), rel=0.01)
    assert own[1, 1] == pytest.approx(float(np.sum(weight * (slope - means[1]) ** 2)), rel=0.01)
    assert own[0, 1] == pytest.approx(float(np.sum(weight * (base - means[0]) * (slope - means[1]))), rel=0.01)


def test_many_data_make_the_pull_vanish() -> None:
    at, covariance = np.array([1.0, 0.5, 0.0, 0.0]), 1e-6 * np.eye(4)
    found = pull(at, covariance, np.array([1, 2, 3]), np.ones(3))
    assert found.mean == pytest.approx(at, abs=1e-4)
    assert found.covariance == pytest.approx(covariance, abs=1e-8)


def choices(seed: int, customers: int, slopes: Floats) -> Ways:
    """Two exits and standard normal columns; some stays are open still."""
    rng = np.random.default_rng([31, seed])
    columns = rng.normal(size=(customers, slopes.size))
    way = (rng.uniform(size=customers) < 1.0 / (1.0 + np.exp(0.4 - columns @ slopes))).astype(np.int64)
    length, cut = rng.exponential(np.array([10.0, 20.0])[way]), rng.exponential(40.0, customers)
    return Ways(np.where(length < cut, way, -1), np.exp(-cut / np.array([[10.0], [20.0]])), columns)


def on_odds(seed: int, customers: int, slopes: Floats) -> Odds:
    """The fit of a choice, pulled."""
    ways = choices(seed, customers, slopes)
    found = regress_odds(ways, 0)
    assert found is not None
    assert found[1] == WIDE
    return pulled_odds(found[0], ways, 0)[0]


def on_hazards(seed: int, customers: int, slopes: Floats) -> Hazard:
    """The fit of one exit of a race, pulled."""
    rng = np.random.default_rng([32, seed])
    columns = rng.normal(size=(customers, slopes.size))
    length = 30.0 * (rng.exponential(size=customers) / np.exp(columns @ slopes)) ** (1.0 / 1.5)
    cut = rng.uniform(10.0, 80.0, customers)
    sample = spans(np.minimum(length, cut), length < cut, np.arange(customers), 0.01, columns)
    found = regress(sample, 0, None)
    assert found is not None
    assert found[1] is not None
    return found[0]


LONE, NONE, FEW = np.array([0.5, 0.0, 0.0, 0.0, 0.0]), np.zeros(5), np.array([0.3, -0.3, 0.3, -0.3, 0.0, 0.0, 0.0, 0.0])
Fitted = Callable[[int, int, Floats], Odds | Hazard]


def held(fitted: Fitted, customers: int, slopes: Floats, logs: int) -> NDArray[np.int64]:
    """By column, how many intervals of 90 % hold the planted number."""
    found = [fitted(seed, customers, slopes) for seed in range(logs)]
    inside = [np.abs(one.slopes.ravel() - slopes) <= Z * one.errors.ravel() for one in found]
    return np.asarray(np.sum(inside, axis=0))


@pytest.mark.parametrize(("fitted", "customers"), [(on_odds, 250), (on_hazards, 60)])
def test_a_lone_effect_is_held_by_its_interval(fitted: Fitted, customers: int) -> None:
    """.5 beside four columns that do nothing, 60 logs: 45 of 60 each at least (at a rate of 90 % fewer have .02 %, of 87 % .4 %).

    By the likeliest spread alone, and without the pull in the error, it is 36 and 32 of 60.
    """
    assert np.all(held(fitted, customers, LONE, 60) >= 45)


def test_the_pull_makes_the_error_of_all_smaller() -> None:
    """60 customers, eight columns, half of which do something, 40 logs: squared errors less than half those without a pull."""
    pulled = free = 0.0
    for seed in range(40):
        alone = fit_odds(choices(seed, 60, FEW))
        if alone is not None:
            free += float(np.sum((alone.slopes - FEW) ** 2))
            pulled += float(np.sum((on_odds(seed, 60, FEW).slopes - FEW) ** 2))
    assert free > 0.0
    assert pulled < 0.5 * free


def test_a_word_none_of_whose_stays_took_the_exit_has_an_effect_all_the_same() -> None:
    """Its hazard ratio has no maximum; held back by a prior it has one, and an interval that says how little is known."""
    rng = np.random.default_rng(33)
    word = (np.arange(200) < 8).astype(np.float64)
    days = rng.exponential(20.0, 200)
    sample = spans(days, word == 0.0, np.arange(200), 0.01, word[:, None])
    found = regress(sample, 0, None)
    assert found is not None
    assert found[1] is not None
    assert float(found[0].slopes[0]) < 0.0
    assert float(found[0].errors[0]) > 0.5


def at_two_times(folder: Path) -> Fit:
    """A choice whose stays last some 2 days or some 40, which no law says; log-odds 1 of buying a unit of size."""
    rng = np.random.default_rng(34)
    rows = ["who,when,what,size"]
    for customer in range(700):
        size, at = round(float(rng.normal(2.0, 1.0)), 3), float(rng.uniform(0.0, 60.0))
        rows.append(f"{customer},{at!r},waiting,{size}")
        buys = rng.uniform() < 1.0 / (1.0 + math.exp(2.0 - size))
        at += float(rng.normal(*((2.0, 0.2) if rng.uniform() < 0.5 else (40.0, 2.0))))
        if at < 100.0:
            rows.append(f"{customer},{at!r},{'bought' if buys else 'browsed'},{size}")
    last = '[covariates]\nsize = "size"\n[forms]\nwaiting = "choice"\n'
    return fit(written(folder, rows, "", last))


def test_effects_are_fitted_where_times_are_read_from_the_data(tmp_path: Path) -> None:
    """The planted log-odds within 3.9 standard errors (1e-4); draws of probabilities are of those at rest, as stated."""
    found = at_two_times(tmp_path)
    stage = found.stages["waiting"]
    assert stage.choice is not None
    assert all(law.curve is not None for law in stage.choice.laws.values())
    ((to, (effect,)),) = stage.differ.effects.items()
    sign = 1.0 if to == "bought" else -1.0
    assert abs(sign * effect.slope - 1.0) < 3.9 * effect.error
    assert effect.error < 0.15
    drawn = companion(found, 200, 1)
    chances = drawn.draws["stages", "waiting", "exits", "bought", "probability"]
    stated = stage.choice.probabilities["bought"]
    assert stated == pytest.approx(0.5, abs=0.1)  # at the mean size
    assert float(np.mean(np.asarray(chances))) == pytest.approx(stated, abs=0.01)


def test_an_exit_too_rare_for_effects_is_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(35)
    rows = ["who,when,what,size"]
    for customer in range(100):
        rows.append(f"{customer},0,waiting,{rng.normal():.3f}")
        rows.append(f"{customer},{rng.exponential(20.0)!r},{'bought' if customer < 4 else 'browsed'},0")
    found = fit(written(tmp_path, rows, "", '[covariates]\nsize = "size"\n[forms]\nwaiting = "race"\n'))
    assert set(found.stages["waiting"].differ.effects) == {"browsed"}
    assert "waiting -> bought: 4 stays took it, too few for effects of size (at least 10)." in found.notes


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("age",), "a -> b: the effect of its one covariate is pulled to nought"),
        (("age", "income"), "a -> b: the effects of its 2 covariates are pulled together"),
    ],
)
def test_a_lone_effect_is_not_told_as_several(names: tuple[str, ...], said: str) -> None:
    effects = tuple(Effect(cast("Any", SimpleNamespace(name=name)), "log_odds", 0.0, 1.0, 0.3) for name in names)
    told = list(Differences(effects={"b": effects}).said("a"))
    assert any(line.startswith(said) for line in told), told

"""Stages as a choice, by EM: probabilities, laws and errors recovered, written, and simulated. False-alarm rates stated."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.calibration.choices import fit_choice
from sojourn.calibration.fit import fit
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.newton import gradient
from sojourn.scenarios.faults import Faults
from sojourn.sim.survival import aalen_johansen, at
from tests.calibration.planting import MAPPING, one_stage, simulated_stays

SHARE = 0.35
NAMES = {0: "bought", 1: "gone"}


def chosen(rng: Any, size: int) -> Any:
    """Days to each exit, infinite for the one not chosen: 35 % buy (log-normal, 9 days), the others go (Weibull, 30 days)."""
    buys = rng.random(size) < SHARE
    bought = np.where(buys, rng.lognormal(np.log(9.0), 0.6, size), np.inf)
    return bought, np.where(buys, np.inf, 30.0 * rng.weibull(1.5, size))


def watched(rng: Any, size: int, longest: float = 90.0) -> tuple[Any, Any]:
    bought, gone = chosen(rng, size)
    until = rng.uniform(0.0, longest, size)
    times = np.minimum(bought, gone)
    return np.minimum(times, until), np.where(times > until, -1, np.where(bought < gone, 0, 1))


def test_probabilities_and_laws_are_recovered_together() -> None:
    days, following = watched(np.random.default_rng(0), 6_000)
    found = fit_choice(days, following, NAMES, 1e-6, {}, {"bought": "lognormal", "gone": "weibull"})
    assert found is not None
    truth = {"bought": {"median": 9.0, "sigma": 0.6}, "gone": {"median": 30.0 * np.log(2.0) ** (1 / 1.5), "shape": 1.5}}
    for name, parameters in truth.items():
        for key, value in parameters.items():
            law = found.laws[name]
            assert abs(law.parameters[key] - value) < 5.0 * law.errors[key]  # false alarm 6e-7 each
    assert abs(found.probabilities["bought"] - SHARE) < 5.0 * found.errors["bought"]
    assert sum(found.probabilities.values()) == pytest.approx(1.0, abs=1e-12)
    # What counting the finished stays would say: the quick exit is seen more often than it happens.
    naive = np.mean(following[following >= 0] == 0)
    assert abs(naive - SHARE) > 5.0 * found.errors["bought"]


def test_errors_of_the_probability_are_its_spread_and_the_fit_test_holds_its_rate() -> None:
    # 50 samples: the ratio of spread to mean error is a chi over its root, outside these bounds 1 time in 1,000.
    shares, errors, chances = [], [], []
    for seed in range(50):
        days, following = watched(np.random.default_rng(seed), 800)
        found = fit_choice(days, following, NAMES, 1e-6, {}, {"bought": "lognormal", "gone": "weibull"}, never=False)
        assert found is not None
        assert found.goodness is not None
        shares.append(found.probabilities["bought"])
        errors.append(found.errors["bought"])
        chances.append(found.goodness.chance)
    ratio = np.std(shares, ddof=1) / np.sqrt(np.mean(np.square(errors)))
    low, high = np.sqrt(stats.chi2(49).ppf([0.0005, 0.9995]) / 49)
    assert low < ratio < high
    for rate in (0.05, 0.5):
        fewest, most = stats.binom(50, rate).ppf([0.0005, 0.9995])
        assert fewest <= np.sum(np.array(chances) < rate) <= most


def test_em_ends_where_the_whole_likelihood_is_level() -> None:
    from sojourn.calibration.choices import _begin, _finished, _shared, parts_of

    days, following = watched(np.random.default_rng(3), 1_500)
    parts = parts_of(days, following, NAMES, 1e-6, {})
    begun = _begin(parts, [None, None], ["lognormal", "weibull"])
    assert begun is not None
    _, mixture, theta = begun
    after = _shared(parts, mixture, theta)
    assert mixture.log_likelihood(parts, after) > mixture.log_likelihood(parts, theta)
    found = _finished(parts, mixture, after)
    assert found is not None
    assert found[2] - mixture.log_likelihood(parts, after) < 0.1  # EM had got there
    slope = gradient(lambda at: mixture.log_likelihood(parts, at), found[0])
    errors = np.sqrt(np.diag(found[1]))
    assert np.max(np.abs(slope * errors)) < 1e-2


def test_a_choice_is_taken_by_the_data_and_comes_back_from_the_scenario(tmp_path: Path) -> None:
    size = 6_000
    bought, gone = chosen(np.random.default_rng(5), size)
    log = one_stage(tmp_path, bought, gone, came=np.random.default_rng(6).uniform(0.0, 80.0, size), until=120.0)
    found = fit(log)
    stage = found.stages["trial"]
    assert stage.form == "choice"
    assert any("written as a choice, which the data prefer" in note for note in found.notes)
    written = found.scenario().stages["trial"].choices["bought"]
    assert abs(written.probability - SHARE) < 5.0 * stage.choice.errors["bought"]  # type: ignore[union-attr]
    days, nexts = simulated_stays(found)
    causes = np.where(nexts == "", -1, np.where(nexts == "bought", 0, 1))
    times, _, incidence = aalen_johansen(days, causes, 2)
    truth = SHARE * stats.lognorm(0.6, scale=9.0).cdf(14.0)
    share = float(at(times, incidence[0], 14.0, before=0.0))
    assert abs(share - truth) < 5.0 * 2.0 * np.sqrt(
        truth * (1.0 - truth) / size
    )  # five sigma, twice the binomial error


def test_a_choice_may_have_a_share_that_never_leaves_and_comes_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(12)
    size = 4_000
    luck = rng.random(size)  # a quarter buy, 45 % go, 30 % do neither
    bought = np.where(luck < 0.25, 8.0 * rng.weibull(1.5, size), np.inf)
    gone = np.where((luck >= 0.25) & (luck < 0.7), 20.0 * rng.weibull(2.5, size), np.inf)
    found = fit(one_stage(tmp_path, bought, gone, last='[forms]\ntrial = "choice"'))
    choice = found.stages["trial"].choice
    assert choice is not None
    assert abs(choice.never - 0.3) < 5.0 * choice.never_error  # false alarm 6e-7 each
    assert abs(choice.probabilities["bought"] - 0.25 / 0.7) < 5.0 * choice.errors["bought"]
    assert any("trial: " in note and "never leave" in note for note in found.notes)
    days, nexts = simulated_stays(found)
    causes = np.where(nexts == "", -1, np.where(nexts == "bought", 0, 1))
    times, survival, incidence = aalen_johansen(days, causes, 2)
    for share, truth in (
        (float(at(times, survival, 60.0, before=1.0)), 0.3),
        (float(at(times, incidence[0], 60.0, before=0.0)), 0.25),
    ):
        assert abs(share - truth) < 5.0 * 2.0 * np.sqrt(
            truth * (1.0 - truth) / size
        )  # five sigma, twice the binomial error


def test_a_race_stays_a_race(tmp_path: Path) -> None:
    # AIC with a margin of 6 makes a choice of a race about 1 time in 200; three races.
    for seed in range(3):
        rng = np.random.default_rng(seed)
        found = fit(one_stage(tmp_path, rng.exponential(40.0, 1_500), rng.weibull(1.5, 1_500) * 30.0))
        assert found.stages["trial"].form == "race"


def test_the_mapping_decides_where_it_says_so(tmp_path: Path) -> None:
    size = 1_500
    bought, gone = chosen(np.random.default_rng(5), size)
    assert fit(one_stage(tmp_path, bought, gone, last='[forms]\ntrial = "race"')).stages["trial"].form == "race"
    rng = np.random.default_rng(5)
    log = one_stage(
        tmp_path, rng.exponential(40.0, size), rng.exponential(40.0, size), last='[forms]\ntrial = "choice"'
    )
    stage = fit(log).stages["trial"]
    assert stage.form == "choice"
    assert abs(stage.choice.probabilities["bought"] - 0.5) < 5.0 * stage.choice.errors["bought"]  # type: ignore[union-attr]


def test_where_much_lies_beyond_the_watching_a_choice_that_was_asked_for_warns(tmp_path: Path) -> None:
    size = 4_000
    bought, gone = chosen(np.random.default_rng(9), size)
    found = fit(one_stage(tmp_path, bought, gone, until=25.0, last='[forms]\ntrial = "choice"'))
    assert found.stages["trial"].form == "choice"
    assert any("of its stays were not over when the watching ended" in note for note in found.notes)
    left_to_the_data = fit(one_stage(tmp_path, bought, gone, until=25.0))
    assert left_to_the_data.stages["trial"].form == "race"


def test_a_choice_that_no_mixture_fits_is_read_from_the_data(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    size = 2_500
    buys = rng.random(size) < 0.5
    humps = np.where(rng.random(size) < 0.5, rng.gamma(50.0, 0.1, size), rng.gamma(100.0, 0.4, size))
    bought, gone = np.where(buys, humps, np.inf), np.where(buys, np.inf, rng.exponential(20.0, size))
    found = fit(one_stage(tmp_path, bought, gone, last='[forms]\ntrial = "choice"'))
    assert any("read from the data (Aalen-Johansen)" in note for note in found.notes)
    written = found.scenario().stages["trial"].choices
    assert abs(written["bought"].probability - 0.5) < 0.05  # five sigma of a share of 2,500, and what lies beyond
    assert written["bought"].dwell is not None
    assert written["bought"].dwell.law == "empirical"


def test_segments_choose_differently(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    size = 3_000
    kind = ["keen" if k % 2 else "cool" for k in range(size)]
    buys = rng.random(size) < np.where(np.arange(size) % 2 == 1, 0.6, 0.2)
    bought = np.where(buys, rng.lognormal(np.log(9.0), 0.6, size), np.inf)
    gone = np.where(buys, np.inf, 30.0 * rng.weibull(1.5, size))
    found = fit(one_stage(tmp_path, bought, gone, until=150.0, kind=kind, last='[forms]\ntrial = "choice"'))
    apart = found.stages["trial"].choice_by_segment
    for name, share in (("keen", 0.6), ("cool", 0.2)):
        assert abs(apart[name].probabilities["bought"] - share) < 5.0 * apart[name].errors["bought"]
        override = found.scenario().segments[name].override
        assert set(override) == {"stages.trial.exits"}


@pytest.mark.parametrize(
    ("forms", "said"),
    [
        ('tria = "choice"', 'no stage named "tria"'),
        ('bought = "choice"', "is an end"),
        ('trial = "both"', "is no form"),
    ],
)
def test_mistakes_in_forms_are_told(forms: str, said: str) -> None:
    with pytest.raises(Faults, match=said):
        read_mapping(MAPPING.format(until=100, more="", last=f"[forms]\n{forms}"))

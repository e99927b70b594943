"""Intervals of forecasts cover, on a few planted logs; the score and the rivals of the real split are what they say."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchmarks.forecast_journeys import ALPHAS, weighted_interval_score
from benchmarks.forecast_prior import world
from benchmarks.forecast_rivals import Steps, leave
from benchmarks.forecast_study import KINDS, Covered, coverage, scored, study, table
from sojourn.calibration.happenings import GROUPS, Tally

LOGS = range(500, 508)  # not those of the full study
NAMES = tuple(f"{kind}, {group}" for kind in KINDS for group in GROUPS)


@pytest.fixture(scope="module")
def scores() -> list[dict[str, Covered]]:
    return [study(seed, draws=60, replications=2) for seed in LOGS]


def test_intervals_cover_on_planted_logs(scores: list[dict[str, Covered]]) -> None:
    """One figure of each kind and group from each of eight logs, picked by chance: so they are independent between logs.

    At a true coverage of .9 fewer than 4 of 8 lie inside in 4 of 10,000 cases (binomial), for any of six kinds in 26 of 10,000;
    at .5 they do in 36 of 100. The full study (`make forecast-study`) has 400 logs.
    """
    for name in NAMES:
        picked = [one[name].picked for one in scores if one[name].picked is not None]
        least = int(stats.binom.ppf(5e-4, len(picked), 0.9))
        assert sum(bool(one) for one in picked) >= least, name
    assert len([one for one in scores if one["final shares, open"].picked is not None]) == len(LOGS)


def test_coverage_is_a_ratio_over_logs_with_their_own_error() -> None:
    many = [{"a": Covered(9, 1, 10, True)}, {"a": Covered(16, 2, 20, False)}, {"a": Covered(0, 0, 0, None)}]
    found = coverage(many, "a")
    assert found.share == pytest.approx(25 / 30)
    error = np.sqrt((9 - 10 * 25 / 30) ** 2 + (16 - 20 * 25 / 30) ** 2) / 30
    assert found.high - found.share == pytest.approx(1.645 * error)
    assert (found.figures, found.logs, found.picked, found.of) == (30, 2, 1, 2)


def _only_weekly(weekly: Any) -> Tally:
    some = weekly.shape[:-2]
    nothing, by_stage, by_way = np.zeros(some), np.zeros(weekly.shape[:-1]), np.zeros((*some, 1))
    return Tally(
        customers=nothing + 1e3, final=by_stage + 100.0, reached=by_stage, got_there=nothing, weekly=weekly, moves=by_way,
        waited=by_way, revenue=nothing, cost=nothing,
    )  # fmt: skip


def test_a_forecast_that_is_too_sure_is_noticed() -> None:
    """Futures of a third of the true spread: about 42 % lie inside (P(|z| < 1.645 / 3) = .416)."""
    rng = np.random.default_rng(2)
    truth = rng.normal(100.0, 9.0, (2, 5, 400))
    narrow = rng.normal(100.0, 3.0, (200, 2, 5, 400))
    tally, seen = _only_weekly(narrow), _only_weekly(truth)
    found = scored(tally, seen, rng)["weekly counts, open"]
    share = found.inside / found.figures
    assert abs(share - 0.416) < 4 * np.sqrt(0.416 * 0.584 / found.figures)


def test_the_table_names_all_kinds_and_groups(scores: list[dict[str, Covered]]) -> None:
    told = table(scores)
    assert len(told.splitlines()) == 2 + len(NAMES)
    assert "| days between stages | newcomers |" in told


def test_worlds_are_drawn_from_the_stated_prior() -> None:
    drawn = [world(seed) for seed in range(60)]
    kinds = {stage.kind for one in drawn for stage in one.scenario.stages.values()}
    assert kinds == {"race", "choice", "end"}
    assert {one.window for one in drawn} == {28.0, 42.0}
    assert {len(one.scenario.stages) for one in drawn} == {5, 6}
    expected = [(one.scenario.arrivals.rate_per_day or 0.0) * one.watched for one in drawn]
    assert min(expected) >= 400.0
    assert max(expected) <= 1_500.0
    assert world(3).scenario.digest == drawn[3].scenario.digest


def test_the_weighted_interval_score_is_the_mean_pinball_loss() -> None:
    """WIS = 2 / (2K + 1) times the sum of pinball losses at its 2K + 1 quantiles (Bracher et al. 2021); of a point, the error."""
    rng = np.random.default_rng(5)
    drawn, truth = rng.gamma(3.0, 10.0, (500, 4)), np.array([5.0, 20.0, 35.0, 90.0])
    levels = sorted([0.5, *(a / 2 for a in ALPHAS), *(1 - a / 2 for a in ALPHAS)])
    quantiles = np.quantile(drawn, levels, axis=0)
    loss = sum(
        np.where(truth >= q, level * (truth - q), (1 - level) * (q - truth))
        for level, q in zip(levels, quantiles, strict=True)
    )
    assert weighted_interval_score(drawn, truth) == pytest.approx(2.0 * loss / len(levels))
    assert weighted_interval_score(np.full((9, 2), 4.0), np.array([1.0, 9.0])) == pytest.approx([3.0, 5.0])


def test_rivals_take_stays_as_they_were_seen() -> None:
    """Ten stays of 1 to 10 days, the even ones to stage 1: of those aged 4 the six longer ones are left, evenly."""
    ages = np.arange(1.0, 11.0)
    even = np.cumsum(np.where(ages % 2 == 0, 0.1, 0.0))
    steps = Steps(ages, np.cumsum(np.full(10, 0.1)), np.stack([np.cumsum(np.full(10, 0.1)) - even, even]))
    days, onward = leave(steps, np.full(6_000, 4.0), np.random.default_rng(7))
    seen = np.bincount(days.astype(int), minlength=7)
    assert seen[0] == 0
    assert stats.chisquare(seen[1:7]).pvalue > 1e-4
    assert np.array_equal(onward == 1, days % 2 == 0)
    half = steps._replace(gone=0.5 * steps.gone, incidence=0.5 * steps.incidence)
    stays, to = leave(half, np.zeros(6_000), np.random.default_rng(8))
    assert abs(np.isinf(stays).mean() - 0.5) < 4 * np.sqrt(0.25 / 6_000)
    assert np.all(to[np.isinf(stays)] == -1)

"""Simulation-based calibration, a small version of `make sbc`: the truth lies among the draws as one of them would.

Each quantity of the small study is judged at one in a thousand for its intervals, its chi-square and its band: a false alarm
in a hundred at most for any other seed.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.append(ROOT)

from benchmarks import sbc, sbc_figures  # noqa: E402
from benchmarks.sbc_planted import log_of, planted, stay  # noqa: E402

SMALL = 24


@pytest.fixture(scope="module")
def study() -> list[sbc.Outcome]:
    return [sbc.outcome(11, number) for number in range(SMALL)]


def test_intervals_hold_the_truth_and_ranks_are_even(study: list[sbc.Outcome]) -> None:
    rows = sbc.rows(study)
    assert [row.number for row in rows] == [SMALL] * 3
    assert [row.what for row in rows if not row.sound] == []


def test_all_forms_are_in_the_study(study: list[sbc.Outcome]) -> None:
    assert {one.about["truth"] for one in study} == {"choice", "race"}
    assert {one.about["form"] for one in study} == {"choice", "race"}
    opened = [one.about["open"] for one in study]
    assert min(opened) < 0.25
    assert max(opened) > 0.6


@pytest.mark.parametrize(
    ("ranks", "what"),
    [
        (np.random.default_rng(1).beta(0.6, 0.6, 1_000), "draws too narrow: the truth lies at their edges"),
        (np.random.default_rng(2).beta(1.6, 1.6, 1_000), "draws too wide"),
        (np.random.default_rng(3).random(1_000) ** 1.25, "draws too high"),
    ],
)
def test_draws_that_are_not_honest_are_found_out(
    ranks: "np.ndarray[tuple[int], np.dtype[np.float64]]", what: str
) -> None:
    assert not sbc.judged(what, np.floor(200 * ranks).astype(int).tolist()).sound


def test_even_ranks_pass_and_bounds_are_those_of_the_binomial() -> None:
    """Of 100 studies with even ranks more than 4 fail by chance once in 3,000 (each of three judgements: one in a thousand)."""
    failed = 0
    for seed in range(100):
        row = sbc.judged("even", np.random.default_rng(seed).integers(0, 200, 1_000).tolist())
        failed += not row.sound
        assert row.bounds == (868, 930)
    assert failed <= 3


def test_the_truth_is_what_many_customers_do() -> None:
    """Shares and days of a million-th part: 40,000 stays of each of six scenarios, within 4.5 standard errors (7e-6 each)."""
    for number in range(6):
        what = planted(np.random.default_rng([5, number]))
        known, far = sbc_figures.truth(what)
        days, exits = stay(what.stages[what.studied], 40_000, np.random.default_rng(number))
        share = np.mean((exits == 0) & (days <= what.ahead))
        assert abs(share - known.share) < 4.5 * np.sqrt(known.share * (1 - known.share) / days.size) + 1e-4
        within = np.minimum(days, what.ahead * (sbc_figures.BEYOND if far else 1.0))
        assert abs(within.mean() - known.days) < 4.5 * within.std() / np.sqrt(days.size) + 2e-3 * known.days


def test_logs_are_what_was_planted() -> None:
    what = planted(np.random.default_rng([5, 1]))
    log = log_of(what, np.random.default_rng(1), arms=True)
    assert log.customers.size == what.customers
    assert np.all(log.stays.until <= what.window)
    assert np.all(log.stays.entry <= log.stays.until)
    same = log.stays.customer[1:] == log.stays.customer[:-1]
    assert np.all(log.stays.following[:-1][same] == log.stays.stage[1:][same])
    assert abs(int(np.sum(log.arm == 1)) - what.customers / 2) <= 1
    stays = log.stays.stage == what.studied
    assert 0.05 < np.mean(log.stays.following[stays] < 0) < 0.9


def test_a_study_goes_on_where_it_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def outcome(seed: int, number: int) -> sbc.Outcome:
        asked.append(number)
        return sbc.Outcome(number, None, 3, {"seed": seed})

    monkeypatch.setattr(sbc, "outcome", outcome)
    path = tmp_path / "kept.jsonl"
    whole = list(sbc.kept(path, 1, 5, lambda place: None))
    text = path.read_text()
    path.write_text(text[: text.index(json.dumps([3])[:-1])] + "[3, 3, nu")  # a break in the middle of a line
    asked.clear()
    assert list(sbc.kept(path, 1, 5, lambda place: None)) == whole
    assert asked == [3, 4]
    asked.clear()
    assert [one.about for one in sbc.kept(path, 2, 2, lambda place: None)] == [{"seed": 2}] * 2
    assert asked == [0, 1]

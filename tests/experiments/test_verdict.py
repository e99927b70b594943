import math
from typing import Any

import numpy as np
import pytest

from sojourn.experiments.verdict import decide
from sojourn.scenarios.files import loads
from sojourn.sim.estimating import Jackknife

COIN = """
format = 1
[scenario]
name = "coin"
start = "toss"
horizon_days = 365
[arrivals]
cohort = 1
[stages.toss]
dwell = { law = "deterministic", value = 1 }
exits = { heads = 0.5, tails = 0.5 }
[stages.heads]
end = true
revenue = 1
[stages.tails]
end = true
"""
YEAR = loads(COIN)
N = 20


PATTERNS = np.random.default_rng(5).normal(size=(N, 8))  # how replications of eight strategies fall, independently


def spread(value: Any, error: Any, a: int = 0, b: int = 1) -> Any:
    """A jackknife with a figure and a standard error, its groups those of strategy b minus strategy a."""
    if error is None:
        return Jackknife(value, np.empty(0))
    away = PATTERNS[:, b] - PATTERNS[:, a]
    away = away - away.mean()
    size = math.sqrt(np.sum(away**2)) or 1.0
    return Jackknife(value, value + away / size * error * math.sqrt(N / (N - 1)))


def told(measure: Any = "profit", scenario: Any = YEAR, **levels: Any) -> Any:
    """The verdict on strategies with the given levels (value, error), the errors being those of all their differences."""

    order = list(levels)

    def pair(a: Any, b: Any) -> Any:
        (first, error), (second, other) = levels[a], levels[b]
        wide = None if error is None or other is None else max(error, other)
        return spread(second - first, wide, order.index(a), order.index(b))

    return decide(list(levels), pair, measure, scenario)


def test_a_helper_has_the_error_it_says() -> None:
    assert spread(3.0, 0.7).error == pytest.approx(0.7, rel=1e-12)


def test_a_winner_comes_first_in_money() -> None:
    verdict = told(today=(0.0, 7900.0), service_first=(41234.0, 7900.0), perks=(900.0, 7900.0))
    assert verdict.winner == "service_first"
    assert verdict.sentence == (
        "service_first beats today by USD 41,000 a year (90 %: 28,000 to 55,000); perks is not distinguishable from today."
    )
    assert verdict.measure == "profit"
    assert verdict.error_rate == 0.1


def test_nothing_to_tell_apart() -> None:
    verdict = told(today=(0.0, 900.0), more=(500.0, 900.0))
    assert verdict.winner is None
    assert verdict.sentence == ("more is not distinguishable from today: USD +500 a year (90 %: -1,100 to 2,100).")
    verdict = told("conversion", today=(0.0, 0.01), more=(0.005, 0.01), less=(-0.002, 0.01))
    assert verdict.sentence == (
        "more and less are not distinguishable from today: more +0.5 percentage points in conversion (90 %: -1.2 to 2.2),"
        " less -0.2 percentage points in conversion (90 %: -1.9 to 1.5)."
    )


def test_the_baseline_may_win() -> None:
    verdict = told(today=(0.0, 100.0), a=(-5000.0, 100.0), b=(-3000.0, 100.0))
    assert verdict.winner == "today"
    assert verdict.sentence.startswith(
        "today beats a by USD 5,000 a year (90 %: 4,830 to 5,170), b by USD 3,000 a year"
    )


@pytest.mark.parametrize(
    ("gain", "error", "said"),
    [
        (-3650.0, 3e-13, "today beats a by USD 3,650 a year."),  # no spread but that of sums
        (-3650.0, 0.0, "today beats a by USD 3,650 a year."),
        (-3653.25, 0.0, "today beats a by USD 3,653.2 a year."),
        (-3650.0, 1e-6, "today beats a by USD 3,650.0 a year."),  # a spread that nobody reads
        (-46493.7, 1.6, "today beats a by USD 46,494 a year (90 %: 46,491 to 46,496)."),
        (-0.12, 0.02, "today beats a by USD 0.120 a year (90 %: 0.085 to 0.155)."),
    ],
)
def test_figures_have_no_more_digits_than_they_bear(gain: float, error: float, said: str) -> None:
    assert told(today=(0.0, error), a=(gain, error)).sentence == said


def test_two_better_ones_that_cannot_be_told_apart() -> None:
    verdict = told(today=(0.0, 100.0), a=(5000.0, 100.0), b=(5010.0, 100.0))
    assert verdict.winner is None
    assert verdict.sentence.startswith("b beats today by USD 5,010 a year (90 %: 4,840 to 5,180), a by USD 5,000")
    assert verdict.sentence.endswith("; a is not distinguishable from b; which strategy is best cannot be told.")
    assert verdict.chosen == "b"


def test_a_copy_of_the_best_does_exactly_the_same() -> None:
    """Equal in every replication is no matter of chance; a third that is close to both still is."""
    levels = {"today": 0.0, "a": 5000.0, "copy": 5000.0, "near": 4990.0}

    def verdict(*names: str) -> Any:
        def pair(one: str, other: str) -> Jackknife:
            kinds = [name.replace("copy", "a") for name in (one, other)]
            places = [list(levels).index(kind) for kind in kinds]
            error = 0.0 if kinds[0] == kinds[1] else 100.0
            found: Jackknife = spread(levels[other] - levels[one], error, *places)
            return found

        return decide(names, pair, "profit", YEAR)

    found = verdict("today", "a", "copy")
    assert found.winner is None
    assert found.chosen == "a"
    assert found.sentence.startswith(
        "a beats today by USD 5,000 a year (90 %: 4,830 to 5,170), copy by USD 5,000 a year"
    )
    assert found.sentence.endswith("; copy does exactly the same as a.")
    unsure = verdict("today", "a", "copy", "near").sentence
    assert (
        "; copy does exactly the same as a; near is not distinguishable from a; which strategy is best cannot" in unsure
    )


def test_one_between_the_best_and_the_baseline() -> None:
    verdict = told(today=(0.0, 100.0), a=(150.0, 100.0), b=(300.0, 100.0))
    assert verdict.winner is None
    assert verdict.sentence == (
        "b beats today by USD 300 a year (90 %: 130 to 470); a is distinguishable neither from b nor from today; which strategy"
        " is best cannot be told."
    )


def test_less_can_be_better() -> None:
    verdict = told("cost", today=(0.0, 10.0), lean=(-500.0, 10.0))
    assert verdict.winner == "lean"
    assert verdict.sentence == "lean beats today by USD 500 a year in cost (90 %: 483 to 517; less is better)."


def test_more_may_be_neither_better_nor_worse() -> None:
    verdict = told("dwell.toss", today=(0.0, 0.1), slow=(3.0, 0.1))
    assert verdict.winner is None
    assert verdict.sentence == "slow differs from today by +3.00 days in dwell.toss (90 %: 2.83 to 3.17)."
    lower = told("dwell.toss", today=(0.0, 0.1), quick=(-3.0, 0.1))
    assert lower.sentence == "quick differs from today by -3.00 days in dwell.toss (90 %: -3.17 to -2.83)."


def test_shares_are_told_in_points() -> None:
    verdict = told("conversion", today=(0.0, 0.001), a=(0.0123, 0.001))
    assert verdict.sentence == "a beats today by 1.23 percentage points in conversion (90 %: 1.06 to 1.40)."


def test_other_horizons_are_named() -> None:
    other = loads(COIN.replace("365", "730"))
    assert "USD 5,000 over 730 days (90" in told(scenario=other, today=(0.0, 100.0), a=(5000.0, 100.0)).sentence
    assert "a year" not in told("clv", scenario=other, today=(0.0, 0.1), a=(5.0, 0.1)).sentence


def test_no_difference_at_all() -> None:
    verdict = told(today=(1.0, 0.0), copy=(1.0, 0.0))
    assert verdict.winner is None
    assert verdict.sentence == "copy makes no difference to today."


def test_one_replication_of_coupled_customers() -> None:
    verdict = told(today=(0.0, None), a=(4100.0, None))
    assert verdict.winner is None
    assert (
        verdict.sentence
        == "one replication cannot show that a differs from today (USD +4,100 a year): use more replications."
    )


def test_undefined() -> None:
    verdict = told("cac", today=(math.nan, None), a=(1.0, None))
    assert verdict.winner is None
    assert verdict.sentence == "cac is undefined under today or a: nothing to compare."


def test_many_strategies_raise_the_bar() -> None:
    # Two standard errors: beyond doubt alone, not among five strategies.
    alone = told(today=(0.0, 100.0), a=(200.0, 100.0))
    assert alone.winner == "a"
    crowd = dict.fromkeys("bcd", (0.0, 100.0))
    verdict = told(today=(0.0, 100.0), a=(200.0, 100.0), **crowd)
    assert verdict.winner is None
    assert "a may differ from today by USD +200 a year (90 %: 30 to 370), but not surely" in verdict.sentence


def test_false_claims_are_as_rare_as_stated() -> None:
    """Four equal strategies, 500 times: claims in 10 % of them, no more and no fewer.

    The number of claims is binomial (500, .1): 22 or fewer, or 80 or more, come by chance in fewer than 1e-4 of such tests.
    """
    random = np.random.default_rng(8)
    names = ["a", "b", "c", "d"]
    claims = 0
    for seed in range(500):
        figures = dict(zip(names, random.normal(size=(4, N)), strict=True))

        def pair(a: Any, b: Any, figures: Any = figures) -> Any:
            gaps = figures[b] - figures[a]
            return Jackknife(gaps.mean(), (gaps.sum() - gaps) / (N - 1))

        sentence = decide(names, pair, "profit", YEAR, seed=seed, draws=2000).sentence
        claims += "beats" in sentence or "falls short" in sentence
    assert 22 < claims < 80

"""Who comes and when: Poisson streams, fixed numbers, cohorts, daily rates, levers that thin or add."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.sim.tables import BAND

BODY = '[stages.a]\ndwell = { law = "deterministic", value = 1e6 }\nexits = { b = 1.0 }\n[stages.b]\nend = true\n'


def pull(ratio: Any, plan: Any) -> Any:
    return f"[levers.reach]\neffects = [{{ arrivals = true, rate_ratio = {ratio} }}]\n[strategies.pulled]\nreach = {plan}\n"


def days(live: Any, built: Any, count: Any, **how: Any) -> Any:
    """Arrival days of so many replications."""
    return [live(built, replication=r, **how).customers.arrived for r in range(count)]


def test_a_poisson_stream(scenario: Any, live: Any) -> None:
    """Counts of 200 replications with 15 expected: mean, and variance over mean. False-alarm rate 1e-4 two-sided for each;
    days are uniform, gaps exponential (1e-4 each).
    """
    found = days(live, scenario(BODY, arrivals="rate_per_day = 0.5", horizon=30), 200)
    counts = np.array([len(one) for one in found])
    assert stats.poisson(3000).cdf(counts.sum()) == pytest.approx(0.5, abs=0.49995)
    dispersion = ((counts - 15.0) ** 2).sum() / 15.0
    assert 0.5e-4 < stats.chi2(200).cdf(dispersion) < 1 - 0.5e-4
    assert stats.kstest(np.concatenate(found), stats.uniform(0, 30).cdf).pvalue > 1e-4
    first = np.array([one[0] for one in found if len(one)])
    assert stats.kstest(first, lambda t: -np.expm1(-0.5 * t) / -math.expm1(-15.0)).pvalue > 1e-4


def test_numbers_in_separate_weeks_are_independent(scenario: Any, live: Any) -> None:
    """Spearman's correlation of two weeks' counts over 200 replications. False-alarm rate 1e-4."""
    found = days(live, scenario(BODY, arrivals="rate_per_day = 1", horizon=14), 200)
    one, other = ([((t >= a) & (t < a + 7)).sum() for t in found] for a in (0, 7))
    assert stats.spearmanr(one, other).pvalue > 1e-4


@pytest.mark.parametrize(
    "arrivals", ["rate_per_day = 0.5", "daily = [1, 0, 5]", "impressions_per_day = 50\nclick_through = 0.02"]
)
def test_exactly_so_many_candidates(scenario: Any, live: Any, arrivals: Any) -> None:
    """Ids by order of arrival, within the days of arrivals; days follow the rate (false-alarm rate 1e-4)."""
    built = scenario(BODY, arrivals=f"{arrivals}\nuntil_day = 24", horizon=30)
    people = live(built, customers=500).customers
    assert people.customer.tolist() == list(range(500))
    assert (np.diff(people.arrived) >= 0.0).all()
    assert people.arrived[0] > 0.0
    assert people.arrived[-1] < 24.0
    if "daily" not in arrivals:
        assert stats.kstest(people.arrived, stats.uniform(0, 24).cdf).pvalue > 1e-4


def test_sorted_uniform_draws_have_the_right_extremes(scenario: Any, live: Any) -> None:
    """The first of 20 uniform days is Beta(1, 20), the last Beta(20, 1): over 200 replications, false-alarm rate 1e-4 each."""
    found = np.array(days(live, scenario(BODY, arrivals="rate_per_day = 1", horizon=10), 200, customers=20)) / 10.0
    assert stats.kstest(found[:, 0], stats.beta(1, 20).cdf).pvalue > 1e-4
    assert stats.kstest(found[:, -1], stats.beta(20, 1).cdf).pvalue > 1e-4
    assert stats.kstest(found[:, 9], stats.beta(10, 11).cdf).pvalue > 1e-4


@pytest.mark.parametrize("customers", [None, 900])
def test_daily_rates_repeat(scenario: Any, live: Any, customers: Any) -> None:
    """1, 0 and 5 a day in turn, over 150 days: chi-square over the three sorts of day. False-alarm rate 1e-4."""
    arrived = live(scenario(BODY, arrivals="daily = [1, 0, 5]", horizon=150), customers=customers).customers.arrived
    counts = np.bincount(np.floor(arrived).astype(int) % 3, minlength=3)
    assert counts[1] == 0
    assert stats.chisquare(counts[[0, 2]], np.array([1, 5]) / 6 * counts.sum()).pvalue > 1e-4
    assert stats.poisson(300).sf(counts.sum()) > 1e-4 or customers == 900
    # Within its day a rate is even.
    assert stats.kstest(arrived[np.floor(arrived) % 3 == 2] % 1.0, stats.uniform().cdf).pvalue > 1e-4


def test_a_cohort_is_there_on_day_zero(scenario: Any, live: Any) -> None:
    people = live(scenario(BODY, arrivals="cohort = 40", horizon=5)).customers
    assert people.customer.tolist() == list(range(40))
    assert not people.arrived.any()
    assert live(scenario(BODY, arrivals="cohort = 40", horizon=5), customers=7).customers.customer.size == 7


def test_arrivals_end_with_their_last_day(scenario: Any, live: Any) -> None:
    arrived = live(scenario(BODY, arrivals="rate_per_day = 9\nuntil_day = 20", horizon=90)).customers.arrived
    assert 19.0 < arrived.max() <= 20.0


@pytest.mark.parametrize(("ratio", "level"), [(2.5, 1.0), (0.4, 1.0), (3.0, 0.5), (1.087, 1.0), (7.0, 1.0)])
def test_a_lever_multiplies_arrivals(scenario: Any, live: Any, ratio: Any, level: Any) -> None:
    """Counts are Poisson with the ratio's mean; bands thin from the top. False-alarm rate 1e-4 two-sided, each and all."""
    built = scenario(BODY + pull(ratio, level), arrivals="rate_per_day = 4", horizon=100)
    people = live(built, seed=3).customers
    factor = ratio**level
    bands = people.customer // BAND
    assert bands.max() <= math.ceil(factor) - 1
    assert 0.5e-4 < stats.poisson(400 * factor).cdf(people.customer.size) < 1 - 0.5e-4
    for band in range(math.ceil(factor)):
        there = min(factor - band, 1.0)
        assert 0.5e-4 < stats.poisson(400 * there).cdf((bands == band).sum()) < 1 - 0.5e-4
    assert stats.kstest(people.arrived, stats.uniform(0, 100).cdf).pvalue > 1e-4


def test_a_ratio_that_changes_over_time(scenario: Any, live: Any) -> None:
    """1 to day 30, 2.25 to day 60, then a ramp to .5 x ... by day 80: expected counts in four windows, rate 1e-4 each."""
    more = pull(5.0625, "[{ day = 30, level = 0.5 }, { day = 60, level = 0.0, ramp_days = 20 }]")
    arrived = live(scenario(BODY + more, arrivals="rate_per_day = 6", horizon=100), seed=5).customers.arrived
    log = math.log(2.25)
    expected = [6 * 30, 6 * 30 * 2.25, 6 * 20 * (2.25 - 1) / log, 6 * 20]
    for (start, end), mean in zip([(0, 30), (30, 60), (60, 80), (80, 100)], expected, strict=True):
        number = ((arrived >= start) & (arrived < end)).sum()
        assert 0.5e-4 < stats.poisson(mean).cdf(number) < 1 - 0.5e-4


def test_levers_on_a_fixed_number_of_candidates(scenario: Any, live: Any) -> None:
    """--customers N: a ratio of 2.5 gives all N, all N of the next band, and half of the third (binomial, 1e-4)."""
    built = scenario(BODY + pull(2.5, 1.0), arrivals="rate_per_day = 4", horizon=100)
    people = live(built, customers=400).customers
    bands = np.bincount(people.customer // BAND)
    assert bands[:2].tolist() == [400, 400]
    assert stats.binomtest(int(bands[2]), 400, 0.5).pvalue > 1e-4
    fewer = scenario(BODY + pull(0.4, 1.0), arrivals="rate_per_day = 4", horizon=100)
    assert stats.binomtest(live(fewer, customers=400).customers.customer.size, 400, 0.4).pvalue > 1e-4


def test_levers_on_a_cohort(scenario: Any, live: Any) -> None:
    people = live(scenario(BODY + pull(2.0, 1.0), arrivals="cohort = 50", horizon=10)).customers
    assert np.bincount(people.customer // BAND).tolist() == [50, 50]
    assert not people.arrived.any()


def test_thinning_is_nested(scenario: Any, live: Any) -> None:
    """Who comes at a ratio of .3 also comes at .6: the same person, on the same day."""
    few, more = (
        live(scenario(BODY + pull(ratio, 1.0), arrivals="rate_per_day = 4", horizon=100)).customers
        for ratio in (0.3, 0.6)
    )
    assert np.isin(few.customer, more.customer).all()
    assert np.array_equal(few.arrived, more.arrived[np.isin(more.customer, few.customer)])


def test_starts_and_segments_have_their_shares(scenario: Any, live: Any) -> None:
    """Chi-square over three stages of entry times two segments, which are independent. False-alarm rate 1e-4."""
    body = "".join(
        f'[stages.{name}]\ndwell = {{ law = "deterministic", value = 1 }}\nexits = {{ over = 1.0 }}\n' for name in "abc"
    )
    body += "[stages.over]\nend = true\n[segments.x]\nshare = 0.7\n[segments.y]\nshare = 0.3\n"
    journeys = live(scenario(body, start={"a": 0.5, "b": 0.3, "c": 0.2}, arrivals="cohort = 3000", horizon=0.5))
    first = journeys.events.stage[journeys.first[:-1]]
    seen = np.bincount(first * 2 + journeys.customers.segment, minlength=6)
    shares = np.outer([0.5, 0.3, 0.2], [0.7, 0.3]).ravel()
    assert stats.chisquare(seen, shares * 3000).pvalue > 1e-4

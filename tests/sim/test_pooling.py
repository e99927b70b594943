"""Retention and repeat rates of several replications: one curve of all, not an average of curves."""

import math
from typing import Any

import numpy as np
import pytest

from sojourn.experiments.compare import compare
from sojourn.scenarios.files import loads
from sojourn.sim import pooling, survival
from sojourn.sim.curves import combine, trace
from sojourn.sim.estimating import Part, difference, over_replications
from sojourn.sim.follow_ups import FollowUps, read
from sojourn.sim.run import run, simulate
from sojourn.sim.vocabulary import headline

DAYS = np.arange(5.0, 366.0, 5.0)
HORIZON, MEAN = 400.0, 93.3

LEAKY = f"""
format = 1
[scenario]
name = "leaky"
start = "a"
horizon_days = {HORIZON}
[arrivals]
rate_per_day = 1
[stages.a]
role = "purchase"
race.a = {{ law = "exponential", mean = 300 }}
race.z = {{ law = "exponential", mean = {MEAN} }}
[stages.z]
end = true
role = "lost"
[levers.l]
effects = [ {{ exit = "a -> z", hazard_ratio = 1.3 }} ]
[strategies.base]
[strategies.worse]
l = 1
"""


def sample(random: Any, count: int) -> FollowUps:
    """Arrivals over the horizon, lost at an even rate."""
    left = HORIZON - random.uniform(0.0, HORIZON, count)
    lost = random.exponential(MEAN, count)
    causes = np.where(lost < left, 0, -1).astype(np.int16)
    return FollowUps(np.round(np.minimum(lost, left), 9), causes, 1, np.arange(count))


def part(one: FollowUps, kind: Any = "survival") -> Part:
    curves = read(one, days=DAYS)
    table = pooling.cells(one, DAYS, curves)
    value = (curves.left_at if kind == "survival" else curves.incidence_at)[-1, -1]
    return Part(kind, float(value), 1.0, tuple(map(tuple, table.tolist())))


def joined(samples: Any) -> FollowUps:
    durations, causes = (np.concatenate(columns) for columns in zip(*((s[0], s[1]) for s in samples), strict=True))
    return FollowUps(durations, causes, 1, np.arange(durations.size))


def test_one_replication_is_its_own_curve() -> None:
    one = sample(np.random.default_rng(1), 2000)
    times, left, came = survival.aalen_johansen(one.durations, one.causes, 1)
    assert over_replications([part(one)]).value == pytest.approx(survival.survival_at(times, left, 365.0), rel=1e-9)
    found = over_replications([part(one, "incidence")]).value
    assert found == pytest.approx(survival.incidence_at(times, left, came[0], 365.0), rel=1e-9)


@pytest.mark.parametrize("kind", ["survival", "incidence"])
def test_many_are_the_curve_of_all_of_them(kind: Any) -> None:
    """Samples of 30 to 500, in most of which hardly anybody is followed to the end."""
    random = np.random.default_rng(2)
    samples = [sample(random, count) for count in random.integers(30, 500, 60)]
    every = joined(samples)
    times, left, _ = survival.aalen_johansen(every.durations, every.causes, 1)
    truth = survival.survival_at(times, left, 365.0)
    found = over_replications([part(one, kind) for one in samples])
    assert (found.value if kind == "survival" else 1.0 - found.value) == pytest.approx(truth, abs=0.0005)


def test_losses_all_on_one_day_are_no_matter_of_cells() -> None:
    """Everybody is lost on day 12, inside a cell, unless the horizon comes first."""
    ends = (np.linspace(1.0, 30.0, 10), np.linspace(2.0, 40.0, 7))
    samples = [
        FollowUps(np.minimum(12.0, end), np.where(end >= 12.0, 0, -1).astype(np.int16), 1, np.arange(end.size))
        for end in ends
    ]
    found = over_replications([part(one) for one in samples])
    assert found.interval() == (0.0, 0.0, 0.0)


def test_a_window_that_nobody_reaches_is_undefined() -> None:
    short = FollowUps(np.array([10.0, 100.0]), np.array([0, -1], dtype=np.int16), 1, np.arange(2))
    far = FollowUps(np.array([10.0, 380.0]), np.array([0, -1], dtype=np.int16), 1, np.arange(2))
    assert over_replications([part(short)] * 3).interval() == (None, None, None)
    assert over_replications([part(short), part(short), part(far)]).interval() == (0.5, None, None)
    assert over_replications([part(short), part(far), part(far)]).interval() == (0.5, 0.5, 0.5)


def test_the_difference_is_that_of_the_figures() -> None:
    random = np.random.default_rng(3)
    a, b = ([part(sample(random, 120)) for _ in range(12)] for _ in range(2))
    assert difference(a, b).value == over_replications(b).value - over_replications(a).value
    assert Part.restored([*a[0][:3], [list(row) for row in a[0].cells]]) == a[0]


def test_intervals_hold_the_truth() -> None:
    """20 replications of 400 buyers, of whom six or seven are followed to the end: .02 survive. 300 times, drawn by numpy.

    With a coverage of .88 (few are followed, so intervals are a little narrow), fewer than .82 in 300 have a chance of 1e-3.
    The bias is told to .00025 (a standard error); averages over the replications with survivors were off by .005 and more.
    """
    random, truth = np.random.default_rng(4), math.exp(-365.0 / MEAN)
    found = [over_replications([part(sample(random, 200)) for _ in range(20)]).interval() for _ in range(300)]
    told = [one for one in found if one.low is not None and one.high is not None]
    assert len(told) >= 295
    covered = np.mean([one.low <= truth <= one.high for one in told if one.low is not None and one.high is not None])
    assert covered >= 0.82
    means = np.array([one.mean for one in found if one.mean is not None])
    assert abs(means.mean() - truth) < 3.9 * means.std() / math.sqrt(means.size)  # false alarm 1e-4


def test_a_run_and_a_comparison_say_the_same() -> None:
    """Seed 2; the truth is within four standard errors (false alarms about 1e-4 each)."""
    found = compare(loads(LEAKY), replications=40, seed=2, workers=1)
    figures = {name: one.measures["retention.365"] for name, one in found.result.outcomes.items()}
    base, worse = figures["base"].mean, figures["worse"].mean
    assert base is not None
    assert worse is not None
    gap = found.differences["worse - base"]["retention.365"]
    assert gap.mean == worse - base
    for told, truth in ((figures["base"], math.exp(-365.0 / MEAN)), (figures["worse"], math.exp(-365.0 / MEAN) ** 1.3)):
        assert told.mean is not None
        assert told.high is not None
        assert abs(told.mean - truth) < 4.0 * (told.high - told.mean) / 1.685
    assert "retention.180" in headline(*(one.measures for one in found.result.outcomes.values()))


def test_the_picture_shows_the_same_curve() -> None:
    found = run(loads(LEAKY), "base", replications=6, seed=3, workers=1).outcomes["base"]
    lives = [simulate(found.network, seed=3, replication=r) for r in range(6)]
    band = combine([trace(one, found.network) for one in lives]).retention
    assert band is not None
    told = found.measures["retention.180"]
    assert told.mean == pytest.approx(float(np.interp(180.0, band.x, band.mean)), rel=1e-3)
    assert told.low == pytest.approx(float(np.interp(180.0, band.x, band.low)), rel=2e-2)

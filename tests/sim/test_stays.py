"""Stays solved by quadrature: closed forms, ties and jumps, and an independent integration."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from sojourn.scenarios import lawtable
from sojourn.scenarios.model import (
    Deadline,
    Deterministic,
    Empirical,
    Exponential,
    Gamma,
    Law,
    Loglogistic,
    Lognormal,
    Weibull,
)
from sojourn.sim.clocks import ages, exposures
from sojourn.sim.stays import ENDLESS, Way, choice, race

EXPONENTIAL = Exponential(law="exponential", mean=20)
SHARP = Gamma(law="gamma", mean=20, shape=12)
WIDE = Lognormal(law="lognormal", mean=20, sigma=1.2)
FALLING = Weibull(law="weibull", mean=20, shape=0.7)
SMOOTH: list[Law] = [
    EXPONENTIAL,
    FALLING,
    Weibull(law="weibull", mean=20, shape=3.0),
    WIDE,
    Gamma(law="gamma", mean=20, shape=0.5),
    SHARP,
    Loglogistic(law="loglogistic", mean=20, shape=2.0),
]
JUMPY: list[Law] = [
    Deterministic(law="deterministic", value=20),
    Empirical(law="empirical", share=(0, 0.3, 0.5, 1), days=(2, 10, 10, 60)),
    Deadline(law="deadline", day=30, share=0.5, otherwise=EXPONENTIAL),
]


@pytest.mark.parametrize("law", [*SMOOTH, *JUMPY], ids=lambda law: law.law)
def test_a_law_alone_keeps_its_mean(law: Any) -> None:
    stay = race((Way(law),))
    assert stay.shares == pytest.approx([1.0])
    assert stay.mean == pytest.approx(lawtable.mean(law), rel=1e-8)
    # E of the integral of exp(-delta s) is the integral of S(s) exp(-delta s).
    delta, edges = 0.01, [0.0, 2.0, 10.0, 20.0, 30.0, 60.0, 200.0, 4000.0]
    pieces = (
        integrate.quad(lambda t: lawtable.survival(law, t) * math.exp(-delta * t), low, high, limit=200)[0]
        for low, high in pairwise(edges)
    )
    assert stay.length(delta) == pytest.approx(math.fsum(pieces), rel=1e-7)
    assert stay.transform(delta).sum() == pytest.approx(1.0 - delta * stay.length(delta))


def test_transforms_in_closed_form() -> None:
    delta = 0.03
    assert race((Way(EXPONENTIAL),)).transform(delta)[0] == pytest.approx(1 / (1 + 20 * delta), rel=1e-12)
    assert race((Way(SHARP, pace=2.0),)).transform(delta)[0] == pytest.approx((1 + 40 / 12 * delta) ** -12, rel=1e-11)
    assert race((Way(JUMPY[0]),)).transform(delta)[0] == pytest.approx(math.exp(-20 * delta), rel=1e-14)


def test_races_in_closed_form() -> None:
    one, other = (Weibull(law="weibull", mean=mean, shape=1.7) for mean in (10.0, 25.0))
    assert race((Way(one), Way(other))).shares[0] == pytest.approx(1 / (1 + 0.4**1.7), rel=1e-9)
    # Hazard ratios multiply hazards, time ratios stretch time: exp(eta) (t / tau)^k.
    shifted = race((Way(one, math.log(2.0)), Way(other, pace=0.5)))
    assert shifted.shares[0] == pytest.approx(2 / (2 + 0.8**1.7), rel=1e-9)
    fixed = race((Way(EXPONENTIAL), Way(JUMPY[0])))
    assert fixed.shares == pytest.approx([1 - math.exp(-1), math.exp(-1)])
    assert fixed.mean == pytest.approx(20 * (1 - math.exp(-1)))
    rare = race((Way(Exponential(law="exponential", mean=1e7)), Way(SHARP, pace=0.01)))
    assert rare.shares[0] == pytest.approx(2e-8, rel=1e-6)


def test_at_equal_times_the_first_in_the_file_wins() -> None:
    day = Deterministic(law="deterministic", value=7)
    half = Deadline(law="deadline", day=7, share=0.5, otherwise=Deterministic(law="deterministic", value=9))
    assert race((Way(day), Way(day))).shares == pytest.approx([1.0, 0.0])
    assert race((Way(half), Way(day))).shares == pytest.approx([0.5, 0.5])
    assert race((Way(day), Way(half))).shares == pytest.approx([1.0, 0.0])
    # 0.1 x 70 is not 7 in floating point: whoever wins, nobody is lost.
    assert race((Way(Deterministic(law="deterministic", value=70), pace=0.1), Way(day))).shares.sum() == pytest.approx(
        1.0
    )
    at_once = Empirical(law="empirical", share=(0, 0.25, 1.0), days=(0, 0, 8))
    assert race((Way(at_once), Way(Deterministic(law="deterministic", value=0)))).shares == pytest.approx([0.25, 0.75])


def test_who_never_leaves_is_left_for_the_others() -> None:
    some = Empirical(law="empirical", share=(0, 0.6), days=(0, 10), never=0.4)
    alone = race((Way(some),))
    assert alone.never == pytest.approx(0.4)
    assert alone.mean == math.inf
    assert alone.length(0.02) == pytest.approx(
        0.6 * integrate.quad(lambda t: -math.expm1(-0.02 * t) / 0.2, 0, 10)[0] + 20
    )
    both = race((Way(some), Way(some)))
    assert both.never == pytest.approx(0.16)
    rescued = race((Way(some), Way(Deterministic(law="deterministic", value=50))))
    assert rescued.shares == pytest.approx([0.6, 0.4])
    assert rescued.mean == pytest.approx(0.6 * 5 + 0.4 * 50)
    assert race((Way(Loglogistic(law="loglogistic", median=3, shape=0.8)),)).mean == math.inf
    assert ENDLESS.length(0.5) == 2.0


def test_a_law_of_many_quantiles() -> None:
    """Uniform up to 50 by a thousand quantiles is before an exponential of mean 20 with chance (1 - exp(-2.5)) / 2.5."""
    days = tuple(np.linspace(0.0, 50.0, 1001).tolist())
    many = Empirical(law="empirical", share=tuple((np.arange(1001) / 1000).tolist()), days=days)
    for ways in ((Way(many), Way(EXPONENTIAL)), (Way(many, pace=0.1), Way(EXPONENTIAL, pace=0.1))):
        assert race(ways).shares[0] == pytest.approx(-math.expm1(-2.5) / 2.5)
    jumps = Empirical(law="empirical", share=(0, 0.2, 0.3, 0.6), days=(3, 3, 5, 5), never=0.4)
    wanted = np.array([0.0, 0.1, -math.log(0.8), 0.3, -math.log(0.7), 0.5, 0.9, -math.log(0.4), 2.0, 700.0])
    found = [lawtable.quantile(jumps, -math.expm1(-each)) for each in wanted[1:].tolist()]
    assert ages(jumps, wanted)[1:].tolist() == pytest.approx(found)
    at = np.array([0.0, 2.0, 3.0, 4.0, 5.0, 9.0])
    assert np.exp(-exposures(jumps, at)).tolist() == pytest.approx(
        [lawtable.survival(jumps, day) for day in at.tolist()]
    )


@pytest.mark.parametrize("seed", range(6))
def test_races_against_another_integration(seed: int) -> None:
    """Three smooth laws with shifts and paces: shares by scipy's adaptive rule over days."""
    draw = np.random.default_rng(seed)
    ways = tuple(
        Way(SMOOTH[draw.integers(len(SMOOTH))], float(draw.normal(0, 0.5)), float(np.exp(draw.normal(0, 0.3))))
        for _ in range(3)
    )

    def left(way: Way, day: float) -> float:
        return float(lawtable.survival(way.law, day / way.pace) ** math.exp(way.shift))

    def lost(e: int, u: float) -> float:
        """Survival of the others where exit e alone has lost the share u."""
        exposure = -math.log1p(-u) / math.exp(ways[e].shift)
        day = ways[e].pace * lawtable.quantile(ways[e].law, -math.expm1(-exposure))
        return math.prod(left(way, day) for k, way in enumerate(ways) if k != e)

    found = race(ways).shares
    for e in range(3):
        share = integrate.quad(lambda u, e=e: lost(e, u), 0, 1, limit=400, points=[1e-6, 1e-4, 0.01, 0.1, 0.9])[0]
        assert found[e] == pytest.approx(share, abs=1e-6)


def test_a_choice_draws_its_exit_first() -> None:
    stay = choice((Way(SHARP, pace=0.5, share=0.3), Way(WIDE, share=0.7)))
    assert stay.shares == pytest.approx([0.3, 0.7])
    assert stay.mean == pytest.approx(0.3 * 10 + 0.7 * 20)
    assert stay.transform(0.02)[0] == pytest.approx(0.3 * (1 + 10 / 12 * 0.02) ** -12)
    mu = math.log(20) - 0.72
    wide = integrate.quad(lambda z: math.exp(-0.02 * math.exp(mu + 1.2 * z)) * stats.norm.pdf(z), -12, 12, limit=200)[0]
    assert stay.transform(0.02)[1] == pytest.approx(0.7 * wide, rel=1e-9)


@pytest.mark.parametrize("law", SMOOTH[:3], ids=["1", "0.7", "3"])
def test_powers_of_the_age_are_those_of_the_laws(law: Any) -> None:
    """One expression in place of the scalar arithmetic, from no age to one whose hazard no float holds."""
    days = np.array([0.0, 1e-9, 0.3, 20.0, 700.0, 1e200])
    with np.errstate(divide="ignore"):
        lived = -np.log([lawtable.survival(law, day) for day in days.tolist()])
    assert exposures(law, days)[:4] == pytest.approx(lived[:4], rel=1e-9, abs=1e-15)
    assert (np.diff(exposures(law, days)) > 0.0).all()
    assert ages(law, exposures(law, days[:5])) == pytest.approx(days[:5], rel=1e-12)

"""Tornado, screening and shares: bars that say the figures, and words that do not overlap."""

from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib.colors import to_hex

from sojourn.experiments.breakeven import BreakEven
from sojourn.experiments.numbers import Number
from sojourn.experiments.sensitivity_found import Effect, Share, Swing
from sojourn.plots import style, tornado
from sojourn.plots.indices import effects, shares
from sojourn.sim.estimates import Estimate

NUMBERS = tuple(
    Number(place, label, central, low, high, origin)
    for place, label, central, low, high, origin in (
        (
            ("levers", "perks", "effects", 0, "hazard_ratio"),
            "the effect of perks on loyalty -> churned",
            0.85,
            0.65,
            1.0,
            "declared",
        ),
        (
            ("stages", "loyalty", "race", "churned", "mean"),
            "stages.loyalty.race.churned.mean",
            200.0,
            160.0,
            240.0,
            "shifted",
        ),
        (
            ("levers", "a", "effects", 1, "rate_ratio"),
            "the effect of a lever with a long name on arrivals",
            1.1,
            1.0,
            1.3,
            "declared",
        ),
        (("desks", "support", "cost_per_contact"), "desks.support.cost_per_contact", 6.0, 4.8, 7.2, "shifted"),
    )
)
ZERO = Estimate(0.0, 0.0, 0.0)
NOWHERE = BreakEven(None, None, None, None, 0, 0)


def swing(low: float, high: float, spread: float = 30.0, middle: float = -100.0) -> Swing:
    at = [Estimate(middle + x, middle + x - 50.0, middle + x + 50.0) for x in (low, high)]
    change = [Estimate(x, x - spread, x + spread) for x in (low, high)]
    return Swing(at[0], at[1], change[0], change[1], NOWHERE, (0.0, 1.0))


def found(made: Any, **parts: Any) -> Any:
    told = {"swings": (), "effects": (), "shares": (), "method": "tornado", **parts}
    return SimpleNamespace(
        scenario=made.scenario(made.FIRST), measure="profit", baseline="today", strategy="perks_for_premium", numbers=NUMBERS,
        order=[2, 0, 1, 3], difference=Estimate(-100.0, -150.0, -50.0), **told,
    )  # fmt: skip


@pytest.fixture
def swings(made: Any) -> Any:
    still = Swing(Estimate(-100.0, -150.0, -50.0), Estimate(-100.0, -150.0, -50.0), ZERO, ZERO, NOWHERE, (0.0, 1.0))
    return found(made, swings=(swing(200.0, -90.0), swing(-80.0, -20.0), swing(-300.0, 400.0), still))


def test_bars_go_from_the_difference_to_what_it_becomes(swings: Any) -> None:
    (panel,) = tornado.tornado(swings).child_axes
    bars: list[Any] = list(panel.patches)
    assert [float(bar.get_x()) for bar in bars] == pytest.approx([-100.0] * 6)
    assert [float(bar.get_width()) for bar in bars] == pytest.approx([-300, 400, 200, -90, -80, -20])
    hollow = [to_hex(bar.get_facecolor()) == style.PAPER for bar in bars]
    assert hollow == [False, False, False, False, False, True]
    assert [text.get_text() for text in panel.texts[-6:]] == ["1", "1.3", "0.65", "1", "160", "240"]


@pytest.mark.parametrize("size", [1.0, 2113.7, 1e6])
def test_large_amounts_have_room(made: Any, size: float) -> None:
    big = found(
        made, swings=tuple(swing(-250.0 * size, k * 110.0 * size, 30.0 * size, -170.0 * size) for k in range(4))
    )
    big.difference = Estimate(-170.0 * size, -200.0 * size, -140.0 * size)
    ax = tornado.tornado(big)
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []


@pytest.mark.parametrize("narrow", [False, True])
def test_no_words_overlap_or_leave_the_picture(swings: Any, made: Any, narrow: bool) -> None:
    ax = style.blank(3.2, 5.2) if narrow else None
    drawn = tornado.tornado(swings, ax)
    assert made.overlapping(drawn) == []
    assert made.outside(drawn) == []
    assert ax is None or drawn is ax


def test_numbers_that_change_nothing_give_a_sentence(made: Any) -> None:
    still = Swing(ZERO, ZERO, ZERO, ZERO, NOWHERE, (0.0, 1.0))
    (text,) = tornado.tornado(found(made, swings=(still,) * 4)).texts
    assert "No number" in text.get_text()


def test_screening(made: Any) -> None:
    told = found(
        made,
        method="morris",
        effects=tuple(Effect(-k, Estimate(k, 0.8 * k, 1.2 * k), k / 4) for k in (300.0, 200.0, 400.0, 1.0)),
    )
    ax = effects(told)
    (panel,) = ax.child_axes
    bars: list[Any] = list(panel.patches)
    assert [float(bar.get_width()) for bar in bars] == [400.0, 300.0, 200.0, 1.0]
    marks: list[Any] = list(panel.lines)
    crosses = [line.get_xdata()[0] for line in marks if line.get_marker() == "X"]
    assert crosses == [100.0, 75.0, 50.0, 0.25]
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []
    assert tornado.picture(told).name == "sensitivity"


def test_shares_of_variance(made: Any) -> None:
    each = [(0.2, 0.3), (0.05, 0.1), (0.6, 0.7), (-0.01, 0.0)]
    told = found(
        made,
        method="sobol",
        shares=tuple(Share(Estimate(a, a - 0.1, a + 0.1), Estimate(b, b - 0.05, b + 0.05)) for a, b in each),
    )
    ax = shares(told)
    (panel,) = ax.child_axes
    bars: list[Any] = list(panel.patches)
    assert [float(bar.get_width()) for bar in bars] == pytest.approx([70.0, 30.0, 10.0, 0.0])
    marks: list[Any] = list(panel.lines)
    dots = [line.get_xdata()[0] for line in marks if line.get_marker() == "o"]
    assert dots == pytest.approx([60.0, 20.0, 5.0, -1.0])
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []
    assert "the effect of a lever with a long name on arrivals" in tornado.picture(told).alt

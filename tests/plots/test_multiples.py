"""Many curves that lie on one another: a panel each, beside the first."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from sojourn.experiments.payback import told
from sojourn.plots import style
from sojourn.plots.differences import in_words
from sojourn.plots.payback import payback
from sojourn.plots.retention import FEW, retention, returning
from sojourn.sim.estimates import Estimate

NAMES = ("today", "service_first", "perks_for_premium_customers_who_have_bought_twice_or_more", *"defghijkl")


def nearly_equal(made: Any, count: int) -> dict[str, Any]:
    x = np.linspace(0, 365, 101)
    return {
        name: SimpleNamespace(
            retention=made.band(np.exp(-x / (200 + i))), returned=made.band(0.08 - 0.08 * np.exp(-x / (90 + i)))
        )
        for i, name in enumerate(NAMES[:count])
    }


@pytest.mark.parametrize("count", [FEW + 1, 7, 12])
@pytest.mark.parametrize("draw", [retention, returning])
def test_no_words_overlap_or_leave_the_picture(made: Any, count: int, draw: Any) -> None:
    said = dict.fromkeys(NAMES[1:count], ("+0.0123 [−0.0456, 0.0789] better", style.INK))
    ax = draw(nearly_equal(made, count), beside=said, told_of="difference to today at 180 days, in points")
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []


def test_each_strategy_has_a_panel_with_the_first_in_it(made: Any) -> None:
    ax = retention(nearly_equal(made, 6), beside={"service_first": ("+1.2 [0.3, 2.1] better", style.BETTER)})
    assert len(ax.child_axes) == 5
    x = np.linspace(0, 365, 101)
    for place, panel in enumerate(ax.child_axes, start=1):
        assert isinstance(panel, Axes)
        drawn = [np.asarray(line.get_ydata()) for line in panel.lines if np.size(line.get_xdata()) == 101]
        assert len(drawn) == 2
        assert np.allclose(
            min(drawn, key=lambda y: float(y[-1])), 100 * np.exp(-x / 200)
        )  # the first, below all others
        assert np.allclose(max(drawn, key=lambda y: float(y[-1])), 100 * np.exp(-x / (200 + place)))
        assert panel.get_ylim() == (0, 100)
    first = {text.get_text() for text in ax.child_axes[0].texts}
    assert first == {"service first", "+1.2 [0.3, 2.1] better"}


def test_few_curves_share_a_panel(made: Any) -> None:
    assert len(retention(nearly_equal(made, FEW)).child_axes) == 1


def test_rare_returns_fill_the_panel(made: Any) -> None:
    (panel,) = returning(nearly_equal(made, 2)).child_axes
    assert isinstance(panel, Axes)
    assert panel.get_ylim() == (0, 10)


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e10])
def test_many_that_pay_back_have_a_panel_each(made: Any, size: float) -> None:
    days = np.arange(366.0)
    wave = np.random.default_rng(3).normal(0.0, 30.0, (20, 1))
    found = {
        name: told(name, "today", 365.0, size * ((2.0 - 0.3 * k) * days - 300.0 * (days > 0) + wave * days / 365.0))
        for k, name in enumerate(NAMES[1:])
    }
    ax = payback(found, currency="EUR", strategies=NAMES)
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []
    assert len(ax.child_axes) == len(found)
    for panel, one in zip(ax.child_axes, found.values(), strict=True):
        assert isinstance(panel, Axes)
        dots = [float(np.asarray(line.get_xdata())[0]) for line in panel.lines if line.get_marker() == "o"]
        assert dots == ([one.day] if one.day is not None and one.high is not None else [])


@pytest.mark.parametrize(
    ("estimate", "words", "color"),
    [
        (Estimate(0.02, 0.01, 0.03), "+2.00 [1.00, 3.00] better", style.deep(style.BETTER)),
        (Estimate(-0.02, -0.03, -0.01), "−2.00 [−3.00, −1.00] worse", style.deep(style.WORSE)),
        (Estimate(0.02, -0.01, 0.05), "+2.0 [−1.0, 5.0]", style.SOFT),
    ],
)
def test_a_difference_whose_sign_is_not_known_is_grey(made: Any, estimate: Estimate, words: str, color: str) -> None:
    assert in_words("retention.90", estimate, made.scenario(made.FIRST)) == (words, color)

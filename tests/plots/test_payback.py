"""The picture of paying back: curves from what was computed, bands, and the day where it is sure."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from matplotlib.axes import Axes

from sojourn.experiments.payback import Payback, told
from sojourn.plots import style
from sojourn.plots.payback import payback
from sojourn.plots.retention import retention


def found(slope: float) -> Payback:
    days = np.arange(366.0)
    wave = np.random.default_rng(3).normal(0.0, 30.0, (20, 1))
    return told("club", "today", 365.0, slope * days - 300.0 * (days > 0) + wave * days / 365.0)


def test_a_curve_a_band_and_the_day() -> None:
    one = found(2.0)
    for moment, expected in ((one.low, 150), (one.day, 151), (one.high, 153)):
        assert moment == pytest.approx(expected, abs=5)
    ax = payback({"club": one}, currency="EUR")
    (panel,) = ax.child_axes
    assert isinstance(panel, Axes)
    assert panel.get_title(loc="left") == "profit so far minus the baseline's, EUR"
    (curve,) = [line for line in panel.lines if len(np.asarray(line.get_xdata())) == 366]
    assert np.asarray(curve.get_ydata()).tolist() == one.ahead.mean.tolist()
    dots = [line for line in panel.lines if line.get_marker() == "o"]
    assert [float(np.asarray(dot.get_xdata())[0]) for dot in dots] == [one.day]
    assert panel.collections  # the band
    low, high = panel.get_ylim()
    assert low < one.ahead.low.min()
    assert high > one.ahead.high.max()


def test_no_dot_where_it_is_not_sure() -> None:
    ax = payback({"club": found(0.5), "copy": found(0.4)})
    (panel,) = ax.child_axes
    assert not [line for line in panel.lines if line.get_marker() == "o"]
    assert {text.get_text() for text in panel.texts} == {"club", "copy"}


def test_nothing_to_pay_back() -> None:
    ax = payback({})
    assert isinstance(ax, Axes)
    assert "nothing to pay back" in " ".join(text.get_text().replace("\n", " ") for text in ax.texts)


def test_a_strategy_looks_as_in_all_pictures_of_the_comparison() -> None:
    order = ["copy", "today", "poster", "club"]  # the baseline is not the first, and two pay nothing back
    ax = payback({"club": found(2.0)}, strategies=order)
    (panel,) = ax.child_axes
    assert isinstance(panel, Axes)
    (curve,) = [line for line in panel.lines if len(np.asarray(line.get_xdata())) == 366]
    assert curve.get_color() == style.look_of(3).color
    curves = {name: SimpleNamespace(retention=found(1.0).ahead if name == "club" else None) for name in order}
    (panel,) = retention(cast("Any", curves)).child_axes
    assert isinstance(panel, Axes)
    (curve,) = [line for line in panel.lines if len(np.asarray(line.get_xdata())) == 366]
    assert curve.get_color() == style.look_of(3).color


def test_small_amounts_have_ticks_that_read_apart(made: Any) -> None:
    one = found(2.0)
    small = replace(one, ahead=type(one.ahead)(one.ahead.x, *(value * 1e-6 for value in one.ahead[1:])))
    ax = payback({"club": small}, currency="EUR")
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []
    (panel,) = ax.child_axes
    assert isinstance(panel, Axes)
    ticks = [label.get_text() for label in panel.get_yticklabels()]
    assert len(set(ticks)) == len(ticks) > 2

from typing import Any

import numpy as np

from sojourn.plots import style
from sojourn.plots.fit import fit


def test_no_words_overlap_or_leave_the_picture(made: Any) -> None:
    ax = fit(made.check())
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []


def test_quantities_by_unit_and_a_panel_a_curve(made: Any) -> None:
    ax = fit(made.check())
    assert len(ax.child_axes) == 5
    days, share, *curves = ax.child_axes
    assert "days in targeted\nof the first 150 days, n = 1,234" in [t.get_text() for t in days.texts]
    assert any("targeted → redeemed" in t.get_text() for t in share.texts)
    assert share.get_xlim()[1] > 32  # shares are in per cent
    assert [panel.get_xlabel() for panel in curves] == ["days"] * 3


def test_the_naive_figure_is_marked_where_there_is_one(made: Any) -> None:
    days = fit(made.check()).child_axes[0]
    crosses = [float(np.asarray(line.get_xdata())[0]) for line in days.lines if line.get_marker() == "x"]
    assert crosses == [36.0]


def test_either_half_may_be_missing_and_nothing_is_a_sentence(made: Any) -> None:
    whole = made.check()
    for half in (
        made.SimpleNamespace(quantities=whole.quantities, curves=()),
        made.SimpleNamespace(quantities=(), curves=whole.curves[:1]),
    ):
        ax = fit(half)
        assert made.overlapping(ax) == []
        assert made.outside(ax) == []
    nothing = fit(made.SimpleNamespace(quantities=(), curves=()))
    assert "nothing to compare" in nothing.texts[0].get_text().replace("\n", " ")


def test_undefined_quantities(made: Any) -> None:
    whole = made.check()
    none = made.Estimate(None, None, None)
    odd = made.SimpleNamespace(
        name="dwell.x", unit="days", observed=none, simulated=made.about(3.0), naive=None, n=0, inside=False
    )
    style.png(made.drawn(fit(made.SimpleNamespace(quantities=(odd, *whole.quantities), curves=()))))


def test_axes_that_are_given_are_used(made: Any) -> None:
    ax = style.blank(9.0)
    assert fit(made.check(), ax) is ax

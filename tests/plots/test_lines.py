import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from sojourn.plots import style
from sojourn.plots.lines import spread
from sojourn.plots.occupancy import occupancy
from sojourn.plots.retention import retention, returning


@pytest.mark.parametrize("journey", ["FIRST", "THREE", "TWELVE"])
@pytest.mark.parametrize("scale", [0.01, 100.0, 3e6])
def test_occupancy_has_no_overlapping_words(made: Any, journey: str, scale: float) -> None:
    exits = getattr(made, journey)
    ax = occupancy(made.curves(exits, scale), made.scenario(exits))
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []


def test_ends_have_a_panel_of_their_own(made: Any) -> None:
    ax = occupancy(made.curves(made.FIRST), made.scenario(made.FIRST))
    names = [{t.get_text() for t in panel.texts} for panel in ax.child_axes]
    assert names[1] == {"lapsed", "churned"}
    assert "post purchase" in names[0]
    assert len(occupancy(made.curves(made.FIRST)).child_axes) == 1  # without a scenario nobody knows which are ends


def test_retention_has_one_line_a_strategy_and_no_overlapping_words(made: Any) -> None:
    x = np.linspace(0, 365, 101)
    names = [
        "today",
        "service_first",
        "perks_for_premium_customers_who_have_bought_twice_or_more",
        "d",
    ]
    found = {n: made.SimpleNamespace(retention=made.band(np.exp(-x / (200 + i)))) for i, n in enumerate(names)}
    ax = retention(found)
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []
    (panel,) = ax.child_axes
    assert panel.get_xlabel() == "days since the first purchase"
    curves = [line for line in panel.lines if np.size(line.get_xdata()) == 101]
    assert len({str(vars(line)["_unscaled_dash_pattern"]) for line in curves}) == 4


def test_bands_that_are_unknown_leave_the_line(made: Any) -> None:
    x = np.linspace(0, 365, 11)
    nan = np.full(11, np.nan)
    mean = np.exp(-x / 100)
    mean[8:] = np.nan
    ax = retention({"today": made.SimpleNamespace(retention=made.Band(x, mean, nan, nan))})
    style.png(made.drawn(ax))
    assert not ax.child_axes[0].collections


def test_nothing_to_draw_is_a_sentence(made: Any) -> None:
    none = made.SimpleNamespace(occupancy={}, retention=None, flow={})
    assert "no retention to draw" in retention({"today": none}).texts[0].get_text().replace("\n", " ")
    assert "nobody to count" in occupancy(none).texts[0].get_text().replace("\n", " ")
    empty = made.SimpleNamespace(occupancy={"a": made.band(np.zeros(5))}, retention=None, flow={})
    assert "nobody to count" in occupancy(empty).texts[0].get_text().replace("\n", " ")


def test_axes_that_are_given_are_used(made: Any) -> None:
    ax = style.blank(4.0)
    assert occupancy(made.curves(made.FIRST), made.scenario(made.FIRST), ax) is ax
    ax = style.blank(3.0)
    assert retention({"today": made.curves(made.FIRST)}, ax) is ax


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0.1, 0.5)), min_size=1, max_size=12))
def test_labels_are_spread_without_overlap_in_the_order_wanted(labels: list[tuple[float, float]]) -> None:
    wanted, heights = zip(*labels, strict=True)
    room = max(3.0, sum(heights))
    at = spread(wanted, heights, room)
    order = sorted(range(len(at)), key=lambda i: (wanted[i], i))
    for i, j in itertools.pairwise(order):
        assert at[j] - heights[j] / 2 >= at[i] + heights[i] / 2 - 1e-6
    assert min(a - h / 2 for a, h in zip(at, heights, strict=True)) >= -1e-6
    assert max(a + h / 2 for a, h in zip(at, heights, strict=True)) <= room + 1e-6


def test_returns_are_drawn_where_nobody_can_be_lost(made: Any) -> None:
    curve = made.SimpleNamespace(retention=None, returned=made.band(np.linspace(0.0, 0.4, 50)), flow={})
    ax = returning({"today": curve})
    assert "buyers who have bought again" in [text.get_text() for text in ax.figure.findobj(Text)]
    nothing = returning({"today": made.SimpleNamespace(retention=None, returned=None, flow={})})
    assert any("nobody bought again" in text.get_text() for text in nothing.figure.findobj(Text))

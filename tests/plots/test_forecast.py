"""Pictures of a forecast: bands for both groups, whole weeks only, bars that add up, and names that do not overlap."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sojourn.plots.forecast import busiest, finals, pictures, weekly
from sojourn.sim.estimates import Band, Estimate

NAMES = ("first_visit", "a_stage_with_a_rather_long_name", "bought", "gone")


def group(scale: float, customers: float = 100.0) -> Any:
    weeks = np.array([0.0, 7.0, 14.0, 21.0])
    mean = scale * np.array([8.0, 5.0, 3.0, 1.0])
    band = Band(weeks, mean, 0.6 * mean, 1.5 * mean)
    nothing = Band(weeks, 0 * mean, 0 * mean, 0 * mean)
    shares = (0.2, 0.1, 0.3, 0.4)
    return SimpleNamespace(
        customers=Estimate(customers, customers, customers),
        final={n: Estimate(s, 0.8 * s, 1.2 * s) for n, s in zip(NAMES, shares, strict=True)},
        entries={n: Estimate(17.0 * k, 10.0 * k, 25.0 * k) for k, n in enumerate(NAMES)},
        weekly={n: band if k else nothing for k, n in enumerate(NAMES)},
    )


@pytest.fixture
def found() -> Any:
    one = SimpleNamespace(open=group(1.0), newcomers=group(2.0))
    return SimpleNamespace(days=25.0, strategies={"today": one, "call_all": one})


def test_weekly_counts_have_bands_for_both_groups_in_whole_weeks(found: Any) -> None:
    ax = weekly(found)
    panels: Any = ax.child_axes
    assert len(panels) == len(busiest(found.strategies["today"])) == 3
    for panel in panels:
        lines = [line for line in panel.lines if line.get_marker() in ("o", "s")]
        assert [list(line.get_xdata()) for line in lines] == [[3.5, 10.5, 17.5]] * 2  # the fourth week has four days
        assert len(panel.collections) == 2
        assert panel.get_title(loc="left").startswith("entries to ")
    assert panels[-1].get_xlabel() == "days from the end of the log"


def test_bars_add_up_and_intervals_are_seen(found: Any) -> None:
    ax = finals(found)
    panel: Any = ax.child_axes[0]
    assert len(panel.patches) == 4 * len(NAMES)
    ends = {round(patch.get_x() + patch.get_width(), 9) for patch in panel.patches}
    assert max(ends) == 1.0
    assert len(panel.lines) == 4 * len(NAMES)
    told = {text.get_text() for text in panel.texts}
    assert {"on their way, today", "newcomers, call all", "30 %"} <= told


def test_words_keep_apart(found: Any) -> None:
    for ax in (weekly(found), finals(found)):
        figure: Any = ax.get_figure(root=True)
        figure.canvas.draw()
        renderer = figure.canvas.get_renderer()
        boxes = [text.get_window_extent(renderer) for one in (ax, *ax.child_axes) for text in one.texts]
        for k, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[k + 1 :])


def test_both_pictures_say_what_they_show(found: Any) -> None:
    drawn = pictures(found)
    assert [one.name for one in drawn] == ["weekly", "finals"]
    for one in drawn:
        assert one.png.startswith(b"\x89PNG")
        assert "90 %" in one.caption
        assert one.alt

"""Pictures of a forecast: bands for both groups, whole weeks only, bars that add up, and names that do not overlap."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sojourn.plots.finals import finals
from sojourn.plots.forecast import busiest, pictures, weekly
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
    panels: Any = ax.child_axes
    assert [panel.get_title(loc="left") for panel in panels] == ["on their way", "newcomers"]
    for panel in panels:
        widths = [bar.get_width() for bar in panel.patches]
        assert len(widths) == 2 * len(NAMES)
        assert sum(widths[::2]) == sum(widths[1::2]) == pytest.approx(100.0)  # of either strategy
        ends = [float(end) for line in panel.lines for end in line.get_xdata()]
        assert min(ends) == pytest.approx(8.0)
        assert max(ends) == pytest.approx(48.0)
        told = [text.get_text() for text in panel.texts]
        assert told.count("30.0 % [24.0, 36.0]") == 2


def test_an_interval_of_a_share_stays_below_all(found: Any) -> None:
    for one in found.strategies.values():
        one.open.final["gone"] = Estimate(0.97, 0.9, 1.04)
    panels: Any = finals(found).child_axes
    for panel in panels:
        assert panel.get_xlim()[1] <= 100.0
        assert max(float(end) for line in panel.lines for end in line.get_xdata()) <= 100.0


@pytest.mark.parametrize("strategies", [1, 2, 5])
def test_no_words_overlap_or_leave_the_pictures(made: Any, found: Any, strategies: int) -> None:
    one = found.strategies["today"]
    names = ("today", "call_all", "a_strategy_whose_name_is_rather_long_for_a_key", "d", "e")[:strategies]
    told = SimpleNamespace(days=25.0, strategies=dict.fromkeys(names, one))
    for ax in (weekly(told), finals(told)):  # type: ignore[arg-type]
        assert made.overlapping(ax) == []
        assert made.outside(ax) == []


def test_nobody_is_a_sentence(found: Any) -> None:
    empty = SimpleNamespace(open=group(0.0, 0.0), newcomers=group(0.0, 0.0))
    ax: Any = finals(SimpleNamespace(days=25.0, strategies={"today": empty}))  # type: ignore[arg-type]
    assert "nobody to find" in ax.texts[0].get_text().replace("\n", " ")


def test_both_pictures_say_what_they_show(found: Any) -> None:
    drawn = pictures(found)
    assert [one.name for one in drawn] == ["weekly", "finals"]
    for one in drawn:
        assert one.png.startswith(b"\x89PNG")
        assert "90 %" in one.caption
        assert one.alt

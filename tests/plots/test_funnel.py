from typing import Any

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from sojourn.plots import style
from sojourn.plots.funnel import LEAST, funnel, reading


def words(made: Any, ax: Any) -> str:
    return "\n".join(text for text, _ in made.texts(ax))


@pytest.mark.parametrize("journey", ["FIRST", "THREE", "TWELVE"])
def test_no_words_overlap_or_leave_the_picture(made: Any, journey: str) -> None:
    exits = getattr(made, journey)
    ax = funnel(made.measures(exits), made.scenario(exits))
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []


def test_it_says_ever_reached_and_by_when(made: Any) -> None:
    ax = funnel(made.measures(made.FIRST), made.scenario(made.FIRST))
    assert "ever reached it by day 365" in ax.get_xlabel()


def test_stages_in_order_then_ends_and_those_still_on_the_way(made: Any) -> None:
    ax = funnel(made.measures(made.FIRST), made.scenario(made.FIRST))
    told = [t.get_text() for t in ax.texts]
    order = ["awareness", "consideration", "purchase", "post purchase", "loyalty", "advocacy"]
    order += ["Where all of them are on day 365", "lapsed", "churned", "still on the way"]
    places = [told.index(name) for name in order]
    assert places == sorted(places)


def test_each_step_says_who_went_on_who_was_lost_and_who_has_not_left(made: Any) -> None:
    said = words(made, funnel(made.measures(made.FIRST), made.scenario(made.FIRST)))
    for step in (
        "→ consideration: 34.3 ± 0.7 %",
        "✕ lapsed: 63.7 ± 1.3 %",
        "↩ purchase: 58.8",
        "… longer than watched: 2.0",
    ):
        assert step in said


def test_small_shares_are_readable_outside_a_bar_that_can_be_seen(made: Any) -> None:
    told = made.measures(made.FIRST)
    told["reach.advocacy"] = made.Estimate(0.0004, 0.0003, 0.0005)
    ax = funnel(told, made.scenario(made.FIRST))
    label = next(t for t in ax.texts if t.get_text().startswith("0.040 % [0.030, 0.050]"))
    assert label.get_position()[0] > LEAST
    assert min(p.get_width() for p in ax.patches if isinstance(p, Rectangle)) >= LEAST


def test_intervals_are_drawn_and_undefined_stages_left_out(made: Any) -> None:
    told = made.measures(made.FIRST)
    ax = funnel(told, made.scenario(made.FIRST))
    low, high = told["reach.purchase"].low, told["reach.purchase"].high
    drawn = [np.asarray(line.get_xdata()).tolist() for line in ax.lines]
    assert [100 * low, 100 * high] in drawn
    told["reach.purchase"] = made.Estimate(None, None, None)
    assert "purchase" not in [t.get_text() for t in funnel(told, made.scenario(made.FIRST)).texts]


def test_one_replication_has_no_whiskers(made: Any) -> None:
    told = {name: made.Estimate(e.mean, None, None) for name, e in made.measures(made.FIRST).items()}
    ax = funnel(told, made.scenario(made.FIRST))
    assert made.overlapping(ax) == []
    assert all(line.get_marker() != "|" for line in ax.lines)


def test_nobody_is_a_sentence(made: Any) -> None:
    assert "no funnel to draw" in funnel({}, made.scenario(made.FIRST)).texts[0].get_text().replace("\n", " ")


def test_axes_that_are_given_are_used(made: Any) -> None:
    ax = style.blank(9.0)
    assert funnel(made.measures(made.FIRST), made.scenario(made.FIRST), ax) is ax
    low = style.blank(3.0)
    funnel(made.measures(made.FIRST), made.scenario(made.FIRST), low)
    assert [pair for pair in made.overlapping(low, 1.5) if "%" not in pair[0][-1]] == []


def test_an_end_is_lost_only_where_its_role_says_so(made: Any) -> None:
    scenario = made.scenario(made.FIRST)
    scenario.stages["lapsed"].role = "purchase"
    ax = funnel(made.measures(made.FIRST), scenario)
    assert "■ lapsed: 63.7 ± 1.3 %" in words(made, ax)
    assert "✕ churned" in words(made, ax)
    bars = [p for p in ax.patches if isinstance(p, Rectangle) and p.get_edgecolor() != ax.patches[0].get_edgecolor()]
    assert [bar.get_hatch() for bar in bars] == [None, style.LOST_HATCH, None]  # lapsed, churned, still on the way


def test_the_caption_explains_the_marks_that_stand_there_and_no_others(made: Any) -> None:
    told, scenario = made.measures(made.FIRST), made.scenario(made.FIRST)
    assert "→ onward, ↩ back, ✕ lost. … is the share of stays that outlast the longest" in reading(told, scenario)
    for stage in scenario.stages.values():
        stage.role = None
    assert "✕" not in reading(told, scenario)
    assert "■ an end that is no loss" in reading(told, scenario)
    settled = {name: e for name, e in told.items() if not name.endswith(".open")}
    assert "…" not in reading(settled, scenario)

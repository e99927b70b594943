import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from sojourn.plots.commitment import commitment, picture
from sojourn.sim.estimates import Estimate


def found(exits: Any, made: Any, *, loyal: str, crossed: dict[str, float], entered: float) -> Any:
    scenario = made.scenario(exits)
    open_stages = [name for name, stage in scenario.stages.items() if not stage.end]
    entries = {}
    for i, name in enumerate(open_stages):
        middle = (i + 0.5) / (len(open_stages) + 1)
        band = (0.5 * middle, 0.8 * middle, middle, min(1.0, 1.1 * middle), min(1.0, 1.3 * middle))
        entries[name] = SimpleNamespace(entries=100, quantiles=(1.0,) * 5 if name == loyal else band)
    place = {n: SimpleNamespace(share=Estimate(share, None, None), median_day=3.0) for n, share in crossed.items()}
    entry = {loyal: SimpleNamespace(share=Estimate(entered, None, None), median_day=9.0)} if entered else {}
    return SimpleNamespace(
        scenario=scenario,
        loyal=(loyal,),
        within=182.5,
        entries=entries,
        crossings={0.9: SimpleNamespace(stages=place, entries=entry)},
    )


@pytest.fixture
def first(made: Any) -> Any:
    crossed = {"purchase": 0.021, "post_purchase": 0.12}
    return found(made.FIRST, made, loyal="advocacy", crossed=crossed, entered=0.004)


@pytest.fixture
def twelve(made: Any) -> Any:
    names = list(made.TWELVE)
    crossed = {names[4]: 0.1, names[8]: 0.00004}
    return found(made.TWELVE, made, loyal=names[9], crossed=crossed, entered=0.0)


def test_no_words_overlap_or_leave_the_picture(made: Any, first: Any, twelve: Any) -> None:
    for one in (first, twelve):
        ax = commitment(one)
        # Long names stand aslant, where upright boxes around them overlap and they do not.
        aslant = {text.get_text() for text in ax.child_axes[0].get_xticklabels() if text.get_rotation()}
        assert (aslant == set()) == (one is first)
        assert [pair for pair in made.overlapping(ax) if not aslant.issuperset(pair)] == []
        assert made.outside(ax) == []


def test_bars_are_the_shares_and_entries_are_hatched(first: Any) -> None:
    lower, upper = commitment(first).child_axes
    bars: list[Any] = list(lower.patches)
    assert [round(float(bar.get_height()), 4) for bar in bars] == [0.0, 0.0, 0.021, 0.12, 0.0, 0.004]
    assert [bool(bar.get_hatch()) for bar in bars] == [False, False, False, False, False, True]
    assert [text.get_text() for text in lower.texts] == ["0 %", "0 %", "2.1 %", "12 %", "0 %", "0.40 %"]
    drawn: list[Any] = list(upper.patches)
    boxes = [(float(box.get_y()), float(box.get_y() + box.get_height())) for box in drawn]
    quantiles = [one.quantiles for one in first.entries.values()]
    assert boxes == [pytest.approx((q[1], q[3])) for q in quantiles]
    dashed: list[Any] = [line for line in upper.lines if line.get_linestyle() == "--"]
    assert [line.get_ydata()[0] for line in dashed] == [0.8, 0.9, 0.95]


def test_given_axes_are_used_and_nobody_gives_a_sentence(made: Any, first: Any) -> None:
    from sojourn.plots import style

    ax = style.blank(2.2, 3.2)
    assert commitment(first, ax=ax) is ax
    assert made.outside(ax) == []
    first.entries = {}
    (text,) = commitment(first).texts
    assert "Nobody" in text.get_text()


def test_the_picture_has_words_for_those_who_cannot_see_it(first: Any) -> None:
    one = picture(first)
    assert "post purchase 0.50" in one.alt
    assert one.name == "commitment"
    assert one.png.startswith(b"\x89PNG")


def test_a_long_goal_is_told_in_full_above_the_chances(first: Any, made: Any) -> None:
    goals = ("loyalty_of_the_kind_that_lasts_for_years", "advocacy_among_friends_and_colleagues")
    first.loyal = goals
    ax = commitment(first)
    titles = [text for text, _ in made.texts(ax)]
    title = next(text for text in titles if text.startswith("chance of"))
    told = title.replace("\n", " ")
    assert told == f"chance of {' or '.join(goals).replace('_', ' ')} within 182.5 days, as customers enter the stage"
    assert made.outside(ax) == []
    assert made.overlapping(ax) == []


def test_names_side_by_side_are_told_apart(made: Any) -> None:
    long = "a_very_long_stage_name_of_forty_letters_"
    exits = {f"{long}a": {f"{long}b": 1.0}, f"{long}b": {f"{long}c": 1.0}, f"{long}c": {"gone": 1.0}}
    ax = commitment(found(exits, made, loyal=f"{long}c", crossed={f"{long}b": 0.1}, entered=0.2))
    drawn = made.drawn(ax)
    drawn.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.child_axes[0].get_xticklabels()]
    assert all(b.x0 - a.x1 > 0.05 * drawn.dpi for a, b in itertools.pairwise(boxes))

"""Waterfall and timelines: bars that say the figures, lanes that say the lives, words that do not overlap."""

from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib.colors import to_hex

from sojourn.experiments.decomposition import Decomposition, LeverPart
from sojourn.experiments.parting import Onward, Parting
from sojourn.experiments.twin_lives import Life, Stay, Twin
from sojourn.plots import style, timelines, waterfall
from sojourn.sim.estimates import Estimate

NOTHING = Estimate(0.0, 0.0, 0.0)


def part(outcome: Estimate, cost: Estimate) -> LeverPart:
    total = Estimate((outcome.mean or 0.0) - (cost.mean or 0.0), None, None)
    return LeverPart(outcome, cost, total, {}, NOTHING, 0.0)


def decomposed(**levers: LeverPart) -> Decomposition:
    total = sum(one.total.mean or 0.0 for one in levers.values())
    figure = Estimate(total, total - 120.0, total + 150.0)
    return Decomposition("today", "perks_for_premium_customers", figure, levers, {}, NOTHING, 20, 4, True)


@pytest.fixture
def two() -> Decomposition:
    return decomposed(
        loyalty_perks=part(Estimate(300.0, 90.0, 510.0), Estimate(40.0, 38.0, 42.0)),
        a_referral_incentive_with_a_long_name=part(Estimate(-20.0, -60.0, 20.0), Estimate(1100.0, 1000.0, 1200.0)),
        posters=part(NOTHING, Estimate(50.0, 50.0, 50.0)),
    )


def test_each_bar_begins_where_the_one_above_ends(two: Decomposition, made: Any) -> None:
    (panel,) = waterfall.waterfall(two, made.scenario(made.FIRST)).child_axes
    bars: list[Any] = list(panel.patches)
    assert [float(bar.get_x()) for bar in bars] == pytest.approx([0, 300, 260, 240, -860, -860, 0])
    assert [float(bar.get_width()) for bar in bars] == pytest.approx([300, -40, -20, -1100, 0, -50, -910])
    faces = [to_hex(bar.get_facecolor()) for bar in bars]
    assert faces == [style.BETTER, style.WORSE, style.PAPER, style.WORSE, style.PAPER, style.WORSE, style.WORSE]


def test_no_words_of_the_waterfall_overlap_or_leave_it(two: Decomposition, made: Any) -> None:
    for ax in (None, style.blank(3.0, 4.0)):
        drawn = waterfall.waterfall(two, made.scenario(made.FIRST), ax)
        assert made.overlapping(drawn) == []
        assert made.outside(drawn) == []
        assert ax is None or drawn is ax


def test_large_amounts_have_room(made: Any) -> None:
    million = decomposed(hire=part(Estimate(3e6, 1.1e6, 4.9e6), Estimate(2.9e6, 2.8e6, 3.0e6)))
    ax = waterfall.waterfall(million, made.scenario(made.FIRST))
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []


def test_no_levers_give_a_sentence(made: Any) -> None:
    (text,) = waterfall.waterfall(decomposed(), made.scenario(made.FIRST)).texts
    assert "alike" in text.get_text()


def test_the_waterfall_has_words_for_those_who_cannot_see_it(two: Decomposition, made: Any) -> None:
    one = waterfall.picture(two, made.scenario(made.FIRST))
    assert "loyalty perks brings +300 [90, 510]; loyalty perks costs −40.0" in one.alt
    assert one.name == "levers"
    assert one.png.startswith(b"\x89PNG")


def life(*stays: tuple[str, float, float | None]) -> Life:
    return Life(tuple(Stay(stage, begin, end, 1.0, None, "", 0.0) for stage, begin, end in stays), float(len(stays)), 1)


@pytest.fixture
def lives(made: Any) -> Any:
    scenario = made.scenario(made.FIRST)
    for name, stage in scenario.stages.items():
        stage.role = "purchase" if name == "purchase" else None
    first = life(("awareness", 10.0, 30.0), ("consideration", 30.0, 100.0), ("lapsed", 100.0, None))
    second = life(
        ("awareness", 10.0, 30.0), ("consideration", 30.0, 90.0), ("purchase", 90.0, 92.0), ("loyalty", 92.0, None)
    )
    way = Parting("consideration", 30.0, False, Onward("lapsed", 100.0), Onward("purchase", 90.0), (), (), {})
    shown = (
        Twin(7, "most gained", "all", "arrival", first, second, way),
        Twin(2**62 - 1, "only one", "all", "referral", None, second, None),
        Twin(8, "unchanged", "all", "arrival", first, first, None),
    )
    return SimpleNamespace(scenario=scenario, baseline="today", strategy="perks_for_premium_customers", shown=shown)


def test_lanes_are_the_lives(lives: Any) -> None:
    (panel,) = timelines.timelines(lives).child_axes
    bars: list[Any] = list(panel.patches)
    once, bought = [10.0, 30.0, 100.0], [10.0, 30.0, 90.0, 92.0, 365.0]
    lanes = (once, bought, bought, once, once)
    assert [float(bar.get_x()) for bar in bars] == pytest.approx([day for lane in lanes for day in lane[:-1]])
    assert [float(bar.get_x() + bar.get_width()) for bar in bars] == pytest.approx(
        [day for lane in lanes for day in lane[1:]]
    )
    marks: list[Any] = list(panel.lines)
    dots = [line.get_xdata()[0] for line in marks if line.get_marker() == "o"]
    assert dots == [90.0, 90.0]
    dashed = [list(line.get_xdata()) for line in marks if line.get_marker() == "None"]
    assert dashed == [[90.0, 90.0]]
    assert any("never comes" in text.get_text() for text in panel.texts)


def test_no_words_of_the_timelines_overlap_or_leave_them(lives: Any, made: Any) -> None:
    for ax in (None, style.blank(4.0, 4.2)):
        drawn = timelines.timelines(lives, ax)
        assert made.overlapping(drawn) == []
        assert made.outside(drawn) == []


def test_stages_beyond_the_colours_are_hatched() -> None:
    faces = [timelines.face_of(k) for k in range(30)]
    assert len(set(faces)) == 30


def test_nobody_gives_a_sentence(lives: Any) -> None:
    lives.shown = ()
    (text,) = timelines.timelines(lives).texts
    assert "Nobody" in text.get_text()


def test_the_timelines_have_words_for_those_who_cannot_see_them(lives: Any) -> None:
    one = timelines.picture(lives)
    assert "customer 7 (most gained), parting in consideration: +1.00" in one.alt
    assert one.name == "twins"


def test_a_long_name_of_a_stage_stays_in_the_key(lives: Any, made: Any) -> None:
    name = "a_stage_that_has_as_long_a_name_as_a_scenario_may_give_to_it_" * 2
    lives.scenario.stages[name] = lives.scenario.stages["awareness"]
    stays = life((name, 10.0, 30.0), ("lapsed", 30.0, None))
    lives.shown = (lives.shown[0]._replace(first=stays, second=stays, parting=None),)
    assert made.outside(timelines.timelines(lives)) == []

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from sojourn.experiments.acceptability import Curve
from sojourn.experiments.trials import Sizing
from sojourn.plots import style
from sojourn.plots.acceptability import acceptability
from sojourn.plots.worth import numbers, sizes_of_test
from sojourn.plots.worth_pictures import worth_pictures
from sojourn.sim.estimates import Estimate

NAMES = ("today", "service_first", "perks_for_premium")


def learned(label: str, worth: float, error: float, null: float) -> Any:
    question = SimpleNamespace(label=label, doubts=())
    estimate = Estimate(worth, max(worth - error, 0.0), worth + error)
    return SimpleNamespace(
        question=question, estimate=estimate, partial=SimpleNamespace(value=worth, null=null, found=worth > null)
    )


def curve() -> Curve:
    along = np.linspace(0.0, 50_000.0, 41)
    late = along / 50_000.0
    chance = np.column_stack((0.6 * (1 - late), late, 0.4 * (1 - late)))
    best = np.where(late < 0.5, 0, 1)
    return Curve(along, chance, chance - 0.05, chance + 0.05, best, (25_000.0,))


@pytest.fixture
def found(made: Any) -> Any:
    first = learned("the effect of a rather long lever name on consideration -> purchase", 2400.0, 700.0, 300.0)
    others = [learned(f"the effect of lever_{k} on arrivals", 200.0 / (k + 1), 150.0, 250.0) for k in range(3)]
    trial = SimpleNamespace(units="customers who enter consideration")
    sizes = tuple((n, 2400.0 * n / (n + 400.0)) for n in (10, 100, 1000, 10_000))
    return SimpleNamespace(
        scenario=made.scenario(made.FIRST),
        asked=SimpleNamespace(measure="profit", second="satisfaction"),
        strategies=NAMES,
        perfect=Estimate(3100.0, 2500.0, 3700.0),
        learned=(first, *others),
        testing=SimpleNamespace(question=first.question, trial=trial, size=Sizing(1300, 1290), values=sizes),
        price=curve(),
        budget=curve(),
        lived=SimpleNamespace(draws=SimpleNamespace(count=200)),
    )


def test_no_words_overlap_or_leave_the_pictures(made: Any, found: Any) -> None:
    for ax in (numbers(found), sizes_of_test(found), acceptability(found.price, NAMES, "USD for one point")):
        assert made.overlapping(ax) == []
        assert made.outside(ax) == []


def test_bars_are_what_numbers_are_worth_under_all_of_them(found: Any) -> None:
    (panel,) = numbers(found).child_axes
    widths = [round(float(bar.get_width())) for bar in list(panel.patches)]  # type: ignore[attr-defined]
    assert widths == [3100, 2400, 200, 100, 67]
    colours = [bar.get_facecolor() for bar in list(panel.patches)]
    assert colours[2] == colours[3] != colours[1]  # no more than chance alone would find


def test_the_strip_turns_where_the_choice_does(found: Any) -> None:
    (panel,) = acceptability(found.price, NAMES, "USD").child_axes
    strip = [line for line in panel.lines if list(np.unique(line.get_ydata())) == [103.5]]
    assert [line.get_xdata()[1] for line in strip] == [25_000.0, 50_000.0]  # type: ignore[index]
    assert [line.get_color() for line in strip] == [style.look_of(0).color, style.look_of(1).color]


def test_given_axes_are_used_and_nothing_gives_a_sentence(made: Any, found: Any) -> None:
    ax = style.blank(2.4, 3.4)
    assert numbers(found, ax=ax) is ax
    assert made.outside(ax) == []
    found.testing = None
    (text,) = sizes_of_test(found).texts
    assert "No number is worth a test" in text.get_text().replace("\n", " ")
    (text,) = acceptability(None, NAMES, "USD").texts
    assert "no curve to draw" in text.get_text().replace("\n", " ")


def test_worth_that_is_0_throughout_is_a_sentence_and_no_empty_axis(made: Any, found: Any) -> None:
    none = [learned(f"the effect of lever_{k} on arrivals", 0.0, 0.0, 0.0) for k in range(3)]
    told = SimpleNamespace(
        **{**vars(found), "perfect": Estimate(0.0, 0.0, 0.0), "learned": tuple(none), "testing": None}
    )
    ax = numbers(cast("Any", told))
    assert not ax.child_axes
    assert "no number is worth measuring" in ax.texts[0].get_text().replace("\n", " ")
    (shown,) = [one for one in worth_pictures(cast("Any", told)) if one.name == "information"]
    assert "Bars" not in shown.caption


def test_prices_far_below_1_have_ticks_that_read_apart(made: Any, found: Any) -> None:
    small = found.price._replace(along=found.price.along / 1e8)
    (panel,) = acceptability(small, NAMES, "USD").child_axes
    low, high = panel.get_xlim()
    ticks = [
        t.get_text() for t, at in zip(panel.get_xticklabels(), panel.get_xticks(), strict=True) if low <= at <= high
    ]
    assert len(set(ticks)) == len(ticks) > 1


def test_pictures_have_words_for_those_who_cannot_see_them(found: Any) -> None:
    drawn = {one.name: one for one in worth_pictures(found)}
    assert list(drawn) == ["acceptability", "budget", "information", "test-size"]
    assert "at 0 USD for one unit of satisfaction: today 60 %" in drawn["acceptability"].alt
    assert "All numbers 3,100" in drawn["information"].alt
    assert drawn["information"].png.startswith(b"\x89PNG")


def test_of_many_strategies_the_least_often_best_are_the_others(made: Any) -> None:
    names = ["today", *(f"option_{k}" for k in range(1, 12))]
    along = np.linspace(0.0, 1000.0, 41)
    chance = np.tile(np.array([0.02, *(k / 70 for k in range(1, 12))]), (41, 1))
    best = np.where(along < 700.0, 1, 11)
    many = Curve(along, chance, chance - 0.01, chance + 0.01, best, (687.5,))
    ax = acceptability(many, names, "USD")
    told = [text.replace("\n", " ") for text, _ in made.texts(ax)]
    # the first, who is best on average, and who is most often best
    own = {"today", "option 1", *(f"option {k}" for k in range(7, 12))}
    assert {text for text in told if text.startswith(("today", "option"))} == own
    assert "5 others, none above 8.6 %" in told
    assert told.count("option 1") == told.count("option 11") == 2  # by the curve and on the strip
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []


def test_the_caption_says_who_is_best_on_average_from_where_to_where(found: Any) -> None:
    told = {one.name: one.caption for one in worth_pictures(found)}
    assert "best on average, today up to 25,000, then service first." in told["budget"]

from types import SimpleNamespace
from typing import Any

import pytest

from sojourn.experiments.doubted import Both
from sojourn.plots import style
from sojourn.plots.doubts import both_parts, picture


@pytest.fixture
def found(made: Any) -> Any:
    parts = {
        "a rather long name of a strategy, which goes on for a while": Both(
            900.0, (100.0, 1700.0), (500.0, 1300.0), 0.31, (0.2, 0.4)
        ),
        "other": Both(-50.0, (-900.0, 800.0), (-300.0, 200.0), 0.07, (0.0, 0.2)),
    }
    draws = SimpleNamespace(base=made.scenario(made.FIRST), count=200)
    return SimpleNamespace(
        lived=SimpleNamespace(draws=draws, strategies=("today", *parts), replications=2),
        baseline="today",
        differences={f"{name} - today": {"profit": one, "nps": None} for name, one in parts.items()},
        strategies={},
    )


def test_no_words_overlap_or_leave_the_picture(made: Any, found: Any) -> None:
    for ax in (both_parts(found, "profit"), both_parts(found, "profit", ax=style.blank(2.2, 4.2))):
        assert made.overlapping(ax) == []
        assert made.outside(ax) == []


def test_thick_is_what_the_numbers_allow_and_thin_one_life(found: Any) -> None:
    (panel,) = both_parts(found, "profit").child_axes
    thick: list[Any] = [line for line in panel.lines if line.get_linewidth() == 6.0]
    assert [list(line.get_xdata()) for line in thick] == [[500.0, 1300.0], [-300.0, 200.0]]
    lines: list[Any] = list(panel.lines)
    thin = [line for line in lines if line.get_linewidth() == 1.4 and len(line.get_xdata()) == 2]
    assert [list(line.get_xdata()) for line in thin] == [[100.0, 1700.0], [-900.0, 800.0]]
    assert thin[0].get_color() == style.MAIN
    assert thin[1].get_color() == style.UNSURE  # the sign is not known
    assert [text.get_text() for text in panel.texts[1::2]] == ["numbers 31 %", "numbers 7 %"]


def test_a_measure_that_never_varies_gives_a_sentence(found: Any) -> None:
    (text,) = both_parts(found, "nps").texts
    assert "never varies" in text.get_text().replace("\n", " ")


def test_the_picture_has_words_for_those_who_cannot_see_it(found: Any) -> None:
    one = picture(found, "profit")
    assert one.alt.startswith("Profit, discounted to day 0: a rather long name")
    assert "100 to 1,700" in one.alt
    assert one.png.startswith(b"\x89PNG")


def test_what_thick_and_thin_are_is_told_in_full_beside_long_names(made: Any, found: Any) -> None:
    words = [text for text, _ in made.texts(both_parts(found, "profit"))]
    assert "thick: what the numbers allow; thin: one life of the market (90 %)" in words

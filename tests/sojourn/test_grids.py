"""Tables for terminals of any width."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from sojourn import load
from sojourn.grids import Grid, wrapped
from sojourn.sim.estimates import Estimate
from sojourn.tables import build, level

FIGURE = "−7,144 [−7,168, −7,104]"
NAMES = ("today", "exceptional_experience", "personalized_interaction")


def printed(grid: Grid, width: int) -> list[str]:
    out = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    out.print(grid)
    assert isinstance(out.file, io.StringIO)
    return [line.rstrip() for line in out.file.getvalue().splitlines()]


def strategies() -> Grid:
    grid = Grid("strategy", "profit beyond today, USD", "best in", "regret, USD")
    for name in NAMES:
        grid.add_row(name, Text(FIGURE, "dim"), "0 %", "7,144 [7,050, 7,238]")
    return grid


def test_as_wide_as_it_asks_for_nothing_breaks() -> None:
    lines = printed(strategies(), 120)
    assert len(lines) == 2 + len(NAMES)
    assert lines[3] == "exceptional_experience     −7,144 [−7,168, −7,104]    0 %       7,144 [7,050, 7,238]"


@pytest.mark.parametrize("width", [80, 60])
def test_an_interval_is_never_torn_apart(width: int) -> None:
    lines = printed(strategies(), width)
    assert max(map(len, lines)) <= width
    assert sum("[−7,168, −7,104]" in line for line in lines) == len(NAMES)
    assert sum("[7,050, 7,238]" in line for line in lines) == len(NAMES)


def test_names_break_at_underscores_before_they_break_anywhere() -> None:
    lines = printed(strategies(), 60)
    at = next(i for i, line in enumerate(lines) if line.startswith("exceptional_"))
    assert lines[at + 1].startswith("experience ")


@given(
    st.lists(st.tuples(*[st.text("ab_[], %3>-旅", max_size=24)] * 3), min_size=1, max_size=4),
    st.integers(20, 90),
)
def test_nothing_is_cut_off_however_narrow_it_is(rows: list[tuple[str, str, str]], width: int) -> None:
    grid = Grid("number", "as it stands", "moved from, to")
    for row in rows:
        grid.add_row(*row)
    seen = "".join(printed(grid, width))
    for row in rows:
        for letter in "ab_[],%3旅":
            assert seen.count(letter) >= sum(cell.count(letter) for cell in row)
    assert sorted(c for c in seen if c in "ab_[],%3旅") == sorted(
        c for cell in [*grid.heads, *(c for row in rows for c in row)] for c in cell if c in "ab_[],%3旅"
    )


@given(st.text("ab_ ", max_size=40), st.integers(3, 30))
def test_lines_are_as_narrow_as_asked_and_hold_all(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("width", [60, 80])
def test_a_comparison_keeps_its_figures_whole_on_a_narrow_screen(width: int) -> None:
    scenario = load("point-of-no-return")
    wide = Estimate(-36920.0, -37040.0, -36800.0)
    names = ["profit", "purchases", "satisfaction"]
    cells = {name: [level(name, wide, scenario)] for name in names}
    lines = [
        line
        for grid in build(names, ["service_first − today"], cells, scenario, width=width)
        for line in printed(grid, width)
    ]
    assert max(map(len, lines)) <= width
    assert sum("[−37,040, −36,800]" in line for line in lines) == len(names)

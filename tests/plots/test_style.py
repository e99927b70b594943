import itertools
import subprocess
import sys
from typing import Any

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from sojourn.plots import style, words
from sojourn.plots.flow import flow
from sojourn.plots.funnel import funnel
from sojourn.plots.words import number
from sojourn.sim.estimates import Estimate


def lightness(color: str) -> float:
    """L* of CIELAB, which is what a picture in grey keeps."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    y = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return 116 * (y ** (1 / 3) if y > 0.008856 else 7.787 * y + 16 / 116) - 16


def test_neighbouring_lines_differ_in_grey_and_every_line_in_dashes_or_marker() -> None:
    looks = style.LOOKS
    for one, following in itertools.pairwise(looks):
        assert abs(lightness(one.color) - lightness(following.color)) > 12 or one.dashes != following.dashes
    assert abs(lightness(looks[0].color) - lightness(looks[1].color)) > 30
    assert len({look.marker for look in looks}) == len(looks)
    assert len({str(look.dashes) for look in looks}) >= len(looks) - 1


def test_small_coloured_text_is_dark_enough() -> None:
    for look in style.LOOKS:
        assert lightness(style.deep(look.color)) < 50  # contrast with white above 4.5


def test_settings_are_left_as_they_were_and_do_not_matter(made: Any) -> None:
    before = dict(matplotlib.rcParams)
    plain = style.png(made.drawn(funnel(made.measures(made.FIRST), made.scenario(made.FIRST))))
    assert dict(matplotlib.rcParams) == before
    with matplotlib.rc_context({"axes.facecolor": "black", "font.size": 30, "lines.linewidth": 9, "savefig.dpi": 20}):
        assert style.png(made.drawn(funnel(made.measures(made.FIRST), made.scenario(made.FIRST)))) == plain


def test_names_are_never_formulas(made: Any) -> None:
    exits = {"$\\frac{a}$": {"50_% off_$x$": 1.0}}
    ax = flow(made.moves(exits, 10), made.scenario(exits))
    style.png(made.drawn(ax))
    assert all(not text.get_parse_math() for text in ax.texts)


def test_names_in_other_scripts_raise_nothing(made: Any) -> None:
    exits = {"購入": {"離脱": 0.5, "購入": 0.5}}
    style.png(made.drawn(flow(made.moves(exits, 10), made.scenario(exits))))


def test_a_title_goes_on_paper_added_for_it(made: Any) -> None:
    figure = made.drawn(flow(made.moves(made.FIRST, 10), made.scenario(made.FIRST)))

    def size(data: bytes) -> tuple[int, int]:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")

    plain, titled = size(style.png(figure)), size(style.png(figure, title="A title"))
    assert titled[0] == plain[0]
    assert plain[1] < titled[1] < plain[1] + 80
    assert size(style.png(figure)) == plain


def test_pictures_load_neither_an_engine_nor_pyplot() -> None:
    code = "import sys, sojourn.plots.pictures\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "matplotlib.figure" in loaded
    assert not {"matplotlib.pyplot", "numba", "simpy", "sojourn.sim.run", "sojourn.sim.reference"} & set(loaded)


def test_words_load_nothing_that_makes_the_command_line_slow() -> None:
    code = "import sys, sojourn.cli, sojourn.plots.words\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "sojourn.plots.words" in loaded
    assert not {"numpy", "matplotlib", "pydantic", "numba"} & set(loaded)


@pytest.mark.parametrize(
    ("estimate", "unit", "sign", "text"),
    [
        (Estimate(0.352, 0.341, 0.363), "share", False, "35.2 % [34.1, 36.3]"),
        (Estimate(-51234.4, -58000.0, -44000.0), "USD", True, "−51,200 [−58,000, −44,000]"),
        (Estimate(0.0021, 0.0019, 0.0023), "share", False, "0.210 % [0.190, 0.230]"),
        (Estimate(1.0, 1.0, 1.0), "share", False, "100 %"),
        (Estimate(0.02, 0.02, 0.02), "share", False, "2.00 %"),
        (Estimate(2.5, None, None), "days", False, "2.50"),
        (Estimate(-0.0001, -1.0, 1.0), "USD", True, "0.0 [−1.0, 1.0]"),
        (Estimate(None, None, None), "days", False, "undefined"),
    ],
)
def test_figures_in_words(estimate: Estimate, unit: str, sign: bool, text: str) -> None:
    assert words.interval(estimate, unit, sign) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.352, "35 %"), (0.0352, "3.5 %"), (0.00352, "0.35 %"), (0.00002, "under 0.01 %")],
)
def test_shares_above_nothing_never_read_as_nothing(share: float, text: str) -> None:
    assert words.percent(share) == text


def test_bands_of_the_flow_differ_in_grey() -> None:
    onward, back, lost = map(lightness, (style.ONWARD, style.BACK, style.LOST))
    assert back + 15 < onward < lost - 4


def test_no_two_lines_look_the_same() -> None:
    looks = [style.look_of(place) for place in range(64)]
    assert len({(look.color, look.dashes) for look in looks}) == 64
    assert len({(look.color, look.marker) for look in looks}) == 64


@pytest.mark.parametrize(
    ("most", "counted"),
    [
        (9_999_999.0, (1.0, "")),
        (-1e7, (1e6, "millions")),
        (3e9, (1e6, "millions")),
        (1e10, (1e9, "billions")),
        (2.3e14, (1e12, "trillions")),
        (1e16, (1e15, "units of 1e15")),
        (0.0, (1.0, "")),
        (float("inf"), (1.0, "")),
    ],
)
def test_large_figures_are_counted_in_what_is_short(most: float, counted: tuple[float, str]) -> None:
    assert words.magnitude(most) == counted


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_no_two_ticks_of_an_upright_axis_read_alike(low: float, size: float) -> None:
    high = low + size * max(1.0, 1e-3 * abs(low))
    ticks, places = style.upright(low, high)
    told = [number(tick, places) for tick in ticks]
    assert len(set(told)) == len(told) > 1
    for tick, read in zip(ticks, told, strict=True):  # what is written is where the tick stands
        assert float(read.replace(",", "").replace("−", "-")) == pytest.approx(tick, abs=1e-3 * (high - low))


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(131.865021, 131.865009, 131.865032), "131.87"),  # narrower than cents
        (Estimate(-7261.412, -7262.113, -7260.71), "−7,261.4 [−7,262.1, −7,260.7]"),
        (Estimate(12_345_678.2, 12_345_600.1, 12_345_756.3), "12,345,678 [12,345,600, 12,345,756]"),
        (Estimate(1.23456789, 1.23450001, 1.2346), "1.2346 [1.2345, 1.2346]"),
        (Estimate(0.0001234, 0.0001233, 0.0001235), "0.0001234 [0.0001233, 0.0001235]"),
        (Estimate(99.86679, 99.86661, 99.86696), "99.8668 [99.8666, 99.8670]"),
        (Estimate(5.0, 0.00001, 10.0), "5.0 [0.0, 10.0]"),
    ],
)
def test_no_more_digits_than_anybody_reads(estimate: Estimate, text: str) -> None:
    assert words.interval(estimate) == text

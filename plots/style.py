"""How every picture looks: colours that keep apart for the colour-blind and in grey, sizes, texts free of formulas.

Pictures are built on a `Figure` of their own with the Agg canvas: no pyplot, and matplotlib's settings are changed only
inside `look()`. Names from a scenario may hold `$` or `_`, so all text goes through functions that switch formulas off.
"""

import math
import textwrap
import warnings
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any, NamedTuple, cast

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from matplotlib.transforms import Bbox

from sojourn.plots.lettering import FONT, SIZE, SMALL, span, wrapped
from sojourn.plots.words import number

INK, SOFT, FAINT, PAPER = "#1b1f24", "#57606a", "#d5d9de", "#ffffff"  # text, second text, lines, background
MAIN = "#27508f"  # what the picture is about
ONWARD, BACK, LOST = "#a9c3e6", "#c47f22", "#cfd2d6"  # bands of the flow, apart in grey too; ends are hatched besides
BETTER, WORSE, UNSURE = "#00695c", "#c2410c", "#8b929a"
LOST_HATCH = "////"
WIDTH = 6.4  # inches, of every picture that chooses its own size
DPI = 150


class Look(NamedTuple):
    """What tells one line from the next: neighbours differ in lightness, in dashes and in markers as well as in hue."""

    color: str
    dashes: tuple[float, tuple[float, ...]] | str
    marker: str


LOOKS = (
    Look("#1f3b73", "-", "o"),
    Look("#e07b00", (0.0, (5.0, 1.6)), "s"),
    Look("#00796b", (0.0, (1.2, 1.2)), "^"),
    Look("#b0549b", (0.0, (6.0, 1.5, 1.2, 1.5)), "D"),
    Look("#5c2e12", (0.0, (2.6, 1.3)), "v"),
    Look("#3fa0dc", (0.0, (9.0, 1.6)), "P"),
    Look("#6b6f00", (0.0, (6.0, 1.2, 1.2, 1.2, 1.2, 1.2)), "X"),
    Look("#7d7d7d", (0.0, (6.0, 1.2, 6.0, 1.2, 1.2, 1.2)), "*"),
)
ASIDE = Look("#9aa1a9", "-", ".")  # of what is drawn together as the others


def look_of(index: int) -> Look:
    """The look of the index-th line. After the last colour they begin again with other dashes and markers, so that no two of
    the first 64 look the same.
    """
    turn, place = divmod(index, len(LOOKS))
    drawn = LOOKS[(place + 3 * turn) % len(LOOKS)]
    return Look(LOOKS[place].color, drawn.dashes, drawn.marker)


def deep(color: str) -> str:
    """The colour, dark enough for small text on white."""
    mixed = (0.55 * np.array(to_rgb(color)) + 0.45 * np.array(to_rgb(INK))).tolist()
    return to_hex((mixed[0], mixed[1], mixed[2]))


@contextmanager
def look() -> Iterator[None]:
    """Matplotlib's settings for as long as a picture is being drawn, whatever the reader's own settings are."""
    ours: dict[str, Any] = {
        "font.family": [FONT],
        "font.size": SIZE,
        "text.usetex": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": SOFT,
        "axes.labelcolor": INK,
        "axes.labelsize": SIZE,
        "axes.facecolor": PAPER,
        "figure.facecolor": PAPER,
        "text.color": INK,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.labelsize": SMALL,
        "ytick.labelsize": SMALL,
        "hatch.linewidth": 0.7,
    }
    with matplotlib.rc_context(), warnings.catch_warnings():
        settings = cast("MutableMapping[str, Any]", matplotlib.rcParams)
        settings.update({k: v for k, v in matplotlib.rcParamsDefault.items() if k.partition(".")[0] in _OURS})
        settings.update(ours)
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a name in a script that the font lacks
        yield


_OURS = (
    "axes",
    "figure",
    "font",
    "grid",
    "hatch",
    "legend",
    "lines",
    "mathtext",
    "patch",
    "path",
    "savefig",
    "text",
    "xtick",
    "ytick",
)


def blank(height: float, width: float = WIDTH, margins: tuple[float, float, float, float] = (0, 0, 0, 0)) -> Axes:
    """Axes on a figure of their own, in inches; `margins` are left, right, bottom, top."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    left, right, bottom, top = margins
    box = (left / width, bottom / height, (width - left - right) / width, (height - bottom - top) / height)
    return figure.add_axes(box)


def inset(host: Axes, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes inside the host axes, placed in inches from its lower left corner."""
    wide, tall = inches(host)
    return host.inset_axes((left / wide, bottom / tall, max(width, 0.1) / wide, max(height, 0.1) / tall))


def inches(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    box = ax.get_window_extent()
    return box.width / figure.dpi, box.height / figure.dpi


def number_axis(ax: Axes, sign: bool = False, size: float = 1.0) -> None:
    """Few ticks along the lower axis, with thousands separators and no more decimals than their step needs.

    They count in `size`, which the words beside the axis name.
    """
    low, high = (end / size for end in ax.get_xlim())
    wide, _ = inches(ax)
    for most in (4, 3, 2, 1):
        locator = MaxNLocator(most, min_n_ticks=min(most, 2), steps=[1, 2, 5, 10])
        ticks = locator.tick_values(low, high)
        step = float(ticks[1] - ticks[0]) if len(ticks) > 1 else 1.0
        places = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
        longest = max(span(number(v, places, sign), SMALL) for v in ticks)
        if longest + 0.12 <= step / (high - low) * wide:
            break
    ax.xaxis.set_major_locator(FixedLocator([size * float(tick) for tick in ticks]))
    if sum(low <= tick <= high for tick in ticks) < 2:  # one tick is no scale: 0 and what fits near the ends
        ends = [tick for end in (low, high) if abs(tick := _towards_zero(end)) * wide > (longest + 0.12) * (high - low)]
        places = 0 if all(tick == round(tick) for tick in ends) else places + 1
        ax.xaxis.set_major_locator(FixedLocator(sorted({0.0, *(size * end for end in ends)})))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v / size, places, sign)))
    ax.tick_params(axis="x", length=3, pad=2)


def upright(low: float, high: float) -> tuple[list[float], int]:
    """Where an upright axis from low to high has its ticks, in steps of 1, 2 or 5, and the decimals that their step needs."""
    ticks = MaxNLocator(5, min_n_ticks=2, steps=[1, 2, 5, 10]).tick_values(low, high)
    step = float(ticks[1] - ticks[0]) if len(ticks) > 1 else 1.0
    return [float(t) for t in ticks], max(0, -math.floor(math.log10(step) + 1e-9))


def upright_axis(ax: Axes, size: float = 1.0) -> None:
    """Ticks along the upright axis, no two of which read alike. They count in `size`, which the words beside the axis name."""
    low, high = (end / size for end in ax.get_ylim())
    ticks, places = upright(low, high)
    ax.yaxis.set_major_locator(FixedLocator([size * tick for tick in ticks]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v / size, places)))


def _towards_zero(value: float) -> float:
    """The number with one digit that is next to it on the side of 0."""
    if value == 0.0:
        return 0.0
    size = 10.0 ** math.floor(math.log10(abs(value)))
    return math.copysign(math.floor(abs(value) / size + 1e-9) * size, value)


def bare(ax: Axes) -> None:
    """Takes away frame, ticks and grid."""
    ax.set_axis_off()


def plain(label: Text) -> Text:
    """The text without formulas: a `$` in a name is a `$`."""
    label.set_parse_math(False)
    return label


def say(ax: Axes, x: float, y: float, text: str, **how: Any) -> Text:
    """Text in the axes, never read as a formula."""
    return ax.text(x, y, text, parse_math=False, **how)


def whisker(ax: Axes, low: float, high: float, y: float, color: str, size: float = 7.0) -> None:
    """An interval with end strokes, readable on dark and on light."""
    for width, ink, order in ((3.6, PAPER, 3.0), (1.4, color, 4.0)):
        ax.plot(
            [low, high],
            [y, y],
            color=ink,
            lw=width,
            marker="|",
            ms=size + width,
            mew=width,
            zorder=order,
            solid_capstyle="butt",
        )


def shrink(ax: Axes, width: float, height: float) -> None:
    """Makes words smaller where axes that were given are less than the width and height that the drawing wants."""
    wide, tall = inches(ax)
    factor = min(1.0, wide / width, tall / height)
    if factor < 0.999:
        for words in ax.texts:
            words.set_fontsize(factor * float(words.get_fontsize()))


def nothing(ax: Axes, sentence: str) -> Axes:
    """A readable sentence in place of a picture that would be empty."""
    bare(ax)
    wide, _ = inches(ax)
    rows = textwrap.fill(sentence, max(20, int(wide * 10)))
    say(ax, 0.5, 0.5, rows, transform=ax.transAxes, ha="center", va="center", color=SOFT, size=SIZE)
    return ax


def png(figure: Figure, dpi: int = DPI, title: str = "") -> bytes:
    """The figure as a PNG, the same bytes for the same figure; a title goes above it, on paper added for it."""
    out = BytesIO()
    wide, tall = (float(v) for v in figure.get_size_inches())
    with look():
        added = None
        if title:
            rows = wrapped(title, wide - 0.2, SIZE + 1.5, "bold")
            extra = 0.14 + 0.21 * len(rows)
            added = plain(
                figure.text(0.1 / wide, 1 + (extra - 0.08) / tall, "\n".join(rows), ha="left", va="top", weight="bold")
            )
            added.set_fontsize(SIZE + 1.5)
            tall += extra
        figure.savefig(
            out,
            format="png",
            dpi=dpi,
            facecolor=PAPER,
            metadata={"Software": None},
            pil_kwargs={"compress_level": 3},  # a tenth larger than at 6, and packed in a third of the time
            bbox_inches=Bbox.from_bounds(0, 0, wide, tall),
        )
        if added is not None:
            added.remove()
    return out.getvalue()

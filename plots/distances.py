"""How far simulated journeys are from those observed, in multiples of what chance alone gives."""

import math
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from sojourn.plots import lettering, style
from sojourn.plots.words import number

if TYPE_CHECKING:
    from sojourn.calibration.verdict import Item, Verdict

MODEL = style.Look("#e07b00", "-", "s")
NAIVE = style.Look("#57606a", "-", "x")
ROW, KEY, TICKS, LINE, APART = 0.5, 0.5, 0.55, 0.2, 0.34  # inches
EMPTY = "Nothing was observed on customers whom the fit has not seen, so there is nothing to compare."
TICK_VALUES = (0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200, 500, 1000)


def distances(verdict: "Verdict", ax: Axes | None = None) -> Axes:
    """A row a distance: the model's mark, the plainest model's, and the range that chance alone gives. 1 is its mean."""
    with style.look():
        items = [item for item in verdict.distances if item.simulated.mean]
        if not items:
            return style.nothing(ax or style.blank(1.6), EMPTY)
        if ax is None:
            ax = style.blank(KEY + ROW * len(items) + TICKS)
        style.bare(ax)
        wide, tall = style.inches(ax)
        rows = [[*lettering.wrapped(item.about, 0.4 * wide, lettering.SMALL, lines=2), _size(item)] for item in items]
        left = 0.15 + max(lettering.span(line, lettering.SMALL) for lines in rows for line in lines)
        panel = style.inset(ax, left, TICKS, wide - left - 0.2, tall - KEY - TICKS)
        ends = [1.0]
        for y, (item, words) in enumerate(zip(items, rows, strict=True)):
            floor = item.simulated.mean or 1.0
            low, high = (item.simulated.low or floor) / floor, (item.simulated.high or floor) / floor
            panel.fill_betweenx([y - 0.3, y + 0.3], low, high, color=style.FAINT, lw=0, zorder=2)
            ends += [low, high, (item.observed.mean or 0.0) / floor]
            panel.plot(ends[-1:], [y], marker=MODEL.marker, ms=7, mfc=MODEL.color, mec=MODEL.color, ls="none", zorder=6)
            if item.naive is not None:
                ends.append(item.naive / floor)
                panel.plot(ends[-1:], [y], marker=NAIVE.marker, ms=7, mew=2, color=NAIVE.color, ls="none", zorder=5)
            at = {"transform": panel.get_yaxis_transform(), "ha": "right", "va": "center"}
            text = "\n".join(words)
            style.say(panel, -0.08 / style.inches(panel)[0], y, text, size=lettering.SMALL, linespacing=1.05, **at)
        panel.axvline(1.0, color=style.INK, lw=0.9, zorder=3)
        low, high = min(ends) / 1.2, max(ends) * 1.2
        panel.set_xscale("log")
        panel.set_xlim(low, high)
        panel.set_ylim(len(items) - 0.5, -0.5)
        panel.set_yticks([])
        panel.set_xticks(_ticks(low, high, style.inches(panel)[0]))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        for side in ("left", "right", "top"):
            panel.spines[side].set_visible(False)
        style.plain(panel.set_xlabel("times what chance gives"))
        _key(ax)
        return ax


def _ticks(low: float, high: float, width: float) -> list[float]:
    """Round multiples of chance, far enough from each other to be read; 1 is always among them."""
    inch = width / math.log(high / low)
    kept = [1.0]
    for value in sorted((v for v in TICK_VALUES if low <= v <= high), key=lambda v: abs(math.log(v))):
        if all(inch * abs(math.log(value / other)) >= APART for other in kept):
            kept.append(value)
    return sorted(kept)


def _size(item: "Item") -> str:
    unit = "" if item.unit == "of 1" else f" {item.unit}"
    value = item.observed.mean or 0.0
    return f"{number(value, 3 if value < 1 else 1)}{unit}"


def _key(ax: Axes) -> None:
    """What the marks mean, on a second line where one is too short."""
    wide, tall = style.inches(ax)
    x, y = 0.14, tall - 0.13
    words = [("model", MODEL), ("frequencies and naive means", NAIVE), ("chance alone, 90 %", None)]
    for text, look in words:
        span = 0.3 + lettering.span(text, lettering.SMALL)
        if x + span > wide and x > 0.14:
            x, y = 0.14, y - LINE
        if look is None:
            sides = [(x - 0.06) / wide, (x + 0.12) / wide]
            ax.fill_between(
                sides,
                (y - 0.05) / tall,
                (y + 0.05) / tall,
                color=style.FAINT,
                lw=0,
                transform=ax.transAxes,
                clip_on=False,
            )
        else:
            piece: dict[str, Any] = {"transform": ax.transAxes, "clip_on": False}
            ax.plot([x / wide], [y / tall], marker=look.marker, ms=7, mew=2, color=look.color, ls="none", **piece)
        at: dict[str, Any] = {"transform": ax.transAxes, "va": "center_baseline", "size": lettering.SMALL}
        style.say(ax, (x + 0.17) / wide, y / tall, text, **at)
        x += span + 0.2

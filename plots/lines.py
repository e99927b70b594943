"""Curves with bands and their names beside them: what occupancy and retention have in common."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from sojourn.plots import lettering, style
from sojourn.plots.words import number

if TYPE_CHECKING:
    from sojourn.sim.estimates import Band

STEPS = (0.1, 0.25, 0.5, 1, 2, 5, 7, 10, 14, 30, 60, 90, 180, 365, 730, 1825, 3650)  # days between ticks
LINE = 0.165  # inches a line of a label
ROOM = 1.55  # inches for labels, at most
LEADER = 0.3  # inches between a curve's end and its label


class Curve(NamedTuple):
    """A curve, its name, and how it looks."""

    name: str
    band: "Band"
    look: style.Look


def label_rows(curves: Sequence[Curve]) -> list[list[str]]:
    """The names, each in up to three lines."""
    return [lettering.wrapped(curve.name, ROOM, lettering.SMALL, lines=3) for curve in curves]


def label_room(curves: Sequence[Curve]) -> tuple[float, float]:
    """Width and height in inches that the names take beside the curves."""
    rows = label_rows(curves)
    wide = max((lettering.span(line, lettering.SMALL) for lines in rows for line in lines), default=0.0)
    return wide + LEADER + 0.08, sum(LINE * len(lines) + 0.05 for lines in rows)


def tick_room(high: float, low: float = 0.0) -> float:
    """Inches left of an upright axis that goes from `low` to `high`."""
    ticks, places = style.upright(low, high)
    return 0.2 + max(lettering.span(number(tick, places), lettering.SMALL) for tick in ticks if low <= tick <= high)


def draw(ax: Axes, curves: Sequence[Curve], scale: float = 1.0) -> None:
    """Draws bands and lines; values are multiplied by `scale`."""
    faint = min(0.2, 1.2 / max(len(curves), 1))  # many bands lie over each other: together they must not hide the lines
    for curve in curves:
        x, mean, low, high = curve.band
        if np.isfinite(low).any():
            ax.fill_between(x, scale * low, scale * high, color=curve.look.color, alpha=faint, lw=0, zorder=2)
    for i, curve in enumerate(curves):
        x, mean = curve.band.x, scale * curve.band.mean
        ax.plot(x, mean, color=curve.look.color, ls=curve.look.dashes, lw=1.9, zorder=3 + 0.01 * i)
    ax.grid(axis="y", color=style.FAINT, lw=0.6)
    ax.set_axisbelow(True)


def name_ends(ax: Axes, curves: Sequence[Curve], scale: float = 1.0) -> None:
    """Writes each curve's name right of its end, pushed apart where names would overlap, with a leader."""
    low, high = ax.get_ylim()
    wide, tall = style.inches(ax)
    right = ax.get_xlim()[1]
    rows = label_rows(curves)
    wanted, ends = [], []
    for curve in curves:
        seen = np.flatnonzero(np.isfinite(curve.band.mean))
        last = int(seen[-1]) if seen.size else 0
        value = scale * float(curve.band.mean[last]) if seen.size else low
        ends.append((float(curve.band.x[last]), value))
        wanted.append((value - low) / (high - low) * tall)
    heights = [LINE * len(lines) + 0.05 for lines in rows]
    at = spread(wanted, heights, tall)
    inch = (right - ax.get_xlim()[0]) / wide
    for curve, lines, (x, y), middle in zip(curves, rows, ends, at, strict=True):
        level = low + middle / tall * (high - low)
        ax.plot(
            [x, right + 0.05 * inch, right + (LEADER - 0.04) * inch],
            [y, y if x < right - 1e-9 else (y + level) / 2, level],
            color=curve.look.color,
            lw=0.8,
            ls="-",
            alpha=0.75,
            clip_on=False,
            zorder=2.5,
        )
        style.say(
            ax,
            right + LEADER * inch,
            level,
            "\n".join(lines),
            va="center",
            size=lettering.SMALL,
            color=style.deep(curve.look.color),
            linespacing=1.05,
        )


def spread(wanted: Sequence[float], heights: Sequence[float], room: float) -> list[float]:
    """Middles of labels, as near to where they are wanted as can be without overlap, within 0 to `room` if they fit.

    Labels that touch form a block, which stands at the mean of what its members want.
    """
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    blocks: list[tuple[list[int], float, float]] = []  # members, height, bottom

    def settled(members: list[int]) -> tuple[list[int], float, float]:
        tall = sum(heights[i] for i in members)
        below, bottoms = 0.0, []
        for i in members:
            bottoms.append(wanted[i] - heights[i] / 2 - below)
            below += heights[i]
        bottom = sum(bottoms) / len(bottoms)
        return members, tall, max(0.0, min(bottom, room - tall))

    for i in order:
        blocks.append(settled([i]))
        while len(blocks) > 1 and blocks[-2][2] + blocks[-2][1] > blocks[-1][2] + 1e-9:
            upper = blocks.pop()
            blocks[-1] = settled(blocks[-1][0] + upper[0])
    middles = [0.0] * len(wanted)
    for members, _, bottom in blocks:
        for i in members:
            middles[i] = bottom + heights[i] / 2
            bottom += heights[i]
    return middles


def frame(ax: Axes, heading: str, days: float) -> None:
    """Few ticks, thousands separators, days in steps that calendars know, and over the panel what stands upright."""
    style.upright_axis(ax)
    step = next((s for s in STEPS if days / s <= 7), None)
    ax.xaxis.set_major_locator(MultipleLocator(step) if step else MaxNLocator(6))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,g}"))
    style.plain(ax.set_title(heading, loc="left", fontsize=lettering.SIZE, color=style.INK, pad=8))

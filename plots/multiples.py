"""Many curves, a panel each beside the first: what lies on one another in one panel can be told apart in several."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from sojourn.plots import lettering, lines, style

COLUMNS = 3
PANEL, GAP, LINE = 1.05, 0.28, 0.165  # inches: of a panel, between columns, of a line of words
HEAD, FOOT, ABOVE, KEY = 0.34, 0.52, 0.32, 0.26
FIRST: dict[str, Any] = {"color": style.INK, "lw": 1.1, "ls": (0.0, (1.0, 1.6))}  # the curve that all are seen beside
NOTHING = ("", style.SOFT)  # told of a curve
FEWEST = 0.2  # inches that a panel has where axes are given that are too small


def multiples(
    curves: Sequence[lines.Curve],
    against: lines.Curve | None,
    ax: Axes | None,
    *,
    heading: str,
    along: str,
    limits: tuple[float, float],
    scale: float,
    upright: Callable[[Axes], None],
    beside: Mapping[str, tuple[str, str]],
    told_of: str = "",
) -> Axes:
    """Draws a panel a curve, with its band, and in each the curve `against`, dotted. All panels have the same axes.

    Args:
        curves: what to draw, in reading order.
        against: what each is seen beside; none where they are differences from it already.
        ax: host axes; new ones if left out.
        heading: what stands upright.
        along: what lies along the lower axis.
        limits: of the upright axis.
        scale: what values are multiplied by.
        upright: puts ticks on an upright axis.
        beside: a figure with its interval for each curve by its name, and its colour; or nothing.
        told_of: what that figure is.

    Returns the host axes; the panels are its `child_axes`.
    """
    count = min(COLUMNS, len(curves))
    rows = math.ceil(len(curves) / count)
    wide = style.WIDTH if ax is None else style.inches(ax)[0]
    left = lines.tick_room(limits[1], limits[0]) + 0.16  # room for a % behind the figures
    room = max(0.3, (wide - left - 0.12 - (count - 1) * GAP) / count)
    names = {one.name: lettering.wrapped(one.name, room, lettering.SMALL, "bold", lines=2) for one in curves}
    told = {one.name: lettering.wrapped(beside.get(one.name, NOTHING)[0], room, lettering.SMALL) for one in curves}
    above = ABOVE + LINE * max(len(names[one.name]) + len([row for row in told[one.name] if row]) - 1 for one in curves)
    keyed = "; ".join(
        words
        for words in (
            f"{against.name} in every panel" if against is not None else "",
            f"under each name: {told_of}" if told_of and beside else "",
        )
        if words
    )
    keyed_rows = lettering.wrapped(keyed, wide - left - 0.5, lettering.SMALL) if keyed else []
    key = KEY + LINE * (len(keyed_rows) - 1) if keyed else 0.0
    if ax is None:
        ax = style.blank(HEAD + key + rows * (PANEL + above) + FOOT)
    tall = style.inches(ax)[1]
    style.bare(ax)
    height = max(FEWEST, (tall - HEAD - key - FOOT) / rows - above)
    days = max(float(curve.band.x[-1]) for curve in [*curves, *([against] if against else [])])
    for place, curve in enumerate(curves):
        row, column = divmod(place, count)
        bottom = tall - HEAD - key - (row + 1) * (height + above)
        panel = style.inset(ax, left + column * (room + GAP), bottom, room, height)
        if against is not None:
            panel.plot(against.band.x, scale * against.band.mean, **FIRST, zorder=5)
        else:
            panel.axhline(0.0, color=style.INK, lw=0.9, zorder=2.2)
        lines.draw(panel, [curve._replace(look=curve.look._replace(dashes="-"))], scale)
        panel.set_xlim(0, days)
        panel.set_ylim(*limits)
        lines.frame(panel, "", 1.7 * days)  # fewer ticks than one wide panel has
        upright(panel)
        panel.tick_params(axis="y", labelleft=column == 0)
        panel.tick_params(axis="x", labelbottom=place + count >= len(curves))
        _name(panel, names[curve.name], curve.look.color, told[curve.name], beside.get(curve.name, NOTHING)[1], height)
    style.say(ax, left / wide, 1 - 0.16 / tall, heading, transform=ax.transAxes, va="center", size=lettering.SIZE)
    foot = tall - HEAD - key - rows * (height + above) - 0.34
    where = {"transform": ax.transAxes, "ha": "center", "va": "center", "size": lettering.SIZE}
    style.say(ax, (left + (wide - left) / 2) / wide, foot / tall, along, **where)
    _key(ax, keyed_rows, left, tall - HEAD - 0.02, against is not None)
    return ax


def _name(panel: Axes, name: Sequence[str], color: str, told: Sequence[str], ink: str, height: float) -> None:
    """The curve's name above its panel, and below it what is told of it."""
    told = [row for row in told if row]
    at = {"transform": panel.transAxes, "ha": "left", "va": "bottom", "linespacing": 1.1}
    if told:
        style.say(panel, 0, 1 + 0.06 / height, "\n".join(told), size=lettering.SMALL, color=ink, **at)
    up = 1 + (0.06 + LINE * len(told)) / height
    style.say(panel, 0, up, "\n".join(name), size=lettering.SMALL, color=style.deep(color), weight="bold", **at)


def _key(ax: Axes, rows: Sequence[str], x: float, top: float, line: bool) -> None:
    """What the dotted curve is, and the figures under names."""
    wide, tall = style.inches(ax)
    if line:
        y = (top - LINE / 2) / tall
        ax.plot([x / wide, (x + 0.3) / wide], [y, y], transform=ax.transAxes, clip_on=False, **FIRST)
        x += 0.38
    where = {"transform": ax.transAxes, "va": "center", "size": lettering.SMALL, "color": style.SOFT}
    for k, row in enumerate(rows):
        style.say(ax, x / wide, (top - LINE * (k + 0.5)) / tall, row, **where)


def highest(curves: Sequence[lines.Curve]) -> float:
    """The highest that a curve or its band goes."""
    return max(float(np.nanmax(np.fmax(curve.band.mean, curve.band.high))) for curve in curves)

"""What a forecast shows: entries week by week with their intervals, and where customers are at the end of the window."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator

from sojourn.plots import lettering, lines, style
from sojourn.plots.words import SHARE, human, interval, number
from sojourn.sim.estimates import Band

if TYPE_CHECKING:
    from sojourn.calibration.forecast import Forecast
    from sojourn.calibration.futures import GroupForecast, StrategyForecast
    from sojourn.plots.pictures import Picture

NOBODY = "No stage is entered within the window, so there is nothing to count by week."
MOST = 4  # stages with a panel of their own
PANEL, HEAD, FOOT, BETWEEN = 1.25, 0.34, 0.5, 0.48  # inches
BAR, GAP, LINE = 0.46, 0.3, 0.185
GROUPS = (("open", "on their way"), ("newcomers", "newcomers"))
WEEK = 7.0
TINY = 0.004  # share of a bar below which a stage is not drawn


def weekly(found: "Forecast", strategy: str | None = None, ax: Axes | None = None) -> Axes:
    """Draws entries by whole week under a strategy (the first if none is named), with 90 % prediction bands.

    The stages are the four that most enter. Returns the axes that were given, or new ones; the panels are its `child_axes`.
    """
    with style.look():
        one = found.strategies[strategy or next(iter(found.strategies))]
        names = busiest(one)
        if not names:
            return style.nothing(ax or style.blank(1.6), NOBODY)
        if ax is None:
            ax = style.blank(FOOT + len(names) * (PANEL + HEAD) + (len(names) - 1) * (BETWEEN - HEAD))
        wide, tall = style.inches(ax)
        style.bare(ax)
        curves = {name: _curves(one, name, found.days) for name in names}
        left = max(lines.tick_room(_top(each)) for each in curves.values())
        right = max(lines.label_room(each)[0] for each in curves.values())
        height = (tall - FOOT - len(names) * HEAD - (len(names) - 1) * (BETWEEN - HEAD)) / len(names)
        top = tall
        for name in names:
            top -= HEAD + height
            panel = style.inset(ax, left, top, wide - left - right, height)
            _panel(panel, curves[name], human(name), found.days, last=name == names[-1])
            top -= BETWEEN - HEAD
        return ax


def busiest(one: "StrategyForecast") -> list[str]:
    """At most four stages with the most entries, in journey order."""
    total = {
        name: (one.open.entries[name].mean or 0.0) + (one.newcomers.entries[name].mean or 0.0)
        for name in one.open.entries
    }
    most = sorted((name for name in total if total[name] > 0.0), key=lambda name: -total[name])[:MOST]
    return [name for name in total if name in most]


def _curves(one: "StrategyForecast", name: str, days: float) -> list[lines.Curve]:
    found = []
    for k, (group, words) in enumerate(GROUPS):
        band = getattr(one, group).weekly[name]
        whole = band.x + WEEK <= days + 1e-6  # a part of a week is no week
        if not whole.any():
            whole = np.ones(band.x.size, dtype=np.bool_)
        length = np.minimum(WEEK, days - band.x[whole])
        if np.any(band.high[whole] > 0.0):
            middle = band.x[whole] + length / 2.0
            found.append(
                lines.Curve(words, Band(middle, band.mean[whole], band.low[whole], band.high[whole]), style.look_of(k))
            )
    return found


def _top(curves: Sequence[lines.Curve]) -> float:
    return max([1.0, *(1.08 * float(np.max(curve.band.high)) for curve in curves)])


def _panel(panel: Axes, curves: Sequence[lines.Curve], name: str, days: float, *, last: bool) -> None:
    lines.draw(panel, curves)
    for curve in curves:
        panel.plot(
            curve.band.x, curve.band.mean, ls="", marker=curve.look.marker, ms=4, color=curve.look.color, zorder=4
        )
    panel.set_xlim(0.0, days)
    panel.set_ylim(0.0, _top(curves))
    lines.frame(panel, f"entries to {name} a week", days)
    panel.xaxis.set_major_locator(MultipleLocator(WEEK * max(1, round(days / WEEK / 8))))
    lines.name_ends(panel, curves)
    panel.tick_params(axis="x", labelbottom=last)
    if last:
        style.plain(panel.set_xlabel("days from the end of the log"))


def finals(found: "Forecast", ax: Axes | None = None) -> Axes:
    """Draws where customers are on the last day: a stacked bar for each group and strategy, each part with its 90 % interval.

    Returns the axes that were given, or new ones.
    """
    with style.look():
        bars = [
            (_label(words, name, len(found.strategies) > 1), getattr(one, group))
            for group, words in GROUPS
            for name, one in found.strategies.items()
            if getattr(one, group).customers.mean
        ]
        names = [
            name
            for name in next(iter(found.strategies.values())).open.final
            if any((bar.final[name].mean or 0.0) >= TINY for _, bar in bars)
        ]
        rooms = [lettering.span(human(name), lettering.SMALL) + 0.42 for name in names]
        if ax is None:
            rows = _rows(rooms, style.WIDTH - 0.2)
            ax = style.blank(len(bars) * (BAR + GAP) + 0.5 + LINE * len(rows) + 0.1)
        wide, tall = style.inches(ax)
        rows = _rows(rooms, wide - 0.2)
        left = min(max(lettering.span(label, lettering.SMALL) for label, _ in bars) + 0.15, 0.4 * wide)
        foot = 0.42
        style.bare(ax)
        panel = style.inset(ax, left, foot, wide - left - 0.2, tall - foot - LINE * len(rows) - 0.1)
        for k, (label, bar) in enumerate(bars):
            _bar(panel, len(bars) - 1 - k, bar, names)
            style.say(
                panel, -0.01, len(bars) - 1 - k, lettering.fitted(label, left - 0.1, lettering.SMALL), ha="right", va="center",
                size=lettering.SMALL,
            )  # fmt: skip
        panel.set_xlim(0.0, 1.0)
        panel.set_ylim(-0.6, len(bars) - 0.4)
        panel.set_yticks([])
        panel.spines["left"].set_visible(False)
        panel.xaxis.set_major_locator(MultipleLocator(0.25))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{number(100 * v)} %"))
        style.plain(panel.set_xlabel("share of the group on the last day"))
        _legend(ax, names, rooms, rows, wide, tall)
        return ax


def _label(words: str, strategy: str, several: bool) -> str:
    return f"{words}, {human(strategy)}" if several else words


def _bar(panel: Axes, y: float, bar: "GroupForecast", names: Sequence[str]) -> None:
    begin = 0.0
    half = BAR / (BAR + GAP) / 2
    wide = style.inches(panel)[0]
    for k, name in enumerate(names):
        share = bar.final[name]
        mean = share.mean or 0.0
        panel.barh(y, mean, 2 * half, begin, color=_color(k), edgecolor=style.PAPER, lw=0.8, zorder=2)
        text = f"{number(100 * mean)} %"
        if mean * wide > lettering.span(text, lettering.SMALL) + 0.08:
            ink = style.PAPER if _dark(k) else style.INK
            style.say(
                panel, begin + mean / 2, y, text, ha="center", va="center", size=lettering.SMALL, color=ink, zorder=5
            )
        if share.low is not None and share.high is not None and share.high > share.low:
            # Each part's interval about its right end, in turn above and below the middle.
            at = y + half * ((1.22, -1.22)[k % 2] if k < len(names) - 1 else (1.46, -1.46)[k % 2])
            ends = (begin + share.low, begin + share.high)
            if k == len(names) - 1:  # that of the last part about its left end, as there is no room on the right
                ends = (begin + mean - share.high, begin + mean - share.low)
            panel.plot(ends, [at, at], color=style.deep(_color(k)), lw=2.2, zorder=4,
                       solid_capstyle="butt", clip_on=False)  # fmt: skip
        begin += mean


COLORS = ("#1f3b73", "#e9a15b", "#00796b", "#d9a6c8", "#5c2e12", "#8cc4ea", "#6b6f00", "#c9ccd1")


def _color(k: int) -> str:
    return COLORS[k % len(COLORS)]


def _dark(k: int) -> bool:
    return k % 2 == 0 and k % len(COLORS) < 7


def _rows(rooms: Sequence[float], wide: float) -> list[list[int]]:
    """Places of the legend's entries, line by line."""
    rows: list[list[int]] = [[]]
    used = 0.0
    for k, room in enumerate(rooms):
        if rows[-1] and used + room > wide:
            rows.append([])
            used = 0.0
        rows[-1].append(k)
        used += room
    return rows


def _legend(
    ax: Axes, names: Sequence[str], rooms: Sequence[float], rows: Sequence[Sequence[int]], wide: float, tall: float
) -> None:
    for line, row in enumerate(rows):
        x, y = 0.1, tall - LINE * (line + 0.5)
        for k in row:
            ax.plot(
                [(x + 0.08) / wide],
                [y / tall],
                transform=ax.transAxes,
                color=_color(k),
                marker="s",
                ms=7,
                ls="",
                clip_on=False,
            )
            name = lettering.fitted(human(names[k]), wide - 0.5, lettering.SMALL)
            style.say(ax, (x + 0.2) / wide, y / tall, name, transform=ax.transAxes, va="center", size=lettering.SMALL)
            x += rooms[k]


def pictures(found: "Forecast") -> "list[Picture]":
    """Both pictures with their words."""
    from sojourn.plots.pictures import Picture

    first = next(iter(found.strategies))
    one = found.strategies[first]
    under = f" under {human(first)}" if len(found.strategies) > 1 else ""
    drawn = []
    for name, title, caption, alt, ax in (
        (
            "weekly",
            "Entries week by week",
            f"Entries to a stage in each whole week{under}, by customers who are on their way today and by newcomers. The "
            "bands are 90 % prediction intervals of what will be counted: luck and the error of the numbers are both in them.",
            "; ".join(f"{human(stage)} {interval(one.open.entries[stage])} on their way" for stage in busiest(one)),
            weekly(found),
        ),
        (
            "finals",
            "Where customers are on the last day",
            "Shares of those who are on their way today, and of newcomers, who have had less time. The lines beside a bar "
            "show the 90 % prediction interval of each part, about its right end, of the last part about its left end.",
            "; ".join(
                f"{human(stage)} {interval(share, SHARE)}" for stage, share in one.open.final.items() if share.mean
            ),
            finals(found),
        ),
    ):
        figure = ax.get_figure(root=True)
        assert figure is not None
        drawn.append(Picture(name, title, caption, f"{alt}.", figure))
    return drawn

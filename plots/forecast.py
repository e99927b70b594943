"""What a forecast shows: entries week by week with their intervals, and (in `finals`) where customers are at the end."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator

from sojourn.plots import lines, style
from sojourn.plots.finals import GROUPS, finals
from sojourn.plots.words import SHARE, human, interval
from sojourn.sim.estimates import Band

if TYPE_CHECKING:
    from sojourn.calibration.forecast import Forecast
    from sojourn.calibration.futures import StrategyForecast
    from sojourn.plots.pictures import Picture

NOBODY = "No stage is entered within the window, so there is nothing to count by week."
MOST = 4  # stages with a panel of their own
PANEL, HEAD, FOOT, BETWEEN = 1.25, 0.34, 0.5, 0.48  # inches
WEEK = 7.0


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
            "Shares of those who are on their way today, and of newcomers, who have had less time, with 90 % prediction "
            "intervals of what will be counted. The bars of a group and strategy add up to all of it.",
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

"""Sizes of effects (Morris) and shares of variance (Sobol) of the numbers that a difference hangs on."""

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from sojourn.plots import style
from sojourn.plots.numbered import Panel, foot, rows, what, word

if TYPE_CHECKING:
    from sojourn.experiments.sensitivity_found import Sensitivity
    from sojourn.sim.estimates import Estimate

MOST_SHARE = 150.0  # per cent where the axis of shares ends; indices may lie above 100 by chance


def effects(found: "Sensitivity", ax: Axes | None = None) -> Axes:
    """Draws the mean size of each number's effect (mu*) as a bar with its interval, and sigma as a cross.

    Returns the axes that were given, or new ones.
    """
    with style.look():
        panel = rows(found, found.order, ax)
        ends = [0.0]
        for row, k in enumerate(panel.order):
            ends += _bar(panel, row, found.effects[k].strength)
            spread = panel.scale * found.effects[k].spread
            _mark(panel, row, spread, "X")
            ends.append(spread)
        panel.axes.set_xlim(0.0, 1.06 * max(ends) or 1.0)
        style.number_axis(panel.axes)
        foot(panel, f"effect on: {what(found)}")
        _key(panel.host, (("s", "mean size of the effect (mu*)"), ("X", "how much it differs (sigma)")))
        return panel.host


def shares(found: "Sensitivity", ax: Axes | None = None) -> Axes:
    """Draws the share of the variance that each number makes with the others as a bar, 90 %, and alone as a dot.

    Returns the axes that were given, or new ones.
    """
    with style.look():
        panel = rows(found, found.order, ax)._replace(scale=100.0)
        ends = [0.0]
        for row, k in enumerate(panel.order):
            one = found.shares[k]
            ends += _bar(panel, row, one.total)
            if one.first.mean is not None:
                _mark(panel, row, 100.0 * one.first.mean, "o")
                ends.append(100.0 * one.first.mean)
        low, high = min(-4.0, max(min(ends) - 4.0, -30.0)), max(104.0, min(max(ends) + 4.0, MOST_SHARE))
        panel.axes.set_xlim(low, high)
        panel.axes.axvline(100.0, color=style.FAINT, lw=1.0, zorder=1)
        style.number_axis(panel.axes)
        foot(panel, "per cent of the variance that the numbers make")
        _key(panel.host, (("s", "with the others (total)"), ("o", "alone (first order)")))
        return panel.host


def _mark(panel: Panel, row: int, x: float, marker: str) -> None:
    panel.axes.plot([x], [row], marker=marker, ms=7, mfc=style.BACK, mec=style.PAPER, mew=0.8, zorder=6, clip_on=False)


def _bar(panel: Panel, row: int, figure: "Estimate") -> list[float]:
    mean = panel.scale * (figure.mean or 0.0)
    panel.axes.barh(row, mean, 0.46, color=style.ONWARD, edgecolor=style.MAIN, lw=1.1, zorder=3)
    if figure.low is None or figure.high is None or figure.low == figure.high:
        return [mean]
    low, high = panel.scale * figure.low, panel.scale * figure.high
    style.whisker(panel.axes, low, high, row, style.INK, size=5.0)
    return [mean, low, high]


def _key(ax: Axes, signs: tuple[tuple[str, str], ...]) -> None:
    wide, tall = style.inches(ax)
    x, y = 0.16, 0.13
    for marker, words in signs:
        face, edge = (style.ONWARD, style.MAIN) if marker == "s" else (style.BACK, style.PAPER)
        ax.plot(
            [x / wide], [y / tall], marker=marker, ms=7, mfc=face, mec=edge, mew=0.9, ls="none", transform=ax.transAxes
        )
        x = word(ax, words, x + 0.12, y)

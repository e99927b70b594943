"""In which share of what the numbers allow each strategy is best, as a price or a budget varies."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator

from sojourn.plots import lettering, lines, style
from sojourn.plots.words import human, magnitude, percent
from sojourn.scenarios.plurals import plural, verb
from sojourn.sim.estimates import Band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sojourn.experiments.acceptability import Curve

EMPTY = "There is nothing to weigh against money here, so there is no curve to draw."
HEIGHT, LEFT, HEAD, FOOT = 2.9, 0.62, 0.52, 0.55  # inches
MOST = 8  # curves of their own, with bands; more would hide each other
LINE = 4.0  # points, of the strip that says which strategy is best on average


def acceptability(found: "Curve | None", strategies: "Sequence[str]", label: str, ax: Axes | None = None) -> Axes:
    """Draws one curve a strategy with its 90 % band; a strip along the top has the colour and name of the best on average.

    Of more than eight strategies those that are never best on average and least often best are drawn as grey lines with one name.
    `label` says what the lower axis is. Returns the axes that were given, or new ones; the panel is its child.
    """
    with style.look():
        if found is None:
            return style.nothing(ax or style.blank(1.6), EMPTY)
        own, aside = _told_apart(found, len(strategies))
        shown = [
            lines.Curve(
                human(strategies[k]),
                Band(found.along, found.chance[:, k], found.low[:, k], found.high[:, k]),
                style.look_of(k),
            )
            for k in own
        ]
        if aside:
            most, none = found.chance[:, aside].max(axis=1), np.full(len(found.along), np.nan)
            name = (
                f"{plural(len(aside), 'other')}, {verb(len(aside), 'never', 'none')} above {percent(float(most.max()))}"
            )
            shown.append(lines.Curve(name, Band(found.along, most, none, none), style.ASIDE))
        margin, tall_labels = lines.label_room(shown)
        if ax is None:
            ax = style.blank(max(HEIGHT, tall_labels) + FOOT + HEAD)
        wide, tall = style.inches(ax)
        style.bare(ax)
        panel = style.inset(ax, LEFT, FOOT, wide - LEFT - margin, tall - FOOT - HEAD)
        for k in aside:
            panel.plot(found.along, 100 * found.chance[:, k], color=style.ASIDE.color, lw=0.8, zorder=2.4)
        lines.draw(panel, shown[: len(own)], 100.0)
        panel.set_xlim(float(found.along[0]), float(found.along[-1]))
        panel.set_ylim(0, 106)
        _strip(panel, found, strategies)
        panel.yaxis.set_major_locator(MultipleLocator(20))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.0f} %"))
        size, word = magnitude(float(found.along[-1]))
        style.number_axis(panel, size=size)
        along = f"{label}, {word}" if word else label
        style.plain(panel.set_xlabel(lettering.fitted(along, wide - 0.2)))
        heading = panel.set_title(
            "best in so much of what the numbers allow", loc="left", fontsize=lettering.SIZE, pad=8 + 72 * (HEAD - 0.34)
        )
        style.plain(heading).set_color(style.INK)
        lines.name_ends(panel, shown, 100.0)
        return ax


def _told_apart(found: "Curve", count: int) -> tuple[list[int], list[int]]:
    """Strategies with a curve of their own, and the others: all have one up to eight, else the first and who matters most."""
    if count <= MOST:
        return list(range(count)), []
    best = set(found.best.tolist())
    order = sorted(range(count), key=lambda k: (k != 0 and k not in best, -float(found.chance[:, k].max()), k))
    own = max(MOST - 1, len(best | {0}))
    return sorted(order[:own]), sorted(order[own:])


def spans(found: "Curve") -> list[tuple[float, float, int]]:
    """From where to where which strategy is best on average."""
    turns = np.flatnonzero(np.diff(found.best)) + 1
    borders = [float(found.along[0]), *found.changes, float(found.along[-1])]
    return [(borders[k], borders[k + 1], int(found.best[start])) for k, start in enumerate([0, *turns.tolist()])]


def _strip(panel: Axes, found: "Curve", strategies: "Sequence[str]") -> None:
    """Along the top, in the colour of the strategy that is best on average, with its name where there is room for one."""
    inch = style.inches(panel)[0] / (float(found.along[-1]) - float(found.along[0]))
    for start, stop, best in spans(found):
        colour = style.look_of(best).color
        panel.plot([start, stop], [103.5, 103.5], color=colour, lw=LINE, solid_capstyle="butt", zorder=5)
        if start > found.along[0]:
            panel.vlines(start, 102, 105, colors=style.PAPER, lw=1.4, zorder=6)
        name = lettering.fitted(human(strategies[best]), (stop - start) * inch - 0.06, lettering.SMALL)
        if len(name) >= min(6, len(human(strategies[best]))):
            how = {"color": style.deep(colour), "size": lettering.SMALL, "ha": "center", "va": "bottom"}
            style.say(panel, (start + stop) / 2, 106, name, **how)

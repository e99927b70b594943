"""In which share of what the numbers allow each strategy is best, as a price or a budget varies."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from sojourn.plots import lettering, lines, style
from sojourn.plots.words import human, number
from sojourn.sim.estimates import Band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sojourn.experiments.acceptability import Curve

EMPTY = "There is nothing to weigh against money here, so there is no curve to draw."
HEIGHT, LEFT, HEAD, FOOT = 2.9, 0.62, 0.34, 0.55  # inches
LINE = 3.2  # points, of the strip that says which strategy is best on average


def acceptability(found: "Curve | None", strategies: "Sequence[str]", label: str, ax: Axes | None = None) -> Axes:
    """Draws one curve a strategy with its 90 % band; a strip along the top has the colour of the best on average.

    `label` says what the lower axis is. Returns the axes that were given, or new ones; the panel is its child.
    """
    with style.look():
        if found is None:
            return style.nothing(ax or style.blank(1.6), EMPTY)
        shown = [
            lines.Curve(
                human(name),
                Band(found.along, found.chance[:, k], found.low[:, k], found.high[:, k]),
                style.look_of(k),
            )
            for k, name in enumerate(strategies)
        ]
        margin, tall_labels = lines.label_room(shown)
        if ax is None:
            ax = style.blank(max(HEIGHT, tall_labels) + FOOT + HEAD)
        wide, tall = style.inches(ax)
        style.bare(ax)
        panel = style.inset(ax, LEFT, FOOT, wide - LEFT - margin, tall - FOOT - HEAD)
        lines.draw(panel, shown, 100.0)
        panel.set_xlim(float(found.along[0]), float(found.along[-1]))
        panel.set_ylim(0, 106)
        _strip(panel, found)
        panel.yaxis.set_major_locator(MultipleLocator(20))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.0f} %"))
        panel.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        places = 0 if found.along[-1] >= 10 else 2
        panel.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, places)))
        style.plain(panel.set_xlabel(lettering.fitted(label, wide - 0.2)))
        heading = panel.set_title(
            "best in so much of what the numbers allow", loc="left", fontsize=lettering.SIZE, pad=8
        )
        style.plain(heading).set_color(style.INK)
        lines.name_ends(panel, shown, 100.0)
        return ax


def _strip(panel: Axes, found: "Curve") -> None:
    """Along the top, in the colour of the strategy that is best on average."""
    turns = np.flatnonzero(np.diff(found.best)) + 1
    borders = [float(found.along[0]), *found.changes, float(found.along[-1])]
    for k, start in enumerate([0, *turns.tolist()]):
        colour = style.look_of(int(found.best[start])).color
        panel.plot(borders[k : k + 2], [103.5, 103.5], color=colour, lw=LINE, solid_capstyle="butt", zorder=5)

"""How many customers are in each stage, day by day."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from sojourn.plots import lines, style
from sojourn.plots.words import human

if TYPE_CHECKING:
    from sojourn.scenarios.model import Scenario
    from sojourn.sim.curves import Curves

HEIGHT = 2.7  # inches of the upper panel, at least
HEAD, FOOT, BETWEEN = 0.34, 0.52, 0.64


def occupancy(curves: "Curves", scenario: "Scenario | None" = None, ax: Axes | None = None) -> Axes:
    """Draws customers in each stage by day, with bands; with a scenario, ends have a panel of their own below.

    Returns the host axes; the panels are its `child_axes`.
    """
    with style.look():
        bands = {name: band for name, band in curves.occupancy.items() if band.x.size and np.isfinite(band.mean).any()}
        if not any(np.nanmax(band.mean) > 0 for band in bands.values()):
            return style.nothing(
                ax or style.blank(1.6), "No customer was in any stage, so there is nobody to count by day."
            )
        ended = {name for name, stage in scenario.stages.items() if stage.end} if scenario is not None else set()
        order = [n for n in scenario.stages if n in bands] if scenario is not None else list(bands)
        looked = [lines.Curve(human(name), bands[name], style.look_of(i)) for i, name in enumerate(order)]
        groups = [
            ([c for c, n in zip(looked, order, strict=True) if n not in ended], "customers in the stage"),
            ([c for c, n in zip(looked, order, strict=True) if n in ended], "customers at an end so far"),
        ]
        groups = [(group, words) for group, words in groups if group]
        margin = max(lines.label_room(group)[0] for group, _ in groups)
        left = max(lines.tick_room(_most(group)) for group, _ in groups)
        heights = [max(HEIGHT if i == 0 else 1.2, lines.label_room(group)[1]) for i, (group, _) in enumerate(groups)]
        if ax is None:
            ax = style.blank(sum(heights) + FOOT + BETWEEN * (len(groups) - 1) + HEAD)
        wide, tall = style.inches(ax)
        shrink = (tall - FOOT - BETWEEN * (len(groups) - 1) - HEAD) / sum(heights)
        style.bare(ax)
        top = tall - HEAD
        for (group, words), height in zip(groups, heights, strict=True):
            panel = style.inset(ax, left, top - shrink * height, wide - left - margin, shrink * height)
            top -= shrink * height + BETWEEN
            _panel(panel, group, words)
        style.plain(panel.set_xlabel("day"))
        return ax


def _panel(panel: Axes, group: list[lines.Curve], words: str) -> None:
    lines.draw(panel, group)
    x = group[0].band.x
    panel.set_xlim(float(x[0]), float(x[-1]) if x[-1] > x[0] else float(x[0]) + 1)
    panel.set_ylim(0, _most(group))
    lines.frame(panel, words, float(x[-1] - x[0]))
    lines.name_ends(panel, group)


def _most(group: list[lines.Curve]) -> float:
    """The top of the upright axis."""
    return max(1.0, 1.05 * max(float(np.nanmax(np.fmax(c.band.mean, c.band.high))) for c in group))

"""How far strategies are ahead of the baseline, day by day: when they pay back."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from sojourn.plots import lines, style
from sojourn.plots.words import human, magnitude

if TYPE_CHECKING:
    from sojourn.experiments.payback import Payback

HEIGHT, FOOT, HEAD = 2.3, 0.55, 0.35  # inches
EMPTY = "The strategies bring and cost the same, so that there is nothing to pay back."


def payback(
    found: "Mapping[str, Payback]",
    ax: Axes | None = None,
    *,
    currency: str = "",
    strategies: Sequence[str] | None = None,
) -> Axes:
    """Draws profit so far minus the baseline's, one curve a strategy with its band, and 0. Returns the axes.

    `strategies` are all of the comparison in its order, by which a strategy looks here as in the other pictures; the baseline
    before those found if left out.
    """
    with style.look():
        order = list(strategies) if strategies is not None else ["", *found]
        looks = {name: style.look_of(order.index(name)) for name in found}
        shown = [lines.Curve(human(n), one.ahead, looks[n]) for n, one in found.items()]
        if not shown:
            return style.nothing(ax or style.blank(1.6), EMPTY)
        margin, labels = lines.label_room(shown)
        if ax is None:
            ax = style.blank(max(HEIGHT, labels) + FOOT + HEAD)
        wide, tall = style.inches(ax)
        style.bare(ax)
        low = min(0.0, *(float(one.band.low.min()) for one in shown))
        high = max(0.0, *(float(one.band.high.max()) for one in shown))
        size, word = magnitude(max(-low, high))
        pad = 0.05 * (high - low) / size or 1.0
        low, high = low / size - pad, high / size + pad
        left = lines.tick_room(high, low)
        panel = style.inset(ax, left, FOOT, wide - left - margin, tall - FOOT - HEAD)
        panel.axhline(0.0, color=style.INK, lw=0.9, zorder=2.2)
        lines.draw(panel, shown, 1 / size)
        panel.set_xlim(0, max(float(curve.band.x[-1]) for curve in shown))
        panel.set_ylim(low, high)
        counted = ", ".join(part for part in ("profit so far minus the baseline's", currency, word) if part)
        lines.frame(panel, counted, float(panel.get_xlim()[1]))
        style.plain(panel.set_xlabel("day"))
        lines.name_ends(panel, shown, 1 / size)
        for name, one in found.items():
            if one.day is not None and one.high is not None:
                panel.plot([one.day], [0.0], "o", color=looks[name].color, ms=5, zorder=5)
        return ax

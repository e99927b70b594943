"""How far strategies are ahead of the baseline, day by day: when they pay back."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from matplotlib.axes import Axes

from sojourn.plots import lines, style
from sojourn.plots.multiples import multiples
from sojourn.plots.words import human, magnitude

if TYPE_CHECKING:
    from sojourn.experiments.payback import Payback

HEIGHT, FOOT, HEAD = 2.3, 0.55, 0.35  # inches
FEW = 6  # curves that one panel can show apart: these fan out from 0
EMPTY = "The strategies bring and cost the same, so that there is nothing to pay back."


def payback(
    found: "Mapping[str, Payback]",
    ax: Axes | None = None,
    *,
    currency: str = "",
    strategies: Sequence[str] | None = None,
    beside: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    told_of: str = "",
) -> Axes:
    """Draws profit so far minus the baseline's, one curve a strategy with its band, and 0. Returns the axes.

    More than six have a panel each, with what `beside` says of them: figures, and `told_of` says of what.
    `strategies` are all of the comparison in its order, by which a strategy looks here as in the other pictures; the baseline
    before those found if left out.
    """
    with style.look():
        order = list(strategies) if strategies is not None else ["", *found]
        looks = {name: style.look_of(order.index(name)) for name in found}
        shown = [lines.Curve(human(n), one.ahead, looks[n]) for n, one in found.items()]
        if not shown:
            return style.nothing(ax or style.blank(1.6), EMPTY)
        low = min(0.0, *(float(one.band.low.min()) for one in shown))
        high = max(0.0, *(float(one.band.high.max()) for one in shown))
        size, word = magnitude(max(-low, high))
        pad = 0.05 * (high - low) / size or 1.0
        low, high = low / size - pad, high / size + pad
        words = ", ".join(part for part in ("profit so far minus the baseline's", currency, word) if part)
        if len(shown) > FEW:
            ax = multiples(
                shown,
                None,
                ax,
                heading=words,
                along="day",
                limits=(low, high),
                scale=1 / size,
                upright=style.upright_axis,
                beside={human(name): told for name, told in beside.items()},
                told_of=told_of,
            )
            _dots(dict(zip(found, cast("list[Axes]", ax.child_axes), strict=True)), found, looks)
            return ax
        margin, labels = lines.label_room(shown)
        if ax is None:
            ax = style.blank(max(HEIGHT, labels) + FOOT + HEAD)
        wide, tall = style.inches(ax)
        style.bare(ax)
        left = lines.tick_room(high, low)
        panel = style.inset(ax, left, FOOT, wide - left - margin, tall - FOOT - HEAD)
        panel.axhline(0.0, color=style.INK, lw=0.9, zorder=2.2)
        lines.draw(panel, shown, 1 / size)
        panel.set_xlim(0, max(float(curve.band.x[-1]) for curve in shown))
        panel.set_ylim(low, high)
        lines.frame(panel, words, float(panel.get_xlim()[1]))
        style.plain(panel.set_xlabel("day"))
        lines.name_ends(panel, shown, 1 / size)
        _dots(dict.fromkeys(found, panel), found, looks)
        return ax


def _dots(panels: Mapping[str, Axes], found: "Mapping[str, Payback]", looks: Mapping[str, style.Look]) -> None:
    """A dot on the day from which a strategy is ahead for good, where that is sure."""
    for name, one in found.items():
        if one.day is not None and one.high is not None:
            panels[name].plot([one.day], [0.0], "o", color=looks[name].color, ms=5, zorder=5)

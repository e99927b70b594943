"""Both parts of what is not known about a figure: where the numbers alone may put it, and where one life of the market may."""

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from sojourn.plots import lettering, style
from sojourn.plots.words import SHARE, human, number, pair, shown_unit
from sojourn.scenarios.plurals import plural
from sojourn.sim.vocabulary import title, unit

if TYPE_CHECKING:
    from sojourn.experiments.doubted import Both, Uncertainty
    from sojourn.plots.pictures import Picture

ROW, LINE, FOOT, HEAD = 0.42, 0.165, 0.52, 0.3  # inches
KEY = "thick: what the numbers allow; thin: one life of the market (90 %)"
EMPTY = "The measure never varies, so there is nothing to draw."


def both_parts(found: "Uncertainty", measure: str, ax: Axes | None = None) -> Axes:
    """Draws a row a strategy (its difference from the first, where there are several).

    Thick is what the numbers allow, thin one life; the numbers' share of the variance stands at the right. Returns the axes that
    were given, or new ones; the panel is its child.
    """
    with style.look():
        rows = _rows(found, measure)
        if not rows:
            return style.nothing(ax or style.blank(1.6), EMPTY)
        wide = style.WIDTH if ax is None else style.inches(ax)[0]
        labels = {name: lettering.wrapped(_short(name, found), 0.3 * wide, lettering.SMALL, lines=3) for name in rows}
        heights = {name: max(ROW, LINE * len(lines) + 0.08) for name, lines in labels.items()}
        if ax is None:
            ax = style.blank(sum(heights.values()) + FOOT + HEAD)
        wide, tall = style.inches(ax)
        style.bare(ax)
        left = 0.16 + max(lettering.span(line, lettering.SMALL) for lines in labels.values() for line in lines)
        right = 0.2 + lettering.span("numbers 100 %", lettering.SMALL)
        room = max(0.8, wide - left - right)
        panel = style.inset(ax, left, FOOT, room, tall - FOOT - HEAD)
        scale = 100.0 if unit(measure, found.lived.draws.base) == SHARE else 1.0
        at = 0.0
        for name, one in rows.items():
            middle = at + heights[name] / 2
            sure = len(rows) == 1 or one.both[0] > 0.0 or one.both[1] < 0.0
            color = style.MAIN if sure else style.UNSURE
            style.whisker(panel, scale * one.both[0], scale * one.both[1], middle, color)
            panel.plot(
                [scale * end for end in one.numbers], [middle] * 2, color=color, lw=6.0, solid_capstyle="butt", zorder=5
            )
            panel.plot([scale * one.mean], [middle], "o", ms=6, mfc=style.PAPER, mec=color, mew=1.4, zorder=6)
            words = {
                "size": lettering.SMALL,
                "va": "center",
                "linespacing": 1.05,
                "transform": panel.get_yaxis_transform(),
            }
            style.say(panel, -0.06 / room, middle, "\n".join(labels[name]), ha="right", color=style.INK, **words)
            style.say(panel, 1.0 + 0.08 / room, middle, f"numbers {100 * one.share:.0f} %", color=style.SOFT, **words)
            at += heights[name]
        panel.set_ylim(at, 0.0)
        if len(found.lived.strategies) > 1:
            panel.axvline(0.0, color=style.SOFT, lw=0.9, zorder=1)
        panel.set_yticks([])
        panel.grid(axis="x", color=style.FAINT, lw=0.5)
        panel.set_axisbelow(True)
        style.number_axis(panel, sign=len(found.lived.strategies) > 1)
        kind = shown_unit(unit(measure, found.lived.draws.base))
        style.plain(panel.set_xlabel(lettering.fitted(f"{title(measure)}, {kind}", wide - 0.3)))
        # Over the names as well, where beside them there is too little room.
        begin = max(0.1 - left, min(0.0, wide - left - 0.12 - lettering.span(KEY, lettering.SMALL)))
        heading = lettering.fitted(KEY, wide - left - begin - 0.1, lettering.SMALL)
        title_ = panel.set_title(heading, loc="left", fontsize=lettering.SMALL, pad=6)
        style.plain(title_).set_color(style.SOFT)
        title_.set_x(begin / room)
        return ax


def picture(found: "Uncertainty", measure: str) -> "Picture":
    """The picture with its words."""
    from sojourn.plots.pictures import Picture

    figure = both_parts(found, measure).get_figure(root=True)
    assert figure is not None
    rows = _rows(found, measure)
    told = "; ".join(
        f"{human(pair(name))} {number(one.both[0])} to {number(one.both[1])}" for name, one in rows.items()
    )
    lives = plural(found.lived.replications, "life", "lives")
    return Picture(
        "both-parts",
        "What is not known: the numbers, and chance",
        f"Over {plural(found.lived.draws.count, 'draw')} of the numbers, {lives} each. Thick: where the numbers"
        " alone may put what is to be expected. Thin: where one life of the market may come out, chance included. Beside: the"
        " numbers' share of that variance.",
        f"{title(measure)}: {told}.",
        figure,
    )


def _rows(found: "Uncertainty", measure: str) -> "dict[str, Both]":
    several = len(found.lived.strategies) > 1
    shown = found.differences if several else found.strategies
    return {name: one for name, measures in shown.items() if (one := measures.get(measure)) is not None}


def _short(name: str, found: "Uncertainty") -> str:
    return human(name.removesuffix(f" - {found.baseline}"))

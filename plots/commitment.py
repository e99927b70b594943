"""Commitment along the journey: the chance of getting there on entry to each stage, and where customers first cross a mark."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator

from sojourn.plots import lettering, lines, style
from sojourn.plots.words import human, percent

if TYPE_CHECKING:
    from sojourn.experiments.commitment import Commitment
    from sojourn.plots.pictures import Picture

MARKS = (0.8, 0.9, 0.95)
MARK = 0.9
NOBODY = "Nobody was seen in any stage, so there is no commitment to draw."
TALL, BARS, HEAD, BETWEEN = 2.4, 0.95, 0.34, 0.5  # inches: chances, bars, headings
LEFT, RIGHT = 0.5, 0.4
LINE, TITLE = 0.165, 0.18
SLANT = 40  # degrees, of names that are too long to stand level


def commitment(found: "Commitment", ax: Axes | None = None) -> Axes:
    """Draws chances on entry by stage (median, half and nine tenths of customers), and the share that first crosses .9 in each.

    Returns the axes that were given, or new ones; the panels are its `child_axes`.
    """
    with style.look():
        names = [name for name in found.scenario.stages if name in found.entries]
        if not names:
            return style.nothing(ax or style.blank(1.6), NOBODY)
        wide = style.WIDTH if ax is None else style.inches(ax)[0]
        room = (wide - LEFT - RIGHT) / (len(names) + 0.2)  # the bars have a margin on either side
        for gap in (0.1, 0.0):  # between names; a single word may come close to the next
            labels = [lettering.wrapped(human(name), room - gap, lettering.SMALL, lines=3) for name in names]
            slanted = any("…" in row for rows in labels for row in rows)
            if not slanted:
                break
        if slanted:  # as long as the first may be without leaving the picture on the left
            most = (LEFT + room / 2) / math.cos(math.radians(SLANT))
            labels = [[lettering.fitted(human(name), most, lettering.SMALL)] for name in names]
            longest = max(lettering.span(rows[0], lettering.SMALL) for rows in labels)
            foot = 0.2 + longest * math.sin(math.radians(SLANT))
        else:
            foot = 0.12 + LINE * max(map(len, labels))
        goal = " or ".join(map(human, found.loyal))
        words = f"chance of {goal} within {found.within:g} days, as customers enter the stage"
        above = lettering.wrapped(words, wide - LEFT - 0.1, lines=4)
        head = HEAD + TITLE * (len(above) - 1)
        if ax is None:
            ax = style.blank(head + TALL + BETWEEN + BARS + foot)
        wide, tall = style.inches(ax)
        style.bare(ax)
        scale = (tall - head - BETWEEN - foot) / (TALL + BARS)
        lower = style.inset(ax, LEFT, foot, wide - LEFT - RIGHT, scale * BARS)
        upper = style.inset(ax, LEFT, foot + scale * BARS + BETWEEN, wide - LEFT - RIGHT, scale * TALL)
        _chances(upper, found, names, "\n".join(above))
        _crossed(lower, found, names)
        how: dict[str, Any] = {"rotation": SLANT, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
        lower.set_xticks(range(len(names)), ["\n".join(rows) for rows in labels], **how)
        for label in lower.get_xticklabels():
            style.plain(label)
        return ax


def _chances(panel: Axes, found: "Commitment", names: list[str], words: str) -> None:
    for k, name in enumerate(names):
        low, below, middle, above, high = found.entries[name].quantiles
        panel.plot([k, k], [low, high], color=style.MAIN, lw=1.4, solid_capstyle="butt", zorder=3)
        panel.bar(k, above - below, 0.34, below, color=style.ONWARD, edgecolor=style.MAIN, lw=1.0, zorder=4)
        panel.plot([k - 0.17, k + 0.17], [middle, middle], color=style.INK, lw=2.4, solid_capstyle="butt", zorder=5)
    panel.set_xlim(-0.6, len(names) - 0.4)
    panel.set_ylim(0, 1.03)
    for mark in MARKS:
        panel.axhline(mark, color=style.SOFT, lw=0.8, ls=(0, (4, 2)), zorder=1)
    right = len(names) - 0.4
    tall = style.inches(panel)[1] / 1.03
    for mark, at in zip(MARKS, lines.spread([mark * tall for mark in MARKS], [0.14] * len(MARKS), tall), strict=True):
        text = f" {mark:g}".replace("0.", ".")
        style.say(panel, right, at / tall, text, va="center", ha="left", size=lettering.SMALL, color=style.SOFT)
    panel.set_xticks([])
    panel.yaxis.set_major_locator(MultipleLocator(0.2 if tall > 1.2 else 0.5))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.1f}"))
    panel.grid(axis="y", color=style.FAINT, lw=0.5)
    panel.set_axisbelow(True)
    heading = panel.set_title(words, loc="left", fontsize=lettering.SIZE, pad=8, linespacing=1.1)
    style.plain(heading).set_color(style.INK)


def _crossed(panel: Axes, found: "Commitment", names: list[str]) -> None:
    one = found.crossings[MARK]
    shares = np.zeros(len(names))
    room = style.inches(panel)[0] / len(names) - 0.06
    for k, name in enumerate(names):
        entering = name in one.entries
        place = one.entries.get(name) or one.stages.get(name)
        shares[k] = (place.share.mean or 0.0) if place is not None else 0.0
        hatch = style.LOST_HATCH if entering else None
        face = style.PAPER if entering else style.MAIN
        panel.bar(k, shares[k], 0.6, color=face, edgecolor=style.MAIN, lw=1.0, hatch=hatch, zorder=3)
        rows = lettering.wrapped(percent(float(shares[k])), room, lettering.SMALL)
        text = "\n".join(rows) if room > 0.4 else ""
        style.say(panel, k, shares[k], text, ha="center", va="bottom", size=lettering.SMALL, color=style.INK)
    panel.set_xlim(-0.6, len(names) - 0.4)
    panel.set_ylim(0, 1.35 * max(float(shares.max()), 1e-6))
    panel.set_yticks([])
    panel.spines["left"].set_visible(False)
    panel.tick_params(axis="x", length=0, pad=4)
    hatched = "; hatched: only on entering" if one.entries else ""
    words = f"share of customers who first cross .9 here{hatched}"
    room = style.inches(panel)[0] + RIGHT - 0.1
    heading = panel.set_title(lettering.fitted(words, room), loc="left", fontsize=lettering.SIZE, pad=8)
    style.plain(heading).set_color(style.INK)


def picture(found: "Commitment") -> "Picture":
    """The picture with its words."""
    from sojourn.plots.pictures import Picture

    figure = commitment(found).get_figure(root=True)
    assert figure is not None
    told = "; ".join(f"{human(name)} {one.quantiles[2]:.2f}" for name, one in found.entries.items())
    return Picture(
        "commitment",
        "Where customers become as good as won",
        f"Above: the chance of entering {' or '.join(map(human, found.loyal))} within {found.within:g} days, as customers enter"
        " each stage: median, half of them (box), nine in ten (line). Below: the share of all customers whose chance is first"
        " .9 or more in the stage.",
        f"Median chance on entry: {told}.",
        figure,
    )

"""What it is worth to know more: the numbers by what knowing them is worth, and a test of each size."""

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from sojourn.plots import lettering, lines, style
from sojourn.plots.words import human, magnitude, number
from sojourn.sim.vocabulary import unit

if TYPE_CHECKING:
    from sojourn.experiments.worth import Worth

ALL = "all numbers in doubt"
MOST = 12  # bars
ROW, LINE, FOOT, HEAD = 0.34, 0.165, 0.62, 0.12  # inches
NO_WORTH = "Whatever the numbers in doubt are, the choice stays the same: no number is worth measuring for it."
NO_TEST = "No number is worth a test, or none of those that are is an effect that two arms can measure."


def numbers(found: "Worth", ax: Axes | None = None) -> Axes:
    """Draws what knowing each number exactly is worth, with its 90 % interval, under all of them together.

    Grey: no more than chance alone would find (the upright mark). At most twelve numbers. Returns the axes that were given, or
    new ones; the panel is its child.
    """
    with style.look():
        if not worth_something(found):
            return style.nothing(ax or style.blank(1.2), NO_WORTH)
        shown = found.learned[:MOST]
        room = 0.42 * (style.WIDTH if ax is None else style.inches(ax)[0])
        names = [ALL, *(one.question.label.removeprefix("the ").replace(" -> ", " → ") for one in shown)]
        rows = [lettering.wrapped(human(name), room, lettering.SMALL, lines=3) for name in names]
        heights = [max(ROW, LINE * len(lines) + 0.08) for lines in rows]
        if ax is None:
            ax = style.blank(sum(heights) + FOOT + HEAD)
        wide, tall = style.inches(ax)
        style.bare(ax)
        left = 0.16 + max(lettering.span(line, lettering.SMALL) for lines in rows for line in lines)
        panel = style.inset(ax, left, FOOT, wide - left - 0.25, tall - FOOT - HEAD)
        estimates = [found.perfect, *(one.estimate for one in shown)]
        highest = max((one.high or one.mean or 0.0) for one in estimates) or 1.0
        panel.set_xlim(0.0, 1.05 * highest)
        total = sum(heights)
        panel.set_ylim(total, 0.0)
        at = 0.0
        for k, (lines, height, estimate) in enumerate(zip(rows, heights, estimates, strict=True)):
            middle = at + height / 2
            sure = k == 0 or shown[k - 1].partial.found
            face = style.SOFT if k == 0 else style.ONWARD if sure else style.FAINT
            panel.barh(middle, estimate.mean or 0.0, 0.16, color=face, zorder=2)
            style.whisker(
                panel, estimate.low or 0.0, estimate.high or 0.0, middle, style.INK if sure else style.UNSURE, 6.0
            )
            if k:
                chance = shown[k - 1].partial.null
                panel.plot([chance, chance], [middle - 0.14, middle + 0.14], color=style.WORSE, lw=1.6, zorder=5)
            colour = style.INK if sure else style.SOFT
            words = "\n".join(lines)
            where = {"transform": panel.get_yaxis_transform(), "ha": "right", "va": "center", "linespacing": 1.05}
            style.say(panel, -0.06 / (wide - left - 0.25), middle, words, size=lettering.SMALL, color=colour, **where)
            at += height
        panel.axhline(heights[0], color=style.FAINT, lw=0.8)
        panel.set_yticks([])
        panel.grid(axis="x", color=style.FAINT, lw=0.5)
        panel.set_axisbelow(True)
        size, word = magnitude(highest)
        style.number_axis(panel, size=size)
        counted = f"{_money(found)}, {word}" if word else _money(found)
        words = lettering.fitted(f"worth of knowing it exactly, {counted}", wide - 0.35)
        style.plain(panel.set_xlabel(words, loc="right"))
        return ax


def worth_something(found: "Worth") -> bool:
    """Whether any figure of the picture is more than 0."""
    shown = [found.perfect, *(one.estimate for one in found.learned[:MOST])]
    return any(any(one) for one in shown) or any(one.partial.null for one in found.learned[:MOST])


def sizes_of_test(found: "Worth", ax: Axes | None = None) -> Axes:
    """Draws what a test of each size is worth, and the size that finds the central effect with 80 % power.

    Returns the axes that were given, or new ones; the panel is its child.
    """
    with style.look():
        testing = found.testing
        if testing is None:
            return style.nothing(ax or style.blank(1.6), NO_TEST)
        ax = ax or style.blank(3.1)
        wide, tall = style.inches(ax)
        style.bare(ax)
        sizes, values = zip(*testing.values, strict=True)
        exact = next(one for one in found.learned if one.question is testing.question).partial.value
        left = 0.14 + lines.tick_room(1.18 * max(exact, *values))
        panel = style.inset(ax, left, FOOT, wide - left - 0.3, tall - FOOT - 0.3)
        panel.plot(sizes, values, color=style.MAIN, lw=1.9, marker="o", ms=4, zorder=3)
        panel.set_xscale("log")
        panel.set_ylim(0.0, 1.18 * max(exact, *values))
        panel.axhline(exact, color=style.SOFT, lw=0.9, ls=(0, (4, 2)))
        low, high = float(min(sizes)), float(max(sizes))
        if testing.size is not None:
            low, high = min(low, testing.size.simulated / 1.5), max(high, testing.size.simulated * 1.5)
        panel.set_xlim(low / 1.2, high * 1.2)
        style.say(panel, low, 1.02 * exact, "knowing it exactly", size=lettering.SMALL, color=style.SOFT, va="bottom")
        if testing.size is not None:
            n = testing.size.simulated
            panel.axvline(n, color=style.WORSE, lw=1.2)
            right = n > (low * high) ** 0.5
            words = f" 80 % power: {number(n)} "
            align = "right" if right else "left"
            style.say(panel, n, 0.03 * exact, words, size=lettering.SMALL, color=style.WORSE, ha=align, va="bottom")
        panel.xaxis.set_major_locator(LogLocator(10, numticks=8))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
        style.upright_axis(panel)
        panel.grid(axis="y", color=style.FAINT, lw=0.5)
        panel.set_axisbelow(True)
        label = lettering.fitted(f"{testing.trial.units} in each arm", wide - left - 0.3)
        style.plain(panel.set_xlabel(human(label)))
        heading = panel.set_title(f"worth of a test, {_money(found)}", loc="left", fontsize=lettering.SIZE, pad=6)
        style.plain(heading).set_color(style.INK)
        return ax


def _money(found: "Worth") -> str:
    one = unit(found.asked.measure, found.scenario)
    days = found.scenario.about.horizon_days
    return f"{one} over {days:,g} days" if one == found.scenario.about.currency else f"{one} of {found.asked.measure}"

"""Which numbers a difference hangs on: a tornado of what it becomes at the ends of each, the widest on top."""

from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sojourn.plots import lettering, style
from sojourn.plots.indices import effects, shares
from sojourn.plots.numbered import Panel, foot, rows, value, what, word
from sojourn.plots.words import clear, human

if TYPE_CHECKING:
    from sojourn.experiments.sensitivity_found import Sensitivity
    from sojourn.plots.pictures import Picture
    from sojourn.sim.estimates import Estimate

EMPTY = "No number changes the difference, so there is no tornado to draw."
SIDES, BAR = (-0.17, 0.17), 0.3  # of a row: where the bars of its low and its high end stand, and how thick they are
COLORS = (style.MAIN, style.BACK)
WORDS = ("at its low end", "at its high end")


def tornado(found: "Sensitivity", ax: Axes | None = None) -> Axes:
    """Draws the difference with each number at its two ends, with the 90 % interval of what that changes.

    The upright line is the difference as it stands; where a bar crosses the dashed line at 0, the number turns the answer. Hollow
    bars are no more than chance; numbers that change nothing are left out. Returns the axes that were given, or new ones.
    """
    with style.look():
        moving = [k for k in found.order if not found.swings[k].still]
        if not moving:
            return style.nothing(ax or style.blank(1.6), EMPTY)
        panel = rows(found, moving, ax)
        middle = panel.scale * (found.difference.mean or 0.0)
        ends = [middle, 0.0] if _near(found) else [middle]
        for row, k in enumerate(panel.order):
            one = found.swings[k]
            for side, (at, change) in enumerate(((one.at_low, one.change_low), (one.at_high, one.change_high))):
                ends += _end(panel, row + SIDES[side], middle, at, change, COLORS[side])
        low, high = min(ends), max(ends)
        pad = (0.5 / panel.wide) * (high - low) or 1.0
        panel.axes.set_xlim(low - pad, high + pad)
        panel.axes.axvline(middle, color=style.SOFT, lw=1.0, zorder=1)
        crossing = low - pad < 0.0 < high + pad
        if crossing:
            panel.axes.axvline(0.0, color=style.WORSE, lw=1.2, ls=(0, (4, 2)), zorder=1)
        style.number_axis(panel.axes, sign=True)
        for row, k in enumerate(panel.order):
            _values(panel, row, found, k, middle)
        foot(panel, what(found))
        _key(panel.host, crossing)
        return panel.host


def _near(found: "Sensitivity") -> bool:
    """Whether 0 is near enough to be shown: within twice the widest swing."""
    return abs(found.difference.mean or 0.0) <= 2.0 * max(one.width for one in found.swings)


def _end(panel: Panel, y: float, middle: float, at: "Estimate", change: "Estimate", color: str) -> list[float]:
    mean = panel.scale * (at.mean or 0.0)
    face = color if clear(change) else style.PAPER
    panel.axes.barh(y, mean - middle, BAR, middle, color=face, edgecolor=color, lw=1.1, zorder=3)
    if change.low is None or change.high is None or change.low == change.high:
        return [mean]
    low, high = middle + panel.scale * change.low, middle + panel.scale * change.high
    style.whisker(panel.axes, low, high, y, style.INK, size=4.0)
    return [mean, low, high]


def _values(panel: Panel, row: int, found: "Sensitivity", k: int, middle: float) -> None:
    """The values of the number, beside the ends that they give."""
    one, number = found.swings[k], found.numbers[k]
    first, last = panel.axes.get_xlim()
    gap = 0.06 / panel.wide * (last - first)
    each = ((number.low, one.at_low, one.change_low), (number.high, one.at_high, one.change_high))
    about: dict[str, Any] = {"va": "center", "size": lettering.SMALL - 1, "color": style.SOFT}
    for side, (moved, at, change) in enumerate(each):
        mean = panel.scale * (at.mean or 0.0)
        reach = [middle, mean, *(middle + panel.scale * end for end in change[1:] if end is not None)]
        right = mean > middle or (mean == middle and side == 1)
        x, align = (max(reach) + gap, "left") if right else (min(reach) - gap, "right")
        style.say(panel.axes, x, row + SIDES[side], value(moved), ha=align, **about)


def _key(ax: Axes, crossing: bool) -> None:
    wide, tall = style.inches(ax)
    x, y = 0.14, 0.13
    for words, color in zip(WORDS, COLORS, strict=True):
        box = Rectangle((x / wide, (y - 0.06) / tall), 0.18 / wide, 0.12 / tall, transform=ax.transAxes, fc=color, lw=0)
        ax.add_patch(box)
        x = word(ax, words, x + 0.24, y)
    if crossing:
        line: dict[str, Any] = {"color": style.WORSE, "lw": 1.2, "ls": (0, (4, 2)), "transform": ax.transAxes}
        ax.plot([(x + 0.02) / wide, (x + 0.25) / wide], [y / tall] * 2, **line)
        x = word(ax, "no difference", x + 0.31, y)
    word(ax, lettering.fitted("hollow: no more than chance", wide - x - 0.05, lettering.SMALL), x, y)


CAPTIONS = {
    "tornado": "One number moves at a time, to its low end and to its high end; the upright line is the difference as it stands."
    " Small figures are the number's values; lines are 90 % intervals of the change.",
    "morris": "How much the difference changes when a number goes through its interval, wherever the others are.",
    "sobol": "What share of the variance each number makes; lines are 90 % intervals of the total.",
}


def picture(found: "Sensitivity") -> "Picture":
    """The picture of the method, with its words."""
    from sojourn.plots.pictures import Picture

    draw = {"tornado": tornado, "morris": effects, "sobol": shares}[found.method]
    figure = draw(found).get_figure(root=True)
    assert figure is not None
    first = ", ".join(human(found.numbers[k].label) for k in found.order[:3])
    alt = f"In order of what they do: {first}."
    return Picture("sensitivity", "What the difference hangs on", CAPTIONS[found.method], alt, figure)

"""Rows of numbers of a scenario beside a panel: what tornado, screening and shares of variance have in common."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.axes import Axes

from sojourn.plots import lettering, style
from sojourn.plots.words import MINUS, SHARE, human, number
from sojourn.sim.vocabulary import title, unit

if TYPE_CHECKING:
    from sojourn.experiments.numbers import Number
    from sojourn.experiments.sensitivity_found import Sensitivity

MOST = 20  # numbers that a picture shows
ROW, FOOT, KEY, TOP = 0.5, 0.42, 0.3, 0.08  # inches
NAMES = 0.42  # share of the width
RIGHT = 0.42  # inches: half a figure of the axis may stand out there


class Panel(NamedTuple):
    """Names of numbers on the left of host axes, and a panel beside them with a row each."""

    host: Axes
    axes: Axes
    order: list[int]
    scale: float  # from the unit of the measure to the one that people read

    @property
    def wide(self) -> float:
        """Inches of the panel."""
        return max(style.inches(self.axes)[0], 0.1)


def rows(found: "Sensitivity", order: Sequence[int], ax: Axes | None) -> Panel:
    """The panel, on the axes given or on new ones."""
    order = list(order)[:MOST]
    wide = style.WIDTH if ax is None else style.inches(ax)[0]
    names = [lettering.wrapped(human(_label(found.numbers[k])), NAMES * wide, lettering.SMALL, lines=3) for k in order]
    left = 0.14 + max(lettering.span(line, lettering.SMALL) for lines in names for line in lines)
    if ax is None:
        ax = style.blank(TOP + ROW * len(order) + FOOT + KEY)
    wide, tall = style.inches(ax)
    style.bare(ax)
    panel = style.inset(ax, left, FOOT + KEY, wide - left - RIGHT, tall - FOOT - KEY - TOP)
    at: dict[str, Any] = {"transform": panel.get_yaxis_transform(), "ha": "right", "va": "center", "linespacing": 1.0}
    for row, lines in enumerate(names):
        style.say(panel, -0.07 / max(style.inches(panel)[0], 0.1), row, "\n".join(lines), size=lettering.SMALL, **at)
    panel.set_ylim(len(order) - 0.4, -0.6)
    panel.set_yticks([])
    for side in ("left", "right", "top"):
        panel.spines[side].set_visible(False)
    return Panel(ax, panel, order, 100.0 if unit(found.measure, found.scenario) == SHARE else 1.0)


def _label(one: "Number") -> str:
    """What a number is called in a picture: a path has room between its steps, so that it can be broken."""
    if " " not in one.label:
        return " · ".join(str(step) for step in one.place if step != "stages")
    return one.label.replace(" -> ", " → ")


def what(found: "Sensitivity") -> str:
    """The measure with its unit, and whose difference it is."""
    counted, named = unit(found.measure, found.scenario), title(found.measure)
    told = "percentage points" if counted == SHARE else counted
    said = named if not told or told.lower() in named.lower() else f"{named} ({told})"
    return f"{said}, {human(found.strategy)} minus {human(found.baseline)}"


def value(number_: float) -> str:
    """A number of the scenario with three digits."""
    return number(number_) if abs(number_) >= 1000.0 else f"{number_:.3g}".replace("-", MINUS)


def foot(panel: Panel, words: str) -> None:
    """What the lower axis counts."""
    wide, tall = style.inches(panel.host)
    at: dict[str, Any] = {"transform": panel.host.transAxes, "ha": "center", "va": "bottom", "color": style.SOFT}
    said = lettering.fitted(words, wide - 0.2, lettering.SMALL)
    style.say(panel.host, 0.5, (KEY + 0.02) / tall, said, size=lettering.SMALL, **at)


def word(ax: Axes, words: str, x: float, y: float) -> float:
    """Writes a word of the key, in inches from the lower left; returns where the next begins."""
    wide, tall = style.inches(ax)
    at: dict[str, Any] = {"transform": ax.transAxes, "ha": "left", "va": "center_baseline", "color": style.SOFT}
    style.say(ax, x / wide, y / tall, words, size=lettering.SMALL, **at)
    return x + lettering.span(words, lettering.SMALL) + 0.16

"""What becomes of buyers by days since their first purchase: how many are still customers, how many have bought again."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator

from sojourn.plots import lines, style
from sojourn.plots.words import human

if TYPE_CHECKING:
    from sojourn.sim.curves import Curves
    from sojourn.sim.estimates import Band

NOBODY_RETURNS = "Nobody bought, or nobody bought again, so there is no return to draw."
EMPTY = "Nobody bought, or nobody can be lost after buying, so there is no retention to draw."
HEIGHT, LEFT, HEAD, FOOT = 3.0, 0.62, 0.34, 0.52


def retention(curves: "Mapping[str, Curves]", ax: Axes | None = None) -> Axes:
    """Draws one retention curve a strategy, with its band. Returns the axes that were given, or new ones.

    A strategy's place among all of them gives its look, also where some have no curve.
    The curves allow for customers who are still there when the run ends, so they do not sink because time ran out.
    """
    bands = {name: one.retention for name, one in curves.items()}
    return _since_first_purchase(bands, "buyers who are still customers", EMPTY, ax)


def returning(curves: "Mapping[str, Curves]", ax: Axes | None = None) -> Axes:
    """Draws the share of buyers who have bought again, one curve a strategy with its band. Returns the axes.

    Where nobody is ever known to be lost, coming back is the retention that can be seen.
    """
    bands = {name: one.returned for name, one in curves.items()}
    return _since_first_purchase(bands, "buyers who have bought again", NOBODY_RETURNS, ax)


def _since_first_purchase(bands: "Mapping[str, Band | None]", what: str, empty: str, ax: Axes | None) -> Axes:
    with style.look():
        shown = [
            lines.Curve(human(name), band, style.look_of(place))
            for place, (name, band) in enumerate(bands.items())
            if band is not None and band.x.size > 1
        ]
        if not shown:
            return style.nothing(ax or style.blank(1.6), empty)
        margin, labels = lines.label_room(shown)
        if ax is None:
            ax = style.blank(max(HEIGHT, labels) + FOOT + HEAD)
        wide, tall = style.inches(ax)
        style.bare(ax)
        panel = style.inset(ax, LEFT, FOOT, wide - LEFT - margin, tall - FOOT - HEAD)
        lines.draw(panel, shown, 100.0)
        panel.set_xlim(0, max(float(curve.band.x[-1]) for curve in shown))
        panel.set_ylim(0, 100)
        lines.frame(panel, what, float(panel.get_xlim()[1]))
        panel.yaxis.set_major_locator(MultipleLocator(20))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.0f} %"))
        style.plain(panel.set_xlabel("days since the first purchase"))
        lines.name_ends(panel, shown, 100.0)
        return ax

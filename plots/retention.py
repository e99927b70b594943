"""What becomes of buyers by days since their first purchase: how many are still customers, how many have bought again."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator

from sojourn.plots import lines, style
from sojourn.plots.multiples import highest, multiples
from sojourn.plots.words import human

if TYPE_CHECKING:
    from sojourn.sim.curves import Curves
    from sojourn.sim.estimates import Band

NOBODY_RETURNS = "Nobody bought, or nobody bought again, so there is no return to draw."
EMPTY = "Nobody bought, or nobody can be lost after buying, so there is no retention to draw."
HEIGHT, LEFT, HEAD, FOOT = 3.0, 0.62, 0.34, 0.52
FEW = 4  # curves that one panel can show apart
SINCE = "days since the first purchase"
TOPS = (5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0)  # per cent, of an upright axis


def retention(
    curves: "Mapping[str, Curves]",
    ax: Axes | None = None,
    *,
    beside: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    told_of: str = "",
) -> Axes:
    """Draws one retention curve a strategy, with its band. Returns the axes that were given, or new ones.

    A strategy's place among all of them gives its look, also where some have no curve. More than four have a panel each, beside
    the first, with what `beside` says of them: figures, and
    `told_of` says of what.
    The curves allow for customers who are still there when the run ends, so they do not sink because time ran out.
    """
    bands = {name: one.retention for name, one in curves.items()}
    return _since_first_purchase(bands, "buyers who are still customers", EMPTY, ax, beside, told_of, 100.0)


def returning(
    curves: "Mapping[str, Curves]",
    ax: Axes | None = None,
    *,
    beside: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    told_of: str = "",
) -> Axes:
    """Draws the share of buyers who have bought again, one curve a strategy with its band, as `retention` does.

    Where nobody is ever known to be lost, coming back is the retention that can be seen.
    """
    bands = {name: one.returned for name, one in curves.items()}
    return _since_first_purchase(bands, "buyers who have bought again", NOBODY_RETURNS, ax, beside, told_of)


def _since_first_purchase(
    bands: "Mapping[str, Band | None]",
    what: str,
    empty: str,
    ax: Axes | None,
    beside: Mapping[str, tuple[str, str]],
    told_of: str,
    top: float | None = None,
) -> Axes:
    with style.look():
        shown = {
            name: lines.Curve(human(name), band, style.look_of(place))
            for place, (name, band) in enumerate(bands.items())
            if band is not None and band.x.size > 1
        }
        if not shown:
            return style.nothing(ax or style.blank(1.6), empty)
        curves = list(shown.values())
        top = top or next((t for t in TOPS if 100 * highest(curves) <= t), 100.0)
        if len(curves) > FEW:
            return multiples(
                curves[1:],
                curves[0],
                ax,
                heading=what,
                along=SINCE,
                limits=(0.0, top),
                scale=100.0,
                upright=_per_cent,
                beside={shown[name].name: words for name, words in beside.items() if name in shown},
                told_of=told_of,
            )
        margin, labels = lines.label_room(curves)
        if ax is None:
            ax = style.blank(max(HEIGHT, labels) + FOOT + HEAD)
        wide, tall = style.inches(ax)
        style.bare(ax)
        panel = style.inset(ax, LEFT, FOOT, wide - LEFT - margin, tall - FOOT - HEAD)
        lines.draw(panel, curves, 100.0)
        panel.set_xlim(0, max(float(curve.band.x[-1]) for curve in curves))
        panel.set_ylim(0, top)
        lines.frame(panel, what, float(panel.get_xlim()[1]))
        _per_cent(panel)
        style.plain(panel.set_xlabel(SINCE))
        lines.name_ends(panel, curves, 100.0)
        return ax


def _per_cent(panel: Axes) -> None:
    top = float(panel.get_ylim()[1])
    panel.yaxis.set_major_locator(MultipleLocator(20 if top > 40 else 10 if top > 20 else 5 if top > 10 else top / 5))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.0f} %"))

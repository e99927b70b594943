"""What levers bring and cost, one after the other, up to the whole difference between two strategies: a waterfall."""

from typing import TYPE_CHECKING, NamedTuple

from matplotlib.axes import Axes

from sojourn.plots import lettering, style
from sojourn.plots.words import bounded, clear, decimals, human, interval, magnitude, number, scaled, zero

if TYPE_CHECKING:
    from sojourn.experiments.decomposition import Decomposition
    from sojourn.plots.pictures import Picture
    from sojourn.scenarios.model import Scenario
    from sojourn.sim.estimates import Estimate

EMPTY = "Both strategies pull every lever alike, so there is no difference to draw."
ROW, FOOT, HEAD = 0.36, 0.42, 0.12  # inches
MOST_LABEL = 0.36  # share of the width for names


class Step(NamedTuple):
    """One bar: from where the steps before it end."""

    label: str
    start: float
    figure: "Estimate"  # of the step; its sign says which way
    whole: bool  # the last bar, which begins at 0


def steps(found: "Decomposition") -> list[Step]:
    """Each lever's outcome, then its cost; what is exactly nothing is left out, but a lever's outcome never is."""
    from sojourn.sim.estimates import Estimate

    told, at = [], 0.0
    for name, part in found.levers.items():
        mean, low, high = part.cost
        cost = Estimate(*(None if one is None else 0.0 - one for one in (mean, high, low)))
        parts = [(f"{human(name)} brings", part.outcome)]
        if not zero(part.cost):
            parts.append((f"{human(name)} costs" if (mean or 0.0) >= 0.0 else f"{human(name)} saves", cost))
        for label, figure in parts:
            told.append(Step(label, at, figure, False))
            at += figure.mean or 0.0
    return [*told, Step("all together", 0.0, found.total, True)]


def waterfall(found: "Decomposition", scenario: "Scenario", ax: Axes | None = None) -> Axes:
    """Draws bars from left to right of a line of money, each beginning where the one above ends, with 90 % intervals.

    Green brings money, red costs it, grey and hollow is no more than chance. Returns the axes given, or new ones.
    """
    with style.look():
        if not found.levers:
            return style.nothing(ax or style.blank(1.6), EMPTY)
        bars = steps(found)
        wide = style.WIDTH if ax is None else style.inches(ax)[0]
        names = [lettering.wrapped(one.label, MOST_LABEL * wide, lettering.SMALL) for one in bars]
        size, word = magnitude(max(abs(end) for one in bars for end in (one.start, *one.figure) if end is not None))
        figures = [_figure(scaled(one.figure, size)) for one in bars]
        weights = ["bold" if one.whole else "normal" for one in bars]
        left = 0.12 + max(
            lettering.span(row, lettering.SMALL, weights[k]) for k, rows in enumerate(names) for row in rows
        )
        right = 0.14 + max(lettering.span(text, lettering.SMALL, weights[k]) for k, text in enumerate(figures))
        if ax is None:
            ax = style.blank(HEAD + ROW * len(bars) + FOOT)
        wide, tall = style.inches(ax)
        style.bare(ax)
        panel = style.inset(ax, left, FOOT, wide - left - right, tall - FOOT - HEAD)
        _bars(panel, bars)
        for k, (rows, figure) in enumerate(zip(names, figures, strict=True)):
            at = {"transform": panel.get_yaxis_transform(), "va": "center", "size": lettering.SMALL}
            weight = weights[k]
            room = max(style.inches(panel)[0], 0.1)
            style.say(panel, -0.08 / room, k, "\n".join(rows), ha="right", linespacing=1.0, weight=weight, **at)
            ink = style.SOFT if _kind(bars[k].figure) == "unsure" else style.INK
            style.say(panel, 1.0 + 0.06 / room, k, figure, ha="left", color=ink, weight=weight, **at)
        style.number_axis(panel, sign=True, size=size)
        money = f"{scenario.about.currency}, {word}" if word else scenario.about.currency
        label = f"{money}, {human(found.strategy)} minus {human(found.baseline)}, discounted to day 0"
        style.say(
            ax, 0.5, 0.02, lettering.fitted(label, wide - 0.2, lettering.SMALL), transform=ax.transAxes,
            ha="center", va="bottom", size=lettering.SMALL, color=style.SOFT,
        )  # fmt: skip
        return ax


def _bars(panel: Axes, bars: list[Step]) -> None:
    ends = [0.0]
    for k, one in enumerate(bars):
        mean = one.figure.mean or 0.0
        kind = _kind(one.figure)
        color = {"better": style.BETTER, "worse": style.WORSE, "unsure": style.UNSURE}[kind]
        face = style.PAPER if kind == "unsure" else color
        panel.barh(k, mean, 0.56, one.start, color=face, edgecolor=color, lw=1.2, zorder=3)
        ends += [one.start, one.start + mean]
        if one.figure.low is not None and one.figure.high is not None and one.figure.low < one.figure.high:
            low, high = one.start + one.figure.low, one.start + one.figure.high
            style.whisker(panel, low, high, k, style.INK, size=5.0)
            ends += [low, high]
        if k + 1 < len(bars):
            reach = k + 1 if not bars[k + 1].whole else k + 0.72
            panel.plot([one.start + mean] * 2, [k + 0.28, reach - 0.28], color=style.SOFT, lw=0.8, zorder=2)
    low, high = min(ends), max(ends)
    pad = 0.04 * (high - low) or 1.0
    panel.set_xlim(low - pad, high + pad)
    panel.set_ylim(len(bars) - 0.5, -0.5)
    panel.axvline(0, color=style.SOFT, lw=1.0, zorder=1)
    panel.axhline(len(bars) - 1.5, color=style.FAINT, lw=0.8, zorder=1)
    panel.set_yticks([])
    for side in ("left", "right", "top"):
        panel.spines[side].set_visible(False)


def _kind(figure: "Estimate") -> str:
    if bounded(figure) and not clear(figure):
        return "unsure"
    return "better" if (figure.mean or 0.0) > 0.0 else "worse" if (figure.mean or 0.0) < 0.0 else "unsure"


def _figure(figure: "Estimate") -> str:
    if zero(figure):
        return "0"
    places = min(decimals(figure), 2)
    if figure.low is None or figure.high is None or not bounded(figure) or figure.low == figure.high:
        return number(figure.mean or 0.0, places, sign=True)
    return interval(figure, sign=True) if places < 2 else number(figure.mean or 0.0, places, sign=True)


def picture(found: "Decomposition", scenario: "Scenario") -> "Picture":
    """The picture with its words."""
    from sojourn.plots.pictures import Picture

    figure = waterfall(found, scenario).get_figure(root=True)
    assert figure is not None
    told = "; ".join(f"{one.label} {_figure(one.figure)}" for one in steps(found))
    return Picture(
        "levers",
        "What each lever brings and costs",
        "Each bar begins where the one above it ends; lines are 90 % intervals. What a lever brings is its Shapley value: its"
        " effect averaged over all orders in which the levers may come in. Grey and hollow: no more than chance.",
        f"In {scenario.about.currency}: {told}.",
        figure,
    )

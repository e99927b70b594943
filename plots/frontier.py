"""What more money buys: gain over the baseline against what levers cost, on fresh customers, with intervals."""

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from sojourn.plots import lettering, style
from sojourn.plots.words import SHARE, interval, magnitude, shown_unit
from sojourn.sim.vocabulary import title, unit

if TYPE_CHECKING:
    from sojourn.experiments.optimise import Optimum
    from sojourn.plots.pictures import Picture

NOTHING = "No mix was found that could be drawn."
NONE_BETTER = "No mix beats the baseline, so that money spent on levers buys nothing here."
HEIGHT = 3.1  # inches
MARGINS = (0.85, 0.25, 0.55, 0.35)


def frontier(found: "Optimum", ax: Axes | None = None) -> Axes:
    """Draws the frontier, and the chosen mix where its measure is the one chosen by; returns the axes."""
    places = [one for one in found.frontier if one.figure.mean is not None and one.spending.mean is not None]
    with style.look():
        drawable = not places or gains(found)
        if ax is None:
            ax = style.blank(HEIGHT, margins=MARGINS) if drawable else style.blank(1.2)
        if not places:
            return style.nothing(ax, NOTHING)
        if not drawable:
            return style.nothing(ax, NONE_BETTER)
        measure, currency = found.frontier_measure, found.scenario.about.currency
        kind = unit(measure, found.scenario)
        scale = 100.0 if kind == SHARE else 1.0
        spent = [one.spending.mean or 0.0 for one in places]
        gained = [scale * (one.figure.mean or 0.0) for one in places]
        most, word = magnitude(max(map(abs, spent)))
        size, told_size = magnitude(max(map(abs, gained)))
        ax.axhline(0.0, color=style.SOFT, lw=0.8, zorder=1)
        ax.plot(spent, gained, color=style.MAIN, lw=1.4, zorder=3)
        for x, y, one in zip(spent, gained, places, strict=True):
            if one.figure.low is not None and one.figure.high is not None:
                ax.plot([x, x], [scale * one.figure.low, scale * one.figure.high], color=style.MAIN, lw=1.2, zorder=3)
            ax.plot([x], [y], marker="o", ms=5, color=style.MAIN, mec=style.PAPER, zorder=4)
        if found.mix is not None and measure == found.measure and found.gain.mean is not None:
            x, y = found.spending.mean or 0.0, scale * found.gain.mean
            if found.gain.low is not None and found.gain.high is not None:
                ax.plot([x, x], [scale * found.gain.low, scale * found.gain.high], color=style.INK, lw=1.2, zorder=4)
            ax.plot([x], [y], marker="D", ms=8, color=style.PAPER, mec=style.INK, mew=1.4, zorder=5, label="chosen")
            legend = ax.legend(loc="upper left", frameon=False, fontsize=lettering.SMALL, handletextpad=0.3)
            for label in legend.get_texts():
                style.plain(label)
        ax.margins(0.06, 0.12)
        ax.grid(axis="y", color=style.FAINT, lw=0.5)
        ax.set_axisbelow(True)
        style.number_axis(ax, size=most)
        style.upright_axis(ax, size)
        money = f"{currency}, {word}," if word else currency
        style.plain(ax.set_xlabel(f"{money} spent on levers beyond the baseline, by the horizon, discounted"))
        words = f"{title(measure)}, gain over the baseline"
        told = ", ".join(part for part in (shown_unit(kind), told_size) if part)
        heading = f"{words} ({told})" if told else words
        room = style.inches(ax)[0] + MARGINS[0] - 0.1
        label = ax.set_title(lettering.fitted(heading, room), loc="left", fontsize=lettering.SIZE, pad=8)
        style.plain(label).set_color(style.INK)
        return ax


def gains(found: "Optimum") -> bool:
    """Whether any mix of the frontier costs or changes anything."""
    return any(value for one in found.frontier for value in (*one.spending, *one.figure))


def picture(found: "Optimum") -> "Picture":
    """The picture with its words."""
    from sojourn.plots.pictures import Picture

    figure = frontier(found).get_figure(root=True)
    assert figure is not None
    kind = unit(found.frontier_measure, found.scenario)
    told = "; ".join(f"{interval(one.spending)} buys {interval(one.figure, kind, sign=True)}" for one in found.frontier)
    return Picture(
        "frontier",
        "What more money buys",
        "Each point is the best mix found for a budget, on customers that the search has not seen; lines are 90 % intervals."
        " Mixes that a cheaper one beats are left out."
        if gains(found) or not found.frontier
        else "A mix that a cheaper one beats is left out, and here the baseline beats them all.",
        f"{told}." if told else NOTHING,
        figure,
    )

"""Draws the picture of docs/scenarios/point-of-no-return.md: `python docs/pictures/point_of_no_return.py` (some seconds)."""

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

import sojourn as sj
from sojourn.plots import lettering, style
from sojourn.sim.journeys import Journeys
from sojourn.sim.lives import Lives
from sojourn.sim.network import Network

NAME = "point-of-no-return"
PICTURE = Path(__file__).parents[1] / "images" / f"{NAME}.png"
VARIANTS = {"delighted": "ACSI 80 and above", "disappointed": "ACSI below 70"}
YEAR = 365
STATES = {  # from below: words, stages, colour, hatch
    "loyal advocates": (("advocacy",), style.MAIN, ""),
    "still customers": (("purchase", "post_purchase"), style.ONWARD, ""),
    "drifted away": (("drifted_away",), style.LOST, style.LOST_HATCH),
    "dissatisfied\ndetractors": (("detractors",), style.WORSE, ""),
}
WIDTH, HEIGHT, LEFT, RIGHT, FOOT, HEAD, BETWEEN = 6.4, 3.1, 0.55, 1.15, 0.62, 0.36, 0.2  # inches
LEGIBLE, LINE = 10.0, 8.0  # per cent: what a band needs for a figure inside, and a line for a name beside

Counts = NDArray[np.float64]


def main() -> None:
    """Run both variants under today's strategy and draw where their buyers are, day by day."""
    host = style.blank(HEIGHT)
    style.bare(host)
    wide = (WIDTH - LEFT - RIGHT - BETWEEN) / 2
    with style.look():
        for i, (variant, words) in enumerate(VARIANTS.items()):
            result = sj.run(sj.load(NAME, variant=variant), "today", keep=True)
            outcome = result.outcomes["today"]
            counted = np.sum([followed(one, outcome.network) for one in outcome.journeys], axis=0)
            box = style.inset(host, LEFT + i * (wide + BETWEEN), FOOT, wide, HEIGHT - FOOT - HEAD)
            shares = 100 * counted / counted.sum(axis=0)
            panel(box, shares, f"{variant}: {words}", last=i == len(VARIANTS) - 1)
            told = {
                state.replace("\n", " "): f"{share:.1f} %" for state, share in zip(STATES, shares[:, -1], strict=True)
            }
            sys.stdout.write(f"{variant}, {int(counted[:, 0].sum()):,} buyers, after a year: {told}\n")
    figure = host.get_figure(root=True)
    assert figure is not None
    PICTURE.write_bytes(style.png(figure, title="Where first-time buyers are in the year after"))
    sys.stdout.write(f"{PICTURE}\n")


def followed(journeys: Journeys, network: Network) -> Counts:
    """Count buyers in each state, day by day after the first purchase; shape (states, 366). All are followed for the year."""
    lives, events = Lives(journeys, network), journeys.events
    bought = np.full(lives.count, np.nan)
    bought[lives.buyers] = lives.first_purchase
    bought[bought > journeys.horizon - YEAR] = np.nan
    began = events.time - bought[journeys.who]
    ended = journeys.until - bought[journeys.who]
    days = np.arange(YEAR + 1)
    counted = np.zeros((len(STATES), days.size))
    for row, (stages, _, _) in zip(counted, STATES.values(), strict=True):
        inside = np.isin(events.stage, [journeys.stages.index(stage) for stage in stages]) & (ended > 0)
        row += np.searchsorted(np.sort(began[inside]), days, side="right")
        row -= np.searchsorted(np.sort(ended[inside]), days, side="right")
    return counted


def panel(ax: Axes, shares: Counts, title: str, *, last: bool) -> None:
    """Stack the shares of one variant; the last panel names the states beside where they end."""
    below = np.zeros(shares.shape[1])
    days = np.arange(shares.shape[1])
    lowest = -LINE / 2
    for (words, (_, color, hatch)), share in zip(STATES.items(), shares, strict=True):
        above = below + share
        ax.fill_between(days, below, above, facecolor=color, hatch=hatch, edgecolor=style.PAPER, lw=0.6)
        middle = (below[-1] + above[-1]) / 2
        if share[-1] >= LEGIBLE:
            ink = style.PAPER if color == style.WORSE else style.INK
            style.say(
                ax, YEAR - 8, middle, f"{share[-1]:.0f} %", va="center", ha="right", size=lettering.SMALL, color=ink
            )
        if last:
            lowest = max(lowest + LINE, middle)
            ink = style.deep(color) if color in (style.MAIN, style.WORSE) else style.INK
            style.say(ax, YEAR + 10, lowest, words, va="center", size=lettering.SMALL, color=ink)
        below = above
    ax.set_xlim(0, YEAR)
    ax.set_ylim(0, 100)
    ax.set_xticks([0, 90, 180, 270, 365])
    ax.set_yticks([0, 25, 50, 75, 100], labels=["0", "25", "50", "75", "100 %"] if not last else [""] * 5)
    style.plain(ax.set_title(title, loc="left", size=lettering.SIZE))
    style.plain(ax.set_xlabel("days since the first purchase"))


if __name__ == "__main__":
    main()

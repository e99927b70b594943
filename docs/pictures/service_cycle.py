"""Draws the picture of docs/scenarios/service-cycle.md: `python docs/pictures/service_cycle.py` (some seconds)."""

import sys
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

import sojourn as sj
from sojourn.plots import style
from sojourn.plots.lettering import SMALL, span
from sojourn.sim import exact
from sojourn.sim.network import Network, build

PICTURE = Path(__file__).parents[1] / "images" / "service-cycle.png"
INDUSTRIES = {None: "e-commerce", "saas": "software as a service", "travel": "travel", "finance": "financial services"}
STEPS = {"visit": "visit", "view": "offer viewed", "cart": "cart", "checkout": "checkout", "purchase": "purchase"}
CRITERIA = {  # stage after the offer: what it is called, its colour, and whether words on it are light
    "cart": ("fills a cart", style.BETTER, True),
    "rival_on_price": ("goes to a rival for price", "#27508f", True),
    "rival_on_quality": ("quality", "#5d84bd", True),
    "rival_on_service": ("service", "#a9c3e6", False),
    "rival_on_convenience": ("convenience", "#d9e5f5", False),
    "undecided": ("undecided", style.LOST, False),
}


def service_cycle() -> bytes:
    """Above, the share of visits that gets as far as each step, by industry, solved; below, who wins where offers are weighed."""
    networks = {name: build(sj.load("service-cycle", industry), "today") for industry, name in INDUSTRIES.items()}
    with style.look():
        ax = style.blank(5.3, margins=(0.62, 1.95, 2.6, 0.35))
        ends = []
        for k, (name, network) in enumerate(networks.items()):
            shares = [100 * exact.of_arrivals(network, exact.ever(network, [stage])) for stage in STEPS]
            look = style.look_of(k)
            ax.plot(range(5), shares, color=look.color, ls=look.dashes, marker=look.marker, ms=4, lw=1.6)
            ends.append((shares[-1], name, look.color))
        ax.set_yscale("log")
        ax.set_ylim(1.3, 130)
        ax.set_yticks([2, 5, 10, 20, 50, 100], [f"{tick} %" for tick in (2, 5, 10, 20, 50, 100)])
        ax.minorticks_off()
        ax.set_xticks(range(5), list(STEPS.values()))
        ax.set_xlim(-0.15, 4.1)
        ax.grid(axis="y", color=style.FAINT, lw=0.6)
        style.say(
            ax, -0.13, 1.05, "Share of visits that get so far", transform=ax.transAxes, weight="bold", va="bottom"
        )
        for place, (share, name, color) in enumerate(sorted(ends, reverse=True)):
            words = f"{share:.2f} % {name}"
            style.say(ax, 4.2, 5.0 / 1.4**place, words, color=style.deep(color), size=SMALL, va="center")
        _criteria(style.inset(ax, 0.85, -2.5, 4.8, 1.65), networks)
        figure = ax.get_figure(root=True)
        assert figure is not None
    return style.png(figure)


def _criteria(ax: Axes, networks: dict[str, Network]) -> None:
    for row, network in enumerate(networks.values()):
        left = 0.0
        for stage, (_, color, dark) in CRITERIA.items():
            share = 100 * _won(network, stage)
            ax.barh(row, share, left=left, color=color, edgecolor=style.PAPER, height=0.66)
            ink = style.PAPER if dark else style.INK
            style.say(ax, left + share / 2, row, f"{share:.0f}", ha="center", va="center", size=SMALL, color=ink)
            left += share
    ax.set_xlim(0, 100)
    ax.set_ylim(3.5, -1.5)
    ax.set_yticks(range(4), list(networks))
    ax.tick_params(axis="y", length=0)
    ax.set_xticks([])
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    at = -29.0  # from under the names on
    for words, color, _ in CRITERIA.values():
        ax.add_patch(Rectangle((at, -1.2), 1.8, 0.42, color=color, clip_on=False))
        style.say(ax, at + 2.5, -0.99, words, size=SMALL, va="center")
        at += 6.5 + span(words, SMALL) / 4.8 * 100
    title = "Who wins of 100 who weigh the offer"
    style.say(ax, -0.295, 1.07, title, transform=ax.transAxes, weight="bold", va="bottom")


def _won(network: Network, stage: str) -> float:
    """The chance to go from the offer to a stage, averaged over segments."""
    found = exact.ever(network, [stage], [name for name in CRITERIA if name != stage])
    here = network.stages.index("view")
    segments = network.scenario.segments.values()
    shares = [segment.share * chances[here] for segment, chances in zip(segments, found.values(), strict=True)]
    return float(sum(shares))


def main() -> None:
    """Solve the funnel of each industry and draw it."""
    PICTURE.write_bytes(service_cycle())
    sys.stdout.write(f"{PICTURE}\n")


if __name__ == "__main__":
    main()

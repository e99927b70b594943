"""Draws the picture of docs/scenarios/touchpoints.md: `python docs/pictures/touchpoints.py` (half a minute)."""

import sys
from pathlib import Path

from matplotlib.axes import Axes

import sojourn as sj
from sojourn.plots import style
from sojourn.plots.lettering import SMALL
from sojourn.scenarios.files import overlay
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.run import run

PICTURE = Path(__file__).parents[1] / "images" / "touchpoints.png"
SURVEYS = {"after_onboarding": "a month after\nthe first plan", "after_renewal": "a month after\na renewal"}
CROWDS = (1, 2, 4, 8)  # times the visitors
DESKS = {"today": "one person", "live_chat": "two people", "round_the_clock": "three people"}


def main() -> None:
    """Measured and true NPS under `today`, and what becomes of the chat as the firm grows."""
    scenario = sj.load("touchpoints")
    host = style.blank(2.5, margins=(0.1, 0.1, 0.1, 0.1))
    with style.look():
        surveys(style.inset(host, 0.95, 0.45, 1.85, 1.6), scenario)
        crowds(style.inset(host, 3.75, 0.45, 1.5, 1.6), scenario)
    style.bare(host)
    figure = host.get_figure(root=True)
    assert figure is not None
    PICTURE.write_bytes(style.png(figure, title="What a survey hears, and what growth does to a chat"))
    sys.stdout.write(f"{PICTURE}\n")


def surveys(ax: Axes, scenario: Scenario) -> None:
    """The NPS of those who answer beside that of all who are asked, with 90 % intervals."""
    told = run(scenario, "today", workers=2).outcomes["today"].measures
    for row, name in enumerate(SURVEYS):
        for key, color, height, words in (
            ("nps", style.WORSE, 0.13, "measured"),
            ("true_nps", style.MAIN, -0.13, "all asked"),
        ):
            low, high = bounds(told[f"survey.{name}.{key}"])
            style.whisker(ax, low, high, height - row, color)
            if row == 0:
                style.say(ax, high + 0.9, height - row, words, color=color, va="center", size=SMALL)
        sys.stdout.write(f"{name}: {told[f'survey.{name}.nps']} {told[f'survey.{name}.true_nps']}\n")
    ax.set_yticks([-row for row in range(len(SURVEYS))], list(SURVEYS.values()))
    ax.set_ylim(-1.5, 0.5)
    ax.set_xlim(20, 50)
    style.number_axis(ax)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("Net Promoter Score")
    ax.set_title("Today: the satisfied answer more readily", fontsize=SMALL, color=style.SOFT, loc="left", x=-0.42)


def crowds(ax: Axes, scenario: Scenario) -> None:
    """Chats given up, by the number of visitors, for three sizes of the desk."""
    found: dict[str, list[float]] = {name: [] for name in DESKS}
    base = scenario.arrivals.impressions_per_day
    assert base is not None
    for times in CROWDS:
        crowded = overlay(scenario.document(), {"arrivals.impressions_per_day": base * times})
        for name, outcome in run(crowded, list(DESKS), replications=4, workers=2).outcomes.items():
            abandoned = outcome.measures["desk.chat.abandoned"].mean
            assert abandoned is not None
            found[name].append(100.0 * abandoned)
    for index, (name, shares) in enumerate(found.items()):
        how = style.look_of(index)
        ax.plot(range(len(CROWDS)), shares, color=how.color, ls=how.dashes, marker=how.marker, ms=4, lw=1.5)
        style.say(ax, len(CROWDS) - 0.85, shares[-1], DESKS[name], color=style.deep(how.color), va="center", size=SMALL)
        sys.stdout.write(f"{name}: {[round(share, 1) for share in shares]}\n")
    ax.set_xlim(-0.3, len(CROWDS) - 0.8)
    ax.set_ylim(0, 40)
    ax.set_xticks(range(len(CROWDS)), [f"{times}" for times in CROWDS])
    ax.set_xlabel("times the visitors")
    ax.set_title("Chats that are given up, %", fontsize=SMALL, color=style.SOFT, loc="left", x=-0.2)


def bounds(estimate: Estimate) -> tuple[float, float]:
    """The interval, which twenty replications have."""
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low, estimate.high


if __name__ == "__main__":
    main()

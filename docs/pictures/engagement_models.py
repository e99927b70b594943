"""Draws docs/images/engagement-models.png, what each engagement model earns by size: `python docs/pictures/engagement_models.py`.

Six sizes of the same business, some minutes in all. Prints, for each size, the verdict and whether the best model is ahead of
the second for sure.
"""

import math
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

import sojourn as sj
from sojourn.plots import style
from sojourn.plots.lettering import SIZE, SMALL
from sojourn.plots.words import clear, human, interval
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import applied
from sojourn.sim.estimates import Estimate

PICTURE = Path(__file__).parents[1] / "images" / "engagement-models.png"
IMPRESSIONS = {312.5: 100, 625: 100, 1250: 100, 2500: 60, 5000: 40, 10000: 20}  # a day, and replications
WON = 0.004 * 0.40 * 0.12 * 365  # new customers a year for each impression a day
CLOSE = (-3.0, 3.0)  # per cent of revenue, of the lower panel


class Size(NamedTuple):
    """One size of the business: new customers a year, and each model's difference to today in per cent of today's revenue."""

    won: float
    models: dict[str, Estimate]


def main() -> None:
    """Run all sizes, print what they say, draw the picture."""
    scenario = sj.load("engagement-models")
    sizes = [measured(scenario, impressions, count) for impressions, count in IMPRESSIONS.items()]
    PICTURE.write_bytes(style.png(drawn(sizes), title="What each model earns, against today, by size of the business"))
    sys.stdout.write(f"{PICTURE}\n")


def measured(scenario: Scenario, impressions: float, replications: int) -> Size:
    """All models at one size."""
    sized = Scenario.model_validate(applied(scenario.document(), {"arrivals.impressions_per_day": impressions}))
    found = sj.compare(sized, replications=replications, workers=2)
    profit = {name.removesuffix(f" - {found.baseline}"): one["profit"] for name, one in found.differences.items()}
    means = {found.baseline: 0.0} | {name: one.mean or 0.0 for name, one in profit.items()}
    best, second, *_ = sorted(means, key=lambda name: -means[name])
    ahead = sj.compare(sized, [second, best], replications=replications, workers=2).differences[f"{best} - {second}"][
        "profit"
    ]
    lines = [f"{impressions:g} impressions a day: {found.verdict.sentence}"]
    lines += [f"  {name}: {interval(one, sign=True)}" for name, one in profit.items()]
    lines += [f"  {best} {'surely' if clear(ahead) else 'not surely'} ahead of {second}: {interval(ahead, sign=True)}"]
    sys.stdout.write("\n".join(lines) + "\n")
    revenue = found.result.outcomes[found.baseline].measures["revenue"].mean or math.nan
    return Size(WON * impressions, {name: share(one, revenue) for name, one in profit.items()})


def share(profit: Estimate, revenue: float) -> Estimate:
    """A difference in per cent of revenue."""
    return Estimate(*(100.0 * (value or 0.0) / revenue for value in profit))


def drawn(sizes: list[Size]) -> Figure:
    """Two panels: all of it, and near 0."""
    with style.look():
        ax = style.blank(5.6, margins=(0.62, 0.15, 3.5, 0.28))
        figure = ax.get_figure(root=True)
        assert figure is not None
        close = figure.add_axes((0.62 / 6.4, 0.95 / 5.6, 1 - 0.77 / 6.4, 1.95 / 5.6))
        for one, heading in ((ax, "Difference in profit, % of today's revenue"), (close, "The same, from −3 to 3 %")):
            panel(one, sizes)
            style.plain(one.set_title(heading, loc="left", fontsize=SIZE, pad=6))
        close.set_ylim(*CLOSE)
        close.set_xlabel("new customers a year")
        close.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=3, frameon=False, fontsize=SMALL, handlelength=3
        )
        return figure


def panel(ax: Axes, sizes: list[Size]) -> None:
    """A line with intervals for each model; a model's points stand a little beside those of the others."""
    ax.axhline(0.0, color=style.SOFT, lw=1.0, zorder=1)
    names = list(sizes[0].models)
    for k, name in enumerate(names):
        look = style.look_of(k)
        x = [size.won * (1 + 0.035 * (k - (len(names) - 1) / 2)) for size in sizes]
        mean, low, high = np.array([size.models[name] for size in sizes], dtype=np.float64).T
        ax.errorbar(
            x, mean, (mean - low, high - mean), color=look.color, ls=look.dashes, marker=look.marker, ms=4, lw=1.4, capsize=2,
            label=human(name), zorder=3,
        )  # fmt: skip
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator([size.won for size in sizes]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value if value < 100 else 5 * round(value / 5):.0f}")
    )
    ax.grid(axis="y", color=style.FAINT, lw=0.6)
    ax.set_axisbelow(True)


if __name__ == "__main__":
    main()

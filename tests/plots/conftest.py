"""Synthetic results: as large and as odd as wanted, without running anything."""

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from sojourn.sim.estimates import Band, Estimate

Exits = Mapping[str, Mapping[str, float]]
FIRST: Exits = {
    "awareness": {"consideration": 0.35, "lapsed": 0.65},
    "consideration": {"purchase": 0.25, "lapsed": 0.75},
    "purchase": {"post_purchase": 1.0},
    "post_purchase": {"loyalty": 0.55, "churned": 0.45},
    "loyalty": {"purchase": 0.6, "advocacy": 0.25, "churned": 0.15},
    "advocacy": {"purchase": 0.93, "churned": 0.07},
}
THREE: Exits = {"visit": {"buy": 0.03, "gone": 0.97}, "buy": {"visit": 0.5, "gone": 0.5}}


def _twelve() -> Exits:
    names = [f"a rather long stage name number {i}" for i in range(1, 11)]
    ends = ("customers who left for a competitor", "no_longer_reachable_by_any_channel")
    exits: dict[str, dict[str, float]] = {}
    for i, name in enumerate(names):
        out = {ends[0]: 0.12}
        if i + 1 < 10:
            out[names[i + 1]] = 0.6
        if i + 3 < 10:
            out[names[i + 3]] = 0.08
        if i in (4, 8):
            out[names[i - 3]] = 0.1
        if i == 9:
            out[names[2]] = 0.15
            out[name] = 0.05  # back to itself
        exits[name] = {**out, ends[1]: 1 - sum(out.values())}
    return exits


TWELVE = _twelve()


def about(mean: float, spread: float = 0.05) -> Estimate:
    """An estimate with an even interval."""
    return Estimate(mean, mean * (1 - spread), mean * (1 + spread))


def scenario(exits: Exits) -> Any:
    """What pictures read of a scenario."""
    ends = dict.fromkeys(b for out in exits.values() for b in out if b not in exits)
    stages = {name: SimpleNamespace(end=False, role=None) for name in exits}
    stages |= {name: SimpleNamespace(end=True, role="lost") for name in ends}
    told = SimpleNamespace(name="made", title="Made", horizon_days=365.0, currency="USD")
    return SimpleNamespace(stages=stages, about=told, desks={})


def moves(exits: Exits, customers: float) -> dict[tuple[str, str], Estimate]:
    """Expected moves of so many customers, all from the first stage on."""
    flow: dict[tuple[str, str], float] = {}
    here = {next(iter(exits)): customers}
    for _ in range(80):
        following: dict[str, float] = {}
        for a, m in here.items():
            for b, p in exits.get(a, {}).items():
                flow[a, b] = flow.get((a, b), 0.0) + m * p
                following[b] = following.get(b, 0.0) + m * p
        here = following
    return {pair: about(m) for pair, m in flow.items()}


def measures(exits: Exits) -> dict[str, Estimate]:
    """Reach, steps and occupancy of a journey, roughly."""
    made = scenario(exits)
    flow = moves(exits, 1.0)
    entered = {name: sum(e.mean or 0 for (_, b), e in flow.items() if b == name) for name in made.stages}
    entered[next(iter(exits))] = 1.0
    told: dict[str, Estimate] = {}
    for name, stage in made.stages.items():
        told[f"reach.{name}"] = about(min(1.0, entered[name]) * 0.97)
        told[f"occupancy.{name}"] = about(0.94 * entered[name] if stage.end else 0.06 / len(exits))
        if not stage.end:
            told |= {f"step.{name}.{b}": about(0.98 * p, 0.02) for b, p in exits[name].items()}
            told[f"step.{name}.open"] = about(0.02)
    return told


def band(values: Any, spread: float = 0.05) -> Band:
    """A curve by day with an even band."""
    mean = np.asarray(values, dtype=float)
    return Band(np.linspace(0, 365, mean.size), mean, mean * (1 - spread), mean * (1 + spread))


def curves(exits: Exits, scale: float = 100.0) -> Any:
    """Occupancy, retention, return and flow."""
    x = np.linspace(0, 365, 101)
    made = scenario(exits)
    occupancy = {
        name: band(scale * x if stage.end else scale / (i + 1) * (1 - np.exp(-x / 20)))
        for i, (name, stage) in enumerate(made.stages.items())
    }
    stays, returns = band(np.exp(-x / 200)), band(0.5 - 0.5 * np.exp(-x / 90))
    return SimpleNamespace(occupancy=occupancy, retention=stays, returned=returns, flow=moves(exits, scale))


def comparison(differences: Mapping[str, Mapping[str, Estimate]], baseline: str = "today") -> Any:
    """A comparison whose levels are those of the first strategy's differences."""
    names = [baseline, *(pair.removesuffix(f" - {baseline}") for pair in differences)]
    levels = {name: about(10.0) for one in differences.values() for name in one}
    outcome = SimpleNamespace(measures=levels | measures(FIRST), curves=curves(FIRST))
    result = SimpleNamespace(scenario=scenario(FIRST), outcomes=dict.fromkeys(names, outcome), replications=20)
    verdict = SimpleNamespace(sentence="A wins.", winner=None, measure="profit", error_rate=0.1)
    return SimpleNamespace(result=result, baseline=baseline, differences=differences, verdict=verdict)


def check() -> Any:
    """Quantities and curves of a fit."""
    x = np.linspace(0, 180, 60)

    def quantity(name: str, unit: str, mean: float, naive: float | None, inside: bool = True) -> Any:
        return SimpleNamespace(
            name=name,
            unit=unit,
            observed=about(mean, 0.1),
            simulated=about(mean * 1.03),
            naive=naive,
            n=1234,
            inside=inside,
        )

    def curve(title: str, top: float) -> Any:
        mean = top * (1 - np.exp(-x / 30))
        return SimpleNamespace(
            title=title, observed=Band(x, mean, mean * 0.9, mean * 1.1), simulated=Band(x, mean, mean, mean)
        )

    return SimpleNamespace(
        quantities=(
            quantity("dwell.targeted", "days, of the first 150 days", 88.0, 36.0),
            quantity("dwell.redeemed", "days, of the first 90 days", 20.0, None, inside=False),
            quantity("step.targeted.redeemed", "share within 120 days", 0.041, 0.09),
            quantity("reach.redeemed_again_after_a_long_time", "share within 150 days", 0.32, None),
        ),
        curves=(
            curve("Share who have reached shopped, by days since the start", 0.8),
            curve("Share who have reached redeemed, by days since the start", 0.05),
            curve("Share who have reached redeemed_again, by days since the start", 0.02),
        ),
        customers_fitted=2000,
        customers_held_out=900,
        inside=3,
        sentence="3 of 4 figures lie in the interval.",
    )


def panels(ax: Axes) -> Iterator[Axes]:
    """The axes and all inside it."""
    yield ax
    for child in ax.child_axes:
        assert isinstance(child, Axes)
        yield from panels(child)


def drawn(ax: Axes) -> Figure:
    """The figure that the axes are in."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def texts(ax: Axes) -> list[tuple[str, Bbox]]:
    """All words that are to be seen in the figure, with the boxes they take, in pixels."""
    figure = drawn(ax)
    figure.draw_without_rendering()
    seen: list[Text] = [*figure.texts]
    for panel in panels(ax):
        seen += panel.texts
        if not panel.axison:
            continue
        seen += [panel.title, vars(panel)["_left_title"], panel.xaxis.label, panel.yaxis.label]
        for axis, limits in ((panel.xaxis, panel.get_xlim()), (panel.yaxis, panel.get_ylim())):
            inside = [min(limits) - 1e-9 <= at <= max(limits) + 1e-9 for at in axis.get_ticklocs()]
            labels = [tick.label1 for tick in axis.get_major_ticks()]  # those switched off too, as they are counted
            seen += [label for label, shown in zip(labels, inside, strict=True) if shown]
    return [(t.get_text(), t.get_window_extent()) for t in seen if t.get_visible() and t.get_text().strip()]


def overlapping(ax: Axes, slack: float = 0.5) -> list[tuple[str, str]]:
    """Pairs of words that lie over each other by more than `slack` pixels."""
    found = texts(ax)
    pairs = []
    for i, (a, box) in enumerate(found):
        for b, other in found[i + 1 :]:
            wide = min(box.x1, other.x1) - max(box.x0, other.x0)
            tall = min(box.y1, other.y1) - max(box.y0, other.y0)
            if wide > slack and tall > slack:
                pairs.append((a, b))
    return pairs


def outside(ax: Axes) -> list[str]:
    """Words that the edge of the figure cuts."""
    figure = drawn(ax)
    wide, tall = figure.bbox.width, figure.bbox.height
    return [t for t, b in texts(ax) if b.x0 < -0.5 or b.y0 < -0.5 or b.x1 > wide + 0.5 or b.y1 > tall + 0.5]


@pytest.fixture(scope="session")
def made() -> Any:
    """Everything above."""
    return SimpleNamespace(**{name: value for name, value in globals().items() if not name.startswith("_")})

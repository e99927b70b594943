"""How many customers ever reach each stage, and what becomes of those who are in it: the funnel."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sojourn.plots import lettering, style
from sojourn.plots.words import SHARE, bounded, human, interval, known, number, percent

if TYPE_CHECKING:
    from sojourn.scenarios.model import Scenario
    from sojourn.sim.estimates import Estimate

LOSS, END = "✕", "■"  # an end of role "lost", and any other
LINE = 0.185  # inches a line of text
BAR = 0.2
LEAST = 0.4  # per cent: a bar above 0 is never thinner
AFTER_BAR, AFTER_STEP = 0.09, 0.14


class _Row(NamedTuple):
    """A heading, a bar with its figure, or both, and the lines under it."""

    title: str
    share: "Estimate | None"
    kind: str  # "stage", "end", "lost", "open" or "heading"
    steps: Sequence[Sequence[tuple[float, str]]]

    @property
    def height(self) -> float:
        if self.kind == "heading":
            return LINE + 0.12
        return LINE + BAR + AFTER_BAR + LINE * len(self.steps) + AFTER_STEP


def funnel(measures: "Mapping[str, Estimate]", scenario: "Scenario", ax: Axes | None = None) -> Axes:
    """Draws the share of all customers who ever reach each stage, with whiskers, and under it where they went next.

    Reads the measures `reach.STAGE`, `step.A.B` and `occupancy.STAGE`. Stages come in the scenario's order; ends and
    those who are still on the way at the horizon stand apart below. Returns the axes.
    """
    with style.look():
        width = style.inches(ax)[0] if ax is not None else style.WIDTH - 0.2
        rows = _rows(measures, scenario, width)
        if not rows:
            return style.nothing(ax or style.blank(1.6), "Nobody entered the journey, so there is no funnel to draw.")
        height = sum(row.height for row in rows) + 0.05
        if ax is None:
            ax = style.blank(height + 0.62, margins=(0.1, 0.1, 0.57, 0.05))
        ax.set_xlim(0, 100)
        ax.set_ylim(height, 0)
        for side in ("left", "top", "right"):
            ax.spines[side].set_visible(False)
        ax.set_yticks([])
        ax.set_xticks(range(0, 101, 20), [f"{v} %" for v in range(0, 101, 20)])
        ax.xaxis.get_ticklabels()[0].set_horizontalalignment("left")
        ax.xaxis.get_ticklabels()[-1].set_horizontalalignment("right")
        day = number(scenario.about.horizon_days)
        style.plain(ax.set_xlabel(f"share of all customers who ever reached it by day {day}"))
        y = 0.0
        for row in rows:
            _draw(ax, row, y, width)
            y += row.height
        style.shrink(ax, width, height)
        return ax


def _rows(measures: "Mapping[str, Estimate]", scenario: "Scenario", width: float) -> list[_Row]:
    reach = {name: measures.get(f"reach.{name}") for name in scenario.stages}
    if not any(known(e) for e in reach.values()):
        return []
    stages = [name for name, stage in scenario.stages.items() if not stage.end]
    ends = [name for name, stage in scenario.stages.items() if stage.end]
    rows = [
        _Row(human(n), reach[n], "stage", _fold(_steps(measures, n, scenario), width))
        for n in stages
        if known(reach[n])
    ]
    rows.append(_Row(f"Where all of them are on day {number(scenario.about.horizon_days)}", None, "heading", ()))
    rows += [_Row(human(n), reach[n], "lost" if lost(scenario, n) else "end", ()) for n in ends if known(reach[n])]
    waiting = _waiting(measures, stages, ends)
    if waiting is not None:
        rows.append(_Row("still on the way", waiting, "open", ()))
    return rows


def _waiting(measures: "Mapping[str, Estimate]", stages: Sequence[str], ends: Sequence[str]) -> "Estimate | None":
    """Those in no end: with one end its interval turned round; with more the sum has no interval of its own."""
    gone = [measures[f"occupancy.{n}"] for n in ends if f"occupancy.{n}" in measures]
    here = [measures[f"occupancy.{n}"] for n in stages if f"occupancy.{n}" in measures]
    if not here or not all(known(e) for e in here):
        return None
    only = here[0] if len(here) == 1 else None
    low, high = (only.low, only.high) if only else (None, None)
    if len(gone) == 1 and bounded(gone[0]) and gone[0].low is not None and gone[0].high is not None:
        low, high = 1 - gone[0].high, 1 - gone[0].low
    return type(here[0])(sum(e.mean or 0.0 for e in here), low, high)


def lost(scenario: "Scenario", name: str) -> bool:
    """Whether an end is a loss; one that the scenario does not call so may be what everybody hopes for."""
    return scenario.stages[name].role == "lost"


def _steps(measures: "Mapping[str, Estimate]", stage: str, scenario: "Scenario") -> list[str]:
    """What follows a stay in the stage, in words: onward, other ends, back, lost, then not left while watched."""
    shares = steps(measures, stage)
    places = {name: i for i, name in enumerate(scenario.stages) if not scenario.stages[name].end}
    ends = [n for n in scenario.stages if scenario.stages[n].end and n in shares]
    onward = sorted((n for n in shares if places.get(n, -1) > places[stage]), key=lambda n: places[n])
    back = sorted((n for n in shares if 0 <= places.get(n, -1) <= places[stage]), key=lambda n: places[n])
    words = [f"→ {human(n)}: {_short(shares[n])}" for n in onward]
    words += [f"{END} {human(n)}: {_short(shares[n])}" for n in ends if not lost(scenario, n)]
    words += [f"↩ {human(n)}: {_short(shares[n])}" for n in back]
    words += [f"{LOSS} {human(n)}: {_short(shares[n])}" for n in ends if lost(scenario, n)]
    if unresolved(shares.get("open")):
        words.append(f"… longer than watched: {_short(shares['open'])}")
    return words


def steps(measures: "Mapping[str, Estimate]", stage: str) -> "dict[str, Estimate]":
    """The known shares of what follows a stay in the stage, by where it leads; `open` is no stage."""
    start = f"step.{stage}."
    return {name[len(start) :]: e for name, e in measures.items() if name.startswith(start) and known(e)}


def unresolved(share: "Estimate | None") -> bool:
    """Whether enough of a stage's stays outlast the longest one watched to be told."""
    return share is not None and share.mean is not None and share.mean >= 0.0005


def reading(measures: "Mapping[str, Estimate]", scenario: "Scenario") -> str:
    """How to read the picture: the marks that stand in it, and no others."""
    words = [
        _steps(measures, n, scenario)
        for n, stage in scenario.stages.items()
        if not stage.end and known(measures.get(f"reach.{n}"))
    ]
    there = {word[0] for each in words for word in each}
    kinds = {"→": "onward", END: "an end that is no loss", "↩": "back", LOSS: "lost"}
    told = ", ".join(f"{mark} {kind}" for mark, kind in kinds.items() if mark in there)
    open_ = " … is the share of stays that outlast the longest one watched." if "…" in there else ""
    bars = "Bars: the share of all customers who ever reached the stage, with its 90 % interval."
    if not told:
        return bars
    return (
        f"{bars} Beneath each: what follows a stay there, unfinished stays counted for as long as seen; {told}.{open_}"
    )


def _short(estimate: "Estimate") -> str:
    """A share without brackets: `35.2 ± 0.4 %` where the interval is even, else the range in words."""
    if estimate.mean is None:
        return "undefined"
    if not bounded(estimate) or estimate.low == estimate.high or estimate.low is None or estimate.high is None:
        return percent(estimate.mean)
    half = 50 * (estimate.high - estimate.low)
    if half < 0.005:
        return percent(estimate.mean)
    places = 0 if half >= 9.5 else 1 if half >= 0.095 else 2
    return f"{number(100 * estimate.mean, places)} ± {number(half, places)} %"


def _fold(words: Sequence[str], width: float) -> "list[list[tuple[float, str]]]":
    """The words in as few lines as fit: for each line where its words begin, in inches, and the words."""
    lines: list[list[tuple[float, str]]] = []
    at = 0.0
    for word in words:
        room = width - 0.25
        text = lettering.fitted(word, room - 0.2, lettering.SMALL)
        wide = lettering.span(text, lettering.SMALL)
        if not lines or at + wide > room:
            lines.append([])
            at = 0.2
        lines[-1].append((at, text))
        at += wide + 0.2
    return lines


def _draw(ax: Axes, row: _Row, y: float, width: float) -> None:
    if row.kind == "heading":
        ax.plot([0, 100], [y + 0.02, y + 0.02], color=style.FAINT, lw=0.8)
        style.say(ax, 0, y + 0.08 + LINE / 2, row.title, va="center", size=lettering.SMALL, color=style.SOFT)
        return
    name = lettering.fitted(row.title, width - 0.1, lettering.SIZE, "bold")
    style.say(ax, 0, y + LINE / 2, name, va="center", size=lettering.SIZE, weight="bold")
    top = y + LINE + 0.02
    if row.share is not None and row.share.mean is not None:
        _bar(ax, row.share, row.kind, top, width)
    for i, line in enumerate(row.steps):
        for x, text in line:
            ink = style.INK if text.startswith(LOSS) else style.SOFT
            style.say(
                ax,
                100 * x / width,
                top + BAR + AFTER_BAR + LINE * (i + 0.5),
                text,
                va="center",
                size=lettering.SMALL,
                color=ink,
            )


def _bar(ax: Axes, share: "Estimate", kind: str, top: float, width: float) -> None:
    assert share.mean is not None
    mean = 100 * share.mean
    low, high = (
        (100 * share.low, 100 * share.high)
        if bounded(share) and share.low is not None and share.high is not None
        else (mean, mean)
    )
    face = {"stage": style.MAIN, "end": style.ONWARD, "lost": style.LOST, "open": style.PAPER}[kind]
    hatch = style.LOST_HATCH if kind == "lost" else None
    if mean > 0:
        edge = style.MAIN if kind == "stage" else style.INK
        ax.add_patch(
            Rectangle((0, top), max(mean, LEAST), BAR, facecolor=face, edgecolor=edge, hatch=hatch, lw=0.7, zorder=2)
        )
    middle = top + BAR / 2
    if high > low:
        style.whisker(ax, low, high, middle, style.INK)
    text = interval(share, SHARE)
    wide = 100 * lettering.span(text, lettering.SMALL) / width
    start = max(mean, high, LEAST if mean > 0 else 0.0) + 1.2
    if start + wide <= 100:
        style.say(ax, start, middle, text, va="center_baseline", size=lettering.SMALL, zorder=5)
    else:
        ink = style.PAPER if kind == "stage" else style.INK
        box = None if kind == "stage" else {"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.5}
        style.say(
            ax,
            min(low - 2.0, 98.0),
            middle,
            text,
            ha="right",
            va="center_baseline",
            size=lettering.SMALL,
            color=ink,
            zorder=5,
            bbox=box,
        )

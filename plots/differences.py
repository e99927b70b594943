"""What the strategies change against the baseline, measure by measure: a forest plot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from sojourn.plots import lettering, style
from sojourn.plots.words import SHARE, clear, human, interval, known, magnitude, scaled
from sojourn.sim.vocabulary import direction, headline, title, unit

if TYPE_CHECKING:
    from sojourn.experiments.compare import Comparison
    from sojourn.scenarios.model import Scenario
    from sojourn.sim.estimates import Estimate

EMPTY = "The strategies are the same in every measure, so there is no difference to draw."
ROW, LINE, TITLE, TICKS, KEY = 0.31, 0.155, 0.3, 0.37, 0.34  # inches
MARKS = {
    "better": ("o", style.BETTER),
    "worse": ("D", style.WORSE),
    "plain": ("s", style.INK),
    "unsure": ("o", style.UNSURE),
}


def differences(comparison: "Comparison", ax: Axes | None = None, *, measures: Sequence[str] | None = None) -> Axes:
    """Draws each strategy's difference from the baseline with its interval: a panel a measure, a row a strategy.

    Grey and hollow where the interval spans 0. Without `measures`, the verdict's measure and the headline ones, eight
    at most, none that is the same under all strategies. Returns the host axes; the panels are its `child_axes`.
    """
    with style.look():
        scenario = comparison.result.scenario
        pairs = comparison.differences
        names = [n for n in (measures if measures is not None else _headline(comparison)) if _moves(pairs, n)]
        if not names:
            return style.nothing(ax or style.blank(1.6), EMPTY)
        width = style.inches(ax)[0] if ax is not None else style.WIDTH
        short = {pair: human(pair.removesuffix(f" - {comparison.baseline}")) for pair in pairs}
        labels = {pair: lettering.wrapped(short[pair], 0.24 * width, lettering.SMALL, lines=3) for pair in pairs}
        heights = {pair: max(ROW, LINE * len(rows) + 0.06) for pair, rows in labels.items()}
        panel = sum(heights.values())
        natural = len(names) * (panel + TITLE + TICKS) + KEY
        if ax is None:
            ax = style.blank(natural)
        wide, tall = style.inches(ax)
        style.bare(ax)
        left = 0.16 + max(lettering.span(row, lettering.SMALL) for rows in labels.values() for row in rows)
        sizes = {n: magnitude(_most(pairs, n)) for n in names}
        texts = {(n, p): _text(n, pairs[p].get(n), scenario, sizes[n][0]) for n in names for p in pairs}
        right = 0.2 + max(lettering.span(text, lettering.SMALL) for text in texts.values())
        squeeze = (tall - KEY) / (natural - KEY)
        top = tall
        for name in names:
            box = style.inset(ax, left, top - squeeze * (TITLE + panel), max(0.8, wide - left - right), squeeze * panel)
            _panel(box, name, comparison, labels, heights, texts, sizes[name])
            top -= squeeze * (TITLE + panel + TICKS)
        _key(ax, comparison, names)
        return ax


def _headline(comparison: "Comparison") -> list[str]:
    """The measures that people look for first, the verdict's own before all."""
    told = headline(*(outcome.measures for outcome in comparison.result.outcomes.values()))
    return list(dict.fromkeys([comparison.verdict.measure, *told]))[:8]


def _moves(pairs: "dict[str, dict[str, Estimate]]", name: str) -> bool:
    """Whether any strategy changes the measure at all."""
    return any(name in one and known(one[name]) and any(one[name]) for one in pairs.values())


def _verdict(name: str, estimate: "Estimate | None") -> str:
    if estimate is None or estimate.mean is None or not clear(estimate):
        return "unsure"
    gain = direction(name) * estimate.mean
    return "plain" if gain == 0 else "better" if gain > 0 else "worse"


def _most(pairs: "dict[str, dict[str, Estimate]]", name: str) -> float:
    """The farthest that a figure of the measure is from 0."""
    figures = [value for one in pairs.values() if known(one.get(name)) for value in one[name] if value is not None]
    return max(map(abs, figures), default=0.0)


def _text(name: str, estimate: "Estimate | None", scenario: "Scenario", size: float) -> str:
    if estimate is None or not known(estimate):
        return "undefined"
    if not any(estimate):
        return "the same"
    said = {"better": " better", "worse": " worse"}.get(_verdict(name, estimate), "")
    return interval(scaled(estimate, size), unit(name, scenario), sign=True, bare=True) + said


def in_words(name: str, estimate: "Estimate | None", scenario: "Scenario") -> tuple[str, str]:
    """A difference with its interval, and the colour that its words have: grey where the sign is not known."""
    kind = _verdict(name, estimate)
    return _text(name, estimate, scenario, 1.0), style.SOFT if kind == "unsure" else style.deep(MARKS[kind][1])


def _panel(
    panel: Axes,
    name: str,
    comparison: "Comparison",
    labels: dict[str, list[str]],
    heights: dict[str, float],
    texts: dict[tuple[str, str], str],
    counted: tuple[float, str],
) -> None:
    """One measure: a row a strategy, on an axis of its own."""
    scale = 100.0 if unit(name, comparison.result.scenario) == SHARE else 1.0
    ends = [0.0]
    y = 0.0
    for pair, estimates in comparison.differences.items():
        middle = y + heights[pair] / 2
        y += heights[pair]
        estimate = estimates.get(name)
        kind = _verdict(name, estimate)
        marker, color = MARKS[kind]
        ink = style.SOFT if kind == "unsure" else style.INK
        beside = {"transform": panel.get_yaxis_transform(), "va": "center", "size": lettering.SMALL, "color": ink}
        style.say(panel, -0.03, middle, "\n".join(labels[pair]), ha="right", linespacing=1.05, **beside)
        style.say(panel, 1.03, middle, texts[name, pair], ha="left", **beside)
        if estimate is None or estimate.mean is None or not known(estimate):
            continue
        mean = scale * estimate.mean
        ends.append(mean)
        if estimate.low is not None and estimate.high is not None:
            ends += [scale * estimate.low, scale * estimate.high]
            style.whisker(panel, scale * estimate.low, scale * estimate.high, middle, color)
        face = style.PAPER if kind == "unsure" else color
        panel.plot([mean], [middle], marker=marker, ms=6.5, mfc=face, mec=color, mew=1.4, ls="none", zorder=6)
    low, high = min(ends), max(ends)
    pad = 0.06 * (high - low) or 1.0
    panel.set_xlim(low - pad, high + pad)
    panel.set_ylim(y, 0)
    panel.axvline(0, color=style.SOFT, lw=1.0, zorder=1)
    panel.set_yticks([])
    for side in ("left", "right", "top"):
        panel.spines[side].set_visible(False)
    style.number_axis(panel, sign=True, size=counted[0])
    words = _heading(name, comparison.result.scenario, counted[1])
    host_width = style.inches(panel)[0]
    room = style.WIDTH - 0.3
    if lettering.span(words, lettering.SIZE, "bold") > room:  # the unit in short, before a name is cut
        words = words.replace("(percentage points)", "(points)")
    heading = lettering.fitted(words, room, lettering.SIZE, "bold")
    left = -0.03 - max(lettering.span(row, lettering.SMALL) for rows in labels.values() for row in rows) / host_width
    at = {"transform": panel.get_yaxis_transform(), "ha": "left", "va": "bottom"}
    style.say(panel, left, -0.07, heading, weight="bold", size=lettering.SIZE, **at)


def _heading(name: str, scenario: "Scenario", size: str) -> str:
    what, counted = title(name), unit(name, scenario)
    if counted == SHARE:
        return f"{what} (percentage points)"
    told = [part for part in ("" if counted in what.lower() else counted, size) if part]
    return f"{what} ({', '.join(told)})" if told else what


def _key(ax: Axes, comparison: "Comparison", names: Sequence[str]) -> None:
    """What the marks mean, and what the differences are from."""
    kinds = {_verdict(n, one.get(n)) for n in names for one in comparison.differences.values()}
    bare = any(
        known(e) and e.low is None for n in names for one in comparison.differences.values() if (e := one.get(n))
    )
    unsure = "interval spans 0, or there is none" if bare else "interval spans 0"
    words = {"better": "better", "worse": "worse", "plain": "neither", "unsure": unsure}
    beside: dict[str, Any] = {
        "transform": ax.transAxes,
        "va": "center_baseline",
        "size": lettering.SMALL,
        "color": style.SOFT,
    }
    wide, tall = style.inches(ax)
    x, y = 0.1, 0.14
    for kind, text in words.items():
        if kind not in kinds:
            continue
        marker, color = MARKS[kind]
        face = style.PAPER if kind == "unsure" else color
        mark: dict[str, Any] = {"transform": ax.transAxes, "clip_on": False, "ms": 6.5, "mew": 1.4}
        ax.plot([x / wide], [y / tall], marker=marker, mfc=face, mec=color, **mark)
        style.say(ax, (x + 0.1) / wide, y / tall, text, **beside)
        x += 0.28 + lettering.span(text, lettering.SMALL)
    against = lettering.fitted(f"each is the strategy minus {human(comparison.baseline)}", wide - x, lettering.SMALL)
    style.say(ax, x / wide, y / tall, against, **beside)

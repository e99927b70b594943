"""Where customers are at the end of a forecast: a panel a group, a row a stage, a bar a strategy, each with its interval."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from sojourn.plots import lettering, style
from sojourn.plots.words import SHARE, human, interval

if TYPE_CHECKING:
    from sojourn.calibration.forecast import Forecast
    from sojourn.calibration.futures import GroupForecast
    from sojourn.sim.estimates import Estimate

GROUPS = (("open", "on their way"), ("newcomers", "newcomers"))
TINY = 0.0005  # share of a group below which a stage is not drawn
LINE, ROW, GAP = 0.165, 0.2, 0.1  # inches: of words, of a bar, between stages
HEAD, BETWEEN, FOOT, KEY = 0.3, 0.12, 0.52, 0.26
NOBODY = "Nobody is followed, so there is nobody to find on the last day."


def finals(found: "Forecast", ax: Axes | None = None) -> Axes:
    """Draws the share of each group in each stage on the last day, with its 90 % interval, one bar a strategy.

    Stages where hardly anybody is are left out. Returns the axes that were given, or new ones; the panels are its `child_axes`.
    """
    with style.look():
        groups = [(words, bars) for group, words in GROUPS if (bars := _bars(found, group))]
        names = [
            name
            for name in _stages(found)
            if any(_mean(one.final[name]) >= TINY for _, b in groups for one in b.values())
        ]
        if not groups or not names:
            return style.nothing(ax or style.blank(1.6), NOBODY)
        width = style.WIDTH if ax is None else style.inches(ax)[0]
        labels = {n: lettering.wrapped(human(n), 0.28 * width, lettering.SMALL) for n in names}
        rows = {n: max(ROW * len(found.strategies), LINE * len(labels[n])) + GAP for n in names}
        key = KEY * len(_keys(found, width)) if len(found.strategies) > 1 else 0.0
        natural = key + len(groups) * (HEAD + sum(rows.values())) + BETWEEN * (len(groups) - 1) + FOOT
        if ax is None:
            ax = style.blank(natural)
        wide, tall = style.inches(ax)
        style.bare(ax)
        told = [interval(one.final[n], SHARE) for _, bars in groups for one in bars.values() for n in names]
        left = 0.16 + max(lettering.span(line, lettering.SMALL) for lines in labels.values() for line in lines)
        right = 0.2 + max(lettering.span(words, lettering.SMALL) for words in told)
        squeeze = min(1.0, tall / natural)
        most = max(_high(one.final[n]) for _, bars in groups for one in bars.values() for n in names)
        top = tall - squeeze * key
        for place, (words, bars) in enumerate(groups):
            height = squeeze * sum(rows.values())
            top -= squeeze * HEAD + height
            panel = style.inset(ax, left, top, max(0.6, wide - left - right), height)
            panel.set_xlim(0.0, min(100.0, 104.0 * most))
            _panel(panel, bars, labels, rows, [*found.strategies])
            title = panel.set_title(
                words, loc="left", fontsize=lettering.SIZE, pad=5, fontweight="bold", color=style.INK
            )
            style.plain(title).set_x(-left / max(0.6, wide - left - right) + 0.02)
            last = place == len(groups) - 1
            panel.tick_params(axis="x", labelbottom=last)
            if last:
                style.plain(panel.set_xlabel("share of the group on the last day, %"))
            top -= squeeze * BETWEEN
        if key:
            _key(ax, found)
        return ax


def _bars(found: "Forecast", group: str) -> "dict[str, GroupForecast]":
    """The group under each strategy, where there is anybody in it."""
    each = {name: getattr(one, group) for name, one in found.strategies.items()}
    return {name: one for name, one in each.items() if one.customers.mean}


def _stages(found: "Forecast") -> list[str]:
    return list(next(iter(found.strategies.values())).open.final)


def _mean(share: "Estimate") -> float:
    return share.mean or 0.0


def _high(share: "Estimate") -> float:
    return max(_mean(share), share.high or 0.0)


def _panel(
    panel: Axes,
    bars: "Mapping[str, GroupForecast]",
    labels: Mapping[str, Sequence[str]],
    rows: Mapping[str, float],
    order: Sequence[str],
) -> None:
    several = len(order) > 1
    y = 0.0
    beside = {"transform": panel.get_yaxis_transform(), "va": "center", "size": lettering.SMALL}
    for name, lines in labels.items():
        middle = y + rows[name] / 2
        style.say(panel, -0.02, middle, "\n".join(lines), ha="right", linespacing=1.05, **beside)
        for place, strategy in enumerate(order):
            if strategy not in bars:
                continue
            share = bars[strategy].final[name]
            at = middle + ROW * (place - (len(order) - 1) / 2)
            color = style.look_of(place).color if several else style.MAIN
            panel.barh(
                at, 100.0 * _mean(share), 0.7 * ROW, color=color, alpha=0.55 if several else 0.45, lw=0, zorder=2
            )
            if share.low is not None and share.high is not None and share.high > share.low:
                style.whisker(panel, 100.0 * share.low, 100.0 * min(1.0, share.high), at, style.INK, 5.0)
            ink = style.deep(color) if several else style.INK
            style.say(panel, 1.02, at, interval(share, SHARE), ha="left", color=ink, **beside)
        y += rows[name]
    panel.set_ylim(y, 0.0)
    panel.set_yticks([])
    panel.grid(axis="x", color=style.FAINT, lw=0.6)
    panel.set_axisbelow(True)
    style.number_axis(panel)
    for side in ("right", "top"):
        panel.spines[side].set_visible(False)


def _keys(found: "Forecast", wide: float) -> list[list[str]]:
    """Names of strategies, in lines."""
    lines: list[list[str]] = [[]]
    used = 0.1
    for name in found.strategies:
        room = lettering.span(human(name), lettering.SMALL) + 0.42
        if lines[-1] and used + room > wide:
            lines.append([])
            used = 0.1
        lines[-1].append(name)
        used += room
    return lines


def _key(ax: Axes, found: "Forecast") -> None:
    """Which colour is which strategy."""
    wide, tall = style.inches(ax)
    order = list(found.strategies)
    for line, names in enumerate(_keys(found, wide)):
        x, y = 0.16, tall - KEY * (line + 0.5)
        for name in names:
            color = style.look_of(order.index(name)).color
            where: dict[str, Any] = {
                "transform": ax.transAxes,
                "color": color,
                "marker": "s",
                "ms": 7.0,
                "ls": "",
                "clip_on": False,
            }
            ax.plot([x / wide], [y / tall], **where)
            said = lettering.fitted(human(name), wide - 0.5, lettering.SMALL)
            style.say(ax, (x + 0.12) / wide, y / tall, said, transform=ax.transAxes, va="center", size=lettering.SMALL)
            x += lettering.span(human(name), lettering.SMALL) + 0.42

"""What was observed beside what the fitted scenario simulates, on customers that the fit has not seen."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from sojourn.plots import lettering, lines, style
from sojourn.plots.words import SHARE, human, known, number, shown_unit

if TYPE_CHECKING:
    from sojourn.calibration.validate import Check, FitCurve, Quantity
    from sojourn.sim.estimates import Estimate

OBSERVED = style.Look("#1f3b73", "-", "o")
SIMULATED = style.Look("#e07b00", (0.0, (5.0, 1.6)), "s")
NAIVE = style.Look("#57606a", "-", "x")
EMPTY = "Nothing was observed on customers whom the fit has not seen, so there is nothing to compare."
ROW, LINE, TITLE, TICKS, KEY, CURVE = 0.42, 0.155, 0.32, 0.45, 0.4, 1.7  # inches


def fit(check: "Check", ax: Axes | None = None) -> Axes:
    """Draws quantities with intervals (a panel a unit), and below them shares reached by day with bands.

    Returns the host axes; the panels are its `child_axes`.
    """
    with style.look():
        groups = _groups(check.quantities)
        curves = [c for c in check.curves if c.observed.x.size > 1 or c.simulated.x.size > 1]
        if not groups and not curves:
            return style.nothing(ax or style.blank(1.6), EMPTY)
        width = style.inches(ax)[0] if ax is not None else style.WIDTH
        labels = {q.name: _label(q, 0.36 * width) for q in check.quantities}
        heights = {name: max(ROW, LINE * len(rows) + 0.1) for name, rows in labels.items()}
        columns = 2 if width >= 4.5 and len(curves) > 1 else 1
        titles = max(
            (len(lettering.wrapped(human(c.title), width / columns - 0.7, lettering.SIZE, lines=3)) for c in curves),
            default=0,
        )
        curve_tall = CURVE + 0.19 * titles + 0.62
        upper = sum(TITLE + sum(heights[q.name] for q in group) + TICKS for group in groups.values())
        natural = KEY + upper + curve_tall * -(-len(curves) // columns)
        if ax is None:
            ax = style.blank(natural)
        wide, tall = style.inches(ax)
        style.bare(ax)
        shrink = (tall - KEY) / (natural - KEY)
        _key(ax, check)
        left = 0.15 + max((lettering.span(r, lettering.SMALL) for rows in labels.values() for r in rows), default=0.0)
        top = tall - KEY
        for unit, group in groups.items():
            rows_tall = sum(heights[q.name] for q in group)
            panel = style.inset(ax, left, top - shrink * (TITLE + rows_tall), wide - left - 0.25, shrink * rows_tall)
            _quantities(panel, group, unit, labels, heights, left)
            top -= shrink * (TITLE + rows_tall + TICKS)
        for i, curve in enumerate(curves):
            row, column = divmod(i, columns)
            box = wide / columns
            bottom = top - shrink * curve_tall * (row + 1) + 0.5
            panel = style.inset(ax, column * box + 0.55, bottom, box - 0.75, shrink * curve_tall - 0.62 - 0.19 * titles)
            _curve(panel, curve, box - 0.7)
        return ax


def _groups(quantities: "Sequence[Quantity]") -> "dict[str, list[Quantity]]":
    groups: dict[str, list[Quantity]] = {}
    for quantity in quantities:
        if known(quantity.observed) or known(quantity.simulated):
            groups.setdefault(_family(quantity.unit)[0], []).append(quantity)
    return groups


def _family(unit: str) -> tuple[str, str]:
    """What is counted, and how far ahead it looks: `share within 30 days` as `share` and `within 30 days`."""
    found = re.match(r"(share|days|visits)\b,?\s*(.*)", unit)
    return (found[1], found[2]) if found else (unit, "")


def _label(quantity: "Quantity", room: float) -> list[str]:
    """The quantity in few words, and how many stand behind it."""
    kind, _, rest = quantity.name.partition(".")
    first, _, second = rest.partition(".")
    name = {
        "reach": f"reach {first}",
        "step": f"{first} → {second}",
        "dwell": f"days in {first}",
        "visits": f"visits to {first}",
        "standing": f"in {first} at the end",
        "return": f"back to {first} after the {'first visit' if second == 'first' else 'later visits'}",
    }.get(kind, quantity.name)
    ahead = _family(quantity.unit)[1]
    small = [ahead, f"n = {number(quantity.n)}"] if ahead else [f"n = {number(quantity.n)}"]
    if len(small) == 2 and lettering.span(", ".join(small), lettering.SMALL) <= room:
        small = [", ".join(small)]
    return [*lettering.wrapped(human(name), room, lettering.SMALL, lines=3), *small]


def _quantities(
    panel: Axes,
    group: "Sequence[Quantity]",
    unit: str,
    labels: dict[str, list[str]],
    heights: dict[str, float],
    left: float,
) -> None:
    scale = 100.0 if unit == SHARE else 1.0
    ends: list[float] = []
    y = 0.0
    for q in group:
        middle = y + heights[q.name] / 2
        y += heights[q.name]
        words = "\n".join(labels[q.name])
        at = {"transform": panel.get_yaxis_transform(), "ha": "right", "va": "center"}
        style.say(panel, -0.08 / style.inches(panel)[0], middle, words, size=lettering.SMALL, linespacing=1.05, **at)
        panel.axhline(y, color=style.FAINT, lw=0.6, zorder=0)
        ends += _mark(panel, q.observed, middle - 0.09, OBSERVED, scale, hollow=False)
        ends += _mark(panel, q.simulated, middle + 0.09, SIMULATED, scale, hollow=True)
        if q.naive is not None and np.isfinite(q.naive):
            ends.append(scale * q.naive)
            panel.plot(
                [scale * q.naive], [middle], marker=NAIVE.marker, color=NAIVE.color, ms=7, mew=2, ls="none", zorder=7
            )
    low, high = min([0.0, *ends]), max(ends, default=1.0)
    panel.set_xlim(low, high + 0.06 * (high - low) if high > low else low + 1)
    panel.set_ylim(y, 0)
    panel.set_yticks([])
    for side in ("left", "right", "top"):
        panel.spines[side].set_visible(False)
    style.number_axis(panel)
    heading = {SHARE: "share (%)"}.get(unit, shown_unit(unit))
    at = {"transform": panel.get_yaxis_transform(), "va": "bottom"}
    style.say(panel, -(left - 0.07) / style.inches(panel)[0], -0.08, heading, weight="bold", size=lettering.SIZE, **at)


def _mark(panel: Axes, estimate: "Estimate", y: float, look: style.Look, scale: float, *, hollow: bool) -> list[float]:
    """A point with its interval; returns how far it reaches."""
    if estimate.mean is None or not known(estimate):
        return []
    ends = [scale * estimate.mean]
    if estimate.low is not None and estimate.high is not None:
        ends += [scale * estimate.low, scale * estimate.high]
        style.whisker(panel, ends[1], ends[2], y, look.color, 5.0)
    face = style.PAPER if hollow else look.color
    panel.plot(ends[:1], [y], marker=look.marker, ms=6, mfc=face, mec=look.color, mew=1.5, ls="none", zorder=6)
    return ends


def _curve(panel: Axes, curve: "FitCurve", room: float) -> None:
    lines.draw(
        panel,
        [lines.Curve("observed", curve.observed, OBSERVED), lines.Curve("simulated", curve.simulated, SIMULATED)],
        100.0,
    )
    days = max(float(band.x[-1]) for band in (curve.observed, curve.simulated) if band.x.size)
    tops = [v for band in (curve.observed, curve.simulated) for v in (band.mean, band.high) if np.isfinite(v).any()]
    top = max((float(np.nanmax(v)) for v in tops), default=1.0)
    panel.set_xlim(0, days or 1)
    panel.set_ylim(0, min(100.0, 108 * top) if top > 0 else 1)
    lines.frame(panel, "\n".join(lettering.wrapped(human(curve.title), room, lettering.SIZE, lines=3)), days or 1)
    panel.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g} %"))
    style.plain(panel.set_xlabel("days"))


def _key(ax: Axes, check: "Check") -> None:
    """What the marks mean."""
    wide, tall = style.inches(ax)
    words = [("observed", OBSERVED, OBSERVED.color), ("simulated, 90 % prediction", SIMULATED, style.PAPER)]
    if any(q.naive is not None for q in check.quantities):
        words.append(("without unfinished stays", NAIVE, NAIVE.color))
    x, y = 0.12, tall - 0.16
    for text, look, face in words:
        piece: dict[str, Any] = {"transform": ax.transAxes, "clip_on": False}
        if look is not NAIVE:
            ax.plot(
                [(x - 0.04) / wide, (x + 0.34) / wide],
                [y / tall] * 2,
                color=look.color,
                ls=look.dashes,
                lw=1.9,
                **piece,
            )
        ax.plot(
            [(x + 0.15) / wide],
            [y / tall],
            marker=look.marker,
            ms=6,
            mfc=face,
            mec=look.color,
            mew=1.6,
            ls="none",
            **piece,
        )
        style.say(
            ax, (x + 0.42) / wide, y / tall, text, transform=ax.transAxes, va="center_baseline", size=lettering.SMALL
        )
        x += 0.68 + lettering.span(text, lettering.SMALL)

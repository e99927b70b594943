"""Twins: the lives of customers under two strategies, one above the other, day by day."""

from typing import TYPE_CHECKING, Any

import matplotlib.patheffects as effects
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sojourn.plots import lettering, style
from sojourn.plots.words import human, number

if TYPE_CHECKING:
    from sojourn.experiments.twin_lives import Life, Twin
    from sojourn.experiments.twins import Twins
    from sojourn.plots.pictures import Picture

EMPTY = "Nobody comes, so there is no life to draw."
LANE, TWIN, HEAD, FOOT, KEY = 0.26, 0.98, 0.06, 0.44, 0.23  # inches: a lane, a pair of lanes, margins, a row of the key
FACES = ("#a9c3e6", "#f2c894", "#9fd3c7", "#dcb6d2", "#cfb8a4", "#d8e29a", "#8fb0d9", "#e6a0a0", "#b9b2e0", "#e8dd8c")
HATCHES = ("", "///", "...", "xxx")


def face_of(index: int) -> tuple[str, str]:
    """Colour and hatch of a stage; hatches begin where the colours are used up."""
    return FACES[index % len(FACES)], HATCHES[index // len(FACES) % len(HATCHES)]


def timelines(found: "Twins", ax: Axes | None = None) -> Axes:
    """Draws each customer shown as two lanes, the baseline's above: stages as bars, purchases as dots, where they part as a line.

    Ends are short dark bars. Returns the axes that were given, or new ones.
    """
    with style.look():
        if not found.shown:
            return style.nothing(ax or style.blank(1.6), EMPTY)
        present = _present(found)
        wide = style.WIDTH if ax is None else style.inches(ax)[0]
        names = {name: human(name) for name in (found.baseline, found.strategy)}
        left = 0.14 + min(0.26 * wide, max(lettering.span(text, lettering.SMALL) for text in names.values()))
        told = [lettering.fitted(human(name), wide - 0.5, lettering.SMALL) for name in present]
        rows = _rows(told, wide - 0.2)
        if ax is None:
            ax = style.blank(HEAD + TWIN * len(found.shown) + FOOT + KEY * len(rows))
        wide, tall = style.inches(ax)
        style.bare(ax)
        foot = FOOT + KEY * len(rows)
        panel = style.inset(ax, left, foot, wide - left - 0.16, tall - foot - HEAD)
        for k, one in enumerate(found.shown):
            _twin(panel, found, one, k, present, names, left)
        panel.set_xlim(0, found.scenario.about.horizon_days)
        panel.set_ylim(len(found.shown), 0)
        panel.set_yticks([])
        panel.spines["left"].set_visible(False)
        style.number_axis(panel)
        style.say(
            panel, 0.5, -0.36 / max(style.inches(panel)[1], 0.1), "days", transform=panel.transAxes, ha="center", va="center",
            size=lettering.SMALL, color=style.SOFT,
        )  # fmt: skip
        _key(ax, rows, present, told)
        return ax


def _present(found: "Twins") -> list[str]:
    """Stages, no ends, that somebody shown is in; in file order."""
    lives = [life for one in found.shown for life in (one.first, one.second) if life is not None]
    seen = {stay.stage for life in lives for stay in life.stays}
    return [name for name, stage in found.scenario.stages.items() if name in seen and not stage.end]


def _twin(
    panel: Axes, found: "Twins", one: "Twin", k: int, present: list[str], names: dict[str, str], left: float
) -> None:
    tall = TWIN
    room = max(style.inches(panel)[0], 0.1)
    amount = number(one.gain, 2 if abs(one.gain) < 100 else 0, sign=True)
    text = f"customer {one.customer}, {one.kind}: {found.scenario.about.currency} {amount}"
    style.say(
        panel, 0.0, k + 0.15, lettering.fitted(text, room, lettering.SMALL, "bold"), transform=panel.get_yaxis_transform(),
        ha="left", va="center", size=lettering.SMALL, weight="bold",
    )  # fmt: skip
    for lane, (name, life) in enumerate(((found.baseline, one.first), (found.strategy, one.second))):
        y = k + (0.30 + lane * (LANE + 0.06)) / tall + 0.5 * LANE / tall
        label = lettering.fitted(names[name], left - 0.12, lettering.SMALL)
        style.say(
            panel, -0.07 / room, y, label, transform=panel.get_yaxis_transform(), ha="right", va="center", size=lettering.SMALL,
            color=style.SOFT,
        )  # fmt: skip
        if life is None:
            style.say(panel, 0.0, y, " never comes", ha="left", va="center", size=lettering.SMALL, color=style.SOFT)
        else:
            _life(panel, found, life, y, LANE / tall, present)
    if one.parting is not None:
        days = [way.day for way in (one.parting.first, one.parting.second) if way.day is not None]
        if days:
            top = k + 0.26 / tall
            panel.plot(
                [min(days)] * 2,
                [top, k + (0.36 + 2 * LANE + 0.04) / tall],
                color=style.INK,
                lw=1.1,
                ls=(0, (2, 1.4)),
                zorder=6,
            )


def _life(panel: Axes, found: "Twins", life: "Life", y: float, height: float, present: list[str]) -> None:
    horizon = found.scenario.about.horizon_days
    room = style.inches(panel)[0] / horizon
    for stay in life.stays:
        until = stay.left if stay.left is not None else horizon
        stage = found.scenario.stages[stay.stage]
        if stage.end:
            panel.plot([stay.entered], [y], marker="|", ms=15, mew=3.0, color=style.INK, zorder=5, clip_on=False)
            continue
        face, hatch = face_of(present.index(stay.stage))
        panel.barh(
            y,
            until - stay.entered,
            height,
            stay.entered,
            color=face,
            edgecolor=style.PAPER,
            lw=0.6,
            hatch=hatch,
            zorder=3,
        )
        words = human(stay.stage)
        if lettering.span(words, lettering.SMALL - 1) + 0.06 < room * (until - stay.entered):
            told = style.say(
                panel,
                (stay.entered + until) / 2,
                y,
                words,
                ha="center",
                va="center",
                size=lettering.SMALL - 1,
                zorder=5,
            )
            if hatch:
                told.set_path_effects([effects.withStroke(linewidth=2.2, foreground=style.PAPER)])
        if stage.role == "purchase":
            panel.plot(
                [stay.entered],
                [y],
                marker="o",
                ms=4.2,
                mfc=style.MAIN,
                mec=style.PAPER,
                mew=0.7,
                zorder=6,
                clip_on=False,
            )


def _rows(names: list[str], room: float) -> list[list[int]]:
    """The key's entries in as many rows as they need."""
    rows: list[list[int]] = [[]]
    used = 0.0
    for k, name in enumerate([*names, *EXTRA]):
        size = 0.38 + lettering.span(name, lettering.SMALL)
        if rows[-1] and used + size > room:
            rows.append([])
            used = 0.0
        rows[-1].append(k)
        used += size
    return rows


EXTRA = ("purchase", "end", "lives part")


def _key(ax: Axes, rows: list[list[int]], present: list[str], told: list[str]) -> None:
    wide, tall = style.inches(ax)
    names = [*told, *EXTRA]
    for r, row in enumerate(rows):
        x, y = 0.12, KEY * (len(rows) - r - 0.5) + 0.02
        for k in row:
            _sign(ax, names[k], k, present, x, y)
            style.say(
                ax, (x + 0.24) / wide, y / tall, names[k], transform=ax.transAxes, ha="left", va="center_baseline",
                size=lettering.SMALL, color=style.SOFT,
            )  # fmt: skip
            x += 0.38 + lettering.span(names[k], lettering.SMALL)


def _sign(ax: Axes, name: str, k: int, present: list[str], x: float, y: float) -> None:
    wide, tall = style.inches(ax)
    if k < len(present):
        face, hatch = face_of(k)
        box = Rectangle(
            (x / wide, (y - 0.06) / tall),
            0.18 / wide,
            0.12 / tall,
            transform=ax.transAxes,
            fc=face,
            ec=style.SOFT,
            lw=0.5,
        )
        box.set_hatch(hatch)
        ax.add_patch(box)
        return
    at: dict[str, Any] = {"transform": ax.transAxes, "clip_on": False}
    if name == EXTRA[0]:
        ax.plot(
            [(x + 0.1) / wide],
            [y / tall],
            marker="o",
            ms=4.2,
            mfc=style.MAIN,
            mec=style.PAPER,
            mew=0.7,
            ls="none",
            **at,
        )
    elif name == EXTRA[1]:
        ax.plot([(x + 0.1) / wide], [y / tall], marker="|", ms=10, mew=3.0, color=style.INK, ls="none", **at)
    else:
        ax.plot(
            [(x + 0.1) / wide] * 2,
            [(y - 0.08) / tall, (y + 0.08) / tall],
            color=style.INK,
            lw=1.1,
            ls=(0, (2, 1.4)),
            **at,
        )


def picture(found: "Twins") -> "Picture":
    """The picture with its words."""
    from sojourn.plots.pictures import Picture

    figure = timelines(found).get_figure(root=True)
    assert figure is not None
    told = []
    for one in found.shown:
        way = f", parting in {human(one.parting.stage)}" if one.parting is not None else ""
        told.append(f"customer {one.customer} ({one.kind}){way}: {number(one.gain, 2, sign=True)}")
    return Picture(
        "twins",
        "The same customers under both strategies",
        f"Each customer lives twice, with the same draws: above under {human(found.baseline)}, below under"
        f" {human(found.strategy)}.",
        f"In {found.scenario.about.currency}: {'; '.join(told)}.",
        figure,
    )

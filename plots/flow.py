"""How customers move between stages, in the manner of Sankey: the wider the band, the more moves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from sojourn.plots import lettering, style
from sojourn.plots.river import THICK, Place, Ribbon, River, lay
from sojourn.plots.words import count, human, known

if TYPE_CHECKING:
    from sojourn.scenarios.model import Scenario
    from sojourn.sim.estimates import Estimate

FILL = {"onward": style.ONWARD, "back": style.BACK, "end": style.LOST}
K = TypeVar("K")
EMPTY = "Nobody moved from one stage to another, so there is no flow to draw."
KEY = 0.3  # inches for the key under the picture
LINE = 1.22 / 72  # inches of height per point of letter size


def flow(
    flows: "Mapping[tuple[str, str], Estimate]",
    scenario: "Scenario",
    ax: Axes | None = None,
    *,
    waiting: "Mapping[str, Estimate] | None" = None,
) -> Axes:
    """Draws the moves between stages; returns the axes.

    `flows` holds moves per replication, `waiting` the customers in each stage at the horizon (the white part of a
    bar). Stages come in the scenario's order from top to bottom, ends at the right, ways back at the left.
    """
    with style.look():
        stages = [name for name, stage in scenario.stages.items() if not stage.end]
        ends = [name for name, stage in scenario.stages.items() if stage.end]
        moves = _means(flows)
        still = {name: m for name, m in _means(waiting or {}).items() if name in stages}
        if not moves:
            return style.nothing(ax or style.blank(1.6), EMPTY)
        room = (style.inches(ax)[0] if ax is not None else style.WIDTH) - 0.06
        labels = {name: _label(name, moves, still, 0.24 * room) for name in (*stages, *ends)}
        sizes = {name: _width(rows) for name, rows in labels.items()}
        names = 0.04 + max(sizes[name] for name in stages)
        river = lay(
            stages,
            ends,
            moves,
            still,
            names=names,
            end_names={n: sizes[n] for n in ends},
            tallest=max(map(_height, labels.values())),
            room=room,
        )
        if ax is None:
            ax = style.blank(river.height + KEY, max(style.WIDTH, river.right + 0.06))
        style.bare(ax)
        ax.set_xlim(0, max(room, river.right) + 0.06)
        ax.set_ylim(river.height + KEY, 0)
        ax.set_aspect("equal", anchor="NW")
        for ribbon in sorted(river.ribbons, key=lambda r: -r.width):
            _band(ax, ribbon)
        taken = []
        for place in river.places.values():
            _bar(ax, place)
            taken.append(Bbox.from_bounds(place.x, place.y - THICK / 2, place.width, THICK))
            taken.append(_name(ax, place, labels[place.name], names))
        for ribbon in sorted(river.ribbons, key=lambda r: -r.width):
            _number(ax, ribbon, river, taken)
        _key(ax, river, bool(still))
        style.shrink(ax, ax.get_xlim()[1], river.height + KEY)
        return ax


def _key(ax: Axes, river: River, still: bool) -> None:
    """What the colours mean, in one line under the picture."""
    kinds = {ribbon.kind for ribbon in river.ribbons} | ({"still"} if still else set())
    again = any(ribbon.source == ribbon.target for ribbon in river.ribbons)
    entries: list[tuple[str, str, dict[str, Any]]] = [
        ("onward", "onward", {"facecolor": style.ONWARD, "edgecolor": style.ONWARD}),
        (
            "back",
            "back to an earlier or the same stage" if again else "back to an earlier stage",
            {"facecolor": style.BACK, "edgecolor": style.BACK},
        ),
        ("end", "to an end", {"facecolor": style.LOST, "edgecolor": style.INK, "hatch": style.LOST_HATCH}),
        ("still", "still there at the horizon", {"facecolor": style.PAPER, "edgecolor": style.INK}),
    ]
    x = 0.06
    y = river.height + KEY / 2
    for kind, text, how in entries:
        if kind not in kinds:
            continue
        ax.add_patch(Rectangle((x, y - 0.05), 0.16, 0.1, lw=0.7, **how))
        style.say(ax, x + 0.21, y, text, va="center_baseline", size=lettering.SMALL, color=style.SOFT)
        x += 0.21 + lettering.span(text, lettering.SMALL) + 0.16


def _means(estimates: "Mapping[K, Estimate]") -> dict[K, float]:
    return {key: float(e.mean) for key, e in estimates.items() if known(e) and e.mean is not None and e.mean > 0}


def _label(
    name: str, moves: Mapping[tuple[str, str], float], still: Mapping[str, float], room: float
) -> tuple[list[str], list[str]]:
    """A name (in up to three lines if it is long), and under it how many came through and how many are still there."""
    came = sum(m for (_, b), m in moves.items() if b == name)
    went = sum(m for (a, _), m in moves.items() if a == name)
    stay = still.get(name, 0.0)
    rows = [count(max(came, went + stay))]
    if stay > 0:
        rows.append(f"({count(stay)} still here)")
    return lettering.wrapped(human(name), room, lettering.SIZE, "bold", lines=3), rows


def _height(label: tuple[list[str], list[str]]) -> float:
    return LINE * (len(label[0]) * lettering.SIZE + len(label[1]) * lettering.SMALL)


def _width(label: tuple[list[str], list[str]]) -> float:
    name, rows = label
    return max(
        [lettering.span(r, lettering.SIZE, "bold") for r in name] + [lettering.span(r, lettering.SMALL) for r in rows]
    )


def _name(ax: Axes, place: Place, label: tuple[list[str], list[str]], names: float) -> Bbox:
    """Writes a label beside its bar, stages' at the left of the picture and ends' right of theirs; returns its box."""
    name, rows = label
    tall = [len(name) * lettering.SIZE * LINE, len(rows) * lettering.SMALL * LINE]
    x, side = (place.x + place.width + 0.08, "left") if place.end else (names, "right")
    top = place.y - sum(tall) / 2
    style.say(
        ax, x, top, "\n".join(name), ha=side, va="top", weight="bold", size=lettering.SIZE, linespacing=1.0, zorder=5
    )
    style.say(
        ax,
        x,
        top + tall[0],
        "\n".join(rows),
        ha=side,
        va="top",
        size=lettering.SMALL,
        color=style.SOFT,
        linespacing=1.0,
        zorder=5,
    )
    if not place.end:
        ax.plot([names + 0.05, place.x - 0.02], [place.y, place.y], color=style.FAINT, lw=0.8, zorder=0)
    wide = _width(label)
    return Bbox.from_bounds(x if place.end else x - wide, top, wide, sum(tall))


def _bar(ax: Axes, place: Place) -> None:
    how: dict[str, Any] = {"edgecolor": style.INK, "linewidth": 0.7}
    face, hatch = (style.LOST, style.LOST_HATCH) if place.end else (style.MAIN, None)
    corner = (place.x, place.y - THICK / 2)
    ax.add_patch(Rectangle(corner, place.width, THICK, facecolor=face, hatch=hatch, zorder=3, **how))
    if place.waiting > 0:
        corner = (place.x + place.width - place.waiting, corner[1])
        ax.add_patch(Rectangle(corner, place.waiting, THICK, facecolor=style.PAPER, zorder=3.1, **how))


def _outline(ribbon: Ribbon) -> Path:
    return Path(np.vstack([ribbon.left, ribbon.right[::-1], ribbon.left[:1]]))


def _band(ax: Axes, ribbon: Ribbon) -> None:
    face = FILL[ribbon.kind]
    ax.add_patch(PathPatch(_outline(ribbon), facecolor=face, edgecolor=face, linewidth=0.3, alpha=0.9, zorder=1))


def _number(ax: Axes, ribbon: Ribbon, river: River, taken: list[Bbox]) -> None:
    """Writes the number of moves on the band, or beside it; not at all where nothing is free (totals still stand)."""
    text = count(ribbon.moves)
    wide, tall = lettering.span(text, lettering.SMALL), lettering.SMALL * LINE
    others = [_outline(r) for r in river.ribbons if r is not ribbon]
    halo = [withStroke(linewidth=2.2, foreground=style.PAPER)]
    leaders = [Bbox.from_bounds(0.0, place.y - 0.02, place.x, 0.04) for place in river.places.values() if not place.end]
    spots = list(_spots(ribbon, wide))
    # Clear of the lines from names to bars where that can be had.
    for x, y, turn, clear in [(*spot, clear) for clear in (True, False) for spot in spots]:
        w, h = (tall, wide) if turn else (wide, tall)
        box = Bbox.from_bounds(x - w / 2, y - h / 2, w, h)
        if clear and any(_meet(box, leader) for leader in leaders):
            continue
        if box.x0 < 0 or box.x1 > ax.get_xlim()[1] or any(_meet(box, t) for t in taken):
            continue
        if any(o.intersects_bbox(box, filled=True) for o in others):
            continue
        style.say(
            ax,
            x,
            y,
            text,
            ha="center",
            va="center_baseline",
            rotation=90 if turn else 0,
            rotation_mode="anchor" if turn else "default",
            size=lettering.SMALL,
            path_effects=halo,
            zorder=4,
        )
        taken.append(box)
        return


def _spots(ribbon: Ribbon, wide: float) -> Iterator[tuple[float, float, bool]]:
    """Where a band's number may stand, the best first: x and y of its middle, and whether it is turned upright."""
    middle = ribbon.middle
    if ribbon.kind == "back":
        foot, top = middle[len(middle) // 2 - 1], middle[len(middle) // 2]
        for t in (0.5, 0.35, 0.65, 0.2, 0.8):
            yield foot[0], foot[1] + t * (top[1] - foot[1]), True
        return
    free = min(len(middle), 46) - 1  # past its first bend a band may run among others, and be taken for them
    along: Sequence[int] = [int(t * free) for t in (0.5, 0.4, 0.6, 0.3, 0.7, 0.8, 0.2, 1.0)]
    aside = ribbon.width / 2 + wide / 2 + 0.04
    for shift in (0.0, aside, -aside) if ribbon.width > wide + 0.06 else (aside, -aside, 0.0):
        for i in along:
            yield middle[i, 0] + shift, middle[i, 1], False


def _meet(a: Bbox, b: Bbox) -> bool:
    return bool(a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1)

"""Where everything in the flow picture goes: pure geometry, in inches, y downwards, no drawing.

The journey runs down the page in the order of the scenario, so that names stand upright beside it whatever their
length. Ends stand to the right, one row each, below the last stage that feeds them. Ways back run up on the left,
between the names and the stages.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sojourn.plots.bends import Points, arc, fall

THICK = 0.17  # of a stage's bar
THIN = 0.022  # the least width of a band: a tiny flow stays visible
GAP = 0.22  # between what passes side by side
WIDE_BACK = 0.42  # the most of a way back: wider bends would not fit between rows
LANE = 0.13  # the least slot of a way back: room for its number, upright
TOP = 0.42  # above the first row


@dataclass(frozen=True)
class Place:
    """A stage's or an end's bar: its left edge, its middle's y, its width, and the part of it that never moved on."""

    name: str
    end: bool
    x: float
    y: float
    width: float
    waiting: float  # width of the customers who are still there


@dataclass(frozen=True)
class Ribbon:
    """A band from stage to stage: its two edges, each (n, 2)."""

    source: str
    target: str
    moves: float
    width: float
    kind: str  # "onward", "back" or "end"
    left: Points
    right: Points

    @property
    def middle(self) -> Points:
        """The line in the middle of the band, (n, 2)."""
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class River:
    """The whole drawing; `scale` is inches per move."""

    places: dict[str, Place]
    ribbons: tuple[Ribbon, ...]
    start: float  # x of the stages' left edges
    right: float  # the rightmost point of all bars and their labels
    height: float
    scale: float


@dataclass
class _Draft:
    """Everything about one attempt at a scale."""

    stages: Sequence[str]
    ends: Sequence[str]
    moves: Mapping[tuple[str, str], float]
    waiting: Mapping[str, float]
    scale: float
    row: dict[str, int] = field(default_factory=dict)
    width: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.row = {name: i for i, name in enumerate(self.stages)}
        into: dict[str, float] = defaultdict(float)
        out: dict[str, float] = defaultdict(float)
        for a, b in self.moves:
            into[b] += self.band(a, b)
            out[a] += self.band(a, b)
        for name in self.stages:
            self.width[name] = max(into[name], out[name] + self.scale * self.waiting.get(name, 0.0), THIN)
        taken = len(self.stages) - 1 if not self.stages else -1
        feeding = {
            end: max((self.row[a] for a, b in self.moves if b == end), default=len(self.stages) - 1)
            for end in self.ends
        }
        for end in sorted(self.ends, key=lambda e: (feeding[e], self.ends.index(e))):
            taken = max(taken + 1, feeding[end] + 1)
            self.row[end] = taken
            self.width[end] = max(into[end], THIN)

    def band(self, a: str, b: str) -> float:
        return max(THIN, self.scale * self.moves[a, b])

    def kind(self, a: str, b: str) -> str:
        if b in self.ends:
            return "end"
        return "onward" if self.row[b] > self.row[a] else "back"


def lay(
    stages: Sequence[str],
    ends: Sequence[str],
    moves: Mapping[tuple[str, str], float],
    waiting: Mapping[str, float],
    *,
    names: float,
    end_names: Mapping[str, float],
    tallest: float,
    room: float,
    widest: float = 3.4,
) -> River:
    """The largest drawing that fits into `room` inches and whose ways back can bend.

    `names` is the width of the stages' label column, `end_names` that of each end's label (drawn right of its bar),
    `tallest` the height of the tallest label; `widest` bounds the widest bar. With more than `room` can hold, the
    drawing at the least scale comes back, wider than the room.
    """
    moves = {(a, b): m for (a, b), m in moves.items() if m > 0 and a in stages and (b in stages or b in ends)}
    most = max(_Draft(stages, ends, moves, waiting, 1.0).width.values(), default=1.0) or 1.0
    best = None
    for fraction in np.linspace(1.0, 0.05, 39):
        best = _place(_Draft(stages, ends, moves, waiting, float(widest * fraction / most)), names, end_names, tallest)
        if best.right <= room and all(r.width <= max(WIDE_BACK, THIN) for r in best.ribbons if r.kind == "back"):
            break
    assert best is not None
    return best


def _place(draft: _Draft, names: float, end_names: Mapping[str, float], tallest: float) -> River:
    backs = sorted(
        (pair for pair in draft.moves if draft.kind(*pair) == "back"),
        key=lambda p: (draft.row[p[0]] - draft.row[p[1]], p),
    )
    lanes = _lanes(draft, backs)
    start = (
        names
        + 0.12
        + max((d + max(draft.band(*p), LANE) / 2 for p, d in lanes.items()), default=0.0)
        + (0.08 if lanes else 0.0)
    )
    depth = {side: _depths(draft, backs, side) for side in (0, 1)}
    reach = {side: {p: d + draft.band(*p) / 2 for p, d in depth[side].items()} for side in (0, 1)}
    below, above = max(reach[0].values(), default=0.0), max(reach[1].values(), default=0.0)
    pitch = max(THICK + max(0.62, below + above + 0.1), tallest + 0.12)
    rows = 1 + max(draft.row.values(), default=0)

    def y(name: str) -> float:
        return TOP + max(0.0, above - 0.3) + THICK / 2 + pitch * draft.row[name]

    taken: list[list[tuple[float, float]]] = [
        [] for _ in range(rows + 1)
    ]  # per row, from where to where bars and passing bands are
    for name in draft.stages:
        taken[draft.row[name]].append((start, start + draft.width[name]))
    tracks: dict[tuple[str, str], float] = {}  # left edge of what passes other rows
    skips = [p for p in draft.moves if draft.kind(*p) == "onward" and draft.row[p[1]] > draft.row[p[0]] + 1]
    for pair in sorted(skips, key=lambda p: (draft.row[p[1]] - draft.row[p[0]], p)):
        passed = range(draft.row[pair[0]] + 1, draft.row[pair[1]])
        tracks[pair] = _berth(taken, passed, start, draft.band(*pair))
    right = max((x1 for row in taken for _, x1 in row), default=start)
    places = {
        n: Place(n, False, start, y(n), draft.width[n], draft.scale * draft.waiting.get(n, 0.0)) for n in draft.stages
    }
    for end in sorted(draft.ends, key=lambda e: -draft.row[e]):
        feeders = sorted((a for a, b in draft.moves if b == end), key=lambda a: -draft.row[a])
        first = min((draft.row[a] for a in feeders), default=draft.row[end] - 1) + 1
        edge = _berth(taken, range(first, draft.row[end] + 1), start, draft.width[end])
        places[end] = Place(end, True, edge, y(end), draft.width[end], 0.0)
        at = edge
        for a in feeders:  # the latest innermost
            tracks[a, end] = at
            at += draft.band(a, end)
        right = max(right, edge + draft.width[end] + 0.1 + end_names.get(end, 0.0))

    out, into = _ports(draft, places, backs)
    ribbons = []
    for a, b in draft.moves:
        w, kind = draft.band(a, b), draft.kind(a, b)
        x0, x1 = out[a, b] + w / 2, into[a, b] + w / 2
        y0, y1 = places[a].y + THICK / 2, places[b].y - THICK / 2
        if kind == "back":
            left, edge_right = arc(x0, y0, start - lanes[a, b], x1, y1, w, depth[0][a, b], depth[1][a, b])
        else:
            track = tracks[a, b] + w / 2 if (a, b) in tracks else x1
            left, edge_right = fall(x0, y0, track, x1, y1, w, y0 + pitch - THICK, y1 - pitch + THICK)
        ribbons.append(Ribbon(a, b, draft.moves[a, b], w, kind, left, edge_right))
    bottom = TOP + max(0.0, above - 0.3) + pitch * (rows - 1) + THICK + max(0.34, below + 0.1)
    return River(places, tuple(ribbons), start, right, bottom, draft.scale)


def _berth(taken: list[list[tuple[float, float]]], rows: range, least: float, width: float) -> float:
    """The leftmost place where a band of this width passes all these rows freely; takes it."""
    beside = [pair for r in rows for pair in taken[r]]
    for x in sorted([least, *(x1 + GAP for _, x1 in beside)]):
        if all(x1 + GAP <= x + 1e-9 or x + width + GAP <= x0 + 1e-9 for x0, x1 in beside):
            break
    for r in rows:
        taken[r].append((x, x + width))
    return x


def _lanes(draft: _Draft, backs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """How far left of the stages the middle of each way back runs; short ways inside long ones."""
    lanes: dict[tuple[str, str], float] = {}
    for a, b in backs:
        top, foot = draft.row[b], draft.row[a]
        beside = [p for p in lanes if draft.row[p[1]] <= foot + 1 and draft.row[p[0]] + 1 >= top]
        near = max((lanes[p] + max(draft.band(*p), LANE) / 2 for p in beside), default=0.06)
        lanes[a, b] = near + 0.06 + max(draft.band(a, b), LANE) / 2
    return lanes


def _depths(draft: _Draft, backs: Sequence[tuple[str, str]], side: int) -> dict[tuple[str, str], float]:
    """How far each way back dips below its source (side 0) or rises above its target (side 1), at mid-band."""
    depths: dict[tuple[str, str], float] = {}
    used: dict[str, float] = defaultdict(lambda: 0.12)
    for pair in backs:
        depths[pair] = used[pair[side]] + draft.band(*pair) / 2
        used[pair[side]] += draft.band(*pair) + 0.04
    return depths


def _ports(
    draft: _Draft, places: Mapping[str, Place], backs: Sequence[tuple[str, str]]
) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]]:
    """Left edges of all bands where they leave and where they arrive, ordered so that few cross."""
    out: dict[tuple[str, str], float] = {}
    into: dict[tuple[str, str], float] = {}
    for name in (*draft.stages, *draft.ends):
        onward = [p for p in draft.moves if p[0] == name and p not in backs]
        onward.sort(key=lambda p: (p[1] in draft.ends, draft.row[p[1]] if p[1] not in draft.ends else places[p[1]].x))
        at = places[name].x
        for pair in [p for p in backs if p[0] == name] + onward:
            out[pair] = at
            at += draft.band(*pair)
        arriving = sorted((p for p in draft.moves if p[1] == name and p not in backs), key=lambda p: -draft.row[p[0]])
        at = places[name].x
        for pair in [p for p in backs if p[1] == name] + arriving:
            into[pair] = at
            at += draft.band(*pair)
    return out, into

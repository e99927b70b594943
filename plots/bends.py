"""The shapes of bands: curves with a width, as the two edges that bound them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SLIM = 0.25  # inches; narrower bands keep their width where they slant, wider ones would fold in their bends

Points = NDArray[np.float64]


def _bezier(p: Sequence[tuple[float, float]], n: int = 40) -> Points:
    """Points on a cubic curve through four control points, (n, 2)."""
    t = np.linspace(0, 1, n)[:, None]
    a, b, c, d = (np.asarray(q) for q in p)
    curve: Points = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
    return curve


def fall(
    x0: float, y0: float, track: float, x1: float, y1: float, w: float, bend: float, last: float
) -> tuple[Points, Points]:
    """A band downwards: a bend to its track in the first gap, straight on, and a bend to its target in the last."""
    if last <= bend + 1e-9:
        middle = _bezier([(x0, y0), (x0, (y0 + y1) / 2), (x1, (y0 + y1) / 2), (x1, y1)])
    else:
        half, end = (y0 + bend) / 2, (last + y1) / 2
        middle = np.vstack(
            [
                _bezier([(x0, y0), (x0, half), (track, half), (track, bend)]),
                _bezier([(track, last), (track, end), (x1, end), (x1, y1)]),
            ]
        )
    if w < SLIM:
        return _beside(middle, w)
    shift = np.array([w / 2, 0.0])
    return middle - shift, middle + shift


def arc(
    x0: float, y0: float, lane: float, x1: float, y1: float, w: float, dip: float, rise: float
) -> tuple[Points, Points]:
    """A band that turns below its source, runs up its lane and turns down into its target; the same width all along."""
    d, r = dip / 0.75, rise / 0.75  # the curve reaches three quarters of its control points
    middle = np.vstack(
        [
            _bezier([(x0, y0), (x0, y0 + d), (lane, y0 + d), (lane, y0)]),
            _bezier([(lane, y1), (lane, y1 - r), (x1, y1 - r), (x1, y1)]),
        ]
    )
    return _beside(middle, w)


def _beside(middle: Points, w: float) -> tuple[Points, Points]:
    """The edges of a band that is `w` wide across its own direction everywhere."""
    along = np.gradient(middle, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-12)[:, None]
    across = np.column_stack([-along[:, 1], along[:, 0]]) * w / 2
    return middle - across, middle + across

"""A law read from the data, where none of the others fits: the censoring-aware estimate as quantiles."""

from collections.abc import Sequence

import numpy as np

from sojourn.calibration.candidates import Candidate
from sojourn.calibration.durations import Curve
from sojourn.calibration.goodness import kaplan_meier_of
from sojourn.calibration.spells import Floats, Spells

STEPS = 40  # quantiles of a smooth curve
JUMP = 0.02  # a share that leaves at one age, from which it is written as a jump
DIGITS = 6
SHARES = np.concatenate(([0.002, 0.005, 0.01], np.arange(0.02, 0.985, 0.02), [0.99, 0.995, 0.999, 0.9999]))
BETWEEN = np.array([0.01, 0.04, *np.arange(0.1, 0.95, 0.1)])  # quantiles between jumps
BEHIND = np.array([0.01, 0.04, *np.arange(0.1, 0.95, 0.1), 0.95, 0.98, 0.99, 0.999, 0.9999])  # and after the last
STEP_UP = 1e-9  # by which their shares rise at least
SMALLEST = 1e-6  # by which shares must rise


def curve(sample: Spells) -> tuple[Curve, float]:
    """The quantiles of Kaplan-Meier joined by straight lines, jumps as jumps, and the share still there at the end."""
    times, survival, _ = kaplan_meier_of(sample)
    return steps(times, 1.0 - survival)


def steps(times: Floats, gone: Floats) -> tuple[Curve, float]:
    """A step curve of the share that has left, both of shape (m,), as some quantiles, and the share left at its end."""
    before = np.concatenate(([0.0], gone[:-1]))
    jumps = gone - before >= JUMP
    targets = gone[-1] * np.arange(1, STEPS + 1) / STEPS
    places = np.minimum(np.searchsorted(gone, targets - 1e-12), times.size - 1)
    points = [(0.0, float(times[int(np.argmax(gone > 0.0))]))]
    for k in np.unique(np.append(places, np.flatnonzero(jumps))):
        if jumps[k] and before[k] > 0.0:
            points.append((float(before[k]) + SMALLEST, float(times[k])))
        points.append((float(gone[k]), float(times[k])))
    return _rising(points)


def quantiles(candidate: Candidate, theta: Floats, never: float) -> tuple[Curve, float]:
    """The curve of a smooth law of which a share never leaves, by quantiles of those who do."""
    points = zip((SHARES * (1.0 - never)).tolist(), ages(candidate, theta, SHARES).tolist(), strict=True)
    return _rising([(0.0, 0.0), *points])


def jumping(
    candidate: Candidate, theta: Floats, days: Sequence[float], parts: Sequence[float], never: float
) -> tuple[Curve, float]:
    """A smooth law and jumps, as quantiles: as many of them for any numbers, so that draws have the places of the file.

    Args:
        candidate, theta: the law of those who leave at no deadline.
        days: deadlines.
        parts: of all customers, who leave at each, and last those under the law.
        never: share of the latter who never leave.
    """
    order = np.argsort(days)
    edges = np.asarray(days, dtype=np.float64)[order]
    with np.errstate(all="ignore"):
        below = np.concatenate(([0.0], -np.expm1(candidate.log_survival(theta, edges)), [1.0]))
    smooth = parts[-1] * (1.0 - never)
    shares, at, jumped = [0.0], [0.0], 0.0
    for k in range(below.size - 1):
        inner = BETWEEN if k < edges.size else BEHIND
        gone = np.clip(below[k] + (below[k + 1] - below[k]) * inner, 1e-9, 1.0 - 1e-6)
        last = edges[k] if k < edges.size else np.inf
        shares += (jumped + smooth * gone).tolist()
        at += np.clip(ages(candidate, theta, gone), at[-1], last).tolist()
        if k < edges.size:
            before = jumped + smooth * float(below[k + 1])
            jumped += parts[int(order[k])]
            shares += [before, jumped + smooth * float(below[k + 1])]
            at += [float(edges[k])] * 2
    total = round(jumped + smooth, DIGITS + 3)
    steps = np.arange(len(shares)) * STEP_UP
    rising = np.maximum.accumulate(np.array(shares)) * (total - steps[-1]) / max(shares) + steps
    rising[-1] = total
    told = tuple(round(float(share), DIGITS + 6) for share in rising)
    return (told, tuple(float(f"{day:.6g}") for day in at)), round(1.0 - told[-1], DIGITS + 6)


def ages(candidate: Candidate, theta: Floats, shares: Floats) -> Floats:
    """Days by which given shares (between 0 and 1, shape (m,)) have left under a law."""
    low, high = np.full(shares.size, theta[0] - 40.0), np.full(shares.size, theta[0] + 40.0)
    for _ in range(80):  # bisection on the logarithm of days
        middle = 0.5 * (low + high)
        with np.errstate(all="ignore"):
            later = -np.expm1(candidate.log_survival(theta, np.exp(middle))) < shares
        low, high = np.where(later, middle, low), np.where(later, high, middle)
    return np.asarray(np.exp(high), dtype=np.float64)


def restricted(sample: Spells) -> tuple[float, float]:
    """Mean days of a stay within the longest that was watched, and its standard error (Greenwood's).

    Both come from the area under Kaplan-Meier: var = sum of (area beyond t)^2 d / (n (n - d)).
    """
    times, survival, at_risk = kaplan_meier_of(sample)
    longest = max(float(times[-1]), float(sample.open_times.max(initial=0.0)))
    widths = np.diff(np.append(times, longest))
    beyond = (survival * widths)[::-1].cumsum()[::-1]
    before = np.concatenate(([1.0], survival[:-1]))
    gone = at_risk * (1.0 - survival / np.maximum(before, 1e-300))
    spread = np.sum(beyond**2 * gone / np.maximum(at_risk * (at_risk - gone), 1e-12))
    return float(times[0] + beyond[0]), float(np.sqrt(spread))


def _rising(points: list[tuple[float, float]]) -> tuple[Curve, float]:
    """Points with shares that rise by at least the smallest step, and the share that is left after the last."""
    shares, days = [0.0], [points[0][1]]
    for share, day in points[1:]:
        rounded = round(min(share, 1.0), DIGITS)
        if rounded > shares[-1]:
            shares.append(rounded)
            days.append(max(float(f"{day:.6g}"), days[-1]))
    days[0] = min(float(f"{days[0]:.6g}"), days[1])
    return (tuple(shares), tuple(days)), round(1.0 - shares[-1], DIGITS)

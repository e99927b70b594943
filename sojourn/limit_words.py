"""Limits of a search in words: what was asked, which mix breaks one and by how much, which is nearest where none keeps them."""

from collections.abc import Iterator

import numpy as np

from sojourn.experiments.frontier import Place
from sojourn.experiments.mixes import SPENDING, Mix
from sojourn.experiments.optimise import Optimum
from sojourn.experiments.searching import Limit
from sojourn.plots.words import exact, human, interval
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import SHARE, unit


def asked(found: Optimum) -> Iterator[str]:
    """`satisfaction at least 72`, for each limit."""
    for one in found.limits:
        yield f"{name(one)} {wanted(one)}"


def wanted(limit: Limit) -> str:
    """`at least 72`."""
    return f"{'at least' if limit.above else 'at most'} {exact(limit.value)}"


def name(limit: Limit) -> str:
    """What is limited."""
    return "spending on levers" if limit.measure == SPENDING else human(limit.measure)


def figure(found: Optimum, limit: Limit, estimate: Estimate) -> str:
    """`74.2 [73.9, 74.5]`, in per cent or with the currency where it is a share or money."""
    kind = _unit(found, limit)
    currency = found.scenario.about.currency
    if kind != currency:
        return interval(estimate, kind)
    return f"{currency} {interval(estimate, kind, sign=limit.measure == SPENDING)}"


def excess(limit: Limit, estimate: Estimate) -> float:
    """How far a figure is on the wrong side of a limit; 0 or less where it keeps it."""
    return 0.0 if estimate.mean is None else float(limit.broken(np.array(estimate.mean)))


def broken(found: Optimum, limit: Limit, estimate: Estimate) -> str:
    """`1.2 above the limit of 300`; empty where it is kept."""
    over = excess(limit, estimate)
    if over <= 0.0:
        return ""
    scale, points, per = (100.0, " points", " %") if _unit(found, limit) == SHARE else (1.0, "", "")
    side = "below" if limit.above else "above"
    return f"{exact(float(f'{scale * over:.3g}'))}{points} {side} the limit of {exact(scale * limit.value)}{per}"


def breaks(found: Optimum, place: Place) -> list[str]:
    """The limits that a mix of the table breaks on fresh customers, and by how much."""
    figures = {SPENDING: place.spending, **dict(place.limited)}
    told = [(one, figures[one.measure]) for one in found.limits if one.measure in figures]
    return [
        f"{name(one)} {figure(found, one, value)}, {said}" for one, value in told if (said := broken(found, one, value))
    ]


def nearest(found: Optimum) -> str:
    """The mix of the search that comes nearest to limits that none keeps: by the worst of them, each for its own size."""
    if not found.trials:
        return ""
    sizes = [
        max(abs(one.value), *(abs(trial.excess[k]) for trial in found.trials), 1e-12)
        for k, one in enumerate(found.limits)
    ]
    best = min(found.trials, key=lambda one: max(e / size for e, size in zip(one.excess, sizes, strict=True)))
    told = []
    for one, over in zip(found.limits, best.excess, strict=True):
        value = Estimate(one.value + (-over if one.above else over), None, None)
        if over > 0.0:
            told.append(f"{name(one)} {figure(found, one, value)}, {broken(found, one, value)}")
    return f" The nearest on the search's own customers is {mixed(found, best.mix)}: {'; '.join(told)}."


def mixed(found: Optimum, mix: Mix) -> str:
    """A mix in words."""
    levels = zip(found.mixer.levers, mix.levels, mix.days, strict=True)
    return (
        ", ".join(f"{human(lever)} {level(height, day)}" for lever, height, day in levels if height)
        or "no lever at all"
    )


def level(height: float, day: float) -> str:
    """`0.4 from day 30`."""
    return f"{height:g}" + (f" from day {day:g}" if day else "")


def _unit(found: Optimum, limit: Limit) -> str:
    return found.scenario.about.currency if limit.measure == SPENDING else unit(limit.measure, found.scenario)

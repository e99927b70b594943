"""Planted scenarios for simulation-based calibration: a stated prior of shapes, logs drawn from it, and what is true in them.

A journey is a chain of two to four stages, each left onwards or to `gone`. Half of them race and half choose, every law is as
likely, medians lie between 3 and 30 days and shapes between half and two and a half (evenly in their logarithms). There are 100
to 2,000 customers, who come evenly; when the watching ends, 10 to 80 % of the stays in the stage that is looked at are still
open. Where fewer than 20 exits of either kind are to be expected there, all but that share is drawn anew: so the prior is cut by
what is true, never by what the data came to be.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.logs import Log
from sojourn.calibration.names import Names
from sojourn.calibration.stays import NOTHING, Stays

Floats = NDArray[np.float64]
LAWS = tuple(CANDIDATES)
MEDIANS = (3.0, 30.0)  # days; means of exponential and gamma laws
SHAPES = {"weibull": (0.6, 2.5), "gamma": (0.6, 2.5), "lognormal": (0.4, 1.5), "loglogistic": (1.2, 4.0)}
CUSTOMERS = (100, 2_000)
OPEN = (0.1, 0.8)  # share of stays that are still open
EFFECT = 0.5  # standard deviation of a lever's effect, log-odds or log hazard ratio
EXPECTED = 20.0  # exits of each kind, in the mean of logs
PLANNED = 20_000  # customers by whom a scenario is planned
WATCHED = 0.9  # the follow-up: as long as a tenth of the stays could be watched


class Stage(NamedTuple):
    """One stage: the laws of its two exits, onwards first, and the chance of each where it is a choice."""

    choice: bool
    laws: tuple[str, str]
    thetas: tuple[Floats, Floats]  # logarithms of the laws' parameters
    chances: tuple[float, float]


class Planted(NamedTuple):
    """A scenario, which of its stages is looked at, and how its log comes about."""

    stages: tuple[Stage, ...]
    studied: int
    customers: int
    window: float  # days in which customers come, and at whose end the watching ends
    ahead: float  # days of follow-up to which shares and restricted means are taken
    told: bool  # whether the mapping says which of race and choice the stage is
    effect: float  # of a lever on going on, where the log has arms


def planted(rng: np.random.Generator) -> Planted:
    """A scenario from the prior."""
    still_open = float(rng.uniform(*OPEN))
    while True:
        stages = tuple(_stage(rng) for _ in range(int(rng.integers(2, 5))))
        studied = int(rng.integers(len(stages)))
        customers = round(math.exp(rng.uniform(*np.log(CUSTOMERS))))
        told, effect = bool(rng.random() < 0.5), float(rng.normal(0.0, EFFECT))
        window = _window(stages, studied, still_open)
        if window is None:
            continue
        entry, until, exits = _lived(stages, studied, PLANNED, window, np.random.default_rng(1))
        seen = until <= window
        counts = [float(np.sum(seen & (exits == k))) * customers / PLANNED for k in (0, 1)]
        if min(counts) >= EXPECTED:
            ahead = float(np.quantile(window - entry, WATCHED))
            return Planted(stages, studied, customers, window, ahead, told, effect)


def _stage(rng: np.random.Generator) -> Stage:
    laws = (LAWS[rng.integers(len(LAWS))], LAWS[rng.integers(len(LAWS))])
    thetas = tuple(
        np.array([rng.uniform(*np.log(MEDIANS)), *(rng.uniform(*np.log(SHAPES[law])) for _ in range(law in SHAPES))])
        for law in laws
    )
    chance = float(rng.beta(2.0, 2.0))
    return Stage(bool(rng.random() < 0.5), laws, (thetas[0], thetas[1]), (chance, 1.0 - chance))


def draw_days(law: str, theta: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Days from a law."""
    scale, shape = math.exp(theta[0]), math.exp(theta[-1])
    if law == "exponential":
        return rng.exponential(scale, size)
    if law == "weibull":
        return scale * (rng.exponential(size=size) / math.log(2.0)) ** (1.0 / shape)
    if law == "lognormal":
        return scale * np.exp(shape * rng.standard_normal(size))
    if law == "loglogistic":
        odds = rng.random(size)
        return scale * (odds / (1.0 - odds)) ** (1.0 / shape)
    return rng.gamma(shape, scale / shape, size)


def stay(stage: Stage, size: int, rng: np.random.Generator, effect: float | Floats = 0.0) -> tuple[Floats, Floats]:
    """Days of stays, and by which exit (0: onwards, 1: gone); `effect` moves going on, by log-odds or log hazard ratio."""
    if stage.choice:
        odds = math.log(stage.chances[0] / stage.chances[1]) + effect
        exits = (rng.random(size) >= 1.0 / (1.0 + np.exp(-odds))).astype(np.float64)
        days = np.where(exits == 0.0, *(draw_days(stage.laws[k], stage.thetas[k], size, rng) for k in (0, 1)))
        return days, exits
    gone = draw_days(stage.laws[1], stage.thetas[1], size, rng)
    onwards = faster(stage.laws[0], stage.thetas[0], rng.exponential(size=size) * np.exp(-np.asarray(effect)))
    return np.minimum(onwards, gone), (gone < onwards).astype(np.float64)


def faster(law: str, theta: Floats, exposure: Floats) -> Floats:
    """The age at which the cumulative hazard of a law reaches `exposure`, by interpolation on a fine grid of log ages."""
    ages = np.exp(np.linspace(theta[0] - 18.0, theta[0] + 12.0, 6_000))
    with np.errstate(all="ignore"):
        hazard = -CANDIDATES[law].log_survival(theta, ages)
    kept = np.isfinite(hazard) & (hazard > 0.0)
    return np.exp(np.interp(np.log(exposure), np.log(hazard[kept]), np.log(ages[kept])))


def _lived(
    stages: tuple[Stage, ...], studied: int, size: int, window: float, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Entries to a stage before the window ends, when the stays end, and how, of customers who come evenly."""
    time = rng.uniform(0.0, window, size)
    for k in range(studied):
        days, exits = stay(stages[k], time.size, rng)
        time = (time + days)[exits == 0.0]
        time = time[time < window]
    days, exits = stay(stages[studied], time.size, rng)
    return time, time + days, exits


def _window(stages: tuple[Stage, ...], studied: int, still_open: float) -> float | None:
    """The days of watching that leave this share of stays open; None where no length between 5 and 2,000 days does."""
    low, high = 5.0, 2_000.0
    for _ in range(14):
        middle = math.sqrt(low * high)
        _, until, _ = _lived(stages, studied, PLANNED // 4, middle, np.random.default_rng(0))
        if until.size < 20 or float(np.mean(until > middle)) > still_open:
            low = middle
        else:
            high = middle
    return high if 5.1 < high < 1_990.0 else None


def log_of(what: Planted, rng: np.random.Generator, *, arms: bool = False) -> Log:
    """A log of the scenario; with arms, half of the customers have the lever in the stage that is looked at."""
    size, number = what.customers, len(what.stages)
    start = np.sort(rng.uniform(0.0, what.window, size))
    arm = rng.permutation(np.arange(size) % 2) if arms else np.full(size, NOTHING)
    who, time = np.arange(size), start.copy()
    columns: list[tuple[NDArray[Any], ...]] = []
    for k, stage in enumerate(what.stages):
        effect = np.where(arm[who] == 1, what.effect, 0.0) if arms and k == what.studied else 0.0
        days, exits = stay(stage, who.size, rng, effect)
        until = time + days
        there = until <= what.window
        following = np.where(there, np.where(exits == 0.0, k + 1, number + 1), NOTHING)
        columns.append((who, np.full(who.size, k), time, np.minimum(until, what.window), following))
        for end in (number, number + 1):
            here = there & (following == end)
            if end == number + 1 or k == number - 1:
                ones = np.ones(int(here.sum()))
                columns.append((who[here], end * ones, until[here], what.window * ones, NOTHING * ones))
        onwards = there & (exits == 0.0)
        who, time = who[onwards], until[onwards]
    rows = [np.concatenate(column) for column in zip(*columns, strict=True)]
    order = np.lexsort((rows[2], rows[0]))
    customer, at, entry, until, following = (column[order] for column in rows)
    stays = Stays(customer.astype(np.int64), at.astype(np.int64), entry, until, following.astype(np.int64))
    names = (*(f"s{k}" for k in range(number)), "won", "gone")
    is_end = np.arange(number + 2) >= number
    people = Names(range(size))
    return Log(
        source="planted",
        stages=names,
        ends=is_end,
        stays=stays,
        customers=people,
        start=start,
        until=np.full(size, what.window),
        segment=np.zeros(size, dtype=np.int64),
        segments=("all",),
        labels=("all",),
        person=people,
        clock=None,
        resolution=1e-6,
        calendar=True,
        span=what.window,
        horizon=what.window,
        roles={},
        arm=arm.astype(np.int64),
        arms=("without", "with") if arms else (),
        doses={},
        counts={
            "customers": size,
            "stays": int(at.size),
            "stays still open": int(np.sum((following < 0) & (at < number))),
        },
        notes=(),
        forms={f"s{what.studied}": "choice" if what.stages[what.studied].choice else "race"} if what.told else {},
    )

"""How an effect grows with the dose: a straight line or a Hill curve, by maximum likelihood.

Level 1 of the lever is the largest dose tried. The curve is the scenario's: f(x) = (1 + half^slope) / (1 + (half /
x)^slope), f(0) = 0, f(1) = 1, one for all effects of the lever; each effect has its own size at level 1. Three forms
are tried: the line, a Hill curve of slope 1 (from two doses above 0 on) and any Hill curve (from three on). The lowest
AIC wins, and among those within 2 of it the simplest, as with laws.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from sojourn.calibration.choices import above
from sojourn.calibration.durations import MARGIN
from sojourn.calibration.newton import lowest
from sojourn.calibration.shifts import LEVEL
from sojourn.calibration.stays import Floats, Integers

HALVES = np.geomspace(0.01, 30.0, 481)
SLOPES = np.geomspace(0.3, 12.0, 25)
SPARSE = 10  # every tenth of HALVES is tried with each of SLOPES
LIMITS = np.log([[HALVES[0], HALVES[-1]], [SLOPES[0], SLOPES[-1]]])
FORMS = ("linear", "hill, slope 1", "hill")
DRAWS = 400  # of the bootstrap
MOST = 0.9  # of the full effect: where a curve that got there counts as nearly done
EARLY = 0.75  # of the largest dose: one that gets there before has saturated within the doses tried


class Profile(NamedTuple):
    """The best sizes of the effects for each of some curves, and twice the log-likelihood lacking to a perfect fit."""

    deviance: Floats  # shape (curves,)
    sizes: Floats  # shape (curves, effects)


class Block(Protocol):
    """Data on some effects at all doses."""

    @property
    def effects(self) -> int:
        """How many effects."""

    def profile(self, curves: Floats) -> Profile:
        """Fit the sizes for curves given by their value at each dose above 0, shape (curves, doses)."""

    def spread(self, curve: Floats, sizes: Floats) -> Floats:
        """Covariance of the estimated shifts, by effect and dose, if a curve and sizes were true."""


@dataclass(frozen=True)
class Shifts:
    """Estimated shifts by effect and dose, shape (effects, doses), and their covariance: normal likelihood."""

    shifts: Floats
    covariance: Floats

    @property
    def effects(self) -> int:
        """How many effects."""
        return int(self.shifts.shape[0])

    def profile(self, curves: Floats) -> Profile:
        """Generalised least squares."""
        size, doses = self.shifts.shape
        weight = np.linalg.inv(self.covariance).reshape(size, doses, size, doses)
        a = np.einsum("mj,ejfk,mk->mef", curves, weight, curves)
        c = np.einsum("mj,ejfk,fk->me", curves, weight, self.shifts)
        sizes = np.linalg.solve(a, c[:, :, None])[:, :, 0]
        whole = float(np.einsum("ej,ejfk,fk->", self.shifts, weight, self.shifts))
        return Profile(whole - np.einsum("me,me->m", c, sizes), sizes)

    def spread(self, curve: Floats, sizes: Floats) -> Floats:
        """The covariance that was estimated with them."""
        return self.covariance


@dataclass(frozen=True)
class Tally:
    """One step of a chain of counts: how many of how many went on at each dose, control first. Binomial likelihood."""

    taken: Integers
    of: Integers

    @property
    def effects(self) -> int:
        """One."""
        return 1

    def profile(self, curves: Floats) -> Profile:
        """Logistic regression on each curve, all at once by Newton's method."""
        x = np.concatenate((np.zeros((curves.shape[0], 1)), curves), axis=1)
        share = (self.taken.sum() + 0.5) / (self.of.sum() + 1.0)
        level = np.full(curves.shape[0], np.log(share / (1.0 - share)))
        size = np.zeros(curves.shape[0])
        for _ in range(30):
            p = 1.0 / (1.0 + np.exp(-(level[:, None] + size[:, None] * x)))
            left, weight = self.taken - self.of * p, self.of * p * (1.0 - p)
            u, v = left.sum(axis=1), (left * x).sum(axis=1)
            a, b, c = weight.sum(axis=1), (weight * x).sum(axis=1), (weight * x**2).sum(axis=1)
            det = np.maximum(a * c - b * b, 1e-300)
            move, turn = (c * u - b * v) / det, (a * v - b * u) / det
            level, size = level + np.clip(move, -2.0, 2.0), size + np.clip(turn, -2.0, 2.0)
            if float(np.abs(turn).max()) < 1e-9:
                break
        p = np.clip(1.0 / (1.0 + np.exp(-(level[:, None] + size[:, None] * x))), 1e-12, 1.0 - 1e-12)
        deviance = 2.0 * (_likelihood(self.taken, self.of, self.taken / self.of) - _likelihood(self.taken, self.of, p))
        return Profile(deviance, size[:, None])

    def spread(self, curve: Floats, sizes: Floats) -> Floats:
        """That of log-odds against control (Woolf 1955), at the level that fits the counts best."""
        x = sizes[0] * np.concatenate(([0.0], curve))
        level = 0.0
        for _ in range(50):
            p = 1.0 / (1.0 + np.exp(-(level + x)))
            level += float(np.clip((self.taken - self.of * p).sum() / (self.of * p * (1.0 - p)).sum(), -2.0, 2.0))
        variance = 1.0 / (self.of * p * (1.0 - p))
        covariance: Floats = np.diag(variance[1:]) + variance[0]
        return covariance


@dataclass(frozen=True)
class ResponseFit:
    """A response curve.

    Attributes:
        doses: doses above 0, ascending; the last is level 1.
        form: "linear" or "hill"; half and slope are None for a line.
        aic: of each form that was tried.
        sizes: effects at level 1, one an effect, in the order of the blocks.
        intervals: their 90 % intervals (parametric bootstrap of the form that won).
        nearly: dose of 90 % of the full effect, and its interval; None for a line.
        misfit: p-value of the curve against a free effect at each dose (likelihood ratio; at least one degree of freedom).
        known: whether any effect can be told from none; if not, the line says nothing on the form.
    """

    doses: tuple[float, ...]
    form: str
    half: float | None
    slope: float | None
    aic: dict[str, float]
    sizes: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...]
    nearly: tuple[float, float, float] | None
    misfit: float
    known: bool = True

    @property
    def saturates(self) -> bool:
        """Whether 90 % of the full effect is there well before the largest dose, and its interval says so too."""
        return self.nearly is not None and self.nearly[2] <= EARLY * self.doses[-1]

    @property
    def sentence(self) -> str:
        """What the curve says about the largest dose."""
        top = self.doses[-1]
        if not self.known:
            return "No dose can be told from control: how the effect grows with the dose, and whether it saturates, is not known."
        if self.nearly is None:
            return (
                f"Between the doses 0 and {top:g} the effect grows in a straight line, as far as {len(self.doses)} doses tell: "
                "no sign of saturation."
            )
        dose, low, high = (f"{value:.3g}" for value in self.nearly)
        told = f"90 % of the full effect (dose {top:g}) is reached at dose {dose} [{low}, {high}]"
        if self.saturates:
            return f"The effect saturates: {told}; beyond it hardly rises."
        return f"The effect bends, {told}; whether it saturates below dose {top:g} cannot be said."


def hill(levels: Floats, half: Floats | float, slope: Floats | float) -> Floats:
    """The scenario's response at levels in (0, 1]; half and slope broadcast against them."""
    values: Floats = (1.0 + half**slope) / (1.0 + (half / levels) ** slope)
    return values


def fit_response(
    doses: Sequence[float], blocks: Sequence[Block], seed: int = 1, forms: Sequence[str] = FORMS
) -> ResponseFit:
    """Fit one curve to all effects of a lever; at least two doses above 0, ascending."""
    levels = np.array(doses) / doses[-1]
    effects = sum(block.effects for block in blocks)
    forms = [form for form in forms if form != "hill" or len(doses) > 2]
    shapes = {form: _best(form, levels, blocks) for form in forms}
    found = {form: _profile(blocks, _curve(levels, shape)[None, :]) for form, shape in shapes.items()}
    extra = {form: place for place, form in enumerate(FORMS)}  # parameters of the shape
    aic = {form: float(found[form].deviance[0]) + 2.0 * (effects + extra[form]) for form in forms}
    form = next(one for one in forms if aic[one] <= min(aic.values()) + MARGIN)
    shape, sizes = shapes[form], found[form].sizes[0]
    drawn = _bootstrap(form, levels, shape, sizes, blocks, seed)
    tail = 50.0 * (1.0 - LEVEL)
    ends = np.percentile(drawn, [tail, 100.0 - tail], axis=0)
    intervals = tuple(
        (float(min(low, size)), float(max(high, size))) for low, high, size in zip(*ends[:, 1:], sizes, strict=True)
    )
    nearly = None
    if shape is not None:
        dose = _nearly(shape)
        nearly = tuple(doses[-1] * value for value in (dose, min(ends[0, 0], dose), max(ends[1, 0], dose)))
    free = effects * (len(doses) - 1) - extra[form]
    return ResponseFit(
        doses=tuple(doses),
        form="linear" if shape is None else "hill",
        half=None if shape is None else float(shape[0]),
        slope=None if shape is None else float(shape[1]),
        aic=aic,
        sizes=tuple(float(size) for size in sizes),
        intervals=intervals,
        nearly=None if nearly is None else (float(nearly[0]), float(nearly[1]), float(nearly[2])),
        misfit=above(float(found[form].deviance[0]), max(free, 1)),
    )


Shape = tuple[float, float] | None


def _curve(levels: Floats, shape: Shape) -> Floats:
    return levels if shape is None else hill(levels, shape[0], shape[1])


def _profile(blocks: Sequence[Block], curves: Floats) -> Profile:
    parts = [block.profile(curves) for block in blocks]
    return Profile(
        np.sum([part.deviance for part in parts], axis=0), np.concatenate([part.sizes for part in parts], axis=1)
    )


def _grid(form: str, levels: Floats) -> tuple[Floats, Floats]:
    """Shapes to try, (n, 2), and their curves, (n, doses)."""
    halves, slopes = (HALVES[::SPARSE], SLOPES) if form == "hill" else (HALVES, np.ones(1))
    shapes = np.array([(half, slope) for half in halves for slope in slopes])
    return shapes, hill(levels[None, :], shapes[:, :1], shapes[:, 1:])


def _coarse(form: str, levels: Floats, blocks: Sequence[Block]) -> tuple[tuple[float, float], Floats]:
    shapes, curves = _grid(form, levels)
    found = _profile(blocks, curves)
    best = int(np.argmin(found.deviance))
    return (float(shapes[best, 0]), float(shapes[best, 1])), found.sizes[best]


def _best(form: str, levels: Floats, blocks: Sequence[Block]) -> Shape:
    if form == "linear":
        return None
    start, _ = _coarse(form, levels, blocks)
    free = 2 if form == "hill" else 1

    def cost(theta: Floats) -> float:
        slope = np.exp(theta[1]) if free == 2 else 1.0
        return 0.5 * float(
            _profile(blocks, _curve(levels, (float(np.exp(theta[0])), float(slope)))[None, :]).deviance[0]
        )

    theta = lowest(cost, np.log(np.array(start[:free])), LIMITS[:free])
    return float(np.exp(theta[0])), float(np.exp(theta[1])) if free == 2 else 1.0


def _bootstrap(form: str, levels: Floats, shape: Shape, sizes: Floats, blocks: Sequence[Block], seed: int) -> Floats:
    """Level of 90 % of the full effect, and the sizes, of fits to shifts drawn from the fit; shape (DRAWS, 1 + effects).

    Drawn as the estimates spread when counts are large: normally around the curve, all draws against all curves at once.
    """
    rng = np.random.default_rng(seed)
    curve = _curve(levels, shape)
    shapes, curves = (np.empty((1, 2)), levels[None, :]) if shape is None else _grid(form, levels)
    lacking = np.zeros((curves.shape[0], DRAWS))
    found, done = [], 0
    for block in blocks:
        own = sizes[done : done + block.effects]
        done += block.effects
        covariance = block.spread(curve, own)
        drawn = rng.multivariate_normal((own[:, None] * curve).ravel(), covariance, size=DRAWS, method="eigh")
        weight = np.linalg.inv(covariance).reshape(own.size, levels.size, own.size, levels.size)
        a = np.einsum("mj,ejfk,mk->mef", curves, weight, curves)
        pulled = np.einsum("ejfk,dfk->dej", weight, drawn.reshape(DRAWS, own.size, levels.size))
        c = np.einsum("mj,dej->med", curves, pulled)
        fitted = np.linalg.solve(a, c)
        lacking -= np.einsum("med,med->md", c, fitted)
        found.append(fitted)
    best = np.argmin(lacking, axis=0)
    draws = np.arange(DRAWS)
    nearly = [MOST if shape is None else _nearly((float(half), float(slope))) for half, slope in shapes[best]]
    return np.column_stack([nearly, *(fitted[best, :, draws] for fitted in found)])


def _nearly(shape: tuple[float, float]) -> float:
    """Level at which a curve has 90 % of its full effect."""
    half, slope = shape
    return float(half / ((1.0 + half**slope) / MOST - 1.0) ** (1.0 / slope))


def _likelihood(taken: Integers, of: Integers, p: Floats) -> Floats:
    """Binomial log-likelihood less its constant, summed over doses; shape of `p` without its last axis."""
    p = np.clip(p, 1e-12, 1.0 - 1e-12)
    value: Floats = np.sum(taken * np.log(p) + (of - taken) * np.log1p(-p), axis=-1)
    return value

"""How an effect grows with the dose: a straight line or a Hill curve, by maximum likelihood.

Level 1 of the lever is the largest dose tried. The curve is the scenario's: f(x) = (1 + half^slope) / (1 + (half /
x)^slope), f(0) = 0, f(1) = 1, one for all effects of the lever; each effect has its own size at level 1. Three forms
are tried: the line, a Hill curve of slope 1 (from two doses above 0 on) and any Hill curve (from three on). The lowest
AIC wins, and among those within 2 of it the simplest, as with laws.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sojourn.calibration.doseblocks import Block, Profile
from sojourn.calibration.durations import MARGIN
from sojourn.calibration.logits import above
from sojourn.calibration.newton import lowest
from sojourn.calibration.shifts import LEVEL, chance
from sojourn.calibration.stays import Floats

HALVES = np.geomspace(0.01, 30.0, 481)
SLOPES = np.geomspace(0.3, 12.0, 25)
SPARSE = 10  # every tenth of HALVES is tried with each of SLOPES
LIMITS = np.log([[HALVES[0], HALVES[-1]], [SLOPES[0], SLOPES[-1]]])
FORMS = ("linear", "hill, slope 1", "hill")
DRAWS = 400  # of the bootstrap
MOST = 0.9  # of the full effect: where a curve that got there counts as nearly done
ALARM = 0.01  # false-alarm rate of the test that the doses follow the curve
EARLY = 0.75  # of the largest dose: one that gets there before has saturated within the doses tried


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
    def fits(self) -> bool:
        """Whether the doses follow the curve."""
        return self.misfit >= ALARM

    @property
    def saturates(self) -> bool:
        """Whether 90 % of the full effect is there well before the largest dose, and its interval says so too."""
        return self.fits and self.nearly is not None and self.nearly[2] <= EARLY * self.doses[-1]

    @property
    def sentence(self) -> str:
        """What the curve says about the largest dose."""
        top = self.doses[-1]
        if not self.known:
            return "No dose can be told from control: how the effect grows with the dose, and whether it saturates, is not known."
        if not self.fits:
            return (
                f"The effects at the doses follow no curve that a lever can have ({chance(self.misfit)}): whether they saturate, "
                "and at which dose, is not said."
            )
        if self.nearly is None:
            return (
                f"Between the doses 0 and {top:g} the effect grows in a straight line, as far as {len(self.doses)} doses tell: "
                "no sign of saturation."
            )
        dose, low, high = (f"{value:.3g}" for value in self.nearly)
        at = f"at dose {dose} [{low}, {high}]"
        if self.nearly[0] < self.doses[0]:  # what lies below was not tried: the number would be the curve's alone
            at = f"at dose {self.doses[0]:g} already, the smallest that was tried (the interval ends at {high})"
        told = f"90 % of the full effect (dose {top:g}) is reached {at}"
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

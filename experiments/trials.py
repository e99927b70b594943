"""How large a test would have to be to measure an effect, and what a test of each size is worth: on plain numbers.

Two arms of n units each, one with the lever at full level, one without. Outcomes are a share (who goes on to a stage), a count
(invitations, arrivals), an amount (money, days) or a mean (points). Power is that of the two-sided test at 5 %; it is simulated,
and a closed form stands beside it (for shares: Fleiss, Levin and Paik 2003, section 4.2, without continuity correction).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
ALPHA, POWER = 0.05, 0.8
TIMES = 4000  # simulated tests of each size
AROUND = (0.5, 0.65, 0.8, 0.9, 1.0, 1.15, 1.3, 1.6)  # sizes tried, times that of the closed form
NODES = 21  # of the quadrature over what a test may say
SIZES = tuple(step * 10**k for k in range(1, 8) for step in (1, 2, 5))
NEARLY = 0.95  # of the worth of knowing exactly, beyond which no larger test is listed


class Design(Protocol):
    """Two arms; `effect` is on the scale on which effects add up (log-odds, logs of ratios, points)."""

    def error(self, n: float, effect: float) -> float:
        """Standard error of the effect that is estimated from n units in each arm."""

    def rejected(self, n: int, effect: float, times: int, rng: np.random.Generator) -> Flags:
        """Whether each of `times` simulated tests finds a difference; shape (times,)."""

    def size(self, effect: float, power: float) -> float:
        """Units in each arm for the power, in closed form."""


@dataclass(frozen=True)
class Shares:
    """Each unit does it or not; `hazard`: the effect is on the hazard of the exit, else on its log-odds."""

    without: float
    hazard: bool = False

    def under(self, effect: float) -> float:
        """The share in the arm with the lever."""
        p = self.without
        if self.hazard:
            return -math.expm1(math.exp(effect) * math.log1p(-p))
        return 1.0 / (1.0 + (1.0 - p) / p * math.exp(-effect))

    def error(self, n: float, effect: float) -> float:
        """By the delta method, of log-odds or of log(-log(1 - p))."""
        spread = 0.0
        for p in (self.without, self.under(effect)):
            spread += p / (1.0 - p) / math.log1p(-p) ** 2 if self.hazard else 1.0 / (p * (1.0 - p))
        return math.sqrt(spread / n)

    def rejected(self, n: int, effect: float, times: int, rng: np.random.Generator) -> Flags:
        """By the test of two proportions with pooled variance."""
        a, b = (rng.binomial(n, p, times) / n for p in (self.without, self.under(effect)))
        pooled = (a + b) / 2.0
        with np.errstate(invalid="ignore", divide="ignore"):
            z = (b - a) / np.sqrt(2.0 * pooled * (1.0 - pooled) / n)
        return np.abs(np.nan_to_num(z)) > _normal(1.0 - ALPHA / 2.0)

    def size(self, effect: float, power: float) -> float:
        """n = (z_a sqrt(2 p q) + z_b sqrt(p0 q0 + p1 q1))^2 / (p1 - p0)^2, p the mean of both."""
        a, b = self.without, self.under(effect)
        p = (a + b) / 2.0
        top = _normal(1.0 - ALPHA / 2.0) * math.sqrt(2.0 * p * (1.0 - p))
        top += _normal(power) * math.sqrt(a * (1.0 - a) + b * (1.0 - b))
        return (top / (b - a)) ** 2


@dataclass(frozen=True)
class Counts:
    """Each unit brings a number of events of mean `without` and variance mean + spread mean^2: Poisson where `spread` is 0."""

    without: float
    spread: float = 0.0

    def _variance(self, mean: float) -> float:
        return mean + self.spread * mean**2

    def error(self, n: float, effect: float) -> float:
        """Of the log of the ratio of means."""
        means = self.without, self.without * math.exp(effect)
        return math.sqrt(sum(self._variance(mean) / mean**2 for mean in means) / n)

    def rejected(self, n: int, effect: float, times: int, rng: np.random.Generator) -> Flags:
        """By the difference of means over its standard error under no effect, both arms pooled."""
        arms = []
        for mean in (self.without, self.without * math.exp(effect)):
            shape = n / self.spread if self.spread else math.inf  # a sum of n gamma-Poisson counts is one
            rate = rng.gamma(shape, n * mean / shape, times) if self.spread else np.full(times, n * mean)
            arms.append(rng.poisson(rate) / n)
        pooled = (arms[0] + arms[1]) / 2.0
        with np.errstate(invalid="ignore", divide="ignore"):
            z = (arms[1] - arms[0]) / np.sqrt(2.0 * (pooled + self.spread * pooled**2) / n)
        return np.abs(np.nan_to_num(z)) > _normal(1.0 - ALPHA / 2.0)

    def size(self, effect: float, power: float) -> float:
        """As for shares, with the variances of counts."""
        a, b = self.without, self.without * math.exp(effect)
        top = _normal(1.0 - ALPHA / 2.0) * math.sqrt(2.0 * self._variance((a + b) / 2.0))
        top += _normal(power) * math.sqrt(self._variance(a) + self._variance(b))
        return (top / (b - a)) ** 2


@dataclass(frozen=True)
class Amounts:
    """Each unit gives an amount or a time, of a standard deviation of `spread` means; the effect is on the log of the mean."""

    spread: float

    def error(self, n: float, effect: float) -> float:
        """spread sqrt(2 / n), by the delta method."""
        return self.spread * math.sqrt(2.0 / n)

    def rejected(self, n: int, effect: float, times: int, rng: np.random.Generator) -> Flags:
        """By the difference of means over its standard error, amounts being gamma."""
        shape = n / self.spread**2
        a, b = (mean * rng.gamma(shape, 1.0 / shape, times) for mean in (1.0, math.exp(effect)))
        z = (b - a) / (self.spread * np.sqrt((a**2 + b**2) / n))
        return np.abs(z) > _normal(1.0 - ALPHA / 2.0)

    def size(self, effect: float, power: float) -> float:
        """(z_a + z_b)^2 (variances of both arms) / (difference of means)^2."""
        a, b = 1.0, math.exp(effect)
        top = (_normal(1.0 - ALPHA / 2.0) + _normal(power)) * self.spread * math.hypot(a, b)
        return (top / (b - a)) ** 2


@dataclass(frozen=True)
class Means:
    """Each unit gives a number of this standard deviation; the effect is the difference of means."""

    sd: float

    def error(self, n: float, effect: float) -> float:
        """sd sqrt(2 / n)."""
        return self.sd * math.sqrt(2.0 / n)

    def rejected(self, n: int, effect: float, times: int, rng: np.random.Generator) -> Flags:
        """By the difference of means, its standard deviation known."""
        z = effect / self.error(n, effect) + rng.standard_normal(times)
        return np.abs(z) > _normal(1.0 - ALPHA / 2.0)

    def size(self, effect: float, power: float) -> float:
        """2 sd^2 (z_a + z_b)^2 / effect^2."""
        return 2.0 * (self.sd * (_normal(1.0 - ALPHA / 2.0) + _normal(power)) / effect) ** 2


class Sizing(NamedTuple):
    """How many units each arm needs for `POWER`."""

    simulated: int
    formula: int


def sizing(design: Design, effect: float, seed: int) -> Sizing | None:
    """The size at which a test finds `effect` with 80 % power; None for no effect, and beyond a billion units.

    Power is simulated at sizes around that of the closed form; its probit is close to a straight line in the root of the size, by
    which the size is read off (each simulated power has a standard error of at most 0.8 points).
    """
    from scipy.special import ndtri

    if effect == 0.0:
        return None
    exact = design.size(effect, POWER)
    if not exact <= 1e9:
        return None
    rng = np.random.Generator(np.random.Philox(key=seed))
    sizes = sorted({max(2, round(exact * factor)) for factor in AROUND})
    power = np.array([design.rejected(n, effect, TIMES, rng).mean() for n in sizes])
    inside = (power > 0.0) & (power < 1.0)
    if inside.sum() < 2:
        return Sizing(math.ceil(exact), math.ceil(exact))
    roots = np.sqrt(np.array(sizes))[inside]
    slope, level = np.polyfit(roots, ndtri(power[inside]), 1)
    return Sizing(math.ceil(((ndtri(POWER) - level) / slope) ** 2), math.ceil(exact))


def sampled(effects: Floats, expected: Floats, error: float) -> float:
    """The expected value of a test whose estimate has a standard error.

    Args:
        effects: draws of the effect, shape (draws,).
        expected: what each strategy is expected to bring if the effect is that of the draw, shape (draws, strategies).
        error: of the test's estimate, on the scale of `effects`.

    For each draw as the truth and each thing that the test may then say (Gauss-Hermite), the posterior weighs all draws by their
    likelihood, and the strategy with the best posterior mean is chosen: the mean of what it brings, above deciding now.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    now, then = expected.mean(axis=0).max(), 0.0
    for node, weight in zip(nodes, weights, strict=True):
        said = effects + error * node
        away = -0.5 * ((said[:, None] - effects[None, :]) / error) ** 2
        likely = np.exp(away - away.max(axis=1, keepdims=True))
        posterior = likely @ expected / likely.sum(axis=1, keepdims=True)
        then += float(weight * np.mean(posterior.max(axis=1)))
    return max(then - float(now), 0.0)


def _normal(probability: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(probability))

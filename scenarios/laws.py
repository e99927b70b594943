"""The arithmetic of dwell laws, written once.

Plain scalar functions over rows of cells, with `math` and `scipy.special` only: validation calls them as they are, and the
engines compile the same lines (`sojourn.sim.compiling`). A law is known by its survival S(t), the share still there after t days,
and by its cumulative hazard H(t) = -log S(t), the exposure that a stay has used up by then.

An age or an exposure too large for a float is infinite. Compiled arithmetic says so by itself. Plain Python raises an error where
`math.exp` and powers of its own floats overflow (`risen` and `raised` catch it); numpy's floats would warn, so that cells become
Python's own.
"""

import math

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios import special

NEVER = math.inf
EXPONENTIAL, WEIBULL, LOGNORMAL, LOGLOGISTIC, GAMMA, DETERMINISTIC, EMPIRICAL, DEADLINE = range(8)
KINDS = {
    "exponential": EXPONENTIAL,
    "weibull": WEIBULL,
    "lognormal": LOGNORMAL,
    "loglogistic": LOGLOGISTIC,
    "gamma": GAMMA,
    "deterministic": DETERMINISTIC,
    "empirical": EMPIRICAL,
    "deadline": DEADLINE,
}

# A law's row. An empirical law has its points (share gone, days) at FIRST, two cells each; a deadline its other law's row.
KIND, SCALE, SHAPE, FIRST, COUNT, WIDTH = range(6)
# SCALE: mean (exponential), scale, log median (lognormal), value (deterministic), day (deadline).
# SHAPE: shape, sigma (lognormal), share that leaves on the day (deadline).

Cells = NDArray[np.float64]


def normal_quantile(share: float) -> float:
    """The standard normal's quantile, 0 < share < 1, relative error about 1e-16 (Wichura 1988, algorithm AS 241)."""
    q = share - 0.5
    if abs(q) <= 0.425:
        return middle_quantile(q)
    return outer_quantile(share, q)


def middle_quantile(q: float) -> float:
    """The same near the middle, where |q| <= .425 for q = share - .5."""
    r = 0.180625 - q * q
    top = (((((((r * 2509.0809287301226727 + 33430.575583588128105) * r + 67265.770927008700853) * r
        + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
        + 133.14166789178437745) * r + 3.387132872796366608)  # fmt: skip
    low = (((((((r * 5226.495278852545925 + 28729.085735721942674) * r + 39307.89580009271061) * r
        + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
        + 42.313330701600911252) * r + 1.0)  # fmt: skip
    return q * top / low


def outer_quantile(share: float, q: float) -> float:
    """The same far from the middle, where |q| > .425 for q = share - .5."""
    r = math.sqrt(-math.log(share if q < 0.0 else 1.0 - share))
    if r <= 5.0:
        r -= 1.6
        top = (((((((r * 7.7454501427834140764e-4 + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
            + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
            + 4.6303378461565452959) * r + 1.42343711074968357734)  # fmt: skip
        low = (((((((r * 1.05075007164441684324e-9 + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
            + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
            + 2.05319162663775882187) * r + 1.0)  # fmt: skip
    else:
        r -= 5.0
        top = (((((((r * 2.01033439929228813265e-7 + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
            + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
            + 5.4637849111641143699) * r + 6.6579046435011037772)  # fmt: skip
        low = (((((((r * 2.04426310338993978564e-15 + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
            + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
            + 0.59983220655588793769) * r + 1.0)  # fmt: skip
    return -top / low if q < 0.0 else top / low


def log_normal_tail(z: float) -> float:
    """Log of the share of a standard normal above z, also where that share underflows (asymptotic series beyond 30)."""
    if z < 0.0:
        return math.log1p(-0.5 * math.erfc(-z * 0.7071067811865476))
    if z < 30.0:
        return math.log(0.5 * math.erfc(z * 0.7071067811865476))
    r = 1.0 / (z * z)
    return -0.5 * z * z - math.log(z) - 0.9189385332046728 + math.log1p(-r * (1.0 - r * (3.0 - 15.0 * r)))


def normal_tail_quantile(exposure: float) -> float:
    """The z whose upper tail has the log share -exposure (exposure >= 0); Newton where the share itself underflows."""
    if exposure <= 0.0:
        return -NEVER
    if exposure < 700.0:
        share = math.exp(-exposure)
        # Near 1 the share loses the digits that the small tail below still has.
        return -normal_quantile(share) if exposure > 1e-3 else normal_quantile(-math.expm1(-exposure))
    z = math.sqrt(2.0 * exposure)
    for _ in range(4):
        z += (log_normal_tail(z) + exposure) / (z + 1.0 / z)
    return z


def log_gamma_tail(shape: float, x: float) -> float:
    """Log of the regularised upper incomplete gamma function, also where it underflows (Legendre's continued fraction)."""
    if x <= 0.0:
        return 0.0
    if x == NEVER:
        return -NEVER
    share = float(special.gammaincc(shape, x))
    if share > 0.9:
        return math.log1p(-float(special.gammainc(shape, x)))
    if share > 1e-280:
        return math.log(share)
    bottom = x + 1.0 - shape
    ratio, turned = 1e300, 1.0 / bottom
    tail = turned
    for k in range(1, 1000):
        top = k * (shape - k)
        bottom += 2.0
        turned = 1.0 / (top * turned + bottom)
        ratio = bottom + top / ratio
        tail *= ratio * turned
        if abs(ratio * turned - 1.0) < 1e-15:
            break
    return shape * math.log(x) - x - math.lgamma(shape) + math.log(tail)


def gamma_tail_quantile(shape: float, exposure: float) -> float:
    """The x at which `log_gamma_tail` is -exposure; Newton where the share itself underflows."""
    if exposure < 0.1:
        return float(special.gammaincinv(shape, -math.expm1(-exposure)))
    if exposure < 600.0:
        return float(special.gammainccinv(shape, math.exp(-exposure)))
    x = exposure + (shape - 1.0) * math.log(exposure)
    for _ in range(12):
        x += (log_gamma_tail(shape, x) + exposure) * x / (x - shape + 1.0)
    return x


def risen(power: float) -> float:
    """e^power, infinite where that is too large for a float."""
    try:
        return math.exp(power)
    except OverflowError:
        return NEVER


def raised(base: float, power: float) -> float:
    """base^power for base >= 0 and power > 0, infinite where that is too large for a float."""
    try:
        return float(float(base) ** float(power))
    except OverflowError:
        return NEVER


def empirical_survival(cells: Cells, first: int, count: int, age: float) -> float:
    """S(age) of straight lines between quantiles; two quantiles on one day are a jump, taken on that day."""
    if age < cells[first + 1]:
        return 1.0
    for point in range(first + 2, first + 2 * count, 2):
        if age < cells[point + 1]:
            part = (age - cells[point - 1]) / (cells[point + 1] - cells[point - 1])
            return float(1.0 - (cells[point - 2] + part * (cells[point] - cells[point - 2])))
    return float(1.0 - cells[first + 2 * count - 2])


def empirical_age(cells: Cells, first: int, count: int, left: float) -> float:
    """The first age at which S has come down to `left`; never, where the quantiles end above it."""
    gone = 1.0 - left
    last = cells[first + 2 * count - 2]
    if gone > last or (gone == last and last < 1.0):
        return NEVER
    for point in range(first + 2, first + 2 * count, 2):
        if gone <= cells[point]:
            step = cells[point] - cells[point - 2]
            if step <= 0.0:
                return float(cells[point + 1])
            return float(cells[point - 1] + (gone - cells[point - 2]) / step * (cells[point + 1] - cells[point - 1]))
    return float(cells[first + 2 * count - 1])


def age_left(cells: Cells, law: int, left: float) -> float:
    """The age in days at which the share `left` (0 < left < 1) of stays is still open: the inverse of S."""
    kind = cells[law + KIND]
    if kind == EXPONENTIAL:
        return -float(cells[law + SCALE]) * math.log(left)
    if kind == LOGNORMAL:
        return risen(cells[law + SCALE] - cells[law + SHAPE] * normal_quantile(left))
    return other_age_left(cells, law, left)


def ages_left(cells: Cells, law: int, left: Cells, ages: Cells) -> None:
    """`age_left` of many shares at once, shape (n,), to the same last bit: into `ages`, of the same shape."""
    if cells[law + KIND] != LOGNORMAL:
        for k in range(left.size):
            ages[k] = age_left(cells, law, left[k])
        return
    for k in range(left.size):  # without a choice, so that processors do several at a time
        ages[k] = middle_quantile(left[k] - 0.5)
    for k in range(left.size):
        q = left[k] - 0.5
        normal = ages[k] if abs(q) <= 0.425 else outer_quantile(left[k], q)
        ages[k] = risen(cells[law + SCALE] - cells[law + SHAPE] * normal)


def other_age_left(cells: Cells, law: int, left: float) -> float:
    """The same for the less common laws."""
    kind, scale, shape = cells[law + KIND], float(cells[law + SCALE]), float(cells[law + SHAPE])
    if kind == WEIBULL:
        return scale * raised(-math.log(left), 1.0 / shape)
    if kind == LOGLOGISTIC:
        return scale * raised(1.0 / left - 1.0, 1.0 / shape)
    if kind == GAMMA:
        return scale * float(special.gammainccinv(shape, left))
    if kind == EMPIRICAL:
        return empirical_age(cells, int(cells[law + FIRST]), int(cells[law + COUNT]), left)
    if kind == DEADLINE:
        return deadline_age(cells, law, -math.log(left))
    return scale


def plain_exposure(cells: Cells, law: int, age: float) -> float:
    """H(age) of every law but the deadline."""
    kind, scale, shape = cells[law + KIND], float(cells[law + SCALE]), float(cells[law + SHAPE])
    if kind == DETERMINISTIC:
        return NEVER if age >= scale else 0.0
    if age <= 0.0 and kind != EMPIRICAL:
        return 0.0
    if kind == EXPONENTIAL:
        return age / scale
    if kind == WEIBULL:
        return raised(age / scale, shape)
    if kind == LOGNORMAL:
        return -log_normal_tail((math.log(age) - scale) / shape)
    if kind == LOGLOGISTIC:
        odds = raised(age / scale, shape)
        return math.log1p(odds) if odds < NEVER else shape * math.log(age / scale)
    if kind == GAMMA:
        return -log_gamma_tail(shape, age / scale)
    left = empirical_survival(cells, int(cells[law + FIRST]), int(cells[law + COUNT]), age)
    return -math.log(left) if left > 0.0 else NEVER


def plain_age(cells: Cells, law: int, exposure: float) -> float:
    """The inverse of `plain_exposure`."""
    kind, scale, shape = cells[law + KIND], float(cells[law + SCALE]), float(cells[law + SHAPE])
    if kind == EXPONENTIAL:
        return scale * exposure
    if kind == WEIBULL:
        return scale * raised(exposure, 1.0 / shape)
    if kind == LOGNORMAL:
        return risen(scale + shape * normal_tail_quantile(exposure))
    if kind == LOGLOGISTIC:
        if exposure > 700.0:
            return scale * risen(exposure / shape)
        return scale * raised(math.expm1(exposure), 1.0 / shape) if exposure > 0.0 else 0.0
    if kind == GAMMA:
        return scale * gamma_tail_quantile(shape, exposure)
    if kind == EMPIRICAL:
        return empirical_age(cells, int(cells[law + FIRST]), int(cells[law + COUNT]), math.exp(-exposure))
    return scale


def exposure_by(cells: Cells, law: int, age: float) -> float:
    """Cumulative hazard H(age), in [0, inf]."""
    if cells[law + KIND] != DEADLINE:
        return plain_exposure(cells, law, age)
    spike, rest = cells[law + SHAPE], plain_exposure(cells, int(cells[law + FIRST]), age)
    if age >= cells[law + SCALE]:
        return float(rest - math.log1p(-spike)) if spike < 1.0 else NEVER
    gone = (1.0 - spike) * -math.expm1(-rest)
    return -math.log1p(-gone) if gone < 1.0 else NEVER


def age_at(cells: Cells, law: int, exposure: float) -> float:
    """The age at which the exposure H reaches `exposure` (>= 0); never, where H stays below it."""
    if cells[law + KIND] != DEADLINE:
        return plain_age(cells, law, exposure)
    return deadline_age(cells, law, exposure)


def deadline_age(cells: Cells, law: int, exposure: float) -> float:
    """The age at which H of a deadline reaches `exposure`: before, on or after the day of the spike."""
    spike, day, other = cells[law + SHAPE], cells[law + SCALE], int(cells[law + FIRST])
    if spike >= 1.0:
        return float(day)
    rest = plain_exposure(cells, other, day)
    gone, gone_before = -math.expm1(-exposure) / (1.0 - spike), -math.expm1(-rest)
    if gone < gone_before:
        return plain_age(cells, other, -math.log1p(-gone))
    if exposure <= rest - math.log1p(-spike):
        return float(day)
    return plain_age(cells, other, exposure + math.log1p(-spike))


# For the engines: what runs at nearly every stay becomes part of its callers, the rest does not. (`risen` and `raised` are one
# instruction or call there: see `sim.compiling`.)
INLINED = (middle_quantile, normal_quantile, age_left)
APART = (
    ages_left,
    outer_quantile,
    log_normal_tail,
    normal_tail_quantile,
    log_gamma_tail,
    gamma_tail_quantile,
    empirical_survival,
    empirical_age,
    plain_exposure,
    plain_age,
    deadline_age,
    other_age_left,
    exposure_by,
    age_at,
)

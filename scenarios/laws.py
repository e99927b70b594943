"""The arithmetic of dwell laws, written once.

Plain scalar functions over the rows of a table, with `math` and `scipy.special` only: validation calls them as they are, and the
engines compile the same lines (`sojourn.sim.compiling`). A law is known by its survival S(t), the share still there after t days,
and by its cumulative hazard H(t) = -log S(t), the exposure that a stay has used up by then.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv

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

LAW = np.dtype(
    [
        ("kind", "i8"),
        ("scale", "f8"),  # mean (exponential), scale, log median (lognormal), value (deterministic), day (deadline)
        ("shape", "f8"),  # shape, sigma (lognormal), share that leaves on the day (deadline)
        ("first", "i8"),  # empirical: first row in the table of points; deadline: row of the other law
        ("count", "i8"),  # empirical: number of points
    ],
    align=True,
)
POINT = np.dtype([("share", "f8"), ("days", "f8")], align=True)

Table = NDArray[Any]


class Laws(NamedTuple):
    """Laws as rows: `laws` of dtype LAW, `points` (of the empirical ones) of dtype POINT."""

    laws: Table
    points: Table


def normal_quantile(share: float) -> float:
    """The standard normal's quantile, 0 < share < 1, relative error about 1e-16 (Wichura 1988, algorithm AS 241)."""
    q = share - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = (((((((r * 2509.0809287301226727 + 33430.575583588128105) * r + 67265.770927008700853) * r
            + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
            + 133.14166789178437745) * r + 3.387132872796366608)  # fmt: skip
        low = (((((((r * 5226.495278852545925 + 28729.085735721942674) * r + 39307.89580009271061) * r
            + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
            + 42.313330701600911252) * r + 1.0)  # fmt: skip
        return q * top / low
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
    share = float(gammaincc(shape, x))
    if share > 0.9:
        return math.log1p(-float(gammainc(shape, x)))
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
        return float(gammaincinv(shape, -math.expm1(-exposure)))
    if exposure < 600.0:
        return float(gammainccinv(shape, math.exp(-exposure)))
    x = exposure + (shape - 1.0) * math.log(exposure)
    for _ in range(4):
        x += (log_gamma_tail(shape, x) + exposure) * x / (x - shape + 1.0)
    return x


def raised(base: float, power: float) -> float:
    """base^power for base > 0, infinite where that is too large for a float."""
    return float(base**power) if power * math.log(base) < 709.0 else NEVER


def empirical_survival(points: Table, first: int, count: int, age: float) -> float:
    """S(age) of straight lines between quantiles; two quantiles on one day are a jump, taken on that day."""
    if age < points[first]["days"]:
        return 1.0
    for k in range(first + 1, first + count):
        if age < points[k]["days"]:
            here, there = points[k - 1], points[k]
            part = (age - here["days"]) / (there["days"] - here["days"])
            return float(1.0 - (here["share"] + part * (there["share"] - here["share"])))
    return float(1.0 - points[first + count - 1]["share"])


def empirical_age(points: Table, first: int, count: int, left: float) -> float:
    """The first age at which S has come down to `left`; never, where the quantiles end above it."""
    gone = 1.0 - left
    last = points[first + count - 1]["share"]
    if gone > last or (gone == last and last < 1.0):
        return NEVER
    for k in range(first + 1, first + count):
        if gone <= points[k]["share"]:
            here, there = points[k - 1], points[k]
            step = there["share"] - here["share"]
            if step <= 0.0:
                return float(there["days"])
            return float(here["days"] + (gone - here["share"]) / step * (there["days"] - here["days"]))
    return float(points[first + count - 1]["days"])


def age_left(laws: Table, points: Table, row: int, left: float) -> float:
    """The age in days at which the share `left` (0 < left < 1) of stays is still open: the inverse of S."""
    law = laws[row]
    kind = law["kind"]
    if kind == EXPONENTIAL:
        return float(-law["scale"] * math.log(left))
    if kind == LOGNORMAL:
        return math.exp(law["scale"] - law["shape"] * normal_quantile(left))
    if kind == WEIBULL:
        return float(law["scale"] * (-math.log(left)) ** (1.0 / law["shape"]))
    if kind == LOGLOGISTIC:
        return float(law["scale"] * (1.0 / left - 1.0) ** (1.0 / law["shape"]))
    if kind == GAMMA:
        return float(law["scale"] * gammainccinv(law["shape"], left))
    if kind == EMPIRICAL:
        return empirical_age(points, law["first"], law["count"], left)
    if kind == DEADLINE:
        return deadline_age(laws, points, row, -math.log(left))
    return float(law["scale"])


def plain_exposure(laws: Table, points: Table, row: int, age: float) -> float:
    """H(age) of every law but the deadline."""
    law = laws[row]
    kind = law["kind"]
    if kind == DETERMINISTIC:
        return NEVER if age >= law["scale"] else 0.0
    if age <= 0.0 and kind != EMPIRICAL:
        return 0.0
    if kind == EXPONENTIAL:
        return float(age / law["scale"])
    if kind == WEIBULL:
        return raised(age / law["scale"], law["shape"])
    if kind == LOGNORMAL:
        return -log_normal_tail((math.log(age) - law["scale"]) / law["shape"])
    if kind == LOGLOGISTIC:
        odds = raised(age / law["scale"], law["shape"])
        return math.log1p(odds) if odds < NEVER else float(law["shape"] * math.log(age / law["scale"]))
    if kind == GAMMA:
        return -log_gamma_tail(law["shape"], age / law["scale"])
    left = empirical_survival(points, law["first"], law["count"], age)
    return -math.log(left) if left > 0.0 else NEVER


def plain_age(laws: Table, points: Table, row: int, exposure: float) -> float:
    """The inverse of `plain_exposure`."""
    law = laws[row]
    kind = law["kind"]
    if kind == EXPONENTIAL:
        return float(law["scale"] * exposure)
    if kind == WEIBULL:
        return float(law["scale"] * exposure ** (1.0 / law["shape"]))
    if kind == LOGNORMAL:
        return math.exp(law["scale"] + law["shape"] * normal_tail_quantile(exposure))
    if kind == LOGLOGISTIC:
        if exposure > 700.0:
            return float(law["scale"] * math.exp(exposure / law["shape"]))
        return float(law["scale"] * math.expm1(exposure) ** (1.0 / law["shape"]))
    if kind == GAMMA:
        return float(law["scale"] * gamma_tail_quantile(law["shape"], exposure))
    if kind == EMPIRICAL:
        return empirical_age(points, law["first"], law["count"], math.exp(-exposure))
    return float(law["scale"])


def exposure_by(laws: Table, points: Table, row: int, age: float) -> float:
    """Cumulative hazard H(age), in [0, inf]."""
    law = laws[row]
    if law["kind"] != DEADLINE:
        return plain_exposure(laws, points, row, age)
    spike, rest = law["shape"], plain_exposure(laws, points, law["first"], age)
    if age >= law["scale"]:
        return float(rest - math.log1p(-spike)) if spike < 1.0 else NEVER
    gone = (1.0 - spike) * -math.expm1(-rest)
    return -math.log1p(-gone) if gone < 1.0 else NEVER


def age_at(laws: Table, points: Table, row: int, exposure: float) -> float:
    """The age at which the exposure H reaches `exposure` (>= 0); never, where H stays below it."""
    if laws[row]["kind"] != DEADLINE:
        return plain_age(laws, points, row, exposure)
    return deadline_age(laws, points, row, exposure)


def deadline_age(laws: Table, points: Table, row: int, exposure: float) -> float:
    """The age at which H of a deadline reaches `exposure`: before, on or after the day of the spike."""
    law = laws[row]
    spike, day, other = law["shape"], law["scale"], law["first"]
    if spike >= 1.0:
        return float(day)
    rest = plain_exposure(laws, points, other, day)
    gone, gone_before = -math.expm1(-exposure) / (1.0 - spike), -math.expm1(-rest)
    if gone < gone_before:
        return plain_age(laws, points, other, -math.log1p(-gone))
    if exposure <= rest - math.log1p(-spike):
        return float(day)
    return plain_age(laws, points, other, exposure + math.log1p(-spike))


SCALARS = (
    normal_quantile,
    log_normal_tail,
    normal_tail_quantile,
    log_gamma_tail,
    gamma_tail_quantile,
    raised,
    empirical_survival,
    empirical_age,
    plain_exposure,
    plain_age,
    deadline_age,
    age_left,
    exposure_by,
    age_at,
)

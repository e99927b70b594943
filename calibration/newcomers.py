"""When further customers come, as the arrivals of a fit say: what the arrival pattern held out is laid beside."""

import math

import numpy as np

from sojourn.calibration.arrivals import ArrivalsFit
from sojourn.calibration.holdout import Split
from sojourn.calibration.stays import Floats

WEEK = 7


def newcomers(arrivals: ArrivalsFit, split: Split, rng: np.random.Generator) -> Floats:
    """Days of the log at which customers come, drawn anew; shape (customers,), ascending. Empty for a cohort.

    By customer: as many as were held out, at days like those of the others. By time: as many as the arrivals fitted give
    from the split to the end of the log. A steady rate is drawn from what its count leaves open (gamma); where each day was
    taken as it was, weeks are drawn from those seen, because a list of past days does not go on by itself.
    """
    if arrivals.cohort is not None:
        return np.empty(0)
    end = float(split.rest.until.max())
    if split.day is None:
        number = split.rest.customers.size
        if arrivals.daily is None:
            return np.sort(rng.uniform(0.0, min(arrivals.until_day or end, end), number))
        return _on_days(np.array(arrivals.daily), number, rng)
    span = end - split.day
    if arrivals.daily is None:
        if arrivals.until_day is not None and arrivals.until_day <= split.day:
            return np.empty(0)
        seen = split.train.begun.customers.size
        rate = (arrivals.rate_per_day or 0.0) * rng.gamma(seen, 1.0 / seen)
        return np.sort(split.day + rng.uniform(0.0, span, int(rng.poisson(rate * span))))
    rates = _weeks(np.array(arrivals.daily)[: max(math.ceil(split.day), 1)], span, rng)
    counts = rng.poisson(rates)
    days = np.repeat(np.arange(rates.size), counts) + rng.random(int(counts.sum()))
    return np.sort(split.day + days[days < span])


def _weeks(seen: Floats, span: float, rng: np.random.Generator) -> Floats:
    """Rates of further days: whole weeks drawn from those seen, so that days of the week stay in step."""
    number = max(math.ceil(span), 1)
    starts = np.arange(seen.size - WEEK, -1, -WEEK)
    if starts.size < 2:
        return rng.choice(seen, number)
    chosen = rng.choice(starts, -(-number // WEEK))
    return seen[(chosen[:, None] + np.arange(WEEK)).ravel()[:number]]


def _on_days(daily: Floats, number: int, rng: np.random.Generator) -> Floats:
    days = rng.choice(daily.size, number, p=daily / daily.sum())
    return np.sort(days + rng.random(number))

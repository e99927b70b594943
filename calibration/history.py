"""What a customer had lived through when a stay began: visits before, purchases so far, days since the first."""

from typing import NamedTuple

import numpy as np

from sojourn.calibration.covariates import Covariate
from sojourn.calibration.logs import Log
from sojourn.calibration.rows import names_of
from sojourn.calibration.stays import Floats
from sojourn.scenarios.history import PAST

MOST = 10  # visits or purchases beyond which one more is not told apart
LEAST = 20  # stays with so much past, or more, from which it counts as more than the last that has as many


class Column(NamedTuple):
    """One number of each stay, as a regression takes it and as the scenario states it.

    Attributes:
        name: what effects of a scenario call it: one of the past (see `scenarios.history`), a covariate, or "covariate == word".
        values: shape (stays,), what lies above `up_to` cut to it.
        up_to: where it is cut; None where it is not.
        around: where the numbers stated for the exit hold.
        against: of a word: the most frequent one of these stays, which it is compared with.
    """

    name: str
    values: Floats
    up_to: float | None = None
    around: float = 0.0
    against: str | None = None


def past(log: Log, name: str) -> Floats:
    """One kind of past at the beginning of every stay of a log, shape (stays,): "visits", "purchases" or "days_since_first".

    Visits are earlier stays in the same stage; purchases are entries to stages of that role so far, this one's included.
    """
    stays = log.stays
    if name == "days_since_first":
        return np.asarray(stays.entry - log.start[stays.customer], dtype=np.float64)
    if name == "purchases":
        bought = np.isin(stays.stage, [k for k, stage in enumerate(log.stages) if log.roles.get(stage) == "purchase"])
        total = np.cumsum(bought)
        before = np.asarray(total - bought, dtype=np.float64)[log.first[:-1]]
        return np.asarray(total - before[stays.customer], dtype=np.float64)
    order = np.lexsort((np.arange(stays.stage.size), stays.stage, stays.customer))
    who, stage = stays.customer[order], stays.stage[order]
    begins = np.ones(order.size, dtype=np.bool_)
    begins[1:] = (who[1:] != who[:-1]) | (stage[1:] != stage[:-1])
    place = np.arange(order.size)
    visits = np.empty(order.size)
    visits[order] = place - np.maximum.accumulate(np.where(begins, place, 0))
    return visits


def lived(log: Log, per: str) -> Floats | None:
    """What an effect of a scenario counts at the beginning of every stay: of the past, a number, or 1 for its word and 0 else.

    None for what is not in the log; NaN where the log does not say.
    """
    if per in PAST:
        return past(log, per)
    name, _, asked = per.partition(" == ")
    columns = [(one, names_of(one.words, one.name)) for one in log.covariates]
    for one, words in columns:
        if one.name == name and bool(words) == bool(asked):
            return _is(one, words.index(asked) if asked in words else -1) if asked else one.values
    for one, words in columns:  # scenario files have had each of two words as a number of its own
        for k, word in enumerate(words):
            if k and per == f"{one.name}_{word}"[:60]:
                return _is(one, k)
    return None


def known(log: Log, name: str, words: tuple[str, ...]) -> Floats | None:
    """The value of a scenario's trait at the beginning of every stay, of words the place in `words`: -1 for any other.

    None for a trait that is not in the log; NaN where the log does not say.
    """
    for one in log.covariates:
        if words and one.words and one.name == name:
            places = np.array([words.index(word) if word in words else -1 for word in names_of(one.words, name)])
            told = np.isfinite(one.values)
            return np.where(told, places[np.where(told, one.values, 0.0).astype(np.int64)], np.nan)
    return None if words else lived(log, name)


def _is(one: Covariate, word: int) -> Floats:
    return np.where(np.isfinite(one.values), (one.values == word).astype(np.float64), np.nan)


def limited(name: str, values: Floats) -> Column:
    """The past of the stays of one stage as a column, cut where too few have more: beyond that nothing is known."""
    if name == "days_since_first":
        return Column(name, values, float(np.ceil(values.max(initial=0.0))))
    least = int(values.min(initial=0.0))
    counts = np.array([np.sum(values >= k) for k in range(least, least + MOST + 1)])
    limit = float(least + int(np.sum(counts >= LEAST)) - 1) if counts[0] >= LEAST else float(least)
    return Column(name, np.minimum(values, limit), limit, float(least))

"""What is known of customers who buy again and leave without a word: how often they bought, when last, how long watched.

Models of such customers ("buy till you die") need no more than these three numbers of each (Schmittlein et al. 1987).
"""

from typing import NamedTuple

import numpy as np

from sojourn.calibration.logs import Log
from sojourn.calibration.stays import Floats
from sojourn.scenarios.faults import fault


class Histories(NamedTuple):
    """One entry a customer, counted from the customer's first purchase; times in one unit, days by custom.

    Columns of shape (customers,); `weight` says for how many customers an entry stands.
    """

    repeats: Floats  # x: purchases after the first
    recency: Floats  # t_x: time of the last of them, 0 where there is none
    watched: Floats  # T: time to the end of the watching
    weight: Floats

    @property
    def customers(self) -> float:
        """How many customers there are."""
        return float(self.weight.sum())

    @property
    def purchases(self) -> float:
        """How many repeat purchases there are."""
        return float(self.weight @ self.repeats)


def histories(repeats: object, recency: object, watched: object, weight: object = None) -> Histories:
    """Histories from columns (anything that numpy takes), checked, with equal ones counted together.

    Raises:
        Faults: for columns that do not fit together, with the first entry that does not.
    """
    x, t_x, t = np.broadcast_arrays(*(np.asarray(part, dtype=np.float64) for part in (repeats, recency, watched)))
    x, t_x, t = np.atleast_1d(x), np.atleast_1d(t_x), np.atleast_1d(t)
    w = np.ones(x.size) if weight is None else np.asarray(weight, dtype=np.float64)
    if x.ndim != 1 or w.shape != x.shape or not x.size:
        raise fault("histories", "", "the columns are not of one length, or empty", "give one entry a customer in each")
    rules = (
        (~np.isfinite(x + t_x + t + w), "is not finite", "give numbers of purchases and times"),
        ((x < 0.0) | (x != np.floor(x)), "has a number of purchases that is none", "give 0, 1, 2, ..."),
        (
            (x == 0.0) != (t_x == 0.0),
            "has repeat purchases and no time of the last, or the reverse",
            "count from the first",
        ),
        ((t_x < 0.0) | (t_x > t), "bought last outside the time watched", "leave out what came after the watching"),
        (t <= 0.0, "was not watched at all", "leave out who first bought as the watching ended"),
        (w < 0.0, "has a negative weight", "say for how many customers it stands"),
    )
    for wrong, what, remedy in rules:
        if np.any(wrong):
            k = int(np.argmax(wrong))
            raise fault("histories", f"[{k}]", f"entry {k} {what}", remedy, (float(x[k]), float(t_x[k]), float(t[k])))
    rows, place = np.unique(np.stack([x, t_x, t], axis=1), axis=0, return_inverse=True)
    together = np.asarray(np.bincount(np.ravel(place), weights=w, minlength=len(rows)), dtype=np.float64)
    return Histories(rows[:, 0].copy(), rows[:, 1].copy(), rows[:, 2].copy(), together)


def histories_of(log: Log, stage: str) -> Histories:
    """Histories, in days, of all customers who entered a stage of a log: each entry is a purchase, the first not counted.

    Who first bought as the watching ended is left out. Raises Faults where nobody is left.
    """
    rows = log.stays.stage == log.stages.index(stage)
    who, entry = log.stays.customer[rows], log.stays.entry[rows]
    customers, first, count = np.unique(who, return_index=True, return_counts=True)
    begins, last = entry[first], entry[first + count - 1]
    watched = log.until[customers] - begins
    seen = watched > 0.0
    return histories(count[seen] - 1, (last - begins)[seen], watched[seen])


def constant_rate(known: Histories) -> float:
    """Repeat purchases a unit of time and customer, if nobody differed and nobody ever left: purchases over time watched."""
    return known.purchases / float(known.weight @ known.watched)

"""What is known of customers who buy again and leave without a word: how often they bought, when last, how long watched.

Models of such customers ("buy till you die") need no more than these three numbers of each (Schmittlein et al. 1987), and one
more to tell how regular purchases are: the sum of the logs of the times between them.
"""

from typing import NamedTuple

import numpy as np

from sojourn.calibration.logs import Log
from sojourn.calibration.stays import Floats
from sojourn.scenarios.faults import fault

TICK = 1e-6  # days that two purchases are apart at least


class Histories(NamedTuple):
    """One entry a customer, counted from the customer's first purchase; times in one unit, days by custom.

    Columns of shape (customers,); `weight` says for how many customers an entry stands. `logs` is None where nothing asks for it.
    """

    repeats: Floats  # x: purchases after the first
    recency: Floats  # t_x: time of the last of them, 0 where there is none
    watched: Floats  # T: time to the end of the watching
    weight: Floats
    logs: Floats | None = None  # sum of the logs of the times between purchases, 0 where there is one purchase only

    @property
    def log_times(self) -> Floats:
        """The sums of the logs of the times between purchases. Raises Faults where they are not known."""
        if self.logs is None:
            raise fault("histories", "", "the times between purchases are not known", "give the sums of their logs")
        return self.logs

    def scaled(self, unit: float) -> "Histories":
        """The same with times in another unit, so many of this one long."""
        logs = None if self.logs is None else self.logs - self.repeats * np.log(unit)
        return self._replace(recency=self.recency / unit, watched=self.watched / unit, logs=logs)

    def together(self) -> "Histories":
        """Those alike but for the times between purchases as one, at the mean sum of logs: all that a likelihood asks."""
        if self.logs is None:
            return self
        rows, place = np.unique(np.stack(self[:3], axis=1), axis=0, return_inverse=True)
        weight, logs = (
            np.asarray(np.bincount(np.ravel(place), weights=part, minlength=len(rows)), dtype=np.float64)
            for part in (self.weight, self.weight * self.logs)
        )
        x, t_x, t = rows.T.copy()
        return Histories(x, t_x, t, weight, logs / np.maximum(weight, 1e-300))

    @property
    def customers(self) -> float:
        """How many customers there are."""
        return float(self.weight.sum())

    @property
    def purchases(self) -> float:
        """How many repeat purchases there are."""
        return float(self.weight @ self.repeats)


def histories(
    repeats: object, recency: object, watched: object, weight: object = None, logs: object = None
) -> Histories:
    """Histories from columns (anything that numpy takes), checked, with equal ones counted together.

    Raises:
        Faults: for columns that do not fit together, with the first entry that does not.
    """
    x, t_x, t = np.broadcast_arrays(*(np.asarray(part, dtype=np.float64) for part in (repeats, recency, watched)))
    x, t_x, t = np.atleast_1d(x), np.atleast_1d(t_x), np.atleast_1d(t)
    w = np.ones(x.size) if weight is None else np.asarray(weight, dtype=np.float64)
    log = np.zeros(x.size) if logs is None else np.asarray(logs, dtype=np.float64)
    if x.ndim != 1 or w.shape != x.shape or log.shape != x.shape or not x.size:
        raise fault("histories", "", "the columns are not of one length, or empty", "give one entry a customer in each")
    even = x * np.log(np.maximum(t_x / np.maximum(x, 1.0), 1e-300))  # the most that the logs can add up to
    rules = (
        (~np.isfinite(x + t_x + t + w + log), "is not finite", "give numbers of purchases and times"),
        ((x < 0.0) | (x != np.floor(x)), "has a number of purchases that is none", "give 0, 1, 2, ..."),
        (
            (x == 0.0) != (t_x == 0.0),
            "has repeat purchases and no time of the last, or the reverse",
            "count from the first",
        ),
        ((t_x < 0.0) | (t_x > t), "bought last outside the time watched", "leave out what came after the watching"),
        (t <= 0.0, "was not watched at all", "leave out who first bought as the watching ended"),
        (w < 0.0, "has a negative weight", "say for how many customers it stands"),
        ((x == 0.0) & (log != 0.0), "has times between purchases and one purchase only", "give 0 there"),
        (
            (log > even + 1e-9 * (x + np.abs(even))) & (logs is not None),
            "has longer times between purchases than fit before the last of them",
            "give the sum of their logs, in the same unit",
        ),
    )
    for wrong, what, remedy in rules:
        if np.any(wrong):
            k = int(np.argmax(wrong))
            raise fault("histories", f"[{k}]", f"entry {k} {what}", remedy, (float(x[k]), float(t_x[k]), float(t[k])))
    rows, place = np.unique(np.stack([x, t_x, t, log], axis=1), axis=0, return_inverse=True)
    together = np.asarray(np.bincount(np.ravel(place), weights=w, minlength=len(rows)), dtype=np.float64)
    columns = rows.T.copy()
    return Histories(columns[0], columns[1], columns[2], together, None if logs is None else columns[3])


def histories_of(log: Log, stage: str, *, times: bool = False) -> Histories:
    """Histories, in days, of all customers who entered a stage of a log: each entry is a purchase, the first not counted.

    Who first bought as the watching ended is left out. `times` asks for the sums of the logs of the times between purchases, by
    which fewer customers are alike. Raises Faults where nobody is left.
    """
    rows = log.stays.stage == log.stages.index(stage)
    who, entry = log.stays.customer[rows], log.stays.entry[rows]
    customers, first, count = np.unique(who, return_index=True, return_counts=True)
    begins, last = entry[first], entry[first + count - 1]
    watched = log.until[customers] - begins
    seen = watched > 0.0
    if not np.any(seen):
        raise fault(
            log.source,
            f"stage {stage}",
            "nobody was watched after the first purchase",
            "give a longer log, or a later observed_until",
        )
    logs = None
    if times:
        between = np.diff(entry)
        between = np.where(np.diff(who) == 0, np.log(np.maximum(between, TICK)), 0.0)
        logs = np.bincount(np.searchsorted(customers, who[1:]), weights=between, minlength=customers.size)[seen]
    return histories(count[seen] - 1, (last - begins)[seen], watched[seen], logs=logs)


def constant_rate(known: Histories) -> float:
    """Repeat purchases a unit of time and customer, if nobody differed and nobody ever left: purchases over time watched."""
    return known.purchases / float(known.weight @ known.watched)

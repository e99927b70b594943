"""Turns events into stays: which stage a customer was in, from when to when, and what came next."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.mapping import Mapping, history_order
from sojourn.calibration.rows import Rows

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
NOTHING = -1


class Stays(NamedTuple):
    """One row a stay, customer by customer, in the order in which they were lived. Columns of one length.

    `until` is when the stay ended or, where `following` is -1, when the watching did. An entry to an end stage is a
    row too (following -1): it lasts for good.
    """

    customer: Integers  # index into Log.customers
    stage: Integers  # index into Log.stages
    entry: Floats  # days
    until: Floats  # days
    following: Integers  # the next stage, -1 where the stay was still open

    @property
    def days(self) -> Floats:
        """Length of each stay as far as it was seen."""
        return self.until - self.entry


class Sorted(NamedTuple):
    """Stays, and what became of the events that began none."""

    stays: Stays
    repeats: int  # events that belong to a stay already under way
    after_end: int  # events of customers who had reached an end before
    returned: int  # customers who have such events
    only_end: int  # customers whose first event is an end: they were never seen on their way
    homeless: dict[str, int]  # events that mean a stage only after another, and came before it


def meanings(rows: Rows, mapping: Mapping) -> Integers:
    """The stage that each row means, -1 where its event means one only after a stage that has not come yet."""
    names = mapping.names
    code = {value: k for k, value in enumerate(rows.events)}
    plain = np.full(len(rows.events), NOTHING, dtype=np.int64)
    for name, values, after in mapping.rules():
        if after is None:
            for value in values:
                plain[code[value]] = names.index(name)
    stage = plain[rows.event]
    position = np.arange(rows.event.size)
    for name, values, after in history_order(mapping):
        first = np.full(rows.customers.size, rows.event.size, dtype=np.int64)
        held = stage == names.index(after)
        np.minimum.at(first, rows.customer[held], position[held])
        later = np.isin(rows.event, [code[value] for value in values]) & (position > first[rows.customer])
        stage = np.where(later, names.index(name), stage)
    return stage


def sort_stays(rows: Rows, mapping: Mapping) -> Sorted:
    """Stays of all customers. Events that begin no stay are counted, not forgotten."""
    stage = meanings(rows, mapping)
    lost = stage == NOTHING
    homeless = {
        rows.events[k]: int(n) for k, n in enumerate(np.bincount(rows.event[lost], minlength=len(rows.events))) if n
    }
    customer, time, stage = rows.customer[~lost], rows.time[~lost], stage[~lost]
    is_end = np.zeros(len(mapping.names), dtype=np.bool_)
    is_end[len(mapping.stages) :] = True

    # Everything behind a customer's first end.
    ended = is_end[stage]
    first_end = np.full(rows.customers.size, stage.size, dtype=np.int64)
    position = np.arange(stage.size)
    np.minimum.at(first_end, customer[ended], position[ended])
    behind = position > first_end[customer]
    same_end = behind & (stage == stage[np.minimum(first_end[customer], stage.size - 1)]) if stage.size else behind
    after_end = behind & ~same_end
    starts = np.ones(customer.size, dtype=np.bool_)
    starts[1:] = customer[1:] != customer[:-1]
    only_end = np.isin(customer, customer[starts & ended])
    keep = ~behind & ~only_end
    customer_kept, time, stage = customer[keep], time[keep], stage[keep]

    begins = np.ones(customer_kept.size, dtype=np.bool_)
    moves = (customer_kept[1:] != customer_kept[:-1]) | (stage[1:] != stage[:-1])
    silent = np.isin(stage, [mapping.names.index(name) for name in mapping.silent])
    if mapping.repeats == "same stay":
        under_contract = np.isin(stage, [mapping.names.index(name) for name in mapping.contracts])
        begins[1:] = moves | silent[1:] | under_contract[1:]
    if mapping.silent:  # every purchase counts, but two at one moment are one
        begins[1:] &= moves | ~silent[1:] | (time[1:] > time[:-1])
    who, entry, stage = customer_kept[begins], time[begins], stage[begins]
    until = rows.until[who]
    following = np.full(who.size, NOTHING, dtype=np.int64)
    goes_on = who[1:] == who[:-1]
    until[:-1][goes_on] = entry[1:][goes_on]
    following[:-1][goes_on] = stage[1:][goes_on]
    return Sorted(
        stays=Stays(who, stage, entry, until, following),
        repeats=int(np.sum(~begins)) + int(np.sum(same_end & ~only_end)),
        after_end=int(np.sum(after_end & ~only_end)),
        returned=int(np.unique(customer[after_end & ~only_end]).size),
        only_end=int(np.unique(customer[only_end]).size),
        homeless=homeless,
    )

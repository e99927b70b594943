"""What each lever costs: the part of the ledger's cost that would not be there if the lever were free."""

import numpy as np

from sojourn.sim.discounting import Running
from sojourn.sim.journeys import REFERRAL, Floats, Integers, Journeys
from sojourn.sim.money import by_segment, force_of_interest
from sojourn.sim.network import Network


def lever_spending(journeys: Journeys, network: Network, *, discounted: bool) -> dict[str, float]:
    """What each lever costs by the horizon in one replication, in the scenario's currency; a lever at level 0 costs 0.

    Per day, per customer, per customer-day and per referral, each in proportion to the level of the moment and, but for
    the first, where the lever's `when` holds, as `money.book` and `money.overhead` have it. Agents that a lever adds to a
    desk are the desk's cost and not in it.

    Args:
        journeys: one replication.
        network: the network that it was run on.
        discounted: to day 0.
    """
    delta = force_of_interest(network) if discounted else 0.0
    own, horizon = by_segment(network), journeys.horizon
    events, segment = journeys.events, journeys.customers.segment[journeys.who]
    awaited = np.array([not network.scenario.stages[name].end for name in network.stages])[events.stage]
    first, asked = np.flatnonzero(events.sequence == 0), _invitations(journeys)
    spent: dict[str, float] = {}
    for k, name in enumerate(network.levers):
        path = network.path(name)
        cost = [scenario.levers[name].cost for scenario in own]
        held = ((events.held >> k) & 1).astype(np.bool_)
        total = 0.0
        if path[1].any():
            integral = Running(*path, delta)
            total = network.scenario.levers[name].cost.per_day * float(integral(horizon))
            daily = np.array([one.per_customer_day for one in cost])
            if daily.any():
                rows = np.flatnonzero(held & awaited)
                stay = integral(np.minimum(journeys.until[rows], horizon)) - integral(events.time[rows])
                total += float(np.sum(daily[segment[rows]] * stay))
            once = [(first, events.time[first], np.array([one.per_customer for one in cost]))]
            once.append((*asked, np.array([one.per_referral for one in cost])))
            for rows, time, price in once:
                if price.any() and rows.size:
                    level = network.levels(name, time) * np.exp(-delta * time)
                    total += float(np.sum((price[segment[rows]] * level)[held[rows]]))
        spent[name] = total
    return spent


def _invitations(journeys: Journeys) -> tuple[Integers, Floats]:
    """The inviter's row at the time of each invitee's entry, and that time; both of shape (invitees,)."""
    people = journeys.customers
    invited = np.flatnonzero(people.source == REFERRAL)
    inviter = np.searchsorted(people.customer, people.inviter[invited])
    time = people.arrived[invited]
    if not invited.size:
        return invited, time
    starts = np.flatnonzero(journeys.events.sequence == 0)
    ends = np.append(starts[1:], journeys.events.time.size)
    # Rows stand customer by customer: the last row of the inviter's that began by then, found by halving.
    low, high = starts[inviter], ends[inviter] - 1
    while np.any(low < high):
        middle = (low + high + 1) // 2
        begun = journeys.events.time[middle] <= time
        low, high = np.where(begun, middle, low), np.where(begun, high, middle - 1)
    return low, time

"""The fast engine: the same rules as `reference`, scheduled in compiled code, for the same journeys to the last bit.

Where nothing couples customers each is followed alone, from arrival to the end, and after them those whom they invited. Where
customers compete for desks or for room in a market, `coupled` takes events in the order that the reference keeps.
"""

from sojourn.sim import arriving, rules
from sojourn.sim import tables as at
from sojourn.sim.compiling import compiled, patience_asked
from sojourn.sim.coupled import compete, more_people, more_rows
from sojourn.sim.journeys import ARRIVAL, NOT_ASKED, REFERRAL, Floats, Integers
from sojourn.sim.tables import Cells, Crowd, crowd, seeded
from sojourn.sim.timing import time_to_invitation


def run(net: Cells, seed: int, replication: int, candidates: int | None, *, coupled: bool) -> Crowd:
    """One replication; people and log, as many as there are."""
    net = seeded(net, seed, replication)
    with patience_asked("compete" if coupled else "follow"):
        ids, days = arriving.arrivals(net, -1 if candidates is None else candidates)
        room = crowd(net, len(ids) + 16, 3 * len(ids) + 64)
        whole, real, marks, amounts, people, rows = (compete if coupled else follow)(net, room, ids, days)
    return Crowd(whole[:people], real[:people], marks[:rows], amounts[:rows])


@compiled
def follow(
    net: Cells, room: Crowd, ids: Integers, days: Floats
) -> "tuple[Integers, Floats, Integers, Floats, int, int]":
    """Everybody alone, one after the other; the crowd's arrays, how many people, how many rows."""
    whole, real, marks, amounts = room
    people, rows, done = 0, 0, 0
    for n in range(ids.size):
        if people == whole.shape[0]:
            whole, real = more_people(whole, real)
        who = Crowd(whole, real, marks, amounts)
        whole[people, at.NEXT] = rules.born(net, who, people, ids[n], ARRIVAL, -1, 0.0, days[n])
        people += 1
        while done < people:  # the arrival, and then those whom it invited, and whom they invited
            i, now = done, real[done, at.ARRIVED]
            done += 1
            while now <= net[at.HORIZON]:
                if rows == marks.shape[0]:
                    marks, amounts = more_rows(marks, amounts)
                who = Crowd(whole, real, marks, amounts)
                rules.enter(net, who, i, whole[i, at.NEXT], now, rows)
                rows += 1
                delay, to = rules.proceed(net, who, i, now, NOT_ASKED, 0.0, 0.0)
                leaves = now + delay
                here = whole[i, at.HERE]
                if net[here + at.STAGE_INVITES] > 0.0:
                    until = min(leaves, net[at.HORIZON])
                    number, moment = 0, now + time_to_invitation(net, who, i, now, 0)
                    while moment <= until:
                        if people == whole.shape[0]:
                            whole, real = more_people(whole, real)
                            who = Crowd(whole, real, marks, amounts)
                        invite(net, who, i, people, moment)
                        people += 1
                        number += 1
                        moment = moment + time_to_invitation(net, who, i, moment, number)
                whole[i, at.NEXT] = to
                now = leaves
    return whole, real, marks, amounts, people, rows


@compiled
def invite(net: Cells, who: Crowd, i: int, new: int, now: float) -> None:
    """Customer i brings a new one, for whom there is room in the market."""
    who.whole[i, at.INVITATIONS] += 1
    customer = arriving.invitee(net, who.whole[i, at.ID], who.whole[i, at.INVITATIONS])
    bonus = rules.lever_costs(net, who, i, at.LEVER_PER_REFERRAL, now)
    rules.born(net, who, new, customer, REFERRAL, i, bonus, now)
    who.whole[new, at.NEXT] = int(net[who.whole[i, at.HERE] + at.STAGE_ENTERS])

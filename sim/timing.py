"""When something happens whose rate changes on the way: an exit of a race, the next invitation.

With levels that change at known moments, exposure gathers piece by piece: over a piece with log rate eta and pace 1/tau the
age A of the law grows by dt/tau and the exposure by exp(eta) [H(A1) - H(A0)]. The event is due when the exposure reaches the
customer's own threshold, a unit exponential.
"""

import math

from sojourn.scenarios import laws
from sojourn.sim.compiling import compiled
from sojourn.sim.effects import next_change, personal_shift, shift_within, stage_row
from sojourn.sim.streams import INVITING, uniform
from sojourn.sim.tables import Crowd, Tables


@compiled
def interval_at(net: Tables, time: float) -> int:
    """The interval between breaks that holds `time`."""
    interval = 0
    while net.breaks[interval + 1] <= time:
        interval += 1
    return interval


@compiled
def failure_fades(crowd: Crowd, i: int, time: float) -> float:
    """The next moment at which a failure is no longer felt."""
    moment = math.inf
    for k in range(crowd.felt_until.shape[1]):
        if time < crowd.felt_until[i, k] < moment:
            moment = crowd.felt_until[i, k]
    return moment


@compiled
def time_to_exit(net: Tables, crowd: Crowd, i: int, exit: int, now: float, exposure: float) -> float:
    """Days from `now` until an exit's exposure reaches `exposure`; inf where that is beyond the horizon, or never."""
    row = net.exits[exit]
    horizon = net.run[0]["horizon"]
    interval = interval_at(net, now)
    time, age, used = now, 0.0, 0.0
    while True:
        until = min(
            next_change(net, crowd, i, row["terms_first"], row["terms_count"], time, interval),
            next_change(net, crowd, i, row["pace_first"], row["pace_count"], time, interval),
        )
        if row["felt_count"] > 0:
            until = min(until, failure_fades(crowd, i, time))
        rate = math.exp(
            personal_shift(net, crowd, i, exit, time)
            + shift_within(net, crowd, i, row["terms_first"], row["terms_count"], time, interval)
        )
        pace = math.exp(shift_within(net, crowd, i, row["pace_first"], row["pace_count"], time, interval))
        grown = age + (until - time) / pace
        reached = laws.exposure_by(net.laws, net.points, row["dwell"], grown)
        if rate * (reached - used) >= exposure or until == math.inf:
            due = laws.age_at(net.laws, net.points, row["dwell"], used + exposure / rate)
            return (time - now) + (due - age) * pace
        if until > horizon:
            return math.inf
        exposure -= rate * (reached - used)
        time, age, used = until, grown, reached
        while net.breaks[interval + 1] <= time:
            interval += 1


@compiled
def time_to_invitation(net: Tables, crowd: Crowd, i: int, now: float, number: int) -> float:
    """Days from `now` to the next invitation in a referring stage; `number` counts the invitations of this stay from 0."""
    person = crowd.people[i]
    row = net.stages[stage_row(net, crowd, i)]
    visit = crowd.visits[i, person["stage"]]
    exposure = -math.log(uniform(crowd.key, person["id"], person["stage"], INVITING, visit, number))
    interval = interval_at(net, now)
    time = now
    while True:
        until = next_change(net, crowd, i, row["invites_first"], row["invites_count"], time, interval)
        rate = row["invites"] * math.exp(
            shift_within(net, crowd, i, row["invites_first"], row["invites_count"], time, interval)
        )
        if rate * (until - time) >= exposure:
            return float((time - now) + exposure / rate)
        if until > net.run[0]["horizon"]:
            return math.inf
        exposure -= rate * (until - time)
        time = until
        while net.breaks[interval + 1] <= time:
            interval += 1

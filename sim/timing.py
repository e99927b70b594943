"""When something happens whose rate changes on the way: an exit of a race, the next invitation.

With levels that change at known moments, exposure gathers piece by piece: over a piece with log rate eta and pace 1/tau the
age A of the law grows by dt/tau and the exposure by exp(eta) [H(A1) - H(A0)]. The event is due when the exposure reaches the
customer's own threshold, a unit exponential.
"""

import math

from sojourn.scenarios import laws
from sojourn.sim import tables as at
from sojourn.sim.compiling import compiled
from sojourn.sim.effects import next_change, personal_shift, shift_within
from sojourn.sim.streams import INVITING, uniform
from sojourn.sim.tables import Cells, Crowd


@compiled
def interval_at(net: Cells, time: float, interval: int) -> int:
    """The interval between breaks that holds `time`, looked for from an earlier one on."""
    breaks = int(net[at.BREAKS])
    while net[breaks + interval + 1] <= time:
        interval += 1
    return interval


@compiled
def failure_fades(net: Cells, crowd: Crowd, i: int, time: float) -> float:
    """The next moment at which a failure is no longer felt."""
    moment = math.inf
    ends = at.ENTRIES + int(net[at.SINCES_COUNT])
    for k in range(ends, ends + int(net[at.FELT_SLOTS])):
        if time < crowd.real[i, k] < moment:
            moment = crowd.real[i, k]
    return moment


@compiled
def time_to_exit(net: Cells, crowd: Crowd, i: int, exit: int, now: float, exposure: float) -> float:
    """Days from `now` until an exit's exposure reaches `exposure`; inf where that is beyond the horizon, or never."""
    dwell = int(net[exit + at.EXIT_DWELL])
    terms, terms_count = int(net[exit + at.EXIT_TERMS_FIRST]), int(net[exit + at.EXIT_TERMS_COUNT])
    paces, paces_count = int(net[exit + at.EXIT_PACE_FIRST]), int(net[exit + at.EXIT_PACE_COUNT])
    interval = interval_at(net, now, 0)
    time, age, used = now, 0.0, 0.0
    while True:
        until = next_change(net, crowd, i, terms, terms_count, time, interval)
        until = min(until, next_change(net, crowd, i, paces, paces_count, time, interval))
        if net[exit + at.EXIT_FELT_COUNT] > 0.0:
            until = min(until, failure_fades(net, crowd, i, time))
        shift = personal_shift(net, crowd, i, exit, time)
        rate = math.exp(shift + shift_within(net, crowd, i, terms, terms_count, time, interval))
        pace = math.exp(shift_within(net, crowd, i, paces, paces_count, time, interval))
        if until == math.inf:
            due = laws.age_at(net, dwell, used + exposure / rate)
            return (time - now) + (due - age) * pace
        grown = age + (until - time) / pace
        reached = laws.exposure_by(net, dwell, grown)
        if rate * (reached - used) >= exposure:
            due = laws.age_at(net, dwell, used + exposure / rate)
            return (time - now) + (due - age) * pace
        if until > net[at.HORIZON]:
            return math.inf
        exposure -= rate * (reached - used)
        time, age, used = until, grown, reached
        interval = interval_at(net, time, interval)


@compiled
def time_to_invitation(net: Cells, crowd: Crowd, i: int, now: float, number: int) -> float:
    """Days from `now` to the next invitation in a referring stage; `number` counts the invitations of this stay from 0."""
    here, stage = crowd.whole[i, at.HERE], crowd.whole[i, at.STAGE]
    terms, count = int(net[here + at.STAGE_INVITES_FIRST]), int(net[here + at.STAGE_INVITES_COUNT])
    visit = crowd.whole[i, at.VISITS + stage]
    exposure = -math.log(uniform(net, crowd.whole[i, at.ID], stage, INVITING, visit, number))
    interval = interval_at(net, now, 0)
    time = now
    while True:
        until = next_change(net, crowd, i, terms, count, time, interval)
        rate = net[here + at.STAGE_INVITES] * math.exp(shift_within(net, crowd, i, terms, count, time, interval))
        if rate * (until - time) >= exposure:
            return float((time - now) + exposure / rate)
        if until > net[at.HORIZON]:
            return math.inf
        exposure -= rate * (until - time)
        time = until
        interval = interval_at(net, time, interval)

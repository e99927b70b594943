"""When something happens whose rate changes on the way: an exit of a race, the next invitation.

With levels that change at known moments, exposure gathers piece by piece: over a piece with log rate eta and pace 1/tau the
age A of the law grows by dt/tau (times a speed of the customer's own) and the exposure by exp(eta) [H(A1) - H(A0)]. The event is
due when the exposure reaches the customer's own threshold, a unit exponential.
"""

import math

from sojourn.scenarios import laws
from sojourn.sim import tables as at
from sojourn.sim.compiling import apart, compiled
from sojourn.sim.effects import next_change, personal_shift, shift_within
from sojourn.sim.streams import INVITING, uniform
from sojourn.sim.tables import Cells, Customer


@compiled
def interval_at(net: Cells, time: float, interval: int) -> int:
    """The interval between breaks that holds `time`, looked for from an earlier one on."""
    breaks = int(net[at.BREAKS])
    while net[breaks + interval + 1] <= time:
        interval += 1
    return interval


@compiled
def failure_fades(net: Cells, me: Customer, time: float) -> float:
    """The next moment at which a failure is no longer felt."""
    moment = math.inf
    ends = at.ENTRIES + int(net[at.SINCES_COUNT])
    for k in range(ends, ends + int(net[at.FELT_SLOTS])):
        if time < me.real[k] < moment:
            moment = me.real[k]
    return moment


@apart
def time_to_exit(net: Cells, me: Customer, exit: int, now: float, exposure: float, speed: float) -> float:
    """Days from `now` until an exit's exposure reaches `exposure`; inf where that is beyond the horizon, or never.

    The age of the law is that of the stay times `speed`, 1 where customers do not differ in it.
    """
    dwell = int(net[exit + at.EXIT_DWELL])
    terms, terms_count = int(net[exit + at.EXIT_TERMS_FIRST]), int(net[exit + at.EXIT_TERMS_COUNT])
    paces, paces_count = int(net[exit + at.EXIT_PACE_FIRST]), int(net[exit + at.EXIT_PACE_COUNT])
    # A stay that began before day 0 is conditional on having lasted so long: its exposure starts where it is by then.
    age, used = float(me.real[at.AGE]) * speed, 0.0
    if age > 0.0:
        used = laws.exposure_by(net, dwell, age)
        if used == math.inf:  # older than its law allows
            return 0.0
    if terms_count == 0 and paces_count == 0 and net[exit + at.EXIT_FELT_COUNT] == 0.0:
        due = laws.age_at(net, dwell, used + exposure / math.exp(personal_shift(net, me, exit, now)))
        return (float(max(due - age, 0.0)) if age > 0.0 else due) / speed
    interval = interval_at(net, now, 0)
    time = now
    while True:
        until = next_change(net, me, terms, terms_count, time, interval)
        until = min(until, next_change(net, me, paces, paces_count, time, interval))
        if net[exit + at.EXIT_FELT_COUNT] > 0.0:
            until = min(until, failure_fades(net, me, time))
        shift = personal_shift(net, me, exit, time)
        rate = math.exp(shift + shift_within(net, me, terms, terms_count, time, interval))
        pace = math.exp(shift_within(net, me, paces, paces_count, time, interval)) / speed
        if until == math.inf:
            due = laws.age_at(net, dwell, used + exposure / rate)
            return (time - now) + max(due - age, 0.0) * pace
        grown = age + (until - time) / pace
        reached = laws.exposure_by(net, dwell, grown)
        if rate * (reached - used) >= exposure:
            due = laws.age_at(net, dwell, used + exposure / rate)
            return (time - now) + max(due - age, 0.0) * pace
        if until > net[at.HORIZON]:
            return math.inf
        exposure -= rate * (reached - used)
        time, age, used = until, grown, reached
        interval = interval_at(net, time, interval)


@apart
def time_to_invitation(net: Cells, me: Customer, now: float, number: int) -> float:
    """Days from `now` to the next invitation in a referring stage; `number` counts the invitations of this stay from 0."""
    here, stage = me.whole[at.HERE], me.whole[at.STAGE]
    terms, count = int(net[here + at.STAGE_INVITES_FIRST]), int(net[here + at.STAGE_INVITES_COUNT])
    visit = me.whole[at.VISITS + stage]
    exposure = -math.log(uniform(net, me.whole[at.ID], stage, INVITING, visit, number))
    interval = interval_at(net, now, 0)
    time = now
    while True:
        until = next_change(net, me, terms, count, time, interval)
        rate = net[here + at.STAGE_INVITES] * math.exp(shift_within(net, me, terms, count, time, interval))
        if rate * (until - time) >= exposure:
            return float((time - now) + exposure / rate)
        if until > net[at.HORIZON]:
            return math.inf
        exposure -= rate * (until - time)
        time = until
        interval = interval_at(net, time, interval)

"""Stays that began before day 0: what is known of them and of their customers, and how they go on (see `openers`)."""

import math

from sojourn.scenarios import laws
from sojourn.sim import tables as at
from sojourn.sim.compiling import apart, compiled
from sojourn.sim.effects import levers_held, opener_row
from sojourn.sim.journeys import NOT_ASKED
from sojourn.sim.streams import STAY_TRAITS, uniform
from sojourn.sim.tables import Cells, Customer


@apart
def recall(net: Cells, me: Customer) -> int:
    """Give a customer who is on the way on day 0 the past that is known; returns the stage."""
    whole, real, row = me.whole, me.real, opener_row(net, me)
    if not math.isnan(net[row + at.OPENER_FRAILTY]):
        real[at.FRAILTY] = net[row + at.OPENER_FRAILTY]
    real[at.ARRIVED] = net[row + at.OPENER_ARRIVED]
    whole[at.PURCHASES] = int(net[row + at.OPENER_PURCHASES])
    real[at.SPEND] = net[row + at.OPENER_SPEND]
    real[at.INFORMATION] = net[row + at.OPENER_INFORMATION]
    stages = int(net[at.STAGES])
    for stage in range(stages):
        whole[at.VISITS + stage] = int(net[row + at.OPENER_HISTORY + stage])
    for slot in range(int(net[at.SINCES_COUNT])):
        stage = int(net[int(net[at.SINCES]) + slot])
        real[at.ENTRIES + slot] = net[row + at.OPENER_HISTORY + stages + stage]
    return int(net[row + at.OPENER_STAGE])


@apart
def resume(net: Cells, me: Customer, time: float) -> None:
    """A stay that began before day 0 goes on: it is written down with its own day, and brings and costs nothing more."""
    whole, real = me.whole, me.real
    whole[at.VISITS + whole[at.STAGE]] -= 1  # the stay is one of those that are known
    real[at.AGE] = net[opener_row(net, me) + at.OPENER_AGE]
    real[at.ENTERED] = time - real[at.AGE]
    real[at.REVENUE] = real[at.COST] = 0.0
    if net[at.STAY_TRAITS] > 0.0:
        draw_stay_traits(net, me)
    if net[at.CONDITIONAL] > 0.0:
        whole[at.HELD] = levers_held(net, me, time)
    whole[at.CONTACT] = NOT_ASKED
    real[at.WAITED] = real[at.HANDLED] = real[at.BORNE] = 0.0


@compiled
def resumes(net: Cells, me: Customer) -> bool:
    """Whether a stay began before day 0."""
    return bool(net[at.OPENERS_COUNT] > 0.0 and me.whole[at.SEQUENCE] == 0 and me.whole[at.ID] >= at.OPENERS)


@apart
def draw_stay_traits(net: Cells, me: Customer) -> None:
    """What is known of a stay, each from the law of its stage; of one that began before day 0 it may be known already."""
    count, stage = int(net[at.TRAITS_COUNT]), me.whole[at.STAGE]
    first = at.ENTRIES + int(net[at.SINCES_COUNT]) + int(net[at.FELT_SLOTS])
    laws_of = int(net[at.STAY_TRAIT_ROWS]) + int(me.whole[at.SEGMENT] * int(net[at.STAGES]) + stage) * count
    for k in range(count):
        if net[laws_of + k] < 0.0:
            continue
        left = uniform(net, me.whole[at.ID], stage, STAY_TRAITS, me.whole[at.VISITS + stage], k)
        me.real[first + k] = laws.age_left(net, int(net[laws_of + k]), left)
        if resumes(net, me):
            known = net[opener_row(net, me) + int(net[at.OPENERS_WIDTH]) - count + k]
            if not math.isnan(known):
                me.real[first + k] = known

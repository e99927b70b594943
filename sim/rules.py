"""Every decision about a customer, once: what happens at birth, on entry to a stage, when the wait ends, and where it leads.

Engines only deliver events: they call these with a customer and the time, and schedule what comes back as a delay. Compiled with
numba and callable from Python. What runs at every stay is inlined and asks flags of the network before it does anything that not
every scenario has; the rest stands in functions of its own.
"""

import math

import numpy as np

from sojourn.scenarios import laws
from sojourn.sim import tables as at
from sojourn.sim.choosing import as_stated, choose, odds_now, pace, race, rest_of_choice, stay
from sojourn.sim.compiling import apart, compiled, inlined
from sojourn.sim.effects import (
    fulfils,
    level_at,
    levers_held,
    opener_row,
    own_lever,
    shift_now,
)
from sojourn.sim.journeys import ARRIVAL, NOT_ASKED, REFERRAL, RENEGED, UNRESOLVED
from sojourn.sim.resuming import draw_stay_traits, recall, resume, resumes
from sojourn.sim.streams import INHERITING, MONEY, SERVICE, TOUCHING, TRAITS, pair, uniform, words
from sojourn.sim.tables import INVITEES, Cells, Customer


@compiled
def clamped(points: float) -> float:
    """Satisfaction, expectation and performance live between 0 and 100."""
    return min(max(points, 0.0), 100.0)


@compiled
def drawn(net: Cells, first: int, width: int, count: int, chance: float) -> int:
    """The number of the row into which a uniform falls; the first column of the rows holds cumulative shares."""
    for k in range(count - 1):
        if chance < net[first + k * width]:
            return k
    return count - 1


@compiled
def segment_row(net: Cells, me: Customer) -> int:
    """The place of the customer's segment."""
    return int(net[at.SEGMENT_ROWS]) + int(me.whole[at.SEGMENT]) * at.SEGMENT_WIDTH


@compiled
def desk_row(net: Cells, me: Customer, desk: int) -> int:
    """The place of a desk as the customer's segment meets it."""
    return int(net[at.DESK_ROWS]) + (int(me.whole[at.SEGMENT]) * int(net[at.DESKS]) + desk) * at.DESK_WIDTH


@inlined
def born(net: Cells, me: Customer, customer: int, time: float) -> int:
    """Make `me` a new customer who arrives, whoever it was before; returns the stage where arrivals start."""
    whole, real = me.whole, me.real
    whole[at.ID] = whole[at.ROOT] = customer
    whole[at.INVITER] = -1
    whole[at.SOURCE] = ARRIVAL
    whole[at.SEGMENT] = 0
    whole[at.SEQUENCE] = -1
    whole[at.HELD] = int(net[at.ALWAYS])
    whole[at.PURCHASES] = whole[at.INVITATIONS] = whole[at.QUEUED] = 0
    whole[at.CONTACT] = NOT_ASKED
    real[at.ARRIVED] = time
    real[at.BONUS] = real[at.FRAILTY] = real[at.SPEND] = real[at.BORNE] = real[at.INFORMATION] = 0.0
    real[at.VALUE], real[at.WORTH] = 0.5, 1.0
    real[at.START] = real[at.SATISFACTION] = real[at.EXPECTATION] = math.nan
    real[at.AGE] = real[at.WHICH] = 0.0
    real[at.DAYS] = -1.0
    forget(me)
    if customer >= at.OPENERS:
        return recalled(net, me)
    starts, count = int(net[at.STARTS_FIRST]), int(net[at.STARTS_COUNT])
    plain = not (net[at.SEGMENTS] > 1.0 or net[at.FRAIL] > 0.0 or net[at.SATISFIED] > 0.0 or net[at.VALUED] > 0.0)
    plain = plain and not net[at.TRAITS_COUNT] > 0.0
    if plain and count == 1:
        return int(net[starts + at.START_STAGE])
    return shaped(net, me, starts, count)


@apart
def forget(me: Customer) -> None:
    """No stage has been entered yet, no failure is felt."""
    for k in range(at.VISITS, me.whole.size):
        me.whole[k] = 0
    for k in range(at.ENTRIES, me.real.size):
        me.real[k] = -math.inf


@apart
def shaped(net: Cells, me: Customer, starts: int, count: int) -> int:
    """Give a new customer its traits; returns the stage where arrivals start."""
    whole = me.whole
    of_segment, of_start = pair(net, whole[at.ID], 0, TRAITS, 0, 0)
    whole[at.SEGMENT] = drawn(net, int(net[at.SEGMENT_ROWS]), at.SEGMENT_WIDTH, int(net[at.SEGMENTS]), of_segment)
    give_traits(net, me)
    chosen = drawn(net, starts, at.START_WIDTH, count, of_start)
    return int(net[starts + chosen * at.START_WIDTH + at.START_STAGE])


@apart
def give_traits(net: Cells, me: Customer) -> None:
    """What customers of a segment differ in: frailty, value, satisfaction and expectation."""
    whole, real = me.whole, me.real
    of_frailty, of_satisfaction = pair(net, whole[at.ID], 0, TRAITS, 0, 1)
    if net[at.FRAIL] > 0.0:
        real[at.FRAILTY] = laws.normal_quantile(of_frailty)
    draw_traits(net, me)
    segment = segment_row(net, me)
    of_expectation, of_value = pair(net, whole[at.ID], 0, TRAITS, 0, 2)
    if net[at.VALUED] > 0.0:
        sigma = net[segment + at.SEGMENT_SIGMA]
        real[at.VALUE] = of_value
        real[at.WORTH] = math.exp(sigma * laws.normal_quantile(of_value) - 0.5 * sigma * sigma)
    if net[segment + at.SEGMENT_SATISFIED] == 1.0:
        start, spread = net[segment + at.SEGMENT_START], net[segment + at.SEGMENT_START_SD]
        real[at.START] = real[at.SATISFACTION] = clamped(start + spread * laws.normal_quantile(of_satisfaction))
        expects, spread = net[segment + at.SEGMENT_EXPECTS], net[segment + at.SEGMENT_EXPECTS_SD]
        real[at.EXPECTATION] = clamped(expects + spread * laws.normal_quantile(of_expectation))


@apart
def recalled(net: Cells, me: Customer) -> int:
    """Give a customer who is on the way on day 0 the traits and the past that are known; returns the stage."""
    me.whole[at.SEGMENT] = int(net[opener_row(net, me) + at.OPENER_SEGMENT])
    if net[at.FRAIL] > 0.0 or net[at.SATISFIED] > 0.0 or net[at.VALUED] > 0.0 or net[at.TRAITS_COUNT] > 0.0:
        give_traits(net, me)
    return recall(net, me)


@apart
def draw_traits(net: Cells, me: Customer) -> None:
    """What is known of customers, each from the law that the customer's segment has for it; what stays have comes with them."""
    count = int(net[at.TRAITS_COUNT])
    first = at.ENTRIES + int(net[at.SINCES_COUNT]) + int(net[at.FELT_SLOTS])
    laws_of = int(net[at.TRAIT_ROWS]) + int(me.whole[at.SEGMENT]) * count
    for k in range(count):
        if net[laws_of + k] < 0.0:
            continue
        left = uniform(net, me.whole[at.ID], 0, TRAITS, 1, k)
        me.real[first + k] = laws.age_left(net, int(net[laws_of + k]), left)
        if me.whole[at.ID] >= at.OPENERS:
            known = net[opener_row(net, me) + int(net[at.OPENERS_WIDTH]) - count + k]
            if not math.isnan(known):
                me.real[first + k] = known


@apart
def next_invitee(net: Cells, me: Customer) -> int:
    """The id of the next person whom a customer invites: 62 bits of Philox, the same under every strategy."""
    me.whole[at.INVITATIONS] += 1
    a, b, _, _ = words(net, me.whole[at.ID], 0, INHERITING, 0, me.whole[at.INVITATIONS])
    return INVITEES + int(np.int64((a << np.uint64(32) | b) >> np.uint64(2))) // 2


@apart
def brought(net: Cells, me: Customer, inviter: Customer, customer: int, time: float) -> int:
    """Make `me` a new customer whom `inviter` brings; returns the stage where invitees come in."""
    bonus = lever_costs(net, inviter, at.LEVER_PER_REFERRAL, time)
    born(net, me, customer, time)
    me.real[at.BONUS] = bonus
    me.whole[at.SOURCE] = REFERRAL
    me.whole[at.ROOT] = inviter.whole[at.ROOT]
    me.whole[at.INVITER] = inviter.whole[at.ID]
    return int(net[inviter.whole[at.HERE] + at.STAGE_ENTERS])


@inlined
def enter(net: Cells, me: Customer, stage: int, time: float) -> int:
    """A customer enters a stage: counts and money. Returns the desk that is asked for help, -1 for none."""
    whole, real = me.whole, me.real
    here = int(net[at.STAGE_ROWS]) + (whole[at.SEGMENT] * int(net[at.STAGES]) + stage) * at.STAGE_WIDTH
    whole[at.STAGE] = stage
    whole[at.HERE] = here
    whole[at.SEQUENCE] += 1
    whole[at.VISITS + stage] += 1
    real[at.ENTERED] = time
    if net[at.OPENERS_COUNT] > 0.0:
        real[at.AGE] = 0.0
        if resumes(net, me):
            resume(net, me, time)
            return -1
    if not net[at.BARE] > 0.0:
        if net[at.STAY_TRAITS] > 0.0:
            draw_stay_traits(net, me)
        if net[at.SINCES_COUNT] > 0.0:
            remember(net, me, stage, time)
        if net[here + at.STAGE_PURCHASE] > 0.0:
            whole[at.PURCHASES] += 1
        if net[at.CONDITIONAL] > 0.0:
            whole[at.HELD] = levers_held(net, me, time)
        if net[at.INFORMED] > 0.0 and net[here + at.STAGE_GATHERS] > -math.inf:
            learn(net, me, time)
            if net[at.CONDITIONAL] > 0.0:
                whole[at.HELD] = levers_held(net, me, time)
        if net[at.PAID] > 0.0:
            pay(net, me, time)
            if net[at.CONDITIONAL] > 0.0 and real[at.REVENUE] != 0.0:
                whole[at.HELD] = levers_held(net, me, time)
    if net[at.SERVED] > 0.0:
        whole[at.CONTACT] = NOT_ASKED
        real[at.WAITED] = real[at.HANDLED] = real[at.BORNE] = 0.0
        if net[here + at.STAGE_DESK] >= 0.0:
            return asks(net, me, time)
    return -1


@apart
def remember(net: Cells, me: Customer, stage: int, time: float) -> None:
    """When this stage was last entered, for windows that open then."""
    for slot in range(int(net[at.SINCES_COUNT])):
        if net[int(net[at.SINCES]) + slot] == stage:
            me.real[at.ENTRIES + slot] = time


@apart
def learn(net: Cells, me: Customer, time: float) -> None:
    """What a stage learns about a customer: I' = I + g (1 - I), a share g of what is still unknown."""
    here = me.whole[at.HERE]
    terms, count = int(net[here + at.STAGE_GATHERS_FIRST]), int(net[here + at.STAGE_GATHERS_COUNT])
    logit = net[here + at.STAGE_GATHERS] + shift_now(net, me, terms, count, time)
    me.real[at.INFORMATION] += (1.0 - me.real[at.INFORMATION]) / (1.0 + math.exp(-logit))


@apart
def pay(net: Cells, me: Customer, time: float) -> None:
    """What an entry brings and costs."""
    whole, real, here = me.whole, me.real, me.whole[at.HERE]
    revenue = cost = 0.0
    if net[here + at.STAGE_PAID] > 0.0:
        cost = net[here + at.STAGE_ACQUISITION]
        of_money = int(net[here + at.STAGE_REVENUE]), int(net[here + at.STAGE_COST])
        if of_money[0] >= 0 or of_money[1] >= 0:
            visit = whole[at.VISITS + whole[at.STAGE]]
            of_revenue, of_cost = pair(net, whole[at.ID], whole[at.STAGE], MONEY, visit, 0)
            if of_money[0] >= 0:
                spend, count = int(net[here + at.STAGE_SPEND_FIRST]), int(net[here + at.STAGE_SPEND_COUNT])
                ratio = net[segment_row(net, me) + at.SEGMENT_SPEND] * real[at.WORTH]
                ratio *= math.exp(shift_now(net, me, spend, count, time))
                revenue = laws.age_left(net, of_money[0], of_revenue) * ratio
            if of_money[1] >= 0:
                cost += laws.age_left(net, of_money[1], of_cost)
    if whole[at.SEQUENCE] == 0:
        cost += real[at.BONUS] + lever_costs(net, me, at.LEVER_PER_CUSTOMER, time)
    real[at.SPEND] += revenue
    real[at.REVENUE] = revenue
    real[at.COST] = cost


@apart
def asks(net: Cells, me: Customer, time: float) -> int:
    """Whether a customer asks the stage's desk for help on entry: its number, -1 if not."""
    whole, here = me.whole, me.whole[at.HERE]
    desk = int(net[here + at.STAGE_DESK])
    chance, _ = pair(net, whole[at.ID], whole[at.STAGE], SERVICE, whole[at.VISITS + whole[at.STAGE]], 0)
    terms, count = int(net[here + at.STAGE_ASKS_FIRST]), int(net[here + at.STAGE_ASKS_COUNT])
    logit = net[here + at.STAGE_ASKS] + shift_now(net, me, terms, count, time)
    return desk if chance * (1.0 + math.exp(-logit)) < 1.0 else -1


@apart
def lever_costs(net: Cells, me: Customer, column: int, time: float) -> float:
    """What the levers held cost now, by one of the columns of their rows, in proportion to their levels."""
    cost = 0.0
    for k in range(int(net[at.LEVERS])):
        price = net[int(net[at.LEVER_ROWS]) + own_lever(net, me, k) * at.LEVER_WIDTH + column]
        if price != 0.0 and me.whole[at.HELD] >> k & 1:
            cost += price * level_at(net, k, time)
    return cost


@inlined
def settle(net: Cells, me: Customer, time: float) -> None:
    """Waiting and service, if any, are over: failures are felt, the touchpoint moves satisfaction."""
    if me.whole[at.CONTACT] != NOT_ASKED:
        experience(net, me, time)
    if not net[at.BARE] > 0.0 and not resumes(net, me):
        if me.whole[at.CONTACT] == NOT_ASKED and net[me.whole[at.HERE] + at.STAGE_TOUCHED] > 0.0:
            experience(net, me, time)
        if net[at.CONDITIONAL] > 0.0:
            me.whole[at.HELD] = levers_held(net, me, time)


@apart
def experience(net: Cells, me: Customer, time: float) -> None:
    """What a contact and a touchpoint do to a customer."""
    worse = 0.0
    if me.whole[at.CONTACT] != NOT_ASKED:
        number = int(net[me.whole[at.HERE] + at.STAGE_DESK])
        desk = desk_row(net, me, number)
        me.real[at.BORNE] = max(me.real[at.WAITED] - net[desk + at.DESK_TOLERANCE], 0.0)
        worse = net[desk + at.DESK_PER_DAY_WAITED] * me.real[at.BORNE]
        if me.whole[at.CONTACT] in (RENEGED, UNRESOLVED):
            worse += net[desk + at.DESK_PER_FAILURE]
            if net[desk + at.DESK_FAILURE_DAYS] > 0.0:
                feel_failure(net, me, number, time + net[desk + at.DESK_FAILURE_DAYS])
    if net[me.whole[at.HERE] + at.STAGE_TOUCHED] > 0.0:
        touch(net, me, time, worse)


@apart
def feel_failure(net: Cells, me: Customer, desk: int, until: float) -> None:
    """Remember a failure until it fades, in place of the one that fades first."""
    ends, desks = at.ENTRIES + int(net[at.SINCES_COUNT]), at.VISITS + int(net[at.STAGES])
    slot = 0
    for k in range(1, int(net[at.FELT_SLOTS])):
        if me.real[ends + k] < me.real[ends + slot]:
            slot = k
    me.real[ends + slot] = until
    me.whole[desks + slot] = desk


@apart
def touch(net: Cells, me: Customer, time: float, worse: float) -> None:
    """Let a touchpoint's performance P against expectation E move satisfaction S (Oliver 1980; Boulding et al. 1993).

    Losses count more than gains: S' = S + w (S0 - S) + a [(P - E)+ - lambda (E - P)+], E' = E + k (P - E), all from 0 to 100.
    """
    here, segment, real = me.whole[at.HERE], segment_row(net, me), me.real
    terms, count = int(net[here + at.STAGE_POINTS_FIRST]), int(net[here + at.STAGE_POINTS_COUNT])
    performance = net[here + at.STAGE_PERFORMANCE] - worse + shift_now(net, me, terms, count, time)
    if net[here + at.STAGE_SPREAD] > 0.0:
        stage = me.whole[at.STAGE]
        luck, _ = pair(net, me.whole[at.ID], stage, TOUCHING, me.whole[at.VISITS + stage], 0)
        performance += net[here + at.STAGE_SPREAD] * laws.normal_quantile(luck)
    gap = clamped(performance) - real[at.EXPECTATION]
    felt = gap if gap > 0.0 else net[segment + at.SEGMENT_AVERSION] * gap
    back = net[segment + at.SEGMENT_RECOVERY] * (real[at.START] - real[at.SATISFACTION])
    real[at.SATISFACTION] = clamped(real[at.SATISFACTION] + back + net[segment + at.SEGMENT_GAIN] * felt)
    real[at.EXPECTATION] = clamped(real[at.EXPECTATION] + net[segment + at.SEGMENT_LEARNING] * gap)


@inlined
def depart(net: Cells, me: Customer, time: float) -> "tuple[float, int]":
    """The dwell starts: days until the customer leaves the stage, and for where; inf and -1 if never."""
    here = me.whole[at.HERE]
    if net[here + at.STAGE_KIND] == at.END:
        return math.inf, -1
    if net[here + at.STAGE_KIND] == at.RACE:
        return race(net, me, time)
    if me.real[at.AGE] > 0.0:
        return rest_of_choice(net, me, time)
    which, how_long = stay(net, me)
    chosen = int(net[here + at.STAGE_EXITS_FIRST])
    count = int(net[here + at.STAGE_EXITS_COUNT])
    if count == 2:
        odds = net[here + at.STAGE_ODDS] if as_stated(net, me) else odds_now(net, me, time)
        if which * (1.0 + odds) >= 1.0:
            chosen += at.EXIT_WIDTH
    elif count > 2:
        chosen = choose(net, me, time)
    days = me.real[at.DAYS]
    me.real[at.DAYS] = -1.0
    if days < 0.0:
        days = laws.age_left(net, int(net[chosen + at.EXIT_DWELL]), how_long)
    if net[chosen + at.EXIT_PACE_COUNT] > 0.0:
        days *= pace(net, me, chosen, time)
    return days, int(net[chosen + at.EXIT_TO])


@inlined
def proceed(net: Cells, me: Customer, time: float) -> "tuple[float, int]":
    """`settle`, then `depart`: one call for engines."""
    settle(net, me, time)
    return depart(net, me, time)


@apart
def rank_at_desk(net: Cells, me: Customer, desk: int, time: float) -> int:
    """Priority: the first of the desk's conditions that the customer meets; 0 is served first, then by request time and id."""
    row = desk_row(net, me, desk)
    ranks = int(net[row + at.DESK_RANKS_COUNT])
    for k in range(ranks):
        rank = int(net[row + at.DESK_RANKS_FIRST]) + k * at.RANK_WIDTH
        codes, count = int(net[rank + at.RANK_CODES_FIRST]), int(net[rank + at.RANK_CODES_COUNT])
        if fulfils(net, me, codes, count, time):
            return k
    return ranks


@apart
def agents_at(net: Cells, desk: int, time: float) -> int:
    """Agents on duty, whole ones. When they fall, contacts under way are finished."""
    row = int(net[at.DESK_ROWS]) + desk * at.DESK_WIDTH
    agents = 0
    step = int(net[row + at.DESK_AGENTS_FIRST])
    for _ in range(int(net[row + at.DESK_AGENTS_COUNT])):
        if net[step + at.AGENTS_DAY] > time:
            break
        agents = int(net[step + at.AGENTS_NUMBER])
        step += at.AGENTS_WIDTH
    return agents


@apart
def patience(net: Cells, me: Customer, desk: int) -> float:
    """Days that a caller waits before giving up; inf for ever."""
    law = int(net[desk_row(net, me, desk) + at.DESK_PATIENCE])
    if law < 0:
        return math.inf
    stage = me.whole[at.STAGE]
    _, left = pair(net, me.whole[at.ID], stage, SERVICE, me.whole[at.VISITS + stage], 1)
    return laws.age_left(net, law, left)


@apart
def handling(net: Cells, me: Customer, desk: int, time: float) -> "tuple[float, bool]":
    """Days of service that begins now, and whether it will resolve the matter."""
    row = desk_row(net, me, desk)
    customer, stage = me.whole[at.ID], me.whole[at.STAGE]
    visit = me.whole[at.VISITS + stage]
    left, _ = pair(net, customer, stage, SERVICE, visit, 1)
    _, luck = pair(net, customer, stage, SERVICE, visit, 0)
    terms, count = int(net[row + at.DESK_HANDLE_FIRST]), int(net[row + at.DESK_HANDLE_COUNT])
    pace = math.exp(shift_now(net, me, terms, count, time))
    return laws.age_left(net, int(net[row + at.DESK_HANDLE]), left) * pace, bool(luck >= net[row + at.DESK_UNRESOLVED])

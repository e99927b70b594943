"""Every decision about a customer, once: what happens at birth, on entry to a stage, when the wait ends, and where it leads.

Engines only deliver events: they call these with a row i of the crowd and the time, and schedule what comes back as a delay.
Compiled with numba and callable from Python.
"""

import math

from sojourn.scenarios import laws
from sojourn.sim import tables as at
from sojourn.sim.compiling import compiled
from sojourn.sim.effects import fulfils, level_at, levers_held, own_lever, personal_shift, shift_now
from sojourn.sim.journeys import REFERRAL, RENEGED, UNRESOLVED
from sojourn.sim.streams import MONEY, RACING, SERVICE, STAYING, TOUCHING, TRAITS, pair, uniform
from sojourn.sim.tables import Cells, Crowd
from sojourn.sim.timing import time_to_exit


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
def segment_row(net: Cells, crowd: Crowd, i: int) -> int:
    """The place of the customer's segment."""
    return int(net[at.SEGMENT_ROWS]) + int(crowd.whole[i, at.SEGMENT]) * at.SEGMENT_WIDTH


@compiled
def desk_row(net: Cells, crowd: Crowd, i: int, desk: int) -> int:
    """The place of a desk as the customer's segment meets it."""
    return int(net[at.DESK_ROWS]) + (int(crowd.whole[i, at.SEGMENT]) * int(net[at.DESKS]) + desk) * at.DESK_WIDTH


@compiled
def born(net: Cells, crowd: Crowd, i: int, customer: int, source: int, inviter: int, bonus: float, time: float) -> int:
    """Give customer i its traits; returns the stage where arrivals start. `inviter` is a row of the crowd, -1 for none."""
    whole, real = crowd.whole, crowd.real
    of_segment, of_start = pair(net, customer, 0, TRAITS, 0, 0)
    of_frailty, of_satisfaction = pair(net, customer, 0, TRAITS, 0, 1)
    of_expectation, _ = pair(net, customer, 0, TRAITS, 0, 2)
    whole[i, at.ID] = customer
    whole[i, at.SOURCE] = source
    whole[i, at.ROOT] = whole[inviter, at.ROOT] if source == REFERRAL else customer
    whole[i, at.INVITER] = whole[inviter, at.ID] if source == REFERRAL else -1
    whole[i, at.SEGMENT] = drawn(net, int(net[at.SEGMENT_ROWS]), at.SEGMENT_WIDTH, int(net[at.SEGMENTS]), of_segment)
    whole[i, at.SEQUENCE] = -1
    real[i, at.BONUS] = bonus
    real[i, at.FRAILTY] = laws.normal_quantile(of_frailty)
    real[i, at.ARRIVED] = time
    segment = segment_row(net, crowd, i)
    real[i, at.START] = real[i, at.EXPECTATION] = math.nan
    if net[segment + at.SEGMENT_SATISFIED] == 1.0:
        start, spread = net[segment + at.SEGMENT_START], net[segment + at.SEGMENT_START_SD]
        real[i, at.START] = clamped(start + spread * laws.normal_quantile(of_satisfaction))
        expects, spread = net[segment + at.SEGMENT_EXPECTS], net[segment + at.SEGMENT_EXPECTS_SD]
        real[i, at.EXPECTATION] = clamped(expects + spread * laws.normal_quantile(of_expectation))
    real[i, at.SATISFACTION] = real[i, at.START]
    starts = int(net[at.STARTS_FIRST])
    chosen = drawn(net, starts, at.START_WIDTH, int(net[at.STARTS_COUNT]), of_start)
    return int(net[starts + chosen * at.START_WIDTH + at.START_STAGE])


@compiled
def enter(net: Cells, crowd: Crowd, i: int, stage: int, time: float, row: int) -> int:
    """A customer enters a stage: counts, money, the log's row. Returns the desk that is asked for help, -1 for none."""
    whole, real = crowd.whole, crowd.real
    customer = whole[i, at.ID]
    here = int(net[at.STAGE_ROWS]) + (whole[i, at.SEGMENT] * int(net[at.STAGES]) + stage) * at.STAGE_WIDTH
    whole[i, at.STAGE] = stage
    whole[i, at.HERE] = here
    whole[i, at.SEQUENCE] += 1
    whole[i, at.ROW] = row
    whole[i, at.VISITS + stage] += 1
    real[i, at.WAITED] = 0.0
    for slot in range(int(net[at.SINCES_COUNT])):
        if net[int(net[at.SINCES]) + slot] == stage:
            real[i, at.ENTRIES + slot] = time
    whole[i, at.PURCHASES] += int(net[here + at.STAGE_PURCHASE])
    held = levers_held(net, crowd, i, time)
    whole[i, at.HELD] = held
    visit = whole[i, at.VISITS + stage]
    revenue, cost = 0.0, net[here + at.STAGE_ACQUISITION]
    of_money = int(net[here + at.STAGE_REVENUE]), int(net[here + at.STAGE_COST])
    if of_money[0] >= 0 or of_money[1] >= 0:
        of_revenue, of_cost = pair(net, customer, stage, MONEY, visit, 0)
        if of_money[0] >= 0:
            spend, count = int(net[here + at.STAGE_SPEND_FIRST]), int(net[here + at.STAGE_SPEND_COUNT])
            ratio = net[segment_row(net, crowd, i) + at.SEGMENT_SPEND]
            ratio *= math.exp(shift_now(net, crowd, i, spend, count, time))
            revenue = laws.age_left(net, of_money[0], of_revenue) * ratio
        if of_money[1] >= 0:
            cost += laws.age_left(net, of_money[1], of_cost)
    if whole[i, at.SEQUENCE] == 0:
        cost += real[i, at.BONUS] + lever_costs(net, crowd, i, at.LEVER_PER_CUSTOMER, time)
    real[i, at.SPEND] += revenue
    marks, amounts = crowd.marks, crowd.amounts
    marks[row, at.ROW_CUSTOMER] = customer
    marks[row, at.ROW_SEQUENCE] = whole[i, at.SEQUENCE]
    marks[row, at.ROW_STAGE] = stage
    marks[row, at.ROW_HELD] = held
    marks[row, at.ROW_CONTACT] = 0
    amounts[row, at.ROW_TIME] = time
    amounts[row, at.ROW_REVENUE] = revenue
    amounts[row, at.ROW_COST] = cost
    amounts[row, at.ROW_WAITED] = 0.0
    amounts[row, at.ROW_HANDLED] = 0.0
    amounts[row, at.ROW_SATISFACTION] = real[i, at.SATISFACTION]
    desk = int(net[here + at.STAGE_DESK])
    if desk < 0:
        return -1
    asks, _ = pair(net, customer, stage, SERVICE, visit, 0)
    terms, count = int(net[here + at.STAGE_ASKS_FIRST]), int(net[here + at.STAGE_ASKS_COUNT])
    logit = net[here + at.STAGE_ASKS] + shift_now(net, crowd, i, terms, count, time)
    return desk if asks * (1.0 + math.exp(-logit)) < 1.0 else -1


@compiled
def lever_costs(net: Cells, crowd: Crowd, i: int, column: int, time: float) -> float:
    """What the levers held cost now, by one of the columns of their rows, in proportion to their levels."""
    cost = 0.0
    for k in range(int(net[at.LEVERS])):
        price = net[int(net[at.LEVER_ROWS]) + own_lever(net, crowd, i, k) * at.LEVER_WIDTH + column]
        if price != 0.0 and crowd.whole[i, at.HELD] >> k & 1:
            cost += price * level_at(net, k, time)
    return cost


@compiled
def settle(net: Cells, crowd: Crowd, i: int, time: float, contact: int, waited: float, handled: float) -> None:
    """Waiting and service, if any, are over: failures are felt, the touchpoint moves satisfaction, the row is completed."""
    here = crowd.whole[i, at.HERE]
    worse = 0.0
    if contact > 0:
        number = int(net[here + at.STAGE_DESK])
        desk = desk_row(net, crowd, i, number)
        crowd.real[i, at.WAITED] = max(waited - net[desk + at.DESK_TOLERANCE], 0.0)
        worse = net[desk + at.DESK_PER_DAY_WAITED] * crowd.real[i, at.WAITED]
        if contact in (RENEGED, UNRESOLVED):
            worse += net[desk + at.DESK_PER_FAILURE]
            if net[desk + at.DESK_FAILURE_DAYS] > 0.0:
                feel_failure(net, crowd, i, number, time + net[desk + at.DESK_FAILURE_DAYS])
    if net[here + at.STAGE_TOUCHED] == 1.0:
        touch(net, crowd, i, time, worse)
    held = levers_held(net, crowd, i, time)
    crowd.whole[i, at.HELD] = held
    row = crowd.whole[i, at.ROW]
    crowd.marks[row, at.ROW_HELD] = held
    crowd.marks[row, at.ROW_CONTACT] = contact
    crowd.amounts[row, at.ROW_WAITED] = waited
    crowd.amounts[row, at.ROW_HANDLED] = handled
    crowd.amounts[row, at.ROW_SATISFACTION] = crowd.real[i, at.SATISFACTION]


@compiled
def feel_failure(net: Cells, crowd: Crowd, i: int, desk: int, until: float) -> None:
    """Remember a failure until it fades, in place of the one that fades first."""
    ends, desks = at.ENTRIES + int(net[at.SINCES_COUNT]), at.VISITS + int(net[at.STAGES])
    slot = 0
    for k in range(1, int(net[at.FELT_SLOTS])):
        if crowd.real[i, ends + k] < crowd.real[i, ends + slot]:
            slot = k
    crowd.real[i, ends + slot] = until
    crowd.whole[i, desks + slot] = desk


@compiled
def touch(net: Cells, crowd: Crowd, i: int, time: float, worse: float) -> None:
    """Let a touchpoint's performance P against expectation E move satisfaction S (Oliver 1980; Boulding et al. 1993).

    Losses count more than gains: S' = S + w (S0 - S) + a [(P - E)+ - lambda (E - P)+], E' = E + k (P - E), all from 0 to 100.
    """
    here, segment, real = crowd.whole[i, at.HERE], segment_row(net, crowd, i), crowd.real
    terms, count = int(net[here + at.STAGE_POINTS_FIRST]), int(net[here + at.STAGE_POINTS_COUNT])
    performance = net[here + at.STAGE_PERFORMANCE] - worse + shift_now(net, crowd, i, terms, count, time)
    if net[here + at.STAGE_SPREAD] > 0.0:
        stage = crowd.whole[i, at.STAGE]
        luck, _ = pair(net, crowd.whole[i, at.ID], stage, TOUCHING, crowd.whole[i, at.VISITS + stage], 0)
        performance += net[here + at.STAGE_SPREAD] * laws.normal_quantile(luck)
    gap = clamped(performance) - real[i, at.EXPECTATION]
    felt = gap if gap > 0.0 else net[segment + at.SEGMENT_AVERSION] * gap
    back = net[segment + at.SEGMENT_RECOVERY] * (real[i, at.START] - real[i, at.SATISFACTION])
    real[i, at.SATISFACTION] = clamped(real[i, at.SATISFACTION] + back + net[segment + at.SEGMENT_GAIN] * felt)
    real[i, at.EXPECTATION] = clamped(real[i, at.EXPECTATION] + net[segment + at.SEGMENT_LEARNING] * gap)


@compiled
def depart(net: Cells, crowd: Crowd, i: int, time: float) -> "tuple[float, int]":
    """The dwell starts: days until the customer leaves the stage, and for where; inf and -1 if never."""
    here = crowd.whole[i, at.HERE]
    first, count = int(net[here + at.STAGE_EXITS_FIRST]), int(net[here + at.STAGE_EXITS_COUNT])
    if count == 0:
        return math.inf, -1
    if net[here + at.STAGE_KIND] == at.CHOICE:
        return choose(net, crowd, i, time, first, count)
    customer, stage = crowd.whole[i, at.ID], crowd.whole[i, at.STAGE]
    visit = crowd.whole[i, at.VISITS + stage]
    delay, to = math.inf, -1
    for k in range(count):
        exit = first + k * at.EXIT_WIDTH
        exposure = -math.log(uniform(net, customer, stage, RACING, visit, k))
        latent = time_to_exit(net, crowd, i, exit, time, exposure)
        if latent < delay:  # equal times: the first in the file
            delay, to = latent, int(net[exit + at.EXIT_TO])
    return delay, to


@compiled
def choose(net: Cells, crowd: Crowd, i: int, time: float, first: int, count: int) -> "tuple[float, int]":
    """Which exit of a choice stage, then how long.

    Two exits take one uniform; more race as exponentials E_e / w_e, one draw an exit (Gumbel-max), so that a change to one exit
    never moves customers between two others.
    """
    customer, stage = crowd.whole[i, at.ID], crowd.whole[i, at.STAGE]
    visit = crowd.whole[i, at.VISITS + stage]
    which, how_long = pair(net, customer, stage, STAYING, visit, 0)
    chosen = first
    if count == 2:
        second = first + at.EXIT_WIDTH
        odds = math.exp(weight(net, crowd, i, second, time) - weight(net, crowd, i, first, time))
        if which * (1.0 + odds) >= 1.0:
            chosen = second
    elif count > 2:
        least = math.inf
        for k in range(count):
            exit = first + k * at.EXIT_WIDTH
            draw = -math.log(uniform(net, customer, stage, STAYING, visit, 2 + k))
            due = draw * math.exp(-weight(net, crowd, i, exit, time))
            if due < least:
                least, chosen = due, exit
    paces, count = int(net[chosen + at.EXIT_PACE_FIRST]), int(net[chosen + at.EXIT_PACE_COUNT])
    pace = math.exp(shift_now(net, crowd, i, paces, count, time))
    return laws.age_left(net, int(net[chosen + at.EXIT_DWELL]), how_long) * pace, int(net[chosen + at.EXIT_TO])


@compiled
def weight(net: Cells, crowd: Crowd, i: int, exit: int, time: float) -> float:
    """log p0 + eta of an exit of a choice stage, at this moment."""
    terms, count = int(net[exit + at.EXIT_TERMS_FIRST]), int(net[exit + at.EXIT_TERMS_COUNT])
    eta = personal_shift(net, crowd, i, exit, time) + shift_now(net, crowd, i, terms, count, time)
    return float(net[exit + at.EXIT_WEIGHT] + eta)


@compiled
def proceed(
    net: Cells, crowd: Crowd, i: int, time: float, contact: int, waited: float, handled: float
) -> "tuple[float, int]":
    """`settle`, then `depart`: one call for engines."""
    settle(net, crowd, i, time, contact, waited, handled)
    return depart(net, crowd, i, time)


@compiled
def rank_at_desk(net: Cells, crowd: Crowd, i: int, desk: int, time: float) -> int:
    """Priority: the first of the desk's conditions that the customer meets; 0 is served first, then by request time and id."""
    row = desk_row(net, crowd, i, desk)
    ranks = int(net[row + at.DESK_RANKS_COUNT])
    for k in range(ranks):
        rank = int(net[row + at.DESK_RANKS_FIRST]) + k * at.RANK_WIDTH
        codes, count = int(net[rank + at.RANK_CODES_FIRST]), int(net[rank + at.RANK_CODES_COUNT])
        if fulfils(net, crowd, i, codes, count, time):
            return k
    return ranks


@compiled
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


@compiled
def patience(net: Cells, crowd: Crowd, i: int, desk: int) -> float:
    """Days that a caller waits before giving up; inf for ever."""
    law = int(net[desk_row(net, crowd, i, desk) + at.DESK_PATIENCE])
    if law < 0:
        return math.inf
    stage = crowd.whole[i, at.STAGE]
    _, left = pair(net, crowd.whole[i, at.ID], stage, SERVICE, crowd.whole[i, at.VISITS + stage], 1)
    return laws.age_left(net, law, left)


@compiled
def handling(net: Cells, crowd: Crowd, i: int, desk: int, time: float) -> "tuple[float, bool]":
    """Days of service that begins now, and whether it will resolve the matter."""
    row = desk_row(net, crowd, i, desk)
    customer, stage = crowd.whole[i, at.ID], crowd.whole[i, at.STAGE]
    visit = crowd.whole[i, at.VISITS + stage]
    left, _ = pair(net, customer, stage, SERVICE, visit, 1)
    _, luck = pair(net, customer, stage, SERVICE, visit, 0)
    terms, count = int(net[row + at.DESK_HANDLE_FIRST]), int(net[row + at.DESK_HANDLE_COUNT])
    pace = math.exp(shift_now(net, crowd, i, terms, count, time))
    return laws.age_left(net, int(net[row + at.DESK_HANDLE]), left) * pace, bool(luck >= net[row + at.DESK_UNRESOLVED])
